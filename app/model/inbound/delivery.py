"""A mail on its way in: its bytes, its envelope, what was read from it, and how it is stored once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

from sqlalchemy import Table, bindparam, exists, insert, select, update

from ...mail.addresses import Mailbox, address_key
from ...mail.parsed import ParsedMail, parse_mail
from ...mail.text import storable
from ..records.received_mail import Delivery, Mail
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from .finding.references import KnownReference


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
class DeliveryResult:
    """What became of a mail for one recipient, for the log and for who handed it over; `mail_id` has its bytes."""

    recipient: str
    fate: Fate
    ticket: int | None = None
    reason: str = ""
    mail_id: int | None = None


@dataclass(frozen=True)
class InboundMail:
    """One mail, handed over once, for one or more recipients of ours.

    `envelope_from` is empty for the null reverse-path, None where there was no envelope. `mail_id` is the row of its
    bytes, once they are stored. `delivery_id` names a mail set aside that is now delivered again. `results` are those
    of the recipients before this one. `writer` is who wrote it, where that is not who stands in From: it is
    `appointed` by an administrator, or else named by what stands in front of us. `references` are what of ours it
    names, nearest first, once that was read.
    """

    raw: bytes
    envelope_from: str | None
    parsed: ParsedMail
    recipients: tuple[str, ...] = ()
    mail_id: int | None = None
    delivery_id: int | None = None
    results: tuple[DeliveryResult, ...] = ()
    writer: Mailbox | None = None
    appointed: bool = False
    references: "tuple[KnownReference, ...]" = ()

    @cached_property
    def sender(self) -> Mailbox | None:
        """Who wrote it, as far as can be told (docs/interface.md, section 3)."""
        return self.writer or self.parsed.sender

    @property
    def mailbox(self) -> Mailbox:
        """Who wrote it, of a mail that somebody wrote: whatever has no sender is set aside before."""
        if self.sender is None:
            raise ValueError("a mail without a sender")
        return self.sender

    @cached_property
    def relayed(self) -> bool:
        """Whether a group, a list or a form put an address of ours in From, and names the writer elsewhere."""
        return self.writer is not None and not self.appointed

    @cached_property
    def identity(self) -> str:
        """What the mail is known by wherever it comes to: its Message-ID, else a digest of what it says."""
        return identity_of(self.parsed)

    @classmethod
    def of(cls, raw: bytes, envelope_from: str | None, recipients: Sequence[str] = ()) -> "InboundMail":
        """Read a mail; `recipients` are all of its envelope, also those for which it is stored apart."""
        return cls(raw, envelope_from, parse_mail(raw, envelope_from), tuple(recipients))

    def after(self, result: DeliveryResult) -> "InboundMail":
        """Return this mail as it goes on to the next recipient."""
        mail_id = self.mail_id if result.mail_id is None else result.mail_id
        return replace(self, mail_id=mail_id, results=(*self.results, result))


def identity_of(parsed: ParsedMail) -> str:
    """What a mail is known by: its Message-ID, else a digest of what it says."""
    if parsed.message_id:
        return parsed.message_id
    words = "\0".join((parsed.written_date, parsed.subject)).encode("utf-8", "replace")
    return hashlib.sha256(words + parsed.body_digest).hexdigest()


class Past(NamedTuple):
    """What of a mail came before: it itself to this place, a mail of its identity anywhere, one that was erased."""

    repeated: bool
    came_before: bool
    forgotten: bool


class Claim(NamedTuple):
    """A mail at a place where it has not been: its bytes are stored, and what becomes of it is stored by `settle`.

    `came_before`: a mail of its identity came to another place, with other bytes or from another server.
    """

    inbound_mail: InboundMail
    recipient: str
    place: str
    mail_id: int
    came_before: bool

    @property
    def parsed(self) -> ParsedMail:
        """What the mail says."""
        return self.inbound_mail.parsed


def past_of(uow: UnitOfWork, inbound_mail: InboundMail, place: str = "", formerly: str = "") -> Past:
    """Return what of a mail came before, to one of these two places and anywhere."""
    [columns] = _PAST.rows(uow.connection, past_values(inbound_mail, place, formerly))
    return Past(*map(bool, columns))


def past_values(inbound_mail: InboundMail, place: str, formerly: str = "") -> dict[str, object]:
    """Return the values for `PAST`: these two places, and what the mail is known by."""
    digest = _digest(inbound_mail.parsed, place)
    return {
        "digest": digest,
        "former_digest": _digest(inbound_mail.parsed, formerly) if formerly else digest,
        "delivery": inbound_mail.delivery_id or 0,
        "identity": inbound_mail.identity,
        "mail": inbound_mail.mail_id or 0,
        "forgotten": forgotten_identity(inbound_mail.parsed),
    }


def claim(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
    recipient: str,
    our_address: str,
    formerly: str = "",
    *,
    new: bool = False,
    past: Past | None = None,
) -> Claim | None:
    """Store the bytes of a mail for one place. None if the same mail came there before: then nothing was done.

    `our_address` is the ticket or the queue's address, `formerly` what it was before it became part of another one.
    `past` is what came before to this place, if that is known.
    `new`: the mail belongs to no ticket, or to none any more; one that was erased stays so. Of two connections that
    bring the same mail at the same instant, the unique digest lets one settle it (docs/interface.md, section 7).
    """
    past = past or past_of(uow, inbound_mail, our_address, formerly)
    if past.repeated or (new and past.forgotten):
        return None
    return Claim(
        inbound_mail, recipient, our_address, inbound_mail.mail_id or store_mail(uow, inbound_mail), past.came_before
    )


def settle(uow: UnitOfWork, claim: Claim, fate: Fate, ticket: int | None = None, reason: str = "") -> DeliveryResult:
    """Store what became of a mail at the place that it has claimed."""
    inbound_mail = claim.inbound_mail
    values = {
        "recipient": storable(claim.recipient),
        "digest": _digest(inbound_mail.parsed, claim.place),
        "fate": fate,
        "reason": reason,
        "waiting": fate is Fate.SET_ASIDE,
        "ticket_id": ticket,
    }
    if inbound_mail.delivery_id:
        uow.connection.execute(_DELIVERED_AGAIN.values(**values), {"delivery": inbound_mail.delivery_id})
    else:
        _ADD_DELIVERY.rows(uow.connection, {"mail_id": claim.mail_id, **values})
    return DeliveryResult(claim.recipient, fate, ticket, reason, claim.mail_id)


def repeat(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> DeliveryResult:
    """Say of a mail that it came before; one that was set aside waits no more."""
    if inbound_mail.delivery_id:
        repeated = _DELIVERED_AGAIN.values(waiting=False, fate=Fate.REPEATED)
        uow.connection.execute(repeated, {"delivery": inbound_mail.delivery_id})
    return DeliveryResult(recipient, Fate.REPEATED, mail_id=inbound_mail.mail_id)


def forgotten_identity(parsed: ParsedMail) -> str:
    """What a mail that was forgotten is known by: a digest, from which nobody learns what it was."""
    return f"forgotten {_digest(parsed, '').hex()}"


_MAIL, _DELIVERY = cast("Table", Mail.__table__), cast("Table", Delivery.__table__)
_ADD_MAIL = Prepared(
    insert(_MAIL).returning(_MAIL.c.id), ("received", "envelope_from", "author", "subject", "identity", "raw")
)
_ADD_DELIVERY = Prepared(
    insert(_DELIVERY), ("mail_id", "recipient", "digest", "fate", "reason", "waiting", "ticket_id")
)
_DELIVERED_AGAIN = update(_DELIVERY).where(_DELIVERY.c.id == bindparam("delivery"))
PAST = (
    exists().where(
        _DELIVERY.c.digest.in_([bindparam("digest"), bindparam("former_digest")]),
        _DELIVERY.c.id != bindparam("delivery"),
    ),
    exists().where(_MAIL.c.identity == bindparam("identity"), _MAIL.c.id != bindparam("mail")),
    exists().where(_MAIL.c.identity == bindparam("forgotten")),
)
"""The columns of `Past`."""
_PAST = Prepared(select(*PAST))


def store_mail(uow: UnitOfWork, inbound_mail: InboundMail) -> int:
    """Store the exact bytes of a mail; the id of its row."""
    parsed = inbound_mail.parsed
    columns = {
        "received": uow.now,
        "envelope_from": None if inbound_mail.envelope_from is None else storable(inbound_mail.envelope_from),
        "author": parsed.sender.email if parsed.sender else "",
        "subject": parsed.subject,
        "identity": inbound_mail.identity,
        "raw": inbound_mail.raw,
    }
    [(mail_id,)] = _ADD_MAIL.rows(uow.connection, columns)
    return int(mail_id)


def _digest(parsed: ParsedMail, target: str) -> bytes:
    """What makes two mails the same: place, sender, Message-ID and body; without Message-ID also date and subject."""
    sender = address_key(parsed.sender.email) if parsed.sender else ""
    named = (parsed.message_id,) if parsed.message_id else (parsed.written_date, parsed.subject)
    words = "\0".join((target, sender, *named)).encode("utf-8", "replace")
    return hashlib.sha256(words + b"\0" + parsed.body_digest).digest()


def delivery_digest(parsed: ParsedMail, target: str) -> bytes:
    """The digest by which a mail is known at a place, for mail that comes to its ticket another way."""
    return _digest(parsed, target)
