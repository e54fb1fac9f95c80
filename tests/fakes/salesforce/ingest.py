"""Bulk API 2.0 ingest: jobs from `Open` to `JobComplete`, and their results."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.salesforce.org import RULE_ID, Org, RowError

LARGEST_UPLOAD_BYTES = 100 * 2**20
ENDED = ("JobComplete", "Failed", "Aborted")
_DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
_KEPT = timedelta(days=7)


class RefusedRequestError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(slots=True)
class IngestJob:
    """One job as it stands."""

    id: str
    operation: str
    object: str
    key_field: str | None
    rule: str | None
    delimiter: str
    line_ending: str
    version: str
    created_at: datetime
    state: str = "Open"
    uploads: list[bytes] = field(default_factory=list[bytes])
    polls: int = 0
    error: str = ""
    header: list[str] = field(default_factory=list[str])
    good: list[list[str]] = field(default_factory=list[list[str]])
    bad: list[list[str]] = field(default_factory=list[list[str]])
    rest: list[list[str]] = field(default_factory=list[list[str]])

    def told(self) -> dict[str, Any]:
        """The job as its routes tell it."""
        told: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": USER_ID,
            "createdDate": _stamp(self.created_at),
            "systemModstamp": _stamp(datetime.now(UTC)),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
            "jobType": "V2Ingest",
            "retries": 0,
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
            "numberRecordsProcessed": len(self.good) + len(self.bad),
            "numberRecordsFailed": len(self.bad),
        }
        told |= {"externalIdFieldName": self.key_field} if self.key_field else {}
        told |= {"assignmentRuleId": self.rule} if self.rule else {}
        return told | ({"errorMessage": self.error} if self.error else {})


USER_ID = "0055g000001AbCdEAK"


@dataclass(slots=True)
class Ingest:
    """All ingest jobs of an org."""

    org: Org
    polls: int = 2
    """Looks at a closed job before it is complete."""
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    jobs: dict[str, IngestJob] = field(default_factory=dict[str, IngestJob])
    batches: int = 0
    """Batches of 10,000 rows that were processed today."""

    def create(self, asked: dict[str, Any], version: str) -> dict[str, Any]:
        """A new job, `Open`."""
        name, operation = asked.get("object", ""), asked.get("operation", "")
        if name not in self.org.objects:
            raise RefusedRequestError(400, "INVALIDENTITY", f"{name} is not a supported object")
        if operation not in {"insert", "update", "upsert", "delete"}:
            raise RefusedRequestError(400, "INVALIDJOB", f"unknown operation {operation}")
        key_field: str | None = None
        if operation == "upsert":
            column = self.org.column(name, asked.get("externalIdFieldName") or "")
            if column is None or not (column.external_id or column.name == "Id"):
                raise RefusedRequestError(
                    400, "INVALIDJOB", "InvalidJob : Field name provided is not an external ID field"
                )
            key_field = column.name
        rule = asked.get("assignmentRuleId")
        if rule and rule != RULE_ID:
            raise RefusedRequestError(400, "INVALIDJOB", "InvalidJob : Invalid assignment rule id")
        delimiter, ending = asked.get("columnDelimiter", "COMMA"), asked.get("lineEnding", "LF")
        job = IngestJob(
            self.org.new_id("750"), operation, name, key_field, rule, delimiter, ending, version, datetime.now(UTC)
        )
        self.jobs[job.id] = job
        return job.told() | {"contentUrl": f"services/data/v{version}/jobs/ingest/{job.id}/batches"}

    def upload(self, job_id: str, content: bytes, content_type: str) -> None:
        """The data of a job, once."""
        job = self.job(job_id)
        if not content_type.startswith("text/csv"):
            raise RefusedRequestError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
        if job.state != "Open":
            raise RefusedRequestError(400, "INVALIDJOBSTATE", f"Job {job_id} is {job.state}")
        if job.uploads:
            raise RefusedRequestError(
                400,
                "INVALIDJOBSTATE",
                f"Found multiple contents for job: <{job_id}>, please 'Close' / 'Abort' / 'Delete' the current Job then"
                " create a new Job and make sure you only do 'PUT' once on a given Job.",
            )
        if len(content) > LARGEST_UPLOAD_BYTES:
            raise RefusedRequestError(413, "ERROR_HTTP_413", "The request entity is too large")
        job.uploads.append(content)

    def change(self, job_id: str, state: str) -> dict[str, Any]:
        """Closes or aborts a job."""
        job = self.job(job_id)
        allowed = {"UploadComplete": ("Open",), "Aborted": ("Open", "UploadComplete", "InProgress")}
        if job.state not in allowed.get(state, ()):
            raise RefusedRequestError(400, "INVALIDJOBSTATE", f"Job {job_id} cannot go from {job.state} to {state}")
        job.state = state
        return job.told()

    def look(self, job_id: str) -> dict[str, Any]:
        """The job; each look brings a closed one nearer to its end."""
        job = self.job(job_id)
        if job.state in {"UploadComplete", "InProgress"}:
            job.polls += 1
            job.state = "InProgress"
            if job.polls >= self.polls:
                self._process(job)
        return job.told()

    def listed(self) -> list[dict[str, Any]]:
        """All jobs that are kept."""
        return [job.told() for job in self.jobs.values()]

    def delete(self, job_id: str) -> None:
        """Forgets a job that is closed."""
        if self.job(job_id).state in {"Open", "InProgress"}:
            raise RefusedRequestError(400, "INVALIDJOBSTATE", f"Job {job_id} cannot be deleted")
        del self.jobs[job_id]

    def results(self, job_id: str, kind: str) -> str:
        """One of the three result files, its rows in no order."""
        job = self.job(job_id)
        if job.state not in ENDED:
            raise RefusedRequestError(404, "NOT_FOUND", f"Job {job_id} has no results yet")
        header, rows = {
            "successfulresults": (["sf__Id", "sf__Created", *job.header], job.good),
            "failedresults": (["sf__Id", "sf__Error", *job.header], job.bad),
            "unprocessedrecords": (job.header, job.rest),
        }[kind.casefold()]
        rows = self.chance.sample(rows, len(rows))
        return _csv([header, *rows], _DELIMITERS[job.delimiter], "\r\n" if job.line_ending == "CRLF" else "\n")

    def job(self, job_id: str) -> IngestJob:
        """A job by its id of 18 or 15 letters."""
        job = next((job for known, job in self.jobs.items() if known == job_id or known[:15] == job_id), None)
        if job is None or job.created_at < datetime.now(UTC) - _KEPT:
            raise RefusedRequestError(404, "NOT_FOUND", "The requested resource does not exist")
        return job

    def _process(self, job: IngestJob) -> None:
        rows = self._read(job)
        if job.error:
            job.state, job.rest = "Failed", rows
            return
        self.batches += -(-len(rows) // 10_000)
        seen: set[str] = set()
        for row in rows:
            values = dict(zip(job.header, row, strict=True))
            try:
                record_id, created = self._apply(job, values, seen)
                job.good.append([record_id, str(created).lower(), *row])
            except RowError as error:
                job.bad.append(["", str(error), *row])
        job.state = "JobComplete"  # also where every row failed

    def _apply(self, job: IngestJob, values: dict[str, str], seen: set[str]) -> tuple[str, bool]:
        if job.key_field:
            key = next(value for name, value in values.items() if name.casefold() == job.key_field.casefold())
            if key and key.casefold() in seen:
                raise RowError("DUPLICATE_EXTERNAL_ID", f"Duplicate external id specified: {key}", [job.key_field])
            seen.add(key.casefold())
        return self.org.write(job.object, job.key_field, values, rule=job.rule)

    def _read(self, job: IngestJob) -> list[list[str]]:
        """The rows of the upload; sets `error` where they cannot be processed."""
        ending = "\r\n" if job.line_ending == "CRLF" else "\n"
        try:
            text = b"".join(job.uploads).decode("utf-8")
        except UnicodeDecodeError:
            job.error = "InvalidBatch : Failed to parse CSV: not UTF-8"
            return []
        if ending == "\n" and "\r\n" in text:
            job.error = "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF"
            return []
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_DELIMITERS[job.delimiter]))
        if not rows:
            job.error = "InvalidBatch : Failed to parse CSV header"
            return []
        job.header, *rest = rows  # a byte order mark is a part of the first name, which is then unknown
        if unknown := [name for name in job.header if self.org.column(job.object, name) is None]:
            job.error = f"InvalidBatch : Field name not found : {unknown[0]}"
        elif job.key_field and job.key_field.casefold() not in {name.casefold() for name in job.header}:
            job.error = f"InvalidBatch : External ID field {job.key_field} is not a column"
        elif any(len(row) != len(job.header) for row in rest):
            job.error = "InvalidBatch : Failed to parse CSV: wrong number of columns"
        return rest


def _csv(rows: Iterable[list[str]], delimiter: str, ending: str) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    return written.getvalue()


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
