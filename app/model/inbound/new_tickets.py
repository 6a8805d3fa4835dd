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
from ..lifecycle.commands import COMMANDS, REQUESTOR, Line, Page
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
from .contents import first_words
from .delivery import Arrival, Claim, Fate, Outcome, claim, repeat, settle
from .effects import Effect, Permission, Situation, permitted
from .interpretation import has_files
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
    private = place.kind.is_comment or any(one.kind.is_comment for one in same)
    if (asked := _page_asked(desk, claimed, queue, sender, known, private=private)) is not None:
        return _send_page(desk, claimed, queue, *asked)
    return _open(desk, claimed, queue, _read(desk, claimed, queue, sender, known, private=private))


class First(NamedTuple):
    """A first mail: who wrote it, what it may cause, what it says, its commands, and what it forwards.

    `asked` is when the forwarded mail was written, if it is attached.
    """

    person: Person
    about: Situation
    permission: Permission
    words: Words
    lines: tuple[Line, ...]
    original: Original | None
    asked: datetime | None


def _situation(
    desk: Desk, claimed: Claim, queue: Queue, person: Person, known: Sequence[Known], *, private: bool
) -> Situation:
    """What decides about a first mail."""
    arrival, incoming = claimed.arrival, claimed.incoming
    machine = incoming.automatic is not None
    verified = not machine and sender_proof.is_verified(desk, arrival, person, known, came_before=claimed.came_before)
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


def _page_asked(
    desk: Desk, claimed: Claim, queue: Queue, sender: Mailbox, known: Sequence[Known], *, private: bool
) -> tuple[Person, Words, Page] | None:
    """The page that somebody known asks for. From others the word is text."""
    person = find_person(desk, sender.email)
    words = first_words(contents.draft_of(desk, claimed, None), claimed.incoming.text)
    page = None if has_files(words) else commands.page_asked(words.text)
    if person is None or page is None:
        return None
    about = _situation(desk, claimed, queue, person, known, private=private)
    allowed = permitted(about).now
    if Effect.PAGE not in allowed:
        return None
    if Effect.EXPOSE in allowed:
        sender_proof.note_shown(desk, claimed.arrival, person, known)
    return person, replace(words, verified=about.verified), page


def _send_page(desk: Desk, claimed: Claim, queue: Queue, person: Person, words: Words, page: Page) -> Outcome:
    if not info_letters.send_from(desk, queue, person, words, page):
        return put_aside(desk, claimed, info_letters.ENOUGH)
    return settle(desk, claimed, Fate.ANSWERED)


def _read(desk: Desk, claimed: Claim, queue: Queue, sender: Mailbox, known: Sequence[Known], *, private: bool) -> First:
    """Make the writer known, and read what the mail says and wants."""
    arrival, incoming = claimed.arrival, claimed.incoming
    person = contents.author(desk, sender, arrival, known=True)
    about = _situation(desk, claimed, queue, person, known, private=private)
    permission = permitted(about)
    if Effect.EXPOSE in permission.now:
        sender_proof.note_shown(desk, arrival, person, known)
    trusted = Effect.COMMAND in permission.possible
    reading = commands.read(incoming.text, COMMANDS if trusted else ())
    brought = trusted and (is_forward(incoming.subject) or any(line.command is REQUESTOR for line in reading.lines))
    draft = contents.draft_of(desk, claimed, None)
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
    return First(person, about, permission, words, reading.lines, original, asked)


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


def _open(desk: Desk, claimed: Claim, queue: Queue, mail: First) -> Outcome:
    incoming, private = claimed.incoming, mail.about.comment
    named = Effect.NAME in mail.permission.now
    ticket, message = workflow.make_ticket(
        desk,
        queue,
        mail.person,
        mail.words,
        private=private,
        asked_in=contents.people_named_in(desk, incoming, mail.person) if named else [],
        spam=incoming.spam,
        asked=mail.asked,
    )
    outcome = settle(desk, claimed, Fate.OPENED, ticket.id)
    if incoming.spam:
        return outcome
    if not mail.about.standing.responder or incoming.automatic:
        tell_opened(desk, ticket, message, mail.person, everybody_on(desk, ticket), mail.words)
    elif mail.lines and Effect.COMMAND in mail.permission.now:
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
    if mail.lines and Effect.COMMAND in mail.permission.on_yes:
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
