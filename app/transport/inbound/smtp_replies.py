"""Every reply to a sending server, and which fault gets which (docs/interface.md, section 7)."""

from sqlalchemy.exc import OperationalError

_DISK_FULL = "53100"
STORED = "250 2.0.0 Ok: stored"
TRY_LATER = "451 4.3.0 We could not store this mail; nothing was done, please try again"
NO_ROOM = "452 4.3.1 Our disk is nearly full; nothing was done, please try again"
TOO_MUCH = "452 4.3.1 Too much mail comes in at this moment; nothing was done, please try again"
TOO_LARGE = "552 5.3.4 This mail is larger than we take"
TOO_MANY = "452 4.5.3 Too many recipients in one mail; send it again to the others"
BAD_BYTES = "553 5.1.3 This address is neither ASCII nor UTF-8, or has control characters"
NO_RECIPIENT = "553 5.1.3 The null address can only be a sender's"
CROWDED = "421 4.3.2 Too many connections; please try again"
CLOSING = "421 4.3.2 We are closing; please try again"


def no_such_address(why: str) -> str:
    """The refusal of a recipient. `why` is ours and plain ASCII: nothing a sender wrote goes into a reply."""
    return f"550 5.1.1 {why}"


class NoRoom(Exception):
    """The disk is nearly full."""


def for_fault(error: BaseException) -> str:
    """The reply to a mail that could not be stored."""
    full = isinstance(error, NoRoom) or (isinstance(error, OperationalError) and _is_full(error.orig))
    return NO_ROOM if full else TRY_LATER


def _is_full(error: BaseException | None) -> bool:
    """Whether a database complains of a full disk: SQLite in words, PostgreSQL by its code."""
    return "is full" in str(error) or getattr(error, "sqlstate", None) == _DISK_FULL
