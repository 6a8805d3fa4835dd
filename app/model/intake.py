"""This file holds what a mail brings to a ticket: the writer's words, and the people whom it asks in."""

from collections.abc import Sequence

from sqlalchemy import select

from app.model import notification
from app.model.addresses import Mailbox, address_key
from app.model.arrival import Arrival
from app.model.attached_letters import files_of
from app.model.desk import Desk
from app.model.incoming import Incoming
from app.model.letters import Letter
from app.model.notification import News
from app.model.people import Person, heard_from, meet, wrote_from
from app.model.places import find_place
from app.model.proof import new_message_id
from app.model.queues import Queue
from app.model.quotation import is_forward, split
from app.model.standing import Standing, everybody_on
from app.model.threads import Thread
from app.model.tickets import Participant, Ticket, record_change
from app.model.workflow import Parent, Words

# Whoever names more people in one mail means a list.
_MOST_ASKED_IN = 20
_LEAVE = "unsubscribe"


def author(desk: Desk, sender: Mailbox, arrival: Arrival, *, known: bool) -> Person:
    """The person who wrote; their letters go where they wrote from, unless a machine wrote in their name."""
    person = meet(desk, sender, known=known)
    incoming = arrival.incoming
    if address_key(person.email) == address_key(sender.email):
        if not incoming.bounce:
            heard_from(person)
    elif incoming.automatic is None:
        wrote_from(person, sender.email)
    return person


def words_of(
    desk: Desk, arrival: Arrival, thread: Thread | None, text: str, *, forward: bool = False, can_be_empty: bool = False
) -> Words:
    """What a mail says: the new words, all of them, and where they belong. `text` is its text without commands.

    `forward`: what it quotes belongs to what it says. `can_be_empty`: it has done its work without any words.
    """
    incoming = arrival.incoming
    ours = _our_lines(desk, incoming) if thread else ()
    said = split(text, ours, forward or is_forward(incoming.subject), can_be_empty=can_be_empty)
    parent = thread.parent if thread else None
    return Words(
        text=said.new,
        full_text=text,
        subject=incoming.subject,
        message_id=incoming.message_id or new_message_id(desk),
        in_reply_to=incoming.in_reply_to[0] if incoming.in_reply_to else None,
        parent=Parent(parent.message, parent.message_id or "", parent.private) if parent and parent.message else None,
        reader_id=parent.reader if parent else None,
        date=incoming.date,
        automatic=incoming.automatic,
        listed=incoming.listed,
        mail_id=arrival.mail_id,
        attachments=files_of(desk, arrival),
        named=frozenset(address_key(mailbox.email) for mailbox in incoming.to),
    )


def _our_lines(desk: Desk, incoming: Incoming) -> list[str]:
    """The lines of the letter of ours that a mail answers, as its writer's client may have quoted them."""
    if not incoming.in_reply_to:
        return []
    query = select(Letter.text).where(Letter.message_id.in_(incoming.in_reply_to)).limit(1)
    text = desk.connection.execute(query).scalar()
    return text.split("\n") if text else []


def asked_in(desk: Desk, queue: Queue, incoming: Incoming, by: Standing) -> list[Person]:
    """Whom a mail's To and Cc ask in, if the queue takes them from this writer; no address of ours."""
    allowed = queue.cc_from_responders if by.responder else queue.cc_from_others
    if not allowed or incoming.automatic or incoming.spam:
        return []
    named: dict[str, Mailbox] = {}
    for mailbox in incoming.to:
        if not find_place(desk, mailbox.email):
            named.setdefault(address_key(mailbox.email), mailbox)
    people = [meet(desk, mailbox, known=False) for mailbox in list(named.values())[:_MOST_ASKED_IN]]
    return [person for person in people if person.id != by.person_id]


def ask_in(desk: Desk, ticket: Ticket, people: Sequence[Person]) -> bool:
    """Make people participants who are not on the ticket yet; whether anybody was new."""
    there = {one.person_id for one in everybody_on(desk, ticket) if not one.dormant} if people else set()
    new = [person for person in people if person.id not in there]
    for person in new:
        desk.session.merge(Participant(ticket_id=ticket.id, person_id=person.id, subscribed=True, dormant=False))
        record_change(desk, ticket, None, "participant", None, person.email)
    return bool(new)


def wakes(desk: Desk, ticket: Ticket, standing: Standing, incoming: Incoming) -> bool:
    """Whether somebody of an imported thread writes again, who from now on gets letters; a machine wakes nobody."""
    if not standing.dormant or incoming.automatic:
        return False
    desk.session.get_one(Participant, (ticket.id, standing.person_id)).dormant = False
    return True


def unsubscribes(desk: Desk, ticket: Ticket, standing: Standing, words: Words) -> bool:
    """Whether a participant asked for no more letters, which then is done: the word stands alone in the mail."""
    row = desk.session.get(Participant, (ticket.id, standing.person_id)) if standing.participant else None
    if row is None or standing.responder or words.automatic or words.text.strip().strip(".!").lower() != _LEAVE:
        return False
    row.subscribed = False
    person = desk.session.get_one(Person, standing.person_id)
    record_change(desk, ticket, person, "participant", person.email, None)
    news = News(None, ticket.status, standing, [("participant", person.email, None)])
    notification.tell_changed(desk, ticket, news, everybody_on(desk, ticket))
    return True
