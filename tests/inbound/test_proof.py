"""Claims about which letters of ours prove who answers them: those that nobody else can know, for their ticket."""

from collections.abc import Iterator

import pytest

from tests.support.world import Actor, World


@pytest.fixture(params=["correspondence", "support"])
def world(request: pytest.FixtureRequest, database_url: str) -> Iterator[World]:
    """Ann has asked two things, tickets 1 and 2."""
    world = World(database_url, lifecycle=request.param)
    world.responder("rita@team.example", "Rita")
    for number in (1, 2):
        world.actor("ann@home.example", "Ann").writes("hello", "Please help.", subject=f"Question {number}")
    yield world
    world.close()


@pytest.fixture
def rita(world: World) -> Actor:
    """Rita, who answers."""
    return world.actor("rita@team.example", "Rita")


def test_a_letter_whose_id_a_follow_up_shows_to_others_proves_nothing_any_more(world: World, rita: Actor) -> None:
    letter = rita.letters[0]
    own = rita.replies(letter, "It will be mended.")
    behind = {"In-Reply-To": own, "References": f"{letter['Message-ID']} {own}", "Cc": "list@public.example"}
    rita.writes("ticket1", "Tomorrow.", headers=behind)
    rita.writes("ticket1", "Priority: 41", headers={"In-Reply-To": letter["Message-ID"]})
    assert world.ticket()["priority"] is None


def test_a_letter_proves_its_reader_on_its_own_ticket_alone(world: World, rita: Actor) -> None:
    letter = {"In-Reply-To": rita.letters[0]["Message-ID"]}
    rita.writes("ticket2", "Priority: 7", headers=letter)
    assert world.ticket(2)["priority"] is None
    rita.writes("ticket1", "Priority: 7", headers=letter)
    assert world.ticket(1)["priority"] == 7


def test_a_letter_proves_its_reader_for_thirty_days(world: World, rita: Actor) -> None:
    first, second = rita.letters
    world.clock.passes(days=29)
    rita.replies(first, "Priority: 7")
    world.clock.passes(days=2)
    rita.replies(second, "Priority: 7")
    assert (world.ticket(1)["priority"], world.ticket(2)["priority"]) == (7, None)
