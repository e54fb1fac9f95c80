"""The suppression list: its organization's salt, what an entry says of itself, and names met with its addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# 244 random bits from PostgreSQL's own strong source; each organization that exists gets its own.
SALT = "sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"


def upgrade() -> None:
    op.add_column(
        "organization",
        sa.Column("suppression_salt", sa.LargeBinary(), server_default=sa.text(SALT), nullable=False),
    )
    op.add_column("suppression", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("suppression", sa.Column("parent_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_suppression_parent_id"), "suppression", "suppression", ["parent_id"], ["id"], ondelete="CASCADE"
    )
    op.create_foreign_key(
        op.f("fk_suppression_created_by"), "suppression", "app_user", ["created_by"], ["id"], ondelete="SET NULL"
    )
    # Who removes an entry has its names looked for.
    op.create_index(op.f("ix_suppression_parent_id"), "suppression", ["parent_id"], unique=False)
