"""The few things a mail can do: open a ticket, continue one, comment on one, ask, or be set aside."""

from collections.abc import Sequence

from ...mail.addresses import Mailbox
from ..records.addressing import Kind, Place, find_place, is_at_our_domain
from ..records.people import find_person
from ..records.tickets import NoSuchTicket, TicketForgotten
from ..storage.unit_of_work import Desk
from . import bounces, contents, search_requests, unsubscribe_address
from .delivery import Arrival, Fate, register
from .new_tickets import open_by_mail
from .replies import post
from .threads import Known, find_thread, is_our_letter, known_ids
from .unmatched import set_aside


def to_ticket(desk: Desk, arrival: Arrival, recipient: str) -> None:
    """Mail to a ticket's address: the default action of its sender's role and the ticket's status."""
    place = find_place(desk, recipient)
    if place is not None:
        _take(desk, arrival, recipient, place)


def elsewhere(desk: Desk, arrival: Arrival, recipient: str) -> None:
    """Mail to any other address: a queue's, one for private comments or questions, or one that leads nowhere."""
    place = find_place(desk, recipient)
    if place is None:
        set_aside(desk, arrival, recipient, "nothing has this address")
    elif place.kind is Kind.BOUNCE:
        _about_a_letter(desk, arrival, recipient, place.token)
    elif place.kind is Kind.UNSUBSCRIBE:
        unsubscribe_address.take(desk, arrival, recipient, place.token)
    elif place.kind is Kind.POSTMASTER:
        set_aside(desk, arrival, recipient, "for the administrators")
    elif place.kind is Kind.SEARCH:
        _ask(desk, arrival, recipient, place)
    else:
        _take(desk, arrival, recipient, place)


def _ask(desk: Desk, arrival: Arrival, recipient: str, place: Place) -> None:
    """Answer a question, or set it aside; whatever it is, nothing is posted."""
    if bounces.take_elsewhere(desk, arrival, recipient):
        return
    known, sender = known_ids(desk, arrival), arrival.incoming.sender
    why = _why_aside(desk, arrival, sender, known)
    if why or sender is None:
        set_aside(desk, arrival, recipient, why)
    else:
        search_requests.answer(desk, arrival, recipient, place, find_person(desk, sender.email), known)


def _take(desk: Desk, arrival: Arrival, recipient: str, place: Place) -> None:
    """Post a mail on the ticket that it belongs to, or open one."""
    if bounces.take_elsewhere(desk, arrival, recipient):
        return
    known = known_ids(desk, arrival)
    sender = arrival.incoming.sender
    why = _why_aside(desk, arrival, sender, known)
    if why or sender is None:
        set_aside(desk, arrival, recipient, why)
        return
    try:
        thread = find_thread(desk, arrival, place, known)
    except TicketForgotten:
        # What came there before it was forgotten was forgotten with it.
        set_aside(desk, arrival, recipient, "the ticket was forgotten", formerly=f"ticket{place.number}")
        return
    except NoSuchTicket:
        set_aside(desk, arrival, recipient, "no ticket has this number")
        return
    if contents.is_one_too_many(desk, arrival, sender, known):
        set_aside(desk, arrival, recipient, contents.TOO_MANY_TICKETS)
        return
    if thread is None:
        open_by_mail(desk, arrival, recipient, place, sender, known)
        return
    number, formerly = thread.ticket.id, f"ticket{thread.formerly}" if thread.formerly else ""
    if register(desk, arrival, recipient, f"ticket{number}", Fate.POSTED, number, formerly=formerly):
        post(desk, arrival, thread, sender, known)
        if arrival.incoming.bounce:
            bounces.note_claim(desk, arrival, thread.ticket)


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


def _about_a_letter(desk: Desk, arrival: Arrival, recipient: str, token: str) -> None:
    """Mail to a letter's envelope sender: a report on it, or else set aside, with the letter that it is about."""
    letter = bounces.letter_by_token(desk, token)
    if letter is None:
        set_aside(desk, arrival, recipient, "no letter has this envelope sender")
    elif not bounces.take_at_token(desk, arrival, recipient, letter):
        about = f"on ticket {letter.ticket_id}" if letter.ticket_id else "about mail set aside"
        set_aside(desk, arrival, recipient, f"it is about our letter {about} to {letter.recipient}")
