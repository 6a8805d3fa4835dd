"""How a mail is stored once at each place: claimed by its digest, and settled with its fate."""

import hashlib
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, exists, insert, select, update

from ...mail.addresses import address_key
from ...mail.parsed import ParsedMail
from ...mail.text import storable
from ..records.received_mail import Delivery, Mail
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from .inbound_mail import DeliveryResult, Fate, InboundMail, identity_of


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


def past_of(uow: UnitOfWork, inbound_mail: InboundMail, place: str = "", formerly: str = "") -> Past:
    """Return what of a mail came before, to one of these two places and anywhere."""
    [columns] = _PAST.rows(uow.connection, past_values(inbound_mail, place, formerly))
    return Past(*map(bool, columns))


def past_values(inbound_mail: InboundMail, place: str, formerly: str = "") -> dict[str, object]:
    """Return the values for `PAST`: these two places, and what the mail is known by."""
    digest = delivery_digest(inbound_mail.parsed, place)
    return {
        "digest": digest,
        "former_digest": delivery_digest(inbound_mail.parsed, formerly) if formerly else digest,
        "delivery": inbound_mail.delivery_id or 0,
        "identity": identity_of(inbound_mail.parsed),
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
        "digest": delivery_digest(inbound_mail.parsed, claim.place),
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
    return f"forgotten {delivery_digest(parsed, '').hex()}"


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
# A new connection takes one millisecond on SQLite and twelve on PostgreSQL: too much for each mail.
_LARGE = 1_000_000


def store_mail(uow: UnitOfWork, inbound_mail: InboundMail) -> int:
    """Store the exact bytes of a mail; the id of its row."""
    parsed = inbound_mail.parsed
    columns = {
        "received": uow.now,
        "envelope_from": None if inbound_mail.envelope_from is None else storable(inbound_mail.envelope_from),
        "author": parsed.sender.email if parsed.sender else "",
        "subject": parsed.subject,
        "identity": identity_of(parsed),
        "raw": inbound_mail.raw,
    }
    [(mail_id,)] = _ADD_MAIL.rows(uow.connection, columns)
    if len(inbound_mail.raw) > _LARGE:
        # SQLite and libpq keep a copy of these bytes until a connection ends: this one ends with its transaction.
        uow.connection.detach()
    return int(mail_id)


def delivery_digest(parsed: ParsedMail, target: str) -> bytes:
    """Return what makes two mails the same: place, sender, Message-ID and body; without one also date and subject."""
    sender = address_key(parsed.sender.email) if parsed.sender else ""
    named = (parsed.message_id,) if parsed.message_id else (parsed.written_date, parsed.subject)
    words = "\0".join((target, sender, *named)).encode("utf-8", "replace")
    return hashlib.sha256(words + b"\0" + parsed.body_digest).digest()
