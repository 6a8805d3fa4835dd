"""Claims about what a team switches and sets: rules per queue, who takes part, and who is who."""

import pytest

from mail_tickets.mail.addresses import Mailbox
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.operations.administration import set_ticket
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import set_queue, switches_of
from mail_tickets.model.records.queues import BadQueue, find_queue
from mail_tickets.model.records.registration import add_alias, get_or_create_person
from mail_tickets.model.records.tickets import find_ticket
from mail_tickets.model.tickets.fields import FieldChanges
from tests.support.footers import read_footer, team
from tests.support.world import DOMAIN, Actor, Letter, World

RON, RITA, PIA = "ron@example.org", "rita@example.net", "pia@example.net"
LISTED = {"List-Id": "<club.lists.example>"}


def participants(world: World, number: int = 1) -> list[str]:
    return [participant["email"] for participant in world.ticket(number)["participants"]]


def lets_in(world: World, email: str, number: int = 1) -> None:
    """As `tickets set N --participant EMAIL --as ron@example.org` does."""
    with world.uow() as uow:
        setting = FieldChanges(participant=get_or_create_person(uow, Mailbox("", email), known=False))
        set_ticket(uow, find_ticket(uow, number, locked=True), get_person(uow, RON), setting)
    world.settle()


def moves(world: World, queue: str, number: int = 1) -> None:
    """As `tickets set N --queue QUEUE --as ron@example.org` does."""
    with world.uow() as uow:
        setting = FieldChanges(queue=find_queue(uow, queue))
        set_ticket(uow, find_ticket(uow, number, locked=True), get_person(uow, RON), setting)
    world.settle()


# The switches


def test_every_rule_that_writes_letters_is_off_until_somebody_switches_it_on(small_inbox: World) -> None:
    with small_inbox.uow() as uow:
        for name in ("General", "Questions"):
            assert switches_of(find_queue(uow, name)) == {
                "acknowledge": False,
                "announce-resolved": False,
                "cc-from-responders": True,
                "cc-from-others": False,
                "digest": "off",
                "language": "en",
                "readers": "everyone",
            }
    small_inbox.responder(RON)
    rita = small_inbox.actor(RITA)
    rita.writes("hello", "Help!")
    small_inbox.act(1, "Change status", RON, status="resolved")
    assert rita.letters == []


def test_a_switch_is_on_or_off_and_nothing_else(small_inbox: World) -> None:
    with small_inbox.uow() as uow:
        general = find_queue(uow, "General")
        for key, value in (("acknowledge", "perhaps"), ("aknowledge", "on"), ("lifecycle", "none")):
            with pytest.raises(BadQueue):
                set_queue(uow, general, key, value)


def test_an_acknowledgement_says_the_number_and_what_a_reply_does(inbox: World) -> None:
    inbox.switches("General", acknowledge="on")
    inbox.responder(RON)
    rita = inbox.actor(RITA, "Rita")
    rita.writes("hello", "Help!", subject="Printer")
    [letter] = rita.letters
    assert letter.words == "Thanks for your email. We've passed it to the General team. It's ticket 1."
    assert letter["Subject"] == "Re: [General #1] Printer"
    assert (letter["Auto-Submitted"], letter["Reply-To"]) == ("auto-replied", f"ticket1@{DOMAIN}")
    assert letter["In-Reply-To"] == inbox.ticket()["messages"][0]["message_id"]
    assert "Ticket 1 is new." in letter.footer
    rita.replies(letter, "It burns.")
    assert (len(inbox.ticket()["messages"]), inbox.ticket()["status"]) == (2, "new")


def test_such_a_letter_has_one_empty_line_above_its_footer_and_an_acknowledgement_the_queues_name(inbox: World) -> None:
    inbox.switches("General", acknowledge="on", announce_resolved="on")
    ron, rita = inbox.responder(RON, "Ron"), inbox.actor(RITA, "Rita")
    rita.writes("hello", "It is broken.")
    acknowledged = rita.letter()
    ron.replies(ron.letter(), "Status: resolved")
    assert acknowledged["From"] == "General <ticket1@tickets.example>"
    assert rita.letter()["From"] == '"Ron (General)" <ticket1@tickets.example>'
    for letter in (acknowledged, rita.letter()):
        assert letter.all_text.startswith(f"{letter.text}\n\n-- \n")


