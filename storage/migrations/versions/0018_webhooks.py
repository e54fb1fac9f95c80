"""Webhooks and the messages to them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"

TENANT = "nullif(current_setting('title1.organization_id', true), '')::uuid"
TABLES = ("webhook", "webhook_delivery")
NOW = sa.text("now()")


def upgrade() -> None:
    _create_webhooks()
    _create_deliveries()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO title1_app "
            f"USING (organization_id = {TENANT}) WITH CHECK (organization_id = {TENANT})"
        )
        op.execute(f"CREATE POLICY everything ON {table} TO title1_system USING (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON webhook TO title1_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON webhook_delivery TO title1_app")
    # The workers' look at what is due, and at what was kept long enough, goes over all organizations; it sees neither
    # addresses nor secrets nor messages.
    op.execute("GRANT SELECT (id, enabled) ON webhook TO title1_system")
    op.execute(
        "GRANT SELECT (id, organization_id, webhook_id, state, next_try_at, lease_until, ended_at), DELETE "
        "ON webhook_delivery TO title1_system"
    )


def _create_webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        _time("failing_since"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        _time("previous_until"),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("cardinality(events) > 0", name=op.f("ck_webhook_events")),
        sa.CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name=op.f("ck_webhook_previous")),
        sa.CheckConstraint("enabled OR disabled_reason IS NOT NULL", name=op.f("ck_webhook_disabled_reason")),
        _references("webhook", "created_by", "app_user", "SET NULL"),
        _references("webhook", "organization_id", "organization", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("ix_webhook_organization_id", "webhook", ["organization_id", "created_at", "id"], unique=False)


def _create_deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("log", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        _time("next_try_at"),
        _time("lease_until"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        _time("ended_at"),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'failed', 'given_up')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_try_at IS NOT NULL)", name=op.f("ck_webhook_delivery_next_try_at")
        ),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_webhook_delivery_ended_at")),
        sa.CheckConstraint("(job_id IS NULL OR seq IS NOT NULL)", name=op.f("ck_webhook_delivery_seq")),
        _references("webhook_delivery", "webhook_id", "webhook", "CASCADE"),
        _references("webhook_delivery", "job_id", "job", "SET NULL"),
        _references("webhook_delivery", "organization_id", "organization", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_webhook_delivery_message_id")),
        # An event is told to a webhook by one message.
        sa.UniqueConstraint("webhook_id", "job_id", "seq", name=op.f("uq_webhook_delivery_webhook_id_job_id_seq")),
    )
    op.create_index("ix_webhook_delivery_page", "webhook_delivery", ["webhook_id", "id"], unique=False)
    for name, column, condition in (
        ("due", "next_try_at", "state = 'waiting'"),
        ("ended", "ended_at", "ended_at IS NOT NULL"),
        ("job", "job_id", "job_id IS NOT NULL"),
    ):
        op.create_index(
            f"ix_webhook_delivery_{name}",
            "webhook_delivery",
            [column],
            unique=False,
            postgresql_where=sa.text(condition),
        )


def _time(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _references(table: str, column: str, other: str, when_deleted: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=when_deleted)
