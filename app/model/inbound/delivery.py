"""A mail on its way in: its bytes, its envelope, what was read from it, and how it is stored once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update

from ...mail.addresses import address_key
from ...mail.parsed import Incoming, read
from ...mail.text import storable
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import Desk


class Fate(StrEnum):
    """What became of a mail at one place.

    Steered: it had commands and no words. Answered: it asked for a page. Reported: it said what became of a letter.
    Left: a handler that is none of ours took it, and here it is kept nowhere.
    """

    OPENED = "opened"
    POSTED = "posted"
    SET_ASIDE = "set aside"
    STEERED = "steered"
    ANSWERED = "answered"
    REPORTED = "reported"
    REPEATED = "repeated"
    LEFT = "left to another handler"


@dataclass(frozen=True)
class Outcome:
    """What became of a mail for one recipient, for the log and for who handed it over."""

    recipient: str
    fate: Fate
    ticket: int | None = None
    reason: str = ""


@dataclass
class Arrival:
    """One mail, handed over once, for one or more recipients of ours.

    `envelope_from` is empty for the null reverse-path, None where there was no envelope. `mail_id` is set once its
    bytes are stored, `stored_as` for the place just registered; `delivery_id` names a mail set aside that is now
    delivered again.
    """

    raw: bytes
    envelope_from: str | None
    incoming: Incoming
    recipients: tuple[str, ...] = ()
    mail_id: int | None = None
    delivery_id: int | None = None
    stored_as: int | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """What the mail is known by wherever it comes to: its Message-ID, else a digest of what it says."""
        return identity_of(self.incoming)

    @classmethod
    def of(cls, raw: bytes, envelope_from: str | None, recipients: Sequence[str] = ()) -> "Arrival":
        """Read a mail; `recipients` are all of its envelope, also those for which it is stored apart."""
        return cls(raw, envelope_from, read(raw, envelope_from), tuple(recipients))


def identity_of(incoming: Incoming) -> str:
    """What a mail is known by: its Message-ID, else a digest of what it says."""
    if incoming.message_id:
        return incoming.message_id
    words = "\0".join((incoming.written_date, incoming.subject)).encode("utf-8", "replace")
    return hashlib.sha256(words + incoming.body_digest).hexdigest()


def register(
    desk: Desk,
    arrival: Arrival,
    recipient: str,
    target: str,
    fate: Fate,
    ticket: int | None = None,
    reason: str = "",
    formerly: str = "",
) -> bool:
    """Store a mail for one place. False if the same mail came there before: then nothing was done.

    `target` is the ticket or the queue's address. It is the database that keeps a mail unique
    (docs/interface.md, section 7), so two connections that bring the same mail at the same instant store it once.
    `formerly` is the place that this one was before it became part of `target`: what came there has come here. A mail
    that was forgotten opens nothing again.
    """
    digest = _digest(arrival.incoming, target)
    came = formerly and formerly != target and _is_there(desk, arrival, _digest(arrival.incoming, formerly))
    if came or (fate in _NEW and _was_forgotten(desk, arrival)):
        arrival.outcomes.append(Outcome(recipient, Fate.REPEATED))
        return False
    values = {
        "recipient": storable(recipient),
        "digest": digest,
        "fate": fate,
        "reason": reason,
        "waiting": fate is Fate.SET_ASIDE,
        "ticket_id": ticket,
    }
    stored = _move(desk, arrival, values) if arrival.delivery_id else _insert(desk, arrival, values)
    arrival.outcomes.append(Outcome(recipient, fate, ticket, reason) if stored else Outcome(recipient, Fate.REPEATED))
    return stored


def _is_there(desk: Desk, arrival: Arrival, digest: bytes) -> bool:
    there = select(_DELIVERY.c.id).where(_DELIVERY.c.digest == digest, _DELIVERY.c.id != (arrival.delivery_id or 0))
    return desk.connection.execute(there).scalar() is not None


# Where a mail ends that belongs to no ticket, or to none any more.
_NEW = (Fate.OPENED, Fate.SET_ASIDE)


def _was_forgotten(desk: Desk, arrival: Arrival) -> bool:
    """Whether this very mail came before and was forgotten: then it stays so, wherever it would go now."""
    same = select(_MAIL.c.id).where(_MAIL.c.identity == forgotten_identity(arrival.incoming))
    return desk.connection.execute(same.limit(1)).scalar() is not None


def forgotten_identity(incoming: Incoming) -> str:
    """What a mail that was forgotten is known by: a digest, from which nobody learns what it was."""
    return f"forgotten {_digest(incoming, '').hex()}"


def opened(desk: Desk, arrival: Arrival, ticket: int) -> None:
    """Name the ticket that the mail just registered has opened."""
    became(desk, arrival, Fate.OPENED, ticket)


def became(desk: Desk, arrival: Arrival, fate: Fate, ticket: int | None) -> None:
    """Say what has become of the mail just registered."""
    desk.connection.execute(_BECAME, {"delivery": arrival.stored_as, "now": fate, "ticket": ticket})
    arrival.outcomes[-1] = Outcome(arrival.outcomes[-1].recipient, fate, ticket)


@cache
def _add_delivery(dialect: str) -> Any:
    """The insert of a delivery that does nothing where its digest is there already; loads no dialect but this."""
    add = import_module(f"sqlalchemy.dialects.{dialect}").insert(_DELIVERY)
    return add.on_conflict_do_nothing(index_elements=["digest"]).returning(_DELIVERY.c.id)


_MAIL, _DELIVERY = cast("Table", Mail.__table__), cast("Table", Delivery.__table__)
_ADD_MAIL = insert(_MAIL).returning(_MAIL.c.id)
_DROP_MAIL = delete(_MAIL).where(_MAIL.c.id == bindparam("mail"))
_BECAME = (
    update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("delivery"))
    .values(ticket_id=bindparam("ticket"), fate=bindparam("now"))
)


def _insert(desk: Desk, arrival: Arrival, values: dict[str, Any]) -> bool:
    first = arrival.mail_id is None
    if first:
        arrival.mail_id = _store(desk, arrival)
    connection = desk.connection
    add = _add_delivery(connection.dialect.name)
    new: int | None = connection.execute(add, {"mail_id": arrival.mail_id, **values}).scalar()
    arrival.stored_as = new
    if new is None and first:
        connection.execute(_DROP_MAIL, {"mail": arrival.mail_id})
        arrival.mail_id = None
    return new is not None


def _store(desk: Desk, arrival: Arrival) -> int:
    incoming = arrival.incoming
    columns = {
        "received": desk.now,
        "envelope_from": None if arrival.envelope_from is None else storable(arrival.envelope_from),
        "author": incoming.sender.email if incoming.sender else "",
        "subject": incoming.subject,
        "identity": arrival.identity,
        "raw": arrival.raw,
    }
    return int(desk.connection.execute(_ADD_MAIL, columns).scalar_one())


def _move(desk: Desk, arrival: Arrival, values: dict[str, Any]) -> bool:
    """Give a mail that was set aside its new place, unless it is there already."""
    mine = _DELIVERY.c.id == arrival.delivery_id
    same = select(_DELIVERY.c.id).where(_DELIVERY.c.digest == values["digest"], ~mine)
    repeated = desk.connection.execute(same).scalar() is not None
    if repeated:
        values = {"waiting": False, "fate": Fate.REPEATED}
    desk.connection.execute(update(_DELIVERY).where(mine).values(**values))
    arrival.stored_as = arrival.delivery_id
    return not repeated


def _digest(incoming: Incoming, target: str) -> bytes:
    """What makes two mails the same: place, sender, Message-ID and body; without Message-ID also date and subject."""
    sender = address_key(incoming.sender.email) if incoming.sender else ""
    named = (incoming.message_id,) if incoming.message_id else (incoming.written_date, incoming.subject)
    words = "\0".join((target, sender, *named)).encode("utf-8", "replace")
    return hashlib.sha256(words + b"\0" + incoming.body_digest).digest()


def digest_at(incoming: Incoming, target: str) -> bytes:
    """The digest by which a mail is known at a place, for mail that comes to its ticket another way."""
    return _digest(incoming, target)
