"""Claims about letters that came to nothing: who is told, which reports count, and when no more letters are written."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from click.testing import CliRunner

from mail_tickets.cli.output.ticket_display import ticket_text
from mail_tickets.mail.delivery_status import DeliveryVerdict, addresses_blamed, read_report, returned_id
from mail_tickets.mail.parsed import parse_mail
from mail_tickets.model.letters import outbox
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.records.tickets import UNDELIVERED
from mail_tickets.transport.outbound.errors import Refused
from tests.support.world import DOMAIN, Actor, Letter, World

UNREAD = "ann@example.net: something came back about an email, and is set aside"
MAILS = Path(__file__).parent.parent / "mails"
REAL = json.loads((MAILS / "flufl.bounce" / "expected.json").read_text(encoding="utf-8"))

DSN = """From: Mail Delivery System <MAILER-DAEMON@far.example>\r\nTo: {to}\r\nSubject: Undelivered Mail\r
Auto-Submitted: auto-replied\r\nMessage-ID: <{id}@far.example>\r\nMIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r\n--b\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n--b\r\nContent-Type: message/delivery-status\r
\r\nReporting-MTA: dns; far.example\r\n\r\nFinal-Recipient: rfc822; {whom}\r\nAction: {action}\r\nStatus: {status}\r
Diagnostic-Code: smtp; 550 {status} Nobody lives\r\n here\r\n\r\n--b\r\nContent-Type: {kind}\r
\r\n{returned}\r\n--b--\r\n"""


def report(
    letter: Letter,
    to: str = "",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    number: int = 1,
    kind: str = "message/rfc822",
    returned: str | None = None,
    whom: str = "",
) -> bytes:
    """A report on a letter, as a mail server writes it."""
    text = DSN.format(
        to=to or letter.envelope_from,
        id=number,
        whom=whom or letter.recipient,
        action=action,
        status=status,
        kind=kind,
        returned="{returned}",
    )
    content = letter.raw.decode() if returned is None else returned
    return text.replace("{returned}", content).encode()


class Scene:
    """Ann's ticket, which Ron has answered; Rosa answers too."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ron = world.responder("ron@example.org", "Ron")
        self.rosa = world.responder("rosa@example.org", "Rosa")
        self.ann = world.actor("ann@example.net", "Ann")
        self.ann.writes("hello", "It burns.", subject="Printer")
        self.ron.replies(self.ron.letter(), "Pour water on it.")

    def fails(self, letter: Letter, **more: Any) -> None:
        """The far end reports to the letter's envelope sender."""
        [outcome] = self.world.brings(report(letter, **more), "", letter.envelope_from)
        assert outcome.fate in ("reported", "repeated"), outcome

    @property
    def noted(self) -> list[str]:
        return [change["new"] for change in self.world.ticket()["changes"] if change["field"] == UNDELIVERED]

    @property
    def marked(self) -> list[str]:
        return [person.email for person in self.world.rows(Person) if person.undeliverable]

    @property
    def refused(self) -> list[str]:
        """Whose address was said to take no mail, which counts if it is said again on another day."""
        return [person.email for person in self.world.rows(Person) if person.refused]

    def failure_letters(self, actor: Actor) -> list[Letter]:
        return [letter for letter in actor.letters if "We couldn't deliver an email" in letter.text]


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


@pytest.fixture
def small(small_world: World) -> Scene:
    return Scene(small_world)


def refusing(world: World, text: str, *whom: str, permanent: bool = True) -> Callable[[], None]:
    """The relay refuses letters to these from now on; what is given back ends that."""
    delivers = world.far_end.deliver

    def deliver(message: Any, To: str, From: str) -> None:  # noqa: N803 - Salmon's names
        if To in whom:
            raise Refused(text, permanent=permanent)
        delivers(message, To, From)

    world.far_end.deliver = deliver  # type: ignore[method-assign]

    def restore() -> None:
        world.far_end.deliver = delivers  # type: ignore[method-assign]

    return restore


# Refused by the relay


