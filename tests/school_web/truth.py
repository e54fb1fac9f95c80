"""The truth about a simulated web at one port, as `truth.json` keeps it for the audit and the scorer."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.school_web.layouts import Need, layout
from tests.school_web.people import Person
from tests.school_web.school_pages import staff_address
from tests.school_web.sites import Host, build_hosts
from tests.school_web.traits import staff_needs, traits, website_needs
from tests.school_web.world import District, Listing, School, World


class TruePerson(msgspec.Struct, frozen=True):
    """A member of staff as the school's pages show them; `email` is None where no address is published."""

    name: str
    title: str
    email: str | None
    phone: str | None
    extension: str | None


class TrueSchool(msgspec.Struct, frozen=True):
    """A school with every way its name is written, the address of its site, and its staff."""

    name: str
    names: tuple[str, ...]
    district: str
    districts: tuple[str, ...]
    nces_id: str
    address: str
    city: str
    county: str
    state: str
    zip: str
    phone: str
    status: str
    website: str
    """`http://host:port/prefix/`."""
    aliases: tuple[str, ...]
    """Addresses that are redirected to `website`."""
    listed_website: str
    """What the official directory file says, right or not."""
    website_needs: Need
    """What it takes to see that the website is the school's."""
    layout: str
    traits: tuple[str, ...]
    """The traps around it (`tests.school_web.traits`)."""
    staff_page: str
    needs: Need
    """What it takes to read the staff list."""
    staff: tuple[TruePerson, ...]


class TrueDistrict(msgspec.Struct, frozen=True):
    """A district with every way its name is written, and its office's people, who belong to none of its schools."""

    name: str
    names: tuple[str, ...]
    website: str
    staff: tuple[TruePerson, ...]


class TrueHost(msgspec.Struct, frozen=True):
    """A host's manners; one that is redirected has those of its target. `robots` is None where there is no "
    "such file; with status 503 nothing may be asked."""

    robots: str | None
    robots_status: int
    crawl_delay: float | None
    is_api: bool = False
    """The search engine: an API, to which rules of politeness for sites do not apply."""


class Truth(msgspec.Struct, frozen=True):
    """Everything that the audit and the scorer compare with."""

    seed: int
    port: int
    search: str
    aggregators: tuple[str, ...]
    schools: tuple[TrueSchool, ...]
    districts: tuple[TrueDistrict, ...]
    bystanders: dict[str, str]
    """People whom pages name and who are nobody's staff, or no listed school's: what they are, by name."""
    hosts: dict[str, TrueHost]


def tell(world: World, port: int) -> Truth:
    """The truth about a world that is served at a port."""
    hosts = build_hosts(world, port)
    return Truth(
        seed=world.seed,
        port=port,
        search=f"http://{world.search_host}:{port}/",
        aggregators=world.aggregators,
        schools=tuple(_school(world, school, port) for school in world.schools),
        districts=tuple(_district(district, port) for district in world.districts),
        bystanders=_bystanders(world),
        hosts={
            world.search_host: TrueHost(None, 404, None, is_api=True),
            **{name: _host(hosts.get(host.rule.redirect_to or "", host)) for name, host in hosts.items()},
        },
    )


def write_truth(truth: Truth, path: Path) -> None:
    """Write the truth as indented JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n")


def read_truth(path: Path) -> Truth:
    """Read what `write_truth` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Truth)


def listed_website(world: World, school: School, port: int) -> str:
    """What the directory file says about a school's website, in one of the ways such files do."""
    origin, path = f"{school.host}:{port}", school.prefix
    ways: dict[Listing, str] = {
        "plain": f"http://{origin}{path}",
        "port": f"http://{origin}{path}/",
        "upper": f"HTTP://{origin.upper()}{path}",
        "bare": f"{origin.removeprefix('www.')}{path}",
        "blank": "",
        "district_home": f"http://{origin}/",
        "parked": f"http://{world.parked_host}:{port}/",
        "dead": f"http://{world.dead_host}:{port}/{school.key}",
        "moved": next((f"http://{old.host}:{port}/" for old in world.moved if old.school == school.key), ""),
    }
    return ways[school.listing]


def _school(world: World, school: School, port: int) -> TrueSchool:
    district = world.district(school.district)
    website = f"http://{school.host}:{port}{school.prefix}/"
    publishes = layout(school.layout).publishes_email
    bare = school.host.removeprefix("www.")
    redirected = [old.host for old in world.moved if old.school == school.key and old.move == "moved_301"]
    if bare != school.host:
        redirected.append(bare)
    return TrueSchool(
        name=school.printed_name,
        names=tuple(dict.fromkeys((school.printed_name, school.name, school.official_name))),
        district=district.printed_name,
        districts=tuple(dict.fromkeys((district.printed_name, district.name, district.official_name))),
        nces_id=school.nces_id,
        address=school.place.street,
        city=school.place.city,
        county=school.place.county,
        state=school.place.state,
        zip=school.place.zip,
        phone=school.phone,
        status=school.status,
        website=website,
        aliases=tuple(f"http://{host}:{port}{school.prefix}/" for host in redirected),
        listed_website=listed_website(world, school, port),
        website_needs=website_needs(world, school),
        layout=school.layout,
        traits=traits(world, school),
        staff_page=staff_address(world, school, port),
        needs=staff_needs(world, school),
        staff=tuple(_person(person, publishes=publishes) for person in school.staff),
    )


def _district(district: District, port: int) -> TrueDistrict:
    return TrueDistrict(
        name=district.printed_name,
        names=tuple(dict.fromkeys((district.printed_name, district.name, district.official_name))),
        website=f"http://{district.host}:{port}/",
        staff=tuple(_person(person, publishes=True) for person in district.staff),
    )


def _bystanders(world: World) -> dict[str, str]:
    told = {"Trapp Doorley": "bait for robots"}
    for school in world.schools:
        told |= dict.fromkeys((person.name for person in school.strangers), "visitor")
        told |= dict.fromkeys((person.name for person in school.strangers[8:20]), "student")
        told |= dict.fromkeys((person.name for person in school.strangers[20:]), "alumnus")
        told |= dict.fromkeys((person.name for person in school.council), "council")
    for district in world.districts:
        told |= dict.fromkeys((person.name for person in district.board), "board")
    for twin in world.look_alikes:
        told |= dict.fromkeys((person.name for person in twin.staff), "staff of a look-alike")
    for old in world.moved:
        told |= dict.fromkeys((person.name for person in old.former), "former staff")
    return told


def _person(person: Person, *, publishes: bool) -> TruePerson:
    email = person.email if publishes else None
    return TruePerson(person.name, person.title, email, person.phone, person.extension)


def _host(host: Host) -> TrueHost:
    status = host.rule.robots_status
    if host.rule.failing:
        status = 500
    return TrueHost(host.robots, status, host.rule.crawl_delay)
