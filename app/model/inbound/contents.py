"""What a mail brings to a ticket: the writer's words, and the people whom it asks in."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select, update

from ...mail.addresses import Mailbox, address_key
from ...mail.parsed import Incoming
from ...mail.quoted_text import is_forward, split
from ..records.addressing import find_place
from ..records.letters import Letter
from ..records.message_ids import new_message_id
from ..records.people import Person, find_person
from ..records.queues import Queue
from ..records.registration import heard_from, meet, wrote_from
from ..records.tickets import LET_IN, Participant, Ticket, record_change
from ..storage.unit_of_work import Desk
from ..tickets.events import Event
from ..tickets.members import Standing, as_confirmed, everybody_on
from ..tickets.posts import Parent, Words
from . import sender_proof
from .attached_letters import files_of
from .delivery import Arrival, Claim, past_of
from .threads import Known, Thread

# Whoever names more people in one mail means a list.
_MOST_ASKED_IN = 20
# What nothing proves reaches this many tickets; its other recipients are set aside.
MOST_TICKETS_OF_UNPROVEN = 5
TOO_MANY_TICKETS = f"nothing proves who sent it, and it reached {MOST_TICKETS_OF_UNPROVEN} tickets already"


def author(desk: Desk, sender: Mailbox, arrival: Arrival, *, known: bool) -> Person:
    """The person who wrote. Letters that failed are tried again once mail comes from where they went."""
    person = meet(desk, sender, known=known)
    if address_key(person.email) == address_key(sender.email) and not arrival.incoming.bounce:
        heard_from(person)
    return person


def letters_follow(person: Person, ticket: Ticket | None, address: str) -> bool:
    """Let its writer get letters where a mail came from: all, and those of this ticket. Returns whether any moved."""
    before = person.email, ticket.requestor_email if ticket else None
    if address_key(person.email) != address_key(address):
        wrote_from(person, address)
    if ticket is not None and ticket.requestor_id == person.id and ticket.requestor_email is not None:
        ticket.requestor_email = address
    return before != (person.email, ticket.requestor_email if ticket else None)


def is_one_too_many(desk: Desk, arrival: Arrival, sender: Mailbox, known: Sequence[Known]) -> bool:
    """Whether a mail that nothing proves has reached as many tickets as it may."""
    tickets = {outcome.ticket for outcome in arrival.outcomes if outcome.ticket}
    if len(tickets) < MOST_TICKETS_OF_UNPROVEN:
        return False
    person = find_person(desk, sender.email)
    came_before = past_of(desk, arrival).came_before
    verified = person is not None and sender_proof.is_verified(desk, arrival, person, known, came_before=came_before)
    return arrival.incoming.automatic is not None or not sender_proof.is_believed(desk, arrival, verified=verified)


def draft_of(desk: Desk, claim: Claim, thread: Thread | None) -> Words:
    """What a mail says, whole, and where it belongs; which of it are new words is read later."""
    incoming = claim.incoming
    parent = thread.parent if thread else None
    return Words(
        text=incoming.text,
        full_text=incoming.text,
        subject=incoming.subject,
        message_id=incoming.message_id or new_message_id(desk),
        in_reply_to=incoming.in_reply_to[0] if incoming.in_reply_to else None,
        parent=Parent(parent.message, parent.message_id or "", parent.private) if parent and parent.message else None,
        reader_id=parent.reader if parent else None,
        date=incoming.date,
        automatic=incoming.automatic,
        listed=incoming.listed,
        mail_id=claim.mail_id,
        address=incoming.sender.email if incoming.sender else None,
        attachments=files_of(desk, claim.arrival),
        named=frozenset(address_key(mailbox.email) for mailbox in incoming.to),
    )


def first_words(draft: Words, text: str, *, forward: bool = False, can_be_empty: bool = False) -> Words:
    """The new words of a mail that belongs to no ticket. `text` is its text without commands.

    `forward`: what it quotes belongs to what it says. `can_be_empty`: it has done its work without any words.
    """
    said = split(text, (), forward or is_forward(draft.subject), can_be_empty=can_be_empty)
    return replace(draft, text=said.new, full_text=text)


def quotable_lines(desk: Desk, incoming: Incoming) -> list[str]:
    """The lines of the letter of ours that a mail answers, as its writer's client may have quoted them."""
    if not incoming.in_reply_to:
        return []
    query = select(Letter.text).where(Letter.message_id.in_(incoming.in_reply_to)).limit(1)
    text = desk.connection.execute(query).scalar()
    return text.split("\n") if text else []


