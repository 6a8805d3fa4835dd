"""Names and subjects as headers of our own hold them: as they are, quoted, or in encoded words (RFC 2047)."""

import re
from base64 import b64encode
from collections.abc import Iterator

from ...mail.text import one_line

# An encoded word has at most 75 characters (RFC 2047, 2): so many bytes fit beside what stands around them.
_WORD_BYTES = 45
_PLAIN = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_PHRASE = re.compile(r"[\w!#$%&'*+/^`{|}~ -]+", re.ASCII)


def mailbox(name: str, address: str) -> str:
    """Return a display name and an address (RFC 5322, 3.4); the address alone where there is no name."""
    return f"{phrase(name)} <{address}>" if name.strip() else address


def phrase(words: str) -> str:
    """Return a name as it may stand before an address: as it is, quoted, or encoded."""
    text = header_words(words)
    if _PHRASE.fullmatch(text) or text != one_line(words):
        return text
    return '"{}"'.format(re.sub(r'(["\\])', r"\\\1", text))


def header_words(words: str) -> str:
    """Return text for a header: as it is, or in encoded words if it is beyond ASCII or looks as if it were encoded."""
    text = one_line(words)
    if not text or (_PLAIN.fullmatch(text) and "=?" not in text):
        return text
    return " ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(text))


def _pieces(text: str) -> Iterator[bytes]:
    """The text's bytes, cut between characters."""
    piece = b""
    for letter in text:
        raw = letter.encode()
        if len(piece) + len(raw) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += raw
    yield piece
