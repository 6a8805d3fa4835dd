"""Claims about limits: whatever comes, and whatever hangs, the answer comes in bounded time, and others are served."""

import resource
import socket
import time
import tracemalloc
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from sqlalchemy import event

from mail_tickets.devtools.mail_client import MailClient
from mail_tickets.model.inbound.inbound_mail import DeliveryResult, InboundMail
from mail_tickets.model.records.received_mail import Delivery, Mail
from mail_tickets.model.storage import database
from mail_tickets.transport.inbound import receiver
from mail_tickets.transport.inbound.intake import MailIntake
from tests.support.postgres import NoPostgresError, PostgresServer, fresh_database, open_server
from tests.support.world import DOMAIN, World

HELLO = f"hello@{DOMAIN}"
TRY_LATER = "451 4.3.0 "


def mail(number: object, body: bytes = b"Hello there.\r\n") -> bytes:
    return f"From: ann@example.org\r\nSubject: Hello\r\nMessage-ID: <{number}@home.example>\r\n\r\n".encode() + body


def raws(world: World) -> list[bytes]:
    return [row.raw for row in world.rows(Mail.raw, Mail.id)]


# Connections.


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_one_connection_too_many_hears_421_and_the_others_are_served(small_world: World, scheme: str) -> None:
    with small_world.serving(scheme) as serving:
        serving.max_connections = 3
        port, lmtp = small_world.port(scheme), scheme == "lmtp"
        taken = [MailClient(port, lmtp=lmtp) for _ in range(3)]
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port), 20) as refused, refused.makefile("rb") as replies:
                assert replies.read() == b"421 4.3.2 Too many connections, please try again\r\n"
        taken[0].begins(HELLO)
        assert taken[0].hands_over(mail(1)).startswith("250 ")
        assert taken[1].says("QUIT").startswith("221 ")
        assert taken[1].hears() == ""
        with MailClient(port, lmtp=lmtp) as another:
            assert another.greets().startswith("250")
        for client in taken:
            client.leaves()


