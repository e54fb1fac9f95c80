"""The parts of a person's name, and the subjects and grades that the printed title names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for name in ("middle_name", "honorific", "suffix", "nickname"):
        op.add_column("staff_member", sa.Column(name, sa.Text(), nullable=True))
    for name in ("credentials", "subjects", "grades"):
        op.add_column("staff_member", sa.Column(name, ARRAY(sa.Text()), server_default="{}", nullable=False))
