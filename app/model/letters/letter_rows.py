"""Letters as rows of the outbox: what all of them have, and in which language they are."""

import secrets

from ...mail.addresses import mailable
from ..records.addressing import comment_address, postmaster_address, ticket_address
from ..records.letters import LETTER_COLUMNS, State
from ..records.message_ids import digits_by_time, new_message_id
from ..records.people import Person
from ..records.queues import every_queue
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember
from ..wording import Sentence, Wording, say, wording_in
from .letter_subjects import Subjects

_EMPTY = dict.fromkeys(LETTER_COLUMNS)


def letter_row(uow: UnitOfWork, *, shows: Subjects, **columns: object) -> dict[str, object]:
    """A row of the outbox that waits to be sent, with names that nobody can guess, and what it shows."""
    return {
        **_EMPTY,
        "shows": shows,
        "created": uow.now,
        "message_id": new_message_id(uow),
        "token": digits_by_time(uow, 10),
        "state": State.WAITING,
        "attempts": 0,
        "attached": False,
        "acknowledges": False,
        "shown": False,
        "next": uow.now,
        **columns,
    }


def row_from_admins(
    uow: UnitOfWork, to: Person, recipient: str, *, kind: str, subject: Sentence, text: str, shows: Subjects
) -> dict[str, object]:
    """A row of a letter about no ticket, to one person at this address of theirs."""
    wording = admin_wording(uow)
    return letter_row(
        uow,
        shows=shows,
        kind=kind,
        person_id=to.id,
        sender_name=wording.line(say("admin.sender")),
        sender=postmaster_address(uow),
        recipient_name=to.label,
        recipient=mailable(recipient),
        subject=wording.line(subject),
        text=text,
    )


def columns_about(uow: UnitOfWork, ticket: Ticket, *, private: bool) -> dict[str, object]:
    """Return the columns of a letter about a ticket; a `private` one is answered at the address for comments."""
    return {
        "ticket_id": ticket.id,
        "sender": (comment_address if private else ticket_address)(uow, ticket.id),
        # RFC 2919: its name for people, its number for machines.
        "list_id": f"{ticket.queue.name} <queue{ticket.queue_id}.{uow.domain}>",
    }


def columns_to(member: TicketMember) -> dict[str, object]:
    """Return the columns that say whom a letter goes to, and how they leave a ticket into which they were copied."""
    return {
        "person_id": member.person_id,
        "recipient_name": member.own_name,
        "recipient": mailable(member.email),
        "leave_token": secrets.token_hex(10) if member.copied_in else None,
    }


def wording_of(ticket: Ticket) -> Wording:
    """Return the language of the letters about a ticket."""
    return wording_in(ticket.queue.language)


def admin_wording(uow: UnitOfWork) -> Wording:
    """Return the language of letters about no queue: the one that all queues have, else English."""
    languages = {queue.language for queue in every_queue(uow)}
    return wording_in(*languages) if len(languages) == 1 else wording_in()
