"""Foreign text made safe to keep and to show."""

import re

HEADER_LIMIT = 65_536
# Of a text no more than this is shown in a letter or on a page, or found by a search.
SHOWN_LIMIT = 100_000
# What stands below a text that was cut.
TOO_LONG = "[The mail is longer than this. It is kept whole.]"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BIDI = "\u202a-\u202e\u2066-\u2069"
# Nobody sees them, and no script needs them in a line.
_UNSEEN = "\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_INVISIBLE = re.compile(f"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f{_BIDI}{_UNSEEN}]")
_UNSHOWN = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}]")


def storable(text: str) -> str:
    """What may stand in a text column of PostgreSQL: no NUL, no lone surrogate (U+FFFD instead), line ends are LF."""
    if not text.isascii() or "\0" in text:
        text = _UNSTORABLE.sub("\ufffd", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def one_line(text: str, limit: int = 500) -> str:
    """Text for a header or a line of a terminal: storable, on one line, at most `limit` characters.

    White space runs become one space; control characters, bidirectional overrides (U+202A-202E, U+2066-2069), and
    what nobody sees (U+200B, U+FEFF, tags) go.
    What a script needs to be read rightly (combining marks, joiners, U+200E and U+200F) stays as written.
    """
    if not text.isprintable():
        text = _UNSTORABLE.sub("\ufffd", _INVISIBLE.sub("", text.replace("\0", "\ufffd")))
    return " ".join(text.split())[:limit].rstrip()


def printable(text: str) -> str:
    """Text of several lines for a letter or a terminal: no control characters but LF and TAB, no bidi overrides."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSHOWN.sub("", storable(text))


def unflowed(text: str, *, delsp: bool) -> str:
    """The text of format=flowed (RFC 3676): lines that end in a space go on, if they are quoted as deep."""
    lines: list[tuple[int, list[str]]] = []
    goes_on = False
    for line in text.split("\n"):
        words = line.lstrip(">")
        depth = len(line) - len(words)
        words = words.removeprefix(" ")
        if goes_on and lines[-1][0] == depth and words != "-- ":
            lines[-1][1].append(words)
        else:
            lines.append((depth, [words]))
        goes_on = words.endswith(" ") and words != "-- "
        if goes_on and delsp:
            lines[-1][1][-1] = words[:-1]
    joined = ((f"{'>' * depth} " if depth else "", "".join(pieces)) for depth, pieces in lines)
    return "\n".join(f"{marks}{line}" if line == "-- " else f"{marks}{line}".rstrip() for marks, line in joined)


def fold_words(text: str) -> str:
    """Return the words of a text, by which texts are equal that differ only in case and white space."""
    return " ".join(text.split()).casefold()
