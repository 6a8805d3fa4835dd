"""Claims about the receiver: what a sending server may say, what it hears, and that 250 means stored."""

import gc
import smtplib
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given
from hypothesis import strategies as st
from salmon import encoding
from salmon.routing import Router, salmon_setting
from sqlalchemy.exc import OperationalError

from config import settings as plain
from mail_tickets.config import build, defaults
from mail_tickets.config.parsing import load
from mail_tickets.devtools.mail_client import MailClient
from mail_tickets.model.inbound import dispatch
from mail_tickets.model.inbound.inbound_mail import DeliveryResult, InboundMail
from mail_tickets.model.records.addressing import AddressKind, OurAddress
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.received_mail import Delivery, Mail
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.storage.unit_of_work import UnitOfWork
from mail_tickets.transport.inbound.intake import MailIntake, Request
from mail_tickets.transport.inbound.receiver import Listener, Receiver
from mail_tickets.transport.inbound.routes import Recipient
from mail_tickets.transport.inbound.smtp_session import plain_path
from tests.support.world import DOMAIN, World, awaits

HELLO = f"hello@{DOMAIN}"
TICKET1 = f"ticket1@{DOMAIN}"
HEAD = b"From: Ann <ann@example.org>\r\nSubject: Hello\r\nMessage-ID: <1@home.example>\r\n"
MAIL = HEAD + b"\r\nHello there.\r\n"
STORED = "250 2.0.0 "


def mail(number: object, body: bytes = b"Hello there.\r\n") -> bytes:
    return f"From: ann@example.org\r\nSubject: Hello\r\nMessage-ID: <{number}@home.example>\r\n\r\n".encode() + body


def raws(world: World) -> list[bytes]:
    """The bytes of every mail that is stored, oldest first."""
    rows: list[bytes] = [row.raw for row in world.rows(Mail.raw, Mail.id)]
    return rows


def fates(world: World) -> list[tuple[str, str]]:
    return [(delivery.recipient, delivery.fate) for delivery in world.rows(Delivery)]


@contextmanager
def wire(world: World, scheme: str = "smtp") -> Iterator[MailClient]:
    with MailClient(world.port(scheme), lmtp=scheme == "lmtp") as client:
        yield client


@pytest.fixture(params=["smtp", "lmtp"])
def client(small_world: World, request: pytest.FixtureRequest) -> Iterator[MailClient]:
    """A connection that has greeted, by SMTP and by LMTP."""
    with small_world.serving(request.param), wire(small_world, request.param) as connected:
        connected.greets()
        yield connected


# The unit of work.


def test_nobody_who_remembers_an_address_keeps_its_unit_of_work(small_world: World) -> None:
    def units_of_work() -> int:
        gc.collect()
        return sum(isinstance(item, UnitOfWork) for item in gc.get_objects())

    before = units_of_work()
    addresses = [HELLO, TICKET1, "ticket1-comment@example.com", f"nobody@{DOMAIN}"]
    for number, recipient in enumerate(addresses):
        with suppress(Exception):
            small_world.intake.receive(mail(number), "ann@example.org", [recipient])
    assert fates(small_world)
    assert units_of_work() == before


# The bytes.

BODIES = {
    "text": b"Hello there.\r\n",
    "no final newline inside": b"Hello there.\nand more\r\n",
    "empty lines at the end": b"Hello.\r\n\r\n\r\n",
    "8 bits": "Grüße, 日本語\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "NUL": b"a\x00b\x00\r\n",
    "lone CR": b"a\rb\r\r\n",
    "lone LF": b"a\nb\n\r\n",
    "LF dot LF is no end": b"a\n.\nb\r\n",
    "LF dot CRLF is no end": b"a\n.\r\nb\r\n",
    "CR dot CR is no end": b"a\r.\rb\r\n",
    "CRLF dot LF is no end": b"a\r\n.\nQUIT\nb\r\n",
    "dots": b".\r\n..\r\n...\r\n.dot\r\n..dot\r\nno.dot\r\n.",
    "only dots": b".\r\n" * 2000,
    "a line of 1 MB": b"x" * 1_000_000 + b"\r\n",
    "a line of 1 MB of dots": b"." * 1_000_000 + b"\r\n",
    "many lines": b"a line of text\r\n" * 50_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_exact_bytes_are_kept(client: MailClient, small_world: World, body: bytes) -> None:
    raw = MAIL + body + (b"" if body.endswith(b"\r\n") else b"\r\n")
    client.begins(HELLO)
    assert client.hands_over(raw).startswith(STORED)
    assert raws(small_world) == [raw]


@pytest.mark.parametrize("raw", [b"", b"\r\n", b".\r\n", b"\r\n\r\n", b"no headers at all\r\n", b": \r\n\r\n"])
def test_a_mail_that_says_nothing_is_kept_as_it_is(client: MailClient, small_world: World, raw: bytes) -> None:
    client.begins(HELLO)
    assert client.hands_over(raw).startswith(STORED)
    assert raws(small_world) == [raw]


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\nHello\r\n",
        HEAD + b"X: y\r\n" * 20_000 + b"\r\nHello\r\n",
        HEAD + b"X-Folded:" + b"\r\n y" * 20_000 + b"\r\n\r\nHello\r\n",
        HEAD + b"X-8-Bit: \xff\xfe\xc3\xa9\x00\r\n\r\nHello\r\n",
    ],
    ids=["one long", "many", "folded", "8 bits"],
)
def test_long_headers_are_kept(client: MailClient, small_world: World, raw: bytes) -> None:
    client.begins(HELLO)
    assert client.hands_over(raw).startswith(STORED)
    assert raws(small_world) == [raw]
    assert fates(small_world) == [(HELLO, "opened")]


