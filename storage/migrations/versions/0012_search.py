"""Search by words and by likeness: indexes that begin with the organization, and the functions that may use them.

Under row-level security PostgreSQL looks at a row's tenant before it looks at words, for whose operators nobody has
vouched that they tell nothing of a row ("leakproof"). An index on words is then of no use, and a search reads all rows
of an organization. These functions run as a role whose policy lets it see all rows, ask for the organization's
themselves, by the same setting as the policies of the application's role, and tell nothing but ids.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_TENANT = "nullif(current_setting('title1.organization_id', true), '')::uuid"
_STAFF_WORDS = "to_tsvector('simple', name || ' ' || coalesce(title, ''))"
_SCHOOL_WORDS = "to_tsvector('simple', name || ' ' || coalesce(district, ''))"


def upgrade() -> None:
    # Both are trusted: whoever owns the database may create them.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute(
        """
        DO $$ BEGIN
            CREATE ROLE title1_search NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    )
    op.execute("GRANT title1_search TO CURRENT_USER")
    op.execute("GRANT USAGE, CREATE ON SCHEMA public TO title1_search")
    for table, words in (("staff_member", _STAFF_WORDS), ("school", _SCHOOL_WORDS)):
        op.execute(f"DROP INDEX ix_{table}_words")
        op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin (organization_id, ({words}))")
        op.execute(f"CREATE INDEX ix_{table}_likeness ON {table} USING gin (organization_id, lower(name) gin_trgm_ops)")
        op.execute(f"CREATE POLICY search ON {table} FOR SELECT TO title1_search USING (true)")
        op.execute(f"GRANT SELECT ON {table} TO title1_search")
        _create_function(f"{table}_ids_by_words", "wanted tsquery", table, f"{words} @@ wanted", "")
        likest = "ORDER BY lower(wanted) <<-> lower(name), id"
        _create_function(f"{table}_ids_by_likeness", "wanted text", table, "lower(wanted) <% lower(name)", likest)
    op.execute("REVOKE CREATE ON SCHEMA public FROM title1_search")
    # What filters compare without regard to case: an index on lower() would not be used, for the same reason.
    for column in ("district", "county"):
        op.execute(f"ALTER TABLE school ADD COLUMN {column}_key text GENERATED ALWAYS AS (lower({column})) STORED")
    op.execute("CREATE INDEX ix_school_district ON school (organization_id, district_key)")
    op.execute("CREATE INDEX ix_school_county ON school (organization_id, county_key)")
    op.execute("DROP INDEX ix_staff_post_school_id")
    op.execute("CREATE INDEX ix_staff_post_school ON staff_post (school_id, role, staff_member_id)")
    op.execute("CREATE INDEX ix_staff_post_role ON staff_post (organization_id, role, staff_member_id)")


def _create_function(name: str, parameter: str, table: str, condition: str, order: str) -> None:
    op.execute(
        f"""
        CREATE FUNCTION {name}({parameter}, most integer) RETURNS bigint[]
        LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp
        SET enable_seqscan = off
        SET enable_indexscan = off
        AS $$
            SELECT coalesce(array_agg(id), '{{}}') FROM (
                SELECT id FROM {table} WHERE organization_id = {_TENANT} AND {condition} {order} LIMIT most
            ) AS found
        $$
        """  # noqa: S608  names of this file
    )
    signature = f"{name}({parameter.split()[1]}, integer)"
    op.execute(f"ALTER FUNCTION {signature} OWNER TO title1_search")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO title1_app")
