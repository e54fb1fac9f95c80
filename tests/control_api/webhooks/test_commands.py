"""Webhooks in the shell."""

from __future__ import annotations

from control_api.worker import Worker
from tests.control_api.cli.shell import Shell
from tests.fakes.receiver import Receiver, Reply


async def test_a_webhook_from_its_beginning_to_its_end(shell: Shell, worker: Worker, receiver: Receiver) -> None:
    url = receiver.url
    added = await shell.said("webhook", "add", url, "--event", "job.failed", "--event", "job.succeeded")
    assert "Its secret, shown this once: whsec_" in added
    (listed,) = await shell.lines("webhook", "list")
    assert (listed["url"], listed["events"]) == (url, ["job.failed", "job.succeeded"])
    assert "is delivered: 200 after " in await shell.said("webhook", "test", url)
    receiver.replies = [Reply(500)]
    failed = await shell.run("webhook", "test", listed["id"])
    assert (failed.returncode, "is waiting: The receiver answered 500." in failed.stdout) == (1, True)
    assert "whsec_" in await shell.said("webhook", "rotate", url, "--overlap", "1")
    shown = await shell.said("webhook", "show", url)
    assert "Nothing has succeeded since" in shown
    assert "The secret before signs, too, until" in shown
    newest, first = await shell.lines("webhook", "deliveries", url)
    assert (newest["event"], first["state"]) == ("webhook.ping", "delivered")
    assert "webhook.ping" in await shell.said("webhook", "deliveries", url, "--state", "delivered")
    assert (await shell.said("webhook", "remove", url)) == f"{url} is removed.\n"
    gone = await shell.run("webhook", "show", url)
    assert (gone.returncode, "There is no webhook of the address" in gone.stderr) == (1, True)
    assert not worker.stopping.is_set()
