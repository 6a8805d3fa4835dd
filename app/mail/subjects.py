"""What two subjects of one thread have in common."""

import re

from .quoted_text import is_forward

# What mail programs put before the subject of an answer or of a mail passed on, in the languages that we know of.
_MARKS = (
    "re", "aw", "antw", "antwort", "sv", "vs", "odp", "res", "rép", "ref", "rif", "ynt", "vá", "bls", "atb",
    "σχετ", "απ", "αναφ", "תשובה", "רד", "رد", "回复", "回覆", "答复", "答覆", "返信", "отв", "ответ",
    "fw", "fwd", "wg", "tr", "rv", "enc", "vb", "doorst", "vl", "i", "iln", "továbbítás", "προώθ", "הועבר",
    "转发", "轉寄", "転送", "пер", "перес", "automatic reply", "automatische antwort", "out of office", "accepted",
    "undeliverable", "réponse automatique", "r",
)  # fmt: skip
_MARK = re.compile(rf"\s*+(?:{'|'.join(map(re.escape, _MARKS))})\s?(?:[\[(^]?\d{{1,3}}[\])]?)?\s?[:：]", re.IGNORECASE)
_TAG = re.compile(r"\s*+\[[^\[\]]{1,60}\](?=\s*+\S)")
_LAST = re.compile(r"\s*+\((?:fwd?|fw)\)\s*+\Z", re.IGNORECASE)
_LONGEST = 200


def bare_subject(subject: str) -> tuple[str, bool]:
    """A subject as all mails of its thread have it, and whether it says that it answers or passes on another."""
    rest, marked = subject[: 2 * _LONGEST], False
    while True:
        mark = _MARK.match(rest)
        match = mark or _TAG.match(rest)
        if match is None:
            break
        marked = marked or mark is not None
        rest = rest[match.end() :]
    shortened = _LAST.sub("", rest)
    marked = marked or shortened != rest
    return " ".join(shortened.casefold().split())[:_LONGEST], marked


# What stands before a list's name or our tag, up to the first colon.
_FIRST_MARK = re.compile(r"\A(\s*+(?:\[[^\]]{0,100}+\])?)[^:：]*[:：]")
# Marks of an answer that are no word of anybody's.
_ANSWER = re.compile(
    r"\s*+(?:re|aw|antw|antwort|sv|odp|rép|отв|ответ|回复|返信|תשובה|رد)\s?(?:\[\d{1,3}\])?\s?[:：]", re.IGNORECASE
)


def forwarded_title(subject: str) -> str:
    """Return what a subject calls the matter, without the marks of a mail passed on and the answers below them."""
    rest, below = subject, False
    while is_forward(rest) or (below and _ANSWER.match(rest)):
        rest, below = _FIRST_MARK.sub(r"\1", rest, count=1), True
    return _LAST.sub("", rest).strip()
