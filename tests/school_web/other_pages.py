"""Pages of everybody else: districts, look-alike schools, aggregators, a newspaper, an expired domain."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Page, document, link, paragraphs
from tests.school_web.people import Person
from tests.school_web.world import STATE_NAME, District, LookAlike, School, World, slug


def district_pages(world: World, district: District, port: int) -> list[Page]:
    """A district's home page, its schools, its office staff and its board."""
    schools = "".join(
        f"<li>{link(f'http://{school.host}:{port}{school.prefix}/', school.name)}<br>"
        f"{escape(school.place.street)}, {escape(school.place.line)} – {escape(school.phone)}</li>\n"
        for school in world.schools_of(district)
    )
    welcome = paragraphs(
        f"Welcome to {district.name}, where every child counts.",
        f"Central Office: {district.place.street}, {district.place.line}",
        f"Phone: {district.phone}",
    )
    return [
        Page("/", _district_page(district, "Home", welcome)),
        Page("/schools", _district_page(district, "Our Schools", f"<ul>\n{schools}</ul>\n")),
        Page("/staff", _district_page(district, "District Office Staff", _people(district.staff))),
        Page("/board", _district_page(district, "Board of Education", _board(district))),
    ]


def look_alike_pages(twin: LookAlike) -> list[Page]:
    """A small complete site of a school that is not on the list."""
    body = paragraphs(
        f"Welcome to {twin.name} in {twin.place.city}!",
        f"{twin.place.street}, {twin.place.line}",
        f"Phone: {twin.phone}",
    )
    return [
        Page("/", _look_alike_page(twin, "Home", body)),
        Page("/staff", _look_alike_page(twin, "Staff Directory", _people(twin.staff))),
    ]


def aggregator_path(school: School) -> str:
    """Where every aggregator keeps its page about a school."""
    return f"/{slug(STATE_NAME)}/{slug(school.place.city)}/{slug(school.name)}-{school.nces_id[-5:]}/"


def aggregator_pages(world: World, host: str) -> list[Page]:
    """A page about each school of the list, with its name, address and telephone."""
    pages = [Page("/", document(f"{host}: find a school", "<h1>Find the right school</h1>"))]
    for school in world.schools:
        parent = school.strangers[0]
        body = (
            f"<h1>{escape(school.name)}</h1>\n<p>{escape(school.place.street)}, {escape(school.place.line)}<br>"
            f"{escape(school.phone)}</p>\n<p>Rating: {1 + school.enrollment % 9}/10. {school.enrollment} students, "
            f"grades {school.grades[0]}-{school.grades[1]}, {escape(world.district(school.district).name)}.</p>\n"
            f"<h2>Reviews</h2><p>“Caring teachers.” – {escape(parent.name)}, parent</p>\n"
            "<h2>Homes for sale nearby</h2><p>See 14 listings. Compare schools. Claim this profile.</p>\n"
        )
        title = f"{school.name} - {school.place.city}, {STATE_NAME} - {school.place.state} | Ratings and reviews"
        pages.append(Page(aggregator_path(school), document(title, body)))
    return pages


def news_path(school: School) -> str:
    """Where the newspaper keeps its story about a school."""
    return f"/2026/10/{slug(school.name)}-opens-new-library/"


def newsworthy(world: World) -> tuple[School, ...]:
    """The schools that the newspaper wrote about, no two of one name."""
    return tuple({news_path(school): school for school in world.schools[::6]}.values())


def newspaper_pages(world: World) -> list[Page]:
    """Stories that name a school and its city, and nothing else that is the school's."""
    pages = [Page("/", document("The County Ledger", "<h1>The County Ledger</h1>"))]
    for school in newsworthy(world):
        mayor, donor = school.strangers[6:8]
        body = f"<h1>{escape(school.name)} opens new library</h1>\n" + paragraphs(
            f"{school.place.city} – Mayor {mayor.name} cut the ribbon on Tuesday.",
            f"{donor.name} gave the shelves. Call the newsroom at (205) 555-0100.",
        )
        title = f"{school.name} opens new library | The County Ledger"
        pages.append(Page(news_path(school), document(title, body)))
    return pages


def parked_page(host: str) -> Page:
    """What is left of a domain that nobody renewed."""
    body = paragraphs(
        f"{host} is for sale!", "This domain may be for sale by its owner. Related searches: School Supplies"
    )
    return Page("/", document(f"{host} - domain for sale", body))


def missing_page(host: str) -> str:
    """The page of an address that does not exist."""
    return document("Page Not Found", f"<h1>Page Not Found</h1><p>{escape(host)} has no such page.</p>")


def challenge_page(host: str) -> str:
    """What a guarded host sends to whom it takes for a robot, with status 200."""
    body = (
        "<noscript>Please turn JavaScript on and reload the page.</noscript>\n"
        f"<h1>Client Challenge</h1><p>A required part of {escape(host)} could not load. Checking your browser …</p>\n"
        '<script src="/_fs-ch-1T1wmsGaOgGaSxcX/script.js"></script>'
    )
    return document("Client Challenge", body)


def _people(people: tuple[Person, ...]) -> str:
    rows: list[str] = []
    for person in people:
        email = f'<a href="mailto:{escape(person.email)}">{escape(person.email)}</a>' if person.email else ""
        rows.append(
            f"<tr><td>{escape(person.formal)}</td><td>{escape(person.title)}</td>"
            f"<td>{escape(person.phone or '')}</td><td>{email}</td></tr>\n"
        )
    return f"<table><tr><th>Name</th><th>Title</th><th>Phone</th><th>E-mail</th></tr>\n{''.join(rows)}</table>\n"


def _board(district: District) -> str:
    cards = "".join(
        f"<div><h3>{escape(member.name)}</h3><p>{'Board Chair' if number == 0 else f'Trustee, District {number}'}</p>"
        f'<p><a href="mailto:{escape(member.email or "")}">{escape(member.email or "")}</a></p></div>\n'
        for number, member in enumerate(district.board)
    )
    return paragraphs("The Board of Education meets on the second Monday of the month.") + cards


def _district_page(district: District, title: str, body: str) -> str:
    menu = (
        f"<nav><ul><li>{link('/', 'Home')}</li><li>{link('/schools', 'Our Schools')}</li>"
        f"<li>{link('/staff', 'District Office Staff')}</li><li>{link('/board', 'Board of Education')}</li>"
        "</ul></nav>\n"
    )
    foot = f"<footer><p>{escape(district.name)}, {escape(district.place.line)}. {link('/admin/', 'Admin')}</p></footer>"
    heading = (
        f"<header><h1>{escape(district.name)}</h1></header>\n{menu}<main><h2>{escape(title)}</h2>\n{body}</main>\n"
    )
    return document(f"{title} - {district.name}", heading + foot)


def _look_alike_page(twin: LookAlike, title: str, body: str) -> str:
    menu = f"<nav><ul><li>{link('/', 'Home')}</li><li>{link('/staff', 'Staff Directory')}</li></ul></nav>\n"
    foot = (
        "<footer><p>"
        f"{escape(twin.name)}, {escape(twin.place.street)}, {escape(twin.place.line)}, {escape(twin.phone)}. "
        f"{escape(twin.district_name)}</p></footer>"
    )
    return document(f"{twin.name} - {title}", f"<h1>{escape(twin.name)}</h1>\n{menu}<main>{body}</main>\n{foot}")
