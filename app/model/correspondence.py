"""This file holds the few things a mail can do: open a ticket, continue one, comment on one, or be set aside."""

from collections.abc import Sequence

from sqlalchemy import select

from app.model import intake, workflow
from app.model.addresses import Mailbox, address_key
from app.model.arrival import Arrival, Fate, opened, register
from app.model.desk import Desk
from app.model.intake import words_of
from app.model.letters import Letter
from app.model.people import Person, find_person, meet, wrote_from
from app.model.places import Kind, Place, find_place, is_at_our_domain
from app.model.queues import Queue
from app.model.set_aside import set_aside
from app.model.standing import Standing, everybody_on, standing_of
from app.model.threads import Known, Thread, find_thread, is_our_letter, known_ids, places_named
from app.model.tickets import NoSuchTicket


def to_ticket(desk: Desk, arrival: Arrival, recipient: str) -> None:
    """Mail to a ticket's address: the default action of its sender's role and the ticket's status."""
    place = find_place(desk, recipient)
    if place is not None:
        _take(desk, arrival, recipient, place)


def elsewhere(desk: Desk, arrival: Arrival, recipient: str) -> None:
    """Mail to any other address: a queue's, one for private comments, or one that leads nowhere."""
    place = find_place(desk, recipient)
    if place is None:
        set_aside(desk, arrival, recipient, "nothing has this address")
    elif place.kind is Kind.BOUNCE:
        set_aside(desk, arrival, recipient, _about_a_letter(desk, place.token))
    elif place.kind is Kind.POSTMASTER:
        set_aside(desk, arrival, recipient, "for the administrators")
    else:
        _take(desk, arrival, recipient, place)


def _take(desk: Desk, arrival: Arrival, recipient: str, place: Place) -> None:
    """Post a mail on the ticket that it belongs to, or open one."""
    known = known_ids(desk, arrival)
    sender = arrival.incoming.sender
    why = _why_aside(desk, arrival, sender, known)
    if why or sender is None:
        set_aside(desk, arrival, recipient, why)
        return
    try:
        thread = find_thread(desk, arrival, place, known)
    except NoSuchTicket:
        set_aside(desk, arrival, recipient, "no ticket has this number")
        return
    if thread is None:
        _open(desk, arrival, recipient, place, sender)
    elif register(desk, arrival, recipient, f"ticket{thread.ticket.id}", Fate.POSTED, thread.ticket.id):
        _post(desk, arrival, thread, sender)


def _why_aside(desk: Desk, arrival: Arrival, sender: Mailbox | None, known: Sequence[Known]) -> str:
    """Why a mail is set aside whatever it says (INTERFACE 3); empty if it is not."""
    if sender is None:
        return "it names no sender"
    if _is_ours(desk, sender.email):
        return "its sender is an address of ours"
    return "it is a letter of ours that came back" if is_our_letter(arrival, known) else ""


def _is_ours(desk: Desk, email: str) -> bool:
    """Whether an address leads to us; at another domain, one that is a person's is no queue's."""
    person = None if is_at_our_domain(desk, email) else find_person(desk, email)
    return person is None and find_place(desk, email) is not None


def _open(desk: Desk, arrival: Arrival, recipient: str, place: Place, sender: Mailbox) -> None:
    incoming = arrival.incoming
    if incoming.bounce:
        set_aside(desk, arrival, recipient, "it reports on a mail, but not on one of ours")
        return
    # Two addresses of one queue in one envelope are one place.
    same = [one for one in places_named(desk, arrival) if one.kind.is_queue and one.number == place.number]
    first = next((one.name for one in same), place.name)
    if not register(desk, arrival, recipient, first, Fate.OPENED):
        return
    queue = desk.session.get_one(Queue, place.number)
    requestor = _author(desk, sender, arrival, known=True)
    private = place.kind.is_comment or any(one.kind.is_comment for one in same)
    ticket = workflow.open_ticket(
        desk,
        queue,
        requestor,
        words_of(desk, arrival, None),
        private=private,
        asked_in=() if private else intake.asked_in(desk, queue, incoming, _standing_at(desk, queue, requestor)),
        spam=incoming.spam,
    )
    opened(desk, arrival, ticket.id)


def _standing_at(desk: Desk, queue: Queue, person: Person) -> Standing:
    """What somebody is to a queue, as far as it matters for a ticket not yet there."""
    return Standing(
        person.id,
        person.label,
        person.email,
        answers=queue.is_answered_by(desk, person),
        administrator=person.administrator,
    )


def _post(desk: Desk, arrival: Arrival, thread: Thread, sender: Mailbox) -> None:
    ticket, incoming = thread.ticket, arrival.incoming
    person = _author(desk, sender, arrival, known=False)
    everybody = everybody_on(desk, ticket)
    standing = standing_of(person, everybody)
    machine = incoming.automatic is not None
    party = standing.party(ticket.lifecycle, machine=machine)
    cell = ticket.lifecycle.cell(ticket.status, party.role)
    words = words_of(desk, arrival, thread)
    if intake.unsubscribes(desk, ticket, standing, words):
        return
    private = cell.private or thread.private
    if not private and intake.ask_in(desk, ticket, intake.asked_in(desk, ticket.queue, incoming, standing)):
        everybody = everybody_on(desk, ticket)
    workflow.act(
        desk,
        ticket,
        standing,
        party,
        ticket.lifecycle.comment if private else cell.action,
        words,
        private=private,
        everybody=everybody,
        # Nobody wants to read that a colleague is on holiday.
        quiet=machine and standing.responder,
    )


def _author(desk: Desk, sender: Mailbox, arrival: Arrival, *, known: bool) -> Person:
    """The person who wrote; their letters go where they wrote from, unless a machine wrote in their name."""
    person = meet(desk, sender, known=known)
    if arrival.incoming.automatic is None and address_key(person.email) != address_key(sender.email):
        wrote_from(person, sender.email)
    return person


def _about_a_letter(desk: Desk, token: str) -> str:
    """Why mail to a letter's envelope sender is set aside, with the letter that it is about."""
    row = desk.session.execute(select(Letter.ticket_id, Letter.recipient).where(Letter.token == token)).first()
    if row is None:
        return "no letter has this envelope sender"
    about = f"on ticket {row.ticket_id}" if row.ticket_id else "about mail set aside"
    return f"it is about our letter {about} to {row.recipient}"
