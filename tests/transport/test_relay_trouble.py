"""Claims about a relay that refuses everybody: nobody is judged, all letters wait, and all leave once it is well."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mail_tickets.cli import all_commands
from mail_tickets.cli.checking import database_checks, health
from mail_tickets.model.operations.daily_letter import KIND, tell_administrators
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.people import Person
from mail_tickets.transport.outbound.attempts import LONGEST_ABSENCE, MANY_ATTEMPTS
from mail_tickets.transport.outbound.courier import Courier
from mail_tickets.transport.outbound.relays import relay_from_url
from tests.support.sinks import Sink
from tests.support.world import DOMAIN, World

BOB, CAT, DAN = "bob@example.org", "cat@example.org", "dan@example.org"
DAILY = "550 5.4.5 Daily user sending limit exceeded"
REFUSALS = [
    DAILY,
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
    "554 Message rejected: Sending suspended for this account",
    "554 5.7.1 Relay access denied",
    "451 4.7.1 try later",
    "550 5.1.1 no such user",
    "554 transaction failed",
]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


class Trouble:
    """Letters to Bob, Cat and Dan, and a relay that refuses what it is told to."""

    def __init__(self, world: World, sink: Sink, root: Path) -> None:
        self.world, self.sink = world, sink
        for email in (BOB, CAT, DAN):
            world.responder(email)
        self.relay = relay_from_url(sink.url, timeout=10, root=root, helo=DOMAIN)
        self.courier = Courier(world.database, self.relay, rand=lambda: 0.5)

    def comes(self, number: int = 1) -> None:
        """Ann writes, so that there is a letter to each of them."""
        raw = f"From: ann@example.net\r\nSubject: Hello\r\nMessage-ID: <{number}@x>\r\n\r\nHi\r\n"
        self.world.intake.receive(raw.encode(), "ann@example.net", [f"hello@{DOMAIN}"])

    def refuses(self, reply: str, *whom: str) -> None:
        """Refuse these readers' letters from now on; without a name, everybody's."""
        self.sink.script["RCPT"] = lambda line: reply if not whom or any(email in line for email in whom) else None

    def goes_on(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self.courier.round()

    @property
    def states(self) -> dict[str, str]:
        """How the first letter of each stands."""
        letters = [letter for letter in self.world.rows(Letter) if letter.kind != "undelivered"]
        return {letter.recipient.partition("@")[0]: letter.state for letter in reversed(letters)}

    @property
    def recipients_asked(self) -> int:
        return len(self.sink.commands_of("RCPT"))

    def command(self, *words: str) -> Result:
        settings = {
            "TICKETS_DATABASE_URL": self.world.database.url.render_as_string(hide_password=False),
            "TICKETS_RELAY": self.sink.url,
            "TICKETS_DOMAIN": DOMAIN,
        }
        return CliRunner(env=settings).invoke(all_commands, words, catch_exceptions=False)


@pytest.fixture
def trouble(world: World, sink: Sink, tmp_path: Path) -> Iterator[Trouble]:
    trouble = Trouble(world, sink, tmp_path)
    yield trouble
    trouble.relay.close()


@pytest.fixture
def small(small_world: World, sink: Sink, tmp_path: Path) -> Iterator[Trouble]:
    trouble = Trouble(small_world, sink, tmp_path)
    yield trouble
    trouble.relay.close()


@pytest.mark.parametrize("reply", REFUSALS)
def test_two_readers_refused_in_a_row_stop_everything_and_nobody_is_judged(small: Trouble, reply: str) -> None:
    small.refuses(reply)
    small.comes()
    small.goes_on()
    # Dan's letter was not even tried; then he is asked first, and one letter a round is enough to know.
    assert (small.recipients_asked, small.courier.is_stopped) == (2, True)
    small.goes_on()
    assert (small.recipients_asked, small.sink.commands_of("RCPT")[-1]) == (3, f"rcpt TO:<{DAN}>")
    assert set(small.states.values()) == {"waiting"}
    assert not any(person.refused or person.undeliverable for person in small.world.rows(Person))


@pytest.mark.parametrize("reply", REFUSALS)
def test_all_leave_at_once_when_the_relay_takes_one(trouble: Trouble, reply: str) -> None:
    trouble.refuses(reply)
    trouble.comes()
    trouble.goes_on(2)
    trouble.sink.script.clear()
    trouble.comes(2)
    trouble.goes_on(3)
    # The clock has stood still: no pause was waited for.
    assert set(trouble.states.values()) == {"sent"}
    assert len(trouble.sink.letters) == len({letter.sender for letter in trouble.sink.letters}) == 6
    assert not trouble.courier.is_stopped


def test_a_trouble_of_weeks_gives_no_letter_up_and_asks_often(small: Trouble) -> None:
    small.refuses(DAILY)
    small.comes()
    for _ in range(40 * MANY_ATTEMPTS):
        small.goes_on()
        small.world.clock.passes(minutes=15)
    assert set(small.states.values()) == {"waiting"}
    assert max(letter.next for letter in small.world.rows(Letter)) - small.world.clock.now <= LONGEST_ABSENCE
    small.sink.script.clear()
    small.goes_on(2)
    assert set(small.states.values()) == {"sent"}


def test_two_dead_mailboxes_in_a_row_are_told_apart_from_it_by_the_next_letter(small: Trouble) -> None:
    small.refuses("550 5.1.1 no such user", BOB, CAT)
    small.comes()
    small.goes_on(3)
    assert small.states == {"bob": "failed", "cat": "failed", "dan": "sent"}
    assert not small.courier.is_stopped
    notices = [
        letter for letter in small.world.rows(Letter) if letter.kind == "undelivered" and letter.recipient == DAN
    ]
    assert len(notices) == 2


def test_what_is_refused_again_after_the_trouble_waits_by_itself(small: Trouble) -> None:
    small.refuses("550 5.7.1 not from you", BOB, CAT)
    small.comes()
    small.goes_on(3)
    for number in range(2, 6):
        small.comes(number)
        small.goes_on()
    # Bob's and Cat's first letters are not tried again with every letter that Dan gets.
    assert [letter.attempts for letter in small.world.rows(Letter)][:2] == [2, 2]


def test_one_reader_who_is_refused_stops_nobody(small: Trouble) -> None:
    small.refuses("550 5.1.1 no such user", BOB)
    for number in range(3):
        small.comes(number)
        small.goes_on()
    assert (small.states["bob"], small.states["dan"], small.courier.is_stopped) == ("failed", "sent", False)


def test_a_letter_that_is_too_large_is_given_up_and_told_at_once(small: Trouble) -> None:
    small.refuses("552 5.3.4 message size exceeds limit", BOB)
    small.comes()
    small.goes_on()
    assert small.states == {"bob": "failed", "cat": "sent", "dan": "sent"}
    assert not any(person.refused for person in small.world.rows(Person))


def test_send_stops_with_one_line(small: Trouble) -> None:
    small.refuses(DAILY)
    for number in range(5):
        small.comes(number)
    result = small.command("outbox", "send")
    assert (result.exit_code, small.recipients_asked) == (1, 2)
    assert "The outgoing server refuses email. See: tickets outbox" in result.output


def test_health_and_doctor_say_why_letters_wait(trouble: Trouble) -> None:
    trouble.refuses(DAILY)
    trouble.comes()
    trouble.goes_on()
    with trouble.world.uow() as uow:
        waiting = "3 emails waiting, the oldest for 0 s"
        assert health._letters(uow) == f"{waiting}, because the outgoing server refuses them ({DAILY})"
    [finding] = database_checks.check_outbox(trouble.world.database)
    assert (finding.level, DAILY in finding.text) == ("FAIL", True)
    trouble.sink.script.clear()
    trouble.comes(2)
    trouble.goes_on(3)
    with trouble.world.uow() as uow:
        assert health._letters(uow) == "no email waiting"
    assert [letter.level for letter in database_checks.check_outbox(trouble.world.database)] == ["ok"]


def daily(world: World) -> list[Letter]:
    with world.uow() as uow:
        tell_administrators(uow)
    return [letter for letter in world.rows(Letter) if letter.kind == KIND]


def test_administrators_hear_once_a_day_that_the_relay_refuses_letters(trouble: Trouble) -> None:
    trouble.world.known("admin@example.org", admin=True)
    trouble.refuses(DAILY)
    trouble.comes()
    trouble.goes_on()
    assert daily(trouble.world) == []
    trouble.world.clock.passes(hours=2)
    assert len(daily(trouble.world)) == 1
    [letter] = daily(trouble.world)
    assert DAILY in letter.text
    assert letter.subject == f"Emails that don't arrive at {DOMAIN}"


def mute(world: World, *emails: str) -> None:
    with world.uow() as uow:
        for person in uow.session.query(Person).where(Person.email.in_(emails)):
            person.refused = person.undeliverable = uow.now


def test_a_responder_who_gets_no_letters_is_named_everywhere(trouble: Trouble) -> None:
    world = trouble.world
    world.known("admin@example.org", admin=True)
    mute(world, BOB)
    with world.uow() as uow:
        assert health._unreached(uow) == [f"no email goes to {BOB}, whose address was refused"]
    [finding] = [person for person in database_checks.check_teams(world.database) if BOB in person.text]
    assert (finding.level, f"run: tickets person add {BOB}" in finding.text) == ("warn", True)
    [letter] = daily(world)
    assert f"We've stopped emailing {BOB}" in letter.text


def test_a_queue_that_has_no_reader_left_is_wrong(small: Trouble) -> None:
    mute(small.world, BOB, CAT, DAN)
    findings = database_checks.check_teams(small.world.database)
    failures = [finding.text for finding in findings if finding.level == "FAIL"]
    with small.world.uow() as uow:
        assert health._unreached(uow)[0] == "no email reaches anyone on the General team"
    assert failures == [
        "No email reaches anyone on the General team, so nobody will see its tickets. See the addresses below."
    ]
