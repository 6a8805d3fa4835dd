"""Every mail that came, exactly as it came, and what became of it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, select, text
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from ..storage.base import Base
from ..storage.unit_of_work import UnitOfWork


class Mail(Base):
    """The exact bytes of a received mail and its envelope, whether or not a message came of it.

    `envelope_from` is None where the mail came without an envelope, and empty for the null reverse-path. `identity` is
    its Message-ID, else a digest of what it says: a mail that brings a known one proves nothing any more.
    """

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    received: Mapped[datetime]
    envelope_from: Mapped[str | None]
    author: Mapped[str]
    subject: Mapped[str]
    identity: Mapped[str | None] = mapped_column(index=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)


class Delivery(Base):
    """What became of a mail at one of the places that it was sent to.

    `digest` names the mail and the place, so that the database itself refuses a repeat. `waiting`: it is set aside
    and an administrator has not yet seen to it.
    """

    __tablename__ = "delivery"
    # Partial on PostgreSQL too, by the migration: to say so here would load its dialect for every command.
    __table_args__ = (Index("ix_delivery_waiting", "id", sqlite_where=text("waiting")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"), index=True)
    recipient: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    fate: Mapped[str]
    reason: Mapped[str]
    waiting: Mapped[bool]
    # Only who erases a ticket asks by it, and reads all rows: an index would be a page more for each mail.
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))

    mail: Mapped[Mail] = relationship()


def unmatched_deliveries(uow: UnitOfWork, newest: int | None = None) -> list[Delivery]:
    """All mail that is set aside and not seen to, or so many of the newest; oldest first."""
    query = (
        select(Delivery)
        .join(Delivery.mail)
        .options(contains_eager(Delivery.mail))
        .where(Delivery.waiting)
        .order_by(Delivery.id.desc())
        .limit(newest)
    )
    return list(uow.session.scalars(query))[::-1]
