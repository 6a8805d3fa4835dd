"""What the writer of a mail is told besides: who did not get it, and what happened meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from ...letters import offers, receipts
from ...letters.promises import Note, ReplyOutlook, explanation, promise_made, reply_outlook, stored_promise
from ...lifecycle import commands
from ...lifecycle.commands import Line
from ...records.letters import Letter
from ...records.messages import Message
from ...records.people import Person
from ...records.tickets import Ticket
from ...storage.prepared import Prepared
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...tickets.members import TicketMember, member_for, with_mailbox
from ...tickets.storms import loop_protection, slow_storms
from ...wording import say
from ..effects import Effect, is_allowed
from ..finding.threads import answered_outsider
from ..interpretation import Commands, Text, Unproven, Wish
from ..outcome import MailOutcome
from .posting import lets_in_answered
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
    lets_in = is_allowed(Effect.CONFIRM, reply.about)
    outlook = reply_outlook(uow, reply.ticket, reply.member, members, comment=reply.about.comment, lets_in=lets_in)
    return Before(outlook, reply.ticket.last_posted)


def with_side_notes(
    uow: UnitOfWork, reply: TicketReply, wish: Wish, before: Before | None, outcome: MailOutcome
) -> MailOutcome:
    """Return what a mail has done, with all that its writer is told besides."""
    private = next((event for event in outcome.events if event.message and event.message.private), None)
    if private is not None and not reply.about.automatic:
        outcome = _with_offer(uow, reply, wish, private, outcome)
        outcome = _with_missed(uow, reply, wish, private, outcome)
    if before is None:
        return outcome
    return outcome._replace(notes=(*outcome.notes, *_notes_to_writer(uow, reply, before, outcome)))


def _with_offer(uow: UnitOfWork, reply: TicketReply, wish: Wish, private: Event, outcome: MailOutcome) -> MailOutcome:
    """Offer to send an answer to everybody that stays private, where its writer may have meant everybody."""
    if outcome.offer or not reply.about.kept_private:
        return outcome
    meant = reply.about.redirected or lets_in_answered(uow, reply, _lines_of(wish))
    return outcome._replace(offer=offers.of_private_answer(private)) if meant else outcome


def _with_missed(uow: UnitOfWork, reply: TicketReply, wish: Wish, private: Event, outcome: MailOutcome) -> MailOutcome:
    """Tell a responder who answers the comment of somebody not on the ticket that this person did not get it."""
    speaks = reply.member.responder and isinstance(wish, Text | Commands | Unproven)
    outsider = answered_outsider(uow, reply.thread, private.members) if speaks else None
    if outsider is None:
        return outcome
    parent = reply.thread.parent
    lines = receipts.lines_of_missed(reply.ticket, outsider, private.members)
    notes = [Note(line, frozenset({outsider.person_id})) for line in lines]
    return outcome._replace(notes=(*outcome.notes, *notes), about_id=parent.message if parent else None)


def _lines_of(wish: Wish) -> Sequence[Line]:
    """The commands of a mail, also those that wait."""
    if isinstance(wish, Unproven):
        return commands.lines_of("\n".join(wish.waiting))
    return wish.lines if isinstance(wish, Commands) else ()


def _notes_to_writer(uow: UnitOfWork, reply: TicketReply, before: Before, outcome: MailOutcome) -> tuple[Note, ...]:
    """Return what the writer of a reply is told besides: a promise that was not kept, an answer that crossed theirs."""
    event = next((event for event in outcome.events if event.message is not None), None)
    if event is None or event.message is None or event.quiet:
        return ()
    if loop_protection.storm_on(uow, event.message, event.actor, event.members).held:
        return ()
    notes = _broken_promise(uow, reply, before, event.message), _crossing(uow, reply, before, event, event.message)
    return tuple(note for note in notes if note)


def _broken_promise(uow: UnitOfWork, reply: TicketReply, before: Before, message: Message) -> Note | None:
    """Return what became otherwise because something changed, and not because the writer chose another way."""
    letter, now = reply.thread.letter, promise_made(before.outlook)
    if letter is None or letter.promise is None or (message.action, message.private) != (now.action, now.private):
        return None
    then = stored_promise(letter.promise)
    if then.comment != now.comment:
        return None
    return explanation(uow, reply.ticket, reply.member, then, now, before.outlook)


def _crossing(uow: UnitOfWork, reply: TicketReply, before: Before, event: Event, message: Message) -> Note | None:
    """Return which public answer of a colleague's a responder had not read yet; the newest of the last hour."""
    letter = reply.thread.letter
    if letter is None or letter.created is None or message.private or not reply.member.responder:
        return None
    if before.last_posted <= letter.created:
        return None
    since = max(letter.created, uow.now - slow_storms.HOUR)
    for number, writer, answered in _answers_since(uow, event.ticket, since, reply.member):
        colleague = _member(uow, writer, event)
        # Nobody for a ticket of their own.
        if colleague.responder and not colleague.requestor:
            minutes = int((uow.now - answered).total_seconds() // 60)
            slots = {"name": colleague.label, "time": f"{answered:%H:%M}", "number": number}
            kind = "notes.crossed" if minutes else "notes.crossed_just_now"
            return Note(say(kind, **slots, **({"minutes": minutes} if minutes else {})), frozenset({writer}))
    return None


def _member(uow: UnitOfWork, person_id: int, event: Event) -> TicketMember:
    """Who somebody is on the ticket of an event; an administrator need not be on it."""
    member = next((member for member in event.members if member.person_id == person_id), None)
    return member or member_for(uow.session.get_one(Person, person_id), event.members)


# An answer that was held so many messages ago is not looked for: nobody reads on from there.
_LATEST = 500
# When a message went out: what was held does when its writer sends it, and not when it came.
_TOLD = select(func.max(Letter.created)).where(Letter.about_id == Message.id, Letter.kind == "posted")
_OUT = func.coalesce(_TOLD.scalar_subquery(), Message.received)
_ANSWERS_SINCE = Prepared(
    select(Message.number, Message.sender_id, _OUT)
    .where(
        Message.ticket_id == bindparam("ticket"),
        Message.number > bindparam("after"),
        ~Message.private,
        Message.automatic.is_(None),
        Message.sender_id != bindparam("writer"),
        bindparam("since") < _OUT,
    )
    .order_by(_OUT.desc(), Message.number.desc())
)


def _answers_since(
    uow: UnitOfWork, ticket: Ticket, since: datetime, writer: TicketMember
) -> list[tuple[int, int, datetime]]:
    """Return number, writer and moment of the public messages of others since a moment, the newest first."""
    uow.session.flush()
    values = {"ticket": ticket.id, "after": ticket.posts - _LATEST, "writer": writer.person_id, "since": since}
    return [(number, sender, at) for number, sender, at in _ANSWERS_SINCE.rows(uow.connection, values)]
