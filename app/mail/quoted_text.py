"""How what the writer wrote is told from what they quoted.

A mail is read line by line, each line gets a kind (one letter), and a few rules on the string of kinds say what is new.
No rule is for one mail: a rule is about a language, whose words stand in `client_phrases.py`, or about a mail client.
To lose words is worse than to leave some, so in doubt a line is new.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from . import attribution
from . import client_phrases as words
from .attribution_words import ADDRESS, VERBS, has_sentence_words, has_verb, words_of
from .text import TOO_LONG

# What is read line by line. A longer line is no mark of a client, and what follows so many lines is one more line.
LINES = 3_000
LONG = 500
OURS = 2_000
# More lines of a letter of ours are quoted by a client alone.
SHOWN_OURS = 3

# How much is looked at closely for whether it stands above a quotation: some 250 lines, in characters.
CLOSELY = 27_500
ROUND = 40

_TRACKER = "\u1427"  # What Streak adds to mails in Gmail.

# The kinds of lines.
TEXT, BLANK, QUOTED, ABOVE, SIGNATURE, DEVICE, HEAD = "tbqasdh"

_QUOTE = re.compile(r" {0,3}>")
_QUOTES = re.compile(r"(?:[ \t]*+(?:>[^\n]*+)?+(?:\n|\Z))*+")
_MARKS = re.compile(r"[ >]*+")
_PROMPT = re.compile(r">>> (?!>)")
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]")
_SOURCE = re.compile(r"message-id: *+<", re.I)
_RULE = re.compile(r"[\s>]{0,4}[-_=*~─—]{5,}+\s*+\Z")
_DASHES = re.compile(r"\s*+[-_=*~#]{2}")
# Samsung's delimiter, with the header lines behind it.
_BEHIND_DELIMITER = re.compile(r"(\s*+[-_=*~]{2,}[^-_=*~\n]{3,60}[-_=*~]{2,})\s*+([^:：\n]{1,30})[:：]")
# Quotation marks right behind a line above a quotation.
_MARKS_BEHIND = re.compile(r"^([^\n]{10,300}?[:：]) ?(>[^\n]+)$", re.MULTILINE)
_URL = re.compile(r"<[^<>]*+>|\(?https?://\S*+")
# A question, or the end of a sentence of some words.
_SENTENCE = re.compile(r"[?？]\s*\Z|[?？]\s|(?:\w+[,;]?\s+){6}\w+[.!]\s*\Z")
_EMAIL = re.compile(r"[^\s<>\"'()\[\],;:@]{1,64}@[^\s<>\"'()\[\],;:@]{1,255}")
_DATED = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}\s[^<>]{1,80}<[^\s<>@]{1,64}@[^\s<>@]{1,80}>\s*+\Z")
_BARRED = re.compile(r" ?(?:\||[A-Z]{1,3}>)")
_MAILMAN_RULE = re.compile(r"_{40,}+\s*+\Z")
_MAILMAN = re.compile(r"\A[^\s]{1,80} mailing list(?: -- \S{1,120})?\s*+\Z")
# A quotation with its line above it and no other, all of it before the words: the writer answers below.
_ANSWER_BELOW = re.compile(r"[bsd]*+a[abqsd]*+(?=t[^q]*+\Z)")
_ANSWER_BELOW_MARKS = re.compile(r"[bsd]*+q[bqsd]*+(?=t[^q]*+\Z)")
_FIRST_QUOTE = re.compile(r"b*+q[bq]*+")


class Split(NamedTuple):
    """The lines of a mail: the new ones, and the others, each in order. Blank lines around the new ones are gone."""

    new: str
    rest: str


class Mark(NamedTuple):
    """Lines of a client up to `end`, which say that somebody else's letter follows.

    `start` is where they begin in the first line, behind words of the writer.
    """

    end: int
    forward: bool
    certain: bool
    start: int = 0


def split(
    text: str,
    ours: Collection[str] = (),
    forward: bool = False,
    *,
    can_be_empty: bool = False,
    opening: bool = False,
    outsider: bool = False,
) -> Split:
    """Tell the new words of a mail from quoted letters, signatures and what telephones add.

    `ours` are lines of letters that we sent, with their senders: they count as quoted wherever they stand. A letter
    that is passed on ("Forwarded message") is new, and if `forward` says that the mail is one that passes on
    (`is_forward` of its subject) so is any other. Answers between and below quoted lines are new, together with those
    quoted lines. If nothing would be new, all is, unless the mail `can_be_empty`. Takes linear time; never raises.

    Of a mail that is `opening` a ticket, and answers nothing of ours, only the signature at its end is no new words:
    nobody here has seen what it quotes. In an `outsider`'s reply whatever is not ours is new, if `ours` are known.
    """
    if text.endswith(TOO_LONG):
        said = split(text.removesuffix(TOO_LONG).rstrip(), ours, forward, opening=opening, outsider=outsider)
        return Split(said.new, f"{said.rest}\n\n{TOO_LONG}") if said.rest else Split(text, "")
    page = _Page(text, ours)
    if opening and not page.quotes_us:
        new = _new_lines(page, page.read_opening())
    else:
        new = _new_lines(page, page.read(forward))
        if outsider and ours:
            new = _with_foreign(page, new, ours)
    if not any(page.kinds[at] not in (BLANK, HEAD) for at in new):
        return Split("", text) if can_be_empty else Split(text, "")
    chosen = set(new)
    rest = [line for at, line in enumerate(page.lines) if at not in chosen]
    return Split(_joined([page.lines[at] for at in new]), _joined(rest))


def foreign_lines(rest: str, ours: Collection[str]) -> int:
    """How many lines of a `rest` are not ours, nor a signature: nobody here may have read them. Linear time."""
    if not rest:
        return 0
    page = _Page(rest, ours)
    page.read(forward=False)
    return sum(map(len, _foreign(page, range(len(page.lines)), ours)))


def _with_foreign(page: "_Page", new: list[int], ours: Collection[str]) -> list[int]:
    """The new lines, and those of others that are not ours: answers within our letter, or somebody else's mail."""
    chosen = set(new)
    others = [at for at in range(len(page.lines)) if at not in chosen]
    regions = _regions(page, others)
    for region, foreign in zip(regions, _foreign(page, others, ours), strict=True):
        if len(foreign) < len(region) and any(page.ours[at] for at in region):
            for at in foreign:  # The marks of the letter that is answered are not the writer's.
                page.lines[at] = _MARKS.sub("", page.lines[at], count=1)
            chosen.update(foreign)
        elif _is_of_ours(page, region, ours):
            foreign = []
        elif foreign:
            foreign = list(range(region[0], region[-1] + 1))
            chosen.update(foreign)
        if foreign:  # With the empty line before them.
            before = (at for at in range(foreign[0] - 1, -1, -1) if at in chosen or page.kinds[at] == BLANK)
            chosen.add(next(before, foreign[0]))
    return sorted(chosen)


