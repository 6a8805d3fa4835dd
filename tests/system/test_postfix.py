"""Claims about the tracker behind Debian's Postfix, set up as docs/install.md says: mail passes in both directions."""

import email
import re
import shutil
import smtplib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email import policy
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from mail_tickets.config import defaults
from mail_tickets.devtools.scripted_relay import TakenLetter
from tests.support.postfix import Postfix, Programs, Recipe, eventually, recipe
from tests.support.program import PATIENCE, Program, free_port, held
from tests.support.sinks import Sink
from tests.support.tap import Tap
from tests.support.world import World

pytestmark = pytest.mark.slow

pytest_plugins = ["tests.support.postfix"]

ANN, BOB = "ann@home.example", "bob@home.example"
DOMAIN = recipe().environment["TICKETS_DOMAIN"]
HELLO, NOWHERE = f"hello@{DOMAIN}", f"nowhere@{DOMAIN}"


class Front(NamedTuple):
    """A Postfix, and the mail server of everybody who writes to the tracker or hears from it."""

    postfix: Postfix
    home: Sink
    recipe: Recipe
    # Where Postfix looks for the tracker.
    port: int

    def takes(self, raw: bytes, *recipients: str, sender: str = ANN) -> None:
        """Hand a mail to Postfix, as the world does."""
        options = [] if (sender + "".join(recipients)).isascii() else ["SMTPUTF8"]
        with smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=PATIENCE) as client:
            assert client.sendmail(sender, recipients, raw, [*options, "BODY=8BITMIME"]) == {}

    def would_take(self, recipient: str) -> bool:
        """Whether Postfix lets a recipient in."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=PATIENCE) as client:
            client.ehlo()
            client.mail(ANN)
            return client.rcpt(recipient)[0] == 250

    def brought(self, address: str) -> list[TakenLetter]:
        """What has arrived for somebody."""
        return [letter for letter in self.home.letters if address in letter.recipients]

    def awaits(self, address: str, count: int = 1) -> list[TakenLetter]:
        """The same, once so much has arrived."""
        self.eventually(lambda: len(self.brought(address)) >= count, f"{count} mails for {address}")
        return self.brought(address)

    def awaits_rest(self) -> None:
        """Return once Postfix is done with every mail."""
        self.eventually(lambda: not self.postfix.queue(), "Postfix has nothing left to do")

    def awaits_deferral(self, *words: str) -> None:
        """Return once Postfix keeps a mail for later, for a reason with these words."""
        eventually(
            lambda: any(all(word in line for word in words) for line in self.postfix.waits()),
            f"Postfix waits because of {words}",
            self.story,
        )

    def eventually(self, claim: Callable[[], bool], condition: str) -> None:
        """Return once the claim holds; fail when it does not in time.

        Postfix puts a mail off by 300 seconds, whatever its settings say, when the queue is scanned in the moment
        that a delivery ends ("skipped, still being delivered"). Only a flush brings such a mail back sooner.
        """

        def flushed_claim() -> bool:
            nonlocal next_flush
            if "skipped, still being delivered" in self.postfix.log and time.monotonic() > next_flush:
                self.postfix.run("postqueue", "-f")
                next_flush = time.monotonic() + 3
            return claim()

        next_flush = time.monotonic() + 3
        eventually(flushed_claim, condition, self.story)

    def story(self) -> str:
        return f"{self.postfix.waits()}\n{self.postfix.log[-4000:]}"


@contextmanager
def made_front(settings: dict[str, str]) -> Iterator[Front]:
    """A front with settings beyond those of docs/install.md; the tracker is not there yet."""
    port, smtp = free_port(), free_port()
    local = recipe().at(lmtp=port, smtp=smtp)
    with Sink() as home:
        elsewhere = {"relayhost": f"[127.0.0.1]:{home.port}"}
        with Postfix(local.main_cf, elsewhere | settings, port=smtp) as postfix:
            yield Front(postfix, home, local, port)


@pytest.fixture(scope="module")
def common_front(postfix_programs: Programs) -> Iterator[Front]:
    with made_front({}) as front:
        yield front


@pytest.fixture
def front(common_front: Front) -> Iterator[Front]:
    """Postfix as docs/install.md configures it, with nothing in its queue."""
    common_front.home.letters.clear()
    common_front.home.script.clear()
    yield common_front
    common_front.postfix.run("postsuper", "-d", "ALL")


def tracker_behind(front: Front, folder: Path) -> Program:
    """A tracker with the settings of docs/install.md, for whose queue General Bob answers; it does not run yet."""
    program = Program(folder)
    program.environment |= front.recipe.environment
    world = World(program.environment["TICKETS_DATABASE_URL"], lifecycle="correspondence", domain=DOMAIN)
    world.responder(BOB)
    world.close()
    return program


@pytest.fixture
def tracker(front: Front, tmp_path: Path) -> Program:
    return tracker_behind(front, tmp_path)


@contextmanager
def tapped(front: Front, tracker: Program) -> Iterator[Tap]:
    """The tracker, told to listen elsewhere, behind a tap at its place."""
    behind = free_port()
    tracker.environment["TICKETS_LISTEN"] = f"lmtp://127.0.0.1:{behind}"
    with tracker.serving(), Tap(front.port, behind) as tap:
        yield tap


def mail(text: str, *, subject: str = "Help", sender: str = ANN, to: str = HELLO) -> bytes:
    """A mail as somebody's client writes it."""
    mail = EmailMessage(policy.SMTPUTF8)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{time.time_ns()}@home.example>"
    mail["Date"] = "Sat, 21 Nov 2026 17:00:00 +0000"
    mail.set_content(text)
    return mail.as_bytes()


