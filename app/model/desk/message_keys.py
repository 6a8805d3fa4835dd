"""The names of messages in addresses of pages: the same for every reader, and no gap tells of other messages."""

from collections.abc import Sequence

from ..records.message_ids import keyed_digits
from ..records.messages import Message, NoSuchMessage
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember
from ..tickets.visibility import newest_visible_id, visible_ids

DIGITS = 10


def message_key(uow: UnitOfWork, message_id: int) -> str:
    """Return ten hexadecimal digits that name a message, by its row's id."""
    return keyed_digits(uow, f"message {message_id}", DIGITS)


def newest_key(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> str:
    """Return the key of the newest message that somebody may see."""
    newest = newest_visible_id(uow, ticket, member)
    return "" if newest is None else message_key(uow, newest)


def find_by_key(uow: UnitOfWork, ticket: Ticket, member: TicketMember, key: str) -> Message:
    """Return the message of this key that somebody may see; NoSuchMessage for every other key."""
    newest_first = reversed(visible_ids(uow, ticket, member))
    message_id = next((number for number in newest_first if message_key(uow, number) == key), None)
    if message_id is None:
        raise NoSuchMessage("no_such_message", ticket=ticket.id)
    return uow.session.get_one(Message, message_id)


def ids_since(uow: UnitOfWork, ticket: Ticket, member: TicketMember, key: str) -> Sequence[int]:
    """Return the ids of the messages after the one of this key that somebody may see; all of them for another key."""
    ids = visible_ids(uow, ticket, member)
    at = next((place for place in range(len(ids), 0, -1) if message_key(uow, ids[place - 1]) == key), 0)
    return ids[at:]
