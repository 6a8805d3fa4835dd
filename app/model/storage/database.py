"""The database: one engine, and units of work that hold entirely or not at all."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from .fair_lock import FairLock
from .prepared import run
from .unit_of_work import DEFAULT_TRUST, Trust, UnitOfWork

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

# Bounds on how long a mail can hang on a database that does not answer; then the sender is told to try again.
CONNECT_SECONDS = 5
LOCK_SECONDS = 10
STATEMENT_SECONDS = 30
# A server that is well ends a statement by itself; after so much longer it is taken for one that hangs.
GRACE_SECONDS = 5


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class DatabaseBusy(Exception):
    """Another thread holds the database for longer than a mail may wait."""


class DatabaseReplaced(Exception):
    """The file of the database is another one than the one that is open."""


# What is raised while a database is away or locked, and besides by a PostgreSQL that can only be read. Work that ended
# so can be done once the database is back.
DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout, DatabaseBusy, DatabaseReplaced)
DATABASE_FAULTS = (*DATABASE_AWAY, InternalError)


class Database:
    """Where everything is kept.

    `clock` gives the present moment, `domain` is that of our addresses, and `web_url` is where people find the pages.
    """

    def __init__(
        self,
        url: str,
        domain: str,
        clock: Callable[[], datetime] = utc_now,
        pool_size: int = 8,
        trust: Trust = DEFAULT_TRUST,
        web_url: str | None = None,
    ) -> None:
        self.url = make_url(url)
        self.domain = domain.lower()
        self.clock = clock
        self.trust = trust
        self.web_url = web_url
        # Whether anything was committed here.
        self.has_written = False
        self._kept: dict[str, str] = {}
        self.engine = _engine(self.url, pool_size)
        # SQLite has one writer. Threads that wait for each other here do so without polling the file.
        self._writer = FairLock() if self.is_sqlite else None

    @property
    def shown_url(self) -> str:
        """Where the database is, without any password."""
        hidden = {name: "***" for name in self.url.query if "pass" in name.lower()}
        return self.url.update_query_dict(hidden).render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether the whole database is one file."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """A unit of work that may write: committed at the end, rolled back whole if anything is raised."""
        with self.write_lock(), Session(self.engine, expire_on_commit=False) as session:
            yield self._unit_of_work(session)
            session.commit()
        self.has_written = True

    def _unit_of_work(self, session: Session) -> UnitOfWork:
        return UnitOfWork(session, self.clock(), self.domain, self.trust, self._kept, self.web_url)

    @contextmanager
    def core_transaction(self) -> Iterator[Connection]:
        """A short unit of work without objects: one connection, committed at the end or rolled back."""
        with self.write_lock(), self.engine.begin() as connection:
            yield connection
        self.has_written = True

    @contextmanager
    def read_only(self) -> Iterator[UnitOfWork]:
        """A unit of work that only reads: one consistent view, and no writer waits for it."""
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"tickets_reading": True})
            yield self._unit_of_work(session)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """This thread's turn to write, where the database has one writer; DatabaseBusy if it does not come."""
        if self._writer is None:
            yield
            return
        if not self._writer.acquire(timeout=LOCK_SECONDS):
            raise DatabaseBusy(f"no turn to write within {LOCK_SECONDS} seconds")
        try:
            yield
        finally:
            self._writer.release()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


# What a mail says does not belong into a log, where an error of the database would otherwise carry it.
_POOL: dict[str, Any] = {"max_overflow": 8, "pool_timeout": LOCK_SECONDS, "hide_parameters": True}


def _engine(url: URL, pool_size: int) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, pool_size)
    # Without JIT: to compile a query of lists or counts takes longer than it runs, as its cost is taken for too high.
    options = f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={LOCK_SECONDS}s -c timezone=UTC -c jit=off"
    arguments = {
        "connect_timeout": CONNECT_SECONDS,
        "options": options,
        "tcp_user_timeout": STATEMENT_SECONDS * 1000,
        # A server whose machine is gone says nothing, and by themselves systems would ask after two hours.
        "keepalives_idle": STATEMENT_SECONDS,
    }
    engine = create_engine(
        url,
        pool_size=pool_size,
        **_POOL,
        connect_args=arguments if url.get_backend_name() == "postgresql" else {},
    )
    event.listen(engine, "do_connect", _connect_postgres)
    event.listen(engine, "checkin", lambda _, record: record.info.update(rests_since=monotonic()))
    event.listen(engine, "checkout", partial(_check_rested, engine.dialect))
    return engine


def _sqlite_engine(url: URL, pool_size: int) -> Engine:
    engine = create_engine(url, pool_size=pool_size, **_POOL)
    engine.dialect.statement_compiler = _with_hints()
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    if url.database and url.database != ":memory:":
        file = Path(url.database)
        event.listen(engine, "do_connect", lambda *_: _check_there(file))
        event.listen(engine, "connect", lambda _, record: record.info.update(file=_identity(file)))
        event.listen(engine, "begin", lambda connection: _check_same(connection, file))
        event.listen(engine, "commit", lambda connection: _check_same(connection, file))
    return engine


@cache
def _with_hints() -> "type[SQLCompiler]":
    """Return a compiler that writes the hints of a statement, `INDEXED BY …`, as SQLAlchemy's own does not."""
    from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

    class HintedSqlite(SQLiteCompiler):
        def get_from_hint_text(self, _table: object, text: str | None) -> str | None:
            return text

    return HintedSqlite


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another one of its name; None if there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _check_there(file: Path) -> None:
    """SQLite would make a new, empty database where somebody has moved ours away."""
    if not file.exists():
        raise sqlite3.OperationalError(f"there is no database at {file}")


def _check_same(connection: Connection, file: Path) -> None:
    """An open database goes on working when its file is removed or replaced, and what it takes then is lost."""
    if connection.info.get("file") != _identity(file):
        connection.invalidate()
        raise DatabaseReplaced(f"{file} was removed or replaced while it was in use")


# A connection in steady use is not asked whether it still stands: that would be a round trip for every mail.
_RESTED_SECONDS = 1.0


def _check_rested(dialect: Dialect, connection: Any, record: Any, _proxy: object) -> None:
    """Let the pool replace a connection that has rested, and ended meanwhile."""
    if monotonic() - record.info.get("rests_since", monotonic()) < _RESTED_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def _connect_postgres(_dialect: object, _record: object, given: list[Any], named: dict[str, Any]) -> Any:
    # Loaded here: SQLite needs no psycopg.
    from .psycopg_timeout import TimeoutConnection

    connection = TimeoutConnection.connect(*given, **named)
    connection.longest_wait = float(STATEMENT_SECONDS + GRACE_SECONDS)
    return connection


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun below, not by the driver, which would begin them late and as readers.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL: what is committed stays committed when the power goes, as it must before a mail is answered 250.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its turn at once: a reader that later wants to write could be refused in the middle of its work.
    reading = connection.get_execution_options().get("tickets_reading")
    run(connection, "BEGIN" if reading else "BEGIN IMMEDIATE")