def test_it_is_sent_for_a_new_ticket_of_that_queue_only(small_inbox: World) -> None:
    small_inbox.switches("General", acknowledge="on")
    rita, ruth = small_inbox.actor(RITA), small_inbox.actor("ruth@example.net")
    rita.writes("hello", "Help!")
    rita.writes("ticket1", "Please!")
    ruth.writes("questions", "Why?")
    small_inbox.opens("otto@example.net")
    assert [letter.recipient for letter in small_inbox.far_end.letters] == [RITA]


NEVER = {
    "automatic": {"Auto-Submitted": "auto-generated"},
    "bulk": {"Precedence": "bulk"},
    "a list": LISTED,
    "a list by precedence": {"Precedence": "list"},
}


@pytest.mark.parametrize("headers", NEVER.values(), ids=NEVER)
def test_machines_and_lists_are_neither_acknowledged_nor_told_of_the_end(
    small_inbox: World, headers: dict[str, str]
) -> None:
    small_inbox.switches("General", acknowledge="on", announce_resolved="on")
    small_inbox.responder(RON)
    rita = small_inbox.actor(RITA)
    rita.writes("hello", "Hello.", headers=headers)
    small_inbox.act(1, "Change status", RON, status="resolved")
    assert rita.letters == []


def test_spam_is_not_acknowledged(small_inbox: World) -> None:
    small_inbox.switches("General", acknowledge="on")
    small_inbox.actor(RITA).writes("hello", "You won!", headers={"X-Spam-Flag": "YES"})
    assert small_inbox.rows(Row) == []


def test_a_null_sender_is_neither_acknowledged_nor_told_of_the_end(small_inbox: World) -> None:
    small_inbox.switches("General", acknowledge="on", announce_resolved="on")
    small_inbox.responder(RON)
    small_inbox.brings(f"From: {RITA}\r\nSubject: Hi\r\n\r\nHello.\r\n".encode(), "", f"hello@{DOMAIN}")
    small_inbox.act(1, "Change status", RON, status="resolved")
    assert small_inbox.actor(RITA).letters == []


def test_a_ticket_that_begins_in_private_is_not_acknowledged(small_inbox: World) -> None:
    small_inbox.switches("General", acknowledge="on")
    rita = small_inbox.actor(RITA)
    rita.writes("support-comment", "Between us.")
    assert rita.letters == []


def test_nobody_is_acknowledged_more_often_than_once_an_hour(inbox: World) -> None:
    inbox.switches("General", acknowledge="on")
    inbox.switches("Questions", acknowledge="on")
    rita = inbox.actor(RITA)
    for to in ("hello", "hello", "questions"):
        rita.writes(to, "Help!")
    assert len(rita.letters) == 1
    inbox.actor("ruth@example.net").writes("hello", "Me too.")
    assert len(inbox.actor("ruth@example.net").letters) == 1
    inbox.clock.passes(minutes=61)
    rita.writes("hello", "Still there?")
    assert len(rita.letters) == 2


@pytest.mark.parametrize("status", ["new", "open", "stalled"])
def test_the_requestor_is_told_once_that_it_is_resolved(inbox: World, status: str) -> None:
    inbox.switches("General", announce_resolved="on")
    inbox.responder(RON, "Ron")
    rita = inbox.actor(RITA)
    rita.writes("hello", "Help!")
    inbox.becomes(1, status)
    inbox.act(1, "Change status", RON, status="resolved")
    [letter] = rita.letters
    assert letter.text == "Ron has marked your request as resolved."
    assert "All good? You don't need to reply." in letter.footer


def test_who_is_told_of_it_with_words_or_says_it_is_not_told_again(small_inbox: World) -> None:
    small_inbox.switches("General", announce_resolved="on")
    small_inbox.responder(RON, "Ron")
    rita = small_inbox.actor(RITA)
    rita.writes("hello", "Help!")
    small_inbox.act(1, "Change status", RON, "It is mended.", status="resolved")
    assert [letter.text.split("\n")[0] for letter in rita.letters] == ["Ron changed the status:"]
    small_inbox.becomes(1, "open")
    small_inbox.act(1, "Change status", RITA, status="resolved")
    assert len(rita.letters) == 1


def test_a_rejection_is_announced_to_nobody(small_inbox: World) -> None:
    small_inbox.switches("General", announce_resolved="on")
    small_inbox.responder(RON)
    rita = small_inbox.actor(RITA)
    rita.writes("hello", "Help!")
    small_inbox.act(1, "Change status", RON, status="rejected")
    assert rita.letters == []


