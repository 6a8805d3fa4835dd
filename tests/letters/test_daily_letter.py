"""Claims about the administrators' daily letter: one a day, with everything that needs them, and none without."""

from datetime import UTC

import pytest
from sqlalchemy import update

from mail_tickets.model.inbound.bounces import record_failure
from mail_tickets.model.operations.daily_letter import KIND
from mail_tickets.model.operations.daily_work import do_daily_work
from mail_tickets.model.records.letters import Letter, LetterSubject, State
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.milestones import BACKUP, note
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import add_queue
from tests.support.world import DOMAIN, World


@pytest.fixture
def world(small_inbox: World) -> World:
    """A shared inbox that Ron answers for, with a ticket of Ann's, and Ada, who administers."""
    small_inbox.responder("ron@example.org", "Ron")
    small_inbox.known("ada@example.org", "Ada", admin=True)
    small_inbox.actor("ann@example.net", "Ann").writes("hello", "Help me.")
    return small_inbox


def daily_lines(world: World) -> list[str]:
    """Do the daily work twice; the letters that Ada got by it."""
    ada = world.actor("ada@example.org")
    before = len(ada.letters)
    for _ in range(2):
        do_daily_work(world.database)
    world.settle()
    return [letter.text for letter in ada.letters[before:]]


def at(world: World, hour: int, day: int = 1) -> None:
    """So many days later, at this hour of the server's."""
    then = world.clock.now.astimezone().replace(hour=hour, minute=0)
    world.clock.now = then.astimezone(UTC)
    world.clock.passes(days=day)


def fails(world: World, number: int) -> None:
    with world.uow() as uow:
        record_failure(uow, number, "550 no", counts=False)


def test_where_nothing_needs_them_there_is_no_letter(world: World) -> None:
    for _ in range(3):
        at(world, 8)
        assert daily_lines(world) == []


def test_one_letter_names_everything(world: World) -> None:
    at(world, 8)
    with world.uow() as uow:
        note(uow, BACKUP)
    at(world, 8, day=9)
    with world.uow() as uow:
        add_queue(uow, "Sponsors", ["sponsors"])
        get_person(uow, "ron@example.org").undeliverable = uow.now
    world.actor("ann@example.net").writes("sponsors", "A gift.", subject="A gift")
    with world.uow() as uow:
        a_day_ago = uow.now.replace(hour=uow.now.hour - 1)
        uow.session.execute(update(Message).where(Message.ticket_id == 1).values(held=True, received=a_day_ago))
    fails(world, 1)
    at(world, 8)
    [text] = daily_lines(world)
    assert (
        text
        == """1 email didn't arrive since we last wrote to you. Their tickets say why.

To see them, or to send one again:
    tickets outbox list --state failed
    tickets outbox retry NUMBER

We've stopped emailing ron@example.org: that address was refused on two
days.

Nobody is on the team of these queues, and tickets wait in them:

    Sponsors: #2

To add someone to a team:
    tickets responder add EMAIL --queue NAME

A reply waits on #1: its writer hasn't told us for a day whether to send
it. Nobody outside the team has got it.

The newest backup is 10 days old.

To see why, or to make one:
    tickets doctor
    tickets backup --rotate 14 FOLDER"""
    )
    assert world.actor("ada@example.org").letter()["Subject"] == f"Emails that don't arrive at {DOMAIN}"
    # Erasing a ticket or a person finds the letter by what it shows.
    [letter] = [row for row in world.rows(Letter) if row.kind == KIND]
    rows = [row for row in world.rows(LetterSubject) if row.letter_id == letter.id]
    with world.uow() as uow:
        assert {row.person_id for row in rows} == {None, get_person(uow, "ron@example.org").id}
    assert {row.ticket_id for row in rows} == {None, 1, 2}
    # What has no end is named once; what lasts, every day.
    at(world, 8)
    [text] = daily_lines(world)
    assert ("didn't arrive" in text, "A reply waits" in text) == (False, False)
    assert ("stopped emailing" in text, "Sponsors: #2" in text, "11 days old" in text) == (True, True, True)


def test_the_next_letter_comes_in_the_morning(world: World) -> None:
    at(world, 15)
    world.brings(b"From: eve@example.org\r\nSubject: x\r\n\r\nx\r\n", "eve@example.org", f"nobody@{DOMAIN}")
    assert "matched no address" in world.actor("ada@example.org").letter()["Subject"]
    fails(world, 1)
    for hour, day in ((16, 0), (23, 0), (6, 1)):
        at(world, hour, day)
        assert daily_lines(world) == []
    at(world, 7, 0)
    [text] = daily_lines(world)
    assert "1 email didn't arrive" in text
    assert '"x"  (no such' in text


def test_a_daily_letter_that_fails_is_no_reason_for_the_next(world: World) -> None:
    at(world, 8)
    fails(world, 1)
    world.clock.passes(minutes=1)
    assert len(daily_lines(world)) == 1
    fails(world, max(row.id for row in world.rows(Letter)))
    at(world, 8)
    assert daily_lines(world) == []
    assert {row.state for row in world.rows(Letter) if row.kind == KIND} == {State.FAILED}
