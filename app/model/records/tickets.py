"""Tickets, who takes part in them, and the record of what changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Index, Select, bindparam, false, insert, select, text, true
from sqlalchemy.orm import Mapped, lazyload, mapped_column, relationship, validates
from sqlalchemy.orm.attributes import set_committed_value

from ..lifecycle.registry import CLOSED, LIFECYCLES
from ..lifecycle.tables import Lifecycle, NotAllowed
from ..storage.base import MAX_ID, Base
from ..storage.mapped_rows import columns_of, filled_columns, load, loaded
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError
from .people import Person
from .queues import Queue

UNDELIVERED = "undelivered"
"""The field of a change that tells of a letter which came to nothing; nothing of the ticket itself changed."""


MERGED = "merged"
"""The field of a change that tells of another ticket which became part of this one."""


FORGOTTEN = "forgotten"
"""The field of the change that is all that is left of a ticket which was forgotten."""


# The title of a ticket whose first mail has none.
NO_TITLE = "(no subject)"


class NoSuchTicket(ExplainedError, LookupError):
    """No ticket has this number."""


class TicketForgotten(NoSuchTicket):
    """The ticket of this number was erased."""


class Ticket(Base):
    """One conversation.

    `posts` counts its messages, and so gives the next one its number. `answer` is the number of the message that
    solved it. `last_posted` is when something was last posted, whoever did it and whatever its date says;
    `last_public` when something was that everybody on it reads: no list tells outsiders of private notes by its order.
    `closed`: it is on nobody's list of open tickets, as it has ended, became part of another one, or was forgotten.
    `has_private`: some message is for responders only. `root` is the Message-ID under which mail clients gather its
    letters. `merged_into` is the number of the ticket on which its messages are now. `requestor_email` is the address
    to which the requestor's letters about it go; None: wherever this person's letters go. `reopens` is when it opens
    again; a new status ends that. `requestor_left`: the requestor wants no more letters about it.
    `handed_over`: somebody else wrote its first message.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        # Partial on PostgreSQL too, by the migration: to say so here would load its dialect for every command.
        Index(
            "ix_ticket_open",
            "last_public",
            "id",
            "queue_id",
            "status",
            "assignee_id",
            "requestor_id",
            "last_query",
            "last_response",
            sqlite_where=text("closed = 0"),
        ),
        # Of closed tickets alone: a mail on an open one changes none of these.
        *(
            Index("_".join(("ix_ticket_closed", *of)), *of, "last_public", "id", sqlite_where=text("closed = 1"))
            for of in ((), ("queue_id",), ("queue_id", "status"), ("assignee_id",), ("requestor_id",))
        ),
        Index("ix_ticket_assignee_id", "assignee_id", "closed", sqlite_where=text("assignee_id IS NOT NULL")),
        Index("ix_ticket_requestor_id", "requestor_id", "closed"),
        Index("ix_ticket_merged", "merged_into", sqlite_where=text("merged_into IS NOT NULL")),
        # A number once given is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    title: Mapped[str]
    status: Mapped[str]
    priority: Mapped[int | None]
    requestor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    requestor_email: Mapped[str | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    last_query: Mapped[datetime | None]
    last_response: Mapped[datetime | None]
    last_posted: Mapped[datetime]
    last_public: Mapped[datetime] = mapped_column(server_default=text("'1970-01-01 00:00:00.000000'"))
    solved: Mapped[datetime | None]
    answer: Mapped[int | None]
    answerer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    posts: Mapped[int]
    closed: Mapped[bool] = mapped_column(server_default=false())
    has_private: Mapped[bool] = mapped_column(server_default=false())
    root: Mapped[str | None]
    merged_into: Mapped[int | None]
    reopens: Mapped[datetime | None]
    requestor_left: Mapped[bool] = mapped_column(default=False, server_default=false())
    handed_over: Mapped[bool] = mapped_column(default=False, server_default=false())

    queue: Mapped[Queue] = relationship(lazy="joined", innerjoin=True)
    requestor: Mapped[Person] = relationship(foreign_keys=[requestor_id])
    assignee: Mapped[Person | None] = relationship(foreign_keys=[assignee_id])
    answerer: Mapped[Person | None] = relationship(foreign_keys=[answerer_id])

    @validates("status")
    def _changes_status(self, _: str, status: str) -> str:
        if self.reopens is not None and status != self.status:
            self.reopens = None
        self.closed = is_closed(status, self.merged_into)
        return status

    @validates("merged_into")
    def _merges(self, _: str, merged_into: int | None) -> int | None:
        self.closed = is_closed(self.status, merged_into)
        return merged_into

    @property
    def lifecycle(self) -> Lifecycle:
        """The tables by which it lives: those of its queue."""
        return LIFECYCLES[self.queue.lifecycle_name]

    @property
    def forgotten(self) -> bool:
        """Whether it was forgotten: every other ticket begins with a message."""
        return self.posts == 0


def is_closed(status: str, merged_into: int | None) -> bool:
    """Return whether a ticket is on nobody's list of open ones, by its status and what it became part of."""
    return status in CLOSED or merged_into is not None


_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])


def of_open(query: _Query) -> _Query:
    """Return a query for open tickets alone, by the index that has them: SQLite cannot know that they are few."""
    return query.where(~Ticket.closed).with_hint(Ticket, "INDEXED BY ix_ticket_open", "sqlite")


