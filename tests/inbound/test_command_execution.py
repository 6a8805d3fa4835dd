"""Claims about steering by mail, mail by mail over real SMTP, in both lifecycles: commands, receipts, undo, pages.

What must not happen to whom did not write stands in `test_forgery.py`, how lines are read in
`test_commands_in_mail.py`.
"""

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Any

import pytest
from sqlalchemy import select

from mail_tickets.mail.addresses import Mailbox
from mail_tickets.model.lifecycle.commands import ACTION, COMMANDS, FOR_REQUESTORS, STATUS
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.lifecycle.tables import Role
from mail_tickets.model.records.messages import find_message
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.records.registration import get_or_create_person
from mail_tickets.model.records.tickets import Ticket, find_ticket
from mail_tickets.model.storage.unit_of_work import Trust
from tests.support.world import DOMAIN, Actor, Letter, World

RON, ROSA, QUINN = "ron@example.org", "rosa@example.org", "quinn@example.org"
RITA, PIA, OTTO, EVE = "rita@example.net", "pia@example.net", "otto@example.net", "eve@elsewhere.example"
FRONT = "mx.example"

# A status to which a responder can lead a new ticket without words, and with a plain reply.
AWAY = {"support": "Invalid", "correspondence": "stalled"}
REPLIED = {"support": "Answered", "correspondence": "open"}
# One to which `Status` leads although the reply by itself leads elsewhere.
WAITING = {"support": "Needs information", "correspondence": "stalled"}
# The line with which a requestor ends a ticket.
DONE = {"support": "Status: Solved", "correspondence": "Status: resolved"}


class Office:
    """Ron and Rosa answer for General, Quinn for Questions; Rita has asked something, which is ticket 1."""

    def __init__(self, world: World, life: str) -> None:
        self.world = world
        self.life = LIFECYCLES[life]
        world.switches("Questions", lifecycle=life)
        self.ron = world.responder(RON, "Ron")
        self.rosa = world.responder(ROSA, "Rosa")
        self.quinn = world.responder(QUINN, "Quinn", queue="Questions")
        self.rita = world.actor(RITA, "Rita")
        self.rita.writes("hello", "Help!", subject="Printer")

    def steers(self, actor: Actor, text: str, **more: Any) -> list[Letter]:
        """Answer the first letter that somebody got, which proves who writes; the letters that this led to."""
        return self.since(lambda: actor.replies(actor.letters[0], text, **more))

    def says(self, actor: Actor, text: str, to: str = "ticket1", **more: Any) -> list[Letter]:
        """Write a mail that nothing proves; the letters that this led to."""
        return self.since(lambda: actor.writes(to, text, **more))

    def vouched(self, actor: Actor, text: str, to: str = "hello", **more: Any) -> list[Letter]:
        """Write a mail for whose From the front server stands."""
        self.world.database.trust = Trust("reply", FRONT)
        domain = actor.email.partition("@")[2]
        results = {"Authentication-Results": f"{FRONT}; dmarc=pass header.from={domain}"}
        return self.since(lambda: actor.writes(to, text, headers=results | more.pop("headers", {}), **more))

    def merges(self, letter: Letter, into: int) -> list[Letter]:
        """Ron merges the ticket of a letter into another one, and says yes; what that yes led to."""
        self.ron.replies(letter, f"Merge: {into}.")
        return self.since(lambda: self.ron.replies(self.ron.letter(), "yes"))

    def since(self, happens: Callable[[], object]) -> list[Letter]:
        before = len(self.world.far_end.letters)
        happens()
        return self.world.far_end.letters[before:]

    @property
    def ticket(self) -> dict[str, Any]:
        return self.world.ticket()

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.world.ticket()["messages"]
        return found

    @property
    def status(self) -> str:
        return str(self.ticket["status"])

    def raw(self, ticket: int, number: int) -> str:
        """What `tickets raw` prints."""
        with self.world.database.read_only() as uow:
            mail = find_message(uow, find_ticket(uow, ticket), number).mail_id
            return bytes(uow.session.scalars(select(Mail.raw).where(Mail.id == mail)).one()).decode()


def opened(url: str, life: str) -> Iterator[Office]:
    world = World(url, lifecycle=life)
    with world.serving():
        yield Office(world, life)
    world.close()


@pytest.fixture(params=LIFECYCLES)
def office(request: pytest.FixtureRequest, database_url: str) -> Iterator[Office]:
    """An office of each lifecycle, on SQLite."""
    yield from opened(database_url, request.param)


@pytest.fixture(params=LIFECYCLES)
def every_office(request: pytest.FixtureRequest, any_database_url: str) -> Iterator[Office]:
    """An office of each lifecycle on each database."""
    yield from opened(any_database_url, request.param)


@pytest.fixture
def helpdesk(database_url: str) -> Iterator[Office]:
    """An office that lives by `support`."""
    yield from opened(database_url, "support")


@pytest.fixture
def mailroom(database_url: str) -> Iterator[Office]:
    """An office that lives by `correspondence`."""
    yield from opened(database_url, "correspondence")


def to(letters: list[Letter], who: Actor) -> list[Letter]:
    return [letter for letter in letters if letter.recipient == who.email]


def emails(people: list[dict[str, str]]) -> list[str]:
    return [person["email"] for person in people]


def quoted(letter: Letter) -> str:
    """What a mail client puts below an answer."""
    return f"On Sat, 21 Nov 2026 at 12:00, {letter['From']} wrote:\n" + "".join(
        f"> {line}\n" for line in letter.all_text.split("\n")
    )


# Every command

COMMANDED: dict[str, tuple[str, object]] = {
    "Queue: Questions": ("queue", "Questions"),
    "queue: QUESTIONS": ("queue", "Questions"),
    f"Owner: {ROSA}": ("assignee", {"email": ROSA, "name": "Rosa"}),
    f"Owner: Rosa Someone <{ROSA.upper()}>": ("assignee", {"email": ROSA, "name": "Rosa"}),
    "Owner: Rosa": ("assignee", {"email": ROSA, "name": "Rosa"}),
    "owner: ME": ("assignee", {"email": RON, "name": "Ron"}),
    f"Requestor: Otto <{OTTO}>": ("requestor", {"email": OTTO, "name": "Otto"}),
    f"Requestor: {OTTO}": ("requestor", {"email": OTTO, "name": ""}),
    "Subject: Fire in room 12": ("title", "Fire in room 12"),
    "Priority: 10": ("priority", 10),
    "Priority: -3": ("priority", -3),
    f"AddCc: {PIA}, Otto <{OTTO}>": ("participants", [PIA, OTTO]),
    f"AddCc: {PIA}\nAddCc: {OTTO}": ("participants", [PIA, OTTO]),
}
EACH = pytest.mark.parametrize(("lines", "effect"), COMMANDED.items(), ids=COMMANDED)
# One of each command: how values are read does not depend on how the mail came.
ONE_OF_EACH = pytest.mark.parametrize(
    ("lines", "effect"), {effect[0]: (lines, effect) for lines, effect in COMMANDED.items()}.values(), ids=str
)


def found(office: Office, number: int, field: str) -> object:
    value = office.world.ticket(number)[field]
    return [email for email in emails(value) if email not in (RITA, RON)] if field == "participants" else value


@EACH
def test_a_command_on_a_reply_holds_and_its_line_is_taken_out(
    office: Office, lines: str, effect: tuple[str, object]
) -> None:
    office.steers(office.ron, f"{lines}\n\nOn my way.")
    assert found(office, 1, effect[0]) == effect[1]
    assert [message["text"] for message in office.messages] == ["Help!", "On my way."]
    assert office.messages[1]["full_text"].strip() == "On my way."
    # The words below a line that moves it are for its new team.
    moved = effect[0] == "queue"
    assert (office.messages[1]["verified"], office.messages[1]["private"]) == (True, moved)
    assert lines.split("\n")[0] in office.raw(1, 2)
    for reader in (office.quinn,) if moved else (office.rita, office.rosa):
        letter = reader.letter()
        assert "On my way." in letter.text
        assert lines.split("\n")[0] not in letter.all_text


@ONE_OF_EACH
def test_a_command_that_nothing_proves_waits_until_its_letter_is_answered(
    office: Office, lines: str, effect: tuple[str, object]
) -> None:
    before = found(office, 1, effect[0])
    letters = office.says(office.ron, f"{lines}\n\nOn my way.")
    assert found(office, 1, effect[0]) == before
    assert [message["text"] for message in office.messages] == ["Help!", "On my way."]
    assert office.messages[1]["verified"] is False
    [waiting] = to(letters, office.ron)
    assert "Did you send this?" in waiting.text
    assert all(line in waiting.text for line in lines.split("\n"))
    office.ron.replies(waiting, "yes")
    assert found(office, 1, effect[0]) == effect[1]
    assert len(office.messages) == 2
    assert "Done. On ticket 1" in office.ron.letter().text


@ONE_OF_EACH
def test_a_command_on_a_first_mail_holds(office: Office, lines: str, effect: tuple[str, object]) -> None:
    office.vouched(office.ron, f"{lines}\n\nThe lift is stuck.", subject="Lift")
    assert found(office, 2, effect[0]) == effect[1]
    ticket = office.world.ticket(2)
    assert [message["text"] for message in ticket["messages"]] == ["The lift is stuck."]
    assert ticket["messages"][0]["action"] is None
    assert lines.split("\n")[0] in office.raw(2, 1)
    told = [letter for letter in office.world.far_end.letters if "Ron <ron@example.org> wrote:" in letter.text]
    assert told
    assert all("The lift is stuck." in letter.text for letter in told)
    assert all(lines.split("\n")[0] not in letter.all_text for letter in told)


