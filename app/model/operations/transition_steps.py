"""Steps of a ticket's lifecycle, one after another, with what each of them records."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from ..lifecycle.roles import ActorRoles
from ..lifecycle.tables import Action, AnswerEffect, NotAllowed, Rule, find_rule, target_status
from ..records.messages import Message, NoSuchMessage, find_message
from ..records.ticket_progress import ADD_REOPENING, TicketProgress
from ..records.tickets import Ticket, record_change
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember
from ..tickets.posts import NewMessage, Transition
from .message_rows import add_message


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
    solutions = [solution_of(uow, ticket, transition.rule, answer, roles) for transition in transitions]
    by, progress = actor.person_id if actor else None, TicketProgress.of(ticket)
    progress.status = transitions[-1].status if transitions else ticket.status
    recorded = transitions[0].rule.recorded_action if transitions else None
    if message is not None and recorded is not None:
        message.action, message.new_status = recorded.title, progress.status
        message.private, message.held = private, False
    elif new_message is not None:
        progress.count_post(new_message.posted or uow.now, private=private)
        number = progress.posts
        message = add_message(uow, ticket.id, number, progress.status, by, recorded, new_message, private=private)
    old = ticket.status
    for transition, solution in zip(transitions, solutions, strict=True):
        if transition.status != old:
            _keep_record(uow, ticket, progress, transition, old, by)
        _settle_answer(progress, transition, by, message, solution, uow.now)
        old = transition.status
    if message is not None and recorded is not None and recorded.dated:
        _date(progress, message, query=transitions[0].rule.is_query(roles))
    progress.store(uow, ticket)
    return message


def _keep_record(
    uow: UnitOfWork, ticket: Ticket, progress: TicketProgress, transition: Transition, old: str, by_id: int | None
) -> None:
    """Record a new status. Record a reopening with its answerer, before that field is cleared."""
    record_change(uow, ticket, by_id, "status", old, transition.status)
    if old in transition.rule.reopens_from and transition.status == ticket.lifecycle.first:
        values = {"ticket_id": ticket.id, "at": uow.now, "by_id": by_id, "from_status": old}
        answered = {"answerer_id": progress.answerer_id, "solved": progress.solved}
        ADD_REOPENING.rows(uow.connection, {**values, **answered})


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


def solution_of(uow: UnitOfWork, ticket: Ticket, rule: Rule, number: int | None, roles: ActorRoles) -> Message | None:
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
        return _public_message(uow, ticket, number)
    return find_message(uow, ticket, chosen)


def _public_message(uow: UnitOfWork, ticket: Ticket, number: int) -> Message:
    """The message that somebody from outside is shown under this number: private ones are not counted."""
    query = select(Message).where(Message.ticket_id == ticket.id, ~Message.private).order_by(Message.number)
    message = uow.session.scalars(query.offset(max(number, 1) - 1).limit(1)).one_or_none() if number > 0 else None
    if message is None:
        raise NoSuchMessage("no_message", ticket=ticket.id, number=number)
    return message
