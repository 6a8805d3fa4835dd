"""What clients, phones and keyboards put into a command line, and how it is taken out again: of names and of values."""

import re

# Marks that nobody sees, odd spaces, full-width letters, and what looks like a colon.
_UNSEEN = dict.fromkeys([0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)])
_SPACES = dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_COLONS = dict.fromkeys([0x2236, 0xA789, 0xFE13, 0xFE55], ":")
# Quotation marks, and what Markdown makes bold.
QUOTES = "*_`\"'“”„‟‘’‚«»‹›"
_DECORATION = f" \t{QUOTES}"
BULLETS = f"{_DECORATION}-–—•·‣◦▪●"  # No ">": a quoted line is no command.
_NUMBERED = re.compile(r"\d{1,2}[.)]\s+")
_PAIRS = ("[]", "()", "<>")
_QUOTED = ("“”", "„“", "”“", '""', "''", "‘’", "«»", "»«", "‹›")
_LINKED = re.compile(
    r"\[([^\[\]\s]{1,320})\]\((?:mailto:)?[^()\s]{1,400}\)|<mailto:([^<>\s]{1,320})>|\bmailto:", re.IGNORECASE
)
# What people write between addresses instead of a comma; blanks alone only between two that have no names.
_SEPARATORS = re.compile(r"[;、|]")
_BETWEEN = re.compile(
    r"(@[^\s,<>]{1,255}>?)\s+(?:(?:and|und|et|y|e|en|och|og|ja|и|&|/)\s+)?(?=[\"'“‘„«]?[^\s<>,@]{1,64}@)", re.IGNORECASE
)


def without_unseen(written: str) -> str:
    """A line as its reader sees it: without marks that nobody sees, with plain spaces."""
    return written.translate(_UNSEEN).translate(_SPACES)


def folded(line: str) -> str:
    """A line `without_unseen` characters, without what stands before and around it: a bullet, a number, brackets."""
    plain = line.translate(_WIDE).translate(_COLONS).strip()
    plain = _NUMBERED.sub("", plain, count=1) if _NUMBERED.match(plain) else plain
    return _unpaired(plain, _PAIRS).lstrip(BULLETS)


def bare(word: str) -> str:
    """A word that stands alone, without what a client put around it."""
    return without_unseen(word).strip(_DECORATION + "\n\r")


def title(written: str) -> str:
    """A title, as it was written but for bold type and quotation marks around all of it."""
    words = written.strip("*_ ")
    inner = _unpaired(words, _QUOTED)
    return words if any(mark in inner for mark in words[:1] + words[-1:]) else inner


def value(written: str) -> str:
    """What somebody means by a value: without links, quotation marks, brackets and a full stop at its end."""
    plain = _LINKED.sub(lambda link: link[1] or (f"<{link[2]}>" if link[2] else ""), written)
    return _unpaired(plain.strip(_DECORATION).rstrip(".,;").strip(_DECORATION), _PAIRS).strip(_DECORATION)


def several(written: str) -> str:
    """Several addresses, with commas between them, and each without quotation marks around it."""
    separated = _BETWEEN.sub(r"\1, ", _SEPARATORS.sub(",", written))
    parts = (
        part.strip(_DECORATION) if "@" in part and "<" not in part else part.strip() for part in separated.split(",")
    )
    return ", ".join(part for part in parts if part)


def _unpaired(text: str, pairs: tuple[str, ...]) -> str:
    return text[1:-1].strip() if len(text) > 2 and text[0] + text[-1] in pairs else text