def texts(tracker: Program, ticket: int = 1) -> list[str]:
    """What was posted on a ticket."""
    return [message["text"].strip() for message in tracker.shows(ticket)["messages"]]


def said_in(letter: TakenLetter) -> str:
    """Everything that somebody reads of a letter, in one line."""
    parsed = email.message_from_bytes(letter.content, policy=policy.SMTPUTF8)
    parts = [str(part.get_content()) for part in parsed.walk() if part.get_content_maintype() == "text"]
    return " ".join(" ".join(parts).split())


def reports(letter: TakenLetter) -> dict[str, str]:
    """Of a delivery status notification (RFC 3464, 6533): each address that it tells of, and what was said of it."""
    assert letter.sender == ""
    # The standard library reads no message/global-delivery-status.
    unfolded = re.sub(r"\r\n[ \t]+", " ", letter.content.decode(errors="replace"))
    assert "report-type=" in unfolded, unfolded
    blocks = [block for block in unfolded.split("\r\n\r\n") if block.startswith("Final-Recipient:")]
    fields = [dict(re.findall(r"^([\w-]+): ?(?:[\w-]+; ?)?(.*?)\r?$", block, re.MULTILINE)) for block in blocks]
    assert {field["Action"] for field in fields} == {"failed"}
    return {field["Final-Recipient"]: field["Diagnostic-Code"] for field in fields}


# What comes.


def test_a_mail_is_stored_and_answered_through_postfix(front: Front, tracker: Program) -> None:
    with tracker.serving():
        front.takes(mail("My printer is on fire."), HELLO)
        [letter] = front.awaits(BOB)
        assert "My printer is on fire." in said_in(letter)
        assert letter.sender.startswith("bounce-")
        front.takes(mail("Put it out.", sender=BOB, subject="Re: [General #1] Help"), f"ticket1@{DOMAIN}", sender=BOB)
        [letter] = front.awaits(ANN)
        assert "Put it out." in said_in(letter)
        front.awaits_rest()
    assert texts(tracker) == ["My printer is on fire.", "Put it out."]
    assert len(front.home.letters) == 2


