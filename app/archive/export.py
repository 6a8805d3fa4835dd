"""The way out: tickets as one mbox of their exact mails, or each as one JSON document."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import joinedload

from ..model.lifecycle.tables import NotAllowed
from ..model.records.addressing import comment_address, ticket_address
from ..model.records.message_ids import tracker_id
from ..model.records.messages import Message
from ..model.records.queues import find_queue
from ..model.records.received_mail import Mail
from ..model.records.tickets import Ticket, find_ticket
from ..model.storage.batches import batches
from ..model.storage.database import Database
from ..model.storage.unit_of_work import UnitOfWork
from ..model.tickets.ticket_json import Json, ticket_in_full
from .export_marks import ExportMark, marking_line
from .message_as_mail import ExportedMessage, mail_of
from .reading.mbox import escaped

# So many tickets are planned at once, and so many mails or bytes read at once: memory must not grow with what there is.
_TICKETS, _POSTS = 200, 2_000
_MAILS, _BYTES = 100, 4_000_000

_MAIL, _MESSAGE = cast("Table", Mail.__table__), cast("Table", Message.__table__)
_PLAN = (
    select(
        _MESSAGE.c.id,
        _MESSAGE.c.ticket_id,
        _MESSAGE.c.mail_id,
        _MESSAGE.c.private,
        _MESSAGE.c.received,
        func.coalesce(func.length(_MAIL.c.raw), 0).label("size"),
    )
    .outerjoin(_MAIL, _MAIL.c.id == _MESSAGE.c.mail_id)
    .order_by(_MESSAGE.c.ticket_id, _MESSAGE.c.received, _MESSAGE.c.number)
)


class ExportPiece(NamedTuple):
    """What is to be written next; so many mails, and so many tickets that begin in it."""

    content: bytes
    mails: int
    tickets: int


@dataclass(frozen=True)
class ExportScope:
    """Which tickets: one, those of a queue, or with neither all there are."""

    number: int | None = None
    queue_id: int | None = None


class _Planned(NamedTuple):
    """One message: where it stands, and how large its mail is."""

    id: int
    ticket_id: int
    mail_id: int | None
    private: bool
    received: datetime
    size: int


def find_scope(database: Database, number: int | None, queue: str | None, *, mails: bool) -> ExportScope:
    """What is asked for. Raises NoSuchTicket or NoSuchQueue; NotAllowed for the mails of a ticket that has none now."""
    with database.read_only() as uow:
        if number is not None:
            into = find_ticket(uow, number).merged_into
            if mails and into is not None:
                raise NotAllowed("is_merged", number=number, into=into)
        return ExportScope(number, find_queue(uow, queue).id if queue is not None else None)


def mbox_of(database: Database, scope: ExportScope) -> Iterator[ExportPiece]:
    """The mails of tickets as an mboxrd, ticket after ticket, each in the order in which they came.

    What stands on a ticket is looked up at one moment, and mails never change; so nothing is held while somebody reads.
    """
    last = 0
    for numbers in _tickets(database, scope):
        with database.read_only() as uow:
            rows = uow.connection.execute(_PLAN.where(_MESSAGE.c.ticket_id.in_(numbers)))
            planned = [_Planned(*row) for row in rows]
        for group in batches(planned, _MAILS, size=lambda row: row.size, octets=_BYTES):
            tickets = len({post.ticket_id for post in group} - {last})
            yield ExportPiece(_boxed(database, group), len(group), tickets)
            last = group[-1].ticket_id


def documents_of(database: Database, scope: ExportScope) -> Iterator[Json]:
    """Tickets as `tickets show --json` prints them, each as it is at one moment."""
    for numbers in _tickets(database, scope):
        for number in numbers:
            with database.read_only() as uow:
                document = ticket_in_full(uow, find_ticket(uow, number))
            yield document


def _tickets(database: Database, scope: ExportScope) -> Iterator[list[int]]:
    """The numbers of tickets, some at a time: fewer where they are long."""
    last = 0
    query = select(Ticket.id, Ticket.posts).order_by(Ticket.id).limit(_TICKETS)
    if scope.number is not None:
        query = query.where(Ticket.id == scope.number)
    if scope.queue_id is not None:
        query = query.where(Ticket.queue_id == scope.queue_id)
    while True:
        with database.read_only() as uow:
            rows = uow.connection.execute(query.where(Ticket.id > last)).all()
        if not rows:
            return
        numbers = [rows[0].id]
        posts = rows[0].posts
        for row in rows[1:]:
            posts += row.posts
            if posts > _POSTS:
                break
            numbers.append(row.id)
        yield numbers
        last = numbers[-1]


def _boxed(database: Database, group: list[_Planned]) -> bytes:
    """Some mails as they lie in the box."""
    with database.read_only() as uow:
        query = select(_MAIL.c.id, _MAIL.c.raw).where(_MAIL.c.id.in_({post.mail_id for post in group if post.mail_id}))
        raws: dict[int, bytes] = dict(cast("Any", uow.connection.execute(query).all()))
        commanded = _by_command(uow, [post.id for post in group if post.mail_id is None])
        box = bytearray()
        for post in group:
            raw = escaped(raws[post.mail_id] if post.mail_id else commanded[post.id])
            box += marking_line(ExportMark(post.ticket_id, tracker_id(uow), post.private), uow.domain, post.received)
            box += raw
            # An empty line parts mails; one that has no line end at its end gets it.
            box += b"\n" if raw.endswith(b"\n") else b"\n\n"
        return bytes(box)


def _by_command(uow: UnitOfWork, ids: list[int]) -> dict[int, bytes]:
    """What messages without a mail would have been as mails."""
    if not ids:
        return {}
    query = select(Message).where(Message.id.in_(ids)).options(joinedload(Message.sender))
    messages = uow.session.scalars(query).all()
    tickets = {
        ticket.id: ticket for ticket in uow.session.scalars(select(Ticket).where(Ticket.id.in_(_ticket_ids(messages))))
    }
    return {message.id: mail_of(_exported_message(uow, message, tickets[message.ticket_id])) for message in messages}


def _ticket_ids(messages: Iterable[Message]) -> set[int]:
    return {message.ticket_id for message in messages}


def _exported_message(uow: UnitOfWork, message: Message, ticket: Ticket) -> ExportedMessage:
    address = (comment_address if message.private else ticket_address)(uow, ticket.id)
    sender = message.sender
    return ExportedMessage(
        name=sender.name if sender else ticket.queue.name,
        email=sender.email if sender else ticket_address(uow, ticket.id),
        to=address,
        date=message.date,
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        subject=message.subject,
        text=message.full_text,
        automatic=sender is None,
    )
