"""What is said in somebody's name by command, and then told by letters: a new ticket, an action on one."""

from datetime import datetime

from ...mail.text import storable
from ..letters.notification import notify
from ..records.message_ids import new_message_id
from ..records.people import Person, get_person
from ..records.queues import Queue
from ..records.tickets import Ticket, find_living
from ..storage.unit_of_work import Desk
from ..tickets.events import Event
from ..tickets.members import everybody_on, standing_of
from ..tickets.posts import Words, checked_date
from . import workflow


def act(
    desk: Desk,
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
    ticket = find_living(desk, number)
    lifecycle = ticket.lifecycle
    everybody = everybody_on(desk, ticket)
    actor = standing_of(get_person(desk, email), everybody)
    event = workflow.take_action(
        desk,
        ticket,
        actor,
        actor.party(lifecycle),
        lifecycle.action(action),
        words_by_command(desk, text, f"Re: {ticket.title}", date),
        everybody,
        status=lifecycle.status(status) if status is not None else None,
        answer=answer,
    )
    notify(desk, event)
    return event


def open_ticket(desk: Desk, queue: Queue, requestor: Person, words: Words) -> Ticket:
    """Open a ticket in somebody's name, and notify those who answer for its queue."""
    event = workflow.make_ticket(desk, queue, requestor, words)
    notify(desk, event)
    return event.ticket


def words_by_command(desk: Desk, text: str, subject: str, date: datetime | None) -> Words:
    said = storable(text).strip("\n").rstrip()
    when = checked_date(date, desk.now)
    return Words(said, said, subject, new_message_id(desk), date=when, posted=when)