def test_a_mail_that_comes_byte_by_byte_is_whole(client: MailClient, small_world: World) -> None:
    raw = mail(1, b".a\r\n..\r\n.\r\n")
    client.begins(HELLO)
    client.says("DATA")
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in mail(1, b"..a\r\n...\r\n..\r\n") + b".\r\n":
        client.socket.sendall(bytes([byte]))
    assert client.hears().startswith(STORED)
    assert raws(small_world) == [raw]


@pytest.mark.parametrize("last", [1, 2, 3, 4])
def test_an_end_that_comes_in_two_segments_is_the_end(client: MailClient, small_world: World, last: int) -> None:
    receiver, whole = small_world.receiver, MAIL + b".\r\n"
    assert receiver is not None
    client.begins(HELLO)
    client.says("DATA")
    client.socket.sendall(whole[:-last])
    awaits(lambda: receiver.in_hand >= len(whole) - last)
    client.socket.sendall(whole[-last:])
    assert client.hears().startswith(STORED)
    assert raws(small_world) == [MAIL]


def test_bytes_are_kept_on_each_database(world: World) -> None:
    raw = MAIL + b"\x00\xff\r\n.\r\n"
    with world.serving(), wire(world) as client:
        client.begins(HELLO)
        assert client.hands_over(raw).startswith(STORED)
    assert raws(world) == [raw]
    assert world.ticket(1)["messages"][0]["message_id"] == "<1@home.example>"


# The dialogue.


