"""What somebody wants for themselves: a page, or no more letters."""

from functools import partial

from ...letters import receipts
from ...letters.pages import page_letters
from ...letters.receipt_letters import ReceiptKind, ReceiptRecipient
from ...lifecycle import commands
from ...lifecycle.commands import Page
from ...operations import leaving
from ...storage.unit_of_work import UnitOfWork
from ...tickets.storms import letter_limits
from ...tickets.visibility import may_see
from .. import asking_letters
from ..effects import Effect
from ..inbound_mail import Fate
from ..outcome import MailOutcome
from .ticket_reply import TicketReply


def answer_page(uow: UnitOfWork, reply: TicketReply, page: Page) -> MailOutcome:
    if not letter_limits.may_answer(uow, reply.person.id, ReceiptKind.PAGE, proven=reply.new_message.verified):
        return MailOutcome(Fate.SET_ASIDE, reason=page_letters.ENOUGH)
    # Who asks for a ticket that was merged is told so.
    page = page._replace(ticket=page.ticket or reply.thread.formerly or 0)
    return MailOutcome(Fate.ANSWERED, reply.ticket, answer=partial(_send_page, reply=reply, page=page))


def _send_page(uow: UnitOfWork, to: ReceiptRecipient, reply: TicketReply, page: Page) -> None:
    """Send a page, as one of the ticket's queue to whoever may not see the ticket."""
    if may_see(reply.ticket, reply.member) or reply.member.pending:
        page_letters.send_page_about_ticket(uow, to._replace(new_message=reply.new_message), reply.person, page)
        return
    page = page._replace(ticket=page.ticket or reply.ticket.id)
    page_letters.send_page_from_queue(uow, reply.ticket.queue, reply.person, reply.new_message, page)


def unsubscribe(uow: UnitOfWork, reply: TicketReply) -> MailOutcome:
    """Take the writer off the letters of the ticket, once it is sure who asks."""
    if leaving.has_left(reply.member):
        # They have left, and were told so.
        return MailOutcome(Fate.STEERED, reply.ticket)
    if Effect.LEAVE in reply.permission.now:
        return MailOutcome(
            Fate.STEERED,
            reply.ticket,
            (leaving.leave(uow, reply.ticket, reply.member),),
            receipts.send_unsubscribed_receipt,
        )
    if Effect.LEAVE not in reply.permission.on_yes:
        return MailOutcome(Fate.STEERED, reply.ticket)
    return MailOutcome(
        Fate.STEERED,
        reply.ticket,
        answer=partial(asking_letters.hold_for_confirmation, lines=[commands.LEAVE]),
    )
