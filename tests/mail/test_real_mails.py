"""Claims about real mails, and about the worst that can be made: taken, kept as sent, posted as far as they read."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from mail_tickets.devtools.mail_client import MailClient
from mail_tickets.mail.parsed import parse_mail
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import add_queue, add_queue_address, add_responder
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.records.received_mail import Delivery, Mail
from tests.support.time_bound import bounded
from tests.support.world import DOMAIN, World

MAILS = Path(__file__).parent.parent / "mails"
HELLO = f"hello@{DOMAIN}"
SENDER = "ann@example.org"


def mails_in(*folders: str) -> list[Path]:
    """Every mail below these folders."""
    return sorted(path for folder in folders for path in (MAILS / folder).rglob("*") if path.is_file())


def wired(raw: bytes) -> bytes:
    """What SMTP can carry of a file: line ends are CRLF, and the last line has one."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def send(world: World, raw: bytes, *, scheme: str = "smtp", recipient: str = HELLO) -> None:
    """Send a mail over a real socket; it is answered 250 and kept byte for byte."""
    with bounded(), MailClient(world.port(scheme), lmtp=scheme == "lmtp") as client:
        client.begins(recipient, sender=SENDER)
        assert client.hands_over(raw).startswith("250 ")
    with world.uow() as uow:
        assert uow.session.scalar(select(Mail.raw).order_by(Mail.id.desc()).limit(1)) == raw


def test_the_mails_are_there() -> None:
    assert len([path for path in mails_in("cpython") if path.name.startswith("msg_")]) >= 45
    assert len(mails_in("ruby-mail")) >= 100


