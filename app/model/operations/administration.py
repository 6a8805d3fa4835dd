"""What is done to tickets by command, each an operation and then its letters: set, undo, merge, expire."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from ..letters.notification import notify
from ..lifecycle.commands import MERGE, lines_of
from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.roles import TRACKER
from ..lifecycle.tables import NotAllowed
from ..records.message_ids import new_message_id
from ..records.people import Person
from ..records.tickets import Ticket, find_ticket, of_open
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.fields import FieldChanges, apply_changes, former_responders
from ..tickets.members import FormerQueue, member_for, members_of
from ..tickets.posts import NewMessage
from ..tickets.undo import save_checkpoint, snapshot
from ..tickets.unread import note_of_unread
from ..wording import Sentence, say, wording_in
from . import workflow
from .commands.command_mail import CommandMail, CommandsRefused
from .commands.execution import execute_commands


class FieldsSet(NamedTuple):
    """The fields that a command changed, and the notes that it must print."""

    fields: list[str]
    notes: list[Sentence]


def set_ticket(uow: UnitOfWork, ticket: Ticket, actor: Person, field_changes: FieldChanges) -> FieldsSet:
    """Change things of a ticket in somebody's name. Raises NotAllowed."""
    before, members_before = snapshot(uow, ticket, people=True), members_of(uow, ticket)
    formerly = FormerQueue(ticket.queue.name, ticket.id)
    member = member_for(actor, members_before)
    if not member.responder:
        raise NotAllowed("only_team_sets", email=actor.email, queue=ticket.queue.name)
    changes = apply_changes(uow, ticket, actor, field_changes)
    members = members_of(uow, ticket)
    if changes:
        gone = former_responders(members_before, members, formerly)
        checkpoint = save_checkpoint(uow, ticket, before, actor.id)
        event = Event(ticket, members, member, before["status"], None, changes, checkpoint, gone=gone)
        notify(uow, event)
    return FieldsSet([field for field, _, _ in changes], note_of_unread(uow, ticket, changes, members))


def undo(uow: UnitOfWork, ticket: Ticket, actor: Person) -> Event:
    """Take the last change of a ticket back in somebody's name, and notify the others.

    Raises NotAllowed before anything is done.
    """
    event = workflow.undo(uow, ticket, actor, members_of(uow, ticket))
    notify(uow, event)
    return event


def merge(uow: UnitOfWork, ticket: Ticket, into: int, actor: Person) -> Ticket:
    """Make a ticket part of another in somebody's name, as the command `Merge` does, and notify the others.

    Returns the ticket on which all goes on. Raises NotAllowed before anything is done.
    """
    members = members_of(uow, ticket)
    if not member_for(actor, members).responder:
        raise only_team_merges(ticket, actor)
    new_message = NewMessage(text="", full_text="", subject=ticket.title, message_id=new_message_id(uow))
    command_mail = CommandMail(
        actor, members, lines_of(MERGE.line(str(into))), new_message, has_text=False, allowed=[MERGE], confirmed=True
    )
    try:
        event = execute_commands(uow, ticket, command_mail)
    except CommandsRefused as refused:
        raise NotAllowed.saying(refused.reason) from None
    notify(uow, event)
    return event.ticket


def only_team_merges(ticket: Ticket, actor: Person) -> NotAllowed:
    """Return why somebody cannot merge a ticket."""
    return NotAllowed("only_team_merges", email=actor.email, queue=ticket.queue.name)


def expirable_tickets(uow: UnitOfWork, days: int) -> list[int]:
    """The numbers of tickets that could expire: nobody assigned, and nothing posted for so many days."""
    query = select(Ticket.id).where(
        Ticket.assignee_id.is_(None),
        Ticket.last_posted <= uow.now - timedelta(days=days),
        Ticket.status.in_({status for lifecycle in LIFECYCLES.values() for status in lifecycle.expirable}),
    )
    return list(uow.session.scalars(of_open(query).order_by(Ticket.id)))


def expire(uow: UnitOfWork, number: int, days: int) -> bool:
    """Let a ticket expire, if it still is one that should: somebody may have written meanwhile. Whether it did."""
    ticket = find_ticket(uow, number, locked=True)
    action = ticket.lifecycle.expires
    waits = ticket.assignee_id is None and ticket.last_posted <= uow.now - timedelta(days=days)
    if action is None or not waits or ticket.status not in ticket.lifecycle.expirable:
        return False
    text = wording_in(ticket.queue.language).line(say("notes.expired", days=days))
    new_message = NewMessage(text=text, full_text=text, subject=ticket.title, message_id=new_message_id(uow))
    notify(uow, workflow.take_action(uow, ticket, None, TRACKER, action, new_message, members_of(uow, ticket)))
    return True
