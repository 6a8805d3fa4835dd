"""The claim that carries everything: what a letter's footer promises is what a reply does.

Somebody gets a letter and reads its footer as a person would. They reply to it, through the router. Then the action
that was recorded, the status after it, and the people who got a letter are compared with what the footer had said.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.lifecycle.roles import Role
from mail_tickets.model.lifecycle.tables import ByRight, Lifecycle
from mail_tickets.model.wording import ENGLISH, LANGUAGES
from tests.support.footers import read_footer, team
from tests.support.world import Letter, World

# How a reader understands the words of a footer. A new action needs its words here.
MEANING = {
    "give more information": "Give more information",
    "answer": "Answer",
    "reopen this ticket": "Reopen",
    "add a comment": "Comment",
    "add a private note (a comment)": "Comment",
    "write to everyone on this ticket": "Reply",
}

# The whole of what footers promise, so that no table changes without somebody meaning it.
SUPPORT = {
    "Open": {"requestor": ("give more information", "Open"), "another": ("answer", "Answered")},
    "Needs information": {"requestor": ("give more information", "Open"), "another": ("answer", "Answered")},
    "Answered": {"requestor": ("reopen this ticket", "Open"), "another": ("answer", "Answered")},
    "Solved": {
        "requestor": ("add a comment", "Solved"),
        "another": ("add a comment", "Solved"),
    },
    "Expired": {
        "requestor": ("reopen this ticket", "Open"),
        "another": ("add a comment", "Expired"),
    },
    "Invalid": {
        "requestor": ("add a comment", "Invalid"),
        "another": ("add a comment", "Invalid"),
    },
}

TO_ALL = "write to everyone on this ticket"
INBOX = {
    "new": {"outsider": (TO_ALL, "new"), "responder": (TO_ALL, "open")},
    "open": {"outsider": (TO_ALL, "open"), "responder": (TO_ALL, "open")},
    "stalled": {"outsider": (TO_ALL, "open"), "responder": (TO_ALL, "open")},
    "resolved": {"outsider": (TO_ALL, "open"), "responder": (TO_ALL, "open")},
    "rejected": {"outsider": (TO_ALL, "open"), "responder": (TO_ALL, "open")},
}
PROMISES = {"support": SUPPORT, "correspondence": INBOX}

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
OUTSIDERS = {"Rita", "Pia", "Paul"}


def promised(life: Lifecycle, status: str, writer: str) -> tuple[str, str]:
    """What the footers of a ticket of Rita's promise to somebody, and the status that it leads to."""
    if life.name == "support":
        return PROMISES[life.name][status]["requestor" if writer == "Rita" else "another"]
    return PROMISES[life.name][status]["outsider" if writer in OUTSIDERS else "responder"]


# Whose roles no letter can have: nobody knows a stranger, a machine is told nothing, others are not on the ticket, and
# readers get no letters.
LETTERLESS = {Role.MACHINE, Role.STRANGER, Role.OTHER, Role.READER}

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


EVERY_LIFE = pytest.mark.parametrize("life", LIFECYCLES.values(), ids=LIFECYCLES)
STATES = [(life, status) for life in LIFECYCLES.values() for status in life.statuses]
EVERY_STATE = pytest.mark.parametrize(
    ("life", "status"), STATES, ids=[f"{life.name}-{status}" for life, status in STATES]
)


class ReplyPromise(NamedTuple):
    """What a person reads in a footer."""

    status: str
    promise: str
    private: bool
    readers: frozenset[str]


