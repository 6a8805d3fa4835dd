"""Which tickets are asked for: the conditions that `tickets list` and `tickets search` share."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import selectinload

from ..records.messages import Attachment, Message
from ..records.people import Person
from ..records.queues import Queue
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork

NOT_FORGOTTEN: ColumnElement[bool] = Ticket.posts > 0
"""What was forgotten has no messages, and is no ticket any more; among messages nobody has to ask for it."""


@dataclass(frozen=True)
class Filter:
    """What tickets and their messages must be; None leaves a thing open.

    `author`, `since` (from this moment on), `before` and `attachment` are about one message, which fulfils all of them.
    """

    queue: Queue | None = None
    statuses: frozenset[str] | None = None
    requestor: Person | None = None
    assignee: Person | None = None
    unassigned: bool = False
    author: Person | None = None
    since: datetime | None = None
    before: datetime | None = None
    attachment: bool = False

    def of_ticket(self) -> list[ColumnElement[bool]]:
        """The conditions on a ticket itself."""
        conditions: list[ColumnElement[bool]] = []
        if self.queue:
            conditions.append(Ticket.queue_id == self.queue.id)
        if self.statuses is not None:
            # What was merged has a status no more.
            conditions += [Ticket.status.in_(self.statuses), Ticket.merged_into.is_(None)]
        if self.requestor:
            conditions.append(Ticket.requestor_id == self.requestor.id)
        if self.assignee:
            conditions.append(Ticket.assignee_id == self.assignee.id)
        if self.unassigned:
            conditions.append(Ticket.assignee_id.is_(None))
        return conditions

    def of_message(self) -> list[ColumnElement[bool]]:
        """The conditions on one of its messages."""
        conditions: list[ColumnElement[bool]] = []
        if self.author:
            conditions.append(Message.sender_id == self.author.id)
        if self.since:
            conditions.append(Message.date >= self.since)
        if self.before:
            conditions.append(Message.date < self.before)
        if self.attachment:
            conditions.append(exists().where(Attachment.message_id == Message.id))
        return conditions


_SHOWN = (selectinload(Ticket.requestor), selectinload(Ticket.assignee), selectinload(Ticket.answerer))


def numbers_of(uow: UnitOfWork, wanted: Filter) -> Iterator[int]:
    """Yield the numbers of the tickets that a filter lets through, in order, without holding all of them."""
    query = select(Ticket.id).where(NOT_FORGOTTEN, *wanted.of_ticket()).order_by(Ticket.id)
    if conditions := wanted.of_message():
        query = query.where(Ticket.id.in_(select(Message.ticket_id).where(*conditions)))
    return iter(uow.session.scalars(query, execution_options={"yield_per": 1_000}))


def tickets_by_number(uow: UnitOfWork, numbers: Collection[int]) -> dict[int, Ticket]:
    """These tickets, with the people whom a list shows."""
    query = select(Ticket).options(*_SHOWN).where(Ticket.id.in_(numbers))
    return {ticket.id: ticket for ticket in uow.session.scalars(query)}
