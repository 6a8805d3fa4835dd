"""How the words that a colleague quotes of private messages are found in a public one.

Words are letters and digits, folded: neither blanks of any kind, nor bold type, nor new line breaks, nor the marks of a
client hide a quotation. All is text: which messages are private, and who is a colleague, is in `redaction.py`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .quotations.attribution_words import has_verb
from .quoted_text import leads

# Initials before a mark: what some clients put before each quoted line ("RW> ").
_MARK = re.compile(r"[\s\u200b-\u200f\ufeff]*(?:[^\W\d_]{1,4})?[>|»›¦]")
_MARKS = re.compile(r"^(?:[^\S\n]*+(?:[^\W\d_]{1,4})?[>|»›¦])++", re.MULTILINE)
# The same with the line break before it: where an expression begins with a character it is found twice as fast.
_BREAK_AND_MARKS = re.compile(r"\n(?:[^\S\n]*+(?:[^\W\d_]{1,4})?[>|»›¦])++")
# In scripts without blanks between words every character is one, or a line that was broken anew would hide them.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
# The same for what is ASCII, as most texts are: folded letters and digits, and a blank for everything else.
_ASCII_WORDS = str.maketrans({chr(at): chr(at).lower() if chr(at).isalnum() else " " for at in range(128)})
# They stand within words, and nobody sees them.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f]")
# So many words in a row tell a text from others.
RUN = 6
# A shorter line that stands in a private message may stand anywhere ("Thanks"): only as a quotation is it one.
_TELLING = 24
# So many different lines of a text are looked for; beyond them whatever is quoted counts as private.
_MOST_LINES = 2_000
# Words that begin a line and say whose the others are: "As Rita said: ...".
_LEAD = re.compile(r"\s*([^:：]{1,80})[:：]\s*(\S.*)", re.DOTALL)
_SAID = frozenset({"said", "says", "noted", "told", "sagte", "sagt", "dit", "dijo", "disse", "zei"})

# The kinds of lines: written, above a quotation, quoted with marks, pasted below such a line without marks, of our
# letters about private messages, and quoted behind words that say whose they are.
WRITTEN, _ABOVE, _MARKED, _PASTED, _OURS, _LED = "wampol"
_QUOTED = (_MARKED, _PASTED, _LED)


class Words:
    """The words of some texts, found by the runs of words in them. Linear in the length of all."""

    def __init__(self, *texts: str) -> None:
        self._texts: list[list[str]] = []
        self._runs: dict[int, set[int]] = {}
        self._whole: list[str] = []
        self._lines: set[int] = set()
        self._lines_of = 0
        for text in texts:
            self.add(text)

    def __bool__(self) -> bool:
        return bool(self._texts)

    @property
    def texts(self) -> list[str]:
        """The texts, folded: a blank between words, and no marks."""
        return [" ".join(words) for words in self._texts]

    def add(self, text: str) -> None:
        """Take in one more text."""
        words = words_of(text)
        if words:
            self._texts.append(words)
            self._whole.append(text)
        for length, hashes in self._runs.items():
            hashes.update(map(hash, runs(words, length)))

    def runs_of(self, length: int) -> set[int]:
        """The hashes of every run of so many words."""
        if length not in self._runs:
            self._runs[length] = {hash(run) for words in self._texts for run in runs(words, length)}
        return self._runs[length]

    def has_line(self, line: str) -> bool:
        """Whether a line of the texts has these very words. Asked seldom: lines are read when they are needed."""
        for text in self._whole[self._lines_of :]:
            self._lines.update(hash(tuple(words_of(line))) for line in text.split("\n"))
        self._lines_of = len(self._whole)
        return hash(tuple(words_of(line))) in self._lines

    def goes_on(self, before: str, line: str) -> bool:
        """Whether a short line goes on in the texts where the line before it ends: a client may have broken it anew."""
        words = words_of(line)
        joined = tuple([*words_of(before), *words][-RUN:])
        return len(words) < RUN == len(joined) and hash(joined) in self.runs_of(RUN)

    def has_all(self, line: str, *, quoted: bool = False) -> bool:
        """Whether all words of a line stand in the texts; a short line must be telling, or `quoted`."""
        telling = _telling_runs(line, quoted=quoted) if self else []
        return bool(telling) and self.runs_of(len(telling[0])).issuperset(map(hash, telling))

    def lacks(self, lines: Iterable[str], *, short: bool = False) -> list[str]:
        """Return the lines whose words do not all stand here. Short ones do if they are marked, or if `short`."""
        return [line for line in lines if not self.has_all(line, quoted=short or is_marked(line))]


class Private(NamedTuple):
    """What only private messages say, what our letters say around it (`framing`), and what is public."""

    words: Words
    framing: Words
    public: Words

    def has_any(self, line: str, *, quoted: bool) -> bool:
        """Whether a run of words of a line is private; a short line only whole, and if it is `quoted`.

        What a public message says in a line of its own is not private, however short it is.
        """
        telling = _telling_runs(line, quoted=quoted) if self.words else []
        matching = self.words.runs_of(len(telling[0])).intersection(map(hash, telling)) if telling else set()
        if matching and len(telling[0]) < RUN:
            return not self.public.has_line(line)
        return bool(matching) and not matching <= self.public.runs_of(RUN)


def is_quoted_in(reading: "QuotedLines", private: Private) -> bool:
    """Whether a colleague's text quotes something of private messages."""
    return any(_cuts(reading, private))


