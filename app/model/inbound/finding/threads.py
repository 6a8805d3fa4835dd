"""Which ticket a mail belongs to (docs/interface.md, section 4)."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import select

from ....mail.parsed import body_digest, date_of
from ....mail.subjects import bare_subject
from ...records.addressing import OurAddress, find_our_address
from ...records.messages import Message
from ...records.people import Person, find_person
from ...records.queues import names_of_queues
from ...records.received_mail import Mail
from ...records.tickets import NoSuchTicket, Ticket, find_ticket, resolve_merged
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import TicketMember, member_for, members_of
from ..inbound_mail import InboundMail
from .lookup import Lookup
from .references import KnownReference


class ThreadMatch(NamedTuple):
    """Where a mail belongs: its ticket, what it answers there, and whether it is private.

    `letter` is the letter of ours that it answers. `formerly` is the ticket that it was meant for, if that one was
    merged into this. `redirected`: it is private only by what it answers, and went to no comment address.
    """

    ticket: Ticket
    parent: KnownReference | None
    private: bool
    letter: KnownReference | None = None
    formerly: int | None = None
    redirected: bool = False


def find_thread(
    uow: UnitOfWork, inbound_mail: InboundMail, our_address: OurAddress, lookup: Lookup
) -> ThreadMatch | None:
    """The ticket that a mail to this place belongs to, held until the work is done; None for a new one.

    Raises NoSuchTicket where the place itself names a ticket that is not there.
    """
    ours = [
        reference
        for reference in inbound_mail.references
        if reference.given != inbound_mail.parsed.message_id
        and _may_answer(uow, inbound_mail, reference, guarded=not our_address.kind.is_ticket)
    ]
    answered = [reference for reference in ours if reference.ticket is not None]
    number = our_address.number if our_address.kind.is_ticket else _find_number(uow, inbound_mail, answered)
    if number is None:
        return None
    ticket = lookup.locked(number) or resolve_merged(uow, number)
    here = [reference for reference in answered if reference.ticket in (ticket.id, number)]
    parent = next(iter(here), None)
    # What answers a letter about no ticket answers no other one.
    letter = next((reference for reference in here if reference.kind and reference.given == ours[0].given), None)
    formerly = number if number != ticket.id else None
    addressed = our_address.kind.is_comment or _is_private_elsewhere(uow, inbound_mail, our_address)
    redirected = not addressed and _answers_in_private(answered)
    return ThreadMatch(ticket, parent, addressed or redirected, letter, formerly, redirected)


def _may_answer(uow: UnitOfWork, inbound_mail: InboundMail, reference: KnownReference, *, guarded: bool) -> bool:
    """Whether a mail may come to a ticket by an id that it names (docs/interface.md, section 4).

    Anybody may answer a letter of ours. Ids of other mails are known elsewhere, too: whoever brings such a mail here
    must not get the mail of people who answer it there, and what was only forwarded is answered by those on the ticket.
    `guarded`: it came to a queue.
    """
    if reference.ticket is None or reference.reader is not None or not (guarded or reference.forwarded):
        return True
    sender = find_person(uow, inbound_mail.sender.email) if inbound_mail.sender else None
    if sender is not None and _takes_part(uow, reference.ticket, sender):
        return True
    return not reference.forwarded and _has_met(uow, inbound_mail, reference, sender)


def _has_met(uow: UnitOfWork, inbound_mail: InboundMail, reference: KnownReference, sender: Person | None) -> bool:
    """Whether a sender has written on the ticket of a message, or answers to its writer, too."""
    message = uow.session.get(Message, reference.message)
    named = [find_person(uow, mailbox.email) for mailbox in inbound_mail.parsed.to]
    if message is not None and any(person is not None and person.id == message.sender_id for person in named):
        return True
    if sender is None or message is None:
        return False
    wrote = select(Message.id).where(Message.ticket_id == message.ticket_id, Message.sender_id == sender.id)
    return uow.session.scalar(wrote.limit(1)) is not None


def ticket_answered_elsewhere(inbound_mail: InboundMail) -> int | None:
    """Return the ticket of the message that a new ticket's mail answers, if there is such a message."""
    messages = (reference for reference in inbound_mail.references if reference.ticket and reference.reader is None)
    return next((message.ticket for message in messages if message.given != inbound_mail.parsed.message_id), None)


def _find_number(uow: UnitOfWork, inbound_mail: InboundMail, answered: Sequence[KnownReference]) -> int | None:
    sender = find_person(uow, inbound_mail.sender.email) if inbound_mail.sender else None
    return (
        _addressed_number(uow, inbound_mail)
        or _answered_number(uow, answered, sender)
        or _came_already(uow, inbound_mail, sender)
        or _tagged_number(uow, inbound_mail.parsed.subject, sender)
    )


