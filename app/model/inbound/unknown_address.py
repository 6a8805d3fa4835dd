"""A colleague who answers a letter of ours from an address that we do not know."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from ...mail.auto_submitted import reads_no_answer
from ...mail.text import one_line
from ..letters.footer import Footer
from ..letters.receipts import ReceiptKind, ReceiptRecipient, write_receipt
from ..lifecycle.commands import POST, POST_PRIVATE
from ..records.letters import Letter
from ..records.message_ids import sendable
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember
from . import pending_commands
from .performed import Performed

_EVERY = timedelta(days=1)
_FOOTING = (
    "You get this, once a day at most, because you wrote to us from it.",
    "A reply to this letter is a private comment, which only the team gets, too.",
)


def offer_to(uow: UnitOfWork, done: Performed, colleague: TicketMember, *, private: bool) -> Performed:
    """Offer a colleague the words of a mail as theirs, and tell its address that we do not know it.

    `private`: as theirs, too, they would be a private comment.
    """
    [event] = done.events
    message, ticket, new_message = event.message, event.ticket, event.new_message
    if message is None or new_message is None:
        return done
    to = ReceiptRecipient(ticket, colleague, event.members, replace(new_message, verified=False))
    what = POST_PRIVATE if private else POST
    offered = not colleague.undeliverable and pending_commands.offer_words(uow, to, message, what)
    # The offer has the words, so they get no other letter of them.
    event = replace(event, informed=frozenset([colleague.person_id]) if offered else frozenset())
    return done._replace(events=(event,), answer=_tell_address)


def _tell_address(uow: UnitOfWork, to: ReceiptRecipient) -> None:
    """Tell an address once a day that only the team gets what comes from it, and nothing of the ticket."""
    member, own = to.member, to.new_message
    recent = select(Letter.id).where(
        Letter.person_id == member.person_id, Letter.kind == ReceiptKind.UNKNOWN, Letter.created > uow.now - _EVERY
    )
    if member.undeliverable or own.listed or reads_no_answer(member.email) or uow.session.scalar(recent.limit(1)):
        return
    threads = own.message_id if sendable(own.message_id) else None
    write_receipt(
        uow,
        to,
        ReceiptKind.UNKNOWN,
        "We do not know this address, so only the team gets your mail.",
        footing=Footer(_FOOTING, None),
        subject=one_line(own.subject or "Your mail"),
        in_reply_to=threads,
        references=threads,
    )