@ONE_OF_EACH
def test_a_command_on_a_first_mail_that_nothing_proves_waits(
    office: Office, lines: str, effect: tuple[str, object]
) -> None:
    letters = office.says(office.ron, f"{lines}\n\nThe lift is stuck.", to="hello", subject="Lift")
    assert found(office, 2, effect[0]) != effect[1]
    assert [message["text"] for message in office.world.ticket(2)["messages"]] == ["The lift is stuck."]
    [waiting] = to(letters, office.ron)
    assert "An email from your address opened ticket 2" in waiting.text
    office.ron.replies(waiting, "yes")
    assert found(office, 2, effect[0]) == effect[1]
    assert len(office.world.ticket(2)["messages"]) == 1


@pytest.mark.parametrize("proven", [True, False])
def test_what_was_set_can_be_taken_away(office: Office, proven: bool) -> None:
    office.steers(office.ron, f"Owner: me\nPriority: 5\nAddCc: {PIA}, {OTTO}")
    assert (office.ticket["assignee"]["email"], office.ticket["priority"]) == (RON, 5)
    lines = f"Owner: nobody\nPriority: none\nDelCc: {PIA}"
    if proven:
        office.steers(office.ron, lines)
    else:
        office.says(office.ron, lines)
        office.ron.replies(office.ron.letter(), "Yes.")
    ticket = office.ticket
    assert (ticket["assignee"], ticket["priority"], emails(ticket["participants"])) == (None, None, [OTTO])
    assert len(office.messages) == 1


@pytest.mark.parametrize("proven", [True, False])
def test_a_status_can_be_set_without_words(office: Office, proven: bool) -> None:
    line = f"Status: {AWAY[office.life.name].upper()}"
    if proven:
        office.steers(office.ron, line)
    else:
        office.says(office.ron, line)
        assert office.status == office.life.first
        office.ron.replies(office.ron.letter(), "ok")
    assert (office.status, len(office.messages)) == (AWAY[office.life.name], 1)


def test_a_status_can_be_set_with_the_first_mail(office: Office) -> None:
    office.vouched(office.ron, f"Status: {office.life.solved_status}\n\nI have mended the lift.", subject="Lift")
    assert office.world.ticket(2)["status"] == office.life.solved_status


@pytest.mark.parametrize("proven", [True, False])
def test_status_is_applied_after_what_the_reply_does(office: Office, proven: bool) -> None:
    name = office.life.name
    text = f"Status: {WAITING[name]}\n\nWhich printer is it?"
    if proven:
        office.steers(office.ron, text)
    else:
        office.says(office.ron, text)
        assert office.status == REPLIED[name]
        if name == "support":
            return  # From Answered a responder has no way to that status, and is told so.
        office.ron.replies(office.ron.letter(), "yes")
    assert office.status == WAITING[name]
    assert office.ticket["last_response"] is not None
    assert "Which printer is it?" in office.rita.letter().text


def test_the_reply_that_asks_for_information_is_recorded_as_that(helpdesk: Office) -> None:
    helpdesk.steers(helpdesk.ron, "Status: Needs information\n\nWhich one?")
    assert helpdesk.messages[-1]["action"] == "Request for more information"
    assert "Ron asks for more information:" in helpdesk.rita.letter().text


@pytest.mark.parametrize("title", ["Request for more information", "request FOR more information"])
def test_an_action_says_what_the_reply_does(helpdesk: Office, title: str) -> None:
    helpdesk.steers(helpdesk.ron, f"Action: {title}\n\nWhich one?")
    assert (helpdesk.status, helpdesk.messages[-1]["action"]) == ("Needs information", "Request for more information")


def test_an_action_of_the_shared_inbox_is_a_comment_for_those_who_answer(mailroom: Office) -> None:
    letters = mailroom.steers(mailroom.ron, "Action: Comment\n\nDo we know her?")
    assert (mailroom.status, mailroom.messages[-1]["private"]) == ("new", True)
    assert to(letters, mailroom.rita) == []


def test_an_action_that_nothing_proves_waits_while_the_words_do_what_they_do(helpdesk: Office) -> None:
    helpdesk.says(helpdesk.ron, "Action: Reject\n\nWe do no printers.")
    assert (helpdesk.status, helpdesk.messages[-1]["action"]) == ("Answered", "Answer")
    helpdesk.ron.replies(helpdesk.ron.letter(), "yes")
    assert (helpdesk.status, len(helpdesk.messages)) == ("Invalid", 2)


@pytest.mark.parametrize("proven", [True, False])
def test_a_ticket_becomes_part_of_another(every_office: Office, proven: bool) -> None:
    office = every_office
    otto = office.world.actor(OTTO, "Otto")
    otto.writes("hello", "Mine burns too.")
    (office.steers if proven else office.says)(office.ron, "Merge: #2\n\nThe same thing.")
    assert (office.ticket["merged_into"], len(office.messages)) == (None, 2)
    asked = office.ron.letter()
    # It names who will read what, whoever waits for it.
    assert "    Merge: #2\n\nRita will see ticket 2 (1 message)." in asked.text
    assert "Otto will see ticket 1 (2 messages)." in asked.text
    assert "A merge can't be undone." in asked.text
    assert ("Did you send this?" in asked.text) == (not proven)
    letters = office.since(lambda: office.ron.replies(asked, "yes"))
    [told] = to(letters, office.rita)
    assert told.words == 'Your ticket 1 is now part of ticket 2, "Hello". Reply here from now on.'
    assert "You're getting this because you're copied in on ticket 2." in to(letters, office.rita)[0].footer
    assert to(letters, otto) == []
    assert (office.ticket["merged_into"], office.messages) == (2, [])
    into = office.world.ticket(2)
    assert [message["text"] for message in into["messages"]] == ["Mine burns too.", "Help!", "The same thing."]
    assert [message["number"] for message in into["messages"]] == [1, 2, 3]
    assert (into["requestor"]["email"], emails(into["participants"])) == (OTTO, [RITA])
    assert "A merge can't be undone." in office.ron.letter().text
    [refusal] = office.since(lambda: office.ron.replies(office.ron.letter(), "undo"))
    assert refusal.text.startswith("We couldn't undo that. A merge can't be undone.")
    assert office.ticket["merged_into"] == 2


def test_a_merge_that_is_declined_or_refused_does_nothing(office: Office) -> None:
    office.world.actor(OTTO, "Otto").writes("hello", "Mine burns too.")
    office.steers(office.ron, "Merge: 2\nPriority: 3")
    office.ron.replies(office.ron.letter(), "no")
    assert (office.ticket["merged_into"], office.ticket["priority"]) == (None, None)
    [refusal] = office.steers(office.ron, "Merge: 2\nPriority: high")
    assert "will read" not in refusal.text
    assert '    Priority: high\n        "high" isn\'t a priority' in refusal.text


def test_tickets_of_one_requestor_are_merged_at_once_and_their_letter_says_so(office: Office) -> None:
    office.rita.writes("hello", "It burns again.", subject="Again")
    letter = office.ron.letter()
    letters = office.since(lambda: office.ron.replies(letter, "Merge: 1\n\nThe same thing."))
    assert office.world.ticket(2)["merged_into"] == 1
    [told] = to(letters, office.rita)
    assert 'now part of ticket 1, "Printer". Reply here from now on.\n\nThe same thing.' in told.text
    assert "A merge can't be undone." in to(letters, office.ron)[0].text


def test_the_reason_in_a_footer_is_true_after_a_ticket_was_given_to_somebody_else(office: Office) -> None:
    otto = office.world.actor(OTTO, "Otto")
    office.steers(office.ron, f"Requestor: {OTTO}")
    office.steers(office.ron, "Try water.")
    assert otto.letter().footer.endswith("You're getting this because ticket 1 is in your name.")
    assert office.rita.letter().footer.endswith("You're getting this because you're copied in on ticket 1.")
    office.steers(office.ron, f"Requestor: {RITA}")
    office.steers(office.ron, "Did it help?")
    assert office.rita.letter().footer.endswith("You're getting this because ticket 1 is your request.")
    # Who answered for the queue of a merged ticket answered for that one.
    office.world.known(RON, admin=True)
    office.world.actor(EVE).writes("questions", "Why?")
    office.merges(office.ron.letters[0], 2)
    told = next(letter for letter in reversed(office.rosa.letters) if "ticket2@" in letter["Reply-To"])
    assert told.footer.endswith("You're getting this because ticket 1 was in General, and you're on that team.")


def test_a_full_stop_behind_a_value_is_no_part_of_it(office: Office) -> None:
    office.world.actor(OTTO, "Otto").writes("hello", "Mine burns too.")
    office.steers(office.ron, f"Owner: Rosa.\nPriority: 1.\nQueue: General.\nAddCc: {PIA}.\nRequestor: {RITA}.")
    ticket = office.ticket
    assert (ticket["assignee"]["email"], ticket["priority"], emails(ticket["participants"])) == (ROSA, 1, [PIA])
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}.")
    assert office.status == AWAY[office.life.name]
    office.merges(office.ron.letters[0], 2)
    assert office.ticket["merged_into"] == 2


