"""What a mail brings to a ticket: the writer's words, and the people whom it asks in."""

from collections.abc import Sequence

from sqlalchemy import select, update

from ...mail.addresses import Mailbox, address_key
from ...mail.parsed import ParsedMail
from ...mail.quoted_text import foreign_lines, is_forward, split
from ..letters import notification
from ..letters.notification import TicketEvent
from ..lifecycle.commands import LEAVE
from ..records.addressing import find_our_address
from ..records.letters import Letter
from ..records.message_ids import new_message_id
from ..records.people import Person, find_person
from ..records.queues import Queue
from ..records.registration import get_or_create_person, mark_reachable, set_current_address
from ..records.tickets import LET_IN, Participant, Ticket, record_change
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, as_confirmed, members_of
from ..tickets.posts import NewMessage, Parent
from . import sender_proof
from .attached_letters import attachments_of
from .delivery import InboundMail
from .threads import KnownReference, ThreadMatch

# Whoever names more people in one mail means a list.
_MOST_ADDED = 20
# What nothing proves reaches this many tickets; its other recipients are set aside.
MOST_TICKETS_OF_UNPROVEN = 5
TOO_MANY_TICKETS = f"nothing proves who sent it, and it reached {MOST_TICKETS_OF_UNPROVEN} tickets already"


def identify_author(uow: UnitOfWork, sender: Mailbox, inbound_mail: InboundMail, *, known: bool) -> Person:
    """The person who wrote. Letters that failed are tried again once mail comes from where they went."""
    person = get_or_create_person(uow, sender, known=known)
    if address_key(person.email) == address_key(sender.email) and not inbound_mail.parsed.bounce:
        mark_reachable(person)
    return person


def update_letter_address(person: Person, ticket: Ticket | None, address: str) -> None:
    """Let a believed mail say where its writer gets letters from now on: all of them, and those of this ticket."""
    if address_key(person.email) != address_key(address):
        set_current_address(person, address)
    if ticket is not None and ticket.requestor_id == person.id and ticket.requestor_email is not None:
        ticket.requestor_email = address


def is_over_ticket_limit(
    uow: UnitOfWork, inbound_mail: InboundMail, sender: Mailbox, known: Sequence[KnownReference]
) -> bool:
    """Whether a mail that nothing proves has reached as many tickets as it may."""
    tickets = {result.ticket for result in inbound_mail.results if result.ticket}
    if len(tickets) < MOST_TICKETS_OF_UNPROVEN:
        return False
    person = find_person(uow, sender.email)
    verified = person is not None and sender_proof.is_verified(uow, inbound_mail, person, known)
    return inbound_mail.parsed.automatic is not None or not sender_proof.is_believed(
        uow, inbound_mail, verified=verified
    )


def new_message_of(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
    thread: ThreadMatch | None,
    text: str,
    *,
    forward: bool = False,
    can_be_empty: bool = False,
    outsider: bool = False,
) -> NewMessage:
    """What a mail says: the new words, all of them, and where they belong. `text` is its text without commands.

    `forward`: what it quotes belongs to what it says. `can_be_empty`: it has done its work without any words.
    `outsider`: what its writer quotes is theirs to show.
    """
    parsed = inbound_mail.parsed
    ours = _our_lines(uow, parsed)
    parts = split(
        text,
        ours,
        forward or is_forward(parsed.subject),
        can_be_empty=can_be_empty,
        opening=thread is None,
        outsider=outsider,
    )
    parent = thread.parent if thread else None
    return NewMessage(
        text=parts.new,
        full_text=text,
        subject=parsed.subject,
        message_id=parsed.message_id or new_message_id(uow),
        in_reply_to=parsed.in_reply_to[0] if parsed.in_reply_to else None,
        parent=Parent(parent.message, parent.message_id or "", parent.private) if parent and parent.message else None,
        reader_id=parent.reader if parent else None,
        date=parsed.date,
        automatic=parsed.automatic,
        listed=parsed.listed,
        mail_id=inbound_mail.mail_id,
        address=parsed.sender.email if parsed.sender else None,
        attachments=attachments_of(uow, inbound_mail),
        named=frozenset(address_key(mailbox.email) for mailbox in parsed.to),
        foreign=foreign_lines(parts.rest, ours),
    )


