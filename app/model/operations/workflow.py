"""The workflow: an action is looked up in the table, checked, and carried out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast, overload

from sqlalchemy import Table, insert, select

from ...mail.subjects import forwarded_title
from ..lifecycle.tables import (
    Action,
    ActorRoles,
    AnswerEffect,
    NotAllowed,
    Rule,
    find_rule,
    target_status,
)
from ..records.message_ids import new_message_id, sendable
from ..records.messages import ADD_MESSAGE, Attachment, Message, NoSuchMessage, Via, attachment_rows, find_message
from ..records.people import Person
from ..records.queues import Queue
from ..records.ticket_progress import ADD_REOPENING, TicketProgress, add_ticket
from ..records.tickets import NO_TITLE, Participant, Ticket, record_change
from ..storage.mapped_rows import unattached
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.fields import former_responders
from ..tickets.members import FormerQueue, TicketMember, as_confirmed, member_for, members_of
from ..tickets.posts import NewMessage, Transition, plausible_date
from ..tickets.redaction import Redaction
from ..tickets.transitions import is_private
from ..tickets.undo import NOBODY_LET_IN, LetIn, add_let_in, save_checkpoint, snapshot, undo_last_change

if TYPE_CHECKING:
    from ...mail.parsed import ParsedAttachment as Attached


def make_ticket(
    uow: UnitOfWork,
    queue: Queue,
    requestor: Person,
    new_message: NewMessage,
    *,
    private: bool = False,
    asked_in: Sequence[Person] = (),
    spam: bool = False,
    asked: datetime | None = None,
) -> Event:
    """Make a ticket whose first message is these words. Nobody hears of it if it is `spam`.

    `asked`: when the request was made, if not in this mail.
    """
    date = plausible_date(asked or new_message.date, uow.now)
    uow.session.flush()
    ticket = add_ticket(
        uow,
        queue,
        title=_title(new_message),
        status=queue.lifecycle.spam if spam else queue.lifecycle.first,
        requestor_id=requestor.id,
        requestor_email=new_message.address,
        created=date,
        last_query=date,
        last_posted=new_message.posted or uow.now,
        last_public=new_message.posted or uow.now,
        posts=1,
        has_private=private,
        root=_root(uow, new_message, private=private),
    )
    for person in asked_in:
        part = Participant(ticket_id=ticket.id, person_id=person.id, subscribed=True, pending=not new_message.believed)
        uow.session.add(part)
    message = _add_message(uow, ticket.id, 1, ticket.status, requestor.id, None, new_message, private=private)
    members = members_of(uow, ticket)
    actor = member_for(requestor, members)
    return Event(
        ticket, members, actor, ticket.status, message=message, new_message=new_message, opened=True, quiet=spam
    )


def _title(new_message: NewMessage) -> str:
    """Return the subject of a ticket's first message; of a mail, without what says that it was passed on."""
    subject = new_message.subject
    return (forwarded_title(subject) if new_message.mail_id is not None else subject) or NO_TITLE


def _root(uow: UnitOfWork, new_message: NewMessage, *, private: bool) -> str:
    """What all letters of a ticket refer to, so that mail clients gather them: its first mail, where that can be told.

    Else an id that no mail has; threads form around a missing root too.
    """
    fitting = not private and sendable(new_message.message_id)
    return new_message.message_id if fitting else new_message_id(uow)


def take_action(
    uow: UnitOfWork,
    ticket: Ticket,
    actor: TicketMember | None,
    roles: ActorRoles,
    action: Action,
    new_message: NewMessage,
    members: Sequence[TicketMember],
    *,
    private: bool = False,
    status: str | None = None,
    answer: int | None = None,
    quiet: bool = False,
    rule: Rule | None = None,
    let_in: LetIn = NOBODY_LET_IN,
) -> Event:
    """Carry out an action on a ticket.

    `actor` is None where the tracker itself acts. `rule` is the row of the action, if it is not looked up. `let_in` is
    who came to the ticket by the same mail. Raises NotAllowed, or NoSuchMessage for an answer that is not there, before
    anything is done.
    """
    old, lifecycle = ticket.status, ticket.lifecycle
    row = rule or find_rule(lifecycle, action, old, roles)
    transition, recorded = Transition(row, target_status(row, old, status)), row.recorded_action
    private = is_private(lifecycle, old, roles, recorded, comment=private)
    by = actor.person_id if actor else None
    before = let_in.before or snapshot(uow, ticket)
    new_message = new_message if private else without_private_text(uow, ticket, new_message, by)
    message = take_transitions(uow, ticket, actor, roles, [transition], new_message, private=private, answer=answer)
    if actor and actor.dormant and not new_message.automatic:
        # Who speaks again takes part again, and from now on gets letters.
        uow.session.get_one(Participant, (ticket.id, actor.person_id)).dormant = False
        members = members_of(uow, ticket)
    checkpoint = save_checkpoint(uow, ticket, before, by)
    return Event(ticket, members, actor, old, recorded, let_in.changes, checkpoint, message, new_message, quiet=quiet)


