"""Leaving a ticket: its letters end for somebody who wants no more of them."""

from ..letters import notification
from ..letters.notification import TicketEvent
from ..lifecycle import commands
from ..records.people import Person
from ..records.tickets import Participant, Ticket, record_change
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, members_of
from ..tickets.posts import NewMessage


def may_leave(member: TicketMember) -> bool:
    """Return whether somebody gets letters because they asked or were copied in, and not as one of the team."""
    return (member.participant or member.requestor) and not member.responder


def asks_to_leave(member: TicketMember, new_message: NewMessage) -> bool:
    """Return whether somebody who may leave asks for no more letters, and says nothing else."""
    return may_leave(member) and not new_message.automatic and commands.asks_to_leave(new_message.text)


def leave(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> None:
    """End the letters of a ticket for somebody who may leave it, and tell its team; once."""
    if member.requestor and not ticket.requestor_left:
        ticket.requestor_left = True
        _tell(uow, ticket, member, ("unsubscribed", None, member.email))
    elif not member.requestor:
        row = uow.session.get_one(Participant, (ticket.id, member.person_id))
        if not row.subscribed:
            return
        row.subscribed = False
        if row.pending:
            # Else they would be let in with the others who wait.
            uow.session.delete(row)
        _tell(uow, ticket, member, ("participant", member.email, None))


def _tell(uow: UnitOfWork, ticket: Ticket, member: TicketMember, change: tuple[str, str | None, str | None]) -> None:
    record_change(uow, ticket, uow.session.get_one(Person, member.person_id), *change)
    event = TicketEvent(None, ticket.status, member, [change])
    notification.notify_changed(uow, ticket, event, members_of(uow, ticket))
