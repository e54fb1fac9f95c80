"""People complete: corrections, other keys of a person, the change feed, who has left, tombstones, e-mail checks."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from storage.models.job import TransactionId

revision = "0017"
down_revision = "0016"

TENANT = "nullif(current_setting('title1.organization_id', true), '')::uuid"
RIGHTS = {
    "staff_correction": "SELECT, INSERT, UPDATE, DELETE",
    "staff_alias": "SELECT, INSERT, UPDATE, DELETE",
    # A merge moves lines to the person who stays.
    "staff_change": "SELECT, INSERT, UPDATE",
}
NOW = sa.text("now()")


def upgrade() -> None:
    _widen_people()
    _create_corrections()
    _create_aliases()
    _create_changes()
    for table, rights in RIGHTS.items():
        _force_row_level_security(table)
        op.execute(
            f"CREATE POLICY tenant ON {table} TO title1_app "
            f"USING (organization_id = {TENANT}) WITH CHECK (organization_id = {TENANT})"
        )
        op.execute(f"GRANT {rights} ON {table} TO title1_app")
    _create_mail_domains()


def _force_row_level_security(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _widen_people() -> None:
    op.add_column("staff_member", _time("left_at"))
    op.add_column("staff_member", sa.Column("email_check", sa.Text(), nullable=True))
    op.add_column(
        "staff_member",
        sa.Column("email_flags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("staff_member", _time("email_check_due"))
    op.drop_constraint(op.f("ck_staff_member_email_state"), "staff_member", type_="check")
    op.create_check_constraint(
        op.f("ck_staff_member_email_state"),
        "staff_member",
        "email_state IN ('published', 'form_only', 'none', 'corrected')",
    )
    # A person's word has neither a document nor a page.
    op.drop_constraint(op.f("ck_evidence_document_or_url"), "evidence", type_="check")
    op.create_check_constraint(
        op.f("ck_evidence_document_or_url"),
        "evidence",
        "(document_id IS NULL) <> (url IS NULL) OR method = 'correction'",
    )
    op.create_check_constraint(
        op.f("ck_staff_member_email_check"),
        "staff_member",
        "email_check IN ('deliverable', 'no_mx', 'null_mx', 'no_domain', 'invalid', 'unknown')",
    )
    op.create_index(
        "ix_staff_member_unchecked",
        "staff_member",
        ["organization_id", sa.text("coalesce(email_check_due, '-infinity')")],
        unique=False,
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.add_column("staff_post", sa.Column("missed", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("staff_post", _time("left_at"))
    op.add_column("suppression", sa.Column("staff_member_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_suppression_tombstone",
        "suppression",
        ["organization_id", "staff_member_id"],
        unique=False,
        postgresql_where=sa.text("staff_member_id IS NOT NULL"),
    )


def _create_corrections() -> None:
    table = "staff_correction"
    op.create_table(
        table,
        sa.Column("staff_member_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        *(sa.Column(name, postgresql.JSONB(), nullable=False) for name in ("corrected", "seen", "seen_at_schools")),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        _references(table, "organization_id", "organization"),
        _references(table, "staff_member_id", "staff_member"),
        _references(table, "user_id", "app_user", "SET NULL"),
        sa.PrimaryKeyConstraint("staff_member_id", "field", name=op.f(f"pk_{table}")),
    )


def _create_aliases() -> None:
    table = "staff_alias"
    op.create_table(
        table,
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("staff_member_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        _references(table, "organization_id", "organization"),
        _references(table, "staff_member_id", "staff_member"),
        sa.PrimaryKeyConstraint("organization_id", "identity", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_staff_alias_person", table, ["staff_member_id"], unique=False)
    op.create_index(
        "ix_staff_alias_merged", table, ["merged_id"], unique=False, postgresql_where=sa.text("merged_id IS NOT NULL")
    )


def _create_changes() -> None:
    table = "staff_change"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("staff_member_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("xid", TransactionId(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('joined', 'left', 'changed')", name=op.f(f"ck_{table}_kind")),
        sa.CheckConstraint("(kind = 'changed') = (field IS NOT NULL)", name=op.f(f"ck_{table}_field")),
        _references(table, "organization_id", "organization"),
        _references(table, "staff_member_id", "staff_member"),
        _references(table, "school_id", "school"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_staff_change_feed", table, ["organization_id", "xid", "id"], unique=False)
    op.create_index("ix_staff_change_person", table, ["staff_member_id", "xid", "id"], unique=False)
    op.create_index("ix_staff_change_school_id", table, ["school_id"], unique=False)


def _create_mail_domains() -> None:
    table = "mail_domain"
    op.create_table(
        table,
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('deliverable', 'no_mx', 'null_mx', 'no_domain', 'unknown')", name=op.f(f"ck_{table}_state")
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f(f"pk_{table}")),
    )
    # An organization must not learn from it whose addresses others have.
    _force_row_level_security(table)
    op.execute(f"CREATE POLICY everything ON {table} TO title1_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO title1_system")


def _time(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _references(table: str, column: str, other: str, when_deleted: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=when_deleted)
