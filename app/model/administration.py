"""This file holds what administrators and responders do to tickets by command: list, set, let expire."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from app.model import notification, workflow
from app.model.desk import Desk
from app.model.lifecycle import TRACKER, NotAllowed
from app.model.lifecycles import LIFECYCLES
from app.model.notification import new_message_id
from app.model.people import Person
from app.model.queues import Queue
from app.model.standing import everybody_on, standing_of
from app.model.text import one_line
from app.model.tickets import Ticket, find_ticket, record_change
from app.model.workflow import Words


@dataclass(frozen=True)
class Filter:
    """Which tickets to list; None leaves a thing open."""

    queue: Queue | None = None
    status: str | None = None
    requestor: Person | None = None
    assignee: Person | None = None
    unassigned: bool = False


def find_tickets(desk: Desk, wanted: Filter) -> list[Ticket]:
    """The tickets that a filter lets through, by number, with the people whom a list shows."""
    shown = (selectinload(Ticket.requestor), selectinload(Ticket.assignee), selectinload(Ticket.answerer))
    query: Select[Ticket] = select(Ticket).options(*shown).order_by(Ticket.id)
    if wanted.queue:
        query = query.where(Ticket.queue_id == wanted.queue.id)
    if wanted.status:
        query = query.where(Ticket.status == wanted.status)
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


def set_ticket(desk: Desk, ticket: Ticket, actor: Person, setting: Setting) -> list[str]:
    """Change things of a ticket in somebody's name; returns what changed, field by field. Raises NotAllowed."""
    if not standing_of(actor, everybody_on(desk, ticket)).responder:
        raise NotAllowed(f"{actor.email} does not answer for {ticket.queue.name}: only responders set things.")
    if setting.title is not None and not one_line(setting.title):
        raise NotAllowed("A ticket needs a subject: some words.")
    changes = [change for change in _changes(desk, ticket, setting) if change[1] != change[2]]
    for field, old, new in changes:
        record_change(desk, ticket, actor, field, old, new)
    _carry_out(ticket, setting)
    desk.session.flush()
    if changes:
        told = [(_TITLES[field], old, new) for field, old, new in changes]
        notification.tell_changed(desk, ticket, actor, told, everybody_on(desk, ticket))
    return [field for field, _, _ in changes]


_TITLES = {"subject": "Subject", "assignee": "Assignee", "priority": "Priority"}


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
    return changes


def _may_be_assigned(desk: Desk, ticket: Ticket, person: Person) -> bool:
    return standing_of(person, everybody_on(desk, ticket)).responder


def _carry_out(ticket: Ticket, setting: Setting) -> None:
    if setting.title is not None:
        ticket.title = one_line(setting.title)
    if setting.assignee is not None or setting.nobody:
        ticket.assignee = setting.assignee
    if setting.priority is not None:
        ticket.priority = setting.priority


def expire(desk: Desk, days: int) -> list[int]:
    """Let tickets expire that nobody is assigned to and nothing was posted on for so many days; their numbers."""
    return [ticket.id for ticket in _forgotten(desk, days) if _let_expire(desk, ticket, days)]


def _forgotten(desk: Desk, days: int) -> list[Ticket]:
    query = select(Ticket).where(
        Ticket.assignee_id.is_(None),
        Ticket.last_posted <= desk.now - timedelta(days=days),
        Ticket.status.in_({status for lifecycle in LIFECYCLES.values() for status in lifecycle.expirable}),
    )
    found = [ticket.id for ticket in desk.session.scalars(query.order_by(Ticket.id))]
    # Once more when they are locked: somebody may have written meanwhile.
    locked = [find_ticket(desk, number, locked=True) for number in found]
    return [one for one in locked if one.assignee_id is None and one.last_posted <= desk.now - timedelta(days=days)]


def _let_expire(desk: Desk, ticket: Ticket, days: int) -> bool:
    action = ticket.lifecycle.expires
    if action is None or ticket.status not in ticket.lifecycle.expirable:
        return False
    span = "1 day" if days == 1 else f"{days} days"
    text = f"Nothing was posted here for {span}, and nobody is assigned, so this ticket expired."
    words = Words(text=text, full_text=text, subject=ticket.title, message_id=new_message_id(desk))
    workflow.act(desk, ticket, None, TRACKER, action, words)
    return True