def test_a_letter_refused_for_good_is_noted_and_told_to_who_answers(scene: Scene) -> None:
    world = scene.world
    refusing(world, "550 5.1.1 no such user", "ann@example.net")
    scene.rosa.writes("ticket1", "Or sand.")
    world.settle()
    assert scene.noted == ["ann@example.net: 550 5.1.1 no such user"]
    for actor in (scene.ron, scene.rosa):
        [letter] = scene.failure_letters(actor)
        assert letter.text.startswith(
            "We couldn't deliver an email to Ann <ann@example.net>:\n\n    \"Re: [General #1]"
        )
        assert "550 5.1.1 no such user" in letter.text
        assert letter["Reply-To"] == f"ticket1-comment@{DOMAIN}"
        assert "add a private note (a comment)" in " ".join(letter.footer.split())
    view = world.ticket()
    with world.database.read_only() as uow:
        from mail_tickets.model.records.tickets import find_ticket

        lifecycle = find_ticket(uow, 1).lifecycle
    text = " ".join(ticket_text(view, lifecycle, None, world.clock()).split())
    assert "Not delivered: ann@example.net: 550 5.1.1 no such user" in text
    # Not for days: the letter is failed, and nothing more goes to Ann of it.
    world.clock.passes(days=1)
    world.settle()
    assert [row.state for row in world.rows(Row) if row.recipient == "ann@example.net"] == ["sent", "failed"]


def test_outsiders_see_nothing_of_it(scene: Scene) -> None:
    refusing(scene.world, "550 5.1.1 no such user", "rosa@example.org")
    scene.ann.writes("ticket1", "It still burns.")
    assert scene.noted == ["rosa@example.org: 550 5.1.1 no such user"]
    assert {change["field"] for change in scene.world.ticket()["changes"]} == {"status", UNDELIVERED}
    assert {change["field"] for change in scene.world.ticket(viewer="ann@example.net")["changes"]} == {"status"}


def test_a_notice_that_is_refused_itself_tells_nobody(scene: Scene) -> None:
    world = scene.world
    scene.fails(scene.ann.letter())
    refusing(world, "550 5.1.1 no such user", "rosa@example.org")
    scene.fails(scene.ron.letters[0], number=2)
    for _ in range(3):
        world.settle()
    # Rosa was to hear of Ron's: and of that notice nobody heard.
    assert [row.kind for row in world.rows(Row) if row.state == "failed"][-1] == UNDELIVERED
    recipients = [row.recipient for row in world.rows(Row) if row.kind == UNDELIVERED]
    assert sorted(recipients) == ["ron@example.org", "rosa@example.org", "rosa@example.org"]


def test_a_relay_that_refuses_us_keeps_the_letter_and_marks_nobody(small: Scene) -> None:
    refusing(small.world, "554 5.7.1 relay access denied", "ann@example.net")
    for _ in range(3):
        small.rosa.writes("ticket1", "Or sand.")
        small.world.settle()
    assert (small.noted, small.marked, small.refused) == ([], [], [])
    assert [row.state for row in small.world.rows(Row) if row.recipient == "ann@example.net"][-3:] == ["waiting"] * 3


def test_a_letter_given_up_after_five_days_is_told_and_marks_nobody(small: Scene) -> None:
    world = small.world
    refusing(world, "451 later", "ann@example.net", permanent=False)
    small.rosa.writes("ticket1", "Or sand.")
    for _ in range(50):
        world.clock.passes(hours=5)
        world.settle()
    assert small.noted == ["ann@example.net: 451 later"]
    assert (len(small.failure_letters(small.ron)), small.marked, small.refused) == (1, [], [])


def test_a_mailbox_that_stays_full_counts_once_its_days_of_trying_are_over(small: Scene) -> None:
    world = small.world
    refusing(world, "552 5.2.2 over quota", "ann@example.net")
    small.rosa.writes("ticket1", "Or sand.")
    assert (small.noted, small.refused) == ([], [])
    for _ in range(50):
        world.clock.passes(hours=5)
        world.settle()
    assert small.noted == ["ann@example.net: 552 5.2.2 over quota"]
    assert (small.marked, small.refused) == ([], ["ann@example.net"])


# Reports to the envelope sender


