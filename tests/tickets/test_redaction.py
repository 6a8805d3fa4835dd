"""Claims about privacy: a private comment shows on no way out but to those who answer.

Each test says the secret in private, in words that stand nowhere else, and then looks everywhere for them, for the
comment's ids and addresses, and for gaps that tell that something was there.
"""

import json
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import make_msgid
from itertools import pairwise
from typing import Any

import pytest

from mail_tickets.cli.output.ticket_display import ticket_text
from mail_tickets.model.records.messages import NoSuchMessage
from mail_tickets.model.records.tickets import NoSuchTicket, find_ticket
from mail_tickets.model.tickets.ticket_json import viewer_of
from tests.support.world import DOMAIN, Letter, World

SECRET = "We shall never lend this man a cent, whatever he says."
ROOM = b"%PDF the secret plan of the room"
RESPONDERS = {"ron@example.org", "rosa@example.org", "root@example.org", "asa@example.org"}


class House:
    """A ticket of Rita's, with somebody in every seat; Ron and Rosa answer, and speak in private."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.root = world.known("root@example.org", "Root", admin=True)
        self.ron = world.responder("ron@example.org", "Ron")
        self.rosa = world.responder("rosa@example.org", "Rosa")
        self.asa = world.known("asa@example.org", "Asa", admin=True)
        self.rita = world.actor("rita@example.net", "Rita")
        self.rita.writes("hello", "May I borrow some money for the printer?", subject="A loan")
        world.sets(1, "ron@example.org", assignee="asa@example.org")
        self.pia = world.known("pia@example.net", "Pia")
        world.asks_in(1, "pia@example.net")
        self.comment = self.speaks_in_private()

    def speaks_in_private(self) -> str:
        """Ron comments in private, with a plan; the comment's Message-ID."""
        mail = EmailMessage()
        mail["From"], mail["To"] = "Ron <ron@example.org>", f"ticket1-comment@{DOMAIN}"
        mail["Cc"] = "Outsider <outsider@bank.example>"
        mail["Subject"], mail["Message-ID"] = "Between us only", make_msgid(domain="ron.example")
        mail["In-Reply-To"] = self.rosa.letters[0]["Message-ID"]
        mail.set_content(SECRET)
        mail.add_attachment(ROOM, "application", "pdf", filename="plan-of-the-room.pdf")
        self.world.clock.passes(hours=1)
        self.world.brings(mail.as_bytes(), "ron@example.org", f"ticket1-comment@{DOMAIN}")
        return str(mail["Message-ID"])

    @property
    def marks(self) -> list[str]:
        """What tells of the comment: its words, names, ids, address, and the ids of its letters."""
        letters = [letter["Message-ID"] for letter in self.world.far_end.letters if "-comment@" in letter["From"]]
        assert letters
        marks = [SECRET, SECRET[4:], "plan-of-the-room", "Between us", "outsider@bank.example"]
        return [*marks, self.comment, self.comment.strip("<>"), *letters, "-comment@"]

    def outside(self) -> list[Letter]:
        return [letter for letter in self.world.far_end.letters if letter.recipient not in RESPONDERS]

    def is_tight(self) -> None:
        """Nothing that left us for an outsider, or that one of them can be shown, tells of the comment."""
        for letter in self.outside():
            raw = letter.raw.decode("ascii", "replace").replace("=\r\n", "").replace("\r\n ", " ")
            assert letter.recipient != "outsider@bank.example"
            for mark in self.marks:
                assert mark not in raw, (letter.recipient, mark)
                assert mark not in letter.all_text
                assert all(mark not in str(value) for value in letter.mail.values())
            assert "secret" not in letter.all_text.lower()
        for viewer in ("rita@example.net", "pia@example.net"):
            self.shows_nothing(self.world.ticket(1, viewer))

    def shows_nothing(self, view: dict[str, Any]) -> None:
        page = json.dumps(view, ensure_ascii=False)
        for mark in self.marks:
            assert mark not in page, mark
        assert [message["number"] for message in view["messages"]] == list(range(1, len(view["messages"]) + 1))
        assert not any(message["private"] for message in view["messages"])
        with self.world.uow() as uow:
            text = ticket_text(view, find_ticket(uow, 1).lifecycle, "rita@example.net", uow.now)
        for mark in self.marks:
            assert mark not in text, mark


