"""The bytes that are meant by base64, quoted-printable and uuencode, however broken."""

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

CHUNK = 65_536
UU_LINES = 600_000
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WORDS_IN_IT = frozenset(b" -.,")
_LONG_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}){5,}[A-Za-z0-9+/]{2,4}={0,2}")
_WORDS_BEHIND = re.compile(rb"\n(?=[ \t]{0,9}(?:[-_*=]{2}|[^\s]{1,80}[ \t]{1,9}[^\s]))")
_LONGEST_FOOTER = 16_384
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_UUENCODED = ("x-uuencode", "uuencode", "uue", "x-uue")
_SPREAD = {"quoted-printable": 4, "base64": 2, **dict.fromkeys(_UUENCODED, 2)}  # Written bytes for one that is meant.
ENCODED = frozenset(_SPREAD)
UU_BEGIN = re.compile(rb"\nbegin [0-7]+[^\n]*\n")
_UU_WHOLE = re.compile(rb"(?:M[ -`]{60}\r?\n)*+")
_UU_LINE = re.compile(rb"[^\r\n]+")


def decoded_bytes(raw: bytes, start: int, stop: int, encoding: str, limit: int | None = None) -> bytes:
    """The bytes that a range means in a transfer encoding, at most the first `limit`. Never raises."""
    stop = stop if limit is None else min(stop, start + _SPREAD.get(encoding, 1) * limit + 1024)
    if encoding in _UUENCODED:
        return b"".join(_uudecoded(raw, start, stop))[:limit]
    body = raw[start:stop]
    if encoding == "base64":
        whole = base64_bytes(body[: _base64_end(body)]) if _is_base64(body) else None
        return (body if whole is None else whole)[:limit]
    return (binascii.a2b_qp(body) if encoding == "quoted-printable" else body)[:limit]


def decoded_size(raw: bytes, start: int, stop: int, encoding: str) -> int:
    """How many bytes a range means in a transfer encoding; no more than a piece of it is held at a time."""
    if encoding == "base64":
        if not _is_base64(raw[start : min(stop, start + CHUNK)]):
            return stop - start
        padding = raw.find(b"=", start, stop)
        if 0 <= padding < stop - 8:  # There is more behind it: another piece, or a list's footer.
            return len(decoded_bytes(raw, start, stop, encoding))
        stop = stop if padding < 0 else padding
        return sum(len(piece.translate(None, _NOT_BASE64)) for piece in _pieces(raw, start, stop)) * 6 // 8
    if encoding == "quoted-printable":
        return sum(len(binascii.a2b_qp(piece)) for piece in _pieces(raw, start, stop))
    return _uu_size(raw, start, stop) if encoding in _UUENCODED else stop - start


def behind_base64(raw: bytes, start: int, stop: int) -> bytes:
    """The words behind base64: lists put their footers there."""
    body = raw[max(start, stop - _LONGEST_FOOTER) : stop]
    behind = body[_base64_end(body) or len(body) :]
    return behind if behind.strip() and _is_base64(raw[start : min(stop, start + CHUNK)]) else b""


def _is_base64(body: bytes) -> bool:
    """Whether a body is what its label says: no words with blanks and full stops in most of its first lines."""
    lines = [line.strip() for line in body[:CHUNK].lstrip().split(b"\n", 8)[:8]]
    odd = [line for line in lines if not _WORDS_IN_IT.isdisjoint(line)]
    return 2 * len(odd) <= len([line for line in lines if line]) or bool(_LONG_BASE64.fullmatch(lines[0]))


def _base64_end(body: bytes) -> int:
    """Where words begin behind base64: lists put their footers there."""
    begin = _WORDS_BEHIND.search(body, max(0, len(body) - _LONGEST_FOOTER))
    return begin.start() if begin else len(body)


def _pieces(raw: bytes, start: int, stop: int) -> Iterator[bytes]:
    """A range in pieces of up to 64 KB, cut behind a line end, else before an escape of quoted-printable."""
    while start < stop:
        end = min(start + CHUNK, stop)
        if end < stop:
            line_end, escape = raw.rfind(b"\n", start, end), raw.find(b"=", end - 3, end)
            end = line_end + 1 if line_end >= 0 else escape if escape >= 0 else end
        yield raw[start:end]
        start = end


def _uu_size(raw: bytes, start: int, stop: int) -> int:
    """The whole lines counted, the last lines decoded: hostile mails have millions of short ones."""
    begin = UU_BEGIN.search(raw, max(start - 1, 0), stop)
    whole = _UU_WHOLE.match(raw, begin.end(), stop) if begin else None
    if begin is None or whole is None:
        return stop - start
    lines = raw.count(b"\n", whole.start(), whole.end())
    return 45 * lines + sum(map(len, islice(_uu_lines(raw, whole.end(), stop), 20)))


def _uudecoded(raw: bytes, start: int, stop: int) -> Iterator[bytes]:
    """The lines between `begin` and `end`, decoded; without a `begin` all as it is. Broken lines are passed over."""
    begin = UU_BEGIN.search(raw, max(start - 1, 0), stop)
    if begin is None:
        yield raw[start:stop]
        return
    yield from _uu_lines(raw, begin.end(), stop)


def _uu_lines(raw: bytes, start: int, stop: int) -> Iterator[bytes]:
    for line in islice(_UU_LINE.finditer(raw, start, stop), UU_LINES):
        if line[0].strip() == b"end":
            return
        length = (((line[0][0] - 32) & 63) * 4 + 5) // 3
        for attempt in (line[0], line[0][:length]):
            with suppress(binascii.Error):
                yield binascii.a2b_uu(attempt)
                break


_PADDED = re.compile(rb"=\s{0,4}(?=[A-Za-z0-9+/])")


def base64_bytes(raw: bytes) -> bytes | None:
    """The bytes of base64 text, however it is broken: foreign characters are passed over, padding is made up for, a
    last character that is no whole byte is dropped. Each of several pieces may be padded. None if nothing decodes."""
    if _PADDED.search(raw):
        return b"".join(base64_bytes(piece) or b"" for piece in _PADDED.split(raw))
    for end, padding in ((len(raw), b""), (len(raw), b"=="), (len(raw.rstrip(b"=\r\n\t ")) - 1, b"==")):
        with suppress(binascii.Error):
            if end > 0 or not raw:
                return binascii.a2b_base64(raw[:end] + padding)
    return None
