"""What the writer of a reply is told because the ticket changed after the letter that they answer."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from ...letters.promises import Note, ReplyOutlook, explanation, promise_made, reply_outlook, stored_promise
from ...records.letters import Letter
from ...records.messages import Message
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets import loop_protection
from ...tickets.events import Event
from ...tickets.members import TicketMember, member_for, with_mailbox
from ...wording import say
from ..performed import Performed
from .ticket_reply import TicketReply


class Before(NamedTuple):
    """The ticket as a reply finds it: what a plain reply does there, and when something was last posted."""

    outlook: ReplyOutlook
    last_posted: datetime


def situation_before(uow: UnitOfWork, reply: TicketReply) -> Before | None:
    """Return what a reply meets, before it is carried out; None where nothing proves which letter its writer read."""
    if not (reply.about.own_letter and reply.about.verified):
        return None
    members = with_mailbox(uow, reply.members)
    outlook = reply_outlook(uow, reply.ticket, reply.member, members, comment=reply.about.comment)
    return Before(outlook, reply.ticket.last_posted)


def notes_to_writer(uow: UnitOfWork, reply: TicketReply, before: Before | None, done: Performed) -> tuple[Note, ...]:
    """Return what the writer of a reply is told besides: a promise that was not kept, an answer that crossed theirs."""
    event = next((one for one in done.events if one.message is not None), None)
    if before is None or event is None or event.message is None or event.quiet:
        return ()
    if loop_protection.storm_on(uow, event.message, event.actor, event.members).held:
        return ()
    found = _broken_promise(uow, reply, before, event.message), _crossing(uow, reply, before, event, event.message)
    return tuple(note for note in found if note)


def _broken_promise(uow: UnitOfWork, reply: TicketReply, before: Before, message: Message) -> Note | None:
    """Return what became otherwise because something changed, and not because the writer chose another way."""
    letter, now = reply.thread.letter, promise_made(before.outlook)
    if letter is None or letter.promise is None or (message.action, message.private) != (now.action, now.private):
        return None
    then = stored_promise(letter.promise)
    return explanation(uow, reply.ticket, reply.member, then, before.outlook) if then.comment == now.comment else None


def _crossing(uow: UnitOfWork, reply: TicketReply, before: Before, event: Event, message: Message) -> Note | None:
    """Return which public answer of a colleague's a responder had not read yet; the newest of the last hour."""
    letter = reply.thread.letter
    if letter is None or letter.created is None or message.private or not reply.member.responder:
        return None
    if before.last_posted <= letter.created:
        return None
    since = max(letter.created, uow.now - loop_protection.HOUR)
    newer = _answers_since(uow, event.ticket, since, reply.member)
    colleague, answered = next((row for row in newer if _is_colleagues(row[0], event)), (None, uow.now))
    if colleague is None or colleague.sender is None:
        return None
    minutes = int((uow.now - answered).total_seconds() // 60)
    slots = {"name": colleague.sender.label, "time": f"{answered:%H:%M}", "number": colleague.number}
    crossed = say("notes.crossed", **slots, minutes=minutes) if minutes else say("notes.crossed_just_now", **slots)
    return Note(crossed, frozenset({colleague.sender.id}))


def _answers_since(
    uow: UnitOfWork, ticket: Ticket, since: datetime, writer: TicketMember
) -> list[tuple[Message, datetime]]:
    """Return the public messages of others since a moment, and when each went out, the newest first.

    What was held goes out when its writer sends it, and not when it came.
    """
    told = select(func.max(Letter.created)).where(Letter.about_id == Message.id, Letter.kind == "posted")
    out = func.coalesce(told.scalar_subquery(), Message.received)
    public = ~Message.private, Message.automatic.is_(None), Message.sender_id != writer.person_id
    query = select(Message, out).where(Message.ticket_id == ticket.id, *public, out > since)
    newest_first = query.order_by(out.desc(), Message.number.desc()).options(joinedload(Message.sender))
    return [(message, at) for message, at in uow.session.execute(newest_first)]


def _is_colleagues(message: Message, event: Event) -> bool:
    """Return whether somebody of the team wrote a message, and not for a ticket of their own."""
    member = member_for(message.sender, event.members) if message.sender else None
    return member is not None and member.responder and not member.requestor
