"""A copy of the database that is thrown away, so that an import can be tried."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, insert, select

from ...model.records.received_mail import Mail
from ...model.schema import METADATA
from ...model.storage.database import Database

# So many rows are in memory at once; mails can be large.
_ROWS = 1_000
_MAILS = 10


@contextmanager
def scratch_copy(database: Database) -> Iterator[Database]:
    """Give a SQLite copy of a database as it stands at one moment, in a temporary file for this account alone.

    It has no search index. Nobody waits for whoever works on it, and nothing of that work stays.
    """
    with TemporaryDirectory(prefix="tickets-import-") as folder:
        file = Path(folder, "copy.db")
        file.touch(mode=0o600)
        with closing(Database(f"sqlite:///{file}", database.domain, database.clock)) as copy:
            METADATA.create_all(copy.engine)
            with _snapshot(database) as source, copy.core_transaction() as target:
                _copy(source, target)
            yield copy


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees one moment of a database, and that no writer waits for."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            yield connection.execution_options(tickets_reading=True)
        else:
            yield connection.execution_options(isolation_level="REPEATABLE READ")


def _copy(source: Connection, target: Connection) -> None:
    # Tables refer to one another in circles.
    target.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for table in METADATA.tables.values():
        reading = source.execution_options(yield_per=_MAILS if table is Mail.__table__ else _ROWS)
        for rows in reading.execute(select(table)).mappings().partitions():
            target.execute(insert(table), [dict(row) for row in rows])
