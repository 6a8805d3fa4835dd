"""A mail on its way in: its bytes, its envelope, what was read from it, and how it is stored once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple, cast

from sqlalchemy import BindParameter, Table, bindparam, exists, insert, select, update

from ...mail.addresses import address_key
from ...mail.parsed import Incoming, read
from ...mail.text import storable
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import Desk


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
class Outcome:
    """What became of a mail for one recipient, for the log and for who handed it over; `mail_id` has its bytes."""

    recipient: str
    fate: Fate
    ticket: int | None = None
    reason: str = ""
    mail_id: int | None = None


@dataclass(frozen=True)
class Arrival:
    """One mail, handed over once, for one or more recipients of ours.

    `envelope_from` is empty for the null reverse-path, None where there was no envelope. `mail_id` is the row of its
    bytes, once they are stored. `delivery_id` names a mail set aside that is now delivered again. `outcomes` are those
    of the recipients before this one.
    """

    raw: bytes
    envelope_from: str | None
    incoming: Incoming
    recipients: tuple[str, ...] = ()
    mail_id: int | None = None
    delivery_id: int | None = None
    outcomes: tuple[Outcome, ...] = ()

    @property
    def identity(self) -> str:
        """What the mail is known by wherever it comes to: its Message-ID, else a digest of what it says."""
        return identity_of(self.incoming)

    @classmethod
    def of(cls, raw: bytes, envelope_from: str | None, recipients: Sequence[str] = ()) -> "Arrival":
        """Read a mail; `recipients` are all of its envelope, also those for which it is stored apart."""
        return cls(raw, envelope_from, read(raw, envelope_from), tuple(recipients))

    def after(self, outcome: Outcome) -> "Arrival":
        """Return this mail as it goes on to the next recipient."""
        mail_id = self.mail_id if outcome.mail_id is None else outcome.mail_id
        return replace(self, mail_id=mail_id, outcomes=(*self.outcomes, outcome))


def identity_of(incoming: Incoming) -> str:
    """What a mail is known by: its Message-ID, else a digest of what it says."""
    if incoming.message_id:
        return incoming.message_id
    words = "\0".join((incoming.written_date, incoming.subject)).encode("utf-8", "replace")
    return hashlib.sha256(words + incoming.body_digest).hexdigest()


class Past(NamedTuple):
    """What of a mail came before: it itself to this place, a mail of its identity anywhere, one that was erased."""

    repeated: bool
    came_before: bool
    forgotten: bool


class Claim(NamedTuple):
    """A mail at a place where it has not been: its bytes are stored, and what becomes of it is stored by `settle`.

    `came_before`: a mail of its identity came to another place, with other bytes or from another server.
    """

    arrival: Arrival
    recipient: str
    place: str
    mail_id: int
    came_before: bool

    @property
    def incoming(self) -> Incoming:
        """What the mail says."""
        return self.arrival.incoming


def past_of(desk: Desk, arrival: Arrival, *places: str) -> Past:
    """Return what of a mail came before, to one of these places and anywhere."""
    ids = {
        "digests": [_digest(arrival.incoming, place) for place in places if place],
        "delivery": arrival.delivery_id or 0,
        "identity": arrival.identity,
        "mail": arrival.mail_id or 0,
        "forgotten": forgotten_identity(arrival.incoming),
    }
    repeated, came_before, forgotten = desk.connection.execute(_PAST, ids).one()
    return Past(bool(repeated), bool(came_before), bool(forgotten))


def claim(
    desk: Desk, arrival: Arrival, recipient: str, place: str, formerly: str = "", *, new: bool = False
) -> Claim | None:
    """Store the bytes of a mail for one place. None if the same mail came there before: then nothing was done.

    `place` is the ticket or the queue's address, `formerly` what it was before it became part of another one. `new`:
    the mail belongs to no ticket, or to none any more; one that was erased stays so. Of two connections that bring the
    same mail at the same instant, the unique digest lets one settle it (docs/interface.md, section 7).
    """
    past = past_of(desk, arrival, place, formerly)
    if past.repeated or (new and past.forgotten):
        return None
    return Claim(arrival, recipient, place, arrival.mail_id or _store(desk, arrival), past.came_before)


def settle(desk: Desk, claim: Claim, fate: Fate, ticket: int | None = None, reason: str = "") -> Outcome:
    """Store what became of a mail at the place that it has claimed."""
    arrival = claim.arrival
    values = {
        "recipient": storable(claim.recipient),
        "digest": _digest(arrival.incoming, claim.place),
        "fate": fate,
        "reason": reason,
        "waiting": fate is Fate.SET_ASIDE,
        "ticket_id": ticket,
    }
    if arrival.delivery_id:
        desk.connection.execute(_DELIVERED_AGAIN.values(**values), {"delivery": arrival.delivery_id})
    else:
        desk.connection.execute(_ADD_DELIVERY, {"mail_id": claim.mail_id, **values})
    return Outcome(claim.recipient, fate, ticket, reason, claim.mail_id)


def repeat(desk: Desk, arrival: Arrival, recipient: str) -> Outcome:
    """Say of a mail that it came before; one that was set aside waits no more."""
    if arrival.delivery_id:
        done = _DELIVERED_AGAIN.values(waiting=False, fate=Fate.REPEATED)
        desk.connection.execute(done, {"delivery": arrival.delivery_id})
    return Outcome(recipient, Fate.REPEATED, mail_id=arrival.mail_id)


def forgotten_identity(incoming: Incoming) -> str:
    """What a mail that was forgotten is known by: a digest, from which nobody learns what it was."""
    return f"forgotten {_digest(incoming, '').hex()}"


_MAIL, _DELIVERY = cast("Table", Mail.__table__), cast("Table", Delivery.__table__)
_ADD_MAIL = insert(_MAIL).returning(_MAIL.c.id)
_ADD_DELIVERY = insert(_DELIVERY)
_DELIVERED_AGAIN = update(_DELIVERY).where(_DELIVERY.c.id == bindparam("delivery"))
_DIGESTS: BindParameter[Any] = bindparam("digests", expanding=True)
_PAST = select(
    exists().where(_DELIVERY.c.digest.in_(_DIGESTS), _DELIVERY.c.id != bindparam("delivery")),
    exists().where(_MAIL.c.identity == bindparam("identity"), _MAIL.c.id != bindparam("mail")),
    exists().where(_MAIL.c.identity == bindparam("forgotten")),
)


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


def _digest(incoming: Incoming, target: str) -> bytes:
    """What makes two mails the same: place, sender, Message-ID and body; without Message-ID also date and subject."""
    sender = address_key(incoming.sender.email) if incoming.sender else ""
    named = (incoming.message_id,) if incoming.message_id else (incoming.written_date, incoming.subject)
    words = "\0".join((target, sender, *named)).encode("utf-8", "replace")
    return hashlib.sha256(words + b"\0" + incoming.body_digest).digest()


def digest_at(incoming: Incoming, target: str) -> bytes:
    """The digest by which a mail is known at a place, for mail that comes to its ticket another way."""
    return _digest(incoming, target)
