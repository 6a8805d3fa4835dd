"""Claims about refusals that pass: whom they cut off from letters, for how long, and what ends it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from mail_tickets.cli import all_commands
from mail_tickets.devtools.scripted_relay import Script, TakenLetter
from mail_tickets.model.records.people import Person
from mail_tickets.transport.outbound.courier import Courier
from mail_tickets.transport.outbound.relays import relay_from_url
from tests.inbound.test_bounces import DSN
from tests.support.program import PATIENCE, Program
from tests.support.sinks import Sink
from tests.support.world import DOMAIN, World

ANN, RON = "ann@example.net", "ron@example.org"
GONE = "550 5.1.1 no such user"
DAILY = "550-5.4.5 Daily user sending limit exceeded.\r\n550 5.4.5 example a1-gsmtp"
STORE = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


# The program


@pytest.mark.parametrize(
    "script",
    [{"DOT": DAILY}, {"DOT": STORE}, {"MAIL": GONE}, {"RCPT": GONE}, {"RCPT": "550 no such user"}],
    ids=lambda script: "".join(f"{step} {reply[:9]}" for step, reply in script.items()),
)
def test_a_relay_that_refuses_for_a_while_cuts_nobody_off(tmp_path: Path, sink: Sink, script: Script) -> None:
    program = Program(tmp_path)
    program.environment["TICKETS_RELAY"] = sink.url
    team = {"rita@team.example", "sam@team.example"}
    program.does("init")
    for member in team:
        program.does("responder", "add", member, "--queue", "General")
    sink.script.update(script)
    with program.serving():
        for number in (1, 2):
            program.sends(number)
        awaits(lambda: sum(bool(letter["error"]) for letter in letters_of(program)) >= 2)
        assert "because the outgoing server refuses them (5" in program.does("health")
        sink.script.clear()
        program.sends(3)
        awaits(lambda: all(letter["state"] != "waiting" for letter in letters_of(program)))
        assert "no email waiting" in program.does("health")
    # The relay's trouble was nobody's fault: every letter of every ticket arrives, once.
    for number in (1, 2, 3):
        tag = f"[General #{number}]".encode()
        assert sorted(letter.recipients[0] for letter in sink.letters if tag in letter.content) == sorted(team)
    assert not any(person["undeliverable"] for person in json.loads(program.does("person", "list", "--json")))


def awaits(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < end:
        time.sleep(0.1)


def letters_of(program: Program) -> list[dict[str, object]]:
    letters: list[dict[str, object]] = json.loads(program.does("outbox", "list", "--json"))
    return letters


# Days


class Scene:
    """Ann's ticket, which Ron answers; her relay, a real server, refuses when it is told to."""

    def __init__(self, world: World, sink: Sink, root: Path) -> None:
        self.world = world
        self.sink = sink
        self.ron = world.responder(RON, "Ron")
        self.ann = world.actor(ANN, "Ann")
        self.ann.writes("hello", "It burns.", subject="Printer")
        relay = relay_from_url(sink.url, timeout=10, root=root, helo=DOMAIN)
        world.courier = Courier(world.database, relay, rand=lambda: 0.5)

    def day(self, number: int, hour: int = 12) -> None:
        """It is this hour of a day of December, UTC."""
        self.world.clock.now = self.world.clock.now.replace(month=12, day=number, hour=hour, minute=0)

    def refuses(self, reply: str = GONE, step: str = "RCPT") -> None:
        """Ron writes, and the relay says no: at RCPT to Ann's letters alone."""
        self.sink.script[step] = lambda line: reply if step != "RCPT" or ANN in line else None
        self.ron.writes("ticket1", "Hello?")
        self.sink.script.clear()

    def takes(self) -> None:
        """Ron writes, and the relay takes Ann's letter."""
        self.ron.writes("ticket1", "Hello?")

    def returns(self, to: str = "", status: str = "5.1.1") -> None:
        """The relay takes Ann's letter, and reports later that it came to nothing."""
        self.takes()
        self.comes_back(self.to_ann[-1], to, status)

    def comes_back(self, letter: TakenLetter, to: str = "", status: str = "5.1.1") -> None:
        """A report on a letter, to its envelope sender or elsewhere."""
        to = to or letter.sender
        values = {"to": to, "id": letter.sender.partition("@")[0], "whom": ANN, "action": "failed", "status": status}
        raw = DSN.format(**values, kind="message/rfc822", returned=letter.content.decode())
        self.world.brings(raw.encode(), "", to)

    @property
    def to_ann(self) -> list[TakenLetter]:
        """Ann's letters that the relay has taken."""
        return [letter for letter in self.sink.letters if letter.recipients == [ANN]]

    @property
    def marked(self) -> bool:
        return any(person.undeliverable for person in self.world.rows(Person))

    def command(self, *words: str) -> str:
        """A command of the administrator's, on this database."""
        settings = {
            "TICKETS_DATABASE_URL": self.world.database.url.render_as_string(hide_password=False),
            "TICKETS_RELAY": self.sink.url,
            "TICKETS_DOMAIN": DOMAIN,
        }
        result = CliRunner(env=settings).invoke(all_commands, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture
def scene(world: World, sink: Sink, tmp_path: Path) -> Iterator[Scene]:
    yield from serving(world, sink, tmp_path)


@pytest.fixture
def small(small_world: World, sink: Sink, tmp_path: Path) -> Iterator[Scene]:
    yield from serving(small_world, sink, tmp_path)


def serving(world: World, sink: Sink, root: Path) -> Iterator[Scene]:
    scene = Scene(world, sink, root)
    with world.serving():
        yield scene
    world.courier.stop()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("dialogue", "dialogue", "5.1.1"),
        ("report", "report", "5.1.2"),
        ("dialogue", "report", "5.1.6"),
        ("report", "dialogue", "5.2.1"),
        ("dialogue", "report", "5.1.10"),
        ("report", "dialogue", "5.1.3"),
    ],
)
def test_an_address_refused_on_two_days_gets_no_more_letters(scene: Scene, first: str, second: str, code: str) -> None:
    def refused(way: str) -> None:
        if way == "dialogue":
            scene.refuses(f"550 {code} no")
        else:
            scene.returns(status=code)

    scene.day(1, hour=1)
    refused(first)
    scene.day(1, hour=23)
    refused(first)
    assert not scene.marked
    # An hour is enough, if midnight (UTC) is between.
    scene.day(2, hour=0)
    refused(second)
    assert scene.marked
    before = len(scene.to_ann)
    scene.takes()
    assert len(scene.to_ann) == before