# Who takes part


def names(actor: Actor, to: str, *cc: str, answering: Letter | None = None, **headers: str) -> None:
    """A mail that names others in To and Cc."""
    named_headers = {"Cc": ", ".join((*cc, f"hello@{DOMAIN}")), **headers}
    actor.writes(to, "Hello all.", headers=named_headers, answering=answering)


@pytest.mark.parametrize("writer", [RON, RITA])
@pytest.mark.parametrize("switched", [None, "on", "off"])
@pytest.mark.parametrize("later", [False, True])
def test_whom_a_mail_names_takes_part_where_the_queue_says_so(
    small_inbox: World, writer: str, switched: str | None, later: bool
) -> None:
    small_inbox.responder(RON)
    kind = "cc_from_responders" if writer == RON else "cc_from_others"
    if switched:
        small_inbox.switches("General", **{kind: switched})
    actor, letter = small_inbox.actor(writer), None
    if later:
        small_inbox.actor(RITA).writes("hello", "Help!")
        small_inbox.actor(RON).replies(small_inbox.actor(RON).letter(), "We come.")
        # On a ticket that is there only a proven mail lets somebody in.
        letter = actor.letter()
    to = "ticket1" if later else "hello"
    names(actor, to, "Pia <pia@example.net>", PIA.upper(), RON, answering=letter)
    allowed = switched == "on" or (switched is None and writer == RON)
    people = [participant for participant in participants(small_inbox) if participant != RON]
    assert people == ([PIA] if allowed else [])


def test_addresses_of_ours_and_the_writers_own_never_take_part(small_inbox: World) -> None:
    small_inbox.answers_at("hello@openhatch.example")
    small_inbox.responder(RON)
    our_addresses = ("ticket1@tickets.example", "hello@openhatch.example", "support-comment-x@elsewhere.example", RON)
    names(small_inbox.actor(RON), "hello", *our_addresses)
    assert participants(small_inbox) == ["support-comment-x@elsewhere.example"]


def test_who_was_asked_in_reads_what_follows_and_is_no_stranger(inbox: World) -> None:
    ron, rita, pia = inbox.responder(RON, "Ron"), inbox.actor(RITA, "Rita"), inbox.actor(PIA, "Pia")
    rita.writes("hello", "Help!")
    names(ron, "ticket1", PIA, answering=ron.letter())
    # The mail reached her already; the letters begin with the next one.
    assert pia.letters == []
    rita.writes("ticket1", "Thank you.")
    assert pia.letter().text == "Rita wrote:\n\nThank you."
    pia.replies(pia.letter(), "I know printers.")
    message = inbox.ticket()["messages"][-1]
    assert (message["private"], message["action"]) == (False, "Reply")
    assert rita.letter().text == "Pia wrote:\n\nI know printers."


def test_unsubscribe_alone_in_a_reply_ends_a_participants_letters(inbox: World) -> None:
    ron, rita = inbox.responder(RON, "Ron"), inbox.actor(RITA)
    rita.writes("hello", "Help!")
    lets_in(inbox, PIA)
    pia = inbox.actor(PIA)
    ron.writes("ticket1", "Look.")
    letter = pia.letter()
    assert "Reply with the word unsubscribe" in letter.footer
    assert "unsubscribe" not in rita.letter().footer
    quoted = "".join(f"> {line}\n" for line in letter.all_text.split("\n"))
    before = len(inbox.ticket()["messages"]), len(rita.letters)
    pia.replies(letter, f"Unsubscribe.\n\nOn Saturday Ron wrote:\n{quoted}")
    assert (len(inbox.ticket()["messages"]), len(rita.letters)) == before
    assert ron.letter().text == f"pia changed this ticket:\n\n    No longer copied in: {PIA}"
    ron.writes("ticket1", "And look here.")
    assert [letter.text.split(maxsplit=5)[:5] for letter in pia.letters[1:]] == [
        ["You've", "left", "ticket", "1,", '"Hello".']
    ]
    assert "pia" not in rita.letter().footer


def test_unsubscribe_among_other_words_or_from_the_team_is_a_message(small_inbox: World) -> None:
    ron, rita = small_inbox.responder(RON), small_inbox.actor(RITA)
    rita.writes("hello", "Help!")
    lets_in(small_inbox, PIA)
    small_inbox.actor(PIA).writes("ticket1", "How do I unsubscribe?")
    ron.writes("ticket1", "unsubscribe")
    assert small_inbox.ticket()["messages"][-1]["text"] == "unsubscribe"
    ron.writes("ticket1", "Look.")
    assert small_inbox.actor(PIA).letter().text.startswith("ron wrote:")


