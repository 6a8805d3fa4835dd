"""The headers of a part: its type with parameters, its encoding, its name, whether it is a file."""

import re
from itertools import islice
from urllib.parse import unquote_to_bytes

from ..text import one_line
from .charsets import from_bytes
from .encoded_words import decoded

PARAMETERS = 4_096
_MULTIPART = re.compile(r"\s*multipart(?:/[^\s;]{0,80})?(?=[\s;])", re.I)
_TYPE = re.compile(r"\s*([\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,80})(?=[\s;(]|\Z)", re.ASCII)
_PARAMETER = re.compile(r';\s*+([^\s=;"]{1,60})\s*+=\s*+("(?:[^"\\]|\\.)*+"?|[^;]*+)', re.DOTALL)
_WORD = re.compile(r"\s*([a-z-]{1,40})\s*(?:;|\Z)", re.I)
_ESCAPED = re.compile(r'\\(["\\])')
_ENCODINGS = {"base64": "base64", "quotedprintable": "quoted-printable"}
_MEANT_TYPES = {
    **dict.fromkeys(("plain/text", "application/text", "application/plain", "text/txt", "text/text"), "text/plain"),
    **dict.fromkeys(("application/xhtml+xml", "application/html", "html/text", "text/xhtml"), "text/html"),
}


def transfer_encoding(written: str) -> str:
    """A transfer encoding, also one that is written "base-64" or in quotation marks."""
    name = "".join(one_line(re.split("[;(]", written, maxsplit=1)[0], 60).lower().split())
    return _ENCODINGS.get("".join(filter(str.isalnum, name)), name) or "7bit"


def flow(written: dict[str, str]) -> str:
    """How lines flow: "" if they do not."""
    if written.get("format", "").lower() != "flowed":
        return ""
    return "delsp" if written.get("delsp", "").lower() == "yes" else "flowed"


def is_form_field(disposed: str) -> bool:
    return disposed.strip().lower().startswith("form-data")


def media_type(written: str, default: str) -> str:
    """RFC 2045 section 5.2: without the header the default, with one that says nothing text/plain."""
    match = _TYPE.match(written)
    if match is None and _MULTIPART.match(written):
        return "multipart/mixed"  # Section 5.1.3 of RFC 2046: so is an unknown kind.
    if match is None:
        return "text/plain" if written else default
    return _MEANT_TYPES.get(match[1].lower(), match[1].lower())


def disposition(written: str) -> str:
    """RFC 2183 section 2.8: a word that we do not know means attachment."""
    word = _WORD.match(written)
    return "" if not word else "inline" if word[1].lower() in ("inline", "form-data") else "attachment"


def parameters(written: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in islice(_PARAMETER.findall(written[:PARAMETERS]), 60):
        if value.startswith('"'):
            value = _ESCAPED.sub(r"\1", value[1:].removesuffix('"'))
        parameters.setdefault(name.lower(), value.strip())
    return parameters


def parameter(parameters: dict[str, str], name: str) -> str | None:
    """A parameter of a header, put together and decoded as RFC 2231 says, else as written."""
    if f"{name}*" in parameters:
        return _extended([(parameters[f"{name}*"], True)])
    pieces: list[tuple[str, bool]] = []
    while (key := f"{name}*{len(pieces)}") in parameters or f"{key}*" in parameters:
        pieces.append((parameters[key], False) if key in parameters else (parameters[f"{key}*"], True))
    return _extended(pieces) if pieces else parameters.get(name)


def _extended(pieces: list[tuple[str, bool]]) -> str:
    """RFC 2231 section 4: pieces (text, is it percent-encoded?), the first one with charset'language' before it."""
    charset = None
    first, marked = pieces[0]
    if marked and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    written = [(piece.encode("utf-8", "surrogateescape"), encoded) for piece, encoded in [(first, marked), *pieces[1:]]]
    return from_bytes(b"".join(unquote_to_bytes(raw) if encoded else raw for raw, encoded in written), charset)


def file_name(written: str) -> str | None:
    """A file name that names no other place: the last part of a path, on one line."""
    name = one_line(re.split(r"[/\\]", decoded(written))[-1], 200)
    return None if name.strip(". ") == "" else name