def test_commands_may_come_all_at_once_and_the_next_mail_with_them(client: MailClient, small_world: World) -> None:
    hello = "LHLO x" if client.lmtp else "EHLO x"
    transaction = ["MAIL FROM:<a@example.org> SIZE=200 BODY=8BITMIME", f"RCPT TO:<{HELLO}>", "DATA"]
    lines: list[str | bytes] = [hello]
    for number in range(5):
        lines += [*transaction, mail(number) + b"."]
    client.sends(*lines, "NOOP", "QUIT")
    replies = [client.hears()[:3] for _ in range(1 + 5 * 4 + 2)]
    assert replies == ["250", *["250", "250", "354", "250"] * 5, "250", "221"]
    assert raws(small_world) == [mail(number) for number in range(5)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"])
def test_a_browser_that_a_web_page_sends_here_hands_in_no_mail(
    client: MailClient, small_world: World, method: str
) -> None:
    hello = "LHLO x" if client.lmtp else "EHLO x"
    transaction = [hello, "MAIL FROM:<a@example.org>", f"RCPT TO:<{HELLO}>", "DATA", mail(1) + b"."]
    client.sends(f"{method} / HTTP/1.1", "Host: localhost", "", *transaction)
    assert client.hears() == "421 4.7.0 This is a mail server, and no web server"
    # The server has hung up: some systems tell of that by a fault, since commands were left unread.
    with suppress(ConnectionError):
        assert client.hears() == ""
    assert raws(small_world) == []


def test_extensions_are_announced(client: MailClient) -> None:
    lines = client.greets().split("/")
    assert lines[0] == f"250-{DOMAIN}"
    assert {"250-SIZE 2000000", "250-8BITMIME", "250-SMTPUTF8", "250-PIPELINING"} <= set(lines)
    assert not any("AUTH" in line or "STARTTLS" in line for line in lines)


@pytest.mark.parametrize("size", [1, 3])
def test_a_mail_over_the_size_is_refused_for_good(client: MailClient, small_world: World, size: int) -> None:
    assert client.says("MAIL FROM:<a@example.org> SIZE=2000001") == "552 5.3.4 Message too big (limit 2 MB)"
    assert client.says(f"RCPT TO:<{HELLO}>").startswith("503 ")
    assert client.says("MAIL FROM:<a@example.org> SIZE=2000000").startswith("250 ")
    for _ in range(size):
        assert client.says(f"RCPT TO:<{HELLO}>").startswith("250 ")
    replies = [client.hands_over(mail(1, b"x" * 2_000_000 + b"\r\n"))]
    replies += [client.hears() for _ in range(size - 1 if client.lmtp else 0)]
    assert {reply[:9] for reply in replies} == {"552 5.3.4"}
    assert client.says("NOOP").startswith("250 ")
    assert raws(small_world) == []
    client.begins(HELLO)
    assert client.hands_over(MAIL).startswith(STORED)


def test_a_mail_of_exactly_the_size_is_taken(client: MailClient, small_world: World) -> None:
    raw = mail(1)
    raw += b"x" * (2_000_000 - len(raw) - 2) + b"\r\n"
    client.begins(HELLO)
    assert client.hands_over(raw).startswith(STORED)
    client.begins(HELLO)
    assert client.hands_over(raw[:-2] + b"y\r\n").startswith("552 ")
    assert [len(raw) for raw in raws(small_world)] == [2_000_000]


@pytest.mark.parametrize("size", ["x", "-1", "1e3", "9" * 30, "٣"])
def test_a_size_that_is_none_is_no_fault_of_ours(client: MailClient, size: str) -> None:
    assert not client.says(f"MAIL FROM:<a@example.org> SIZE={size}").startswith("4")
    assert client.says("NOOP").startswith("250 ")


@pytest.mark.parametrize("size", ["9" * 23, "0" * 21, ""])
def test_a_size_of_too_many_digits_is_bad_syntax(client: MailClient, size: str) -> None:
    assert client.says(f"MAIL FROM:<a@example.org> SIZE={size}").startswith("501 ")


def test_a_quoted_local_part_is_the_same_as_without_quotes(client: MailClient, small_world: World) -> None:
    client.begins('"hello"@' + DOMAIN)
    assert client.hands_over(MAIL).startswith(STORED)
    assert small_world.ticket()["id"] == 1


def test_the_null_reverse_path_is_kept_as_such(client: MailClient, small_world: World) -> None:
    client.begins(HELLO, sender="")
    assert client.hands_over(MAIL).startswith(STORED)
    [stored] = small_world.rows(Mail)
    assert (stored.envelope_from, stored.author) == ("", "ann@example.org")


def test_addresses_beyond_ascii_are_kept(client: MailClient, small_world: World) -> None:
    client.greets()
    assert client.says("MAIL FROM:<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME").startswith("250 ")
    assert client.says(f"RCPT TO:<質問@{DOMAIN}>").startswith("250 ")
    assert client.hands_over(MAIL).startswith(STORED)
    assert [row.envelope_from for row in small_world.rows(Mail)] == ["jürgen@bücher.example"]
    assert fates(small_world) == [(f"質問@{DOMAIN}", "set aside")]


@pytest.mark.parametrize(
    "local", [b"\xff\xfe", b"hello\xed\xa0\x80", b"hello\x7f", b"hel\x01lo", b"=?utf-8?q?a=0d=0ab?="]
)
def test_a_recipient_that_no_database_could_keep_is_refused(
    client: MailClient, small_world: World, local: bytes
) -> None:
    client.says("MAIL FROM:<a@example.org>")
    assert client.says(b"RCPT TO:<" + local + b"@" + DOMAIN.encode() + b">").startswith("553 ")
    assert client.says(f"RCPT TO:<{HELLO}>").startswith("250 ")
    assert client.hands_over(MAIL).startswith(STORED)
    assert fates(small_world) == [(HELLO, "opened")]


def test_a_sender_that_is_not_utf8_is_kept_as_far_as_it_can_be_read(client: MailClient, small_world: World) -> None:
    assert client.says(b"MAIL FROM:<\xff\xfe@example.org>").startswith("250 ")
    client.says(f"RCPT TO:<{HELLO}>")
    assert client.hands_over(MAIL).startswith(STORED)
    assert [row.envelope_from for row in small_world.rows(Mail)] == ["��@example.org"]


@pytest.mark.parametrize("path", ["<", "<@", '"', "<@[", "é@[", "<a@b@c>", "<a@@b>", "<>", "", "<ok,two@x>", "x" * 600])
def test_a_malformed_recipient_is_refused_for_good(client: MailClient, path: str) -> None:
    client.says("MAIL FROM:<a@example.org>")
    assert client.says(f"RCPT TO:{path}").startswith("5")
    assert client.says(f"RCPT TO:<{HELLO}>").startswith("250 ")


@pytest.mark.parametrize("path", ["<", '"', "<@[", "<a@b@c>", ""])
def test_a_malformed_sender_is_refused_for_good(client: MailClient, path: str) -> None:
    assert client.says(f"MAIL FROM:{path}").startswith("5")
    assert client.says("MAIL FROM:<>").startswith("250 ")


@pytest.mark.parametrize(
    "commands", [["DATA"], ["MAIL FROM:<a@b.example>", "DATA"], ["RCPT TO:<a@b.example>"], ["XYZZY"], [""]]
)
def test_commands_out_of_order_are_refused_and_forgiven(client: MailClient, commands: list[str]) -> None:
    replies = [client.says(command) for command in commands]
    assert replies[-1].startswith("50")
    client.says("RSET")
    client.begins(HELLO)
    assert client.hands_over(MAIL).startswith(STORED)


def test_a_line_without_end_is_refused(client: MailClient) -> None:
    assert client.says("NOOP " + "x" * 200_000).startswith("500 ")
    assert client.says("NOOP").startswith("250 ")


def test_too_many_recipients_are_told_to_come_again(client: MailClient, small_world: World) -> None:
    replies = client.begins(*(f"nobody{number}@{DOMAIN}" for number in range(102)))
    assert [reply[:3] for reply in replies] == ["250"] * 100 + ["452"] * 2
    assert client.hands_over(MAIL).startswith(STORED)
    for _ in range(99 if client.lmtp else 0):
        assert client.hears().startswith(STORED)
    assert client.says("NOOP").startswith("250 ")
    assert len(fates(small_world)) == 100
    assert len(raws(small_world)) == 1


# Which address leads where.


@pytest.mark.parametrize("address", ["<postmaster>", "<POSTmaster>", f"<postmaster@{DOMAIN}>", f"<abuse@{DOMAIN}>"])
@pytest.mark.parametrize("unmatched", ["keep", "reject"])
def test_the_postmaster_is_always_reached(database_url: str, address: str, unmatched: str) -> None:
    world = World(database_url, keep_unmatched=unmatched == "keep")
    with world.serving(), wire(world) as client:
        client.greets()
        client.says("MAIL FROM:<>")
        assert client.says(f"RCPT TO:{address}").startswith("250 ")
        assert client.hands_over(MAIL).startswith(STORED)
    [kept] = world.rows(Delivery)
    assert (kept.fate, kept.reason, kept.waiting) == ("set aside", "for the admins", True)
    world.close()


FOREIGN = [
    "ann@example.org",
    f"hello@sub.{DOMAIN}",
    f"hello@x{DOMAIN}",
    "hello%example.org@example.org",
    "hello@[127.0.0.1]",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_other_domains_are_refused(client: MailClient, address: str) -> None:
    [reply] = client.begins(address)
    assert reply == f"550 5.1.1 We only accept mail for {DOMAIN}"


def test_a_queues_address_at_another_domain_is_taken(small_world: World) -> None:
    with small_world.uow() as uow:
        from mail_tickets.model.records.queues import QueueAddress, find_queue

        uow.session.add(QueueAddress(queue_id=find_queue(uow, "General").id, address="hello@openhatch.org"))
    with small_world.serving(), wire(small_world) as client:
        assert [reply[:3] for reply in client.begins("Hello@OpenHatch.org", "other@openhatch.org")] == ["250", "550"]
        assert client.hands_over(MAIL).startswith(STORED)
    assert [fate for _, fate in fates(small_world)] == ["opened"]


def test_with_reject_only_what_leads_somewhere_is_taken(any_database_url: str) -> None:
    world = World(any_database_url, keep_unmatched=False)
    world.brings(mail(1), "ann@example.org", HELLO)
    replies = {
        TICKET1: "250",
        f"TICKET1@{DOMAIN.upper()}": "250",
        f"ticket0001@{DOMAIN}": "250",
        f"Questions@{DOMAIN}": "250",
        f"ticket2@{DOMAIN}": "550",
        f"ticket0@{DOMAIN}": "550",
        f"ticket{'9' * 40}@{DOMAIN}": "550",
        f"ticket1-comment@{DOMAIN}": "250",
        f"ticket2-comment@{DOMAIN}": "550",
        f"hello-comment@{DOMAIN}": "250",
        f"nobody-comment@{DOMAIN}": "550",
        f"nobody@{DOMAIN}": "550",
        "ann@example.org": "550",
    }
    with world.serving(), wire(world) as client:
        assert [reply[:3] for reply in client.begins(*replies)] == list(replies.values())
    world.close()


@pytest.mark.parametrize(
    "digits", ["9" * 40, "9" * 5000, "0", "00", str(2**31), str(2**31 - 1), str(2**63), "٣", "１", "1²"]
)
def test_a_number_that_no_ticket_has_is_set_aside(world: World, digits: str) -> None:
    world.actor("ann@example.org").writes("hello", "Hello")
    address = f"ticket{digits}@{DOMAIN}"
    world.brings(mail(1), "ann@example.org", address)
    assert fates(world)[1:] == [(address, "set aside")]
    assert len(world.rows(Ticket)) == 1
    assert len(world.rows(Message)) == 1


def test_forty_digits_are_an_unknown_ticket_over_the_wire(client: MailClient, small_world: World) -> None:
    client.begins(f"ticket{'9' * 40}@{DOMAIN}")
    assert client.hands_over(MAIL).startswith(STORED)
    assert [delivery.reason for delivery in small_world.rows(Delivery)] == ["no ticket has this number"]


ODD = {
    f'<"ticket1"@{DOMAIN}>': "posted",
    f"<ticket1(a comment)@{DOMAIN}>": "posted",
    f"<@relay.example:ticket1@{DOMAIN}>": "posted",
    f"ticket1@{DOMAIN}": "posted",
    f"<ticket01@{DOMAIN}>": "posted",
    f"<tıcket1@{DOMAIN}>": "set aside",
    f"<ticket1@{DOMAIN}": "posted",
    f'<"ticket1 "@{DOMAIN}>': "set aside",
    f'<"ok ticket1@{DOMAIN}"@{DOMAIN}>': "set aside",
    "<ticket1>": "posted",
    "<nobody>": "set aside",
}


@pytest.mark.parametrize(("path", "fate"), ODD.items(), ids=ODD)
def test_the_envelope_alone_says_where_a_mail_goes(
    client: MailClient, small_world: World, path: str, fate: str
) -> None:
    small_world.intake.receive(mail("first"), "ann@example.org", [HELLO])
    headers = f"To: {HELLO}, ticket1@{DOMAIN}\r\nDelivered-To: {HELLO}\r\nX-Original-To: {HELLO}\r\n".encode()
    client.says("MAIL FROM:<a@example.org>")
    assert client.says(f"RCPT TO:{path}").startswith("250 ")
    assert client.hands_over(headers + MAIL).startswith(STORED)
    assert [fate_ for _, fate_ in fates(small_world)] == ["opened", fate]


def test_an_address_literal_is_another_domain_whatever_the_headers_say(client: MailClient, small_world: World) -> None:
    assert client.begins("ok@[127.0.0.1]", "ok@[127.0.0.1](x)")[0].startswith("550 ")
    assert client.says("DATA").startswith("503 ")
    assert fates(small_world) == []


EVERY_KIND = {
    "hello": "opened",
    "QUESTIONS": "opened",
    "ticket1": "posted",
    "Ticket001": "posted",
    "ticket1-comment": "posted",
    "ticket7-comment": "set aside",
    "ticket7": "set aside",
    "ticket": "set aside",
    "ticket1x": "set aside",
    "xticket1": "set aside",
    "hello-comment": "opened",
    "nobody-comment": "set aside",
    "hello-search": "set aside",
    "bounce-0123": "set aside",
    "postmaster": "set aside",
    "abuse": "set aside",
    "nobody": "set aside",
    "tic\u212aet1": "set aside",
    "ticket１": "set aside",
    "": "set aside",
}


@pytest.mark.parametrize(("local", "fate"), EVERY_KIND.items(), ids=EVERY_KIND)
def test_exactly_one_handler_takes_a_mail(small_world: World, local: str, fate: str) -> None:
    small_world.brings(mail("first"), "ann@example.org", HELLO)
    [outcome] = small_world.brings(mail("second"), "ann@example.org", f"{local}@{DOMAIN}")
    assert outcome.fate == fate


@given(st.from_regex(r"<(=\?)?[a-c.!@=?\-]{1,9}@[a-c.\-]{1,9}>( [ A-C=+.0-9(\-]{0,9})?", fullmatch=True))
def test_a_plain_path_is_what_the_full_parser_reads(path: str) -> None:
    plain = plain_path(path)
    assert plain is None or plain == SMTP._getaddr(SimpleNamespace(local_part_limit=0), path)


def test_most_paths_are_plain() -> None:
    assert plain_path("<ann+x@mail.example.org> BODY=8BITMIME SIZE=1024") == (
        "ann+x@mail.example.org",
        "BODY=8BITMIME SIZE=1024",
    )
    assert plain_path('<"ann b"@example.org>') is None


@given(st.one_of(st.text(), st.from_regex(r"(?i:t[iıİ]c[kK]et)\d{0,3}(-comment)?@ticket[sſ]\.example", fullmatch=True)))
def test_exactly_one_handler_takes_any_address(address: str) -> None:
    build.load_routes(load(vars(defaults), {}))
    # Without a database every address could be a queue's.
    assert len([function for functions, _ in Router.match(address) for function in functions]) == 1


HANDLERS = {
    f"ticket1@{DOMAIN}": "POST",
    f"TICKET0001@{DOMAIN.upper()}": "POST",
    f"ticket1-comment@{DOMAIN}": "COMMENT",
    HELLO: "ELSEWHERE",
    f"hello-comment@{DOMAIN}": "ELSEWHERE",
    f"bounce-x@{DOMAIN}": "ELSEWHERE",
    "postmaster": "ELSEWHERE",
    f"nobody@{DOMAIN}": None,
    "ticket1@other.example": None,
    "hello@other.example": None,
    f"t\u0131cket1@{DOMAIN}": None,
    f"ticket1@{DOMAIN}\n": None,
}


@pytest.mark.parametrize(("address", "handler"), HANDLERS.items(), ids=repr)
def test_the_handlers_take_addresses_of_ours_alone(small_world: World, address: str, handler: str | None) -> None:
    with small_world.database.read_only() as uow:
        matches = list(Router.match(Recipient.of(address, uow)))
    assert [function.__name__ for functions, _ in matches for function in functions] == ([handler] if handler else [])


def test_a_route_gives_the_operation_what_it_has_read(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[OurAddress] = []
    monkeypatch.setattr(dispatch, "deliver", lambda _uow, _mail, _recipient, place: places.append(place))
    with small_world.database.transaction() as uow:
        for address in (TICKET1, f"ticket1-comment@{DOMAIN}", HELLO):
            Router.deliver(Request(uow, InboundMail.of(MAIL, ""), address))
    assert [(place.kind, place.name) for place in places] == [
        (AddressKind.TICKET, "ticket1"),
        (AddressKind.TICKET_COMMENT, "ticket1"),
        (AddressKind.QUEUE, "hello"),
    ]


def test_handlers_are_stateless_and_never_reloaded(small_world: World) -> None:
    handlers = [function for _, functions in Router.REGISTERED.values() for function in functions]
    assert {handler.__module__ for handler in handlers} == {*plain.handlers}
    assert all(salmon_setting(handler, "stateless") and salmon_setting(handler, "nolocking") for handler in handlers)
    assert (Router.RELOAD, Router.LOG_EXCEPTIONS) == (False, False)


def test_salmon_parses_no_mail_that_is_ours(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parser gives up where parts are nested too deep."""
    monkeypatch.setattr(encoding, "from_string", None)
    nested = b"From: ann@example.org\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5000
    with small_world.serving(), wire(small_world) as client:
        for address in (HELLO, f"nobody@{DOMAIN}"):
            client.begins(address)
            assert client.hands_over(nested).startswith(STORED)


# Several recipients.


def test_over_lmtp_every_recipient_has_its_own_reply_in_order(world: World) -> None:
    world.brings(mail("first"), "ann@example.org", HELLO)
    with world.serving("lmtp"), wire(world, "lmtp") as client:
        recipients = [TICKET1, "x@other.example", f"nobody@{DOMAIN}", f"questions@{DOMAIN}"]
        assert [reply[:3] for reply in client.begins(*recipients)] == ["250", "550", "250", "250"]
        client.sends("DATA", mail("second") + b".", "NOOP")
        assert [client.hears()[:3] for _ in range(5)] == ["354", "250", "250", "250", "250"]
    assert fates(world)[1:] == [
        (TICKET1, "posted"),
        (f"nobody@{DOMAIN}", "set aside"),
    ]
    assert raws(world) == [mail("first"), mail("second")]


class Failing:
    """In the place of a workflow function: raises for the recipients that are named."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: BaseException, *recipients: str) -> None:
        self.error, self.recipients = error, recipients
        for name in ("deliver", "deliver_nowhere"):
            monkeypatch.setattr(dispatch, name, partial(self, getattr(dispatch, name)))

    def __call__(
        self,
        really: Callable[..., DeliveryResult],
        uow: UnitOfWork,
        inbound_mail: InboundMail,
        recipient: str,
        *place: object,
    ) -> DeliveryResult:
        outcome = really(uow, inbound_mail, recipient, *place)
        if not self.recipients or recipient in self.recipients:
            raise self.error
        return outcome


def test_over_lmtp_one_recipient_may_fail_and_the_others_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = f"a@{DOMAIN}", HELLO, f"c@{DOMAIN}"
    Failing(monkeypatch, RuntimeError("a fault of ours"), first, third)
    with world.serving("lmtp"), wire(world, "lmtp") as client:
        client.begins(first, second, third)
        client.sends("DATA", MAIL + b".", "NOOP")
        assert [client.hears()[:9] for _ in range(4)][1:] == ["451 4.3.0", "250 2.0.0", "451 4.3.0"]
        assert client.hears().startswith("250 ")
    assert fates(world) == [(HELLO, "opened")]
    assert raws(world) == [MAIL]


def test_over_smtp_a_mail_is_stored_for_all_or_for_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(monkeypatch, RuntimeError("a fault of ours"), f"c@{DOMAIN}")
    recipients = HELLO, f"b@{DOMAIN}", f"c@{DOMAIN}"
    with world.serving(), wire(world) as client:
        client.begins(*recipients)
        assert client.hands_over(MAIL).startswith("451 4.3.0 ")
        assert (fates(world), raws(world)) == ([], [])
        failing.recipients = ("nobody",)
        client.begins(*recipients)
        assert client.hands_over(MAIL).startswith(STORED)
    assert fates(world) == [(HELLO, "opened"), (f"b@{DOMAIN}", "set aside"), (f"c@{DOMAIN}", "set aside")]
    assert raws(world) == [MAIL]


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_a_ticket_named_twice_gets_one_message(world: World, scheme: str) -> None:
    world.brings(mail("first"), "ann@example.org", HELLO)
    with world.serving(scheme), wire(world, scheme) as client:
        client.begins(TICKET1, f"TICKET01@{DOMAIN}", TICKET1)
        assert client.hands_over(mail("second")).startswith(STORED)
    assert len(world.ticket(1)["messages"]) == 2


def test_a_mail_to_a_ticket_and_a_queue_belongs_to_the_ticket(world: World) -> None:
    world.brings(mail("first"), "ann@example.org", HELLO)
    for number, addresses in enumerate(([TICKET1, HELLO], [f"questions@{DOMAIN}", TICKET1]), start=2):
        world.brings(mail(f"{number}"), "ann@example.org", *addresses)
        assert len(world.ticket(1)["messages"]) == number
    assert [ticket.id for ticket in world.rows(Ticket)] == [1]


# Faults of ours.

FAULTS = [
    RuntimeError("x"),
    SystemExit(3),
    KeyboardInterrupt(),
    RecursionError(),
    MemoryError(),
    GeneratorExit(),
    ValueError("a\r\n250 x"),
]


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_whatever_a_handler_raises_is_451_and_the_server_lives_on(
    small_world: World, monkeypatch: pytest.MonkeyPatch, error: BaseException, scheme: str
) -> None:
    with monkeypatch.context() as patch, small_world.serving(scheme), wire(small_world, scheme) as client:
        Failing(patch, error)
        for _ in range(3):
            client.begins(HELLO)
            assert client.hands_over(MAIL) == "451 4.3.0 Temporary problem, please try again"
        assert (fates(small_world), raws(small_world)) == ([], [])
        patch.undo()
        client.begins(HELLO)
        assert client.hands_over(MAIL).startswith(STORED)
    assert fates(small_world) == [(HELLO, "opened")]


def test_a_commit_that_fails_is_451_and_stores_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.orm import Session

    def fails(_session: Session) -> None:
        raise OperationalError("COMMIT", {}, OSError("disk I/O error"))

    with world.serving("smtp", "lmtp"):
        for scheme in ("smtp", "lmtp"):
            with wire(world, scheme) as client:
                with monkeypatch.context() as patch:
                    patch.setattr(Session, "commit", fails)
                    client.begins(HELLO)
                    assert client.hands_over(mail(scheme)).startswith("451 4.3.0 ")
                assert len(raws(world)) == (scheme == "lmtp")
                client.begins(HELLO)
                assert client.hands_over(mail(scheme)).startswith(STORED)
    assert [message.number for message in world.rows(Message)] == [1, 1]


def test_the_answer_comes_after_the_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.orm import Session

    committed, go = Event(), Event()
    really = Session.commit

    def slowly(session: Session) -> None:
        assert go.wait(20)
        really(session)
        committed.set()

    with world.serving(), wire(world) as client:
        client.begins(HELLO)
        monkeypatch.setattr(Session, "commit", slowly)
        client.says("DATA")
        client.sends(MAIL + b".")
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(20)
        go.set()
        client.heard = client.socket.makefile("rb")
        assert client.hears().startswith(STORED)
        assert committed.is_set()


def test_a_mail_no_handler_takes_is_451(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_world.serving(), wire(small_world) as client:
        monkeypatch.setattr(Router, "ORDER", [])
        client.begins(HELLO)
        assert client.hands_over(MAIL).startswith("451 4.3.0 ")
    assert raws(small_world) == []


def test_a_mail_two_handlers_take_is_451(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_world.serving(), wire(small_world) as client:
        monkeypatch.setattr(Router, "ORDER", Router.ORDER * 2)
        client.begins(HELLO)
        assert client.hands_over(MAIL).startswith("451 4.3.0 ")
    assert raws(small_world) == []


def test_without_routes_nothing_starts(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Router, "REGISTERED", {})
    with pytest.raises(build.NoRoutes, match=r"no route to .*other and .*ticket: name them in `handlers`"):
        build.load_routes(small_world.settings)


def test_a_handler_that_cannot_be_imported_stops_the_start(
    small_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken_handler.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(plain, "handlers", [*plain.handlers, "broken_handler"])
    with pytest.raises(ModuleNotFoundError):
        build.load_routes(small_world.settings)
    sys.modules.pop("broken_handler", None)


def test_a_full_disk_is_452(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_world.serving("smtp", "lmtp"), wire(small_world) as smtp, wire(small_world, "lmtp") as lmtp:
        monkeypatch.setattr(small_world.intake, "_has_room", lambda size: size > 10**9)
        smtp.begins(HELLO, f"questions@{DOMAIN}")
        assert smtp.hands_over(MAIL).startswith("452 4.3.1 ")
        lmtp.begins(HELLO, f"questions@{DOMAIN}")
        assert (lmtp.hands_over(MAIL)[:9], lmtp.hears()[:9]) == ("452 4.3.1", "452 4.3.1")
        monkeypatch.undo()
        smtp.begins(HELLO)
        assert smtp.hands_over(MAIL).startswith(STORED)


@pytest.mark.parametrize("message", ["database or disk is full", "53100"])
def test_a_database_without_room_is_452(small_world: World, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    class DiskFull(Exception):
        sqlstate = message if message.isdigit() else None

    Failing(monkeypatch, OperationalError("INSERT", {}, DiskFull(message)))
    with small_world.serving(), wire(small_world) as client:
        client.begins(HELLO)
        assert client.hands_over(MAIL).startswith("452 4.3.1 ")


def test_an_address_that_cannot_be_looked_up_is_tried_again(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_reception: MailIntake, _address: str) -> str:
        raise OperationalError("SELECT", {}, OSError("no database"))

    monkeypatch.setattr(MailIntake, "refuses", away)
    with small_world.serving(), wire(small_world) as client:
        assert client.begins("x@other.example")[0].startswith("451 4.3.0 ")


def test_a_sqlite_that_another_program_holds_is_451_and_then_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr("mail_tickets.model.storage.database.LOCK_SECONDS", 0.2)
    path = tmp_path / "tickets.db"
    world = World(f"sqlite:///{path}")
    with world.serving(), wire(world) as client:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        client.begins(HELLO)
        assert client.hands_over(MAIL).startswith("451 4.3.0 ")
        connection.execute("ROLLBACK")
        connection.close()
        client.begins(HELLO)
        assert client.hands_over(MAIL).startswith(STORED)
    assert fates(world) == [(HELLO, "opened")]
    world.close()


# Clients that leave.


def test_a_mail_whose_client_left_after_its_end_is_stored_and_its_retry_is_a_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go, ended = Event(), Event(), Event()
    really = MailIntake.store

    def slowly(intake: MailIntake, inbound_mail: InboundMail, recipients: list[str]) -> InboundMail:
        begun.set()
        assert go.wait(20)
        stored = really(intake, inbound_mail, recipients)
        ended.set()
        return stored

    with world.serving(), monkeypatch.context() as patch:
        patch.setattr(MailIntake, "store", slowly)
        client = MailClient(world.port())
        client.begins(HELLO)
        client.says("DATA")
        client.sends(MAIL + b".")
        assert begun.wait(20)
        client.leaves()
        go.set()
        assert ended.wait(20)
        patch.undo()
        with wire(world) as again:
            again.begins(HELLO)
            assert again.hands_over(MAIL).startswith(STORED)
    assert raws(world) == [MAIL]
    assert fates(world) == [(HELLO, "opened")]


def test_a_mail_whose_client_left_in_the_middle_is_not_stored(client: MailClient, small_world: World) -> None:
    client.begins(HELLO)
    client.says("DATA")
    client.socket.sendall(MAIL + b"\r\n.")
    client.leaves()
    with wire(small_world, "lmtp" if client.lmtp else "smtp") as second:
        second.begins(HELLO)
        assert second.hands_over(mail("other")).startswith(STORED)
    assert raws(small_world) == [mail("other")]


def test_silent_and_stalled_clients_do_not_keep_others_waiting(client: MailClient, small_world: World) -> None:
    scheme = "lmtp" if client.lmtp else "smtp"
    idle = [MailClient(small_world.port(scheme), lmtp=client.lmtp) for _ in range(50)]
    for connection in idle[:25]:
        connection.begins(HELLO)
        connection.says("DATA")
        connection.sends("From: x")
    client.begins(HELLO)
    assert client.hands_over(MAIL).startswith(STORED)
    for connection in idle:
        connection.leaves()


def test_an_idle_client_is_left(small_world: World) -> None:
    with serving_at(small_world, Listener("smtp", "127.0.0.1", 0), idle=0.2) as receiver:
        with MailClient(receiver.listeners[0].port) as client:
            client.greets()
            assert client.hears() == ""
        with MailClient(receiver.listeners[0].port) as client:
            client.begins(HELLO)
            client.says("DATA")
            assert client.hears() == ""
    assert raws(small_world) == []


# Sockets, and the end.


@contextmanager
def serving_at(world: World, *listeners: Listener, idle: float = 300.0) -> Iterator[Receiver]:
    started = Event()
    receiver = Receiver(world.intake, listeners, max_bytes=100_000, workers=2, started=lambda _: started.set())
    receiver.idle_seconds = idle
    thread = Thread(target=receiver.start)
    thread.start()
    assert started.wait(10)
    try:
        yield receiver
    finally:
        receiver.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_lmtp_over_a_unix_socket(small_world: World, tmp_path: Path) -> None:
    place = tmp_path / "made for it" / "lmtp"
    for number in range(2):
        # The second time another program's dead socket is in the way.
        with serving_at(small_world, Listener("lmtp+unix", "", 0, str(place))) as receiver:
            assert str(receiver.listeners[0]) == f"lmtp+unix://{place}"
            assert place.stat().st_mode & 0o777 == 0o660
            with MailClient(place, lmtp=True) as client:
                client.begins(HELLO, f"questions@{DOMAIN}")
                assert client.hands_over(mail(number)).startswith(STORED)
                assert client.hears().startswith(STORED)
        assert not place.exists()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(place))
    assert len(raws(small_world)) == 2


def test_a_socket_where_another_program_listens_is_not_taken_away(small_world: World, tmp_path: Path) -> None:
    place = Listener("lmtp+unix", "", 0, str(tmp_path / "lmtp"))
    with serving_at(small_world, place):
        with pytest.raises(OSError, match="another program listens"):
            Receiver(small_world.intake, [place], max_bytes=1000, workers=1).start()
        with MailClient(Path(place.path), lmtp=True) as client:
            assert client.begins(HELLO)[0].startswith("250 ")


def test_a_port_that_is_taken_is_told_and_nothing_is_left_running(small_world: World) -> None:
    class BackgroundService:
        started = stopped = False

        def start(self) -> None:
            self.started = True

        def stop(self) -> None:
            self.stopped = True

    service = BackgroundService()
    with small_world.serving():
        taken = Listener("smtp", "127.0.0.1", small_world.port())
        free = Listener("smtp", "127.0.0.1", 0)
        with pytest.raises(OSError, match="address already in use"):
            Receiver(small_world.intake, [free, taken], max_bytes=1, workers=1, services=[service]).start()
    assert (service.started, service.stopped) == (False, False)


def test_a_greeting_that_nobody_can_read_ends_the_companions_too(small_world: World) -> None:
    ended: list[str] = []

    class BackgroundService:
        def start(self) -> None:
            ended.append("started")

        def stop(self) -> None:
            ended.append("stopped")

    def nobody_reads(_listeners: object) -> None:
        raise BrokenPipeError

    listeners = [Listener("smtp", "127.0.0.1", 0)]
    receiver = Receiver(
        small_world.intake, listeners, max_bytes=1, workers=1, services=[BackgroundService()], started=nobody_reads
    )
    with pytest.raises(BrokenPipeError):
        receiver.start()
    assert ended == ["started", "stopped"]


def test_at_the_end_the_mail_in_hand_is_answered_and_the_idle_are_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = Event(), Event()
    really = MailIntake.store

    def slowly(intake: MailIntake, inbound_mail: InboundMail, recipients: list[str]) -> InboundMail:
        begun.set()
        assert go.wait(20)
        return really(intake, inbound_mail, recipients)

    monkeypatch.setattr(MailIntake, "store", slowly)
    with world.serving("smtp", "lmtp") as receiver:
        idle, slow, middle = (
            MailClient(world.port()),
            MailClient(world.port("lmtp"), lmtp=True),
            MailClient(world.port()),
        )
        for client in (slow, middle):
            client.begins(HELLO)
            client.says("DATA")
        slow.sends(mail("slow") + b".")
        middle.sends(mail("middle"))
        assert begun.wait(20)
        receiver.stop()
        assert idle.hears().startswith("421 4.3.2 ")
        assert idle.hears() == ""
        with pytest.raises(OSError, match="refused"):
            MailClient(world.port())
        go.set()
        middle.sends(b".")
        for client in (slow, middle):
            assert client.hears().startswith(STORED)
            assert client.hears().startswith("421 ")
            client.leaves()
        idle.leaves()
    assert sorted(raws(world)) == sorted([mail("slow"), mail("middle") + b"\r\n"])


def test_whom_we_wait_for_in_vain_is_left(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mail_tickets.transport.inbound.receiver.FAREWELL_SECONDS", 0.2)
    with small_world.serving() as receiver:
        stalled = MailClient(small_world.port())
        stalled.begins(HELLO)
        stalled.says("DATA")
        receiver.stop()
    stalled.leaves()
    assert raws(small_world) == []


def test_pythons_own_clients_are_understood(world: World) -> None:
    with world.serving("smtp", "lmtp"):
        with world.smtp() as client:
            assert client.sendmail("ann@example.org", [HELLO], MAIL, ["BODY=8BITMIME"]) == {}
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("ann@example.org", ["x@other.example"], MAIL)
        with world.lmtp() as client:
            assert client.sendmail("ann@example.org", [f"questions@{DOMAIN}"], MAIL) == {}
    assert [fate for _, fate in fates(world)] == ["opened", "opened"]


# The database goes away.


def test_a_database_that_is_stopped_is_451_and_works_again_by_itself(server_url: tuple[Any, str]) -> None:
    server, url = server_url
    world = World(url)
    with world.serving("smtp", "lmtp"), wire(world) as smtp, wire(world, "lmtp") as lmtp:
        smtp.begins(HELLO)
        assert smtp.hands_over(mail("before")).startswith(STORED)
        server.stop("fast")
        for client in (smtp, lmtp):
            client.begins(HELLO)
            assert client.hands_over(mail("away")).startswith("451 4.3.0 ")
            assert client.begins("x@other.example")[0].startswith("451 4.3.0 ")
        server.start()
        for client in (smtp, lmtp):
            client.begins(HELLO)
            assert client.hands_over(mail("away")).startswith(STORED)
    assert raws(world) == [mail("before"), mail("away")]
    world.close()


@pytest.fixture
def server_url() -> Iterator[tuple[Any, str]]:
    """A server of one's own, to be stopped and started, and a database on it."""
    from tests.support.postgres import NoPostgresError, fresh_database, open_server

    try:
        server = open_server()
    except NoPostgresError as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    yield server, fresh_database(server)
    server.close()


def test_the_same_new_sender_at_the_same_instant_is_no_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    replies: list[str] = []

    def send(number: int) -> None:
        with wire(world) as client:
            client.begins(HELLO)
            replies.append(client.hands_over(mail(number)))

    with world.serving():
        threads = [Thread(target=send, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert [reply[:9] for reply in replies] == ["250 2.0.0"] * 8
    assert len(world.rows(Ticket)) == 8
