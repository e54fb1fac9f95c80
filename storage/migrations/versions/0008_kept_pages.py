"""Pages as harvests fetched them, so that they can be read again without asking their sites."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

TABLES = ("kept_page", "page_body")
KINDS = ("extract_schools", "discover_websites", "harvest_staff", "reextract_staff", "export_leads", "pipeline")


def upgrade() -> None:
    op.drop_constraint(op.f("ck_job_kind"), "job")
    op.create_check_constraint(op.f("ck_job_kind"), "job", f"kind IN {KINDS}")
    op.add_column("target", sa.Column("pages_gone", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "kept_page",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("html", sa.Boolean(), nullable=False),
        sa.Column("step", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        _references("kept_page", "organization_id", "organization"),
        _references("kept_page", "job_id", "job"),
        _references("kept_page", "school_id", "school"),
        sa.PrimaryKeyConstraint("job_id", "school_id", "asked", "shown", name=op.f("pk_kept_page")),
    )
    op.create_table(
        "page_body",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        _references("page_body", "organization_id", "organization"),
        _references("page_body", "school_id", "school"),
        sa.PrimaryKeyConstraint("school_id", "sha256", name=op.f("pk_page_body")),
    )
    # What is compressed already need not be tried again.
    op.execute("ALTER TABLE page_body ALTER COLUMN packed SET STORAGE EXTERNAL")
    op.create_index("ix_page_body_age", "page_body", ["organization_id", "fetched_at"], unique=False)
    tenant = "nullif(current_setting('title1.organization_id', true), '')::uuid"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO title1_app "
            f"USING (organization_id = {tenant}) WITH CHECK (organization_id = {tenant})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO title1_app")


def _references(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")
