"""Founds the usual world: a few dozen schools in up to twelve districts, with sites in seven layouts."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Final

from tests.school_web.people import EMAIL_STYLES, Person, Roll
from tests.school_web.places import Atlas
from tests.school_web.vocabulary import vocabulary
from tests.school_web.world import (
    LAYOUTS,
    STATE,
    STATE_FIPS,
    District,
    Hosting,
    HostRule,
    LayoutName,
    Level,
    Listing,
    LookAlike,
    Route,
    School,
    World,
    slug,
)

# A layout for each of the twelve districts; lists without addresses (Edlio) are enough once.
_DISTRICT_LAYOUTS: Final[tuple[LayoutName, ...]] = (
    *LAYOUTS,
    "finalsite",
    "blackboard",
    "wordpress",
    "handtyped",
    "presence",
)
LEVELS: Final[tuple[Level, ...]] = (
    "Elementary", "Primary", "Elementary", "Middle", "High", "Elementary", "Academy",
)  # fmt: skip
HOSTING: Final[tuple[Hosting, ...]] = (
    "subdomain", "o", "own", "own", "schools", "subdomain", "own", "o", "own", "subdomain", "schools", "own",
)  # fmt: skip
_GRADES: Final[dict[Level, tuple[str, str]]] = {
    "Elementary": ("KG", "05"),
    "Primary": ("PK", "02"),
    "Middle": ("06", "08"),
    "High": ("09", "12"),
    "Academy": ("KG", "08"),
}
_SITE_NAME: Final[dict[Level, str]] = {
    "Elementary": "{} Elementary School",
    "Primary": "{} Primary School",
    "Middle": "{} Middle School",
    "High": "{} High School",
    "Academy": "{} Academy",
}
# The directory file abbreviates as each state's office likes; the list and the site print their own forms.
_OFFICIAL_NAME: Final[dict[Level, tuple[str, ...]]] = {
    "Elementary": ("{} ES", "{} Elementary", "{} Elem Sch", "{} Elementary School"),
    "Primary": ("{} Primary", "{} Primary Sch"),
    "Middle": ("{} MS", "{} Middle Sch", "{} Middle School"),
    "High": ("{} HS", "{} High Sch", "{} High School"),
    "Academy": ("{} Acad", "{} Academy"),
}


@dataclass(slots=True)
class Founder:
    """Draws the world in a fixed order, so that a seed determines all of it."""

    seed: int
    rng: random.Random = field(init=False)
    atlas: Atlas = field(init=False)
    roll: Roll = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.atlas = Atlas(self.rng)
        self.roll = Roll(self.rng)

    def found(self, schools: int, districts: int) -> World:
        """The world.

        Args:
            schools: Schools of the list; every layout is present from 7 on.
            districts: Districts they are spread over, at most 12.

        Raises:
            ValueError: a world of this size cannot be made.
        """
        words = vocabulary()
        refuse("districts", districts, 1, min(schools, len(HOSTING)))
        refuse("schools", schools, 1, len(words.schools.bases))
        counties = self.atlas.counties(STATE)
        names = self.rng.sample(words.districts.bases, districts)
        realms = tuple(
            self.district(i, names[i], counties[i], _DISTRICT_LAYOUTS[i], HOSTING[i]) for i in range(districts)
        )
        bases = self.rng.sample(words.schools.bases, schools)
        if schools >= 24:
            bases[-3] = bases[(schools - 3) % 7]  # one name and level in two districts: only the place tells them apart
        listed = tuple(
            self.school(i, bases[i], _level(i, bases[i]), realms[i * districts // schools]) for i in range(schools)
        )
        if districts < len(LAYOUTS):  # too few districts to show every layout: then each school has its own
            listed = tuple(replace(school, layout=LAYOUTS[i % len(LAYOUTS)]) for i, school in enumerate(listed))
        twins = tuple(self.look_alike(i, school) for i, school in enumerate(listed[:: max(1, schools // 10)]))
        return self.world(realms, listed, twins)

    def world(self, realms: tuple[District, ...], listed: tuple[School, ...], twins: tuple[LookAlike, ...]) -> World:
        """The world around districts and schools."""
        return World(
            seed=self.seed,
            districts=realms,
            schools=listed,
            look_alikes=twins,
            aggregators=vocabulary().search.aggregators,
            news_host="www.countyledger.test",
            parked_host="www.school-site-expired.test",
            dead_host="www.oldschoolserver.test",
            search_host="search.test",
            rules=_host_rules(realms, listed, twins),
        )

    def district(self, index: int, base: str, county: str, layout: LayoutName, hosting: Hosting) -> District:
        """The n-th district, with its office and its board."""
        words = vocabulary()
        name = words.districts.names[index % len(words.districts.names)].format(base)
        joined = slug(base).replace("-", "")
        # One district keeps the traditional domain; there a public-suffix list sees one registrable domain, `al.test`.
        domain = f"{joined}.k12.{STATE.lower()}.test" if index == 0 else f"{joined}schools.test"
        place = self.atlas.place(STATE, county)
        phone = self.atlas.phone(place)
        style = EMAIL_STYLES[index % len(EMAIL_STYLES)]
        return District(
            key=joined,
            name=name,
            printed_name=base if index % 3 == 1 else name,
            official_name=name.replace("School District", "SD").replace("Public Schools", "Public Schools District"),
            lea_id=f"{STATE_FIPS}{200 + 37 * index:05d}",
            host=f"www.{domain}",
            mail_domain=domain,
            place=place,
            phone=phone,
            layout=layout,
            hosting=hosting,
            staff=tuple(self.roll.member(duty, domain, style, phone) for duty in words.staff.office),
            board=tuple(self.roll.trustee(domain, style) for _ in range(7)),
        )

    def school(self, index: int, base: str, level: Level, district: District) -> School:
        """The n-th school of the list."""
        words = vocabulary()
        name = _SITE_NAME[level].format(base)
        host, prefix = _address(index, base, level, district)
        place = self.atlas.place(STATE, f"{district.place.county} County")
        phone = self.atlas.phone(place)
        forms = _OFFICIAL_NAME[level]
        return School(
            key=f"{district.key}-{slug(name)}",
            name=name,
            printed_name=name.removesuffix(" School") if index % 4 == 3 else name,
            official_name=forms[index % len(forms)].format(base),
            base=base,
            level=level,
            grades=_GRADES[level],
            district=district.key,
            nces_id=f"{district.lea_id}{(311 + 13 * index):05d}",
            state_id=f"{STATE}-{int(district.lea_id[2:]):03d}-{(10 * index + 5):04d}",
            place=place,
            phone=phone,
            mascot=self.rng.choice(words.schools.mascots),
            status="Targeted Assistance" if index % 5 == 2 else "Schoolwide",
            poverty_pct=round(self.rng.uniform(35.2, 98.9), 1),
            enrollment=self.rng.randint(140, 1420),
            host=host,
            prefix=prefix,
            layout=district.layout,
            route=self.route(index),
            listing=self.listing(index, prefix),
            staff=self._staff(level, district, phone),
            vacancies=tuple(self.rng.sample(words.staff.support, self.rng.choice((0, 1, 2)))),
            strangers=tuple(self.roll.stranger() for _ in range(24)),
            council=tuple(self.roll.trustee(district.mail_domain, "{first}.{last}") for _ in range(5)),
        )

    def route(self, index: int) -> Route:
        """How the staff list of the n-th school is reached."""
        return ("direct", "menu", "two_hops", "menu")[(index + index // 4) % 4]

    def listing(self, index: int, prefix: str) -> Listing:
        """What the directory file says of the n-th school: every third blank, a few wrong, the others right."""
        if index % 3 == 1:
            return "blank"
        if index in {5, 23}:
            return "parked" if index == 5 else "dead"
        if prefix and index in {6, 30}:
            return "district_home"
        return ("plain", "port", "upper", "bare")[(index // 3) % 4]

    def _staff(self, level: Level, district: District, phone: str) -> tuple[Person, ...]:
        words = vocabulary().staff
        teaching = words.secondary if level in {"Middle", "High"} else words.elementary
        size = self.rng.randint(8, 30)
        others = self.rng.sample(words.support + teaching, size - len(words.leaders))
        style = EMAIL_STYLES[int(district.lea_id) % len(EMAIL_STYLES)]
        duties = (*words.leaders, *others)
        return tuple(self.roll.member(duty, district.mail_domain, style, phone) for duty in duties)

    def look_alike(self, index: int, school: School) -> LookAlike:
        """A school of the same name in another place."""
        state, fips = (("CT", "09"), ("TX", "48"), ("OH", "39"), ("MA", "25"), (STATE, STATE_FIPS))[index % 5]
        place = self.atlas.place(state)
        phone = self.atlas.phone(place)
        words = slug(school.base).replace("-", "")
        host = f"www.{words}{slug(place.city).replace('-', '')}.test"
        duties = vocabulary().staff.leaders
        return LookAlike(
            name=school.name,
            official_name=school.official_name,
            district_name=f"{place.city} Public Schools",
            nces_id=f"{fips}{9000 + index:05d}{(77 + index):05d}",
            twin=school.key,
            place=place,
            phone=phone,
            host=host,
            staff=tuple(self.roll.member(duty, host.removeprefix("www."), "{first}.{last}", phone) for duty in duties),
        )


def refuse(what: str, number: int, least: int, most: int) -> None:
    """Refuses a size that is out of bounds.

    Raises:
        ValueError: it is.
    """
    if not least <= number <= most:
        message = f"{what} must be between {least} and {most}, not {number}"
        raise ValueError(message)


def _level(index: int, base: str) -> Level:
    if base == "Amelia Thornbury Memorial":
        return "Elementary"
    return LEVELS[index % len(LEVELS)]


def _address(index: int, base: str, level: Level, district: District) -> tuple[str, str]:
    """Host and path prefix."""
    words = slug(base).replace("-", "")
    suffix = {"Elementary": "es", "Primary": "ps", "Middle": "ms", "High": "hs", "Academy": "academy"}[level]
    match district.hosting:
        case "subdomain":
            return f"{words}.{district.mail_domain}", ""
        case "own":
            ending = vocabulary().hosts.own[index % len(vocabulary().hosts.own)]
            return f"www.{ending.format(words + suffix)}.test", ""
        case "o":
            return district.host, f"/o/{slug(base)}-{suffix}"
        case "schools":
            return district.host, f"/schools/{slug(base)}"


def _host_rules(
    districts: tuple[District, ...], schools: tuple[School, ...], twins: tuple[LookAlike, ...]
) -> dict[str, HostRule]:
    """Rules for a few hosts of each kind, the same places in every seed."""
    own = [school for school in schools if not school.prefix]
    rules: dict[str, HostRule] = {
        "www.school-site-expired.test": HostRule(robots_status=404),
        "www.oldschoolserver.test": HostRule(failing=True, robots_status=404),
        twins[-1].host: HostRule(robots_status=503),
    }
    for school in own[1::11]:
        rules[school.host] = HostRule(crawl_delay=2.0)
    for district in [district for district in districts if district.hosting == "o"][1:]:
        rules[district.host] = HostRule(crawl_delay=2.0)
    for school in own[3::14]:
        rules[school.host] = HostRule(throttled=True)
    slow = own[5 % len(own)]
    rules.setdefault(slow.host, HostRule(slow_path="/"))
    for host in [school.host for school in own] + [district.host for district in districts]:
        if host.startswith("www."):
            rules[host.removeprefix("www.")] = HostRule(redirect_to=host)
    return rules