def with_let_in(uow: UnitOfWork, event: Event, let_in: LetIn) -> Event:
    """What happened, and those who came to the ticket by it."""
    if not let_in.changes:
        return event
    checkpoint = add_let_in(uow, event.ticket, event.checkpoint, let_in, event.actor_id)
    changes = [*event.changes, *let_in.changes]
    return replace(event, members=as_confirmed(event.members), changes=changes, checkpoint=checkpoint)


def undo(
    uow: UnitOfWork,
    ticket: Ticket,
    actor: Person,
    members: Sequence[TicketMember],
    *,
    letter_checkpoint: int | None = None,
    was_pending: bool = False,
) -> Event:
    """Take the last change of a ticket back in somebody's name.

    `letter_checkpoint` and `was_pending` are those of `undo_last_change`. Raises NotAllowed before anything is done.
    """
    before, member = snapshot(uow, ticket, people=True), member_for(actor, members)
    formerly = FormerQueue(ticket.queue.name, ticket.id)
    changes = undo_last_change(
        uow, ticket, actor, responder=member.responder, letter_checkpoint=letter_checkpoint, was_pending=was_pending
    )
    checkpoint = save_checkpoint(uow, ticket, before, actor.id)
    now = members_of(uow, ticket)
    gone = former_responders(members, now, formerly)
    return Event(ticket, now, member, before["status"], None, changes, checkpoint, gone=gone, to_all=True, undoes=True)


@overload
def take_transitions(
    uow: UnitOfWork,
    ticket: Ticket,
    actor: TicketMember | None,
    roles: ActorRoles,
    transitions: Sequence[Transition],
    new_message: NewMessage,
    *,
    private: bool = False,
    answer: int | None = None,
) -> Message: ...
@overload
def take_transitions(
    uow: UnitOfWork,
    ticket: Ticket,
    actor: TicketMember | None,
    roles: ActorRoles,
    transitions: Sequence[Transition],
    new_message: NewMessage | None,
    *,
    private: bool = False,
    answer: int | None = None,
    message: Message | None = None,
) -> Message | None: ...
def take_transitions(
    uow: UnitOfWork,
    ticket: Ticket,
    actor: TicketMember | None,
    roles: ActorRoles,
    transitions: Sequence[Transition],
    new_message: NewMessage | None,
    *,
    private: bool = False,
    answer: int | None = None,
    message: Message | None = None,
) -> Message | None:
    """Take steps one after another, with or without words; nobody is told. The words are recorded with the first one.

    `message` has them already, if it is on the ticket. Raises NotAllowed, or NoSuchMessage for an answer that is not
    there, before anything is done.
    """
    solutions = [_solution(uow, ticket, transition.rule, answer, roles) for transition in transitions]
    by, progress = actor.person_id if actor else None, TicketProgress.of(ticket)
    progress.status = transitions[-1].status if transitions else ticket.status
    if message is not None:
        message.action, message.new_status = transitions[0].rule.recorded_action.title, progress.status
        message.private, message.held = private, False
    elif new_message is not None:
        progress.posts += 1
        progress.has_private = progress.has_private or private
        progress.last_posted = max(progress.last_posted, new_message.posted or uow.now)
        if not private:
            progress.last_public = max(progress.last_public, new_message.posted or uow.now)
        number, recorded = progress.posts, transitions[0].rule.recorded_action
        message = _add_message(uow, ticket.id, number, progress.status, by, recorded, new_message, private=private)
    old = ticket.status
    for transition, solution in zip(transitions, solutions, strict=True):
        _keep_record(uow, ticket, progress, transition, old, by)
        _settle_answer(progress, transition, by, message, solution, uow.now)
        old = transition.status
    if message is not None and transitions[0].rule.recorded_action.dated:
        _date(progress, message, query=transitions[0].rule.is_query(roles))
    progress.store(uow, ticket)
    return message


def without_private_text(uow: UnitOfWork, ticket: Ticket, new_message: NewMessage, writer: int | None) -> NewMessage:
    """Words for everybody, without what a colleague quotes in them of private ones."""
    return replace(new_message, text=Redaction(uow, ticket).without_private(new_message.text, writer))


def _add_message(
    uow: UnitOfWork,
    ticket_id: int,
    number: int,
    status: str,
    sender_id: int | None,
    action: Action | None,
    new_message: NewMessage,
    *,
    private: bool,
) -> Message:
    """Insert a message; `number` is its place on the ticket, `status` that of the ticket after it."""
    columns = {
        "ticket_id": ticket_id,
        "number": number,
        "message_id": new_message.message_id,
        "in_reply_to": new_message.in_reply_to,
        "parent_id": new_message.parent.id if new_message.parent else None,
        "sender_id": sender_id,
        "subject": new_message.subject,
        "text": new_message.text,
        "full_text": new_message.full_text,
        "action": action.title if action else None,
        "new_status": status,
        "private": private,
        "held": new_message.held,
        "automatic": new_message.automatic,
        "listed": new_message.listed,
        "verified": new_message.verified,
        "date": plausible_date(new_message.date, uow.now),
        "received": uow.now,
        "mail_id": new_message.mail_id,
        "original_id": new_message.original_id,
        "via": _way_of(new_message),
    }
    [(message_id,)] = ADD_MESSAGE.rows(uow.connection, columns)
    _add_attachments(uow, message_id, new_message.attachments)
    return unattached(Message, {"id": message_id, **columns})


