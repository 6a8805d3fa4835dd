"""A ticket's conversation as one person may see it, the newest messages first of all: for its page."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from ..letters.notification import THE_TRACKER, change_line, message_heading
from ..lifecycle.registry import LIFECYCLES
from ..records.messages import Message
from ..records.people import Person
from ..records.tickets import Change, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember
from ..tickets.redaction import Redaction
from .message_keys import message_key

AT_ONCE = 100


class ShownFile(NamedTuple):
    """A file of a message, by its place among all of them."""

    place: int
    name: str
    type: str
    size: int


class ShownMessage(NamedTuple):
    """One message: who wrote it and what, `rest` being all of it where that is more.

    `key` names it in addresses of pages. `email` is None where the one who looks may not see it. `has_mail`: its exact
    mail can be read by them.
    """

    key: str
    heading: str
    email: str | None
    moment: datetime
    text: str
    rest: str
    files: Sequence[ShownFile]
    private: bool
    held: bool
    automatic: bool
    has_mail: bool


class ShownChange(NamedTuple):
    """What somebody has changed at one moment, a line for each thing."""

    name: str
    moment: datetime
    lines: Sequence[str]


class Conversation(NamedTuple):
    """Messages and changes in the order of time; `earlier` is the key before which there are more."""

    items: Sequence[ShownMessage | ShownChange]
    earlier: str | None


def conversation(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, viewer: Person, before: str | None = None
) -> Conversation:
    """Return the newest hundred messages that somebody may see, or those before the one of a key."""
    ids = _ids(uow, ticket, member)
    end = next((place for place, one in enumerate(ids) if before and message_key(uow, one) == before), len(ids))
    start = max(0, end - AT_ONCE)
    found = {message.id: message for message in uow.session.scalars(_MESSAGES, {"ids": ids[start : end + 1]})}
    messages = [found[one] for one in ids[start:end]]
    redaction = None if member.responder else Redaction(uow, ticket)
    own = viewer.id
    shown = [_shown(uow, one, redaction, own) for one in messages]
    since = messages[0].received if start and messages else None
    until = found[ids[end]].received if end < len(ids) else None
    items: list[ShownMessage | ShownChange] = [*shown, *_changes(uow, ticket, member, since, until)]
    return Conversation(sorted(items, key=lambda item: item.moment), message_key(uow, ids[start]) if start else None)


_MESSAGES = (
    select(Message)
    .where(Message.id.in_(bindparam("ids", expanding=True)))
    .options(joinedload(Message.sender), selectinload(Message.attachments))
)


def _ids(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> Sequence[int]:
    """Return the ids of the messages that somebody may see. An import counts as received when it was written."""
    query = select(Message.id).where(Message.ticket_id == ticket.id).order_by(Message.received, Message.number)
    return uow.session.scalars(query if member.responder else query.where(~Message.private)).all()


def _shown(uow: UnitOfWork, message: Message, redaction: Redaction | None, own: int) -> ShownMessage:
    text = redaction.text(message) if redaction else message.text
    full_text = redaction.full_text(message) if redaction else message.full_text
    sender = message.sender
    return ShownMessage(
        key=message_key(uow, message.id),
        heading=_heading(message),
        email=sender.email if sender and (redaction is None or sender.id == own) else None,
        moment=message.received,
        text=text.strip("\n"),
        rest="" if _folded(full_text) == _folded(text) else full_text.strip("\n"),
        files=_files(message, team=redaction is None),
        private=message.private,
        held=message.held,
        automatic=message.automatic is not None,
        has_mail=redaction is None and message.mail_id is not None and not (sender is not None and sender.forgotten),
    )


def _folded(text: str) -> str:
    return " ".join(text.split())


def _heading(message: Message) -> str:
    name = message.sender.label if message.sender else THE_TRACKER
    action = _ACTIONS.get(message.action or "")
    return message_heading(action, name, has_text=False) if action else f"{name} wrote."


_ACTIONS = {action.title: action for lifecycle in LIFECYCLES.values() for action in lifecycle.actions}


def _files(message: Message, *, team: bool) -> list[ShownFile]:
    return [
        ShownFile(place, file.name, file.type, file.size)
        for place, file in enumerate(message.attachments, start=1)
        if team or not file.withheld
    ]


def _changes(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, since: datetime | None, until: datetime | None
) -> list[ShownChange]:
    """Return what was changed within a span, by who did it and when; outsiders hear of the status alone."""
    query = select(Change).where(Change.ticket_id == ticket.id).options(joinedload(Change.by)).order_by(Change.id)
    query = query if member.responder else query.where(Change.field == "status")
    query = query.where(Change.at >= since) if since else query
    query = query.where(Change.at < until) if until else query
    found = list[ShownChange]()
    for (moment, by), changes in groupby(uow.session.scalars(query), key=lambda change: (change.at, change.by)):
        lines = [change_line((change.field, change.old, change.new)) for change in changes]
        found.append(ShownChange(by.label if by else THE_TRACKER, moment, lines))
    return found