ODD = {
    "dots": b".\r\n..\r\n.two dots.\r\n\r\n..\r\n",
    "eight bits": "Grüße, Ж, 日本\r\n".encode() + b"and \xff\xfe, which are no UTF-8\r\n",
    "a line of 5000": b"x" * 5000 + b"\r\n",
    "line ends": b"one\nlone\rcarriage \r\r\nreturn\r\n",
    "blanks": b"one \t \r\n \r\n\t\r\ntwo\r\n\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_the_bytes_that_are_stored_are_those_that_postfix_handed_over(
    front: Front, tracker: Program, body: bytes
) -> None:
    raw = mail("")[:-2] + b"X-Odd: \t two  blanks \r\n\r\n" + body
    with tapped(front, tracker) as tap:
        with smtplib.SMTP("127.0.0.1", front.postfix.port, timeout=PATIENCE) as client:
            client.ehlo()
            client.mail(ANN, ["BODY=8BITMIME"])
            client.rcpt(HELLO)
            # smtplib's own would mend the line ends.
            client.putcmd("data")
            assert client.getreply()[0] == 354
            client.send(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            assert client.getreply()[0] == 250
        front.awaits_rest()
        [handed_over] = tap.mails
    assert tracker.raw(1, 1) == handed_over
    # Only its trace stands before what the sender wrote.
    trace, _, rest = handed_over.partition(b"From: ")
    assert trace.startswith(b"Received: from ")
    assert (b"From: " + rest).partition(b"\r\n\r\n")[0] == raw.partition(b"\r\n\r\n")[0]


# What is tried again.


def test_mail_waits_with_postfix_while_the_database_is_locked_and_is_then_stored_once(
    front: Front, tracker: Program
) -> None:
    with tracker.serving():
        with held(tracker.folder / "run" / "tickets.db"):
            front.takes(mail("Later."), HELLO)
            front.awaits_deferral(HELLO, "said: 451 4.3.0")
            assert front.brought(ANN) == front.brought(BOB) == []
        front.postfix.run("postqueue", "-f")
        front.awaits(BOB)
        front.awaits_rest()
    assert [texts(tracker, int(str(ticket["id"]))) for ticket in tracker.tickets()] == [["Later."]]
    # Nobody was told of the delay but Postfix, and nobody twice.
    assert len(front.home.letters) == 1


def test_mail_waits_with_postfix_while_the_tracker_is_stopped_and_is_then_stored_once(
    front: Front, tracker: Program
) -> None:
    front.takes(mail("Anybody there?"), HELLO)
    front.awaits_deferral(HELLO, "Connection refused")
    with tracker.serving():
        # Nobody hurries Postfix.
        front.awaits(BOB)
        front.awaits_rest()
    assert [texts(tracker, int(str(ticket["id"]))) for ticket in tracker.tickets()] == [["Anybody there?"]]
    assert len(front.home.letters) == 1


def test_mail_whose_answer_was_lost_comes_again_and_is_stored_once(front: Front, tracker: Program) -> None:
    with tapped(front, tracker) as tap:
        tap.losses = 2
        front.takes(mail("Once."), HELLO)
        front.eventually(lambda: len(tap.mails) == 3, "it comes three times")
        front.awaits(BOB)
        front.awaits_rest()
        assert len(set(tap.mails)) == 1
        assert tap.losses == 0
    assert [texts(tracker, int(str(ticket["id"]))) for ticket in tracker.tickets()] == [["Once."]]
    assert len(front.home.letters) == 1


def test_mail_under_way_when_the_tracker_is_killed_is_stored_once_each(front: Front, tracker: Program) -> None:
    def sending(first: int) -> None:
        for number in range(first, first + 30):
            front.takes(mail("Help!", subject=str(number)), HELLO)

    threads = [Thread(target=sending, args=(first,)) for first in (100, 200, 300)]
    with tracker.serving() as process:
        for thread in threads:
            thread.start()
        eventually(lambda: front.postfix.log.count("250 2.0.0 Ok: stored") >= 10, "ten are stored", front.story)
        process.kill()
        for thread in threads:
            thread.join()
    waiting = len(front.postfix.queue())
    with tracker.serving():
        front.awaits_rest()
    assert waiting > 0
    wanted = [str(number) for first in (100, 200, 300) for number in range(first, first + 30)]
    assert sorted(str(ticket["title"]) for ticket in tracker.tickets()) == wanted
    assert front.brought(ANN) == []


# What is refused.


def test_postfix_tells_the_sender_of_an_address_that_leads_nowhere(front: Front, tracker: Program) -> None:
    tracker.environment["TICKETS_UNMATCHED"] = "reject"
    with tracker.serving():
        front.takes(mail("Hello?", to=NOWHERE), NOWHERE)
        [bounce] = front.awaits(ANN)
        front.awaits_rest()
    assert reports(bounce) == {NOWHERE: "550 5.1.1 No such address here"}
    assert "550 5.1.1 No such address here" in said_in(bounce)
    assert tracker.tickets() == tracker.unmatched() == []
    assert len(front.home.letters) == 1


def test_what_leads_nowhere_is_kept_unless_it_is_to_be_rejected(front: Front, tracker: Program) -> None:
    with tracker.serving():
        front.takes(mail("Hello?", to=NOWHERE), NOWHERE)
        front.awaits_rest()
    assert [mail["to"] for mail in tracker.unmatched()] == [NOWHERE]
    assert front.home.letters == []


def test_postfix_refuses_an_address_that_we_refuse_and_asks_us_again(
    postfix_programs: Programs, tmp_path: Path
) -> None:
    assert recipe().refusing["address_verify_negative_expire_time"] == "60s"
    # Shorter waits: for our answer, and until a refusal is forgotten.
    waits = {"address_verify_poll_delay": "1s", "address_verify_negative_expire_time": "4s"}
    with made_front(recipe().refusing | waits) as front:
        tracker = tracker_behind(front, tmp_path)
        tracker.environment["TICKETS_UNMATCHED"] = "reject"
        with tracker.serving():
            with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"550.*said: 550 5\.1\.1 No such address here"):
                front.takes(mail("Hello?", to=NOWHERE), NOWHERE)
            front.takes(mail("Hello!"), HELLO)
            front.awaits(BOB)
            tracker.does("queue", "add", "Somewhere", "--address", "nowhere")
            eventually(lambda: front.would_take(NOWHERE), "the refusal is forgotten", front.story)
            front.takes(mail("Hello again!", to=NOWHERE), NOWHERE)
            front.awaits_rest()
        # An address that is known to lead somewhere is not asked for, so its mail waits with Postfix.
        front.takes(mail("Are you there?"), HELLO)
        front.awaits_deferral(HELLO, "Connection refused")
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="450"):
            front.takes(mail("And you?", to=f"ticket1@{DOMAIN}"), f"ticket1@{DOMAIN}")
        assert [ticket["queue"] for ticket in tracker.tickets()] == ["General", "Somewhere"]
        assert front.brought(ANN) == []


