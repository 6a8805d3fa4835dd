"""Claims about the torture: in its short form nothing is lost or doubled, and whatever were would be seen."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mail_tickets.devtools.postgres_server import NoPostgresError
from mail_tickets.devtools.scripted_relay import Deed
from mail_tickets.devtools.torture.checks import Facts, judge
from mail_tickets.devtools.torture.faulty_relay import Copy, FaultyRelay
from mail_tickets.devtools.torture.mail_generator import DOMAIN, HELPERS, GeneratedMail
from mail_tickets.devtools.torture.report import Tally
from mail_tickets.devtools.torture.run import Plan, torture
from mail_tickets.devtools.torture.scratch_disk import Room
from mail_tickets.devtools.torture.stored_rows import Case, Evidence, Sent, Stored, StoredMessage
from mail_tickets.devtools.torture.system_processes import holder
from mail_tickets.model.lifecycle.registry import LIFECYCLES

pytestmark = pytest.mark.slow

PATIENCE = 30
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of another process can be set on Linux only")
@pytest.mark.parametrize(("database", "processes"), [("sqlite", 1), ("postgresql", 1), ("postgresql", 2)])
def test_nothing_is_lost_and_nothing_is_doubled(database: str, processes: int) -> None:
    lines: list[str] = []
    try:
        tally = torture(Plan(database, 120, 0.1, seed=1, processes=processes), lines.append)
    except NoPostgresError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"no PostgreSQL: {reason}", pytrace=False)
        pytest.skip(f"no PostgreSQL: {reason}")
    assert tally.wrongs == {}, "\n".join(lines)
    counts = tally.counts
    assert counts["mails sent"] == 120
    assert counts["stored exactly once of these, byte for byte"] == counts["mails and recipients answered 250"] > 100
    assert counts["letters at the relay"] == counts["letters"] > 100
    assert counts["explained by their messages"] == counts["tickets"] > 10
    assert any("killed" in line for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
def test_the_process_that_holds_a_connection_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        port = client.getsockname()[1]
        assert holder(port, [1, os.getpid()]) == os.getpid()
        assert holder(port, []) is None


def test_a_torture_that_is_killed_leaves_nothing_behind() -> None:
    program = (
        "import os; from mail_tickets.devtools.torture.scratch_disk import Room; "
        "print(Room().path, flush=True); os.kill(os.getpid(), 9)"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    path, end = Path(result.stdout.strip()), time.monotonic() + PATIENCE
    assert path.is_relative_to("/tmp")
    while path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not path.exists()


def test_a_room_that_is_closed_is_gone() -> None:
    room = Room()
    (room.small / "a file").touch()
    room.close()
    assert not room.path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a client that left before all was read")
def test_a_relay_that_is_silent_keeps_no_letter_of_a_client_that_has_died() -> None:
    """Kept late, it would look as if our server had sent it a second time."""
    relay = FaultyRelay(lambda *_: None)
    relay.start()
    relay.arm("BODY", Deed(silence=PATIENCE * 10))
    with socket.create_connection(("127.0.0.1", relay.port), PATIENCE) as client, client.makefile("rb") as replies:
        for line in (b"EHLO x", b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"DATA"):
            client.sendall(line + b"\r\n")
        while not replies.readline().startswith(b"354"):
            pass
        client.sendall(b"Message-ID: <1@x>\r\n\r\nhi\r\n.\r\n")
    relay.settle({0})
    relay.stop()
    assert relay.copies == []
    assert not relay.is_armed


HELLO = f"hello@{DOMAIN}"
RITA, RON = HELPERS
QUESTION = GeneratedMail(1, "ann@home.example", (HELLO,), b"the question")
ANSWER = GeneratedMail(2, RITA, (f"ticket1@{DOMAIN}",), b"the answer", opens=1)
LIFECYCLE = LIFECYCLES["correspondence"]
NEW, OPEN = LIFECYCLE.statuses[:2]
REPLY = LIFECYCLE.rules[0].action.title
LETTERS = [
    Sent(1, 1, "opened", RITA, "<1@x>", "t1", "sent"),
    Sent(2, 1, "opened", RON, "<2@x>", "t2", "sent"),
    Sent(3, 2, "posted", "ann@home.example", "<3@x>", "t3", "sent"),
    Sent(4, 2, "posted", RON, "<4@x>", "t4", "sent"),
]
FACTS = Facts(
    sent={1: QUESTION, 2: ANSWER},
    answered={(1, HELLO), (2, f"ticket1@{DOMAIN}")},
    copies=[Copy(letter.message_id, letter.recipient, b"digest", process=1, heard=True) for letter in LETTERS],
    killed=set(),
    refused=set(),
    failed=[],
)
FOUND = Evidence(
    mails=[(7, b"the question"), (8, b"the answer")],
    stored=[Stored(7, HELLO, "opened", 1), Stored(8, f"ticket1@{DOMAIN}", "posted", 1)],
    posts=[
        StoredMessage(1, 1, 1, 7, "ann@home.example", None, NEW, private=False),
        StoredMessage(2, 1, 2, 8, RITA, REPLY, OPEN, private=False),
    ],
    cases=[Case(1, OPEN, 2, "correspondence", "ann@home.example")],
    changes=[(1, NEW, OPEN)],
    letters=LETTERS,
)


def wrongs(facts: Facts = FACTS, evidence: Evidence = FOUND) -> set[str]:
    """The kinds of what is wrong."""
    tally = Tally()
    judge(facts, evidence, tally)
    return set(tally.wrongs)


def test_where_all_is_well_nothing_is_wrong() -> None:
    assert wrongs() == set()


NO_ANSWER = FOUND._replace(
    mails=FOUND.mails[:1],
    stored=FOUND.stored[:1],
    posts=FOUND.posts[:1],
    cases=[Case(1, NEW, 1, "correspondence", "ann@home.example")],
    changes=[],
    letters=LETTERS[:2],
)


SEEN: dict[str, Callable[[], set[str]]] = {
    "lost: answered 250 and not stored": lambda: wrongs(FACTS._replace(copies=FACTS.copies[:2]), NO_ANSWER),
    "stored more than once": lambda: wrongs(evidence=FOUND._replace(stored=[*FOUND.stored, FOUND.stored[1]])),
    "stored bytes that nobody sent": lambda: wrongs(evidence=FOUND._replace(mails=[*FOUND.mails, (9, b"the answer.")])),
    "stored bytes that belong nowhere": lambda: wrongs(
        evidence=FOUND._replace(mails=[*FOUND.mails, (9, b"the answer")])
    ),
    "not one message of one mail": lambda: wrongs(evidence=FOUND._replace(posts=FOUND.posts[:1])),
    "a message of no mail": lambda: wrongs(
        evidence=FOUND._replace(posts=[*FOUND.posts, FOUND.posts[1]._replace(number=3, mail=None)])
    ),
    "on a wrong ticket": lambda: wrongs(
        evidence=FOUND._replace(stored=[FOUND.stored[0], FOUND.stored[1]._replace(ticket=2)])
    ),
    "a ticket that its messages do not explain": lambda: wrongs(
        evidence=FOUND._replace(cases=[FOUND.cases[0]._replace(status=NEW)])
    ),
    "a message whose letters are not those that it must have": lambda: wrongs(
        FACTS._replace(copies=FACTS.copies[:3]), FOUND._replace(letters=LETTERS[:3])
    ),
    "a letter that never came to the relay": lambda: wrongs(FACTS._replace(copies=FACTS.copies[:3])),
    "a letter doubled without a reason": lambda: wrongs(FACTS._replace(copies=[*FACTS.copies, FACTS.copies[0]])),
    "a letter at the relay that no outbox has": lambda: wrongs(
        FACTS._replace(copies=[*FACTS.copies, FACTS.copies[0]._replace(message_id="<5@x>")])
    ),
    "a letter that went to somebody else": lambda: wrongs(
        FACTS._replace(copies=[FACTS.copies[0]._replace(recipient=RON), *FACTS.copies[1:]])
    ),
    "a letter that was not the same each time": lambda: wrongs(
        FACTS._replace(copies=[FACTS.copies[0]._replace(digest=b"", heard=False), *FACTS.copies])
    ),
    "a letter given up that nobody refused": lambda: wrongs(FACTS._replace(failed=LETTERS[:1])),
}


@pytest.mark.parametrize("kind", SEEN)
def test_what_is_wrong_is_seen(kind: str) -> None:
    assert kind in SEEN[kind]()


def test_a_letter_is_doubled_rightly_when_its_250_was_not_heard_or_could_not_be_noted() -> None:
    unheard = FACTS.copies[0]._replace(heard=False)
    assert wrongs(FACTS._replace(copies=[unheard, *FACTS.copies])) == set()
    in_hand = FACTS.copies[3]
    assert wrongs(FACTS._replace(copies=[*FACTS.copies, in_hand._replace(process=2)], killed={1})) == set()
    assert wrongs(FACTS._replace(copies=[*FACTS.copies, in_hand._replace(process=2)], unnoted={4})) == set()
    earlier = [*FACTS.copies, FACTS.copies[2]._replace(process=2)]
    assert wrongs(FACTS._replace(copies=earlier, unnoted={3})) == {"a letter doubled without a reason"}


def test_only_the_letter_in_hand_is_doubled_by_a_kill() -> None:
    again = FACTS.copies[2]._replace(process=2)
    assert wrongs(FACTS._replace(copies=[*FACTS.copies, again], killed={1})) == {"a letter doubled without a reason"}
