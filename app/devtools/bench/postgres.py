"""The PostgreSQL that is measured beside SQLite: a server of our own, as safe as one in use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from ..postgres_server import NoPostgresError, PostgresServer, own_server

# What is committed is on the disk, as with SQLite here.
_SAFE = {"fsync": "on", "full_page_writes": "on"}


@contextmanager
def postgres(say: Callable[[str], None]) -> Iterator[str | None]:
    """The URL of a new, empty database; None where this machine has no PostgreSQL, which `say` hears."""
    server: PostgresServer | None = None
    with suppress(NoPostgresError):
        server = own_server(settings=_SAFE)
    if server is None:
        say("no PostgreSQL here: only SQLite is measured")
        yield None
        return
    try:
        name = f"bench_{uuid4().hex[:12]}"
        server.execute(f'CREATE DATABASE "{name}"')
        yield server.url(name)
    finally:
        server.close()
