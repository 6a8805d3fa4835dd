"""How what the writer wrote is told from what they quoted.

A mail is read line by line, each line gets a kind (one letter), and a few rules on the string of kinds say what is new.
No rule is for one mail: a rule is about a language, whose words stand in `quotations/client_phrases.toml`, or about a
mail client. To lose words is worse than to leave some, so in doubt a line is new.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from .quotations.attribution_words import has_verb
from .quotations.foreign_lines import foreign_in, with_answers, with_foreign
from .quotations.line_kinds import ABOVE, BLANK, DEVICE, HEAD, QUOTED, SIGNATURE, TEXT
from .quotations.marks import RULE, Mark, could_lead
from .quotations.phrase_tables import FORWARD, UNSEEN, fold
from .quotations.sorted_lines import SortedLines
from .text import TOO_LONG

# More lines of a letter of ours are quoted by a client alone.
SHOWN_OURS = 3
_SOURCE = re.compile(r"message-id: *+<", re.I)
# A quotation with its line above it and no other, all of it before the words: the writer answers below.
_ANSWER_BELOW = re.compile(r"[bsd]*+a[abqsd]*+(?=t[^q]*+\Z)")
_ANSWER_BELOW_MARKS = re.compile(r"[bsd]*+q[bqsd]*+(?=t[^q]*+\Z)")
_FIRST_QUOTE = re.compile(r"b*+q[bq]*+")


class Split(NamedTuple):
    """The lines of a mail: the new ones, and the others, each in order. Blank lines around the new ones are gone."""

    new: str
    rest: str


def split(
    text: str,
    our_lines: Collection[str] = (),
    forward: bool = False,
    *,
    can_be_empty: bool = False,
    opening: bool = False,
    outsider: bool = False,
) -> Split:
    """Tell the new words of a mail from quoted letters, signatures and what telephones add.

    - `our_lines` are lines of letters that we sent, with their senders. They count as quoted wherever they stand.
    - `forward` says that the mail passes on another one (`is_forward` of its subject). Then quoted letters are new.
      So is a letter below "Forwarded message" in any mail.
    - Answers between and below quoted lines are new, together with those quoted lines.
    - If nothing would be new, all is, unless the mail `can_be_empty`.
    - A mail that is `opening` a ticket, and answers nothing of ours, loses only the signature at its end: nobody here
      has seen what it quotes.
    - In an `outsider`'s reply, lines that are not ours are new, if `our_lines` are known. In a responder's reply, only
      answers within our letter are.

    Takes linear time; never raises.
    """
    if text.endswith(TOO_LONG):
        parts = split(text.removesuffix(TOO_LONG).rstrip(), our_lines, forward, opening=opening, outsider=outsider)
        return Split(parts.new, f"{parts.rest}\n\n{TOO_LONG}") if parts.rest else Split(text, "")
    page = SortedLines(text, our_lines)
    if opening and not page.quotes_us:
        new = _new_lines(page, page.read_opening())
    else:
        new = _new_lines(page, page.read(forward))
        if our_lines:
            new = (with_foreign if outsider else with_answers)(page, new, our_lines)
    if not any(page.kinds[at] not in (BLANK, HEAD) for at in new):
        return Split("", text) if can_be_empty else Split(text, "")
    chosen = set(new)
    rest = [line for at, line in enumerate(page.lines) if at not in chosen]
    return Split(_joined([page.lines[at] for at in new]), _joined(rest))


def foreign_lines(rest: str, our_lines: Collection[str]) -> int:
    """How many lines of a `rest` are not ours, nor a signature: nobody here may have read them. Linear time."""
    if not rest:
        return 0
    page = SortedLines(rest, our_lines)
    page.read(forward=False)
    return sum(map(len, foreign_in(page, range(len(page.lines)), our_lines)))


def leads(text: str) -> tuple[list[str], set[int]]:
    """Find the lines that say that somebody else's letter follows: surely, by their verb, or above lines with marks.

    Gives all lines, and the places of these; where one stands behind words, they are two lines. The Message-ID of a
    mail's source is such a line, too. Takes linear time; never raises.
    """
    if not could_lead(text if text.isascii() else UNSEEN.sub("", text)):
        return text.split("\n"), set()
    page, at = SortedLines(text, ()), 0
    places: set[int] = set()
    while at < len(page.texts):
        mark = Mark(at + 1, False, True) if _SOURCE.match(page.texts[at]) else page.mark(at)
        verb = mark is not None and any(map(has_verb, page.texts[at : mark.end]))
        if mark is None or not (mark.certain or verb or page.is_followed(mark, words_before=False)):
            at += 1
        elif mark.start:
            page.part(at, mark.start)
            at += 1
        else:
            places.update(range(at, mark.end))
            at = mark.end
    return [*page.lines[:-1], *page.lines[-1].split("\n")], places


def is_forward(subject: str) -> bool:
    """Does a subject say that the mail passes on another one ("Fwd: ...", "WG: ...")? Our tag may stand before it."""
    name, colon, _ = re.sub(r"^\s*+\[[^\]]{0,100}+\]", "", subject[:200]).replace("：", ":").partition(":")
    return bool(colon) and fold(name) in FORWARD


def _joined(lines: Sequence[str]) -> str:
    """The lines as they are, without blank ones at both ends."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while first < last and not lines[last - 1].strip():
        last -= 1
    return "\n".join(lines[first:last])


def _new_lines(page: "SortedLines", stop: int) -> list[int]:
    """Which of the lines before `stop` are new, by their kinds."""
    kinds = "".join(page.kinds[:stop])
    start, end = 0, len(kinds.rstrip(BLANK + QUOTED + ABOVE + SIGNATURE + DEVICE + HEAD))
    below = _ANSWER_BELOW.match(kinds) or _ANSWER_BELOW_MARKS.match(kinds)
    if below and (ABOVE in below[0] or sum(page.is_ours[: below.end()]) > SHOWN_OURS):
        start = below.end()
    if end and page.texts[end - 1].rstrip().endswith((":", "：")):
        quotation = _FIRST_QUOTE.match(kinds, end)  # "It says:" and then a quotation that no client put there.
        end = quotation.end() if quotation and sum(page.is_ours[end : quotation.end()]) <= SHOWN_OURS else end
    unanswered = _above_a_footer(page, kinds[start:end], start)
    return [at for at in range(start, end) if kinds[at] in (TEXT, BLANK, QUOTED, HEAD) and at not in unanswered]


def _above_a_footer(page: "SortedLines", kinds: str, start: int) -> range:
    """The last quotation with its line above it, where a rule follows: a list's or a server's footer answers nothing.

    `kinds` are those of the new lines, which begin at `start`.
    """
    above, _, below = kinds.rpartition(QUOTED)
    first, end = len(above.rstrip(ABOVE + BLANK + QUOTED)), len(kinds) - len(below)
    is_footer = TEXT in below and bool(RULE.match(page.texts[start + end + below.find(TEXT)]))
    return range(start + first, start + end) if is_footer and ABOVE in above[first:] else range(0)
