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
from ...mail.parsed import ParsedMail, parse_mail
from ...mail.text import storable
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import UnitOfWork


class Fate(StrEnum):
    """What became of a mail at one place.

    Steered: it had commands and no words. Answered: it asked for a page. Reported: it said what became of a letter.
    """

    OPENED = "opened"
    POSTED = "posted"
    SET_ASIDE = "set aside"
    STEERED = "steered"
    ANSWERED = "answered"
    REPORTED = "reported"
    REPEATED = "repeated"


@dataclass(frozen=True)
class DeliveryResult:
    """What became of a mail for one recipient, for the log and for who handed it over."""

    recipient: str
    fate: Fate
    ticket: int | None = None
    reason: str = ""


@dataclass
class InboundMail:
    """One mail, handed over once, for one or more recipients of ours.

    `envelope_from` is empty for the null reverse-path, None where there was no envelope. `mail_id` is set once its
    bytes are stored, `stored_as` for the place just registered; `delivery_id` names a mail set aside that is now
    delivered again.
    """

    raw: bytes
    envelope_from: str | None
    parsed: ParsedMail
    recipients: tuple[str, ...] = ()
    mail_id: int | None = None
    delivery_id: int | None = None
    stored_as: int | None = None
    results: list[DeliveryResult] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """What the mail is known by wherever it comes to: its Message-ID, else a digest of what it says."""
        return identity_of(self.parsed)

    @classmethod
    def of(cls, raw: bytes, envelope_from: str | None, recipients: Sequence[str] = ()) -> "InboundMail":
        """Read a mail; `recipients` are all of its envelope, also those for which it is stored apart."""
        return cls(raw, envelope_from, parse_mail(raw, envelope_from), tuple(recipients))


def identity_of(parsed: ParsedMail) -> str:
    """What a mail is known by: its Message-ID, else a digest of what it says."""
    if parsed.message_id:
        return parsed.message_id
    words = "\0".join((parsed.written_date, parsed.subject)).encode("utf-8", "replace")
    return hashlib.sha256(words + parsed.body_digest).hexdigest()


def claim_delivery(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
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
    digest = _digest(inbound_mail.parsed, target)
    came = formerly and formerly != target and _is_there(uow, inbound_mail, _digest(inbound_mail.parsed, formerly))
    if came or (fate in _NEW and _was_forgotten(uow, inbound_mail)):
        inbound_mail.results.append(DeliveryResult(recipient, Fate.REPEATED))
        return False
    values = {
        "recipient": storable(recipient),
        "digest": digest,
        "fate": fate,
        "reason": reason,
        "waiting": fate is Fate.SET_ASIDE,
        "ticket_id": ticket,
    }
    stored = _move(uow, inbound_mail, values) if inbound_mail.delivery_id else _insert(uow, inbound_mail, values)
    inbound_mail.results.append(
        DeliveryResult(recipient, fate, ticket, reason) if stored else DeliveryResult(recipient, Fate.REPEATED)
    )
    return stored


def _is_there(uow: UnitOfWork, inbound_mail: InboundMail, digest: bytes) -> bool:
    same = select(_DELIVERY.c.id).where(_DELIVERY.c.digest == digest, _DELIVERY.c.id != (inbound_mail.delivery_id or 0))
    return uow.connection.execute(same).scalar() is not None


# Where a mail ends that belongs to no ticket, or to none any more.
_NEW = (Fate.OPENED, Fate.SET_ASIDE)


def _was_forgotten(uow: UnitOfWork, inbound_mail: InboundMail) -> bool:
    """Whether this very mail came before and was forgotten: then it stays so, wherever it would go now."""
    same = select(_MAIL.c.id).where(_MAIL.c.identity == forgotten_identity(inbound_mail.parsed))
    return uow.connection.execute(same.limit(1)).scalar() is not None


def forgotten_identity(parsed: ParsedMail) -> str:
    """What a mail that was forgotten is known by: a digest, from which nobody learns what it was."""
    return f"forgotten {_digest(parsed, '').hex()}"


def set_opened_ticket(uow: UnitOfWork, inbound_mail: InboundMail, ticket: int) -> None:
    """Name the ticket that the mail just registered has opened."""
    set_fate(uow, inbound_mail, Fate.OPENED, ticket)


def set_fate(uow: UnitOfWork, inbound_mail: InboundMail, fate: Fate, ticket: int | None) -> None:
    """Say what has become of the mail just registered."""
    uow.connection.execute(_BECAME, {"delivery": inbound_mail.stored_as, "now": fate, "ticket": ticket})
    inbound_mail.results[-1] = DeliveryResult(inbound_mail.results[-1].recipient, fate, ticket)


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


def _insert(uow: UnitOfWork, inbound_mail: InboundMail, values: dict[str, Any]) -> bool:
    first = inbound_mail.mail_id is None
    if first:
        inbound_mail.mail_id = _store(uow, inbound_mail)
    connection = uow.connection
    add = _add_delivery(connection.dialect.name)
    new: int | None = connection.execute(add, {"mail_id": inbound_mail.mail_id, **values}).scalar()
    inbound_mail.stored_as = new
    if new is None and first:
        connection.execute(_DROP_MAIL, {"mail": inbound_mail.mail_id})
        inbound_mail.mail_id = None
    return new is not None


def _store(uow: UnitOfWork, inbound_mail: InboundMail) -> int:
    parsed = inbound_mail.parsed
    columns = {
        "received": uow.now,
        "envelope_from": None if inbound_mail.envelope_from is None else storable(inbound_mail.envelope_from),
        "author": parsed.sender.email if parsed.sender else "",
        "subject": parsed.subject,
        "identity": inbound_mail.identity,
        "raw": inbound_mail.raw,
    }
    return int(uow.connection.execute(_ADD_MAIL, columns).scalar_one())


def _move(uow: UnitOfWork, inbound_mail: InboundMail, values: dict[str, Any]) -> bool:
    """Give a mail that was set aside its new place, unless it is there already."""
    own_row = _DELIVERY.c.id == inbound_mail.delivery_id
    same = select(_DELIVERY.c.id).where(_DELIVERY.c.digest == values["digest"], ~own_row)
    repeated = uow.connection.execute(same).scalar() is not None
    if repeated:
        values = {"waiting": False, "fate": Fate.REPEATED}
    uow.connection.execute(update(_DELIVERY).where(own_row).values(**values))
    inbound_mail.stored_as = inbound_mail.delivery_id
    return not repeated


def _digest(parsed: ParsedMail, target: str) -> bytes:
    """What makes two mails the same: place, sender, Message-ID and body; without Message-ID also date and subject."""
    sender = address_key(parsed.sender.email) if parsed.sender else ""
    named = (parsed.message_id,) if parsed.message_id else (parsed.written_date, parsed.subject)
    words = "\0".join((target, sender, *named)).encode("utf-8", "replace")
    return hashlib.sha256(words + b"\0" + parsed.body_digest).digest()


def delivery_digest(parsed: ParsedMail, target: str) -> bytes:
    """The digest by which a mail is known at a place, for mail that comes to its ticket another way."""
    return _digest(parsed, target)
