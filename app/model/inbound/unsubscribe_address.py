"""Mail to the address of one letter's List-Unsubscribe: whoever got the letter leaves its ticket."""

from sqlalchemy import select

from ..letters import receipts
from ..letters.receipts import ReceiptRecipient
from ..operations.leaving import leave, may_leave
from ..records.letters import Letter
from ..records.message_ids import new_message_id
from ..records.tickets import NoSuchTicket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import members_of
from ..tickets.posts import NewMessage
from .delivery import Fate, InboundMail, claim_delivery
from .unmatched import set_aside_mail


def take(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, token: str) -> None:
    """Take the reader of one letter off its ticket, and confirm it once; the token proves that they have the letter."""
    row = uow.session.execute(select(Letter.ticket_id, Letter.person_id).where(Letter.leave_token == token)).first()
    parsed = inbound_mail.parsed
    if row is None or row.ticket_id is None or parsed.automatic is not None:
        set_aside_mail(uow, inbound_mail, recipient, "nobody leaves a ticket by it")
        return
    try:
        ticket = resolve_merged(uow, row.ticket_id)
    except NoSuchTicket:
        set_aside_mail(uow, inbound_mail, recipient, "the ticket was forgotten")
        return
    if not claim_delivery(uow, inbound_mail, recipient, f"unsubscribe {token}", Fate.STEERED, ticket.id):
        return
    member = next((one for one in members_of(uow, ticket) if one.person_id == row.person_id), None)
    if member is None or not may_leave(member) or not member.subscribed:
        return
    leave(uow, ticket, member)
    message_id = parsed.message_id or new_message_id(uow)
    new_message = NewMessage("", "", parsed.subject, message_id, verified=True, mail_id=inbound_mail.mail_id)
    receipts.send_unsubscribed_receipt(uow, ReceiptRecipient(ticket, member, members_of(uow, ticket), new_message))
