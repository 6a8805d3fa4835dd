"""Claims about the courier: each letter leaves once, none is lost, and no trouble of one is a trouble of the others."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_string, policy
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.exc import OperationalError

from mail_tickets.devtools.scripted_relay import DROP
from mail_tickets.model.letters.outbox import letters_in, retry
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.people import Person
from mail_tickets.model.storage.database import Database, utc_now
from mail_tickets.model.storage.revision import SchemaMoved
from mail_tickets.transport.outbound import courier as courier_module
from mail_tickets.transport.outbound import letters_in_hand
from mail_tickets.transport.outbound.attempts import GIVE_UP, LONGEST_PAUSE, pause_after
from mail_tickets.transport.outbound.courier import Courier
from mail_tickets.transport.outbound.errors import Refused, Unreachable
from mail_tickets.transport.outbound.letter_mime import LetterFile, compose
from mail_tickets.transport.outbound.letter_statements import BATCH
from mail_tickets.transport.outbound.letters_in_hand import BEGIN_WITHIN, GRACE, LEASE, LettersInHand
from mail_tickets.transport.outbound.relays import Relay, relay_from_url
from tests.support.sinks import Sink
from tests.support.world import DOMAIN, World, awaits


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture
def courier(world: World, sink: Sink, tmp_path: Path) -> Iterator[Courier]:
    """A courier on each database, which takes letters to the sink."""
    relay = relay_from_url(sink.url, timeout=10, root=tmp_path, helo=DOMAIN)
    yield Courier(world.database, relay, rand=lambda: 0.5)
    relay.close()


def write_letters(world: World, *readers: str, text: str = "Hello there.") -> None:
    """Open a ticket of which these responders are told; nothing is sent yet."""
    for reader in readers:
        world.responder(reader)
    head = f"From: ann@example.org\r\nSubject: Hello\r\nMessage-ID: <{len(world.rows(Letter))}@x>\r\n"
    world.intake.receive(f"{head}\r\n{text}\r\n".encode(), "ann@example.org", [f"hello@{DOMAIN}"])


def outbox(world: World) -> list[dict[str, Any]]:
    with world.uow() as uow:
        return list(letters_in(uow))


def states(world: World) -> list[str]:
    return [letter["state"] for letter in outbox(world)]


def send_all(courier: Courier) -> None:
    while courier.round():
        pass


BOB, CAT, DAN = "bob@example.org", "cat@example.org", "dan@example.org"


def test_each_letter_arrives_once(world: World, sink: Sink, courier: Courier) -> None:
    write_letters(world, BOB, CAT)
    send_all(courier)
    send_all(courier)
    assert sorted(letter.recipients[0] for letter in sink.letters) == [BOB, CAT]
    assert states(world) == ["sent", "sent"]
    assert sink.connections == 1


def test_each_has_its_own_envelope_sender_that_cannot_be_guessed(world: World, sink: Sink, courier: Courier) -> None:
    write_letters(world, BOB, CAT)
    send_all(courier)
    tokens = [row.token for row in world.rows(Letter)]
    assert [letter.sender for letter in sink.letters] == [f"bounce-{token}@{DOMAIN}" for token in tokens]
    assert len(set(tokens)) == 2
    assert all(len(token) >= 20 for token in tokens)


def test_letters_leave_in_the_order_in_which_they_were_written(world: World, sink: Sink, courier: Courier) -> None:
    world.responder(BOB)
    for number in range(BATCH + 5):
        write_letters(world, text=f"number {number}")
    assert courier.round() == BATCH
    assert courier.round() == 5
    arrived = [letter.content.decode() for letter in sink.letters]
    assert all(f"number {number}\r\n" in content for number, content in enumerate(arrived))


def test_a_courier_that_is_woken_reads_once_for_all_its_letters(world: World, sink: Sink, courier: Courier) -> None:
    write_letters(world, BOB, CAT)
    statements: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", hear)
    assert courier.round(woken=True) == len(sink.letters) == 2
    event.remove(world.database.engine, "before_cursor_execute", hear)
    # The letters with all that goes into them, the schema's version among it; then each is noted by itself.
    assert [statement.split()[0] for statement in statements if not statement.startswith("BEGIN")] == [
        *("SELECT", "UPDATE"), *("UPDATE" for _ in sink.letters),
    ]  # fmt: skip


def test_whose_letter_is_taken_gets_letters_again(world: World, courier: Courier) -> None:
    write_letters(world, BOB, CAT)
    with world.uow() as uow:
        uow.connection.execute(update(Person).where(Person.email.in_([BOB, CAT])).values(undeliverable=uow.now))
        # The letter goes to an address that is Cat's no more.
        uow.connection.execute(update(Person).where(Person.email == CAT).values(email="cat@new.example"))
    assert courier.round(woken=True) == 2
    cut_off = {person.email for person in world.rows(Person) if person.undeliverable}
    assert cut_off == {"cat@new.example"}


def test_a_courier_sends_nothing_of_a_database_that_was_upgraded_under_it(
    world: World, sink: Sink, courier: Courier
) -> None:
    write_letters(world, BOB)
    with world.uow() as uow:
        uow.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for woken in (True, False):
        with pytest.raises(SchemaMoved):
            courier.round(woken=woken)
    assert sink.letters == []
    assert {(row.attempts, row.in_hand) for row in world.rows(Letter)} == {(0, False)}


def test_a_courier_that_runs_sends_every_batch_without_being_woken_again(
    world: World, sink: Sink, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "POLL_SECONDS", 60.0)
    world.responder(BOB)
    for number in range(2 * BATCH + 3):
        write_letters(world, text=f"number {number}")
    courier.start()
    awaits(lambda: len(sink.letters) == 2 * BATCH + 3)
    write_letters(world, text="one more")
    courier.wake()
    awaits(lambda: len(sink.letters) == 2 * BATCH + 4)
    courier.stop()


def test_a_letter_refused_for_now_waits_longer_each_time(world: World, sink: Sink, courier: Courier) -> None:
    sink.script["RCPT"] = "451 4.7.1 greylisted"
    write_letters(world, BOB)
    pauses: list[timedelta] = []
    while states(world) == ["waiting"] and len(pauses) < 100:
        assert courier.round() == 0
        [letter] = world.rows(Letter)
        pauses.append(letter.next - world.clock.now)
        assert courier.round() == 0
        world.clock.now = letter.next
    assert pauses[:5] == [timedelta(seconds=10 * 2**number) for number in range(5)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    [letter] = outbox(world)
    assert (letter["state"], letter["error"], letter["next"]) == ("failed", "451 4.7.1 greylisted", None)
    assert letter["attempts"] == len(pauses) == len(sink.commands_of("RCPT"))
    assert GIVE_UP < world.clock.now - world.rows(Letter)[0].created < GIVE_UP + 2 * LONGEST_PAUSE


def test_pauses_are_scattered() -> None:
    def pause(chance: float) -> timedelta:
        return pause_after(3, Refused("later", permanent=False), lambda: chance)

    assert (pause(0.0), pause(0.5), pause(1.0)) == tuple(timedelta(seconds=80 * part) for part in (0.75, 1, 1.25))


def test_a_letter_refused_for_now_is_taken_later_and_its_message_id_is_the_same(
    world: World, sink: Sink, courier: Courier
) -> None:
    states: list[str] = []
    sink.script["DOT"] = ["451 4.3.0 later", "451 4.3.0 later", None]
    write_letters(world, BOB)
    for _ in range(3):
        courier.round()
        states.append(outbox(world)[0]["state"])
        world.clock.passes(minutes=10)
    assert states == ["waiting", "waiting", "sent"]
    [letter], [row] = sink.letters, world.rows(Letter)
    assert f"Message-ID: {row.message_id}\r\n".encode() in letter.content
    assert (row.attempts, row.error) == (3, None)
    assert len(set(sink.commands_of("MAIL"))) == 1


def test_a_letter_refused_for_good_is_given_up_at_once_and_seen(world: World, sink: Sink, courier: Courier) -> None:
    sink.script["RCPT"] = lambda line: "550 5.1.1 no such user" if BOB in line else None
    write_letters(world, BOB, CAT)
    send_all(courier)
    world.clock.passes(days=1)
    send_all(courier)
    failed, sent, notice = outbox(world)
    assert (failed["state"], failed["error"], failed["attempts"]) == ("failed", "550 5.1.1 no such user", 1)
    assert (sent["state"], notice["state"], notice["to"]) == ("sent", "sent", CAT)
    sink.script.clear()
    with world.uow() as uow:
        assert retry(uow, [failed["id"]]) == 1
    send_all(courier)
    assert [letter.recipients for letter in sink.letters] == [[CAT], [CAT], [BOB]]


def test_a_relay_that_is_away_loses_nothing_and_burns_nothing(world: World, sink: Sink, courier: Courier) -> None:
    write_letters(world, BOB, CAT, DAN)
    sink.stop()
    for _ in range(3):
        assert courier.round() == 0
    assert states(world) == ["waiting"] * 3
    assert [letter["attempts"] for letter in outbox(world)] == [3, 0, 0]
    assert "refused" in outbox(world)[0]["error"]
    sink.start()
    send_all(courier)
    assert [letter.recipients for letter in sink.letters] == [[BOB], [CAT], [DAN]]


@pytest.mark.parametrize("step", ["CONNECT", "MAIL", "RCPT"])
def test_a_relay_that_is_closing_is_away(world: World, sink: Sink, courier: Courier, step: str) -> None:
    sink.script[step] = "421 4.3.2 closing"
    write_letters(world, BOB, CAT)
    assert courier.round() == 0
    assert [letter["attempts"] for letter in outbox(world)] == [1, 0]
    sink.script.clear()
    send_all(courier)
    assert [letter.recipients for letter in sink.letters] == [[BOB], [CAT]]


def test_after_a_long_absence_letters_do_not_wait_for_long(world: World, sink: Sink, courier: Courier) -> None:
    write_letters(world, BOB, CAT)
    sink.stop()
    for _ in range(100):
        courier.round()
        world.clock.passes(minutes=10)
    assert states(world) == ["waiting"] * 2
    sink.start()
    world.clock.passes(minutes=7)
    send_all(courier)
    assert states(world) == ["sent"] * 2


def test_a_letter_at_which_the_relay_hangs_up_does_not_keep_the_others_back(
    world: World, sink: Sink, courier: Courier
) -> None:
    sink.script["BODY"] = lambda _: (
        DROP if sink.commands_of("RCPT")[-1].upper().startswith(f"RCPT TO:<{BOB}>".upper()) else None
    )
    write_letters(world, BOB, CAT, DAN)
    send_all(courier)
    send_all(courier)
    assert [letter.recipients for letter in sink.letters] == [[CAT], [DAN]]
    assert states(world) == ["waiting", "sent", "sent"]


def test_the_courier_rests_however_often_the_relay_is_away(small_world: World) -> None:
    resting = Courier(small_world.database, small_world.far_end)  # type: ignore[arg-type]
    resting._ending.set()
    for resting._away in (0, 1, 10, 2000, 10**9):
        resting._rest()


class Notes:
    """Makes the note of a letter fail, as when the database goes away between the relay's 250 and it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fail = True
        really = LettersInHand._note_sent

        def note(in_hand: LettersInHand) -> None:
            if self.fail and in_hand.unnoted:
                raise OperationalError("UPDATE", {}, OSError("gone"))
            really(in_hand)

        monkeypatch.setattr(LettersInHand, "_note_sent", note)


