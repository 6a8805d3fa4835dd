"""The few words that are shown of a message which was found: where most of what was asked stands."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ...mail.text import one_line
from .query import Term
from .tokens import FOLDS, indexed_words

WIDTH = 160
_BEFORE = 40
_MOST_PLACES = 500


class Snippet(NamedTuple):
    """One line of a text, and where in it the words stand that were asked for; `marks` are in order, and apart.

    `terms` is how many of those asked for it has.
    """

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    terms: int = 0

    def marked(self, style: Callable[[str], str]) -> str:
        """The line with what was asked for in a style."""
        parts: list[str] = []
        at = 0
        for start, stop in self.marks:
            parts += [self.text[at:start], style(self.text[start:stop])]
            at = stop
        return "".join([*parts, self.text[at:]])

    def after(self, before: str) -> "Snippet":
        """The same line with a text before it."""
        shift = len(before)
        return self._replace(
            text=before + self.text, marks=tuple((start + shift, stop + shift) for start, stop in self.marks)
        )


class TermPosition(NamedTuple):
    """Where in a text a term stands."""

    start: int
    stop: int
    term: int


def snippet(text: str, terms: Sequence[Term]) -> Snippet:
    """The part of a text that has most of the terms, the first of several; its beginning where it has none of them."""
    line = unicodedata.normalize("NFC", one_line(text, len(text)))
    places = _places(line, terms)
    start, stop = _window(line, places)
    lead, trail = "… " if start else "", " …" if stop < len(line) else ""
    shift = len(lead) - start
    inside = [place for place in places if start <= place.start and place.stop <= stop]
    return Snippet(
        f"{lead}{line[start:stop]}{trail}",
        tuple((place.start + shift, place.stop + shift) for place in inside),
        len({place.term for place in inside}),
    )


def whole(text: str, terms: Sequence[Term], limit: int) -> Snippet:
    """All of a short text in one line, with marks."""
    line = unicodedata.normalize("NFC", one_line(text, limit))
    places = _places(line, terms)
    return Snippet(line, tuple((place.start, place.stop) for place in places), len({place.term for place in places}))


def terms_in(text: str, terms: Sequence[Term]) -> set[Term]:
    """Those of the terms that stand in a text."""
    return {term for term in terms if term.stands_in(f" {' '.join(indexed_words(text))} ")}


def _places(line: str, terms: Sequence[Term]) -> list[TermPosition]:
    """Where the terms stand, in order and apart from each other."""
    if not terms:
        return []
    origin: list[int] = []
    pieces: list[str] = []
    for at, char in enumerate(line):
        piece = FOLDS[ord(char)]
        pieces.append(piece)
        origin += [at] * len(piece)
    matches = re.finditer("|".join(f"({_pattern(term)})" for term in terms), "".join(pieces))
    return [
        TermPosition(origin[match.start()], _after(line, origin[match.end() - 1]), (match.lastindex or 1) - 1)
        for match, _ in zip(matches, range(_MOST_PLACES), strict=False)
    ]


def _after(line: str, last: int) -> int:
    """The place behind a character and the accents on it."""
    stop = last + 1
    while stop < len(line) and unicodedata.category(line[stop])[0] == "M":
        stop += 1
    return stop


def _pattern(term: Term) -> str:
    spaced = " +".join(map(re.escape, term.words))
    return rf"(?<![^ ]){spaced}" + (r"[^ ]*" if term.begins else r"(?![^ ])")


def _window(line: str, places: Sequence[TermPosition]) -> tuple[int, int]:
    """The part of a line that is shown."""
    best = max(_windows(places), default=(0, 0, 0))
    start = _word_begins(line, max(0, -best[1] - _BEFORE)) if best[0] else 0
    # At the end of a line there may be room for more before it.
    start = min(start, _word_begins(line, max(0, len(line) - WIDTH)))
    return start, _word_ends(line, min(len(line), start + WIDTH), max(best[2], start + WIDTH // 2))


def _windows(places: Sequence[TermPosition]) -> Iterator[tuple[int, int, int]]:
    """For each place, how many terms stand in a window that begins there, its beginning negated, and its first end."""
    for number, first in enumerate(places):
        terms: set[int] = set()
        for later in places[number:]:
            if later.stop > first.start + WIDTH - _BEFORE:
                break
            terms.add(later.term)
        yield len(terms), -first.start, first.stop


def _word_begins(line: str, at: int) -> int:
    """A place where a word begins, at most a long word further on."""
    if at == 0 or line[at - 1] == " ":
        return at
    space = line.find(" ", at, at + _BEFORE // 2)
    return space + 1 if space >= 0 else at


def _word_ends(line: str, at: int, least: int) -> int:
    if at == len(line) or line[at] == " ":
        return at
    space = line.rfind(" ", least, at)
    return space if space >= 0 else at
