"""What a mail wants: its words and lines read as one of a few wishes. Values in, a value out; nothing is changed."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from ...mail import confirmations
from ...mail.leaving import asks_to_leave
from ...mail.quoted_text import foreign_lines, is_forward, split
from ...mail.text import fold_words
from ..lifecycle import commands
from ..lifecycle.commands import ADD_CC, Line, Page
from ..lifecycle.slips import is_slip
from ..tickets.posts import NewMessage
from .effects import Effect, Permission, Situation


@dataclass(frozen=True)
class Unsubscribe:
    """To get no more letters."""


@dataclass(frozen=True)
class PageRequest:
    """To be sent a page."""

    page: Page
    new_message: NewMessage


@dataclass(frozen=True)
class Undo:
    """To take the last change back; the words below that line are a comment."""

    new_message: NewMessage


@dataclass(frozen=True)
class Confirmation:
    """A yes or a no to lines that wait."""

    yes: bool
    new_message: NewMessage


@dataclass(frozen=True)
class SendOrDrop:
    """To send a message that waits for its writer's word, or to drop it."""

    send: bool
    new_message: NewMessage


@dataclass(frozen=True)
class Slip:
    """Words that wait for their writer's word: they were meant for the tracker, or `repeats` what a private note says.

    `waiting` are lines that wait for a yes.
    """

    repeats: bool
    new_message: NewMessage
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class OtherWords:
    """Other words in answer to lines that wait: a private note."""

    new_message: NewMessage


@dataclass(frozen=True)
class Commands:
    """To have lines carried out, and words posted if there are any."""

    lines: tuple[Line, ...]
    new_message: NewMessage


@dataclass(frozen=True)
class Unproven:
    """Words, and `waiting` lines that nothing proves: commands that were taken out of the words, people to let in."""

    waiting: tuple[str, ...]
    new_message: NewMessage
    commanded: bool


@dataclass(frozen=True)
class Text:
    """Words alone."""

    new_message: NewMessage


Wish = Unsubscribe | PageRequest | Undo | Confirmation | SendOrDrop | OtherWords | Commands | Unproven | Slip | Text


def interpret(about: Situation, permission: Permission, mail: NewMessage, quotable: Collection[str] = ()) -> Wish:
    """Return what a mail on a ticket wants. `quotable` are the lines of the letter of ours that it answers.

    The text of `mail` is all that it says.
    """
    reading = commands.read(mail.full_text, about.commands if Effect.COMMAND in permission.possible else ())
    empty = bool(reading.lines) or (about.verified and about.answers_waiting)
    outsider = not about.member.responder
    parts = split(reading.rest, quotable, is_forward(mail.subject), can_be_empty=empty, outsider=outsider)
    foreign = foreign_lines(parts.rest, quotable)
    words = replace(mail, text=parts.new, full_text=reading.rest, foreign=foreign)
    return _wish(about, permission, reading.lines, words)


def _wish(about: Situation, permission: Permission, lines: tuple[Line, ...], new_message: NewMessage) -> Wish:
    """Return the first of the wishes that lines and words without them are."""
    alone = not lines and not has_files(new_message)
    if alone and Effect.LEAVE in permission.possible and _asks_to_leave(about, permission, new_message):
        return Unsubscribe()
    page = commands.page_asked(new_message.text) if alone and Effect.PAGE in permission.now else None
    if page is not None:
        return PageRequest(page, new_message)
    rest = None if lines or Effect.UNDO not in permission.possible else commands.without_undo(new_message.text)
    if rest is not None:
        full = commands.without_undo(new_message.full_text)
        return Undo(replace(new_message, text=rest, full_text=rest if full is None else full))
    if Effect.ANSWER in permission.now and not lines and (answer := _answer(about, new_message)) is not None:
        return answer
    waiting = _waiting(about, permission, lines)
    if not lines and (slip := _slip(about, new_message)) is not None:
        return replace(slip, waiting=waiting)
    if waiting:
        return Unproven(waiting, new_message, bool(lines))
    return Commands(lines, new_message) if lines else Text(new_message)


def new_message_of(wish: Wish, otherwise: NewMessage) -> NewMessage:
    """The words that a wish comes with."""
    return otherwise if isinstance(wish, Unsubscribe) else wish.new_message


def has_files(new_message: NewMessage) -> bool:
    """Whether words come with files that are no mere decoration."""
    return any(not attachment.decorates for attachment in new_message.attachments)


def says_something(new_message: NewMessage) -> bool:
    """Whether there are words, or files that are no mere decoration."""
    return bool(new_message.text.strip()) or has_files(new_message)


def _asks_to_leave(about: Situation, permission: Permission, new_message: NewMessage) -> bool:
    """Whether words ask for no more emails; in answer to a letter that offers a no, `stop` is that no."""
    name = about.member.own_name
    offered = about.offers if Effect.ANSWER in permission.now else ()
    answers = confirmations.answer(new_message.text, offered, name) is not None
    return asks_to_leave(new_message.text, name) and not answers


def _answer(about: Situation, new_message: NewMessage) -> Wish | None:
    """One of the words that a letter offers; or other words, which are a note where it is about lines that wait."""
    alone = not has_files(new_message)
    word = confirmations.answer(new_message.text, about.offers, about.member.own_name) if alone else None
    if word in ("yes", "no"):
        return Confirmation(word == "yes", new_message)
    if word is not None:
        return SendOrDrop(word == "send", new_message)
    return OtherWords(new_message) if about.answers_waiting else None


def _slip(about: Situation, new_message: NewMessage) -> Slip | None:
    """Public words of a responder that wait for their word (docs/interface.md, section 6); None for all others."""
    if about.private or about.automatic or not about.member.responder or has_files(new_message):
        return None
    if is_slip(new_message.text, about.lifecycle, about.member.own_name, waits=about.waits):
        return Slip(False, new_message)
    return Slip(True, new_message) if fold_words(new_message.text) in about.notes else None


def _waiting(about: Situation, permission: Permission, lines: tuple[Line, ...]) -> tuple[str, ...]:
    """The lines that wait for a yes: the commands of a mail, and the one that lets in whom it names.

    All of them wait, or none does.
    """
    named = about.newly_named if Effect.LET_IN in permission.on_yes else ()
    written = [line.written for line in lines] if named or Effect.COMMAND in permission.on_yes else []
    return (*written, *([ADD_CC.line(", ".join(named))] if named else []))
