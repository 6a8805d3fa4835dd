"""What is done to tickets by command, each an operation and then its letters: set, undo, merge, expire."""

from datetime import timedelta

from sqlalchemy import select

from ..letters.notification import notify
from ..lifecycle.commands import MERGE, lines_of
from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.tables import TRACKER, NotAllowed
from ..records.message_ids import new_message_id
from ..records.people import Person
from ..records.tickets import Ticket, find_ticket
from ..storage.unit_of_work import Desk
from ..tickets.events import Event
from ..tickets.fields import Setting, change, left_behind
from ..tickets.filters import NOT_FORGOTTEN
from ..tickets.members import everybody_on, standing_of
from ..tickets.posts import Words
from ..tickets.undo import as_it_is, keep
from . import workflow
from .command_execution import Mailed, Refused, carry_out_all


def set_ticket(desk: Desk, ticket: Ticket, actor: Person, setting: Setting) -> list[str]:
    """Change things of a ticket in somebody's name; returns what changed, field by field. Raises NotAllowed."""
    before, told_before, old_queue = as_it_is(desk, ticket), everybody_on(desk, ticket), ticket.queue.name
    standing = standing_of(actor, told_before)
    if not standing.responder:
        raise NotAllowed(f"{actor.email} does not answer for {ticket.queue.name}: only responders set things.")
    changes = change(desk, ticket, actor, setting)
    if changes:
        everybody = everybody_on(desk, ticket)
        gone = left_behind(told_before, everybody, old_queue)
        checkpoint = keep(desk, ticket, before, actor.id)
        event = Event(ticket, everybody, standing, before["status"], None, changes, checkpoint, gone=gone)
        notify(desk, event)
    return [field for field, _, _ in changes]


def undo(desk: Desk, ticket: Ticket, actor: Person) -> Event:
    """Take the last change of a ticket back in somebody's name, and notify the others.

    Raises NotAllowed before anything is done.
    """
    event = workflow.undo(desk, ticket, actor, everybody_on(desk, ticket))
    notify(desk, event)
    return event


def merge(desk: Desk, ticket: Ticket, into: int, actor: Person) -> Ticket:
    """Make a ticket part of another in somebody's name, as the command `Merge` does, and notify the others.

    Returns the ticket on which all goes on. Raises NotAllowed before anything is done.
    """
    everybody = everybody_on(desk, ticket)
    if not standing_of(actor, everybody).responder:
        raise NotAllowed(f"{actor.email} does not answer for {ticket.queue.name}: only responders merge tickets.")
    words = Words(text="", full_text="", subject=ticket.title, message_id=new_message_id(desk))
    mailed = Mailed(actor, everybody, lines_of(MERGE.line(str(into))), words, says=False, allowed=[MERGE])
    try:
        event = carry_out_all(desk, ticket, mailed)
    except Refused as refused:
        raise NotAllowed(refused.problems[0][1]) from None
    notify(desk, event)
    return event.ticket


def forgotten(desk: Desk, days: int) -> list[int]:
    """The numbers of tickets that could expire: nobody assigned, and nothing posted for so many days."""
    query = select(Ticket.id).where(
        Ticket.assignee_id.is_(None),
        Ticket.last_posted <= desk.now - timedelta(days=days),
        Ticket.merged_into.is_(None),
        NOT_FORGOTTEN,
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
    notify(desk, workflow.take_action(desk, ticket, None, TRACKER, action, words, everybody_on(desk, ticket)))
    return True
