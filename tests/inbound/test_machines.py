"""Claims about mail that no person wrote: it is kept, told to those who answer, and changes and answers nothing."""

from collections.abc import Iterator

import pytest

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.tickets import Ticket
from tests.support.world import DOMAIN, World

AWAY = {"Auto-Submitted": "auto-replied"}
ON_A_LIST = {"List-Id": "<club.lists.example>", "List-Post": "<mailto:club@lists.example>"}
# What the answering programs of the world put on their mails.
MACHINES = [
    AWAY,
    {"Auto-Submitted": "auto-generated"},
    {"X-Autoreply": "yes"},
    {"X-Auto-Response-Suppress": "All"},
    {"Precedence": "auto_reply"},
    {"Precedence": "bulk"},
]


class TicketThread:
    """Rita's ticket, which Ron has answered; Rosa answers too, and Pia takes part."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ron = world.responder("ron@example.org", "Ron")
        self.rosa = world.responder("rosa@example.org", "Rosa")
        self.rita = world.actor("rita@example.net", "Rita")
        self.rita.writes("hello", "It burns.", subject="Printer")
        self.pia = world.known("pia@example.net", "Pia")
        world.asks_in(1, "pia@example.net")
        self.ron.replies(self.ron.letter(), "Pour water on it.")

    def counts(self) -> tuple[int, ...]:
        """How many letters Ron, Rosa, Rita and Pia have got."""
        return tuple(len(actor.letters) for actor in (self.ron, self.rosa, self.rita, self.pia))


@pytest.fixture
def thread(inbox: World) -> TicketThread:
    return TicketThread(inbox)


@pytest.fixture(params=LIFECYCLES)
def either(request: pytest.FixtureRequest, database_url: str) -> Iterator[TicketThread]:
    world = World(database_url, lifecycle=request.param)
    yield TicketThread(world)
    world.close()


@pytest.mark.parametrize("headers", MACHINES, ids=lambda header: "-".join(next(iter(header.items()))))
@pytest.mark.parametrize("life", LIFECYCLES)
def test_no_automatic_mail_of_the_requestor_changes_a_status(
    database_url: str, life: str, headers: dict[str, str]
) -> None:
    world = World(database_url, lifecycle=life)
    thread = TicketThread(world)
    for status in LIFECYCLES[life].statuses:
        world.becomes(1, status)
        before = thread.counts()
        thread.rita.replies(thread.rita.letter(), "I am away.", headers=headers)
        ticket = world.ticket()
        assert ticket["status"] == status
        message = ticket["messages"][-1]
        assert (message["automatic"], message["private"], message["action"]) == (True, True, "Comment")
        # Told to responders only, and nobody else hears of it.
        assert thread.counts() == (before[0] + 1, before[1] + 1, *before[2:])
    world.close()


PREFIXES = ["Automatic reply", "Abwesenheitsnotiz", "Réponse automatique ", "自动答复", "Autoodpowiedź"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("who", ["rosa", "rita"])
def test_an_away_note_without_headers_changes_nothing_and_reaches_no_customer(
    small_inbox: World, prefix: str, who: str
) -> None:
    thread = TicketThread(small_inbox)
    thread.world.becomes(1, "resolved")
    before = thread.counts()
    actor = getattr(thread, who)
    letter = actor.letter()
    actor.writes("ticket1", "Back on Monday.", subject=f"{prefix}: {letter['Subject']}", answering=letter)
    message = thread.world.ticket()["messages"][-1]
    assert (message["automatic"], message["private"], thread.world.ticket()["status"]) == (True, True, "resolved")
    after = thread.counts()
    assert after[2:] == before[2:]


CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
PARTS = {
    "accepted": ("", "text/calendar; method=REPLY", CALENDAR.format(method="REPLY")),
    "declined": ("Ann has declined.", "text/calendar", CALENDAR.format(method="REPLY")),
    "another time": ("", "application/ics", CALENDAR.format(method="COUNTER")),
    "a receipt": ("It was displayed.", "message/disposition-notification", "Disposition: manual-action; displayed\r\n"),
    "a reaction": ("👍 Ann reacted via Gmail", "text/vnd.google.email-reaction+json", '{"emoji":"x","version":1}'),
}


def of_two_parts(to: str, text: str, kind: str, content: str) -> bytes:
    return (
        f"From: Rita <rita@example.net>\r\nTo: {to}\r\nSubject: Visit\r\nMessage-ID: <2@home.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b\r\n"
        f"Content-Type: {kind}\r\n\r\n{content}--b--\r\n"
    ).encode()


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_what_a_client_sends_by_one_click_is_a_quiet_comment(small_inbox: World, part: tuple[str, str, str]) -> None:
    thread = TicketThread(small_inbox)
    thread.world.becomes(1, "resolved")
    before = thread.counts()
    address = f"ticket1@{DOMAIN}"
    thread.world.brings(of_two_parts(address, *part), "rita@example.net", address)
    message = thread.world.ticket()["messages"][-1]
    assert (message["automatic"], message["private"], thread.world.ticket()["status"]) == (True, True, "resolved")
    assert thread.counts()[2:] == before[2:]


def test_an_invitation_is_a_persons_mail(small_inbox: World) -> None:
    thread = TicketThread(small_inbox)
    thread.world.becomes(1, "resolved")
    address = f"ticket1@{DOMAIN}"
    raw = of_two_parts(address, "Shall we meet?", "text/calendar", CALENDAR.format(method="REQUEST"))
    thread.world.brings(raw, "rita@example.net", address)
    assert (thread.world.ticket()["status"], thread.world.ticket()["messages"][-1]["automatic"]) == (
        "open",
        False,
    )


@pytest.mark.parametrize("sender", ["postmaster@far.example", "Post_Master@far.example", "shop-noreply@far.example"])
def test_nobody_acknowledges_a_postmaster_or_an_address_that_takes_no_mail(small_inbox: World, sender: str) -> None:
    small_inbox.switches("General", acknowledge="on")
    actor = small_inbox.actor(sender)
    actor.writes("hello", "Your server refuses our mail.")
    assert (len(small_inbox.rows(Ticket)), actor.letters) == (1, [])


def test_a_bounce_with_a_sender_and_without_a_report_is_a_machines(small_inbox: World) -> None:
    thread = TicketThread(small_inbox)
    thread.world.switches("General", acknowledge="on")
    postman = thread.world.actor("postmaster@far.example", "System Administrator")
    text = "Delivery has failed to these recipients:\n\nann@far.example\nThe address could not be found. 550 5.1.1"
    for to in ("ticket1", "hello"):
        postman.writes(to, text, subject="Undeliverable: Re: [General #1] Printer")
    assert [message.automatic is not None for message in thread.world.rows(Message)][-2:] == [True, True]
    assert postman.letters == []


def test_an_out_of_office_reply_reopens_nothing(thread: TicketThread) -> None:
    thread.world.act(1, "Change status", "ron@example.org", "Done.", status="resolved")
    thread.rita.replies(thread.rita.letter(), "I am away.", headers=AWAY)
    assert thread.world.ticket()["status"] == "resolved"
    letter = thread.rosa.letter()
    assert letter.text.startswith("Automatic reply from Rita. Only the General team can see it:")
    assert "isn't on this ticket" not in letter.text


def test_the_null_reverse_path_makes_a_machine_whatever_the_headers_say(thread: TicketThread) -> None:
    raw = f"From: rita@example.net\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <n@x>\r\n\r\nThanks!\r\n".encode()
    thread.world.act(1, "Change status", "ron@example.org", status="resolved")
    thread.world.brings(raw, "", f"ticket1@{DOMAIN}")
    ticket = thread.world.ticket()
    assert (ticket["status"], ticket["messages"][-1]["automatic"]) == ("resolved", True)


def test_a_responders_own_out_of_office_is_told_to_nobody(either: TicketThread) -> None:
    for actor, address in ((either.ron, "ticket1"), (either.rosa, "ticket1-comment")):
        status, before = either.world.ticket()["status"], either.counts()
        actor.writes(address, "I am in Spain.", headers=AWAY)
        assert either.counts() == before
        assert either.world.ticket()["status"] == status
        assert either.world.ticket()["messages"][-1]["text"] == "I am in Spain."


def test_a_participants_out_of_office_is_told_to_responders_only(either: TicketThread) -> None:
    before = either.counts()
    either.pia.replies(either.pia.letter(), "I am in Spain.", headers=AWAY)
    assert either.counts() == (before[0] + 1, before[1] + 1, *before[2:])


def test_a_machine_cannot_end_anybodys_letters(either: TicketThread) -> None:
    either.pia.replies(either.pia.letter(), "unsubscribe", headers=AWAY)
    before = either.counts()
    either.ron.writes("ticket1", "Better?")
    assert either.counts()[3] == before[3] + 1


def test_a_machine_does_not_change_where_letters_go(thread: TicketThread) -> None:
    with thread.world.uow() as uow:
        from mail_tickets.model.records.registration import add_alias

        add_alias(uow, "rita@example.net", "robot@example.net")
    thread.world.actor("robot@example.net").writes("ticket1", "Away.", headers=AWAY)
    before = len(thread.rita.letters)
    thread.ron.writes("ticket1", "Better?")
    assert len(thread.rita.letters) == before + 1


def test_a_person_on_a_mailing_list_stays_a_person(either: TicketThread) -> None:
    world = either.world
    if world.ticket()["lifecycle"] == "correspondence":
        world.act(1, "Change status", "ron@example.org", status="resolved")
    foretold = world.ticket(1, "rita@example.net")["reply"]
    before = either.counts()
    either.rita.replies(either.rita.letter(), "It burns again.", headers=ON_A_LIST)
    message = world.ticket()["messages"][-1]
    assert (message["action"], world.ticket()["status"]) == (foretold["action"], foretold["status"])
    assert (message["automatic"], message["private"]) == (False, False)
    assert either.counts() == (before[0] + 1, before[1] + 1, before[2], before[3] + 1)


# New tickets


@pytest.mark.parametrize("life", LIFECYCLES)
@pytest.mark.parametrize("flag", ["YES", "yes", " Yes"])
def test_what_the_front_server_marked_as_spam_opens_as_rejected_and_tells_nobody(
    database_url: str, life: str, flag: str
) -> None:
    world = World(database_url, lifecycle=life)
    ron = world.responder("ron@example.org")
    world.switches("General", acknowledge="on", cc_from_others="on")
    spammer = world.actor("win@lottery.example")
    spammer.writes("hello", "You won!", headers={"X-Spam-Flag": flag, "Cc": "victim@example.net"})
    ticket = world.ticket()
    assert ticket["status"] == {"correspondence": "rejected", "support": "Invalid"}[life] == LIFECYCLES[life].spam
    assert (ticket["messages"][0]["text"], ticket["participants"]) == ("You won!", [])
    assert (ron.letters, spammer.letters, world.rows(Row)) == ([], [], [])
    world.close()


def test_what_the_front_server_found_clean_is_told(small_inbox: World) -> None:
    ron = small_inbox.responder("ron@example.org")
    small_inbox.actor("deb@school.example").writes("hello", "Hello?", headers={"X-Spam-Flag": "NO"})
    assert (small_inbox.ticket()["status"], len(ron.letters)) == ("new", 1)


BOUNCE = """From: Mail Delivery System <MAILER-DAEMON@far.example>\r\nTo: {to}\r\nSubject: Undelivered Mail\r
Auto-Submitted: auto-replied\r\nMessage-ID: <bounce@far.example>\r\nMIME-Version: 1.0\r\n{more}Content-Type: {kind}\r
\r\n--b\r\nContent-Type: text/plain\r\n\r\nNobody lives here.\r\n--b\r\nContent-Type: message/delivery-status\r
\r\nReporting-MTA: dns; far.example\r\n\r\n--b--\r\n"""
REPORT, MIXED = "multipart/report; report-type=delivery-status; boundary=b", "multipart/mixed; boundary=b"


@pytest.mark.parametrize(("kind", "sender"), [(REPORT, ""), (REPORT, "MAILER-DAEMON@far.example"), (MIXED, "")])
def test_a_bounce_never_opens_a_ticket(inbox: World, kind: str, sender: str) -> None:
    inbox.responder("ron@example.org")
    for to in (f"hello@{DOMAIN}", f"support-comment@{DOMAIN}"):
        inbox.brings(BOUNCE.format(to=to, kind=kind, more="").encode(), sender, to)
    assert inbox.rows(Ticket) == []
    assert inbox.rows(Delivery.waiting) == [True, True]
    assert inbox.rows(Person.email) == ["ron@example.org"]


def test_a_bounce_of_a_letter_is_kept_with_its_ticket_by_what_it_answers(thread: TicketThread) -> None:
    answered = f"In-Reply-To: {thread.rita.letter()['Message-ID']}\r\n"
    status = thread.world.ticket()["status"]
    before = thread.counts()
    thread.world.brings(BOUNCE.format(to=f"hello@{DOMAIN}", kind=REPORT, more=answered).encode(), "", f"hello@{DOMAIN}")
    message = thread.world.ticket()["messages"][-1]
    assert (message["private"], message["automatic"]) == (True, True)
    assert len(thread.world.rows(Ticket)) == 1
    assert (thread.world.ticket()["status"], thread.counts()[2:]) == (status, before[2:])


def test_other_automatic_mail_to_a_queue_opens_a_ticket_and_is_not_answered(inbox: World) -> None:
    inbox.switches("General", acknowledge="on", announce_resolved="on")
    ron = inbox.responder("ron@example.org")
    cron = inbox.actor("root@host.example", "Cron")
    cron.writes("hello", "The disk is full.", subject="Cron", headers={"Auto-Submitted": "auto-generated"})
    assert inbox.ticket()["status"] == "new"
    assert ron.letter().text == "Cron <root@host.example> wrote:\n\nThe disk is full."
    inbox.act(1, "Change status", "ron@example.org", status="resolved")
    assert cron.letters == []


# Ourselves


def test_our_own_letter_coming_back_is_set_aside_and_told_to_nobody(either: TicketThread) -> None:
    before, counts = len(either.world.ticket()["messages"]), either.counts()
    for letter in (either.rita.letter(), either.ron.letter()):
        forwarded = b"Delivered-To: rita@example.net\r\nReceived: by far.example\r\n" + letter.raw
        # Somebody's forwarder may put itself into From, and keep our Message-ID.
        rewritten = letter.raw.replace(letter["From"].encode(), b"Forwarder <fwd@far.example>")
        for raw in (forwarded, rewritten):
            for to in (f"hello@{DOMAIN}", f"ticket1@{DOMAIN}"):
                [outcome] = either.world.brings(raw, "fwd@far.example", to)
                assert outcome.fate in ("set aside", "repeated")
    assert (len(either.world.ticket()["messages"]), either.counts()) == (before, counts)
    assert len(either.world.rows(Ticket)) == 1


def test_a_loop_of_our_own_addresses_in_cc_goes_round_never(inbox: World) -> None:
    inbox.switches("General", cc_from_others="on")
    inbox.answers_at("hello@openhatch.example")
    ron = inbox.responder("ron@example.org")
    addresses = (
        f"hello@{DOMAIN}, hello@openhatch.example, support-comment@{DOMAIN}, ticket1@{DOMAIN}, bounce-1@{DOMAIN}"
    )
    inbox.actor("deb@school.example").writes("hello", "Hello?")
    inbox.actor("deb@school.example").writes(
        "ticket1", "And?", headers={"Cc": addresses.replace("support-comment", "hello")}
    )
    assert inbox.ticket()["participants"] == []
    assert {letter.recipient for letter in inbox.far_end.letters} == {ron.email}


@pytest.mark.parametrize("sender", [f"hello@{DOMAIN}", f"ticket1@{DOMAIN}", "hello@openhatch.example"])
def test_mail_from_an_address_of_ours_is_set_aside(inbox: World, sender: str) -> None:
    inbox.answers_at("hello@openhatch.example")
    inbox.actor(sender).writes("hello", "Hello?")
    assert (inbox.rows(Ticket), inbox.rows(Delivery.reason)) == ([], ["its sender is an address of ours"])
