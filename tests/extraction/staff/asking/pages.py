"""Pages that the readers are unsure of, and a model that has seen many such pages."""

from __future__ import annotations

from typing import Any

from extraction.staff.page import StaffReading, read_with_verdicts
from tests.fakes.openai_server import Asked

URL = "https://quillfern.test/welcome"

SURE = """<title>Our Staff</title><h1>Staff Directory</h1><table>
<tr><th>Name</th><th>Position</th><th>Email</th></tr>
<tr><td>Rosalind Aldermere</td><td>Principal</td><td><a href="mailto:raldermere@quillfern.test">mail</a></td></tr>
<tr><td>Tobias Quennell</td><td>School Counselor</td><td>tquennell@quillfern.test</td></tr>
<tr><td>Imelda Farrowby</td><td>School Nurse</td><td>ifarrowby@quillfern.test</td></tr></table>"""

ALONE = """<title>Welcome</title><body><h2>Welcome to a new school year!</h2>
<div><p>Rosalind Aldermere</p><p>Principal</p></div><p>The doors open at eight.</p>"""

UNREAD = """<title>Our Staff</title><body><h1>Our Staff</h1>
<div class=e><p>The front office is run by Odalys Brightwater</p><p>obrightwater@quillfern.test</p></div>
<div class=e><p>Art II and pottery with Brook Rivers</p><p>423-555-0107</p></div>
<h2>Student Council</h2><div class=e><p>President is Wren Holloway</p><p>wren.holloway@quillfern.test</p></div>"""

UNCLEAR = """<title>Quillfern</title><body><h1>Faculty</h1><ul>
<li>Rosalind Aldermere - Concurrent Enrollment, Hall B <a href="mailto:raldermere@quillfern.test">mail</a></li>
<li><div>Tobias Quennell</div><div>ACT</div><a href="mailto:tquennell@quillfern.test">mail</a></li>
<li><div>Imelda Farrowby</div><div>Link Crew</div><a href="mailto:ifarrowby@quillfern.test">mail</a></li></ul>"""

BARELY = """<title>Quillfern</title><body><h1>Welcome</h1><h2>Thanks to</h2><ul>
<li>Annette Beckham</li><li>Louis Neal</li><li>Helen Meade</li><li>Walter Osgood</li><li>Grace Tully</li>
<li>Martin Shaw</li><li>Rosalind Aldermere - Principal</li><li>Tobias Quennell - Nurse</li>
<li>Julia Farrow - Counselor</li></ul>"""


def read(page: str) -> StaffReading:
    return read_with_verdicts(page, URL)


def person(name: str, kind: str = "staff", **values: str | None) -> dict[str, Any]:
    """A person as a model tells it."""
    return {"name": name, "title": None, "department": None, "email": None, "phone": None, "kind": kind, **values}


def answer(people: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """An answer, block by block."""
    return {"blocks": [{"block": block, "people": told} for block, told in people.items()]}


def nobody(asked: Asked) -> object:
    """A model that takes whatever a block begins with for no name."""
    return answer({number: [person(pieces[0], "nobody")] for number, pieces in asked.rows.items()})
