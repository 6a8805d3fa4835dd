"""How the words that a colleague quotes of private messages are found in a public one.

Words are letters and digits, folded: neither blanks of any kind, nor bold type, nor new line breaks, nor the marks of a
client hide a quotation. All is text: which messages are private, and who is a colleague, is in `redaction.py`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from .quotations.attribution_words import has_verb
from .quoted_text import leads

# Initials before a mark: what some clients put before each quoted line ("RW> ").
_MARK = re.compile(r"[\s\u200b-\u200f\ufeff]*(?:[^\W\d_]{1,4})?[>|»›¦]")
_MARKS = re.compile(r"^(?:[^\S\n]*+(?:[^\W\d_]{1,4})?[>|»›¦])++", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")
# They stand within words, and nobody sees them.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f]")
# So many words in a row tell a text from others.
RUN = 6
# A shorter line that stands in a private message may stand anywhere ("Thanks"): only as a quotation is it one.
_TELLING = 24
# A word that stands in so many places is looked for no longer, and what begins with it counts as private.
_TRIES = 20
# So many different lines of a text are looked for; beyond them whatever is quoted counts as private.
_MOST_LINES = 2_000
# Words that begin a line and say whose the others are: "As Rita said: ...".
_LEAD = re.compile(r"\s*([^:：]{1,80})[:：]\s*(\S.*)", re.DOTALL)
_SAID = frozenset({"said", "says", "noted", "told", "sagte", "sagt", "dit", "dijo", "disse", "zei"})

# The kinds of lines: written, above a quotation, quoted with marks, pasted below such a line without marks, of our
# letters about private messages, and quoted behind words that say whose they are.
WRITTEN, _ABOVE, _MARKED, _PASTED, _OURS, _LED = "wampol"


class Private(NamedTuple):
    """What only private messages say, what our letters say around it (`framing`), and what is public; all folded."""

    words: str = ""
    framing: str = ""
    public: str = ""


def redacted(text: str, private: Private) -> str:
    """A colleague's text without the lines that are quoted from private messages, and without what leads to them."""
    lines, kinds = read(text, private)
    search = _Search(private.words, private.public)
    cut = [False] * len(lines)
    near = False
    for at, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        if line.strip():
            quoted = kind == _MARKED or (kind == _PASTED and near)
            said = _quoted_in(line) if kind == _LED else line
            cut[at] = kind == _OURS or (kind in (_MARKED, _PASTED, _LED) and search.has_any(said, quoted=quoted))
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
        _MARKED
        if is_marked(line)
        else _OURS
        if ours.has_all(line)
        else _ABOVE
        if at in above
        else _LED
        if _quoted_in(line)
        else WRITTEN
        for at, line in enumerate(lines)
    ]
    below = False
    for at, following in enumerate(_following(lines)):
        if kinds[at] in (WRITTEN, _LED) and below:
            kinds[at] = _PASTED
        if following is not None and kinds[at] in (_ABOVE, _OURS) and kinds[following] in (WRITTEN, _LED):
            below = True
    return lines, [WRITTEN if kind == _LED and not private.words else kind for kind in kinds]


def _quoted_in(line: str) -> str:
    """What stands behind words that say whose it is; empty where a line has no such words."""
    lead = _LEAD.fullmatch(line[:4000])
    if lead is None or len(words_of(lead[2])) < RUN:
        return ""
    return lead[2] if has_verb(lead[1]) or not _SAID.isdisjoint(words_of(lead[1])) else ""


def _following(lines: Sequence[str]) -> list[int | None]:
    """Return for each line the next line that is not blank."""
    found: list[int | None] = []
    following = None
    for at in reversed(range(len(lines))):
        found.append(following)
        following = at if lines[at].strip() else following
    return found[::-1]


class _Search:
    """Looks for the words of lines in a text, but for those that are `public`. Linear in the length of all."""

    def __init__(self, text: str, public: str = "") -> None:
        self._words = text.split()
        self._public = public
        self._known: dict[tuple[str, bool], bool] = {}

    @cached_property
    def _runs(self) -> frozenset[int]:
        known = frozenset(map(hash, runs(self._words)))
        return known - frozenset(map(hash, runs(self._public.split()))) if self._public else known

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, word in enumerate(self._words):
            found.setdefault(word, []).append(place)
        return found

    def has_any(self, line: str, *, quoted: bool = False) -> bool:
        """Whether a run of words of a line stands in the text; a short line only whole, and if it is `quoted`."""
        if len(self._known) >= _MOST_LINES and (line, quoted) not in self._known:
            return quoted
        return self._has(line, any, quoted=quoted)

    def has_all(self, line: str, *, quoted: bool = False) -> bool:
        """Whether all words of a line stand in the text."""
        return self._has(line, all, quoted=quoted)

    def _has(self, line: str, how: Callable[[Iterable[bool]], bool], *, quoted: bool) -> bool:
        """Whether a line stands in the text; each search asks in one way alone."""
        if not self._words:
            return False
        if (line, quoted) not in self._known:
            words = words_of(line)
            long = len(words) >= RUN
            found = how(hash(run) in self._runs for run in runs(words)) if long else self._has_short(words, quoted)
            self._known[line, quoted] = found
        return self._known[line, quoted]

    def _has_short(self, words: list[str], quoted: bool) -> bool:
        if not words or not (quoted or len(" ".join(words)) >= _TELLING):
            return False
        places = self._places.get(words[0], [])
        if len(places) > _TRIES:
            return True
        return any(self._words[at : at + len(words)] == words for at in places)


def runs(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """All runs of so many words in a row."""
    return zip(*(words[at:] for at in range(RUN)), strict=False)


def not_in(lines: Sequence[str], text: str, *, short: bool = False) -> list[str]:
    """Return the lines whose words do not all stand in a text. Short ones do if they are marked, or if `short`."""
    search = _Search(text)
    return [line for line in lines if not search.has_all(line, quoted=short or is_marked(line))]


def is_marked(line: str) -> bool:
    """Whether a client has marked a line as quoted."""
    return _MARK.match(line) is not None


def folded(text: str) -> str:
    """The words of a text, with a blank between them and without marks."""
    return joined(text.split("\n"))


def joined(lines: Iterable[str]) -> str:
    """The words of some lines as those of one text."""
    return " ".join(words_of("\n".join(lines)))


def words_of(text: str) -> list[str]:
    """The words of a text, folded; without the initials that stand before a mark."""
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return _WORD.findall(_MARKS.sub(" ", text).casefold())