def _our_lines(uow: UnitOfWork, parsed: ParsedMail) -> list[str]:
    """The sender and the lines of the letter of ours that a mail answers: its writer's client may quote them."""
    if not parsed.in_reply_to:
        return []
    query = select(Letter.sender, Letter.text).where(Letter.message_id.in_(parsed.in_reply_to)).limit(1)
    letter = uow.connection.execute(query).one_or_none()
    return [letter.sender, *letter.text.split("\n")] if letter else []


def may_add_by_cc(queue: Queue, by: TicketMember) -> bool:
    """Whether the queue's switches let this writer ask people in by To and Cc."""
    return queue.cc_from_responders if by.responder else queue.cc_from_others


def mailboxes_to_add(uow: UnitOfWork, queue: Queue, parsed: ParsedMail, by: TicketMember) -> list[Mailbox]:
    """Whom a mail's To and Cc ask in, if the queue takes them from this writer; no address of ours."""
    if not may_add_by_cc(queue, by) or parsed.automatic or parsed.spam:
        return []
    named: dict[str, Mailbox] = {}
    for mailbox in parsed.to:
        if not find_our_address(uow, mailbox.email):
            named.setdefault(address_key(mailbox.email), mailbox)
    return list(named.values())[:_MOST_ADDED]


def people_to_add(uow: UnitOfWork, queue: Queue, parsed: ParsedMail, by: TicketMember) -> list[Person]:
    """The people whom a mail's To and Cc ask in, made where they are new."""
    people = [get_or_create_person(uow, mailbox, known=False) for mailbox in mailboxes_to_add(uow, queue, parsed, by)]
    return [person for person in people if person.id != by.person_id]


def missing_addresses(
    uow: UnitOfWork, members: Sequence[TicketMember], by: TicketMember, named: Sequence[Mailbox]
) -> list[str]:
    """The addresses among these whose people are not on the ticket."""
    present = {by.person_id, *(member.person_id for member in members if not member.dormant and not member.pending)}
    people = [(mailbox.email, find_person(uow, mailbox.email)) for mailbox in named]
    return [email for email, person in people if person is None or person.id not in present]


def add_participants(uow: UnitOfWork, ticket: Ticket, people: Sequence[Person]) -> bool:
    """Make people participants who are not on the ticket yet; whether anybody was new."""
    present = (
        [member for member in members_of(uow, ticket) if not member.dormant and not member.pending] if people else []
    )
    new = [person for person in people if person.id not in {one.person_id for one in present}]
    for person in new:
        uow.session.merge(Participant(ticket_id=ticket.id, person_id=person.id, **LET_IN))
        record_change(uow, ticket, None, "participant", None, person.email)
    return bool(new)


def confirm_participants(uow: UnitOfWork, ticket: Ticket, members: Sequence[TicketMember]) -> list[TicketMember]:
    """Let those in who wait for it: from now on they see the ticket and get its letters. Everybody as it is then."""
    if any(member.pending for member in members):
        waiting = update(Participant).where(Participant.ticket_id == ticket.id, Participant.pending)
        uow.session.execute(waiting.values(pending=False))
    return as_confirmed(members)


def reactivate_participant(uow: UnitOfWork, ticket: Ticket, member: TicketMember, parsed: ParsedMail) -> bool:
    """Whether somebody writes again who got no letters, and from now on does; a machine wakes nobody."""
    if not member.participant or member.subscribed or member.pending or parsed.automatic:
        return False
    row = uow.session.get_one(Participant, (ticket.id, member.person_id))
    row.subscribed, row.dormant = True, False
    return True


def may_unsubscribe(member: TicketMember) -> bool:
    """Whether somebody gets letters only because they were copied in."""
    return member.participant and not (member.responder or member.requestor)


def asks_to_unsubscribe(member: TicketMember, new_message: NewMessage) -> bool:
    """Whether a participant asks for no more letters: the word stands alone in the mail."""
    return (
        may_unsubscribe(member) and not new_message.automatic and new_message.text.strip().strip(".!").lower() == LEAVE
    )


def unsubscribe(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> None:
    """Take a participant off the letters of a ticket, and tell those who answer."""
    row = uow.session.get_one(Participant, (ticket.id, member.person_id))
    row.subscribed = False
    if row.pending:
        # Else they would be let in with the others who wait.
        uow.session.delete(row)
    person = uow.session.get_one(Person, member.person_id)
    record_change(uow, ticket, person, "participant", person.email, None)
    event = TicketEvent(None, ticket.status, member, [("participant", person.email, None)])
    notification.notify_changed(uow, ticket, event, members_of(uow, ticket))
