"""The claim of the footers' matrix in every state that a command can reach.

Somebody commands; everybody who got a letter of it, the writer of the commands with their receipt included, replies to
that letter in a copy of the world. What the letter had said is compared with what happened.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest
from sqlalchemy.engine import make_url

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.lifecycle.tables import PRIVATE_NOTE, Lifecycle
from mail_tickets.model.records.queue_setup import add_queue
from mail_tickets.model.records.tickets import NoSuchTicket, find_ticket
from mail_tickets.model.storage.unit_of_work import Trust
from tests.support.footers import read_footer, team
from tests.support.world import Letter, World

MEANING = {action.does: action.title for life in LIFECYCLES.values() for action in life.actions}
MEANING[PRIVATE_NOTE] = "Comment"
TAKES_BACK = re.compile(r"^To undo who's copied in, start your reply with:\n((?: {4}.+\n?)+)", re.M)

# Who answers for which queue. Cross lives by the other lifecycle, and nobody answers for Bare.
TEAMS = {"Lab": {"Ron", "Rosa", "Asa"}, "Side": {"Ron"}, "Far": {"Otto"}, "Cross": {"Olga"}, "Bare": set[str]()}
# On ticket 1 Rita is the requestor, Asa the assignee, Pia is copied in; ticket 2 is Yan's.
OUTSIDERS = ("Rita", "Pia", "Yan")

SET = {
    "move": ["Queue: Far"],
    "move with words": ["Queue: Far\n\nFor you."],
    "move to another team of one's own": ["Queue: Side"],
    "move into the other lifecycle": ["Queue: Cross"],
    "move to where nobody answers": ["Queue: Bare"],
    "move and assign": ["Queue: Far\nOwner: otto@example.org"],
    "move and keep": ["Owner: me", "Queue: Far"],
    "move, keep and give up": ["Owner: me", "Queue: Far", "Owner: nobody"],
    "move and hand over": ["Queue: Far\nRequestor: yan@example.org"],
    "move, let in and out": ["Queue: Far\nAddCc: yan@example.org\nDelCc: pia@example.org"],
    "move and take back": ["Queue: Far", "undo"],
    "assign to another": ["Owner: rosa@example.org"],
    "assign to oneself": ["Owner: me"],
    "assign to nobody": ["Owner: nobody"],
    "make it a participant's": ["Requestor: pia@example.org"],
    "make it somebody else's": ["Requestor: yan@example.org"],
    "make it a colleague's": ["Requestor: rosa@example.org"],
    "make it one's own": ["Requestor: {me}"],
    "let in": ["AddCc: yan@example.org"],
    "let in with words": ["AddCc: yan@example.org\n\nYan knows more."],
    "take out": ["DelCc: pia@example.org"],
    "rename": ["Subject: Something else"],
    "rate": ["Priority: 5"],
    "merge": ["Merge: 2", "yes"],
    "a line that is wrong": ["Queue: Far\nStatus: gone\n\nTake it."],
    "move in private": ["Queue: Far\n\nOnly for you."],
    "give up in private": ["Owner: nobody"],
}


def commands(life: Lifecycle) -> dict[str, list[str]]:
    """By name, the mails of every kind of command that a lifecycle has."""
    status = {f"Status {status_}": [f"Status: {status_}"] for status_ in life.statuses}
    action = {f"Action {action_.title}": [f"Action: {action_.title}\n\nThese are words."] for action_ in life.actions}
    return {**SET, **status, **action}


# Asa is the assignee, Root an administrator who is not on the ticket. What changes no role they do as Ron does.
TEAM = ("Asa", "Root")
WRITERS = ("Ron", "Rita", "Pia", *TEAM)
CELLS = [
    (life, writer, name)
    for life in LIFECYCLES.values()
    for writer in WRITERS
    for name in (SET if writer in TEAM else commands(life))
    if writer not in OUTSIDERS or name not in SET or name == "move"
]


class ReplyPromise(NamedTuple):
    """What a letter says of the reply to it."""

    status: str
    action: str
    private: bool
    readers: frozenset[str]
    after: str


class Company:
    """Two tickets, people in every role, and copies of the database to go back to."""

    def __init__(self, world: World, life: Lifecycle) -> None:
        self.world, self.life = world, life
        names = {*OUTSIDERS, *WRITERS, *(name for people in TEAMS.values() for name in people)}
        self.actors = {name: world.actor(f"{name.lower()}@example.org", name) for name in sorted(names)}
        self.names = {actor.email: name for name, actor in self.actors.items()}
        self.path = Path(make_url(world.database.url).database or "")

    def gathers(self) -> None:
        """Write all of them into a database that is still empty; everybody has got a letter."""
        other_life = next(name for name in LIFECYCLES if name != self.life.name)
        with self.world.uow() as uow:
            for queue in TEAMS:
                add_queue(uow, queue, [queue.lower()], other_life if queue == "Cross" else self.life.name)
        for queue, people in TEAMS.items():
            for name in sorted(people):
                self.world.responder(f"{name.lower()}@example.org", name, queue=queue)
        for name in (*OUTSIDERS, "Root"):
            self.world.known(self.actors[name].email, name, admin=name == "Root")
        assert self.world.opens("rita@example.org", "It is broken", queue="Lab") == 1
        assert self.world.opens("yan@example.org", "So is this", queue="Lab") == 2
        self.world.sets(1, "root@example.org", assignee="asa@example.org")
        self.world.asks_in(1, "pia@example.org")
        self.world.becomes(1, self.life.statuses[1])
        self.world.act(1, "Change status", "root@example.org", "Look at this.", status=self.life.first)
        self.actors["Root"].writes("ticket1", "show")

    def commands(self, name: str, mails: list[str], *, private: bool = False) -> list[Letter]:
        """Somebody sends these mails, each in answer to their newest letter: the letters about the last one."""
        since = 0
        for text in mails:
            since = len(self.world.far_end.letters)
            letter = self.newest_of(name)
            to = "ticket1-comment" if private else letter["Reply-To"]
            self.actors[name].writes(to, text.format(me=self.actors[name].email), answering=letter)
        return self.world.far_end.letters[since:]

    def newest_of(self, name: str) -> Letter:
        """The newest letter that somebody got about ticket 1."""
        return next(letter for letter in reversed(self.actors[name].letters) if "ticket1" in letter["Reply-To"])

    def promise_in(self, letter: Letter) -> ReplyPromise | None:
        """What a letter says in its reader's understanding; None where it says nothing of a reply."""
        if not letter.footer.startswith("Reply to this email to ") or "Ticket " not in letter.footer:
            return None
        footer = read_footer(letter.footer)
        readers = self.names_of(footer.readers) - {self.names[letter.recipient]}
        return ReplyPromise(footer.status, MEANING[footer.does], footer.private, readers, footer.after)

    def names_of(self, readers: Sequence[str]) -> frozenset[str]:
        """The people whom the readers of a footer are."""
        teams = {team(queue): people for queue, people in TEAMS.items()}
        names = {name for reader in readers for name in teams.get(reader, {reader})}
        assert names <= set(self.actors), readers
        return frozenset(names)

    def happens(self, letter: Letter, text: str) -> ReplyPromise:
        """What happens when a letter's reader replies to it."""
        reader, number = self.names[letter.recipient], number_of(letter)
        since, before = len(self.world.far_end.letters), self.status_of(number)
        self.actors[reader].replies(letter, text)
        reached = frozenset(self.names[letter.recipient] for letter in self.world.far_end.letters[since:])
        ticket = self.world.ticket(number)
        message = ticket["messages"][-1]
        assert (message["sender"]["name"] or reader, message["text"]) == (reader, text)
        return ReplyPromise(before, message["action"], message["private"], reached, ticket["status"])

    def status_of(self, number: int) -> str:
        """The status of a ticket."""
        with self.world.uow() as uow:
            return find_ticket(uow, number).status

    def foresees(self, letter: Letter) -> dict[str, Any] | None:
        """What `tickets show --as` says of a letter's reader; None where they may not see the ticket."""
        try:
            promise: dict[str, Any] = self.world.ticket(number_of(letter), letter.recipient)["reply"]
        except NoSuchTicket:
            return None
        return promise

    def copied(self) -> sqlite3.Connection:
        """A copy of the database as it stands, in memory."""
        copy = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(self.path)) as source:
            source.backup(copy)
        return copy

    def goes_back_to(self, copy: sqlite3.Connection) -> None:
        """Let the database be as it was copied."""
        with closing(sqlite3.connect(self.path)) as target:
            target.execute("PRAGMA synchronous = OFF")
            copy.backup(target)


