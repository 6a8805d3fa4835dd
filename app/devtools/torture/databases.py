"""The databases of the torture, and what can be done to each: the troubles."""

import resource
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import psycopg

from ..postgres_server import Mode, own_server
from .scratch_disk import Room, frozen, may_freeze
from .supervisor import Keeper

_LOCK_SECONDS = 30.0
# No file of a database is so small for long.
_TINY_FILE = 8 * 1024
_NO_MOUNT = "disk full: mounting a small disk is not permitted"


class Trouble(NamedTuple):
    """Something that a database suffers as long as the context lasts."""

    name: str
    during: Callable[[], AbstractContextManager[None]]


class Store(Protocol):
    """A database that can be put into trouble."""

    name: str
    url: str
    missing: Sequence[str]

    def troubles(self, keeper: Keeper) -> list[Trouble]:
        """All that can be done to it here; `missing` says what cannot."""

    def move(self, keeper: Keeper) -> bool:
        """Half of the time is over: whether there was something to do in between."""

    def close(self) -> None:
        """End what was started for it."""


class Sqlite:
    """A file, first on the small disk, where it can become full, then on a large one, where it can become read-only."""

    name = "SQLite"

    def __init__(self, room: Room) -> None:
        self._room = room
        self._where = room.path / "database"
        self._where.symlink_to(room.small)
        self._file = self._where / "tickets.db"
        self.url = f"sqlite:///{self._file}"
        self._freezes = may_freeze(room.large)
        self.missing: Sequence[str] = [
            *([] if room.has_small_disk else [_NO_MOUNT]),
            *([] if self._freezes else ["read-only: files cannot be made immutable by this user or on this disk"]),
        ]

    def troubles(self, keeper: Keeper) -> list[Trouble]:
        """The disk is full while it is the small one, files are immutable while it is the large one."""
        on_small = self._where.readlink() == self._room.small
        return [
            Trouble("locked", self._locked),
            Trouble("files limited in size", lambda: _limited(lambda: [keeper.pid] if keeper.pid else [])),
            *([Trouble("disk full", self._room.full)] if on_small and self._room.has_small_disk else []),
            *([Trouble("read-only", self._frozen)] if self._freezes and not on_small else []),
        ]

    def move(self, keeper: Keeper) -> bool:
        """Move to the large disk, as somebody does whose server was killed."""
        with keeper.still:
            keeper.kill()
            # Without the socket of the server that was killed.
            files = shutil.ignore_patterns("*.deliver")
            shutil.copytree(self._room.small, self._room.large, dirs_exist_ok=True, ignore=files)
            self._where.unlink()
            self._where.symlink_to(self._room.large)
        return True

    def close(self) -> None:
        """Nothing runs."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self._file, isolation_level=None, timeout=_LOCK_SECONDS)) as connection:
            with suppress(sqlite3.OperationalError):
                connection.execute("BEGIN EXCLUSIVE")
            yield

    def _frozen(self) -> AbstractContextManager[None]:
        # Not its shared memory: whoever has mapped that would be killed at once, which is no way for a disk to fail.
        return frozen(*(path for path in (self._file, Path(f"{self._file}-wal")) if path.exists()))


class Postgresql:
    """A server of our own on the small disk, if there is one."""

    name = "PostgreSQL"

    def __init__(self, room: Room) -> None:
        self._room = room
        directory = room.small / "pg"
        directory.mkdir(mode=0o700)
        self._server = own_server(directory=directory, settings={"max_wal_size": "64MB", "max_connections": "60"})
        self._server.execute("CREATE DATABASE tickets")
        self.url = self._server.url("tickets")
        self.missing: Sequence[str] = [] if room.has_small_disk else [_NO_MOUNT]

    def troubles(self, keeper: Keeper) -> list[Trouble]:
        """It is stopped in both ways, locked, read-only, and out of room."""
        modes: tuple[Mode, ...] = ("immediate", "fast")
        return [
            *(Trouble(f"stopped ({mode})", lambda mode=mode: self._stopped(mode)) for mode in modes),  # type: ignore[misc] # mypy infers no lambda with a default
            Trouble("locked", self._locked),
            Trouble("read-only", self._read_only),
            Trouble("disk full", self._full)
            if self._room.has_small_disk
            else Trouble("files limited in size", self._limited),
        ]

    def move(self, keeper: Keeper) -> bool:
        """It stays where it is."""
        return False

    def close(self) -> None:
        """Stop the server, and take its files away."""
        self._server.close()

    @contextmanager
    def _stopped(self, mode: Mode) -> Iterator[None]:
        self._server.stop(mode)
        try:
            yield
        finally:
            self._server.start()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        conninfo = self.url.replace("+psycopg", "", 1)
        with closing(psycopg.connect(conninfo, connect_timeout=10)) as connection:
            while not _lock(connection):
                connection.rollback()
            yield
            connection.rollback()

    @contextmanager
    def _read_only(self) -> Iterator[None]:
        self._server.execute("ALTER DATABASE tickets SET default_transaction_read_only = on")
        self._end_connections()
        try:
            yield
        finally:
            self._server.execute("ALTER DATABASE tickets RESET default_transaction_read_only")
            self._end_connections()

    def _end_connections(self) -> None:
        self._server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tickets'")

    @contextmanager
    def _full(self) -> Iterator[None]:
        with self._room.full():
            yield
        self._revive()

    @contextmanager
    def _limited(self) -> Iterator[None]:
        with _limited(self._backends):
            yield
        self._revive()

    def _backends(self) -> list[int]:
        conninfo = self.url.replace("+psycopg", "", 1)
        with closing(psycopg.connect(conninfo, connect_timeout=10)) as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'tickets'").fetchall()
        return [int(pid) for (pid,) in rows]

    def _revive(self) -> None:
        """A server that could not write its log has ended: start it as an administrator would."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self._server.postmaster is None or self._server.postmaster.poll() is not None:
                self._server.stop("immediate")
                self._server.start()
            with suppress(psycopg.OperationalError):
                self._server.execute("CHECKPOINT")
                return
            time.sleep(0.2)


def _lock(connection: psycopg.Connection[Any]) -> bool:
    """Lock what every mail and letter needs; False if the server and we each waited for the other, and we gave in."""
    try:
        connection.execute("LOCK TABLE mail, delivery, letter IN ACCESS EXCLUSIVE MODE")
    except psycopg.errors.DeadlockDetected:
        return False
    return True


STORES: dict[str, Callable[[Room], Store]] = {"sqlite": Sqlite, "postgresql": Postgresql}


@contextmanager
def _limited(processes: Callable[[], Sequence[int]]) -> Iterator[None]:
    """Let none of these processes make a file larger than tiny, as on a disk that is full."""
    before: dict[int, tuple[int, int]] = {}
    for pid in processes():
        with suppress(ProcessLookupError, PermissionError):
            before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_TINY_FILE, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError, PermissionError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
