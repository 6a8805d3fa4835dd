"""The commands at the top of a mail: their table, and how lines are read (docs/interface.md, section 6).

It is pure text, and knows nothing but the tables. The help, the footers' examples, the refusals and docs/commands.md
are printed from the table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...mail.quotations.client_phrases import BANNERS, LANGUAGES
from ..wording import Sentence, say
from . import command_folding
from .command_folding import BULLETS, QUOTES
from .correspondence import CORRESPONDENCE


@dataclass(frozen=True)
class Command:
    """A line `Name: value` at the top of a mail.

    `value` says what stands behind the colon, `effect` completes "it …", `example` is a value that could be.
    `requestor`: the requestor may use it too, as far as the table lets them. `repeats`: one mail may have it more than
    once. `also` are other names of it; `words` are values that are words of their own.
    """

    name: str
    value: str
    effect: str
    example: str
    requestor: bool = False
    repeats: bool = False
    also: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of it."""
        return (self.name, *self.also)

    def line(self, value: str | None = None) -> str:
        """The line as somebody writes it."""
        return f"{self.name}: {self.example if value is None else value}"


QUEUE = Command("Queue", "the name of a queue", "moves it to another queue", "Questions")
ME, NOBODY = "me", "nobody"
OWNER = Command(
    "Owner",
    "me, nobody, or someone on the team",
    "assigns it",
    ME,
    also=("Assignee", "Assign"),
    words=(ME, NOBODY),
)
STATUS = Command(
    "Status",
    "a status by its title",
    "changes the status (after your reply has done its part)",
    CORRESPONDENCE.solved_status,
    requestor=True,
)
REQUESTOR = Command(
    "Requestor", "an address", "makes it their ticket; the person who asked before stays copied in", "ann@example.org"
)
ADD_CC = Command("AddCc", "addresses, with commas", "copies people in", "bea@example.org", repeats=True)
DEL_CC = Command("DelCc", "addresses, with commas", "takes people out", "bea@example.org", repeats=True)
SUBJECT = Command("Subject", "some words", "changes the subject", "New subject")
PRIORITY = Command("Priority", "a whole number, or none", "sets the priority", "10")
MERGE = Command(
    "Merge", "the number of a ticket", "moves everyone and everything to that ticket (can't be undone)", "12"
)
ACTION = Command(
    "Action",
    "an action by its title",
    "does this instead of what a reply usually does",
    CORRESPONDENCE.comment.title,
    requestor=True,
)

COMMANDS = (STATUS, ACTION, OWNER, QUEUE, SUBJECT, PRIORITY, REQUESTOR, ADD_CC, DEL_CC, MERGE)
FOR_REQUESTORS = tuple(command for command in COMMANDS if command.requestor)


class Line(NamedTuple):
    """One line of commands as it was written; `command` is None where there is none of that name."""

    written: str
    name: str
    command: Command | None
    value: str


class Reading(NamedTuple):
    """The lines of commands at the top of a text, and the text without them."""

    lines: tuple[Line, ...]
    rest: str


# Nobody means so many; what follows is text again.
MOST_LINES = 50
LONGEST_LINE = 20_000
# A colon with white space or nothing behind it; "https://…" is no name with a value.
_NAMED = re.compile(rf"([^\W\d_][\w-]{{0,29}})[{QUOTES} \t]*:(?:[{QUOTES} \t](.*))?", re.DOTALL)
_CLOSE = re.compile(rf"([^\W\d_][\w-]{{0,29}})[{QUOTES} \t]*[:=](?!//)(.*)", re.DOTALL)
_SIGN = re.compile("[:=：＝∶꞉︓﹕]")
_MOST_BANNERS = 5
_FULL_LINE = 55
_BANNERS = tuple(banner.casefold() for banner in BANNERS.split("|"))
_BLANK = re.compile(r"[\s\ufeff\u200b]*")
_BY_NAME = {name.casefold(): command for command in COMMANDS for name in command.names}


def read(text: str, allowed: Sequence[Command] = COMMANDS) -> Reading:
    """The commands that a text begins with; none, and all of it text, unless the first line is one of `allowed`.

    It is one too if its name is a letter away from one. Never raises, linear time.
    """
    if not allowed:
        return Reading((), text)
    lines: list[Line] = []
    start = end = _skip_banners(text)
    while len(lines) < MOST_LINES and (line := _line(text[end : (stop := _stop(text, end))])) is not None:
        if not lines and not _begins(line, allowed):
            break
        if line.command is None and line.name.casefold() in _HEADS:
            # The head of a mail that was passed on; a `Subject` above it belongs to it.
            keep = next((place for place, line in enumerate(lines) if line.command is SUBJECT), len(lines))
            return _up_to(text, start, lines[:keep])
        lines.append(line)
        end = stop + 1
    return Reading(tuple(lines), text[end:].lstrip("\n") if lines else text)


def lines_of(written: str) -> tuple[Line, ...]:
    """Lines that were read before, as they were written."""
    return tuple(line for text in written.split("\n") if (line := _line(text)) is not None)


def _up_to(text: str, start: int, lines: list[Line]) -> Reading:
    """The reading that ends with these lines."""
    end = start
    for _ in lines:
        end = _stop(text, end) + 1
    return Reading(tuple(lines), text[end:].lstrip("\n") if lines else text)


