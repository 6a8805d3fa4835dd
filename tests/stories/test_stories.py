"""The lives of tickets, mail by mail over real SMTP: read it first.

The first part retells the document that the support tracker was built from (`support-tracker-email-interface.txt`)
with its own people and its own mails, in its own order. The second part is what people live through with it.
"""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.tickets import Reopening, Ticket
from tests.support.world import DOMAIN, Actor, World

PROBLEM = "I've tried installing Ubuntu on a Mac. But the installer never boots."


class Tracker:
    """The document's setting: a ticket on Ubuntu, its owner, a support contact, and an administrator."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.no_priv = world.known("no-priv@canonical.com", "No Privileges Person")
        self.foo_bar = world.known("foo.bar@canonical.com", "Foo Bar", admin=True)
        with world.uow() as uow:
            from mail_tickets.model.records.queue_setup import add_queue

            add_queue(uow, "ubuntu", ["ubuntu"], "support")
        self.sample_person = world.responder("test@canonical.com", "Sample Person", queue="ubuntu")
        self.ticket = world.opens("no-priv@canonical.com", "Unable to boot installer", PROBLEM, queue="ubuntu")

    def set_ticket_status(self, status: str) -> None:
        """The document's helper of that name."""
        self.world.act(self.ticket, "Change status", "foo.bar@canonical.com", "Status Change", status=status)
        assert self.status == status

    def send_support_email(self, sender: Actor, subject: str, body: str) -> dict[str, Any]:
        """The document's helper of that name: what was posted last, which must be this very mail."""
        msgid = sender.writes(f"ticket{self.ticket}", body, subject=subject)
        message = self.messages[-1]
        assert message["message_id"] == msgid
        assert message["subject"] == subject
        assert message["text"] == body
        assert message["sender"]["email"] == sender.email
        return message

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.world.ticket(self.ticket)["messages"]
        return messages

    @property
    def status(self) -> str:
        return str(self.world.ticket(self.ticket)["status"])


@pytest.fixture
def tracker(world: World) -> Iterator[Tracker]:
    with world.serving():
        yield Tracker(world)


def everything_posted(world: World) -> list[str]:
    """The Message-IDs of all messages of all tickets."""
    return [str(message_id) for message_id in world.rows(Message.message_id)]


# Which mails are taken


def test_mail_to_any_other_address_of_ours_is_ignored_and_kept(tracker: Tracker) -> None:
    world = tracker.world
    before = everything_posted(world)
    raw = f"From: test@canonical.com\r\nTo: foo@{DOMAIN}\r\nSubject: Hello\r\n\r\nHello there.\r\n".encode()
    world.brings(raw, "test@canonical.com", f"foo@{DOMAIN}")
    assert everything_posted(world) == before
    assert len(world.rows(Ticket)) == 1
    [kept] = world.rows(Delivery)
    assert (kept.recipient, kept.waiting) == (f"foo@{DOMAIN}", True)


def test_mail_to_a_ticket_that_does_not_exist_is_ignored_and_kept(tracker: Tracker) -> None:
    world = tracker.world
    comment_msgid = tracker.foo_bar.writes("ticket1234", "This is another comment.", subject="Hey")
    assert comment_msgid not in everything_posted(world)
    assert len(world.rows(Ticket)) == 1
    [kept] = world.rows(Delivery)
    assert kept.reason == "no ticket has this number"


# Message from the request owner


def test_from_the_owner_while_open_it_gives_more_information(tracker: Tracker) -> None:
    message = tracker.send_support_email(
        tracker.no_priv, "PowerMac 7200", "I forgot to specify that I'm installing on a PowerMac 7200."
    )
    assert message["action"] == "Give more information"
    assert message["subject"] == "PowerMac 7200"
    assert message["text"] == "I forgot to specify that I'm installing on a PowerMac 7200."
    assert message["sender"]["name"] == "No Privileges Person"
    # The request stays on the list of open ones, so the owner can put a wrong reading right.
    assert tracker.status == "Open"


def test_from_the_owner_while_information_is_needed_it_gives_more_information(tracker: Tracker) -> None:
    tracker.set_ticket_status("Needs information")
    message = tracker.send_support_email(tracker.no_priv, "Re: What model?", "A PowerMac 7200.")
    assert message["action"] == "Give more information"
    assert tracker.status == "Open"