def test_many_commands_hold_in_one_mail(office: Office) -> None:
    office.steers(office.ron, f"Owner: Rosa\nPriority: 1\nSubject: Fire\nAddCc: {PIA}\nQueue: General\n\nLook.")
    ticket = office.ticket
    assert (ticket["assignee"]["email"], ticket["priority"], ticket["title"]) == (ROSA, 1, "Fire")
    assert emails(ticket["participants"]) == [PIA]
    assert office.world.actor(PIA).letter().text.endswith("Look." if office.status == "new" else office.status)


def test_who_can_be_assigned_depends_on_the_queue_that_the_mail_names(office: Office) -> None:
    office.steers(office.ron, "Owner: Quinn\nQueue: Questions")
    assert (office.ticket["assignee"]["email"], office.ticket["queue"]) == (QUINN, "Questions")
    assert "Owner: nobody → Quinn" in office.quinn.letter().text


def test_a_mail_in_html_alone_has_commands(office: Office) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = RON, f"ticket1@{DOMAIN}", "Re: Printer"
    mail["Date"], mail["Message-ID"] = format_datetime(office.world.clock.now), make_msgid(domain="home.example")
    mail["In-Reply-To"] = office.ron.letters[0]["Message-ID"]
    mail.set_content(
        "<html><body><div><b>Owner:</b> me</div><div>Priority:&nbsp;7</div><div><br></div><p>On my way.</p></body>",
        subtype="html",
    )
    office.world.brings(mail.as_bytes(), RON, f"ticket1@{DOMAIN}")
    assert (office.ticket["assignee"]["email"], office.ticket["priority"]) == (RON, 7)
    assert office.messages[-1]["text"] == "On my way."


@pytest.mark.parametrize(
    "text",
    [
        "> Owner: me\n> Priority: 1\n\nIs that what you want?",
        "On Monday Rita wrote:\n> Owner: me\n\nWhat is that?",
        "Hello Rita,\nOwner: me",
        "Note: the printer is at\nOwner: me",
        "Hello: how are you?",
        "https://example.org/\nOwner: me",
    ],
)
def test_quoted_lines_and_prose_are_no_commands(office: Office, text: str) -> None:
    letters = office.steers(office.ron, text)
    assert (office.ticket["assignee"], office.ticket["priority"]) == (None, None)
    assert len(office.messages) == 2
    assert to(letters, office.ron) == []


def test_commands_at_a_queues_address_hold_for_the_ticket_that_the_mail_belongs_to(office: Office) -> None:
    office.ron.writes("hello", "Owner: me", answering=office.ron.letters[0])
    assert office.ticket["assignee"]["email"] == RON


# All or none


def test_if_one_line_cannot_be_none_is_done_and_each_is_explained(office: Office) -> None:
    letters = office.steers(office.ron, "Owner: me\nStaus: open\nQueue: Nowhere\nPriority: high\n\nOn my way.")
    ticket = office.ticket
    assert (ticket["assignee"], ticket["queue"], ticket["priority"]) == (None, "General", None)
    # The words are a plain reply.
    assert (office.status, office.messages[-1]["text"]) == (REPLIED[office.life.name], "On my way.")
    assert all("Owner: me" not in letter.all_text for letter in to(letters, office.rita))
    [refusal] = to(letters, office.ron)
    assert refusal.text.startswith("We couldn't do this on ticket 1, so we changed nothing:")
    said = refusal.text.split("\n")
    for line, why in {
        "Owner: me": "This one is fine.",
        "Staus: open": 'There\'s no command "Staus". Did you mean Status?',
        "Queue: Nowhere": "General",
        "Priority: high": "a whole number, or none",
    }.items():
        at = next(place for place, one in enumerate(said) if one.strip() == line)
        assert why in said[at + 1]
    assert refusal.text.endswith("Your message itself was added, without these lines:\n\nOn my way.")


def test_a_refusal_of_commands_alone_posts_nothing(office: Office) -> None:
    letters = office.steers(office.ron, "Owner: somebody@else.example")
    assert len(office.messages) == 1
    assert [letter.recipient for letter in letters] == [RON]
    assert "Your message" not in letters[0].text


def test_commands_of_a_first_mail_that_cannot_be_leave_the_ticket_open_all_the_same(office: Office) -> None:
    letters = office.vouched(office.ron, "Owner: me\nQueue: Nowhere\n\nThe lift is stuck.", subject="Lift")
    ticket = office.world.ticket(2)
    assert (ticket["assignee"], ticket["queue"], ticket["status"]) == (None, "General", office.life.first)
    [refusal] = to(letters, office.ron)
    assert "We couldn't do this on ticket 2" in refusal.text
    assert "The lift is stuck." in office.rosa.letter().text


def test_whom_a_refused_line_named_can_be_named_again_by_the_same_mail(every_office: Office) -> None:
    """One mail for two tickets: on the first its lines are refused, on the second they hold."""
    office = every_office
    office.world.opens(OTTO, "Another")
    places = [f"ticket1-comment@{DOMAIN}", f"ticket2@{DOMAIN}"]
    raw = f"From: {RON}\r\nTo: {', '.join(places)}\r\nMessage-ID: <both@x>\r\n"
    raw = f"Authentication-Results: mx.example; dmarc=pass header.from={RON.rpartition('@')[2]}\r\n{raw}\r\n"
    office.world.database.trust = Trust("reply", "mx.example")
    raw += f"AddCc: {PIA}, Pia <{PIA}>\r\nStatus: {AWAY[office.life.name]}\r\n"
    office.world.brings(raw.encode(), RON, *places)
    assert (found(office, 1, "participants"), office.status) == ([], office.life.first)
    second = office.world.ticket(2)["status"]
    assert (found(office, 2, "participants"), second) == ([PIA], AWAY[office.life.name])


def test_a_misspelt_command_alone_is_reported_and_its_words_are_posted(office: Office) -> None:
    letters = office.steers(office.ron, "Staus: open\n\nOn my way.")
    assert office.messages[-1]["text"] == "On my way."
    assert "Did you mean Status?" in to(letters, office.ron)[0].text


def test_lines_that_waited_are_refused_in_words_too(office: Office) -> None:
    office.says(office.ron, "Owner: me\nQueue: Nowhere")
    office.ron.replies(office.ron.letter(), "yes")
    assert office.ticket["assignee"] is None
    assert "We couldn't do this on ticket 1" in office.ron.letter().text


BAD: dict[str, tuple[str, ...]] = {
    "Queue: Nowhere": ("General", "Questions"),
    "Status: finished": (),
    "Owner: nobody@else.example": ("Ron or Rosa",),
    "Owner: Zoe": ("Ron or Rosa",),
    f"Owner: {QUINN}": (QUINN, "isn't on the General team", RON, ROSA),
    f"Owner: {RITA}": ("isn't on the General team", RON),
    "Owner: me, Rosa": ("Ron or Rosa",),
    "Owner:": ("Owner needs a value", "Owner: me"),
    "Requestor: Zoe": ("Zoe", "Please use the address"),
    "Requestor: zoe@": ("ann@example.org",),
    f"Requestor: {PIA}, {OTTO}": ("Only one person fits here",),
    f"Requestor: hello@{DOMAIN}": (f"hello@{DOMAIN}",),
    f"AddCc: ticket1@{DOMAIN}": (f"ticket1@{DOMAIN}",),
    "AddCc: ,": ("AddCc needs a value, like: AddCc: bea@example.org",),
    f"DelCc: {PIA}": (f"{PIA} isn't copied in",),
    "Priority: high": ("a whole number, or none",),
    "Priority: 1e9": ("a whole number, or none",),
    "Priority: 99999999999999999999": ("a whole number, or none",),
    "Subject:": ("Subject needs a value",),
    "Merge: 1": ("You can't merge a ticket into itself",),
    "Merge: 99": ("There's no ticket 99.",),
    "Merge: 0": ("ticket",),
    "Merge: the other one": ("isn't a ticket number", "Merge: 12"),
    "Merge: 99999999999999999999": ("isn't a ticket number",),
    "Action: Dance": ('There\'s no action "Dance"', "Comment"),
    "Owner: me\nOwner: Rosa": ("You used Owner twice.",),
    "Status: x\nHello: there": ('There\'s no command "Hello"', "An empty line ends the commands."),
}


@pytest.mark.parametrize(("lines", "told"), BAD.items(), ids=BAD)
def test_what_cannot_be_is_refused_with_what_would_have_been_right(
    office: Office, lines: str, told: tuple[str, ...]
) -> None:
    before = office.ticket
    [refusal] = office.steers(office.ron, lines)
    assert refusal.recipient == RON
    assert "We couldn't do this on ticket 1" in refusal.text
    for words in told:
        assert words in refusal.text
    if lines == "Status: finished":
        assert all(status in refusal.text for status in office.life.statuses)
    assert office.ticket == before


@pytest.mark.parametrize("command", ["Owner", "Requestor", "AddCc"])
def test_a_name_of_two_people_is_refused_with_both(office: Office, command: str) -> None:
    office.world.responder("rosa@elsewhere.example", "Rosa")
    [refusal] = office.steers(office.ron, f"{command}: rosa")
    assert f'"rosa" could be Rosa <{ROSA}> or Rosa <rosa@elsewhere.example>. Please use the address.' in refusal.text


