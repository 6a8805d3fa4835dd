"""Which tickets wait for their team: one rule for the web pages' lists and counts, and for the morning's letter."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from ..lifecycle.registry import WAITING
from ..records.messages import Message
from ..records.tickets import Change, Ticket

# One parameter each: a statement with a fixed number of them can be prepared.
_WAITING = [literal(status) for status in sorted(WAITING)]


def waits_for_us() -> ColumnElement[bool]:
    """Return whether an open ticket waits: its team has said nothing to all since somebody asked, or it was reopened.

    Private notes are no answer.
    """
    # A value and no EXISTS: for that PostgreSQL may read all changes and messages once, to know of every ticket. As it
    # stands the subquery is asked for each ticket that the columns before it leave open, and reads what that has.
    reopened = reopenings(Ticket.id).limit(1).scalar_subquery().is_not(None)
    unanswered = Ticket.last_response.is_(None)
    asked = Ticket.last_query >= Ticket.last_response
    return and_(Ticket.status.in_(_WAITING), or_(unanswered, asked, reopened))


def reopenings(ticket: ColumnElement[int] | InstrumentedAttribute[int] | int) -> Select[datetime]:
    """Return when a ticket, by its number, began to wait by a status alone: a person's, or that of its day.

    Words to all at that moment or later ask or answer. They count by when they came: a mail's own date may be earlier.
    """
    began = Change.field == "status", Change.old.not_in(_WAITING), Change.new.in_(_WAITING)
    words = exists().where(
        Message.ticket_id == Change.ticket_id, Message.received >= Change.at, Message.text != "", ~Message.private
    )
    return select(Change.at).where(Change.ticket_id == ticket, *began, ~words)