def test_from_the_owner_while_answered_it_reopens(tracker: Tracker) -> None:
    tracker.set_ticket_status("Answered")
    message = tracker.send_support_email(
        tracker.no_priv,
        "Re: BootX",
        "I installed BootX, but I must have made a mistake somewhere because it still doesn't boot. "
        "I have a dialog which says cannot find any kernel images.",
    )
    assert message["action"] == "Reopen"
    assert tracker.status == "Open"


def test_the_letter_with_the_answer_explains_in_its_footer_what_a_reply_will_do(tracker: Tracker) -> None:
    tracker.send_support_email(tracker.sample_person, "BootX", "You need to install and configure BootX.")
    letter = tracker.no_priv.letter()
    assert "You need to install and configure BootX." in letter.text
    assert "Reply to this email to reopen this ticket." in letter.footer
    assert "Did that help? Start your reply with: Status: Solved" in letter.footer


def test_from_the_owner_while_expired_it_reopens(tracker: Tracker) -> None:
    tracker.set_ticket_status("Expired")
    message = tracker.send_support_email(tracker.no_priv, "Need Help", "I still cannot install on my PowerMac.")
    assert message["action"] == "Reopen"
    assert tracker.status == "Open"


def test_the_letter_that_tells_of_expiry_explains_what_a_reply_will_do(tracker: Tracker) -> None:
    tracker.set_ticket_status("Expired")
    assert "Reply to this email to reopen this ticket." in tracker.no_priv.letter().footer


def test_from_the_owner_while_solved_it_is_a_comment(tracker: Tracker) -> None:
    tracker.set_ticket_status("Solved")
    message = tracker.send_support_email(tracker.no_priv, "Thanks", "Thanks for helping me make BootX work.")
    assert message["action"] == "Comment"
    assert tracker.status == "Solved"


def test_from_the_owner_while_invalid_it_is_a_comment_and_no_mail_leads_out(tracker: Tracker) -> None:
    tracker.set_ticket_status("Invalid")
    message = tracker.send_support_email(
        tracker.no_priv, "Come on!", "Trying to install on an old machine shouldn't be considered an invalid request!"
    )
    assert message["action"] == "Comment"
    assert tracker.status == "Invalid"
    # Only an administrator can change it.
    tracker.set_ticket_status("Open")


# Message from another user


def test_from_another_user_while_open_it_is_an_answer(tracker: Tracker) -> None:
    message = tracker.send_support_email(
        tracker.sample_person, "BootX", "You need to install and configure BootX to boot the installer CD."
    )
    assert message["action"] == "Answer"
    assert message["sender"]["name"] == "Sample Person"
    assert tracker.status == "Answered"


def test_from_another_user_while_information_is_needed_it_is_an_answer(tracker: Tracker) -> None:
    tracker.set_ticket_status("Needs information")
    message = tracker.send_support_email(
        tracker.sample_person, "What model?", "What Mac model are you trying to install on?"
    )
    assert message["action"] == "Answer"
    assert tracker.status == "Answered"
    # It was really a question: the owner replies to it, and the resulting state is right all the same.
    assert tracker.send_support_email(tracker.no_priv, "Re: What model?", "A 7200.")["action"] == "Reopen"
    assert tracker.status == "Open"


def test_from_another_user_while_answered_it_is_one_more_answer(tracker: Tracker) -> None:
    tracker.send_support_email(tracker.sample_person, "BootX", "You need to install and configure BootX.")
    assert tracker.status == "Answered"
    message = tracker.send_support_email(
        tracker.sample_person,
        "More info on BootX",
        "You can find instructions on BootX installation at that URL: "
        "https://help.ubuntu.com/community/Installation/OldWorldMacs",
    )
    assert message["action"] == "Answer"
    assert tracker.status == "Answered"


