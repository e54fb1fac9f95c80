"""Values on their way in: each with what was printed, what it means, and where it was seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import as_parameter, insert_many
from storage.models import Evidence

SNIPPET_CHARACTERS = 300
_MOST_KEPT = 10_000
"""Names whose key words are kept: those of a batch are asked for several times."""


class Sighting(msgspec.Struct, frozen=True):
    """One value of one field, seen in one place."""

    field: str
    printed: str
    value: str
    confidence: float
    box: list[float] | None = None
    """Left, top, right, bottom in points from the page's top left corner; documents only."""
    snippet: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The place and the work that a record's sightings share."""

    organization_id: UUID
    job_id: UUID | None
    """None where a person said it, outside any job."""
    attempt: int | None
    seen_at: datetime
    method: str
    document_id: UUID | None = None
    page: int | None = None
    row: int | None = None
    url: str | None = None

    @property
    def source(self) -> str:
        """The natural key of the place."""
        if self.document_id is not None and self.page is None:
            return f"document:{self.document_id}"
        if self.document_id is not None:
            return f"document:{self.document_id}:{self.page}:{self.row}"
        return self.url or self.method


@dataclass(frozen=True, slots=True)
class Seen:
    """What is to be kept as evidence of one record."""

    subject: str
    subject_id: int
    origin: Origin
    sightings: list[Sighting] = field(default_factory=list[Sighting])


async def store_evidence(connection: AsyncConnection, seen: Iterable[Seen]) -> None:
    """Writes the sightings of many records; one seen again in the same place is renewed."""
    rows: dict[tuple[str, int, str, str], dict[str, Any]] = {}
    for record in seen:
        origin = record.origin
        for sighting in record.sightings:
            rows[record.subject, record.subject_id, sighting.field, origin.source] = {
                "organization_id": origin.organization_id,
                "subject": record.subject,
                "subject_id": record.subject_id,
                "field": sighting.field,
                "source": origin.source,
                "printed": sighting.printed,
                "value": sighting.value,
                "document_id": origin.document_id,
                "page": origin.page,
                "box": sighting.box,
                "url": origin.url,
                "snippet": sighting.snippet[:SNIPPET_CHARACTERS] if sighting.snippet else None,
                "method": origin.method,
                "confidence": sighting.confidence,
                "seen_at": origin.seen_at,
                "job_id": origin.job_id,
                "attempt": origin.attempt,
            }
    if not rows:
        return
    stored = list(rows.values())
    new = insert_many(Evidence, *stored[0])
    renewed = ("printed", "value", "page", "box", "snippet", "method", "confidence", "seen_at", "job_id", "attempt")
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["subject", "subject_id", "field", "source"],
            set_={name: new.excluded[name] for name in renewed},
            # A page that was kept and is read again says nothing about what was seen there since.
            where=new.excluded.seen_at >= Evidence.__table__.c.seen_at,
        ),
        as_parameter(stored),
    )


@lru_cache(_MOST_KEPT)
def key_words(text: str | None) -> str:
    """Text as natural keys compare it: without case, accents and punctuation ("P.S. 12, José" → "p s 12 jose")."""
    decomposed = unicodedata.normalize("NFKD", text or "")
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(re.findall(r"[^\W_]+", plain.casefold()))
