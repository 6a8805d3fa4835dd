"""This file holds what administrators and responders do to tickets by command: list, set, let expire."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from app.model import notification, workflow
from app.model.desk import Desk
from app.model.lifecycle import TRACKER, NotAllowed
from app.model.lifecycles import LIFECYCLES, moved
from app.model.notification import new_message_id
from app.model.people import Person
from app.model.queues import Queue
from app.model.standing import everybody_on, standing_of
from app.model.text import one_line
from app.model.tickets import Participant, Ticket, find_ticket, record_change
from app.model.workflow import Words


@dataclass(frozen=True)
class Filter:
    """Which tickets to list; None leaves a thing open."""

    queue: Queue | None = None
    statuses: frozenset[str] | None = None
    requestor: Person | None = None
    assignee: Person | None = None
    unassigned: bool = False


def find_tickets(desk: Desk, wanted: Filter) -> list[Ticket]:
    """The tickets that a filter lets through, by number, with the people whom a list shows."""
    shown = (selectinload(Ticket.requestor), selectinload(Ticket.assignee), selectinload(Ticket.answerer))
    query: Select[Ticket] = select(Ticket).options(*shown).order_by(Ticket.id)
    if wanted.queue:
        query = query.where(Ticket.queue_id == wanted.queue.id)
    if wanted.statuses is not None:
        query = query.where(Ticket.status.in_(wanted.statuses))
    if wanted.requestor:
        query = query.where(Ticket.requestor_id == wanted.requestor.id)
    if wanted.assignee:
        query = query.where(Ticket.assignee_id == wanted.assignee.id)
    if wanted.unassigned:
        query = query.where(Ticket.assignee_id.is_(None))
    return list(desk.session.scalars(query))


@dataclass(frozen=True)
class Setting:
    """What `tickets set` changes; None leaves a thing as it is, and `nobody` takes the assignee away."""

    title: str | None = None
    assignee: Person | None = None
    nobody: bool = False
    priority: int | None = None
    queue: Queue | None = None
    participant: Person | None = None
    requestor: Person | None = None


def set_ticket(desk: Desk, ticket: Ticket, actor: Person, setting: Setting) -> list[str]:
    """Change things of a ticket in somebody's name; returns what changed, field by field. Raises NotAllowed."""
    if not standing_of(actor, everybody_on(desk, ticket)).responder:
        raise NotAllowed(f"{actor.email} does not answer for {ticket.queue.name}: only responders set things.")
    if setting.title is not None and not one_line(setting.title):
        raise NotAllowed("A ticket needs a subject: some words.")
    changes = [change for change in _changes(desk, ticket, setting) if change[1] != change[2]]
    for field, old, new in changes:
        record_change(desk, ticket, actor, field, old, new)
    told_before, old_queue = everybody_on(desk, ticket), ticket.queue.name
    _carry_out(desk, ticket, setting)
    desk.session.flush()
    if changes:
        told = [(_TITLES[field], old, new) for field, old, new in changes]
        # Who answered for the old queue hears that it went to another, too.
        everybody = everybody_on(desk, ticket)
        here = {one.person_id for one in everybody}
        gone = [
            one._replace(answers=False, formerly=old_queue)
            for one in told_before
            if one.answers and one.person_id not in here
        ]
        notification.tell_changed(desk, ticket, actor, told, everybody, gone)
    return [field for field, _, _ in changes]


_TITLES = {
    "subject": "Subject",
    "assignee": "Assignee",
    "priority": "Priority",
    "queue": "Queue",
    "status": "Status",
    "participant": "Participant",
    "requestor": "Requestor",
}


def _changes(desk: Desk, ticket: Ticket, setting: Setting) -> list[tuple[str, str | None, str | None]]:
    changes: list[tuple[str, str | None, str | None]] = []
    if setting.title is not None:
        changes.append(("subject", ticket.title, one_line(setting.title)))
    if setting.assignee is not None or setting.nobody:
        if setting.assignee is not None and not _may_be_assigned(desk, ticket, setting.assignee):
            raise NotAllowed(
                f"{setting.assignee.email} does not answer for {ticket.queue.name} and is no administrator."
            )
        new = setting.assignee.email if setting.assignee else None
        changes.append(("assignee", ticket.assignee.email if ticket.assignee else None, new))
    if setting.priority is not None:
        old = None if ticket.priority is None else str(ticket.priority)
        changes.append(("priority", old, str(setting.priority)))
    if setting.queue is not None:
        changes.append(("queue", ticket.queue.name, setting.queue.name))
        changes.append(("status", ticket.status, _status_in(ticket, setting.queue)))
    if setting.requestor is not None:
        changes.append(("requestor", ticket.requestor.email, setting.requestor.email))
    if setting.participant is not None and not _takes_part(desk, ticket, setting.participant):
        changes.append(("participant", None, setting.participant.email))
    return changes


def _status_in(ticket: Ticket, queue: Queue) -> str:
    return moved(ticket.status, queue.lifecycle, answered=ticket.last_response is not None)


def _takes_part(desk: Desk, ticket: Ticket, person: Person) -> bool:
    return standing_of(person, everybody_on(desk, ticket)).participant


def _may_be_assigned(desk: Desk, ticket: Ticket, person: Person) -> bool:
    return standing_of(person, everybody_on(desk, ticket)).responder


def _carry_out(desk: Desk, ticket: Ticket, setting: Setting) -> None:
    if setting.title is not None:
        ticket.title = one_line(setting.title)
    if setting.assignee is not None or setting.nobody:
        ticket.assignee = setting.assignee
    if setting.priority is not None:
        ticket.priority = setting.priority
    if setting.queue is not None:
        ticket.status = _status_in(ticket, setting.queue)
        ticket.queue = setting.queue
    if setting.requestor is not None:
        setting.requestor.known = True
        ticket.requestor = setting.requestor
    if setting.participant is not None:
        setting.participant.known = True
        desk.session.merge(Participant(ticket_id=ticket.id, person_id=setting.participant.id, subscribed=True))


def forgotten(desk: Desk, days: int) -> list[int]:
    """The numbers of tickets that could expire: nobody assigned, and nothing posted for so many days."""
    query = select(Ticket.id).where(
        Ticket.assignee_id.is_(None),
        Ticket.last_posted <= desk.now - timedelta(days=days),
        Ticket.status.in_({status for lifecycle in LIFECYCLES.values() for status in lifecycle.expirable}),
    )
    return list(desk.session.scalars(query.order_by(Ticket.id)))


def expire(desk: Desk, number: int, days: int) -> bool:
    """Let a ticket expire, if it still is one that should: somebody may have written meanwhile. Whether it did."""
    ticket = find_ticket(desk, number, locked=True)
    action = ticket.lifecycle.expires
    waits = ticket.assignee_id is None and ticket.last_posted <= desk.now - timedelta(days=days)
    if action is None or not waits or ticket.status not in ticket.lifecycle.expirable:
        return False
    span = "1 day" if days == 1 else f"{days} days"
    text = f"Nothing was posted here for {span}, and nobody is assigned, so this ticket expired."
    words = Words(text=text, full_text=text, subject=ticket.title, message_id=new_message_id(desk))
    workflow.act(desk, ticket, None, TRACKER, action, words)
    return True
