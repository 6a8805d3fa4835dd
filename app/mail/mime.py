"""The map of a mail: its parts as byte ranges.

All works by offsets into the bytes of the mail: nothing large is copied, and what a mail makes us do has a limit.
"""

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from .text import base64_bytes, decoded, from_bytes, one_line

TOP_HEADERS = 262_144
INNER_HEADERS = 16_384
PARAMETERS = 4_096
CHUNK = 65_536
UU_LINES = 600_000

# Nested parts are looked through once for each level. Together no more than this many times the size of the mail.
PASSES = 16

# The header lines up to the first line that is none (RFC 5322 section 2.2), as the standard library's parser sees them.
_HEADERS = re.compile(rb"(?:(?:[!-9;-~]*+:|[\t ])[^\n]*+(?:\n|\Z))*+")
_ABOUT = re.compile(
    rb"^(content-(?:type|disposition|transfer-encoding|id))[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)",
    re.IGNORECASE | re.MULTILINE,
)
_ENVELOPE = re.compile(rb">?From [^\n]*+\n")
_LINE_END = re.compile(rb"\r\n?|\n")
_TYPE = re.compile(r"\s*([\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,80})(?=[\s;(]|\Z)", re.ASCII)
_PARAMETER = re.compile(r';\s*+([^\s=;"]{1,60})\s*+=\s*+("(?:[^"\\]|\\.)*+"?|[^;]*+)', re.DOTALL)
_WORD = re.compile(r"\s*([a-z-]{1,40})\s*(?:;|\Z)", re.I)
_ESCAPED = re.compile(r'\\(["\\])')
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_UUENCODED = ("x-uuencode", "uuencode", "uue", "x-uue")
_SPREAD = {"quoted-printable": 4, "base64": 2, **dict.fromkeys(_UUENCODED, 2)}  # Written bytes for one that is meant.
ENCODED = frozenset(_SPREAD)
_UU_BEGIN = re.compile(rb"\nbegin [0-7]+[^\n]*\n")
_UU_WHOLE = re.compile(rb"(?:M[ -`]{60}\r?\n)*+")
_UU_LINE = re.compile(rb"[^\r\n]+")
_PARSER = HeaderParser(policy=compat32)

_Fields = dict[str, list[str]]


class Part(NamedTuple):
    """A leaf of a mail. `start` and `stop` limit its body in the bytes of the mail, without the boundary's line end."""

    type: str
    charset: str | None
    encoding: str
    disposition: str
    name: str | None
    start: int
    stop: int
    shown_in: bool = False  # It has a Content-ID (RFC 2392), by which an HTML text shows it.
    choice: int = 0  # Where the multipart/alternative begins that this is one form of; 0 if it is in none.


class _Walk:
    """What a walk through one mail may still cost: parts to visit, bytes to look through."""

    def __init__(self, raw: bytes, limit: int) -> None:
        self.raw, self.limit = raw, limit
        self.parts = 0
        self.scan = PASSES * len(raw) + CHUNK

    def may_open(self, start: int, stop: int) -> bool:
        self.scan -= stop - start
        return self.scan > 0


def header_block(raw: bytes) -> Message:
    """The headers at the top of a mail (compat32), up to 256 KB of them. An mbox "From " line is passed over."""
    start = _top(raw)
    block = raw[start : _headers_end(raw, start, min(len(raw), start + TOP_HEADERS))]
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
        block = block.replace(b"\r", b" " if b"\n" in block else b"\n")
    return _PARSER.parsestr(block.decode("ascii", "surrogateescape"))


def fields(headers: Message) -> dict[str, list[str]]:
    """Header values by lower-case name, as written (raw 8-bit bytes as surrogates)."""
    found: dict[str, list[str]] = {}
    for name, value in headers.raw_items():
        found.setdefault(name.lower(), []).append(str(value))
    return found


def body_start(raw: bytes) -> int:
    """Where the body begins: after the header lines and the empty line behind them."""
    return _body_start(raw, _headers_end(raw, _top(raw), len(raw)), len(raw))