@pytest.fixture(params=["correspondence", "support"])
def house(request: pytest.FixtureRequest, database_url: str) -> Iterator[House]:
    """The same in both lifecycles."""
    world = World(database_url, lifecycle=request.param)
    yield House(world)
    world.close()


@pytest.fixture
def inbox_house(inbox: World) -> House:
    return House(inbox)


def test_only_those_who_answer_get_a_comments_letter(inbox_house: House) -> None:
    house = inbox_house
    letters = [letter for letter in house.world.far_end.letters if SECRET in letter.text]
    assert {letter.recipient for letter in letters} == {"rosa@example.org", "asa@example.org"}
    house.is_tight()


def test_a_comments_letter_is_answered_at_the_comment_address_and_names_no_other_of_ours_in_its_headers(
    house: House,
) -> None:
    letter = house.rosa.letter()
    assert SECRET in letter.text
    assert letter["Reply-To"] == f"ticket1-comment@{DOMAIN}"
    assert letter["From"].endswith(f"<ticket1-comment@{DOMAIN}>")
    for name, value in letter.mail.items():
        if name not in ("Message-ID", "In-Reply-To", "References"):
            assert f"@{DOMAIN}" not in str(value).replace(f"ticket1-comment@{DOMAIN}", ""), name
    assert f"start a new email to ticket1@{DOMAIN}" in letter.footer
    assert "Reply to this email to add a private note (a comment)." in letter.footer
    assert "Rita" not in letter.footer
    assert [part.get_content() for part in letter.mail.iter_attachments()] == [ROOM]


def test_a_comment_changes_nothing_that_others_can_see(house: House) -> None:
    before = house.world.ticket(1, "rita@example.net")
    house.speaks_in_private()
    house.world.act(1, "Comment", "rosa@example.org", "By command.", private=True)
    assert house.world.ticket(1, "rita@example.net") == before
    full = house.world.ticket(1)
    assert [message["private"] for message in full["messages"]] == [False, True, True, True]
    assert (full["status"], full["last_response"]) == (before["status"], None)


def test_a_comment_adds_nobody(house: House) -> None:
    assert [participant["email"] for participant in house.world.ticket()["participants"]] == ["pia@example.net"]


def test_what_is_posted_after_a_comment_tells_nothing_of_it(house: House) -> None:
    house.rita.writes("ticket1", "Well?")
    house.ron.replies(house.ron.letter(), "We are thinking about it.")
    house.rosa.writes("ticket1", "Patience, please.")
    house.pia.replies(house.pia.letter(), "I would wait.")
    assert len(house.rita.letters) >= 3
    house.is_tight()
    numbers = [message["number"] for message in house.world.ticket()["messages"]]
    assert numbers == [1, 2, 3, 4, 5, 6]


def test_a_status_that_is_set_after_a_comment_tells_nothing_of_it(house: House) -> None:
    goals = {"support": ("Invalid", "Open"), "correspondence": ("resolved", "open")}
    for status in goals[house.world.ticket()["lifecycle"]]:
        house.world.act(1, "Change status", "root@example.org", "Done.", status=status)
    house.world.sets(1, "ron@example.org", title="Another title", priority=3)
    house.is_tight()


QUOTED = {
    "marked": f"No.\n\nRon said:\n> {SECRET}\n",
    "marked twice": f"No.\n>> {SECRET}\n",
    "wrapped by the client": "No.\n> We shall never lend this man\n> a cent, whatever he says.\nSo much.\n",
    "wrapped wider": f"No.\n|  {SECRET.upper()}\n",
    "unmarked": f"No.\n\nRon wrote:\n{SECRET}\n\nSo much.",
    "below an attribution": f"No.\n\nOn Sat, Nov 21, 2026 at 1:00 PM Ron <ron@example.org> wrote:\n\n> {SECRET}\n",
}


