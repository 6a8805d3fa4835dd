"""What lets one import at a time into a database: a lock that ends with its process in any case."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from ...model.storage.database import Database

# Any number will do, as long as nothing else in the database locks it: these are the letters "imports".
_KEY = int.from_bytes(b"imports")
_TRY = text("SELECT pg_try_advisory_lock(:key)")
# A server sees only after a moment that a client which was killed is gone.
_GRACE_SECONDS = 2.0
_PAUSE = 0.1


class ImportRunning(Exception):
    """Another import works on this database."""

    def __init__(self) -> None:
        super().__init__("An import is running already: wait until it has ended, or stop it, and call this again.")


@contextmanager
def only_import(tracker: Database) -> Iterator[None]:
    """Be the one import of a database; ImportRunning while there is another.

    Two at once would each take in a part of the same threads, and plan them without the rest.
    """
    if tracker.is_sqlite:
        with _locked_file(Path(f"{tracker.url.database}.importing")):
            yield
    else:
        with tracker.engine.connect() as connection:
            # Not to go back to the others: who takes it from there would hold the lock.
            connection.execution_options(isolation_level="AUTOCOMMIT").detach()
            _lock(connection)
            yield


@contextmanager
def _locked_file(path: Path) -> Iterator[None]:
    """Hold a file beside the database: SQLite loses its own locks when somebody else closes the database's file.

    The file stays: were it removed, two could hold files of the same name.
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportRunning from None
        yield
    finally:
        os.close(number)


def _lock(connection: Connection) -> None:
    """Hold a lock of the database as long as the connection lasts."""
    until = time.monotonic() + _GRACE_SECONDS
    while not connection.scalar(_TRY, {"key": _KEY}):
        if time.monotonic() > until:
            raise ImportRunning
        time.sleep(_PAUSE)