class Cast:
    """A ticket of a queue with this lifecycle, with somebody in every seat; `asks` is the requestor."""

    def __init__(self, world: World, life: Lifecycle, asks: str = "Rita", language: str = "en") -> None:
        self.world, self.life, self.asks, self.language = world, life, asks, language
        self.admin = world.actor("root@example.org", "Root")
        self.actors = {name: world.actor(f"{name.lower()}@example.org", name) for name in SEATS}
        self.ticket = 1

    def takes_seats(self) -> None:
        """Write all of them into a database that is still empty."""
        from mail_tickets.model.records.queue_setup import add_queue

        with self.world.uow() as uow:
            add_queue(uow, "Lab", ["lab"], self.life.name)
        self.world.known(self.admin.email, self.admin.name, admin=True)
        for name, seat in SEATS.items():
            if seat == "answers for the queue":
                self.world.responder(self.actors[name].email, name, queue="Lab")
            else:
                # Only administrators and responders can be assigned.
                self.world.known(self.actors[name].email, name, admin=seat in ("assignee", SEATS["Adam"]))
        assert self.ticket == self.world.opens(self.actors[self.asks].email, "It is broken", queue="Lab")
        self.world.sets(self.ticket, self.admin.email, assignee=self.actors["Asa"].email)
        for name in ("Pia", "Paul", "Adam"):
            self.world.asks_in(self.ticket, self.actors[name].email)

    def gets_a_letter(self, name: str, status: str) -> Letter:
        """Somebody who is not on the ticket makes it have this status, and says something: the letter about that."""
        self.world.becomes(self.ticket, next(goal for goal in self.life.statuses if goal != status))
        self.world.act(self.ticket, "Change status", self.admin.email, "Look at this.", status=status)
        letter = self.actors[name].letter()
        assert "\n\nLook at this.\n\n    Status: " in letter.text
        return letter

    def gets_a_comments_letter(self, name: str, status: str) -> Letter:
        """The ticket is in this status, and Rosa comments in private: the letter about that."""
        self.world.becomes(self.ticket, status)
        self.actors["Rosa"].writes("ticket1-comment", "Between us: he never reads it.")
        letter = self.actors[name].letter()
        assert "Between us" in letter.text
        return letter

    def reached(self, since: int) -> frozenset[str]:
        """The names of those who got letters, from the one numbered `since` on."""
        people = {actor.email: name for name, actor in self.actors.items()}
        return frozenset(people[letter.recipient] for letter in self.world.far_end.letters[since:])

    def reads(self, letter: Letter, reader: str) -> ReplyPromise:
        """What a footer says to its reader, in their own understanding."""
        footer = read_footer(letter.footer, self.language)
        return ReplyPromise(footer.status, footer.does, footer.private, self.names_of(footer.readers) - {reader})

    def names_of(self, readers: Sequence[str]) -> frozenset[str]:
        """The people whom the readers of a footer are."""
        lab = {name for name, seat in SEATS.items() if seat == "answers for the queue"}
        names = {name for reader in readers for name in (lab if reader == team("Lab") else {reader})}
        assert names <= set(SEATS), readers
        return frozenset(names)

    def replies(self, name: str, letter: Letter) -> "Happened":
        """Somebody replies to a letter, and what happens."""
        return self.writes(name, letter["Reply-To"])

    def writes(self, name: str, to: str) -> "Happened":
        """Somebody writes to an address, and what happens."""
        since = len(self.world.far_end.letters)
        posted = self.actors[name].writes(to, f"These are my words to {to}.")
        ticket = self.world.ticket(self.ticket)
        message = ticket["messages"][-1]
        assert message["message_id"] == posted
        return message["action"], ticket["status"], message["private"], self.reached(since)


# The action recorded, the status after it, whether in private, and who got a letter.
Happened = tuple[str, str, bool, frozenset[str]]
CastOf = Callable[..., Cast]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Callable[[str, str], Path]:
    """The database of a cast, by lifecycle and requestor: written once, since every test copies it."""

    @cache
    def stage(life: str, asks: str) -> Path:
        path = tmp_path_factory.mktemp("stage") / "tickets.db"
        shutil.copy(sqlite_template, path)
        world = World(f"sqlite:///{path}")
        Cast(world, LIFECYCLES[life], asks).takes_seats()
        world.close()
        return path

    return stage


@pytest.fixture
def cast_of(tmp_path: Path, stages: Callable[[str, str], Path]) -> Iterator[CastOf]:
    """The cast of a lifecycle, in a world of its own."""
    worlds: list[World] = []

    def cast(life: Lifecycle, asks: str = "Rita") -> Cast:
        path = tmp_path / f"cast{len(worlds)}.db"
        shutil.copy(stages(life.name, asks), path)
        worlds.append(World(f"sqlite:///{path}"))
        return Cast(worlds[-1], life, asks)

    yield cast
    for world in worlds:
        world.close()