def test_a_ring_of_merges_is_refused(office: Office) -> None:
    office.world.actor(OTTO).writes("hello", "Mine burns too.")
    office.merges(office.ron.letters[0], 2)
    letter = next(letter for letter in office.ron.letters if "[General #2]" in letter["Subject"])
    [refusal] = office.since(lambda: office.ron.replies(letter, "Merge: 1"))
    assert "Ticket 1 is already part of this one." in refusal.text
    assert office.world.ticket(2)["merged_into"] is None


def test_nobody_merges_into_a_queue_for_which_they_do_not_answer(office: Office) -> None:
    office.world.actor(OTTO).writes("questions", "Why?")
    letters = office.steers(office.ron, "Merge: 2")
    assert (office.ticket["merged_into"], [letter.recipient for letter in letters]) == (None, [RON])
    assert "Why?" not in letters[0].text
    # An administrator does.
    office.world.known(RON, admin=True)
    office.merges(office.ron.letters[0], 2)
    assert office.ticket["merged_into"] == 2


def test_a_status_that_the_table_does_not_give_names_those_that_it_does(helpdesk: Office) -> None:
    [refusal] = helpdesk.steers(helpdesk.ron, "Status: Solved")
    assert "You can't set this ticket to Solved. It's Open, and you can set it to " in refusal.text
    assert helpdesk.status == "Open"


# What a requestor may do


def test_a_requestor_confirms_the_answer(helpdesk: Office) -> None:
    helpdesk.steers(helpdesk.ron, "Water helps.")
    answer = helpdesk.rita.letter()
    assert "Start your reply with: Status: Solved" in answer.footer
    letters = helpdesk.since(lambda: helpdesk.rita.replies(answer, f"Status: Solved\n\nThanks!\n\n{quoted(answer)}"))
    ticket = helpdesk.ticket
    assert (ticket["status"], ticket["answer"], ticket["answerer"]["email"]) == ("Solved", 2, RON)
    assert (ticket["messages"][-1]["text"], ticket["messages"][-1]["action"]) == ("Thanks!", "Confirm")
    [receipt] = to(letters, helpdesk.rita)
    assert "Status: Answered → Solved" in receipt.text
    assert "Start your reply with: undo" in receipt.footer


def test_a_requestor_confirms_without_words_and_all_are_told_of_the_status(helpdesk: Office) -> None:
    helpdesk.steers(helpdesk.ron, "Water helps.")
    helpdesk.world.asks_in(1, QUINN)
    letters = helpdesk.since(lambda: helpdesk.rita.replies(helpdesk.rita.letter(), "status: solved"))
    ticket = helpdesk.ticket
    assert (ticket["status"], ticket["answer"], ticket["answerer"]["email"]) == ("Solved", 2, RON)
    assert len(ticket["messages"]) == 2
    assert sorted(letter.recipient for letter in letters) == sorted([QUINN, RITA, RON, ROSA])
    assert "Status: Answered → Solved" in to(letters, helpdesk.ron)[0].text


def test_without_an_answer_a_requestors_words_are_their_own_answer(helpdesk: Office) -> None:
    helpdesk.steers(helpdesk.ron, "Action: Comment\n\nHm.")
    helpdesk.rita.replies(helpdesk.rita.letter(), "Status: Solved\n\nI pulled the plug.")
    ticket = helpdesk.ticket
    assert (ticket["status"], ticket["answer"], ticket["answerer"]["email"]) == ("Solved", 3, RITA)


@pytest.mark.parametrize("words", ["", "\n\nIt is settled."])
def test_a_requestor_ends_a_ticket_of_the_shared_inbox(mailroom: Office, words: str) -> None:
    mailroom.steers(mailroom.ron, "Try water.")
    assert "Start your reply with: Status: resolved" in mailroom.rita.letter().footer
    mailroom.rita.replies(mailroom.rita.letter(), f"Status: resolved{words}")
    assert (mailroom.status, len(mailroom.messages)) == ("resolved", 3 if words else 2)
    assert mailroom.ticket["solved"] is not None


def test_a_requestors_line_that_nothing_proves_waits(office: Office) -> None:
    line = DONE[office.life.name]
    letters = office.says(office.rita, line)
    assert (office.status, len(office.messages)) == (office.life.first, 1)
    [waiting] = letters
    assert (waiting.recipient, line in waiting.text) == (RITA, True)
    office.rita.replies(waiting, "Yes")
    assert (office.status, len(office.messages)) == (office.life.solved_status, 1)


@pytest.mark.parametrize("action", ["Reopen", "Give more information"])
def test_a_requestor_names_the_actions_that_the_table_gives(helpdesk: Office, action: str) -> None:
    helpdesk.steers(helpdesk.ron, "Water helps.")
    letters = helpdesk.since(lambda: helpdesk.rita.replies(helpdesk.rita.letter(), f"Action: {action}\n\nNo."))
    assert helpdesk.status == ("Open")
    refused = "We couldn't do this" in to(letters, helpdesk.rita)[0].text
    # While it is Answered, a requestor gives no more information: they reopen.
    assert refused == (action == "Give more information")


def test_a_requestor_is_refused_any_other_status(office: Office) -> None:
    office.steers(office.ron, "Try water.")
    status = AWAY[office.life.name]
    letters = office.since(lambda: office.rita.replies(office.rita.letter(), f"Status: {status}\n\nNo."))
    assert office.status != status
    assert office.messages[-1]["text"] == "No."
    assert f"You can't set this ticket to {status}" in to(letters, office.rita)[0].text


@pytest.mark.parametrize("line", ["Queue: Questions", f"Owner: {RON}", "Merge: 2", f"AddCc: {PIA}", "Subject: x"])
def test_other_lines_of_a_requestor_are_just_text(office: Office, line: str) -> None:
    office.steers(office.ron, "Try water.")
    letters = office.since(lambda: office.rita.replies(office.rita.letter(), f"{line}\n\nPlease."))
    assert office.messages[-1]["text"] == f"{line}\n\nPlease."
    ticket = office.ticket
    assert (ticket["queue"], ticket["assignee"], ticket["participants"]) == ("General", None, [])
    assert to(letters, office.rita) == []


@pytest.mark.parametrize("role", ["participant", "known", "stranger"])
def test_lines_of_all_others_are_just_text(office: Office, role: str) -> None:
    pia = office.world.actor(PIA) if role == "stranger" else office.world.known(PIA, "Pia")
    if role == "participant":
        office.world.asks_in(1, PIA)
    office.steers(office.ron, "Try water.")
    text = f"{DONE[office.life.name]}\nOwner: me\n\nIt works."
    if role == "participant":
        pia.replies(pia.letter(), text)
    else:
        pia.writes("ticket1", text)
    assert office.messages[-1]["text"] == text
    assert (office.ticket["assignee"], office.status != office.life.solved_status) == (None, True)


@pytest.mark.parametrize("writer", [RITA, EVE])
def test_lines_on_top_of_a_first_mail_of_others_are_just_text(office: Office, writer: str) -> None:
    text = f"Queue: Questions\nOwner: {RON}\n\nHelp!"
    letters = office.says(office.world.actor(writer), text, to="hello")
    ticket = office.world.ticket(2)
    assert (ticket["queue"], ticket["assignee"], ticket["messages"][0]["text"]) == ("General", None, text)
    assert [letter for letter in letters if letter.recipient == writer] == []


def test_help_and_refusals_name_the_commands_of_a_requestor() -> None:
    assert FOR_REQUESTORS == (STATUS, ACTION)


# Who hears


def test_a_mail_of_commands_alone_is_no_message_and_no_letter_to_the_requestor(office: Office) -> None:
    letters = office.steers(office.ron, f"Owner: Rosa\nPriority: 1\nSubject: Fire\nAddCc: {PIA}")
    assert len(office.messages) == 1
    assert sorted(letter.recipient for letter in letters) == [RON, ROSA]
    assert "Owner: nobody → Rosa" in to(letters, office.rosa)[0].text


def test_a_new_status_is_told_to_all_where_the_lifecycle_says_so(office: Office) -> None:
    letters = office.steers(office.ron, f"Status: {AWAY[office.life.name]}\nOwner: Rosa")
    told = to(letters, office.rita)
    assert len(told) == (1 if office.life.status_for_all else 0)
    assert all("Owner" not in letter.text for letter in told)


def test_with_words_outsiders_read_the_words_and_the_status_and_nothing_else(office: Office) -> None:
    office.steers(office.ron, f"Owner: Rosa\nPriority: 1\nStatus: {WAITING[office.life.name]}\n\nWhich one?")
    letter = office.rita.letter()
    assert "Which one?" in letter.text
    assert f"Status: {office.life.first} → {WAITING[office.life.name]}" in letter.text
    assert "Owner" not in letter.text
    assert "Priority" not in letter.text
    assert "Owner: nobody" in office.rosa.letter().text


def test_who_answered_for_the_old_queue_and_who_does_for_the_new_one_hear_of_the_move(office: Office) -> None:
    letters = office.steers(office.ron, "Queue: Questions")
    assert sorted(letter.recipient for letter in letters) == sorted([QUINN, RON, ROSA])
    assert all("Queue: General → Questions" in letter.text for letter in letters)