def _is_of_ours(page: "_Page", region: Sequence[int], ours: Collection[str]) -> bool:
    """Whether the line above a quotation, or its head, names an address of `ours`: a client changed the rest."""
    names = {word for line in ours if "@" in line for word in _EMAIL.findall(line)}
    above = (page.said[at] for at in region if _is_framing(page, at, before=region[-1]))
    return any(not names.isdisjoint(_EMAIL.findall(line[:LONG])) for line in above)


def _regions(page: "_Page", others: Sequence[int]) -> list[list[int]]:
    """The lines in a row among these, without blank ones, signatures, and what telephones add."""
    regions: list[list[int]] = []
    before = -2
    for at in others:
        if page.kinds[at] in (SIGNATURE, DEVICE):
            continue
        if page.kinds[at] != BLANK:
            if at != before + 1 or not regions:
                regions.append([])
            regions[-1].append(at)
        before = at if page.kinds[at] != BLANK or at == before + 1 else before
    return regions


def _foreign(page: "_Page", others: Sequence[int], ours: Collection[str]) -> list[list[int]]:
    """Of each of the regions among these lines those that are not ours, nor say who wrote it."""
    sent = " ".join(word for line in list(ours)[:OURS] for word in _MARKS.sub("", line, count=1).split())
    found: list[list[int]] = []
    for region in _regions(page, others):
        first = next((at for at in region if page.ours[at]), -1)
        found.append([at for at in region if not _is_framing(page, at, before=first) and not _is_sent(page, at, sent)])
    return found


