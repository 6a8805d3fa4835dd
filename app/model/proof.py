"""This file holds what proves who wrote a mail (our letters' Message-IDs, the front server's word), and our own id."""

import hmac
import re
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.model import authentication
from app.model.addresses import address_key
from app.model.authentication import Verdict
from app.model.base import Base
from app.model.desk import Desk
from app.model.letters import Letter
from app.model.mails import Mail
from app.model.places import find_place

if TYPE_CHECKING:
    from app.model.arrival import Arrival
    from app.model.people import Person
    from app.model.threads import Known


class Secret(Base):
    """A key that was made with this database, and goes wherever it goes."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


_LETTERS = "letters"
_OURS = re.compile(r"<([0-9a-f]{16})\.([0-9a-f]{32})@[^<>@]+>")


def new_message_id(desk: Desk) -> str:
    """A Message-ID of ours (RFC 5322 3.6.4), with a keyed token that nobody can guess."""
    nonce = secrets.token_hex(8)
    return f"<{nonce}.{_token(desk, nonce)}@{desk.domain}>"


def _token(desk: Desk, nonce: str) -> str:
    return hmac.new(_key(desk), nonce.encode(), sha256).hexdigest()[:32]


def _key(desk: Desk) -> bytes:
    """The key of this database's letters, made with it."""
    if _LETTERS not in desk.secrets:
        desk.secrets[_LETTERS] = desk.session.get_one(Secret, _LETTERS).value
    return bytes.fromhex(desk.secrets[_LETTERS])


def tracker_id(desk: Desk) -> str:
    """Sixteen hexadecimal digits that tell this database from all others; the key cannot be read from them."""
    return _token(desk, "tracker")[:16]


def is_our_id(desk: Desk, message_id: str) -> bool:
    """Whether a Message-ID bears the token of our key."""
    match = _OURS.fullmatch(message_id)
    return match is not None and hmac.compare_digest(match[2], _token(desk, match[1]))


def is_verified(desk: Desk, arrival: "Arrival", person: "Person", known: "Sequence[Known]") -> bool:
    """Whether a mail is from whom it says (INTERFACE 6).

    It answers a letter that went to that very person, or the front server says so of the address in From. Never with
    two addresses in From or none, when the front server disowns it, or when a mail of this Message-ID came before:
    whoever saw it could send it again elsewhere.
    """
    if arrival.incoming.authors != 1 or (verdict := _verdict(desk, arrival)) is Verdict.FAIL:
        return False
    answers = desk.trust.by != "dmarc" and _answers_own_letter(desk, arrival, person, known)
    return (verdict is Verdict.PASS or answers) and not _came_before(desk, arrival)


def is_believed(desk: Desk, arrival: "Arrival", *, verified: bool) -> bool:
    """Whether a mail's commands are believed: it is verified, or its From is enough here and nobody disowns it."""
    if verified or desk.trust.by != "from":
        return verified
    return arrival.incoming.authors == 1 and _verdict(desk, arrival) is not Verdict.FAIL


def _verdict(desk: Desk, arrival: "Arrival") -> Verdict:
    """What the front server says of the address in From."""
    sender = arrival.incoming.sender
    return authentication.verdict(arrival.raw, desk.trust.server, sender.email) if sender else Verdict.NONE


def _answers_own_letter(desk: Desk, arrival: "Arrival", person: "Person", known: "Sequence[Known]") -> bool:
    """Only the nearest id counts: what stands in References was seen by everybody who answered before."""
    return any(is_our_id(desk, one.given) for one in _answered(arrival, person, known) if not one.shown)


def _answered(arrival: "Arrival", person: "Person", known: "Sequence[Known]") -> "list[Known]":
    """The letters to this person that a mail answers."""
    incoming = arrival.incoming
    nearest = incoming.in_reply_to or incoming.references[-1:]
    return [one for one in known if one.reader == person.id and one.given in nearest]


def note_shown(desk: Desk, arrival: "Arrival", person: "Person", known: "Sequence[Known]") -> None:
    """Remember that a mail shows the id of the letter that it answers to others: from now on they could use it."""
    answered = [one.given for one in _answered(arrival, person, known)]
    named = {address_key(one.email) for one in arrival.incoming.to} - {address_key(person.email)}
    if answered and any(find_place(desk, email) is None for email in named):
        desk.connection.execute(update(Letter).where(Letter.message_id.in_(answered)).values(shown=True))


def _came_before(desk: Desk, arrival: "Arrival") -> bool:
    same = select(Mail.id).where(Mail.identity == arrival.identity, Mail.id != arrival.mail_id)
    return desk.session.scalar(same.limit(1)) is not None