def test_letters_go_to_the_new_requestor_from_then_on(office: Office) -> None:
    otto = office.world.actor(OTTO, "Otto")
    office.steers(office.ron, f"Requestor: {OTTO}")
    assert otto.letters == []
    office.steers(office.ron, "Try water.")
    assert "Try water." in otto.letter().text
    assert emails(office.ticket["participants"]) == [RITA]
    assert "Try water." in office.rita.letter().text
    assert office.world.ticket(1, OTTO)["reply"]["as"] == Role.REQUESTOR


def test_who_was_let_out_gets_no_more_letters(office: Office) -> None:
    pia = office.world.actor(PIA)
    office.steers(office.ron, f"AddCc: {PIA}")
    office.steers(office.ron, "Look.")
    office.steers(office.ron, f"DelCc: {PIA}\n\nLook again.")
    assert len(pia.letters) == 1


# Receipts


def test_a_receipt_says_number_address_what_changed_and_how_to_undo_it(office: Office) -> None:
    letters = office.steers(office.ron, "Owner: Rosa\nPriority: 3\n\nLook.")
    [receipt] = to(letters, office.ron)
    lines = [
        f"Done. On ticket 1 (ticket1@{DOMAIN}) you changed:",
        "",
        "    Owner: nobody → Rosa",
        "    Priority: none → 3",
        f"    Status: {office.life.first} → {REPLIED[office.life.name]}",
    ]
    assert receipt.text == "\n".join(lines)
    assert "Undo this change? Start your reply with: undo" in receipt.footer
    assert receipt["Reply-To"] == f"ticket1@{DOMAIN}"
    assert "[General #1] Printer" in receipt["Subject"]


def test_undo_takes_back_who_was_let_in_or_out(every_office: Office) -> None:
    office = every_office
    office.steers(office.ron, f"AddCc: {PIA}\nSubject: Fire")
    receipt = office.ron.letter()
    assert "DelCc" not in receipt.text
    assert "Start your reply with: undo" in receipt.footer
    [taken_back] = to(office.since(lambda: office.ron.replies(receipt, "undo")), office.ron)
    assert (office.ticket["title"], office.ticket["participants"]) == ("Printer", [])
    assert "Subject: Fire → Printer" in taken_back.text
    assert f"No longer copied in: {PIA}" in taken_back.text
    # That can be taken back, too, and so can letting out.
    office.ron.replies(taken_back, "undo")
    assert emails(office.ticket["participants"]) == [PIA]
    office.ron.replies(office.ron.letter(), f"DelCc: {PIA}")
    office.rosa.replies(office.rosa.letter(), "undo")
    assert emails(office.ticket["participants"]) == [PIA]
    assert {"field": "participant", "old": None, "new": PIA}.items() <= office.ticket["changes"][-1].items()


@pytest.mark.parametrize("lines", ["", "Priority: 3\n\n"])
def test_undo_takes_back_whom_a_reply_let_in_by_its_cc(office: Office, lines: str) -> None:
    letters = office.steers(office.ron, f"{lines}Try water.", headers={"Cc": PIA})
    assert emails(office.ticket["participants"]) == [PIA]
    [told] = to(letters, office.rosa)
    assert f"Copied in: {PIA}" in told.text
    assert "Start your reply with: undo" in told.footer
    assert all(PIA not in letter.text for letter in to(letters, office.rita))
    [taken_back] = to(office.since(lambda: office.rosa.replies(told, "undo")), office.rosa)
    assert office.ticket["participants"] == []
    assert f"No longer copied in: {PIA}" in taken_back.text
    office.ron.replies(office.ron.letter(), "Try oil.", headers={"Cc": f"{PIA}, {OTTO}"})
    office.rosa.replies(office.rosa.letter(), "undo")
    assert (office.ticket["participants"], office.status) == ([], office.life.first)


def test_commands_that_change_nothing_have_a_receipt_that_says_so(office: Office) -> None:
    letters = office.steers(office.ron, "Queue: General\nOwner: nobody")
    assert [letter.recipient for letter in letters] == [RON]
    assert "Nothing to change: ticket" in letters[0].text


@pytest.mark.parametrize("proven", [True, False])
def test_a_responder_who_opens_a_ticket_gets_a_receipt(office: Office, proven: bool) -> None:
    opens = office.vouched if proven else office.says
    letters = opens(office.ron, "The lift is stuck.", to="hello", subject="Lift")
    [receipt] = to(letters, office.ron)
    assert receipt.text.startswith(f"You opened ticket 2 in General (ticket2@{DOMAIN}).")
    rid = f"Status: {office.life.spam}"
    assert f"Start your reply with:\n    {rid}" in receipt.text
    # The advice holds.
    office.ron.replies(receipt, rid)
    if office.life.name == "correspondence":
        assert office.world.ticket(2)["status"] == office.life.spam


def test_a_plain_reply_has_no_receipt(office: Office) -> None:
    assert to(office.steers(office.ron, "Try water."), office.ron) == []
    assert to(office.since(lambda: office.rita.replies(office.rita.letter(), "No.")), office.rita) == []


# Undo

STATE = ("queue", "title", "status", "priority", "requestor", "assignee")
DATES = ("last_query", "last_response", "solved", "answerer", "answer")


def state(office: Office) -> dict[str, Any]:
    return {name: office.ticket[name] for name in (*STATE, *DATES)}


@pytest.mark.parametrize(("by", "words"), [("who did it", ""), ("another responder", "\n\nLook.")])
def test_undo_brings_everything_back_as_it_was(every_office: Office, by: str, words: str) -> None:
    office = every_office
    office.steers(office.ron, "Try water.")
    office.steers(office.ron, "Owner: Rosa\nPriority: 1")
    before, told = state(office), len(office.messages)
    text = f"Owner: me\nPriority: none\nSubject: Fire\nRequestor: {OTTO}\nStatus: {AWAY[office.life.name]}{words}"
    office.steers(office.ron, text)
    assert state(office) != before
    actor = office.ron if by == "who did it" else office.rosa
    assert "Start your reply with: undo" in actor.letter().footer
    letters = office.since(lambda: actor.replies(actor.letter(), "undo"))
    assert state(office) == before
    assert len(office.messages) == told + bool(words)
    other = office.rosa if actor is office.ron else office.ron
    assert f"Status: {AWAY[office.life.name]} → {before['status']}" in to(letters, other)[0].text
    assert f"{AWAY[office.life.name]} → {before['status']}" in to(letters, actor)[0].text


def test_an_undo_can_be_undone(office: Office) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    office.ron.replies(office.ron.letter(), "undo")
    assert office.status == office.life.first
    office.ron.replies(office.ron.letter(), "Undo!")
    assert office.status == AWAY[office.life.name]


def test_a_plain_reply_that_changed_the_status_can_be_undone_by_a_responder(office: Office) -> None:
    before = state(office)
    office.steers(office.ron, "Try water.")
    letter = office.rosa.letter()
    assert "Start your reply with: undo" in letter.footer
    office.rosa.replies(letter, f"undo\n\n{quoted(letter)}")
    assert state(office) == before
    assert len(office.messages) == 2


def test_who_reopened_by_mistake_takes_it_back_with_an_answer_to_an_older_letter(every_office: Office) -> None:
    office = every_office
    office.steers(office.ron, "Try water.")
    if office.life.name == "correspondence":
        office.steers(office.ron, "Status: resolved\n\nThis must be it.")
    last, before = office.rita.letter(), state(office)
    office.rita.replies(last, "It does not work any more.")
    assert office.status in ("Open", "open")
    letters = office.since(lambda: office.rita.replies(last, "undo"))
    assert state(office) == before
    assert office.messages[-1]["text"] == "It does not work any more."
    assert "→" in to(letters, office.rita)[0].text
    assert to(letters, office.ron)


def test_a_confirmation_can_be_undone_with_all_that_it_set(helpdesk: Office) -> None:
    helpdesk.steers(helpdesk.ron, "Try water.")
    before = state(helpdesk)
    helpdesk.rita.replies(helpdesk.rita.letter(), "Status: Solved")
    assert helpdesk.ticket["answerer"]["email"] == RON
    helpdesk.rita.replies(helpdesk.rita.letter(), "undo")
    assert state(helpdesk) == before


def test_an_expiry_can_be_undone_by_a_responder(helpdesk: Office) -> None:
    helpdesk.world.act(1, "Expire", None, "Forgotten.")
    assert helpdesk.status == "Expired"
    helpdesk.ron.replies(helpdesk.ron.letter(), "undo")
    assert helpdesk.status == "Open"


@pytest.mark.parametrize("since", ["words", "a change"])
def test_undo_is_refused_in_words_when_something_else_has_happened_since(office: Office, since: str) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    receipt = office.ron.letter()
    if since == "words":
        office.rita.writes("ticket1", "Hello?")
    else:
        office.steers(office.rosa, "Owner: me")
    before = state(office)
    [refusal] = to(office.since(lambda: office.ron.replies(receipt, "undo")), office.ron)
    assert "We couldn't undo that. Something else has happened on ticket" in refusal.text
    assert state(office) == before


