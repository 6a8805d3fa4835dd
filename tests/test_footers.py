"""This file holds the claim that carries everything: what a letter's footer promises is what a reply does.

Somebody gets a letter and reads its footer as a person would. They reply to it, through the router. Then the action
that was recorded, the status after it, and the people who got a letter are compared with what the footer had said.
"""

import re
from typing import NamedTuple

import pytest

from app.model.lifecycle import Lifecycle, Role
from app.model.lifecycles import LIFECYCLES
from tests.world import Actor, Letter, World

# How a reader understands the words of a footer. A new action needs its words here.
MEANING = {
    "gives more information": "Give more information",
    "answers it": "Answer",
    "reopens it": "Reopen",
    "comments and changes nothing else": "Comment",
}

# The whole of what footers promise in `support`, so that no table changes without somebody meaning it.
SUPPORT = {
    "Open": {"requestor": ("gives more information", "Open"), "another": ("answers it", "Answered")},
    "Needs information": {"requestor": ("gives more information", "Open"), "another": ("answers it", "Answered")},
    "Answered": {"requestor": ("reopens it", "Open"), "another": ("answers it", "Answered")},
    "Solved": {
        "requestor": ("comments and changes nothing else", "Solved"),
        "another": ("comments and changes nothing else", "Solved"),
    },
    "Expired": {
        "requestor": ("reopens it", "Open"),
        "another": ("comments and changes nothing else", "Expired"),
    },
    "Invalid": {
        "requestor": ("comments and changes nothing else", "Invalid"),
        "another": ("comments and changes nothing else", "Invalid"),
    },
}

# Everybody on a ticket, by name, and which seat they have; two of a kind where one reads what the other writes.
SEATS = {
    "Rita": "requestor",
    "Ron": "answers for the queue",
    "Rosa": "answers for the queue",
    "Asa": "assignee",
    "Pia": "participant",
    "Paul": "participant",
    "Adam": "participant and administrator",
}
# Whose roles no letter can have: nobody knows a stranger, a machine is told nothing, and others are not on the ticket.
LETTERLESS = {Role.MACHINE, Role.STRANGER, Role.OTHER}

PLACES = [
    (life, status, writer, asks)
    for life in LIFECYCLES.values()
    for status in life.statuses
    for writer in SEATS
    for asks in ("Rita", "Ron")
    if asks == "Rita" or writer == "Ron"
]
EVERY_PLACE = pytest.mark.parametrize(
    ("life", "status", "writer", "asks"),
    PLACES,
    ids=[
        f"{life.name}-{status}-{writer}{'-who-asked' if asks == writer else ''}"
        for life, status, writer, asks in PLACES
    ],
)


class Said(NamedTuple):
    """What a person reads in a footer."""

    status: str
    promise: str
    private: bool
    readers: frozenset[str]


class Cast:
    """A ticket of a queue with this lifecycle, with somebody in every seat; `asks` is the requestor."""

    def __init__(self, world: World, life: Lifecycle, asks: str = "Rita") -> None:
        from app.model.queues import add_queue

        self.world, self.life, self.asks = world, life, asks
        with world.desk() as desk:
            add_queue(desk, "Lab", ["lab"], life.name)
        self.admin = world.known("root@example.org", "Root", admin=True)
        self.actors: dict[str, Actor] = {}
        for name, seat in SEATS.items():
            email = f"{name.lower()}@example.org"
            if seat == "answers for the queue":
                self.actors[name] = world.responder(email, name, queue="Lab")
            else:
                # Only administrators and responders can be assigned.
                self.actors[name] = world.known(email, name, admin=seat in ("assignee", SEATS["Adam"]))
        self.ticket = world.opens(self.actors[asks].email, "It is broken", queue="Lab")
        world.sets(self.ticket, self.admin.email, assignee=self.actors["Asa"].email)
        for name in ("Pia", "Paul", "Adam"):
            world.asks_in(self.ticket, self.actors[name].email)

    def gets_a_letter(self, name: str, status: str) -> Letter:
        """The ticket is in this status, and somebody who is not on it says something: the letter about that."""
        self.world.becomes(self.ticket, status)
        self.world.act(self.ticket, "Comment", self.admin.email, "Look at this.")
        letter = self.actors[name].letter()
        assert "Root commented:" in letter.text
        return letter

    def reached(self, since: int) -> frozenset[str]:
        """The names of those who got letters, from the one numbered `since` on."""
        people = {actor.email: name for name, actor in self.actors.items()}
        return frozenset(people[letter.recipient] for letter in self.world.far_end.letters[since:])

    def reads(self, letter: Letter, reader: str) -> Said:
        """What a footer says to its reader, in their own understanding."""
        found = re.search(r"^While this ticket is (.+), a reply from you (.+?); (.+)\.$", letter.footer, re.M)
        assert found, letter.footer
        status, promise, readers = found.groups()
        private = promise.endswith(" in private")
        return Said(status, promise.removesuffix(" in private"), private, self.named(readers) - {reader})

    def named(self, phrase: str) -> frozenset[str]:
        """The people whom a phrase like "Ann, Bob and everybody who answers for Lab will read it" names."""
        if phrase == "it is kept with the ticket, and nobody else reads it yet":
            return frozenset()
        names: set[str] = set()
        for part in re.split(r", | and ", phrase.removesuffix(" will read it")):
            body = [name for name, seat in SEATS.items() if seat == "answers for the queue"]
            names |= set(body) if part == "everybody who answers for Lab" else {part}
        assert names <= set(SEATS), phrase
        return frozenset(names)

    def replies(self, name: str, letter: Letter) -> tuple[str, str, bool, frozenset[str]]:
        """Somebody replies: the action recorded, the status after it, whether in private, and who got a letter."""
        since = len(self.world.far_end.letters)
        posted = self.actors[name].replies(letter, "These are my words.")
        ticket = self.world.ticket(self.ticket)
        message = ticket["messages"][-1]
        assert message["message_id"] == posted
        return message["action"], ticket["status"], message["private"], self.reached(since)


