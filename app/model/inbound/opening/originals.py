"""The mail that somebody on the team forwards to a queue, for whoever wrote it."""

from dataclasses import replace

from ....mail.forwarded import Original, original_attached, original_inline
from ....mail.quoted_text import is_forward
from ....mail.text import one_line
from ...lifecycle.commands import REQUESTOR
from ...records.addressing import find_our_address
from ...records.people import Person, find_person
from ...storage.unit_of_work import UnitOfWork
from ...tickets.posts import NewMessage
from ...wording import Sentence, say
from ..inbound_mail import InboundMail


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
