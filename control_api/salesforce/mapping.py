"""The mapping of people to fields of a Lead, checked against what the org itself says of its fields.

A custom mapping that does not fit is an error that names the field. A field of the default mapping that the org hides
from its user is left out and told.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import msgspec

from control_api.salesforce.errors import SalesforceMappingError
from control_api.salesforce.sources import DATES, DEFAULT_MAPPING, NUMBERS, SOURCES, sent_value
from storage.pushes import PushPerson

NEEDED = ("LastName", "Company")
"""Without these, Salesforce takes no Lead."""
DEFAULT_KEY_FIELD = "Title1_Id__c"
_KEY_LENGTH = len("t1-12345678-") + 19  # the longest id there can be
_TEXTS = frozenset(
    {"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox", "encryptedstring"}
)
_NEVER_CUT = frozenset({"email", "url", "picklist", "multipicklist"})
"""Cut to its length, such a value would be another one: it is left out instead."""
_NUMBERS = frozenset({"int", "double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class Column:
    """A field that is sent, and what the org takes in it."""

    name: str
    source: str
    type: str
    length: int
    choices: frozenset[str] | None
    """Of a restricted picklist: its values."""


@dataclass(frozen=True, slots=True)
class MappedRow:
    """A person as a row of an upload."""

    values: list[str]
    """In the order of the columns."""
    changed: list[str]
    """Fields whose value was cut or left out, since the org does not take it."""
    missing: str | None
    """A field that Salesforce needs and that is empty; the row is not sent."""

    @property
    def payload_hash(self) -> str:
        """SHA-256 of the values."""
        return hashlib.sha256(msgspec.json.encode(self.values)).hexdigest()


@dataclass(frozen=True, slots=True)
class LeadMapping:
    """A checked mapping."""

    key_field: str
    columns: tuple[Column, ...]
    notes: list[str] = field(default_factory=list[str])
    """What is left out, and why."""

    @property
    def header(self) -> list[str]:
        """The columns of an upload."""
        return [self.key_field, *(column.name for column in self.columns)]

    def row(self, person: PushPerson) -> MappedRow:
        """A person's values, as the org takes them."""
        values, changed = [person.key], list[str]()
        missing: str | None = None
        for column in self.columns:
            text = sent_value(column.source, person)
            fitting = _fitting(column, text)
            if fitting != text:
                changed.append(column.name)
            if not fitting and column.name in NEEDED:
                missing = missing or column.name
            values.append(fitting)
        return MappedRow(values, changed, missing)


def full_mapping(custom: dict[str, str | None]) -> dict[str, str]:
    """The default mapping with what differs from it; letter case of a field does not matter."""
    by_name = {name.casefold(): (name, source) for name, source in DEFAULT_MAPPING.items()}
    for name, source in custom.items():
        if source is None:
            by_name.pop(name.casefold(), None)
        else:
            by_name[name.casefold()] = (name, source)
    return dict(by_name.values())


def check_mapping(custom: dict[str, str | None], key_field: str, described: dict[str, Any]) -> LeadMapping:
    """The mapping as the org takes it.

    Args:
        custom: what differs from the default mapping.
        key_field: the external id field.
        described: the org's `describe` of Lead.

    Raises:
        SalesforceMappingError: something does not fit; the message names every such field.
    """
    fields = {str(one["name"]).casefold(): one for one in described.get("fields", [])}
    chosen = {name.casefold() for name in custom}
    faults, notes, columns = list[str](), list[str](), list[Column]()
    key = _checked_key(key_field, fields, faults)
    for name, source in full_mapping(custom).items():
        fault = _fault(name, source, fields, key_field)
        if fault is None:
            columns.append(_column(fields[name.casefold()], source))
        elif name.casefold() in chosen or name in NEEDED:
            faults.append(fault)
        else:
            notes.append(f"{fault} It is left out.")
    names = {column.name for column in columns}
    faults += [
        f"Nothing is mapped to {name}, which every Lead needs."
        for name in NEEDED
        if name not in names and name.casefold() in chosen and custom.get(name) is None
    ]
    if faults:
        raise SalesforceMappingError("The mapping does not fit the Salesforce org. " + " ".join(faults))
    return LeadMapping(key, tuple(columns), notes)