@EVERY_PLACE
def test_a_reply_does_what_the_footer_promises_and_both_are_what_the_tables_say(
    cast_of: CastOf, life: Lifecycle, status: str, writer: str, asks: str
) -> None:
    """Four claims of one letter and one reply: the footer's promise, the table's cell, the list above, other lines."""
    cast = cast_of(life, asks)
    letter = cast.gets_a_letter(writer, status)
    foretold = cast.world.ticket(cast.ticket, cast.actors[writer].email)["reply"]
    footer = cast.reads(letter, writer)
    happened = cast.replies(writer, letter)
    assert_the_footer_was_true(cast, footer, status, happened)
    assert_the_table_says_so(cast, footer, status, foretold, happened)
    assert_it_is_short(letter)
    assert_it_has_the_words_that_people_know(footer, letter)
    if asks == "Rita":
        assert_the_list_above_says_so(cast, footer, status, writer, happened)
        assert_the_other_lines_are_there(cast, letter, status, writer, Role(foretold["as"]))


# One of each kind of reader is enough to know that a translation says the same.
SPOKEN_TO = ("Rita", "Ron", "Asa", "Pia")


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != ENGLISH])
@pytest.mark.parametrize("writer", SPOKEN_TO)
@EVERY_STATE
def test_a_translation_promises_what_a_reply_does(
    cast_of: CastOf, life: Lifecycle, status: str, writer: str, language: str
) -> None:
    """It is read by the sentences that stand in it, whatever their words are."""
    cast = cast_of(life)
    cast.language = language
    cast.world.switches("Lab", language=language)
    letter = cast.gets_a_letter(writer, status)
    foretold = cast.world.ticket(cast.ticket, cast.actors[writer].email)["reply"]
    footer = cast.reads(letter, writer)
    happened = cast.replies(writer, letter)
    assert_the_footer_was_true(cast, footer, status, happened)
    assert_the_table_says_so(cast, footer, status, foretold, happened)
    assert_the_list_above_says_so(cast, footer, status, writer, happened)
    assert_the_other_lines_are_there(cast, letter, status, writer, Role(foretold["as"]))
    assert_it_is_short(letter, most=90)


def assert_it_is_short(letter: Letter, most: int = 80) -> None:
    """At most eighty words in English, in sentences of at most twenty, however its lines are folded."""
    footer = " ".join(letter.footer.split())
    assert len(footer.split()) <= most
    assert max(len(sentence.split()) for sentence in re.split(r"[.?:] ", footer)) <= 20
    assert all(len(line) <= 72 for line in letter.footer.splitlines())


def assert_it_has_the_words_that_people_know(footer: ReplyPromise, letter: Letter) -> None:
    """It begins with the reply, and the action is named by a word that its title has."""
    first = letter.footer.partition(".")[0]
    assert first.startswith("Reply to this email to ")
    stems = {"Give more information": "information", "Answer": "answer", "Reopen": "reopen", "Comment": "comment"}
    assert stems.get(MEANING[footer.promise], "write") in first


def assert_the_footer_was_true(cast: Cast, footer: ReplyPromise, status: str, happened: Happened) -> None:
    action, after, private, reached = happened
    assert footer.status == status
    assert MEANING[footer.promise] == action
    assert footer.private is private
    assert footer.readers == reached
    # And the next letters, of those whom it reached, are about the status that it led to.
    for reader in reached:
        assert cast.reads(cast.actors[reader].letter(), reader).status == after


def assert_the_table_says_so(
    cast: Cast, footer: ReplyPromise, status: str, foretold: dict[str, str], happened: Happened
) -> None:
    """The same from the other side: the promise is the cell's, and the status is the one that is shown beforehand."""
    cell = cast.life.default_reply(status, Role(foretold["as"]))
    assert (footer.promise, footer.private) == (cell.does, cell.private)
    assert happened[:3] == (foretold["action"], foretold["status"], cell.private)