OTHERS = [DAILY, STORE, "550 no such user", "553 5.1.8 who?", "552 5.2.2 full", "554 5.7.1 spam", "550 5.3.4 large"]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
def test_no_other_refusal_mutes_on_whatever_days(small: Scene, step: str) -> None:
    for number, reply in enumerate(OTHERS * 2, 1):
        small.day(number)
        small.refuses(reply, step)
        assert not small.marked, reply


def test_a_refusal_of_our_own_address_mutes_nobody(small: Scene) -> None:
    for number in (1, 2, 3):
        small.day(number)
        small.refuses(GONE, "MAIL")
    assert not small.marked


def test_a_letter_that_is_taken_between_them_makes_the_next_refusal_the_first(scene: Scene) -> None:
    scene.day(1)
    scene.refuses()
    scene.day(2)
    scene.takes()
    scene.day(3)
    scene.refuses()
    assert not scene.marked
    scene.day(4)
    scene.refuses()
    assert scene.marked


def test_a_letter_that_is_taken_and_comes_back_was_not_taken(scene: Scene) -> None:
    scene.day(1)
    scene.returns()
    scene.day(2)
    # Two more leave before the first report of that day comes.
    scene.takes()
    scene.takes()
    scene.returns()
    assert not scene.marked
    for letter in scene.to_ann[-3:-1]:
        scene.comes_back(letter)
    assert scene.marked


def cut_off(scene: Scene) -> None:
    for number in (1, 2):
        scene.day(number)
        scene.refuses()
    assert scene.marked


def test_a_letter_of_before_that_the_relay_takes_clears_the_mark(scene: Scene) -> None:
    scene.day(1)
    scene.refuses()
    scene.day(2)
    scene.refuses("451 4.2.0 later")
    scene.refuses()
    assert scene.marked
    scene.day(3)
    scene.world.settle()
    assert not scene.marked
    before = len(scene.to_ann)
    scene.takes()
    assert len(scene.to_ann) == before + 1


def test_a_retry_clears_the_mark(scene: Scene) -> None:
    cut_off(scene)
    [first, *_] = json.loads(scene.command("outbox", "list", "--state", "failed", "--json"))
    assert scene.command("outbox", "retry", str(first["id"])) == "1 email will be sent now\n"
    assert not scene.marked
    # A refusal on that day is the first one again.
    scene.refuses()
    assert not scene.marked


def test_a_retry_of_all_clears_every_mark(scene: Scene) -> None:
    cut_off(scene)
    scene.command("outbox", "retry")
    assert not scene.marked


def test_a_retry_of_somebody_elses_letter_clears_nothing(small: Scene) -> None:
    small.day(1)
    small.sink.script["RCPT"] = lambda line: "550 5.6.0 spam" if RON in line else None
    small.ann.writes("ticket1", "It burns.")
    [rons] = json.loads(small.command("outbox", "list", "--state", "failed", "--json"))
    small.takes()
    cut_off(small)
    small.command("outbox", "retry", str(rons["id"]))
    assert small.marked
    small.world.settle()
    assert small.marked


def test_a_yes_that_is_taken_back_by_a_report_cleared_nothing(scene: Scene) -> None:
    scene.day(1)
    scene.returns()
    scene.day(2)
    scene.refuses("451 4.2.0 later")
    scene.returns()
    assert scene.marked
    scene.day(3)
    scene.world.settle()
    assert not scene.marked
    scene.comes_back(scene.to_ann[-1])
    assert scene.marked


def test_reports_elsewhere_never_count(small: Scene) -> None:
    for number, to in enumerate(("hello", "ticket1", "support-comment", "postmaster"), 1):
        small.day(number)
        small.returns(to=f"{to}@{DOMAIN}")
    assert not small.marked
    assert {person.email for person in small.world.rows(Person) if person.refused} == set()
