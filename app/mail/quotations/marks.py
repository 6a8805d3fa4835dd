"""The marks of mail clients: lines which say that somebody else's letter follows."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from . import attribution
from .attribution_words import ADDRESS, VERBS
from .line_kinds import BLANK, LINES, LONG, QUOTED, TEXT, kinds_of, mark_devices, mark_ours, skip_blank
from .phrase_tables import DASHES, HEADERS, UNSEEN, delimiter_in, fold, is_original

# How much is looked at closely for whether it stands above a quotation: some 250 lines, in characters.
CLOSELY = 27_500
ROUND = 40
# A line above a quotation is broken into so many lines at most.
BROKEN_INTO = 6
RULE = re.compile(r"[\s>]{0,4}[-_=*~─—]{5,}+\s*+\Z")
_CELL = re.compile(r"[\s|]")
# Quotation marks right behind a line above a quotation.
_MARKS_BEHIND = re.compile(r"^([^\n]{10,300}?[:：]) ?(>[^\n]+)$", re.MULTILINE)
_DATED = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}\s[^<>]{1,80}<[^\s<>@]{1,64}@[^\s<>@]{1,80}>\s*+\Z")
_DASHES_BELOW = re.compile(rf"\n{DASHES.pattern}")
_BARRED = re.compile(r" ?(?:\||[A-Z]{1,3}>)")


class Mark(NamedTuple):
    """Lines of a client up to `end`, which say that somebody else's letter follows.

    `start` is where they begin in the first line, behind words of the writer.
    """

    end: int
    forward: bool
    certain: bool
    start: int = 0


class MarkedLines:
    """The lines of one mail, what they say (without marks that nobody sees), their kinds, and the marks of clients."""

    def __init__(self, text: str, our_lines: Collection[str]) -> None:
        text = _parted(text)
        self.lines = text.split("\n", LINES)
        self.texts = self.lines.copy() if text.isascii() else UNSEEN.sub("", text).split("\n", LINES)
        self.kinds = kinds_of(self.texts)
        self.is_ours = [False] * len(self.lines)
        if our_lines:
            mark_ours(self.texts, self.kinds, our_lines, self.is_ours)
        self.quotes_us = any(self.is_ours)
        mark_devices(self.texts, self.kinds)
        self.heads: dict[int, str] = {}
        self.tried = 0
        self.pieces: dict[int, Mark | None] = {}
        hints = _hints(self.texts)
        self.may_lead = _before(hints)
        self.ends = [
            hint and kind != BLANK and is_end(line)
            for hint, line, kind in zip(hints, self.texts, self.kinds, strict=True)
        ]

    def part(self, at: int, start: int) -> None:
        """Make two lines of one: the writer's words, and what their client put behind them."""
        line, text, piece = self.lines[at], self.texts[at], self.pieces[at]
        place = _place(line, start)
        self.lines[at : at + 1] = [line[:place].rstrip(), line[place:]]
        self.texts[at : at + 1] = [text[:start].rstrip(), text[start:]]
        self.kinds.insert(at, TEXT)
        self.ends.insert(at, is_end(self.texts[at]))
        self.is_ours.insert(at, False)
        self.may_lead.insert(at, True)
        self.heads.clear()
        self.pieces = {at + 1: piece and piece._replace(end=piece.end + 1, start=0)}

    def mark(self, at: int) -> Mark | None:
        """The mark that begins at a line: a delimiter, header lines, a line above a quotation, or several of these."""
        end, forward, certain, is_mark, start = at, False, False, False, 0
        for _ in range(6):
            piece = self._piece(end) if end < len(self.texts) else None
            if piece is None or (piece.start and end > at):
                break
            start = start or piece.start
            end = skip_blank(self.kinds, piece.end)
            forward, certain = forward or piece.forward, certain or piece.certain
            is_mark = is_mark or not RULE.match(self.texts[piece.end - 1])
        return Mark(end, forward, certain, start) if is_mark else None

    def _piece(self, at: int) -> Mark | None:
        """One part of a mark, or a mere rule of dashes before one."""
        if at not in self.pieces:
            self.pieces[at] = self._read_piece(at)
        return self.pieces[at]

    def _read_piece(self, at: int) -> Mark | None:
        line = self.texts[at]
        if self.kinds[at] != TEXT or not self.may_lead[at]:
            return None
        if len(line) > LONG:
            return self._attribution(at)
        if DASHES.match(line) or self.ends[at]:
            if RULE.match(line):
                return Mark(at + 1, False, False)
            delimiter = delimiter_in(line)
            if delimiter:
                return Mark(self._bare_headers(at + 1), delimiter == "forward", True)
        return self._headers(at) or self._attribution(at) or self._introduction(at)

    def _head(self, at: int) -> str:
        """Which header line this is: "sender", "date", "to", "copy", "subject", "other", "raw", or none ("")."""
        if at not in self.heads:
            name, colon, _ = self.texts[at][:60].replace("：", ":").partition(":")
            self.heads[at] = HEADERS.get(fold(name), "") if colon and self.kinds[at] == TEXT else ""
        return self.heads[at]

    def _headers(self, at: int) -> Mark | None:
        """The header lines of another letter: its sender and two more, one of them its subject or with an address."""
        if self._head(at) in ("", "other", "raw") or (at and self._head(at - 1) not in ("", "other")):
            return None  # Where the line before is one too, all was tried from there.
        heads, end, place = {"other"}, at, at
        while place < min(len(self.texts), end + 3, at + 40):
            if head := self._head(place):
                heads.add(head)
                end = place + 1
            place += 1
        if "sender" not in heads and heads >= {"to", "subject"} and end < len(self.texts):
            below = self._attribution(end)  # Yandex: To and Subject, then the line that says who wrote when.
            return below if below and below.certain and not below.start else None
        if "raw" in heads or "sender" not in heads or len(heads) < 4:
            return None
        addressed = any(ADDRESS.search(line[:LONG]) for line in self.texts[at:end])
        return Mark(end, False, True) if addressed or "subject" in heads else None

    def _bare_headers(self, at: int) -> int:
        """Where header lines without colons end, as eM Client and NetEase (a table) write them below a delimiter."""
        end, kinds = at, set[str]()
        while end < min(len(self.texts), at + 8) and self.kinds[end] == TEXT:
            kind = HEADERS.get(fold(_CELL.split(self.texts[end][:60].lstrip(" |"), maxsplit=1)[0]), "")
            if not kind:
                break
            kinds.add(kind)
            end += 1
        return end if "sender" in kinds and len(kinds) > 2 else at

    def _introduction(self, at: int) -> Mark | None:
        """A line that says who wrote when, or that a letter follows, right above header lines or a letter of ours."""
        line = self.texts[at]
        if at + 1 < len(self.texts) and self._head(at + 1) and _introduces(line) and self._headers(at + 1):
            return Mark(at + 1, False, False)
        for end in (at + 1, at + 2) if self.quotes_us else ():
            below = skip_blank(self.kinds, end)
            if below - end < 3 and below < len(self.texts) and self.is_ours[below]:
                text = " ".join(self.texts[at:end])
                is_stamp = ADDRESS.search(text) and len(text) < LONG and attribution.is_stamp(text)
                return Mark(end, False, False) if is_stamp and self.kinds[end - 1] == TEXT else None
        return None

    def _attribution(self, at: int) -> Mark | None:
        """The line above a quotation, which clients break into up to five; of a long line only the end is read."""
        if True not in self.ends[at : at + BROKEN_INTO] or self.tried > CLOSELY:
            return self._unclosed(at)
        hidden = max(0, len(self.texts[at]) - LONG)
        group = [self.texts[at][hidden:]]
        end = at
        while not self.ends[end]:
            end += 1
            line = self.texts[end]
            if self.kinds[end] == BLANK and self._goes_on(end):
                continue
            if not (self.kinds[end] == TEXT or _is_closing(group, line)) or len(line) > LONG:
                return self._unclosed(at)
            group.append(line)
        if "\n" in group[0]:
            return None
        self.tried += ROUND + sum(map(len, group))
        attributed = attribution.find(group, fresh=self._is_fresh(at), apart=self._is_apart(at))
        if attributed is None or (hidden and not attributed.start):
            return self._unclosed(at)
        certain = attributed.certainty > 1 and not self._is_log(group, end + 1)
        return Mark(end + 1, False, certain, hidden + attributed.start if attributed.start else 0)

    def _unclosed(self, at: int) -> Mark | None:
        """A line above a quotation that ends without a colon, as Zoho and Gmail of old write it, maybe in two lines."""
        for end in range(at, min(at + 2, len(self.texts))):
            goes_on = end + 1 < len(self.texts) and self.kinds[end + 1] not in (BLANK, QUOTED)
            if goes_on or self.kinds[end] != TEXT or not _ends_with_verb(self.texts[end]):
                continue
            attributed = attribution.find(self.texts[at : end + 1], fresh=self._is_fresh(at), apart=self._is_apart(at))
            if attributed is not None:
                return Mark(end + 1, False, False, attributed.start)
        return self._dated(at)

    def _dated(self, at: int) -> Mark | None:
        """Gmail's old line above a quotation, without "wrote", which may be broken before its address."""
        line, end = self.texts[at], at + 1
        if line.rstrip().endswith("<") and end < len(self.texts):
            line, end = line.rstrip() + self.texts[end].lstrip(), end + 1
        return Mark(end, False, False) if len(line) <= LONG and _DATED.match(line) else None

    def _is_apart(self, at: int) -> bool:
        return at == 0 or self.kinds[at - 1] == BLANK

    def _is_fresh(self, at: int) -> bool:
        """Does no sentence of the line before go on in this one?"""
        before = self.texts[at - 1] if at and self.kinds[at - 1] == TEXT else ""
        last = before.rstrip()[-1:]
        is_broken = len(before) >= attribution.BROKEN and (last.isalnum() or last == ">")
        return not is_broken and last not in tuple(",،、，-–—(")

    def _is_log(self, group: Sequence[str], end: int) -> bool:
        """Do indented lines follow a line that names no address? Clients do not indent, programs do."""
        below = skip_blank(self.kinds, end)
        indented = below < len(self.texts) and self.texts[below].startswith(("  ", "\t"))
        return indented and not any(ADDRESS.search(line) for line in group)

    def _goes_on(self, at: int) -> bool:
        """After a blank line, does an address follow, taken out of the middle of a line by a converter?"""
        return at + 1 < len(self.texts) and self.texts[at + 1].lstrip().startswith("<")

    def is_followed(self, mark: Mark, words_before: bool) -> bool:
        """Is it above lines that are marked as quoted, or after words and above nothing?"""
        end = skip_blank(self.kinds, mark.end)
        if end == len(self.kinds):
            return mark.certain and words_before
        self._set_barred(end)
        return self.kinds[end] == QUOTED

    def _set_barred(self, at: int) -> None:
        """Below a line above a quotation, "| " and "AB> " are quote marks too (Elm, Yahoo, The Bat!)."""
        mark = _BARRED.match(self.texts[at])
        while mark and at < len(self.texts) and (self.kinds[at] == BLANK or self.texts[at].startswith(mark[0])):
            if self.kinds[at] == TEXT:
                self.kinds[at] = QUOTED
            at += 1