def parts(raw: bytes, top: Message | None = None, limit: int = 1000, depth: int = 100) -> list[Part]:
    """The leaves of a mail in document order, at most `limit`, from at most `depth` multiparts within each other.

    A message/* part is a leaf. A multipart that has no boundary, or that lies too deep, is one text/plain leaf. Without
    its end boundary a part goes to the end of what it is in (RFC 2046 section 5.1).
    """
    walk = _Walk(raw, limit)
    headers = fields(header_block(raw) if top is None else top)
    return list(_leaves(walk, headers, body_start(raw), len(raw), depth, "text/plain", 0))


def content(raw: bytes, part: Part, limit: int | None = None) -> bytes:
    """The decoded bytes of a part, at most the first `limit` (the whole without one). Never raises."""
    stop = part.stop if limit is None else min(part.stop, part.start + _SPREAD.get(part.encoding, 1) * limit + 1024)
    if part.encoding in _UUENCODED:
        return b"".join(_uudecoded(raw, part.start, stop))[:limit]
    body = raw[part.start : stop]
    if part.encoding == "base64":
        whole = base64_bytes(body)
        return (body if whole is None else whole)[:limit]
    return (binascii.a2b_qp(body) if part.encoding == "quoted-printable" else body)[:limit]


def size(raw: bytes, part: Part) -> int:
    """The decoded length of a part in bytes; no more than a piece of it is held at a time."""
    start, stop = part.start, part.stop
    if part.encoding == "base64":
        padding = raw.find(b"=", start, stop)
        stop = stop if padding < 0 else padding
        return sum(len(piece.translate(None, _NOT_BASE64)) for piece in _pieces(raw, start, stop)) * 6 // 8
    if part.encoding == "quoted-printable":
        return sum(len(binascii.a2b_qp(piece)) for piece in _pieces(raw, start, stop))
    if part.encoding in _UUENCODED:
        return _uu_size(raw, start, stop)
    return stop - start


def text(raw: bytes, part: Part, limit: int = 1_000_000) -> str:
    """A part as text, storable, at most `limit` characters. Never raises."""
    body = content(raw, part, 4 * limit)
    return from_bytes(body, part.charset, cut=len(body) == 4 * limit, limit=limit)


def _top(raw: bytes) -> int:
    envelope = _ENVELOPE.match(raw)
    return envelope.end() if envelope else 0


def _headers_end(raw: bytes, start: int, stop: int) -> int:
    headers = _HEADERS.match(raw, start, stop)
    end = headers.end() if headers else start
    if end == len(raw) and b"\n" not in raw and b"\r\r" in raw:
        return raw.index(b"\r\r") + 1  # An old Macintosh's line ends.
    return end


def _body_start(raw: bytes, headers_end: int, stop: int) -> int:
    empty = _LINE_END.match(raw, headers_end, stop)
    return empty.end() if empty else headers_end


def _inner(raw: bytes, start: int, stop: int) -> _Fields:
    """The first of each header that tells of a part. A thousand parts are too many for full parses."""
    found: _Fields = {}
    for name, value in islice(_ABOUT.findall(raw, start, min(stop, start + INNER_HEADERS)), 20):
        found.setdefault(name.decode().lower(), [value.strip().decode("ascii", "surrogateescape")])
    return found


def _leaves(walk: _Walk, here: _Fields, start: int, stop: int, depth: int, default: str, choice: int) -> Iterator[Part]:
    walk.parts += 1
    written = here.get("content-type", [""])[0]
    type_ = _type(written, default)
    if not type_.startswith("multipart/"):
        yield _leaf(here, type_, start, stop, choice)
        return
    boundary = _parameter(_parameters(written), "boundary")
    children = _ranges(walk, boundary.rstrip(), start, stop) if boundary and depth else iter(())
    choice = start if type_ == "multipart/alternative" else choice
    default = "message/rfc822" if type_ == "multipart/digest" else "text/plain"
    empty = True
    for begin, end in children:
        if walk.parts >= walk.limit:
            return
        empty = False
        middle = _headers_end(raw := walk.raw, begin, end)
        inner = _inner(raw, begin, middle)
        yield from _leaves(walk, inner, _body_start(raw, middle, end), end, depth - 1, default, choice)
    if empty:
        yield _leaf(here, "text/plain", start, stop, choice)


