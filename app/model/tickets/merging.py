"""How one ticket becomes part of another."""

from datetime import datetime

from sqlalchemy import update

from ..lifecycle.tables import NotAllowed
from ..records.messages import Message
from ..records.people import Person
from ..records.tickets import NoSuchTicket, Participant, Ticket, record_change, what_became_of
from ..storage.unit_of_work import Desk
from .members import everybody_on


def goal(desk: Desk, ticket: Ticket, number: int) -> Ticket:
    """The ticket into which one would be merged, held until the work is done; NotAllowed says why it cannot be."""
    if number == ticket.id:
        raise NotAllowed("A ticket cannot be merged into itself: name another one.")
    try:
        into = what_became_of(desk, number)
    except NoSuchTicket as error:
        raise NotAllowed(f"{error} Name the number of the ticket on which the messages should go on.") from None
    if into.id == ticket.id:
        raise NotAllowed(f"Ticket {number} is part of this one already.")
    return into


def merge(desk: Desk, ticket: Ticket, into: Ticket, actor: Person) -> None:
    """Put the messages and people of a ticket on another one, where whatever still comes for it goes from now on.

    The messages get the next numbers there, in their order.
    """
    # Whom an unproven mail named on one ticket was not named on the other.
    on_it = [one for one in everybody_on(desk, ticket) if one.requestor or one.participant or one.assignee]
    people = [one for one in on_it if one.requestor or one.assignee or not one.pending]
    there = {one.person_id for one in everybody_on(desk, into) if one.requestor or one.answers or not one.pending}
    for one in people:
        if one.person_id not in there:
            part = {"subscribed": one.subscribed or one.dormant, "dormant": one.dormant, "pending": False}
            desk.session.merge(Participant(ticket_id=into.id, person_id=one.person_id, **part))
    _move_messages(desk, ticket, into)
    _move_dates(ticket, into)
    ticket.merged_into = into.id
    record_change(desk, ticket, actor, "merged_into", None, str(into.id))
    record_change(desk, into, actor, "merged", None, str(ticket.id))
    desk.session.flush()


def _move_messages(desk: Desk, ticket: Ticket, into: Ticket) -> None:
    moved = update(Message).where(Message.ticket_id == ticket.id)
    desk.session.execute(moved.values(ticket_id=into.id, number=Message.number + into.posts))
    into.posts += ticket.posts
    into.has_private = into.has_private or ticket.has_private
    desk.session.flush()


def _move_dates(ticket: Ticket, into: Ticket) -> None:
    into.last_query = _later(into.last_query, ticket.last_query)
    into.last_response = _later(into.last_response, ticket.last_response)
    into.last_posted = max(into.last_posted, ticket.last_posted)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
