"""Which tickets and messages a person may see, and by which number."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from ..records.imported_mail import Archived
from ..records.messages import Message
from ..records.tickets import Ticket
from ..storage.unit_of_work import Desk
from .members import Standing, in_queue

_IMPORTED = select(Archived.id).where(Archived.ticket_id == bindparam("ticket")).limit(1)


def may_see(ticket: Ticket, standing: Standing) -> bool:
    """Whether somebody may see a ticket: not one whose own mail to it would be kept from its requestor."""
    # Whom an unproven mail named sees nothing before somebody confirms it.
    standing = standing._replace(participant=False) if standing.pending else standing
    role = in_queue(standing, ticket.queue).party(ticket.lifecycle).role
    return standing.responder or not ticket.lifecycle.cell(ticket.status, role).private


def is_open_to_others(ticket: Ticket) -> bool:
    """Return whether everybody who is known may see the ticket's public messages."""
    return may_see(ticket, Standing(0, "", ""))


def visible_messages(desk: Desk, ticket: Ticket, standing: Standing | None) -> Sequence[Message]:
    """The messages that somebody may see, in the order of posting; all of them for nobody in particular.

    Where some were imported it is that of their dates: one of those counts as received when it was written.
    """
    query = select(Message).where(Message.ticket_id == ticket.id)
    if desk.session.scalar(_IMPORTED, {"ticket": ticket.id}) is not None:
        query = query.order_by(Message.received)
    query = query.order_by(Message.number)
    if standing and not standing.responder:
        query = query.where(~Message.private)
    return desk.session.scalars(query.options(joinedload(Message.sender), selectinload(Message.attachments))).all()


def shown_number(desk: Desk, ticket: Ticket, number: int | None, standing: Standing | None) -> int | None:
    """The number by which somebody is shown a message; None for one that they may not see."""
    if number is None or standing is None or standing.responder:
        return number
    public = select(Message.number).where(Message.ticket_id == ticket.id, ~Message.private, Message.number <= number)
    seen = desk.session.scalars(public.order_by(Message.number)).all()
    return len(seen) if seen and seen[-1] == number else None
