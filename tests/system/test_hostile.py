"""Claims about mail and clients that mean harm: all of 25 MB is read within bounds, and no bytes end the service.

What one function must stand is tested where it lives (test_reading, test_html, test_quotation, test_addresses,
test_letters, test_receiver); here is what they stand together, and what chance finds.
"""

import logging
import os
import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_tickets.devtools.mail_client import MailClient
from mail_tickets.mail.quoted_text import split
from mail_tickets.model.lifecycle import commands
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.transport.outbound.courier import Courier
from mail_tickets.transport.outbound.letter_mime import compose
from mail_tickets.transport.outbound.relays import relay_from_url
from tests.mail.test_parsed import REAL, assert_sound
from tests.support.sinks import Sink
from tests.support.world import DOMAIN, World

pytestmark = pytest.mark.slow

HELLO = f"hello@{DOMAIN}"
ROOT = Path(__file__).resolve().parent.parent.parent
# More makes a longer search: TICKETSX_FUZZ=100000 python -m pytest tests/system/test_hostile.py -k fuzz
ROUNDS = int(os.environ.get("TICKETSX_FUZZ", "300"))
MB = 1 << 20
SIZE = 25 * MB

HTML = b"Content-Type: text/html\r\n\r\n"


def shapes() -> dict[str, tuple[bytes, bytes]]:
    """By name, what stands once, and what is repeated up to 25 MB.

    With time or memory beyond measure each would stop a naive reader.
    """
    named = b"Content-Type: text/plain;" + b"".join(b" name*%d*=utf-8''%%41;" % number for number in range(MB))
    return {
        "headers": (b"", b"X:\r\n"),
        "one header": (b"Subject: ", b"x"),
        "folds": (b"Subject: x", b"\r\n y"),
        "encoded words": (b"Subject: ", b"=?utf-8?q?=C3=A9?= "),
        "encoded words never closed": (b"Subject: ", b"=?a?q?"),
        "numbered parameters": (named[: 20 * MB] + b"\r\n\r\n", b"x"),
        "comments": (b"From: ", b"("),
        "recipients": (b"To: ", b"a@b.example, "),
        "references": (b"References: ", b"<a@b> "),
        "nesting": (
            b"Content-Type: multipart/mixed; boundary=a\r\n\r\n",
            b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n",
        ),
        "boundaries": (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n", b"--x\r\n"),
        "mails in mails": (b"", b"Content-Type: message/rfc822\r\n\r\n"),
        "elements": (HTML, b"<div>"),
        "tables": (HTML, b"<table><tr><td>"),
        "attributes": (HTML + b"<a ", b"x=y "),
        "open brackets": (HTML, b"<"),
        "elements in base64": (b"Content-Transfer-Encoding: base64\r\n" + HTML, b"PGRpdj48ZGl2Pjxk\r\n"),
        "equals signs": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"="),
        "short uuencoded lines": (b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\n", b"!0\n"),
        "escapes of a charset": (b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n", b"\x1b$B"),
        "half characters": (b"Content-Type: text/plain; charset=utf-16\r\n\r\n", b"\xd8"),
        "quotations": (b"\r\n", b"> > a\r\n"),
        "lines above quotations": (b"\r\n", b"On Mon, Ann wrote:\r\n"),
        "commands": (b"\r\n", b"Status: x\r\n"),
        "NULs": (b"", b"\0"),
        "CRs": (b"", b"\r"),
        "LFs": (b"", b"\n"),
    }


def read_all_within_bounds() -> None:
    """Read every shape with no more memory than a few times its size; runs in a process of its own."""
    import resource

    from mail_tickets.mail.parsed import parse_mail

    resource.setrlimit(resource.RLIMIT_AS, (600 * MB, 600 * MB))
    for name, (head, piece) in shapes().items():
        raw = head + piece * ((SIZE - len(head)) // len(piece))
        text = parse_mail(raw).text
        commands.read(text)
        split(text)
        print(name, flush=True)


def test_anything_of_25_mb_is_read_within_bounds() -> None:
    program = "from tests.system.test_hostile import read_all_within_bounds as run; run()"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.stdout.splitlines() == list(shapes()), result.stderr[-2000:]


# Smuggling: what ends a mail for one server and not for the next.

ENDS = ["\r\n", "\n", "\r", "\n\r", "\r\r\n", "\r\n\0", "\0\r\n", "\x85", "\u2028"]
SMUGGLED = [f"{before}.{after}" for before, after in product(ENDS, ENDS) if ("\r\n.\r\n") not in f"{before}.{after}"]


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_no_other_line_ends_end_a_mail(small_world: World, scheme: str) -> None:
    within = f"MAIL FROM:<evil@example.org>\r\nRCPT TO:<{HELLO}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n"
    sent: list[bytes] = []
    with small_world.serving(scheme), MailClient(small_world.port(scheme), lmtp=scheme == "lmtp") as client:
        for number, end in enumerate(SMUGGLED):
            raw = f"From: a@example.org\r\nMessage-ID: <{number}@x>\r\n\r\nHello{end}{within}".encode()
            client.begins(HELLO)
            assert client.hands_over(raw).startswith("250 ")
            assert client.says("NOOP").startswith("250 ")
            sent.append(raw)
    assert [row.raw for row in small_world.rows(Mail.raw, Mail.id)] == sent


def test_no_line_ends_of_ours_end_a_letter(small_world: World) -> None:
    small_world.responder("ron@example.org", "Ron")
    text = "".join(f"Hello{end}MAIL FROM:<evil@example.org>\r\n" for end in SMUGGLED) + "\r\n.\r\nDATA\r\n"
    raw = b"From: a@example.org\r\nMessage-ID: <1@x>\r\n\r\n" + text.encode()
    small_world.intake.receive(raw, "a@example.org", [HELLO])
    with Sink() as sink:
        relay = relay_from_url(sink.url, timeout=20, root=ROOT)
        Courier(small_world.database, relay).round()
        relay.close()
        assert [letter.recipients for letter in sink.letters] == [["ron@example.org"]]
        assert sum(line.startswith("mail ") for line in sink.commands) == 1
        body = sink.letters[0].content
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", body)


# Chance, from a seed: what it finds once it finds again.


class Dice:
    """Changes bytes, as a broken or a hostile sender might."""

    PIECES = (
        *(b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"=?utf-8?b?", b"?=", b"<", b">", b'"', b"(", b":", b";", b",", b"="),
        *(b"\r\n.\r\n", b"\r\n\r\n", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[2J", b"multipart/", b"--", b"*0*="),
        *(b"Status: ", b"Merge: 1\n", b"\nOn x, y wrote:\n> ", b"undo\n", b"-- \n", b"@", b"%00", b"9" * 40),
        *(b"Content-Type: ", b"charset=utf-16", b"boundary="),
    )

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def changed(self, raw: bytes) -> bytes:
        """The same with up to eight changes: a piece put in, cut out, repeated, moved, or a byte flipped."""
        mail = bytearray(raw)
        for _ in range(self.random.randint(1, 8)):
            at, length = self.random.randrange(len(mail) + 1), self.random.choice((1, 2, 8, 64, 512))
            piece = mail[at : at + length]
            match self.random.randrange(6):
                case 0:
                    mail[at:at] = self.random.choice(self.PIECES)
                case 1:
                    del mail[at : at + length]
                case 2:
                    mail[at:at] = piece * self.random.choice((1, 2, 50))
                case 3:
                    del mail[at : at + length]
                    to = self.random.randrange(len(mail) + 1)
                    mail[to:to] = piece
                case 4 if at < len(mail):
                    mail[at] ^= 1 << self.random.randrange(8)
                case _:
                    mail[at : at + length] = self.random.randbytes(len(piece))
        return bytes(mail)


@pytest.fixture
def faults(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged that says of a fault of ours."""
    with caplog.at_level(logging.WARNING):
        yield
    assert [
        record.getMessage() for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR
    ] == []


@pytest.mark.usefixtures("faults")
def test_fuzzed_mails_are_read_stored_and_told(small_world: World) -> None:
    small_world.responder("ron@example.org", "Ron")
    small_world.switches("General", acknowledge="on", cc_from_others="on")
    dice = Dice(1)
    mails = [path.read_bytes() for path in REAL if path.stat().st_size < 20_000]
    for number in range(ROUNDS):
        raw = dice.changed(dice.random.choice(mails))
        assert_sound(raw)
        to = dice.random.choice((HELLO, f"ticket1@{DOMAIN}", f"ticket1-comment@{DOMAIN}", f"nobody@{DOMAIN}"))
        outcomes = small_world.intake.receive(raw, dice.random.choice(("", None, "a@example.org")), [to])
        assert len(outcomes) == 1, number
        small_world.settle()
    assert len(small_world.far_end.letters) > ROUNDS / 20


COMMANDS = b"Status: stalled\r\nOwner: me\r\nAddCc: bea@example.org, cy@example.org\r\nPriority: 3\r\n\r\nI look.\r\n"


@pytest.mark.usefixtures("faults")
def test_fuzzed_commands_hold_or_are_explained(small_inbox: World) -> None:
    ron = small_inbox.responder("ron@example.org", "Ron")
    small_inbox.actor("ann@example.org", "Ann").writes("hello", "Help!")
    small_inbox.actor("ann@example.org", "Ann").writes("hello", "Help again!")
    answered = f"In-Reply-To: {ron.letter()['Message-ID']}\r\n".encode()
    dice = Dice(2)
    for number in range(ROUNDS // 2):
        head = b"From: ron@example.org\r\nMessage-ID: <%d@x>\r\n" % number + answered
        outcomes = small_inbox.brings(head + b"\r\n" + dice.changed(COMMANDS), "ron@example.org", f"ticket2@{DOMAIN}")
        assert len(outcomes) == 1
    # Some of them merge it into the other.
    assert any(small_inbox.ticket(number)["messages"] for number in (1, 2))


SCRIPT = (
    f"EHLO x\r\nMAIL FROM:<a@example.org> SIZE=200\r\nRCPT TO:<{HELLO}>\r\nDATA\r\nFrom: a@example.org\r\n\r\nHi\r\n"
    f".\r\nRSET\r\nNOOP\r\nVRFY x\r\nMAIL FROM:<>\r\nRCPT TO:<x@other.example>\r\nRCPT TO:<postmaster>\r\nDATA\r\n"
    f".\r\nQUIT\r\n"
).encode()
REPLY = re.compile(rb"(?:[2-5][0-5][0-9](?:[ -][\x20-\x7e]{0,506})?\r\n)*")


@pytest.mark.usefixtures("faults")
@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_fuzzed_dialogues_hear_nothing_but_replies_and_the_server_lives_on(small_world: World, scheme: str) -> None:
    dice = Dice(3)
    script = SCRIPT.replace(b"EHLO", b"LHLO") if scheme == "lmtp" else SCRIPT
    with small_world.serving(scheme):
        for _ in range(ROUNDS):
            lines = dice.changed(script)
            with socket.create_connection(("127.0.0.1", small_world.port(scheme)), 30) as client:
                client.sendall(lines)
                client.shutdown(socket.SHUT_WR)
                with client.makefile("rb") as replies:
                    answer = replies.read()
            assert REPLY.fullmatch(answer), (lines, answer)
            assert answer.startswith(b"220 ")
        with MailClient(small_world.port(scheme), lmtp=scheme == "lmtp") as client:
            client.begins(HELLO)
            assert client.hands_over(b"From: z@example.org\r\nMessage-ID: <z@x>\r\n\r\nHi\r\n").startswith("250 ")


@pytest.mark.parametrize("command", [b"a\rb", b"\x1b[2J", b"x" * 400, b"A" * 60_000, "ü".encode(), b"\0"])
def test_what_a_client_says_is_not_said_back_raw(small_world: World, command: bytes) -> None:
    with small_world.serving(), MailClient(small_world.port()) as client:
        client.greets()
        client.sends(command)
        assert REPLY.fullmatch(client.heard.readline())
        assert client.says("NOOP").startswith("250 ")


# Structures.

NAMES = st.sampled_from(
    [*(command.name for command in commands.COMMANDS), "Staus", "From", "X", "http", "undo", "Ünder"]
)
VALUES = st.one_of(
    st.text(max_size=20), st.sampled_from(["resolved", "me", "12", "a@b.example", "//x", "9" * 5000, ""])
)
LINES = st.builds(
    lambda space, name, colon, value: f"{space}{name}{colon}{value}",
    st.sampled_from(["", " ", "\t", "\u200b", "\ufeff"]),
    NAMES,
    st.sampled_from([":", ": ", " : ", "\uff1a ", ""]),
    VALUES,
)
TEXTS = st.lists(st.one_of(LINES, st.just(""), st.text(max_size=30)), max_size=60).map("\n".join)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_any_lines_are_read_as_commands_or_stay_text(text: str) -> None:
    reading = commands.read(text)
    assert text.endswith(reading.rest)
    if not reading.lines:
        assert reading.rest == text
    for line in reading.lines:
        assert "\n" not in line.written
        commands.unknown(line)
    # What is left over has no command on its top that was passed over.
    again = split(reading.rest)
    assert len(again.new) + len(again.rest) <= 2 * len(reading.rest) + 2


@given(st.lists(st.sampled_from(Dice.PIECES), max_size=60).map(b"".join), st.sampled_from([b"", b"\r\n\r\n"]))
@settings(max_examples=300, deadline=None)
def test_any_pieces_are_a_mail(pieces: bytes, before: bytes) -> None:
    assert_sound(before + pieces)
    assert_sound(b"From: " + pieces + b"\r\nSubject: " + pieces + b"\r\nContent-Type: multipart/mixed; " + pieces)


def test_every_letter_of_a_fuzzed_ticket_can_be_written_as_a_mail(small_world: World) -> None:
    from mail_tickets.model.records.letters import Letter

    ann = small_world.actor("ann@example.org", "Ann")
    small_world.responder("ron@example.org", 'R\u202eon \x1b[31m <x>, "y"')
    dice = Dice(4)
    for _ in range(40):
        raw = dice.changed("Grüße: \x1b]0;t\x07 \u202e\u2066 .\r\n.\r\n From: x\r\n=?utf-8?q?=0A?=".encode())
        ann.writes("hello", raw.decode("utf-8", "replace").replace("\0", ""), subject="x")
    for letter in small_world.rows(Letter):
        assert b"\r\n\r\n" in compose(letter)
