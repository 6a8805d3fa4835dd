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
from ..letters.notification import News, tell_opened
from ..letters.receipts import Writer
from ..lifecycle import commands
from ..lifecycle.commands import COMMANDS, REQUESTOR, Line
from ..operations import command_execution, workflow
from ..operations.command_execution import Mailed, Refused
from ..records.addressing import Place, find_place
from ..records.messages import Message
from ..records.people import Person, find_person
from ..records.queues import Queue, answers_anywhere
from ..records.tickets import Ticket
from ..storage.unit_of_work import Desk
from ..tickets.members import Standing, everybody_on, standing_of
from ..tickets.posts import Words
from . import bounces, contents, pending_commands, sender_proof
from .contents import words_of
from .delivery import Arrival, Claim, Fate, Outcome, claim, repeat, settle
from .threads import Known, places_named
from .unmatched import put_aside, set_aside


def open_by_mail(
    desk: Desk, arrival: Arrival, recipient: str, place: Place, sender: Mailbox, known: Sequence[Known]
) -> Outcome:
    """Open a ticket with a mail to a queue, and carry out its commands if it is a responder's."""
    if arrival.incoming.bounce:
        return set_aside(desk, arrival, recipient, bounces.claimed(arrival))
    # Two addresses of one queue in one envelope are one place.
    same = [one for one in places_named(desk, arrival) if one.kind.is_queue and one.number == place.number]
    first = next((one.name for one in same), place.name)
    claimed = claim(desk, arrival, recipient, first, new=True)
    if claimed is None:
        return repeat(desk, arrival, recipient)
    queue = desk.session.get_one(Queue, place.number)
    if (answered := _answer_page(desk, claimed, queue, sender, known)) is not None:
        return answered
    private = place.kind.is_comment or any(one.kind.is_comment for one in same)
    return _open(desk, claimed, queue, _read(desk, claimed, queue, sender, known), private=private)


class First(NamedTuple):
    """A first mail: who wrote it, what they are to the queue, what it says, its commands, and what it forwards.

    `believed`: its commands can be carried out now. `asked` is when the forwarded mail was written, if it is attached.
    """

    person: Person
    at_queue: Standing
    words: Words
    lines: tuple[Line, ...]
    believed: bool
    original: Original | None
    asked: datetime | None


def _answer_page(desk: Desk, claimed: Claim, queue: Queue, sender: Mailbox, known: Sequence[Known]) -> Outcome | None:
    """Send somebody known the page that they ask for. None where none is asked for; from others it is text."""
    incoming = claimed.incoming
    person = find_person(desk, sender.email)
    if person is None or not person.known or incoming.automatic or incoming.spam:
        return None
    if any(not one.decorates for one in incoming.attachments):
        return None
    words = words_of(desk, claimed, None, incoming.text)
    page = commands.page_asked(words.text)
    if page is None:
        return None
    verified = sender_proof.is_verified(desk, claimed.arrival, person, known, came_before=claimed.came_before)
    sender_proof.note_shown(desk, claimed.arrival, person, known)
    if not info_letters.send_from(desk, queue, person, replace(words, verified=verified), page):
        return put_aside(desk, claimed, info_letters.ENOUGH)
    return settle(desk, claimed, Fate.ANSWERED)


def _read(desk: Desk, claimed: Claim, queue: Queue, sender: Mailbox, known: Sequence[Known]) -> First:
    arrival, incoming = claimed.arrival, claimed.incoming
    person = contents.author(desk, sender, arrival, known=True)
    standing = _standing_at(desk, queue, person)
    trusted = standing.responder and not (incoming.automatic or incoming.spam) and incoming.authors == 1
    reading = commands.read(incoming.text, COMMANDS if trusted else ())
    verified = incoming.automatic is None and sender_proof.is_verified(
        desk, arrival, person, known, came_before=claimed.came_before
    )
    sender_proof.note_shown(desk, arrival, person, known)
    brought = trusted and (is_forward(incoming.subject) or any(line.command is REQUESTOR for line in reading.lines))
    empty = bool(reading.lines)
    words = replace(words_of(desk, claimed, None, reading.rest, forward=brought, can_be_empty=empty), verified=verified)
    original = _original(desk, arrival, reading.rest, person) if trusted else None
    attached = original is not None and original.message_id is not None
    if original and attached:
        words = _with_original(words, original)
    believed = incoming.automatic is None and sender_proof.is_believed(desk, arrival, verified=verified)
    words = replace(words, believed=believed)
    if believed:
        contents.letters_follow(person, None, sender.email)
    elif address_key(sender.email) != address_key(person.email) and _is_on_a_team(desk, person):
        # Whoever has an old address of somebody on a team must not read along, nor prove who they are by a letter.
        words = replace(words, address=None)
    asked = original.date if original and attached else None
    return First(person, standing, words, reading.lines, believed, original, asked)


