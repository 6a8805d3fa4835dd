"""Claims about days: how one is read, and what happens on its morning."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from mail_tickets.model.erasure.erase_ticket import forget_ticket
from mail_tickets.model.lifecycle.registry import CORRESPONDENCE, SUPPORT
from mail_tickets.model.lifecycle.tables import WorkflowError
from mail_tickets.model.operations.daily_work import do_daily_work, due_again, open_again
from mail_tickets.model.operations.manual_action import act_by_command
from mail_tickets.model.operations.morning_letters import send_morning_letters, waiting_in
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.queue_setup import set_queue
from mail_tickets.model.records.queues import BadQueue, find_queue
from mail_tickets.model.tickets.days import day_of, morning_of, read_wanted
from tests.support.world import Actor, World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The server stands in this time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("stalled until 2026-12-01", date(2026, 12, 1)),
        ("Stalled  UNTIL 2026-12-01.", date(2026, 12, 1)),
        ("stalled 2026-12-01", date(2026, 12, 1)),
        ("stalled 3 days", 3),
        ("stalled for 1 day", 1),
        ("stalled for 2 weeks", 14),
        ("stalled until 3 days", 3),
    ],
)
def test_a_day_is_read_by_its_date_or_as_days_from_now(zone: str, value: str, day: date | int) -> None:
    expected = day if isinstance(day, date) else day_of(NOW) + timedelta(days=day)
    wanted = read_wanted(CORRESPONDENCE, value, NOW)
    assert wanted == ("stalled", morning_of(expected))
    assert wanted.until is not None
    assert f"{wanted.until.astimezone():%F %R}" == f"{expected} 07:00"


@pytest.mark.parametrize("status", CORRESPONDENCE.statuses)
def test_a_status_alone_names_no_day(status: str) -> None:
    assert read_wanted(CORRESPONDENCE, f" {status.upper()}. ", NOW) == (status, None)


EXAMPLES = "Use a day like 2027-12-01, or a number of days like 3 days."


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("stalled until Monday", f'"Monday" isn\'t a day. {EXAMPLES}'),
        ("stalled until 2026-02-30", f'"2026-02-30" isn\'t a day. {EXAMPLES}'),
        ("stalled until 1/12/2026", f'"1/12/2026" isn\'t a day. {EXAMPLES}'),
        ("stalled until 2026-11-20", f'"2026-11-20" isn\'t a day to come: today is 2026-11-21. {EXAMPLES}'),
        ("stalled until 2026-11-21", f'"2026-11-21" isn\'t a day to come: today is 2026-11-21. {EXAMPLES}'),
        ("stalled 0 days", f'"0 days" isn\'t a day to come: today is 2026-11-21. {EXAMPLES}'),
        ("stalled 9999 weeks", f'"9999 weeks" is more than ten years away. {EXAMPLES}'),
        ("stalled until 9999-12-31", f'"9999-12-31" is more than ten years away. {EXAMPLES}'),
        ("open until 2026-12-01", "open can't have a day. Only stalled can."),
        (
            "asleep until 2026-12-01",
            'There\'s no status "asleep". Use new, open, stalled, resolved or rejected.',
        ),
    ],
)
def test_a_value_that_is_refused_is_explained(value: str, why: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        read_wanted(CORRESPONDENCE, value, NOW)
    assert str(refused.value) == why


def test_in_support_no_status_names_a_day() -> None:
    with pytest.raises(WorkflowError) as refused:
        read_wanted(SUPPORT, "Needs information until 2026-12-01", NOW)
    assert str(refused.value) == "Needs information can't have a day."


# Stalled until a day


class Inbox:
    """A ticket of Ann's that Ron and Rosa answer for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ron, self.rosa = world.responder("ron@example.org", "Ron"), world.responder("rosa@example.org", "Rosa")
        self.ann = world.actor("ann@example.net", "Ann")
        self.ann.writes("hello", "Help me.")

    def wakes(self, *, days: float) -> None:
        """Time passes, and the tracker does its daily work."""
        self.world.clock.passes(days=days)
        do_daily_work(self.world.database)
        self.world.settle()

    def count(self) -> int:
        return len(self.world.far_end.letters)

    def status(self, number: int = 1) -> tuple[str, str | None]:
        ticket = self.world.ticket(number)
        return ticket["status"], ticket["reopens"]


@pytest.fixture
def small(small_inbox: World) -> Inbox:
    return Inbox(small_inbox)


