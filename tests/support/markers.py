"""Small worlds in which every word is somebody's, and how a database is looked through for words."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from sqlalchemy import select

from mail_tickets.model.inbound.bounces import record_failure
from mail_tickets.model.lifecycle.tables import WorkflowError
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.messages import Attachment, Message
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.storage.base import Base
from tests.support.world import DOMAIN, World

PEOPLE = ("quaxann", "quaxbob", "quaxeve", "quaxrob", "quaxrita")
"""Whose every word begins with their name; the last two answer for General, the first of them administers."""

ROB, RITA = PEOPLE[3], PEOPLE[4]


class Deed(NamedTuple):
    """One thing that happens: what, who does it, to whom, on which ticket."""

    what: str
    who: str
    whom: str
    ticket: int


DEEDS = (
    *("opens", "opens", "replies", "replies", "replies", "comments", "asks in", "assigns", "gives", "renames"),
    *("merges", "unproven", "undo", "shows", "lists", "aside", "fails", "twice", "by command", "moves", "leaves"),
)
some_deeds = st.lists(
    st.builds(Deed, st.sampled_from(DEEDS), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(1, 4)),
    min_size=3,
    max_size=14,
)


class Small:
    """A world in which all that somebody says, and all that they are called, begins with a word of theirs."""

    def __init__(self, url: str, before: "Small | None" = None) -> None:
        """Begin anew, or with a copy of the database of another small world, where that one ended."""
        self.world = World(url, lifecycle="correspondence")
        self.actors = {person: self.world.actor(email_of(person), called(person)) for person in PEOPLE}
        self._number = copy(before._number) if before else count(1)
        if before:
            self.world.clock.now = before.world.clock.now
            self.world.far_end.letters = [*before.world.far_end.letters]
        else:
            self._set_up()

    def _set_up(self) -> None:
        self.world.switches("General", acknowledge="on", announce_resolved="on", cc_from_others="on")
        for name in (ROB, RITA):
            self.world.responder(email_of(name), called(name))
        self.world.known(email_of(ROB), called(ROB), admin=True)

    def word(self, who: str) -> str:
        return f"{who}w{next(self._number)}"

    def happens(self, deed: Deed) -> None:
        """Let it happen; what cannot be is refused, by mail or here."""
        _, who, whom, number = deed
        deeds: dict[str, Callable[[], object]] = {
            "opens": lambda: self.writes(who, "hello", cc=email_of(whom)),
            "replies": lambda: self.writes(who, f"ticket{number}"),
            "comments": lambda: self.writes(who, f"ticket{number}-comment"),
            "twice": lambda: self.writes(who, f"ticket{number}", "ticket1", "nowhere"),
            "renames": lambda: self.commands(RITA, number, f"Subject: {self.word(RITA)}"),
            "unproven": lambda: self.writes(ROB, f"ticket{number}", top=f"AddCc: {email_of(whom)}"),
            "undo": lambda: self.commands(RITA, number, "undo"),
            "shows": lambda: self.actors[ROB].writes("hello", "show 1"),
            "lists": lambda: self.actors[RITA].writes("hello", "list"),
            "aside": lambda: self.writes(who, "nowhere"),
            "leaves": lambda: self.actors[who].writes(f"ticket{number}", "unsubscribe"),
            "fails": lambda: self.fails(email_of(whom)),
            "by command": lambda: self._acts(who, number),
            "asks in": lambda: self.commands(ROB, number, f"AddCc: {email_of(whom)}"),
            "assigns": lambda: self.commands(ROB, number, "Owner: me"),
            "gives": lambda: self.commands(ROB, number, f"Requestor: {email_of(whom)}"),
            "merges": lambda: self.merges(ROB, number),
            "moves": lambda: self.commands(ROB, number, "Queue: Questions"),
        }
        deeds[deed.what]()

    def commands(self, who: str, number: int, line: str) -> None:
        """A proven mail with a command, which is carried out or refused."""
        self.writes(who, f"ticket{number}", top=line, proven=True)

    def merges(self, who: str, number: int) -> None:
        """A proven mail that merges a ticket into the first one, and the yes that it waits for."""
        self.commands(who, number, "Merge: 1")
        if (letters := self.actors[who].letters) and 'reply "yes"' in letters[-1].text:
            to = letters[-1]["Reply-To"]
            # Its References would have others' ids in it.
            only = {"References": letters[-1]["Message-ID"]}
            self.actors[who].writes(to, "yes", subject=self.word(who), answering=letters[-1], headers=only)

    def writes(self, who: str, *to: str, cc: str = "", top: str = "", proven: bool = False) -> None:
        """A mail with words, a file and a Message-ID of its writer's; `proven`: it answers a letter to them."""
        mail = EmailMessage()
        mail["From"] = f'"{called(who)}" <{email_of(who)}>'
        mail["To"] = ", ".join(f"{mailbox}@{DOMAIN}" for mailbox in to)
        mail["Subject"] = self.word(who)
        mail["Date"] = format_datetime(self.world.clock.now)
        mail["Message-ID"] = f"<{self.word(who)}@{who}.example>"
        letters = [
            letter for letter in self.actors[who].letters if f"#{to[0].removeprefix('ticket')}]" in letter["Subject"]
        ]
        if letters and proven:
            mail["In-Reply-To"] = letters[-1]["Message-ID"]
        if cc and cc != email_of(who):
            mail["Cc"] = cc
        line = "\n\n" if top else ""
        mail.set_content(f"{top}{line}{self.word(who)} says so, and {self.word(who)} as well.")
        mail.add_attachment(self.word(who).encode(), "application", "x-word", filename=f"{self.word(who)}.bin")
        self.world.clock.passes(minutes=7)
        self.world.brings(mail.as_bytes(), email_of(who), *(f"{mailbox}@{DOMAIN}" for mailbox in to))

    def fails(self, whom: str) -> None:
        """The newest letter to somebody comes to nothing."""
        letter_ids = [letter.id for letter in self.world.rows(Row) if letter.recipient == whom]
        if letter_ids:
            with self.world.uow() as uow:
                record_failure(uow, letter_ids[-1], f"550 5.1.1 <{whom}> unknown", counts=True)
            self.world.settle()

    def _acts(self, who: str, number: int) -> None:
        if number in {ticket.id for ticket in self.world.rows(Ticket) if ticket.merged_into is None}:
            with suppress(WorkflowError, LookupError):
                self.world.act(number, "Reply", email_of(who), self.word(who))


