"""The pages of one school's site: its home, its staff list in the school's layout, and pages about other people."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from tests.school_web.layouts import Layout, layout, sheet
from tests.school_web.listings import listed
from tests.school_web.markup import MenuEntry, Page, SchoolSite, link, paragraphs
from tests.school_web.vocabulary import vocabulary
from tests.school_web.world import School, World, slug

_STAFF_LABELS = ("Staff Directory", "Faculty & Staff", "Our Staff", "Meet the Staff", "Directory")
_KEYS = (
    "about", "principal", "council", "title-i", "calendar", "athletics", "alumni", "contact",
    "news", "news-1", "news-2", "news-3", "our-school",
)  # fmt: skip
_ABOUT_LABELS = ("About Us", "Our School", "About", "School Information")


def school_pages(world: World, school: School, port: int) -> list[Page]:
    """All pages of a school, home first; none where it shares the site of another one."""
    if school.shares:
        return []
    site, system = school_site(world, school, port)
    pages = [
        Page(site.path(), system.frame(site, _home_title(site), _home(site))),
        *system.staff_pages(site),
        *_news(site, system),
    ]
    written = {
        "about": ("About Our School", _about(site, system)),
        "principal": ("Principal's Message", _principal(site)),
        "council": ("School Council", _council(site)),
        "title-i": ("Title I", _title_one(site)),
        "calendar": ("Calendar", _calendar()),
        "athletics": ("Athletics", _athletics(site)),
        "alumni": ("Alumni", _alumni(site)),
        "contact": ("Contact Us", _contact(site)),
    }
    if school.route == "our_school":
        written["our-school"] = ("Our School", _our_school(site, system))
    pages += [Page(_path(site, key), system.frame(site, title, body)) for key, (title, body) in written.items()]
    return pages


def sheet_pages(world: World, school: School, port: int) -> list[Page]:
    """What a school keeps on the host of published spreadsheets."""
    return sheet.sheet_pages(school_site(world, school, port)[0]) if school.layout == "sheet" else []


def missing_school_page(world: World, school: School, port: int) -> str:
    """What a site in its own theme says instead of a page that it does not have."""
    site, system = school_site(world, school, port)
    body = paragraphs("Oops! The page you were looking for has moved or does not exist.", "Try our staff directory.")
    return system.frame(site, "Page Not Found", body)


def staff_address(world: World, school: School, port: int) -> str:
    """The absolute address of a school's staff list."""
    site, system = school_site(world, school, port)
    return site.url(school.host, system.staff_path(site))


def school_site(world: World, school: School, port: int) -> tuple[SchoolSite, Layout]:
    """The site of a school, its own or the one it shares, and its system."""
    if school.shares:
        school = world.school(school.shares)
    system = layout(school.layout)
    bare = SchoolSite(world.schools.index(school), school, world.district(school.district), (), port)
    lodgers = tuple(other for other in world.schools_of(bare.district) if school.key in {other.key, other.shares})
    if len(lodgers) > 1:
        bare = replace(bare, school=_together(lodgers), lodgers=lodgers)
    bare = replace(bare, listed=listed(world, bare))
    siblings = [other for other in world.schools_of(bare.district) if other not in lodgers]
    return replace(bare, menu=_menu(bare, system, siblings)), system


def _together(lodgers: tuple[School, ...]) -> School:
    """What a site that schools share calls itself."""
    first, last = lodgers[0], lodgers[-1]
    name = f"{first.base} {' and '.join(school.level for school in lodgers)} Schools"
    return replace(first, name=name, grades=(first.grades[0], last.grades[1]))