def says(actor: Actor, text: str) -> None:
    actor.replies(actor.letter(), text)


def test_a_ticket_that_is_stalled_until_a_day_opens_on_it_and_its_team_is_told(small: Inbox) -> None:
    says(small.ron, "Status: stalled until 2026-12-01")
    assert small.status() == ("stalled", "2026-12-01T07:00:00+00:00")
    assert "Until: 2026-12-01\n    Status: new → stalled" in small.ron.letter().text
    assert "Until: 2026-12-01" in small.rosa.letter().text
    assert small.ann.letters == []
    says(small.ron, "show")
    assert "Status: stalled until 2026-12-01\n" in small.ron.letter().text
    assert small.world.ticket(1, small.ann.email)["reopens"] is None
    before = small.count()
    small.wakes(days=9)
    assert (small.status()[0], small.count()) == ("stalled", before)
    small.wakes(days=1)
    assert small.status() == ("open", None)
    assert {letter.recipient for letter in small.world.far_end.letters[before:]} == {small.ron.email, small.rosa.email}
    assert small.rosa.letter().text == (
        "The tracker changed this ticket:\n\n    Until: 2026-12-01 → no day\n    Status: stalled → open"
    )
    assert "Ticket 1 is open." in small.rosa.letter().footer
    small.wakes(days=1)
    assert small.count() == before + 2


def test_whatever_gives_it_another_status_ends_the_day(small: Inbox) -> None:
    says(small.ron, "Status: stalled 3 days\n\nWe ask the printer.")
    assert small.status()[0] == "stalled"
    small.ann.replies(small.ann.letter(), "I found it.")
    assert small.status() == ("open", None)
    small.world.act(1, "Change status", small.ron.email, status="stalled")
    small.wakes(days=10)
    assert small.status() == ("stalled", None)


def test_a_private_note_does_not_end_the_day_and_another_day_replaces_it(small: Inbox) -> None:
    says(small.ron, "Status: stalled 3 days")
    small.rosa.writes("ticket1-comment", "Good.")
    assert small.status() == ("stalled", "2026-11-24T07:00:00+00:00")
    small.ron.replies(small.ron.letters[0], "Status: stalled 4 days")
    assert small.status() == ("stalled", "2026-11-25T07:00:00+00:00")
    assert "Until: 2026-11-24 → 2026-11-25" in small.ron.letter().text
    says(small.ron, "undo")
    assert small.status() == ("stalled", "2026-11-24T07:00:00+00:00")
    says(small.ron, "Status: stalled")
    assert small.status() == ("stalled", None)


def test_undo_brings_the_day_back(small: Inbox) -> None:
    says(small.ron, "Status: stalled 3 days")
    says(small.ron, "Status: resolved")
    assert small.status() == ("resolved", None)
    says(small.ron, "undo")
    assert small.status() == ("stalled", "2026-11-24T07:00:00+00:00")


def test_a_day_that_cannot_be_is_refused_and_the_words_are_posted(small: Inbox) -> None:
    says(small.ron, "Status: stalled until Monday\n\nWe ask the printer.")
    assert f'Status: stalled until Monday\n        "Monday" isn\'t a day. {EXAMPLES}' in small.ron.letter().text
    assert small.status() == ("open", None)


def test_the_command_act_takes_a_day_too(small: Inbox) -> None:
    with small.world.uow() as uow:
        act_by_command(uow, 1, "Change status", small.ron.email, "", status="stalled until 2026-12-01")
    assert small.status() == ("stalled", "2026-12-01T07:00:00+00:00")


def test_a_ticket_that_was_forgotten_has_no_day(small: Inbox) -> None:
    says(small.ron, "Status: stalled 1 day")
    with small.world.uow() as uow:
        forget_ticket(uow, 1)
    small.wakes(days=2)
    with small.world.uow() as uow:
        assert due_again(uow) == []


def test_of_two_servers_one_opens_it(small: Inbox) -> None:
    says(small.ron, "Status: stalled 1 day")
    small.world.clock.passes(days=2)
    with small.world.uow() as uow:
        assert due_again(uow) == [1]
        assert open_again(uow, 1)
    with small.world.uow() as uow:
        assert not open_again(uow, 1)
        assert due_again(uow) == []


def test_a_ticket_whose_queue_lives_by_another_lifecycle_stays_as_it_is(small: Inbox) -> None:
    says(small.ron, "Status: stalled 1 day")
    says(small.ron, "Queue: Questions")
    status = small.status()[0]
    small.wakes(days=2)
    assert small.status() == (status, None)


