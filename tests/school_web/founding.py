"""Makes the simulated world of a seed: the usual one, or a wide one with every layout and every trap."""

from __future__ import annotations

from tests.school_web.founder import Founder
from tests.school_web.wide import WideFounder
from tests.school_web.world import World


def generate(seed: int = 1965, schools: int = 48, districts: int = 12, *, wide: bool = False) -> World:
    """The world of a seed.

    Args:
        seed: Same seed, same world.
        schools: Schools of the list.
        districts: Districts they are spread over.
        wide: All layouts and traps instead of the seven layouts that a simple crawler can read to the last person.

    Raises:
        ValueError: a world of this size cannot be made.
    """
    return (WideFounder if wide else Founder)(seed).found(schools, districts)
