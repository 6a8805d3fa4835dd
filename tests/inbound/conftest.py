"""The worlds in which mail is interpreted: each with a team, in one lifecycle or in each."""

from collections.abc import Iterator

import pytest

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from tests.support.staffed_world import StaffedWorld, staffed
from tests.support.world import World


@pytest.fixture(params=LIFECYCLES)
def team(request: pytest.FixtureRequest, database_url: str) -> Iterator[StaffedWorld]:
    """A team in each lifecycle, on SQLite."""
    with staffed(database_url, request.param) as team:
        yield team


@pytest.fixture(params=LIFECYCLES)
def every_team(request: pytest.FixtureRequest, any_database_url: str) -> Iterator[StaffedWorld]:
    """A team in each lifecycle on each database, to whom mail comes over SMTP."""
    world = World(any_database_url, lifecycle=request.param)
    with world.serving():
        team = StaffedWorld(world, request.param)
        team.begin()
        yield team
    world.close()


@pytest.fixture
def helpdesk(database_url: str) -> Iterator[StaffedWorld]:
    """A team that lives by `support`."""
    with staffed(database_url, "support") as team:
        yield team


@pytest.fixture
def mailroom(database_url: str) -> Iterator[StaffedWorld]:
    """A team that lives by `correspondence`."""
    with staffed(database_url, "correspondence") as team:
        yield team
