"""How the mails of an mbox are read, one at a time, in each of its four dialects.

An mbox is mails one after the other, each below a line that begins with `From `. A line of a mail's own that begins so
would part it in two. The dialects differ in what they do about it:

    mboxo    writes `>` before it, and cannot tell later which `>` was its own
    mboxrd   writes `>` before it and before every such line with `>`s, so that all can be taken off again
    mboxcl   as mboxo or mboxrd, and tells the length in `Content-Length`
    mboxcl2  tells the length, and changes nothing

No box says which it is, so each mail is looked at. A length is believed if the next mail or the end follows it. A mail
of a believed length in which a line begins with `From ` was not changed (mboxcl2); every other is read as mboxrd.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import BinaryIO, NamedTuple

from ..export_marks import mark_of
from .from_line import DATED, DATED_ISO

BLOCK = 1 << 20
AHEAD = 2_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some editors and exports of other programs write before a text; it is no part of a box or a mail."""

TOP = 262_144
_SHORT = 16

_UNDATED = re.compile(rb"From[ \t]+\S+[ \t]*\r?\n(?:>From[ \t]|[!-9;-~]+:)")
# Nothing but the word, as some exports of Thunderbird have it; then a whole head is below it.
# Of a long head so much is looked at as is held.
_NAKED = re.compile(rb"From[ \t]*\r?\n(?:[!-9;-~]++:[^\n]*\n(?:[ \t]+[^\r\n][^\n]*\n)*+)++(?:\r?\n|[^\n]*\Z)")
_OF_MAIL = re.compile(rb"^(?:message-id|received|return-path):|^from:(?s:.*)^date:|^date:(?s:.*)^from:", re.I | re.M)
# Not the date of a mail: git writes it above every patch, and people paste patches into mails.
_PATCH = re.compile(rb"From[ \t]+[0-9a-f]{40,64}[ \t]+Mon Sep 17 00:00:00 2001")
_DOUBTFUL = re.compile(rb"^From[ \t][^\n]*\n(?:from|received|return-path|message-id|x-[a-z0-9-]+):", re.I | re.M)
_MOST_DOUBTFUL = 10
_LINE = re.compile(rb"\n(?=From[ \t])")
_BELOW = re.compile(
    rb"[^\n]*\n(?:>From[ \t]|(?:return-path|received|delivered-to|envelope-to|from|sender|reply-to|to|date|subject|"
    rb"message-id|mime-version|content-type|status|dkim-signature|(?:x|arc)-[a-z0-9-]+)[ \t]*:)",
    re.IGNORECASE,
)
_BLANK = re.compile(rb"[\r\n]*+")
_GAP = re.compile(rb"(?:\r?\n){0,2}")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BARE = re.compile(rb"^From ", re.MULTILINE)
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_TO_ESCAPE = re.compile(rb"^(>*From )", re.MULTILINE)
_ESCAPED_ONCE = re.compile(rb"^>(From )", re.MULTILINE)
_LAST_BLANK = re.compile(rb"(?<=\n)\r?\n\Z")


class Dialect(StrEnum):
    """What the writer of a box did with lines that begin with `From `."""

    MBOXO = "mboxo"
    MBOXRD = "mboxrd"
    MBOXCL = "mboxcl"
    MBOXCL2 = "mboxcl2"

    @property
    def counts(self) -> bool:
        """Whether its mails tell their length."""
        return self in (Dialect.MBOXCL, Dialect.MBOXCL2)


class Boxed(NamedTuple):
    """One mail of a box: where its `From ` line begins, that line, and its bytes; None where they are too many.

    `doubtful`: where lines within it begin below which another mail may be.
    """

    offset: int
    envelope: bytes
    raw: bytes | None
    doubtful: tuple[int, ...] = ()