def assert_the_list_above_says_so(
    cast: Cast, footer: ReplyPromise, status: str, writer: str, happened: Happened
) -> None:
    promise, goal = promised(cast.life, status, writer)
    assert (footer.promise, footer.private) == (promise, False)
    # Words go to everybody on the ticket but their writer.
    assert footer.readers == set(SEATS) - {writer}
    assert happened == (MEANING[promise], goal, False, set(SEATS) - {writer})


def assert_the_other_lines_are_there(cast: Cast, letter: Letter, status: str, name: str, role: Role) -> None:
    """They say what the reply makes of the ticket, and what else its writer may do."""
    footer = read_footer(letter.footer, cast.language)
    assert footer.after == promised(cast.life, status, name)[1]
    # A queue's readers are everyone; in a shared inbox that is nobody but those on the ticket.
    expected = [] if cast.life.default_reply(status, Role.OTHER).private else ["open_to_others"]
    # What changed was changed by Root: whoever answers may undo it, and so may Root.
    expected += ["undo"] if name not in ("Rita", "Pia", "Paul") else []
    hints = cast.life.default_reply(status, role).hints
    may = name in ("Asa", "Adam")
    expected += [hint if isinstance(hint, str) else hint.can if may else hint.cannot for hint in hints]
    if name != "Rita":
        expected += ["unsubscribe"] if name in ("Pia", "Paul") else ["team_only", "help"]
    assert footer.names()[2:] == [*expected, WHYS[name]]
    slots = {"queue_address": "lab@tickets.example", "solved": f"Status: {cast.life.solved_status}", "list": "list"}
    slots |= {"reopened": f"Status: {cast.life.first}", "requestor": "Rita", "address": COMMENT_ADDRESS}
    for sentence in footer.sentences[2:]:
        assert {slot: slots.get(slot, value) for slot, value in sentence.slots.items()} == sentence.slots


def test_every_lifecycle_and_status_stands_here() -> None:
    assert {name: list(statuses) for name, statuses in PROMISES.items()} == {
        name: list(life.statuses) for name, life in LIFECYCLES.items()
    }


@pytest.mark.parametrize("writer", ["Ron", "Asa"])
@EVERY_STATE
def test_a_reply_to_a_comments_letter_and_a_mail_to_everybody_do_what_its_footer_promised(
    cast_of: CastOf, life: Lifecycle, status: str, writer: str
) -> None:
    cast = cast_of(life)
    letter = cast.gets_a_comments_letter(writer, status)
    assert "<ticket1-comment@tickets.example>" in letter["From"]
    assert letter["Reply-To"] == "ticket1-comment@tickets.example"
    footer = cast.reads(letter, writer)
    assert footer[:3] == (status, "add a private note (a comment)", True)
    assert footer.readers == {"Ron", "Rosa", "Asa"} - {writer}
    assert cast.replies(writer, letter) == ("Comment", status, True, footer.readers)
    # That changed nothing, so what the footer says of the way to everybody still holds.
    [public] = [sentence for sentence in read_footer(letter.footer).sentences if sentence.name == "in_public"]
    assert public.slots == {"address": "ticket1@tickets.example", "does": promised(life, status, writer)[0]}
    after = promised(life, status, writer)[1]
    happened = MEANING[public.slots["does"]], after, False, set(SEATS) - {writer}
    assert cast.writes(writer, public.slots["address"]) == happened


@EVERY_LIFE
def test_nobody_else_gets_a_comments_letter(cast_of: CastOf, life: Lifecycle) -> None:
    cast = cast_of(life)
    cast.gets_a_comments_letter("Ron", life.first)
    assert cast.reached(0) == {"Ron", "Asa"}


@EVERY_LIFE
def test_somebody_here_has_every_role_that_gets_letters(cast_of: CastOf, life: Lifecycle) -> None:
    cast = cast_of(life)
    worn = {cast.world.ticket(1, actor.email)["reply"]["as"] for actor in cast.actors.values()}
    assert worn == set(life.role_order) - LETTERLESS