def _is_sent(page: "_Page", at: int, sent: str) -> bool:
    said = " ".join(_MARKS.sub("", page.said[at][:OURS], count=1).split())
    return page.ours[at] or not any(map(str.isalnum, said)) or said in sent


def _is_framing(page: "_Page", at: int, *, before: int) -> bool:
    """Whether a line stands above a letter and says who wrote it, or looks so `before` the first line of ours."""
    if page.kinds[at] in (ABOVE, HEAD):
        return True
    said = _MARKS.sub("", page.said[at][:LONG], count=1)
    name, colon, _ = said[:60].replace("：", ":").partition(":")
    named = colon and _HEADERS.get(_fold(name))
    return at < before and bool(named or _is_end(said) or _RULE.match(said) or attribution.is_stamp(said))


def leads(text: str) -> tuple[list[str], set[int]]:
    """Find the lines that say that somebody else's letter follows: surely, by their verb, or above lines with marks.

    Gives all lines, and the places of these; where one stands behind words, they are two lines. The Message-ID of a
    mail's source is such a line, too. Takes linear time; never raises.
    """
    page, at = _Page(text, ()), 0
    found: set[int] = set()
    while at < len(page.said):
        mark = Mark(at + 1, False, True) if _SOURCE.match(page.said[at]) else page.mark(at)
        verb = mark is not None and any(map(has_verb, page.said[at : mark.end]))
        if mark is None or not (mark.certain or verb or page.is_followed(mark, words_before=False)):
            at += 1
        elif mark.start:
            page.part(at, mark.start)
            at += 1
        else:
            found.update(range(at, mark.end))
            at = mark.end
    return [*page.lines[:-1], *page.lines[-1].split("\n")], found


def is_forward(subject: str) -> bool:
    """Does a subject say that the mail passes on another one ("Fwd: ...", "WG: ...")? Our tag may stand before it."""
    name, colon, _ = re.sub(r"^\s*+\[[^\]]{0,100}+\]", "", subject[:200]).replace("：", ":").partition(":")
    return bool(colon) and _fold(name) in _FORWARD


