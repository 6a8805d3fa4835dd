"""The path of a mail, from a recipient's address to what became of it."""

from collections.abc import Sequence
from typing import NamedTuple

from ...mail.addresses import Mailbox
from ..records.addressing import Kind, Place, find_place, is_at_our_domain
from ..records.people import find_person
from ..records.tickets import NoSuchTicket, TicketForgotten
from ..storage.unit_of_work import Desk
from . import bounces, contents, new_tickets, replies, search_requests
from .delivery import Arrival, Outcome, claim, repeat, settle
from .interpretation import interpret, words_of
from .performed import Sender, notify_all
from .threads import Known, Thread, find_thread, is_our_letter, known_ids, places_named
from .unmatched import put_aside, set_aside


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
    target = _target(desk, arrival, place, sender, known)
    if isinstance(target, Aside):
        return set_aside(desk, arrival, recipient, target.reason, target.formerly)
    if target is None:
        return _open(desk, arrival, recipient, place, sender, known)
    return _continue(desk, arrival, recipient, target, sender, known)


class Aside(NamedTuple):
    """Why a mail is set aside, and the place to which it may have come before."""

    reason: str
    formerly: str = ""


def _target(
    desk: Desk, arrival: Arrival, place: Place, sender: Mailbox, known: Sequence[Known]
) -> Thread | Aside | None:
    """Where a mail belongs: on a ticket, aside, or on a new one (None)."""
    try:
        thread = find_thread(desk, arrival, place, known)
    except TicketForgotten:
        # What came there before it was forgotten was forgotten with it.
        return Aside("the ticket was forgotten", f"ticket{place.number}")
    except NoSuchTicket:
        return Aside("no ticket has this number")
    many = contents.is_one_too_many(desk, arrival, sender, known)
    return Aside(contents.TOO_MANY_TICKETS) if many else thread


def _continue(
    desk: Desk, arrival: Arrival, recipient: str, thread: Thread, sender: Mailbox, known: Sequence[Known]
) -> Outcome:
    """Do what a mail wants on the ticket that it belongs to."""
    formerly = f"ticket{thread.formerly}" if thread.formerly else ""
    claimed = claim(desk, arrival, recipient, f"ticket{thread.ticket.id}", formerly)
    if claimed is None:
        return repeat(desk, arrival, recipient)
    mail = replies.identify(desk, claimed, thread, sender, known)
    wish = interpret(mail.about, mail.permission, mail.words, mail.quotable)
    done = replies.perform(desk, claimed, mail, wish)
    if done.reason:
        return put_aside(desk, claimed, done.reason)
    outcome = settle(desk, claimed, done.fate, thread.ticket.id)
    notify_all(desk, Sender(mail.person, mail.everybody, words_of(wish, mail.words), mail.private), done)
    if arrival.incoming.bounce:
        bounces.note_claim(desk, arrival, thread.ticket)
    return outcome


def _open(
    desk: Desk, arrival: Arrival, recipient: str, place: Place, sender: Mailbox, known: Sequence[Known]
) -> Outcome:
    """Open a ticket with a mail to a queue, or send the page that it asks for."""
    if arrival.incoming.bounce:
        return set_aside(desk, arrival, recipient, bounces.claimed(arrival))
    # Two addresses of one queue in one envelope are one place.
    same = [one for one in places_named(desk, arrival) if one.kind.is_queue and one.number == place.number]
    private = place.kind.is_comment or any(one.kind.is_comment for one in same)
    claimed = claim(desk, arrival, recipient, next((one.name for one in same), place.name), new=True)
    if claimed is None:
        return repeat(desk, arrival, recipient)
    if (answered := new_tickets.answer_page(desk, claimed, place, sender, known)) is not None:
        return answered
    mail = new_tickets.identify(desk, claimed, place, sender, known, private=private)
    done = new_tickets.perform(desk, claimed, mail)
    outcome = settle(desk, claimed, done.fate, done.ticket.id if done.ticket else None)
    notify_all(desk, Sender(mail.person, (), mail.words, private), done)
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
