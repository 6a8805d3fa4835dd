"""What is remembered of imported mail: that it was taken in, and what threads are told by."""

from datetime import datetime
from hashlib import blake2b

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...mail.addresses import address_key
from ..storage.base import Base

PERSON_BYTES = 8
NOBODY = bytes(PERSON_BYTES)


def digest(*parts: bytes, size: int = 16) -> bytes:
    """A digest of some bytes, each of which counts where it stands."""
    digest = blake2b(digest_size=size)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def person_keys(people: bytes) -> list[bytes]:
    """Return the keys of the people that a row names, the writer's first."""
    return [people[at : at + PERSON_BYTES] for at in range(0, len(people), PERSON_BYTES)]


def person_key(email: str) -> bytes:
    """Return the digest by which an imported mail stores an address."""
    return digest(address_key(email).encode("utf-8", "replace"), size=PERSON_BYTES)


class Archived(Base):
    """One mail of an archive, from the moment it is taken in; the same mail is never taken in again.

    Nothing here can be read by people: texts are kept as digests. `exact` is that of the bytes, `identity` that of what
    makes two mails the same. `mark` is that of the ticket on which it stood in a tracker that exported it, `private`
    what it was there; empty and None for all other mail. `people` holds eight bytes for each person named in it, the
    writer first. `joins` is the ticket that it belongs to by its ids or its mark, `thread` the place in the plan of
    threads not yet posted. `posted`: it is on `ticket_id`, or was there before. `mail_id` is None for a mail that came
    by another way, too, and for one that was forgotten: its digests stay, so that it is not taken in again.
    """

    __tablename__ = "archived"
    # Where one mail stood on two tickets, it is on two tickets here.
    __table_args__ = (UniqueConstraint("identity", "mark"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mail.id"), index=True)
    exact: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    identity: Mapped[bytes] = mapped_column(LargeBinary)
    mark: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    private: Mapped[bool | None]
    size: Mapped[int]
    date: Mapped[datetime | None]
    subject: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    answers: Mapped[bool]
    people: Mapped[bytes] = mapped_column(LargeBinary)
    joins: Mapped[int | None]
    thread: Mapped[int | None] = mapped_column(index=True)
    posted: Mapped[bool]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)


class ArchivedLink(Base):
    """A Message-ID that an imported mail has or names, as a digest: mails with one in common are one thread."""

    __tablename__ = "archived_link"
    # The key is the table: nothing else is looked up in it.
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    archived_id: Mapped[int] = mapped_column(ForeignKey("archived.id"), primary_key=True, index=True)
