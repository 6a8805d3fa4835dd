"""The workflow: an action is looked up in the table, checked, and carried out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast, overload

from sqlalchemy import Table, insert, select

from ..letters import notification
from ..letters.notification import News
from ..lifecycle.tables import Action, AnswerEffect, NotAllowed, Party, Row, find_row, listed, target
from ..records.message_ids import new_message_id
from ..records.messages import Attachment, Message, NoSuchMessage, attachment_rows, find_message
from ..records.people import Person
from ..records.queues import Queue
from ..records.tickets import Participant, Reopening, Ticket, record_change
from ..storage.unit_of_work import Desk
from ..tickets.members import Standing, everybody_on
from ..tickets.posts import Step, Words, believable
from ..tickets.redaction import Redaction
from ..tickets.undo import as_it_is, keep

if TYPE_CHECKING:
    from ...mail.parsed import Attachment as Attached


def open_ticket(
    desk: Desk,
    queue: Queue,
    requestor: Person,
    words: Words,
    *,
    private: bool = False,
    asked_in: Sequence[Person] = (),
    spam: bool = False,
) -> Ticket:
    """A new ticket whose first message is these words; tells those who answer for the queue, unless it is spam."""
    ticket, message = make_ticket(desk, queue, requestor, words, private=private, asked_in=asked_in, spam=spam)
    if not spam:
        notification.tell_opened(desk, ticket, message, requestor, everybody_on(desk, ticket), words)
    return ticket


def make_ticket(
    desk: Desk,
    queue: Queue,
    requestor: Person,
    words: Words,
    *,
    private: bool = False,
    asked_in: Sequence[Person] = (),
    spam: bool = False,
    asked: datetime | None = None,
) -> tuple[Ticket, Message]:
    """The same, and nobody is told; with its first message. `asked`: when the request was made, if not in this mail."""
    date = believable(asked or words.date, desk.now)
    ticket = Ticket(
        queue=queue,
        title=words.subject or "(no subject)",
        status=queue.lifecycle.spam if spam else queue.lifecycle.first,
        requestor_id=requestor.id,
        requestor_email=words.address,
        created=date,
        last_query=date,
        last_posted=words.posted or desk.now,
        posts=0,
        has_private=False,
        root=_root(desk, words, private=private),
    )
    desk.session.add(ticket)
    desk.session.flush()
    for person in asked_in:
        part = Participant(ticket_id=ticket.id, person_id=person.id, subscribed=True, pending=not words.believed)
        desk.session.add(part)
    return ticket, _add_message(desk, ticket, requestor.id, None, words, private=private)


def _root(desk: Desk, words: Words, *, private: bool) -> str:
    """What all letters of a ticket refer to, so that mail clients gather them: its first mail, where that can be told.

    Else an id that no mail has; threads form around a missing root too.
    """
    fitting = not private and notification.sendable(words.message_id)
    return words.message_id if fitting else new_message_id(desk)


def act(
    desk: Desk,
    ticket: Ticket,
    actor: Standing | None,
    party: Party,
    action: Action,
    words: Words,
    *,
    private: bool = False,
    status: str | None = None,
    answer: int | None = None,
    everybody: Sequence[Standing] | None = None,
    quiet: bool = False,
    row: Row | None = None,
) -> Message:
    """Carry out an action on a ticket, and tell of it.

    `actor` is None where the tracker itself acts. `row`: the action's row, if it is not looked up.
    Raises NotAllowed, or NoSuchMessage for an answer that is not there,
    before anything is done.
    """
    old = ticket.status
    row = row or find_row(ticket.lifecycle, action, old, party)
    step = Step(row, target(row, old, status))
    private = private or ticket.lifecycle.keeps_private(row.recorded, old, party.role)
    by = actor.person_id if actor else None
    before = as_it_is(desk, ticket)
    words = words if private else without_private_words(desk, ticket, words, by)
    message = carry_out(desk, ticket, actor, party, [step], words, private=private, answer=answer)
    if actor and actor.dormant and not words.automatic:
        # Who speaks again takes part again, and from now on gets letters.
        desk.session.get_one(Participant, (ticket.id, actor.person_id)).dormant = False
    news = News(row.recorded, old, actor, checkpoint=keep(desk, ticket, before, by))
    if not quiet:
        told = everybody if everybody is not None else everybody_on(desk, ticket)
        notification.tell_posted(desk, ticket, message, news, told, words)
    return message


@overload
def carry_out(
    desk: Desk,
    ticket: Ticket,
    actor: Standing | None,
    party: Party,
    steps: Sequence[Step],
    words: Words,
    *,
    private: bool = False,
    answer: int | None = None,
) -> Message: ...
@overload
def carry_out(
    desk: Desk,
    ticket: Ticket,
    actor: Standing | None,
    party: Party,
    steps: Sequence[Step],
    words: Words | None,
    *,
    private: bool = False,
    answer: int | None = None,
) -> Message | None: ...
def carry_out(
    desk: Desk,
    ticket: Ticket,
    actor: Standing | None,
    party: Party,
    steps: Sequence[Step],
    words: Words | None,
    *,
    private: bool = False,
    answer: int | None = None,
) -> Message | None:
    """Take steps one after another, with or without words; nobody is told. The words are recorded with the first one.

    Raises NotAllowed, or NoSuchMessage for an answer that is not there, before anything is done.
    """
    solutions = [_solution(desk, ticket, step.row, answer, party) for step in steps]
    by = actor.person_id if actor else None
    old, ticket.status = ticket.status, steps[-1].status if steps else ticket.status
    message = None
    if words is not None:
        message = _add_message(desk, ticket, by, steps[0].row.recorded, words, private=private)
    for step, solution in zip(steps, solutions, strict=True):
        _keep_record(desk, ticket, step, old, actor)
        _settle_answer(ticket, step, by, message, solution, desk.now)
        old = step.status
    if message is not None and steps[0].row.recorded.dated:
        _date(ticket, message, query=steps[0].row.asks(party))
    return message


def without_private_words(desk: Desk, ticket: Ticket, words: Words, writer: int | None) -> Words:
    """Words for everybody, without what a colleague quotes in them of private ones."""
    return replace(words, text=Redaction(desk, ticket).without_private(words.text, writer))


def _add_message(
    desk: Desk, ticket: Ticket, sender_id: int | None, action: Action | None, words: Words, *, private: bool
) -> Message:
    ticket.posts += 1
    ticket.has_private = ticket.has_private or private
    ticket.last_posted = max(ticket.last_posted, words.posted or desk.now)
    columns = {
        "ticket_id": ticket.id,
        "number": ticket.posts,
        "message_id": words.message_id,
        "in_reply_to": words.in_reply_to,
        "parent_id": words.parent.id if words.parent else None,
        "sender_id": sender_id,
        "subject": words.subject,
        "text": words.text,
        "full_text": words.full_text,
        "action": action.title if action else None,
        "new_status": ticket.status,
        "private": private,
        "automatic": words.automatic,
        "listed": words.listed,
        "verified": words.verified,
        "date": believable(words.date, desk.now),
        "received": desk.now,
        "mail_id": words.mail_id,
        "original_id": words.original_id,
    }
    number = desk.connection.execute(_ADD_MESSAGE, columns).scalar_one()
    _add_attachments(desk, number, words.attachments)
    return Message(id=number, **columns)


_ADD_MESSAGE = insert(cast("Table", Message.__table__)).returning(Message.id)
_ADD_ATTACHMENTS = insert(cast("Table", Attachment.__table__))


def _add_attachments(desk: Desk, message_id: int, attachments: "Sequence[Attached]") -> None:
    if rows := attachment_rows(message_id, attachments):
        desk.connection.execute(_ADD_ATTACHMENTS, rows)


def _solution(desk: Desk, ticket: Ticket, row: Row, number: int | None, party: Party) -> Message | None:
    """The message that a row takes as the answer: the named one, else the one it had, else the latest.

    Only what somebody may see can be named.
    """
    if row.among is None:
        if number is not None:
            raise NotAllowed(f"{row.action.title!r} names no answer.")
        return None
    answers = select(Message).where(Message.ticket_id == ticket.id, Message.action == row.among.title)
    latest = desk.session.scalars(answers.order_by(Message.number.desc()).limit(1)).one_or_none()
    if latest is None:
        allowed = listed(row.moves, "or")
        raise NotAllowed(
            f"{row.action.title!r} is allowed while a ticket is {allowed} and somebody has answered it; "
            f"this ticket is {ticket.status}, and nobody has."
        )
    chosen = number if number is not None else ticket.answer
    if chosen is None:
        return latest
    if number is not None and not party.responder:
        return _shown_as(desk, ticket, number)
    return find_message(desk, ticket, chosen)


def _shown_as(desk: Desk, ticket: Ticket, number: int) -> Message:
    """The message that somebody from outside is shown under this number: private ones are not counted."""
    query = select(Message).where(Message.ticket_id == ticket.id, ~Message.private).order_by(Message.number)
    found = desk.session.scalars(query.offset(max(number, 1) - 1).limit(1)).one_or_none() if number > 0 else None
    if found is None:
        raise NoSuchMessage(f"Ticket {ticket.id} has no message {number}.")
    return found


def _settle_answer(
    ticket: Ticket, step: Step, by: int | None, message: Message | None, solution: Message | None, now: datetime
) -> None:
    """Set or clear the answer, its answerer and the date of solving, as the row says."""
    row, date = step.row, message.date if message is not None else now
    if row.answer is AnswerEffect.CLEARED:
        ticket.answer = ticket.answerer_id = ticket.solved = None
    if row.answer is AnswerEffect.OWN:
        ticket.answer, ticket.answerer_id, ticket.solved = message.number if message else None, by, date
    elif solution is not None:
        ticket.answer, ticket.answerer_id, ticket.solved = solution.number, solution.sender_id, date
    elif row.answer is AnswerEffect.CLEARED and step.status in ticket.lifecycle.solved:
        ticket.solved = date


def _keep_record(desk: Desk, ticket: Ticket, step: Step, old: str, actor: Standing | None) -> None:
    """Remember a new status, and a reopening with who had answered, which is about to be cleared."""
    if old == step.status:
        return
    by = desk.session.get(Person, actor.person_id) if actor else None
    record_change(desk, ticket, by, "status", old, step.status)
    if old in step.row.reopens_from and step.status == ticket.lifecycle.first:
        desk.session.add(
            Reopening(
                ticket_id=ticket.id,
                at=desk.now,
                by_id=by.id if by else None,
                from_status=old,
                answerer_id=ticket.answerer_id,
                solved=ticket.solved,
            )
        )


def _date(ticket: Ticket, message: Message, *, query: bool) -> None:
    """Move the date of the last query or response: never backwards, nor before the ticket was there."""
    # What stands for a ticket while an archive is replayed has no date of its own.
    date = max(message.date, ticket.created or message.date)
    if query:
        ticket.last_query = max(ticket.last_query or date, date)
    else:
        ticket.last_response = max(ticket.last_response or date, date)


def retrace(ticket: Ticket, party: Party, action: Action, message: Message) -> Row:
    """What an action did to a ticket at the time: the tables carried out on these two objects alone, nobody told.

    For threads that were over before they became tickets. The message gets its action and status, the ticket its
    status, answer and dates. Raises NotAllowed.
    """
    row = find_row(ticket.lifecycle, action, ticket.status, party)
    ticket.status = target(row, ticket.status)
    step = Step(row, ticket.status)
    message.action, message.new_status = row.recorded.title, ticket.status
    _settle_answer(ticket, step, message.sender_id, message, None, message.date)
    if row.recorded.dated:
        _date(ticket, message, query=row.asks(party))
    return row