def test_a_report_of_failure_is_noted_and_told_once(scene: Scene) -> None:
    letter = scene.ann.letter()
    scene.fails(letter)
    scene.fails(letter)
    scene.fails(letter, number=2)
    assert scene.noted == ["ann@example.net: 550 5.1.1 Nobody lives here"]
    assert [len(scene.failure_letters(actor)) for actor in (scene.ron, scene.rosa)] == [1, 1]
    assert (scene.marked, scene.world.rows(Delivery.waiting)) == ([], [False] * len(scene.world.rows(Delivery)))
    [row] = [row for row in scene.world.rows(Row) if row.recipient == "ann@example.net"]
    assert (row.state, row.error) == ("failed", "550 5.1.1 Nobody lives here")
    # Nobody is made known by it.
    assert "MAILER-DAEMON@far.example" not in scene.world.rows(Person.email)


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("relayed", "2.0.0"), ("delivered", "2.1.5")])
def test_a_delay_and_a_success_are_kept_and_change_nothing(small: Scene, action: str, status: str) -> None:
    before = len(small.world.far_end.letters)
    small.fails(small.ann.letter(), action=action, status=status)
    assert (small.noted, len(small.world.far_end.letters)) == ([], before)
    assert small.world.rows(Delivery.fate)[-1] == "reported"


def test_a_report_that_comes_before_the_relays_own_word_is_not_overruled_by_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, taken = scene.world, scene.world.far_end.deliver

    def deliver(message: Any, To: str, From: str) -> None:  # noqa: N803 - Salmon's names
        taken(message, To, From)
        if To == "ann@example.net":
            world.intake.receive(report(scene.ann.letter()), "", [From])

    monkeypatch.setattr(world.far_end, "deliver", deliver)
    scene.rosa.writes("ticket1", "Or sand.")
    assert [row.state for row in world.rows(Row) if row.recipient == "ann@example.net"] == ["sent", "failed"]
    assert scene.noted == ["ann@example.net: 550 5.1.1 Nobody lives here"]


def test_after_refusals_on_two_days_the_address_gets_no_letter_until_mail_comes_from_it(scene: Scene) -> None:
    world = scene.world
    scene.fails(scene.ann.letter(), number=1)
    scene.ron.writes("ticket1", "Or sand.")
    assert scene.marked == []
    world.clock.passes(days=1)
    scene.fails(scene.ann.letter(), number=2)
    assert scene.marked == ["ann@example.net"]
    assert "so we've stopped emailing it" in " ".join(scene.rosa.letter().text.split())
    count = len(scene.ann.letters)
    scene.ron.writes("ticket1", "Or foam.")
    assert len(scene.ann.letters) == count
    # And the footers say so: nobody who gets no letter reads it.
    assert "Ann" not in scene.rosa.letter().footer
    scene.ann.writes("ticket1", "I am back.")
    assert scene.marked == []
    scene.ron.writes("ticket1", "Welcome.")
    assert len(scene.ann.letters) == count + 1
    assert "Ann" in scene.rosa.letter().footer
    # What failed before does not count any more.
    scene.fails(scene.ann.letter(), number=3)
    assert (scene.marked, scene.refused) == ([], ["ann@example.net"])


def test_one_letter_cannot_fail_twice(small: Scene) -> None:
    letter = small.ann.letter()
    small.fails(letter, number=1)
    small.fails(letter, number=2, status="5.2.1")
    with small.world.uow() as uow:
        outbox.retry(uow)
    small.world.settle()
    small.world.clock.passes(days=1)
    small.fails(small.ann.letter(), number=3)
    assert (len(small.noted), small.marked) == (1, [])


def test_reports_that_come_at_the_same_instant_count_once_each(scene: Scene) -> None:
    for _ in range(3):
        scene.ron.writes("ticket1", "Or sand.")
    letters = scene.ann.letters
    scene.ron.writes("ticket1", "Or foam.")
    scene.fails(scene.ann.letter(), number=100)
    scene.world.clock.passes(days=1)
    start, failed = Barrier(8), []

    def bring(number: int) -> None:
        letter = letters[number % 4]
        start.wait()
        try:
            scene.world.intake.receive(report(letter, number=number), "", [letter.envelope_from])
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=bring, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (len(scene.noted), scene.marked) == (5, ["ann@example.net"])
    assert sum("we've stopped emailing this address" in note for note in scene.noted) == 1
    scene.world.settle()
    assert len(scene.failure_letters(scene.rosa)) == 5


def cut_off(scene: Scene) -> None:
    """Letters to Ann come back on two days; then no more are written to her."""
    for number in (1, 2):
        scene.fails(scene.ann.letter(), number=number)
        scene.world.clock.passes(days=1)
        scene.ron.writes("ticket1", "Hello?")
    assert scene.marked == ["ann@example.net"]


