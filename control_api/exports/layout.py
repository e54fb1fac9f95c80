"""What a file has: columns with their names, types and values, chosen and named by a preset.

A table of columns is declared once for each subject (`people`, `schools`, `lists`); every format and preset uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec

Value = Any
"""Of a cell: text, list of texts, whole number, number, time, list of evidence, or None."""


class Kind(StrEnum):
    """The type of a column's values; None may stand for any of them."""

    TEXT = "text"
    TEXTS = "texts"
    WHOLE = "whole number"
    NUMBER = "number"
    TIME = "time"
    YES_NO = "yes or no"
    NESTED = "nested"
    """Lists and objects; only JSON has such columns."""


class Preset(StrEnum):
    """Which columns a file has, and what they are called."""

    PLAIN = "plain"
    """All columns, a line for each school that a person works at."""
    SALESFORCE = "salesforce"
    """The fields of a Lead, by the names that Salesforce's import wizard knows; each person once."""
    MAIL_MERGE = "mail_merge"
    """What a letter needs; each person once, and only with an e-mail or a postal address."""

    @property
    def each_once(self) -> bool:
        """Whether a person has one line, however many schools they work at."""
        return self is not Preset.PLAIN

    @property
    def raw(self) -> bool:
        """Whether its files are for a program: an apostrophe before `+1 …` would end up in the records."""
        return self is Preset.SALESFORCE


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a subject."""

    key: str
    """Its name in the preset `plain`, and the attribute of a record that it shows."""
    kind: Kind = Kind.TEXT
    width: int = 14
    """Of a spreadsheet's column, in characters."""
    named: dict[Preset, str] = field(default_factory=dict[Preset, str])
    """Its names in other presets; it has no place in those that are not there."""
    most: int | None = None
    """Characters that Salesforce's field takes."""
    whole: bool = False
    """A longer value is left out there: a piece of an address is another address."""
    value: Callable[[Any], Value] | None = None
    """How it is made from a record; default: the attribute `key`."""

    def header(self, preset: Preset) -> str | None:
        """Its name in a preset; None where it is not part of it."""
        return self.key if preset is Preset.PLAIN else self.named.get(preset)

    def reader(self, preset: Preset) -> Callable[[Any], Value]:
        """The function from a record to the value in a preset."""
        read = self.value or _attribute(self.key)
        if preset is not Preset.SALESFORCE or self.most is None:
            return read
        return _cut(read, self.most, whole=self.whole)


@dataclass(frozen=True, slots=True)
class Field:
    """A column as one file has it."""

    header: str
    kind: Kind
    width: int
    value: Callable[[Any], Value]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one file."""

    title: str
    fields: tuple[Field, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(field.header for field in self.fields)

    def rows(self, records: Iterable[object]) -> list[tuple[Value, ...]]:
        """The records' values in the order of the columns."""
        readers = [field.value for field in self.fields]
        return [tuple(read(record) for read in readers) for record in records]


def layout_of(title: str, columns: Iterable[Column], preset: Preset = Preset.PLAIN, *, nested: bool = False) -> Layout:
    """The layout of a file; columns with nested values only where the format has such."""
    fields = [
        Field(header, column.kind, column.width, column.reader(preset))
        for column in columns
        if (header := column.header(preset)) is not None and (nested or column.kind is not Kind.NESTED)
    ]
    return Layout(title, tuple(fields))


def columns_of(view: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns of a list whose lines are views of this type: one a field, in their order."""
    return tuple(Column(field.name, _kind_of(field.type)) for field in msgspec.structs.fields(view))


_KINDS: dict[Any, Kind] = {
    int: Kind.WHOLE,
    float: Kind.NUMBER,
    bool: Kind.YES_NO,
    datetime: Kind.TIME,
    str: Kind.TEXT,
    UUID: Kind.TEXT,
    list[str]: Kind.TEXTS,
}


def _kind_of(of_type: Any) -> Kind:
    """The kind of a field's values; what is neither plain nor a list of texts is nested."""
    if get_origin(of_type) in {Union, UnionType}:
        (of_type,) = (
            (one for one in get_args(of_type) if one is not NoneType) if len(get_args(of_type)) == 2 else (dict,)
        )
    if get_origin(of_type) is Literal or (isinstance(of_type, type) and issubclass(of_type, StrEnum)):
        return Kind.TEXT
    return _KINDS.get(of_type, Kind.NESTED)


def _attribute(key: str) -> Callable[[Any], Value]:
    return lambda record: getattr(record, key)


def _cut(read: Callable[[Any], Value], most: int, *, whole: bool) -> Callable[[Any], Value]:
    def cut(record: Any) -> Value:
        value = read(record)
        if not isinstance(value, str) or len(value) <= most:
            return value
        return None if whole else value[:most]

    return cut