@pytest.mark.parametrize(
    ("files", "most"), [(1024, 500), (256, 192), (10, 1), (resource.RLIM_INFINITY, 500), (10**6, 500)]
)
def test_no_more_connections_are_taken_than_files_may_be_opened(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert receiver.most_connections() == most


# Memory.


def test_a_connection_that_stored_a_large_mail_is_closed_and_one_of_small_mails_kept(small_world: World) -> None:
    """SQLite keeps the bytes of an insert until the connection ends or inserts again."""
    closed: list[str] = []
    for name in ("close", "close_detached"):
        event.listen(small_world.database.engine, name, lambda *_, name=name: closed.append(name))
    small_world.intake.receive(mail(1), "ann@example.org", [HELLO])
    assert closed == []
    small_world.intake.receive(mail(2, b"Hello there.\r\n" * 100_000), "ann@example.org", [HELLO])
    assert closed == ["close_detached"]
    small_world.intake.receive(mail(3), "ann@example.org", [HELLO])
    assert len(raws(small_world)) == 3


def test_mails_of_one_message_id_are_compared_one_at_a_time(small_world: World) -> None:
    def dated(day: int, body: bytes) -> bytes:
        return b"Date: Mon, %02d Jan 2024 10:00:00 +0000\r\n" % day + mail("same", body)

    for day in range(1, 6):
        small_world.intake.receive(dated(day, b"%d times.\r\n" % day * 200_000), "ann@example.org", [HELLO])
    tracemalloc.start()
    try:
        small_world.intake.receive(dated(6, b"Hello there.\r\n"), "ann@example.org", [HELLO])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(raws(small_world)) == 6
    assert peak < 3 * len(raws(small_world)[0])


# Recipients.


def test_a_hundred_thousand_recipients_are_answered_and_a_hundred_taken(small_world: World) -> None:
    count = 100_000
    with small_world.serving(), MailClient(small_world.port()) as client:
        client.begins()
        sending = Thread(target=lambda: client.socket.sendall(f"RCPT TO:<a@{DOMAIN}>\r\n".encode() * count))
        sending.start()
        replies = [client.hears()[:9] for _ in range(count)]
        sending.join()
        assert set(replies[:100]) == {"250 2.1.5"}
        assert set(replies[100:]) == {"452 4.5.3"}
        assert client.hands_over(mail(1)).startswith("250 ")
    assert len(small_world.rows(Delivery.id)) == 1


def test_a_hundred_thousand_recipients_in_headers_cost_no_more_than_two_hundred(small_world: World) -> None:
    recipients = ", ".join(f"person{number}@example.org" for number in range(100_000)).encode()
    small_world.switches("General", cc_from_others="on")
    outcomes: list[DeliveryResult] = []
    for field in (b"To", b"Cc", b"Delivered-To", b"Sender", b"Reply-To", b"References", b"Authentication-Results"):
        head, _, body = mail(field.decode()).partition(b"\r\n\r\n")
        raw = head + b"\r\n" + field + b": " + recipients + b"\r\n\r\n" + body
        outcomes += small_world.brings(raw, "ann@example.org", HELLO)
    assert {outcome.fate for outcome in outcomes} == {"opened"}
    tickets = [small_world.ticket(outcome.ticket or 0) for outcome in outcomes]
    assert max(len(ticket["participants"]) for ticket in tickets) <= 200
    assert small_world.far_end.letters == []


# Bytes.


def test_mail_in_hand_on_all_connections_together_has_a_limit(small_world: World) -> None:
    large = mail("large", (b"x" * 998 + b"\r\n") * 1500)
    with small_world.serving() as serving:
        serving.max_in_hand = 1_900_000
        stalled = [MailClient(small_world.port()) for _ in range(8)]
        for connection in stalled:
            connection.begins(HELLO)
            connection.says("DATA")
            connection.socket.sendall(large[:250_000])
        end = time.monotonic() + 20
        while serving.in_hand < 2_000_000 and time.monotonic() < end:
            time.sleep(0.01)
        with MailClient(small_world.port()) as client:
            client.begins(HELLO)
            assert client.hands_over(large).startswith("452 4.3.1 Busy")
            assert client.says("NOOP").startswith("250 ")
            # A small one is always taken, and a large one again once there is place.
            client.begins(HELLO)
            assert client.hands_over(mail("small")).startswith("250 ")
            for connection in stalled:
                connection.leaves()
            end = time.monotonic() + 20
            while serving.in_hand and time.monotonic() < end:
                time.sleep(0.01)
            client.begins(HELLO)
            assert client.hands_over(large).startswith("250 ")
            # The next answer comes after the mail is out of hand.
            assert client.says("NOOP").startswith("250 ")
        assert serving.in_hand == 0
    assert [len(raw) for raw in raws(small_world)] == [len(mail("small")), len(large)]


# Workers.


def test_a_mail_with_which_no_worker_begins_is_451_and_never_stored(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, begun = Event(), []
    really = MailIntake.store

    def slowly(intake: MailIntake, inbound_mail: InboundMail, recipients: list[str]) -> InboundMail:
        begun.append(1)
        assert go.wait(20)
        return really(intake, inbound_mail, recipients)

    monkeypatch.setattr(MailIntake, "store", slowly)
    # Where the database has one writer, workers would wait for their turn elsewhere.
    monkeypatch.setattr(small_world.database, "_writer", None)
    with small_world.serving():
        busy = [MailClient(small_world.port()) for _ in range(4)]
        for number, client in enumerate(busy):
            client.begins(HELLO)
            client.says("DATA")
            client.sends(mail(number) + b".")
        end = time.monotonic() + 20
        while len(begun) < 4 and time.monotonic() < end:
            time.sleep(0.01)
        monkeypatch.setattr(receiver, "TURN_SECONDS", 0.2)
        with MailClient(small_world.port()) as late:
            late.begins(HELLO)
            assert late.hands_over(mail("late")).startswith(TRY_LATER)
            assert late.begins("x@other.example")[0].startswith(TRY_LATER)
        go.set()
        assert [client.hears()[:4] for client in busy] == ["250 "] * 4
        for client in busy:
            client.leaves()
    assert mail("late") not in raws(small_world)
    assert len(raws(small_world)) == 4


def test_over_lmtp_recipients_that_would_wait_too_long_are_told_to_come_again(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = MailIntake.store

    def slowly(intake: MailIntake, inbound_mail: InboundMail, recipients: list[str]) -> InboundMail:
        time.sleep(0.8)
        return really(intake, inbound_mail, recipients)

    monkeypatch.setattr(receiver, "RECIPIENTS_SECONDS", 0.5)
    monkeypatch.setattr(MailIntake, "store", slowly)
    with small_world.serving("lmtp"), MailClient(small_world.port("lmtp"), lmtp=True) as client:
        client.begins(*(f"a{number}@{DOMAIN}" for number in range(20)))
        replies = [client.hands_over(mail(1)), *(client.hears() for _ in range(19))]
        assert [reply[:3] for reply in replies] == ["250", *["451"] * 19]
    assert len(small_world.rows(Delivery.id)) == 1


# A database that hangs.


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server of one's own, to be frozen."""
    try:
        server = open_server()
    except NoPostgresError as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    yield server
    server.thaw()
    server.close()


def test_while_the_database_hangs_mail_is_451_and_the_server_goes_on_answering(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"CONNECT_SECONDS": 2, "STATEMENT_SECONDS": 1, "GRACE_SECONDS": 0}.items():
        monkeypatch.setattr(f"mail_tickets.model.storage.database.{name}", seconds)
    monkeypatch.setattr(receiver, "TURN_SECONDS", 2.0)
    world = World(fresh_database(own_server))
    with world.serving("smtp", "lmtp"):
        clients = [MailClient(world.port()) for _ in range(8)] + [MailClient(world.port("lmtp"), lmtp=True)]
        for number, connection in enumerate(clients):
            connection.begins(HELLO)
            assert connection.hands_over(mail(number)).startswith("250 ")
        own_server.freeze()
        # More than there are workers, so that some wait for one; MailClient's own time-out is the bound.
        for number, connection in enumerate(clients):
            connection.begins(HELLO)
            connection.says("DATA")
            connection.sends(mail(f"frozen{number}") + b".")
        with MailClient(world.port()) as late:
            assert late.greets().startswith("250")
            assert late.says("NOOP").startswith("250 ")
            assert late.begins(HELLO) == ["250 2.1.5 Ok"]
        assert {client.hears()[:10] for client in clients} == {TRY_LATER}
        own_server.thaw()
        for number, connection in enumerate(clients):
            connection.begins(HELLO)
            assert connection.hands_over(mail(f"frozen{number}")).startswith("250 ")
            connection.leaves()
    # Whatever a commit did that nobody heard of, each is stored once.
    assert sorted(raws(world)) == sorted(mail(f"{kind}{number}") for kind in ("", "frozen") for number in range(9))
    world.close()


def test_the_bounds_of_a_mail_fit_into_the_idle_time() -> None:
    """While a mail is stored nothing is read, so that the idle time runs."""
    begun = receiver.TURN_SECONDS + receiver.RECIPIENTS_SECONDS + database.LOCK_SECONDS
    # A statement that hangs, and then a connection that cannot be had, in the last recipient's turn.
    hangs = database.STATEMENT_SECONDS + database.GRACE_SECONDS + 2 * database.CONNECT_SECONDS
    assert begun + hangs < receiver.IDLE_SECONDS