def _joined(lines: Sequence[str]) -> str:
    """The lines as they are, without blank ones at both ends."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while first < last and not lines[last - 1].strip():
        last -= 1
    return "\n".join(lines[first:last])


def _new_lines(page: "_Page", stop: int) -> list[int]:
    """Which of the lines before `stop` are new, by their kinds."""
    kinds = "".join(page.kinds[:stop])
    start, end = 0, len(kinds.rstrip(BLANK + QUOTED + ABOVE + SIGNATURE + DEVICE + HEAD))
    below = _ANSWER_BELOW.match(kinds) or _ANSWER_BELOW_MARKS.match(kinds)
    if below and (ABOVE in below[0] or sum(page.ours[: below.end()]) > SHOWN_OURS):
        start = below.end()
    if end and page.said[end - 1].rstrip().endswith((":", "：")):
        shown = _FIRST_QUOTE.match(kinds, end)  # "It says:" and then a quotation that no client put there.
        end = shown.end() if shown and sum(page.ours[end : shown.end()]) <= SHOWN_OURS else end
    return [at for at in range(start, end) if kinds[at] in (TEXT, BLANK, QUOTED, HEAD)]


class _Page:
    """The lines of one mail, what they say (without marks that nobody sees), and their kinds."""

    def __init__(self, text: str, ours: Collection[str]) -> None:
        text = _parted(text)
        self.lines = text.split("\n", LINES)
        self.said = self.lines.copy() if text.isascii() else _UNSEEN.sub("", text).split("\n", LINES)
        self.kinds = _kinds(self.said)
        self.ours = [False] * len(self.lines)
        if ours:
            _mark_ours(self.said, self.kinds, ours, self.ours)
        self.quotes_us = any(self.ours)
        _mark_devices(self.said, self.kinds)
        self.heads: dict[int, str] = {}
        self.tried = 0
        self.pieces: dict[int, Mark | None] = {}
        self.ends = [kind != BLANK and _is_end(line) for line, kind in zip(self.said, self.kinds, strict=True)]

    def read(self, forward: bool) -> int:
        """Find the marks of clients. Gives where the rest begins."""
        at, signature, words_before = 0, -1, False
        while at < len(self.said):
            mark = self.mark(at) if self.kinds[at] == TEXT else None
            if (mark and (mark.forward or forward)) or (self.kinds[at] == QUOTED and self._passes_on(at, forward)):
                self._close(signature, at)
                self._set(at, len(self.said), TEXT)
                break
            if mark and mark.start:
                if mark.certain or self.is_followed(mark, words_before=True):
                    self.part(at, mark.start)
                mark = None
            followed = mark is not None and self.is_followed(mark, words_before)
            if mark and mark.certain and words_before and not followed:
                self._close(signature, at)
                self._set(at, mark.end, ABOVE)
                return at
            if mark and (followed or mark.certain):
                signature = self._close(signature, at)
                self._set(at, mark.end, ABOVE if followed else HEAD)  # A head: there are no words but those below it.
                at = mark.end
                continue
            if self.kinds[at] == QUOTED:
                signature = self._close(signature, at)
            elif self.kinds[at] == TEXT:
                if signature < 0 and self._begins_signature(at):
                    signature = at
                words_before = words_before or signature < 0
            at += 1
        else:
            self._close(signature, at)
        return len(self.said)

    def read_opening(self) -> int:
        """Find the signature at the end; all before it is text. Gives where the rest begins."""
        end = len(self.said)
        self._set(0, end, TEXT)
        begins = (at for at in range(end - 1, -1, -1) if self.kinds[at] == TEXT and self._begins_signature(at))
        signature = next(begins, -1)
        below = range(signature + 1, min(end, signature + 40) if signature >= 0 else 0)
        self._close(-1 if any(self.mark(at) for at in below) else signature, end)
        return end

    def _passes_on(self, at: int, forward: bool) -> bool:
        """Is what is quoted from here on passed on? Apple Mail quotes its delimiter too."""
        if forward or (at and self.kinds[at - 1] == QUOTED):
            return forward
        before = at - 1
        while before >= 0 and self.kinds[before] == BLANK:
            before -= 1
        fresh = before < 0 or self.kinds[before] == TEXT
        return fresh and _delimiter(_MARKS.sub("", self.said[at][:LONG], count=1)) == "forward"

    def part(self, at: int, start: int) -> None:
        """Make two lines of one: the writer's words, and what their client put behind them."""
        line, said, piece = self.lines[at], self.said[at], self.pieces[at]
        place = _place(line, start)
        self.lines[at : at + 1] = [line[:place].rstrip(), line[place:]]
        self.said[at : at + 1] = [said[:start].rstrip(), said[start:]]
        self.kinds.insert(at, TEXT)
        self.ends.insert(at, _is_end(self.said[at]))
        self.ours.insert(at, False)
        self.heads.clear()
        self.pieces = {at + 1: piece and piece._replace(end=piece.end + 1, start=0)}

    def mark(self, at: int) -> Mark | None:
        """The mark that begins at a line: a delimiter, header lines, a line above a quotation, or several of these."""
        end, forward, certain, found, start = at, False, False, False, 0
        for _ in range(6):
            piece = self._piece(end) if end < len(self.said) else None
            if piece is None or (piece.start and end > at):
                break
            start = start or piece.start
            end = _skip_blank(self.kinds, piece.end)
            forward, certain = forward or piece.forward, certain or piece.certain
            found = found or not _RULE.match(self.said[piece.end - 1])
        return Mark(end, forward, certain, start) if found else None

    def _piece(self, at: int) -> Mark | None:
        """One part of a mark, or a mere rule of dashes before one."""
        if at not in self.pieces:
            self.pieces[at] = self._read_piece(at)
        return self.pieces[at]

    def _read_piece(self, at: int) -> Mark | None:
        line = self.said[at]
        if self.kinds[at] != TEXT:
            return None
        if len(line) > LONG:
            return self._attribution(at)
        if _DASHES.match(line) or self.ends[at]:
            if _RULE.match(line):
                return Mark(at + 1, False, False)
            delimiter = _delimiter(line)
            if delimiter:
                return Mark(self._bare_headers(at + 1), delimiter == "forward", True)
        return self._headers(at) or self._attribution(at) or self._introduction(at)

    def _head(self, at: int) -> str:
        """Which header line this is: "sender", "date", "to", "copy", "subject", "other", "raw", or none ("")."""
        if at not in self.heads:
            name, colon, _ = self.said[at][:60].replace("：", ":").partition(":")
            self.heads[at] = _HEADERS.get(_fold(name), "") if colon and self.kinds[at] == TEXT else ""
        return self.heads[at]

    def _headers(self, at: int) -> Mark | None:
        """The header lines of another letter: its sender and two more, one of them its subject or with an address."""
        if self._head(at) in ("", "other", "raw") or (at and self._head(at - 1) not in ("", "other")):
            return None  # Where the line before is one too, all was tried from there.
        found, end, here = {"other"}, at, at
        while here < min(len(self.said), end + 3, at + 40):
            if head := self._head(here):
                found.add(head)
                end = here + 1
            here += 1
        if "raw" in found or "sender" not in found or len(found) < 4:
            return None
        addressed = any(ADDRESS.search(line[:LONG]) for line in self.said[at:end])
        return Mark(end, False, True) if addressed or "subject" in found else None

    def _bare_headers(self, at: int) -> int:
        """Where header lines without colons end, as eM Client writes them below its delimiter."""
        end, found = at, set[str]()
        while end < min(len(self.said), at + 8) and self.kinds[end] == TEXT:
            kind = _HEADERS.get(_fold(self.said[end][:60].partition(" ")[0]), "")
            if not kind:
                break
            found.add(kind)
            end += 1
        return end if "sender" in found and len(found) > 2 else at

    def _introduction(self, at: int) -> Mark | None:
        """A line that says who wrote when, in whatever form, right above header lines or a letter of ours."""
        line = self.said[at]
        if at + 1 < len(self.said) and self._head(at + 1) and attribution.stands_above(line) and self._headers(at + 1):
            return Mark(at + 1, False, False)
        for end in (at + 1, at + 2) if self.quotes_us else ():
            below = _skip_blank(self.kinds, end)
            if below - end < 3 and below < len(self.said) and self.ours[below]:
                said = " ".join(self.said[at:end])
                named = ADDRESS.search(said) and len(said) < LONG and attribution.is_stamp(said)
                return Mark(end, False, False) if named and self.kinds[end - 1] == TEXT else None
        return None

    def _attribution(self, at: int) -> Mark | None:
        """The line above a quotation, which clients break into up to five; of a long line only the end is read."""
        if True not in self.ends[at : at + 6] or self.tried > CLOSELY:
            return self._unclosed(at)
        hidden = max(0, len(self.said[at]) - LONG)
        group = [self.said[at][hidden:]]
        end = at
        while not self.ends[end]:
            end += 1
            line = self.said[end]
            if self.kinds[end] == BLANK and self._goes_on(end):
                continue
            if not (self.kinds[end] == TEXT or _is_closing(group, line)) or len(line) > LONG:
                return self._unclosed(at)
            group.append(line)
        if "\n" in group[0]:
            return None
        self.tried += ROUND + sum(map(len, group))
        found = attribution.find(group, fresh=self._is_fresh(at), apart=self._is_apart(at))
        if found is None or (hidden and not found.start):
            return self._unclosed(at)
        certain = found.certainty > 1 and not self._is_log(group, end + 1)
        return Mark(end + 1, False, certain, hidden + found.start if found.start else 0)

    def _unclosed(self, at: int) -> Mark | None:
        """A line above a quotation that ends without a colon, as Zoho and Gmail of old write it, maybe in two lines."""
        for end in range(at, min(at + 2, len(self.said))):
            goes_on = end + 1 < len(self.said) and self.kinds[end + 1] not in (BLANK, QUOTED)
            if goes_on or self.kinds[end] != TEXT or not _ends_with_verb(self.said[end]):
                continue
            found = attribution.find(self.said[at : end + 1], fresh=self._is_fresh(at), apart=self._is_apart(at))
            if found is not None:
                return Mark(end + 1, False, False, found.start)
        return self._dated(at)

    def _dated(self, at: int) -> Mark | None:
        """Gmail's old line above a quotation, without "wrote", which may be broken before its address."""
        line, end = self.said[at], at + 1
        if line.rstrip().endswith("<") and end < len(self.said):
            line, end = line.rstrip() + self.said[end].lstrip(), end + 1
        return Mark(end, False, False) if len(line) <= LONG and _DATED.match(line) else None

    def _is_apart(self, at: int) -> bool:
        return at == 0 or self.kinds[at - 1] == BLANK

    def _is_fresh(self, at: int) -> bool:
        """Does no sentence of the line before go on in this one?"""
        before = self.said[at - 1] if at and self.kinds[at - 1] == TEXT else ""
        last = before.rstrip()[-1:]
        is_broken = len(before) >= attribution.BROKEN and (last.isalnum() or last == ">")
        return not is_broken and last not in tuple(",،、，-–—(")

    def _is_log(self, group: Sequence[str], end: int) -> bool:
        """Do indented lines follow a line that names no address? Clients do not indent, programs do."""
        below = _skip_blank(self.kinds, end)
        indented = below < len(self.said) and self.said[below].startswith(("  ", "\t"))
        return indented and not any(ADDRESS.search(line) for line in group)

    def _goes_on(self, at: int) -> bool:
        """After a blank line, does an address follow, taken out of the middle of a line by a converter?"""
        return at + 1 < len(self.said) and self.said[at + 1].lstrip().startswith("<")

    def is_followed(self, mark: Mark, words_before: bool) -> bool:
        """Is it above lines that are marked as quoted, or after words and above nothing?"""
        end = _skip_blank(self.kinds, mark.end)
        if end == len(self.kinds):
            return mark.certain and words_before
        if self.kinds[end] == TEXT:
            self._set_barred(end)
        return self.kinds[end] == QUOTED

    def _set_barred(self, at: int) -> None:
        """Below a line above a quotation, "| " and "AB> " are quote marks too (Elm, Yahoo, The Bat!)."""
        mark = _BARRED.match(self.said[at])
        while mark and at < len(self.said) and (self.kinds[at] == BLANK or self.said[at].startswith(mark[0])):
            if self.kinds[at] == TEXT:
                self.kinds[at] = QUOTED
            at += 1

    def _begins_signature(self, at: int) -> bool:
        """RFC 3676 section 4.3 (the space at the end gets lost on the way, dashes become one); or Mailman's footer."""
        line = self.said[at]
        if len(line) < 8:
            return line.rstrip() in ("--", "—", "–")
        return bool(_MAILMAN_RULE.match(line) and _MAILMAN.match("".join(self.said[at + 1 : at + 2])))

    def _close(self, signature: int, stop: int) -> int:
        """What stands before a mark: a signature, if it is not too long for one, or a telephone's line. Gives -1."""
        if signature >= 0:
            length = sum(kind != BLANK for kind in self.kinds[signature:stop])
            exact = self.said[signature] == "-- "
            if length <= (40 if exact else 12) and (exact or not self._reads_on(signature, stop)):
                self._set(signature, stop, SIGNATURE)
                stop = signature
        quotes = stop < len(self.said) and self.kinds[stop] == QUOTED
        while stop and (self.kinds[stop - 1] == BLANK or self._is_added(stop - 1, quotes=quotes)):
            stop -= 1
            self._set(stop, stop + 1, DEVICE)
        return -1

    def _is_added(self, at: int, *, quotes: bool) -> bool:
        """Is it what telephones add, or a mere rule above what is quoted?"""
        line = self.said[at]
        return self.kinds[at] == TEXT and (_is_device(line) or (quotes and bool(_RULE.match(line))))

    def _reads_on(self, at: int, stop: int) -> bool:
        """Do sentences follow these dashes, or do they part what a line with a colon announces?"""
        before = next((line.rstrip() for line in reversed(self.said[max(0, at - 3) : at]) if line.strip()), "")
        if len(self.said[at]) < 8 and before.endswith((":", "：")):
            return True
        return len(self.said[at]) < 8 and any(
            _SENTENCE.search(_URL.sub(" ", line[:LONG])) for line in self.said[at:stop]
        )

    def _set(self, start: int, stop: int, kind: str) -> None:
        for at in range(start, stop):
            if self.kinds[at] != BLANK:
                self.kinds[at] = kind


