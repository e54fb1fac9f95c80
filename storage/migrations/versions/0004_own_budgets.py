"""Organizations set their budget for language models themselves: then NULL is no limit, and not the settings'."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("llm_budget", sa.Column("set_at", sa.DateTime(timezone=True), nullable=True))
