"""Text of header values: encoded words (RFC 2047), and raw bytes."""

import binascii
import re
from collections.abc import Iterator
from email.header import Header, decode_header

from ..text import HEADER_LIMIT, storable
from .charsets import from_bytes
from .transfer_encodings import base64_bytes

_FOLD = re.compile(r"\r?\n(?=[ \t])")

# "=?charset*language?B or Q?text?=". The text stops before the next "=?", so that a thousand openings cost no more
# than one.
_WORD = re.compile(r"=\?([^?*=\s]{1,40})(?:\*[^?=\s]{0,40})?\?([bq])\?((?:[^?=]|\?(?!=)|=(?!\?(?!=)))*+)\?=", re.I)

# Its last word, if something on the way has cut it off.
_CUT_WORD = re.compile(r"=\?[^?*=\s]{1,40}\?[bq]\?[^?\s]++\Z", re.I)


def decoded(header_value: object) -> str:
    """The text of a compat32 header value (RFC 2047, RFC 6532), storable. Never raises; reads at most 64 KB.

    Words that do not decode stay as written. Line folds are taken out, other white space stays.
    """
    text = unescaped(header_value)
    if "\n" in text:
        text = _FOLD.sub("", text)
    if "=?" in text:
        text += "?=" if _CUT_WORD.match(text, text.rindex("=?")) else ""
        text = "".join(_runs(text))
    return storable(text)


def unescaped(header_value: object) -> str:
    """A compat32 header value with its raw 8-bit bytes read as text, encoded words as they are. At most 64 KB."""
    if isinstance(header_value, Header):
        header_value = "".join(_chunk(chunk) for chunk, _ in decode_header(header_value))
    text = str(header_value)[:HEADER_LIMIT]
    if text.isascii() and "\x1b$" not in text:
        return text
    try:
        return from_bytes(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return storable(text)


def _chunk(chunk: bytes | str) -> str:
    return chunk if isinstance(chunk, str) else chunk.decode("ascii", "surrogateescape")


def _runs(text: str) -> Iterator[str]:
    """The pieces of a header. Neighbouring words of one charset are joined as bytes: mailers break characters."""
    end, raw, charset = 0, b"", ""
    for word in _WORD.finditer(text):
        gap, value = text[end : word.start()], _word(word)
        if value is None:
            continue
        if raw and (gap.strip() or word[1].lower() != charset):
            yield from_bytes(raw, charset)
            raw = b""
        if not end or gap.strip():
            yield gap
        end, raw, charset = word.end(), raw + value, word[1].lower()
    yield from_bytes(raw, charset)
    yield text[end:]


def _word(word: re.Match[str]) -> bytes | None:
    raw = word[3].encode("utf-8")
    if word[2] in "qQ":
        return binascii.a2b_qp(raw, header=True)
    return base64_bytes(raw)
