"""The FIPS code of a school's county, by which lists join with federal data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("school", sa.Column("county_fips", sa.CHAR(length=5), nullable=True))
