"""What of a person becomes which value, and what is kept of Salesforce's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from control_api.salesforce.mapping import LeadMapping, check_mapping, full_mapping
from control_api.salesforce.sources import SOURCES, sent_value
from control_api.salesforce.verdicts import verdict
from storage.pushes import PushPerson
from tests.fakes.salesforce.org import EXTERNAL_ID, Org

FIELDS = [one.described() for one in Org().objects["Lead"].values()]
NOTHING: dict[str, Any] = dict.fromkeys(PushPerson.__dataclass_fields__)


def person(**values: Any) -> PushPerson:
    known: dict[str, Any] = NOTHING | {
        "number": 1,
        "key": "t1-1",
        "last_name": "Núñez",
        "school": "Alder Elementary",
        "state": "TX",
        "phone": "+1 555 0100",
        "extension": "12",
        "subjects": ["math", "science"],
        "source_url": "https://alder.example/staff",
        "last_seen": datetime(2026, 3, 2, tzinfo=UTC),
        "confidence": 0.91234,
    }
    return PushPerson(**known | values)


def mapped(custom: dict[str, str | None], **values: Any) -> tuple[dict[str, str], list[str], str | None]:
    mapping: LeadMapping = check_mapping(custom, EXTERNAL_ID, {"fields": FIELDS})
    row = mapping.row(person(**values))
    named = dict(zip(mapping.header, row.values, strict=True))
    return {name: value for name, value in named.items() if value}, row.changed, row.missing


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("state_name", "Texas"),
        ("phone", "+1 555 0100 x12"),
        ("subjects", "math; science"),
        ("last_seen", "2026-03-02"),
        ("confidence", "0.912"),
        ("description", "Published at https://alder.example/staff, seen 2026-03-02."),
        ("first_name", ""),
        ("==1", "=1"),
        ("=#N/A", ""),
        ("= a\x00b\x1b ", "ab"),
    ],
)
def test_a_source_gives_a_text_and_never_one_that_takes_a_value_away(source: str, value: str) -> None:
    assert sent_value(source, person()) == value


def test_every_source_gives_a_text_for_somebody_of_whom_nothing_is_known() -> None:
    known: dict[str, Any] = NOTHING | {"number": 1, "key": "k"}
    nobody = PushPerson(**known)
    assert {sent_value(source, nobody) for source in SOURCES if source != "country"} == {""}


def test_texts_are_cut_and_what_would_be_another_value_is_left_out() -> None:
    long = f"{'a' * 80}@alder.example"
    values, changed, missing = mapped(
        {"Rating": "role"}, title="T" * 130, email=long, email_state="published", role="teacher", city="Katy " * 9
    )
    assert (len(values["Title"]), values["City"], "Email" in values) == (128, ("Katy " * 8).strip(), False)
    assert (sorted(changed), missing) == (["City", "Email", "Rating", "Title"], None)
    assert mapped({}, school=" ")[2] == "Company"
    assert mapped({}, last_name="#N/A")[2] == "LastName"


def test_a_field_of_the_default_mapping_that_the_org_hides_is_left_out_and_told() -> None:
    hidden = {"fields": [one for one in FIELDS if one["name"] != "Website"]}
    mapping = check_mapping({}, EXTERNAL_ID.upper(), hidden)
    assert (mapping.key_field, "Website" in mapping.header) == (EXTERNAL_ID, False)
    assert mapping.notes == ["There is no field Website on Lead, or the user may not see it. It is left out."]
    assert full_mapping({"website": "=x", "STREET": None}).items() >= {"website": "=x"}.items()


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (
            "STRING_TOO_LONG:Title: data value too large: Head of Núñez (max length=9):Title --",
            ("error", "STRING_TOO_LONG", "Title: data value too large: … (max length=9):Title", False),
        ),
        ("UNABLE_TO_LOCK_ROW:unable to obtain:--", ("error", "UNABLE_TO_LOCK_ROW", "unable to obtain", True)),
        (
            "DUPLICATES_DETECTED:Use one of these records?:--",
            ("duplicate", "DUPLICATES_DETECTED", "Use one of these records?", False),
        ),
        ("", ("error", "UNKNOWN", "", False)),
    ],
)
def test_of_an_error_its_code_and_words_are_kept_without_values(error: str, kept: tuple[Any, ...]) -> None:
    told = verdict(error, ["Núñez", "Head of Núñez", "TX", ""])
    assert tuple(told[name] for name in ("state", "code", "message", "retryable")) == kept


def test_whoever_is_a_member_already_is_one() -> None:
    assert verdict("DUPLICATE_VALUE:Already a campaign member.:--", [], member=True)["state"] == "member"
    assert verdict("INVALID_CROSS_REFERENCE_KEY:no:--", [], member=True)["state"] == "error"