class Shared:
    """One server for all the mails of this file, and a queue of its own for each, so that none is a repeat."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bob = world.responder("bob@example.org")
        self.queues = 0

    def address(self) -> str:
        """The address of a new queue, for which Bob answers."""
        self.queues += 1
        name = f"queue-{self.queues}"
        with self.world.uow() as uow:
            queue = add_queue(uow, name, [name], "support")
            add_responder(uow, queue, get_person(uow, self.bob.email))
        return f"{name}@{DOMAIN}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    world = World(f"sqlite:///{tmp_path_factory.mktemp('shared')}/tickets.db")
    with world.serving("smtp", "lmtp"):
        yield Shared(world)
    world.close()


# Python's by SMTP, Ruby's by LMTP.
COLLECTIONS = {"cpython": "smtp", "ruby-mail": "lmtp"}


def said_by(raw: bytes) -> tuple[str | None, bytes]:
    """What makes two copies of a mail the same."""
    parsed = parse_mail(raw)
    return parsed.message_id, parsed.body_digest


def test_all_of_them_are_taken_and_kept_as_sent_by_one_server_of_each_database(world: World) -> None:
    admin = world.known("admin@example.org", admin=True)
    bob = world.responder("bob@example.org")
    sends = [
        (scheme, path, wired(path.read_bytes())) for name, scheme in COLLECTIONS.items() for path in mails_in(name)
    ]
    # To an address of its own each, since some have a Message-ID in common: none is a repeat.
    with world.uow() as uow:
        for number in range(len(sends)):
            add_queue_address(uow, find_queue(uow, "General"), f"hello{number}")
    with world.serving("smtp", "lmtp"):
        clients = {scheme: MailClient(world.port(scheme), lmtp=scheme == "lmtp") for scheme in COLLECTIONS.values()}
        for number, (scheme, path, raw) in enumerate(sends):
            with bounded():
                clients[scheme].begins(f"hello{number}@{DOMAIN}", sender=SENDER)
                assert clients[scheme].hands_over(raw).startswith("250 "), path
        for client in clients.values():
            client.leaves()
    world.settle()
    kept = set(world.rows(Mail.raw))
    ids = {said_by(raw) for raw in kept}
    # Of one mail that came two ways, its ticket keeps each body once.
    assert [path for _, path, raw in sends if raw not in kept and said_by(raw) not in ids] == []
    assert len([path for _, path, raw in sends if raw not in kept]) < 5
    # Some of them answer others.
    taken = [row for row in world.rows(Delivery) if row.fate in ("opened", "posted")]
    assert len(taken) == len(bob.letters) > 120
    assert {row.fate for row in taken} == {"opened", "posted"}
    assert all(letter.footer for letter in bob.letters)
    assert len(admin.letters) <= 1
    # What was posted can be shown.
    for row in taken:
        assert world.ticket(row.ticket_id)["messages"]


HEAD = b"From: Ann <ann@example.org>\r\nSubject: Hello\r\n"


def nested(depth: int) -> bytes:
    """A mail of parts in parts, with a text in the innermost."""
    lines = [HEAD + b"MIME-Version: 1.0"]
    lines += [b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d' % (number, number) for number in range(depth)]
    return b"\r\n".join([*lines, b"Content-Type: text/plain\r\n\r\nThe innermost words.\r\n"])


BAD = {
    "no headers": b"Hello there.\r\nThis is all there is.\r\n",
    "no headers, an empty line first": b"\r\nHello there.\r\n",
    "nothing": b"",
    "unknown charset": HEAD + b"Content-Type: text/plain; charset=x-klingon\r\n\r\nHello there.\r\n",
    "a charset that is a NUL": HEAD + b'Content-Type: text/plain; charset="\x00"\r\n\r\nHello there.\r\n',
    "a charset that lies": HEAD + b"Content-Type: text/plain; charset=utf-16\r\n\r\nHello there.\r\n",
    "5,000 nested parts": nested(5000),
    "5,000 nested mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 5000 + b"Hello there.\r\n",
    "5,000 nested mails, ends by CR": (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 5000).replace(b"\r\n", b"\r")
    + b"\r\n",
    "100,000 headers": HEAD + b"X: y\r\n" * 100_000 + b"\r\nHello there.\r\n",
    "100,000 From headers": b"From: a@b.example\r\n" * 50_000 + b"\r\nHello there.\r\n",
    "a From of 60 KB": b"From: " + b"x" * 60_000 + b" <ann@example.org>\r\nSubject: Hello\r\n\r\nHello there.\r\n",
    "a From of 60 KB of addresses": b"From: " + b"a@b.example, " * 5_000 + b"\r\n\r\nHello there.\r\n",
    "a From of 60 KB of quotes": b"From: " + b'"(<' * 20_000 + b"\r\n\r\nHello there.\r\n",
    "a Sender of 80 KB": b"Precedence: list\r\nSender: " + b"a-" * 40_000 + b"\r\n" + HEAD + b"\r\nHello there.\r\n",
    "a Subject of 1 MB": b"From: ann@example.org\r\nSubject: "
    + b"=?utf-8?q?a?= " * 70_000
    + b"\r\n\r\nHello there.\r\n",
    "NUL bytes": b"From: ann\x00@example.org\r\nSubject: a\x00b\r\nMessage-ID: <\x00@x>\r\n\r\nHello\x00 there.\r\n",
    "NUL in a name": b"From: A\x00nn <ann@example.org>\r\nSubject: a\x00b\r\n\r\nHello\x00 there.\r\n",
    "only NUL": b"\x00" * 10_000 + b"\r\n",
    "surrogates": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello there. \xed\xa0\x80\r\n",
    "a bad base64 Subject": b"From: ann@example.org\r\nSubject: =?utf-8?b?a?=\r\n\r\nHello there.\r\n",
    "a boundary that is missing": HEAD + b"Content-Type: multipart/mixed\r\n\r\nHello there.\r\n",
    "a boundary that never comes": HEAD + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\nHello there.\r\n',
    "10,000 parts": HEAD
    + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
    + b"--x\r\n\r\nHello there.\r\n" * 10_000
    + b"--x--\r\n",
    "a date that is none": HEAD + b"Date: the day before yesterday\r\n\r\nHello there.\r\n",
    "a date beyond years": HEAD + b"Date: Sat, 21 Nov 99999 10:00:00 +0000\r\n\r\nHello there.\r\n",
    "a Message-ID of 100 KB": HEAD + b"Message-ID: <" + b"x" * 100_000 + b"@x>\r\n\r\nHello there.\r\n",
    "references without end": HEAD + b"References:" + b" <x@y>\r\n" * 50_000 + b"\r\nHello there.\r\n",
    "a bare CR everywhere": (HEAD + b"\r\nHello there.").replace(b"\r\n", b"\r") + b"\r\n",
    "a bare LF everywhere": (HEAD + b"\r\nHello there.").replace(b"\r\n", b"\n") + b"\r\n",
    "an HTML of brackets": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 500_000 + b" Hello there.\r\n",
    "8 bits in all headers": b"From: \xe4 <ann@example.org>\r\nSubject: \xff\xfe\r\nTo: \xe4\r\n\r\nHello there.\r\n",
}


READABLE = {
    name
    for name, raw in BAD.items()
    if b"Hello there." in raw and "nested" not in name and name not in ("a bare CR everywhere", "a charset that lies")
}


@pytest.mark.parametrize("name", BAD)
def test_a_mail_that_cannot_be_understood_is_stored_and_posted_as_far_as_it_reads(shared: Shared, name: str) -> None:
    shared.world.settle()
    world, address, before = shared.world, shared.address(), len(shared.bob.letters)
    send(world, BAD[name], scheme="smtp", recipient=address)
    # It comes again the other way, and is known.
    send(world, BAD[name], scheme="lmtp", recipient=address)
    world.settle()
    [delivery] = [row for row in world.rows(Delivery) if row.recipient == address]
    assert delivery.fate == "opened"
    assert len(world.ticket(delivery.ticket_id)["messages"]) == len(shared.bob.letters) - before == 1
    assert shared.bob.letter().footer
    if name in READABLE:
        text = world.ticket(delivery.ticket_id)["messages"][0]["text"]
        assert "Hello there." in text
        assert "Hello there." in shared.bob.letter().text or len(text) > 100_000


def test_it_is_posted_on_a_ticket_too_and_on_each_database(world: World) -> None:
    for name, raw in BAD.items():
        number = world.opens(SENDER)
        [outcome] = world.intake.receive(raw, SENDER, [f"ticket{number}@{DOMAIN}"])
        assert outcome.fate == "posted", name
        assert len(world.ticket(number)["messages"]) == 2, name


def test_noise_is_taken_and_kept(small_world: World) -> None:
    """Bytes of chance, the same in every run that fails: the seed is in the name of nothing, so it is printed."""
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    import random

    chance = random.Random(seed)
    pieces = [b"From:", b"Subject:", b"Content-Type: multipart/mixed; boundary=x", b"--x", b"\r\n", b"\r\n\r\n", b"\n"]
    pieces += [
        b"=?utf-8?b?",
        b"?=",
        b"<",
        b">",
        b"@",
        b'"',
        b"(",
        b"\x00",
        b"\xff",
        b"a",
        b" ",
        b";",
        b"charset=",
        b".",
    ]
    pieces += [b"Content-Transfer-Encoding: base64", b"Message-ID:", b"In-Reply-To:", b"Date:", b"text/html", b"\r"]
    with small_world.serving(), bounded(), MailClient(small_world.port()) as client:
        for _ in range(150):
            raw = b"".join(chance.choices(pieces, k=chance.randint(1, 60))) + b"\r\n"
            client.begins(HELLO, sender=SENDER)
            assert client.hands_over(raw).startswith("250 "), raw
