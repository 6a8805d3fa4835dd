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
from ..lifecycle import commands
from ..lifecycle.commands import COMMANDS, REQUESTOR, Line
from ..operations import command_execution, workflow
from ..operations.command_execution import CommandMail, CommandsRefused
from ..records.addressing import OurAddress, find_our_address
from ..records.people import Person, find_person
from ..records.queues import Queue, answers_anywhere, get_queue
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember, as_outsider, member_for
from ..tickets.posts import NewMessage
from ..wording import Sentence, say
from . import attached_letters, pending_commands, sender_proof, writers
from .delivery import Claim, DeliveryResult, Fate, InboundMail, settle
from .effects import Effect, Permission, Situation, permitted
from .interpretation import has_files
from .performed import Answer, Performed
from .threads import KnownReference, ticket_answered_elsewhere
from .unmatched import set_aside_claimed
from .writers import first_words


class FirstMail(NamedTuple):
    """A first mail: who wrote it, what it may cause, what it says, its commands, and what it forwards.

    `asked` is when the forwarded mail was written, if it is attached. `elsewhere` is the ticket of what it answers.
    """

    queue: Queue
    person: Person
    about: Situation
    permission: Permission
    new_message: NewMessage
    lines: tuple[Line, ...]
    original: Original | None
    asked: datetime | None
    elsewhere: int | None


def _situation(
    uow: UnitOfWork, claim: Claim, queue: Queue, person: Person, known: Sequence[KnownReference], *, private: bool
) -> Situation:
    """What decides about a first mail."""
    inbound_mail, parsed = claim.inbound_mail, claim.parsed
    machine = parsed.automatic is not None
    verified = not machine and sender_proof.is_verified(uow, inbound_mail, person, known, came_before=claim.came_before)
    member = _member_at(uow, queue, person)
    member = as_outsider(member) if inbound_mail.relayed else member
    return Situation(
        lifecycle=queue.lifecycle,
        status=queue.lifecycle.first,
        member=member,
        roles=member.roles_in(queue.lifecycle, machine=machine),
        verified=verified,
        believed=not machine and sender_proof.is_believed(uow, inbound_mail, verified=verified),
        automatic=machine,
        spam=parsed.spam,
        authors=parsed.authors,
        relayed=inbound_mail.relayed,
        opens=True,
        comment=private,
        asks_in=writers.may_add_by_cc(queue, member),
    )


def answer_page(
    uow: UnitOfWork, claim: Claim, our_address: OurAddress, sender: Mailbox, known: Sequence[KnownReference]
) -> DeliveryResult | None:
    """Send somebody known the page that they ask for. None for every other mail: there the word is text."""
    person = find_person(uow, sender.email)
    if person is None or not person.known:
        return None
    new_message = first_words(writers.draft_of(uow, claim, None), claim.parsed.text)
    page = None if has_files(new_message) else commands.page_asked(new_message.text)
    if page is None:
        return None
    queue = get_queue(uow, our_address.number)
    about = _situation(uow, claim, queue, person, known, private=False)
    allowed = permitted(about).now
    if Effect.PAGE not in allowed:
        return None
    if Effect.EXPOSE in allowed:
        attached_letters.mark_exposed(uow, claim.inbound_mail)
    if not info_letters.send_page_from_queue(uow, queue, person, replace(new_message, verified=about.verified), page):
        return set_aside_claimed(uow, claim, info_letters.ENOUGH)
    return settle(uow, claim, Fate.ANSWERED)


def identify(
    uow: UnitOfWork,
    claim: Claim,
    our_address: OurAddress,
    sender: Mailbox,
    known: Sequence[KnownReference],
    *,
    private: bool,
) -> FirstMail:
    """Make the writer known, and read what the mail says and wants."""
    inbound_mail, parsed = claim.inbound_mail, claim.parsed
    queue = get_queue(uow, our_address.number)
    person = writers.identify_author(uow, sender, inbound_mail, known=True)
    about = _situation(uow, claim, queue, person, known, private=private)
    permission = permitted(about)
    if Effect.EXPOSE in permission.now:
        attached_letters.mark_exposed(uow, inbound_mail)
    trusted = Effect.COMMAND in permission.possible
    reading = commands.read(parsed.text, COMMANDS if trusted else ())
    brought = trusted and (is_forward(parsed.subject) or any(line.command is REQUESTOR for line in reading.lines))
    draft = writers.draft_of(uow, claim, None)
    new_message = first_words(draft, reading.rest, forward=brought, can_be_empty=bool(reading.lines))
    other = _other_requestor(uow, inbound_mail, person)
    new_message = replace(new_message, verified=about.verified, believed=about.believed, reply_to=other)
    original = _original(uow, inbound_mail, reading.rest, person) if trusted else None
    attached = original is not None and original.message_id is not None
    if original and attached:
        new_message = _with_original(new_message, original)
    if Effect.MOVE_LETTERS in permission.now:
        writers.update_letter_address(person, None, sender.email)
    elif address_key(sender.email) != address_key(person.email) and _is_on_a_team(uow, person):
        # Whoever has an old address of somebody on a team must not read along, nor prove who they are by a letter.
        new_message = replace(new_message, address=None)
    asked = original.date if original and attached else None
    elsewhere = ticket_answered_elsewhere(inbound_mail, known)
    return FirstMail(queue, person, about, permission, new_message, reading.lines, original, asked, elsewhere)


