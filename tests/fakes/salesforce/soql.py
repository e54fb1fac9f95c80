"""The little of SOQL that clients here ask for: `SELECT a, b FROM X WHERE c = 'v' AND d IN ('v', 'w') LIMIT n`."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.salesforce.ingest import RefusedRequestError
from tests.fakes.salesforce.org import Org, Record

_QUERY = re.compile(
    r"\s*SELECT\s+(?P<fields>[\w.,\s()]+?)\s+FROM\s+(?P<name>\w+)"
    r"(?:\s+WHERE\s+(?P<where>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(\w+)\s*(?:=\s*(true|false|'(?:\\.|[^'\\])*')|IN\s*\(([^)]*)\))", re.IGNORECASE)
_TEXT = re.compile(r"'((?:\\.|[^'\\])*)'")


def select(org: Org, query: str) -> list[dict[str, Any]]:
    """The records that a query names."""
    found = _QUERY.fullmatch(query)
    if found is None:
        raise RefusedRequestError(400, "MALFORMED_QUERY", f"unexpected token in {query[:80]}")
    name = found["name"]
    if name not in org.objects:
        raise RefusedRequestError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    fields = [part.strip() for part in found["fields"].split(",")]
    if unknown := [part for part in fields if part not in org.objects[name]]:
        raise RefusedRequestError(400, "INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{name}'.")
    wanted = _conditions(found["where"] or "")
    records = [one for one in org.records[name].values() if _matches(one, wanted)][: int(found["limit"] or 10**9)]
    return [{"attributes": {"type": name}} | {part: one.get(part) or None for part in fields} for one in records]


def _conditions(where: str) -> list[tuple[str, set[str]]]:
    conditions = list(_CONDITION.finditer(where))
    if re.sub(r"\s+AND\s+", "", _CONDITION.sub("", f" {where} "), flags=re.IGNORECASE).strip():
        raise RefusedRequestError(400, "MALFORMED_QUERY", f"unexpected token in {where[:80]}")
    return [(one[1], _values(one[2] or one[3])) for one in conditions]


def _values(text: str) -> set[str]:
    return {re.sub(r"\\(.)", r"\1", value) for value in _TEXT.findall(text)} or {text.lower()}


def _matches(record: Record, wanted: list[tuple[str, set[str]]]) -> bool:
    return all(record.get(name, "") in values for name, values in wanted)
