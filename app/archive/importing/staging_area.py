"""The staging area: where an import keeps what it has taken in, and the ids that it gives to new rows."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from sqlalchemy import Connection, Table, event, func, select, text

from ...mail.addresses import address_key
from ...model.records.imported_mail import Archived, ArchivedLink
from ...model.records.queue_setup import add_queue
from ...model.records.queues import QueueAddress, find_queue, whole_address
from ...model.storage.base import Base
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
    """What one import works on.

    `tracker` is the database whose tickets there are. `store` is where mails wait for their threads: the same
    database, so that nothing is lost when the import is killed; for a dry run another one, which is thrown away.
    """

    tracker: Database
    store: Database
    queue_id: int
    is_ours: Callable[[str], bool]

    @property
    def dry(self) -> bool:
        """Whether nothing of this is to stay."""
        return self.store is not self.tracker

    def count(self) -> None:
        """Let PostgreSQL know how much there is now: for a table that it takes to be small, it plans for hours."""
        if not self.store.is_sqlite:
            with self.store.core_transaction() as connection:
                connection.execute(text(f"ANALYZE {ARCHIVED.name}, {LINK.name}"))


@contextmanager
def open_context(tracker: Database, queue: str, *, dry: bool) -> Iterator[ImportContext]:
    """The import's context for a queue, by its name.

    Raises NoSuchQueue, or ImportRunning while another import holds one.
    """
    with tracker.read_only() as uow:
        queue_id, is_ours = find_queue(uow, queue).id, _own_addresses(uow)
    if not dry:
        with only_import(tracker), _room(tracker):
            yield ImportContext(tracker, tracker, queue_id, is_ours)
        return
    with TemporaryDirectory(prefix="tickets-import-") as folder:
        file = Path(folder, "dry.db")
        file.touch()
        with closing(Database(f"sqlite:///{file}", tracker.domain, tracker.clock)) as store:
            yield _throw_away(store, tracker, queue, is_ours)


def _throw_away(store: Database, tracker: Database, queue: str, is_ours: Callable[[str], bool]) -> ImportContext:
    """A staging area in an empty database of its own."""
    Base.metadata.create_all(store.engine)
    with store.transaction() as uow:
        return ImportContext(tracker, store, add_queue(uow, queue).id, is_ours)


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
    """Which addresses are the tracker's own: all at its domain, and those of queues at other domains."""
    domain = f"@{uow.domain}"
    queues = {address_key(whole_address(uow, one)) for one in uow.session.scalars(select(QueueAddress.address))}
    return lambda email: (key := address_key(email)).endswith(domain) or key in queues


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
        given = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        last = max(last, connection.scalar(given, {"name": table.name}) or 0)
    return list(range(last + 1, last + 1 + count))


def add_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, all of the same columns."""
    if rows:
        connection.execute(table.insert(), rows)