class _Window:
    """The part of a stream that is looked at; what is done with is dropped, so that memory does not grow."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.held = bytearray()
        # Whether the mail that is looked at is a patch of git's itself.
        self.patches = False
        self.offset = 0
        self.ended = False

    def reach(self, size: int) -> bool:
        """Hold so many bytes, if there are so many."""
        while len(self.held) < size and not self.ended:
            block = self._file.read(max(BLOCK, size - len(self.held)))
            self.ended = not block
            self.held += block
        return len(self.held) >= size

    def drop(self, size: int) -> None:
        """Be done with so many bytes."""
        del self.held[:size]
        self.offset += size


def escaped(raw: bytes) -> bytes:
    """A mail as it lies in an mboxrd."""
    return _TO_ESCAPE.sub(rb">\1", raw) if b"From " in raw else raw


def begins_box(first: bytes) -> bool:
    """Whether these first bytes are those of a box, and not of one mail."""
    return first.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n").startswith((b"From ", b"From\t"))


def mails_of_box(file: BinaryIO, limit: int, dialect: Dialect | None = None) -> Iterator[Boxed]:
    """The mails of a box in order, read as a stream; None for `dialect` looks at each mail."""
    window = _Window(file)
    # In a box a mail is longer by its marks and the empty line below it.
    room = limit + limit // 50 + 2
    if window.reach(len(BYTE_ORDER_MARK)) and window.held.startswith(BYTE_ORDER_MARK):
        window.drop(len(BYTE_ORDER_MARK))
    while _skip_blank_lines(window):
        window.reach(AHEAD)
        start = window.held.find(b"\n") + 1 or len(window.held)
        offset, envelope = window.offset, bytes(window.held[:start])
        window.patches = _PATCH.match(envelope) is not None
        counted = None if dialect and not dialect.counts else _by_length(window, start, room)
        if counted and mark_of(envelope) and not _BARE.search(window.held, start, counted[0]):
            # Our own boxes count nothing: the length is one that the mail came with.
            counted = None
        stop, following = counted or _by_looking(window, start, room)
        if stop is None:
            _pass_over(window)
            yield Boxed(offset, envelope, None)
            continue
        raw = bytes(window.held[start:stop])
        doubtful = () if counted else _doubtful(raw, offset + start)
        window.drop(following)
        if not raw and window.held:
            # Two such lines, one below the other: the mail had one already when it was put into the box.
            continue
        mail = _unescaped(_LAST_BLANK.sub(b"", raw), dialect, counted=counted is not None)
        yield Boxed(offset, envelope, mail if len(mail) <= limit else None, doubtful)


def _doubtful(raw: bytes, offset: int) -> tuple[int, ...]:
    """Where a line in a mail looks like one that parts two mails, and is not sure to be one."""
    if b"\nFrom " not in raw and b"\nFrom\t" not in raw:
        return ()
    starts = (match.start() for match in _DOUBTFUL.finditer(raw) if not _PATCH.match(raw, match.start()))
    return tuple(offset + start for start in islice(starts, _MOST_DOUBTFUL))


def _skip_blank_lines(window: _Window) -> bool:
    """Whether anything follows but empty lines."""
    while window.reach(1):
        blank = _BLANK.match(window.held)
        size = blank.end() if blank else 0
        window.drop(size)
        if window.held:
            return True
    return False


def _by_length(window: _Window, start: int, limit: int) -> tuple[int, int] | None:
    """Where a mail ends by its Content-Length, and where the next begins; None unless that is true."""
    window.reach(start + BLOCK)
    head = _HEAD_END.search(window.held, start, start + TOP)
    length = _LENGTH.search(window.held, start, head.start() + 1) if head else None
    if head is None or length is None:
        return None
    stop = head.end() + int(length[1])
    if stop - start > limit:
        return None
    window.reach(stop + AHEAD)
    gap = _GAP.match(window.held, stop)
    if stop > len(window.held) or gap is None:
        return None
    at_line = gap.end() > stop or window.held[stop - 1 : stop] == b"\n"
    followed = gap.end() == len(window.held) or (at_line and _is_separator(window, gap.end()))
    return (stop, gap.end()) if followed else None


def _by_looking(window: _Window, start: int, limit: int) -> tuple[int | None, int]:
    """Where a mail ends and the next begins, by an empty line and a `From ` line; None for one over the limit."""
    at = start - 1
    while True:
        separator = _next_separator(window, at)
        if separator is not None:
            return (separator if separator - start <= limit else None), separator
        if window.ended:
            end = len(window.held)
            return (end if end - start <= limit else None), end
        if len(window.held) - start > limit:
            return None, 0
        at = max(start - 1, len(window.held) - _SHORT)
        window.reach(len(window.held) + 1)


def _pass_over(window: _Window) -> None:
    """Drop what is held up to the next `From ` line that parts two mails, or to the end."""
    at = 1
    while (separator := _next_separator(window, at)) is None and not window.ended:
        window.drop(max(0, len(window.held) - _SHORT))
        at = 0
        window.reach(len(window.held) + 1)
    window.drop(len(window.held) if separator is None else separator)


def _next_separator(window: _Window, at: int) -> int | None:
    """Where the next `From ` line begins that parts two mails, in what is held."""
    while (line := _LINE.search(window.held, at)) is not None:
        at = begin = line.end()
        window.reach(begin + AHEAD)
        if _is_separator(window, begin):
            return begin
    return None


def _is_separator(window: _Window, at: int) -> bool:
    """Whether the line here parts two mails: it has a date, or an address alone and header lines below it.

    There is an empty line above it; some programs forget that, and then it takes a date and header lines. Without
    anything on the line it takes a whole head.
    """
    line = window.held[at : at + AHEAD]
    if _PATCH.match(line) and not window.patches:
        return False
    if naked := _NAKED.match(line):
        return _OF_MAIL.search(naked[0]) is not None
    apart = window.held[max(0, at - 3) : at].endswith((b"\n\n", b"\n\r\n"))
    if apart and (DATED.match(line) or _UNDATED.match(line)):
        return True
    return bool((DATED.match(line) or DATED_ISO.match(line)) and _BELOW.match(line))


def _unescaped(raw: bytes, dialect: Dialect | None, *, counted: bool) -> bytes:
    """A mail as it was before it was put into the box."""
    if dialect is Dialect.MBOXCL2 or b">From " not in raw:
        return raw
    if dialect is None and counted and _BARE.search(raw):
        return raw
    return (_ESCAPED_ONCE if dialect is Dialect.MBOXO else _ESCAPED).sub(rb"\1", raw)