@contextmanager
def fault_at(tracker: Program, ticket: int) -> Iterator[None]:
    """A database that cannot take a message on one ticket."""
    stops = f"BEFORE INSERT ON message WHEN new.ticket_id = {ticket} BEGIN SELECT RAISE(ABORT, 'a fault'); END"
    with closing(sqlite3.connect(tracker.folder / "run" / "tickets.db", timeout=PATIENCE)) as connection:
        connection.execute(f"CREATE TRIGGER fault {stops}")
        yield
        connection.execute("DROP TRIGGER fault")


def test_each_recipient_of_a_mail_has_its_own_fate(front: Front, tracker: Program) -> None:
    tracker.environment["TICKETS_UNMATCHED"] = "reject"
    for subject in ("One", "Two"):
        tracker.does("open", "--queue", "General", "--from", ANN, "--subject", subject, "--text", subject)
    both = [f"ticket1@{DOMAIN}", f"ticket2@{DOMAIN}"]
    with tapped(front, tracker) as tap:
        with fault_at(tracker, 2):
            front.takes(mail("For both.", to=", ".join([*both, NOWHERE])), *both, NOWHERE)
            front.awaits_deferral(both[1], "said: 451 4.3.0")
            [bounce] = front.awaits(ANN)
            assert list(reports(bounce)) == [NOWHERE]
            assert "550 5.1.1" in reports(bounce)[NOWHERE]
            assert texts(tracker, 1) == ["One", "For both."]
            assert texts(tracker, 2) == ["Two"]
            assert {mail["recipients"][0]["address"] for mail in front.postfix.queue()} == {both[1]}
        front.awaits_rest()
        recipients = [re.findall(r"^RCPT TO:<(.*?)>", "\n".join(dialogue), re.MULTILINE) for dialogue in tap.commands]
    # One mail to all three, then for one of them alone.
    assert sorted(recipients[0]) == sorted([*both, NOWHERE])
    assert {tuple(group) for group in recipients[1:]} == {(both[1],)}
    assert texts(tracker, 1) == ["One", "For both."]
    assert texts(tracker, 2) == ["Two", "For both."]
    assert len(front.brought(ANN)) == 1


