"""Every reply to a sending server, and which fault gets which (docs/interface.md, section 7)."""

from sqlalchemy.exc import DBAPIError, OperationalError

from ...model.storage.revision import SchemaMoved

_DISK_FULL = "53100"
_UNDEFINED = ("42703", "42P01")
STORED = "250 2.0.0 Ok: stored"
TRY_LATER = "451 4.3.0 Temporary problem, please try again"
UPGRADED = "451 4.3.0 We are being upgraded, please try again"
NO_ROOM = "452 4.3.1 Out of space, please try again later"
TOO_MUCH = "452 4.3.1 Busy, please try again"
TOO_MANY = "452 4.5.3 Too many recipients, please send it to the others separately"
BAD_BYTES = "553 5.1.3 Bad characters in this address"
BAD_SIZE = "501 5.5.4 SIZE is a number of at most 20 digits"
NO_RECIPIENT = "553 5.1.3 An empty address can't be a recipient"
CROWDED = "421 4.3.2 Too many connections, please try again"
NO_WEB_SERVER = "421 4.7.0 This is a mail server, and no web server"
CLOSING = "421 4.3.2 Shutting down, please try again"


def no_such_address(why: str) -> str:
    """Return the refusal of a recipient. `why` is ours and plain ASCII: nothing a sender wrote goes into a reply."""
    return f"550 5.1.1 {why}"


def too_large(max_bytes: int) -> str:
    """Return the refusal of a mail that has more bytes than that."""
    limit = f"{round(max_bytes / 2**20)} MB" if max_bytes >= 2**20 else f"{max_bytes // 1000} KB"
    return f"552 5.3.4 Message too big (limit {limit})"


class NoRoom(Exception):
    """The disk is nearly full."""


def for_fault(error: BaseException) -> str:
    """Return the reply to a mail that could not be stored."""
    if isinstance(error, SchemaMoved) or _misses_column(error):
        return UPGRADED
    full = isinstance(error, NoRoom) or (isinstance(error, OperationalError) and _is_full(error.orig))
    return NO_ROOM if full else TRY_LATER


def _misses_column(error: BaseException) -> bool:
    """Return whether a statement named a column or a table that an upgrade has taken away."""
    fault = error.orig if isinstance(error, DBAPIError) else None
    gone = ("no such column", "no such table")
    return getattr(fault, "sqlstate", None) in _UNDEFINED or any(words in str(fault) for words in gone)


def _is_full(error: BaseException | None) -> bool:
    """Return whether a database error means a full disk: SQLite says it in words, PostgreSQL by its code."""
    return "is full" in str(error) or getattr(error, "sqlstate", None) == _DISK_FULL
