"""The path of a mail, from a recipient's address to what became of it."""

from dataclasses import replace

from ..letters.notification import notify
from ..records.addressing import AddressKind, OurAddress
from ..records.message_ids import loop_mark
from ..records.tickets import NoSuchTicket, TicketForgotten
from ..storage.revision import check_same_version
from ..storage.unit_of_work import UnitOfWork
from ..wording import Sentence, say
from . import bounces, search_requests, unsubscribe_address, writers
from .delivery import claim, repeat, settle
from .finding.lookup import Lookup, look_up
from .finding.references import is_our_letter
from .finding.threads import ThreadMatch, find_thread, our_addresses_in
from .inbound_mail import DeliveryResult, InboundMail
from .interpretation import interpret, new_message_of
from .opening import first_mail, new_tickets, queue_pages
from .outcome import Sender, answer_writer
from .replying import replies, side_notes, ticket_reply
from .sender_proof import is_our_address, named_writer
from .unmatched import set_aside_claimed, set_aside_mail


def deliver(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress) -> DeliveryResult:
    """Do everything that follows from a mail at one of its recipients, and return what became of it.

    `our_address` is where the recipient leads, as its route has found out.
    """
    lookup = look_up(uow, inbound_mail, our_address)
    inbound_mail, target = _find_target(uow, inbound_mail, recipient, our_address, lookup)
    if isinstance(target, DeliveryResult):
        return target
    if target is None:
        return _open(uow, inbound_mail, recipient, our_address, lookup)
    thread, formerly = target, f"ticket{target.formerly}" if target.formerly else ""
    place = f"ticket{thread.ticket.id}"
    claimed = claim(uow, inbound_mail, recipient, place, formerly, past=None if formerly else lookup.past_at(place))
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    mail = ticket_reply.identify(uow, claimed, thread)
    wish = interpret(mail.about, mail.permission, mail.new_message, mail.quotable)
    before = side_notes.situation_before(uow, mail)
    outcome = replies.perform(uow, claimed, mail, wish)
    if outcome.reason:
        return set_aside_claimed(uow, claimed, outcome.reason)
    result = settle(uow, claimed, outcome.fate, thread.ticket.id)
    outcome = side_notes.with_side_notes(uow, mail, wish, before, outcome)
    lines = [line for event in outcome.events for line in notify(uow, event, answered=outcome.answers_writer)]
    sender = Sender(mail.person, mail.members, new_message_of(wish, mail.new_message), mail.private)
    answer_writer(uow, sender, outcome, lines)
    if inbound_mail.parsed.bounce:
        bounces.record_unproven_report(uow, inbound_mail, thread.ticket)
    return result


def deliver_nowhere(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> DeliveryResult:
    """Set a mail aside whose recipient is no address of ours, and which no other handler took."""
    check_same_version(uow)
    return set_aside_mail(uow, inbound_mail, recipient, say("reasons.no_address"))


def _find_target(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress, lookup: Lookup
) -> tuple[InboundMail, ThreadMatch | DeliveryResult | None]:
    """Return a mail with its writer, and where on a ticket it belongs; None for a new ticket.

    What no ticket gets is done here, and its result returned.
    """
    if (result := _take_outside_tickets(uow, inbound_mail, recipient, our_address)) is not None:
        return inbound_mail, result
    inbound_mail, why = _with_writer(uow, replace(inbound_mail, references=lookup.references))
    if why is not None:
        # What an administrator has made somebody's there is a repeat.
        return inbound_mail, set_aside_mail(uow, inbound_mail, recipient, why, our_address.name)
    if our_address.kind is AddressKind.SEARCH:
        return inbound_mail, search_requests.answer_search(uow, inbound_mail, recipient, our_address)
    try:
        thread = find_thread(uow, inbound_mail, our_address, lookup)
    except TicketForgotten:
        # What came there before it was forgotten was forgotten with it.
        why, formerly = say("reasons.ticket_forgotten"), f"ticket{our_address.number}"
        return inbound_mail, set_aside_mail(uow, inbound_mail, recipient, why, formerly)
    except NoSuchTicket:
        return inbound_mail, set_aside_mail(uow, inbound_mail, recipient, say("reasons.no_ticket"))
    if writers.is_over_ticket_limit(uow, inbound_mail):
        return inbound_mail, set_aside_mail(uow, inbound_mail, recipient, writers.TOO_MANY_TICKETS)
    return inbound_mail, thread


def _take_outside_tickets(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress
) -> DeliveryResult | None:
    """Take what its address or a letter of ours in it keeps from tickets; None for other mail."""
    match our_address.kind:
        case AddressKind.BOUNCE:
            return bounces.take_at_letter_address(uow, inbound_mail, recipient, our_address.token)
        case AddressKind.UNSUBSCRIBE:
            return unsubscribe_address.take(uow, inbound_mail, recipient, our_address.token)
        case AddressKind.POSTMASTER:
            return set_aside_mail(uow, inbound_mail, recipient, say("reasons.for_admins"))
    return bounces.take_report_by_content(uow, inbound_mail, recipient) if inbound_mail.parsed.bounce else None


def _open(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress, lookup: Lookup
) -> DeliveryResult:
    """Open a ticket with a mail to a queue, or send the page that it asks for."""
    if inbound_mail.parsed.bounce:
        return set_aside_mail(uow, inbound_mail, recipient, bounces.unmatched_report_reason(inbound_mail))
    # Two addresses of one queue in one envelope are one place.
    others = our_addresses_in(uow, inbound_mail)
    places = [other for other in others if other.kind.is_queue and other.number == our_address.number]
    private = any(place.kind.is_comment for place in (our_address, *places))
    name = places[0].name if places else our_address.name
    claimed = claim(uow, inbound_mail, recipient, name, new=True, past=lookup.past_at(name))
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    if (page := queue_pages.answer_page(uow, claimed, our_address)) is not None:
        return page
    mail = first_mail.identify(uow, claimed, our_address, private=private)
    outcome = new_tickets.perform(uow, claimed, mail)
    result = settle(uow, claimed, outcome.fate, outcome.ticket.id if outcome.ticket else None)
    lines = [line for event in outcome.events for line in notify(uow, event, answered=outcome.answers_writer)]
    answer_writer(uow, Sender(mail.person, (), mail.new_message, private), outcome, lines)
    return result


def _with_writer(uow: UnitOfWork, inbound_mail: InboundMail) -> tuple[InboundMail, Sentence | None]:
    """A mail with its writer, and why it is set aside whatever it says (docs/interface.md, section 3), or None."""
    sender = inbound_mail.sender
    if sender is None:
        return inbound_mail, say("reasons.no_sender")
    if inbound_mail.writer is not None:
        return inbound_mail, None
    if is_our_letter(inbound_mail.parsed, inbound_mail.references):
        return inbound_mail, say("reasons.our_email_came_back")
    if inbound_mail.parsed.loop_marks and loop_mark(uow) in inbound_mail.parsed.loop_marks:
        return inbound_mail, say("reasons.came_around")
    if not is_our_address(uow, sender.email):
        return inbound_mail, None
    writer = named_writer(uow, inbound_mail)
    return replace(inbound_mail, writer=writer), None if writer else say("reasons.sender_is_ours")
