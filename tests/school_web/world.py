"""The simulated world as values: districts, schools, their staff, and the sites that only look like theirs.

`founding.generate` makes all of it from a seed; nothing here knows a port or a page. The PDF list, the directory file,
the web hosts and the truth are written from a `World`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from tests.school_web.people import Person
from tests.school_web.places import Place
from tests.school_web.vocabulary import Duty

STATE: Final = "AL"
STATE_NAME: Final = "Alabama"
STATE_FIPS: Final = "01"
SCHOOL_YEAR: Final = "2026-2027"

Level = Literal["Elementary", "Primary", "Middle", "High", "Academy"]
LayoutName = Literal[
    "finalsite", "blackboard", "edlio", "smartsites", "presence", "wordpress", "handtyped", "apptegy", "nuxtshell",
    "sharpschool", "eschoolview", "googlesites", "foxbright", "socs", "pdf", "sheet",
]  # fmt: skip
Hosting = Literal["subdomain", "own", "o", "schools"]
Route = Literal["direct", "menu", "two_hops", "our_school"]
"""How the staff list is reached from the home page: in its menu, in a sub-menu, by a page between, or by two."""
Listing = Literal["plain", "port", "upper", "bare", "blank", "district_home", "parked", "dead", "moved"]
"""What the official directory file says about the website: the right address in four ways of writing, or not."""
Move = Literal["moved_301", "moved_refresh", "moved_notice"]
"""How an old host sends visitors on: a redirect, a page that reloads elsewhere, a notice above the old pages."""

LAYOUTS: Final[tuple[LayoutName, ...]] = (
    "finalsite", "blackboard", "edlio", "smartsites", "presence", "wordpress", "handtyped",
)  # fmt: skip
"""The layouts of a usual world."""
ALL_LAYOUTS: Final[tuple[LayoutName, ...]] = (
    *LAYOUTS,
    "apptegy", "nuxtshell", "sharpschool", "eschoolview", "googlesites", "foxbright", "socs", "pdf", "sheet",
)  # fmt: skip
"""The layouts of a wide world."""
DOCS_HOST: Final = "docs.sheets.test"
"""Where published spreadsheets lie, of all schools alike."""


@dataclass(frozen=True, slots=True)
class District:
    """A district with its own host; its office staff and its board belong to none of its schools."""

    key: str
    name: str
    printed_name: str
    official_name: str
    lea_id: str
    host: str
    mail_domain: str
    place: Place
    phone: str
    layout: LayoutName
    hosting: Hosting
    staff: tuple[Person, ...]
    board: tuple[Person, ...]
    roster: bool = False
    """Whether each of its schools shows the list of the whole district, with a column that says who works where."""


@dataclass(frozen=True, slots=True)
class School:
    """A school of the list: who it is, where its site is, who works there."""

    key: str
    name: str
    """As its own site prints it."""
    printed_name: str
    """As the state's PDF list prints it."""
    official_name: str
    """As the official directory file prints it."""
    base: str
    level: Level
    grades: tuple[str, str]
    district: str
    """Key of the district."""
    nces_id: str
    state_id: str
    place: Place
    phone: str
    mascot: str
    status: Literal["Schoolwide", "Targeted Assistance"]
    poverty_pct: float
    enrollment: int
    host: str
    prefix: str
    """Path prefix of the site on its host, without the closing slash; empty where it has the host for itself."""
    layout: LayoutName
    route: Route
    listing: Listing
    staff: tuple[Person, ...]
    vacancies: tuple[Duty, ...]
    strangers: tuple[Person, ...]
    """People its pages name who do not work there: visitors, parents, athletes, alumni."""
    council: tuple[Person, ...]
    shares: str = ""
    """Key of the school on whose site this one lives, where it has none of its own."""


@dataclass(frozen=True, slots=True)
class OldSite:
    """What is left at a host that a school has moved away from."""

    host: str
    school: str
    """Key of the school."""
    move: Move
    former: tuple[Person, ...]
    """Those who worked there when the old pages were written, and no longer do."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A school of the same name somewhere else, with a site of its own."""

    name: str
    official_name: str
    district_name: str
    nces_id: str
    twin: str
    """Key of the school it looks like."""
    place: Place
    phone: str
    host: str
    staff: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class HostRule:
    """How a host differs from one that answers every request at once and allows everything."""

    robots_status: int = 200
    crawl_delay: float | None = None
    throttled: bool = False
    """Answers 429 with Retry-After now and then."""
    redirect_to: str | None = None
    slow_path: str | None = None
    """Path that takes a second and a half."""
    failing: bool = False
    """Answers 500 to everything."""
    challenge: Literal["", "all", "lists"] = ""
    """Answers 200 with a challenge that only a browser passes: to everything, or to its staff lists."""
    soft_missing: bool = False
    """Answers 200, in its theme, also for pages that it does not have."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is generated from one seed."""

    seed: int
    districts: tuple[District, ...]
    schools: tuple[School, ...]
    look_alikes: tuple[LookAlike, ...]
    aggregators: tuple[str, ...]
    news_host: str
    parked_host: str
    dead_host: str
    search_host: str
    rules: dict[str, HostRule]
    """By host; a host that is not listed has no special rule."""
    moved: tuple[OldSite, ...] = ()

    def district(self, key: str) -> District:
        """The district of a key."""
        return next(district for district in self.districts if district.key == key)

    def school(self, key: str) -> School:
        """The school of a key."""
        return next(school for school in self.schools if school.key == key)

    def schools_of(self, district: District) -> tuple[School, ...]:
        """The district's schools of the list."""
        return tuple(school for school in self.schools if school.district == district.key)


def slug(text: str) -> str:
    """Words of a name joined by hyphens, for paths."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")
