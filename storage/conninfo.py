"""How PostgreSQL is addressed: as its owner, as the queue, in which roles; and what is said when it is not there."""

from __future__ import annotations

from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from storage.errors import DatabaseBusyError, DatabaseUnavailableError

APP_ROLE = "title1_app"
SYSTEM_ROLE = "title1_system"
CONNECT_SECONDS = 10


# Deadlock, serialization failure, lock not available: the connection is sound, the moment was not.
BUSY_STATES = frozenset({"40P01", "40001", "55P03"})


def unavailable(error: Exception) -> DatabaseUnavailableError:
    """The error that tells a person that PostgreSQL does not answer, or not now, with its own words on one line."""
    cause = getattr(error, "orig", None) or error
    words = " ".join(str(cause).split())[:300]
    if getattr(cause, "sqlstate", None) in BUSY_STATES:
        return DatabaseBusyError(f"Others were at the same records ({words}). Nothing was changed; try again.")
    return DatabaseUnavailableError(f"PostgreSQL does not answer ({words}). Is it running? Trying again later is safe.")


def conninfo(url: str) -> str:
    """The URL as libpq wants it: without SQLAlchemy's driver name."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def queue_conninfo(url: str) -> str:
    """The URL for SAQ: its tables live in a schema of their own, which belongs to the system role."""
    return make_conninfo(conninfo(url), options=f"-c role={SYSTEM_ROLE} -c search_path=saq")