def _is_on_a_team(uow: UnitOfWork, person: Person) -> bool:
    return person.administrator or answers_anywhere(uow, person)


def _other_requestor(uow: UnitOfWork, inbound_mail: InboundMail, person: Person) -> Mailbox | None:
    """Who is to get what answers a mail, if that is somebody else than its writer: a form's visitor, most often."""
    parsed = inbound_mail.parsed
    if inbound_mail.writer is not None or parsed.listed or not parsed.reply_to or _is_on_a_team(uow, person):
        return None
    own = {address_key(person.email), address_key(parsed.sender.email if parsed.sender else "")}
    for other in parsed.reply_to:
        if address_key(other.email) in own or find_person(uow, other.email) is person:
            return None
        if not sender_proof.is_our_address(uow, other.email):
            return other
    return None


def _member_at(uow: UnitOfWork, queue: Queue, person: Person) -> TicketMember:
    """What somebody is to a queue, as far as it matters for a ticket not yet there."""
    return TicketMember(
        person.id,
        person.label,
        person.email,
        answers=queue.is_answered_by(uow, person),
        administrator=person.administrator,
        known=person.known,
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


def perform(uow: UnitOfWork, claim: Claim, first_mail: FirstMail) -> Performed:
    """Open a ticket, carry out the commands of a responder's mail, and notify nobody."""
    parsed, private = claim.parsed, first_mail.about.comment
    named = Effect.NAME in first_mail.permission.now
    event = workflow.make_ticket(
        uow,
        first_mail.queue,
        first_mail.person,
        first_mail.new_message,
        private=private,
        asked_in=writers.people_named_in(uow, parsed, first_mail.person) if named else [],
        spam=parsed.spam,
        asked=first_mail.asked,
    )
    event = replace(event, elsewhere=first_mail.elsewhere)
    ticket = event.ticket
    if parsed.spam or parsed.automatic or not first_mail.about.member.responder:
        return Performed(Fate.OPENED, ticket, (event,))
    if not first_mail.lines:
        return Performed(Fate.OPENED, ticket, (event,), _receipt(event, _offer(first_mail.original)))
    if Effect.COMMAND in first_mail.permission.now:
        return _command(uow, event, first_mail)
    written = [line.written for line in first_mail.lines]
    return Performed(
        Fate.OPENED,
        ticket,
        (event,),
        lambda uow, to: pending_commands.hold_for_confirmation(uow, to, written, opened=True),
    )


def _receipt(event: Event, notes: Sequence[Sentence]) -> Answer:
    """Tell a responder which ticket their mail has opened, and what its commands did."""
    changes = event.all_changes
    return lambda uow, to: receipts.send_opening_receipt(uow, to, changes, notes)


def _command(uow: UnitOfWork, opening: Event, first_mail: FirstMail) -> Performed:
    """Carry out the commands of a first mail; where not all can be, the ticket is open all the same."""
    ticket, members = opening.ticket, opening.members
    allowed = command_execution.allowed_to(member_for(first_mail.person, members))
    private = first_mail.about.comment
    command_mail = CommandMail(
        first_mail.person, members, first_mail.lines, first_mail.new_message, True, allowed, private, opening.message
    )
    try:
        event = command_execution.execute_commands(uow, ticket, command_mail)
    except CommandsRefused as refused:
        problems = refused.problems
        return Performed(
            Fate.OPENED,
            ticket,
            (opening,),
            lambda uow, to: receipts.send_command_refusal(uow, to, problems, posted=True),
        )
    if not event.opened:
        return Performed(Fate.OPENED, ticket, (event,), lambda uow, to: receipts.of_commands(uow, to, event))
    given = any(field == "requestor" for field, _, _ in event.changes)
    return Performed(Fate.OPENED, ticket, (event,), _receipt(event, [] if given else _offer(first_mail.original)))


def _offer(original: Original | None) -> list[Sentence]:
    """The line that makes a ticket that of whoever wrote the forwarded mail."""
    if original is None:
        return []
    who = one_line(f"{original.sender.name} <{original.sender.email}>".strip(), 200)
    line = REQUESTOR.line(original.sender.email)
    return [say("notes.forwarded", person=who, line=line)]
