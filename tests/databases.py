"""Databases for tests: made anew, copied from one that is migrated, or emptied after a test and used by the next.

To copy a database takes a third of a second of work for its three hundred files, to empty one a fraction of that.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

_CATALOGS = (
    *("pg_attrdef", "pg_attribute", "pg_constraint", "pg_default_acl", "pg_extension", "pg_index", "pg_policy"),
    *("pg_proc", "pg_rewrite", "pg_trigger", "pg_type"),
)
_SCHEMA = " UNION ALL ".join(
    [
        *(f"SELECT '{name}', count(*), sum(xmin::text::bigint) FROM {name}" for name in _CATALOGS),
        "SELECT 'pg_class', count(*), sum(xmin::text::bigint) FROM pg_class",
        "SELECT nspname::text, 1, xmin::text::bigint FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
        "SELECT datname::text, 1, xmin::text::bigint FROM pg_database WHERE datname = current_database()",
        """SELECT setconfig::text, 1, setrole::bigint FROM pg_db_role_setting
           WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())""",
    ]
)
"""Any change of a definition makes or rewrites a row of these; what autovacuum writes there keeps the row's xmin."""
_TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1, 2"
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_RESTART = (
    "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid "
    "WHERE relpersistence = 'p'"
)


@contextmanager
def fresh_database(server_url: str, *, template: str = "template1") -> Generator[str]:
    """A database of its own for the length of the block, a copy of `template` (a URL or a name)."""
    name = f"title1_test_{uuid4().hex[:16]}"
    source = make_url(template).database if "://" in template else template
    _on_server(server_url, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, source or ""))))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        _on_server(server_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class DatabasePool:
    """Lends one copy of a migrated database to test after test, each time as it was made.

    After a test all rows are deleted and the sequences begin anew. Where a test has changed more (definitions, settings
    of the database, rows that the migrations have put there), the next one gets another copy.
    """

    def __init__(self, server_url: str, template: str) -> None:
        self._server_url = server_url
        self._template = template
        self._lent = ExitStack()
        self._url: str | None = None
        self._made: list[object] = []
        self._kept: list[object] = []
        self._filled: list[sql.Composed] = []
        self._empty: list[sql.Composed] = []

    @contextmanager
    def lend(self) -> Generator[str]:
        """The URL of a database that nobody else uses for the length of the block."""
        url = self._url or self._make()
        try:
            yield url
        finally:
            self._url = None  # should it not answer any more, nobody gets it
            if self._emptied(url):
                self._url = url
            else:
                self.close()

    def close(self) -> None:
        """Drops the database."""
        self._url = None
        self._lent.close()

    def _make(self) -> str:
        self.close()
        url = self._lent.enter_context(fresh_database(self._server_url, template=self._template))
        with psycopg.connect(url, autocommit=True) as connection:
            self._filled, self._empty = [], []
            tables = [sql.Identifier(*row) for row in connection.execute(_TABLES).fetchall()]
            for table in tables:
                row = connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone()
                if row is None:
                    self._empty.append(sql.SQL("DELETE FROM {}").format(table))
                else:
                    self._filled.append(sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(table))
            self._made, self._kept = self._schema(connection), self._rows(connection)
        return url

    def _emptied(self, url: str) -> bool:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            connection.execute("SET session_replication_role = replica")  # neither keys nor triggers object
            if self._schema(connection) != self._made or self._rows(connection) != self._kept:
                return False
            connection.execute(sql.SQL("; ").join([*self._empty, sql.SQL(_RESTART)]))
            return True

    def _schema(self, connection: psycopg.Connection) -> list[object]:
        """What a test must leave as it is: the definitions,"""
        return [*connection.execute(f"{_SCHEMA} ORDER BY 1, 3".encode()).fetchall()]

    def _rows(self, connection: psycopg.Connection) -> list[object]:
        """and the rows of the migrations."""
        return [connection.execute(statement).fetchall() for statement in self._filled]


def _on_server(server_url: str, statement: sql.Composed) -> None:
    with psycopg.connect(server_url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(statement)