def _menu(site: SchoolSite, system: Layout, siblings: list[School]) -> tuple[MenuEntry, ...]:
    staff = MenuEntry(_STAFF_LABELS[site.index % len(_STAFF_LABELS)], system.staff_path(site))
    about = [
        MenuEntry("Principal's Message", _path(site, "principal")),
        MenuEntry("School Council", _path(site, "council")),
        MenuEntry("Contact Us", _path(site, "contact")),
    ]
    if site.school.route == "menu":
        about.insert(1, staff)
    entries = [
        MenuEntry("Home", site.path()),
        MenuEntry(_ABOUT_LABELS[site.index % len(_ABOUT_LABELS)], _path(site, "about"), tuple(about)),
        MenuEntry("Academics", _path(site, "title-i"), (MenuEntry("Title I", _path(site, "title-i")),)),
        MenuEntry("Athletics", _path(site, "athletics")),
        MenuEntry(
            "Students & Families",
            _path(site, "calendar"),
            (MenuEntry("Calendar", _path(site, "calendar")), MenuEntry("Alumni", _path(site, "alumni"))),
        ),
        MenuEntry("News", _path(site, "news")),
        MenuEntry(
            "District",
            site.url(site.district.host),
            (
                MenuEntry("Board of Education", site.url(site.district.host, "/board")),
                *(MenuEntry(other.name, site.url(other.host, f"{other.prefix}/")) for other in siblings),
            ),
        ),
    ]
    if site.school.route == "direct":
        entries.insert(2, staff)
    return tuple(entries)


def _path(site: SchoolSite, key: str) -> str:
    """Where a page lives, in the manner of the school's system."""
    if site.school.layout == "blackboard":
        return site.path(f"Page/{1000 + 20 * site.index + _KEYS.index(key)}")
    return site.path(f"{key}.html" if site.school.layout == "handtyped" else key)


def _home_title(site: SchoolSite) -> str:
    return f"Welcome to {site.school.name}" if site.index % 2 else "Home"


def _home(site: SchoolSite) -> str:
    school, principal = site.school, site.school.staff[0]
    news = "".join(f"<li>{link(_path(site, f'news-{number}'), _headline(site, number))}</li>" for number in range(1, 3))
    parts = [
        f"{lodger.name}, grades {lodger.grades[0]} to {lodger.grades[1]}: {lodger.staff[0].formal}, Principal. "
        f"Phone {lodger.phone}"
        for lodger in site.lodgers
    ]
    return (
        paragraphs(
            f"{school.name} serves grades {school.grades[0]} to {school.grades[1]} in {school.place.city}. "
            f"Home of the {school.mascot}!",
            *(parts or [f"Principal: {principal.formal}"]),
        )
        + f"<h3>Latest news</h3><ul>{news}</ul>\n"
        f"<p>{link(_path(site, 'calendar'), 'See the whole calendar')}. Visit us at {escape(school.place.street)}, "
        f"{escape(school.place.line)}, or call {escape(school.phone)}.</p>\n"
    )


def _about(site: SchoolSite, system: Layout) -> str:
    school = site.school
    more = link(system.staff_path(site), _STAFF_LABELS[site.index % len(_STAFF_LABELS)])
    way = f"<p>To reach a teacher, see {more}.</p>\n" if school.route == "two_hops" else ""
    if school.route == "our_school":
        way = f"<p>In this section: {link(_path(site, 'our-school'), 'Our School')}</p>\n"
    return (
        paragraphs(
            f"{school.name} is part of {site.district.name} and enrolls {school.enrollment} students.",
            f"Our mission is to help every one of the {school.mascot} grow.",
        )
        + way
        + f"<p>{link(_path(site, 'principal'), 'A word from the principal')}</p>\n"
    )


def _our_school(site: SchoolSite, system: Layout) -> str:
    """The second page between the home page and the staff list."""
    faculty = link(system.staff_path(site), "Faculty")
    return (
        paragraphs(f"{site.school.name} opened its doors in 1962.")
        + f"<ul><li>{link(_path(site, 'principal'), 'From the Principal')}</li><li>{faculty}</li></ul>\n"
    )


def _principal(site: SchoolSite) -> str:
    principal = site.school.staff[0]
    return paragraphs(
        "Dear families,",
        f"It is a joy to welcome you to another year at {site.school.name}. Please visit, volunteer and ask questions.",
        "Sincerely,",
        principal.formal,
        "Principal",
    )


