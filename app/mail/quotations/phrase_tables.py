"""What a line is by the words of mail clients: a delimiter, a header line, a telephone's line."""

import re
from collections.abc import Iterable
from functools import cache

from . import client_phrases as words

_TRACKER = "\u1427"  # What Streak adds to mails in Gmail.
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]")
# No line end: below each of many blank lines a search would read all others once more.
DASHES = re.compile(r"[^\S\n]*+[-_=*~#]{2}")
# Samsung's delimiter, with the header lines behind it.
_BEHIND_DELIMITER = re.compile(r"(\s*+[-_=*~]{2,}[^-_=*~\n]{3,60}[-_=*~]{2,})\s*+([^:：\n]{1,30})[:：]")
URL = re.compile(r"<[^<>]*+>|\(?https?://\S*+")


def delimiter_in(line: str) -> str:
    """ "original" for "-----Original Message-----", "forward" for "Begin forwarded message:", or neither ("")."""
    dashed = DASHES.match(line) is not None
    behind = _BEHIND_DELIMITER.match(line) if dashed else None
    if behind and HEADERS.get(fold(behind[2])):
        line = behind[1]
    phrase = fold(line)
    if phrase in _FORWARDED or (dashed and phrase.startswith("forwarded by ")):
        return "forward"
    return "original" if dashed and (phrase in _ORIGINAL or "above this line" in phrase) else ""


def is_original(line: str) -> bool:
    """Return whether a line is what stands above a letter that is answered, with dashes or without (BlackBerry)."""
    return fold(line) in _ORIGINAL


def is_device(line: str) -> bool:
    """Is it what a telephone or a mail program adds below a mail?"""
    if not line or len(line) > 300:
        return False
    phrase = fold(URL.sub(" ", line).replace("[", "")).rstrip(".!")
    phrase = re.split("[,;]", phrase, maxsplit=1)[0].rstrip(".!")
    if phrase == _TRACKER:
        return True
    if len(phrase) > 80 or not (phrase.startswith(_DEVICE_STARTS) or _is_paired(phrase)):
        return False
    return any(device in phrase for device in _DEVICES)


def _is_paired(phrase: str) -> bool:
    return phrase.endswith(_DEVICE_ENDS) and any(
        phrase.startswith(start) and phrase.endswith(end) for start, end in _DEVICE_PAIRS
    )


def fold(phrase: str) -> str:
    """Words as the tables have them: no dashes, stars and quote marks around them, and in lower case."""
    if not phrase.isascii():
        phrase = UNSEEN.sub("", phrase)
    return " ".join(phrase.strip(" \t\r\xa0\u202f\u3000-_=*~#>[](){}|:：").casefold().split())


def _all(*alternatives: str) -> Iterable[str]:
    return [word for line in alternatives for word in line.split("|") if word]


def _column(name: str) -> list[str]:
    return [word for language in words.LANGUAGES.values() for word in _all(getattr(language, name))]


@cache
def _header_names() -> dict[str, str]:
    names = {fold(word): "other" for word in _all(words.OTHER_HEADERS)}
    for kind in ("copy", "to", "date", "subject", "sender"):
        names.update({fold(word): kind for word in _column(kind)})
    return names | {fold(word): "raw" for word in _all(words.RAW_HEADERS)}


HEADERS = _header_names()
FORWARD = frozenset(fold(word) for word in _column("forward"))
_FORWARDED = frozenset(fold(word) for word in _column("forwarded"))
_ORIGINAL = frozenset(fold(word) for word in _column("original"))
_DEVICES = tuple(_all(words.DEVICES))
_DEVICE_STARTS = tuple(
    fold(start) + (" " if start[-1] < "\u0590" else "") for start in _column("device") if "…" not in start
)
_DEVICE_PAIRS = [
    (fold(start), fold(end)) for start, _, end in (pair.partition("…") for pair in _column("device") if "…" in pair)
]
_DEVICE_ENDS = tuple(end for _, end in _DEVICE_PAIRS)
