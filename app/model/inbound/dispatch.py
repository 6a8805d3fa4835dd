"""The path of a mail, from a recipient's address to what became of it."""

from collections.abc import Sequence

from ...mail.addresses import Mailbox
from ..records.addressing import Kind, Place, find_place, is_at_our_domain
from ..records.people import find_person
from ..records.tickets import NoSuchTicket, TicketForgotten
from ..storage.unit_of_work import Desk
from . import bounces, contents, search_requests
from .delivery import Arrival, Outcome, claim, repeat
from .new_tickets import open_by_mail
from .replies import post
from .threads import Known, find_thread, is_our_letter, known_ids
from .unmatched import set_aside


def deliver(desk: Desk, arrival: Arrival, recipient: str) -> Outcome:
    """Do everything that follows from a mail at one of its recipients, and return what became of it."""
    place = find_place(desk, recipient)
    if place is None:
        return set_aside(desk, arrival, recipient, "nothing has this address")
    if place.kind is Kind.BOUNCE:
        return _about_a_letter(desk, arrival, recipient, place.token)
    if place.kind is Kind.POSTMASTER:
        return set_aside(desk, arrival, recipient, "for the administrators")
    if (reported := bounces.take_elsewhere(desk, arrival, recipient)) is not None:
        return reported
    known, sender = known_ids(desk, arrival), arrival.incoming.sender
    if (why := _why_aside(desk, arrival, sender, known)) or sender is None:
        return set_aside(desk, arrival, recipient, why)
    if place.kind is Kind.SEARCH:
        return search_requests.answer(desk, arrival, recipient, place, find_person(desk, sender.email), known)
    return _post(desk, arrival, recipient, place, sender, known)


def _post(
    desk: Desk, arrival: Arrival, recipient: str, place: Place, sender: Mailbox, known: Sequence[Known]
) -> Outcome:
    """Post a mail on the ticket that it belongs to, or open one."""
    try:
        thread = find_thread(desk, arrival, place, known)
    except TicketForgotten:
        # What came there before it was forgotten was forgotten with it.
        return set_aside(desk, arrival, recipient, "the ticket was forgotten", formerly=f"ticket{place.number}")
    except NoSuchTicket:
        return set_aside(desk, arrival, recipient, "no ticket has this number")
    if contents.is_one_too_many(desk, arrival, sender, known):
        return set_aside(desk, arrival, recipient, contents.TOO_MANY_TICKETS)
    if thread is None:
        return open_by_mail(desk, arrival, recipient, place, sender, known)
    formerly = f"ticket{thread.formerly}" if thread.formerly else ""
    claimed = claim(desk, arrival, recipient, f"ticket{thread.ticket.id}", formerly)
    if claimed is None:
        return repeat(desk, arrival, recipient)
    outcome = post(desk, claimed, thread, sender, known)
    if arrival.incoming.bounce:
        bounces.note_claim(desk, arrival, thread.ticket)
    return outcome


def _why_aside(desk: Desk, arrival: Arrival, sender: Mailbox | None, known: Sequence[Known]) -> str:
    """Why a mail is set aside whatever it says (docs/interface.md, section 3); empty if it is not."""
    if sender is None:
        return "it names no sender"
    if _is_ours(desk, sender.email):
        return "its sender is an address of ours"
    return "it is a letter of ours that came back" if is_our_letter(arrival, known) else ""


def _is_ours(desk: Desk, email: str) -> bool:
    """Whether an address leads to us; at another domain, one that is a person's is no queue's."""
    person = None if is_at_our_domain(desk, email) else find_person(desk, email)
    return person is None and find_place(desk, email) is not None


def _about_a_letter(desk: Desk, arrival: Arrival, recipient: str, token: str) -> Outcome:
    """Take mail to a letter's envelope sender as a report on it, or set it aside with the letter that it is about."""
    letter = bounces.letter_by_token(desk, token)
    if letter is None:
        return set_aside(desk, arrival, recipient, "no letter has this envelope sender")
    if (reported := bounces.take_at_token(desk, arrival, recipient, letter)) is not None:
        return reported
    about = f"on ticket {letter.ticket_id}" if letter.ticket_id else "about mail set aside"
    return set_aside(desk, arrival, recipient, f"it is about our letter {about} to {letter.recipient}")
