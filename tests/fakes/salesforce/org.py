"""What an org holds and enforces: objects, fields, records, and the errors of rows that it refuses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, str]
EXTERNAL_ID = "Title1_Id__c"
RULE_ID = "01Q5g000000AbCdEAK"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_PREFIXES = {"Lead": "00Q", "Campaign": "701", "CampaignMember": "00v", "Organization": "00D", "AssignmentRule": "01Q"}


class RowError(Exception):
    """A row that is refused, in Salesforce's words."""

    def __init__(self, code: str, message: str, fields: Iterable[str] = ()) -> None:
        super().__init__(f"{code}:{message}:{','.join(fields)} --")


@dataclass(frozen=True, slots=True)
class Field:
    """A field as `describe` tells it."""

    name: str
    type: str = "string"
    length: int = 0
    writable: bool = True
    required: bool = False
    external_id: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    refers_to: str = ""

    def described(self) -> dict[str, Any]:
        """The field's part of a `describe`."""
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "createable": self.writable,
            "updateable": self.writable,
            "nillable": not self.required,
            "defaultedOnCreate": False,
            "externalId": self.external_id,
            "unique": self.external_id,
            "caseSensitive": False,
            "idLookup": self.external_id or self.name == "Id",
            "restrictedPicklist": self.restricted,
            "picklistValues": [
                {"active": True, "defaultValue": False, "label": value, "value": value} for value in self.values
            ],
            "referenceTo": [self.refers_to] if self.refers_to else [],
            "relationshipName": self.refers_to or None,
        }


def _objects() -> dict[str, dict[str, Field]]:
    lead = (
        Field("Id", "id", 18, writable=False),
        Field("FirstName", length=40),
        Field("LastName", length=80, required=True),
        Field("Name", length=121, writable=False),
        Field("Salutation", "picklist", 40, values=("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")),
        Field("Title", length=128),
        Field("Company", length=255, required=True),
        Field("Email", "email", 80),
        Field("Phone", "phone", 40),
        Field("Street", "textarea", 255),
        Field("City", length=40),
        Field("State", length=80),
        Field("PostalCode", length=20),
        Field("Country", length=80),
        Field("Website", "url", 255),
        Field("LeadSource", "picklist", 255, values=("Web", "Purchased List", "Other")),
        Field("Status", "picklist", 255, values=("Open", "Working", "Closed")),
        Field("Rating", "picklist", 255, values=("Hot", "Warm", "Cold"), restricted=True),
        Field("Description", "textarea", 32_000),
        Field("DoNotCall", "boolean"),
        Field("NumberOfEmployees", "int"),
        Field("OwnerId", "reference", 18, writable=False, refers_to="User"),
        Field(EXTERNAL_ID, length=40, external_id=True),
        Field("Source_Key__c", length=10, external_id=True),
        Field("Role__c", length=40),
    )
    member = (
        Field("Id", "id", 18, writable=False),
        Field("CampaignId", "reference", 18, required=True, refers_to="Campaign"),
        Field("LeadId", "reference", 18, required=True, refers_to="Lead"),
        Field("Status", "picklist", 40, values=("Sent", "Responded")),
    )
    others = {
        "Campaign": (Field("Id", "id", 18, writable=False), Field("Name", length=80)),
        "Organization": (Field("Id", "id", 18, writable=False), Field("Name", length=80), Field("IsSandbox")),
        "AssignmentRule": (Field("Id", "id", 18, writable=False), Field("Name", length=80), Field("Active")),
    }
    return {
        name: {one.name: one for one in fields}
        for name, fields in {"Lead": lead, "CampaignMember": member, **others}.items()
    }


