"""What is said in somebody's name by command, and then told by letters: a new ticket, an action on one."""

from dataclasses import replace
from datetime import datetime

from ...mail.text import storable
from ..letters.notification import notify
from ..records.message_ids import new_message_id
from ..records.people import Person, get_person
from ..records.queues import Queue
from ..records.tickets import Ticket, find_unmerged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.days import pause, read_wanted
from ..tickets.events import Event
from ..tickets.members import as_in_queue, member_for, members_of
from ..tickets.posts import NewMessage, checked_date
from . import new_ticket, workflow


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
) -> Event:
    """Carry out an action, by its title, in the name of who has an address, and notify the others.

    Raises WorkflowError, BadDate, NoSuchTicket, NoSuchPerson or NoSuchMessage, before anything is done.
    """
    ticket = find_unmerged(uow, number)
    lifecycle = ticket.lifecycle
    members = members_of(uow, ticket)
    person = get_person(uow, email)
    actor = member_for(person, members)
    wanted = read_wanted(lifecycle, status, uow.now) if status is not None else None
    event = workflow.take_action(
        uow,
        ticket,
        actor,
        as_in_queue(actor, ticket.queue).roles_in(lifecycle),
        lifecycle.action(action),
        message_by_command(uow, text, f"Re: {ticket.title}", date),
        members,
        status=wanted.status if wanted else None,
        answer=answer,
    )
    if wanted:
        event = replace(event, changes=pause(uow, ticket, person, wanted))
    notify(uow, event)
    return event


def open_ticket(uow: UnitOfWork, queue: Queue, requestor: Person, new_message: NewMessage) -> Ticket:
    """Open a ticket in somebody's name, and notify those who answer for its queue."""
    event = new_ticket.make_ticket(uow, queue, requestor, new_message)
    notify(uow, event)
    return event.ticket


def message_by_command(uow: UnitOfWork, text: str, subject: str, date: datetime | None) -> NewMessage:
    words = storable(text).strip("\n").rstrip()
    when = checked_date(date, uow.now)
    return NewMessage(words, words, subject, new_message_id(uow), date=when, posted=when)
