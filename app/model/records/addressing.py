"""Which addresses are ours and where each leads."""

import re
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import bindparam, select

from ...mail.addresses import address_key
from ..storage.base import MAX_ID
from ..storage.mapped_rows import columns_of, load
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from .letters import Letter
from .our_domains import our_domains
from .queues import Queue, QueueAddress
from .tickets import Ticket

BOUNCE, UNSUBSCRIBE = "bounce-", "unsubscribe-"
_COMMENT, _SEARCH = "-comment", "-search"
_TICKET = re.compile(rf"ticket([0-9]+)({_COMMENT})?")
_POSTMASTERS = ("postmaster", "abuse")
# Every form of local part that the tracker itself answers, now or in a form foreseen for it
# (docs/interface.md, section 3).
_RESERVED = re.compile(r"ticket[0-9]+(-comment)?|bounce-.*|unsubscribe-.*|.*-(comment|search)|postmaster|abuse")


class AddressKind(StrEnum):
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
        return self in (AddressKind.BOUNCE, AddressKind.UNSUBSCRIBE)

    @property
    def is_ticket(self) -> bool:
        """Whether it names a ticket by its number."""
        return self in (AddressKind.TICKET, AddressKind.TICKET_COMMENT)

    @property
    def is_queue(self) -> bool:
        """Whether mail to it is posted in a queue."""
        return self in (AddressKind.QUEUE, AddressKind.QUEUE_COMMENT)

    @property
    def is_comment(self) -> bool:
        """Whether mail to it is a private comment."""
        return self in (AddressKind.TICKET_COMMENT, AddressKind.QUEUE_COMMENT)


class OurAddress(NamedTuple):
    """Where an address of ours leads: a ticket's number, a queue's id or a letter's token; `name` is canonical."""

    kind: AddressKind
    name: str
    number: int = 0
    token: str = ""


def is_reserved(address: str) -> bool:
    """Whether a queue cannot have this address because the tracker gives it a meaning of its own."""
    return "@" not in address and bool(_RESERVED.fullmatch(address))


def ticket_address(uow: UnitOfWork, number: int) -> str:
    """The address of a ticket."""
    return f"ticket{number}@{uow.domain}"


def comment_address(uow: UnitOfWork, number: int) -> str:
    """The address for private comments on a ticket."""
    return f"ticket{number}{_COMMENT}@{uow.domain}"


def search_address(uow: UnitOfWork, address: str) -> str:
    """The address for questions beside one that a queue answers (as it is kept, see `OurAddress.name`)."""
    local, _, domain = address.partition("@")
    return f"{local}{_SEARCH}@{domain or uow.domain}"


def bounce_address(domain: str, token: str) -> str:
    """The envelope sender of one letter."""
    return f"{BOUNCE}{token}@{domain}"


def unsubscribe_address(domain: str, token: str) -> str:
    """The address at which the reader of one letter leaves its ticket."""
    return f"{UNSUBSCRIBE}{token}@{domain}"


def postmaster_address(uow: UnitOfWork) -> str:
    """The address from which the tracker itself writes to its administrators."""
    return f"postmaster@{uow.domain}"


def is_at_our_domain(uow: UnitOfWork, address: str) -> bool:
    """Whether an address stands at a domain of ours; a bare local part does (RFC 5321 4.5.1: `<postmaster>`)."""
    return "@" not in address or address_key(address).rpartition("@")[2] in our_domains(uow)


def find_our_address(uow: UnitOfWork, address: str) -> OurAddress | None:
    """Where an address leads, as far as its form and the queues tell; None where it is not one of ours."""
    whole = address if "@" in address else f"{address}@{uow.domain}"
    if not whole.rpartition("@")[0].isascii():
        # None of ours; folded, a Kelvin sign would be a k.
        return None
    local, _, domain = address_key(whole).rpartition("@")
    if domain in our_domains(uow) and (ours := place_by_form(local) or _queue(uow, local, "")) is not None:
        return ours
    # Also at our domain: a queue may have answered the whole address before the domain became ours.
    return _queue(uow, local, f"@{domain}")


def ticket_place(digits: str, *, comment: bool) -> OurAddress:
    """Return where a ticket's address with this number leads, or the one for private comments on it."""
    # Forty digits are an unknown ticket, not a number to compute with (nor 5,000, at which int() raises).
    digits = digits.lstrip("0")
    number = int(digits) if 0 < len(digits) <= len(str(MAX_ID)) else 0
    return OurAddress(
        AddressKind.TICKET_COMMENT if comment else AddressKind.TICKET, f"ticket{digits or 0}", number=number
    )


def place_by_form(local: str) -> OurAddress | None:
    """Return where a local part (in lower case) at our domain leads by its form alone; None for a queue's, or none."""
    if match := _TICKET.fullmatch(local):
        return ticket_place(match[1], comment=bool(match[2]))
    if local.startswith(BOUNCE):
        return OurAddress(AddressKind.BOUNCE, local, token=local.removeprefix(BOUNCE))
    if local.startswith(UNSUBSCRIBE):
        return OurAddress(AddressKind.UNSUBSCRIBE, local, token=local.removeprefix(UNSUBSCRIBE))
    if local in _POSTMASTERS:
        return OurAddress(AddressKind.POSTMASTER, local)
    return None


_QUEUE_OF = Prepared(select(*columns_of(Queue)).join(QueueAddress).where(QueueAddress.address == bindparam("address")))


def _queue(uow: UnitOfWork, local: str, domain: str) -> OurAddress | None:
    """The queue that has this address, or whose address for private comments or for questions it is."""
    kind, stem = AddressKind.QUEUE, local
    if local.endswith(_COMMENT):
        kind, stem = AddressKind.QUEUE_COMMENT, local.removesuffix(_COMMENT)
    elif local.endswith(_SEARCH):
        kind, stem = AddressKind.SEARCH, local.removesuffix(_SEARCH)
        # At another domain a queue may have had such an address before it meant anything.
        if domain and (own := _queue_of(uow, f"{local}{domain}")) is not None:
            return OurAddress(AddressKind.QUEUE, f"{local}{domain}", number=own.id)
    queue = _queue_of(uow, f"{stem}{domain}")
    return None if queue is None else OurAddress(kind, f"{stem}{domain}", number=queue.id)


def _queue_of(uow: UnitOfWork, address: str) -> Queue | None:
    """The queue at an address. Kept as long as the session, so that whoever wants it by its id need not ask again."""
    asked: dict[str, Queue | None] = uow.session.info.setdefault("queues", {})
    if address not in asked:
        uow.session.flush()
        row = _QUEUE_OF.row(uow.connection, {"address": address})
        asked[address] = load(uow.session, Queue, row) if row else None
    return asked[address]


def is_deliverable(uow: UnitOfWork, address: str) -> bool:
    """Whether mail to this address would find a ticket, a queue, a letter or the postmaster."""
    our_address = find_our_address(uow, address)
    if our_address is not None and our_address.kind.is_of_letter:
        token = Letter.token if our_address.kind is AddressKind.BOUNCE else Letter.leave_token
        return uow.session.scalar(select(Letter.id).where(token == our_address.token).limit(1)) is not None
    if our_address is None or not our_address.kind.is_ticket:
        return our_address is not None
    ticket = uow.session.get(Ticket, our_address.number) if 0 < our_address.number <= MAX_ID else None
    return ticket is not None and not ticket.forgotten
