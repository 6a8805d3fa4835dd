"""How things of a ticket are set: its queue, assignee, requestor, participants, subject, priority."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ...mail.text import one_line
from ..lifecycle.registry import moved
from ..lifecycle.tables import NotAllowed
from ..records.messages import Message, opener_of
from ..records.people import Person, administrators
from ..records.queues import Queue
from ..records.tickets import LET_IN, Participant, Ticket, record_change
from ..storage.unit_of_work import UnitOfWork
from .members import FormerQueue, TicketMember, member_for, members_of, off_ticket
from .undo import FieldChange, field_values


@dataclass(frozen=True)
class FieldChanges:
    """What is to be set; None leaves a thing as it is. `nobody` takes the assignee away, `no_priority` the priority."""

    title: str | None = None
    assignee: Person | None = None
    nobody: bool = False
    priority: int | None = None
    no_priority: bool = False
    queue: Queue | None = None
    requestor: Person | None = None
    participant: Person | None = None
    gone: Person | None = None


def apply_changes(uow: UnitOfWork, ticket: Ticket, actor: Person, field_changes: FieldChanges) -> list[FieldChange]:
    """Set things of a ticket and record it; what changed, as (field, old, new). Raises NotAllowed before anything."""
    _check(uow, ticket, field_changes)
    old, came = field_values(ticket), _newcomers(uow, ticket, actor, field_changes)
    _carry_out(uow, ticket, field_changes, came)
    new = field_values(ticket)
    changes: list[FieldChange] = [(field, old[field], new[field]) for field in _ORDER if old[field] != new[field]]
    changes += [("participant", None, person.email) for person in came]
    changes += [("participant", field_changes.gone.email, None)] if field_changes.gone else []
    for change in changes:
        record_change(uow, ticket, actor.id, *change)
    uow.session.flush()
    return changes


# As they are told.
_ORDER = ("subject", "assignee", "priority", "queue", "status", "requestor")


def _check(uow: UnitOfWork, ticket: Ticket, field_changes: FieldChanges) -> None:
    if field_changes.title is not None and not one_line(field_changes.title):
        raise NotAllowed("needs_subject")
    if field_changes.assignee is None and field_changes.gone is None:
        return
    members = members_of(uow, ticket)
    if field_changes.assignee is not None and not _may_be_assigned(field_changes, members):
        choices = assignable(uow, members)
        raise NotAllowed("not_assignable", email=field_changes.assignee.email, queue=ticket.queue.name, choices=choices)
    if field_changes.gone is not None and not member_for(field_changes.gone, members).participant:
        people = [member.email for member in members if member.participant]
        raise NotAllowed("not_copied_in", email=field_changes.gone.email, people=people)


def _may_be_assigned(field_changes: FieldChanges, members: Sequence[TicketMember]) -> bool:
    return field_changes.assignee is not None and member_for(field_changes.assignee, members).responder


def assignable(uow: UnitOfWork, members: Sequence[TicketMember]) -> list[str]:
    """The addresses of those who can be assigned: who answers for the queue, and administrators."""
    return [email for email, _ in assignable_people(uow, members)]


def assignable_people(uow: UnitOfWork, members: Sequence[TicketMember]) -> list[tuple[str, str]]:
    """Return those who can be assigned, each as address and name."""
    named = {member.email: member.label for member in members if member.responder}
    return list(
        (named | {person.email: named.get(person.email, person.label) for person in administrators(uow)}).items()
    )


def _newcomers(uow: UnitOfWork, ticket: Ticket, actor: Person, field_changes: FieldChanges) -> list[Person]:
    """Return who takes part from now on: whoever is let in, and whoever moves a ticket away from their own queue."""
    let_in = [field_changes.participant] if field_changes.participant else []
    if field_changes.queue is None and not let_in:
        return []
    members = members_of(uow, ticket)
    stays = [actor] if field_changes.queue and _moves_away(uow, ticket, actor, field_changes.queue, members) else []
    named = {person.id: member_for(person, members) for person in (*let_in, *stays)}
    return [
        person for person in (*let_in, *stays) if not (named[person.id].participant and named[person.id].subscribed)
    ]


def _moves_away(uow: UnitOfWork, ticket: Ticket, actor: Person, queue: Queue, members: Sequence[TicketMember]) -> bool:
    """Return whether somebody is on a ticket as a responder, and does not answer for the queue that it goes to."""
    mover = member_for(actor, members)
    by_office = (mover.answers or mover.assignee) and not mover.requestor
    return by_office and queue.id != ticket.queue_id and not queue.is_answered_by(uow, actor)


def _carry_out(uow: UnitOfWork, ticket: Ticket, field_changes: FieldChanges, came: Sequence[Person]) -> None:
    if field_changes.title is not None:
        ticket.title = one_line(field_changes.title)
    elif field_changes.requestor or field_changes.participant:
        hide_private_title(uow, ticket)
    if field_changes.assignee is not None or field_changes.nobody:
        ticket.assignee = field_changes.assignee
    if field_changes.priority is not None or field_changes.no_priority:
        ticket.priority = field_changes.priority
    if field_changes.queue is not None:
        answered = ticket.last_response is not None
        ticket.status = moved(ticket.status, field_changes.queue.lifecycle, answered=answered)
        ticket.queue = field_changes.queue
    if field_changes.requestor is not None:
        _hand_over(uow, ticket, field_changes.requestor)
    if field_changes.participant is not None:
        field_changes.participant.known = True
    for person in came:
        uow.session.merge(Participant(ticket_id=ticket.id, person_id=person.id, **LET_IN))
    if field_changes.gone is not None:
        row = uow.session.get(Participant, (ticket.id, field_changes.gone.id))
        uow.session.delete(row)
    uow.session.flush()


def hide_private_title(uow: UnitOfWork, ticket: Ticket) -> list[FieldChange]:
    """Give a ticket another title if its own began in private; what changed.

    Whoever comes to the ticket reads its title in every letter.
    """
    if not _is_private_title(uow, ticket):
        return []
    old, ticket.title = ticket.title, f"Ticket {ticket.id}"
    return [("subject", old, ticket.title)]


def _is_private_title(uow: UnitOfWork, ticket: Ticket) -> bool:
    """Return whether a ticket still has the subject of a private message with which the team opened it."""
    query = select(Message).where(Message.ticket_id == ticket.id, Message.number == 1, Message.private)
    first = uow.session.scalars(query).one_or_none()
    if first is None or first.sender is None or first.subject != ticket.title:
        return False
    return member_for(first.sender, members_of(uow, ticket)).responder


def _hand_over(uow: UnitOfWork, ticket: Ticket, requestor: Person) -> None:
    """Make it somebody else's ticket. Whose it was takes part from now on, unless they answer for it anyway."""
    before = ticket.requestor
    if before.id != requestor.id and not member_for(before, members_of(uow, ticket)).responder:
        uow.session.merge(Participant(ticket_id=ticket.id, person_id=before.id, **LET_IN))
    requestor.known = True
    if before.id != requestor.id:
        ticket.requestor, ticket.requestor_email, ticket.requestor_left = requestor, None, False
        ticket.handed_over = opener_of(uow, ticket) != requestor.id


def former_responders(
    before: Sequence[TicketMember], now: Sequence[TicketMember], formerly: FormerQueue
) -> list[TicketMember]:
    """Who answered for the queue that a ticket has left: they hear of it, too."""
    here = {member.person_id for member in now}
    return [
        off_ticket(member.person_id, member, formerly=formerly, undeliverable=member.undeliverable)
        for member in before
        if member.answers and member.person_id not in here
    ]
