"""The few things a mail can do: open a ticket, continue one, comment on one, ask, or be set aside."""

from collections.abc import Sequence

from ...mail.addresses import Mailbox
from ..records.addressing import AddressKind, OurAddress, find_our_address, is_at_our_domain
from ..records.people import find_person
from ..records.tickets import NoSuchTicket, TicketForgotten
from ..storage.unit_of_work import UnitOfWork
from . import bounces, contents, search_requests
from .delivery import Fate, InboundMail, claim_delivery
from .new_tickets import open_by_mail
from .replies import process_reply
from .threads import KnownReference, find_thread, is_our_letter, known_references
from .unmatched import set_aside_mail


def to_ticket_address(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> None:
    """Mail to a ticket's address: the default action of its sender's role and the ticket's status."""
    our_address = find_our_address(uow, recipient)
    if our_address is not None:
        _post_or_open(uow, inbound_mail, recipient, our_address)


def to_other_address(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> None:
    """Mail to any other address: a queue's, one for private comments or questions, or one that leads nowhere."""
    our_address = find_our_address(uow, recipient)
    if our_address is None:
        set_aside_mail(uow, inbound_mail, recipient, "nothing has this address")
    elif our_address.kind is AddressKind.BOUNCE:
        _to_letter_address(uow, inbound_mail, recipient, our_address.token)
    elif our_address.kind is AddressKind.POSTMASTER:
        set_aside_mail(uow, inbound_mail, recipient, "for the administrators")
    elif our_address.kind is AddressKind.SEARCH:
        _answer_search(uow, inbound_mail, recipient, our_address)
    else:
        _post_or_open(uow, inbound_mail, recipient, our_address)


def _answer_search(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress) -> None:
    """Answer a question, or set it aside; whatever it is, nothing is posted."""
    if bounces.take_report_by_content(uow, inbound_mail, recipient):
        return
    known, sender = known_references(uow, inbound_mail), inbound_mail.parsed.sender
    why = _rejection_reason(uow, inbound_mail, sender, known)
    if why or sender is None:
        set_aside_mail(uow, inbound_mail, recipient, why)
    else:
        search_requests.answer_search(uow, inbound_mail, recipient, our_address, find_person(uow, sender.email), known)


def _post_or_open(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress) -> None:
    """Post a mail on the ticket that it belongs to, or open one."""
    if bounces.take_report_by_content(uow, inbound_mail, recipient):
        return
    known = known_references(uow, inbound_mail)
    sender = inbound_mail.parsed.sender
    why = _rejection_reason(uow, inbound_mail, sender, known)
    if why or sender is None:
        set_aside_mail(uow, inbound_mail, recipient, why)
        return
    try:
        thread = find_thread(uow, inbound_mail, our_address, known)
    except TicketForgotten:
        # What came there before it was forgotten was forgotten with it.
        set_aside_mail(uow, inbound_mail, recipient, "the ticket was forgotten", formerly=f"ticket{our_address.number}")
        return
    except NoSuchTicket:
        set_aside_mail(uow, inbound_mail, recipient, "no ticket has this number")
        return
    if contents.is_over_ticket_limit(uow, inbound_mail, sender, known):
        set_aside_mail(uow, inbound_mail, recipient, contents.TOO_MANY_TICKETS)
        return
    if thread is None:
        open_by_mail(uow, inbound_mail, recipient, our_address, sender, known)
        return
    number, formerly = thread.ticket.id, f"ticket{thread.formerly}" if thread.formerly else ""
    if claim_delivery(uow, inbound_mail, recipient, f"ticket{number}", Fate.POSTED, number, formerly=formerly):
        process_reply(uow, inbound_mail, thread, sender, known)
        if inbound_mail.parsed.bounce:
            bounces.record_unproven_report(uow, inbound_mail, thread.ticket)


def _rejection_reason(
    uow: UnitOfWork, inbound_mail: InboundMail, sender: Mailbox | None, known: Sequence[KnownReference]
) -> str:
    """Why a mail is set aside whatever it says (docs/interface.md, section 3); empty if it is not."""
    if sender is None:
        return "it names no sender"
    if _is_our_address(uow, sender.email):
        return "its sender is an address of ours"
    return "it is a letter of ours that came back" if is_our_letter(inbound_mail, known) else ""


def _is_our_address(uow: UnitOfWork, email: str) -> bool:
    """Whether an address leads to us; at another domain, one that is a person's is no queue's."""
    person = None if is_at_our_domain(uow, email) else find_person(uow, email)
    return person is None and find_our_address(uow, email) is not None


def _to_letter_address(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, token: str) -> None:
    """Mail to a letter's envelope sender: a report on it, or else set aside, with the letter that it is about."""
    letter = bounces.letter_by_token(uow, token)
    if letter is None:
        set_aside_mail(uow, inbound_mail, recipient, "no letter has this envelope sender")
    elif not bounces.take_report_by_token(uow, inbound_mail, recipient, letter):
        about = f"on ticket {letter.ticket_id}" if letter.ticket_id else "about mail set aside"
        set_aside_mail(uow, inbound_mail, recipient, f"it is about our letter {about} to {letter.recipient}")
