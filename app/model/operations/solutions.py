"""The message that a step takes as the answer of a ticket."""

from sqlalchemy import select

from ..lifecycle.roles import ActorRoles
from ..lifecycle.tables import NotAllowed, Rule
from ..records.messages import Message, NoSuchMessage, find_message
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork


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
