"""Claims about repeats: the same mail delivered again is answered 250 and does nothing, and no other mail is one."""

from threading import Barrier, Thread

import pytest

from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.received_mail import Delivery, Mail
from mail_tickets.model.records.tickets import Ticket
from tests.support.world import DOMAIN, World

HELLO = f"hello@{DOMAIN}"
TICKET1 = f"ticket1@{DOMAIN}"
ANN = "ann@example.org"


def mail(
    body: str = "Hello there.\r\n",
    *,
    message_id: str | None = "<1@home.example>",
    sender: str = ANN,
    subject: str = "Hello",
    date: str = "Sat, 21 Nov 2026 10:00:00 +0000",
    more: str = "",
) -> bytes:
    header = f"Message-ID: {message_id}\r\n" if message_id else ""
    return f"From: {sender}\r\nSubject: {subject}\r\nDate: {date}\r\n{header}{more}\r\n{body}".encode()


def fates(world: World, *arrivals: tuple[bytes, str]) -> list[str]:
    """What becomes of mails for these recipients, one after the other."""
    return [str(world.brings(raw, ANN, recipient)[0].fate) for raw, recipient in arrivals]


def test_a_mail_delivered_again_does_nothing(world: World) -> None:
    world.responder("bob@example.org")
    assert fates(world, (mail(), HELLO), (mail(), HELLO), (mail(), HELLO)) == ["opened", "repeated", "repeated"]
    assert len(world.rows(Ticket)) == len(world.rows(Mail)) == len(world.rows(Delivery)) == len(world.rows(Letter)) == 1


def test_a_reply_delivered_again_does_nothing(world: World) -> None:
    bob = world.responder("bob@example.org")
    ann = world.actor(ANN)
    ann.writes("hello", "Help!")
    answer = mail("Like this.\r\n", sender="bob@example.org", message_id="<2@home.example>")
    assert fates(world, (answer, TICKET1), (answer, TICKET1)) == ["posted", "repeated"]
    assert (len(ann.letters), len(bob.letters)) == (1, 1)
    assert len(world.ticket()["messages"]) == 2


def test_a_repeat_after_the_ticket_moved_on_changes_no_status(world: World) -> None:
    world.responder("bob@example.org")
    question = mail("And now?\r\n", message_id="<2@home.example>")
    answer = mail("So.\r\n", sender="bob@example.org", message_id="<3@home.example>")
    assert fates(world, (mail(), HELLO), (question, TICKET1), (answer, TICKET1)) == ["opened", "posted", "posted"]
    assert world.ticket()["status"] == "Answered"
    assert fates(world, (question, TICKET1)) == ["repeated"]
    assert world.ticket()["status"] == "Answered"


SAME = {
    "the trace": mail(more="Received: from b by c\r\n"),
    "the envelope's header": mail(more="Delivered-To: hello@tickets.example\r\nX-Spam: no\r\n"),
    "the display name": mail(sender="Ann Other <ann@example.org>"),
    "the case of the sender": mail(sender="Ann@Example.ORG"),
    "the date and subject": mail(subject="[spam?] Hello", date="Sat, 21 Nov 2026 10:00:05 +0000"),
    "the kind of line ends": mail().replace(b"\r\n", b"\n"),
    "line ends at its end": mail() + b"\r\n\r\n",
}


@pytest.mark.parametrize("raw", SAME.values(), ids=SAME)
def test_what_servers_change_on_the_way_makes_no_other_mail(small_world: World, raw: bytes) -> None:
    assert fates(small_world, (mail(), HELLO), (raw, HELLO)) == ["opened", "repeated"]


OTHER = {
    "sender": mail(sender="eve@example.org"),
    "Message-ID": mail(message_id="<2@home.example>"),
    "no Message-ID": mail(message_id=None),
}


@pytest.mark.parametrize("raw", OTHER.values(), ids=OTHER)
def test_a_mail_with_another_sender_or_id_is_its_own(world: World, raw: bytes) -> None:
    assert fates(world, (mail(), HELLO), (raw, HELLO)) == ["opened", "opened"]
    assert fates(world, (mail(), TICKET1), (raw, TICKET1)) == ["posted", "posted"]
    assert fates(world, (mail(), TICKET1), (raw, TICKET1)) == ["repeated", "repeated"]


ANOTHER_WAY = {
    "a list's footer": mail("Hello there.\r\n____\r\nlist\r\n"),
    "a list's tag": mail("Hello there.\r\n--\r\nlist\r\n", subject="[lamps] Hello"),
    "white space": mail("Hello  there.\r\n"),
    "a gateway": mail("SGVsbG8gdGhlcmUuDQo=\r\n", more="Content-Transfer-Encoding: base64\r\n"),
}


@pytest.mark.parametrize("raw", ANOTHER_WAY.values(), ids=ANOTHER_WAY)
def test_one_mail_that_comes_two_ways_is_on_one_ticket(world: World, raw: bytes) -> None:
    assert fates(world, (mail(), HELLO), (raw, HELLO), (raw, HELLO)) == ["opened", "posted", "repeated"]


