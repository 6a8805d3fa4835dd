"""What somebody is asked about a message of theirs that nobody outside the team got: to send it, or to drop it."""

from collections.abc import Iterator

from ...mail.text import SHOWN_LIMIT, one_line, shown
from ..lifecycle.commands import OWNER, STATUS
from ..lifecycle.slips import DROP, SEND
from ..lifecycle.tables import sentence_list
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import Update, recipients_of
from ..tickets.posts import NewMessage
from ..tickets.transitions import has_answer, reachable_statuses
from .receipts import Offer

_NAMED = 5
_SEND, _DROP = f"To send it, reply:\n    {SEND}", f"To drop it, reply:\n    {DROP}"
_SEND_WORDS = f"To send them, reply:\n    {SEND}"


def of_slip(uow: UnitOfWork, event: Event, *, repeats: bool) -> Offer:
    """Return what is asked about public words that wait: whether they were meant for people."""
    outside = names_outside(event)
    text = shown(event.new_message.text)[:SHOWN_LIMIT].rstrip() if event.new_message else ""
    if repeats:
        return _offer(event, (SEND, DROP), f"This is in a private note. Send it to {outside}?", text, _SEND, _DROP)
    heading = f"We didn't send your reply, which looks like a command, to {outside}."
    how = f"To change the ticket, start your reply with a line like:\n    {_usable_line(uow, event)}"
    return _offer(event, (SEND, DROP), heading, text, _SEND, _DROP, how)


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
    stayed, outside = "stayed a private note, because it answers one", names_outside(event)
    own = event.new_message
    if own is None or own.believed:
        return _offer(event, (SEND,), f"Your reply {stayed}. Send it to {outside}?", _SEND)
    # Whoever did not write it has not read it, and "send" makes it theirs.
    heading = f"A reply in your name {stayed}. Nothing proves that you wrote it. If you did, send it to {outside}?"
    return _offer(event, (SEND,), heading, *_all_of(own), _SEND)


def of_note(event: Event) -> Offer:
    """Return what is asked about words that were kept as a note, as they answer a letter about lines that wait."""
    return _offer(event, (SEND,), f"Your words are a private note. Send them to {names_outside(event)}?", _SEND_WORDS)


def of_move(event: Event) -> Offer:
    """Return what is asked about words below a line that has moved the ticket: its new team alone got them."""
    queue = event.ticket.queue.name
    team = any(member.answers and member.person_id != event.actor_id for member in event.members)
    got = f"only the {queue} team got them" if team else f"nobody got them, as nobody else answers for {queue}"
    heading = f"Your words are a private note: {got}. Send them to {names_outside(event)}, too?"
    return _offer(event, (SEND,), heading, _SEND_WORDS)


def _all_of(own: NewMessage) -> Iterator[str]:
    """Say what words are, and which files come with them."""
    text = shown(own.text)
    yield text[:SHOWN_LIMIT].rstrip()
    if len(text) > SHOWN_LIMIT:
        yield "This is only its beginning."
    if own.attachments:
        yield f"With files: {sentence_list(one_line(one.name) for one in own.attachments)}."


def _offer(event: Event, words: tuple[str, ...], heading: str, *paragraphs: str) -> Offer:
    if event.message is None:
        raise ValueError("nothing was posted that could be sent")
    return Offer(event.message.id, words, heading, paragraphs)


def names_outside(event: Event) -> str:
    """Return the people outside the team who get public words of whoever caused an event, by name."""
    update = Update(has_text=True)
    readers = recipients_of(event.members, update, event.ticket.lifecycle, except_person=event.actor_id)
    names = [one.label for one in readers if not one.responder]
    if len(names) > _NAMED:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return sentence_list(names) if names else "everyone on the ticket"