@pytest.mark.parametrize(
    ("status", "subject", "text"),
    [
        ("Solved", "RAM", "You will probably need to install some RAM to make this usable though."),
        ("Expired", "How weird", "Is somebody really trying to install Ubuntu on such obsolete hardware?"),
        ("Invalid", "Error?", "I think the rejection was an error."),
    ],
)
def test_from_another_user_on_a_closed_request_it_is_a_comment(
    tracker: Tracker, status: str, subject: str, text: str
) -> None:
    tracker.set_ticket_status(status)
    message = tracker.send_support_email(tracker.sample_person, subject, text)
    assert message["action"] == "Comment"
    assert tracker.status == status


# The integration, and the whole document on one ticket


def test_a_mail_without_an_envelope_finds_its_ticket_by_x_original_to(world: World) -> None:
    tracker = Tracker(world)
    to_addr = f"ticket1@{DOMAIN}"
    raw = (
        "From: test@canonical.com\n"
        f"X-Original-To: {to_addr}\n"
        "Subject: A new comment\n"
        "Message-Id: <comment1@localhost>\n"
        "Date: Mon, 02 Jan 2006 15:42:07 -0000\n"
        "\n"
        "This is a new comment.\n"
    ).encode()
    recipients = world.intake.recipients(raw)
    assert recipients == [to_addr]
    world.brings(raw, None, *recipients)
    assert "<comment1@localhost>" in [message["message_id"] for message in tracker.messages]
    assert tracker.messages[-1]["date"] == "2006-01-02T15:42:07+00:00"


def test_the_whole_document_holds_on_one_ticket(tracker: Tracker) -> None:
    """The status that the administrator sets first (None for none), who writes, and what is made of it."""
    no_priv, sample = tracker.no_priv, tracker.sample_person
    steps = [
        (None, no_priv, "PowerMac 7200", "Give more information"),
        ("Needs information", no_priv, "Re: What model?", "Give more information"),
        ("Answered", no_priv, "Re: BootX", "Reopen"),
        ("Expired", no_priv, "Need Help", "Reopen"),
        ("Solved", no_priv, "Thanks", "Comment"),
        ("Invalid", no_priv, "Come on!", "Comment"),
        ("Open", sample, "BootX", "Answer"),
        ("Needs information", sample, "What model?", "Answer"),
        (None, sample, "More info on BootX", "Answer"),
        ("Solved", sample, "RAM", "Comment"),
        ("Expired", sample, "How weird", "Comment"),
        ("Invalid", sample, "Error?", "Comment"),
    ]
    for status, sender, subject, action in steps:
        if status is not None:
            tracker.set_ticket_status(status)
        assert tracker.send_support_email(sender, subject, f"{subject}.")["action"] == action
    assert [message["number"] for message in tracker.messages] == list(range(1, len(tracker.messages) + 1))


def test_messages_stand_in_the_order_of_posting_whatever_their_dates_say(tracker: Tracker) -> None:
    """The document needed a generator of times to have this; here nothing is needed."""
    world, posted = tracker.world, []
    for days in (0, 900, 3, 700, 1):
        date = format_datetime(world.clock.now - timedelta(days=days))
        posted.append(tracker.no_priv.writes("ticket1", f"{days} days ago", headers={"Date": date}))
        world.act(1, "Comment", tracker.foo_bar.email, "In between")
    mails = [message["message_id"] for message in tracker.messages if "days ago" in message["text"]]
    assert mails == posted
    assert [message["text"] for message in tracker.messages][1::2] == [f"{d} days ago" for d in (0, 900, 3, 700, 1)]


# What people live through


