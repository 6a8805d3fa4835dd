"""A first mail as it is identified: who wrote it, what it may cause, what it says, and what it forwards."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ....mail.addresses import Mailbox, address_key
from ....mail.forwarded import Original, original_attached, original_inline
from ....mail.quoted_text import is_forward
from ....mail.text import one_line
from ...lifecycle import commands
from ...lifecycle.commands import COMMANDS, REQUESTOR, Line
from ...records.addressing import OurAddress, find_our_address
from ...records.people import Person, find_person
from ...records.queues import Queue, answers_anywhere, get_queue
from ...storage.unit_of_work import UnitOfWork
from ...tickets.posts import NewMessage
from ...wording import Sentence, say
from .. import attached_letters, sender_proof, writers
from ..delivery import Claim
from ..effects import Effect, Permission, Situation, permitted
from ..finding.threads import ticket_answered_elsewhere
from ..inbound_mail import InboundMail
from ..situations import situation_in_queue
from ..writers import first_words


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


def identify(uow: UnitOfWork, claim: Claim, our_address: OurAddress, *, private: bool) -> FirstMail:
    """Make the writer known, and read what the mail says and wants."""
    inbound_mail, parsed = claim.inbound_mail, claim.inbound_mail.parsed
    queue = get_queue(uow, our_address.number)
    person = writers.identify_author(uow, inbound_mail, known=True)
    about = situation_in_queue(uow, claim, queue, person, private=private)
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
    original = original_of(uow, inbound_mail, reading.rest, person) if trusted else None
    attached = original is not None and original.message_id is not None
    if original and attached:
        new_message = with_original(new_message, original)
    if Effect.MOVE_LETTERS in permission.now:
        writers.update_letter_address(person, None, inbound_mail)
    elif address_key(inbound_mail.mailbox.email) != address_key(person.email) and _is_on_a_team(uow, person):
        # Whoever has an old address of somebody on a team must not read along, nor prove who they are by a letter.
        new_message = replace(new_message, address=None)
    asked = original.date if original and attached else None
    elsewhere = ticket_answered_elsewhere(inbound_mail)
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


def original_of(uow: UnitOfWork, inbound_mail: InboundMail, text: str, forwarder: Person) -> Original | None:
    """Return the mail that a responder forwards: attached, or shown below; not one of our own or of the responder's."""
    parsed = inbound_mail.parsed
    original = original_attached(inbound_mail.raw, parsed.attachments)
    if original is None and is_forward(parsed.subject):
        original = original_inline(text)
    ours = original is not None and find_our_address(uow, original.sender.email) is not None
    own = original is not None and find_person(uow, original.sender.email) is forwarder
    return None if ours or own else original


def with_original(new_message: NewMessage, original: Original) -> NewMessage:
    """Return the words with those of an attached mail below them, and its Message-ID: what answers it comes here."""
    name = f"{original.sender.name} <{original.sender.email}>".strip()
    dated = f"\nDate: {original.date:%Y-%m-%d %H:%M} UTC" if original.date else ""
    below = f"From: {name}{dated}\nSubject: {original.subject}\n\n{original.text}".rstrip()
    joined = {
        part: f"{text}\n\n{below}".lstrip("\n")
        for part, text in (("text", new_message.text), ("full", new_message.full_text))
    }
    return replace(new_message, text=joined["text"], full_text=joined["full"], original_id=original.message_id)


def offer_of(original: Original | None) -> list[Sentence]:
    """Return the line that makes a ticket that of whoever wrote the forwarded mail."""
    if original is None:
        return []
    who = one_line(f"{original.sender.name} <{original.sender.email}>".strip(), 200)
    line = REQUESTOR.line(original.sender.email)
    return [say("notes.forwarded", person=who, line=line)]
