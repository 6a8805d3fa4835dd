"""The staging area: where an import keeps what it has taken in, and the ids that it gives to new rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Table, event, func, select, text

from ...mail.addresses import address_key
from ...model.records.imported_mail import Archived, ArchivedLink
from ...model.records.our_domains import our_domains
from ...model.records.queues import QueueAddress, find_queue, whole_address
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from .import_lock import only_import

ARCHIVED = cast("Table", Archived.__table__)
LINK = cast("Table", ArchivedLink.__table__)
NO_MARK = b""
"""What stands where a mail bears no mark of ours."""

_CACHE_KB = 24_000
_LONG = 3600.0


@dataclass(frozen=True)
class ImportContext:
    """What one import works on: mails wait in the database for their threads, so that a killed import loses nothing."""

    database: Database
    queue_id: int
    is_ours: Callable[[str], bool]

    def count(self) -> None:
        """Let PostgreSQL know how much there is now: for a table that it takes to be small, it plans for hours."""
        if not self.database.is_sqlite:
            with self.database.core_transaction() as connection:
                connection.execute(text(f"ANALYZE {ARCHIVED.name}, {LINK.name}"))


@contextmanager
def open_context(database: Database, queue: str) -> Iterator[ImportContext]:
    """The import's context for a queue, by its name.

    Raises NoSuchQueue, or ImportRunning while another import holds one.
    """
    with database.read_only() as uow:
        queue_id, is_ours = find_queue(uow, queue).id, _own_addresses(uow)
    with only_import(database), _room(database):
        yield ImportContext(database, queue_id, is_ours)


@contextmanager
def _room(tracker: Database) -> Iterator[None]:
    """Let the database work as an import needs it, for as long as it lasts."""
    prepare = _hold_more if tracker.is_sqlite else _take_time
    event.listen(tracker.engine, "connect", prepare)
    tracker.engine.dispose()
    try:
        yield
    finally:
        event.remove(tracker.engine, "connect", prepare)
        tracker.engine.dispose()


def _hold_more(connection: Any, _record: object) -> None:
    """Hold the indexes to which every mail writes somewhere in their middle: without it they slow SQLite down."""
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")


def _take_time(connection: Any, _record: object) -> None:
    """Nobody waits for an import as a server waits for its 250: a statement over all mails may take its minutes."""
    connection.longest_wait = _LONG
    connection.execute(f"SET statement_timeout = '{_LONG:.0f}s'")
    connection.commit()


def _own_addresses(uow: UnitOfWork) -> Callable[[str], bool]:
    """Which addresses are the tracker's own: all at its domains, and those of queues at other domains."""
    domains = tuple(f"@{domain}" for domain in our_domains(uow))
    queues = {address_key(whole_address(uow, address)) for address in uow.session.scalars(select(QueueAddress.address))}
    return lambda email: (key := address_key(email)).endswith(domains) or key in queues


def reserve(connection: Connection, table: Table, count: int) -> list[int]:
    """So many ids that no row of a table has or will get from anybody else, in order.

    SQLite has one writer, so what is free stays free until the end of the unit of work.
    """
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        ids = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return sorted(connection.scalars(ids, {"name": table.name, "count": count}))
    last = connection.scalar(select(func.max(table.c.id))) or 0
    if table.dialect_options["sqlite"].get("autoincrement"):
        # A number once given is never given again, also when its row is gone.
        statement = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        last = max(last, connection.scalar(statement, {"name": table.name}) or 0)
    return list(range(last + 1, last + 1 + count))


def add_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, all of the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy_rows(connection, table, rows)
    else:
        connection.execute(table.insert(), rows)


def _copy_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows by COPY, which costs PostgreSQL a fifth less than as many statements. Its errors are SQLAlchemy's."""
    dialect, names = connection.dialect, list(rows[0])
    quote = dialect.identifier_preparer.quote
    sql = f"COPY {quote(table.name)} ({', '.join(map(quote, names))}) FROM STDIN"
    processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(sql) as copy:
            for row in rows:
                pairs = zip(processors, (row[name] for name in names), strict=True)
                copy.write_row([process(value) if process else value for process, value in pairs])
        cursor.close()
    except BaseException as error:
        # SQLAlchemy's own: it knows which faults end a connection.
        connection._handle_dbapi_exception(error, sql, None, cursor, None)
