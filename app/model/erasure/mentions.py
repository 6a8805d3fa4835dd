"""What is left of somebody in the words of others, which are theirs to keep: it is only counted."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import exists, or_, select

from ...mail.body_parts.charsets import from_bytes
from ...mail.parsed import parse_mail
from ..inbound.inbound_mail import Fate
from ..records.messages import Message
from ..records.people import Person
from ..records.received_mail import Delivery, Mail
from ..storage.batches import batches
from ..storage.unit_of_work import UnitOfWork
from .identity_patterns import IdentityPatterns
from .personal_data import contains_any
from .rows import ids_of

# A shorter line may stand anywhere.
_TELLING = 24
_OTHERS = (Message.id, Message.ticket_id, Message.subject, Message.full_text, Message.mail_id)


class Mentions(NamedTuple):
    """How many messages of others name somebody or quote them, and the tickets on which they are.

    `mails` are mails of others on no ticket that name them, `set_aside` the numbers of those that wait.
    """

    messages: int
    tickets: Sequence[int]
    mails: int = 0
    set_aside: Sequence[int] = ()


NOTHING = Mentions(0, ())


class UnpostedMails(NamedTuple):
    """The ids of mails of others that stand on no ticket and name somebody.

    `requests` ask for a page or a search, which is no correspondence; `kept` are the others.
    """

    requests: set[int]
    kept: set[int]


def on_no_ticket(uow: UnitOfWork, patterns: IdentityPatterns, own: Collection[int]) -> UnpostedMails:
    """Where else others name somebody; `own` are the mails of this person."""
    on_ticket = exists().where(Message.mail_id == Mail.id)
    query = select(Mail.id, Mail.subject, Mail.envelope_from, Mail.raw).where(~on_ticket)
    rows = uow.session.execute(query, execution_options={"yield_per": 100})
    named = {id_ for id_, subject, sender, raw in rows if id_ not in own and _names(patterns, subject, raw, sender)}
    fates: dict[int, set[str]] = {mail_id: set() for mail_id in named}
    for batch in batches(sorted(named)):
        for mail, fate in uow.session.execute(
            select(Delivery.mail_id, Delivery.fate).where(Delivery.mail_id.in_(batch))
        ):
            fates[mail].add(fate)
    requests = {mail for mail, its_fates in fates.items() if Fate.ANSWERED in its_fates and its_fates <= _REQUEST_FATES}
    return UnpostedMails(requests, named - requests)


_REQUEST_FATES = {Fate.ANSWERED, Fate.REPEATED}


def _names(patterns: IdentityPatterns, subject: str, raw: bytes, envelope_from: str | None) -> bool:
    """Whether a mail names somebody as it came, or as it is read."""
    if patterns.names_them(f"{subject}\n{from_bytes(raw)}"):
        return True
    parsed = parse_mail(raw, envelope_from)
    return patterns.names_them("\n".join([parsed.text, *(f"{mailbox.name} {mailbox.email}" for mailbox in parsed.to)]))


def left_of(
    uow: UnitOfWork, person: Person, patterns: IdentityPatterns, tickets: Collection[int], mails: Collection[int] = ()
) -> Mentions:
    """What others wrote that has somebody's address, their name or lines of theirs; `mails` are those on no ticket."""
    lines = _lines_of(uow, person)
    mentions: dict[int, int] = dict(_anywhere(uow, person, patterns))
    for batch in batches(sorted(tickets)):
        of_others = Message.sender_id.is_distinct_from(person.id)
        query = select(*_OTHERS).where(Message.ticket_id.in_(batch), of_others)
        for number, ticket, subject, text, mail in uow.session.execute(query).all():
            if number in mentions:
                continue
            # By command no exact mail remains, which would still have the title.
            titled = mail is not None and patterns.retitled(subject, ticket) != subject
            quotes = titled or not lines.isdisjoint(_telling(text))
            if quotes or patterns.names_them(text) or (mail and _is_named_in(uow, patterns, mail)):
                mentions[number] = ticket
    waiting = ids_of(uow, Delivery.id, Delivery.mail_id, mails, Delivery.waiting.is_(True))
    return Mentions(len(mentions), sorted(set(mentions.values())), len(mails), sorted(waiting))


def _anywhere(uow: UnitOfWork, person: Person, patterns: IdentityPatterns) -> Iterator[tuple[int, int]]:
    """Return the messages of others that contain one of the person's addresses or their whole name."""
    words = {*patterns.spellings, *patterns.whole_names}
    named = or_(contains_any(Message.subject, words), contains_any(Message.full_text, words))
    for number, ticket, subject, text, _ in uow.session.execute(
        select(*_OTHERS).where(named, Message.sender_id.is_distinct_from(person.id))
    ):
        if patterns.names_them(f"{subject}\n{text}"):
            yield number, ticket


def _is_named_in(uow: UnitOfWork, patterns: IdentityPatterns, mail: int) -> bool:
    """Whether a mail names an address of theirs anywhere, as in its Cc."""
    return patterns.has_address(from_bytes(uow.session.execute(select(Mail.raw).where(Mail.id == mail)).scalar_one()))


def _lines_of(uow: UnitOfWork, person: Person) -> set[str]:
    texts = uow.session.scalars(select(Message.full_text).where(Message.sender_id == person.id))
    return {line for text in texts for line in _telling(text)}


def _telling(text: str) -> Iterator[str]:
    """The lines of a text by which it is told again, without the marks of a quotation."""
    for line in text.split("\n"):
        bare = line.lstrip(" \t>|").rstrip()
        if len(bare) >= _TELLING:
            yield bare