LARGE = 200_000


def test_postfix_tells_the_sender_of_a_mail_that_is_larger_than_we_take(front: Front, tracker: Program) -> None:
    tracker.environment["TICKETS_MAX_MESSAGE_BYTES"] = str(LARGE)
    with tapped(front, tracker) as tap:
        front.takes(mail("x" * 70 + "\n") + b"y" * 70 + b"\r\n", HELLO)
        front.takes(mail(("x" * 70 + "\n") * (LARGE // 70)), HELLO)
        [bounce] = front.awaits(ANN)
        front.awaits_rest()
        assert len(tap.mails) == 1
    assert "exceeds size limit" in reports(bounce)[HELLO]
    assert len(tracker.tickets()) == 1


def test_a_mail_too_large_whose_size_was_not_announced_is_refused_once_it_is_there(
    postfix_programs: Programs, tmp_path: Path
) -> None:
    with made_front({"lmtp_discard_lhlo_keywords": "size"}) as front:
        tracker = tracker_behind(front, tmp_path)
        tracker.environment["TICKETS_MAX_MESSAGE_BYTES"] = str(LARGE)
        with tapped(front, tracker) as tap:
            front.takes(mail(("x" * 70 + "\n") * (LARGE // 70)), HELLO, f"support@{DOMAIN}")
            [bounce] = front.awaits(ANN)
            front.awaits_rest()
            assert len(tap.mails) == 1
        by_recipient = reports(bounce)
        assert sorted(by_recipient) == [HELLO, f"support@{DOMAIN}"]
        assert all("552 5.3.4" in report for report in by_recipient.values())
        assert tracker.tickets() == []


def test_the_documented_postfix_takes_as_large_a_mail_as_the_tracker() -> None:
    assert int(recipe().main_cf["message_size_limit"]) == defaults.MAX_MESSAGE_BYTES


# What goes.


JUERGEN = "jürgen@home.example"


def test_addresses_beyond_ascii_are_heard_and_answered(front: Front, tracker: Program) -> None:
    with tracker.serving():
        front.takes(mail("Grüße!", sender=JUERGEN), HELLO, sender=JUERGEN)
        front.awaits(BOB)
        assert tracker.shows(1)["requestor"]["email"] == JUERGEN
        front.takes(mail("Ebenso.", sender=BOB), f"ticket1@{DOMAIN}", sender=BOB)
        [letter] = front.awaits(JUERGEN)
        assert "Ebenso." in said_in(letter)
        front.awaits_rest()
    assert any(line.startswith("MAIL FROM:<bounce-") and "SMTPUTF8" in line for line in front.home.commands)
    assert len(front.home.letters) == 2


@pytest.mark.parametrize("unmatched", ["keep", "reject"])
def test_an_address_of_ours_beyond_ascii_is_kept_or_refused_like_any_other(
    front: Front, tracker: Program, unmatched: str
) -> None:
    nowhere = f"grüße@{DOMAIN}"
    tracker.environment["TICKETS_UNMATCHED"] = unmatched
    with tracker.serving():
        front.takes(mail("Hallo", sender=JUERGEN, to=nowhere), nowhere, sender=JUERGEN)
        if unmatched == "reject":
            [bounce] = front.awaits(JUERGEN)
            assert list(reports(bounce)) == [nowhere]
            assert "550 5.1.1" in reports(bounce)[nowhere]
        front.awaits_rest()
    assert [mail["to"] for mail in tracker.unmatched()] == ([nowhere] if unmatched == "keep" else [])
    assert len(front.home.letters) == (1 if unmatched == "reject" else 0)


def test_a_letter_that_cannot_be_delivered_comes_back_and_is_no_new_ticket(front: Front, tracker: Program) -> None:
    front.home.script["RCPT"] = "550 5.1.1 nobody of that name"
    with tracker.serving():
        front.takes(mail("Is Bob there?"), HELLO)
        eventually(lambda: bool(tracker.tickets()), "the mail becomes a ticket", front.story)
        eventually(lambda: bool(tracker.shows(1)["changes"]), "the letter comes back", front.story)
        front.awaits_rest()
    [change] = tracker.shows(1)["changes"]
    assert (change["field"], change["by"]) == ("undelivered", None)
    assert change["new"].startswith(f"{BOB}: ")
    assert "5.1.1" in change["new"]
    assert tracker.unmatched() == []
    assert texts(tracker) == ["Is Bob there?"]
    assert len(tracker.tickets()) == 1


def test_letters_wait_with_postfix_while_the_far_end_is_away(front: Front, tracker: Program) -> None:
    front.home.script["MAIL"] = "451 4.3.0 not now"
    with tracker.serving():
        front.takes(mail("Hello?"), HELLO)
        front.awaits_deferral(BOB, "451 4.3.0 not now")
        front.home.script.clear()
        front.awaits(BOB)
        front.awaits_rest()
    assert len(front.home.letters) == 1


# How it is set up.


def test_a_socket_in_postfixs_queue_directory_serves_as_well(postfix_programs: Programs, tmp_path: Path) -> None:
    with made_front({"transport_maps": f"inline:{{ {DOMAIN}=lmtp:unix:tickets/lmtp }}"}) as front:
        tracker = tracker_behind(front, tmp_path)
        place = front.postfix.directory / "queue" / "tickets"
        place.mkdir()
        # What is made in it belongs to Postfix's group then.
        shutil.chown(place, group="postfix")
        place.chmod(0o2755)
        tracker.environment["TICKETS_LISTEN"] = f"lmtp+unix://{place}/lmtp"
        with tracker.serving():
            front.takes(mail("By socket."), HELLO)
            front.awaits(BOB)
            front.awaits_rest()
        assert texts(tracker) == ["By socket."]


def test_the_documented_settings_name_each_other() -> None:
    text, settings = recipe().main_cf, recipe().environment
    assert settings["TICKETS_LISTEN"].removeprefix("lmtp://") in text["transport_maps"]
    assert text["relay_domains"] == settings["TICKETS_DOMAIN"]
    assert f" {settings['TICKETS_DOMAIN']}=lmtp:inet:" in text["transport_maps"]


def test_a_postfix_of_the_tests_leaves_nothing_and_touches_nothing_of_the_systems(postfix_programs: Programs) -> None:
    def times_of_others() -> dict[str, int]:
        places = [postfix_programs.meta_directory, Path("/var/spool/postfix"), Path("/var/lib/postfix")]
        paths = [path for place in places for path in (place, *place.rglob("*")) if place.exists()]
        return {str(path): path.lstat().st_mtime_ns for path in paths}

    before = times_of_others()
    assert before
    with made_front({}) as front:
        assert front.postfix.is_alive()
    assert not front.postfix.is_alive()
    assert not front.postfix.directory.exists()
    assert times_of_others() == before
