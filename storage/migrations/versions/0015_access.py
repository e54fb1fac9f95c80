"""Who may do what: sign-in names and passwords, sessions, scopes of keys, waiting times, limits, the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

TENANT = "nullif(current_setting('title1.organization_id', true), '')::uuid"
# What a tenant may do with its rows, and what the system's role may with everybody's. Nobody changes the audit log.
TENANT_TABLES = {
    "user_session": ("SELECT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"),
    "refresh_token": ("SELECT", "SELECT, INSERT, UPDATE, DELETE"),
    "password_link": ("SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"),
    "audit_entry": ("SELECT, INSERT", "SELECT, INSERT"),
}
SYSTEM_TABLES = ("sign_in_throttle", "rate_bucket", "signing_key")


def upgrade() -> None:
    _widen_accounts()
    _create_session_tables()
    _create_counters()
    _create_audit_log()
    for table, (rights, system_rights) in TENANT_TABLES.items():
        _force_row_level_security(table, system_rights)
        op.execute(
            f"CREATE POLICY tenant ON {table} TO title1_app "
            f"USING (organization_id = {TENANT}) WITH CHECK (organization_id = {TENANT})"
        )
        op.execute(f"GRANT {rights} ON {table} TO title1_app")
    for table in SYSTEM_TABLES:
        _force_row_level_security(table, "SELECT, INSERT, UPDATE, DELETE")
    op.execute("GRANT UPDATE ON app_user TO title1_system")


def _force_row_level_security(table: str, system_rights: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY everything ON {table} TO title1_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {system_rights} ON {table} TO title1_system")


def _widen_accounts() -> None:
    op.add_column("app_user", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("app_user", sa.Column("password", sa.Text(), nullable=True))
    op.add_column("app_user", sa.Column("must_change", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    # One name signs in to one account, whatever its organization.
    op.create_unique_constraint(op.f("uq_app_user_email"), "app_user", ["email"])
    # Keys that were made before there were scopes may do what their user may.
    op.add_column("api_key", sa.Column("scope", sa.Text(), server_default="admin", nullable=False))
    op.create_check_constraint(op.f("ck_api_key_scope"), "api_key", "scope IN ('read', 'run', 'admin')")
    op.add_column("api_key", sa.Column("replaced_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_key_replaced_by"), "api_key", "api_key", ["replaced_by"], ["id"], ondelete="SET NULL"
    )


def _create_session_tables() -> None:
    op.create_table(
        "user_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("cookie_hash", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *_owned("user_session"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("cookie_hash", name=op.f("uq_user_session_cookie_hash")),
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        _references("refresh_token", "organization_id", "organization"),
        _references("refresh_token", "session_id", "user_session"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)
    op.create_table(
        "password_link",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *_owned("password_link"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_password_link")),
    )
    op.create_index(op.f("ix_password_link_user_id"), "password_link", ["user_id"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )


def _create_counters() -> None:
    op.create_table(
        "sign_in_throttle",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_throttle")),
    )
    op.create_table(
        "rate_bucket",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_rate_bucket")),
        prefixes=["UNLOGGED"],  # after a crash everybody begins with a full bucket, and no request waits for the disk
    )
    # Rows are rewritten with every request: room on their page keeps that from touching the index.
    op.execute("ALTER TABLE rate_bucket SET (fillfactor = 50)")


def _create_audit_log() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("user_name", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("outcome IN ('done', 'refused')", name=op.f("ck_audit_entry_outcome")),
        _references("audit_entry", "organization_id", "organization"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_organization", "audit_entry", ["organization_id", "id"], unique=False)


def _owned(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return _references(table, "organization_id", "organization"), _references(table, "user_id", "app_user")


def _references(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
