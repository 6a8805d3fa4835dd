"""What a mail does that belongs to no ticket yet: it opens one, or asks for a page."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ...mail.addresses import Mailbox, address_key
from ...mail.forwarded import Original, original_attached, original_inline
from ...mail.quoted_text import is_forward
from ...mail.text import one_line
from ..letters import info_letters, receipts
from ..letters.notification import TicketEvent, notify_opened
from ..letters.receipts import ReceiptRecipient
from ..lifecycle import commands
from ..lifecycle.commands import COMMANDS, REQUESTOR, Line
from ..operations import command_execution, workflow
from ..operations.command_execution import CommandMail, CommandsRefused
from ..records.addressing import OurAddress, find_our_address
from ..records.messages import Message
from ..records.people import Person, find_person
from ..records.queues import Queue, answers_anywhere
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, member_for, members_of
from ..tickets.posts import NewMessage
from . import bounces, contents, pending_commands, sender_proof
from .contents import new_message_of
from .delivery import Fate, InboundMail, claim_delivery, set_fate, set_opened_ticket
from .threads import KnownReference, our_addresses_in
from .unmatched import set_aside_claimed, set_aside_mail


def open_by_mail(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
    recipient: str,
    our_address: OurAddress,
    sender: Mailbox,
    known: Sequence[KnownReference],
) -> None:
    """Open a ticket with a mail to a queue, and carry out its commands if it is a responder's."""
    if inbound_mail.parsed.bounce:
        set_aside_mail(uow, inbound_mail, recipient, bounces.unmatched_report_reason(inbound_mail))
        return
    # Two addresses of one queue in one envelope are one place.
    same = [
        one for one in our_addresses_in(uow, inbound_mail) if one.kind.is_queue and one.number == our_address.number
    ]
    first = next((one.name for one in same), our_address.name)
    if not claim_delivery(uow, inbound_mail, recipient, first, Fate.OPENED):
        return
    queue = uow.session.get_one(Queue, our_address.number)
    if _asks_for_page(uow, inbound_mail, queue, sender, known):
        return
    private = our_address.kind.is_comment or any(one.kind.is_comment for one in same)
    _open(uow, inbound_mail, queue, _read(uow, inbound_mail, queue, sender, known), private=private)


class FirstMail(NamedTuple):
    """A first mail: who wrote it, what they are to the queue, what it says, its commands, and what it forwards.

    `believed`: its commands can be carried out now. `asked` is when the forwarded mail was written, if it is attached.
    """

    person: Person
    at_queue: TicketMember
    new_message: NewMessage
    lines: tuple[Line, ...]
    believed: bool
    original: Original | None
    asked: datetime | None


def _asks_for_page(
    uow: UnitOfWork, inbound_mail: InboundMail, queue: Queue, sender: Mailbox, known: Sequence[KnownReference]
) -> bool:
    """Whether somebody known asked for a page, which then is sent. From others it is text."""
    parsed = inbound_mail.parsed
    person = find_person(uow, sender.email)
    if person is None or not person.known or parsed.automatic or parsed.spam:
        return False
    if any(not attachment.decorates for attachment in parsed.attachments):
        return False
    new_message = new_message_of(uow, inbound_mail, None, parsed.text)
    page = commands.page_asked(new_message.text)
    if page is not None:
        new_message = replace(new_message, verified=sender_proof.is_verified(uow, inbound_mail, person, known))
        sender_proof.mark_exposed(uow, inbound_mail, person, known)
        if info_letters.send_page_from_queue(uow, queue, person, new_message, page):
            set_fate(uow, inbound_mail, Fate.ANSWERED, None)
        else:
            set_aside_claimed(uow, inbound_mail, info_letters.ENOUGH)
    return page is not None


def _read(
    uow: UnitOfWork, inbound_mail: InboundMail, queue: Queue, sender: Mailbox, known: Sequence[KnownReference]
) -> FirstMail:
    parsed = inbound_mail.parsed
    person = contents.identify_author(uow, sender, inbound_mail, known=True)
    member = _member_at(uow, queue, person)
    trusted = member.responder and not (parsed.automatic or parsed.spam) and parsed.authors == 1
    reading = commands.read(parsed.text, COMMANDS if trusted else ())
    verified = parsed.automatic is None and sender_proof.is_verified(uow, inbound_mail, person, known)
    sender_proof.mark_exposed(uow, inbound_mail, person, known)
    brought = trusted and (is_forward(parsed.subject) or any(line.command is REQUESTOR for line in reading.lines))
    empty = bool(reading.lines)
    new_message = replace(
        new_message_of(uow, inbound_mail, None, reading.rest, forward=brought, can_be_empty=empty), verified=verified
    )
    original = _original(uow, inbound_mail, reading.rest, person) if trusted else None
    attached = original is not None and original.message_id is not None
    if original and attached:
        new_message = _with_original(new_message, original)
    believed = parsed.automatic is None and sender_proof.is_believed(uow, inbound_mail, verified=verified)
    new_message = replace(new_message, believed=believed)
    if believed:
        contents.update_letter_address(person, None, sender.email)
    elif address_key(sender.email) != address_key(person.email) and _is_on_a_team(uow, person):
        # Whoever has an old address of somebody on a team must not read along, nor prove who they are by a letter.
        new_message = replace(new_message, address=None)
    asked = original.date if original and attached else None
    return FirstMail(person, member, new_message, reading.lines, believed, original, asked)