def test_private_words_and_those_of_bystanders_do_not_keep_undo_from_holding(office: Office) -> None:
    olga = office.world.known("olga@example.net", "Olga")
    first = office.ticket["requestor"]["email"], office.status
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}\nRequestor: {OTTO}")
    receipt = office.ron.letter()
    office.world.actor(EVE, "Eve").writes("ticket1", "I have it, too.")
    office.rosa.writes("ticket1-comment", "Hm.")
    # In `support` this one is public.
    olga.writes("ticket1", "Me, too.")
    assert len(office.messages) == 4
    last_query, last_response = office.ticket["last_query"], office.ticket["last_response"]
    office.ron.replies(receipt, "undo")
    assert (office.ticket["requestor"]["email"], office.status) == first
    assert emails(office.ticket["participants"]) == []
    assert (office.ticket["last_query"], office.ticket["last_response"]) == (last_query, last_response)
    assert {message["text"] for message in office.messages} >= {"I have it, too.", "Hm.", "Me, too."}


def test_a_colleague_whose_undo_no_longer_counts_is_told_so(office: Office) -> None:
    office.steers(office.ron, "Queue: Questions")
    told, count = office.rosa.letter(), len(office.messages)
    assert "You're getting this because ticket 1 was in General, and you're on that team." in told.footer
    letters = office.since(lambda: office.rosa.replies(told, "undo"))
    assert [letter.recipient for letter in letters] == [ROSA]
    assert (
        "Only the person who made the last change, or someone on the Questions team, can undo it." in letters[0].words
    )
    assert "You're getting this because an email from your address came to ticket 1." in letters[0].footer
    assert (office.ticket["queue"], len(office.messages)) == ("Questions", count)
    # Whoever made the change still takes it back.
    office.ron.replies(office.ron.letter(), "undo")
    assert office.ticket["queue"] == "General"


def test_a_requestor_cannot_undo_what_others_did(office: Office) -> None:
    office.steers(office.ron, "Try water.")
    before, count = state(office), len(office.messages)
    assert "undo" not in office.rita.letter().footer
    [refusal] = office.since(lambda: office.rita.replies(office.rita.letter(), "undo"))
    assert (refusal.recipient, "We couldn't undo that" in refusal.text) == (RITA, True)
    assert (state(office), len(office.messages)) == (before, count)


@pytest.mark.parametrize("role", ["participant", "stranger"])
def test_from_others_undo_is_text(office: Office, role: str) -> None:
    pia = office.world.known(PIA, "Pia") if role == "participant" else office.world.actor(PIA)
    if role == "participant":
        office.world.asks_in(1, PIA)
    office.steers(office.ron, "Try water.")
    status = office.status
    pia.writes("ticket1", "undo")
    assert (office.messages[-1]["text"], office.status) == ("undo", status)


def test_what_else_stands_below_undo_is_a_comment_that_changes_nothing(office: Office) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    office.ron.replies(office.ron.letter(), "Undo.\n\nI meant another one.")
    assert office.status == office.life.first
    message = office.messages[-1]
    assert (message["text"], message["action"]) == ("I meant another one.", "Comment")
    assert message["full_text"] == "I meant another one."


def test_undo_amid_a_text_is_text(office: Office) -> None:
    office.steers(office.ron, "Try water.")
    office.rosa.replies(office.rosa.letter(), "Please do not\nundo\nthat.")
    assert office.messages[-1]["text"] == "Please do not\nundo\nthat."


def test_with_nothing_to_take_back_undo_says_so(office: Office) -> None:
    [refusal] = office.steers(office.ron, "undo")
    assert "There's nothing to undo on this ticket." in refusal.text


def test_undo_that_nothing_proves_waits(office: Office) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    [waiting] = office.says(office.ron, "undo")
    assert (waiting.recipient, office.status) == (RON, AWAY[office.life.name])
    office.ron.replies(waiting, "yes")
    assert office.status == office.life.first


# Pages


def test_help_says_what_can_be_done_with_this_ticket_now(office: Office) -> None:
    [page] = office.steers(office.ron, "help")
    assert page.recipient == RON
    assert len(office.messages) == 1
    assert all(f"    {command.name}: " in page.text for command in COMMANDS)
    assert "moves it to another queue: General, Questions" in page.text
    assert "assigns it: me, nobody, Ron, Rosa" in page.text
    cell = office.life.default_reply(office.life.first, Role.RESPONDER)
    assert f"Reply to {cell.does}. " in page.text


def test_the_statuses_and_actions_of_the_help_are_those_that_hold(office: Office) -> None:
    [page] = office.steers(office.ron, "help")
    said = re.search(r"Status: .* has done its part\): (.*?) Action: ", page.words)
    assert said
    named = said[1].split(", ")
    for status in office.life.statuses:
        office.world.becomes(1, office.life.first)
        office.steers(office.ron, f"Status: {status}")
        held = office.status == status != office.life.first
        assert held == (status in named), status


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize("word", ["Help", "list", "Show.", "show 1"])
def test_a_page_is_sent_to_responders_and_requestors_and_nothing_is_posted(
    office: Office, word: str, proven: bool
) -> None:
    office.steers(office.ron, "Try water.")
    before = state(office)
    for actor in (office.ron, office.rita):
        letters = (office.steers if proven else office.says)(actor, word)
        assert [letter.recipient for letter in letters] == [actor.email]
        assert letters[0]["Auto-Submitted"] == "auto-replied"
    assert (state(office), len(office.messages)) == (before, 2)


def test_a_page_is_sent_though_a_client_quotes_below(office: Office) -> None:
    letter = office.ron.letters[0]
    [page] = office.since(lambda: office.ron.replies(letter, f"help\n\n{quoted(letter)}"))
    assert "What you can do:" in page.text


@pytest.mark.parametrize("word", ["help", "list", "show", "show 1"])
def test_from_strangers_a_word_is_text(office: Office, word: str) -> None:
    eve = office.world.actor(EVE)
    eve.writes("ticket1", word)
    eve.writes("hello", word)
    assert office.messages[-1]["text"] == word
    assert office.world.ticket(2)["messages"][0]["text"] == word
    assert eve.letters == []


@pytest.mark.parametrize("word", ["help", "list", "show 1"])
def test_a_page_can_be_asked_of_a_queues_address(office: Office, word: str) -> None:
    for actor in (office.ron, office.rita):
        [page] = office.says(actor, word, to="questions")
        assert page.recipient == actor.email
        assert page["Reply-To"] == f"questions@{DOMAIN}"
    assert len(office.world.rows(Ticket.id)) == 1


def test_the_list_has_a_requestors_open_tickets(office: Office) -> None:
    office.rita.writes("questions", "Why?", subject="Why")
    office.rita.writes("hello", "Solved.", subject="Closed")
    office.world.becomes(3, office.life.solved_status)
    office.world.opens(OTTO, "Not hers")
    [page] = office.says(office.rita, "list")
    assert f"1  {office.life.first}, just now: Printer (ticket1@{DOMAIN})" in page.text
    assert f"(ticket2@{DOMAIN})" in page.text
    assert "Closed" not in page.text
    assert "Not hers" not in page.text
    [nothing] = office.says(office.world.known(PIA), "list", to="hello")
    assert nothing.text == "You have no open tickets."


def test_the_list_of_a_responder_has_what_is_theirs_and_what_is_nobodys(office: Office) -> None:
    for subject in ("Mine", "Rosas", "Nobodys"):
        office.world.opens(OTTO, subject)
    office.world.opens(OTTO, "Elsewhere", queue="Questions")
    office.world.sets(2, RON, assignee=RON)
    office.world.sets(3, RON, assignee=ROSA)
    office.world.clock.passes(days=2)
    [page] = office.steers(office.ron, "list")
    mine, _, rest = page.text.partition("Waiting for anyone on your teams")
    assert "Mine" in mine.partition("Yours (")[2]
    assert "Nobodys" in rest
    assert f"1  {office.life.first}, 2 days ago: Printer" in rest
    assert "Rosas" not in page.text
    assert "Elsewhere" not in page.text


def test_the_footer_of_a_requestor_names_the_list(office: Office) -> None:
    office.steers(office.ron, f"Status: {WAITING[office.life.name]}\n\nWhich one?")
    # On a shared inbox's phone it would be one line too many; `help` names it.
    assert ("reply with the word list" in office.rita.letter().footer) == (office.life.name == "support")


def test_show_has_the_ticket_in_order_and_outsiders_never_see_what_is_private(office: Office) -> None:
    office.rosa.writes("ticket1-comment", "She is rude.")
    office.steers(office.ron, "Try water.")
    [page] = office.steers(office.rosa, "show")
    assert page.text.startswith("Ticket 1 in General: Printer\nStatus: ")
    assert -1 < page.text.index("Help!") < page.text.index("She is rude.") < page.text.index("Try water.")
    # The status stands where it changed.
    heads = [line.partition(" UTC")[2] for line in page.text.split("\n") if line.startswith("#")]
    assert heads == [f", {office.life.first}", " (private note)", f", {REPLIED[office.life.name]}"]
    [hers] = office.says(office.rita, "show")
    assert "rude" not in hers.all_text
    assert "#2 " in hers.text
    assert "#3 " not in hers.text
    assert "Try water." in hers.text


@pytest.mark.parametrize("word", ["show 2", "show 77"])
def test_show_of_a_ticket_that_is_not_ones_own_says_there_is_none(mailroom: Office, word: str) -> None:
    mailroom.world.opens(OTTO, "Secret", "Between us.")
    [page] = mailroom.says(mailroom.rita, word)
    assert f"We can't show you ticket {word[5:]}." in page.text
    assert "Secret" not in page.text