def test_a_responder_who_is_cut_off_is_told_at_their_other_addresses(small: Scene) -> None:
    with small.world.uow() as uow:
        add_alias(uow, "rosa@example.org", "rosa@home.example")
        add_alias(uow, "ann@example.net", "ann@new.example")
    home = small.world.actor("rosa@home.example", "Rosa")
    for number in (1, 2):
        small.fails(small.rosa.letter(), number=number)
        assert home.letters == [] or number == 2
        small.world.clock.passes(days=1)
        small.ann.writes("ticket1", "Hello?")
    assert small.marked == ["rosa@example.org"]
    [letter] = home.letters
    assert letter["Subject"] == "We've stopped emailing rosa@example.org"
    assert "To get our emails again, write to us from that address, or ask an admin." in " ".join(letter.text.split())
    small.rosa.writes("ticket1-comment", "I am here.")
    assert (small.marked, small.world.actor("ann@new.example").letters) == ([], [])


def test_mail_from_another_address_of_theirs_moves_the_letters_there(small: Scene) -> None:
    small.ron.writes("ticket1", "Is it out?")
    proof = small.world.actor("ann@example.net").letter()
    cut_off(small)
    with small.world.uow() as uow:
        add_alias(uow, "ann@example.net", "ann@new.example")
    new = small.world.actor("ann@new.example", "Ann")
    new.replies(proof, "Here I am.")
    small.ron.writes("ticket1", "Ah.")
    assert (small.marked, len(new.letters)) == ([], 1)


def test_late_reports_on_an_old_address_keep_no_letter_from_the_new_one(scene: Scene) -> None:
    world = scene.world
    with world.uow() as uow:
        add_alias(uow, "ann@example.net", "ann@new.example")
    scene.ron.writes("ticket1", "Or sand.")
    old = scene.ann.letters[-2:]
    new = world.actor("ann@new.example", "Ann")
    new.replies(old[-1], "I have moved.")
    for number, letter in enumerate(old):
        world.clock.passes(days=1)
        scene.fails(letter, number=number)
    scene.ron.writes("ticket1", "Or foam.")
    assert (len(scene.noted), scene.marked) == (2, [])
    assert "Or foam." in new.letter().text


def test_what_an_administrator_adds_again_is_tried_again(small: Scene) -> None:
    cut_off(small)
    small.world.known("ann@example.net")
    assert small.marked == []


