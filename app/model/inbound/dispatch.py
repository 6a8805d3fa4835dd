"""The path of a mail, from a recipient's address to what became of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ...mail.addresses import Mailbox
from ..records.addressing import AddressKind, OurAddress
from ..records.message_ids import loop_mark
from ..records.people import find_person
from ..records.tickets import NoSuchTicket, TicketForgotten
from ..storage.unit_of_work import UnitOfWork
from ..wording import Sentence, say
from . import bounces, new_tickets, search_requests, unsubscribe_address, writers
from .delivery import DeliveryResult, Fate, InboundMail, claim, repeat, settle
from .interpretation import interpret, new_message_of
from .performed import Sender, notify_all
from .replying import meanwhile, replies, ticket_reply
from .sender_proof import is_our_address, named_writer
from .threads import KnownReference, ThreadMatch, find_thread, is_our_letter, known_references, our_addresses_in
from .unmatched import set_aside_claimed, set_aside_mail


def deliver(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress) -> DeliveryResult:
    """Do everything that follows from a mail at one of its recipients, and return what became of it.

    `our_address` is where the recipient leads, as its route has found out.
    """
    if our_address.kind is AddressKind.BOUNCE:
        return _to_letter_address(uow, inbound_mail, recipient, our_address.token)
    if our_address.kind is AddressKind.UNSUBSCRIBE:
        return unsubscribe_address.take(uow, inbound_mail, recipient, our_address.token)
    if our_address.kind is AddressKind.POSTMASTER:
        return set_aside_mail(uow, inbound_mail, recipient, say("reasons.for_admins"))
    if (reported := bounces.take_report_by_content(uow, inbound_mail, recipient)) is not None:
        return reported
    known = known_references(uow, inbound_mail)
    inbound_mail, why = _with_writer(uow, inbound_mail, known)
    if why is not None or (sender := inbound_mail.sender) is None:
        # What an administrator has made somebody's there is a repeat.
        return set_aside_mail(uow, inbound_mail, recipient, why or say("reasons.no_sender"), our_address.name)
    if our_address.kind is AddressKind.SEARCH:
        return search_requests.answer_search(
            uow, inbound_mail, recipient, our_address, find_person(uow, sender.email), known
        )
    target = _target(uow, inbound_mail, our_address, sender, known)
    if isinstance(target, Aside):
        return set_aside_mail(uow, inbound_mail, recipient, target.reason, target.formerly)
    if target is None:
        return _open(uow, inbound_mail, recipient, our_address, sender, known)
    return _continue(uow, inbound_mail, recipient, target, sender, known)


def deliver_nowhere(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> DeliveryResult:
    """Set a mail aside whose recipient is no address of ours, and which no other handler took."""
    return set_aside_mail(uow, inbound_mail, recipient, say("reasons.no_address"))


class Aside(NamedTuple):
    """Why a mail is set aside, and the place to which it may have come before."""

    reason: Sentence
    formerly: str = ""


def _target(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
    our_address: OurAddress,
    sender: Mailbox,
    known: Sequence[KnownReference],
) -> ThreadMatch | Aside | None:
    """Where a mail belongs: on a ticket, aside, or on a new one (None)."""
    try:
        thread = find_thread(uow, inbound_mail, our_address, known)
    except TicketForgotten:
        # What came there before it was forgotten was forgotten with it.
        return Aside(say("reasons.ticket_forgotten"), f"ticket{our_address.number}")
    except NoSuchTicket:
        return Aside(say("reasons.no_ticket"))
    many = writers.is_over_ticket_limit(uow, inbound_mail, sender, known)
    return Aside(writers.TOO_MANY_TICKETS) if many else thread


def _continue(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
    recipient: str,
    thread: ThreadMatch,
    sender: Mailbox,
    known: Sequence[KnownReference],
) -> DeliveryResult:
    """Do what a mail wants on the ticket that it belongs to."""
    formerly = f"ticket{thread.formerly}" if thread.formerly else ""
    claimed = claim(uow, inbound_mail, recipient, f"ticket{thread.ticket.id}", formerly)
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    mail = ticket_reply.identify(uow, claimed, thread, sender, known)
    wish = interpret(mail.about, mail.permission, mail.new_message, mail.quotable)
    before = meanwhile.situation_before(uow, mail)
    done = replies.perform(uow, claimed, mail, wish)
    if done.reason:
        return set_aside_claimed(uow, claimed, done.reason)
    result = settle(uow, claimed, done.fate, thread.ticket.id)
    done = done._replace(notes=(*done.notes, *meanwhile.notes_to_writer(uow, mail, before, done)))
    notify_all(uow, Sender(mail.person, mail.members, new_message_of(wish, mail.new_message), mail.private), done)
    if inbound_mail.parsed.bounce:
        bounces.record_unproven_report(uow, inbound_mail, thread.ticket)
    return result


def _open(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
    recipient: str,
    our_address: OurAddress,
    sender: Mailbox,
    known: Sequence[KnownReference],
) -> DeliveryResult:
    """Open a ticket with a mail to a queue, or send the page that it asks for."""
    if inbound_mail.parsed.bounce:
        return set_aside_mail(uow, inbound_mail, recipient, bounces.unmatched_report_reason(inbound_mail))
    # Two addresses of one queue in one envelope are one place.
    same = [
        one for one in our_addresses_in(uow, inbound_mail) if one.kind.is_queue and one.number == our_address.number
    ]
    private = our_address.kind.is_comment or any(one.kind.is_comment for one in same)
    claimed = claim(uow, inbound_mail, recipient, next((one.name for one in same), our_address.name), new=True)
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    if (answered := new_tickets.answer_page(uow, claimed, our_address, sender, known)) is not None:
        return answered
    mail = new_tickets.identify(uow, claimed, our_address, sender, known, private=private)
    done = new_tickets.perform(uow, claimed, mail)
    result = settle(uow, claimed, done.fate, done.ticket.id if done.ticket else None)
    notify_all(uow, Sender(mail.person, (), mail.new_message, private), done)
    return result


def _with_writer(
    uow: UnitOfWork, inbound_mail: InboundMail, known: Sequence[KnownReference]
) -> tuple[InboundMail, Sentence | None]:
    """A mail with its writer, and why it is set aside whatever it says (docs/interface.md, section 3), or None."""
    sender = inbound_mail.sender
    if sender is None:
        return inbound_mail, say("reasons.no_sender")
    if inbound_mail.writer is None and is_our_letter(inbound_mail, known):
        return inbound_mail, say("reasons.our_email_came_back")
    if inbound_mail.writer is None and loop_mark(uow) in inbound_mail.parsed.loop_marks:
        return inbound_mail, say("reasons.came_around")
    if inbound_mail.writer is None and is_our_address(uow, sender.email):
        inbound_mail = replace(inbound_mail, writer=named_writer(uow, inbound_mail))
        return inbound_mail, None if inbound_mail.writer else say("reasons.sender_is_ours")
    return inbound_mail, None


def _to_letter_address(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, token: str) -> DeliveryResult:
    """Take mail to a letter's envelope sender as a report on it, or set it aside with the letter that it is about."""
    letter = bounces.letter_by_token(uow, token)
    if letter is None:
        return set_aside_mail(uow, inbound_mail, recipient, say("reasons.no_such_envelope"))
    if (reported := bounces.take_report_by_token(uow, inbound_mail, recipient, letter)) is not None:
        return reported
    why = say("reasons.about_set_aside", recipient=letter.recipient)
    if letter.ticket_id:
        why = say("reasons.about_our_email", number=letter.ticket_id, recipient=letter.recipient)
    aside = set_aside_mail(uow, inbound_mail, recipient, why)
    if aside.fate is Fate.SET_ASIDE:
        bounces.note_unread(uow, letter)
    return aside
