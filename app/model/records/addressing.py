"""Which addresses are ours and where each leads."""

import re
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import bindparam, select

from ...mail.addresses import address_key
from ..storage.base import MAX_ID
from ..storage.unit_of_work import Desk
from .letters import Letter
from .queues import QueueAddress
from .tickets import Ticket

BOUNCE, UNSUBSCRIBE = "bounce-", "unsubscribe-"
_COMMENT, _SEARCH = "-comment", "-search"
_TICKET = re.compile(rf"ticket([0-9]+)({_COMMENT})?")
_POSTMASTERS = ("postmaster", "abuse")
# Every form of local part that the tracker itself answers, now or in a form foreseen for it
# (docs/interface.md, section 3).
_RESERVED = re.compile(r"ticket[0-9]+(-comment)?|bounce-.*|unsubscribe-.*|.*-(comment|search)|postmaster|abuse")


class Kind(StrEnum):
    """What an address of ours stands for."""

    TICKET = "ticket"
    TICKET_COMMENT = "ticket-comment"
    QUEUE = "queue"
    QUEUE_COMMENT = "queue-comment"
    SEARCH = "search"
    BOUNCE = "bounce"
    UNSUBSCRIBE = "unsubscribe"
    POSTMASTER = "postmaster"

    @property
    def is_of_letter(self) -> bool:
        """Whether it names a letter by its token."""
        return self in (Kind.BOUNCE, Kind.UNSUBSCRIBE)

    @property
    def is_ticket(self) -> bool:
        """Whether it names a ticket by its number."""
        return self in (Kind.TICKET, Kind.TICKET_COMMENT)

    @property
    def is_queue(self) -> bool:
        """Whether mail to it is posted in a queue."""
        return self in (Kind.QUEUE, Kind.QUEUE_COMMENT)

    @property
    def is_comment(self) -> bool:
        """Whether mail to it is a private comment."""
        return self in (Kind.TICKET_COMMENT, Kind.QUEUE_COMMENT)


class Place(NamedTuple):
    """Where an address of ours leads: a ticket's number, a queue's id or a letter's token; `name` is canonical."""

    kind: Kind
    name: str
    number: int = 0
    token: str = ""


def is_reserved(address: str) -> bool:
    """Whether a queue cannot have this address because the tracker gives it a meaning of its own."""
    return "@" not in address and bool(_RESERVED.fullmatch(address))


def ticket_address(desk: Desk, number: int) -> str:
    """The address of a ticket."""
    return f"ticket{number}@{desk.domain}"


def comment_address(desk: Desk, number: int) -> str:
    """The address for private comments on a ticket."""
    return f"ticket{number}{_COMMENT}@{desk.domain}"


def search_address(desk: Desk, address: str) -> str:
    """The address for questions beside one that a queue answers (as it is kept, see `Place.name`)."""
    local, _, domain = address.partition("@")
    return f"{local}{_SEARCH}@{domain or desk.domain}"


def bounce_address(domain: str, token: str) -> str:
    """The envelope sender of one letter."""
    return f"{BOUNCE}{token}@{domain}"


def unsubscribe_address(domain: str, token: str) -> str:
    """The address at which the reader of one letter leaves its ticket."""
    return f"{UNSUBSCRIBE}{token}@{domain}"


def postmaster_address(desk: Desk) -> str:
    """The address from which the tracker itself writes to its administrators."""
    return f"postmaster@{desk.domain}"


def is_at_our_domain(desk: Desk, address: str) -> bool:
    """Whether an address stands at our domain; a bare local part does (RFC 5321 4.5.1: `<postmaster>`)."""
    return "@" not in address or address_key(address).rpartition("@")[2] == desk.domain


def find_place(desk: Desk, address: str) -> Place | None:
    """Where an address leads, as far as its form and the queues tell; None where it is not one of ours."""
    whole = address if "@" in address else f"{address}@{desk.domain}"
    if not whole.rpartition("@")[0].isascii():
        # None of ours; folded, a Kelvin sign would be a k.
        return None
    local, _, domain = address_key(whole).rpartition("@")
    if domain == desk.domain:
        return _by_form(local) or _queue(desk, local, "")
    return _queue(desk, local, f"@{domain}")


def _by_form(local: str) -> Place | None:
    if match := _TICKET.fullmatch(local):
        # Forty digits are an unknown ticket, not a number to compute with (nor 5,000, at which int() raises).
        digits = match[1].lstrip("0")
        number = int(digits) if 0 < len(digits) <= len(str(MAX_ID)) else 0
        return Place(Kind.TICKET_COMMENT if match[2] else Kind.TICKET, f"ticket{digits or 0}", number=number)
    if local.startswith(BOUNCE):
        return Place(Kind.BOUNCE, local, token=local.removeprefix(BOUNCE))
    if local.startswith(UNSUBSCRIBE):
        return Place(Kind.UNSUBSCRIBE, local, token=local.removeprefix(UNSUBSCRIBE))
    if local in _POSTMASTERS:
        return Place(Kind.POSTMASTER, local)
    return None


_QUEUE_OF = select(QueueAddress.queue_id).where(QueueAddress.address == bindparam("address"))


def _queue(desk: Desk, local: str, domain: str) -> Place | None:
    """The queue that has this address, or whose address for private comments or for questions it is."""
    kind, stem = Kind.QUEUE, local
    if local.endswith(_COMMENT):
        kind, stem = Kind.QUEUE_COMMENT, local.removesuffix(_COMMENT)
    elif local.endswith(_SEARCH):
        kind, stem = Kind.SEARCH, local.removesuffix(_SEARCH)
        # At another domain a queue may have had such an address before it meant anything.
        if domain and (own := _queue_of(desk, f"{local}{domain}")) is not None:
            return Place(Kind.QUEUE, f"{local}{domain}", number=own)
    queue_id = _queue_of(desk, f"{stem}{domain}")
    return None if queue_id is None else Place(kind, f"{stem}{domain}", number=queue_id)


def _queue_of(desk: Desk, address: str) -> int | None:
    found: int | None = desk.connection.execute(_QUEUE_OF, {"address": address}).scalar()
    return found


def leads_somewhere(desk: Desk, address: str) -> bool:
    """Whether mail to this address would find a ticket, a queue, a letter or the postmaster."""
    place = find_place(desk, address)
    if place is not None and place.kind.is_of_letter:
        return desk.session.scalar(select(Letter.id).where(Letter.token == place.token)) is not None
    if place is None or not place.kind.is_ticket:
        return place is not None
    ticket = desk.session.get(Ticket, place.number) if 0 < place.number <= MAX_ID else None
    return ticket is not None and not ticket.forgotten