def _skip_blank(text: str) -> int:
    """Where the first line begins that is not blank."""
    blank = _BLANK.match(text)
    end = blank.end() if blank else 0
    return text.rfind("\n", 0, end) + 1


def _skip_banners(text: str) -> int:
    """Where the first line begins that is not blank, nor one that a mail server puts above what came from outside."""
    at = _skip_blank(text)
    for _ in range(_MOST_BANNERS):
        stop = _stop(text, at)
        start = text[at : min(stop, at + 300)].strip(BULLETS + "[]!⚠️").casefold()
        if not start.startswith(_BANNERS):
            break
        while stop - at >= _FULL_LINE and _line(text[stop + 1 : (following := _stop(text, stop + 1))]) is None:
            at, stop = stop + 1, following  # A sentence that was broken goes on.
        at = stop + 1
        at += _skip_blank(text[at:])
    return at


def _stop(text: str, start: int) -> int:
    """Where the line ends that begins there."""
    stop = text.find("\n", start)
    return len(text) if stop < 0 else stop


def _line(written: str) -> Line | None:
    """A line `Name: value`; a known name needs no space behind its colon, and may have `=` instead of it."""
    if len(written) > LONGEST_LINE:
        return None
    visible = command_folding.without_unseen(written)
    close = _CLOSE.fullmatch(folded := command_folding.folded(visible))
    if close is None:
        return None
    name = close[1].rstrip("_")
    command = _BY_NAME.get(name.casefold())
    if (
        command is None
        and not _NAMED.fullmatch(folded)
        and (nearest(name) is None or "=" in folded[: close.end(1) + 3])
    ):
        return None
    value = _SIGN.split(visible, maxsplit=1)[1] if command is SUBJECT else close[2]
    return Line(" ".join(written.split()), name, command, _value(command, value))


def _value(command: Command | None, written: str) -> str:
    """What somebody means by a value as their client wrote it."""
    words = " ".join(written.split())
    if command is SUBJECT:
        return command_folding.title(words)
    words = command_folding.value(words)
    return command_folding.several(words) if command is not None and command.repeats else words


def _begins(line: Line, allowed: Sequence[Command]) -> bool:
    return (line.command or nearest(line.name)) in allowed


def command_named(name: str) -> Command | None:
    """Return the command of that name, in any case."""
    return _BY_NAME.get(name.casefold())


def begins(text: str) -> bool:
    """Return whether the first line that is not blank is written as a command is."""
    start = _skip_blank(text)
    line = _line(text[start : _stop(text, start)])
    return line is not None and _begins(line, COMMANDS)


def nearest(name: str) -> Command | None:
    """The command from which a name is one letter away: one too many, too few, another, or two in the wrong order."""
    folded = name.casefold()
    alike = ((key, command) for key, command in _BY_NAME.items() if abs(len(key) - len(folded)) <= 1)
    return next((command for key, command in alike if is_near(folded, key)), None)


def is_near(word: str, known: str) -> bool:
    """Return whether two words are at most one letter apart: too many, too few, another, or two in the wrong order."""
    if abs(len(word) - len(known)) > 1:
        return False
    same = next(
        (place for place, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), min(map(len, (word, known)))
    )
    a, b = word[same:], known[same:]
    return a == b or a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[2:] == b[2:] and a[:2] == b[1::-1])


def unknown(line: Line) -> Sentence:
    """What is wrong with a line that is no command, and what would have been right."""
    near = nearest(line.name)
    if near is None:
        return say("errors.no_such_command", name=line.name)
    return say("errors.near_command", name=line.name, near=near.name)


# Words that stand alone in a mail, or on its first line.
HELP, LIST, SHOW, UNDO, LEAVE = "help", "list", "show", "undo", "unsubscribe"
WORDS_ALONE = (HELP, LIST, SHOW, UNDO, LEAVE)


# What waits in place of a line where words are offered to somebody as theirs: to post them, as a reply or in private.
POST, POST_PRIVATE = "post", "post in private"


class Page(NamedTuple):
    """What a mail asks to be sent: help, a list, or a ticket, from one of its messages on. 0: none was named."""

    word: str
    ticket: int = 0
    message: int = 0


_PAGE = re.compile(rf"({HELP}|{LIST}|{SHOW})(?:(?<={SHOW})\s+#?(\d{{1,10}})(?:\s+(\d{{1,9}}))?)?\s*\.?", re.IGNORECASE)
_TAKE_BACK = re.compile(rf"\s*{UNDO}[ \t\xa0]*[.!]?[ \t\xa0]*(?:\n|\Z)", re.IGNORECASE)


def page_asked(text: str) -> Page | None:
    """What a mail asks to be sent that says nothing else: `help`, `list`, `show`, `show 12`, or `show 12 40`."""
    match = _PAGE.fullmatch(command_folding.bare(text)) if len(text) < 100 else None
    return Page(match[1].lower(), int(match[2] or 0), int(match[3] or 0)) if match else None


def without_undo(text: str) -> str | None:
    """What else a text says whose first line is `undo`; None where it is not."""
    match = _TAKE_BACK.match(text)
    return text[match.end() :].lstrip("\n") if match else None


def _heads() -> frozenset[str]:
    """The words, in all languages, with which clients head a mail that is passed on."""
    columns = [words for language in LANGUAGES.values() for words in (language.sender, language.date, language.to)]
    return frozenset(word.casefold() for column in columns for word in column.split("|") if word)


_HEADS = _heads()
