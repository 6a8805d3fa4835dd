"""Claims about letters in hand when the database goes away: fates are noted once it is back, and none goes twice."""

import contextlib
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.storage import database as database_module
from mail_tickets.model.storage.database import Database
from mail_tickets.transport.outbound.courier import Courier
from mail_tickets.transport.outbound.errors import Refused
from mail_tickets.transport.outbound.letters_in_hand import LEASE
from mail_tickets.transport.outbound.relays import relay_from_url
from tests.support.postgres import PostgresServer, fresh_database
from tests.support.program import PATIENCE, Program, held
from tests.support.sinks import Sink
from tests.support.world import DOMAIN, World

BOB, CAT, DAN, EVE = (f"{name}@example.org" for name in ("bob", "cat", "dan", "eve"))


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A relay that refuses Dan for now and Eve for good."""
    with Sink() as running:
        refusals = {DAN: "451 4.2.0 later", EVE: "550 5.6.0 not to our taste"}
        running.script["RCPT"] = lambda line: next((no for who, no in refusals.items() if who in line), None)
        yield running


@pytest.fixture
def courier(world: World, sink: Sink, tmp_path: Path) -> Iterator[Courier]:
    courier = courier_of(world.database, sink, tmp_path)
    yield courier
    courier.relay.close()
    courier.in_hand.close()


def courier_of(database: Database, sink: Sink, root: Path) -> Courier:
    return Courier(database, relay_from_url(sink.url, timeout=10, root=root, helo=DOMAIN), rand=lambda: 0.5)


class Border:
    """The border to a database: from one crossing on it lets nothing through, for so many crossings."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.crossed, self.closed = 0, range(0)
        engine = database.engine
        event.listen(engine, "begin", self.cross)
        event.listen(engine, "before_cursor_execute", self.cross)
        really, undo = engine.dialect.do_commit, engine.dialect.do_rollback

        def commit(connection: Any) -> None:
            try:
                self.cross()
            except OperationalError:
                undo(connection)
                raise
            really(connection)
            # Done, and nobody hears of it.
            self.cross()

        monkeypatch.setattr(engine.dialect, "do_commit", commit)

    def close(self, place: int, lasts: int) -> None:
        """From this crossing on."""
        self.crossed, self.closed = 0, range(place, place + lasts)

    def open(self) -> None:
        """For good."""
        self.closed = range(0)

    def cross(self, *_: object) -> None:
        """Something crosses."""
        self.crossed += 1
        if self.crossed in self.closed:
            raise OperationalError("", {}, OSError("gone"))


MAIL = """From: ann@example.net\r\nSubject: Hello\r\nMessage-ID: <{number}@x>\r\nMIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nLook.\r
--b\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment; filename=a.png\r\n\r\nPNG\r\n--b--\r\n"""


def write_letters(world: World, number: int) -> None:
    raw = MAIL.format(number=number).encode()
    world.intake.receive(raw, "ann@example.net", [f"hello@{DOMAIN}"])


def send_all(courier: Courier) -> None:
    while courier.round():
        pass


