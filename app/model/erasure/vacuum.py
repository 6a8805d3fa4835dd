"""What is done once words are erased, so that no file of the database holds them any more."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ..search.fulltext_table import POSTGRES_TABLE, SQLITE_OPTIMIZE
from ..storage.base import Base
from ..storage.database import Database

# So long a reader or a writer of a running server may hold things up.
PATIENCE_SECONDS = 10.0
_BETWEEN = 0.2


class NotSwept(Exception):
    """What was erased is still in the database's files; the text says why, and what to do."""


def sweep(database: Database) -> None:
    """Give back the room of what was erased, overwritten. Safe while a server runs, which waits. Raises NotSwept."""
    if database.is_sqlite:
        _sweep_file(Path(database.url.database or ""))
        return
    try:
        _vacuum(database)
    except DBAPIError as error:
        why = str(error.orig).partition("\n")[0].rstrip(".")
        raise NotSwept(f"It is erased, but its room could not be given back ({why}): run VACUUM later.") from error


def copies_beside(database: Database) -> list[str]:
    """The copies that were made before upgrades: what is erased in the database is still in them."""
    if not database.is_sqlite or not database.url.database:
        return []
    file = Path(database.url.database)
    return sorted(str(path) for path in file.parent.glob(f"{file.name}.before-*"))


def _sweep_file(file: Path) -> None:
    """Write the file anew: pages keep shadows of rows that were moved before, and the log the pages as they were."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as own:
            own.execute(f"PRAGMA busy_timeout = {int(PATIENCE_SECONDS * 1000)}")
            own.execute("PRAGMA secure_delete = ON")
            own.execute(SQLITE_OPTIMIZE)
            own.execute("VACUUM")
            _empty_log(own)
    except sqlite3.Error as error:
        why = str(error).partition("\n")[0].rstrip(".")
        raise NotSwept(f"It is erased, but {file.name} could not be written anew ({why}): {_AGAIN}") from error


def _empty_log(own: sqlite3.Connection) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            raise NotSwept(f"It is erased, but something reads the database, and its log keeps the words: {_AGAIN}")
        time.sleep(_BETWEEN)


_AGAIN = "stop the server for a moment and run `tickets forget --sweep`."


def _vacuum(database: Database) -> None:
    """Let PostgreSQL use the room of erased rows anew, in every table of ours."""
    names = ", ".join(f'"{name}"' for name in (*Base.metadata.tables, POSTGRES_TABLE))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # It may take as long as it takes.
        connection.exec_driver_sql("SET statement_timeout = 0")
        driver = connection.connection.driver_connection
        patience = getattr(driver, "longest_wait", None)
        if driver is not None and patience is not None:
            driver.longest_wait = float("inf")
        connection.exec_driver_sql(f"VACUUM {names}")
        connection.invalidate()