# The digest


def test_every_morning_the_team_gets_one_letter_with_what_waits_oldest_first(small: Inbox) -> None:
    world = small.world
    small.ann.writes("hello", "And this?", subject="A second thing")
    small.ann.writes("hello", "Answered.", subject="A third thing")
    world.act(3, "Reply", small.ron.email, "Here you are.")
    world.sets(2, small.ron.email, assignee=small.ron.email)
    # Of the two that wait, the first one waits since its latest question.
    world.clock.passes(hours=2)
    small.ann.writes("ticket1", "Are you there?")
    before = small.count()
    small.wakes(days=1)
    assert small.count() == before
    world.switches("General", digest="daily")
    small.wakes(days=0)
    assert small.count() == before
    small.wakes(days=1)
    assert [letter.recipient for letter in world.far_end.letters[before:]] == [small.ron.email, small.rosa.email]
    letter = small.rosa.letter()
    assert (letter["Subject"], letter["Reply-To"]) == ("[General] 2 tickets wait", "hello@tickets.example")
    assert letter.text == (
        "2 tickets wait in General, oldest first:\n\n"
        "    #2  new, 2 days, Ron: A second thing (ticket2@tickets.example)\n"
        "    #1  new, 2 days, unassigned: Hello (ticket1@tickets.example)"
    )
    assert letter.footer == (
        "Reply to this email to open a new ticket in General. To work on one of\nthese, write to its address.\n"
        "You're getting this every morning because you're on the General team."
    )
    assert letter["Auto-Submitted"] == "auto-generated"
    small.wakes(days=0)
    small.wakes(days=0.5)
    assert small.count() == before + 2
    small.wakes(days=0.5)
    assert small.count() == before + 4
    world.switches("General", digest="off")
    small.wakes(days=1)
    assert small.count() == before + 4


def test_a_ticket_that_opened_again_on_its_day_waits_also_after_an_answer(small: Inbox) -> None:
    world = small.world
    world.switches("General", digest="daily")
    small.ron.replies(small.ron.letters[0], "Status: stalled 3 days\n\nWe ask the smith.")
    small.wakes(days=2)
    assert not any("tickets wait" in letter["Subject"] for letter in small.rosa.letters)
    small.wakes(days=2)
    assert world.ticket()["status"] == "open"
    assert "#1  open, under an hour, unassigned: Hello" in small.rosa.letter().text
    small.ron.replies(small.ron.letters[0], "The smith comes on Monday.")
    before = small.count()
    small.wakes(days=1)
    assert small.count() == before


def test_what_a_list_says_of_a_ticket_is_forgotten_with_it(small: Inbox) -> None:
    small.ann.writes("hello", "And this?", subject="A secret thing")
    small.world.switches("General", digest="daily")
    small.wakes(days=1)
    with small.world.uow() as uow:
        forget_ticket(uow, 2)
    assert not any("A secret thing" in text for text in small.world.rows(Letter.text))


def test_where_nothing_waits_no_letter_is_written(small: Inbox) -> None:
    small.world.switches("General", digest="daily")
    small.world.act(1, "Change status", small.ron.email, status="resolved")
    before = small.count()
    small.wakes(days=1)
    assert small.count() == before
    with small.world.uow() as uow:
        assert waiting_in(uow, find_queue(uow, "General")) == []


def test_the_letter_comes_in_the_morning_of_the_servers_zone(small: Inbox, zone: str) -> None:
    small.world.switches("General", digest="daily")
    morning = morning_of(day_of(small.world.clock.now) + timedelta(days=1))
    before = small.count()
    small.wakes(days=(morning - small.world.clock.now) / timedelta(days=1) - 0.01)
    assert small.count() == before
    small.wakes(days=0.02)
    assert small.count() == before + 2


def test_of_two_servers_one_writes_the_letters(small: Inbox) -> None:
    small.world.switches("General", digest="daily")
    small.world.clock.passes(days=1)
    written = []
    for _ in range(2):
        with small.world.uow() as uow:
            written.append(send_morning_letters(uow, find_queue(uow, "General").id))
    assert written == [2, 0]


def test_a_digest_is_daily_or_off(small: Inbox) -> None:
    with small.world.uow() as uow, pytest.raises(BadQueue) as refused:
        set_queue(uow, find_queue(uow, "General"), "digest", "weekly")
    assert str(refused.value) == 'digest can\'t be "weekly". Use off or daily.'
