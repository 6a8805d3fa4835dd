"""An action on a ticket, taken by command in somebody's name."""

from datetime import datetime

from ...mail.text import storable
from ..records.message_ids import new_message_id
from ..records.messages import Message
from ..records.people import get_person
from ..records.tickets import Ticket, find_living
from ..storage.unit_of_work import Desk
from ..tickets.days import pause, read_wanted
from ..tickets.members import everybody_on, in_queue, standing_of
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
) -> tuple[Ticket, Message]:
    """Carry out an action, by its title, in the name of who has an address; the ticket and the message that it made.

    Raises WorkflowError, BadDate, NoSuchTicket, NoSuchPerson or NoSuchMessage, before anything is done.
    """
    ticket = find_living(desk, number)
    lifecycle = ticket.lifecycle
    everybody = everybody_on(desk, ticket)
    person = get_person(desk, email)
    actor = standing_of(person, everybody)
    wanted = read_wanted(lifecycle, status, desk.now) if status is not None else None
    message = workflow.act(
        desk,
        ticket,
        actor,
        in_queue(actor, ticket.queue).party(lifecycle),
        lifecycle.action(action),
        words_by_command(desk, text, f"Re: {ticket.title}", date),
        status=wanted.status if wanted else None,
        answer=answer,
        everybody=everybody,
    )
    if wanted:
        pause(desk, ticket, person, wanted)
    return ticket, message


def words_by_command(desk: Desk, text: str, subject: str, date: datetime | None) -> Words:
    said = storable(text).strip("\n").rstrip()
    when = checked_date(date, desk.now)
    return Words(said, said, subject, new_message_id(desk), date=when, posted=when)
