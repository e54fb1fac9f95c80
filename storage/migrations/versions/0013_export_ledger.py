"""The ledger of exports: what left, for whom, what for. The application may add to it and tell ends, nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

TABLE = "export_record"
CHECKS = {
    "source": "source IN ('download', 'job', 'job_download')",
    "job_id": "(source = 'download') = (job_id IS NULL)",
    "subject": "subject IN ('people', 'schools')",
    "outcome": "outcome IN ('complete', 'broken off')",
    "ended": "(outcome IS NULL) = (ended_at IS NULL)",
    "complete": "outcome <> 'complete' OR (rows IS NOT NULL AND sha256 IS NOT NULL)",
}


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("raw", sa.Boolean(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("suppression_id", sa.BigInteger(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *(sa.CheckConstraint(words, name=op.f(f"ck_{TABLE}_{name}")) for name, words in CHECKS.items()),
        _references("organization_id", "organization", "CASCADE"),
        _references("user_id", "app_user", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index("ix_export_record_page", TABLE, ["organization_id", "id"], unique=False)
    op.create_index(
        "uq_export_record_job_file", TABLE, ["job_id"], unique=True, postgresql_where=sa.text("source = 'job'")
    )
    tenant = "nullif(current_setting('title1.organization_id', true), '')::uuid"
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON {TABLE} TO title1_app "
        f"USING (organization_id = {tenant}) WITH CHECK (organization_id = {tenant})"
    )
    # Who, when, what and why are written once; nobody who takes over the application can change or erase them.
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO title1_app")
    op.execute(f"GRANT UPDATE (ended_at, outcome, rows, size_bytes, sha256) ON {TABLE} TO title1_app")


def _references(column: str, other: str, when_deleted: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{TABLE}_{column}"), ondelete=when_deleted)
