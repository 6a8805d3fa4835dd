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


def with_foreign(page: "SortedLines", new: list[int], ours: Collection[str]) -> list[int]:
    """The new lines, and those of others that are not ours: answers within our letter, or somebody else's mail."""
    chosen = set(new)
    others = [at for at in range(len(page.lines)) if at not in chosen]
    regions = _regions(page, others)
    for region, foreign in zip(regions, foreign_in(page, others, ours), strict=True):
        if len(foreign) < len(region) and any(page.ours[at] for at in region):
            for at in foreign:  # The marks of the letter that is answered are not the writer's.
                page.lines[at] = unmarked(page.lines[at])
            chosen.update(foreign)
        elif _is_of_ours(page, region, ours):
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


def with_answers(page: "SortedLines", new: list[int], ours: Collection[str]) -> list[int]:
    """The new lines, and a responder's answers within a letter of ours; nobody else's mail that is quoted with it."""
    chosen = set(new)
    sent = _SentWords(ours)
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
        marks = MARKS.match(page.said[at])
        here = marks[0].count(">") if marks else 0
        if depth >= 0 and page.kinds[at - 1] == BLANK:
            return  # Quoted on its own, maybe from elsewhere.
        if page.ours[at]:
            depth = here
        elif not _is_sent(page, at, sent):
            if _is_framing(page, at, before=region[-1] + 1):
                if depth >= 0:
                    return
            elif depth < 0:
                return
            elif here == depth:
                pairs = list(pairwise(unmarked(page.said[at][:OURS]).split()))
                if 2 * sum(pair in sent.pairs for pair in pairs) <= len(pairs):
                    yield at


def _is_of_ours(page: "SortedLines", region: Sequence[int], ours: Collection[str]) -> bool:
    """Whether the line above a quotation, or its head, names an address of `ours`: a client changed the rest."""
    names = {word for line in ours if "@" in line for word in _EMAIL.findall(line)}
    above = (page.said[at] for at in takewhile(lambda at: _is_framing(page, at, before=region[-1]), region))
    return any(not names.isdisjoint(_EMAIL.findall(line[:LONG])) for line in above)


def _regions(page: "SortedLines", others: Sequence[int]) -> list[list[int]]:
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


def foreign_in(page: "SortedLines", others: Sequence[int], ours: Collection[str]) -> list[list[int]]:
    """Of each of the regions among these lines those that are not ours, nor say who wrote it."""
    sent = _SentWords(ours)
    found: list[list[int]] = []
    for region in _regions(page, others):
        first = next((at for at in region if page.ours[at]), -1)
        found.append([at for at in region if not _is_framing(page, at, before=first) and not _is_sent(page, at, sent)])
    return found


class _SentWords:
    """All words of ours: in one line, and in pairs."""

    def __init__(self, ours: Collection[str]) -> None:
        self._words = "\n".join(map(unmarked, list(ours)[:OURS])).split()
        self.line = " ".join(self._words)

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """Every two words in a row. Few mails ask for them."""
        return set(pairwise(self._words))


def _is_sent(page: "SortedLines", at: int, sent: _SentWords) -> bool:
    if page.ours[at]:
        return True
    said = " ".join(_LINK.sub("", unmarked(page.said[at][:OURS])).split())
    return not any(map(str.isalnum, said)) or said in sent.line


def _is_framing(page: "SortedLines", at: int, *, before: int) -> bool:
    """Whether a line stands above a letter and says who wrote it, or looks so `before` the first line of ours."""
    if page.kinds[at] in (ABOVE, HEAD):
        return True
    said = unmarked(page.said[at][:LONG])
    name, colon, _ = said[:60].replace("：", ":").partition(":")
    named = colon and HEADERS.get(fold(name))
    return at < before and bool(named or is_end(said) or RULE.match(said) or attribution.is_stamp(said))
