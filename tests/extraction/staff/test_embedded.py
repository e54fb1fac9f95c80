"""People who stand in the data of a page come out as they went in, at a cost that grows with the page and no faster."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff.embedded import literals, reader
from extraction.staff.embedded.keys import fields_of, key_words, kind_of, plain_text
from extraction.staff.embedded.literals import DEEPEST_VALUE, decode_json, find_literals, unescape
from extraction.staff.embedded.merging import merge_people
from extraction.staff.embedded.people import PeopleSearch
from extraction.staff.names import parse_name
from extraction.staff.page import read_staff_page
from extraction.staff.records import Person
from tests.extraction.staff.test_devalue import flatten

URL = "https://www.wexford.example/staff"
FIRST = st.sampled_from(["Odalys", "Tobin", "Anneliese", "Zoë", "Benedikt", "Jean-Luc", "Ngozi", "Seán", "María José"])
LAST = st.sampled_from(
    ["Brightwater", "O'Vanterpool", "Zielke", "Núñez", "de la Fuente", "Lockridge", "Böhm", "Okafor"]
)
TITLE = st.sampled_from(["Principal", "Band Director", "2nd Grade Teacher", "Teacher's Aide", "Nurse / Health", "Cook"])
PERSON = st.fixed_dictionaries(
    {"first": FIRST, "last": LAST, "title": TITLE, "number": st.integers(0, 9999), "phone": st.integers(0, 9)}
)
# An address that several people share is the office's, and nobody's own: each has a number of their own.
PEOPLE = st.lists(
    PERSON, min_size=2, max_size=12, unique_by=(lambda one: (one["first"], one["last"]), lambda one: one["number"])
)
Writer = Callable[[list[dict[str, Any]]], str]


def row(one: dict[str, Any], **keys: str) -> dict[str, Any]:
    name = (
        {"first": one["first"], "last": one["last"]} if "first" in keys else {"name": f"{one['first']} {one['last']}"}
    )
    value = {**name, "title": one["title"], "email": f"staff{one['number']}@wexford.example", "phone": phone(one)}
    return {keys.get(key, key): text for key, text in value.items()}


def phone(one: dict[str, Any]) -> str:
    return f"515-555-010{one['phone']}"


def json_script(people: list[dict[str, Any]]) -> str:
    return script(json.dumps({"list": [row(one) for one in people]}), 'type="application/json"')


def nuxt_data(people: list[dict[str, Any]]) -> str:
    rows = [row(one, name="full_name", phone="phone_number") for one in people]
    data = flatten({"data": {"directories": rows, "meta": {"links": {}}}}, "ShallowReactive")
    return script(json.dumps(data), 'type="application/json" id="__NUXT_DATA__"')


def parsed_text(people: list[dict[str, Any]]) -> str:
    rows = [row(one, first="firstName", last="lastName", title="jobTitle", email="emailAddress") for one in people]
    return script(f"window.clientWorkStateTemp = JSON.parse({json.dumps(json.dumps({'people': rows}))});")


def parsed_text_in_single_quotes(people: list[dict[str, Any]]) -> str:
    text = json.dumps([row(one, name="DisplayName") for one in people], ensure_ascii=False)
    return script(
        "var x = JSON.parse('" + text.replace("\\", "\\\\").replace("'", "\\x27").replace("é", "\\u00e9") + "')"
    )


def object_literal(people: list[dict[str, Any]]) -> str:
    rows = ",\n".join(
        "{" + ", ".join(f"{key}: {quoted(text)}" for key, text in row(one, first="first", last="last").items()) + ",}"
        for one in people
    )
    return script(f"$(function () {{ show({{ready: function () {{}}, staff: [{rows}]}}); }});")


def called_function(people: list[dict[str, Any]]) -> str:
    rows = ",".join(
        f"{{name:{quoted(one['first'] + ' ' + one['last'])},position:{'abcdefghijkl'[number]},"
        f"email:{quoted(row(one)['email'])},phone:{quoted(phone(one))}}}"
        for number, one in enumerate(people)
    )
    values = ",".join(quoted(one["title"]) for one in people)
    names = ",".join("abcdefghijkl"[: len(people)])
    return script(f"window.__NUXT__=(function({names}){{return {{data:[{{staff:[{rows}]}}]}}}}({values}));")


def json_ld(people: list[dict[str, Any]]) -> str:
    rows = [
        {"@type": "Person", **row(one, first="givenName", last="familyName", title="jobTitle", phone="telephone")}
        for one in people
    ]
    return script(json.dumps({"@type": "School", "employee": rows}), 'type="application/ld+json"')


def keyed(people: list[dict[str, Any]]) -> str:
    rows = {f"p{number}": row(one) for number, one in enumerate(people)}
    return script(json.dumps({"props": {"faculty": rows}}), 'type="application/json" id="__NEXT_DATA__"')


def script(text: str, attributes: str = "") -> str:
    escaped = text.replace("</", "<\\/")
    return f"<script {attributes}>{escaped}</script>"


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.parametrize(
    "write",
    [
        json_script,
        nuxt_data,
        parsed_text,
        parsed_text_in_single_quotes,
        object_literal,
        called_function,
        json_ld,
        keyed,
    ],
)
@given(people=PEOPLE)
def test_people_are_read_back_from_every_kind_of_block(write: Writer, people: list[dict[str, Any]]) -> None:
    page = read_staff_page(f"<title>Staff</title><div id=app></div>{write(people)}", URL)
    assert page.outcome == "staff", page.reason
    assert [(who.name, who.title, who.email, who.phone) for who in page.people] == [
        (f"{one['first']} {one['last']}", one["title"], row(one)["email"], phone(one)) for one in people
    ]
    for who in page.people:
        assert all(value in who.snippet for value in (who.name, who.title, who.email, who.phone) if value)


@given(st.text(max_size=60))
def test_text_that_a_script_escapes_is_read_back(text: str) -> None:
    assert unescape(json.dumps(text)[1:-1]) == text
    assert unescape("".join(f"\\u{{{ord(letter):x}}}" for letter in text)) == text


@given(st.text(alphabet="ab[]{}(),:\"'\\/*` \n=;019.-x!", max_size=120), st.text(max_size=30))
def test_no_script_makes_the_reader_fail(text: str, other: str) -> None:
    for found in (
        text,
        f"staff = [{text}]",
        f"var a=JSON.parse('{text}')",
        f"x=(function(a){{return {{{text}}}}}({other}))",
    ):
        assert all(isinstance(value, dict | list) for _, value in find_literals(found))


JSON_VALUE = st.recursive(
    st.none() | st.integers() | st.floats() | st.booleans() | st.text(max_size=8) | st.just("Odalys Brightwater"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "title", "email", "phone", "ext", "department", "@type", "node", "people"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(JSON_VALUE)
def test_of_any_value_only_what_is_printed_in_it_is_said(value: Any) -> None:
    text = json.dumps(value)
    for one in PeopleSearch(value).people:
        printed = [one.record.name.text, one.record.title, one.record.department, *one.record.phones]
        assert all(plain_text(part) and json.dumps(part)[1:-1] in text for part in printed if part)


def test_a_walk_sees_each_value_once() -> None:
    def listing(count: int) -> dict[str, Any]:
        return {"staff": [{"name": "Ann Lee", "title": "Cook", "tags": [1, {"x": [2]}]} for _ in range(count)]}

    small, large = PeopleSearch(listing(1_000)).visited, PeopleSearch(listing(2_000)).visited
    assert large - small == small - PeopleSearch(listing(0)).visited


def test_two_megabytes_of_scripts_are_read_a_few_times_over_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    original = literals.read_literal

    def counted(text: str, start: int, names: dict[str, Any] | None = None) -> tuple[Any, int, bool]:
        nonlocal read
        value, end, complete = original(text, start, names)
        read += end - start
        return value, end, complete

    monkeypatch.setattr(literals, "read_literal", counted)
    for text in (
        "a=[{x:[" * 280_000,
        "f({a:1,b:[" + "{n:1}," * 330_000 + "g()]})",
        "name=[/*" * 250_000,
        "a=function(){" * 150_000 + "return [{b:1}]}()",
        'JSON.parse("[' * 150_000,
    ):
        read = 0
        assert list(find_literals(text)) is not None
        assert read <= 6 * len(text) + 20_000


def test_what_was_read_whole_is_not_read_again_in_parts() -> None:
    # The parts have lost the headings around them: "PTA" over a list of people, say.
    parsed = """x = JSON.parse('{"label":"PTA","people":[{"a":1}]}');"""
    text = parsed + """y = (function(a){return {label:a,people:[{b:1}]}}("PTA"))"""
    assert list(find_literals(text)) == [
        ("x", {"label": "PTA", "people": [{"a": 1}]}),
        ("y", {"label": "PTA", "people": [{"b": 1}]}),
    ]


def test_what_is_too_long_or_too_deep_is_left() -> None:
    assert decode_json("[" * 200_000) is None
    assert decode_json('"' + "x" * literals.LARGEST_LITERAL + '"') is None
    assert list(find_literals("x=[{a:1}];" + " " * literals.LARGEST_LITERAL)) == []
    people: Any = {"staff": [{"name": "Ann Lee", "title": "Cook"}, {"name": "Ben Ode", "title": "Nurse"}]}
    assert len(PeopleSearch(people).people) == 2
    for _ in range(DEEPEST_VALUE):
        people = [people]
    assert PeopleSearch(people).people == []


def test_pages_without_marks_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(reader, "find_blocks", fail)
    plain = "<h1>Staff</h1><p>Ann Lee, Principal</p><p>Ben Ode, Nurse</p><script>var a = {name: 1}; go(a[0])</script>"
    assert len(read_staff_page(plain, URL).people) == 2
    assert len(read_staff_page(plain.encode(), URL).people) == 2
    with pytest.raises(AssertionError):
        read_staff_page(plain + "<script>var b = [ {name: 1}]</script>", URL)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("full_name", "name"),
        ("FullName", "name"),
        ("firstName", "first"),
        ("staffLastName", "last"),
        ("jobTitle", "title"),
        ("contact_email", "email"),
        ("emailAddress", "email"),
        ("phone_number", "phone"),
        ("PhoneExt", "extension"),
        ("schoolName", None),
        ("homePhone", None),
        ("cell", None),
        ("filename", None),
    ],
)
def test_keys_are_known_in_every_spelling_and_private_numbers_are_not(key: str, kind: str | None) -> None:
    assert kind_of(key) == kind
    assert key_words("officePhoneURL") == "office phone url"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("hidden", ""),
        (" Private ", ""),
        ("<p>Math &amp; <b>Science</b></p>", "Math & Science"),
        ("a < b", "a < b"),
        (12, "12"),
        (True, ""),
        (None, ""),
        ("tab\there", "tab here"),
    ],
)
def test_values_are_read_as_a_visitor_would(raw: Any, text: str) -> None:
    assert plain_text(raw) == text


def test_fields_in_objects_inside_of_a_record_are_its_own() -> None:
    record = {"node": {"name": {"first": "Ann", "last": "Lee"}, "contact": {"email": "a@wexford.example"}}, "id": 4}
    assert {kind: [raw for _, raw in found] for kind, found in fields_of(record).items()} == {
        "first": ["Ann"],
        "last": ["Lee"],
        "email": ["a@wexford.example"],
    }


def test_one_object_alone_is_no_list_unless_it_is_typed() -> None:
    ann = {"name": "Ann Lee", "title": "Principal", "email": "alee@wexford.example"}
    assert PeopleSearch({"staff": [ann]}).people == []
    assert len(PeopleSearch({"staff": [{**ann, "@type": "Person"}]}).people) == 1
    assert parse_name("Ann Lee") is not None


def test_a_person_of_both_sides_keeps_the_text_and_gets_what_it_lacks() -> None:
    shown = Person("Ann Lee", "Ann", "Lee", email="lee@wexford.example", snippet="Ann Lee", path="/html")
    data = Person(
        "Lee, Ann", "Ann", "Lee", email="ann@wexford.example", phone="515-555-0101", snippet="x", path="script"
    )
    (merged,) = merge_people([shown], [data])
    assert (merged.name, merged.email, merged.phone) == ("Ann Lee", "lee@wexford.example", "515-555-0101")
    assert (merged.snippet, merged.path) == ("Ann Lee … Lee, Ann 515-555-0101", "/html + script")
    assert merge_people([shown], [data, data])[0].phone is None
    assert merge_people([shown], []) == [shown]
    assert merge_people([], [data]) == [data]
