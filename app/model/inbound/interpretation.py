"""What a mail wants: its words and lines read as one of a few wishes. Values in, a value out; nothing is changed."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from ...mail import confirmations
from ...mail.quoted_text import is_forward, split
from ..lifecycle import commands
from ..lifecycle.commands import ADD_CC, LEAVE, Line, Page
from ..tickets.posts import Words
from .effects import Effect, Permission, Situation


@dataclass(frozen=True)
class Unsubscribe:
    """To get no more letters."""


@dataclass(frozen=True)
class PageRequest:
    """To be sent a page."""

    page: Page
    words: Words


@dataclass(frozen=True)
class Undo:
    """To take the last change back; the words below that line are a comment."""

    words: Words


@dataclass(frozen=True)
class Confirmation:
    """A yes or a no to lines that wait."""

    yes: bool
    words: Words


@dataclass(frozen=True)
class Note:
    """Other words in answer to lines that wait: a private note."""

    words: Words


@dataclass(frozen=True)
class Commands:
    """To have lines carried out, and words posted if there are any."""

    lines: tuple[Line, ...]
    words: Words


@dataclass(frozen=True)
class Unproven:
    """Words, and `waiting` lines that nothing proves: commands that were taken out of the words, people to let in."""

    waiting: tuple[str, ...]
    words: Words
    commanded: bool


@dataclass(frozen=True)
class Text:
    """Words alone."""

    words: Words


Wish = Unsubscribe | PageRequest | Undo | Confirmation | Note | Commands | Unproven | Text


def interpret(about: Situation, permission: Permission, mail: Words, quotable: Collection[str] = ()) -> Wish:
    """Return what a mail on a ticket wants. `quotable` are the lines of the letter of ours that it answers.

    The text of `mail` is all that it says.
    """
    lines, words = _read(about, permission, mail, quotable)
    alone = not lines and not has_files(words)
    if Effect.LEAVE in permission.possible and words.text.strip().strip(".!").lower() == LEAVE:
        return Unsubscribe()
    page = commands.page_asked(words.text) if alone and Effect.PAGE in permission.now else None
    if page is not None:
        return PageRequest(page, words)
    rest = None if lines or Effect.UNDO not in permission.possible else commands.without_undo(words.text)
    if rest is not None:
        full = commands.without_undo(words.full_text)
        return Undo(replace(words, text=rest, full_text=rest if full is None else full))
    if Effect.ANSWER in permission.now and not lines:
        return _answer(about, words)
    waiting = _waiting(about, permission, lines)
    if waiting:
        return Unproven(waiting, words, bool(lines))
    return Commands(lines, words) if lines else Text(words)


def words_of(wish: Wish, otherwise: Words) -> Words:
    """The words that a wish comes with."""
    return otherwise if isinstance(wish, Unsubscribe) else wish.words


def has_files(words: Words) -> bool:
    """Whether words come with files that are no mere decoration."""
    return any(not one.decorates for one in words.attachments)


def says_something(words: Words) -> bool:
    """Whether there are words, or files that are no mere decoration."""
    return bool(words.text.strip()) or has_files(words)


def _read(
    about: Situation, permission: Permission, mail: Words, quotable: Collection[str]
) -> tuple[tuple[Line, ...], Words]:
    """The commands at the top of a mail, and its words without them."""
    reading = commands.read(mail.full_text, about.commands if Effect.COMMAND in permission.possible else ())
    empty = bool(reading.lines) or (about.verified and about.answers_waiting)
    said = split(reading.rest, quotable, is_forward(mail.subject), can_be_empty=empty)
    return reading.lines, replace(mail, text=said.new, full_text=reading.rest)


def _answer(about: Situation, words: Words) -> Wish:
    """A yes, a no, or other words, in answer to a letter about lines that wait."""
    yes = confirmations.is_yes(words.text, about.standing.label)
    no = confirmations.is_no(words.text, about.standing.label)
    return Confirmation(yes, words) if (yes or no) and not has_files(words) else Note(words)


def _waiting(about: Situation, permission: Permission, lines: tuple[Line, ...]) -> tuple[str, ...]:
    """The lines that wait for a yes: the commands of a mail, and the one that lets in whom it names."""
    written = [line.written for line in lines] if Effect.COMMAND in permission.on_yes else []
    named = about.newly_named if Effect.LET_IN in permission.on_yes else ()
    return (*written, *([ADD_CC.line(", ".join(named))] if named else []))
