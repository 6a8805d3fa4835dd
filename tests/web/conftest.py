"""The web pages of a shared inbox with a ticket of Ann's, for which Sam and Una answer; Olga administers it."""

import pytest

from tests.support.desk import Desk
from tests.support.world import World

ANN, SAM, UNA, OLGA, KIM = (
    "ann@home.example",
    "sam@team.example",
    "una@team.example",
    "olga@team.example",
    "kim@home.example",
)


@pytest.fixture
def desk(small_inbox: World) -> Desk:
    """The pages of a shared inbox."""
    world = small_inbox
    for email, name in ((ANN, "Ann Archer"), (KIM, "Kim")):
        world.known(email, name)
    for email, name in ((SAM, "Sam Person"), (UNA, "Una Berg")):
        world.responder(email, name)
    world.known(OLGA, "Olga Root", admin=True)
    world.opens(ANN, "Broken door", "The door does not close.")
    return Desk(world)
