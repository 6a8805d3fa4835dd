"""The writer of a mail, the words that they bring to a ticket, and the people whom they copy in."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import update

from ...mail.addresses import Mailbox, address_key
from ...mail.parsed import ParsedMail
from ...mail.quoted_text import is_forward, split
from ..records.addressing import find_our_address
from ..records.message_ids import new_message_id
from ..records.people import Person, find_person
from ..records.queues import Queue
from ..records.registration import get_or_create_person, mark_reachable, set_current_address
from ..records.tickets import LET_IN, Participant, Ticket, record_change
from ..storage.unit_of_work import UnitOfWork
from ..tickets.fields import hide_private_title
from ..tickets.members import TicketMember
from ..tickets.posts import NewMessage, Parent
from ..tickets.undo import NOBODY_LET_IN, FieldChange, LetIn, snapshot
from ..wording import say
from . import sender_proof
from .attached_letters import attachments_of
from .delivery import Claim, past_of
from .finding.threads import ThreadMatch
from .inbound_mail import InboundMail

# Whoever names more people in one mail means a list.
_MOST_ADDED = 20
# What nothing proves reaches this many tickets; its other recipients are set aside.
MOST_TICKETS_OF_UNPROVEN = 5
TOO_MANY_TICKETS = say("reasons.too_many_tickets", count=MOST_TICKETS_OF_UNPROVEN)


def identify_author(uow: UnitOfWork, inbound_mail: InboundMail, *, known: bool) -> Person:
    """The person who wrote. Letters that failed are tried again once mail comes from where they went."""
    sender = inbound_mail.mailbox
    person = get_or_create_person(uow, sender, known=known)
    if address_key(person.email) == address_key(sender.email) and not inbound_mail.parsed.bounce:
        mark_reachable(person)
    return person


def update_letter_address(person: Person, ticket: Ticket | None, inbound_mail: InboundMail) -> bool:
    """Let its writer get letters where a mail came from: all, and those of this ticket. Returns whether any moved."""
    address = inbound_mail.mailbox.email
    before = person.email, ticket.requestor_email if ticket else None
    if address_key(person.email) != address_key(address):
        set_current_address(person, address)
    if ticket is not None and ticket.requestor_id == person.id and ticket.requestor_email is not None:
        ticket.requestor_email = address
    return before != (person.email, ticket.requestor_email if ticket else None)


def is_over_ticket_limit(uow: UnitOfWork, inbound_mail: InboundMail) -> bool:
    """Whether a mail that nothing proves has reached as many tickets as it may; a letter about any of them is proof."""
    tickets = {result.ticket for result in inbound_mail.results if result.ticket}
    if len(tickets) < MOST_TICKETS_OF_UNPROVEN:
        return False
    person = find_person(uow, inbound_mail.sender.email) if inbound_mail.sender else None
    came_before = past_of(uow, inbound_mail).came_before
    verified = person is not None and any(
        sender_proof.is_verified(uow, inbound_mail, person, came_before=came_before, ticket=ticket)
        for ticket in {None, *(reference.ticket for reference in inbound_mail.references)}
    )
    return not sender_proof.is_believed(uow, inbound_mail, verified=verified)


def draft_of(uow: UnitOfWork, claim: Claim, thread: ThreadMatch | None) -> NewMessage:
    """What a mail says, whole, and where it belongs; which of it are new words is read later."""
    parsed = claim.inbound_mail.parsed
    parent = thread.parent if thread else None
    return NewMessage(
        text=parsed.text,
        full_text=parsed.text,
        subject=parsed.subject,
        message_id=parsed.message_id or new_message_id(uow),
        in_reply_to=parsed.in_reply_to[0] if parsed.in_reply_to else None,
        parent=Parent(parent.message, parent.message_id or "", parent.private) if parent and parent.message else None,
        reader_id=parent.reader if parent else None,
        letter_kind=thread.letter.kind if thread and thread.letter else None,
        date=parsed.date,
        automatic=parsed.automatic,
        # Who is only named in Reply-To gets no acknowledgement.
        listed=parsed.listed or claim.inbound_mail.relayed,
        mail_id=claim.mail_id,
        address=claim.inbound_mail.sender.email if claim.inbound_mail.sender else None,
        attachments=attachments_of(uow, claim.inbound_mail),
        named=frozenset(address_key(mailbox.email) for mailbox in parsed.to),
    )


def first_words(
    draft: NewMessage, text: str, *, forward: bool = False, can_be_empty: bool = False, opens: bool = True
) -> NewMessage:
    """The new words of a mail that belongs to no ticket. `text` is its text without commands.

    `forward`: what it quotes belongs to what it says. `can_be_empty`: it has done its work without any words. `opens`:
    it opens a ticket, and nobody here has seen what it quotes.
    """
    parts = split(text, (), forward or is_forward(draft.subject), can_be_empty=can_be_empty, opening=opens)
    return replace(draft, text=parts.new, full_text=text)


def quotable_lines(inbound_mail: InboundMail) -> list[str]:
    """The sender and the lines of the letter of ours that a mail answers: its writer's client may quote them."""
    quotable = (reference.quotable for reference in inbound_mail.references)
    return next((text.split("\n") for text in quotable if text), [])