def test_the_list_of_people_shows_who_gets_no_letters(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from mail_tickets.cli.administration import people as command

    cut_off(small)
    monkeypatch.setattr(command, "open_read_only", small.world.uow)
    people = json.loads(CliRunner().invoke(command.person_list, ["--json"]).output)
    assert {person["email"] for person in people if person["undeliverable"]} == {"ann@example.net"}
    assert "known, undeliverable" in CliRunner().invoke(command.person_list).output


def test_too_large_or_not_allowed_does_not_count_against_the_address(small: Scene) -> None:
    for number, status in enumerate(("5.3.4", "5.7.1", "5.6.0", "5.2.2", "5.4.5", "5.0.0"), 1):
        small.fails(small.ann.letter(), number=number, status=status)
        small.world.clock.passes(days=1)
        small.ron.writes("ticket1", "Hello?")
    assert (len(small.noted), small.marked, small.refused) == (6, [], [])


@pytest.mark.parametrize(
    ("status", "words", "counts"),
    [
        ("5.1.1", "", True),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", True),
        ("4.2.2", "452 4.2.2 The mailbox was full for days", True),
        ("4.2.2", "552 5.7.1 The mailbox was full for days", False),
        ("4.4.7", "delivery time expired", False),
        ("5.1.1", "550-5.1.1 Nobody lives here 550 5.1.1 at all", True),
        # Exim knows no better status, and gives the words of the server that does.
        ("5.0.0", "550 5.1.1 Nobody lives here", True),
        ("5.0.0", "550 Nobody lives here", False),
        ("5.1.1", "550 5.4.5 Daily user sending limit exceeded", False),
        ("5.4.5", "550 5.1.1 Nobody lives here", False),
        ("5.7.1", "Nobody lives here: 5.1.1", False),
    ],
)
def test_a_report_counts_only_if_all_of_its_codes_say_so(small: Scene, status: str, words: str, counts: bool) -> None:
    raw = report(small.ann.letter(), status=status)
    raw = raw.replace(f"550 {status} Nobody lives\r\n here".encode(), words.encode())
    small.world.brings(raw, "", small.ann.letter().envelope_from)
    assert small.refused == (["ann@example.net"] if counts else [])


def test_a_report_does_not_stand_in_the_way_of_an_undo(small: Scene) -> None:
    answered = small.rosa.letter()
    small.fails(small.ann.letter())
    small.rosa.replies(answered, "undo")
    assert small.world.ticket()["status"] == "Open"


def test_an_old_form_without_fields_is_understood_at_the_envelope_sender_alone(small: Scene) -> None:
    raw = (MAILS / "flufl.bounce" / "qmail_01.txt").read_bytes()
    small.world.brings(raw, "", small.ann.letter().envelope_from)
    assert (small.noted, small.refused) == (["ann@example.net: returned by their mail server"], [])


RETURNED = "\n\nMessage headers follow.\n\nReceived: from x\nSubject: Hi 550 5.1.1\nMessage-ID: <1@x>\n"
DAEMONS = {
    "DragonFly": ("MAILER-DAEMON <>", "There was an error delivering your mail.\n\n550 5.1.1 User unknown"),
    "DragonFly, no code": ("MAILER-DAEMON <>", "Could not deliver for the last 432000 seconds. Giving up."),
    "Sendmail 5": ("MAILER-DAEMON@far.example", "----- Transcript -----\n550 ann@far.example... Host unknown"),
    "Exchange": ("postmaster@far.example", "The address could not be found. 550 5.1.1"),
    "plain words": ("MAILER-DAEMON@far.example", "Your mail could not be delivered to ann@far.example."),
    "Notes": ("Postmaster@far.example", "Your message was not delivered: User ann not listed in public directory"),
}


@pytest.mark.parametrize(("sender", "text"), DAEMONS.values(), ids=DAEMONS)
@pytest.mark.parametrize("path", ["", "postmaster@far.example"])
def test_a_daemons_words_at_the_letters_own_token_are_a_report(small: Scene, sender: str, text: str, path: str) -> None:
    to = small.ann.letter().envelope_from
    raw = f"From: {sender}\nTo: {to}\nSubject: Mail failure\nMessage-ID: <1@far.example>\n\n{text}{RETURNED}"
    small.world.brings(raw.encode(), path, to)
    assert (len(small.noted), small.refused, small.world.rows(Delivery.fate)[-1]) == (1, [], "reported")


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        ("Ann <ann@example.net>", "Your last letter said 550 5.1.1, and could not be delivered."),
        ("Mail Team <postmaster@far.example>", "Thank you for your mail. We answer within a week."),
        ("MAILER-DAEMON@far.example", "Your mail has arrived."),
    ],
)
def test_other_mail_at_the_token_is_no_report(small: Scene, sender: str, text: str) -> None:
    to = small.ann.letter().envelope_from
    raw = f"From: {sender}\nTo: {to}\nSubject: Hello\nMessage-ID: <1@far.example>\n\n{text}{RETURNED}"
    small.world.brings(raw.encode(), "someone@far.example", to)
    assert (small.noted, small.refused) == ([UNREAD], [])
    assert small.world.rows(Delivery.fate)[-1] == "set aside"


def test_a_delay_in_words_fails_nothing(small: Scene) -> None:
    to = small.ann.letter().envelope_from
    text = "Your message could not be delivered for 4 hours. It will be retried for 5 days."
    raw = f"From: MAILER-DAEMON@far.example\nTo: {to}\nSubject: Warning\nMessage-ID: <1@x>\n\n{text}\n"
    small.world.brings(raw.encode(), "", to)
    assert (small.noted, small.world.rows(Delivery.fate)[-1]) == ([], "reported")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"message/delivery-status", b"message/xdelivery-status"),
        (b"Action: failed", b"Action: expired"),
        (b"boundary=b", b"boundary=another"),
        (b"Content-Type: message/delivery-status", b"Content-Type: text/plain"),
        (b"Content-Type: message/delivery-status\r\n\r\n", b"\r\n\r\nContent-Type: message/delivery-status\r\n\r\n"),
    ],
)
def test_fields_are_found_wherever_they_stand_in_a_report(small: Scene, old: bytes, new: bytes) -> None:
    raw = report(small.ann.letter())
    assert old in raw
    small.world.brings(raw.replace(old, new), "", small.ann.letter().envelope_from)
    assert (small.noted, small.refused) == (["ann@example.net: 550 5.1.1 Nobody lives here"], ["ann@example.net"])