def _parted(text: str) -> str:
    """The text, with a line end where a quotation begins in the line above it."""
    if ":>" not in text and ": >" not in text:
        return text
    return _MARKS_BEHIND.sub(lambda one: f"{one[1]}\n{one[2]}" if attribution.stands_above(one[1]) else one[0], text)


def _kinds(lines: Sequence[str]) -> list[str]:
    """What each line is by its look alone. The last one may be many."""
    kinds = [BLANK if not line or line.isspace() else QUOTED if _QUOTE.match(line) else TEXT for line in lines]
    for at, line in enumerate(lines):
        if line.startswith(">>> ") and _PROMPT.match(line):  # Python's prompt, unless lines around it are quoted.
            before, after = (kinds[at - 1] if at else BLANK), lines[at + 1 : at + 2]
            if before != QUOTED and not (after and after[0].startswith(">") and not _PROMPT.match(after[0])):
                kinds[at] = TEXT
    for at in range(1, len(lines) - 1):
        if kinds[at] == TEXT and kinds[at - 1] == kinds[at + 1] == QUOTED and _is_wrapped(lines[at - 1], lines[at]):
            kinds[at] = QUOTED
    if len(lines) > LINES and kinds[-1] != TEXT and not _QUOTES.fullmatch(lines[-1]):
        kinds[-1] = TEXT
    return kinds


