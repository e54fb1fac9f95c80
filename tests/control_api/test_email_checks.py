"""Addresses looked at by a worker: syntax, DNS from a name server on loopback, flags; each domain asked for once."""

from __future__ import annotations

import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy import select, text, update

from control_api.emails.settings import EmailSettings
from control_api.emails.sweep import check_addresses
from extraction.staff.addresses import is_disposable, is_office_address, plain_address
from storage.database import Database
from storage.models import StaffMember
from tests.conftest import KeyedAccount
from tests.control_api.rows import add_person, add_school
from tests.fakes.name_server import NameServer, Zone

ZONE: Zone = {
    "pine.test": {"MX": ["10 mail.pine.test."]},
    "oak.test": {"A": ["192.0.2.7"]},
    "elm.test": {"MX": ["0 ."]},
    "ash.test": {"TXT": ["nothing else"]},
    "fir.test": "SERVFAIL",
    "xn--bcher-kva.test": {"MX": ["10 mail.pine.test."]},
    "mailinator.com": {"MX": ["10 mail.mailinator.com."]},
}
EXPECTED = {
    "ann@pine.test": ("deliverable", []),
    "front-office@pine.test": ("deliverable", ["role"]),
    "bo@oak.test": ("no_mx", []),
    "cy@elm.test": ("null_mx", []),
    "di@ash.test": ("no_domain", []),
    "ed@gone.test": ("no_domain", []),
    "flo@fir.test": ("unknown", []),
    "gus@bücher.test": ("deliverable", []),
    "hal@mailinator.com": ("deliverable", ["disposable"]),
    "ivy..x@pine.test": ("invalid", []),
}


async def test_addresses_are_looked_at_once_and_again_when_they_are_due(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, outsider: KeyedAccount
) -> None:
    for who in (account.account, outsider.account):
        async with database.tenant(who.organization_id) as connection:
            school_id = await add_school(connection, who, "Pine Elementary")
            for address in EXPECTED:
                await add_person(connection, who, "Ann Bell", [school_id], email=address)
    with NameServer(ZONE) as server:
        settings = EmailSettings(name_servers=server.address, dns_seconds=5.0)
        assert await check_addresses(database, settings) == 2 * len(EXPECTED)
        items = (await api.get("/api/v1/staff", params={"limit": 200})).json()["items"]
        assert {one["email"]: (one["email_check"], one["email_flags"]) for one in items} == EXPECTED
        asked = {(name, kind): count for (name, kind), count in server.asked.items() if name != "fir.test"}
        assert set(asked.values()) == {1}  # though two organizations have them
        assert await check_addresses(database, settings) == 0
        found = (await api.get("/api/v1/staff", params={"email_check": "no_mx"})).json()["items"]
        assert [one["email"] for one in found] == ["bo@oak.test"]
        # Another address is looked at anew, from what is known of its domain.
        async with database.tenant(account.account.organization_id) as connection:
            await connection.execute(
                update(StaffMember)
                .where(StaffMember.email == "ed@gone.test")
                .values(email="ed@pine.test", email_check=None, email_check_due=None)
            )
        assert await check_addresses(database, settings) == 1
        assert server.asked["pine.test", "MX"] == 1
        # A domain that has changed is found out when its time is over.
        server.zone["pine.test"] = {"MX": ["0 ."]}
        async with database.system() as connection:
            await connection.execute(text("UPDATE mail_domain SET good_until = now() WHERE domain = 'pine.test'"))
        async with database.tenant(account.account.organization_id) as connection:
            await connection.execute(update(StaffMember).values(email_check_due=text("now()")))
        await check_addresses(database, settings)
    async with database.tenant(account.account.organization_id) as connection:
        rows = await connection.execute(select(StaffMember.email, StaffMember.email_check))
        states = dict(rows.all())
    assert (states["ann@pine.test"], states["ed@pine.test"], states["bo@oak.test"]) == ("null_mx", "null_mx", "no_mx")


def test_addresses_say_by_themselves_what_they_are() -> None:
    assert plain_address(" Gus@BÜCHER.example.org ") == "gus@xn--bcher-kva.example.org"
    for wrong in ("gus", "gus@school", "a b@pine.test", "@pine.test", "gus@-pine.test"):
        with pytest.raises(ValueError, match="is no e-mail address"):
            plain_address(wrong)
    offices = ("info@x.test", "Front.Office@x.test", "principal+web@x.test")
    assert [one for one in (*offices, "ann@x.test", "infante@x.test") if is_office_address(one)] == [*offices]
    assert is_disposable("x@sub.mailinator.com")
    assert not is_disposable("x@pine.test")


def test_a_name_server_is_an_address() -> None:
    servers = EmailSettings(name_servers="9.9.9.9, 127.0.0.1:5353,[::1]:54, 2620:fe::fe").servers
    assert [(one.address, one.port) for one in servers] == [
        ("9.9.9.9", 53),
        ("127.0.0.1", 5353),
        ("::1", 54),
        ("2620:fe::fe", 53),
    ]
    with pytest.raises(ValidationError, match="is no name server"):
        EmailSettings(name_servers="dns.example.org")