def test_a_long_message_is_cut_and_the_rest_can_be_asked_for(office: Office) -> None:
    words = "".join(f"line {number}\n" for number in range(2_000))
    office.rita.writes("ticket1", words)
    office.rita.writes("ticket1", "And that was all.")
    [page] = office.steers(office.ron, "show")
    assert "[Cut here. For the whole message, reply: show 1 2]" in page.text
    assert "line 1999" not in page.text
    assert "And that was all." in page.text
    [rest] = office.steers(office.ron, "show 1 2")
    assert "line 1999" in rest.text
    assert "And that was all." in rest.text
    assert "Help!" not in rest.text


def test_a_long_ticket_is_cut_and_the_rest_can_be_asked_for(office: Office) -> None:
    for number in range(40):
        office.world.act(1, "Comment", RON, f"{number}:\n" + "words " * 800)
    [page] = office.steers(office.ron, "show")
    assert len(page.text) < 110_000
    told = page.text[page.text.rindex("[There are more messages.") :]
    asked = told.partition("reply: ")[2].partition("]")[0]
    [rest] = office.steers(office.ron, asked)
    assert f"#{asked.split()[2]}  " in rest.text


def test_a_page_with_a_file_is_a_message(office: Office) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = RITA, f"ticket1@{DOMAIN}", "Re: Printer"
    mail["Message-ID"] = make_msgid(domain="home.example")
    mail.set_content("show")
    mail.add_attachment(b"PNG", maintype="image", subtype="png", filename="screen.png")
    office.world.brings(mail.as_bytes(), RITA, f"ticket1@{DOMAIN}")
    assert len(office.messages) == 2


# Forwards

INLINE = """\
Please look.

---------- Forwarded message ---------
From: Otto Ott <otto@example.net>
Date: Fri, 20 Nov 2026 at 10:00
Subject: Smoke
To: <ron@example.org>

There is smoke.
"""


def attached(office: Office, text: str, subject: str = "Smoke") -> EmailMessage:
    """A mail of Ron's to which one of Otto's is attached."""
    original = EmailMessage(SMTP)
    original["From"], original["To"], original["Subject"] = f"Otto Ott <{OTTO}>", RON, subject
    original["Date"], original["Message-ID"] = "Fri, 20 Nov 2026 10:00:00 +0100", "<smoke@example.net>"
    original.set_content("There is smoke.")
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = RON, f"hello@{DOMAIN}", f"Fwd: {subject}"
    mail["Date"], mail["Message-ID"] = format_datetime(office.world.clock.now), make_msgid(domain="home.example")
    mail.set_content(text)
    mail.add_attachment(original)
    return mail


def test_with_requestor_on_top_a_forward_is_the_ticket_of_who_wrote_it(office: Office) -> None:
    letters = office.vouched(office.ron, f"Requestor: {OTTO}\n\n{INLINE}", subject="Fwd: Smoke")
    ticket = office.world.ticket(2)
    assert ticket["requestor"]["email"] == OTTO
    # Who forwarded it answers for it anyway.
    assert ticket["participants"] == []
    assert "There is smoke." in ticket["messages"][0]["text"]
    assert f"Requestor: Ron <{RON}> → {OTTO}" in to(letters, office.ron)[0].text
    assert "You forwarded an email from" not in to(letters, office.ron)[0].text
    assert office.world.actor(OTTO).letters == []
    office.ron.replies(office.ron.letter(), "We are coming.")
    otto = office.world.actor(OTTO)
    assert "We are coming." in otto.letter().text
    otto.replies(otto.letter(), "Good.")
    assert office.world.ticket(2)["messages"][-1]["text"] == "Good."


def test_the_receipt_of_a_forward_offers_the_line_that_works_when_sent_back(office: Office) -> None:
    letters = office.says(office.ron, INLINE, to="hello", subject="Fwd: Smoke")
    [receipt] = to(letters, office.ron)
    assert f"You forwarded an email from Otto Ott <{OTTO}>." in receipt.text
    offered = next(line.strip() for line in receipt.text.split("\n") if "Requestor:" in line)
    assert office.world.ticket(2)["requestor"]["email"] == RON
    office.ron.replies(receipt, f"{offered}\n\n{quoted(receipt)}")
    assert office.world.ticket(2)["requestor"]["email"] == OTTO


def test_requestor_on_top_of_a_forward_that_nothing_proves_waits(office: Office) -> None:
    office.says(office.ron, f"Requestor: {OTTO}\n\n{INLINE}", to="hello", subject="Fwd: Smoke")
    assert office.world.ticket(2)["requestor"]["email"] == RON
    office.ron.replies(office.ron.letter(), "yes")
    assert office.world.ticket(2)["requestor"]["email"] == OTTO


@pytest.mark.parametrize("note", ["Please look.", ""])
def test_an_attached_mail_is_read_and_its_writers_next_mail_threads(every_office: Office, note: str) -> None:
    office = every_office
    mail = attached(office, note)
    office.world.brings(mail.as_bytes(), RON, f"hello@{DOMAIN}")
    ticket = office.world.ticket(2)
    assert ticket["created"] == "2026-11-20T09:00:00+00:00"
    assert note in ticket["messages"][0]["text"]
    assert "There is smoke." in ticket["messages"][0]["text"]
    receipt = office.ron.letter()
    office.ron.replies(receipt, f"Requestor: {OTTO}")
    otto = office.world.actor(OTTO, "Otto")
    # Otto has never had a letter of ours; he answers himself.
    otto.writes("hello", "And now a flame.", subject="Re: Smoke", headers={"In-Reply-To": "<smoke@example.net>"})
    ticket = office.world.ticket(2)
    assert (len(office.world.rows(Ticket.id)), ticket["requestor"]["email"]) == (2, OTTO)
    assert ticket["messages"][-1]["text"] == "And now a flame."


def test_the_mail_of_somebody_who_is_no_responder_is_offered_nothing(office: Office) -> None:
    letters = office.says(office.rita, INLINE, to="hello", subject="Fwd: Smoke")
    assert to(letters, office.rita) == []
    assert office.world.ticket(2)["requestor"]["email"] == RITA


def test_a_forward_of_an_address_of_ours_or_of_ones_own_is_offered_to_nobody(office: Office) -> None:
    for sender in (f"hello@{DOMAIN}", RON):
        letters = office.says(office.ron, INLINE.replace(OTTO, sender), to="hello", subject="Fwd: Smoke")
        assert "You forwarded" not in to(letters, office.ron)[0].text


@pytest.mark.parametrize("way", ["by mail", "by command"])
@pytest.mark.parametrize("was", ["an outsider", "a responder"])
def test_whose_ticket_it_was_takes_part_from_then_on_unless_they_answer(office: Office, way: str, was: str) -> None:
    number = 1
    if was == "a responder":
        number = office.world.opens(RON, "Smoke")
    if way == "by mail":
        letter = office.rosa.letter()
        office.rosa.replies(letter, f"Requestor: {OTTO}")
    else:
        with office.world.uow() as uow:
            get_or_create_person(uow, Mailbox("", OTTO), known=False)
        with office.world.database.read_only() as uow:
            person = get_person(uow, OTTO)
        office.world.sets(number, ROSA, requestor=person)
    ticket = office.world.ticket(number)
    assert ticket["requestor"]["email"] == OTTO
    assert emails(ticket["participants"]) == ([RITA] if was == "an outsider" else [])


# Merges


@pytest.fixture
def merged(office: Office) -> Office:
    """Rita's ticket 1 has become part of Otto's ticket 2."""
    office.steers(office.ron, "Try water.")
    office.world.actor(OTTO, "Otto").writes("hello", "Mine burns too.", subject="Smoke")
    office.merges(office.ron.letters[0], 2)
    return office


def test_mail_to_the_old_address_lands_on_the_new_ticket(merged: Office) -> None:
    for to_address in ("ticket1", "ticket1-comment"):
        merged.rita.writes(to_address, f"Still there? {to_address}")
        message = merged.world.ticket(2)["messages"][-1]
        assert (message["text"], message["private"]) == (f"Still there? {to_address}", to_address != "ticket1")
    assert merged.messages == []


def test_replies_to_old_letters_land_on_the_new_ticket(merged: Office) -> None:
    old = merged.rita.letters[0]
    merged.rita.replies(old, "It still burns.")
    merged.rita.writes("hello", "Really.", answering=old)
    assert [message["text"] for message in merged.world.ticket(2)["messages"][-2:]] == ["It still burns.", "Really."]
    assert "It still burns." in merged.world.actor(OTTO).letters[-2].text
    merged.ron.replies(merged.ron.letters[0], "Owner: me")
    assert merged.world.ticket(2)["assignee"]["email"] == RON


def test_letters_come_from_the_new_ticket(merged: Office) -> None:
    merged.world.actor(OTTO).writes("ticket2", "Hello?")
    assert merged.rita.letter()["Reply-To"] == f"ticket2@{DOMAIN}"


def test_a_mail_that_came_before_the_merge_is_recognised_when_it_comes_again(merged: Office) -> None:
    count = len(merged.world.ticket(2)["messages"])
    merged.world.brings(merged.raw(2, 2).encode(), RITA, f"hello@{DOMAIN}")
    assert (len(merged.world.ticket(2)["messages"]), len(merged.world.rows(Ticket.id))) == (count, 2)