def redacted(text: str, reading: "QuotedLines", private: Private) -> str:
    """A colleague's text without the lines that are quoted from private messages, and without what leads to them."""
    lines, kinds, _ = reading
    cut = [*_cuts(reading, private)]
    if not any(cut):
        return text
    # From below: one line that leads to another goes with it.
    for at in reversed([at for at, kind in enumerate(kinds) if kind == _ABOVE]):
        following = _following(lines, at)
        cut[at] = cut[at] or (following is not None and cut[following])
    return "\n".join(line for line, gone in zip(lines, cut, strict=True) if not gone)


def _cuts(reading: "QuotedLines", private: Private) -> Iterator[bool]:
    """Tell for each line whether it is quoted from private messages; nothing where no line is quoted at all."""
    lines, kinds, behind = reading
    if not (_OURS in kinds or any(kind in kinds for kind in _QUOTED)):
        return
    search = _Search(private)
    near, before = False, ""
    for line, kind in zip(lines, kinds, strict=True):
        gone = kind == _OURS
        if kind in _QUOTED:
            gone = search.has_any(behind.get(line, line), quoted=kind == _MARKED or (kind == _PASTED and near))
            gone = gone and not (before and private.public.goes_on(before, line))
        yield gone
        near = gone or kind == _ABOVE if line.strip() else near
        before = line if kind == _MARKED and not gone else ""


class _Search:
    """Looks for the lines of one text in what is private, for each line once."""

    def __init__(self, private: Private) -> None:
        self._private = private
        # By whether a line is quoted.
        self._known: tuple[dict[str, bool], dict[str, bool]] = ({}, {})

    def has_any(self, line: str, *, quoted: bool) -> bool:
        """Whether words of a line are private; those of more lines than are looked for, if they are `quoted`."""
        known = self._known[quoted]
        if line not in known:
            known[line] = self._private.has_any(line, quoted=quoted) if len(known) < _MOST_LINES else quoted
        return known[line]


class QuotedLines(NamedTuple):
    """The lines of a text, the kind of each, and of those with a lead-in what stands behind it."""

    lines: list[str]
    kinds: list[str]
    behind: Mapping[str, str]


def read(text: str, private: Private) -> QuotedLines:
    """Part a text into lines, and tell for each whether its writer wrote it, or how they quoted it.

    Below a line that stands above a quotation all may be pasted, unless lines with marks follow: then those are it.
    """
    lines, above = leads(text)
    different = dict.fromkeys(lines)
    behind = {line: words for line in different if (words := _quoted_in(line))} if private.words else {}
    kind_of = {line: _kind_of(line, private.framing, led=line in behind) for line in different}
    kinds = [kind_of[line] for line in lines]
    for at in above:
        kinds[at] = kinds[at] if kinds[at] in (_MARKED, _OURS) else _ABOVE
    _mark_pasted(lines, kinds)
    return QuotedLines(lines, kinds, {line: words for line, words in behind.items() if kind_of[line] == _LED})


def _kind_of(line: str, framing: Words, *, led: bool) -> str:
    """What a line is by itself."""
    if is_marked(line):
        return _MARKED
    if framing.has_all(line):
        return _OURS
    return _LED if led else WRITTEN


def _mark_pasted(lines: Sequence[str], kinds: list[str]) -> None:
    """Find what stands without marks below a line that leads to it."""
    leading = [at for at, kind in enumerate(kinds) if kind in (_ABOVE, _OURS)]
    below = (at for at in leading if kinds[_following(lines, at) or at] in (WRITTEN, _LED))
    first = next(below, len(kinds))
    for at in range(first, len(kinds)):
        kinds[at] = _PASTED if kinds[at] in (WRITTEN, _LED) else kinds[at]


def _quoted_in(line: str) -> str:
    """What stands behind words that say whose it is; empty where a line has no such words."""
    lead = _LEAD.fullmatch(line[:4000]) if ":" in line or "：" in line else None
    if lead is None or not (has_verb(lead[1]) or not _SAID.isdisjoint(words_of(lead[1]))):
        return ""
    return lead[2] if len(words_of(lead[2])) >= RUN else ""


def _following(lines: Sequence[str], at: int) -> int | None:
    """The place of the next line that is not blank."""
    return next((place for place in range(at + 1, len(lines)) if lines[place].strip()), None)


def _telling_runs(line: str, *, quoted: bool) -> list[tuple[str, ...]]:
    """The runs of words that tell a line from others, or all of a short one; none of one that tells little."""
    words = words_of(line)
    if len(words) < RUN and not quoted and len(" ".join(words)) < _TELLING:
        return []
    return list(runs(words, min(len(words), RUN)))


def runs(words: Sequence[str], length: int = RUN) -> Iterable[tuple[str, ...]]:
    """All runs of so many words in a row."""
    return zip(*(words[at:] for at in range(length)), strict=False)


def is_marked(line: str) -> bool:
    """Whether a client has marked a line as quoted."""
    return _MARK.match(line) is not None


def has_words(line: str) -> bool:
    """Whether there are words in a line, besides the initials before a mark."""
    return _WORD.search(_MARKS.sub(" ", line) if is_marked(line) else line) is not None


def words_of(text: str) -> list[str]:
    """The words of a text, folded; without the initials that stand before a mark."""
    if text.isascii():
        return _unmarked(text).translate(_ASCII_WORDS).split()
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return _WORD.findall(_unmarked(text).casefold())


def _unmarked(text: str) -> str:
    return _BREAK_AND_MARKS.sub("\n", f"\n{text}")
