"""Claims about steering by mail, mail by mail in both lifecycles: commands, receipts, undo, pages.

What must not happen to whom did not write stands in `test_forgery.py`, how lines are read in
`test_commands_in_mail.py`.
"""

import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Any

import pytest

from mail_tickets.mail.addresses import Mailbox
from mail_tickets.model.lifecycle.commands import ACTION, COMMANDS, FOR_REQUESTORS, MERGE, STATUS
from mail_tickets.model.lifecycle.roles import Role
from mail_tickets.model.operations.commands.line_setters import _SETTERS
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.registration import get_or_create_person
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.storage.unit_of_work import Trust
from tests.support.staffed_world import (
    AWAY,
    DONE,
    EVE,
    OTTO,
    PIA,
    QUINN,
    REPLIED,
    RITA,
    RON,
    ROSA,
    WAITING,
    StaffedWorld,
    quoted,
    to,
)
from tests.support.world import DOMAIN


def emails(people: list[dict[str, str]]) -> list[str]:
    return [person["email"] for person in people]


# Every command


def test_every_command_sets_something() -> None:
    """The three others choose a step of the table, or join tickets."""
    assert {*_SETTERS, STATUS, ACTION, MERGE} == {*COMMANDS}


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


def field_of(team: StaffedWorld, number: int, field: str) -> object:
    value = team.world.ticket(number)[field]
    return [email for email in emails(value) if email not in (RITA, RON)] if field == "participants" else value


@EACH
def test_a_command_on_a_reply_holds_and_its_line_is_taken_out(
    team: StaffedWorld, lines: str, effect: tuple[str, object]
) -> None:
    team.steers(team.ron, f"{lines}\n\nOn my way.")
    assert field_of(team, 1, effect[0]) == effect[1]
    assert [message["text"] for message in team.messages] == ["Help!", "On my way."]
    assert team.messages[1]["full_text"].strip() == "On my way."
    # The words below a line that moves it are for its new team.
    moved = effect[0] == "queue"
    assert (team.messages[1]["verified"], team.messages[1]["private"]) == (True, moved)
    assert lines.split("\n")[0] in team.raw(1, 2)
    for reader in (team.quinn,) if moved else (team.rita, team.rosa):
        letter = reader.letter()
        assert "On my way." in letter.text
        assert lines.split("\n")[0] not in letter.all_text


@ONE_OF_EACH
def test_a_command_that_nothing_proves_waits_until_its_letter_is_answered(
    team: StaffedWorld, lines: str, effect: tuple[str, object]
) -> None:
    before = field_of(team, 1, effect[0])
    letters = team.says(team.ron, f"{lines}\n\nOn my way.")
    assert field_of(team, 1, effect[0]) == before
    assert [message["text"] for message in team.messages] == ["Help!", "On my way."]
    assert team.messages[1]["verified"] is False
    [waiting] = to(letters, team.ron)
    assert "Did you send this?" in waiting.text
    assert all(line in waiting.text for line in lines.split("\n"))
    team.ron.replies(waiting, "yes")
    assert field_of(team, 1, effect[0]) == effect[1]
    assert len(team.messages) == 2
    assert "Done. On ticket 1" in team.ron.letter().text


@ONE_OF_EACH
def test_a_command_on_a_first_mail_holds(team: StaffedWorld, lines: str, effect: tuple[str, object]) -> None:
    team.vouched(team.ron, f"{lines}\n\nThe lift is stuck.", subject="Lift")
    assert field_of(team, 2, effect[0]) == effect[1]
    ticket = team.world.ticket(2)
    assert [message["text"] for message in ticket["messages"]] == ["The lift is stuck."]
    assert ticket["messages"][0]["action"] is None
    assert lines.split("\n")[0] in team.raw(2, 1)
    letters = [letter for letter in team.world.far_end.letters if "Ron <ron@example.org> wrote:" in letter.text]
    assert letters
    assert all("The lift is stuck." in letter.text for letter in letters)
    assert all(lines.split("\n")[0] not in letter.all_text for letter in letters)


@ONE_OF_EACH
def test_a_command_on_a_first_mail_that_nothing_proves_waits(
    team: StaffedWorld, lines: str, effect: tuple[str, object]
) -> None:
    letters = team.says(team.ron, f"{lines}\n\nThe lift is stuck.", to="hello", subject="Lift")
    assert field_of(team, 2, effect[0]) != effect[1]
    assert [message["text"] for message in team.world.ticket(2)["messages"]] == ["The lift is stuck."]
    [waiting] = to(letters, team.ron)
    assert "An email from your address opened ticket 2" in waiting.text
    team.ron.replies(waiting, "yes")
    assert field_of(team, 2, effect[0]) == effect[1]
    assert len(team.world.ticket(2)["messages"]) == 1


@pytest.mark.parametrize("proven", [True, False])
def test_what_was_set_can_be_taken_away(team: StaffedWorld, proven: bool) -> None:
    team.steers(team.ron, f"Owner: me\nPriority: 5\nAddCc: {PIA}, {OTTO}")
    assert (team.ticket["assignee"]["email"], team.ticket["priority"]) == (RON, 5)
    lines = f"Owner: nobody\nPriority: none\nDelCc: {PIA}"
    if proven:
        team.steers(team.ron, lines)
    else:
        team.says(team.ron, lines)
        team.ron.replies(team.ron.letter(), "Yes.")
    ticket = team.ticket
    assert (ticket["assignee"], ticket["priority"], emails(ticket["participants"])) == (None, None, [OTTO])
    assert len(team.messages) == 1


@pytest.mark.parametrize("proven", [True, False])
def test_a_status_can_be_set_without_words(team: StaffedWorld, proven: bool) -> None:
    line = f"Status: {AWAY[team.life.name].upper()}"
    if proven:
        team.steers(team.ron, line)
    else:
        team.says(team.ron, line)
        assert team.status == team.life.first
        team.ron.replies(team.ron.letter(), "ok")
    assert (team.status, len(team.messages)) == (AWAY[team.life.name], 1)


def test_a_status_can_be_set_with_the_first_mail(team: StaffedWorld) -> None:
    team.vouched(team.ron, f"Status: {team.life.solved_status}\n\nI have mended the lift.", subject="Lift")
    assert team.world.ticket(2)["status"] == team.life.solved_status


@pytest.mark.parametrize("proven", [True, False])
def test_status_is_applied_after_what_the_reply_does(team: StaffedWorld, proven: bool) -> None:
    name = team.life.name
    text = f"Status: {WAITING[name]}\n\nWhich printer is it?"
    if proven:
        team.steers(team.ron, text)
    else:
        team.says(team.ron, text)
        assert team.status == REPLIED[name]
        if name == "support":
            return  # From Answered a responder has no way to that status, and is told so.
        team.ron.replies(team.ron.letter(), "yes")
    assert team.status == WAITING[name]
    assert team.ticket["last_response"] is not None
    assert "Which printer is it?" in team.rita.letter().text


def test_the_reply_that_asks_for_information_is_recorded_as_that(helpdesk: StaffedWorld) -> None:
    helpdesk.steers(helpdesk.ron, "Status: Needs information\n\nWhich one?")
    assert helpdesk.messages[-1]["action"] == "Request for more information"
    assert "Ron asks for more information:" in helpdesk.rita.letter().text


@pytest.mark.parametrize("title", ["Request for more information", "request FOR more information"])
def test_an_action_says_what_the_reply_does(helpdesk: StaffedWorld, title: str) -> None:
    helpdesk.steers(helpdesk.ron, f"Action: {title}\n\nWhich one?")
    assert (helpdesk.status, helpdesk.messages[-1]["action"]) == ("Needs information", "Request for more information")


def test_an_action_of_the_shared_inbox_is_a_comment_for_those_who_answer(mailroom: StaffedWorld) -> None:
    letters = mailroom.steers(mailroom.ron, "Action: Comment\n\nDo we know her?")
    assert (mailroom.status, mailroom.messages[-1]["private"]) == ("new", True)
    assert to(letters, mailroom.rita) == []


