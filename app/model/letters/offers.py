"""What somebody is asked about a message of theirs that nobody outside the team got: to send it, or to drop it."""

from collections.abc import Iterator

from ...mail.text import SHOWN_LIMIT, one_line, printable
from ..lifecycle.commands import OWNER, STATUS
from ..lifecycle.slips import DROP, SEND, means_owner
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import Update, recipients_of
from ..tickets.posts import NewMessage
from ..tickets.transitions import has_answer, reachable_statuses
from ..wording import Sentence, say
from .footer import readers_named
from .receipt_letters import Offer

_NAMED = 5
_SEND, _DROP = say("notes.to_send", word=SEND), say("notes.to_drop", word=DROP)


def of_slip(uow: UnitOfWork, event: Event, *, repeats: bool) -> Offer:
    """Return what is asked about public words that wait: whether they were meant for people."""
    names = names_outside(event)
    text = printable(event.new_message.text)[:SHOWN_LIMIT].rstrip() if event.new_message else ""
    if repeats:
        return _offer(event, (SEND, DROP), say("notes.repeats_note", names=names), text, _SEND, _DROP)
    line = OWNER.line() if means_owner(text) else _usable_line(uow, event)
    how = say("notes.to_command", line=line)
    return _offer(event, (SEND, DROP), say("notes.looks_like_command", names=names), text, _SEND, _DROP, how)


def _usable_line(uow: UnitOfWork, event: Event) -> str:
    """Return a line that whoever caused an event may write: the one that settles the ticket, if they may settle it."""
    ticket, life = event.ticket, event.ticket.lifecycle
    if event.actor is None:
        return OWNER.line()
    roles, answered = event.actor.roles_in(life), has_answer(uow, ticket)
    settles = life.solved_status in reachable_statuses(life, roles, ticket.status, answered=answered)
    return STATUS.line(life.solved_status) if settles else OWNER.line()


def of_private_answer(event: Event) -> Offer:
    """Return what is asked about an answer to a private note that was addressed to everybody."""
    own, names = event.new_message, names_outside(event)
    if own is None or own.believed:
        return _offer(event, (SEND,), say("notes.stayed_private", names=names), _SEND)
    # Whoever did not write it has not read it, and "send" makes it theirs.
    return _offer(event, (SEND,), say("notes.in_your_name_stayed", names=names), *_all_of(own), _SEND)


def of_note(event: Event) -> Offer:
    """Return what is asked about words that were kept as a note, as they answer a letter about lines that wait."""
    return _offer(event, (SEND,), say("notes.note_kept", names=names_outside(event)), _SEND)


def of_move(event: Event) -> Offer:
    """Return what is asked about words below a line that has moved the ticket: its new team alone got them."""
    update, names = Update(has_text=True, private=True), names_outside(event)
    readers = recipients_of(event.members, update, event.ticket.lifecycle, except_person=event.actor_id)
    if event.actor is None or not readers:
        return _offer(event, (SEND,), say("notes.moved_to_nobody", names=names), _SEND)
    # Their mail still counted as one of the team that they moved it from.
    writer = next((member for member in event.members if member.person_id == event.actor_id), event.actor)
    named = readers_named(event.ticket, writer, readers)
    return _offer(event, (SEND,), say("notes.moved_to", readers=named, names=names), _SEND)


def _all_of(own: NewMessage) -> Iterator[Sentence | str]:
    """Say what words are, and which files come with them."""
    text = printable(own.text)
    yield text[:SHOWN_LIMIT].rstrip()
    if len(text) > SHOWN_LIMIT:
        yield say("notes.only_its_beginning")
    if own.attachments:
        yield say("notes.with_files", names=[one_line(attachment.name) for attachment in own.attachments])


def _offer(event: Event, words: tuple[str, ...], heading: Sentence, *paragraphs: Sentence | str) -> Offer:
    if event.message is None:
        raise ValueError("nothing was posted that could be sent")
    return Offer(event.message.id, words, heading, paragraphs)


def names_outside(event: Event) -> list[Sentence | str]:
    """Return the people outside the team who get public words of whoever caused an event, by name."""
    update = Update(has_text=True)
    readers = recipients_of(event.members, update, event.ticket.lifecycle, except_person=event.actor_id)
    names = [reader.label for reader in readers if not reader.responder]
    more = [say("notes.others", count=len(names) - _NAMED)] if len(names) > _NAMED else []
    return [*names[:_NAMED], *more] or [say("notes.everyone")]
