"""Which tickets and messages a person may see, and by which number."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from ..lifecycle.tables import Lifecycle
from ..records.imported_mail import Archived
from ..records.messages import Message
from ..records.tickets import Ticket
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from .members import TicketMember, as_in_queue

_IMPORTED = Prepared(select(Archived.id).where(Archived.ticket_id == bindparam("ticket")).limit(1))
_PUBLIC_NUMBERS = Prepared(
    select(Message.number).where(Message.ticket_id == bindparam("ticket"), ~Message.private).order_by(Message.number)
)


def may_see(ticket: Ticket, member: TicketMember) -> bool:
    """Whether somebody may see a ticket: not one whose own mail to it would be kept from its requestor."""
    return is_visible(ticket.lifecycle, ticket.status, as_in_queue(member, ticket.queue))


def is_visible(lifecycle: Lifecycle, status: str, member: TicketMember) -> bool:
    """Return the same for a ticket in this status; `member` is as `as_in_queue` returns it."""
    if member.insider:
        return True
    # Whom an unproven mail named sees nothing before somebody confirms it.
    member = member._replace(participant=False) if member.pending else member
    return not lifecycle.default_reply(status, member.roles_in(lifecycle).role).private


def is_open_to_others(ticket: Ticket) -> bool:
    """Return whether everybody who is known may see the ticket's public messages."""
    return may_see(ticket, TicketMember(0, "", ""))


def visible_messages(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember | None, ids: Collection[int] | None = None
) -> Sequence[Message]:
    """The messages that somebody may see, in the order of posting; all of them for nobody in particular.

    Where some were imported it is that of their dates: one of those counts as received when it was written. `ids`: only
    those.
    """
    query = select(Message).where(*_visible(ticket, member)).order_by(*_shown_order(uow, ticket))
    if ids is not None:
        query = query.where(Message.id.in_(ids))
    return uow.session.scalars(query.options(joinedload(Message.sender), selectinload(Message.attachments))).all()


def ids_as_shown(uow: UnitOfWork, ticket: Ticket, member: TicketMember | None) -> Sequence[int]:
    """Return the ids of the same messages, in the same order."""
    query = select(Message.id).where(*_visible(ticket, member)).order_by(*_shown_order(uow, ticket))
    return uow.session.scalars(query).all()


def visible_numbers(uow: UnitOfWork, ticket: Ticket) -> dict[int, int]:
    """Return the number by which outsiders are shown each message: a gap would tell of one that they may not see."""
    uow.session.flush()
    public = _PUBLIC_NUMBERS.rows(uow.connection, {"ticket": ticket.id})
    return {number: place for place, (number,) in enumerate(public, start=1)}


def _visible(ticket: Ticket, member: TicketMember | None) -> list[ColumnElement[bool]]:
    public = [] if member is None or member.insider else [~Message.private]
    return [Message.ticket_id == ticket.id, *public]


def _shown_order(uow: UnitOfWork, ticket: Ticket) -> list[InstrumentedAttribute[Any]]:
    imported = _IMPORTED.row(uow.connection, {"ticket": ticket.id}) is not None
    return [Message.received, Message.number] if imported else [Message.number]


def visible_ids(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> Sequence[int]:
    """Return the ids of the messages that somebody may see, in the order of posting."""
    return uow.session.scalars(select(Message.id).where(*_visible(ticket, member)).order_by(Message.number)).all()


def visible_number(uow: UnitOfWork, ticket: Ticket, number: int | None, member: TicketMember | None) -> int | None:
    """The number by which somebody is shown a message; None for one that they may not see."""
    if number is None or member is None or member.insider:
        return number
    return visible_numbers(uow, ticket).get(number)
