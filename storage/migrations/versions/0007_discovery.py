"""What each provider of websites said about a school; where the official directory's schools lie."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("target", sa.Column("tried", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("directory_school", sa.Column("latitude", sa.Double(), nullable=True))
    op.add_column("directory_school", sa.Column("longitude", sa.Double(), nullable=True))
