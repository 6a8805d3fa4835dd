"""Which tickets and messages a person may see, and by which number."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Boolean, bindparam, or_, select
from sqlalchemy.orm.attributes import set_committed_value

from ..lifecycle.tables import Lifecycle
from ..records.imported_mail import Archived
from ..records.messages import Attachment, Message
from ..records.people import Person
from ..records.queues import TEAM
from ..records.tickets import Ticket
from ..storage.by_numbers import is_one_of_numbers, rows_of_numbers
from ..storage.mapped_rows import columns_of, load, unattached
from ..storage.prepared import Prepared, Row
from ..storage.unit_of_work import UnitOfWork
from .members import TicketMember, as_in_queue

_IMPORTED = Prepared(select(Archived.id).where(Archived.ticket_id == bindparam("ticket")).limit(1))
_PUBLIC_NUMBERS = Prepared(
    select(Message.number).where(Message.ticket_id == bindparam("ticket"), ~Message.private).order_by(Message.number)
)


def may_see(ticket: Ticket, member: TicketMember) -> bool:
    """Whether somebody may see a ticket: not one whose own mail to it would be kept from its requestor."""
    return is_visible(ticket.lifecycle, ticket.status, as_in_queue(member, ticket.queue))


def is_visible(lifecycle: Lifecycle, status: str, member: TicketMember) -> bool:
    """Return the same for a ticket in this status; `member` is as `as_in_queue` returns it."""
    if member.insider:
        return True
    # Whom an unproven mail named sees nothing before somebody confirms it.
    member = member._replace(participant=False) if member.pending else member
    return not lifecycle.default_reply(status, member.roles_in(lifecycle).role).private


def is_open_to_others(ticket: Ticket) -> bool:
    """Return whether everybody who is known may see the ticket's public messages."""
    return _is_open_to_others(ticket.lifecycle, ticket.status, of_team=ticket.queue.readers == TEAM)


@cache
def _is_open_to_others(lifecycle: Lifecycle, status: str, *, of_team: bool) -> bool:
    return is_visible(lifecycle, status, TicketMember(0, "", "", known=not of_team))


def visible_messages(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember | None, ids: Collection[int] | None = None
) -> Sequence[Message]:
    """The messages that somebody may see, in the order of posting; all of them for nobody in particular.

    Where some were imported it is that of their dates: one of those counts as received when it was written. `ids`: only
    those. They are only to be read: the session does not know them.
    """
    shown = ids_as_shown(uow, ticket, member)
    if ids is not None:
        wanted = {*ids}
        shown = [number for number in shown if number in wanted]
    messages = {row[0]: _message(row) for row in rows_of_numbers(uow.connection, _MESSAGES, shown)}
    _add_senders(uow, messages.values())
    _add_files(uow, messages)
    return [messages[number] for number in shown]


_MESSAGES = Prepared(select(*columns_of(Message)).where(is_one_of_numbers(Message.id)))
_SENDERS = Prepared(select(*columns_of(Person)).where(is_one_of_numbers(Person.id)))
_FILES = Prepared(
    select(*columns_of(Attachment)).where(is_one_of_numbers(Attachment.message_id)).order_by(Attachment.id)
)


def _message(row: Row) -> Message:
    return unattached(Message, dict(zip(_MESSAGE_NAMES, row, strict=True)))


_MESSAGE_NAMES = [column.name for column in columns_of(Message)]


def _add_senders(uow: UnitOfWork, messages: Collection[Message]) -> None:
    ids = {message.sender_id for message in messages if message.sender_id is not None}
    senders = {row[0]: load(uow.session, Person, row) for row in rows_of_numbers(uow.connection, _SENDERS, ids)}
    for message in messages:
        set_committed_value(message, "sender", senders.get(message.sender_id or 0))


def _add_files(uow: UnitOfWork, messages: Mapping[int, Message]) -> None:
    files: dict[int, list[Attachment]] = {}
    for row in rows_of_numbers(uow.connection, _FILES, messages):
        file = load(uow.session, Attachment, row)
        files.setdefault(file.message_id, []).append(file)
    for number, message in messages.items():
        set_committed_value(message, "attachments", files.get(number, []))


def ids_as_shown(uow: UnitOfWork, ticket: Ticket, member: TicketMember | None) -> Sequence[int]:
    """Return the ids of the same messages, in the same order."""
    rows = _visible(uow, ticket, member)
    if _IMPORTED.row(uow.connection, {"ticket": ticket.id}) is not None:
        rows = sorted(rows, key=_by_date)
    return [row[0] for row in rows]


def visible_numbers(uow: UnitOfWork, ticket: Ticket) -> dict[int, int]:
    """Return the number by which outsiders are shown each message: a gap would tell of one that they may not see."""
    uow.session.flush()
    public = _PUBLIC_NUMBERS.rows(uow.connection, {"ticket": ticket.id})
    return {number: place for place, (number,) in enumerate(public, start=1)}


_IS_VISIBLE = (
    Message.ticket_id == bindparam("ticket"),
    or_(~Message.private, bindparam("private_too", type_=Boolean())),
)
_VISIBLE = Prepared(select(Message.id, Message.received, Message.number).where(*_IS_VISIBLE).order_by(Message.number))
_NEWEST = Prepared(select(Message.id).where(*_IS_VISIBLE).order_by(Message.number.desc()).limit(1))


def _visible(uow: UnitOfWork, ticket: Ticket, member: TicketMember | None) -> list[Row]:
    """Return id, date and number of each message that somebody may see, in the order of posting."""
    uow.session.flush()
    private_too = member is None or member.insider
    return _VISIBLE.rows(uow.connection, {"ticket": ticket.id, "private_too": private_too})


def _by_date(row: Row) -> tuple[datetime, int]:
    return row[1], row[2]


def newest_visible_id(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> int | None:
    """Return the id of the last of them; None where there are none."""
    uow.session.flush()
    row = _NEWEST.row(uow.connection, {"ticket": ticket.id, "private_too": member.insider})
    return row[0] if row else None


def visible_ids(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> Sequence[int]:
    """Return the ids of the messages that somebody may see, in the order of posting."""
    return [row[0] for row in _visible(uow, ticket, member)]


def visible_number(uow: UnitOfWork, ticket: Ticket, number: int | None, member: TicketMember | None) -> int | None:
    """The number by which somebody is shown a message; None for one that they may not see."""
    if number is None or member is None or member.insider:
        return number
    return visible_numbers(uow, ticket).get(number)
