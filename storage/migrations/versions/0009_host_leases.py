"""Hosts of the web are asked by one crawl at a time, whoever runs it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "host_lease",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("crawl_delay", sa.Double(), nullable=True),
        sa.Column("parked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_reason", sa.Text(), nullable=True),
        sa.Column("wanted_by", sa.Uuid(), nullable=True),
        sa.Column("wanted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("touched_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(until IS NULL) = (job_id IS NULL) AND (until IS NULL) = (attempt IS NULL)",
            name=op.f("ck_host_lease_held"),
        ),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_lease")),
    )
    # No tenant's data: an organization must not learn from it whom others crawl. Only the system's role sees it.
    op.execute("ALTER TABLE host_lease ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE host_lease FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY everything ON host_lease TO title1_system USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON host_lease TO title1_system")