@pytest.mark.parametrize("text", QUOTED.values(), ids=QUOTED)
def test_lines_of_a_private_message_never_leave_because_somebody_quoted_them(house: House, text: str) -> None:
    house.rosa.writes("ticket1", text)
    letter = house.rita.letter()
    assert "No." in letter.text
    assert "lend" not in letter.all_text.lower()
    assert "a cent" not in letter.all_text.lower()
    page = json.dumps(house.world.ticket(1, "rita@example.net"))
    assert "lend" not in page.lower()
    assert "a cent" not in page.lower()
    # Responders still have every word of it.
    assert house.world.ticket()["messages"][-1]["full_text"].strip() == text.strip()


def test_the_public_words_that_a_private_message_quotes_stay_public(house: House) -> None:
    """A comment on Rita's mail has her words below it; they are hers all the same, and so are quotations of them."""
    question = "May I borrow some money for the printer?"
    house.rosa.writes("ticket1-comment", f"Why not?\n\nRita wrote:\n> {question}\n> Thanks\n")
    assert house.world.ticket(1, "rita@example.net")["messages"][0]["text"] == question
    house.rosa.writes("ticket1", f"You asked:\n> {question}\nThe answer is no, I fear.")
    assert f"> {question}\nThe answer is no, I fear." in house.rita.letter().text
    house.is_tight()


def test_short_words_that_also_stand_in_private_are_not_taken_out_of_public_ones(house: House) -> None:
    house.rosa.writes("ticket1-comment", "Thanks\nRosa\nno")
    house.rosa.writes("ticket1", "Thanks\nno\nRosa")
    assert "Thanks\nno\nRosa" in house.rita.letter().text


def test_what_was_quoted_from_a_leak_does_not_become_public(house: House) -> None:
    house.rosa.writes("ticket1", f"No.\n> {SECRET}")
    house.rosa.writes("ticket1-comment", f"Did I just send this?\n> {SECRET}")
    house.rosa.writes("ticket1", f"Sorry.\n> {SECRET}")
    house.is_tight()


@pytest.mark.parametrize("mark", ["> ", ""])
def test_a_comments_letter_pasted_into_a_public_mail_tells_nothing(house: House, mark: str) -> None:
    """Not as a reply to it, so nothing but its lines says that it is private."""
    pasted = "\n".join(f"{mark}{line}" for line in house.rosa.letter().all_text.strip().split("\n"))
    house.rosa.writes("ticket1", f"Hello.\n\n{pasted}\n\nWhat I wanted to say: no.")
    letter = house.rita.letter()
    assert "Hello." in letter.text
    texts = [message["full_text"] for message in house.world.ticket(1, "rita@example.net")["messages"]]
    for text in (letter.text, *texts):
        for words in ("in private", "see this comment", "-comment@", "plan-of-the-room", "lend"):
            assert words not in text, words
    house.is_tight()


def test_a_reply_to_a_comments_letter_sent_to_the_public_address_is_private(house: House) -> None:
    letter = house.rosa.letter()
    house.rosa.writes("ticket1", "I agree, never lend.", subject=letter["Subject"], answering=letter)
    assert house.world.ticket()["messages"][-1]["private"]
    house.is_tight()


def test_a_strangers_words_and_a_machines_show_to_nobody_else(house: House) -> None:
    house.world.actor("eve@elsewhere.example", "Eve").writes("ticket1", f"Eve here. {SECRET}")
    house.world.actor("pia@example.net").writes(
        "ticket1", f"Away. {SECRET}", headers={"Auto-Submitted": "auto-replied"}
    )
    house.rita.writes("ticket1", "Hello?")
    house.is_tight()
    text = json.dumps([house.world.ticket(1, who) for who in ("rita@example.net", "pia@example.net")])
    assert "eve" not in text.lower()


def test_somebody_asked_in_later_sees_the_public_part_alone(house: House) -> None:
    house.world.known("paul@example.net", "Paul")
    house.world.asks_in(1, "paul@example.net")
    house.shows_nothing(house.world.ticket(1, "paul@example.net"))
    house.ron.writes("ticket1", "Welcome.")
    house.is_tight()


