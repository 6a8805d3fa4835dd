"""The PostgreSQL that tests run against: one server for a whole run, one new database for each test that asks.

A test module asks with `pytest_plugins = ["tests.support.postgres"]`, so that all of them share the one server.
PYTEST_DONT_REWRITE: the names are also imported in the usual way, which pytest would warn of.
"""

import os
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from mail_tickets.devtools.postgres_server import Mode, NoPostgresError, PostgresServer, own_server

__all__ = [
    "Mode",
    "NoPostgresError",
    "PostgresServer",
    "drop_database",
    "fresh_database",
    "open_server",
    "postgres_server",
]


class Given(PostgresServer):
    """The server of TEST_DATABASE_URL, which is not ours to stop: what needs that is skipped."""

    def start(self) -> None:
        pytest.skip("the server of TEST_DATABASE_URL is not ours to start and stop")

    def stop(self, mode: Mode = "fast") -> None:
        pytest.skip("the server of TEST_DATABASE_URL is not ours to start and stop")

    def freeze(self) -> None:
        pytest.skip("the server of TEST_DATABASE_URL is not ours to stop")

    def thaw(self) -> None:
        pass


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this run: TEST_DATABASE_URL, else one of our own; without either a skip, under CI a failure."""
    try:
        server = open_server()
    except NoPostgresError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"no PostgreSQL: {reason}, or set TEST_DATABASE_URL", pytrace=False)
        pytest.skip(f"no PostgreSQL: {reason}, or set TEST_DATABASE_URL")
    yield server
    server.close()


def fresh_database(server: PostgresServer, template: str | None = None) -> str:
    """The SQLAlchemy URL of a new database: empty, or a copy of `template`, to which nobody may be connected."""
    name = f"tickets_test_{uuid.uuid4().hex[:12]}"
    server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"{_by_files(server)}')
    server.made.append(name)
    return server.url(name)


@cache
def _by_files(server: PostgresServer) -> str:
    """How a database is copied: by its files, as before PostgreSQL 15, which takes half the time of the log of it."""
    address = server.address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        return " STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""


def drop_database(server: PostgresServer, url: str) -> None:
    """Drop the database of that URL, whoever is still connected to it."""
    name = str(make_url(url).database)
    server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    server.made.remove(name)


def open_server() -> PostgresServer:
    """The server that is there or can be started; raises NoPostgresError."""
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        return Given(make_url(url))
    directory = Path(tempfile.mkdtemp(prefix="tickets-pg-", dir=_MEMORY))
    # Autovacuum looks after each new database, and none lives long enough to need that.
    return own_server(os.environ.get("TEST_POSTGRES", ""), directory, {"autovacuum": "off"})


# Hundreds of databases are made and dropped, each of a thousand files: on a disk that is most of the time.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
