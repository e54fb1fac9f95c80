"""Founds a wide world: every layout and every trap of `world`, over some two hundred schools.

A district's place in the list decides its layout, its hosts and its traps, so that each is there in every seed:
districts whose schools all show the whole district's roster, pairs of schools on one site, siblings that share a name,
names that two districts share, sites that moved, hosts with a challenge, hosts that have a page for every address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

from tests.school_web.founder import HOSTING, LEVELS, Founder, refuse
from tests.school_web.vocabulary import vocabulary
from tests.school_web.world import (
    ALL_LAYOUTS,
    STATE,
    District,
    HostRule,
    LayoutName,
    Level,
    Listing,
    Move,
    OldSite,
    Route,
    School,
    World,
)

_ROSTERS: frozenset[LayoutName] = frozenset({"finalsite", "foxbright", "wordpress"})
"""Layouts whose second district shows rosters."""
_JOINT: frozenset[LayoutName] = frozenset({"wordpress", "handtyped"})
"""Layouts in whose districts the first two schools share a site, where there is no roster."""
_MOVES: tuple[Move, ...] = ("moved_301", "moved_refresh", "moved_notice")
Draft = tuple[str, Level]
"""Base and level of a school that is yet to be drawn."""


@dataclass(slots=True)
class WideFounder(Founder):
    """Draws a wide world in a fixed order."""

    def found(self, schools: int, districts: int) -> World:
        """The world.

        Args:
            schools: Schools of the list, four to eight for each district.
            districts: Districts, between 24 and 48.

        Raises:
            ValueError: a world of this size cannot be made.
        """
        refuse("districts", districts, 24, 48)
        refuse("schools", schools, 4 * districts, 8 * districts)
        self.roll.worldly = True
        words = vocabulary()
        counties = self.atlas.counties(STATE)
        # Six of the usual names stay free: the official directory needs some for the schools that no list asks for.
        names = self.rng.sample(words.districts.bases[:-6] + words.wide.districts, districts)
        realms = tuple(self._realm(i, names[i], counties[i % len(counties)]) for i in range(districts))
        owners = [i * districts // schools for i in range(schools)]
        drafts = self._drafts(realms, owners)
        listed: list[School] = []
        for i, (base, level) in enumerate(drafts):
            realm = realms[owners[i]]
            self.roll.latin1_only = realm.layout == "pdf"
            school = self.school(i, base, level, realm)
            if not school.prefix and school.host in {other.host for other in listed}:  # its namesake was first
                school = replace(school, host=f"www.{school.key}.test")
            listed.append(school)
        self.roll.latin1_only = False
        listed = [school for realm in realms for school in _arranged(realm, listed)]
        moved = self._moved(realms, listed)
        addresses = {old.school for old in moved}
        listed = [replace(school, listing="moved") if school.key in addresses else school for school in listed]
        twins = tuple(self.look_alike(i, school) for i, school in enumerate(listed[::8]))
        world = self.world(realms, tuple(listed), twins)
        return replace(world, moved=moved, rules=world.rules | _more_rules(world, moved))

    def route(self, index: int) -> Route:
        """How the staff list of the n-th school is reached."""
        routes: tuple[Route, ...] = ("direct", "menu", "two_hops", "menu", "our_school", "two_hops", "our_school")
        return routes[index % len(routes)]

    def listing(self, index: int, prefix: str) -> Listing:
        """What the directory file says of the n-th school: the same shares of blank and wrong ones as usual."""
        if index % 40 in {5, 23}:
            return "parked" if index % 40 == 5 else "dead"
        if prefix and index % 24 == 6:
            return "district_home"
        return "blank" if index % 3 == 1 else ("plain", "port", "upper", "bare")[(index // 3) % 4]

    def _realm(self, index: int, base: str, county: str) -> District:
        layout = ALL_LAYOUTS[index % len(ALL_LAYOUTS)]
        turn = index // len(ALL_LAYOUTS)
        district = self.district(index, base, county, layout, HOSTING[(index + turn) % len(HOSTING)])
        return replace(district, roster=turn == 1 and layout in _ROSTERS)

    def _drafts(self, realms: tuple[District, ...], owners: list[int]) -> list[Draft]:
        """Bases and levels: pairs of one base within districts, and names that two districts share."""
        words = vocabulary()
        made = [f"{front} {back}" for front in words.wide.fronts for back in words.wide.backs if front != back]
        bases = self.rng.sample([*words.schools.bases, *made], len(owners))
        drafts: list[Draft] = [(base, LEVELS[i % len(LEVELS)]) for i, base in enumerate(bases)]
        halves = min(len(realms) // 2, len(words.wide.shared))
        for owner, group in groupby(range(len(owners)), key=owners.__getitem__):
            first, second, third, *_ = group
            realm = realms[owner]
            if _is_joint(realm):
                drafts[first], drafts[second] = (bases[first], "Elementary"), (bases[first], "Middle")
            elif owner % 3 == 0 and realm.hosting in {"own", "o"}:
                drafts[first], drafts[second] = (bases[first], "Elementary"), (bases[first], "High")
            if owner < 2 * halves:
                drafts[third] = (words.wide.shared[owner % halves], "Elementary")
        return drafts

    def _moved(self, realms: tuple[District, ...], listed: list[School]) -> tuple[OldSite, ...]:
        moved: list[OldSite] = []
        alone = _alone(listed)
        for number, school in enumerate(alone[2 :: len(alone) // 9]):
            district = next(realm for realm in realms if realm.key == school.district)
            former = tuple(
                self.roll.member(duty, district.mail_domain, "{first}.{last}", school.phone)
                for duty in vocabulary().staff.leaders
            )
            moved.append(OldSite(f"old.{school.key}.test", school.key, _MOVES[number % len(_MOVES)], former))
        return tuple(moved)


def _is_joint(realm: District) -> bool:
    return realm.layout in _JOINT and not realm.roster


def _alone(listed: list[School]) -> list[School]:
    """Schools that have a host for themselves."""
    hosts = [school.host for school in listed]
    return [school for school in listed if not school.prefix and hosts.count(school.host) == 1]


def _arranged(realm: District, listed: list[School]) -> list[School]:
    """A district's schools, the joint ones moved together, with one person at two schools where there is a roster."""
    first, second, *others = (school for school in listed if school.district == realm.key)
    if _is_joint(realm):
        second = replace(second, host=first.host, prefix=first.prefix, place=first.place, shares=first.key)
    if realm.roster:
        second = replace(second, staff=(*second.staff, first.staff[-1]))
    return [first, second, *others]


def _more_rules(world: World, moved: tuple[OldSite, ...]) -> dict[str, HostRule]:
    """Redirects of old hosts, challenges, and hosts that have a page for every address."""
    rules = {old.host: HostRule(redirect_to=world.school(old.school).host) for old in moved if old.move == "moved_301"}
    away = {old.school for old in moved}
    staying = [school.host for school in _alone(list(world.schools)) if school.key not in away]
    for number, host in enumerate(staying[5::19]):
        rule = world.rules.get(host, HostRule())
        rules[host] = replace(rule, challenge="lists" if number % 2 else "all")
    for host in staying[6::7]:
        rules[host] = replace(rules.get(host, world.rules.get(host, HostRule())), soft_missing=True)
    return rules