@dataclass(slots=True)
class Org:
    """The records of one org. Every write goes through `write`, which refuses as Salesforce refuses."""

    objects: dict[str, dict[str, Field]] = field(default_factory=_objects)
    records: dict[str, dict[str, Record]] = field(default_factory=dict[str, dict[str, Record]])
    writes: Counter[str] = field(default_factory=Counter[str])
    """How often a lead with this external id was written."""
    locked: Counter[str] = field(default_factory=Counter[str])
    """Leads, by external id, whose next writes fail because somebody else holds the record."""
    duplicate_rule: bool = False
    """Refuse a lead whose e-mail address another lead has."""
    assigned: Counter[str] = field(default_factory=Counter[str])
    """Leads that an assignment rule was asked to assign, by the rule's id."""
    _numbers: Counter[str] = field(default_factory=Counter[str])
    _by_key: dict[tuple[str, str, str], list[Record]] = field(default_factory=dict[tuple[str, str, str], list[Record]])
    _memberships: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def __post_init__(self) -> None:
        self.records = {name: {} for name in self.objects}
        self.add("Organization", Name="Acme", IsSandbox="false")
        self.records["AssignmentRule"][RULE_ID] = {"Id": RULE_ID, "Name": "Standard", "Active": "true"}

    @property
    def leads(self) -> list[Record]:
        return list(self.records["Lead"].values())

    @property
    def members(self) -> list[Record]:
        return list(self.records["CampaignMember"].values())

    def add(self, name: str, **values: str) -> str:
        """A record that is there before the test begins; its id."""
        record_id = self.new_id(_PREFIXES[name])
        self.records[name][record_id] = {"Id": record_id, **values}
        self._index(name, self.records[name][record_id])
        return record_id

    def lead(self, key: str) -> Record:
        """The one lead with this external id."""
        [found] = [lead for lead in self.leads if lead.get(EXTERNAL_ID) == key]
        return found

    def column(self, name: str, header: str) -> Field | None:
        """The field that a column of an upload means; None if there is none. Letter case does not matter."""
        relation, dot, inner = header.partition(".")
        fields = self.objects[name]
        if dot:
            owner = next((one for one in fields.values() if one.refers_to.casefold() == relation.casefold()), None)
            return self.column(owner.refers_to, inner) if owner and owner.refers_to in self.objects else None
        return next((one for one in fields.values() if one.name.casefold() == header.casefold()), None)

    def write(
        self, name: str, key_field: str | None, row: dict[str, str], *, rule: str | None = None
    ) -> tuple[str, bool]:
        """Writes a row as a new record, or over the one with the same key; its id, and whether it is new."""
        row = self._resolved(name, row)
        key = row.get(key_field, "") if key_field else ""
        if key_field and not key:
            raise RowError("MISSING_ARGUMENT", f"{key_field} not specified", [key_field])
        if name == "Lead" and self.locked[key] > 0:
            self.locked[key] -= 1
            raise RowError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        # What is empty is ignored; only #N/A takes a value away.
        given = {column: value for column, value in row.items() if value}
        known = self._with_key(name, key_field, key) if key_field else None
        self._check_values(name, given)
        if known is None:
            self._check_required(name, given)
        if name == "Lead" and self.duplicate_rule:
            self._check_duplicates(given, known)
        if name == "CampaignMember":
            self._check_member(given)
        record = known if known is not None else {"Id": self.new_id(_PREFIXES[name])}
        record.update({column: value for column, value in given.items() if value != "#N/A"})
        for column in [column for column, value in given.items() if value == "#N/A"]:
            record.pop(column, None)
        self.records[name][record["Id"]] = record
        if known is None:
            self._index(name, record)
        if name == "Lead":
            self.writes[key] += 1
            self.assigned[rule or ""] += 1
        return record["Id"], known is None

    def new_id(self, prefix: str) -> str:
        """An id of 15 letters with the three that make it safe where letter case is lost."""
        self._numbers[prefix] += 1
        short = f"{prefix}5g0{self._numbers[prefix]:09d}"
        suffix = "".join(
            _LETTERS[sum(1 << place for place, letter in enumerate(short[at : at + 5]) if letter.isupper())]
            for at in (0, 5, 10)
        )
        return short + suffix

    def _resolved(self, name: str, row: dict[str, str]) -> dict[str, str]:
        """The row by the fields' own names, with `Lead.Key__c` turned into `LeadId`."""
        found: dict[str, str] = {}
        for header, value in row.items():
            relation, dot, inner = header.partition(".")
            if dot:
                column = self.column(relation, inner)
                other = self._with_key(relation, column.name if column else inner, value)
                if other is None:
                    raise RowError(
                        "INVALID_FIELD",
                        f"Foreign key external ID: {value} not found for field {inner} in entity {relation}",
                    )
                found[f"{relation}Id"] = other["Id"]
            elif (column := self.column(name, header)) is not None:
                found[column.name] = value
        return found

    def _with_key(self, name: str, key_field: str, key: str) -> Record | None:
        matches = self._by_key.get((name, key_field, key.casefold()), [])
        if len(matches) > 1:
            raise RowError("DUPLICATE_EXTERNAL_ID", f"More than one record found for external id field: {key}")
        return matches[0] if matches else None

    def _index(self, name: str, record: Record) -> None:
        for column, one in self.objects[name].items():
            if one.external_id and (key := record.get(column)):
                self._by_key.setdefault((name, column, key.casefold()), []).append(record)
        if name == "CampaignMember":
            self._memberships.add((record["CampaignId"], record["LeadId"]))

    def _check_values(self, name: str, given: dict[str, str]) -> None:
        for column, value in given.items():
            one = self.objects[name][column]
            if not one.writable:
                raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {column}", [column])
            if value == "#N/A":
                continue
            if one.length and len(value) > one.length:
                raise RowError(
                    "STRING_TOO_LONG", f"{column}: data value too large: {value} (max length={one.length})", [column]
                )
            if one.type == "email" and not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", value):
                raise RowError("INVALID_EMAIL_ADDRESS", f"{column}: invalid email address: {value}", [column])
            if one.restricted and value not in one.values:
                raise RowError(
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    f"{column}: bad value for restricted picklist field: {value}",
                    [column],
                )

    def _check_required(self, name: str, given: dict[str, str]) -> None:
        missing = [one.name for one in self.objects[name].values() if one.required and not given.get(one.name)]
        if missing:
            raise RowError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)

    def _check_duplicates(self, given: dict[str, str], known: Record | None) -> None:
        email = given.get("Email", "").casefold()
        others = (lead for lead in self.leads if lead is not known)
        if email and any(lead.get("Email", "").casefold() == email for lead in others):
            raise RowError("DUPLICATES_DETECTED", "Use one of these records?")

    def _check_member(self, given: dict[str, str]) -> None:
        if given["CampaignId"] not in self.records["Campaign"]:
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["CampaignId"])
        if (given["CampaignId"], given["LeadId"]) in self._memberships:
            raise RowError("DUPLICATE_VALUE", "Already a campaign member.")
