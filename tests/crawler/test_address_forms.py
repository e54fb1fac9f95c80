"""Closed addresses in every form: asked for first, by redirect, by a name that changes, and by a page in the browser.

Of 127.0.0.0/8 only 127.0.0.2 is open here, where the sites are served. At the same port of 127.0.0.1 and ::1 a server
counts whoever connects; it must have no visitor.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.crawler.conftest import Crawler, home_page
from tests.crawler.raw_server import RawWeb, page, whole
from tests.crawler.shells import NAMES, NEEDS_CHROMIUM, find_chromium, inline, shell

OPEN = "127.0.0.2"
LOOPBACK = (
    "127.0.0.1", "127.1", "0", "0.0.0.0", "0177.0.0.1", "0x7f000001", "0x7f.1", "2130706433",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "localhost", "LOCALHOST", "ip6-localhost",
)  # fmt: skip
INTERNAL = (
    "169.254.169.254", "2852039166", "0xa9fea9fe", "100.100.100.200", "192.0.0.192", "metadata.google.internal",
    "[fd00:ec2::254]", "[fe80::1]", "[64:ff9b:1::a00:1]", "100.64.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1",
    "198.18.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]", "[2001:db8::1]",
)  # fmt: skip
FORMS = (*LOOPBACK, *INTERNAL)
SCHEMES = (
    "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/html,inside", "javascript:alert(1)",
    "ldap://127.0.0.1/", "dict://127.0.0.1/",
)  # fmt: skip


@dataclass(slots=True)
class Streets:
    """An open server, and closed ones beside it."""

    open: RawWeb
    closed: list[RawWeb] = field(default_factory=list[RawWeb])

    def forms(self) -> list[str]:
        return [f"http://{form}:{self.open.port}/" for form in FORMS]

    def confused(self) -> list[str]:
        """Addresses in which two parsers may read different hosts."""
        port = self.open.port
        return [
            f"http://open.test:{port}@127.0.0.1:{port}/",
            f"http://open.test:{port}%23@127.0.0.1:{port}/x",
            f"http://127.0.0.1:{port}\\@open.test:{port}/",
            f"http://[::1%25lo]:{port}/",
            f"http:127.0.0.1:{port}/",
            "http://open.test:22/",
            "http://127.0.0.1:6379/",
        ]

    def visitors(self) -> int:
        return sum(server.visitors for server in self.closed)


@pytest.fixture
def streets() -> Iterator[Streets]:
    served = Streets(RawWeb(OPEN))
    served.open.start()
    addresses = ["127.0.0.1", *(["::1"] if _has_ipv6() else [])]
    for address in addresses:
        server = RawWeb(address, served.open.port)
        server.start()
        served.closed.append(server)
    yield served
    for server in (served.open, *served.closed):
        server.stop()


@pytest.fixture
def guarded(crawler: Crawler, streets: Streets) -> Crawler:
    """A crawler that asks the system for names, as crawls of the real web do."""
    crawler.environment |= {
        "TITLE1_CRAWL_ALLOW_ADDRESSES": f"{OPEN}/32",
        "TITLE1_CRAWL_ALLOW_PORTS": str(streets.open.port),
        "TITLE1_CRAWL_HOSTS_ONLY": "0",
    }
    crawler.hosts("open.test", address=OPEN)
    crawler.hosts("ip6-localhost", address="::1")
    crawler.hosts("metadata.google.internal", address="169.254.169.254")
    return crawler


def reasons(crawler: Crawler, urls: list[str], *options: str) -> tuple[dict[str, str | None], str]:
    """Why there is no page, by the address that was asked for; None where there is one."""
    into = crawler.folder / "pages.jsonl"
    _, log = crawler.run("page", {"urls": " ".join(urls), "into": str(into)}, *options)
    told = [json.loads(line) for line in into.read_text("utf-8").splitlines()]
    return {one["asked"]: one.get("reason") for one in told}, log


def test_every_form_is_refused_as_a_first_address_and_by_redirect(guarded: Crawler, streets: Streets) -> None:
    web = streets.open
    targets = [*streets.forms(), *streets.confused(), *SCHEMES]
    web.scripts["open.test", "/"] = page("an open page")
    hosts = [f"site{number}.test" for number in range(len(targets))]
    guarded.hosts(*hosts, address=OPEN)
    for host, target in zip(hosts, targets, strict=True):
        web.scripts[host, "/redirect"] = whole(f"302 Found\nLocation: {target}")
        web.scripts[host, "/refresh"] = page(f'<meta http-equiv="refresh" content="0; url={target}"><p>moved')
    redirected = [web.url(host, "/redirect") for host in hosts]
    refreshed = [web.url(host, "/refresh") for host in hosts[: len(FORMS)]]
    told, _ = reasons(guarded, [web.url("open.test"), *targets, *redirected, *refreshed])
    assert told.pop(web.url("open.test")) is None
    assert told.keys() == {*targets, *redirected, *refreshed}
    assert [url for url, reason in told.items() if reason is None] == []
    for place, form in enumerate(streets.forms()):
        for asked in (form, redirected[place], refreshed[place]):
            assert "is not a public address" in str(told[asked]), (form, told[asked])
    assert streets.visitors() == 0


def test_rules_that_have_moved_to_a_closed_address_are_not_followed(guarded: Crawler, streets: Streets) -> None:
    hosts = [f"moved{number}.test" for number in range(len(FORMS))]
    guarded.hosts(*hosts, address=OPEN)
    for host, target in zip(hosts, streets.forms(), strict=True):
        streets.open.scripts[host, "/robots.txt"] = whole(f"301 Moved\nLocation: {target}")
        streets.open.scripts[host, "/"] = page("whose rules nobody knows")
    told, _ = reasons(guarded, [streets.open.url(host) for host in hosts])
    assert all("is not a public address" in str(reason) for reason in told.values())
    assert len(told) == len(hosts)
    assert all(streets.open.paths(host) == ["/robots.txt"] for host in hosts)
    assert streets.visitors() == 0


def test_a_name_whose_address_changes_is_connected_to_as_it_was_checked(guarded: Crawler, streets: Streets) -> None:
    web = streets.open
    answers = {
        "steady.test": [[OPEN]],
        "changing.test": [[OPEN], ["127.0.0.1"]],
        "back.test": [["127.0.0.1"], [OPEN]],
        "mixed.test": [[OPEN, "127.0.0.1"]],
        "mapped.test": [["::ffff:127.0.0.1"]],
    }
    for host in answers:
        web.scripts[host, "/"] = page("an open page")
    options = ("-s", 'EXTENSIONS={"tests.crawler.changing_names.ChangingNames": 0}')
    told, log = reasons(
        guarded, [web.url(host) for host in answers], *options, "-s", f"CHANGING_NAMES={json.dumps(answers)}"
    )
    assert told.pop(web.url("steady.test")) is None
    assert len(told) == 4
    assert all("is not a public address" in str(reason) for reason in told.values())
    # Each connection was made by one look-up, so to the very address that was checked.
    assert {host: web.paths(host) for host in answers} == {
        "steady.test": ["/robots.txt", "/"], "changing.test": ["/robots.txt"],
        "back.test": [], "mixed.test": [], "mapped.test": [],
    }  # fmt: skip
    assert dict(re.findall(r"'lookups/(\w+\.test)': (\d+)", log)) == {
        "steady.test": "2", "changing.test": "2", "back.test": "1", "mixed.test": "1", "mapped.test": "1",
    }  # fmt: skip
    assert streets.visitors() == 0


@pytest.mark.browser
@NEEDS_CHROMIUM
def test_a_page_in_the_browser_reaches_none_of_them(guarded: Crawler, streets: Streets) -> None:
    web = streets.open
    guarded.environment |= {"TITLE1_CHROMIUM": find_chromium() or "", "TITLE1_BROWSER_REQUESTS_PER_PAGE": "400"}
    guarded.environment["TITLE1_CRAWL_PAGES_PER_SCHOOL"] = "3"
    forms = streets.forms()
    redirects = [f"/redirect/{number}" for number in range(len(forms))]
    asked = "".join(f"fetch({json.dumps(url)}, {{mode: 'no-cors'}}).catch(() => 0);" for url in [*forms, *redirects])
    asked += "".join(
        f"{{const part = document.createElement('{kind}'); part.src = {json.dumps(url)}; document.body.append(part)}}"
        for kind in ("script", "iframe", "img")
        for url in forms
    )
    asked += "".join(f"try {{new WebSocket({json.dumps(url.replace('http', 'ws'))})}} catch {{}};" for url in forms)
    guarded.hosts("jump.test", address=OPEN)
    for host, staff in (
        ("open.test", inline(asked)),
        ("jump.test", shell(f"<script>location.href = {json.dumps(forms[0])}</script>")),
    ):
        web.scripts[host, "/"] = page(home_page("Pine", {"Staff Directory": "/staff"}, "Welcome to our school. " * 40))
        web.scripts[host, "/staff"] = page(staff)
    for path, target in zip(redirects, forms, strict=True):
        web.scripts["open.test", path] = whole(f"302 Found\nLocation: {target}")
    schools = guarded.folder / "schools.csv"
    schools.write_text("\n".join(("website", web.url("open.test"), web.url("jump.test"))), encoding="utf-8")
    rows, log = guarded.run("staff_directory", {"schools": str(schools), "browser": "1"})
    assert {row["name"] for row in rows} == NAMES
    assert set(redirects) <= set(web.paths("open.test"))
    refused = re.search(r"'browser/missed/refused': (\d+)", log)
    assert refused is not None
    # Fetches and redirects of all forms, and scripts of those that Chromium does not take for one another.
    assert int(refused[1]) > 2 * len(forms)
    assert f"'browser/refused/frame': {len(forms)}" in log
    assert streets.visitors() == 0


def _has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as trial:
        try:
            trial.bind(("::1", 0))
        except OSError:
            return False
    return True
