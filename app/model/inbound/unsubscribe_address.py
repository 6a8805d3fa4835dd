"""Mail to the address of one letter's List-Unsubscribe: whoever got the letter leaves its ticket."""

from sqlalchemy import select

from ..letters import receipts
from ..operations.leaving import leave, may_leave
from ..records.letters import Letter
from ..records.message_ids import new_message_id
from ..records.people import Person
from ..records.tickets import NoSuchTicket, Ticket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import member_for, members_of
from ..tickets.posts import NewMessage
from .delivery import Claim, DeliveryResult, Fate, InboundMail, claim, repeat, settle
from .performed import Performed, Sender, notify_all
from .unmatched import set_aside_mail


def take(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, token: str) -> DeliveryResult:
    """Take the reader of one letter off its ticket, and confirm it once; the token proves that they have the letter."""
    row = uow.session.execute(select(Letter.ticket_id, Letter.person_id).where(Letter.leave_token == token)).first()
    if row is None or row.ticket_id is None or inbound_mail.parsed.automatic is not None:
        return set_aside_mail(uow, inbound_mail, recipient, "nobody leaves a ticket by it")
    try:
        ticket = resolve_merged(uow, row.ticket_id)
    except NoSuchTicket:
        return set_aside_mail(uow, inbound_mail, recipient, "the ticket was forgotten")
    claimed = claim(uow, inbound_mail, recipient, f"unsubscribe {token}")
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    _leave(uow, claimed, ticket, uow.session.get_one(Person, row.person_id))
    return settle(uow, claimed, Fate.STEERED, ticket.id)


def _leave(uow: UnitOfWork, claimed: Claim, ticket: Ticket, person: Person) -> None:
    members = members_of(uow, ticket)
    member = member_for(person, members)
    if not may_leave(member) or not member.subscribed:
        return
    done = Performed(Fate.STEERED, ticket, (leave(uow, ticket, member),), receipts.send_unsubscribed_receipt)
    parsed = claimed.parsed
    message_id = parsed.message_id or new_message_id(uow)
    new_message = NewMessage("", "", parsed.subject, message_id, verified=True, mail_id=claimed.mail_id)
    notify_all(uow, Sender(person, members, new_message, private=False), done)
