"""Notices to a writer, on whom their mail did not reach."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from ...records.letters import NOT_SENT, Letter
from ...records.messages import Message
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import TicketMember
from ...tickets.storms import slow_storms
from ...wording import say
from .held_letters import span
from .notice import LetterHeaders, Notice, headers_about


def to_missed_writer(
    uow: UnitOfWork, headers: LetterHeaders, writer: TicketMember, missed: Sequence[str]
) -> list[Notice]:
    """The letter to a writer that nobody outside the team got their mail, and how to reach them."""
    body = {
        "heading": say("notes.not_sent_to", number=headers.ticket.id, names=missed),
        "lines": [],
        "paragraphs": [say("notes.send_here")],
        "elsewhere": [say("notes.send_elsewhere")],
    }
    return _to_writer(uow, headers, writer, body)


def to_held_writer(
    uow: UnitOfWork, ticket: Ticket, message: Message, writer: TicketMember, within: timedelta
) -> list[Notice]:
    """The letter to a writer of whose mail nobody is told for now. Programs get none, nor do those from elsewhere."""
    if message.automatic or not (writer.on_ticket or writer.responder):
        return []
    body = {
        "heading": say("notes.held_back", number=ticket.id, span=span(within)),
        "lines": [],
        "paragraphs": [],
        "elsewhere": [],
    }
    return _to_writer(uow, headers_about(ticket, "posted", message, None, None), writer, body, every=within)


def _to_writer(
    uow: UnitOfWork,
    headers: LetterHeaders,
    writer: TicketMember,
    body: Mapping[str, object],
    *,
    every: timedelta = slow_storms.HOUR,
) -> list[Notice]:
    """A letter to a writer, once an hour or more seldom, on whom their mail did not reach."""
    recent = select(Letter.id).where(
        Letter.person_id == writer.person_id,
        Letter.kind == NOT_SENT,
        Letter.created > uow.now - max(every, slow_storms.HOUR),
        Letter.created <= uow.now,
    )
    if writer.undeliverable or uow.connection.execute(recent.limit(1)).scalar() is not None:
        return []
    queue = headers.ticket.queue.name
    own = headers._replace(kind=NOT_SENT, about_id=None, attached=False, sender_name=queue, called="")
    return [Notice(own, [writer], body)]
