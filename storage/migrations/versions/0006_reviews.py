"""People decide on websites and on links to the official directory; what they decided is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

TABLES = ("website_decision", "school_link")


def upgrade() -> None:
    op.alter_column("website", "fetched_at", nullable=True)
    op.add_column("website", sa.Column("decided_by", sa.Uuid(), nullable=True))
    op.add_column("website", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key("fk_website_decided_by", "website", "app_user", ["decided_by"], ["id"], ondelete="SET NULL")
    op.create_table(
        "website_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("decision IN ('accepted', 'rejected')", name=op.f("ck_website_decision_decision")),
        _references("website_decision", "organization_id", "organization", "CASCADE"),
        _references("website_decision", "school_id", "school", "CASCADE"),
        _references("website_decision", "user_id", "app_user", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_website_decision")),
    )
    op.create_index("ix_website_decision_school", "website_decision", ["school_id", "id"], unique=False)
    op.create_table(
        "school_link",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("nces_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('automatic', 'review', 'none', 'accepted', 'rejected')", name=op.f("ck_school_link_state")
        ),
        sa.CheckConstraint("(state IN ('none', 'rejected')) = (nces_id IS NULL)", name=op.f("ck_school_link_nces_id")),
        sa.CheckConstraint(
            "(state IN ('accepted', 'rejected')) = (decided_at IS NOT NULL)", name=op.f("ck_school_link_decided")
        ),
        _references("school_link", "organization_id", "organization", "CASCADE"),
        _references("school_link", "school_id", "school", "CASCADE"),
        _references("school_link", "document_id", "document", "SET NULL"),
        _references("school_link", "decided_by", "app_user", "SET NULL"),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_school_link")),
    )
    op.create_index("ix_school_link_state", "school_link", ["organization_id", "state"], unique=False)
    tenant = "nullif(current_setting('title1.organization_id', true), '')::uuid"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO title1_app "
            f"USING (organization_id = {tenant}) WITH CHECK (organization_id = {tenant})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO title1_app")


def _references(table: str, column: str, other: str, when_deleted: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=when_deleted)
