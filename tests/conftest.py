"""The fixtures: a world on each database that the tracker promises to run on."""

import gc
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import Pool
from sqlalchemy.util import LRUCache

from tests.support.postgres import PostgresServer, drop_database, fresh_database
from tests.support.world import World, forget_domain

pytest_plugins = ["tests.support.postgres", "tests.support.installed", "tests.support.browser"]


# What a test starts inherits this. A run under nohup ignores hang-ups, which the program would then go on doing.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def do_not_wait_for_the_disk(connection: Any, record: Any, _proxy: object) -> None:
    """Take durability from a new SQLite connection of this process: half of a test's time was waiting for the disk.

    Nothing here can survive a power cut anyway. Processes that tests start do not see this: what is killed in
    test_serving, test_postfix and the torture runs with synchronous=FULL, as it ships. The `durable` fixture does, too.
    """
    if isinstance(connection, sqlite3.Connection) and record.info.setdefault("durable", True):
        record.info["durable"] = False
        connection.execute("PRAGMA synchronous = OFF")


# When it is first used, which is after the program has prepared it.
event.listen(Pool, "checkout", do_not_wait_for_the_disk)


@pytest.fixture
def durable() -> Iterator[None]:
    """SQLite as the program opens it."""
    event.remove(Pool, "checkout", do_not_wait_for_the_disk)
    yield
    event.listen(Pool, "checkout", do_not_wait_for_the_disk)


# SQLAlchemy compiles each statement once for an engine, and every test has an engine of its own: a third of a test's
# time. Here they share what is compiled, as the mails of a server do; the key of that has the dialect in it.
for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
    dialect.__eq__ = lambda first, second: type(first) is type(second)  # type: ignore[method-assign,assignment]
    dialect.__hash__ = lambda instance: hash(type(instance))  # type: ignore[method-assign,assignment]
COMPILED: LRUCache[Any, Any] = LRUCache(2000)


@event.listens_for(Engine, "engine_connect")
def share_what_is_compiled(connection: Connection) -> None:
    """Let every engine use the statements that another has compiled."""
    connection.execution_options(compiled_cache=COMPILED)


def pytest_configure(config: pytest.Config) -> None:
    """Let workers take the files in the order below, not those of most tests first."""
    config.option.loadscopereorder = False


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One worker more than cores: the slow files wait for servers, mails and time-outs half of the time."""
    return (yield) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, nor later among them: that was a third of the time it took."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a PostgreSQL, by its fixtures and parameters; let workers begin with the slow files."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "postgres_server" in getattr(item, "fixturenames", ()) or "postgresql" in parameters.values():
            item.add_marker(pytest.mark.postgres)
    if hasattr(config, "workerinput"):
        # Of two workers the last would else run one of them for minutes while the other has no work.
        sizes = Counter(item.path for item in items)
        items.sort(key=lambda item: (item.get_closest_marker("slow") is None, -sizes[item.path]))


# A new database is a copy of one that was set up once: migrating each would be half the time of the suite.
@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database that is set up and closed."""
    path = tmp_path_factory.mktemp("template") / "tickets.db"
    World(f"sqlite:///{path}").close()
    forget_domain(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a database that is set up and that nobody is connected to."""
    url = fresh_database(postgres_server)
    World(url).close()
    forget_domain(url)
    return str(make_url(url).database)


@pytest.fixture
def database_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A new SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "tickets.db")
    return f"sqlite:///{tmp_path}/tickets.db"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A new PostgreSQL database, dropped after the test."""
    url = fresh_database(postgres_server, template=postgres_template)
    yield url
    drop_database(postgres_server, url)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """A new database of each kind."""
    return str(request.getfixturevalue("database_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind with nothing in it."""
    if request.param == "postgresql":
        return fresh_database(request.getfixturevalue("postgres_server"))
    (tmp_path / "tickets.db").touch()
    return f"sqlite:///{tmp_path}/tickets.db"


@pytest.fixture
def world(any_database_url: str) -> Iterator[World]:
    """A tracker on each database."""
    world = World(any_database_url)
    yield world
    world.close()


@pytest.fixture
def small_world(database_url: str) -> Iterator[World]:
    """A tracker on SQLite, for what no database can change."""
    world = World(database_url)
    yield world
    world.close()


@pytest.fixture
def inbox(any_database_url: str) -> Iterator[World]:
    """A shared inbox on each database."""
    world = World(any_database_url, lifecycle="correspondence")
    yield world
    world.close()


@pytest.fixture
def postgres_inbox(postgres_url: str) -> Iterator[World]:
    """A shared inbox on PostgreSQL, for what SQLite does not do."""
    world = World(postgres_url, lifecycle="correspondence")
    yield world
    world.close()


@pytest.fixture
def small_inbox(database_url: str) -> Iterator[World]:
    """A shared inbox on SQLite, for what no database can change."""
    world = World(database_url, lifecycle="correspondence")
    yield world
    world.close()