@EVERY_PLACE
def test_a_reply_does_what_the_footer_under_its_letter_promised(
    small_world: World, life: Lifecycle, status: str, writer: str, asks: str
) -> None:
    cast = Cast(small_world, life, asks)
    letter = cast.gets_a_letter(writer, status)
    said = cast.reads(letter, writer)
    action, after, private, reached = cast.replies(writer, letter)
    assert said.status == status
    assert MEANING[said.promise] == action
    assert said.private is private
    assert said.readers == reached
    # And the next letters, of those whom it reached, are about the status that it led to.
    for reader in reached:
        assert cast.reads(cast.actors[reader].letter(), reader).status == after


@EVERY_PLACE
def test_a_reply_does_what_the_table_says(
    small_world: World, life: Lifecycle, status: str, writer: str, asks: str
) -> None:
    """The same from the other side: the promise is the cell's, and the status is the one that is shown beforehand."""
    cast = Cast(small_world, life, asks)
    letter = cast.gets_a_letter(writer, status)
    foretold = small_world.ticket(cast.ticket, cast.actors[writer].email)["reply"]
    said = cast.reads(letter, writer)
    cell = life.cell(status, Role(foretold["as"]))
    assert (said.promise, said.private) == (cell.action.promise, cell.private)
    action, after, private, _ = cast.replies(writer, letter)
    assert (action, after, private) == (foretold["action"], foretold["status"], cell.private)


@pytest.mark.parametrize("writer", SEATS)
@pytest.mark.parametrize("status", SUPPORT)
def test_the_promises_of_support_are_these(small_world: World, status: str, writer: str) -> None:
    cast = Cast(small_world, LIFECYCLES["support"])
    letter = cast.gets_a_letter(writer, status)
    promise, goal = SUPPORT[status]["requestor" if writer == "Rita" else "another"]
    said = cast.reads(letter, writer)
    assert (said.promise, said.private) == (promise, False)
    # Words go to everybody on the ticket but their writer.
    assert said.readers == set(SEATS) - {writer}
    assert cast.replies(writer, letter) == (MEANING[promise], goal, False, set(SEATS) - {writer})


@pytest.mark.parametrize("life", LIFECYCLES.values(), ids=LIFECYCLES)
def test_somebody_here_has_every_role_that_gets_letters(small_world: World, life: Lifecycle) -> None:
    cast = Cast(small_world, life)
    worn = {small_world.ticket(1, actor.email)["reply"]["as"] for actor in cast.actors.values()}
    assert worn == set(life.order) - LETTERLESS


@pytest.mark.parametrize("life", LIFECYCLES.values(), ids=LIFECYCLES)
def test_readers_understand_every_promise(life: Lifecycle) -> None:
    assert {cell.action.promise: cell.action.title for cell in life.defaults.values()}.items() <= MEANING.items()


@pytest.mark.parametrize("status", SUPPORT)
def test_a_letter_with_an_old_footer_still_told_the_truth_about_its_status(small_world: World, status: str) -> None:
    """That is why it says "While this ticket is …": the ticket has moved on, and so has what a reply does."""
    cast = Cast(small_world, LIFECYCLES["support"])
    letter = cast.gets_a_letter("Rita", status)
    for now in SUPPORT:
        small_world.becomes(cast.ticket, now)
        assert cast.reads(letter, "Rita").status == status
        assert cast.replies("Rita", letter)[:2] == (MEANING[SUPPORT[now]["requestor"][0]], SUPPORT[now]["requestor"][1])


