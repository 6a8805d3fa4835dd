"""Claims about tickets in a queue that nobody answers for."""

import pytest

from mail_tickets.model.operations.administration import set_ticket
from mail_tickets.model.operations.daily_work import do_daily_work
from mail_tickets.model.operations.morning_letters import welcome
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import add_queue, add_responder
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.records.tickets import find_ticket
from mail_tickets.model.tickets.fields import FieldChanges
from mail_tickets.model.tickets.unread import unread
from tests.support.world import World


@pytest.fixture
def world(small_inbox: World) -> World:
    """General, which Ron answers for, and Sponsors, which nobody does."""
    with small_inbox.uow() as uow:
        add_queue(uow, "Sponsors", ["sponsors"])
    small_inbox.responder("ron@example.org", "Ron")
    small_inbox.actor("ann@example.net", "Ann").writes("hello", "Help me.")
    return small_inbox


def test_the_receipt_of_a_move_there_says_so_and_the_customer_is_told_nothing_of_it(world: World) -> None:
    ron, ann = world.actor("ron@example.org"), world.actor("ann@example.net")
    ron.replies(ron.letter(), "Here you are.")
    ron.replies(ron.letters[0], "Queue: Sponsors")
    assert "Nobody is on the Sponsors team yet, so nobody there reads this ticket." in ron.letter().text
    assert "administrators" not in ron.letter().text
    ron.replies(ron.letter(), "undo")
    world.known("root@example.org", "Root", admin=True)
    ron.replies(ron.letters[0], "Queue: Sponsors")
    assert "reads this ticket. The admins are told." in ron.letter().words
    ron.replies(ron.letter(), "undo")
    world.responder("sam@example.org", "Sam", queue="Sponsors")
    ron.replies(ron.letters[0], "Queue: Sponsors")
    assert "Nobody answers" not in ron.letter().text
    assert all("nobody" not in letter.all_text.lower() for letter in ann.letters)


def test_a_move_there_by_command_says_so_too(world: World) -> None:
    ron = world.actor("ron@example.org")
    with world.uow() as uow:
        sponsors = FieldChanges(queue=find_queue(uow, "Sponsors"))
        result = set_ticket(uow, find_ticket(uow, 1, locked=True), get_person(uow, ron.email), sponsors)
    assert result.fields == ["queue", "participant"]
    assert [note.english for note in result.notes] == [
        "Nobody is on the Sponsors team yet, so nobody there reads this ticket."
    ]


def test_the_administrators_get_one_letter_a_day_while_any_waits(world: World) -> None:
    root = world.known("root@example.org", "Root", admin=True)
    ann = world.actor("ann@example.net", "Ann")

    def works() -> int:
        do_daily_work(world.database)
        world.settle()
        return len(root.letters)

    assert works() == 0
    ann.writes("sponsors", "A gift.", subject="A gift")
    assert works() == 1
    assert root.letter().text == (
        "Nobody is on the team of these queues, and tickets wait in them:\n\n    Sponsors: #2\n\n"
        "To add someone to a team:\n    tickets responder add EMAIL --queue NAME"
    )
    world.clock.passes(hours=18)
    assert works() == 1
    world.clock.passes(hours=2)
    assert works() == 2
    world.sets(2, root.email, assignee=root.email)
    before = len(root.letters)
    world.clock.passes(days=2)
    assert works() == before
    with world.uow() as uow:
        assert unread(uow) == {}


def test_a_new_responder_is_told_once_what_waits(world: World) -> None:
    sam = world.known("sam@example.org", "Sam")
    world.actor("ann@example.net", "Ann").writes("sponsors", "A gift.", subject="A gift")
    with world.uow() as uow:
        queue, person = find_queue(uow, "Sponsors"), get_person(uow, sam.email)
        assert add_responder(uow, queue, person)
        assert not add_responder(uow, queue, person)
        assert welcome(uow, queue, person) == 1
    world.settle()
    assert sam.letter().text == (
        "1 ticket waits in Sponsors:\n\n    #2  new, under an hour, unassigned: A gift (ticket2@tickets.example)"
    )
    assert sam.letter().footer.endswith("You're getting this because you're on the Sponsors team now.")
    world.act(2, "Change status", sam.email, status="resolved")
    with world.uow() as uow:
        assert welcome(uow, find_queue(uow, "Sponsors"), get_person(uow, sam.email)) == 0
