"""Notices of what changed on a ticket."""

from collections.abc import Sequence

from sqlalchemy import select

from ...records.messages import Message
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...tickets.members import TicketMember, Update, recipients_of
from ...wording import say
from .headings import actor_name, goes_on, heading_of_change, message_heading
from .notice import Notice, headers_about, with_undo


def of_change(uow: UnitOfWork, event: Event) -> list[Notice]:
    """The letters about a change without words: to the assignee, the responders, and those who are gone by it.

    A new status that concerns everybody is told to all who hear of it, and nothing else of the change.
    """
    recipients = audience(event, Update(has_text=False, status_changed=event.to_all and event.status_changed))
    notice = about_change(event, recipients)
    if event.action:
        notice = notice._replace(body={"heading": message_heading(event.action, actor_name(event), has_text=False)})
    announced = announcement(uow, event, recipients) if event.status_changed else []
    return [notice, *announced, *(to_moved(event) if event.moved else [])]


def about_change(event: Event, recipients: Sequence[TicketMember]) -> Notice:
    """The letter about what was changed, without the words that may have come with it."""
    headers = with_undo(headers_about(event.ticket, "changed", None, event.actor, None), event)
    return Notice(headers, recipients, {"heading": heading_of_change(event)}, event.all_changes)


def to_moved(event: Event, informed: Sequence[TicketMember] = ()) -> list[Notice]:
    """The letter to those from outside whose ticket was merged into this one: what their replies do from now on.

    `informed` have it in another letter.
    """
    others = event.moved - {member.person_id for member in informed}
    moved = [member for member in event.members if member.person_id in others and member.subscribed]
    if not moved:
        return []
    headers = headers_about(event.ticket, "changed", None, event.actor, None)._replace(by_id=event.actor_id)
    return [Notice(headers, moved, {"heading": goes_on(event)})]


def announcement(uow: UnitOfWork, event: Event, recipients: Sequence[TicketMember]) -> list[Notice]:
    """The letter to the requestor that the ticket is now resolved, if the queue tells it and nothing else has."""
    ticket = event.ticket
    if not (ticket.status in ticket.lifecycle.solved and ticket.queue.announce_resolved):
        return []
    first = select(Message).where(Message.ticket_id == ticket.id, Message.number == 1)
    opening = uow.session.scalars(first).one_or_none()
    # No machine and no list is told.
    if opening is None or opening.automatic or opening.listed:
        return []
    knowing = {member.person_id for member in recipients} | {event.actor_id}
    unaware = [member for member in event.members if member.person_id not in knowing]
    to = [member for member in unaware if member.requestor and member.subscribed]
    body = {"heading": say("notes.marked_as", name=actor_name(event) or ticket.queue.name, status=ticket.status)}
    headers = headers_about(ticket, "changed", None, event.actor, None)._replace(by_id=event.actor_id)
    return [Notice(headers, to, body)]


def audience(event: Event, update: Update) -> list[TicketMember]:
    """Who gets a letter of an event: whom it concerns, and who answered for the queue that the ticket has left."""
    concerned = recipients_of(event.members, update, event.ticket.lifecycle, except_person=event.actor_id)
    recipients = [member for member in concerned if member.person_id not in event.informed]
    return [*recipients, *(member for member in event.gone if member.person_id != event.actor_id)]
