"""What somebody's roles count for who writes on many tickets of others at once."""

from sqlalchemy import exists, func, select

from ...records.messages import Message
from ...records.tickets import Participant, Ticket
from ...storage.unit_of_work import UnitOfWork
from ..members import TicketMember, as_in_queue
from .loop_protection import within
from .slow_storms import HOUR

# After so many tickets of others within an hour, what somebody writes on further ones is private.
MOST_TICKETS = 5


def effective_member(uow: UnitOfWork, ticket: Ticket, member: TicketMember, *, verified: bool) -> TicketMember:
    """Somebody's roles as a reply of theirs is taken now: who is everywhere at once counts as a stranger.

    The one place for it: what a mail does and what is promised of it both come from here. Verified mails count apart
    from those that anybody can have sent.
    """
    if member.on_ticket or member.responder or not member.known:
        return member
    member, lifecycle = as_in_queue(member, ticket.queue), ticket.lifecycle
    if lifecycle.default_reply(ticket.status, member.roles_in(lifecycle).role).private:
        return member
    count = _tickets_of_others(uow, ticket, member.person_id, verified=verified)
    return member._replace(known=count < MOST_TICKETS)


def _tickets_of_others(uow: UnitOfWork, ticket: Ticket, person_id: int, *, verified: bool) -> int:
    """On how many other tickets somebody has written by mail within an hour who is not on them."""
    part = exists().where(Participant.ticket_id == Ticket.id, Participant.person_id == person_id)
    query = (
        select(func.count(Message.ticket_id.distinct()))
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Message.sender_id == person_id, *within(uow, Message.received, HOUR), Message.mail_id.is_not(None))
        .where(Ticket.requestor_id != person_id, Ticket.id != ticket.id, ~part, Message.verified.is_(verified))
    )
    return uow.session.scalar(query) or 0
