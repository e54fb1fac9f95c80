"""Schedules of jobs and their firings; of a job its schedule, the job it tries again, and its budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"

TENANT = "nullif(current_setting('title1.organization_id', true), '')::uuid"
TABLES = ("schedule", "schedule_firing")


def upgrade() -> None:
    _create_schedules()
    _widen_jobs()
    _create_firings()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO title1_app "
            f"USING (organization_id = {TENANT}) WITH CHECK (organization_id = {TENANT})"
        )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON schedule TO title1_app")
    # What a schedule has done is written once; it goes only with the schedule.
    op.execute("GRANT SELECT, INSERT ON schedule_firing TO title1_app")
    # The workers' look at what is due goes over all organizations, and sees no more than that.
    op.execute("CREATE POLICY everything ON schedule TO title1_system USING (true)")
    op.execute("GRANT SELECT (id, organization_id, enabled, next_fire_at) ON schedule TO title1_system")


def _create_schedules() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("misfire_grace_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("next_fire_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("misfire_grace_seconds >= 0", name=op.f("ck_schedule_misfire_grace_seconds")),
        sa.CheckConstraint("enabled = (next_fire_at IS NOT NULL)", name=op.f("ck_schedule_next_fire_at")),
        _references("schedule", "user_id", "app_user", "CASCADE"),
        _references("schedule", "created_by", "app_user", "SET NULL"),
        _references("schedule", "organization_id", "organization", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_schedule_organization_id_name")),
    )
    op.create_index(
        "ix_schedule_due",
        "schedule",
        ["next_fire_at"],
        unique=False,
        postgresql_where=sa.text("next_fire_at IS NOT NULL"),
    )


def _widen_jobs() -> None:
    for table, column in (("job", "budget"), ("job_attempt", "used")):
        op.add_column(table, sa.Column(column, postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    for column, other in (("schedule_id", "schedule"), ("retry_of", "job")):
        op.add_column("job", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_job_{column}"), "job", other, [column], ["id"], ondelete="SET NULL")
        op.create_index(
            op.f(f"ix_job_{column}"),
            "job",
            [column],
            unique=False,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def _create_firings() -> None:
    op.create_table(
        "schedule_firing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("cause IN ('due', 'asked')", name=op.f("ck_schedule_firing_cause")),
        sa.CheckConstraint(
            "outcome IN ('started', 'missed', 'overlapped', 'refused')", name=op.f("ck_schedule_firing_outcome")
        ),
        sa.CheckConstraint("outcome = 'started' OR reason IS NOT NULL", name=op.f("ck_schedule_firing_reason")),
        _references("schedule_firing", "schedule_id", "schedule", "CASCADE"),
        _references("schedule_firing", "job_id", "job", "SET NULL"),
        _references("schedule_firing", "organization_id", "organization", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_firing")),
    )
    op.create_index("ix_schedule_firing_page", "schedule_firing", ["schedule_id", "id"], unique=False)
    # One due time is answered once, whatever happens to whoever answers it.
    op.create_index(
        "uq_schedule_firing_due",
        "schedule_firing",
        ["schedule_id", "fire_at"],
        unique=True,
        postgresql_where=sa.text("cause = 'due'"),
    )
    op.create_index(
        "ix_schedule_firing_job",
        "schedule_firing",
        ["job_id"],
        unique=False,
        postgresql_where=sa.text("job_id IS NOT NULL"),
    )


def _references(table: str, column: str, other: str, when_deleted: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=when_deleted)
