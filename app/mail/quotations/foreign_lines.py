"""Lines that were set aside, and are not ours: nobody here may have read them."""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import pairwise, takewhile

from . import attribution
from .line_kinds import ABOVE, BLANK, DEVICE, HEAD, LONG, MARKS, OURS, SIGNATURE, unmarked
from .marks import RULE, is_end
from .phrase_tables import HEADERS, fold
from .sorted_lines import SortedLines

# What Outlook puts behind an address or a link.
_LINK = re.compile(r"<(?:mailto:|https?://)[^<>\s]{1,2000}>")
_EMAIL = re.compile(r"[^\s<>\"'()\[\],;:@]{1,64}@[^\s<>\"'()\[\],;:@]{1,255}")


def with_foreign(page: "SortedLines", new: list[int], our_lines: Collection[str]) -> list[int]:
    """The new lines, and those of others that are not ours: answers within our letter, or somebody else's mail."""
    chosen = set(new)
    places = [at for at in range(len(page.lines)) if at not in chosen]
    regions = _regions(page, places)
    for region, foreign in zip(regions, foreign_in(page, places, our_lines), strict=True):
        if len(foreign) < len(region) and any(page.is_ours[at] for at in region):
            for at in foreign:  # The marks of the letter that is answered are not the writer's.
                page.lines[at] = unmarked(page.lines[at])
            chosen.update(foreign)
        elif _is_of_ours(page, region, our_lines):
            foreign = []
        elif foreign:
            foreign = list(range(region[0], region[-1] + 1))
            chosen.update(foreign)
        _add_gap(page, chosen, foreign)
    return sorted(chosen)


def _add_gap(page: "SortedLines", chosen: set[int], lines: Sequence[int]) -> None:
    """The empty line before these lines is chosen with them."""
    if lines:
        before = (at for at in range(lines[0] - 1, -1, -1) if at in chosen or page.kinds[at] == BLANK)
        chosen.add(next(before, lines[0]))


def with_answers(page: "SortedLines", new: list[int], our_lines: Collection[str]) -> list[int]:
    """The new lines, and a responder's answers within a letter of ours; nobody else's mail that is quoted with it."""
    chosen = set(new)
    sent = _SentWords(our_lines)
    for region in _regions(page, [at for at in range(len(page.lines)) if at not in chosen]):
        answers = list(_answers_in(page, region, sent))
        for at in answers:
            page.lines[at] = unmarked(page.lines[at])
        chosen.update(answers)
        _add_gap(page, chosen, answers)
    return sorted(chosen)


def _answers_in(page: "SortedLines", region: Sequence[int], sent: "_SentWords") -> Iterator[int]:
    """The lines right below some of ours and quoted as deep, up to the head of another mail.

    A line of which half is ours may be one of ours that a client changed.
    """
    depth = -1
    for at in region:
        marks = MARKS.match(page.texts[at])
        quoted_depth = marks[0].count(">") if marks else 0
        if depth >= 0 and page.kinds[at - 1] == BLANK:
            return  # Quoted on its own, maybe from elsewhere.
        if page.is_ours[at]:
            depth = quoted_depth
        elif not _is_sent(page, at, sent):
            if _is_framing(page, at, before=region[-1] + 1):
                if depth >= 0:
                    return
            elif depth < 0:
                return
            elif quoted_depth == depth:
                pairs = list(pairwise(unmarked(page.texts[at][:OURS]).split()))
                if 2 * sum(pair in sent.pairs for pair in pairs) <= len(pairs):
                    yield at


def _is_of_ours(page: "SortedLines", region: Sequence[int], our_lines: Collection[str]) -> bool:
    """Whether the line above a quotation, or its head, names an address of `our_lines`: a client changed the rest."""
    names = {word for line in our_lines if "@" in line for word in _EMAIL.findall(line)}
    above = (page.texts[at] for at in takewhile(lambda at: _is_framing(page, at, before=region[-1]), region))
    return any(not names.isdisjoint(_EMAIL.findall(line[:LONG])) for line in above)


def _regions(page: "SortedLines", places: Sequence[int]) -> list[list[int]]:
    """The lines in a row among these, without blank ones, signatures, and what telephones add."""
    regions: list[list[int]] = []
    before = -2
    for at in places:
        if page.kinds[at] in (SIGNATURE, DEVICE):
            continue
        if page.kinds[at] != BLANK:
            if at != before + 1 or not regions:
                regions.append([])
            regions[-1].append(at)
        before = at if page.kinds[at] != BLANK or at == before + 1 else before
    return regions


def foreign_in(page: "SortedLines", places: Sequence[int], our_lines: Collection[str]) -> list[list[int]]:
    """Of each of the regions among these lines those that are not ours, nor say who wrote it."""
    sent = _SentWords(our_lines)
    foreign: list[list[int]] = []
    for region in _regions(page, places):
        first = next((at for at in region if page.is_ours[at]), -1)
        foreign.append(
            [at for at in region if not _is_framing(page, at, before=first) and not _is_sent(page, at, sent)]
        )
    return foreign


class _SentWords:
    """All words of ours: in one line, and in pairs."""

    def __init__(self, our_lines: Collection[str]) -> None:
        self._words = "\n".join(map(unmarked, list(our_lines)[:OURS])).split()
        self.line = " ".join(self._words)

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """Every two words in a row. Few mails ask for them."""
        return set(pairwise(self._words))


def _is_sent(page: "SortedLines", at: int, sent: _SentWords) -> bool:
    if page.is_ours[at]:
        return True
    text = " ".join(_LINK.sub("", unmarked(page.texts[at][:OURS])).split())
    return not any(map(str.isalnum, text)) or text in sent.line


def _is_framing(page: "SortedLines", at: int, *, before: int) -> bool:
    """Whether a line stands above a letter and says who wrote it, or looks so `before` the first line of ours."""
    if page.kinds[at] in (ABOVE, HEAD):
        return True
    text = unmarked(page.texts[at][:LONG])
    name, colon, _ = text[:60].replace("：", ":").partition(":")
    is_header = colon and HEADERS.get(fold(name))
    return at < before and bool(is_header or is_end(text) or RULE.match(text) or attribution.is_stamp(text))