def check_sources(custom: dict[str, str | None]) -> None:
    """Checks what can be checked of a mapping without the org.

    Raises:
        SalesforceMappingError: a source is unknown, or a field's name is none.
    """
    for name, source in custom.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", name):
            raise SalesforceMappingError(f"{name!r} is no name of a field.")
        if source is not None and not source.startswith("=") and source not in SOURCES:
            raise SalesforceMappingError(
                f"{name}: there is no source {source!r}{_meant(source, SOURCES)}. The sources are"
                f" {', '.join(SOURCES)}; a text behind = is sent as it is."
            )


def _checked_key(key_field: str, fields: dict[str, Any], faults: list[str]) -> str:
    one = fields.get(key_field.casefold())
    if one is None:
        faults.append(
            f"There is no field {key_field} on Lead: make it in Setup (Text, length {_KEY_LENGTH} or more, External ID,"
            " Unique), and let the user see it."
        )
        return key_field
    if not one.get("externalId"):
        faults.append(f"{key_field} is no External ID: tick that in Setup.")
    elif one.get("type") != "string" or int(one.get("length") or 0) < _KEY_LENGTH:
        faults.append(f"{key_field} must be a text of at least {_KEY_LENGTH} letters.")
    elif not (one.get("createable") and one.get("updateable")):
        faults.append(f"The user may not write {key_field}: give the permission set edit access to it.")
    return str(one["name"])


def _fault(name: str, source: str, fields: dict[str, Any], key_field: str) -> str | None:
    """What does not fit about one field of the mapping."""
    one = fields.get(name.casefold())
    if name.casefold() == key_field.casefold():
        return f"{name} holds the external id and takes nothing else."
    if one is None:
        return f"There is no field {name} on Lead, or the user may not see it{_meant(name, _names(fields))}."
    if not (one.get("createable") and one.get("updateable")):
        return f"The user may not write {name}."
    constant = source[1:] if source.startswith("=") else None
    kind = one.get("type")
    if kind in _TEXTS or (kind == "reference" and constant is not None):
        choices = _choices(one)
        if constant and choices is not None and constant not in choices:
            return f"{name} takes only {', '.join(sorted(choices)[:20])}, not {constant!r}."
        return None
    fits = {
        "boolean": constant in {"true", "false"},
        "date": source in DATES or bool(constant and re.fullmatch(r"\d{4}-\d\d-\d\d", constant)),
        **dict.fromkeys(_NUMBERS, source in NUMBERS or bool(constant and re.fullmatch(r"-?\d+(\.\d+)?", constant))),
    }
    return None if fits.get(str(kind), False) else f"{name} is of the type {kind}, which {source!r} does not fit."


def _column(one: dict[str, Any], source: str) -> Column:
    return Column(str(one["name"]), source, str(one["type"]), int(one.get("length") or 0), _choices(one))


def _choices(one: dict[str, Any]) -> frozenset[str] | None:
    if not one.get("restrictedPicklist"):
        return None
    return frozenset(str(value["value"]) for value in one.get("picklistValues", []) if value.get("active"))


def _fitting(column: Column, text: str) -> str:
    """The value as the org takes it: cut to its length, or empty where it would be another one."""
    if column.choices is not None and text and text not in column.choices:
        return ""
    if column.length and len(text) > column.length:
        return "" if column.type in _NEVER_CUT else text[: column.length].rstrip()
    return text


def _names(fields: dict[str, Any]) -> list[str]:
    return [str(one["name"]) for one in fields.values()]


def _meant(word: str, known: Any) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