@EVERY_LIFE
def test_readers_understand_every_promise(life: Lifecycle) -> None:
    assert {cell.does: cell.action.title for cell in life.defaults.values()}.items() <= MEANING.items()


@EVERY_STATE
def test_a_letter_with_an_old_footer_still_told_the_truth_about_its_status(
    cast_of: CastOf, life: Lifecycle, status: str
) -> None:
    """The ticket has moved on, and so has what a reply does."""
    cast = cast_of(life)
    letter = cast.gets_a_letter("Rita", status)
    for now in life.statuses:
        cast.world.becomes(cast.ticket, now)
        assert cast.reads(letter, "Rita").status == status
        promise, goal = promised(life, now, "Rita")
        assert cast.replies("Rita", letter)[:2] == (MEANING[promise], goal)


# The other sentences

RITA = Role.REQUESTOR
WHYS = {
    "Rita": "why_requestor",
    "Ron": "why_team",
    "Rosa": "why_team",
    "Asa": "why_assigned",
    "Pia": "why_copied_in",
    "Paul": "why_copied_in",
    "Adam": "why_copied_in",
}

COMMENT_ADDRESS = "ticket1-comment@tickets.example"


@EVERY_LIFE
def test_the_last_line_says_why_the_reader_got_it(cast_of: CastOf, life: Lifecycle) -> None:
    cast = cast_of(life)
    cast.gets_a_letter("Rita", life.first)
    whys = {
        "Rita": "ticket 1 is your request",
        "Ron": "you're on the Lab team",
        "Asa": "ticket 1 is assigned to you",
        "Pia": "you're copied in on ticket 1",
    }
    reasons = {name: cast.actors[name].letter().footer.splitlines()[-1] for name in whys}
    assert reasons == {name: f"You're getting this because {why}." for name, why in whys.items()}


@EVERY_STATE
def test_the_word_for_ones_list_and_the_line_that_ends_a_ticket_do_what_the_footer_says(
    cast_of: CastOf, life: Lifecycle, status: str
) -> None:
    cast = cast_of(life)
    letter = cast.gets_a_letter("Rita", status)
    before = cast.world.ticket()
    footer = read_footer(letter.footer)
    hints = life.default_reply(status, RITA).hints
    if "your_list" in footer.names():
        cast.actors["Rita"].replies(letter, "list")
        assert f"#1  {status}, just now: " in cast.actors["Rita"].letter().text
        assert cast.world.ticket() == before
    # On the list is what is open.
    assert ("your_list" in footer.names()) is ("your_list" in hints) <= (status not in life.closed)
    line = next((sentence.slots["solved"] for sentence in footer.sentences if "solved" in sentence.slots), None)
    assert (line is not None) is bool({"all_done", "solved_yourself", "did_that_help"} & {*map(str, hints)})
    if line:
        cast.actors["Rita"].replies(letter, f"{line}\n\nIt works.")
        assert cast.world.ticket()["status"] == life.solved_status


@pytest.mark.parametrize("name", SEATS)
@EVERY_STATE
def test_what_a_footer_says_of_thanks_is_what_they_do(cast_of: CastOf, life: Lifecycle, status: str, name: str) -> None:
    cast = cast_of(life)
    letter = cast.gets_a_letter(name, status)
    since = len(cast.world.far_end.letters)
    cast.actors[name].replies(letter, f"Thank you very much, Rosa and Ron!\n\n{name}")
    ticket = cast.world.ticket()
    title, after = MEANING[promised(life, status, name)[0]], promised(life, status, name)[1]
    kept = read_footer(letter.footer).slot("thanks_keep", "status")
    after = kept or after
    assert bool(kept) == (name in OUTSIDERS and "thanks_keep" in life.default_reply(status, RITA).hints)
    assert (ticket["messages"][-1]["action"], ticket["status"]) == (title, after)
    assert cast.reached(since) == cast.reads(letter, name).readers


