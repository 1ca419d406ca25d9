"""What an error of the journal's database means: whose fault it is, and what helps. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from engine.storage.problems import cure_of as cure_of_file
from engine.storage.sqlite_damage import is_corruption

_AGAIN = "it is tried again by itself, and rows wait in memory"
_AWAY = f"See that the PostgreSQL server of journal.url runs and can be reached from here; {_AGAIN}."
# PostgreSQL's codes, or the class of them (two signs).
_CURES: Mapping[str, str] = {
    "28": f"Correct user and password of journal.url, or pg_hba.conf of the server; {_AGAIN}.",
    "3D": f"Create the database that journal.url names, or correct it; {_AGAIN}.",
    "42501": f"Let the user of journal.url create and change tables there (GRANT CREATE ON SCHEMA ...); {_AGAIN}.",
    "53100": f"Free space on the server's disk; {_AGAIN}.",
    "53300": f"Raise max_connections of the server, or end other programs that hold connections; {_AGAIN}.",
    "25006": f"The server takes no writing (a standby?): name the primary in journal.url; {_AGAIN}.",
}
# Who is refused at the door is told words alone.
_AT_THE_DOOR = (
    ("authentication failed", "28"),
    ("pg_hba.conf", "28"),
    ("no password supplied", "28"),
    ("connection slots", "53300"),
    ("too many clients", "53300"),
    ("does not exist", "3D"),
)
_ROWS_FAULT = ("22", "23")  # data that no column takes, a constraint that is broken
UNDEFINED_TABLE = "42P01"
_RETRIED = ("40P01", "40001")  # deadlock, serialization


def code_of(error: BaseException) -> str | None:
    """PostgreSQL's code (SQLSTATE) of an error; None = it has none, or is not the server's."""
    code = getattr(getattr(error, "orig", error), "sqlstate", None)
    return code if isinstance(code, str) else None


def is_rows_own(error: Exception) -> bool:
    """No database would ever take this row: to wait with it would hold up all that come after it."""
    if not isinstance(error, SQLAlchemyError):
        return isinstance(error, TypeError | ValueError)
    if not isinstance(error, DBAPIError):
        return True
    if error.connection_invalidated or isinstance(error, OperationalError) or is_corruption(error.orig):
        return False
    if not hasattr(error.orig, "sqlstate"):  # SQLite
        return True
    code = code_of(error)
    if code is None:  # the driver's own: a value that it can't write
        return isinstance(error, DataError | IntegrityError | ProgrammingError)
    return code.startswith(_ROWS_FAULT)


def is_passing(error: DBAPIError) -> bool:
    """Two programs were in each other's way: the same again, and it goes through."""
    return code_of(error) in _RETRIED or "locked" in str(error)


def is_no_table(error: Exception) -> bool:
    """The writer makes the tables with its first row."""
    return code_of(error) == UNDEFINED_TABLE or "no such table" in str(getattr(error, "orig", None) or error)


def cure_of(error: Exception) -> str:
    """One sentence for the trader."""
    if not type(getattr(error, "orig", error)).__module__.startswith("psycopg"):
        return cure_of_file(error)
    said = str(getattr(error, "orig", error))
    code = code_of(error) or next((code for words, code in _AT_THE_DOOR if words in said), "")
    return _CURES.get(code) or _CURES.get(code[:2]) or (_AWAY if not code or code[:2] in ("08", "57") else _UNKNOWN)


_UNKNOWN = f"See the server's log; {_AGAIN}. If it stays, report it with the log file."
