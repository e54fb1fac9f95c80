"""What makes a school hard to find or its staff hard to read: the names that figures are told by."""

from __future__ import annotations

from tests.school_web.layouts import Need, layout
from tests.school_web.world import School, World


def staff_needs(world: World, school: School) -> Need:
    """What it takes to read the school's staff list."""
    host = world.rules.get(school.host)
    return "challenge" if host and host.challenge else layout(school.layout).needs


def website_needs(world: World, school: School) -> Need:
    """What it takes to read the school's home page."""
    host = world.rules.get(school.host)
    return "challenge" if host and host.challenge == "all" else "page"


def traits(world: World, school: School) -> tuple[str, ...]:
    """The traps around a school."""
    rule = world.rules.get(school.host)
    sharing = {school.shares or school.key}
    same_name = [other for other in world.schools if other.name == school.name and other.key != school.key]
    siblings = [other for other in world.schools_of(world.district(school.district)) if other.key != school.key]
    joint = any(sharing & {other.key, other.shares} for other in siblings)
    found = {
        "roster": world.district(school.district).roster,
        "joint": joint,
        "sibling": not joint and any(other.base == school.base for other in siblings),
        "namesake": bool(same_name),
        "shared_host": bool(school.prefix),
        "own_host": not school.prefix and not joint,
        "soft_missing": bool(rule and rule.soft_missing),
        f"route_{school.route}": True,
        f"listed_{school.listing}": True,
        **{old.move: True for old in world.moved if old.school == school.key},
    }
    return tuple(name for name, there in found.items() if there)
