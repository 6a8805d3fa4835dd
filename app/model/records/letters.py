"""The outbox: letters as rows, written with the change they tell of and sent after it is committed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..storage.base import Base
from .people import Person


class State(StrEnum):
    """Where a letter is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


HELD, NOT_SENT, UNANSWERED = "held", "not_sent", "unanswered"
"""Kinds of letters: what a storm held back, told later; a mail that reached nobody outside the team; and a reply that
waits for a day for its writer's word."""


class Letter(Base):
    """One mail to one person, complete but for its MIME form.

    `message_id` stays the same over every attempt, so that a mail server that gets it twice can tell. `token` makes
    the envelope sender, which names this letter to whoever sends it back. `attached`: files of the message go with it.
    `acknowledges`: it answers somebody's mail by itself. `next` is when it is tried again; `in_hand`: a courier has it
    until then. `commands` are the lines that wait for an answer to this letter as the proof of who wrote them. `shown`:
    others have seen its Message-ID, which proves nothing any more. `offers` are the words that mean something in
    answer to it, with blanks between them; `offered_id` is the private message that one of them sends to everybody.
    `checkpoint` is how the ticket was before the change that it tells of. `undelivered` is when it was known that it
    came to nothing: once, whatever is reported later. `leave_token` makes the address at which a reader who was
    copied in leaves the ticket; it is another token, since it stands in the letter. `promise` is what it says of a
    reply (letters/promises.py), None where it says nothing of it. `refused` is when a mail server first said that the
    recipient's address takes no mail.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_state_next", "state", "next"),
        Index("ix_letter_person_id_created", "person_id", "created"),
        Index("ix_letter_leave_token", "leave_token", sqlite_where=text("leave_token IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    about_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    kind: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    sender_name: Mapped[str]
    sender: Mapped[str]
    recipient_name: Mapped[str]
    recipient: Mapped[str]
    list_id: Mapped[str | None]
    subject: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    in_reply_to: Mapped[str | None]
    references: Mapped[str | None]
    text: Mapped[str]
    shown: Mapped[bool] = mapped_column(server_default=false())
    promise: Mapped[str | None] = mapped_column(Text)
    commands: Mapped[str | None]
    offers: Mapped[str | None]
    # No foreign key: the letter stays, and offers nothing, once the message is erased.
    offered_id: Mapped[int | None]
    checkpoint: Mapped[int | None]
    attached: Mapped[bool] = mapped_column(server_default=false())
    acknowledges: Mapped[bool] = mapped_column(server_default=false())
    in_hand: Mapped[bool] = mapped_column(server_default=false())
    token: Mapped[str] = mapped_column(unique=True)
    leave_token: Mapped[str | None]
    state: Mapped[str]
    attempts: Mapped[int]
    next: Mapped[datetime]
    sent: Mapped[datetime | None]
    error: Mapped[str | None]
    undelivered: Mapped[datetime | None]
    refused: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


# The others are filled while it is sent.
_LATER = ("id", "in_hand", "sent", "error", "undelivered", "refused")
LETTER_COLUMNS = tuple(column.name for column in Letter.__table__.columns if column.name not in _LATER)
"""The columns of a letter that is written; a prepared insert takes exactly these."""


class LetterSubject(Base):
    """A person or a ticket that a letter shows, by which erasing finds the letter; one of the two columns is set.

    No row repeats what the letter's own columns say: its recipient, the writer of the message it is about, its ticket
    and so whoever asked that.
    """

    __tablename__ = "letter_subject"

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    # No foreign key: a ticket's row is never deleted, and a letter that lists tickets must not wait for their locks.
    ticket_id: Mapped[int | None] = mapped_column(index=True)


class SubjectBacklog(Base):
    """The letters that an upgrade has left without subjects: those of an id below `below`. No row: none is left."""

    __tablename__ = "subject_backlog"

    id: Mapped[int] = mapped_column(primary_key=True)
    below: Mapped[int]
