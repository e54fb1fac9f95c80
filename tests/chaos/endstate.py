"""What a run left in its database, without numbers and times that are the run's own, so that two runs can be compared.

Rows are taken whole, column by column, so that a column that is added later is compared too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import msgspec

from tests.end_to_end.product import Product
from tests.end_to_end.test_pipeline import VISITS_WITHOUT_A_BODY

_IDENTITY = """
    CASE WHEN m.identity LIKE 'school:%'
    THEN (SELECT s.identity FROM school s WHERE 'school:' || s.id = split_part(m.identity, '|', 1))
        || '|' || split_part(m.identity, '|', 2)
    ELSE m.identity END
"""
"""Who a person is, where the row says it by the number of a school."""

TABLES = {
    "schools": """
        SELECT to_jsonb(s) - '{id,organization_id,first_seen,last_seen}'::text[] FROM school s
    """,
    "links": """
        SELECT to_jsonb(l) - '{school_id,organization_id,document_id,linked_at}'::text[]
            || jsonb_build_object('school', s.identity)
        FROM school_link l JOIN school s ON s.id = l.school_id
    """,
    "websites": """
        SELECT to_jsonb(w) - '{id,organization_id,school_id,fetched_at,job_id}'::text[]
            || jsonb_build_object('school', s.identity)
        FROM website w JOIN school s ON s.id = w.school_id
    """,
    "people": f"""
        SELECT to_jsonb(m) - '{{id,organization_id,first_seen,last_seen}}'::text[]
            || jsonb_build_object('identity', {_IDENTITY})
        FROM staff_member m
    """,
    "posts": f"""
        SELECT to_jsonb(p) - '{{staff_member_id,organization_id,school_id,first_seen,last_seen,job_id}}'::text[]
            || jsonb_build_object('person', {_IDENTITY}, 'name', m.name, 'email', m.email, 'school', s.identity)
        FROM staff_post p JOIN staff_member m ON m.id = p.staff_member_id JOIN school s ON s.id = p.school_id
    """,
    "evidence": f"""
        SELECT to_jsonb(e) - '{{id,organization_id,subject_id,source,document_id,seen_at,job_id,attempt}}'::text[]
            || jsonb_build_object('of', coalesce(s.identity, {_IDENTITY}))
        FROM evidence e
        LEFT JOIN school s ON e.subject = 'school' AND s.id = e.subject_id
        LEFT JOIN staff_member m ON e.subject = 'staff' AND m.id = e.subject_id
    """,
    "targets": """
        SELECT to_jsonb(t) - '{organization_id,job_id,school_id,updated_at}'::text[]
            || jsonb_build_object('job', j.kind, 'school', s.identity)
        FROM target t JOIN job j ON j.id = t.job_id JOIN school s ON s.id = t.school_id
    """,
    "page visits": """
        SELECT to_jsonb(v) - '{organization_id,job_id,school_id,fetched_at}'::text[]
            || jsonb_build_object('job', j.kind, 'school', s.identity)
        FROM page_visit v JOIN job j ON j.id = v.job_id JOIN school s ON s.id = v.school_id
    """,
    "kept pages": """
        SELECT to_jsonb(k) - '{organization_id,job_id,school_id,fetched_at,sha256,etag}'::text[]
            || jsonb_build_object('school', s.identity, 'size', b.size_bytes, 'tagged', k.etag IS NOT NULL)
        FROM kept_page k JOIN school s ON s.id = k.school_id JOIN page_body b USING (school_id, sha256)
    """,
}
"""By part of the end state, a query for its rows as JSON."""

PROMISES = {
    "events of each job are numbered 1..n": """
        SELECT j.kind, count(e.seq), min(e.seq), max(e.seq), j.last_seq
        FROM job j LEFT JOIN job_event e ON e.job_id = j.id GROUP BY j.id
        HAVING count(e.seq) <> j.last_seq OR min(e.seq) <> 1 OR max(e.seq) <> j.last_seq
    """,
    "each job ends once": """
        SELECT j.kind, j.state, count(e.seq) FROM job j
        LEFT JOIN job_event e ON e.job_id = j.id AND e.kind IN ('succeeded', 'failed', 'cancelled')
        GROUP BY j.id HAVING count(e.seq) <> 1 OR j.state <> 'succeeded'
    """,
    "each step is made once": "SELECT kind, count(*) FROM job GROUP BY kind HAVING count(*) <> 1",
    "each school ends once and is told once": """
        SELECT j.kind, s.identity, t.state, count(e.school_id) FROM target t
        JOIN job j ON j.id = t.job_id JOIN school s ON s.id = t.school_id
        LEFT JOIN (
            SELECT job_id, jsonb_array_elements(payload -> 'schools') ->> 'school_id' AS school_id
            FROM job_event WHERE kind = 'target'
        ) e ON e.job_id = t.job_id AND e.school_id = t.school_id::text
        GROUP BY j.kind, s.identity, t.state
        HAVING t.state = 'pending' OR count(e.school_id) <> (t.state <> 'skipped')::int
    """,
    "each page of the document is told once": """
        SELECT payload ->> 'page', count(*) FROM job_event WHERE kind = 'page_read' GROUP BY 1 HAVING count(*) > 1
    """,
    "the counts of each job are those of its schools": """
        SELECT j.kind, j.done, j.total, count(*), j.result -> 'outcomes' FROM job j JOIN target t ON t.job_id = j.id
        GROUP BY j.id
        HAVING j.done <> count(*) OR j.total <> count(*) OR count(*) <>
            (SELECT sum(value::int) FROM jsonb_each_text(j.result -> 'outcomes'))
            OR sum(t.people) <> (j.result ->> 'people')::int OR sum(t.pages) <> (j.result ->> 'pages')::int
    """,
    "a school's pages and people are those of its visits": """
        SELECT j.kind, s.identity, t.pages, count(v.url), t.people, coalesce(sum(v.people), 0) FROM target t
        JOIN job j ON j.id = t.job_id JOIN school s ON s.id = t.school_id
        LEFT JOIN page_visit v ON v.job_id = t.job_id AND v.school_id = t.school_id
        GROUP BY t.job_id, t.school_id, j.kind, s.identity, t.pages, t.people
        HAVING t.pages <> count(v.url) OR t.people <> coalesce(sum(v.people), 0)
    """,
    "every page that was read is kept": VISITS_WITHOUT_A_BODY,
    "no attempt is left open": "SELECT j.kind, a.number FROM job_attempt a JOIN job j ON j.id = a.job_id "
    "WHERE a.ended_at IS NULL",
}
"""What holds whoever is killed: by promise, a query for the rows that break it."""


@dataclass(frozen=True, slots=True)
class EndState:
    """What is stored at the end of a run: by part, each row as text with the number of times it is there."""

    parts: dict[str, Counter[str]]
    broken: dict[str, list[str]]
    """By promise, the rows that break it."""

    def twice(self) -> list[str]:
        """People who stand at one school more than once under one name and address."""
        posts = (msgspec.json.decode(row) for row in self.parts["posts"].elements())
        counts = Counter((post["school"], post["name"].casefold(), post["email"]) for post in posts)
        return [" | ".join(map(str, post)) for post, count in counts.items() if count > 1]


def read_state(product: Product) -> EndState:
    """Reads the end state of a run that has ended, and its leads as `Product.result` has downloaded them."""
    parts = {name: Counter(_text(row[0], product.web.port) for row in product.rows(q)) for name, q in TABLES.items()}
    parts["leads.csv"] = Counter(_text(lead, product.web.port) for lead in product.leads())
    broken = {name: [" | ".join(map(str, row)) for row in product.rows(query)] for name, query in PROMISES.items()}
    return EndState(parts, broken)


def _text(row: object, port: int) -> str:
    # Each run's web listens on a port of its own, which its addresses name.
    text = msgspec.json.encode(row, order="sorted").decode()
    return re.sub(rf"(?<=:){port}\b", "PORT", text)