def test_the_powermac_conversation_from_unable_to_boot_to_solved(world: World) -> None:
    sample = world.responder("test@canonical.com", "Sample Person")
    no_priv = world.actor("no-priv@canonical.com", "No Privileges Person")
    with world.serving():
        no_priv.writes("support", PROBLEM, subject="Unable to boot installer")
        assert world.ticket()["status"] == "Open"
        assert not no_priv.letters

        assert "No Privileges Person <no-priv@canonical.com> wrote:" in sample.letter().text
        assert "Reply to this email to answer." in sample.letter().footer
        sample.replies(sample.letter(), "You need to install and configure BootX to boot the installer CD.")
        assert world.ticket()["status"] == "Answered"

        assert "Sample Person answered:" in no_priv.letter().text
        assert "Status: Open → Answered" in no_priv.letter().text
        assert "Reply to this email to reopen this ticket." in no_priv.letter().footer
        no_priv.replies(no_priv.letter(), "I installed BootX, but it still doesn't boot.")
        assert world.ticket()["status"] == "Open"
        assert "No Privileges Person reopened this ticket:" in sample.letter().text

        world.act(1, "Request for more information", sample.email, "What Mac model are you trying to install on?")
        assert world.ticket()["status"] == "Needs information"
        assert "Sample Person asks for more information:" in no_priv.letter().text
        assert "Reply to this email to give more information." in no_priv.letter().footer
        no_priv.replies(no_priv.letter(), "A PowerMac 7200.")
        assert world.ticket()["status"] == "Open"

        sample.replies(sample.letter(), "Then copy the kernel images into the system folder.")
        sample.replies(sample.letter(), "Instructions: https://help.ubuntu.com/community/Installation/OldWorldMacs")
        assert world.ticket()["status"] == "Answered"
        assert world.ticket()["solved"] is None

        world.clock.passes(hours=1)
        world.act(1, "Confirm", no_priv.email, "BootX it was.", answer=2)
        solved = world.ticket()
        assert (solved["status"], solved["answer"], solved["answerer"]["name"]) == ("Solved", 2, "Sample Person")
        assert solved["solved"] == world.clock.now.isoformat()
        assert "No Privileges Person says it's solved:" in sample.letter().text

        assert "Reply to this email to add a comment." in sample.letter().footer
        sample.replies(sample.letter(), "You will probably need to install some RAM.")
        no_priv.replies(no_priv.letter(), "Thanks for helping me make BootX work.")
    ticket = world.ticket()
    assert ticket["status"] == "Solved"
    assert [message["action"] for message in ticket["messages"]] == [
        None,
        "Answer",
        "Reopen",
        "Request for more information",
        "Give more information",
        "Answer",
        "Answer",
        "Confirm",
        "Comment",
        "Comment",
    ]
    [reopening] = world.rows(Reopening)
    assert reopening.from_status == "Answered"


def test_a_reply_is_never_lost_however_late_it_comes(world: World) -> None:
    ron = world.responder("ron@example.org", "Ron")
    ann = world.actor("ann@example.net", "Ann")
    ann.writes("hello", "It is broken.")
    ron.replies(ron.letter(), "Turn it off and on.")
    first = ann.letter()
    for status in ("Solved", "Invalid", "Expired", "Needs information"):
        world.becomes(1, status)
        ann.replies(first, f"Late, in {status}")
        world.clock.passes(days=400)
    texts = [message["text"] for message in world.ticket()["messages"]]
    assert texts[2:] == ["Late, in Solved", "Late, in Invalid", "Late, in Expired", "Late, in Needs information"]


def test_a_stranger_on_a_ticket_changes_nothing_and_reaches_the_responders_alone(world: World) -> None:
    ron, ann = world.responder("ron@example.org", "Ron"), world.actor("ann@example.net", "Ann")
    ann.writes("hello", "It is broken.")
    mallory = world.actor("mallory@example.com", "Mallory")
    for _ in range(2):
        mallory.writes("ticket1", "Solved, I say.")
        [*_, comment] = world.ticket()["messages"]
        assert (comment["action"], comment["private"], comment["new_status"]) == ("Comment", True, "Open")
        assert not ann.letters
        assert "Only the General team can see it:" in ron.letter().text
    [known] = [person.known for person in world.rows(Person) if person.email == mallory.email]
    assert not known


def test_a_vacation_note_of_the_requestor_reopens_nothing(world: World) -> None:
    ron, ann = world.responder("ron@example.org", "Ron"), world.actor("ann@example.net", "Ann")
    ann.writes("hello", "It is broken.")
    ron.replies(ron.letter(), "Turn it off and on.")
    ann.replies(ann.letter(), "I am away until Monday.", headers={"Auto-Submitted": "auto-replied"})
    ticket = world.ticket()
    assert ticket["status"] == "Answered"
    assert (ticket["messages"][-1]["action"], ticket["messages"][-1]["private"]) == ("Comment", True)
    assert "Automatic reply from" in ron.letter().text