def test_a_letter_that_was_taken_but_not_noted_is_noted_before_anything_else_is_sent(
    world: World, sink: Sink, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes(monkeypatch)
    write_letters(world, BOB, CAT)
    for _ in range(3):
        with pytest.raises(OperationalError):
            courier.round()
    assert [letter.recipients for letter in sink.letters] == [[BOB]]
    assert [letter["attempts"] for letter in outbox(world)] == [1, 0]
    world.clock.passes(days=1)
    notes.fail = False
    send_all(courier)
    assert [letter.recipients for letter in sink.letters] == [[BOB], [CAT]]
    assert states(world) == ["sent", "sent"]


def test_what_could_not_be_noted_is_noted_at_the_end(
    world: World, sink: Sink, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes(monkeypatch)
    write_letters(world, BOB)
    with pytest.raises(OperationalError):
        courier.round()
    notes.fail = False
    courier.stop()
    assert states(world) == ["sent"]


def test_an_end_without_a_database_says_what_will_be_sent_again(
    small_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Notes(monkeypatch)
    write_letters(small_world, BOB)
    with pytest.raises(OperationalError):
        small_world.courier.round()
    small_world.courier.stop()
    assert "will be once more: [1]" in caplog.text


def dies_with_letters_in_hand(world: World) -> int:
    dead = Courier(world.database, world.far_end)  # type: ignore[arg-type]
    dead.in_hand.close()
    return len(dead.in_hand.take())


def test_a_courier_that_died_with_letters_in_hand_leaves_them_to_the_next(
    world: World, sink: Sink, courier: Courier
) -> None:
    write_letters(world, BOB, CAT)
    assert dies_with_letters_in_hand(world) == 2
    send_all(courier)
    assert sink.letters == []
    world.clock.passes(seconds=LEASE.total_seconds())
    send_all(courier)
    assert [letter.recipients for letter in sink.letters] == [[BOB], [CAT]]


def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    # A thread that renews may come late by seconds on a busy machine.
    monkeypatch.setattr(letters_in_hand, "LEASE", timedelta(seconds=2.5))
    monkeypatch.setattr(letters_in_hand, "BEGIN_WITHIN", timedelta(seconds=0.2))
    monkeypatch.setattr(letters_in_hand, "RENEW_SECONDS", 0.2)


def test_a_lease_is_renewed_as_long_as_a_letter_is_under_way(
    world: World, sink: Sink, courier: Courier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_leases(monkeypatch)
    world.database.clock = utc_now
    inside, go = Event(), Event()

    def slow(_: str) -> None:
        inside.set()
        assert go.wait(20)

    sink.script["STORED"] = slow
    write_letters(world, BOB, CAT)
    first = Thread(target=send_all, args=(courier,))
    first.start()
    assert inside.wait(20)
    second = Courier(world.database, relay_from_url(f"maildir:{tmp_path}/other", root=tmp_path))
    until = monotonic() + 4
    while monotonic() < until:
        assert second.round() == 0
        sleep(0.02)
    go.set()
    first.join(60)
    assert [letter.recipients for letter in sink.letters] == [[BOB], [CAT]]
    assert states(world) == ["sent", "sent"]
    courier.stop()
    second.stop()


def test_a_courier_that_begins_again_renews_leases_again(
    world: World, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_leases(monkeypatch)
    courier.in_hand.begin()
    courier.stop()
    courier.in_hand.begin()
    write_letters(world, BOB)
    [letter] = courier.in_hand.take()
    until = letter.next
    world.clock.passes(seconds=0.5)
    awaits(lambda: letter.next > until)
    courier.in_hand.give_back()
    courier.in_hand.close()


def test_a_letter_whose_lease_ended_is_the_others_and_is_not_begun(
    world: World, sink: Sink, courier: Courier, tmp_path: Path
) -> None:
    write_letters(world, BOB, CAT)
    courier.in_hand.take()
    world.clock.passes(seconds=LEASE.total_seconds() - BEGIN_WITHIN.total_seconds())
    assert not courier.in_hand.may_begin()
    courier.in_hand.renew()
    assert courier.in_hand.may_begin()
    world.clock.passes(seconds=LEASE.total_seconds())
    second = Courier(world.database, relay_from_url(f"maildir:{tmp_path}/other", root=tmp_path))
    assert len(second.in_hand.take()) == 2
    courier.in_hand.renew()
    assert courier.in_hand.untried == []
    second.in_hand.close()
    send_all(courier)
    assert sink.letters == []


def test_after_the_database_was_away_others_letters_wait_until_their_leases_could_be_renewed(
    world: World, sink: Sink, courier: Courier
) -> None:
    write_letters(world, BOB)
    dies_with_letters_in_hand(world)
    world.clock.passes(seconds=LEASE.total_seconds())
    courier.in_hand.database_was_away()
    world.responder(CAT)
    write_letters(world)
    send_all(courier)
    assert [letter.recipients for letter in sink.letters if letter.recipients == [CAT]] == [[CAT]]
    assert "waiting" in states(world)
    world.clock.passes(seconds=GRACE.total_seconds())
    send_all(courier)
    assert set(states(world)) == {"sent"}


def test_two_couriers_do_not_take_the_same_letter(world: World, sink: Sink, courier: Courier, tmp_path: Path) -> None:
    inside, go = Event(), Event()

    def slow(_: str) -> None:
        inside.set()
        assert go.wait(20)

    sink.script["STORED"] = slow
    world.responder(BOB)
    for number in range(BATCH + 3):
        write_letters(world, text=f"number {number}")
    first = Thread(target=send_all, args=(courier,))
    first.start()
    assert inside.wait(20)
    other_relay = relay_from_url(f"maildir:{tmp_path}/other", root=tmp_path)
    second = Courier(world.database, other_relay)
    assert second.round() == 3
    assert second.round() == 0
    go.set()
    first.join(60)
    assert len(sink.letters) == BATCH
    assert states(world) == ["sent"] * (BATCH + 3)


def test_two_couriers_at_once_send_every_letter_once(world: World, sink: Sink, tmp_path: Path) -> None:
    world.responder(BOB)
    for number in range(60):
        write_letters(world, text=f"number {number}")
    couriers = [
        Courier(world.database, relay_from_url(sink.url, timeout=10, root=tmp_path, helo=DOMAIN)) for _ in range(3)
    ]
    threads = [Thread(target=send_all, args=(courier,)) for courier in couriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for courier in couriers:
        courier.stop()
    assert len(sink.letters) == 60
    assert len({letter.sender for letter in sink.letters}) == 60
    assert states(world) == ["sent"] * 60


def test_a_letter_that_cannot_be_composed_does_not_stop_the_others(
    world: World, sink: Sink, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def composed(letter: Letter, *rest: Any) -> Any:
        if letter.recipient == BOB:
            raise RecursionError("too deep")
        return compose(letter, *rest)

    monkeypatch.setattr(courier_module, "compose", composed)
    write_letters(world, BOB, CAT)
    send_all(courier)
    assert [letter.recipients for letter in sink.letters] == [[CAT]]
    bad, good = outbox(world)
    assert (bad["state"], good["state"]) == ("waiting", "sent")
    assert bad["error"] == "cannot be written as a mail: too deep"


def test_a_letter_with_a_file_is_the_same_over_every_attempt(world: World) -> None:
    write_letters(world, BOB)
    [letter] = world.rows(Letter)
    file = [LetterFile("p.png", "image/png", b"ABC")]
    assert compose(letter, file) == compose(letter, file)


NAMES = {
    "plain": "Ann Other",
    "empty": "",
    "quotes and a backslash": 'Ann "the \\ great" Other',
    "a comma": "Other, Ann",
    "an address": "<eve@example.org>",
    "a group": "Undisclosed: eve@example.org;",
    "brackets": "(Ann) [Other] <x",
    "beyond ASCII": "Jürgen Müller",
    "beyond ASCII with marks": 'Jürgen "<x@y>", (Müller): a;',
    "right to left": "שלום عالم",
    "emoji": "👩‍💻 Ann",
    "looks encoded": "=?utf-8?q?Eve?=",
    "looks half encoded": "a=?utf-8?b?=?= é",
    "looks like a new header": "=?utf-8?q?a=0D=0ABcc=3A_eve=40example.org?=",
    "long": "x" * 200,
    "many words": "word " * 39 + "word",
}


@pytest.mark.parametrize("recipient", [BOB, "bøb@example.org", "b+o'b=x@example.org"])
def test_whatever_people_call_themselves_a_letter_says_it(
    small_world: World, sink: Sink, tmp_path: Path, recipient: str
) -> None:
    small_world.responder(BOB)
    for _ in NAMES:
        write_letters(small_world)
    rows = small_world.rows(Letter)
    with small_world.uow() as uow:
        for row, name in zip(rows, NAMES.values(), strict=True):
            values = {"sender_name": name, "recipient_name": name, "subject": titled(name), "recipient": recipient}
            uow.session.execute(update(Letter).where(Letter.id == row.id).values(**values))
    relay = relay_from_url(sink.url, timeout=10, root=tmp_path, helo=DOMAIN)
    Courier(small_world.database, relay).round()
    relay.close()
    for row, (kind, name), letter in zip(rows, NAMES.items(), sink.letters, strict=True):
        assert letter.recipients == [recipient], kind
        # As a string, since addresses beyond ASCII are sent in UTF-8.
        mail = message_from_string(letter.content.decode(), policy=policy.default)
        assert mail["Subject"] == titled(name), kind
        for header, address in (("From", row.sender), ("To", recipient)):
            [mailbox] = mail[header].addresses
            assert (mailbox.display_name, mailbox.addr_spec) == (name, address), kind
        assert len(mail.keys()) == len(set(mail.keys())), kind
        assert set(mail.keys()) >= {"Message-ID", "List-Id", "Auto-Submitted", "References", "Content-Type"}, kind
        assert mail["Bcc"] is None, kind
        assert mail.get_content().replace("\r\n", "\n") == row.text, kind
        assert max(len(line) for line in letter.content.split(b"\r\n")) < 998, kind


def titled(name: str) -> str:
    """A subject that ends with a name."""
    return f"Re: [General #1] {name}".strip()


def test_a_letter_to_what_is_no_address_fails_and_does_not_stop_the_others(
    world: World, sink: Sink, courier: Courier
) -> None:
    write_letters(world, BOB, CAT)
    first = world.rows(Letter)[0].id
    with world.uow() as uow:
        values = {"recipient": "bob@example.org>\r\nRCPT TO:<eve@example.org"}
        uow.session.execute(update(Letter).where(Letter.id == first).values(**values))
    send_all(courier)
    # The second one tells of the first, which could not be sent.
    assert [letter.recipients for letter in sink.letters] == [[CAT], [CAT]]
    assert not any("eve" in line for line in sink.commands)


class Slow:
    """A relay that takes a letter only when it is let."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.inside, self.go, self.closed = Event(), Event(), Event()

    def deliver(self, message: Any, To: str, From: str) -> None:  # noqa: N803 - Salmon's names
        self.inside.set()
        if not self.go.wait(20):
            raise Unreachable("nobody let it")
        self.taken.append(To)

    def check(self) -> None:
        pass

    def close(self) -> None:
        self.closed.set()


def test_stopping_finishes_the_letter_in_hand_and_gives_the_others_back(world: World) -> None:
    relay = Slow()
    write_letters(world, BOB, CAT)
    courier = Courier(world.database, relay)  # type: ignore[arg-type]
    courier.start()
    assert relay.inside.wait(20)
    ending = Thread(target=courier.stop)
    ending.start()
    assert not relay.closed.wait(0.1)
    relay.go.set()
    ending.join(20)
    assert relay.taken == [BOB]
    assert [(letter["state"], letter["attempts"]) for letter in outbox(world)] == [("sent", 1), ("waiting", 0)]
    assert all(letter.next <= world.clock.now for letter in world.rows(Letter) if letter.state == "waiting")


def test_a_relay_that_never_answers_is_cut_off_at_the_end(
    small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mail_tickets.devtools.scripted_relay import SILENT

    monkeypatch.setattr(courier_module, "PATIENCE_SECONDS", 0.1)
    write_letters(small_world, BOB)
    with Sink(script={"MAIL": SILENT}) as sink:
        relay = relay_from_url(sink.url, timeout=1, root=tmp_path, helo=DOMAIN)
        courier = Courier(small_world.database, relay)
        courier.start()
        while not sink.commands_of("MAIL"):
            Event().wait(0.01)
        courier.stop()
    assert states(small_world) == ["waiting"]


def test_a_slow_relay_never_holds_up_receiving(world: World) -> None:
    relay = Slow()
    write_letters(world, BOB)
    courier = Courier(world.database, relay)  # type: ignore[arg-type]
    courier.start()
    assert relay.inside.wait(20)
    with world.serving(), world.smtp() as client:
        for number in range(5):
            raw = f"From: eve@example.org\r\nMessage-ID: <{number}@y>\r\n\r\nHello\r\n"
            client.sendmail("eve@example.org", [f"hello@{DOMAIN}"], raw)
    assert relay.taken == []
    relay.go.set()
    courier.stop()
    assert len(outbox(world)) == 6


class Watched:
    """A relay that tells when it has got so many letters."""

    def __init__(self, letters: int) -> None:
        self.taken: list[str] = []
        self.wanted, self.enough = letters, Event()

    def deliver(self, message: Any, To: str, From: str) -> None:  # noqa: N803 - Salmon's names
        self.taken.append(To)
        if len(self.taken) >= self.wanted:
            self.enough.set()

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=40)])
@pytest.mark.parametrize("reply", [None, "451 4.7.1 greylisted"])
def test_a_clock_that_was_ahead_keeps_no_letter_for_long(
    world: World, sink: Sink, courier: Courier, ahead: timedelta, reply: str | None
) -> None:
    world.clock.now += ahead
    courier._keep_house()
    write_letters(world, BOB)
    if reply:
        sink.script["RCPT"] = [reply] * 8
        for _ in range(8):
            send_all(courier)
            world.clock.now = world.rows(Letter)[0].next
    # Somebody sets the clock right.
    world.clock.now -= ahead
    for _ in range(30):
        courier._keep_house()
        send_all(courier)
        world.clock.passes(minutes=11)
    assert states(world) == ["sent"]


def test_letters_that_are_dated_later_on_purpose_wait(world: World, sink: Sink, courier: Courier) -> None:
    write_letters(world, BOB, CAT)
    later = world.clock.now + timedelta(hours=9)
    with world.uow() as uow:
        for number, kind in ((1, "waiting"), (2, "held")):
            due = later if kind == "waiting" else world.clock.now + timedelta(minutes=10)
            uow.session.execute(update(Letter).where(Letter.id == number).values(kind=kind, created=due, next=due))
    courier._keep_house()
    send_all(courier)
    assert sink.letters == []
    world.clock.now = later
    send_all(courier)
    assert len(sink.letters) == 2


@pytest.mark.parametrize("woken", [True, False])
def test_a_running_courier_finds_letters_woken_or_not(world: World, woken: bool) -> None:
    relay = Watched(1)
    courier = Courier(world.database, relay)  # type: ignore[arg-type]
    courier.start()
    write_letters(world, BOB)
    if woken:
        courier.wake()
    assert relay.enough.wait(20)
    courier.stop()
    assert states(world) == ["sent"]


def test_a_courier_outlives_faults_of_its_database(
    small_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    relay, failed = Watched(1), Event()
    courier = Courier(small_world.database, relay)  # type: ignore[arg-type]
    really = LettersInHand._any
    faults = iter([OperationalError("SELECT", {}, OSError("gone")), RecursionError()])

    def sometimes(*arguments: Any) -> bool:
        for fault in faults:
            failed.set()
            raise fault
        return really(*arguments)

    monkeypatch.setattr(LettersInHand, "_any", sometimes)
    monkeypatch.setattr(courier_module, "LONGEST_REST", 0.01)
    write_letters(small_world, BOB)
    with caplog.at_level(logging.CRITICAL):
        courier.start()
        assert failed.wait(20)
        assert relay.enough.wait(20)
        courier.stop()
    assert states(small_world) == ["sent"]


def test_letters_go_into_a_maildir(world: World, tmp_path: Path) -> None:
    relay: Relay = relay_from_url("maildir:letters", root=tmp_path)
    courier = Courier(world.database, relay)
    write_letters(world, BOB, CAT, text="Grüße, 日本語 and €")
    send_all(courier)
    courier.stop()
    files = list((tmp_path / "letters" / "new").iterdir())
    assert len(files) == 2
    assert all(b"Delivered-To: " in file.read_bytes() for file in files)
    assert states(world) == ["sent", "sent"]


def test_administrators_hear_once_a_day_while_mail_waits(world: World) -> None:
    admin = world.known("admin@example.org", "Ada", admin=True)
    world.brings(b"From: x@example.org\r\n\r\nhello\r\n", "x@example.org", f"nobody@{DOMAIN}")
    assert len(admin.letters) == 1
    for _ in range(3):
        world.clock.passes(hours=25)
        world.courier._keep_house()
        world.courier._keep_house()
        world.settle()
    assert len(admin.letters) == 4
    assert admin.letter()["Subject"] == f"1 email needs you: it matched no address at {DOMAIN}"


def test_the_outbox_of_a_closed_database_is_a_fault_and_no_loss(small_world: World, tmp_path: Path) -> None:
    write_letters(small_world, BOB)
    database = Database(f"sqlite:///{tmp_path}/gone/tickets.db", DOMAIN)
    with pytest.raises(OperationalError):
        Courier(database, small_world.far_end).round()  # type: ignore[arg-type]
    database.close()
    assert states(small_world) == ["waiting"]