def test_an_action_that_nothing_proves_waits_while_the_words_do_what_they_do(helpdesk: StaffedWorld) -> None:
    helpdesk.says(helpdesk.ron, "Action: Reject\n\nWe do no printers.")
    assert (helpdesk.status, helpdesk.messages[-1]["action"]) == ("Answered", "Answer")
    helpdesk.ron.replies(helpdesk.ron.letter(), "yes")
    assert (helpdesk.status, len(helpdesk.messages)) == ("Invalid", 2)


@pytest.mark.parametrize("proven", [True, False])
def test_a_ticket_becomes_part_of_another(every_team: StaffedWorld, proven: bool) -> None:
    team = every_team
    otto = team.world.actor(OTTO, "Otto")
    otto.writes("hello", "Mine burns too.")
    (team.steers if proven else team.says)(team.ron, "Merge: #2\n\nThe same thing.")
    assert (team.ticket["merged_into"], len(team.messages)) == (None, 2)
    question = team.ron.letter()
    # It names who will read what, whoever waits for it.
    assert "    Merge: #2\n\nRita will see ticket 2 (1 message)." in question.text
    assert "Otto will see ticket 1 (2 messages)." in question.text
    assert "A merge can't be undone." in question.text
    assert ("Did you send this?" in question.text) == (not proven)
    letters = team.since(lambda: team.ron.replies(question, "yes"))
    [letter] = to(letters, team.rita)
    assert letter.words == 'Your ticket 1 is now part of ticket 2, "Hello". Reply here from now on.'
    assert "You're getting this because you're copied in on ticket 2." in to(letters, team.rita)[0].footer
    assert to(letters, otto) == []
    assert (team.ticket["merged_into"], team.messages) == (2, [])
    into = team.world.ticket(2)
    assert [message["text"] for message in into["messages"]] == ["Mine burns too.", "Help!", "The same thing."]
    assert [message["number"] for message in into["messages"]] == [1, 2, 3]
    assert (into["requestor"]["email"], emails(into["participants"])) == (OTTO, [RITA])
    assert "A merge can't be undone." in team.ron.letter().text
    [refusal] = team.since(lambda: team.ron.replies(team.ron.letter(), "undo"))
    assert refusal.text.startswith("We couldn't undo that. A merge can't be undone.")
    assert team.ticket["merged_into"] == 2


def test_a_merge_that_is_declined_or_refused_does_nothing(team: StaffedWorld) -> None:
    team.world.actor(OTTO, "Otto").writes("hello", "Mine burns too.")
    team.steers(team.ron, "Merge: 2\nPriority: 3")
    team.ron.replies(team.ron.letter(), "no")
    assert (team.ticket["merged_into"], team.ticket["priority"]) == (None, None)
    [refusal] = team.steers(team.ron, "Merge: 2\nPriority: high")
    assert "will read" not in refusal.text
    assert '    Priority: high\n        "high" isn\'t a priority' in refusal.text


def test_tickets_of_one_requestor_are_merged_at_once_and_their_letter_says_so(team: StaffedWorld) -> None:
    team.rita.writes("hello", "It burns again.", subject="Again")
    letter = team.ron.letter()
    letters = team.since(lambda: team.ron.replies(letter, "Merge: 1\n\nThe same thing."))
    assert team.world.ticket(2)["merged_into"] == 1
    [to_rita] = to(letters, team.rita)
    assert 'now part of ticket 1, "Printer". Reply here from now on.\n\nThe same thing.' in to_rita.text
    assert "A merge can't be undone." in to(letters, team.ron)[0].text


def test_the_reason_in_a_footer_is_true_after_a_ticket_was_given_to_somebody_else(team: StaffedWorld) -> None:
    otto = team.world.actor(OTTO, "Otto")
    team.steers(team.ron, f"Requestor: {OTTO}")
    team.steers(team.ron, "Try water.")
    assert otto.letter().footer.endswith("You're getting this because ticket 1 is in your name.")
    assert team.rita.letter().footer.endswith("You're getting this because you're copied in on ticket 1.")
    team.steers(team.ron, f"Requestor: {RITA}")
    team.steers(team.ron, "Did it help?")
    assert team.rita.letter().footer.endswith("You're getting this because ticket 1 is your request.")
    # Who answered for the queue of a merged ticket answered for that one.
    team.world.known(RON, admin=True)
    team.world.actor(EVE).writes("questions", "Why?")
    team.merges(team.ron.letters[0], 2)
    rosas = next(letter for letter in reversed(team.rosa.letters) if "ticket2@" in letter["Reply-To"])
    assert rosas.footer.endswith("You're getting this because ticket 1 was in General, and you're on that team.")


def test_a_full_stop_behind_a_value_is_no_part_of_it(team: StaffedWorld) -> None:
    team.world.actor(OTTO, "Otto").writes("hello", "Mine burns too.")
    team.steers(team.ron, f"Owner: Rosa.\nPriority: 1.\nQueue: General.\nAddCc: {PIA}.\nRequestor: {RITA}.")
    ticket = team.ticket
    assert (ticket["assignee"]["email"], ticket["priority"], emails(ticket["participants"])) == (ROSA, 1, [PIA])
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}.")
    assert team.status == AWAY[team.life.name]
    team.merges(team.ron.letters[0], 2)
    assert team.ticket["merged_into"] == 2


