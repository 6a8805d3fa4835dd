"""A PostgreSQL for the benchmarks, whose commits are on the disk as SQLite's are, and what its processes cost."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from ..postgres_server import NoPostgresError, OwnServer, own_server

# What is committed is on the disk, as with SQLite here.
_SAFE = {"fsync": "on", "full_page_writes": "on"}


class MeasuredPostgres:
    """A server of our own; figures from /proc, so Linux only."""

    def __init__(self, server: OwnServer) -> None:
        self._server = server

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"bench_{uuid4().hex[:12]}"
        self._server.execute(f'CREATE DATABASE "{name}"')
        return self._server.url(name)

    def cpu_ms(self) -> float:
        """Processor milliseconds that all its processes have used, those that have ended too."""
        assert self._server.postmaster is not None
        own = self._server.postmaster.pid
        fields = Path(f"/proc/{own}/stat").read_text().rpartition(")")[2].split()
        ticks = sum(int(field) for field in fields[11:15])
        return ticks * 1000 / os.sysconf("SC_CLK_TCK") + sum(_ran_ms(child) for child in _children(own))


def _children(pid: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                yield int(stat.parent.name)


def _ran_ms(pid: int) -> float:
    """What one process with one thread has used, finer than in ticks."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    except OSError:
        return 0.0


@contextmanager
def measured_postgres(say: Callable[[str], None]) -> Iterator[MeasuredPostgres | None]:
    """A server; None where this machine has no PostgreSQL, which `say` hears."""
    server: OwnServer | None = None
    with suppress(NoPostgresError):
        server = own_server(settings=_SAFE)
    if server is None:
        say("no PostgreSQL here: only SQLite is measured")
        yield None
        return
    try:
        yield MeasuredPostgres(server)
    finally:
        server.close()


@contextmanager
def postgres(say: Callable[[str], None]) -> Iterator[str | None]:
    """The URL of a new, empty database; None where this machine has no PostgreSQL, which `say` hears."""
    with measured_postgres(say) as server:
        yield server.new_database() if server else None