def _council(site: SchoolSite) -> str:
    parts = ("Parent Representative", "Parent Representative", "Community Member", "Business Partner", "Chairperson")
    rows = "".join(
        f'<tr><td>{escape(person.name)}</td><td>{part}</td><td><a href="mailto:{person.email}">'
        f"{person.email}</a></td></tr>\n"
        for person, part in zip(site.school.council, parts, strict=True)
    )
    return (
        paragraphs("The School Council meets four times a year. Its members are elected and are not employees.")
        + f"<table><tr><th>Council Member</th><th>Seat</th><th>E-mail</th></tr>\n{rows}</table>\n"
    )


def _title_one(site: SchoolSite) -> str:
    coordinator = next(person for person in site.school.staff if person.title == "Title I Coordinator")
    return paragraphs(
        f"{site.school.name} is a Title I school ({site.school.status}).",
        "The annual parent meeting, the school-parent compact and the family engagement plan are available "
        "in the office.",
        f"Questions? Ask {coordinator.name}, Title I Coordinator, at {site.school.phone}.",
    )


def _calendar() -> str:
    events = (
        ("August 6", "First day of school"),
        ("September 7", "Labor Day, no school"),
        ("October 15", "Annual Title I parent meeting"),
        ("November 23", "Thanksgiving break begins"),
        ("January 5", "Second semester begins"),
    )
    rows = "".join(f"<tr><td>{day}</td><td>{event}</td></tr>" for day, event in events)
    return (
        f"<table><tr><th>Date</th><th>Event</th></tr>{rows}</table><p>{link('/admin/calendar', 'Add an event')}</p>\n"
    )


def _athletics(site: SchoolSite) -> str:
    sport = ("Basketball", "Soccer", "Softball", "Cross Country")[site.index % 4]
    low, high = int(site.school.grades[1]) - 1, int(site.school.grades[1])
    rows = "".join(
        f"<tr><td>{number + 3}</td><td>{escape(player.name)}</td><td>{(low, high)[number % 2]}</td><td>"
        f"{place}</td></tr>\n"
        for number, (player, place) in enumerate(
            zip(site.school.strangers[8:20], ("Guard", "Forward", "Center") * 4, strict=True)
        )
    )
    return (
        f"<h3>{sport} Roster</h3>\n<table><tr><th>No.</th><th>Player</th><th>Grade</th><th>Position</th></tr>\n"
        f"{rows}</table>\n"
    )


def _alumni(site: SchoolSite) -> str:
    items = "".join(
        f"<li>{escape(person.name)}, Class of {1984 + 5 * number} "
        f"– alumni.{slug(person.last)}{number}@mailbox.test</li>\n"
        for number, person in enumerate(site.school.strangers[20:24])
    )
    return f"<h3>Alumni Notes</h3>\n<ul>\n{items}</ul>\n"


def _contact(site: SchoolSite) -> str:
    school = site.school
    return paragraphs(
        school.name,
        school.place.street,
        school.place.line,
        f"Phone: {school.phone}",
        *(f"{lodger.name}: {lodger.phone}" for lodger in site.lodgers),
        "Office hours: 7:30 a.m. to 3:45 p.m.",
    )


def _news(site: SchoolSite, system: Layout) -> list[Page]:
    items = "".join(
        f"<li>{link(_path(site, f'news-{number}'), _headline(site, number))}</li>" for number in range(1, 4)
    )
    pages = [Page(_path(site, "news"), system.frame(site, "News", f"<ul>{items}</ul>\n"))]
    sentences = vocabulary().news.sentences
    for number in range(1, 4):
        first, second = site.school.strangers[2 * number : 2 * number + 2]
        told = [
            sentences[(site.index + number + k) % len(sentences)].format(a=a.name, b=b.name)
            for k, (a, b) in enumerate(((first, second), (second, first)))
        ]
        body = paragraphs(f"Posted October {3 * number + 2}", *told)
        pages.append(Page(_path(site, f"news-{number}"), system.frame(site, _headline(site, number), body)))
    return pages


def _headline(site: SchoolSite, number: int) -> str:
    headlines = vocabulary().news.headlines
    return headlines[(site.index + 3 * number) % len(headlines)]
