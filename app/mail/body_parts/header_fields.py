"""The headers at the top of a mail or a part, and where they end (RFC 5322 section 2.2)."""

import re

Fields = dict[str, list[str]]
"""Header values by lower-case name, as written: folded, and with raw 8-bit bytes as surrogates."""

TOP_HEADERS = 262_144

# The header lines up to the first line that is none, as the standard library's parser sees them. A server may have put
# white space before a colon (section 4.5), or a line between them that is none: such a line is passed over where a
# field of mail follows.
_FIELD = (
    rb"(?:(?:resent-)?(?:from|to|cc|date|message-id|sender)|subject|in-reply-to|references|reply-to|mime-version|"
    rb"received|return-path|delivered-to|dkim-signature|(?:content|list|x)-[a-z-]{2,30})[ \t]{0,9}:"
)
_ODD = rb"[^\s][^\r\n]{0,200}\r?\n(?=(?i:" + _FIELD + rb"))"
_LINES = rb"(?:(?:[!-9;-~]*+:|[\t ]|(?i:" + _FIELD + rb"))[^\n]*+(?:\n|\Z))"
_HEADERS = re.compile(rb"(?:" + _LINES + rb"++(?:" + _ODD + _LINES + rb"++){0,5}+)?+")
_ODD_LINE = re.compile(rb"^(?![!-9;-~]*+:|(?i:" + _FIELD + rb"))" + _ODD, re.MULTILINE)
_SPACED = re.compile(rb"^([!-9;-~]{1,99})[ \t]{1,9}:", re.MULTILINE)
_ENVELOPE = re.compile(rb">?From [^\n]*+\n")
_LINE_END = re.compile(rb"\r\n?|\n")
# One header, with the lines into which it is folded (section 2.2.3).
_HEADER = re.compile(r"^([!-9;-~]++):[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.MULTILINE)


def header_fields(raw: bytes) -> Fields:
    """The headers at the top of a mail, up to 256 KB of them. An mbox "From " line is passed over."""
    fields: Fields = {}
    for name, value in _HEADER.findall(_header_text(raw)):
        fields.setdefault(name.lower(), []).append(value)
    return fields


def _header_text(raw: bytes) -> str:
    """All headers, each in lines that end with LF alone, and no line between them that is none."""
    start = _top(raw)
    block = raw[start : headers_end(raw, start, min(len(raw), start + TOP_HEADERS))]
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
        block = block.replace(b"\r", b" ") if b"\n" in block else _old_macintosh(block)
    return _SPACED.sub(rb"\1:", _ODD_LINE.sub(b"", block)).decode("ascii", "surrogateescape")


def _old_macintosh(block: bytes) -> bytes:
    """Headers whose lines end with CR alone, up to the first line that is none."""
    lines = block.replace(b"\r", b"\n")
    return lines[: headers_end(lines, 0, len(lines))]


def body_start(raw: bytes) -> int:
    """Where the body of a mail begins: after the header lines and the empty line behind them."""
    return behind_headers(raw, headers_end(raw, _top(raw), len(raw)), len(raw))


def headers_end(raw: bytes, start: int, stop: int) -> int:
    """Where header lines end that begin at `start`."""
    headers = _HEADERS.match(raw, start, stop)
    end = headers.end() if headers else start
    if end == len(raw) and b"\n" not in raw and b"\r\r" in raw:
        return raw.index(b"\r\r") + 1  # An old Macintosh's line ends.
    return end


def behind_headers(raw: bytes, end: int, stop: int) -> int:
    """Where a body begins behind headers that end there: behind an empty line, if there is one."""
    empty = _LINE_END.match(raw, end, stop)
    return empty.end() if empty else end


def _top(raw: bytes) -> int:
    envelope = _ENVELOPE.match(raw)
    return envelope.end() if envelope else 0
