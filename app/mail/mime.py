"""The map of a mail: its parts as byte ranges.

All works by offsets into the bytes of the mail: nothing large is copied, and what a mail makes us do has a limit.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from .body_parts.charsets import from_bytes, in_charset
from .body_parts.encoded_words import decoded
from .body_parts.header_fields import Fields, behind_headers, body_start, header_fields, headers_end
from .body_parts.part_headers import (
    disposition,
    file_name,
    flow,
    is_form_field,
    media_type,
    parameter,
    parameters,
    transfer_encoding,
)
from .body_parts.transfer_encodings import CHUNK, ENCODED, UU_BEGIN, behind_base64, decoded_bytes, decoded_size
from .containers import cms, tnef, uuencoded
from .text import one_line, storable

INNER_HEADERS = 16_384
NESTED = 10  # So deep do mails lie in one another.
CONTAINERS = 5  # So deep do containers lie in one another.

# Nested parts are looked through once for each level. Together no more than this many times the size of the mail.
PASSES = 16

_ABOUT = re.compile(
    rb"^(content-(?:type|disposition|transfer-encoding|id))[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)",
    re.IGNORECASE | re.MULTILINE,
)
_BOUNDARY_LINE = re.compile(rb"(?:\A|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-[a-z-]{1,40}[ \t]*:)", re.I)
_TOP_OF_HTML = 16_384
_META = re.compile(rb"<(?:meta|\?xml)\b[^<>]{0,200}?(?:charset|encoding)\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,40})", re.I)


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
    flowed: str = ""  # Of format=flowed (RFC 3676) "flowed", with DelSp "delsp".
    label: str = ""  # The name of a form's field (RFC 7578).
    held: bytes | None = None  # Its content, if a container holds it.


class _Walk:
    """What a walk through one mail may still cost: parts to visit, bytes to look through."""

    def __init__(self, raw: bytes, limit: int) -> None:
        self.raw, self.limit = raw, limit
        self.parts = 0
        self.charset: str | None = None  # Of the first text that names one: names of files are often in it.
        self.scan = PASSES * len(raw) + CHUNK

    def may_open(self, start: int, stop: int) -> bool:
        self.scan -= stop - start
        return self.scan > 0


def top_parts(raw: bytes) -> tuple[str, list[tuple[int, int]]]:
    """The type of a mail, and where the direct parts of a multipart begin, with their headers, and end."""
    written = header_fields(raw).get("content-type", [""])[0]
    type_, start = media_type(written, "text/plain"), body_start(raw)
    boundary = (parameter(parameters(written), "boundary") or "").rstrip().encode("utf-8", "surrogateescape")
    multipart = type_.startswith("multipart/") and boundary
    return type_, list(_ranges(_Walk(raw, 1000), boundary, start, len(raw))) if multipart else []


def top_content(raw: bytes) -> bytes:
    """The decoded body of a mail that is no multipart."""
    headers = header_fields(raw)
    return content(raw, _leaf(headers, "application/octet-stream", body_start(raw), len(raw), 0))


def parts(raw: bytes, top: Fields | None = None, limit: int = 1000, depth: int = 100) -> list[Part]:
    """The leaves of a mail in document order, at most `limit`, from at most `depth` multiparts within each other.

    A message/* part is a leaf, but for message/partial. A multipart in which no boundary occurs, or that lies too deep,
    is one text/plain leaf. Without its end boundary a part goes to the end of what it is in (RFC 2046 section 5.1).
    Instead of a container that can be read stand the parts that it holds.
    """
    walk = _Walk(raw, limit)
    headers = header_fields(raw) if top is None else top
    leaves = _leaves(walk, headers, body_start(raw), len(raw), depth, "text/plain", 0)
    return [part for leaf in leaves for part in _opened(raw, leaf, min(depth, CONTAINERS))][:limit]


def _opened(raw: bytes, leaf: Part, depth: int) -> list[Part]:
    """What a leaf holds if it is a container, or the leaf itself.

    A held part has the place of its container in the mail; its encoding names how it is got from there.
    """
    kind = _container(raw, leaf) if depth else ""
    held = _parts_inside(kind, content(raw, leaf), leaf, depth) if kind else []
    return [
        part._replace(
            start=leaf.start,
            stop=leaf.stop,
            encoding=f"{leaf.encoding} {kind}.{number}",
            choice=leaf.start + part.choice if part.choice else leaf.choice,
        )
        for number, part in enumerate(held)
    ] or [leaf]


def _container(raw: bytes, leaf: Part) -> str:
    """Which container a leaf is: "cms", "tnef", "mime", "uu", or none ("")."""
    if leaf.type in ("application/pkcs7-mime", "application/x-pkcs7-mime") or _names_cms(leaf):
        return "cms"
    if leaf.type in ("application/ms-tnef", "application/vnd.ms-tnef") or (leaf.name or "").lower() == "winmail.dat":
        return "tnef"
    if leaf.type == "text/plain" and leaf.disposition != "attachment":
        if leaf.encoding in ("base64", "quoted-printable") and _BOUNDARY_LINE.match(content(raw, leaf, 1000)):
            return "mime"
        if UU_BEGIN.search(raw, max(leaf.start - 1, 0), leaf.stop) and leaf.encoding in ("7bit", "8bit", "binary"):
            return "uu"
    return ""


def _names_cms(leaf: Part) -> bool:
    return leaf.type == "application/octet-stream" and (leaf.name or "").lower().endswith(".p7m")


def _parts_inside(kind: str, body: bytes, leaf: Part, depth: int) -> list[Part]:
    """The parts that a container holds, each with its content."""
    if kind == "uu":
        contents = uuencoded.split(body)
        if not contents.files:
            return []
        text = leaf._replace(held=contents.text)
        files = ((file_name(_decoded_name(name)) or "file", content) for name, content in contents.files)
        return [text, *(_holding("application/octet-stream", None, name, content) for name, content in files)]
    if kind == "tnef":
        return [
            _holding(
                document.type,
                document.charset,
                file_name(storable(document.name)) if document.name else None,
                document.content,
            )
            for document in tnef.documents(body)
        ]
    if kind == "cms":
        body = cms.signed_content(body) or b""
    elif line := _BOUNDARY_LINE.match(body):
        body = b'Content-Type: multipart/mixed; boundary="' + line[1].replace(b'"', b"") + b'"\n\n' + body
    return [part._replace(held=content(body, part)) for part in parts(body, limit=200, depth=depth - 1)] if body else []


def _holding(type_: str, charset: str | None, name: str | None, held: bytes) -> Part:
    return Part(type_, charset, "", "attachment" if name else "", name, 0, 0, held=held)


def _decoded_name(name: bytes) -> str:
    return from_bytes(name.strip())


def content(raw: bytes, part: Part, limit: int | None = None) -> bytes:
    """The decoded bytes of a part, at most the first `limit` (the whole without one). Never raises."""
    if part.held is not None:
        return part.held[:limit]
    if " " in part.encoding:
        return next(contents(raw, [part]))[:limit]
    return decoded_bytes(raw, part.start, part.stop, part.encoding, limit)


def contents(raw: bytes, parts: Iterable[Part]) -> Iterator[bytes]:
    """The decoded bytes of each of these parts. A container is opened once for all in a row that it holds."""
    opened: tuple[int, int, str] | None = None
    held: list[Part] = []
    for part in parts:
        outer, _, item = part.encoding.rpartition(" ")
        if not outer:
            yield content(raw, part)
            continue
        kind, _, number = item.partition(".")
        if opened != (opened := (part.start, part.stop, f"{outer} {kind}")):
            leaf = part._replace(encoding=outer)
            held = _parts_inside(kind, content(raw, leaf), leaf, CONTAINERS)
        yield content(raw, held[int(number)]) if int(number) < len(held) else b""


def nests(part: Part) -> bool:
    """Return whether more may be in a part than its bytes show: it is a mail, or coded, or out of a container."""
    return part.held is not None or part.type.startswith("message/") or part.encoding in ENCODED


def nested_contents(file: bytes, depth: int = NESTED) -> Iterator[bytes]:
    """What a file or a mail says, and whatever is encoded in the mails within it; their types may be wrong.

    Outlook keeps a mail in a file of its own, whose text is UTF-16: that is given as ASCII, too.
    """
    yield file
    if b"@\0" in file:
        yield file.replace(b"\0", b"")
    for inner in parts(file) if depth else ():
        if nests(inner):
            yield from nested_contents(content(file, inner), depth - 1)


def size(raw: bytes, part: Part) -> int:
    """The decoded length of a part in bytes; no more than a piece of it is held at a time."""
    return decoded_size(raw, part.start, part.stop, part.encoding) if part.held is None else len(part.held)


def text(raw: bytes, part: Part, limit: int = 1_000_000) -> str:
    """A part as text, storable, at most `limit` characters. Never raises."""
    body = content(raw, part, 4 * limit)
    hint = charset_in_html(body) if part.type == "text/html" else None
    text = from_bytes(body, part.charset, cut=len(body) == 4 * limit, limit=limit, hint=hint)
    behind = behind_base64(raw, part.start, part.stop) if part.encoding == "base64" else b""
    return f"{text.rstrip()}\n{from_bytes(behind).strip()}" if behind else text


def charset(raw: bytes, part: Part) -> str | None:
    """The charset that a part names, in its headers or in its HTML."""
    return part.charset or (charset_in_html(content(raw, part, _TOP_OF_HTML)) if part.type == "text/html" else None)


def charset_in_html(body: bytes) -> str | None:
    """The charset that an HTML text names at its top, in a <meta> or as XML."""
    match = _META.search(body[:_TOP_OF_HTML])
    return match[1].decode("ascii", "replace") if match else None


def _inner(raw: bytes, start: int, stop: int) -> Fields:
    """The first of each header that tells of a part. A thousand parts are too many for full parses."""
    fields: Fields = {}
    for name, value in islice(_ABOUT.findall(raw, start, min(stop, start + INNER_HEADERS)), 20):
        fields.setdefault(name.decode().lower(), [value.strip().decode("ascii", "surrogateescape")])
    return fields


def _leaves(
    walk: _Walk, headers: Fields, start: int, stop: int, depth: int, default: str, choice: int
) -> Iterator[Part]:
    walk.parts += 1
    raw = walk.raw
    written = headers.get("content-type", [""])[0]
    type_ = media_type(written, default)
    if type_ == "message/partial" and walk.parts == 1:
        # RFC 2046 section 5.2.2: the first part begins with the headers of the whole.
        middle = headers_end(raw, start, stop)
        yield from _leaves(
            walk, _inner(raw, start, middle), behind_headers(raw, middle, stop), stop, depth - 1, "text/plain", choice
        )
        return
    if not type_.startswith("multipart/"):
        yield _leaf(headers, type_, start, stop, choice, walk)
        return
    children = list(_children(walk, written, start, stop)) if depth else []
    if not children:
        yield _leaf(headers, "text/plain", start, stop, choice)
        return
    choice = start if type_ == "multipart/alternative" else choice
    default = "message/rfc822" if type_ == "multipart/digest" else "text/plain"
    for begin, end in children:
        if walk.parts >= walk.limit:
            return
        middle = headers_end(raw, begin, end)
        inner = _inner(raw, begin, middle)
        yield from _leaves(walk, inner, behind_headers(raw, middle, end), end, depth - 1, default, choice)


def _children(walk: _Walk, written: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The parts of a multipart. If its boundary does not occur, by the first line that looks like one."""
    boundary = (parameter(parameters(written), "boundary") or "").rstrip().encode("utf-8", "surrogateescape")
    has_parts = False
    for place in _ranges(walk, boundary, start, stop) if boundary else ():
        has_parts = True
        yield place
    line = (
        None
        if has_parts or not walk.may_open(start, stop)
        else _BOUNDARY_LINE.search(walk.raw, max(start - 1, 0), stop)
    )
    if line:
        yield from _ranges(walk, line[1], start, stop)


def _ranges(walk: _Walk, boundary: bytes, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart begin (their headers) and end, the line end before a boundary belonging to it."""
    if not walk.may_open(start, stop):
        return
    line = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?(?:\n|\Z))")
    begin = None
    for boundary_line in line.finditer(walk.raw, max(start - 1, 0), stop):
        end = boundary_line.start()
        if begin is not None and end >= begin:
            yield begin, end - 1 if end > begin and walk.raw[end - 1] == 13 else end
        if boundary_line[1]:
            return
        begin = behind_headers(walk.raw, boundary_line.end(), stop)
    if begin is not None:
        yield begin, stop


def _leaf(headers: Fields, type_: str, start: int, stop: int, choice: int, walk: _Walk | None = None) -> Part:
    written = parameters(headers.get("content-type", [""])[0])
    charset = one_line(parameter(written, "charset") or "", 40).partition(" ")[0] or None
    if walk and type_.startswith("text/"):
        walk.charset = walk.charset or charset
    disposed = headers.get("content-disposition", [""])[0]
    transfer = headers.get("content-transfer-encoding", ["7bit"])[0]
    name = parameter(parameters(disposed), "filename") or parameter(written, "name")
    return Part(
        type_,
        charset,
        transfer_encoding(transfer),
        disposition(disposed),
        file_name(in_charset(name, walk.charset if walk else None)) if name else None,
        start,
        max(start, stop),
        "content-id" in headers,
        choice,
        flow(written),
        one_line(decoded(parameter(parameters(disposed), "name") or ""), 80) if is_form_field(disposed) else "",
    )