def _came_already(uow: UnitOfWork, inbound_mail: InboundMail, sender: Person | None) -> int | None:
    """The ticket of this very mail, if it came another way before, with another body (docs/interface.md, section 4)."""
    parsed = inbound_mail.parsed
    if sender is None or parsed.message_id is None or parsed.date is None:
        return None
    query = select(Message.ticket_id, Message.subject, Mail.id).join(Mail).where(Message.number == 1)
    query = query.where(Message.message_id == parsed.message_id, Message.sender_id == sender.id)
    # Of a clock that was ahead, the message has the time of its arrival.
    query = query.where(Message.date <= parsed.date).order_by(Message.date.desc()).limit(5)
    subject, _ = bare_subject(parsed.subject)
    rows = uow.connection.execute(query).all()
    candidates = [(ticket, mail_id) for ticket, other, mail_id in rows if bare_subject(other)[0] == subject]
    # One mail at a time is in memory: each may be large.
    digests = {ticket: body_digest(raw) for ticket, raw in _bytes_of(uow, candidates) if date_of(raw) == parsed.date}
    # With the same body it is that mail again, and does nothing.
    is_repeat = parsed.body_digest in digests.values()
    return None if is_repeat else next(iter(digests), None)


def _bytes_of(uow: UnitOfWork, mails: Sequence[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    """The bytes of each of these mails, behind the ticket that it opened."""
    for ticket, mail_id in mails:
        yield ticket, uow.connection.execute(select(Mail.raw).where(Mail.id == mail_id)).scalar_one()


def _answers_in_private(answered: Sequence[KnownReference]) -> bool:
    """Whether the nearest that it answers is private: then so is the answer, whichever address it came to.

    Of several messages of one id on a ticket the oldest counts: others can have been sent with that id on purpose.
    """
    nearest = [reference for reference in answered if reference.given == answered[0].given]
    oldest = {reference.ticket: reference.private for reference in reversed(nearest)}
    return any(oldest.values())


def answered_outsider(uow: UnitOfWork, thread: ThreadMatch, members: Sequence[TicketMember]) -> TicketMember | None:
    """Return who wrote the private comment that a mail answers, if a person who is not on the ticket did."""
    parent = thread.parent
    message = uow.session.get(Message, parent.message) if parent and parent.private and parent.message else None
    if message is None or message.sender is None or message.automatic is not None:
        return None
    writer = member_for(message.sender, members)
    return None if writer.on_ticket or writer.insider else writer


def our_addresses_in(uow: UnitOfWork, inbound_mail: InboundMail) -> Iterator[OurAddress]:
    """Every address of ours in a mail's envelope, To and Cc."""
    named = (*inbound_mail.recipients, *(mailbox.email for mailbox in inbound_mail.parsed.to))
    for address in dict.fromkeys(named):
        if (our_address := find_our_address(uow, address)) is not None:
            yield our_address


def _addressed_number(uow: UnitOfWork, inbound_mail: InboundMail) -> int | None:
    """The number of a ticket in another address of ours."""
    for other in our_addresses_in(uow, inbound_mail):
        if other.kind.is_ticket and _exists(uow, other.number):
            return other.number
    return None


def _is_private_elsewhere(uow: UnitOfWork, inbound_mail: InboundMail, our_address: OurAddress) -> bool:
    """Whether the mail also went to a comment address of the same ticket, or of a queue."""
    if len({*inbound_mail.recipients, *(mailbox.email for mailbox in inbound_mail.parsed.to)}) <= 1:
        return False
    comments = [other for other in our_addresses_in(uow, inbound_mail) if other.kind.is_comment]
    return any(
        other.kind.is_queue or not our_address.kind.is_ticket or other.number == our_address.number
        for other in comments
    )


def _exists(uow: UnitOfWork, number: int) -> bool:
    try:
        find_ticket(uow, number)
    except NoSuchTicket:
        return False
    return True


def _answered_number(uow: UnitOfWork, answered: Sequence[KnownReference], sender: Person | None) -> int | None:
    """The ticket of the nearest; of several, the one that the sender takes part in, else the oldest."""
    given = answered[0].given if answered else None
    nearest = list(dict.fromkeys(answer.ticket for answer in answered if answer.ticket and answer.given == given))
    taken_part_in = [number for number in nearest if len(nearest) > 1 and sender and _takes_part(uow, number, sender)]
    return min(taken_part_in or nearest, default=None)


_TAG = re.compile(r"\[([^\[\]#]{1,100}) #([0-9]{1,10})\]")


def _tagged_number(uow: UnitOfWork, subject: str, sender: Person | None) -> int | None:
    """The ticket of a subject's tag, under any name that a queue has or had, for somebody who takes part in it."""
    tags = _TAG.findall(subject) if sender else []
    names = names_of_queues(uow) if tags else set()
    for name, digits in tags:
        known = name.strip().casefold() in names and _exists(uow, int(digits))
        if known and sender and _takes_part(uow, int(digits), sender):
            return int(digits)
    return None


def _takes_part(uow: UnitOfWork, number: int, sender: Person) -> bool:
    member = member_for(sender, members_of(uow, find_ticket(uow, number)))
    return member.on_ticket or member.insider