def _is_wrapped(before: str, line: str) -> bool:
    """Is a line between quoted ones the rest of the long one before it, and no short answer?"""
    said = line.strip()
    short = len(said) <= 24 and len(said.split()) <= 3 and said[:1].islower()
    return short and len(before) >= 70 and before.rstrip()[-1:].isalnum() and not has_sentence_words(words_of(said))


def _place(line: str, seen: int) -> int:
    """Where a line is cut so that as many letters before it are seen."""
    place = seen
    for unseen in _UNSEEN.finditer(line):
        if unseen.start() >= place:
            break
        place += 1
    return place


def _skip_blank(kinds: Sequence[str], at: int) -> int:
    while at < len(kinds) and kinds[at] == BLANK:
        at += 1
    return at


def _mark_devices(lines: Sequence[str], kinds: list[str]) -> None:
    """What telephones add, where it ends its paragraph: otherwise people may have written it."""
    for at in range(len(lines) - 1, -1, -1):
        if kinds[at] == TEXT and (at + 1 == len(lines) or kinds[at + 1] != TEXT) and _is_device(lines[at]):
            kinds[at] = DEVICE


def _mark_ours(lines: Sequence[str], kinds: list[str], ours: Collection[str], found: list[bool]) -> None:
    """Lines that we sent are quoted, also when a client broke them anew; short ones only above such lines."""
    known = [_MARKS.sub("", line, count=1).split() for line, _ in zip(ours, range(OURS), strict=False)]
    sent = [word for line in known for word in line[:LONG]]
    runs = {tuple(sent[at : at + 4]) for at in range(len(sent) - 3)}
    whole = {tuple(line) for line in known if line}
    before: list[str] = []
    weak: list[int] = []
    for at, line in enumerate(lines[:LINES]):
        if kinds[at] == BLANK:
            continue
        said = _MARKS.sub("", line[:LONG], count=1).split()
        if not said:
            continue
        if _is_run(before[-3:] + said, runs) and (before or len(line) >= 30):
            before = (before + said)[-3:]
            for place in [*weak, at]:
                kinds[place] = QUOTED
                found[place] = True
            weak = []
        elif tuple(said) in whole:
            before = []
            weak.append(at)
        else:
            before, weak = [], []


