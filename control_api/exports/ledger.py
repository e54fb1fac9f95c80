"""What the ledger is told of a file: its subject, filters, columns and purpose."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import msgspec

from control_api.exports.drafts import FileKind
from control_api.exports.layout import Preset
from control_api.problems import ApiError
from storage.exports import NewExport
from storage.filters import SchoolFilter, StaffFilter


class PurposeRequiredError(ApiError):
    """This deployment wants to know of every file of contacts what it is for."""

    code = "PURPOSE_REQUIRED"
    status = 422


def check_purpose(purpose: str | None, *, required: bool) -> None:
    """Refuses a file without a purpose where one is required.

    Raises:
        PurposeRequiredError: none was given.
    """
    if required and not (purpose or "").strip():
        raise PurposeRequiredError("Say with `purpose` what the file is for; the ledger of exports keeps it.")


def told(
    kind: FileKind,
    preset: Preset,
    wanted: StaffFilter | SchoolFilter,
    purpose: str | None,
    *,
    job_id: UUID | None = None,
) -> NewExport:
    """The ledger's line of a file."""
    return NewExport(
        subject="people" if isinstance(wanted, StaffFilter) else "schools",
        format=kind.format,
        preset=preset,
        raw=kind.look.raw,
        columns=list(kind.layout.headers),
        filters=_given(msgspec.to_builtins(wanted)),
        purpose=purpose,
        job_id=job_id,
    )


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    """The filters that were given, those of the schools among them."""
    given: dict[str, Any] = {}
    for name, value in filters.items():
        if name == "zips":
            continue  # those of a radius follow from it
        if isinstance(value, dict):
            inner = _given(cast("dict[str, Any]", value))
            given |= inner if name == "schools" or not inner else {name: inner}
        elif value is not None:
            given[name] = value
    return given