def _ranges(walk: _Walk, boundary: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart begin (their headers) and end, the line end before a boundary belonging to it."""
    if not walk.may_open(start, stop):
        return
    escaped = re.escape(boundary.encode("utf-8", "surrogateescape"))
    line = re.compile(rb"\n--" + escaped + rb"(--)?[ \t]*+(?=\r?(?:\n|\Z))")
    begin = None
    for found in line.finditer(walk.raw, max(start - 1, 0), stop):
        end = found.start()
        if begin is not None and end >= begin:
            yield begin, end - 1 if end > begin and walk.raw[end - 1] == 13 else end
        if found[1]:
            return
        begin = _body_start(walk.raw, found.end(), stop)
    if begin is not None:
        yield begin, stop


def _leaf(here: _Fields, type_: str, start: int, stop: int, choice: int) -> Part:
    written = _parameters(here.get("content-type", [""])[0])
    disposed = here.get("content-disposition", [""])[0]
    transfer = here.get("content-transfer-encoding", ["7bit"])[0]
    name = _parameter(_parameters(disposed), "filename") or _parameter(written, "name")
    return Part(
        type_,
        one_line(_parameter(written, "charset") or "", 40).partition(" ")[0] or None,
        "".join(one_line(transfer.partition(";")[0], 60).lower().split()) or "7bit",
        _disposition(disposed),
        _file_name(name) if name else None,
        start,
        max(start, stop),
        "content-id" in here,
        choice,
    )


def _type(written: str, default: str) -> str:
    """RFC 2045 section 5.2: without the header the default, with one that says nothing text/plain."""
    found = _TYPE.match(written)
    return found[1].lower() if found else "text/plain" if written else default


def _disposition(written: str) -> str:
    """RFC 2183 section 2.8: a word that we do not know means attachment."""
    word = _WORD.match(written)
    return "" if not word else "inline" if word[1].lower() == "inline" else "attachment"


def _parameters(written: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in islice(_PARAMETER.findall(written[:PARAMETERS]), 60):
        if value.startswith('"'):
            value = _ESCAPED.sub(r"\1", value[1:].removesuffix('"'))
        found.setdefault(name.lower(), value.strip())
    return found


def _parameter(given: dict[str, str], name: str) -> str | None:
    """A parameter of a header, put together and decoded as RFC 2231 says, else as written."""
    if f"{name}*" in given:
        return _extended([(given[f"{name}*"], True)])
    pieces: list[tuple[str, bool]] = []
    while (key := f"{name}*{len(pieces)}") in given or f"{key}*" in given:
        pieces.append((given[key], False) if key in given else (given[f"{key}*"], True))
    return _extended(pieces) if pieces else given.get(name)


def _extended(pieces: list[tuple[str, bool]]) -> str:
    """RFC 2231 section 4: pieces (text, is it percent-encoded?), the first one with charset'language' before it."""
    charset = None
    first, marked = pieces[0]
    if marked and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    written = [(piece.encode("utf-8", "surrogateescape"), encoded) for piece, encoded in [(first, marked), *pieces[1:]]]
    return from_bytes(b"".join(unquote_to_bytes(raw) if encoded else raw for raw, encoded in written), charset)


def _file_name(written: str) -> str | None:
    """A file name that names no other place: the last part of a path, on one line."""
    name = one_line(re.split(r"[/\\]", decoded(written))[-1], 200)
    return None if name.strip(". ") == "" else name


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
    begin = _UU_BEGIN.search(raw, max(start - 1, 0), stop)
    whole = _UU_WHOLE.match(raw, begin.end(), stop) if begin else None
    if begin is None or whole is None:
        return stop - start
    lines = raw.count(b"\n", whole.start(), whole.end())
    return 45 * lines + sum(map(len, islice(_uu_lines(raw, whole.end(), stop), 20)))


def _uudecoded(raw: bytes, start: int, stop: int) -> Iterator[bytes]:
    """The lines between `begin` and `end`, decoded; without a `begin` all as it is. Broken lines are passed over."""
    begin = _UU_BEGIN.search(raw, max(start - 1, 0), stop)
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