class Participant(Base):
    """Somebody who was asked in; not `subscribed`: they get no letters any more.

    `dormant`: they wrote in a thread that was imported, and get letters once they write again. `pending`: an unproven
    first mail named them; they see and get nothing until the team answers, or the requestor is believed.
    """

    __tablename__ = "participant"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    subscribed: Mapped[bool] = mapped_column(server_default=true())
    dormant: Mapped[bool] = mapped_column(default=False, server_default=false())
    pending: Mapped[bool] = mapped_column(default=False, server_default=false())


LET_IN = {"subscribed": True, "dormant": False, "pending": False}
"""How a participant takes part who was let in by somebody who may."""


class Change(Base):
    """One thing of a ticket that became another."""

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    field: Mapped[str]
    old: Mapped[str | None]
    new: Mapped[str | None]

    by: Mapped[Person | None] = relationship()


_CHANGED = filled_columns(Change)
_ADD_CHANGE = Prepared(insert(Change), _CHANGED)


class Reopening(Base):
    """A ticket that was opened again: by whom, when, from which status, and who had answered it."""

    __tablename__ = "reopening"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    from_status: Mapped[str]
    answerer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    solved: Mapped[datetime | None]


_BY_NUMBER = select(Ticket).where(Ticket.id == bindparam("number"))
# A row is locked by itself and joined afterwards. PostgreSQL drops a locked row whose join no longer holds once another
# connection has moved the ticket to another queue.
_LOCKED_BY_NUMBER = (
    _BY_NUMBER.options(lazyload(Ticket.queue)).with_for_update().execution_options(populate_existing=True)
)
_TICKET, _QUEUE = columns_of(Ticket), columns_of(Queue)


def _with_queue(row: Select[Any]) -> Prepared:
    ticket = row.subquery()
    return Prepared(select(*ticket.c, *_QUEUE).outerjoin(Queue, Queue.id == ticket.c.queue_id))


_ROW = select(*_TICKET).where(Ticket.id == bindparam("number"))
LOCKED_ROW = _ROW.with_for_update()
"""The row of a ticket, locked; to be joined as a subquery."""
_FIRST_BY_NUMBER = {False: _with_queue(_ROW), True: _with_queue(LOCKED_ROW)}


def find_ticket(uow: UnitOfWork, number: int, *, locked: bool = False) -> Ticket:
    """The ticket of that number; `locked` holds others off until the work is done. NoSuchTicket names the number."""
    ticket = find_any_ticket(uow, number, locked=locked)
    if ticket.forgotten:
        raise how_forgotten(uow, ticket)
    return ticket


def how_forgotten(uow: UnitOfWork, ticket: Ticket) -> TicketForgotten:
    """The line that is left of a ticket, as an error."""
    at = uow.session.scalar(select(Change.at).where(Change.ticket_id == ticket.id, Change.field == FORGOTTEN))
    if at is None:
        return TicketForgotten("ticket_forgotten", number=ticket.id)
    return TicketForgotten("ticket_forgotten_on", number=ticket.id, day=f"{at:%Y-%m-%d}")


def find_any_ticket(uow: UnitOfWork, number: int, *, locked: bool = False) -> Ticket:
    """The same, also of a ticket that was forgotten."""
    if not 0 < number <= MAX_ID:
        raise NoSuchTicket("no_such_number")
    again = loaded(uow.session, Ticket, number) is not None
    ticket = _loaded_again(uow, number, locked=locked) if again else _loaded_first(uow, number, locked=locked)
    if ticket is None:
        raise NoSuchTicket("no_ticket", number=number)
    return ticket


def _loaded_again(uow: UnitOfWork, number: int, *, locked: bool) -> Ticket | None:
    return uow.session.scalars(_LOCKED_BY_NUMBER if locked else _BY_NUMBER, {"number": number}).one_or_none()


def _loaded_first(uow: UnitOfWork, number: int, *, locked: bool) -> Ticket | None:
    """A ticket of which this unit of work has no object yet, with its queue."""
    uow.session.flush()
    row = _FIRST_BY_NUMBER[locked].row(uow.connection, {"number": number})
    return ticket_of_rows(uow, row[: len(_TICKET)], row[len(_TICKET) :]) if row else None


def ticket_of_rows(uow: UnitOfWork, row: Sequence[Any], queue: Sequence[Any]) -> Ticket | None:
    """Return the ticket of a row, with its queue; None for a row of nulls."""
    if row[0] is None:
        return None
    ticket = load(uow.session, Ticket, row)
    # A queue that was made while this statement waited is not seen by it.
    if queue[0] is not None:
        set_committed_value(ticket, "queue", load(uow.session, Queue, queue))
    return ticket


def find_unmerged(uow: UnitOfWork, number: int) -> Ticket:
    """A ticket to change, held until the work is done. NotAllowed if it is part of another one."""
    ticket = find_ticket(uow, number, locked=True)
    if ticket.merged_into is not None:
        raise NotAllowed("is_merged", number=number, into=ticket.merged_into)
    return ticket


def resolve_merged(uow: UnitOfWork, number: int, *, locked: bool = True) -> Ticket:
    """Return the ticket of that number, or the one on which its messages are now; `locked` holds others off."""
    ticket = find_ticket(uow, number, locked=locked)
    while ticket.merged_into is not None:
        ticket = find_ticket(uow, ticket.merged_into, locked=locked)
    return ticket


def record_change(
    uow: UnitOfWork, ticket: Ticket, by_id: int | None, field: str, old: str | None, new: str | None
) -> None:
    """Remember that something of a ticket became another; `by_id` is who changed it."""
    values = ticket.id, uow.now, by_id, field, old, new
    _ADD_CHANGE.rows(uow.connection, dict(zip(_CHANGED, values, strict=True)))
