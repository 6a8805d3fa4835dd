"""An action on a ticket, taken by command in somebody's name."""

from datetime import datetime

from ...mail.text import storable
from ..records.message_ids import new_message_id
from ..records.messages import Message
from ..records.people import get_person
from ..records.tickets import Ticket, find_unmerged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import member_for, members_of
from ..tickets.posts import NewMessage, checked_date
from . import workflow


def act_by_command(
    uow: UnitOfWork,
    number: int,
    action: str,
    email: str,
    text: str,
    *,
    status: str | None = None,
    answer: int | None = None,
    date: datetime | None = None,
) -> tuple[Ticket, Message]:
    """Carry out an action, by its title, in the name of who has an address; the ticket and the message that it made.

    Raises WorkflowError, BadDate, NoSuchTicket, NoSuchPerson or NoSuchMessage, before anything is done.
    """
    ticket = find_unmerged(uow, number)
    lifecycle = ticket.lifecycle
    members = members_of(uow, ticket)
    actor = member_for(get_person(uow, email), members)
    message = workflow.take_action(
        uow,
        ticket,
        actor,
        actor.roles_in(lifecycle),
        lifecycle.action(action),
        message_by_command(uow, text, f"Re: {ticket.title}", date),
        status=lifecycle.status(status) if status is not None else None,
        answer=answer,
        members=members,
    )
    return ticket, message


def message_by_command(uow: UnitOfWork, text: str, subject: str, date: datetime | None) -> NewMessage:
    said = storable(text).strip("\n").rstrip()
    when = checked_date(date, uow.now)
    return NewMessage(said, said, subject, new_message_id(uow), date=when, posted=when)
