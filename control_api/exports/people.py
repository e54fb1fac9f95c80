"""The columns of people, for every format and preset. Only what was seen is in them: nothing that could be guessed."""

from __future__ import annotations

from control_api.exports.layout import Column, Kind, Layout, Preset, layout_of
from control_api.exports.notices import notice_codes
from storage.filters import StaffFilter
from storage.leads import LeadFilter

_LEAD, _LETTER = Preset.SALESFORCE, Preset.MAIL_MERGE

# Lengths are those of Salesforce's Lead; a line of it must have Last Name and Company.
PEOPLE = (
    Column("school", width=32, named={_LEAD: "Company", _LETTER: "School"}, most=255),
    Column("district", width=28, named={_LETTER: "District"}),
    Column("address", width=28, named={_LEAD: "Street", _LETTER: "Address"}, most=255),
    Column("city", width=18, named={_LEAD: "City", _LETTER: "City"}, most=40),
    Column("county", width=16),
    Column("state", width=7, named={_LEAD: "State/Province", _LETTER: "State"}, most=80),
    Column("zip", width=11, named={_LEAD: "Zip/Postal Code", _LETTER: "ZIP Code"}, most=20),
    Column("nces_id", width=14),
    Column("title1_status", width=14),
    Column("website", width=32, named={_LEAD: "Website"}, most=255, whole=True),
    Column("name", width=26, named={_LETTER: "Full Name"}),
    Column("honorific", width=10, named={_LEAD: "Salutation"}, most=40),
    Column("first_name", width=14, named={_LEAD: "First Name", _LETTER: "First Name"}, most=40),
    Column("middle_name", width=14),
    Column("last_name", width=16, named={_LEAD: "Last Name", _LETTER: "Last Name"}, most=80),
    Column("suffix", width=8),
    Column("credentials", Kind.TEXTS, width=14),
    Column("nickname", width=12),
    Column("title", width=30, named={_LEAD: "Title", _LETTER: "Title"}, most=128),
    Column("role", width=18),
    Column("subjects", Kind.TEXTS, width=16),
    Column("grades", Kind.TEXTS, width=10),
    Column("department", width=18),
    Column("email", width=32, named={_LEAD: "Email", _LETTER: "Email"}, most=80, whole=True),
    Column("email_state", width=12),
    Column("email_check", width=12),
    Column("phone", width=18, named={_LEAD: "Phone", _LETTER: "Phone"}, most=40, whole=True),
    Column("extension", width=10),
    Column("source_url", width=40, named={_LEAD: "Description"}, most=32_000, whole=True),
    Column("last_seen", Kind.TIME, width=18),
    Column("left_at", Kind.TIME, width=18),
    Column("confidence", Kind.NUMBER, width=11),
    Column(
        "notices", Kind.TEXTS, width=16, named={_LETTER: "Notices"}, value=lambda lead: notice_codes(str(lead.state))
    ),
    Column("evidence", Kind.NESTED),
)


def people_layout(preset: Preset, *, nested: bool) -> Layout:
    """The columns of a file of people."""
    return layout_of("People", PEOPLE, preset, nested=nested)


def people_wanted(people: StaffFilter, preset: Preset) -> LeadFilter:
    """The lines of a file of people."""
    return LeadFilter(people, each_once=preset.each_once, reachable=preset is Preset.MAIL_MERGE)
