"""What is left at the hosts that schools moved away from: nothing, a page that reloads elsewhere, or the old pages."""

from __future__ import annotations

from html import escape

from tests.school_web.markup import Page, document, link, paragraphs
from tests.school_web.world import OldSite, World


def old_pages(world: World, old: OldSite, port: int) -> list[Page]:
    """The pages of an old host; one that redirects by itself has none."""
    school = world.school(old.school)
    new = f"http://{school.host}:{port}/"
    if old.move == "moved_refresh":
        head = f'<meta http-equiv="refresh" content="0; url={escape(new)}">\n'
        return [Page("/", document(school.name, f"<p>{link(new, 'Continue')}</p>", head))]
    if old.move == "moved_notice":
        notice = f"<p><strong>We have moved!</strong> Please visit our new website at {link(new, new)}.</p>\n"
        menu = f"<ul><li>{link('/', 'Home')}</li><li>{link('/staff', 'Our Staff')}</li></ul>\n"
        home = paragraphs(f"Welcome to {school.name}", school.place.street, school.place.line, school.phone)
        rows = "".join(
            f"<tr><td>{escape(person.formal)}</td><td>{escape(person.title)}</td>"
            f"<td>{escape(person.email or '')}</td></tr>\n"
            for person in old.former
        )
        return [
            Page("/", document(school.name, f"<h1>{escape(school.name)}</h1>\n{notice}{menu}{home}")),
            Page("/staff", document(f"Our Staff - {school.name}", f"{notice}{menu}<table>{rows}</table>")),
        ]
    return []