def test_what_is_no_report_marks_nothing_at_the_envelope_sender(small: Scene) -> None:
    to = small.ann.letter().envelope_from
    before = len(small.world.far_end.letters)
    quoted = (MAILS / "flufl.bounce" / "qmail_01.txt").read_text()
    small.ann.writes(to, quoted)
    small.ann.writes(to, "I am in Spain.", headers={"Auto-Submitted": "auto-replied"})
    away = f"From: ann@example.net\r\nTo: {to}\r\nSubject: Away\r\n\r\nI am in Spain.\r\n".encode()
    small.world.brings(away, "", to)
    assert (small.noted, small.refused) == ([UNREAD] * 3, [])
    assert small.world.rows(Delivery.fate)[-3:] == ["set aside"] * 3
    assert len(small.world.far_end.letters) == before


# Reports elsewhere


@pytest.mark.parametrize("to", ["ticket1", "hello", "support-comment"])
@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_to_another_address_is_matched_by_the_letter_that_it_gives_back(
    small: Scene, to: str, kind: str
) -> None:
    letter, address = small.ann.letter(), f"{to}@{DOMAIN}"
    headers = letter.raw.decode().partition("\r\n\r\n")[0] if "headers" in kind else None
    for number in (1, 1, 2):
        small.world.brings(report(letter, address, kind=kind, returned=headers, number=number), "", address)
    assert small.noted == ["ann@example.net: 550 5.1.1 Nobody lives here"]
    assert (len(small.world.ticket()["messages"]), len(small.failure_letters(small.ron))) == (2, 1)


def test_a_report_to_another_address_proves_nothing_and_counts_against_nobody(small: Scene) -> None:
    address = f"hello@{DOMAIN}"
    for number in (1, 2, 3):
        small.world.brings(report(small.ann.letter(), address, number=number), "", address)
        small.world.clock.passes(days=1)
        small.ron.writes("ticket1", "Hello?")
    assert (len(small.noted), small.marked, small.refused, len(small.ann.letters)) == (3, [], [], 4)


def test_a_forged_report_does_not_keep_the_true_one_from_counting(small: Scene) -> None:
    for number in (1, 3):
        letter = small.ann.letter()
        small.world.brings(report(letter, f"hello@{DOMAIN}", number=number), "", f"hello@{DOMAIN}")
        small.fails(letter, number=number + 1)
        small.world.clock.passes(days=1)
        small.ron.writes("ticket1", "Hello?")
    assert small.marked == ["ann@example.net"]
    assert [note.endswith("; we've stopped emailing this address") for note in small.noted] == [False, False, True]


@pytest.mark.parametrize("known", ["", "message", "made up"])
def test_a_forged_report_to_a_ticket_marks_nothing(scene: Scene, known: str) -> None:
    world, address = scene.world, f"ticket1@{DOMAIN}"
    ids = {"": "<1@far.example>", "message": world.ticket()["messages"][0]["message_id"]}
    id_ = ids.get(known, f"<{'0' * 16}.{'0' * 32}@{DOMAIN}>")
    for number in range(3):
        raw = report(scene.ann.letter(), address, number=number, returned=f"Message-ID: {id_}\r\n\r\nHi\r\n")
        world.brings(raw, "", address)
    assert (scene.marked, scene.refused) == ([], [])
    # It is kept as any automatic mail, and what it claims is noted as a claim.
    assert len(world.ticket()["messages"]) == 5
    assert set(scene.noted) == {"ann@example.net: says a report that names no email of ours"}
    count = len(scene.ann.letters)
    scene.ron.writes("ticket1", "Hello?")
    assert len(scene.ann.letters) == count + 1


def test_a_claim_about_somebody_who_is_not_on_the_ticket_is_not_even_noted(small: Scene) -> None:
    address = f"ticket1@{DOMAIN}"
    small.world.brings(report(small.ann.letter(), address, returned="Hi", whom="eve@example.com"), "", address)
    assert small.noted == []