def may_ask_in(queue: Queue, by: Standing) -> bool:
    """Whether the queue's switches let this writer ask people in by To and Cc."""
    return queue.cc_from_responders if by.responder else queue.cc_from_others


def named_in(desk: Desk, incoming: Incoming) -> list[Mailbox]:
    """Whom a mail's To and Cc name; no address of ours."""
    named: dict[str, Mailbox] = {}
    for mailbox in incoming.to:
        if not find_place(desk, mailbox.email):
            named.setdefault(address_key(mailbox.email), mailbox)
    return list(named.values())[:_MOST_ASKED_IN]


def people_named_in(desk: Desk, incoming: Incoming, by: Person) -> list[Person]:
    """The people whom a mail's To and Cc name besides its writer, made where they are new."""
    people = [meet(desk, mailbox, known=False) for mailbox in named_in(desk, incoming)]
    return [person for person in people if person.id != by.id]


def not_yet_on(desk: Desk, everybody: Sequence[Standing], by: Standing, named: Sequence[Mailbox]) -> list[str]:
    """The addresses among these whose people are not on the ticket."""
    there = {by.person_id, *(one.person_id for one in everybody if not one.dormant and not one.pending)}
    people = [(mailbox.email, find_person(desk, mailbox.email)) for mailbox in named]
    return [email for email, person in people if person is None or person.id not in there]


def ask_in(desk: Desk, ticket: Ticket, people: Sequence[Person], everybody: Sequence[Standing]) -> Sequence[Standing]:
    """Make people participants who are not on the ticket yet. Returns everybody as they are then."""
    there = {one.person_id for one in everybody if not one.dormant and not one.pending}
    new = [person for person in people if person.id not in there]
    for person in new:
        desk.session.merge(Participant(ticket_id=ticket.id, person_id=person.id, **LET_IN))
        record_change(desk, ticket, None, "participant", None, person.email)
    return everybody_on(desk, ticket) if new else everybody


def confirm(desk: Desk, ticket: Ticket, everybody: Sequence[Standing]) -> Sequence[Standing]:
    """Let those in who wait for it: from now on they see the ticket and get its letters. Everybody as it is then."""
    if not any(one.pending for one in everybody):
        return everybody
    waiting = update(Participant).where(Participant.ticket_id == ticket.id, Participant.pending)
    desk.session.execute(waiting.values(pending=False))
    return as_confirmed(everybody)


def subscribe(desk: Desk, ticket: Ticket, person_id: int, everybody: Sequence[Standing]) -> list[Standing]:
    """Let somebody get the letters again; returns everybody as they are then."""
    row = desk.session.get_one(Participant, (ticket.id, person_id))
    row.subscribed, row.dormant = True, False
    return [one._replace(subscribed=True, dormant=False) if one.person_id == person_id else one for one in everybody]


def leave(desk: Desk, ticket: Ticket, standing: Standing) -> Event:
    """Take a participant off the letters of a ticket."""
    row = desk.session.get_one(Participant, (ticket.id, standing.person_id))
    row.subscribed = False
    if row.pending:
        # Else they would be let in with the others who wait.
        desk.session.delete(row)
    person = desk.session.get_one(Person, standing.person_id)
    record_change(desk, ticket, person, "participant", person.email, None)
    gone = [("participant", person.email, None)]
    return Event(ticket, everybody_on(desk, ticket), standing, ticket.status, changes=gone)
