"""Kept pages with what their servers call them, so that a later harvest can ask whether they have changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("kept_page", sa.Column("etag", sa.Text(), nullable=True))
    op.add_column("kept_page", sa.Column("last_modified", sa.Text(), nullable=True))
    # A harvest looks for a school's pages whatever job kept them; so does the deletion of a school.
    op.create_index("ix_kept_page_school", "kept_page", ["school_id"], unique=False)
