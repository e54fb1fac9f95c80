"""Bulk API 2.0 ingest: one job is created, given its data once, closed, watched, and its results are read.

Each method is one request; none is repeated here but what changes nothing. Which of them was done is kept by the caller
(`control_api.work.push`), who therefore never sends the same data to two jobs that are closed.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec
import requests

from control_api.salesforce.client import SalesforceClient
from control_api.salesforce.errors import SalesforceRefusedError, SalesforceUnavailableError

LARGEST_UPLOAD_BYTES = 60 * 2**20
"""Salesforce takes 100 MB and counts generously."""
ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
_CHUNK_BYTES = 64 * 1024
_LISTED_PAGES = 20
ResultKind = Literal["successfulResults", "failedResults", "unprocessedrecords"]


class IngestState(StrEnum):
    """Salesforce's words for how far a job is."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    COMPLETE = "JobComplete"
    """All rows were tried; every one of them may have failed."""
    FAILED = "Failed"
    ABORTED = "Aborted"


@dataclass(frozen=True, slots=True)
class NewIngest:
    """A job that is asked for."""

    object: str
    operation: Literal["upsert", "insert"]
    key_field: str | None = None
    assignment_rule_id: str | None = None


class IngestInfo(msgspec.Struct, frozen=True, rename="camel"):
    """A job as Salesforce tells it."""

    id: str
    state: str
    object: str = ""
    operation: str = ""
    created_by_id: str = ""
    created_date: str = ""
    external_id_field_name: str | None = None
    number_records_processed: int = 0
    number_records_failed: int = 0
    error_message: str | None = None

    @property
    def created_at(self) -> datetime:
        """When, by Salesforce's clock."""
        return datetime.fromisoformat(self.created_date)


class BulkIngest:
    """The ingest jobs of one org."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client

    def create(self, new: NewIngest) -> IngestInfo:
        """A new job. Without its answer nobody knows whether there is one: see `left_open`."""
        asked: dict[str, Any] = {
            "object": new.object,
            "operation": new.operation,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        if new.key_field:
            asked["externalIdFieldName"] = new.key_field
        if new.assignment_rule_id:
            asked["assignmentRuleId"] = new.assignment_rule_id
        return _info(self._client.call("POST", "jobs/ingest", json=asked))

    def upload(self, job_id: str, content: bytes) -> None:
        """Gives a job its data; Salesforce takes it once."""
        self._client.call(
            "PUT", f"jobs/ingest/{job_id}/batches", content=content, headers={"Content-Type": "text/csv; charset=UTF-8"}
        )

    def close(self, job_id: str) -> IngestInfo:
        """Says that the data is complete: from now on Salesforce works on it."""
        return _info(self._client.call("PATCH", f"jobs/ingest/{job_id}", json={"state": IngestState.UPLOAD_COMPLETE}))

    def abort(self, job_id: str) -> IngestInfo:
        """Ends a job; one that was not closed has then changed nothing. The job as it is where that is too late."""
        try:
            return _info(self._client.call("PATCH", f"jobs/ingest/{job_id}", json={"state": IngestState.ABORTED}))
        except SalesforceRefusedError as error:
            if error.http_status != 400:
                raise
            return self.info(job_id)

    def info(self, job_id: str) -> IngestInfo:
        """How far a job is."""
        return _info(self._client.call("GET", f"jobs/ingest/{job_id}"))

    def left_open(self, new: NewIngest, since: datetime, until: datetime) -> list[IngestInfo]:
        """Open jobs like this one that our user made in that time: one whose answer was lost is among them."""
        user = self._client.user_id()
        return [
            job
            for job in self._listed()
            if job.state == IngestState.OPEN
            and (job.object, job.operation, job.external_id_field_name) == (new.object, new.operation, new.key_field)
            and job.created_by_id[:15] == user
            and since <= job.created_at <= until
        ]

    def results(self, job_id: str, kind: ResultKind) -> Iterator[dict[str, str]]:
        """The rows of one of the three result files as they arrive, in no order."""
        response = self._client.call(
            "GET", f"jobs/ingest/{job_id}/{kind}/", headers={"Accept": "text/csv"}, stream=True
        )
        try:
            yield from csv.DictReader(_lines(response.iter_content(_CHUNK_BYTES)))
        except requests.RequestException as error:
            raise SalesforceUnavailableError("Salesforce broke off the results of an upload.") from error
        finally:
            response.close()

    def _listed(self) -> Iterator[IngestInfo]:
        params: dict[str, str] | None = {"jobType": "V2Ingest"}
        for _ in range(_LISTED_PAGES):
            page = self._client.call("GET", "jobs/ingest", params=params).json()
            yield from (msgspec.convert(job, IngestInfo) for job in page.get("records", []))
            following = page.get("nextRecordsUrl")
            if page.get("done", True) or not following:
                return
            params = {"jobType": "V2Ingest", "queryLocator": str(following).rpartition("queryLocator=")[2]}


def csv_content(columns: list[str], rows: Iterable[list[str]]) -> tuple[bytes, int]:
    """Rows as the data of a job, and how many of them: those that find room below the largest upload.

    UTF-8 without a byte order mark, LF, in the order of `columns`; nothing is defused for spreadsheets, since a
    telephone number may begin with +.
    """
    written = _Written()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        before = len(written.content)
        writer.writerow(row)
        if len(written.content) > LARGEST_UPLOAD_BYTES and count:
            del written.content[before:]
            break
        count += 1
    return bytes(written.content), count


class _Written:
    """A file in memory that counts in bytes."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, text: str) -> None:
        self.content += text.encode()


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines with their ends. Split at LF alone: a value may hold U+2028 and the like. UTF-8 whatever is declared."""
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")(errors="replace"), ""
    for chunk in chunks:
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (f"{line}\n" for line in lines)
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


def _info(response: requests.Response) -> IngestInfo:
    try:
        return msgspec.json.decode(response.content, type=IngestInfo)
    except msgspec.DecodeError as error:
        raise SalesforceUnavailableError("Salesforce answered something that is no answer of its API.") from error
