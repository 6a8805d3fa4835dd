"""The web pages of a shared inbox with a ticket of Ann's, for which Sam and Una answer; Olga administers it."""

import pytest

from tests.support.desk import Desk
from tests.support.world import World

ANN, KIM = "ann@home.example", "kim@home.example"
SAM, UNA, OLGA = "sam@team.example", "una@team.example", "olga@team.example"


def populated(world: World) -> World:
    """A shared inbox with a ticket of Ann's; Kim is known and not on it."""
    for email, name in ((ANN, "Ann Archer"), (KIM, "Kim")):
        world.known(email, name)
    for email, name in ((SAM, "Sam Person"), (UNA, "Una Berg")):
        world.responder(email, name)
    world.known(OLGA, "Olga Root", admin=True)
    world.opens(ANN, "Broken door", "The door does not close.")
    return world


@pytest.fixture
def desk(small_inbox: World) -> Desk:
    """The pages of a shared inbox."""
    return Desk(populated(small_inbox))