def _is_run(said: Sequence[str], runs: Collection[tuple[str, ...]]) -> bool:
    return len(said) > 3 and all(tuple(said[at : at + 4]) in runs for at in range(len(said) - 3))


def _delimiter(line: str) -> str:
    """ "original" for "-----Original Message-----", "forward" for "Begin forwarded message:", or neither ("")."""
    dashed = _DASHES.match(line) is not None
    behind = _BEHIND_DELIMITER.match(line) if dashed else None
    if behind and _HEADERS.get(_fold(behind[2])):
        line = behind[1]
    said = _fold(line)
    if said in _FORWARDED or (dashed and said.startswith("forwarded by ")):
        return "forward"
    return "original" if dashed and (said in _ORIGINAL or "above this line" in said) else ""


def _is_closing(group: Sequence[str], line: str) -> bool:
    """Is a line that looks quoted (">:", "> wrote:") the end of an address that was broken?"""
    return _is_end(line) and sum(part.count("<") - part.count(">") for part in group) > 0


def _is_end(line: str) -> bool:
    end = line.rstrip(" \t\r\xa0*_")
    return end.endswith((":", "：")) or (end.endswith("--") and line.lstrip().startswith("--"))


def _ends_with_verb(line: str) -> bool:
    return "@" in line and len(line) <= LONG and line.rstrip().rpartition(" ")[2].casefold() in VERBS