# The other sentences


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Rita", "you asked for help with ticket 1"),
        ("Ron", "you answer for Lab"),
        ("Asa", "ticket 1 is assigned to you"),
        ("Pia", "you take part in ticket 1"),
    ],
)
def test_the_first_line_says_why_the_reader_got_it(small_world: World, name: str, why: str) -> None:
    letter = Cast(small_world, LIFECYCLES["support"]).gets_a_letter(name, "Open")
    assert letter.footer.splitlines()[0] == f"You get this because {why}."


@pytest.mark.parametrize("name", SEATS)
@pytest.mark.parametrize("status", SUPPORT)
def test_the_last_line_says_what_else_the_reader_may_do(small_world: World, status: str, name: str) -> None:
    lines = Cast(small_world, LIFECYCLES["support"]).gets_a_letter(name, status).footer.splitlines()
    assert len(lines) == 3
    assert "{" not in lines[2]
    assert lines[2].endswith(".")


def test_a_queue_without_an_address_does_not_advise_to_write_to_it(small_world: World) -> None:
    with small_world.desk() as desk:
        from app.model.queues import add_queue

        add_queue(desk, "Bare")
    small_world.opens("rita@example.org", queue="Bare")
    small_world.known("root@example.org", "Root", admin=True)
    small_world.act(1, "Comment", "root@example.org", "Look.")
    assert len(small_world.actor("rita@example.org").letter().footer.splitlines()) == 2


def test_many_readers_are_counted_and_none_is_hidden(small_world: World) -> None:
    ron = small_world.responder("ron@example.org", "Ron")
    small_world.opens("rita@example.org")
    for number in range(7):
        small_world.known(f"p{number}@example.org", f"P{number}")
        small_world.asks_in(1, f"p{number}@example.org")
    small_world.act(1, "Comment", "p0@example.org", "Hi.")
    assert "rita, P0, P1, P2, P3, 3 others on the ticket will read it." in ron.letter().footer.replace(" and ", ", ")


def test_where_nobody_else_reads_the_footer_says_so(small_world: World) -> None:
    small_world.opens("rita@example.org")
    small_world.known("root@example.org", "Root", admin=True)
    small_world.act(1, "Comment", "root@example.org", "Look.")
    letter = small_world.actor("rita@example.org").letter()
    assert "it is kept with the ticket, and nobody else reads it yet." in letter.footer
    small_world.actor("rita@example.org").replies(letter, "I see.")
    assert len(small_world.far_end.letters) == 1


def test_nobody_is_named_who_cannot_be_reached(small_world: World) -> None:
    """An address of ours is no mailbox: a letter to it would come back."""
    ron = small_world.responder("ron@example.org", "Ron")
    small_world.responder("later@tickets.example", "Loop")
    small_world.answers_at("later")
    small_world.opens("rita@example.org")
    small_world.known("pia@tickets.example", "Pia")
    small_world.asks_in(1, "pia@tickets.example")
    rita = small_world.actor("rita@example.org")
    small_world.act(1, "Comment", ron.email, "Look.")
    assert "; Pia and everybody who answers for General will read it." in rita.letter().footer
    rita.replies(rita.letter(), "I see.")
    assert {letter.recipient for letter in small_world.far_end.letters[-2:]} == {ron.email, "pia@tickets.example"}


def test_a_reply_of_attachments_alone_reaches_whom_the_footer_named(small_world: World) -> None:
    cast = Cast(small_world, LIFECYCLES["support"])
    letter = cast.gets_a_letter("Rita", "Open")
    since = len(small_world.far_end.letters)
    raw = (
        f"From: rita@example.org\r\nTo: ticket1\r\nMessage-ID: <pic@home>\r\nIn-Reply-To: {letter['Message-ID']}\r\n"
        'Content-Type: image/png; name="screen.png"\r\nContent-Disposition: attachment; filename="screen.png"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    ).encode()
    small_world.brings(raw, "rita@example.org", "ticket1@tickets.example")
    assert small_world.ticket()["messages"][-1]["text"] == ""
    assert cast.reached(since) == cast.reads(letter, "Rita").readers
    assert cast.actors["Pia"].letter().text == "Rita gave more information:\n\n[screen.png, image/png, 8 bytes]"


def test_an_empty_reply_reaches_whom_the_footer_named(small_world: World) -> None:
    cast = Cast(small_world, LIFECYCLES["support"])
    letter = cast.gets_a_letter("Rita", "Open")
    since = len(small_world.far_end.letters)
    cast.actors["Rita"].replies(letter, "")
    assert cast.reached(since) == cast.reads(letter, "Rita").readers
    assert cast.actors["Pia"].letter().text == "Rita gave more information."
