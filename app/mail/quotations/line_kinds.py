"""The kinds of lines, one letter each, by the look of a line and by what we sent."""

import re
from collections.abc import Collection, Sequence

from .attribution_words import has_sentence_words, words_of
from .phrase_tables import is_device

# What is read line by line. A longer line is no mark of a client, and what follows so many lines is one more line.
LINES = 3_000
LONG = 500
OURS = 2_000
# The kinds of lines.
TEXT, BLANK, QUOTED, ABOVE, SIGNATURE, DEVICE, HEAD = "tbqasdh"
_QUOTE = re.compile(r" {0,3}>")
_QUOTES = re.compile(r"(?:[ \t]*+(?:>[^\n]*+)?+(?:\n|\Z))*+")
MARKS = re.compile(r"(?:[^\W\d_]{1,4}(?=>))?+[ >]*+")
_PROMPT = re.compile(r">>> (?!>)")


def kinds_of(lines: Sequence[str]) -> list[str]:
    """What each line is by its look alone. The last one may be many."""
    if len(lines) <= LINES and not any(">" in line for line in lines):
        return [TEXT if line and not line.isspace() else BLANK for line in lines]
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
    text = line.strip()
    short = len(text) <= 24 and len(text.split()) <= 3 and text[:1].islower()
    return short and len(before) >= 70 and before.rstrip()[-1:].isalnum() and not has_sentence_words(words_of(text))


def unmarked(line: str) -> str:
    """A line without the quotation marks before it, or the blanks."""
    if ">" not in line:
        return line.lstrip(" ")
    marks = MARKS.match(line)
    return line[marks.end() :] if marks else line


def skip_blank(kinds: Sequence[str], at: int) -> int:
    while at < len(kinds) and kinds[at] == BLANK:
        at += 1
    return at


def mark_devices(lines: Sequence[str], kinds: list[str]) -> None:
    """What telephones add, where it ends its paragraph: otherwise people may have written it."""
    for at in range(len(lines) - 1, -1, -1):
        if kinds[at] == TEXT and (at + 1 == len(lines) or kinds[at + 1] != TEXT) and is_device(lines[at]):
            kinds[at] = DEVICE


def mark_ours(lines: Sequence[str], kinds: list[str], our_lines: Collection[str], is_ours: list[bool]) -> None:
    """Lines that we sent are quoted, also when a client broke them anew; short ones only above such lines."""
    known = [unmarked(line).split() for line, _ in zip(our_lines, range(OURS), strict=False)]
    sent = [word for line in known for word in line[:LONG]]
    runs = set(zip(sent, sent[1:], sent[2:], sent[3:], strict=False))
    whole = {tuple(line) for line in known if line}
    before: list[str] = []
    weak: list[int] = []
    for at, line in enumerate(lines[:LINES]):
        if kinds[at] == BLANK:
            continue
        words = unmarked(line[:LONG]).split()
        if not words:
            continue
        if _is_run(before[-3:] + words, runs) and (before or len(line) >= 30):
            before = (before + words)[-3:]
            for place in [*weak, at]:
                kinds[place] = QUOTED
                is_ours[place] = True
            weak = []
        elif tuple(words) in whole:
            before = []
            weak.append(at)
        else:
            before, weak = [], []


def _is_run(words: Sequence[str], runs: set[tuple[str, str, str, str]]) -> bool:
    return len(words) > 3 and runs.issuperset(zip(words, words[1:], words[2:], words[3:], strict=False))