def test_a_report_on_no_letter_of_ours_is_set_aside_with_the_address(small: Scene) -> None:
    address = f"hello@{DOMAIN}"
    small.world.brings(report(small.ann.letter(), address, returned="Hi"), "", address)
    assert small.world.rows(Delivery.reason)[-1] == "it reports on an email, but not on one of ours: ann@example.net"


# Real ones


@pytest.mark.parametrize("name", REAL)
def test_real_reports_are_read(name: str) -> None:
    raw, wanted = (MAILS / "flufl.bounce" / name).read_bytes(), REAL[name]
    temporary, permanent = addresses_blamed(raw)
    assert {email.lower() for email in permanent} == {email.lower() for email in wanted["permanent"]}
    assert {email.lower() for email in temporary} == {email.lower() for email in wanted["temporary"]}
    finding = read_report(raw, parse_mail(raw, ""))
    verdict = (
        DeliveryVerdict.FAILED if wanted["permanent"] else DeliveryVerdict.DELAYED if wanted["temporary"] else None
    )
    assert (finding.verdict if finding else None) == verdict


SISIMAI = {"lhost-barracuda-01.eml": True, "lhost-bigfoot-01.eml": True}


@pytest.mark.parametrize("path", sorted((MAILS / "sisimai").glob("*.eml")), ids=lambda path: path.name)
def test_reports_with_crlf_are_read_and_other_mails_are_none(path: Path) -> None:
    raw = path.read_bytes()
    finding = read_report(raw, parse_mail(raw, ""))
    assert (finding is not None and finding.verdict is DeliveryVerdict.FAILED) == SISIMAI.get(path.name, False)


HEAD = b"From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
STATUS = b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
HOSTILE = {
    "addresses": HEAD + b"<a@b>" * 200_000,
    "lines": HEAD + b"<a@b>\r\n" * 150_000,
    "parts": HEAD + b"--b\r\n\r\n" * 40_000,
    "blanks": HEAD + STATUS + b"\n \n" * 300_000,
    "recipients": HEAD + STATUS + b"Action: failed\r\n\r\n" * 50_000,
    "spaces": HEAD + STATUS + b"Diagnostic-Code: " + b" " * 500_000,
    "ids": HEAD + b"Message-ID: \n" * 50_000,
    "no From": b"Content-Type: multipart/report; boundary=b\r\n\r\nHi",
    "nothing": b"",
    "nested": b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
    + b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(20_000)),
}


OTHERS = {"delivered": "2.1.5", "relayed": "2.0.0", "delayed": "4.4.1"}


@pytest.mark.parametrize("action_of_other", OTHERS)
def test_of_several_recipients_behind_one_address_the_one_that_failed_counts(action_of_other: str) -> None:
    """An alias leads to several mailboxes, and its server reports on all of them in one mail."""
    both = [
        f"Final-Recipient: rfc822; {action}@far.example\r\nAction: {action}\r\nStatus: {status}\r\n".encode()
        for action, status in (("failed", "5.1.1"), (action_of_other, OTHERS[action_of_other]))
    ]
    for blocks in (both, both[::-1]):
        raw = HEAD + STATUS + b"\r\n".join([b"Reporting-MTA: dns; far.example\r\n", *blocks]) + b"\r\n--b--\r\n"
        finding = read_report(raw, parse_mail(raw, ""))
        assert finding is not None
        assert (finding.verdict, finding.blames_address) == (DeliveryVerdict.FAILED, True)


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_reports_cost_little_and_raise_nothing(raw: bytes) -> None:
    begun = time.process_time()
    read_report(raw, parse_mail(raw, ""))
    returned_id(raw)
    assert time.process_time() - begun < 3


def test_the_words_of_a_report_reach_nobody_raw(small: Scene) -> None:
    raw = report(small.ann.letter()).replace(b"Nobody lives", b"\x1b[31m\xe2\x80\xaeNobody\x00 lives")
    small.world.brings(raw, "", small.ann.letter().envelope_from)
    [note] = small.noted
    assert note.isprintable()
    assert "Nobody" in note
    assert "\x1b" not in small.ron.letter().all_text
    assert "\u202e" not in small.ron.letter().all_text