def test_wherever_the_database_goes_away_each_fate_is_noted_and_the_rest_given_back(
    world: World, sink: Sink, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No two of those that are refused come one after the other: that would be the relay's trouble.
    for email in (DAN, BOB, EVE, CAT):
        world.responder(email)
    border = Border(world.database, monkeypatch)
    for place in count(1):
        write_letters(world, place)
        border.close(place, lasts=1 + place % 5)
        for _ in range(6):
            with contextlib.suppress(OperationalError):
                send_all(courier)
        was_closed = border.crossed >= place
        border.open()
        # Nothing waits for the lease to end: the clock stands still.
        send_all(courier)
        with world.uow() as uow:
            letters = uow.session.scalars(select(Letter).where(Letter.ticket_id == place)).all()
        fates = {(row.recipient, row.kind != "undelivered"): (row.state, row.attempts, row.in_hand) for row in letters}
        wanted = {(BOB, True): "sent", (CAT, True): "sent", (DAN, True): "waiting", (EVE, True): "failed"}
        wanted |= {(BOB, False): "sent", (CAT, False): "sent", (DAN, False): "waiting"}
        assert fates == {who: (state, 1, False) for who, state in wanted.items()}, place
        if not was_closed:
            break
    assert place > 20
    assert len({letter.sender for letter in sink.letters}) == len(sink.letters) == 4 * place
    # The relay was asked once for each letter.
    assert len(sink.commands_of("RCPT")) == len(world.rows(Letter)) == 7 * place


def test_a_fate_that_comes_late_changes_nothing_that_another_courier_has_done(
    world: World, sink: Sink, courier: Courier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for email in (DAN, BOB):
        world.responder(email)
    write_letters(world, 1)
    border = Border(world.database, monkeypatch)
    courier.in_hand.take()
    border.close(1, 1_000)
    with contextlib.suppress(OperationalError):
        courier._record_failure(courier.in_hand.untried[0], Refused("550 5.1.1 gone", permanent=True))
        courier.in_hand.give_back()
    world.clock.passes(seconds=LEASE.total_seconds())
    sink.script.clear()
    with contextlib.closing(
        Database(str(world.database.url.render_as_string(False)), DOMAIN, clock=world.clock)
    ) as own:
        second = courier_of(own, sink, tmp_path)
        send_all(second)
        second.stop()
    border.open()
    send_all(courier)
    assert [(row.state, row.attempts) for row in world.rows(Letter)] == [("sent", 2), ("sent", 2)]
    assert [letter.recipients for letter in sink.letters] == [[DAN], [BOB]]


def test_a_locked_ticket_keeps_no_letters_of_others_waiting(
    postgres_url: str, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "LOCK_SECONDS", 1)
    with contextlib.closing(World(postgres_url)) as world:
        for email in (EVE, BOB):
            world.responder(email)
        write_letters(world, 1)
        courier = courier_of(world.database, sink, tmp_path)
        with world.uow() as uow:
            uow.session.scalars(select(Ticket).with_for_update()).all()
            assert courier.round() == 1
        assert {letter.recipient: letter.state for letter in world.rows(Letter)} == {EVE: "waiting", BOB: "sent"}
        send_all(courier)
        courier.stop()
        assert {letter.recipient: letter.state for letter in world.rows(Letter) if letter.kind != "undelivered"} == {
            EVE: "failed",
            BOB: "sent",
        }


def test_after_a_lock_of_sqlite_letters_in_hand_leave_at_once(
    database_url: str, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "LOCK_SECONDS", 0)
    with contextlib.closing(World(database_url)) as world:
        world.responder(BOB)
        for number in range(10):
            write_letters(world, number)
        third, go = Event(), Event()
        at_the_third(sink, third, go)
        courier = courier_of(world.database, sink, tmp_path)
        courier.start()
        assert third.wait(20)
        with held(Path(world.database.url.database or "")):
            go.set()
            awaits(lambda: bool(courier._faults))
        awaits(lambda: len(sink.letters) == 10)
        courier.stop()
        assert [(row.state, row.attempts) for row in world.rows(Letter)] == [("sent", 1)] * 10
    assert len({letter.sender for letter in sink.letters}) == len(sink.letters) == 10


def test_after_a_fail_over_letters_in_hand_leave_at_once(
    tmp_path: Path, postgres_server: PostgresServer, sink: Sink
) -> None:
    """The real server, and a real PostgreSQL that is stopped between the relay's third yes and the note of it."""
    program = Program(tmp_path)
    program.environment |= {"TICKETS_RELAY": sink.url, "TICKETS_DATABASE_URL": fresh_database(postgres_server)}
    program.does("init")
    for email in (BOB, *(f"r{number}@example.org" for number in range(4))):
        program.does("responder", "add", email, "--queue", "General")
    third, go = Event(), Event()
    with program.serving():
        at_the_third(sink, third, go)
        for number in (1, 2):
            program.sends(number)
        assert third.wait(PATIENCE)
        postgres_server.stop("immediate")
        try:
            go.set()
            awaits(lambda: "database cannot be used" in (tmp_path / "log").read_text())
        finally:
            postgres_server.start()
        awaits(lambda: len(sink.letters) == 10)
        awaits(lambda: '"waiting"' not in program.does("outbox", "list", "--json"))
    assert len({letter.sender for letter in sink.letters}) == len(sink.letters) == 10
    assert '"waiting"' not in program.does("outbox", "list", "--json")


def at_the_third(sink: Sink, third: Event, go: Event) -> None:
    """The relay has its third letter, and says so only when it is told to."""

    def stored(_: str) -> None:
        if len(sink.letters) == 3:
            third.set()
            assert go.wait(PATIENCE)

    sink.script["STORED"] = stored


def awaits(true: Callable[[], bool]) -> None:
    """Wait until it is so, ten seconds at most: a lease is twenty."""
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