def email_of(who: str) -> str:
    return f"{who}@{who}.example"


def called(who: str) -> str:
    return f"{who.capitalize()} Name{who}"


def words_in(world: World, marker: str) -> list[tuple[str, str]]:
    """Where a word stands, with its text: in any column of any table, so that a new one is tested by existing."""
    places = []
    with world.database.read_only() as uow:
        for table in Base.metadata.sorted_tables:
            for row in uow.connection.execute(select(table)).mappings():
                values = ((f"{table.name}.{name}", _text(value)) for name, value in row.items())
                places += [(place, text) for place, text in values if marker in text]
    return places


def _text(value: Any) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).lower()


def kept_of(world: World, *, but: str) -> dict[Any, Any]:
    """Everything that everybody else has said, as it stands in messages and mails."""
    with world.database.read_only() as uow:
        gone = uow.session.scalars(select(Person.id).where(Person.email == but)).first()
        query = select(Message, Mail.raw).outerjoin(Mail, Mail.id == Message.mail_id)
        return {
            post.id: (
                post.ticket_id,
                post.number,
                post.text,
                post.full_text,
                raw,
                _files(uow, post.id),
            )
            for post, raw in uow.session.execute(query)
            if post.sender_id != gone
        }


def _files(uow: Any, message: int) -> list[tuple[str, int]]:
    query = select(Attachment.name, Attachment.size).where(Attachment.message_id == message).order_by(Attachment.id)
    return [(name, size) for name, size in uow.session.execute(query)]


def files_with(folder: Path, marker: str) -> Iterator[str]:
    """The files in whose bytes a word stands."""
    for path in folder.iterdir():
        # A server's sockets have no bytes.
        if path.is_file() and marker.encode() in path.read_bytes().lower():
            yield path.name
