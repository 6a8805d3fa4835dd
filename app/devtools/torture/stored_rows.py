"""What is found in the database after the torture: plain rows, as the verdict needs them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from ...model.records.letters import Letter, State
from ...model.records.messages import Message
from ...model.records.people import Person
from ...model.records.queues import Queue
from ...model.records.received_mail import Delivery, Mail
from ...model.records.tickets import Change, Ticket
from ...model.storage.database import Database


class Stored(NamedTuple):
    """A mail at one place."""

    mail: int
    recipient: str
    fate: str
    ticket: int | None


class StoredMessage(NamedTuple):
    """A message, in the order of its ticket."""

    id: int
    ticket: int
    number: int
    mail: int | None
    sender: str | None
    action: str | None
    new_status: str
    private: bool


class Case(NamedTuple):
    """A ticket."""

    id: int
    status: str
    posts: int
    lifecycle: str
    requestor: str


class Sent(NamedTuple):
    """A letter as the outbox has it."""

    id: int
    about: int | None
    kind: str
    recipient: str
    message_id: str
    token: str
    state: str


class Evidence(NamedTuple):
    """All of it."""

    mails: Sequence[tuple[int, bytes]]
    stored: Sequence[Stored]
    posts: Sequence[StoredMessage]
    cases: Sequence[Case]
    changes: Sequence[tuple[int, str | None, str | None]]
    letters: Sequence[Sent]


def collect(database: Database) -> Evidence:
    """Read everything, in one view."""
    post = select(
        Message.id, Message.ticket_id, Message.number, Message.mail_id, Person.email, Message.action,
        Message.new_status, Message.private,
    ).outerjoin(Person, Person.id == Message.sender_id).order_by(Message.ticket_id, Message.number)  # fmt: skip
    case = (
        select(Ticket.id, Ticket.status, Ticket.posts, Queue.lifecycle_name, Person.email)
        .join(Queue, Queue.id == Ticket.queue_id)
        .join(Person, Person.id == Ticket.requestor_id)
    )
    change = select(Change.ticket_id, Change.old, Change.new).where(Change.field == "status").order_by(Change.id)
    stored = select(Delivery.mail_id, Delivery.recipient, Delivery.fate, Delivery.ticket_id)
    with database.read_only() as uow:
        run = uow.connection.execute
        return Evidence(
            mails=[(number, bytes(raw)) for number, raw in run(select(Mail.id, Mail.raw))],
            stored=[Stored(*row) for row in run(stored)],
            posts=[StoredMessage(*row) for row in run(post)],
            cases=[Case(*row) for row in run(case)],
            changes=[(ticket, old, new) for ticket, old, new in run(change)],
            letters=letters(database),
        )


def letters(database: Database, *, unsent: bool = False) -> list[Sent]:
    """The letters of the outbox; `unsent`: only those that wait or failed."""
    query = select(
        Letter.id, Letter.about_id, Letter.kind, Letter.recipient, Letter.message_id, Letter.token, Letter.state
    ).order_by(Letter.id)
    if unsent:
        query = query.where(Letter.state != State.SENT)
    with database.read_only() as uow:
        return [Sent(*row) for row in uow.connection.execute(query)]