def _parted(text: str) -> str:
    """The text, with a line end where a quotation begins in the line above it."""
    if ":>" not in text and ": >" not in text:
        return text
    return _MARKS_BEHIND.sub(
        lambda match: f"{match[1]}\n{match[2]}" if attribution.stands_above(match[1]) else match[0], text
    )


def could_lead(text: str) -> bool:
    """Whether a text has what every line has that says that a letter follows: a colon, an address or dashes in front.

    What is looked for as it stands is found in a twentieth of the time that a choice in an expression takes.
    """
    return ":" in text or "@" in text or "：" in text or bool(DASHES.match(text) or _DASHES_BELOW.search(text))


def _hints(lines: Sequence[str]) -> list[bool]:
    """Which lines could lead to a letter. Of a long one only the end is read, so that it always may."""
    if len(max(lines, key=len)) <= LONG and not could_lead("\n".join(lines)):
        return [False] * len(lines)
    return [len(line) > LONG or could_lead(line) for line in lines]


def _before(hints: Sequence[bool]) -> list[bool]:
    """The lines with which a mark may begin: a hint is in them, or so near below that a client may have broken it."""
    may_lead, near = [False] * len(hints), 0
    for at in range(len(hints) - 1, -1, -1):
        near = BROKEN_INTO if hints[at] else near - 1
        may_lead[at] = near > 0
    return may_lead


def _place(line: str, position: int) -> int:
    """Where a line is cut so that as many letters before it are seen."""
    place = position
    for unseen in UNSEEN.finditer(line):
        if unseen.start() >= place:
            break
        place += 1
    return place


def _introduces(line: str) -> bool:
    return is_original(line) or attribution.stands_above(line)


def _is_closing(group: Sequence[str], line: str) -> bool:
    """Is a line that looks quoted (">:", "> wrote:") the end of an address that was broken?"""
    return is_end(line) and sum(part.count("<") - part.count(">") for part in group) > 0


def is_end(line: str) -> bool:
    end = line.rstrip(" \t\r\xa0*_")
    return end.endswith((":", "：")) or (end.endswith("--") and line.lstrip().startswith("--"))


def _ends_with_verb(line: str) -> bool:
    return "@" in line and len(line) <= LONG and line.rstrip().rpartition(" ")[2].casefold() in VERBS
