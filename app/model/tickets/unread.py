"""Tickets that wait where nobody reads: in a queue that nobody answers for, and assigned to nobody."""

from collections.abc import Sequence

from sqlalchemy import exists, select

from ..records.people import administrators
from ..records.queues import Queue, Responder
from ..records.tickets import Ticket, of_open
from ..storage.unit_of_work import UnitOfWork
from ..wording import Sentence, say
from .members import TicketMember
from .undo import FieldChange


def unread(uow: UnitOfWork) -> dict[str, list[int]]:
    """Return the numbers of such tickets that are not closed, by the name of their queue."""
    answered = exists().where(Responder.queue_id == Queue.id)
    rows = (
        select(Queue.name, Ticket.id)
        .join(Ticket, Ticket.queue_id == Queue.id)
        .where(~answered, Ticket.assignee_id.is_(None))
        .order_by(Queue.id, Ticket.id)
    )
    numbers: dict[str, list[int]] = {}
    for name, number in uow.session.execute(of_open(rows)):
        numbers.setdefault(name, []).append(number)
    return numbers


def note_of_unread(
    uow: UnitOfWork, ticket: Ticket, changes: Sequence[FieldChange], members: Sequence[TicketMember]
) -> list[Sentence]:
    """Return what must be said of a move to where nobody reads; nothing of any other change."""
    moved = any(field == "queue" for field, _, _ in changes)
    if not moved or any(member.answers or member.assignee for member in members):
        return []
    name = "notes.nobody_reads_but_admins" if administrators(uow) else "notes.nobody_reads"
    return [say(name, queue=ticket.queue.name)]
