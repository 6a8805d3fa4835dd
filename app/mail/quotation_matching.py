"""How the lines that a colleague quotes of private messages are found in a public one.

All is text: which messages are private, and who is a colleague, is in `redaction.py`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .quoted_text import leads

_MARKS = re.compile(r"^[\s>|]+")
_WORD = re.compile(r"\w+")
# A short line that stands in a private message may stand anywhere ("Thanks"): only as a quotation is it one.
_TELLING = 24
# Words that stand inside of so many others are looked for no longer, and count as private.
_TRIES = 100
# So many characters are compared, and so many lines at least; beyond it whatever is quoted counts as private.
_MOST_WORK = 100_000_000
_FEWEST = 300

# The kinds of lines: written, above a quotation, quoted with marks, pasted below such a line without marks, and of our
# letters about private messages.
WRITTEN, _ABOVE, _MARKED, _PASTED, _OURS = "wampo"


class Private(NamedTuple):
    """What only private messages say, and what our letters say around it (`framing`), folded."""

    words: str = ""
    framing: str = ""


def redacted(text: str, private: Private) -> str:
    """A colleague's text without the lines that are quoted from private messages, and without what leads to them."""
    lines, kinds = read(text, private)
    search = _Search(private.words)
    cut = [False] * len(lines)
    near = False
    for at, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        if line.strip():
            quoted = kind == _MARKED or (kind == _PASTED and near)
            cut[at] = kind == _OURS or (kind in (_MARKED, _PASTED) and search.has(line, quoted=quoted))
            near = cut[at] or kind == _ABOVE
    for at, below in reversed(list(enumerate(_following(lines)))):
        cut[at] = cut[at] or (kinds[at] == _ABOVE and below is not None and cut[below])
    return "\n".join(line for line, gone in zip(lines, cut, strict=True) if not gone) if any(cut) else text


def read(text: str, private: Private) -> tuple[list[str], list[str]]:
    """Part a text into lines, and tell for each whether its writer wrote it, or how they quoted it.

    Below a line that stands above a quotation all may be pasted, unless lines with marks follow: then those are it.
    """
    lines, above = leads(text)
    ours = _Search(private.framing)
    kinds = [
        _MARKED if is_marked(line) else _OURS if ours.has(line) else _ABOVE if at in above else WRITTEN
        for at, line in enumerate(lines)
    ]
    below = False
    for at, following in enumerate(_following(lines)):
        if kinds[at] == WRITTEN and below:
            kinds[at] = _PASTED
        if following is not None and kinds[at] in (_ABOVE, _OURS) and kinds[following] == WRITTEN:
            below = True
    return lines, kinds


def _following(lines: Sequence[str]) -> list[int | None]:
    """For each line the next one that is not blank."""
    found: list[int | None] = []
    following = None
    for at in reversed(range(len(lines))):
        found.append(following)
        following = at if lines[at].strip() else following
    return found[::-1]


class _Search:
    """Looks for lines in a text, with a bound on what that costs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = max(_FEWEST, _MOST_WORK // max(1, len(text)))
        self._known: dict[tuple[str, bool], bool] = {}

    def has(self, line: str, *, quoted: bool = False) -> bool:
        """Whether a line stands in the text; a short one only as whole words, and if it is `quoted`."""
        words = folded(line)
        if not words or not (quoted or len(words) >= _TELLING):
            return False
        if (words, quoted) not in self._known:
            self._left -= 1
            self._known[words, quoted] = self._finds(words) if self._left >= 0 else quoted
        return self._known[words, quoted]

    def _finds(self, words: str) -> bool:
        return words in self._text if len(words) >= _TELLING else _stands_in(words, self._text)


def not_in(lines: Sequence[str], text: str) -> list[str]:
    """The lines that do not stand in a text."""
    search = _Search(text)
    return [line for line in lines if not search.has(line, quoted=is_marked(line))]


def is_marked(line: str) -> bool:
    return line.lstrip().startswith((">", "|"))


def _stands_in(words: str, text: str) -> bool:
    """Whether words stand in a text as words: "no" does not in "know"."""
    at = text.find(words)
    for _ in range(_TRIES):
        if at < 0:
            return False
        before, after = text[at - 1 : at], text[at + len(words) : at + len(words) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = text.find(words, at + 1)
    return True


def folded(text: str) -> str:
    return joined(text.split("\n")).casefold()


def joined(lines: Iterable[str]) -> str:
    return " ".join(_MARKS.sub("", line).strip() for line in lines).casefold()


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
