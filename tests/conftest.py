"""This file holds the fixtures: a world on each database that the tracker promises to run on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import fresh_database
from tests.world import World

pytest_plugins = ["tests.postgres"]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """A new SQLite database."""
    return f"sqlite:///{tmp_path}/tickets.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tickets.db"
    return fresh_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def world(any_database_url: str) -> Iterator[World]:
    """A tracker on each database."""
    made = World(any_database_url)
    yield made
    made.close()


@pytest.fixture
def small_world(database_url: str) -> Iterator[World]:
    """A tracker on SQLite, for what no database can change."""
    made = World(database_url)
    yield made
    made.close()
