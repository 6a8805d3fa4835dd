"""This file holds the few things a mail can do: open a ticket, continue one, or be set aside."""

from sqlalchemy import select

from app.model import workflow
from app.model.addresses import Mailbox, address_key
from app.model.arrival import Arrival, Fate, opened, register
from app.model.desk import Desk
from app.model.letters import Letter
from app.model.messages import Message
from app.model.notification import new_message_id
from app.model.people import Person, find_person, meet, wrote_from
from app.model.places import Kind, Place, find_place, is_at_our_domain
from app.model.queues import Queue
from app.model.set_aside import set_aside
from app.model.standing import everybody_on, standing_of
from app.model.tickets import NoSuchTicket, Ticket, find_ticket
from app.model.workflow import Parent, Words


def to_ticket(desk: Desk, arrival: Arrival, recipient: str) -> None:
    """Mail to a ticket's address: the default action of its sender's role and the ticket's status."""
    sender = _sender(desk, arrival, recipient)
    place = find_place(desk, recipient)
    if sender is None or place is None:
        return
    try:
        ticket = find_ticket(desk, place.number, locked=True)
    except NoSuchTicket:
        set_aside(desk, arrival, recipient, "no ticket has this number")
        return
    if register(desk, arrival, recipient, place.name, Fate.POSTED, ticket.id):
        _post(desk, arrival, ticket, sender)


def elsewhere(desk: Desk, arrival: Arrival, recipient: str) -> None:
    """Mail to any other address of ours: a queue's opens a ticket, and nothing else is posted anywhere."""
    place = find_place(desk, recipient)
    if place is None:
        set_aside(desk, arrival, recipient, "nothing has this address")
    elif place.kind is Kind.QUEUE:
        _to_queue(desk, arrival, recipient, place)
    elif place.kind is Kind.BOUNCE:
        set_aside(desk, arrival, recipient, _about_a_letter(desk, place.token))
    else:
        set_aside(desk, arrival, recipient, "for the administrators")


def _to_queue(desk: Desk, arrival: Arrival, recipient: str, place: Place) -> None:
    sender = _sender(desk, arrival, recipient)
    if sender is None or not register(desk, arrival, recipient, place.name, Fate.OPENED):
        return
    queue = desk.session.get_one(Queue, place.number)
    requestor = _author(desk, sender, arrival, known=True)
    ticket = workflow.open_ticket(desk, queue, requestor, _words(desk, arrival, None))
    opened(desk, arrival, ticket.id)


def _sender(desk: Desk, arrival: Arrival, recipient: str) -> Mailbox | None:
    """Who wrote the mail; None if that cannot be told or is ourselves: then it is set aside (INTERFACE 3)."""
    sender = arrival.incoming.sender
    if sender is None:
        set_aside(desk, arrival, recipient, "it names no sender")
    elif _is_ours(desk, sender.email):
        set_aside(desk, arrival, recipient, "its sender is an address of ours")
        return None
    return sender


def _is_ours(desk: Desk, email: str) -> bool:
    """Whether an address leads to us; at another domain, one that is a person's is no queue's."""
    person = None if is_at_our_domain(desk, email) else find_person(desk, email)
    return person is None and find_place(desk, email) is not None


def _post(desk: Desk, arrival: Arrival, ticket: Ticket, sender: Mailbox) -> None:
    person = _author(desk, sender, arrival, known=False)
    everybody = everybody_on(desk, ticket)
    standing = standing_of(person, everybody)
    party = standing.party(ticket.lifecycle, machine=arrival.incoming.automatic is not None)
    cell = ticket.lifecycle.cell(ticket.status, party.role)
    words = _words(desk, arrival, ticket)
    workflow.act(desk, ticket, standing, party, cell.action, words, private=cell.private, everybody=everybody)


def _author(desk: Desk, sender: Mailbox, arrival: Arrival, *, known: bool) -> Person:
    """The person who wrote; their letters go where they wrote from, unless a machine wrote in their name."""
    person = meet(desk, sender, known=known)
    if arrival.incoming.automatic is None and address_key(person.email) != address_key(sender.email):
        wrote_from(person, sender.email)
    return person


def _words(desk: Desk, arrival: Arrival, ticket: Ticket | None) -> Words:
    incoming = arrival.incoming
    return Words(
        text=incoming.text,
        full_text=incoming.text,
        subject=incoming.subject,
        message_id=incoming.message_id or new_message_id(desk),
        in_reply_to=incoming.in_reply_to[0] if incoming.in_reply_to else None,
        parent=_parent(desk, ticket, incoming.in_reply_to) if ticket else None,
        date=incoming.date,
        automatic=incoming.automatic,
        mail_id=arrival.mail_id,
        attachments=incoming.attachments,
        named=frozenset(address_key(mailbox.email) for mailbox in incoming.to),
    )


def _parent(desk: Desk, ticket: Ticket, answered: tuple[str, ...]) -> Parent | None:
    """The message of this ticket that a mail answers: by its own Message-ID, or by that of a letter about it."""
    if not answered:
        return None
    columns = select(Message.id, Message.message_id, Message.private).where(Message.ticket_id == ticket.id)
    by_letter = columns.join(Letter, Letter.about_id == Message.id).where(Letter.message_id.in_(answered))
    by_itself = columns.where(Message.message_id.in_(answered))
    for query in (by_letter, by_itself):
        if row := desk.session.execute(query.limit(1)).first():
            return Parent(*row)
    return None


def _about_a_letter(desk: Desk, token: str) -> str:
    """Why mail to a letter's envelope sender is set aside, with the letter that it is about."""
    row = desk.session.execute(select(Letter.ticket_id, Letter.recipient).where(Letter.token == token)).first()
    if row is None:
        return "no letter has this envelope sender"
    about = f"on ticket {row.ticket_id}" if row.ticket_id else "about mail set aside"
    return f"it is about our letter {about} to {row.recipient}"