# Strangers, and people with two addresses


def test_a_strangers_note_says_how_to_let_them_in_and_that_does_it(inbox: World) -> None:
    ron, rita = inbox.responder(RON, "Ron"), inbox.actor(RITA, "Rita")
    rita.writes("hello", "Help!")
    eve = inbox.actor("eve@elsewhere.example", "Eve")
    eve.writes("ticket1", "I can help.")
    letter = ron.letter()
    assert letter.text == (
        "Private note from Eve. Only the General team can see it:\n\n"
        "Eve <eve@elsewhere.example> isn't on this ticket, so only the team got\nthis. "
        "To copy Eve in, start your reply with:\n"
        "    AddCc: eve@elsewhere.example\n"
        "What you write below that line goes to everyone on the ticket. Rita and\nEve will see it.\n\n"
        "I can help."
    )
    lets_in(inbox, "eve@elsewhere.example")
    assert participants(inbox) == ["eve@elsewhere.example"]
    eve.writes("ticket1", "Have you tried water?")
    assert rita.letter().text == "Eve wrote:\n\nHave you tried water?"
    assert inbox.ticket(1, "eve@elsewhere.example")["reply"]["as"] == "participant"


def test_a_reply_from_a_second_address_says_who_can_make_both_one_person(inbox: World) -> None:
    ron, rita = inbox.responder(RON, "Ron"), inbox.actor(RITA, "Rita")
    rita.writes("hello", "Help!")
    ron.writes("ticket1", "Try water.")
    home = inbox.actor("rita@home.example")
    home.replies(rita.letter(), "It still burns.")
    ask = "If they're the same person, ask an admin to link both addresses."
    assert f"replied to an email that we sent to Rita <{RITA}>. {ask}" in ron.letter().words
    with inbox.uow() as uow:
        add_alias(uow, RITA, "rita@home.example")
    home.replies(rita.letter(), "Now it is out.")
    ticket = inbox.ticket()
    assert (ticket["messages"][-1]["private"], ticket["requestor"]["name"]) == (False, "Rita")
    # What the second address wrote before is hers as well; letters go where she last wrote from.
    assert ticket["messages"][2]["sender"] == {"email": "rita@home.example", "name": "Rita"}
    ron.writes("ticket1", "Good.")
    assert home.letter().text.startswith("Ron wrote:\n\nGood.")


def test_two_people_who_are_one_keep_all_that_both_had(inbox: World) -> None:
    inbox.responder(RON, "Ron")
    inbox.responder("ron@home.example", "Ronald", queue="Questions")
    inbox.responder("ron@home.example")
    rita = inbox.actor(RITA)
    rita.writes("hello", "Help!")
    inbox.sets(1, RON, assignee="ron@home.example")
    inbox.asks_in(1, RON)
    inbox.asks_in(1, "ron@home.example")
    inbox.actor("ron@home.example").writes("ticket1", "I am on it.")
    with inbox.uow() as uow:
        add_alias(uow, RON, "ron@home.example")
    ticket = inbox.ticket()
    assert (ticket["assignee"]["email"], participants(inbox)) == (RON, [RON])
    assert ticket["messages"][-1]["sender"]["email"] == RON
    before = len(inbox.far_end.letters)
    rita.writes("ticket1", "Thanks.")
    assert [letter.recipient for letter in inbox.far_end.letters[before:]] == [RON]
    inbox.actor("otto@example.net").writes("questions", "Why?")
    assert inbox.far_end.letters[-1].recipient == RON


def test_an_alias_never_makes_somebody_of_an_address_that_is_a_queues(small_inbox: World) -> None:
    small_inbox.known(RITA)
    small_inbox.answers_at("hello@openhatch.example")
    for address in (f"hello@{DOMAIN}", "hello@openhatch.example", "nonsense"):
        with small_inbox.uow() as uow, pytest.raises(ValueError):
            add_alias(uow, RITA, address)


