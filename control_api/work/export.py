"""`export_leads`: writes the people found to a CSV file in the blob store, school by school."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import msgspec

from control_api.exports.csv_lines import LEAD_COLUMNS, csv_header, csv_lines
from control_api.jobs.schemas import ExportLeads
from control_api.work.attempt import Attempt
from storage.filters import SchoolFilter, StaffFilter
from storage.jobs import JobState
from storage.leases import Settlement, fenced
from storage.search import lead_rows

EVENT_ROWS = 5_000
"""Rows between two events of progress."""


async def export_leads(attempt: Attempt) -> Settlement:
    """Writes the file anew from its first line: a killed attempt leaves nothing under the export's name."""
    params = msgspec.convert(attempt.lease.params, ExportLeads)
    blob = f"exports/{attempt.lease.job_id}/leads.csv"
    with tempfile.TemporaryDirectory(prefix="title1-export-") as folder:
        file = Path(folder) / "leads.csv"
        rows = await _write(attempt, params, file)
        if rows is None:
            return Settlement(JobState.QUEUED)
        await asyncio.to_thread(attempt.blobs.put_file, blob, file)
    return Settlement(JobState.SUCCEEDED, result={"blob": blob, "filename": "leads.csv", "rows": rows})


async def _write(attempt: Attempt, params: ExportLeads, file: Path) -> int | None:
    """Writes the leads and returns their number; None when stopped before the end."""
    wanted = StaffFilter(
        has_email=True if params.only_with_email else None,
        schools=SchoolFilter(state=params.state, document_id=params.document_id),
    )
    rows = 0
    with file.open("wb") as out:
        out.write(csv_header(LEAD_COLUMNS))
        async with attempt.database.tenant(attempt.lease.organization_id) as connection:
            async for row in lead_rows(connection, wanted):
                out.write(csv_lines(LEAD_COLUMNS, [row]))
                rows += 1
                if rows % EVENT_ROWS == 0:
                    await _tell(attempt, rows)
                    if attempt.stop.is_set():
                        return None
    await _tell(attempt, rows)
    return rows


async def _tell(attempt: Attempt, rows: int) -> None:
    async with fenced(attempt.database, attempt.lease) as step:
        await step.advance(done=rows)
        await step.event("progress", done=rows, rows=rows)
