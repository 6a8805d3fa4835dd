"""What is somebody's: tickets on which they left traces, messages, mails and names."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, literal, or_, select

from ...mail.addresses import address_key
from ..inbound.inbound_mail import Fate
from ..records.imported_mail import Archived, person_key, person_keys
from ..records.letters import Letter
from ..records.messages import Message
from ..records.people import Address, Person
from ..records.received_mail import Delivery, Mail
from ..records.tickets import Change, Participant, Reopening, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.undo import Checkpoint


def contains_any(column: Any, words: Collection[str]) -> ColumnElement[bool]:
    """Whether a column has one of some words in it, in whatever case of ASCII letters."""
    return or_(*(column.icontains(word, autoescape=True) for word in words), literal(value=False))


def addresses_of(uow: UnitOfWork, person: Person) -> frozenset[str]:
    """Every address of somebody, as it was written, and as letters to them wrote it."""
    own = uow.session.scalars(select(Address.email).where(Address.person_id == person.id))
    wrote = uow.session.scalars(select(Letter.recipient).where(Letter.person_id == person.id).distinct())
    return frozenset({person.email, *own, *wrote})


def names_of(uow: UnitOfWork, person: Person) -> frozenset[str]:
    """What somebody is called, and was called in letters to them."""
    to_them = uow.session.scalars(select(Letter.recipient_name).where(Letter.person_id == person.id).distinct())
    return frozenset(name for name in (person.name, *to_them) if name.strip())


def tickets_with(uow: UnitOfWork, person: Person, addresses: Collection[str]) -> set[int]:
    """The numbers of all tickets on which somebody left a trace, with all that was merged with them."""
    person_id = person.id
    changed = or_(Change.by_id == person_id, contains_any(Change.old, addresses), contains_any(Change.new, addresses))
    kept = (Checkpoint.by_id, Checkpoint.requestor_id, Checkpoint.assignee_id, Checkpoint.answerer_id)
    numbers = {
        *uow.session.scalars(select(Message.ticket_id).where(Message.sender_id == person_id).distinct()),
        *uow.session.scalars(select(Ticket.id).where(_is_one_of(person_id, *_ON_TICKET))),
        *uow.session.scalars(select(Participant.ticket_id).where(Participant.person_id == person_id)),
        *uow.session.scalars(select(Change.ticket_id).where(changed).distinct()),
        *uow.session.scalars(select(Checkpoint.ticket_id).where(_is_one_of(person_id, *kept)).distinct()),
        *uow.session.scalars(
            select(Reopening.ticket_id).where(_is_one_of(person_id, Reopening.by_id, Reopening.answerer_id))
        ),
        *uow.session.scalars(select(Letter.ticket_id).where(Letter.person_id == person_id).distinct()),
    }
    return with_merged(uow, {number for number in numbers if number is not None})


def tickets_asked(uow: UnitOfWork, person: Person, addresses: Collection[str]) -> set[int]:
    """Return the tickets whose requestor the person is or was. Letters on these show the person without naming them."""
    conditions = Change.field == "requestor", contains_any(Change.old, addresses) | contains_any(Change.new, addresses)
    return {
        *uow.session.scalars(select(Ticket.id).where(Ticket.requestor_id == person.id)),
        *uow.session.scalars(select(Checkpoint.ticket_id).where(Checkpoint.requestor_id == person.id)),
        *uow.session.scalars(select(Change.ticket_id).where(*conditions)),
    }


_ON_TICKET = (Ticket.requestor_id, Ticket.assignee_id, Ticket.answerer_id)


def _is_one_of(who: int, *columns: Any) -> ColumnElement[bool]:
    return or_(*(column == who for column in columns))


def with_merged(uow: UnitOfWork, numbers: Collection[int]) -> set[int]:
    """Some tickets, with all that became part of one of them, and of what they became part."""
    merged = select(Ticket.id, Ticket.merged_into).where(Ticket.merged_into.is_not(None))
    pairs = [(part, whole) for part, whole in uow.session.execute(merged) if whole is not None]
    linked = set(numbers)
    while more := {x for pair in pairs for x in pair if linked & set(pair)} - linked:
        linked |= more
    return linked


def parts_of(uow: UnitOfWork, number: int) -> set[int]:
    """A ticket, with all that became part of it."""
    parts = {number}
    while more := set(uow.session.scalars(select(Ticket.id).where(Ticket.merged_into.in_(parts)))) - parts:
        parts |= more
    return parts


def messages_of(uow: UnitOfWork, person: Person) -> list[int]:
    """The ids of somebody's messages."""
    return list(uow.session.scalars(select(Message.id).where(Message.sender_id == person.id).order_by(Message.id)))


def mails_of(uow: UnitOfWork, person: Person, addresses: Collection[str]) -> set[int]:
    """The ids of somebody's mails, wherever they ended, and of reports on letters to them.

    Not of a mail that stands as a message of somebody else.
    """
    keys = {address_key(address) for address in addresses}
    wrote = _spelled(uow, Mail.author, keys)
    sent = _spelled(uow, Mail.envelope_from, keys)
    reports = select(Delivery.mail_id).where(
        Delivery.fate == Fate.REPORTED, contains_any(Delivery.reason, [f"to {address}:" for address in addresses])
    )
    of_others = exists().where(Message.mail_id == Mail.id, Message.sender_id.is_distinct_from(person.id))
    own = or_(Mail.author.in_(wrote), (Mail.author == "") & Mail.envelope_from.in_(sent), Mail.id.in_(reports))
    posted = select(Message.mail_id).where(Message.sender_id == person.id, Message.mail_id.is_not(None))
    archived = {row.mail_id for row in archived_of(uow, keys) if row.mail_id and not row.posted}
    return {
        *uow.session.scalars(select(Mail.id).where(own, ~of_others)),
        *(mail_id for mail_id in uow.session.scalars(posted) if mail_id is not None),
        *archived,
    }


def has_mails(uow: UnitOfWork, address: str) -> bool:
    """Whether any mail came from an address, wherever it ended."""
    return any(_spelled(uow, column, {address_key(address)}) for column in (Mail.author, Mail.envelope_from))


def _spelled(uow: UnitOfWork, column: Any, keys: Collection[str]) -> list[str]:
    """Every way in which a column of mails writes one of these addresses."""
    written = uow.session.scalars(select(column).where(column.is_not(None), column != "").distinct())
    return [spelling for spelling in written if address_key(spelling) in keys]


class InArchive(NamedTuple):
    """A row of an imported mail that names the person; `wrote`: the person wrote that mail."""

    id: int
    mail_id: int | None
    posted: bool
    people: bytes
    wrote: bool


def archived_of(uow: UnitOfWork, keys: Collection[str]) -> Iterator[InArchive]:
    """The rows of imported mails that somebody wrote or that name them."""
    own_keys = {person_key(key) for key in keys}
    columns = (Archived.id, Archived.mail_id, Archived.posted, Archived.people)
    # There may be very many.
    rows = uow.session.execute(select(*columns), execution_options={"yield_per": 10_000})
    for id_, mail_id, posted, people in rows:
        named = person_keys(people)
        if own_keys & set(named):
            yield InArchive(id_, mail_id, posted, people, named[0] in own_keys)