def _is_device(line: str) -> bool:
    """Is it what a telephone or a mail program adds below a mail?"""
    if not line or len(line) > 300:
        return False
    said = _fold(_URL.sub(" ", line).replace("[", "")).rstrip(".!")
    said = re.split("[,;]", said, maxsplit=1)[0].rstrip(".!")
    if said == _TRACKER:
        return True
    if len(said) > 80 or not (said.startswith(_DEVICE_STARTS) or _is_paired(said)):
        return False
    return any(device in said for device in _DEVICES)


def _is_paired(said: str) -> bool:
    return said.endswith(_DEVICE_ENDS) and any(
        said.startswith(start) and said.endswith(end) for start, end in _DEVICE_PAIRS
    )


def _fold(said: str) -> str:
    """Words as the tables have them: no dashes, stars and quote marks around them, and in lower case."""
    if not said.isascii():
        said = _UNSEEN.sub("", said)
    return " ".join(said.strip(" \t\r\xa0\u202f\u3000-_=*~#>[](){}|:：").casefold().split())


def _all(*alternatives: str) -> Iterable[str]:
    return [word for line in alternatives for word in line.split("|") if word]


def _column(name: str) -> list[str]:
    return [word for language in words.LANGUAGES.values() for word in _all(getattr(language, name))]


@cache
def _header_names() -> dict[str, str]:
    names = {_fold(word): "other" for word in _all(words.OTHER_HEADERS)}
    for kind in ("copy", "to", "date", "subject", "sender"):
        names.update({_fold(word): kind for word in _column(kind)})
    return names | {_fold(word): "raw" for word in _all(words.RAW_HEADERS)}


_HEADERS = _header_names()
_FORWARD = frozenset(_fold(word) for word in _column("forward"))
_FORWARDED = frozenset(_fold(word) for word in _column("forwarded"))
_ORIGINAL = frozenset(_fold(word) for word in _column("original"))
_DEVICES = tuple(_all(words.DEVICES))
_DEVICE_STARTS = tuple(
    _fold(start) + (" " if start[-1] < "\u0590" else "") for start in _column("device") if "…" not in start
)
_DEVICE_PAIRS = [
    (_fold(start), _fold(end)) for start, _, end in (pair.partition("…") for pair in _column("device") if "…" in pair)
]
_DEVICE_ENDS = tuple(end for _, end in _DEVICE_PAIRS)
