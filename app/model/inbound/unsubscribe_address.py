"""The token of one letter's List-Unsubscribe: whoever got the letter leaves its ticket, by mail or on the web."""

from typing import NamedTuple

from sqlalchemy import select

from ..letters import receipts
from ..letters.notification import notify
from ..operations.leaving import leave, may_leave
from ..records.letters import Letter
from ..records.message_ids import new_message_id
from ..records.people import Person
from ..records.tickets import NoSuchTicket, Ticket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import member_for, members_of
from ..tickets.posts import NewMessage
from ..wording import say
from .delivery import claim, repeat, settle
from .inbound_mail import DeliveryResult, Fate, InboundMail
from .outcome import MailOutcome, Sender, answer_writer
from .unmatched import set_aside_mail


class LetterReader(NamedTuple):
    """Who got a letter, and the number of the ticket that it was about."""

    ticket: int
    person_id: int


def reader_of(uow: UnitOfWork, token: str) -> LetterReader | None:
    """Return who got the letter of a token; None where nobody leaves a ticket by it."""
    row = uow.session.execute(select(Letter.ticket_id, Letter.person_id).where(Letter.leave_token == token)).first()
    return None if row is None or row.ticket_id is None else LetterReader(row.ticket_id, row.person_id)


def take(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, token: str) -> DeliveryResult:
    """Take the reader of one letter off its ticket, and confirm it once; the token proves that they have the letter."""
    reader = reader_of(uow, token)
    if reader is None or inbound_mail.parsed.automatic is not None:
        return set_aside_mail(uow, inbound_mail, recipient, say("reasons.nobody_leaves"))
    try:
        ticket = resolve_merged(uow, reader.ticket)
    except NoSuchTicket:
        return set_aside_mail(uow, inbound_mail, recipient, say("reasons.ticket_forgotten"))
    claimed = claim(uow, inbound_mail, recipient, f"unsubscribe {token}")
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    parsed = claimed.inbound_mail.parsed
    message_id = parsed.message_id or new_message_id(uow)
    new_message = NewMessage("", "", parsed.subject, message_id, verified=True, mail_id=claimed.mail_id)
    _leave(uow, ticket, reader, new_message)
    return settle(uow, claimed, Fate.STEERED, ticket.id)


def leave_by_token(uow: UnitOfWork, token: str) -> bool:
    """Do the same for who follows the link of a letter; return whether there is such a letter."""
    reader = reader_of(uow, token)
    if reader is None:
        return False
    try:
        ticket = resolve_merged(uow, reader.ticket)
    except NoSuchTicket:
        return False
    _leave(uow, ticket, reader, NewMessage("", "", ticket.title, new_message_id(uow), verified=True))
    return True


def _leave(uow: UnitOfWork, ticket: Ticket, reader: LetterReader, new_message: NewMessage) -> None:
    person, members = uow.session.get_one(Person, reader.person_id), members_of(uow, ticket)
    member = member_for(person, members)
    if not may_leave(member) or not member.subscribed:
        return
    event = leave(uow, ticket, member)
    outcome = MailOutcome(Fate.STEERED, ticket, (event,), receipts.send_unsubscribed_receipt)
    lines = notify(uow, event, answered=True)
    answer_writer(uow, Sender(person, members, new_message, private=False), outcome, lines)