def test_a_reply_that_came_before_the_merge_is_recognised_when_it_comes_again(merged: Office) -> None:
    again = next(
        merged.raw(2, message["number"]).encode()
        for message in merged.world.ticket(2)["messages"]
        if message["text"] == "Try water."
    )
    count = len(merged.world.ticket(2)["messages"])
    merged.world.brings(again, RON, f"ticket1@{DOMAIN}")
    assert len(merged.world.ticket(2)["messages"]) == count


def test_a_ticket_of_a_merged_ticket_lands_where_all_ended(merged: Office) -> None:
    merged.world.actor(PIA).writes("hello", "Me three.")
    letter = merged.ron.letter()
    assert "#3]" in letter["Subject"]
    two = next(one for one in merged.ron.letters if "#2]" in one["Subject"])
    merged.merges(two, 3)
    assert merged.world.ticket(2)["merged_into"] == 3
    merged.rita.writes("ticket1", "Where am I?")
    assert merged.world.ticket(3)["messages"][-1]["text"] == "Where am I?"


def test_the_old_ticket_says_where_it_went(merged: Office) -> None:
    assert merged.ticket["merged_into"] == 2
    assert {"field": "merged_into", "old": None, "new": "2"}.items() <= merged.ticket["changes"][-1].items()


def test_a_merged_ticket_is_on_nobodys_list(merged: Office) -> None:
    [page] = merged.steers(merged.ron, "list")
    assert "ticket1@" not in page.text
    assert "ticket2@" in page.text


def test_a_first_mail_can_be_put_on_another_ticket_at_once(office: Office) -> None:
    office.vouched(office.ron, f"Merge: 1\nRequestor: {OTTO}\n\nOtto told me the same.", subject="Same")
    assert office.world.ticket(2)["merged_into"] == 1
    assert office.messages[-1]["text"] == "Otto told me the same."


# What went wrong once


def test_what_takes_an_answer_is_refused_where_nobody_has_answered(office: Office) -> None:
    if office.life.name != "support":
        return
    office.steers(office.ron, "Status: Needs information\n\nWhich model?")
    letters = office.since(lambda: office.rita.replies(office.rita.letter(), "Action: Confirm\n\nIt works."))
    assert "nobody has answered" in to(letters, office.rita)[0].text
    assert office.messages[-1]["text"] == "It works."


def test_undo_after_the_queue_got_another_lifecycle_is_refused(office: Office) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    other = "support" if office.life.name == "correspondence" else "correspondence"
    office.world.switches("General", lifecycle=other)
    now = office.status
    letters = office.since(lambda: office.ron.replies(office.ron.letter(), "undo"))
    assert "Something else has happened" in to(letters, office.ron)[0].text
    assert office.status == now


def test_a_first_mail_that_is_merged_is_a_reply_there(office: Office) -> None:
    office.world.database.trust = Trust("from")
    letters = office.says(office.ron, "Merge: 1\n\nDear Rita, pour water on it.", to="hello")
    assert "pour water on it" in to(letters, office.rita)[0].text
    assert office.status == REPLIED[office.life.name]
    [receipt] = to(letters, office.ron)
    assert "opened" not in receipt.text
    assert "Ticket 2 was merged into this one." in receipt.text


def test_a_logo_in_the_signature_is_no_word(office: Office) -> None:
    mail = EmailMessage()
    mail.set_content("help")
    mail.add_alternative('help<br><img src="cid:logo">', subtype="html")
    mail.get_payload()[1].add_related(b"PNG", "image", "png", cid="<logo>", disposition="inline", filename="l.png")
    first = office.ron.letters[0]
    for name, value in {"From": RON, "To": f"ticket1@{DOMAIN}", "Subject": "Re", "Message-ID": make_msgid()}.items():
        mail[name] = value
    mail["In-Reply-To"] = first["Message-ID"]
    letters = office.since(lambda: office.world.brings(mail.as_bytes(policy=SMTP), RON, f"ticket1@{DOMAIN}"))
    assert [letter.recipient for letter in letters] == [RON]
    assert len(office.messages) == 1


def test_undo_takes_back_what_the_answered_letter_has_told_or_nothing(office: Office) -> None:
    office.steers(office.rosa, f"Status: {AWAY[office.life.name]}")
    told = office.ron.letter()
    office.steers(office.ron, "Priority: 5")
    letters = office.since(lambda: office.ron.replies(told, "undo"))
    assert "Something else has happened" in to(letters, office.ron)[0].text
    assert office.ticket["priority"] == 5


def test_who_comes_with_a_merged_ticket_is_told_where_it_goes_on(office: Office) -> None:
    otto = office.world.actor(OTTO, "Otto")
    otto.writes("hello", "Mine too.", subject="Smoke")
    letters = office.merges(office.ron.letter(), 1)
    [told] = to(letters, otto)
    assert told.words.startswith('Your ticket 2 is now part of ticket 1, "')
    assert told["Reply-To"] == f"ticket1@{DOMAIN}"


def test_what_only_was_forwarded_is_answered_here_by_those_who_take_part(office: Office) -> None:
    inner = EmailMessage()
    for name, value in {"From": EVE, "To": OTTO, "Subject": "Plan", "Message-ID": "<plan@elsewhere.example>"}.items():
        inner[name] = value
    inner.set_content("The plan.")
    mail = EmailMessage()
    for name, value in {
        "From": RON,
        "To": f"hello@{DOMAIN}",
        "Subject": "Fwd: Plan",
        "Message-ID": make_msgid(),
    }.items():
        mail[name] = value
    mail.set_content("See below.")
    mail.add_attachment(inner)
    office.world.brings(mail.as_bytes(policy=SMTP), RON, f"hello@{DOMAIN}")
    otto = office.world.actor(OTTO, "Otto")
    otto.writes("hello", "About the plan.", subject="Re: Plan", headers={"In-Reply-To": "<plan@elsewhere.example>"})
    assert office.world.ticket(3)["requestor"]["email"] == OTTO


@pytest.mark.parametrize("proven", [True, False])
def test_below_a_line_that_a_requestor_may_write_others_are_refused(office: Office, proven: bool) -> None:
    """A command in the first line does not make commands of later lines."""
    office.steers(office.ron, "Try water.")
    office.world.clock.passes(hours=1)
    before = office.ticket
    text = f"{DONE[office.life.name]}\nOwner: {RON}\nSubject: Fire\nPriority: 1\nAddCc: {EVE}"
    if proven:
        letters = office.since(lambda: office.rita.replies(office.rita.letter(), text))
    else:
        office.says(office.rita, text)
        letters = office.since(lambda: office.rita.replies(office.rita.letter(), "yes"))
    assert office.ticket == before
    assert "We couldn't do this on ticket 1" in to(letters, office.rita)[0].text


@pytest.mark.parametrize("below", ["quotation", "signature", "quoted lines"])
def test_commands_above_what_a_client_adds_are_a_mail_of_commands_alone(mailroom: Office, below: str) -> None:
    """What a client quotes or signs below is no message."""
    letter = mailroom.ron.letters[0]
    added = {"quotation": quoted(letter), "signature": "-- \nRon\nThe printers\n", "quoted lines": "> Help!\n"}
    letters = mailroom.steers(mailroom.ron, f"Status: stalled\nOwner: me\n\n{added[below]}")
    assert (mailroom.status, mailroom.ticket["assignee"]["email"]) == ("stalled", RON)
    assert len(mailroom.messages) == 1
    assert to(letters, mailroom.rita) == []


@pytest.mark.parametrize(
    "line",
    [
        f"AddCc: {PIA}, Carl",  # Carl is left out without a word.
        f"Owner: {ROSA}, {RON}",  # The first is taken.
        f"Requestor: {OTTO} and some words",  # They become his name.
    ],
)
def test_whom_a_line_names_is_all_taken_or_refused(office: Office, line: str) -> None:
    office.world.known("carl@example.org", "Carl")
    before = office.ticket
    letters = office.steers(office.ron, line)
    people = emails(office.ticket["participants"])
    assert sorted(people) == ["carl@example.org", PIA] or office.ticket == before
    assert "carl@example.org" in people or "We couldn't do this" in letters[-1].text


def test_show_of_a_merged_ticket_says_where_it_went(merged: Office) -> None:
    """The page is that of ticket 2, and says that ticket 1 is part of it."""
    for actor in (merged.ron, merged.rita):
        [page] = merged.says(actor, "show 1", to="hello")
        assert "ticket 1" in page.text.casefold()


def test_the_letter_about_a_private_comments_commands_is_answered_in_private(office: Office) -> None:
    """The refusal repeats private words: what answers it is private too (docs/interface.md, sections 4 and 8)."""
    office.ron.writes("ticket1-comment", "Owner: Zoe\n\nShe is rude.", answering=office.ron.letters[0])
    refusal = office.ron.letter()
    assert "We couldn't do this" in refusal.text
    letters = office.since(lambda: office.ron.replies(refusal, "Owner: Rosa\n\nShe is rude."))
    assert office.messages[-1]["private"] is True
    assert "rude" not in "".join(letter.all_text for letter in to(letters, office.rita))


def test_undo_can_name_others_in_cc(office: Office) -> None:
    """Who is in Cc takes part by it, which then is what "has happened since"."""
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    office.ron.replies(office.ron.letter(), "undo", headers={"Cc": PIA})
    assert office.status == office.life.first
