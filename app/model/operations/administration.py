"""What administrators and responders do to tickets by command: set, let expire."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from ..letters import notification
from ..letters.notification import TicketEvent
from ..lifecycle.commands import MERGE, lines_of
from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.tables import TRACKER, NotAllowed
from ..records.message_ids import new_message_id
from ..records.people import Person
from ..records.tickets import Ticket, find_ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.fields import FieldChanges, apply_changes, former_responders
from ..tickets.filters import NOT_FORGOTTEN
from ..tickets.members import member_for, members_of
from ..tickets.posts import NewMessage
from ..tickets.undo import FieldChange, save_checkpoint, snapshot, undo_last_change
from . import workflow
from .command_execution import CommandMail, CommandsRefused, execute_commands, notify_others


class UndoResult(NamedTuple):
    """What an undo has changed, and the checkpoint by which it can be taken back itself."""

    changes: Sequence[FieldChange]
    checkpoint: int | None


def set_ticket(uow: UnitOfWork, ticket: Ticket, actor: Person, field_changes: FieldChanges) -> list[str]:
    """Change things of a ticket in somebody's name; returns what changed, field by field. Raises NotAllowed."""
    before, members_before, old_queue = snapshot(uow, ticket), members_of(uow, ticket), ticket.queue.name
    if not member_for(actor, members_before).responder:
        raise NotAllowed(f"{actor.email} does not answer for {ticket.queue.name}: only responders set things.")
    changes = apply_changes(uow, ticket, actor, field_changes)
    if changes:
        members = members_of(uow, ticket)
        gone = former_responders(members_before, members, old_queue)
        checkpoint = save_checkpoint(uow, ticket, before, actor.id)
        event = TicketEvent(None, before["status"], member_for(actor, members_before), changes, checkpoint)
        notification.notify_changed(uow, ticket, event, members, gone)
    return [field for field, _, _ in changes]


def undo(
    uow: UnitOfWork, ticket: Ticket, actor: Person, *, letter_checkpoint: int | None = None, was_pending: bool = False
) -> UndoResult:
    """Take the last change of a ticket back in somebody's name, and tell the others.

    `letter_checkpoint` and `was_pending` are those of `undo_last_change`. Raises NotAllowed before anything is done.
    """
    before, member = snapshot(uow, ticket), member_for(actor, members_of(uow, ticket))
    changes = undo_last_change(
        uow, ticket, actor, responder=member.responder, letter_checkpoint=letter_checkpoint, was_pending=was_pending
    )
    checkpoint = save_checkpoint(uow, ticket, before, actor.id)
    event = TicketEvent(None, before["status"], member, changes, checkpoint)
    notification.notify_changed(uow, ticket, event, members_of(uow, ticket), to_all=True)
    return UndoResult(changes, checkpoint)


def merge(uow: UnitOfWork, ticket: Ticket, into: int, actor: Person) -> Ticket:
    """Make a ticket part of another in somebody's name, as the command `Merge` does, and tell the others.

    Returns the ticket on which all goes on. Raises NotAllowed before anything is done.
    """
    member = member_for(actor, members_of(uow, ticket))
    if not member.responder:
        raise NotAllowed(f"{actor.email} does not answer for {ticket.queue.name}: only responders merge tickets.")
    new_message = NewMessage(text="", full_text="", subject=ticket.title, message_id=new_message_id(uow))
    command_mail = CommandMail(
        actor, member, lines_of(MERGE.line(str(into))), new_message, has_text=False, allowed=[MERGE]
    )
    try:
        result = execute_commands(uow, ticket, command_mail)
    except CommandsRefused as refused:
        raise NotAllowed(refused.problems[0][1]) from None
    notify_others(uow, result, command_mail)
    return result.ticket


def expirable_tickets(uow: UnitOfWork, days: int) -> list[int]:
    """The numbers of tickets that could expire: nobody assigned, and nothing posted for so many days."""
    query = select(Ticket.id).where(
        Ticket.assignee_id.is_(None),
        Ticket.last_posted <= uow.now - timedelta(days=days),
        Ticket.merged_into.is_(None),
        NOT_FORGOTTEN,
        Ticket.status.in_({status for lifecycle in LIFECYCLES.values() for status in lifecycle.expirable}),
    )
    return list(uow.session.scalars(query.order_by(Ticket.id)))


def expire(uow: UnitOfWork, number: int, days: int) -> bool:
    """Let a ticket expire, if it still is one that should: somebody may have written meanwhile. Whether it did."""
    ticket = find_ticket(uow, number, locked=True)
    action = ticket.lifecycle.expires
    waits = ticket.assignee_id is None and ticket.last_posted <= uow.now - timedelta(days=days)
    if action is None or not waits or ticket.status not in ticket.lifecycle.expirable:
        return False
    span = "1 day" if days == 1 else f"{days} days"
    text = f"Nothing was posted here for {span}, and nobody is assigned, so this ticket expired."
    new_message = NewMessage(text=text, full_text=text, subject=ticket.title, message_id=new_message_id(uow))
    workflow.take_action(uow, ticket, None, TRACKER, action, new_message)
    return True