def _is_on_a_team(uow: UnitOfWork, person: Person) -> bool:
    return person.administrator or answers_anywhere(uow, person)


def _member_at(uow: UnitOfWork, queue: Queue, person: Person) -> TicketMember:
    """What somebody is to a queue, as far as it matters for a ticket not yet there."""
    return TicketMember(
        person.id,
        person.label,
        person.email,
        answers=queue.is_answered_by(uow, person),
        administrator=person.administrator,
    )


def _original(uow: UnitOfWork, inbound_mail: InboundMail, text: str, forwarder: Person) -> Original | None:
    """The mail that a responder forwards: attached, or shown below; not one of our own or of the responder's."""
    parsed = inbound_mail.parsed
    original = original_attached(inbound_mail.raw, parsed.attachments)
    if original is None and is_forward(parsed.subject):
        original = original_inline(text)
    ours = original is not None and find_our_address(uow, original.sender.email) is not None
    own = original is not None and find_person(uow, original.sender.email) is forwarder
    return None if ours or own else original


def _with_original(new_message: NewMessage, original: Original) -> NewMessage:
    """The words with those of an attached mail below them, and its Message-ID, so that what answers it comes here."""
    name = f"{original.sender.name} <{original.sender.email}>".strip()
    dated = f"\nDate: {original.date:%Y-%m-%d %H:%M} UTC" if original.date else ""
    below = f"From: {name}{dated}\nSubject: {original.subject}\n\n{original.text}".rstrip()
    joined = {
        part: f"{text}\n\n{below}".lstrip("\n")
        for part, text in (("text", new_message.text), ("full", new_message.full_text))
    }
    return replace(new_message, text=joined["text"], full_text=joined["full"], original_id=original.message_id)


def _open(uow: UnitOfWork, inbound_mail: InboundMail, queue: Queue, first_mail: FirstMail, *, private: bool) -> None:
    parsed = inbound_mail.parsed
    people = [] if private else contents.people_to_add(uow, queue, parsed, first_mail.at_queue)
    ticket, message = workflow.make_ticket(
        uow,
        queue,
        first_mail.person,
        first_mail.new_message,
        private=private,
        asked_in=people,
        spam=parsed.spam,
        asked=first_mail.asked,
    )
    set_opened_ticket(uow, inbound_mail, ticket.id)
    if parsed.spam:
        return
    if not first_mail.at_queue.responder or parsed.automatic:
        notify_opened(uow, ticket, message, first_mail.person, members_of(uow, ticket), first_mail.new_message)
    elif first_mail.lines and first_mail.believed:
        _command(uow, ticket, message, first_mail, private=private)
    else:
        _tell(uow, ticket, message, first_mail, private=private)


def _command(uow: UnitOfWork, ticket: Ticket, message: Message, first_mail: FirstMail, *, private: bool) -> None:
    """Carry out the commands of a first mail; where not all can be, the ticket is open all the same."""
    member = member_for(first_mail.person, members_of(uow, ticket))
    allowed = command_execution.allowed_to(member)
    command_mail = CommandMail(
        first_mail.person, member, first_mail.lines, first_mail.new_message, True, allowed, private, message
    )
    try:
        result = command_execution.execute_commands(uow, ticket, command_mail)
    except CommandsRefused as refused:
        members = members_of(uow, ticket)
        notify_opened(
            uow,
            ticket,
            message,
            first_mail.person,
            members,
            first_mail.new_message,
            TicketEvent(None, ticket.status, member),
        )
        writer = ReceiptRecipient(ticket, member, members, first_mail.new_message, private)
        receipts.send_command_refusal(uow, writer, refused.problems, posted=True)
        return
    command_execution.notify_of_commands(uow, result, command_mail)
    if result.opened is None:
        return
    members = members_of(uow, result.ticket)
    given = any(field == "requestor" for field, _, _ in result.changes)
    notes = [] if given else _offer(first_mail.original)
    writer = ReceiptRecipient(result.ticket, result.member, members, first_mail.new_message, private)
    receipts.send_opening_receipt(uow, writer, result.all_changes, notes)


def _tell(uow: UnitOfWork, ticket: Ticket, message: Message, first_mail: FirstMail, *, private: bool) -> None:
    """Tell of a responder's mail without commands, or whose commands wait for a proof."""
    members = members_of(uow, ticket)
    member = member_for(first_mail.person, members)
    notify_opened(
        uow,
        ticket,
        message,
        first_mail.person,
        members,
        first_mail.new_message,
        TicketEvent(None, ticket.status, member),
    )
    writer = ReceiptRecipient(ticket, member, members, first_mail.new_message, private)
    if first_mail.lines:
        written = [line.written for line in first_mail.lines]
        pending_commands.hold_for_confirmation(uow, writer, written, opened=True)
    else:
        receipts.send_opening_receipt(uow, writer, (), _offer(first_mail.original))


def _offer(original: Original | None) -> list[str]:
    """The line that makes a ticket that of whoever wrote the forwarded mail."""
    if original is None:
        return []
    who = one_line(f"{original.sender.name} <{original.sender.email}>".strip(), 200)
    line = REQUESTOR.line(original.sender.email)
    return [f"You forwarded a mail of {who}. To make it their ticket, put this on top of your reply:\n    {line}"]