def test_a_forwarded_mail_is_given_to_who_wrote_it(inbox: World) -> None:
    """The document's way for a mail that is not in the tracker yet: forward it, set its requestor, and reply."""
    ron = inbox.responder(RON, "Ron")
    ron.writes(
        "support", "---------- Forwarded message ---------\nFrom: rita@example.net\n\nHelp!", subject="Fwd: Help"
    )
    with inbox.uow() as uow:
        setting = FieldChanges(requestor=get_or_create_person(uow, Mailbox("", RITA), known=False))
        assert set_ticket(uow, find_ticket(uow, 1, locked=True), get_person(uow, RON), setting).fields == ["requestor"]
    ron.writes("ticket1", "Here it is.")
    rita = inbox.actor(RITA)
    assert rita.letter().footer.startswith("Reply to this email to ")
    rita.replies(rita.letter(), "Thank you.")
    ticket = inbox.ticket()
    assert (ticket["requestor"]["email"], ticket["messages"][-1]["private"], ticket["status"]) == (RITA, False, "open")
    change = ticket["changes"][0]
    assert (change["field"], change["old"], change["new"]) == ("requestor", RON, RITA)


# Moving


MOVES = {
    ("support", "Open"): "new",
    ("support", "Needs information"): "stalled",
    ("support", "Answered"): "open",
    ("support", "Solved"): "resolved",
    ("support", "Expired"): "resolved",
    ("support", "Invalid"): "rejected",
    ("correspondence", "new"): "Open",
    ("correspondence", "open"): "Open",
    ("correspondence", "stalled"): "Needs information",
    ("correspondence", "resolved"): "Solved",
    ("correspondence", "rejected"): "Invalid",
}


def test_every_status_has_its_place_in_the_other_lifecycle() -> None:
    assert set(MOVES) == {(life.name, status) for life in LIFECYCLES.values() for status in life.statuses}


@pytest.mark.parametrize(("life", "status"), MOVES)
@pytest.mark.parametrize("whole", [False, True], ids=["one ticket", "the whole queue"])
def test_a_ticket_that_moves_to_the_other_lifecycle_takes_its_status_along(
    database_url: str, life: str, status: str, whole: bool
) -> None:
    world = World(database_url, lifecycle=life)
    other_life = "correspondence" if life == "support" else "support"
    world.switches("Questions", lifecycle=other_life)
    ron = world.responder(RON)
    world.actor(RITA).writes("hello", "Help!")
    world.becomes(1, status)
    if whole:
        world.switches("General", lifecycle=other_life)
    else:
        moves(world, "Questions")
    ticket = world.ticket()
    assert (ticket["status"], ticket["lifecycle"]) == (MOVES[life, status], other_life)
    if not whole:
        # Whoever moves it to a queue that they do not answer for takes part from then on.
        assert {change["field"] for change in ticket["changes"]} == {"queue", "status", "participant"}
    assert world.ticket(1, RITA)["reply"]["as"] == "requestor"
    assert ron.letters
    world.close()


def test_an_open_ticket_that_was_answered_is_open_there_and_not_new(small_world: World) -> None:
    small_world.switches("Questions", lifecycle="correspondence")
    ron, rita = small_world.responder(RON), small_world.actor(RITA)
    rita.writes("hello", "Help!")
    ron.writes("ticket1", "Try water.")
    rita.replies(rita.letter(), "No.")
    assert small_world.ticket()["status"] == "Open"
    moves(small_world, "Questions")
    assert small_world.ticket()["status"] == "open"


def test_who_answered_for_the_old_queue_is_told_the_truth_about_the_new_one(small_inbox: World) -> None:
    """They hear that it moved; from then on they are not on it, and their footer says so."""
    small_inbox.responder(RON, "Ron")
    rosa = small_inbox.responder("rosa@example.org", "Rosa")
    quinn = small_inbox.responder("quinn@example.org", "Quinn", queue="Questions")
    small_inbox.switches("Questions", lifecycle="correspondence")
    small_inbox.actor(RITA).writes("hello", "Help!")
    moves(small_inbox, "Questions")
    assert "Queue: General → Questions" in quinn.letter().text
    letter = rosa.letter()
    assert "Queue: General → Questions" in letter.text
    assert "you're on the Questions team" not in letter.footer
    footer = read_footer(letter.footer)
    assert (footer.private, footer.readers) == (True, (team("Questions"),))
    rosa.replies(letter, "It was mine.")
    assert small_inbox.ticket()["messages"][-1]["private"]
    assert len(small_inbox.rows(Row)) == len(small_inbox.far_end.letters)
