"""The claim that the web pages and the morning's letter have one rule for which tickets wait for their team."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from email.utils import format_datetime

import pytest

from mail_tickets.model.desk.lists import list_page, my_work
from mail_tickets.model.operations.morning_letters import waiting_in
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queues import find_queue
from tests.support.world import World

ANN, SAM, OLGA = "ann@home.example", "sam@team.example", "olga@team.example"


def answer(world: World) -> None:
    life = world.ticket()["lifecycle"]
    world.act(1, "Reply" if life == "correspondence" else "Answer", SAM, "Here you are.")


def stall(world: World) -> None:
    set_status(world, correspondence="stalled", support="Needs information")


def close(world: World) -> None:
    set_status(world, correspondence="resolved", support="Solved")


def reopen(world: World) -> None:
    set_status(world, correspondence="open", support="Open")


def reopen_by_command(world: World) -> None:
    status = {"correspondence": "open", "support": "Open"}[world.ticket()["lifecycle"]]
    world.act(1, "Change status", OLGA, status=status)


def set_status(world: World, **statuses: str) -> None:
    """An administrator mails one line, and no words."""
    olga = world.actor(OLGA, "Olga")
    olga.replies(olga.letter(), f"Status: {statuses[world.ticket()['lifecycle']]}")


def ask_again(world: World) -> None:
    world.act(1, "Reply" if world.ticket()["lifecycle"] == "correspondence" else "Reopen", ANN, "And this?")


def note(world: World) -> None:
    world.act(1, "Comment", SAM, "Among ourselves.", private=True)


def answer_by_a_mail_of_hours_ago(world: World) -> None:
    written = format_datetime(world.clock.now - timedelta(hours=3))
    world.actor(SAM, "Sam").writes("ticket1", "Here you are.", headers={"Date": written})


Step = Callable[[World], None]
STORIES: list[tuple[list[Step], bool]] = [
    ([], True),
    ([note], True),
    ([answer], False),
    ([answer, note], False),
    ([answer, ask_again], True),
    ([answer, close], False),
    ([answer, close, reopen], True),
    ([answer, close, reopen, note], True),
    ([answer, close, reopen_by_command], True),
    ([answer, close, reopen, answer], False),
    ([answer, stall], False),
    ([answer, stall, reopen], True),
    ([stall], False),
    # By mail, words of the team open what was stalled or resolved. They are an answer, whatever its date.
    ([answer, stall, answer_by_a_mail_of_hours_ago], False),
    ([answer, close, reopen, answer_by_a_mail_of_hours_ago], False),
]


def called(steps: object) -> str | None:
    return "-".join(step.__name__ for step in steps) or "nothing" if isinstance(steps, list) else None


@pytest.mark.parametrize("lifecycle", ["correspondence", "support"])
@pytest.mark.parametrize(("steps", "waits"), STORIES, ids=called)
def test_what_waits_for_the_team_is_the_same_in_lists_counts_and_the_morning(
    any_database_url: str, lifecycle: str, steps: list[Step], waits: bool
) -> None:
    with closing(World(any_database_url, lifecycle=lifecycle)) as world:
        world.responder(SAM, "Sam")
        world.known(OLGA, "Olga", admin=True)
        world.responder(OLGA, "Olga")
        world.opens(ANN, "Hello")
        for step in steps:
            world.clock.passes(hours=2)
            step(world)
        assert waiting_everywhere(world) == {waits}


def waiting_everywhere(world: World) -> set[bool]:
    """Whether ticket 1 waits, by each who says so."""
    with world.database.read_only() as uow:
        sam = get_person(uow, SAM)
        listed = [row.number for row in list_page(uow, sam, {"waits": "us"}).rows]
        waits_for_them = [row.number for row in list_page(uow, sam, {"waits": "them"}).rows]
        [row] = list_page(uow, sam, {"status": "any"}).rows
        work = my_work(uow, sam)
        sums = {
            listed == [1],
            row.waits,
            [row.number for row in work.us.rows] == [1],
            work.queues[0].waiting == 1,
            [row.number for row in waiting_in(uow, find_queue(uow, "General"))] == [1],
        }
        assert not (listed and waits_for_them)
        return sums
