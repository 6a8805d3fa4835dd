"""Lines that were set aside, and are not ours: nobody here may have read them."""

import re
from collections.abc import Collection, Sequence

from . import attribution
from .line_kinds import ABOVE, BLANK, DEVICE, HEAD, LONG, MARKS, OURS, SIGNATURE
from .marks import RULE, is_end
from .phrase_tables import HEADERS, fold
from .sorted_lines import SortedLines

_EMAIL = re.compile(r"[^\s<>\"'()\[\],;:@]{1,64}@[^\s<>\"'()\[\],;:@]{1,255}")


def with_foreign(page: "SortedLines", new: list[int], ours: Collection[str]) -> list[int]:
    """The new lines, and those of others that are not ours: answers within our letter, or somebody else's mail."""
    chosen = set(new)
    others = [at for at in range(len(page.lines)) if at not in chosen]
    regions = _regions(page, others)
    for region, foreign in zip(regions, foreign_in(page, others, ours), strict=True):
        if len(foreign) < len(region) and any(page.ours[at] for at in region):
            for at in foreign:  # The marks of the letter that is answered are not the writer's.
                page.lines[at] = MARKS.sub("", page.lines[at], count=1)
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


def _is_of_ours(page: "SortedLines", region: Sequence[int], ours: Collection[str]) -> bool:
    """Whether the line above a quotation, or its head, names an address of `ours`: a client changed the rest."""
    names = {word for line in ours if "@" in line for word in _EMAIL.findall(line)}
    above = (page.said[at] for at in region if _is_framing(page, at, before=region[-1]))
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
    sent = " ".join(word for line in list(ours)[:OURS] for word in MARKS.sub("", line, count=1).split())
    found: list[list[int]] = []
    for region in _regions(page, others):
        first = next((at for at in region if page.ours[at]), -1)
        found.append([at for at in region if not _is_framing(page, at, before=first) and not _is_sent(page, at, sent)])
    return found


def _is_sent(page: "SortedLines", at: int, sent: str) -> bool:
    said = " ".join(MARKS.sub("", page.said[at][:OURS], count=1).split())
    return page.ours[at] or not any(map(str.isalnum, said)) or said in sent


def _is_framing(page: "SortedLines", at: int, *, before: int) -> bool:
    """Whether a line stands above a letter and says who wrote it, or looks so `before` the first line of ours."""
    if page.kinds[at] in (ABOVE, HEAD):
        return True
    said = MARKS.sub("", page.said[at][:LONG], count=1)
    name, colon, _ = said[:60].replace("：", ":").partition(":")
    named = colon and HEADERS.get(fold(name))
    return at < before and bool(named or is_end(said) or RULE.match(said) or attribution.is_stamp(said))