@EVERY_LIFE
def test_thanks_have_a_row_of_their_own_exactly_where_a_footer_says_so(life: Lifecycle) -> None:
    for (status, role), cell in life.defaults.items():
        assert ("thanks_keep" in cell.hints) == (cell.thanks is not None), (status, role)
        # The footer names the status in which the ticket is.
        assert cell.thanks is None or cell.thanks.moves[status] == (status,)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Thanks!", True), ("Thanks! Where are you?", False), ("Thanks, see https://example.org", False), ("", False)],
)
def test_a_ticket_stays_resolved_only_after_thanks_alone(small_inbox: World, text: str, kept: bool) -> None:
    world = small_inbox
    ron, ann = world.responder("ron@example.org", "Ron"), world.actor("ann@example.net", "Ann")
    ann.writes("hello", "Help me.")
    world.act(1, "Change status", ron.email, "Done.", status="resolved")
    solved = world.ticket()["solved"]
    ann.replies(ann.letter(), text)
    ticket = world.ticket()
    assert (ticket["status"], ticket["solved"]) == (("resolved", solved) if kept else ("open", None))
    assert ron.letter().text.startswith("Ann wrote")
    assert (read_footer(ann.letter().footer).after == "open", len(ticket["changes"])) == (True, 1 if kept else 2)


def test_thanks_with_a_file_are_more_than_thanks(small_inbox: World) -> None:
    world = small_inbox
    ron, ann = world.responder("ron@example.org", "Ron"), world.actor("ann@example.net", "Ann")
    ann.writes("hello", "Help me.")
    world.act(1, "Change status", ron.email, "Done.", status="resolved")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = ann.email, "ticket1@tickets.example", "<file@home.example>"
    mail.set_content("Thanks!")
    mail.add_attachment(b"PDF", "application", "pdf", filename="form.pdf")
    world.brings(mail.as_bytes(), ann.email, "ticket1@tickets.example")
    assert world.ticket()["status"] == "open"


@pytest.mark.parametrize("name", ["Ron", "Asa", "Adam"])
@EVERY_STATE
def test_undo_takes_back_what_the_letter_told(cast_of: CastOf, life: Lifecycle, status: str, name: str) -> None:
    cast = cast_of(life)
    letter = cast.gets_a_letter(name, status)
    assert read_footer(letter.footer).slot("undo", "word") == "undo"
    old = next(goal for goal in life.statuses if goal != status)
    cast.actors[name].replies(letter, "undo")
    assert cast.world.ticket()["status"] == old


@EVERY_STATE
def test_the_address_for_comments_does_what_the_footer_says(cast_of: CastOf, life: Lifecycle, status: str) -> None:
    cast = cast_of(life)
    cast.gets_a_letter("Ron", status)
    letters = {name: cast.actors[name].letter() for name in ("Ron", "Asa", "Adam")}
    answering = {"Ron", "Rosa", "Asa"}
    for name, letter in letters.items():
        assert read_footer(letter.footer).slot("team_only", "address") == COMMENT_ADDRESS, name
        assert cast.writes(name, COMMENT_ADDRESS) == ("Comment", status, True, answering - {name}), name


@pytest.mark.parametrize("text", ["unsubscribe", "Unsubscribe.\n\n-- \nPia\n"])
@EVERY_STATE
def test_the_one_word_does_what_the_footer_says(cast_of: CastOf, life: Lifecycle, status: str, text: str) -> None:
    cast = cast_of(life)
    letter = cast.gets_a_letter("Pia", status)
    before = cast.world.ticket()
    cast.actors["Pia"].replies(letter, text)
    after = cast.world.ticket()
    assert (after["messages"], after["status"]) == (before["messages"], status)
    since = len(cast.world.far_end.letters)
    letter = cast.gets_a_letter("Rita", status)
    assert cast.reached(since) == set(SEATS) - {"Pia"}
    assert cast.reads(letter, "Rita").readers == set(SEATS) - {"Pia", "Rita"}


