"""What is counted of one mail and not timed: statements, and pages written."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import event

from ..figure import Figure, at_most
from ..in_process import InProcess, in_process
from ..load import MeasuredMail
from ..tracker import Tracker

MAILS = 20
# SQLite's pages here, and what its log has before each (sqlite.org, "WAL file format").
_FRAME = 4096 + 24
_KINDS: Sequence[tuple[str, Callable[[Tracker, int], Sequence[MeasuredMail]], int]] = (
    ("a reply", Tracker.replies, 7),
    ("an answer that quotes our letter", Tracker.answers, 8),
    ("a first mail of somebody new", Tracker.first_mails, 12),
)


def path_counts(folder: Path) -> Iterable[Figure]:
    """Statements of each kind of mail on SQLite, and pages of a reply."""
    tracker = Tracker(folder)
    with in_process(tracker) as here:
        for mail in tracker.replies(60):
            here.take(mail)
        for name, make, most in _KINDS:
            for mail in make(tracker, 10):
                here.take(mail)
            yield at_most(f"statements of {name}", _statements(here, make(tracker, MAILS)), most, "{:.0f}")
        pages = _pages(here, folder / "tickets.db", tracker.replies(MAILS))
        yield at_most("pages that a reply of 2 KB writes to the log of SQLite", pages, 24, "{:.1f}")


def _statements(here: InProcess, mails: Sequence[MeasuredMail]) -> float:
    """How many a mail takes, without those that begin and end its transaction."""
    count = 0

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal count
        count += not statement.startswith(("BEGIN", "COMMIT", "PRAGMA"))

    event.listen(here.database.engine, "before_cursor_execute", hear)
    try:
        for mail in mails:
            here.take(mail)
    finally:
        event.remove(here.database.engine, "before_cursor_execute", hear)
    return count / len(mails)


def _pages(here: InProcess, path: Path, mails: Sequence[MeasuredMail]) -> float:
    """How many pages a mail appends to the log, which is emptied before and not in between."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for mail in mails:
        here.take(mail)
    return path.with_name(f"{path.name}-wal").stat().st_size / _FRAME / len(mails)
