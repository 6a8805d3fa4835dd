"""What a mail brings to a ticket: the writer's words, and the people whom it asks in."""

from collections.abc import Sequence

from sqlalchemy import select, update

from ...mail.addresses import Mailbox, address_key
from ...mail.parsed import Incoming
from ...mail.quoted_text import foreign_lines, is_forward, split
from ..letters import notification
from ..letters.notification import News
from ..lifecycle.commands import LEAVE
from ..records.addressing import find_place
from ..records.letters import Letter
from ..records.message_ids import new_message_id
from ..records.people import Person, find_person
from ..records.queues import Queue
from ..records.registration import heard_from, meet, wrote_from
from ..records.tickets import LET_IN, Participant, Ticket, record_change
from ..storage.unit_of_work import Desk
from ..tickets.members import Standing, as_confirmed, everybody_on
from ..tickets.posts import Parent, Words
from . import sender_proof
from .attached_letters import files_of
from .delivery import Arrival
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


def letters_follow(person: Person, ticket: Ticket | None, address: str) -> None:
    """Let a believed mail say where its writer gets letters from now on: all of them, and those of this ticket."""
    if address_key(person.email) != address_key(address):
        wrote_from(person, address)
    if ticket is not None and ticket.requestor_id == person.id and ticket.requestor_email is not None:
        ticket.requestor_email = address


def is_one_too_many(desk: Desk, arrival: Arrival, sender: Mailbox, known: Sequence[Known]) -> bool:
    """Whether a mail that nothing proves has reached as many tickets as it may."""
    tickets = {outcome.ticket for outcome in arrival.outcomes if outcome.ticket}
    if len(tickets) < MOST_TICKETS_OF_UNPROVEN:
        return False
    person = find_person(desk, sender.email)
    verified = person is not None and sender_proof.is_verified(desk, arrival, person, known)
    return arrival.incoming.automatic is not None or not sender_proof.is_believed(desk, arrival, verified=verified)


def words_of(
    desk: Desk,
    arrival: Arrival,
    thread: Thread | None,
    text: str,
    *,
    forward: bool = False,
    can_be_empty: bool = False,
    outsider: bool = False,
) -> Words:
    """What a mail says: the new words, all of them, and where they belong. `text` is its text without commands.

    `forward`: what it quotes belongs to what it says. `can_be_empty`: it has done its work without any words.
    `outsider`: what its writer quotes is theirs to show.
    """
    incoming = arrival.incoming
    ours = _our_lines(desk, incoming)
    said = split(
        text,
        ours,
        forward or is_forward(incoming.subject),
        can_be_empty=can_be_empty,
        opening=thread is None,
        outsider=outsider,
    )
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
        address=incoming.sender.email if incoming.sender else None,
        attachments=files_of(desk, arrival),
        named=frozenset(address_key(mailbox.email) for mailbox in incoming.to),
        foreign=foreign_lines(said.rest, ours),
    )


def _our_lines(desk: Desk, incoming: Incoming) -> list[str]:
    """The lines of the letter of ours that a mail answers, as its writer's client may have quoted them."""
    if not incoming.in_reply_to:
        return []
    query = select(Letter.text).where(Letter.message_id.in_(incoming.in_reply_to)).limit(1)
    text = desk.connection.execute(query).scalar()
    return text.split("\n") if text else []


def may_ask_in(queue: Queue, by: Standing) -> bool:
    """Whether the queue's switches let this writer ask people in by To and Cc."""
    return queue.cc_from_responders if by.responder else queue.cc_from_others


def named_in(desk: Desk, queue: Queue, incoming: Incoming, by: Standing) -> list[Mailbox]:
    """Whom a mail's To and Cc ask in, if the queue takes them from this writer; no address of ours."""
    if not may_ask_in(queue, by) or incoming.automatic or incoming.spam:
        return []
    named: dict[str, Mailbox] = {}
    for mailbox in incoming.to:
        if not find_place(desk, mailbox.email):
            named.setdefault(address_key(mailbox.email), mailbox)
    return list(named.values())[:_MOST_ASKED_IN]


def asked_in(desk: Desk, queue: Queue, incoming: Incoming, by: Standing) -> list[Person]:
    """The people whom a mail's To and Cc ask in, made where they are new."""
    people = [meet(desk, mailbox, known=False) for mailbox in named_in(desk, queue, incoming, by)]
    return [person for person in people if person.id != by.person_id]


def not_yet_on(desk: Desk, everybody: Sequence[Standing], by: Standing, named: Sequence[Mailbox]) -> list[str]:
    """The addresses among these whose people are not on the ticket."""
    there = {by.person_id, *(one.person_id for one in everybody if not one.dormant and not one.pending)}
    people = [(mailbox.email, find_person(desk, mailbox.email)) for mailbox in named]
    return [email for email, person in people if person is None or person.id not in there]


def ask_in(desk: Desk, ticket: Ticket, people: Sequence[Person]) -> bool:
    """Make people participants who are not on the ticket yet; whether anybody was new."""
    there = [one for one in everybody_on(desk, ticket) if not one.dormant and not one.pending] if people else []
    new = [person for person in people if person.id not in {one.person_id for one in there}]
    for person in new:
        desk.session.merge(Participant(ticket_id=ticket.id, person_id=person.id, **LET_IN))
        record_change(desk, ticket, None, "participant", None, person.email)
    return bool(new)


def confirm(desk: Desk, ticket: Ticket, everybody: Sequence[Standing]) -> list[Standing]:
    """Let those in who wait for it: from now on they see the ticket and get its letters. Everybody as it is then."""
    if any(one.pending for one in everybody):
        waiting = update(Participant).where(Participant.ticket_id == ticket.id, Participant.pending)
        desk.session.execute(waiting.values(pending=False))
    return as_confirmed(everybody)


def wakes(desk: Desk, ticket: Ticket, standing: Standing, incoming: Incoming) -> bool:
    """Whether somebody writes again who got no letters, and from now on does; a machine wakes nobody."""
    if not standing.participant or standing.subscribed or standing.pending or incoming.automatic:
        return False
    row = desk.session.get_one(Participant, (ticket.id, standing.person_id))
    row.subscribed, row.dormant = True, False
    return True


def may_leave(standing: Standing) -> bool:
    """Whether somebody gets letters only because they were copied in."""
    return standing.participant and not (standing.responder or standing.requestor)


def asks_to_leave(standing: Standing, words: Words) -> bool:
    """Whether a participant asks for no more letters: the word stands alone in the mail."""
    return may_leave(standing) and not words.automatic and words.text.strip().strip(".!").lower() == LEAVE


def leave(desk: Desk, ticket: Ticket, standing: Standing) -> None:
    """Take a participant off the letters of a ticket, and tell those who answer."""
    row = desk.session.get_one(Participant, (ticket.id, standing.person_id))
    row.subscribed = False
    if row.pending:
        # Else they would be let in with the others who wait.
        desk.session.delete(row)
    person = desk.session.get_one(Person, standing.person_id)
    record_change(desk, ticket, person, "participant", person.email, None)
    news = News(None, ticket.status, standing, [("participant", person.email, None)])
    notification.tell_changed(desk, ticket, news, everybody_on(desk, ticket))