def may_add_by_cc(queue: Queue, by: TicketMember) -> bool:
    """Whether the queue's switches let this writer ask people in by To and Cc."""
    return queue.cc_from_responders if by.responder else queue.cc_from_others


def mailboxes_to_add(uow: UnitOfWork, parsed: ParsedMail) -> list[Mailbox]:
    """Whom a mail's To and Cc name; no address of ours."""
    named: dict[str, Mailbox] = {}
    for mailbox in parsed.to:
        if not find_our_address(uow, mailbox.email):
            named.setdefault(address_key(mailbox.email), mailbox)
    return list(named.values())[:_MOST_ADDED]


def people_named_in(uow: UnitOfWork, parsed: ParsedMail, by: Person) -> list[Person]:
    """The people whom a mail's To and Cc name besides its writer, made where they are new."""
    people = [get_or_create_person(uow, mailbox, known=False) for mailbox in mailboxes_to_add(uow, parsed)]
    return [person for person in people if person.id != by.id]


def missing_addresses(
    uow: UnitOfWork, members: Sequence[TicketMember], by: TicketMember, named: Sequence[Mailbox]
) -> list[str]:
    """The addresses among these whose people are not on the ticket."""
    present = {by.person_id, *(member.person_id for member in members if not member.dormant and not member.pending)}
    people = [(mailbox.email, find_person(uow, mailbox.email)) for mailbox in named]
    return [email for email, person in people if person is None or person.id not in present]


def add_participants(
    uow: UnitOfWork, ticket: Ticket, people: Sequence[Person], members: Sequence[TicketMember]
) -> LetIn:
    """Make people participants who are not on the ticket yet."""
    present = {member.person_id for member in members if not member.dormant and not member.pending}
    new = [person for person in people if person.id not in present]
    if not new:
        return NOBODY_LET_IN
    before = snapshot(uow, ticket, people=True)
    changes = [*hide_private_title(uow, ticket), *(("participant", None, person.email) for person in new)]
    for person in new:
        uow.session.merge(Participant(ticket_id=ticket.id, person_id=person.id, **LET_IN))
    for change in changes:
        record_change(uow, ticket, None, *change)
    return LetIn(before, tuple(changes))


def confirm_participants(uow: UnitOfWork, ticket: Ticket, members: Sequence[TicketMember]) -> LetIn:
    """Let those in who wait for it: from now on they see the ticket and get its letters."""
    new = [member for member in members if member.pending]
    if not new:
        return NOBODY_LET_IN
    before = snapshot(uow, ticket, people=True)
    waiting = update(Participant).where(Participant.ticket_id == ticket.id, Participant.pending)
    uow.session.execute(waiting.values(pending=False))
    changes: list[FieldChange] = [("participant", None, member.email) for member in new]
    for change in changes:
        record_change(uow, ticket, None, *change)
    return LetIn(before, tuple(changes))


def subscribe(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember]
) -> list[TicketMember]:
    """Let somebody get the letters again; returns everybody as they are then."""
    if member.requestor:
        ticket.requestor_left = False
        now = member._replace(subscribed=True)
    else:
        row = uow.session.get_one(Participant, (ticket.id, member.person_id))
        row.subscribed, row.dormant = True, False
        now = member._replace(subscribed=True, dormant=False)
    return [now if other.person_id == member.person_id else other for other in members]