def test_who_answers_no_more_sees_no_private_message_any_more(house: House) -> None:
    from mail_tickets.model.records.people import get_person
    from mail_tickets.model.records.queue_setup import remove_responder
    from mail_tickets.model.records.queues import find_queue

    with house.world.uow() as uow:
        remove_responder(uow, find_queue(uow, "General"), get_person(uow, "rosa@example.org"))
    if house.world.ticket()["lifecycle"] == "correspondence":
        with pytest.raises(NoSuchTicket):
            house.world.ticket(1, "rosa@example.org")
    else:
        house.shows_nothing(house.world.ticket(1, "rosa@example.org"))
    before = len(house.rosa.letters)
    house.ron.writes("ticket1-comment", "Rosa has left us.")
    assert len(house.rosa.letters) == before


def test_who_is_not_on_a_ticket_of_the_inbox_is_told_that_there_is_none(small_inbox: World) -> None:
    house = House(small_inbox)
    house.world.known("otto@example.net")
    house.world.actor("eve@elsewhere.example").writes("ticket1", "Hello?")
    for who in ("otto@example.net", "eve@elsewhere.example"):
        with pytest.raises(NoSuchTicket, match=r"There's no ticket 1\."):
            house.world.ticket(1, who)
    with house.world.uow() as uow, pytest.raises(NoSuchTicket, match=r"There's no ticket 1\."):
        viewer_of(uow, find_ticket(uow, 1), "nobody@example.net")


def test_no_number_of_a_private_message_can_be_probed(database_url: str) -> None:
    """`--answer` takes the numbers that one is shown; a private message has none."""
    world = World(database_url)
    house = House(world)
    house.ron.writes("ticket1", "Here is a form.")
    refusals = []
    for number in (3, 99):
        with pytest.raises(NoSuchMessage) as refused:
            world.act(1, "Confirm", "rita@example.net", answer=number)
        refusals.append(str(refused.value).replace(str(number), "N"))
    assert len(set(refusals)) == 1
    world.act(1, "Confirm", "rita@example.net", answer=2)
    ticket = world.ticket(1, "rita@example.net")
    assert (ticket["answer"], ticket["messages"][1]["text"]) == (2, "Here is a form.")
    house.is_tight()
    world.close()


def test_what_an_outsider_answers_and_links_to_names_no_private_message(house: House) -> None:
    """Letters of one ticket thread by its first mail, so that no reference leads to a comment."""
    house.ron.replies(house.ron.letters[0], "We are thinking about it.")
    house.rita.replies(house.rita.letter(), "Thank you.")
    house.ron.replies(house.ron.letter(), "You are welcome.")
    public = {message["message_id"] for message in house.world.ticket(1, "rita@example.net")["messages"]}
    for letter in house.rita.letters + house.pia.letters:
        assert {*letter["References"].split(), letter["In-Reply-To"]} - {letter["Message-ID"]} <= public
    dates = [message["date"] for message in house.world.ticket(1, "rita@example.net")["messages"]]
    assert all(earlier <= two for earlier, two in pairwise(dates))


def test_a_ticket_that_begins_in_private_is_told_to_those_who_answer(small_inbox: World) -> None:
    ron = small_inbox.responder("ron@example.org", "Ron")
    rosa = small_inbox.responder("rosa@example.org", "Rosa")
    ron.writes("support-comment", SECRET, subject="Secret", headers={"Cc": "outsider@bank.example"})
    assert [letter.recipient for letter in small_inbox.far_end.letters] == ["rosa@example.org", "ron@example.org"]
    assert {letter["Reply-To"] for letter in small_inbox.far_end.letters} == {f"ticket1-comment@{DOMAIN}"}
    assert rosa.letter()["Reply-To"] == f"ticket1-comment@{DOMAIN}"
    assert small_inbox.ticket()["participants"] == []
    small_inbox.known("pia@example.net")
    small_inbox.asks_in(1, "pia@example.net")
    rosa.writes("ticket1", "Hello Pia.")
    assert SECRET not in small_inbox.actor("pia@example.net").letter().all_text
    assert small_inbox.ticket(1, "pia@example.net")["messages"][0]["text"] == "Hello Pia."
