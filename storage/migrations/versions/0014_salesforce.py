"""Deliveries to Salesforce: connections, and of each push its uploads and its people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

TABLES = ("salesforce_connection", "push_batch", "push_row")
KINDS = (
    "extract_schools",
    "discover_websites",
    "harvest_staff",
    "reextract_staff",
    "export_leads",
    "push_leads",
    "pipeline",
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_job_kind"), "job")
    op.create_check_constraint(op.f("ck_job_kind"), "job", f"kind IN {KINDS}")
    _make_connections()
    _make_batches()
    _make_rows()
    tenant = "nullif(current_setting('title1.organization_id', true), '')::uuid"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO title1_app "
            f"USING (organization_id = {tenant}) WITH CHECK (organization_id = {tenant})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO title1_app")


def _make_connections() -> None:
    op.create_table(
        "salesforce_connection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("login_url", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("key_field", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=True),
        sa.Column("campaign_status", sa.Text(), nullable=True),
        sa.Column("assignment_rule_id", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "method IN ('client_credentials', 'jwt_bearer', 'password')", name=op.f("ck_salesforce_connection_method")
        ),
        _references("salesforce_connection", "created_by", "app_user", "SET NULL"),
        _references("salesforce_connection", "organization_id", "organization", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_salesforce_connection")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_salesforce_connection_organization_id_name")),
    )


def _make_batches() -> None:
    op.create_table(
        "push_batch",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="creating", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ingest_id", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("processed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("object IN ('Lead', 'CampaignMember')", name=op.f("ck_push_batch_object")),
        sa.CheckConstraint(
            "state IN ('creating', 'created', 'uploading', 'uploaded', 'closed', 'ended', 'collected', 'void')",
            name=op.f("ck_push_batch_state"),
        ),
        sa.CheckConstraint(
            "state IN ('creating', 'void') OR ingest_id IS NOT NULL", name=op.f("ck_push_batch_ingest_id")
        ),
        _references("push_batch", "job_id", "job", "CASCADE"),
        _references("push_batch", "organization_id", "organization", "CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_push_batch")),
    )


def _make_rows() -> None:
    op.create_table(
        "push_row",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("staff_member_id", sa.BigInteger(), nullable=True),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("retryable", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.Column("payload_hash", sa.Text(), nullable=True),
        sa.Column("changed", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=True),
        sa.Column("member_state", sa.Text(), nullable=True),
        sa.Column("member_batch", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'ready', 'sent', 'created', 'updated', 'error', 'duplicate', 'suppressed',"
            " 'skipped')",
            name=op.f("ck_push_row_state"),
        ),
        sa.CheckConstraint("member_state IN ('sent', 'member', 'error')", name=op.f("ck_push_row_member_state")),
        _references("push_row", "job_id", "job", "CASCADE"),
        _references("push_row", "staff_member_id", "staff_member", "SET NULL"),
        _references("push_row", "school_id", "school", "SET NULL"),
        _references("push_row", "organization_id", "organization", "CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_push_row")),
        sa.UniqueConstraint("job_id", "key", name=op.f("uq_push_row_job_id_key")),
    )
    op.create_index("ix_push_row_state", "push_row", ["job_id", "state", "number"], unique=False)
    op.create_index("ix_push_row_batch", "push_row", ["job_id", "batch"], unique=False)
    # Whoever deletes a person or a school has their rows looked for.
    for name, column in (("staff", "staff_member_id"), ("school", "school_id")):
        op.create_index(
            f"ix_push_row_{name}", "push_row", [column], unique=False, postgresql_where=sa.text(f"{column} IS NOT NULL")
        )


def _references(table: str, column: str, other: str, when_deleted: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=when_deleted)
