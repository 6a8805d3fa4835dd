"""Which tickets and messages a person may see, and by which number."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from ..lifecycle.tables import Lifecycle
from ..records.imported_mail import Archived
from ..records.messages import Message
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from .members import TicketMember, as_in_queue

_IMPORTED = select(Archived.id).where(Archived.ticket_id == bindparam("ticket")).limit(1)


def may_see(ticket: Ticket, member: TicketMember) -> bool:
    """Whether somebody may see a ticket: not one whose own mail to it would be kept from its requestor."""
    return is_visible(ticket.lifecycle, ticket.status, as_in_queue(member, ticket.queue))


def is_visible(lifecycle: Lifecycle, status: str, member: TicketMember) -> bool:
    """Return the same for a ticket in this status; `member` is as `as_in_queue` returns it."""
    if member.responder:
        return True
    # Whom an unproven mail named sees nothing before somebody confirms it.
    member = member._replace(participant=False) if member.pending else member
    return not lifecycle.default_reply(status, member.roles_in(lifecycle).role).private


def is_open_to_others(ticket: Ticket) -> bool:
    """Return whether everybody who is known may see the ticket's public messages."""
    return may_see(ticket, TicketMember(0, "", ""))


def visible_messages(uow: UnitOfWork, ticket: Ticket, member: TicketMember | None) -> Sequence[Message]:
    """The messages that somebody may see, in the order of posting; all of them for nobody in particular.

    Where some were imported it is that of their dates: one of those counts as received when it was written.
    """
    query = select(Message).where(Message.ticket_id == ticket.id)
    if uow.session.scalar(_IMPORTED, {"ticket": ticket.id}) is not None:
        query = query.order_by(Message.received)
    query = query.order_by(Message.number)
    if member and not member.responder:
        query = query.where(~Message.private)
    return uow.session.scalars(query.options(joinedload(Message.sender), selectinload(Message.attachments))).all()


def visible_ids(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> Sequence[int]:
    """Return the ids of the messages that somebody may see, in the order of posting."""
    query = select(Message.id).where(Message.ticket_id == ticket.id).order_by(Message.number)
    return uow.session.scalars(query if member.responder else query.where(~Message.private)).all()


def visible_number(uow: UnitOfWork, ticket: Ticket, number: int | None, member: TicketMember | None) -> int | None:
    """The number by which somebody is shown a message; None for one that they may not see."""
    if number is None or member is None or member.responder:
        return number
    public = select(Message.number).where(Message.ticket_id == ticket.id, ~Message.private, Message.number <= number)
    seen = uow.session.scalars(public.order_by(Message.number)).all()
    return len(seen) if seen and seen[-1] == number else None