@pytest.mark.parametrize("hour", ["12:00:07", "20:00:00"])
def test_one_mail_of_a_clock_that_is_ahead_is_on_one_ticket_too(world: World, hour: str) -> None:
    date = f"Sat, 21 Nov 2026 {hour} +0000"
    ways = [(mail(date=date), HELLO), (mail("Hello there.\r\n____\r\nlist\r\n", date=date), HELLO)]
    assert fates(world, *ways) == ["opened", "posted"]
    next_day = mail("Other.\r\n", date=date.replace("21 Nov", "22 Nov"))
    assert fates(world, (next_day, HELLO)) == ["opened"]


FORM = {
    "date": mail("Other.\r\n", date="Sat, 21 Nov 2026 10:00:01 +0000"),
    "subject": mail("Other.\r\n", subject="Help"),
    "sender": mail("Other.\r\n", sender="eve@example.org"),
    "no date": mail("Other.\r\n", date=""),
}


@pytest.mark.parametrize("raw", FORM.values(), ids=FORM)
def test_a_form_with_a_constant_id_is_a_mail_of_its_own_each_time(world: World, raw: bytes) -> None:
    assert fates(world, (mail(), HELLO), (raw, HELLO)) == ["opened", "opened"]


def test_without_a_message_id_date_subject_and_body_name_a_mail(world: World) -> None:
    first = mail(message_id=None)
    different = [
        mail(message_id=None, date="Sat, 21 Nov 2026 10:00:01 +0000"),
        mail(message_id=None, subject="Help"),
        mail("Other.\r\n", message_id=None),
        mail(message_id=None, sender="eve@example.org"),
    ]
    assert fates(world, (first, HELLO), (first, HELLO)) == ["opened", "repeated"]
    assert fates(world, *((raw, HELLO) for raw in different)) == ["opened"] * 4
    assert fates(world, *((raw, HELLO) for raw in different)) == ["repeated"] * 4


@pytest.mark.parametrize("message_id", ["", "nonsense", "<>", "<a b>"])
def test_a_message_id_that_is_none_does_not_join_mails(small_world: World, message_id: str) -> None:
    first, second = (mail(message_id=message_id, subject=subject) for subject in ("one", "two"))
    arrivals = (first, HELLO), (second, HELLO), (first, HELLO)
    assert fates(small_world, *arrivals) == ["opened", "opened", "repeated"]


def test_another_place_is_not_a_repeat(world: World) -> None:
    places = [HELLO, f"questions@{DOMAIN}", TICKET1, f"ticket2@{DOMAIN}", f"nobody@{DOMAIN}", f"nothing@{DOMAIN}"]
    expected = ["opened", "opened", "posted", "posted", "set aside", "set aside"]
    assert fates(world, *((mail(), place) for place in places)) == expected
    assert fates(world, *((mail(), place.upper()) for place in places)) == ["repeated"] * 6


def test_a_repeat_for_some_of_its_recipients_is_stored_for_the_others(world: World) -> None:
    fates(world, (mail(), HELLO))
    outcomes = world.brings(mail(), ANN, HELLO, TICKET1)
    # It belongs to the ticket at whichever of the two it is looked at first, and is posted there once.
    assert sorted(outcome.fate for outcome in outcomes) == ["posted", "repeated"]
    assert len(world.ticket(1)["messages"]) == 2
    assert [outcome.fate for outcome in world.brings(mail(), ANN, HELLO, TICKET1)] == ["repeated", "repeated"]


def test_the_envelope_sender_makes_no_other_mail(small_world: World) -> None:
    small_world.brings(mail(), "prvs=1=ann@example.org", HELLO)
    assert [result.fate for result in small_world.brings(mail(), "prvs=2=ann@example.org", HELLO)] == ["repeated"]


def test_a_mail_set_aside_again_is_listed_once(world: World) -> None:
    assert fates(world, *[(mail(), f"nobody@{DOMAIN}")] * 3) == ["set aside", "repeated", "repeated"]
    assert len(world.rows(Delivery)) == 1


@pytest.mark.parametrize("recipient", [HELLO, TICKET1, f"nobody@{DOMAIN}"])
@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_the_same_mail_at_the_same_instant_is_stored_once(world: World, recipient: str, scheme: str) -> None:
    world.responder("bob@example.org")
    world.known("admin@example.org", admin=True)
    world.brings(mail(), ANN, HELLO)
    letters, tickets, deliveries = len(world.rows(Letter)), len(world.rows(Ticket)), len(world.rows(Delivery))
    raw = mail("At once.\r\n", sender="eve@example.org", message_id="<2@home.example>")
    connections = 6
    barrier = Barrier(connections)
    refused: list[object] = []

    def send() -> None:
        with world.lmtp() if scheme == "lmtp" else world.smtp() as client:
            client.ehlo_or_helo_if_needed()
            barrier.wait(20)
            refused.append(client.sendmail("eve@example.org", [recipient], raw))

    with world.serving(scheme):
        threads = [Thread(target=send) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert refused == [{}] * connections
    assert len(world.rows(Delivery)) == deliveries + 1
    assert len(world.rows(Ticket)) == tickets + (recipient == HELLO)
    assert len(world.rows(Letter)) == letters + (1 if recipient != TICKET1 else len(world.rows(Letter)) - letters)
    world.settle()
    assert len(world.ticket(1)["messages"]) == 1 + (recipient == TICKET1)
