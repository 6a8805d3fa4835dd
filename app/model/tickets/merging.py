"""How one ticket becomes part of another."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, update

from ..lifecycle.tables import NotAllowed
from ..records.messages import Message
from ..records.people import Person
from ..records.tickets import MERGED, NoSuchTicket, Participant, Ticket, record_change, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..wording import Sentence, say
from .fields import hide_private_title
from .members import members_of
from .undo import FieldChange


def merge_target(uow: UnitOfWork, ticket: Ticket, number: int) -> Ticket:
    """The ticket into which one would be merged, held until the work is done; NotAllowed says why it cannot be."""
    if number == ticket.id:
        raise NotAllowed("merge_into_itself")
    try:
        into = resolve_merged(uow, number)
    except NoSuchTicket as error:
        raise NotAllowed.saying(error.text) from None
    if into.id == ticket.id:
        raise NotAllowed("merged_already", number=number)
    return into


def joins_others(ticket: Ticket, into: Ticket, actor: Person) -> bool:
    """Return whether a merge brings together tickets of different requestors, neither of them its `actor`."""
    return ticket.requestor_id != into.requestor_id and actor.id not in (ticket.requestor_id, into.requestor_id)


class NewReaders(NamedTuple):
    """Who from outside will read what by a merge, in sentences, and the ids of the people whom these name."""

    sentences: Sequence[Sentence] = ()
    people: frozenset[int] = frozenset()


def new_readers(uow: UnitOfWork, ticket: Ticket, into: Ticket) -> NewReaders:
    """Return who will read of each of two tickets what they do not read now."""
    moving, staying = (_outsiders(uow, part) for part in (ticket, into))
    pairs = ((moving.keys() - staying.keys(), into), (staying.keys() - moving.keys(), ticket))
    names = moving | staying
    sentences = [
        say("notes.will_read", names=[names[who] for who in sorted(people)], number=read.id, count=_public(uow, read))
        for people, read in pairs
        if people
    ]
    return NewReaders(sentences, frozenset(moving.keys() ^ staying.keys()))


def _outsiders(uow: UnitOfWork, ticket: Ticket) -> dict[int, str]:
    """The requestor and the participants who are not on the team, by name."""
    members = [
        member for member in members_of(uow, ticket) if member.requestor or (member.participant and not member.pending)
    ]
    return {member.person_id: member.label for member in members if not member.responder}


def _public(uow: UnitOfWork, ticket: Ticket) -> int:
    """How many messages outsiders read of a ticket."""
    query = select(func.count()).where(Message.ticket_id == ticket.id, ~Message.private)
    return uow.session.scalar(query) or 0


def merge(uow: UnitOfWork, ticket: Ticket, into: Ticket, actor: Person) -> list[FieldChange]:
    """Put the messages and people of a ticket on another one, where whatever still comes for it goes from now on.

    The messages get the next numbers there, in their order. Returns what changed there.
    """
    retitled = hide_private_title(uow, into) if _outsiders(uow, ticket) else []
    # Whom an unproven mail named on one ticket was not named on the other.
    on_it = [member for member in members_of(uow, ticket) if member.requestor or member.participant or member.assignee]
    people = [member for member in on_it if member.requestor or member.assignee or not member.pending]
    present = {
        member.person_id for member in members_of(uow, into) if member.requestor or member.answers or not member.pending
    }
    for person in people:
        if person.person_id not in present:
            part = {"subscribed": person.subscribed or person.dormant, "dormant": person.dormant, "pending": False}
            uow.session.merge(Participant(ticket_id=into.id, person_id=person.person_id, **part))
    _move_messages(uow, ticket, into)
    _move_dates(ticket, into)
    ticket.merged_into = into.id
    record_change(uow, ticket, actor.id, "merged_into", None, str(into.id))
    for change in retitled:
        record_change(uow, into, actor.id, *change)
    # The last change of a ticket tells whether it can be taken back.
    record_change(uow, into, actor.id, MERGED, None, str(ticket.id))
    uow.session.flush()
    return [(MERGED, None, str(ticket.id)), *retitled]


def _move_messages(uow: UnitOfWork, ticket: Ticket, into: Ticket) -> None:
    moved = update(Message).where(Message.ticket_id == ticket.id)
    uow.session.execute(moved.values(ticket_id=into.id, number=Message.number + into.posts))
    into.posts += ticket.posts
    into.has_private = into.has_private or ticket.has_private
    uow.session.flush()


def _move_dates(ticket: Ticket, into: Ticket) -> None:
    into.last_query = _later(into.last_query, ticket.last_query)
    into.last_response = _later(into.last_response, ticket.last_response)
    into.last_posted = max(into.last_posted, ticket.last_posted)
    into.last_public = max(into.last_public, ticket.last_public)


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return max((moment for moment in (first, second) if moment is not None), default=None)