def test_many_commands_hold_in_one_mail(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Owner: Rosa\nPriority: 1\nSubject: Fire\nAddCc: {PIA}\nQueue: General\n\nLook.")
    ticket = team.ticket
    assert (ticket["assignee"]["email"], ticket["priority"], ticket["title"]) == (ROSA, 1, "Fire")
    assert emails(ticket["participants"]) == [PIA]
    assert team.world.actor(PIA).letter().text.endswith("Look." if team.status == "new" else team.status)


def test_who_can_be_assigned_depends_on_the_queue_that_the_mail_names(team: StaffedWorld) -> None:
    team.steers(team.ron, "Owner: Quinn\nQueue: Questions")
    assert (team.ticket["assignee"]["email"], team.ticket["queue"]) == (QUINN, "Questions")
    assert "Owner: nobody → Quinn" in team.quinn.letter().text


def test_a_mail_in_html_alone_has_commands(team: StaffedWorld) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = RON, f"ticket1@{DOMAIN}", "Re: Printer"
    mail["Date"], mail["Message-ID"] = format_datetime(team.world.clock.now), make_msgid(domain="home.example")
    mail["In-Reply-To"] = team.ron.letters[0]["Message-ID"]
    mail.set_content(
        "<html><body><div><b>Owner:</b> me</div><div>Priority:&nbsp;7</div><div><br></div><p>On my way.</p></body>",
        subtype="html",
    )
    team.world.brings(mail.as_bytes(), RON, f"ticket1@{DOMAIN}")
    assert (team.ticket["assignee"]["email"], team.ticket["priority"]) == (RON, 7)
    assert team.messages[-1]["text"] == "On my way."


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
def test_quoted_lines_and_prose_are_no_commands(team: StaffedWorld, text: str) -> None:
    letters = team.steers(team.ron, text)
    assert (team.ticket["assignee"], team.ticket["priority"]) == (None, None)
    assert len(team.messages) == 2
    assert to(letters, team.ron) == []


def test_commands_at_a_queues_address_hold_for_the_ticket_that_the_mail_belongs_to(team: StaffedWorld) -> None:
    team.ron.writes("hello", "Owner: me", answering=team.ron.letters[0])
    assert team.ticket["assignee"]["email"] == RON


# All or none


def test_if_one_line_cannot_be_none_is_done_and_each_is_explained(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, "Owner: me\nStaus: open\nQueue: Nowhere\nPriority: high\n\nOn my way.")
    ticket = team.ticket
    assert (ticket["assignee"], ticket["queue"], ticket["priority"]) == (None, "General", None)
    # The words are a plain reply.
    assert (team.status, team.messages[-1]["text"]) == (REPLIED[team.life.name], "On my way.")
    assert all("Owner: me" not in letter.all_text for letter in to(letters, team.rita))
    [refusal] = to(letters, team.ron)
    assert refusal.text.startswith("We couldn't do this on ticket 1, so we changed nothing:")
    lines_shown = refusal.text.split("\n")
    for line, why in {
        "Owner: me": "This one is fine.",
        "Staus: open": 'There\'s no command "Staus". Did you mean Status?',
        "Queue: Nowhere": "General",
        "Priority: high": "a whole number, or none",
    }.items():
        at = next(place for place, text in enumerate(lines_shown) if text.strip() == line)
        assert why in lines_shown[at + 1]
    assert refusal.text.endswith("Your message itself was added, without these lines:\n\nOn my way.")


def test_a_refusal_of_commands_alone_posts_nothing(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, "Owner: somebody@else.example")
    assert len(team.messages) == 1
    assert [letter.recipient for letter in letters] == [RON]
    assert "Your message" not in letters[0].text


def test_commands_of_a_first_mail_that_cannot_be_leave_the_ticket_open_all_the_same(team: StaffedWorld) -> None:
    letters = team.vouched(team.ron, "Owner: me\nQueue: Nowhere\n\nThe lift is stuck.", subject="Lift")
    ticket = team.world.ticket(2)
    assert (ticket["assignee"], ticket["queue"], ticket["status"]) == (None, "General", team.life.first)
    [refusal] = to(letters, team.ron)
    assert "We couldn't do this on ticket 2" in refusal.text
    assert "The lift is stuck." in team.rosa.letter().text


def test_whom_a_refused_line_named_can_be_named_again_by_the_same_mail(every_team: StaffedWorld) -> None:
    """One mail for two tickets: on the first its lines are refused, on the second they hold."""
    team = every_team
    team.world.opens(OTTO, "Another")
    places = [f"ticket1-comment@{DOMAIN}", f"ticket2@{DOMAIN}"]
    raw = f"From: {RON}\r\nTo: {', '.join(places)}\r\nMessage-ID: <both@x>\r\n"
    raw = f"Authentication-Results: mx.example; dmarc=pass header.from={RON.rpartition('@')[2]}\r\n{raw}\r\n"
    team.world.database.trust = Trust("reply", "mx.example")
    raw += f"AddCc: {PIA}, Pia <{PIA}>\r\nStatus: {AWAY[team.life.name]}\r\n"
    team.world.brings(raw.encode(), RON, *places)
    assert (field_of(team, 1, "participants"), team.status) == ([], team.life.first)
    second = team.world.ticket(2)["status"]
    assert (field_of(team, 2, "participants"), second) == ([PIA], AWAY[team.life.name])


def test_a_misspelt_command_alone_is_reported_and_its_words_are_posted(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, "Staus: open\n\nOn my way.")
    assert team.messages[-1]["text"] == "On my way."
    assert "Did you mean Status?" in to(letters, team.ron)[0].text


def test_lines_that_waited_are_refused_in_words_too(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me\nQueue: Nowhere")
    team.ron.replies(team.ron.letter(), "yes")
    assert team.ticket["assignee"] is None
    assert "We couldn't do this on ticket 1" in team.ron.letter().text


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


@pytest.mark.parametrize(("lines", "phrases"), BAD.items(), ids=BAD)
def test_what_cannot_be_is_refused_with_what_would_have_been_right(
    team: StaffedWorld, lines: str, phrases: tuple[str, ...]
) -> None:
    before = team.ticket
    [refusal] = team.steers(team.ron, lines)
    assert refusal.recipient == RON
    assert "We couldn't do this on ticket 1" in refusal.text
    for words in phrases:
        assert words in refusal.text
    if lines == "Status: finished":
        assert all(status in refusal.text for status in team.life.statuses)
    assert team.ticket == before


@pytest.mark.parametrize("command", ["Owner", "Requestor", "AddCc"])
def test_a_name_of_two_people_is_refused_with_both(team: StaffedWorld, command: str) -> None:
    team.world.responder("rosa@elsewhere.example", "Rosa")
    [refusal] = team.steers(team.ron, f"{command}: rosa")
    assert f'"rosa" could be Rosa <{ROSA}> or Rosa <rosa@elsewhere.example>. Please use the address.' in refusal.text


def test_a_ring_of_merges_is_refused(team: StaffedWorld) -> None:
    team.world.actor(OTTO).writes("hello", "Mine burns too.")
    team.merges(team.ron.letters[0], 2)
    letter = next(letter for letter in team.ron.letters if "[General #2]" in letter["Subject"])
    [refusal] = team.since(lambda: team.ron.replies(letter, "Merge: 1"))
    assert "Ticket 1 is already part of this one." in refusal.text
    assert team.world.ticket(2)["merged_into"] is None


def test_nobody_merges_into_a_queue_for_which_they_do_not_answer(team: StaffedWorld) -> None:
    team.world.actor(OTTO).writes("questions", "Why?")
    letters = team.steers(team.ron, "Merge: 2")
    assert (team.ticket["merged_into"], [letter.recipient for letter in letters]) == (None, [RON])
    assert "Why?" not in letters[0].text
    # An administrator does.
    team.world.known(RON, admin=True)
    team.merges(team.ron.letters[0], 2)
    assert team.ticket["merged_into"] == 2


def test_a_status_that_the_table_does_not_give_names_those_that_it_does(helpdesk: StaffedWorld) -> None:
    [refusal] = helpdesk.steers(helpdesk.ron, "Status: Solved")
    assert "You can't set this ticket to Solved. It's Open, and you can set it to " in refusal.text
    assert helpdesk.status == "Open"


# What a requestor may do


def test_a_requestor_confirms_the_answer(helpdesk: StaffedWorld) -> None:
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


def test_a_requestor_confirms_without_words_and_all_are_told_of_the_status(helpdesk: StaffedWorld) -> None:
    helpdesk.steers(helpdesk.ron, "Water helps.")
    helpdesk.world.asks_in(1, QUINN)
    letters = helpdesk.since(lambda: helpdesk.rita.replies(helpdesk.rita.letter(), "status: solved"))
    ticket = helpdesk.ticket
    assert (ticket["status"], ticket["answer"], ticket["answerer"]["email"]) == ("Solved", 2, RON)
    assert len(ticket["messages"]) == 2
    assert sorted(letter.recipient for letter in letters) == sorted([QUINN, RITA, RON, ROSA])
    assert "Status: Answered → Solved" in to(letters, helpdesk.ron)[0].text


def test_without_an_answer_a_requestors_words_are_their_own_answer(helpdesk: StaffedWorld) -> None:
    helpdesk.steers(helpdesk.ron, "Action: Comment\n\nHm.")
    helpdesk.rita.replies(helpdesk.rita.letter(), "Status: Solved\n\nI pulled the plug.")
    ticket = helpdesk.ticket
    assert (ticket["status"], ticket["answer"], ticket["answerer"]["email"]) == ("Solved", 3, RITA)


@pytest.mark.parametrize("words", ["", "\n\nIt is settled."])
def test_a_requestor_ends_a_ticket_of_the_shared_inbox(mailroom: StaffedWorld, words: str) -> None:
    mailroom.steers(mailroom.ron, "Try water.")
    assert "Start your reply with: Status: resolved" in mailroom.rita.letter().footer
    mailroom.rita.replies(mailroom.rita.letter(), f"Status: resolved{words}")
    assert (mailroom.status, len(mailroom.messages)) == ("resolved", 3 if words else 2)
    assert mailroom.ticket["solved"] is not None


def test_a_requestors_line_that_nothing_proves_waits(team: StaffedWorld) -> None:
    line = DONE[team.life.name]
    letters = team.says(team.rita, line)
    assert (team.status, len(team.messages)) == (team.life.first, 1)
    [waiting] = letters
    assert (waiting.recipient, line in waiting.text) == (RITA, True)
    team.rita.replies(waiting, "Yes")
    assert (team.status, len(team.messages)) == (team.life.solved_status, 1)


@pytest.mark.parametrize("action", ["Reopen", "Give more information"])
def test_a_requestor_names_the_actions_that_the_table_gives(helpdesk: StaffedWorld, action: str) -> None:
    helpdesk.steers(helpdesk.ron, "Water helps.")
    letters = helpdesk.since(lambda: helpdesk.rita.replies(helpdesk.rita.letter(), f"Action: {action}\n\nNo."))
    assert helpdesk.status == ("Open")
    refused = "We couldn't do this" in to(letters, helpdesk.rita)[0].text
    # While it is Answered, a requestor gives no more information: they reopen.
    assert refused == (action == "Give more information")


def test_a_requestor_is_refused_any_other_status(team: StaffedWorld) -> None:
    team.steers(team.ron, "Try water.")
    status = AWAY[team.life.name]
    letters = team.since(lambda: team.rita.replies(team.rita.letter(), f"Status: {status}\n\nNo."))
    assert team.status != status
    assert team.messages[-1]["text"] == "No."
    assert f"You can't set this ticket to {status}" in to(letters, team.rita)[0].text


@pytest.mark.parametrize("line", ["Queue: Questions", f"Owner: {RON}", "Merge: 2", f"AddCc: {PIA}", "Subject: x"])
def test_other_lines_of_a_requestor_are_just_text(team: StaffedWorld, line: str) -> None:
    team.steers(team.ron, "Try water.")
    letters = team.since(lambda: team.rita.replies(team.rita.letter(), f"{line}\n\nPlease."))
    assert team.messages[-1]["text"] == f"{line}\n\nPlease."
    ticket = team.ticket
    assert (ticket["queue"], ticket["assignee"], ticket["participants"]) == ("General", None, [])
    assert to(letters, team.rita) == []


@pytest.mark.parametrize("role", ["participant", "known", "stranger"])
def test_lines_of_all_others_are_just_text(team: StaffedWorld, role: str) -> None:
    pia = team.world.actor(PIA) if role == "stranger" else team.world.known(PIA, "Pia")
    if role == "participant":
        team.world.asks_in(1, PIA)
    team.steers(team.ron, "Try water.")
    text = f"{DONE[team.life.name]}\nOwner: me\n\nIt works."
    if role == "participant":
        pia.replies(pia.letter(), text)
    else:
        pia.writes("ticket1", text)
    assert team.messages[-1]["text"] == text
    assert (team.ticket["assignee"], team.status != team.life.solved_status) == (None, True)


@pytest.mark.parametrize("writer", [RITA, EVE])
def test_lines_on_top_of_a_first_mail_of_others_are_just_text(team: StaffedWorld, writer: str) -> None:
    text = f"Queue: Questions\nOwner: {RON}\n\nHelp!"
    letters = team.says(team.world.actor(writer), text, to="hello")
    ticket = team.world.ticket(2)
    assert (ticket["queue"], ticket["assignee"], ticket["messages"][0]["text"]) == ("General", None, text)
    assert [letter for letter in letters if letter.recipient == writer] == []


def test_help_and_refusals_name_the_commands_of_a_requestor() -> None:
    assert FOR_REQUESTORS == (STATUS, ACTION)


# Who hears


def test_a_mail_of_commands_alone_is_no_message_and_no_letter_to_the_requestor(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, f"Owner: Rosa\nPriority: 1\nSubject: Fire\nAddCc: {PIA}")
    assert len(team.messages) == 1
    assert sorted(letter.recipient for letter in letters) == [RON, ROSA]
    assert "Owner: nobody → Rosa" in to(letters, team.rosa)[0].text


def test_a_new_status_is_told_to_all_where_the_lifecycle_says_so(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, f"Status: {AWAY[team.life.name]}\nOwner: Rosa")
    to_rita = to(letters, team.rita)
    assert len(to_rita) == (1 if team.life.status_for_all else 0)
    assert all("Owner" not in letter.text for letter in to_rita)


def test_with_words_outsiders_read_the_words_and_the_status_and_nothing_else(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Owner: Rosa\nPriority: 1\nStatus: {WAITING[team.life.name]}\n\nWhich one?")
    letter = team.rita.letter()
    assert "Which one?" in letter.text
    assert f"Status: {team.life.first} → {WAITING[team.life.name]}" in letter.text
    assert "Owner" not in letter.text
    assert "Priority" not in letter.text
    assert "Owner: nobody" in team.rosa.letter().text


def test_who_answered_for_the_old_queue_and_who_does_for_the_new_one_hear_of_the_move(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, "Queue: Questions")
    assert sorted(letter.recipient for letter in letters) == sorted([QUINN, RON, ROSA])
    assert all("Queue: General → Questions" in letter.text for letter in letters)


def test_letters_go_to_the_new_requestor_from_then_on(team: StaffedWorld) -> None:
    otto = team.world.actor(OTTO, "Otto")
    team.steers(team.ron, f"Requestor: {OTTO}")
    assert otto.letters == []
    team.steers(team.ron, "Try water.")
    assert "Try water." in otto.letter().text
    assert emails(team.ticket["participants"]) == [RITA]
    assert "Try water." in team.rita.letter().text
    assert team.world.ticket(1, OTTO)["reply"]["as"] == Role.REQUESTOR


def test_who_was_let_out_gets_no_more_letters(team: StaffedWorld) -> None:
    pia = team.world.actor(PIA)
    team.steers(team.ron, f"AddCc: {PIA}")
    team.steers(team.ron, "Look.")
    team.steers(team.ron, f"DelCc: {PIA}\n\nLook again.")
    assert len(pia.letters) == 1


# Receipts


def test_a_receipt_says_number_address_what_changed_and_how_to_undo_it(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, "Owner: Rosa\nPriority: 3\n\nLook.")
    [receipt] = to(letters, team.ron)
    lines = [
        f"Done. On ticket 1 (ticket1@{DOMAIN}) you changed:",
        "",
        "    Owner: nobody → Rosa",
        "    Priority: none → 3",
        f"    Status: {team.life.first} → {REPLIED[team.life.name]}",
    ]
    assert receipt.text == "\n".join(lines)
    assert "Undo this change? Start your reply with: undo" in receipt.footer
    assert receipt["Reply-To"] == f"ticket1@{DOMAIN}"
    assert "[General #1] Printer" in receipt["Subject"]


def test_undo_takes_back_who_was_let_in_or_out(every_team: StaffedWorld) -> None:
    team = every_team
    team.steers(team.ron, f"AddCc: {PIA}\nSubject: Fire")
    receipt = team.ron.letter()
    assert "DelCc" not in receipt.text
    assert "Start your reply with: undo" in receipt.footer
    [taken_back] = to(team.since(lambda: team.ron.replies(receipt, "undo")), team.ron)
    assert (team.ticket["title"], team.ticket["participants"]) == ("Printer", [])
    assert "Subject: Fire → Printer" in taken_back.text
    assert f"No longer copied in: {PIA}" in taken_back.text
    # That can be taken back, too, and so can letting out.
    team.ron.replies(taken_back, "undo")
    assert emails(team.ticket["participants"]) == [PIA]
    team.ron.replies(team.ron.letter(), f"DelCc: {PIA}")
    team.rosa.replies(team.rosa.letter(), "undo")
    assert emails(team.ticket["participants"]) == [PIA]
    assert {"field": "participant", "old": None, "new": PIA}.items() <= team.ticket["changes"][-1].items()


@pytest.mark.parametrize("lines", ["", "Priority: 3\n\n"])
def test_undo_takes_back_whom_a_reply_let_in_by_its_cc(team: StaffedWorld, lines: str) -> None:
    letters = team.steers(team.ron, f"{lines}Try water.", headers={"Cc": PIA})
    assert emails(team.ticket["participants"]) == [PIA]
    [to_rosa] = to(letters, team.rosa)
    assert f"Copied in: {PIA}" in to_rosa.text
    assert "Start your reply with: undo" in to_rosa.footer
    assert all(PIA not in letter.text for letter in to(letters, team.rita))
    [taken_back] = to(team.since(lambda: team.rosa.replies(to_rosa, "undo")), team.rosa)
    assert team.ticket["participants"] == []
    assert f"No longer copied in: {PIA}" in taken_back.text
    team.ron.replies(team.ron.letter(), "Try oil.", headers={"Cc": f"{PIA}, {OTTO}"})
    team.rosa.replies(team.rosa.letter(), "undo")
    assert (team.ticket["participants"], team.status) == ([], team.life.first)


def test_commands_that_change_nothing_have_a_receipt_that_says_so(team: StaffedWorld) -> None:
    letters = team.steers(team.ron, "Queue: General\nOwner: nobody")
    assert [letter.recipient for letter in letters] == [RON]
    assert "Nothing to change: ticket" in letters[0].text


@pytest.mark.parametrize("proven", [True, False])
def test_a_responder_who_opens_a_ticket_gets_a_receipt(team: StaffedWorld, proven: bool) -> None:
    opens = team.vouched if proven else team.says
    letters = opens(team.ron, "The lift is stuck.", to="hello", subject="Lift")
    [receipt] = to(letters, team.ron)
    assert receipt.text.startswith(f"You opened ticket 2 in General (ticket2@{DOMAIN}).")
    rid = f"Status: {team.life.spam}"
    assert f"Start your reply with:\n    {rid}" in receipt.text
    # The advice holds.
    team.ron.replies(receipt, rid)
    if team.life.name == "correspondence":
        assert team.world.ticket(2)["status"] == team.life.spam


def test_a_plain_reply_has_no_receipt(team: StaffedWorld) -> None:
    assert to(team.steers(team.ron, "Try water."), team.ron) == []
    assert to(team.since(lambda: team.rita.replies(team.rita.letter(), "No.")), team.rita) == []


# Undo

STATE = ("queue", "title", "status", "priority", "requestor", "assignee")
DATES = ("last_query", "last_response", "solved", "answerer", "answer")


def state(team: StaffedWorld) -> dict[str, Any]:
    return {name: team.ticket[name] for name in (*STATE, *DATES)}


def test_undo_brings_everything_back_as_it_was(every_team: StaffedWorld) -> None:
    """By whoever did it, or with words by another responder."""
    team = every_team
    team.steers(team.ron, "Try water.")
    team.steers(team.ron, "Owner: Rosa\nPriority: 1")
    for actor, colleague, words in ((team.ron, team.rosa, ""), (team.rosa, team.ron, "\n\nLook.")):
        before, count = state(team), len(team.messages)
        text = f"Owner: me\nPriority: none\nSubject: Fire\nRequestor: {OTTO}\nStatus: {AWAY[team.life.name]}{words}"
        team.steers(team.ron, text)
        assert state(team) != before
        assert "Start your reply with: undo" in actor.letter().footer
        letters = team.since(lambda actor=actor: actor.replies(actor.letter(), "undo"))
        assert state(team) == before
        assert len(team.messages) == count + bool(words)
        assert f"Status: {AWAY[team.life.name]} → {before['status']}" in to(letters, colleague)[0].text
        assert f"{AWAY[team.life.name]} → {before['status']}" in to(letters, actor)[0].text


def test_an_undo_can_be_undone(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    team.ron.replies(team.ron.letter(), "undo")
    assert team.status == team.life.first
    team.ron.replies(team.ron.letter(), "Undo!")
    assert team.status == AWAY[team.life.name]


def test_a_plain_reply_that_changed_the_status_can_be_undone_by_a_responder(team: StaffedWorld) -> None:
    before = state(team)
    team.steers(team.ron, "Try water.")
    letter = team.rosa.letter()
    assert "Start your reply with: undo" in letter.footer
    team.rosa.replies(letter, f"undo\n\n{quoted(letter)}")
    assert state(team) == before
    assert len(team.messages) == 2


def test_who_reopened_by_mistake_takes_it_back_with_an_answer_to_an_older_letter(every_team: StaffedWorld) -> None:
    team = every_team
    team.steers(team.ron, "Try water.")
    if team.life.name == "correspondence":
        team.steers(team.ron, "Status: resolved\n\nThis must be it.")
    last, before = team.rita.letter(), state(team)
    team.rita.replies(last, "It does not work any more.")
    assert team.status in ("Open", "open")
    letters = team.since(lambda: team.rita.replies(last, "undo"))
    assert state(team) == before
    assert team.messages[-1]["text"] == "It does not work any more."
    assert "→" in to(letters, team.rita)[0].text
    assert to(letters, team.ron)


def test_a_confirmation_can_be_undone_with_all_that_it_set(helpdesk: StaffedWorld) -> None:
    helpdesk.steers(helpdesk.ron, "Try water.")
    before = state(helpdesk)
    helpdesk.rita.replies(helpdesk.rita.letter(), "Status: Solved")
    assert helpdesk.ticket["answerer"]["email"] == RON
    helpdesk.rita.replies(helpdesk.rita.letter(), "undo")
    assert state(helpdesk) == before


def test_an_expiry_can_be_undone_by_a_responder(helpdesk: StaffedWorld) -> None:
    helpdesk.world.act(1, "Expire", None, "Forgotten.")
    assert helpdesk.status == "Expired"
    helpdesk.ron.replies(helpdesk.ron.letter(), "undo")
    assert helpdesk.status == "Open"


@pytest.mark.parametrize("since", ["words", "a change"])
def test_undo_is_refused_in_words_when_something_else_has_happened_since(team: StaffedWorld, since: str) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    receipt = team.ron.letter()
    if since == "words":
        team.rita.writes("ticket1", "Hello?")
    else:
        team.steers(team.rosa, "Owner: me")
    before = state(team)
    [refusal] = to(team.since(lambda: team.ron.replies(receipt, "undo")), team.ron)
    assert "We couldn't undo that. Something else has happened on ticket" in refusal.text
    assert state(team) == before


def test_private_words_and_those_of_bystanders_do_not_keep_undo_from_holding(team: StaffedWorld) -> None:
    olga = team.world.known("olga@example.net", "Olga")
    first = team.ticket["requestor"]["email"], team.status
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}\nRequestor: {OTTO}")
    receipt = team.ron.letter()
    team.world.actor(EVE, "Eve").writes("ticket1", "I have it, too.")
    team.rosa.writes("ticket1-comment", "Hm.")
    # In `support` this one is public.
    olga.writes("ticket1", "Me, too.")
    assert len(team.messages) == 4
    last_query, last_response = team.ticket["last_query"], team.ticket["last_response"]
    team.ron.replies(receipt, "undo")
    assert (team.ticket["requestor"]["email"], team.status) == first
    assert emails(team.ticket["participants"]) == []
    assert (team.ticket["last_query"], team.ticket["last_response"]) == (last_query, last_response)
    assert {message["text"] for message in team.messages} >= {"I have it, too.", "Hm.", "Me, too."}


def test_a_colleague_whose_undo_no_longer_counts_is_told_so(team: StaffedWorld) -> None:
    team.steers(team.ron, "Queue: Questions")
    rosas, count = team.rosa.letter(), len(team.messages)
    assert "You're getting this because ticket 1 was in General, and you're on that team." in rosas.footer
    letters = team.since(lambda: team.rosa.replies(rosas, "undo"))
    assert [letter.recipient for letter in letters] == [ROSA]
    assert (
        "Only the person who made the last change, or someone on the Questions team, can undo it." in letters[0].words
    )
    assert "You're getting this because an email from your address came to ticket 1." in letters[0].footer
    assert (team.ticket["queue"], len(team.messages)) == ("Questions", count)
    # Whoever made the change still takes it back.
    team.ron.replies(team.ron.letter(), "undo")
    assert team.ticket["queue"] == "General"


def test_a_requestor_cannot_undo_what_others_did(team: StaffedWorld) -> None:
    team.steers(team.ron, "Try water.")
    before, count = state(team), len(team.messages)
    assert "undo" not in team.rita.letter().footer
    [refusal] = team.since(lambda: team.rita.replies(team.rita.letter(), "undo"))
    assert (refusal.recipient, "We couldn't undo that" in refusal.text) == (RITA, True)
    assert (state(team), len(team.messages)) == (before, count)


@pytest.mark.parametrize("role", ["participant", "stranger"])
def test_from_others_undo_is_text(team: StaffedWorld, role: str) -> None:
    pia = team.world.known(PIA, "Pia") if role == "participant" else team.world.actor(PIA)
    if role == "participant":
        team.world.asks_in(1, PIA)
    team.steers(team.ron, "Try water.")
    status = team.status
    pia.writes("ticket1", "undo")
    assert (team.messages[-1]["text"], team.status) == ("undo", status)


def test_what_else_stands_below_undo_is_a_comment_that_changes_nothing(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    team.ron.replies(team.ron.letter(), "Undo.\n\nI meant another one.")
    assert team.status == team.life.first
    message = team.messages[-1]
    assert (message["text"], message["action"]) == ("I meant another one.", "Comment")
    assert message["full_text"] == "I meant another one."


def test_undo_amid_a_text_is_text(team: StaffedWorld) -> None:
    team.steers(team.ron, "Try water.")
    team.rosa.replies(team.rosa.letter(), "Please do not\nundo\nthat.")
    assert team.messages[-1]["text"] == "Please do not\nundo\nthat."


def test_with_nothing_to_take_back_undo_says_so(team: StaffedWorld) -> None:
    [refusal] = team.steers(team.ron, "undo")
    assert "There's nothing to undo on this ticket." in refusal.text


def test_undo_that_nothing_proves_waits(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    [waiting] = team.says(team.ron, "undo")
    assert (waiting.recipient, team.status) == (RON, AWAY[team.life.name])
    team.ron.replies(waiting, "yes")
    assert team.status == team.life.first


# Pages


def test_help_says_what_can_be_done_with_this_ticket_now(team: StaffedWorld) -> None:
    [page] = team.steers(team.ron, "help")
    assert page.recipient == RON
    assert len(team.messages) == 1
    assert all(f"    {command.name}: " in page.text for command in COMMANDS)
    assert "moves it to another queue: General, Questions" in page.text
    assert "assigns it: me, nobody, Ron, Rosa" in page.text
    cell = team.life.default_reply(team.life.first, Role.RESPONDER)
    assert f"Reply to {cell.does}. " in page.text


def test_the_statuses_and_actions_of_the_help_are_those_that_hold(team: StaffedWorld) -> None:
    [page] = team.steers(team.ron, "help")
    match = re.search(r"Status: .* has done its part\): (.*?) Action: ", page.words)
    assert match
    statuses = match[1].split(", ")
    for status in team.life.statuses:
        team.world.becomes(1, team.life.first)
        team.steers(team.ron, f"Status: {status}")
        held = team.status == status != team.life.first
        assert held == (status in statuses), status


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize("word", ["Help", "list", "Show.", "show 1"])
def test_a_page_is_sent_to_responders_and_requestors_and_nothing_is_posted(
    team: StaffedWorld, word: str, proven: bool
) -> None:
    team.steers(team.ron, "Try water.")
    before = state(team)
    for actor in (team.ron, team.rita):
        letters = (team.steers if proven else team.says)(actor, word)
        assert [letter.recipient for letter in letters] == [actor.email]
        assert letters[0]["Auto-Submitted"] == "auto-replied"
    assert (state(team), len(team.messages)) == (before, 2)


def test_a_page_is_sent_though_a_client_quotes_below(team: StaffedWorld) -> None:
    letter = team.ron.letters[0]
    [page] = team.since(lambda: team.ron.replies(letter, f"help\n\n{quoted(letter)}"))
    assert "What you can do:" in page.text


@pytest.mark.parametrize("word", ["help", "list", "show", "show 1"])
def test_from_strangers_a_word_is_text(team: StaffedWorld, word: str) -> None:
    eve = team.world.actor(EVE)
    eve.writes("ticket1", word)
    eve.writes("hello", word)
    assert team.messages[-1]["text"] == word
    assert team.world.ticket(2)["messages"][0]["text"] == word
    assert eve.letters == []


@pytest.mark.parametrize("word", ["help", "list", "show 1"])
def test_a_page_can_be_asked_of_a_queues_address(team: StaffedWorld, word: str) -> None:
    for actor in (team.ron, team.rita):
        [page] = team.says(actor, word, to="questions")
        assert page.recipient == actor.email
        assert page["Reply-To"] == f"questions@{DOMAIN}"
    assert len(team.world.rows(Ticket.id)) == 1


def test_the_list_has_a_requestors_open_tickets(team: StaffedWorld) -> None:
    team.rita.writes("questions", "Why?", subject="Why")
    team.rita.writes("hello", "Solved.", subject="Closed")
    team.world.becomes(3, team.life.solved_status)
    team.world.opens(OTTO, "Not hers")
    [page] = team.says(team.rita, "list")
    assert f"1  {team.life.first}, just now: Printer (ticket1@{DOMAIN})" in page.text
    assert f"(ticket2@{DOMAIN})" in page.text
    assert "Closed" not in page.text
    assert "Not hers" not in page.text
    [nothing] = team.says(team.world.known(PIA), "list", to="hello")
    assert nothing.text == "You have no open tickets."


def test_the_list_of_a_responder_has_what_is_theirs_and_what_is_nobodys(team: StaffedWorld) -> None:
    for subject in ("Mine", "Rosas", "Nobodys"):
        team.world.opens(OTTO, subject)
    team.world.opens(OTTO, "Elsewhere", queue="Questions")
    team.world.sets(2, RON, assignee=RON)
    team.world.sets(3, RON, assignee=ROSA)
    team.world.clock.passes(days=2)
    [page] = team.steers(team.ron, "list")
    own_part, _, rest = page.text.partition("Waiting for anyone on your teams")
    assert "Mine" in own_part.partition("Yours (")[2]
    assert "Nobodys" in rest
    assert f"1  {team.life.first}, 2 days ago: Printer" in rest
    assert "Rosas" not in page.text
    assert "Elsewhere" not in page.text


def test_the_footer_of_a_requestor_names_the_list(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Status: {WAITING[team.life.name]}\n\nWhich one?")
    # On a shared inbox's phone it would be one line too many; `help` names it.
    assert ("reply with the word list" in team.rita.letter().footer) == (team.life.name == "support")


def test_show_has_the_ticket_in_order_and_outsiders_never_see_what_is_private(team: StaffedWorld) -> None:
    team.rosa.writes("ticket1-comment", "She is rude.")
    team.steers(team.ron, "Try water.")
    [page] = team.steers(team.rosa, "show")
    assert page.text.startswith("Ticket 1 in General: Printer\nStatus: ")
    assert -1 < page.text.index("Help!") < page.text.index("She is rude.") < page.text.index("Try water.")
    # The status stands where it changed.
    heads = [line.partition(" UTC")[2] for line in page.text.split("\n") if line.startswith("#")]
    assert heads == [f", {team.life.first}", " (private note)", f", {REPLIED[team.life.name]}"]
    [hers] = team.says(team.rita, "show")
    assert "rude" not in hers.all_text
    assert "#2 " in hers.text
    assert "#3 " not in hers.text
    assert "Try water." in hers.text


@pytest.mark.parametrize("word", ["show 2", "show 77"])
def test_show_of_a_ticket_that_is_not_ones_own_says_there_is_none(mailroom: StaffedWorld, word: str) -> None:
    mailroom.world.opens(OTTO, "Secret", "Between us.")
    [page] = mailroom.says(mailroom.rita, word)
    assert f"We can't show you ticket {word[5:]}." in page.text
    assert "Secret" not in page.text


def test_a_long_message_is_cut_and_the_rest_can_be_asked_for(team: StaffedWorld) -> None:
    words = "".join(f"line {number}\n" for number in range(2_000))
    team.rita.writes("ticket1", words)
    team.rita.writes("ticket1", "And that was all.")
    [page] = team.steers(team.ron, "show")
    assert "[Cut here. For the whole message, reply: show 1 2]" in page.text
    assert "line 1999" not in page.text
    assert "And that was all." in page.text
    [rest] = team.steers(team.ron, "show 1 2")
    assert "line 1999" in rest.text
    assert "And that was all." in rest.text
    assert "Help!" not in rest.text


def test_a_long_ticket_is_cut_and_the_rest_can_be_asked_for(team: StaffedWorld) -> None:
    for number in range(40):
        team.world.act(1, "Comment", RON, f"{number}:\n" + "words " * 800)
    [page] = team.steers(team.ron, "show")
    assert len(page.text) < 110_000
    end = page.text[page.text.rindex("[There are more messages.") :]
    next_page = end.partition("reply: ")[2].partition("]")[0]
    [rest] = team.steers(team.ron, next_page)
    assert f"#{next_page.split()[2]}  " in rest.text


def test_a_page_with_a_file_is_a_message(team: StaffedWorld) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = RITA, f"ticket1@{DOMAIN}", "Re: Printer"
    mail["Message-ID"] = make_msgid(domain="home.example")
    mail.set_content("show")
    mail.add_attachment(b"PNG", maintype="image", subtype="png", filename="screen.png")
    team.world.brings(mail.as_bytes(), RITA, f"ticket1@{DOMAIN}")
    assert len(team.messages) == 2


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


def attached(team: StaffedWorld, text: str, subject: str = "Smoke") -> EmailMessage:
    """A mail of Ron's to which one of Otto's is attached."""
    original = EmailMessage(SMTP)
    original["From"], original["To"], original["Subject"] = f"Otto Ott <{OTTO}>", RON, subject
    original["Date"], original["Message-ID"] = "Fri, 20 Nov 2026 10:00:00 +0100", "<smoke@example.net>"
    original.set_content("There is smoke.")
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = RON, f"hello@{DOMAIN}", f"Fwd: {subject}"
    mail["Date"], mail["Message-ID"] = format_datetime(team.world.clock.now), make_msgid(domain="home.example")
    mail.set_content(text)
    mail.add_attachment(original)
    return mail


def test_with_requestor_on_top_a_forward_is_the_ticket_of_who_wrote_it(team: StaffedWorld) -> None:
    letters = team.vouched(team.ron, f"Requestor: {OTTO}\n\n{INLINE}", subject="Fwd: Smoke")
    ticket = team.world.ticket(2)
    assert ticket["requestor"]["email"] == OTTO
    # Who forwarded it answers for it anyway.
    assert ticket["participants"] == []
    assert "There is smoke." in ticket["messages"][0]["text"]
    assert f"Requestor: Ron <{RON}> → {OTTO}" in to(letters, team.ron)[0].text
    assert "You forwarded an email from" not in to(letters, team.ron)[0].text
    assert team.world.actor(OTTO).letters == []
    team.ron.replies(team.ron.letter(), "We are coming.")
    otto = team.world.actor(OTTO)
    assert "We are coming." in otto.letter().text
    otto.replies(otto.letter(), "Good.")
    assert team.world.ticket(2)["messages"][-1]["text"] == "Good."


def test_the_receipt_of_a_forward_offers_the_line_that_works_when_sent_back(team: StaffedWorld) -> None:
    letters = team.says(team.ron, INLINE, to="hello", subject="Fwd: Smoke")
    [receipt] = to(letters, team.ron)
    assert f"You forwarded an email from Otto Ott <{OTTO}>." in receipt.text
    offered = next(line.strip() for line in receipt.text.split("\n") if "Requestor:" in line)
    assert team.world.ticket(2)["requestor"]["email"] == RON
    team.ron.replies(receipt, f"{offered}\n\n{quoted(receipt)}")
    assert team.world.ticket(2)["requestor"]["email"] == OTTO


def test_requestor_on_top_of_a_forward_that_nothing_proves_waits(team: StaffedWorld) -> None:
    team.says(team.ron, f"Requestor: {OTTO}\n\n{INLINE}", to="hello", subject="Fwd: Smoke")
    assert team.world.ticket(2)["requestor"]["email"] == RON
    team.ron.replies(team.ron.letter(), "yes")
    assert team.world.ticket(2)["requestor"]["email"] == OTTO


@pytest.mark.parametrize("note", ["Please look.", ""])
def test_an_attached_mail_is_read_and_its_writers_next_mail_threads(every_team: StaffedWorld, note: str) -> None:
    team = every_team
    mail = attached(team, note)
    team.world.brings(mail.as_bytes(), RON, f"hello@{DOMAIN}")
    ticket = team.world.ticket(2)
    assert ticket["created"] == "2026-11-20T09:00:00+00:00"
    assert note in ticket["messages"][0]["text"]
    assert "There is smoke." in ticket["messages"][0]["text"]
    receipt = team.ron.letter()
    team.ron.replies(receipt, f"Requestor: {OTTO}")
    otto = team.world.actor(OTTO, "Otto")
    # Otto has never had a letter of ours; he answers himself.
    otto.writes("hello", "And now a flame.", subject="Re: Smoke", headers={"In-Reply-To": "<smoke@example.net>"})
    ticket = team.world.ticket(2)
    assert (len(team.world.rows(Ticket.id)), ticket["requestor"]["email"]) == (2, OTTO)
    assert ticket["messages"][-1]["text"] == "And now a flame."


def test_the_mail_of_somebody_who_is_no_responder_is_offered_nothing(team: StaffedWorld) -> None:
    letters = team.says(team.rita, INLINE, to="hello", subject="Fwd: Smoke")
    assert to(letters, team.rita) == []
    assert team.world.ticket(2)["requestor"]["email"] == RITA


def test_a_forward_of_an_address_of_ours_or_of_ones_own_is_offered_to_nobody(team: StaffedWorld) -> None:
    for sender in (f"hello@{DOMAIN}", RON):
        letters = team.says(team.ron, INLINE.replace(OTTO, sender), to="hello", subject="Fwd: Smoke")
        assert "You forwarded" not in to(letters, team.ron)[0].text


@pytest.mark.parametrize("way", ["by mail", "by command"])
@pytest.mark.parametrize("was", ["an outsider", "a responder"])
def test_whose_ticket_it_was_takes_part_from_then_on_unless_they_answer(team: StaffedWorld, way: str, was: str) -> None:
    number = 1
    if was == "a responder":
        number = team.world.opens(RON, "Smoke")
    if way == "by mail":
        letter = team.rosa.letter()
        team.rosa.replies(letter, f"Requestor: {OTTO}")
    else:
        with team.world.uow() as uow:
            get_or_create_person(uow, Mailbox("", OTTO), known=False)
        with team.world.database.read_only() as uow:
            person = get_person(uow, OTTO)
        team.world.sets(number, ROSA, requestor=person)
    ticket = team.world.ticket(number)
    assert ticket["requestor"]["email"] == OTTO
    assert emails(ticket["participants"]) == ([RITA] if was == "an outsider" else [])


# Merges


@pytest.fixture
def merged(team: StaffedWorld) -> StaffedWorld:
    """Rita's ticket 1 has become part of Otto's ticket 2."""
    team.steers(team.ron, "Try water.")
    team.world.actor(OTTO, "Otto").writes("hello", "Mine burns too.", subject="Smoke")
    team.merges(team.ron.letters[0], 2)
    return team


def test_mail_to_the_old_address_lands_on_the_new_ticket(merged: StaffedWorld) -> None:
    for to_address in ("ticket1", "ticket1-comment"):
        merged.rita.writes(to_address, f"Still there? {to_address}")
        message = merged.world.ticket(2)["messages"][-1]
        assert (message["text"], message["private"]) == (f"Still there? {to_address}", to_address != "ticket1")
    assert merged.messages == []


def test_replies_to_old_letters_land_on_the_new_ticket(merged: StaffedWorld) -> None:
    old = merged.rita.letters[0]
    merged.rita.replies(old, "It still burns.")
    merged.rita.writes("hello", "Really.", answering=old)
    assert [message["text"] for message in merged.world.ticket(2)["messages"][-2:]] == ["It still burns.", "Really."]
    assert "It still burns." in merged.world.actor(OTTO).letters[-2].text
    merged.ron.replies(merged.ron.letters[0], "Owner: me")
    assert merged.world.ticket(2)["assignee"]["email"] == RON


def test_letters_come_from_the_new_ticket(merged: StaffedWorld) -> None:
    merged.world.actor(OTTO).writes("ticket2", "Hello?")
    assert merged.rita.letter()["Reply-To"] == f"ticket2@{DOMAIN}"


def test_a_mail_that_came_before_the_merge_is_recognised_when_it_comes_again(merged: StaffedWorld) -> None:
    count = len(merged.world.ticket(2)["messages"])
    merged.world.brings(merged.raw(2, 2).encode(), RITA, f"hello@{DOMAIN}")
    assert (len(merged.world.ticket(2)["messages"]), len(merged.world.rows(Ticket.id))) == (count, 2)


def test_a_reply_that_came_before_the_merge_is_recognised_when_it_comes_again(merged: StaffedWorld) -> None:
    again = next(
        merged.raw(2, message["number"]).encode()
        for message in merged.world.ticket(2)["messages"]
        if message["text"] == "Try water."
    )
    count = len(merged.world.ticket(2)["messages"])
    merged.world.brings(again, RON, f"ticket1@{DOMAIN}")
    assert len(merged.world.ticket(2)["messages"]) == count


def test_a_ticket_of_a_merged_ticket_lands_where_all_ended(merged: StaffedWorld) -> None:
    merged.world.actor(PIA).writes("hello", "Me three.")
    letter = merged.ron.letter()
    assert "#3]" in letter["Subject"]
    two = next(letter for letter in merged.ron.letters if "#2]" in letter["Subject"])
    merged.merges(two, 3)
    assert merged.world.ticket(2)["merged_into"] == 3
    merged.rita.writes("ticket1", "Where am I?")
    assert merged.world.ticket(3)["messages"][-1]["text"] == "Where am I?"


def test_the_old_ticket_says_where_it_went(merged: StaffedWorld) -> None:
    assert merged.ticket["merged_into"] == 2
    assert {"field": "merged_into", "old": None, "new": "2"}.items() <= merged.ticket["changes"][-1].items()


def test_a_merged_ticket_is_on_nobodys_list(merged: StaffedWorld) -> None:
    [page] = merged.steers(merged.ron, "list")
    assert "ticket1@" not in page.text
    assert "ticket2@" in page.text


def test_a_first_mail_can_be_put_on_another_ticket_at_once(team: StaffedWorld) -> None:
    team.vouched(team.ron, f"Merge: 1\nRequestor: {OTTO}\n\nOtto told me the same.", subject="Same")
    assert team.world.ticket(2)["merged_into"] == 1
    assert team.messages[-1]["text"] == "Otto told me the same."


# What went wrong once


def test_what_takes_an_answer_is_refused_where_nobody_has_answered(team: StaffedWorld) -> None:
    if team.life.name != "support":
        return
    team.steers(team.ron, "Status: Needs information\n\nWhich model?")
    letters = team.since(lambda: team.rita.replies(team.rita.letter(), "Action: Confirm\n\nIt works."))
    assert "nobody has answered" in to(letters, team.rita)[0].text
    assert team.messages[-1]["text"] == "It works."


def test_undo_after_the_queue_got_another_lifecycle_is_refused(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    lifecycle = "support" if team.life.name == "correspondence" else "correspondence"
    team.world.switches("General", lifecycle=lifecycle)
    now = team.status
    letters = team.since(lambda: team.ron.replies(team.ron.letter(), "undo"))
    assert "Something else has happened" in to(letters, team.ron)[0].text
    assert team.status == now


def test_a_first_mail_that_is_merged_is_a_reply_there(team: StaffedWorld) -> None:
    team.world.database.trust = Trust("from")
    letters = team.says(team.ron, "Merge: 1\n\nDear Rita, pour water on it.", to="hello")
    assert "pour water on it" in to(letters, team.rita)[0].text
    assert team.status == REPLIED[team.life.name]
    [receipt] = to(letters, team.ron)
    assert "opened" not in receipt.text
    assert "Ticket 2 was merged into this one." in receipt.text


def test_a_logo_in_the_signature_is_no_word(team: StaffedWorld) -> None:
    mail = EmailMessage()
    mail.set_content("help")
    mail.add_alternative('help<br><img src="cid:logo">', subtype="html")
    mail.get_payload()[1].add_related(b"PNG", "image", "png", cid="<logo>", disposition="inline", filename="l.png")
    first = team.ron.letters[0]
    for name, value in {"From": RON, "To": f"ticket1@{DOMAIN}", "Subject": "Re", "Message-ID": make_msgid()}.items():
        mail[name] = value
    mail["In-Reply-To"] = first["Message-ID"]
    letters = team.since(lambda: team.world.brings(mail.as_bytes(policy=SMTP), RON, f"ticket1@{DOMAIN}"))
    assert [letter.recipient for letter in letters] == [RON]
    assert len(team.messages) == 1


def test_undo_takes_back_what_the_answered_letter_has_told_or_nothing(team: StaffedWorld) -> None:
    team.steers(team.rosa, f"Status: {AWAY[team.life.name]}")
    last_letter = team.ron.letter()
    team.steers(team.ron, "Priority: 5")
    letters = team.since(lambda: team.ron.replies(last_letter, "undo"))
    assert "Something else has happened" in to(letters, team.ron)[0].text
    assert team.ticket["priority"] == 5


def test_who_comes_with_a_merged_ticket_is_told_where_it_goes_on(team: StaffedWorld) -> None:
    otto = team.world.actor(OTTO, "Otto")
    otto.writes("hello", "Mine too.", subject="Smoke")
    letters = team.merges(team.ron.letter(), 1)
    [letter] = to(letters, otto)
    assert letter.words.startswith('Your ticket 2 is now part of ticket 1, "')
    assert letter["Reply-To"] == f"ticket1@{DOMAIN}"


def test_what_only_was_forwarded_is_answered_here_by_those_who_take_part(team: StaffedWorld) -> None:
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
    team.world.brings(mail.as_bytes(policy=SMTP), RON, f"hello@{DOMAIN}")
    otto = team.world.actor(OTTO, "Otto")
    otto.writes("hello", "About the plan.", subject="Re: Plan", headers={"In-Reply-To": "<plan@elsewhere.example>"})
    assert team.world.ticket(3)["requestor"]["email"] == OTTO


@pytest.mark.parametrize("proven", [True, False])
def test_below_a_line_that_a_requestor_may_write_others_are_refused(team: StaffedWorld, proven: bool) -> None:
    """A command in the first line does not make commands of later lines."""
    team.steers(team.ron, "Try water.")
    team.world.clock.passes(hours=1)
    before = team.ticket
    text = f"{DONE[team.life.name]}\nOwner: {RON}\nSubject: Fire\nPriority: 1\nAddCc: {EVE}"
    if proven:
        letters = team.since(lambda: team.rita.replies(team.rita.letter(), text))
    else:
        team.says(team.rita, text)
        letters = team.since(lambda: team.rita.replies(team.rita.letter(), "yes"))
    assert team.ticket == before
    assert "We couldn't do this on ticket 1" in to(letters, team.rita)[0].text


@pytest.mark.parametrize("below", ["quotation", "signature", "quoted lines"])
def test_commands_above_what_a_client_adds_are_a_mail_of_commands_alone(mailroom: StaffedWorld, below: str) -> None:
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
def test_whom_a_line_names_is_all_taken_or_refused(team: StaffedWorld, line: str) -> None:
    team.world.known("carl@example.org", "Carl")
    before = team.ticket
    letters = team.steers(team.ron, line)
    people = emails(team.ticket["participants"])
    assert sorted(people) == ["carl@example.org", PIA] or team.ticket == before
    assert "carl@example.org" in people or "We couldn't do this" in letters[-1].text


def test_show_of_a_merged_ticket_says_where_it_went(merged: StaffedWorld) -> None:
    """The page is that of ticket 2, and says that ticket 1 is part of it."""
    for actor in (merged.ron, merged.rita):
        [page] = merged.says(actor, "show 1", to="hello")
        assert "ticket 1" in page.text.casefold()


def test_the_letter_about_a_private_comments_commands_is_answered_in_private(team: StaffedWorld) -> None:
    """The refusal repeats private words: what answers it is private too (docs/interface.md, sections 4 and 8)."""
    team.ron.writes("ticket1-comment", "Owner: Zoe\n\nShe is rude.", answering=team.ron.letters[0])
    refusal = team.ron.letter()
    assert "We couldn't do this" in refusal.text
    letters = team.since(lambda: team.ron.replies(refusal, "Owner: Rosa\n\nShe is rude."))
    assert team.messages[-1]["private"] is True
    assert "rude" not in "".join(letter.all_text for letter in to(letters, team.rita))


def test_undo_can_name_others_in_cc(team: StaffedWorld) -> None:
    """Who is in Cc takes part by it, which then is what "has happened since"."""
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    team.ron.replies(team.ron.letter(), "undo", headers={"Cc": PIA})
    assert team.status == team.life.first
