"""Leaving a ticket: its letters end for somebody who wants no more of them."""

from ..records.tickets import Participant, Ticket, record_change
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember, members_of
from ..tickets.undo import FieldChange


def may_leave(member: TicketMember) -> bool:
    """Return whether somebody gets letters because they asked or were copied in, and not as one of the team."""
    return (member.participant or member.requestor) and not member.responder


def has_left(member: TicketMember) -> bool:
    """Return whether somebody gets no letters any more; who waits to be let in will get them, and may leave first."""
    return not (member.subscribed or member.pending)


def leave(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> Event:
    """End the letters of a ticket for somebody who may leave it. Nobody is told of who had left before."""
    change = _leave(uow, ticket, member)
    if change is not None:
        record_change(uow, ticket, member.person_id, *change)
    changes = [change] if change else []
    return Event(ticket, members_of(uow, ticket), member, ticket.status, changes=changes, quiet=not changes)


def _leave(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> FieldChange | None:
    if member.requestor:
        left, ticket.requestor_left = ticket.requestor_left, True
        return None if left else ("unsubscribed", None, member.email)
    row = uow.session.get_one(Participant, (ticket.id, member.person_id))
    if not row.subscribed:
        return None
    row.subscribed = False
    if row.pending:
        # Else they would be let in with the others who wait.
        uow.session.delete(row)
    return ("participant", member.email, None)