def _way_of(new_message: NewMessage) -> Via:
    """Return how a message came."""
    if new_message.web:
        return Via.WEB
    return Via.COMMAND if new_message.mail_id is None else Via.MAIL


_ADD_ATTACHMENTS = insert(cast("Table", Attachment.__table__))


def _add_attachments(uow: UnitOfWork, message_id: int, attachments: "Sequence[Attached]") -> None:
    if rows := attachment_rows(message_id, attachments):
        uow.connection.execute(_ADD_ATTACHMENTS, rows)


def _solution(uow: UnitOfWork, ticket: Ticket, rule: Rule, number: int | None, roles: ActorRoles) -> Message | None:
    """The message that a row takes as the answer: the named one, else the one it had, else the latest.

    Only what somebody may see can be named.
    """
    if rule.answered_by is None:
        if number is not None:
            raise NotAllowed("names_no_answer", action=rule.action.title)
        return None
    answers = select(Message).where(Message.ticket_id == ticket.id, Message.action == rule.answered_by.title)
    latest = uow.session.scalars(answers.order_by(Message.number.desc()).limit(1)).one_or_none()
    if latest is None:
        refused = {"action": rule.action.title, "allowed": [*rule.moves], "status": ticket.status}
        raise NotAllowed("nobody_answered_ticket", **refused)
    chosen = number if number is not None else ticket.answer
    if chosen is None:
        return latest
    if number is not None and not roles.responder:
        return _shown_as(uow, ticket, number)
    return find_message(uow, ticket, chosen)


def _shown_as(uow: UnitOfWork, ticket: Ticket, number: int) -> Message:
    """The message that somebody from outside is shown under this number: private ones are not counted."""
    query = select(Message).where(Message.ticket_id == ticket.id, ~Message.private).order_by(Message.number)
    found = uow.session.scalars(query.offset(max(number, 1) - 1).limit(1)).one_or_none() if number > 0 else None
    if found is None:
        raise NoSuchMessage("no_message", ticket=ticket.id, number=number)
    return found


def _settle_answer(
    ticket: Ticket | TicketProgress,
    transition: Transition,
    by: int | None,
    message: Message | None,
    solution: Message | None,
    now: datetime,
) -> None:
    """Set or clear the answer, its answerer and the date of solving, as the row says."""
    row, date = transition.rule, message.date if message is not None else now
    if row.answer is AnswerEffect.CLEARED:
        ticket.answer = ticket.answerer_id = ticket.solved = None
    if row.answer is AnswerEffect.OWN:
        ticket.answer, ticket.answerer_id, ticket.solved = message.number if message else None, by, date
    elif solution is not None:
        ticket.answer, ticket.answerer_id, ticket.solved = solution.number, solution.sender_id, date
    elif row.answer is AnswerEffect.CLEARED and transition.status in ticket.lifecycle.solved:
        ticket.solved = date


def _keep_record(
    uow: UnitOfWork, ticket: Ticket, progress: TicketProgress, transition: Transition, old: str, by_id: int | None
) -> None:
    """Record a new status. Record a reopening with its answerer, before that field is cleared."""
    if old == transition.status:
        return
    record_change(uow, ticket, by_id, "status", old, transition.status)
    if old in transition.rule.reopens_from and transition.status == ticket.lifecycle.first:
        values = {"ticket_id": ticket.id, "at": uow.now, "by_id": by_id, "from_status": old}
        answered = {"answerer_id": progress.answerer_id, "solved": progress.solved}
        ADD_REOPENING.rows(uow.connection, {**values, **answered})


def _date(ticket: Ticket | TicketProgress, message: Message, *, query: bool) -> None:
    """Move the date of the last query or response: never backwards, nor before the ticket was there."""
    # What stands for a ticket while an archive is replayed has no date of its own.
    date = max(message.date, ticket.created or message.date)
    if query:
        ticket.last_query = max(ticket.last_query or date, date)
    else:
        ticket.last_response = max(ticket.last_response or date, date)


def retrace(ticket: Ticket, roles: ActorRoles, action: Action, message: Message) -> Rule:
    """What an action did to a ticket at the time: the tables carried out on these two objects alone, nobody told.

    For threads that were over before they became tickets. The message gets its action and status, the ticket its
    status, answer and dates. Raises NotAllowed.
    """
    row = find_rule(ticket.lifecycle, action, ticket.status, roles)
    ticket.status = target_status(row, ticket.status)
    transition = Transition(row, ticket.status)
    message.action, message.new_status = row.recorded_action.title, ticket.status
    _settle_answer(ticket, transition, message.sender_id, message, None, message.date)
    if row.recorded_action.dated:
        _date(ticket, message, query=row.is_query(roles))
    return row
