"""Files that stand in a text as uuencoded lines."""

import binascii
import re
from contextlib import suppress
from typing import NamedTuple

_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n(?=[ -`]{1,90}\r?\n)", re.MULTILINE)
_END = re.compile(rb"^end[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_MOST = 100


class UuencodedText(NamedTuple):
    """A text without its uuencoded files, and these by name."""

    text: bytes
    files: list[tuple[bytes, bytes]]


def split(text: bytes) -> UuencodedText:
    """Part a text from the files within it. What is no whole file stays text. Linear time."""
    kept: list[bytes] = []
    files: list[tuple[bytes, bytes]] = []
    at = 0
    while len(files) < _MOST and (begin := _BEGIN.search(text, at)) and (end := _END.search(text, begin.end())):
        content = _decoded(text[begin.end() : end.start()])
        kept.append(text[at : end.end() if content is None else begin.start()])
        if content is not None:
            files.append((begin[1], content))
        at = end.end()
    return UuencodedText(b"".join([*kept, text[at:]]), files)


def _decoded(lines: bytes) -> bytes | None:
    """The bytes of uuencoded lines; None if one of them is none."""
    content: list[bytes] = []
    for line in lines.splitlines():
        if not line.strip():
            continue
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        for attempt in (line, line[:length]):
            with suppress(binascii.Error):
                content.append(binascii.a2b_uu(attempt))
                break
        else:
            return None
    return b"".join(content)