@pytest.mark.parametrize("name", SEATS)
@EVERY_STATE
def test_the_line_that_reopens_a_ticket_is_offered_to_whoever_can_and_reopens_it(
    cast_of: CastOf, life: Lifecycle, status: str, name: str
) -> None:
    cast = cast_of(life)
    letter = cast.gets_a_letter(name, status)
    footer = read_footer(letter.footer)
    offered = footer.slot("to_reopen", "reopened")
    barred = {"only_requestor_reopens", "only_admin_reopens", "say_so_to_admin"} & {*footer.names()}
    by_right = [
        hint
        for hint in life.default_reply(status, RITA if name == "Rita" else Role.PARTICIPANT).hints
        if isinstance(hint, ByRight)
    ]
    assert bool(offered or barred) == bool(by_right)
    assert not (offered and barred)
    if offered or barred:
        line = offered or f"Status: {life.first}"
        cast.actors[name].replies(letter, f"{line}\n\nThis is not over.")
        assert (cast.world.ticket()["status"] == life.first) == bool(offered)


@EVERY_LIFE
def test_a_queue_without_an_address_does_not_advise_to_write_to_it(small_world: World, life: Lifecycle) -> None:
    with small_world.uow() as uow:
        from mail_tickets.model.records.queue_setup import add_queue

        add_queue(uow, "Bare", lifecycle=life.name)
    small_world.opens("rita@example.org", queue="Bare")
    small_world.known("root@example.org", "Root", admin=True)
    # Of a comment in a shared inbox nobody outside hears.
    status = next(goal for goal in life.statuses if "something_else" in life.default_reply(goal, RITA).hints)
    small_world.becomes(1, next(goal for goal in life.statuses if goal != status))
    small_world.act(1, "Change status", "root@example.org", "Look.", status=status)
    footer = small_world.actor("rita@example.org").letter().footer
    assert "something_else" not in read_footer(footer).names()


def test_many_readers_are_counted_and_none_is_hidden(small_world: World) -> None:
    ron = small_world.responder("ron@example.org", "Ron")
    small_world.opens("rita@example.org")
    for number in range(7):
        small_world.known(f"p{number}@example.org", f"P{number}")
        small_world.asks_in(1, f"p{number}@example.org")
    small_world.act(1, "Comment", "p0@example.org", "Hi.")
    assert read_footer(ron.letter().footer).readers == ("rita", "P0", "P1", "P2", "P3", "3 others")


def test_where_nobody_else_reads_the_footer_names_nobody_and_says_no_more(small_world: World) -> None:
    small_world.opens("rita@example.org")
    small_world.known("root@example.org", "Root", admin=True)
    small_world.act(1, "Comment", "root@example.org", "Look.")
    letter = small_world.actor("rita@example.org").letter()
    assert read_footer(letter.footer)[:3] == ("give more information", False, ())
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
    assert read_footer(rita.letter().footer).readers == ("Pia", team("General"))
    rita.replies(rita.letter(), "I see.")
    assert {letter.recipient for letter in small_world.far_end.letters[-2:]} == {ron.email, "pia@tickets.example"}


def test_a_reply_of_attachments_alone_reaches_whom_the_footer_named(cast_of: CastOf) -> None:
    cast = cast_of(LIFECYCLES["support"])
    letter = cast.gets_a_letter("Rita", "Open")
    since = len(cast.world.far_end.letters)
    raw = (
        f"From: rita@example.org\r\nTo: ticket1\r\nMessage-ID: <pic@home>\r\nIn-Reply-To: {letter['Message-ID']}\r\n"
        'Content-Type: image/png; name="screen.png"\r\nContent-Disposition: attachment; filename="screen.png"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    ).encode()
    cast.world.brings(raw, "rita@example.org", "ticket1@tickets.example")
    assert cast.world.ticket()["messages"][-1]["text"] == ""
    assert cast.reached(since) == cast.reads(letter, "Rita").readers
    assert cast.actors["Pia"].letter().text == "Rita sent more information:\n\n[screen.png, 8 bytes]"


def test_an_empty_reply_reaches_whom_the_footer_named(cast_of: CastOf) -> None:
    cast = cast_of(LIFECYCLES["support"])
    letter = cast.gets_a_letter("Rita", "Open")
    since = len(cast.world.far_end.letters)
    cast.actors["Rita"].replies(letter, "")
    assert cast.reached(since) == cast.reads(letter, "Rita").readers
    assert cast.actors["Pia"].letter().text == "Rita sent more information."
