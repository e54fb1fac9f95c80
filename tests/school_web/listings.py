"""Staff lists that show more than one school's people, and say who works where."""

from __future__ import annotations

from tests.school_web.markup import Entry, SchoolSite
from tests.school_web.people import Person
from tests.school_web.world import School, World

OFFICE = "District Office"
"""Where rosters say that the people of a district's office work."""


def listed(world: World, site: SchoolSite) -> tuple[Entry, ...]:
    """Everybody on a list that is shared: of the schools on the site, or of the whole district; else nobody."""
    if site.lodgers:
        return _entries(site.lodgers)
    if site.district.roster:
        office = tuple(Entry(person, OFFICE) for person in site.district.staff)
        return (*office, *_entries(world.schools_of(site.district)))
    return ()


def _entries(schools: tuple[School, ...]) -> tuple[Entry, ...]:
    places: dict[Person, list[str]] = {}
    for school in schools:
        for person in school.staff:
            places.setdefault(person, []).append(school.name)
    return tuple(Entry(person, ", ".join(names)) for person, names in places.items())