def number_of(letter: Letter) -> int:
    """The ticket that a letter is about."""
    return int(re.sub(r"\D", "", letter["Reply-To"].partition("@")[0]))


CompanyOf = Callable[[Lifecycle], Company]


@pytest.fixture(scope="module")
def company_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompanyOf]:
    """The company of a lifecycle, as it was gathered; whoever asks again finds it so."""
    begun: list[tuple[Company, sqlite3.Connection]] = []

    @cache
    def gathered(life: str) -> tuple[Company, sqlite3.Connection, list[Letter]]:
        world = World(f"sqlite:///{tmp_path_factory.mktemp('company') / 'tickets.db'}")
        company = Company(world, LIFECYCLES[life])
        company.gathers()
        copy = company.copied()
        begun.append((company, copy))
        return company, copy, list(world.far_end.letters)

    def company_in(life: Lifecycle) -> Company:
        company, copy, letters = gathered(life.name)
        company.goes_back_to(copy)
        company.world.database.trust = Trust()
        company.world.far_end.letters[:] = letters
        return company

    yield company_in
    for company, copy in begun:
        copy.close()
        company.world.close()


@pytest.mark.parametrize(
    ("life", "writer", "name"), CELLS, ids=[f"{life.name}-{who}-{name}" for life, who, name in CELLS]
)
def test_after_a_command_every_letter_and_the_receipt_say_what_a_reply_does(
    company_of: CompanyOf, life: Lifecycle, writer: str, name: str
) -> None:
    company = company_of(life)
    letters = company.commands(writer, commands(life)[name], private=name.endswith("in private"))
    assert letters
    with closing(company.copied()) as copy:
        # Whoever reads the same words and footer has the same role.
        for letter in {letter.all_text: letter for letter in letters}.values():
            assert_a_reply_does_what_it_says(company, letter)
            company.goes_back_to(copy)
            undo = ["undo"] if "Undo this change?" in letter.footer else []
            reader = company.actors[company.names[letter.recipient]]
            for offered in [*undo, *TAKES_BACK.findall(letter.text)]:
                reader.replies(letter, dedent(offered))
                assert reader.letter().text.startswith(("Done. On ticket", "Undone. On ticket"))
                company.goes_back_to(copy)
            for line in re.findall(r"tart your reply with:\s+(Status: [^\n]+)", letter.all_text):
                reader.replies(letter, f"{line}\n\nSo it is.")
                assert f"Status: {company.status_of(number_of(letter))}" == line
                company.goes_back_to(copy)


