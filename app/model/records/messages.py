"""The messages of a ticket and what was attached to them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...mail import mime
from ..storage.base import Base
from ..storage.mapped_rows import filled_columns
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError
from .people import Person
from .received_mail import Mail
from .tickets import Ticket

if TYPE_CHECKING:
    from ...mail.parsed import ParsedAttachment as Attached


class NoSuchMessage(ExplainedError, LookupError):
    """The ticket has no message of this number."""


class Via(StrEnum):
    """How a message came."""

    MAIL = "mail"
    COMMAND = "command"
    WEB = "web"


class Message(Base):
    """Something posted on a ticket; `number` is its place in the order of posting, and never changes.

    `text` is what the writer wrote, `full_text` all of it; `date` is what its Date header says, as far as it can be
    true, `received` when it came (an imported one: as if it had come when it was written). `listed`: it came through
    a mailing list. `held`: it waits for its writer's `send`, and nobody got a letter of it. `original_id` is the
    Message-ID of a mail that it forwards: who answers that one answers here. `via` is how it came.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("ticket_id", "number"),
        Index("ix_message_sender_id_received", "sender_id", "received"),
        # Partial on PostgreSQL too, by the migration: to say so here would load its dialect for every command.
        Index("ix_message_held", "received", sqlite_where=text("held")),
        # Most are null, and would be a page to write for each message.
        Index("ix_message_parent_id", "parent_id", sqlite_where=text("parent_id IS NOT NULL")),
        Index("ix_message_original_id", "original_id", sqlite_where=text("original_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    number: Mapped[int]
    message_id: Mapped[str] = mapped_column(index=True)
    in_reply_to: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    subject: Mapped[str]
    text: Mapped[str]
    full_text: Mapped[str]
    action: Mapped[str | None]
    new_status: Mapped[str]
    private: Mapped[bool]
    held: Mapped[bool] = mapped_column(default=False, server_default=false())
    automatic: Mapped[str | None]
    listed: Mapped[bool] = mapped_column(server_default=false())
    verified: Mapped[bool]
    date: Mapped[datetime]
    received: Mapped[datetime]
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mail.id"), index=True)
    original_id: Mapped[str | None]
    via: Mapped[str] = mapped_column(server_default=Via.MAIL)

    sender: Mapped[Person | None] = relationship()
    mail: Mapped[Mail | None] = relationship()
    attachments: Mapped[list["Attachment"]] = relationship(order_by="Attachment.id")


ADD_MESSAGE = Prepared(insert(Message).returning(Message.id), filled_columns(Message))
"""Inserts a message, with every column but its id."""


class Attachment(Base):
    """A part of a mail that is no text of it: `start` and `stop` are its byte range in the mail as it came.

    `withheld`: it has a letter to the team in it, and outsiders do not get it.
    """

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    name: Mapped[str]
    type: Mapped[str]
    size: Mapped[int]
    start: Mapped[int]
    stop: Mapped[int]
    encoding: Mapped[str]
    withheld: Mapped[bool] = mapped_column(server_default=false())


def contents_of(raw: bytes, attachments: "Iterable[Attachment | Attached]") -> Iterator[bytes]:
    """Return the decoded bytes of these parts of the mail."""
    return mime.contents(
        raw, (mime.Part(file.type, None, file.encoding, "", file.name, file.start, file.stop) for file in attachments)
    )


def attachment_rows(message_id: int, parts: "Iterable[Attached]") -> list[dict[str, Any]]:
    """The rows of what came with a message."""
    columns = ("name", "type", "size", "start", "stop", "encoding", "withheld")
    return [{"message_id": message_id, **{name: getattr(part, name) for name in columns}} for part in parts]


# Letters carry the files of a message as far as most mailboxes take them; beyond it they are named with their size.
MOST_PASSED_ON = 5_000_000


class FileLike(Protocol):
    """What is known of a part that is a file."""

    @property
    def size(self) -> int:
        """Its decoded bytes."""

    @property
    def withheld(self) -> bool:
        """Whether it is for the team alone."""


SomeFile = TypeVar("SomeFile", bound=FileLike)


def forwardable_files(files: Iterable[SomeFile], *, team: bool) -> list[SomeFile]:
    """Those files of a message that its letters carry, to the team or to outsiders: in order, as long as they fit."""
    chosen: list[SomeFile] = []
    room = MOST_PASSED_ON
    for file in files:
        if file.size <= room and (team or not file.withheld):
            chosen.append(file)
            room -= file.size
    return chosen


def opener_of(uow: UnitOfWork, ticket: Ticket) -> int | None:
    """Return who wrote the message that opened a ticket, as a person's id."""
    return uow.session.scalar(select(Message.sender_id).where(Message.ticket_id == ticket.id, Message.number == 1))


def find_message(uow: UnitOfWork, ticket: Ticket, number: int) -> Message:
    """The message of that number on a ticket; NoSuchMessage names it."""
    query = select(Message).where(Message.ticket_id == ticket.id, Message.number == number)
    message = uow.session.scalars(query).one_or_none()
    if message is None:
        raise NoSuchMessage("no_message", ticket=ticket.id, number=number)
    return message
