"""A new ticket, with its first message."""

from collections.abc import Sequence
from datetime import datetime

from ...mail.subjects import forwarded_title
from ..records.message_ids import new_message_id, sendable
from ..records.people import Person
from ..records.queues import Queue
from ..records.ticket_progress import add_ticket
from ..records.tickets import NO_TITLE, Participant
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import member_for, members_of
from ..tickets.posts import NewMessage, plausible_date
from .message_rows import add_message


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
    message = add_message(uow, ticket.id, 1, ticket.status, requestor.id, None, new_message, private=private)
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