def assert_a_reply_does_what_it_says(company: Company, letter: Letter) -> None:
    footer, foreseen = company.promise_in(letter), company.foresees(letter)
    assert footer is not None, letter.all_text
    # Whoever is promised that others outside the team read their words may look at the ticket, too.
    assert foreseen is not None or footer.private
    if foreseen is not None and "-comment@" not in letter["Reply-To"]:
        assert (foreseen["action"], foreseen["status"]) == (footer.action, footer.after)
    assert company.happens(letter, "This is my reply.") == footer


INBOX, SUPPORT = LIFECYCLES["correspondence"], LIFECYCLES["support"]


def test_whoever_moves_a_ticket_stays_on_it_gets_its_letters_and_may_take_that_back(company_of: CompanyOf) -> None:
    company = company_of(INBOX)
    world, ron = company.world, company.actors["Ron"]
    company.commands("Ron", ["Queue: Far"])
    receipt = ron.letter()
    assert receipt.text.endswith("Copied in: Ron <ron@example.org>")
    assert receipt.footer.endswith("You're getting this because you're copied in on ticket 1.")
    # A participant has no such line.
    assert "DelCc" not in receipt.all_text
    company.actors["Rita"].writes("ticket1", "Anybody there?")
    assert ron.letter().text == "Rita wrote:\n\nSubject: Hello\n\nAnybody there?"
    company = company_of(INBOX)
    company.commands("Ron", ["Queue: Far", "undo"])
    assert (world.ticket()["queue"], world.ticket()["status"]) == ("Lab", "new")


def test_whoever_does_not_lose_their_place_by_a_move_becomes_no_participant(company_of: CompanyOf) -> None:
    company = company_of(INBOX)
    participants = []
    for name, line in (("Root", "Queue: Far"), ("Otto", "Queue: Lab"), ("Ron", "Queue: Side")):
        company.commands(name, [line])
        participants.append([person["name"] for person in company.world.ticket()["participants"]])
    assert participants == [["Pia"], ["Otto", "Pia"], ["Otto", "Pia"]]


@pytest.mark.parametrize("lines", ["Queue: Far", "Queue: Cross", "Queue: Far\nRequestor: pia@example.org"])
@pytest.mark.parametrize("life", LIFECYCLES.values(), ids=LIFECYCLES)
def test_the_receipt_of_a_first_mail_that_moves_its_ticket_away_is_true(
    company_of: CompanyOf, life: Lifecycle, lines: str
) -> None:
    company = company_of(life)
    company.world.database.trust = Trust("from")
    since = len(company.world.far_end.letters)
    company.actors["Ron"].writes("lab", f"{lines}\n\nThis came by telephone.", subject="A call")
    with closing(company.copied()) as copy:
        for letter in company.world.far_end.letters[since:]:
            assert_a_reply_does_what_it_says(company, letter)
            company.goes_back_to(copy)
    # A line that is offered can be used.
    footer = " ".join(company.actors["Ron"].letter().footer.split())
    assert ("tart your reply with: Status: " in footer) == ("Requestor" not in lines)