def _is_on_a_team(desk: Desk, person: Person) -> bool:
    return person.administrator or answers_anywhere(desk, person)


def _standing_at(desk: Desk, queue: Queue, person: Person) -> Standing:
    """What somebody is to a queue, as far as it matters for a ticket not yet there."""
    return Standing(
        person.id,
        person.label,
        person.email,
        answers=queue.is_answered_by(desk, person),
        administrator=person.administrator,
    )


def _original(desk: Desk, arrival: Arrival, text: str, forwarder: Person) -> Original | None:
    """The mail that a responder forwards: attached, or shown below; not one of our own or of the responder's."""
    incoming = arrival.incoming
    found = original_attached(arrival.raw, incoming.attachments)
    if found is None and is_forward(incoming.subject):
        found = original_inline(text)
    ours = found is not None and find_place(desk, found.sender.email) is not None
    own = found is not None and find_person(desk, found.sender.email) is forwarder
    return None if ours or own else found


def _with_original(words: Words, original: Original) -> Words:
    """The words with those of an attached mail below them, and its Message-ID, so that what answers it comes here."""
    name = f"{original.sender.name} <{original.sender.email}>".strip()
    dated = f"\nDate: {original.date:%Y-%m-%d %H:%M} UTC" if original.date else ""
    below = f"From: {name}{dated}\nSubject: {original.subject}\n\n{original.text}".rstrip()
    joined = {
        part: f"{text}\n\n{below}".lstrip("\n") for part, text in (("text", words.text), ("full", words.full_text))
    }
    return replace(words, text=joined["text"], full_text=joined["full"], original_id=original.message_id)


def _open(desk: Desk, claimed: Claim, queue: Queue, mail: First, *, private: bool) -> Outcome:
    incoming = claimed.incoming
    people = [] if private else contents.asked_in(desk, queue, incoming, mail.at_queue)
    ticket, message = workflow.make_ticket(
        desk, queue, mail.person, mail.words, private=private, asked_in=people, spam=incoming.spam, asked=mail.asked
    )
    outcome = settle(desk, claimed, Fate.OPENED, ticket.id)
    if incoming.spam:
        return outcome
    if not mail.at_queue.responder or incoming.automatic:
        tell_opened(desk, ticket, message, mail.person, everybody_on(desk, ticket), mail.words)
    elif mail.lines and mail.believed:
        _command(desk, ticket, message, mail, private=private)
    else:
        _tell(desk, ticket, message, mail, private=private)
    return outcome


def _command(desk: Desk, ticket: Ticket, message: Message, mail: First, *, private: bool) -> None:
    """Carry out the commands of a first mail; where not all can be, the ticket is open all the same."""
    standing = standing_of(mail.person, everybody_on(desk, ticket))
    allowed = command_execution.allowed_to(standing)
    mailed = Mailed(mail.person, standing, mail.lines, mail.words, True, allowed, private, message)
    try:
        outcome = command_execution.carry_out_all(desk, ticket, mailed)
    except Refused as refused:
        everybody = everybody_on(desk, ticket)
        tell_opened(desk, ticket, message, mail.person, everybody, mail.words, News(None, ticket.status, standing))
        writer = Writer(ticket, standing, everybody, mail.words, private)
        receipts.refusal(desk, writer, refused.problems, posted=True)
        return
    command_execution.tell(desk, outcome, mailed)
    if outcome.opened is None:
        return
    everybody = everybody_on(desk, outcome.ticket)
    given = any(field == "requestor" for field, _, _ in outcome.changes)
    notes = [] if given else _offer(mail.original)
    writer = Writer(outcome.ticket, outcome.standing, everybody, mail.words, private)
    receipts.opening(desk, writer, outcome.all_changes, notes)


def _tell(desk: Desk, ticket: Ticket, message: Message, mail: First, *, private: bool) -> None:
    """Tell of a responder's mail without commands, or whose commands wait for a proof."""
    everybody = everybody_on(desk, ticket)
    standing = standing_of(mail.person, everybody)
    tell_opened(desk, ticket, message, mail.person, everybody, mail.words, News(None, ticket.status, standing))
    writer = Writer(ticket, standing, everybody, mail.words, private)
    if mail.lines:
        written = [line.written for line in mail.lines]
        pending_commands.hold(desk, writer, written, opened=True)
    else:
        receipts.opening(desk, writer, (), _offer(mail.original))


def _offer(original: Original | None) -> list[str]:
    """The line that makes a ticket that of whoever wrote the forwarded mail."""
    if original is None:
        return []
    who = one_line(f"{original.sender.name} <{original.sender.email}>".strip(), 200)
    line = REQUESTOR.line(original.sender.email)
    return [f"You forwarded a mail of {who}. To make it their ticket, put this on top of your reply:\n    {line}"]
