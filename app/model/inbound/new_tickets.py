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
from ..operations.command_execution import Mailed, Refused
from ..records.addressing import Place, find_place
from ..records.people import Person, find_person
from ..records.queues import Queue, answers_anywhere
from ..storage.unit_of_work import Desk
from ..tickets.events import Event
from ..tickets.members import Standing, standing_of
from ..tickets.posts import Words
from . import contents, pending_commands, sender_proof
from .contents import first_words
from .delivery import Arrival, Claim, Fate, Outcome, settle
from .effects import Effect, Permission, Situation, permitted
from .interpretation import has_files
from .performed import Answer, Performed
from .threads import Known
from .unmatched import put_aside


class First(NamedTuple):
    """A first mail: who wrote it, what it may cause, what it says, its commands, and what it forwards.

    `asked` is when the forwarded mail was written, if it is attached.
    """

    queue: Queue
    person: Person
    about: Situation
    permission: Permission
    words: Words
    lines: tuple[Line, ...]
    original: Original | None
    asked: datetime | None


def _situation(
    desk: Desk, claim: Claim, queue: Queue, person: Person, known: Sequence[Known], *, private: bool
) -> Situation:
    """What decides about a first mail."""
    arrival, incoming = claim.arrival, claim.incoming
    machine = incoming.automatic is not None
    verified = not machine and sender_proof.is_verified(desk, arrival, person, known, came_before=claim.came_before)
    standing = _standing_at(desk, queue, person)
    return Situation(
        lifecycle=queue.lifecycle,
        status=queue.lifecycle.first,
        standing=standing,
        party=standing.party(queue.lifecycle, machine=machine),
        verified=verified,
        believed=not machine and sender_proof.is_believed(desk, arrival, verified=verified),
        automatic=machine,
        spam=incoming.spam,
        authors=incoming.authors,
        opens=True,
        comment=private,
        asks_in=contents.may_ask_in(queue, standing),
    )


def answer_page(desk: Desk, claim: Claim, place: Place, sender: Mailbox, known: Sequence[Known]) -> Outcome | None:
    """Send somebody known the page that they ask for. None for every other mail: there the word is text."""
    person = find_person(desk, sender.email)
    if person is None or not person.known:
        return None
    words = first_words(contents.draft_of(desk, claim, None), claim.incoming.text)
    page = None if has_files(words) else commands.page_asked(words.text)
    if page is None:
        return None
    queue = desk.session.get_one(Queue, place.number)
    about = _situation(desk, claim, queue, person, known, private=False)
    allowed = permitted(about).now
    if Effect.PAGE not in allowed:
        return None
    if Effect.EXPOSE in allowed:
        sender_proof.note_shown(desk, claim.arrival, person, known)
    if not info_letters.send_from(desk, queue, person, replace(words, verified=about.verified), page):
        return put_aside(desk, claim, info_letters.ENOUGH)
    return settle(desk, claim, Fate.ANSWERED)


def identify(
    desk: Desk, claim: Claim, place: Place, sender: Mailbox, known: Sequence[Known], *, private: bool
) -> First:
    """Make the writer known, and read what the mail says and wants."""
    arrival, incoming = claim.arrival, claim.incoming
    queue = desk.session.get_one(Queue, place.number)
    person = contents.author(desk, sender, arrival, known=True)
    about = _situation(desk, claim, queue, person, known, private=private)
    permission = permitted(about)
    if Effect.EXPOSE in permission.now:
        sender_proof.note_shown(desk, arrival, person, known)
    trusted = Effect.COMMAND in permission.possible
    reading = commands.read(incoming.text, COMMANDS if trusted else ())
    brought = trusted and (is_forward(incoming.subject) or any(line.command is REQUESTOR for line in reading.lines))
    draft = contents.draft_of(desk, claim, None)
    words = first_words(draft, reading.rest, forward=brought, can_be_empty=bool(reading.lines))
    words = replace(words, verified=about.verified, believed=about.believed)
    original = _original(desk, arrival, reading.rest, person) if trusted else None
    attached = original is not None and original.message_id is not None
    if original and attached:
        words = _with_original(words, original)
    if Effect.MOVE_LETTERS in permission.now:
        contents.letters_follow(person, None, sender.email)
    elif address_key(sender.email) != address_key(person.email) and _is_on_a_team(desk, person):
        # Whoever has an old address of somebody on a team must not read along, nor prove who they are by a letter.
        words = replace(words, address=None)
    asked = original.date if original and attached else None
    return First(queue, person, about, permission, words, reading.lines, original, asked)


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
        known=person.known,
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


def perform(desk: Desk, claim: Claim, mail: First) -> Performed:
    """Open a ticket, carry out the commands of a responder's mail, and notify nobody."""
    incoming, private = claim.incoming, mail.about.comment
    named = Effect.NAME in mail.permission.now
    event = workflow.make_ticket(
        desk,
        mail.queue,
        mail.person,
        mail.words,
        private=private,
        asked_in=contents.people_named_in(desk, incoming, mail.person) if named else [],
        spam=incoming.spam,
        asked=mail.asked,
    )
    ticket = event.ticket
    if incoming.spam or incoming.automatic or not mail.about.standing.responder:
        return Performed(Fate.OPENED, ticket, (event,))
    if not mail.lines:
        return Performed(Fate.OPENED, ticket, (event,), _receipt(event, _offer(mail.original)))
    if Effect.COMMAND in mail.permission.now:
        return _command(desk, event, mail)
    written = [line.written for line in mail.lines]
    return Performed(
        Fate.OPENED, ticket, (event,), lambda desk, to: pending_commands.hold(desk, to, written, opened=True)
    )


def _receipt(event: Event, notes: Sequence[str]) -> Answer:
    """Tell a responder which ticket their mail has opened, and what its commands did."""
    changes = event.all_changes
    return lambda desk, to: receipts.opening(desk, to._replace(standing=event.actor or to.standing), changes, notes)


def _command(desk: Desk, opening: Event, mail: First) -> Performed:
    """Carry out the commands of a first mail; where not all can be, the ticket is open all the same."""
    ticket, everybody = opening.ticket, opening.everybody
    allowed = command_execution.allowed_to(standing_of(mail.person, everybody))
    private = mail.about.comment
    mailed = Mailed(mail.person, everybody, mail.lines, mail.words, True, allowed, private, opening.message)
    try:
        event = command_execution.carry_out_all(desk, ticket, mailed)
    except Refused as refused:
        problems = refused.problems
        return Performed(
            Fate.OPENED, ticket, (opening,), lambda desk, to: receipts.refusal(desk, to, problems, posted=True)
        )
    if not event.opened:
        return Performed(Fate.OPENED, ticket, (event,), lambda desk, to: receipts.of_commands(desk, to, event))
    given = any(field == "requestor" for field, _, _ in event.changes)
    return Performed(Fate.OPENED, ticket, (event,), _receipt(event, [] if given else _offer(mail.original)))


def _offer(original: Original | None) -> list[str]:
    """The line that makes a ticket that of whoever wrote the forwarded mail."""
    if original is None:
        return []
    who = one_line(f"{original.sender.name} <{original.sender.email}>".strip(), 200)
    line = REQUESTOR.line(original.sender.email)
    return [f"You forwarded a mail of {who}. To make it their ticket, put this on top of your reply:\n    {line}"]
