"""Where old mail lies: mbox, Maildir, single mails in a directory, and standard input."""

import io
import os
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ...mail.text import one_line
from ..export_marks import mark_of
from .gzip_stream import GZIP, Unpacked
from .mbox import BYTE_ORDER_MARK, Dialect, begins_box, mails_of_box
from .unwanted import Other, kept_apart, labelled

__all__ = ["STANDARD_INPUT", "ArchiveMail", "Fault", "NoStandardInput", "Other", "mails_in", "size_of"]

STANDARD_INPUT = "-"
_PEEKED = 65_536
_BINARY = 1_024
_MAILDIR = ("cur", "new")
_HEADER = re.compile(
    rb"(?:>?From [^\n]*\n)?(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?"
    # Among them may be one line that is no header.
    rb"(?:(?<=\n)[^\s:][^\n:]{0,200}\n(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?)?"
    rb"(?:from|to|date|subject|received|message-id|return-path|mime-version|content-type|delivered-to):",
    re.IGNORECASE,
)
_FOLDER_DATA = re.compile(
    rb"(?=(?:.*\n)*?subject:[ \t]*DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA[ \t]*\r?\n)"
    rb"(?:.*\n)*?(?:x-imap(?:base)?:|from:.*Mail System Internal Data)",
    re.IGNORECASE,
)
_MOZILLA = re.compile(rb"^x-mozilla-status:[ \t]*([0-9a-f]{4})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_EXPUNGED = 0x0008
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_TOP = 16_384


class Fault(StrEnum):
    """Why a mail cannot be imported."""

    EMPTY = "it is empty"
    LARGE = "it is larger than TICKETS_MAX_MESSAGE_BYTES allows"


class ArchiveMail(NamedTuple):
    """One mail as it lies in a box.

    `place` names it for people; `envelope` is the `From ` line above it; `done` tells how many bytes of all have been
    gone through. With a `fault`, which may be an `Other`, there are no bytes.
    """

    place: str
    raw: bytes
    envelope: bytes = b""
    done: int = 0
    fault: str = ""


class NoStandardInput(Exception):
    """There is nothing to read from; the text says why."""


class _BlockingReader(io.RawIOBase):
    """A pipe whose reads wait until all bytes are there, so that a file's kind does not depend on the pipe's speed."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def readable(self) -> bool:
        """Whether it can be read from, as whoever puts a buffer around it asks."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed: any buffer
        """Fill a buffer; how many bytes came, fewer only at the end."""
        piece = self._pipe.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def size_of(path: str) -> int | None:
    """How many bytes there are to go through; None where nobody can tell."""
    if path == STANDARD_INPUT:
        return None
    if not Path(path).is_dir():
        return Path(path).stat().st_size
    return sum(_size(file) for file in _files(Path(path)) if isinstance(file, Path))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0


def mails_in(path: str, limit: int, dialect: Dialect | None = None) -> Iterator[ArchiveMail]:
    """Every mail that lies at a path, one at a time and in the same order at every call.

    Raises OSError or NoStandardInput where nothing can be read at all; where reading stops in the middle, it says so as
    the fault of what it found last.
    """
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise NoStandardInput("There is no standard input to read from.")
        pipe: io.BufferedReader = io.BufferedReader(_BlockingReader(sys.stdin.buffer), _PEEKED)
        yield from _of_stream(pipe, "standard input", limit, dialect)
    elif Path(path).is_dir():
        yield from _of_directory(Path(path), limit, dialect)
    else:
        with _opened(Path(path)) as file:
            yield from _of_stream(file, one_line(Path(path).name), limit, dialect, single=_is_one_mail(Path(path)))


def _files(directory: Path) -> Iterator[Path | OSError]:
    """Every file below a directory, in order; of a Maildir not what is still being written (`tmp`).

    A directory that cannot be read is the error that says so; it is raised if it is the first one.
    """
    closed: list[OSError] = []
    for folder, folders, names in os.walk(directory, onerror=closed.append):
        yield from _drain(closed)
        if "cur" in folders:
            folders[:] = [name for name in folders if name != "tmp"]
        folders.sort()
        # What is only a link to a directory is not followed: it could lead round in a circle.
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder) / name for name in sorted([*names, *links]))
    if any(Path(archive.filename) == directory for archive in closed):
        raise closed[0]
    yield from _drain(closed)


def _drain(closed: list[OSError]) -> Iterator[OSError]:
    while closed:
        yield closed.pop(0)


def _of_directory(directory: Path, limit: int, dialect: Dialect | None) -> Iterator[ArchiveMail]:
    octets = 0
    for path in _files(directory):
        if isinstance(path, OSError):
            name = one_line(str(Path(path.filename).relative_to(directory)))
            yield ArchiveMail(name, b"", done=octets, fault=_reason(path))
            continue
        name = one_line(str(path.relative_to(directory)))
        size = 0
        try:
            if path.is_symlink() and path.exists() and not path.resolve().is_relative_to(directory.resolve()):
                yield ArchiveMail(name, b"", done=octets, fault=Other.OUTSIDE)
                continue
            if path.exists() and not path.is_file():
                # To open a named pipe would be to wait for ever.
                yield ArchiveMail(name, b"", done=octets, fault=Other.NO_FILE)
                continue
            if apart := kept_apart(path.relative_to(directory), in_maildir=path.parent.name in _MAILDIR):
                yield ArchiveMail(name, b"", done=octets + path.stat().st_size, fault=apart)
                octets += path.stat().st_size
                continue
            with _opened(path) as file:
                size = os.fstat(file.fileno()).st_size
                for mail in _of_stream(file, name, limit, dialect, single=_is_one_mail(path)):
                    yield mail._replace(done=octets + mail.done)
        except OSError as error:
            yield ArchiveMail(name, b"", done=octets, fault=_reason(error))
        octets += size


def _opened(path: Path) -> io.BufferedReader:
    return io.BufferedReader(io.FileIO(path), _PEEKED)


def _reason(error: OSError) -> str:
    return one_line(error.strerror or "it cannot be read")


def _is_one_mail(path: Path) -> bool:
    """Whether a file is one mail by its name, also where it begins as a box does."""
    return path.parent.name in _MAILDIR or path.suffix.lower() == ".eml"


def _of_stream(
    buffered: io.BufferedReader, name: str, limit: int, dialect: Dialect | None, *, single: bool = False
) -> Iterator[ArchiveMail]:
    """The mails of a box, or the one mail that a file is; what is compressed is unpacked on the way."""
    if not buffered.peek(2).startswith(GZIP):
        yield from _of_plain(buffered, buffered, name, limit, dialect, single=single)
        return
    unpacked = Unpacked(buffered)
    last: ArchiveMail | None = None
    for mail in _of_plain(io.BufferedReader(unpacked, _PEEKED), buffered, name, limit, dialect, single=single):
        if last is not None:
            yield last
        last = mail
    if unpacked.damage:
        # The damage may have cut the last mail short.
        last = ArchiveMail(name, b"", done=_position(buffered), fault=unpacked.damage)
    if last is not None:
        yield last


def _of_plain(
    file: io.BufferedReader,
    source: io.BufferedReader,
    name: str,
    limit: int,
    dialect: Dialect | None,
    *,
    single: bool,
) -> Iterator[ArchiveMail]:
    first = file.peek(_PEEKED)[:_PEEKED]
    fault = None if single else _fault_of(first)
    if fault and first:
        # Any bytes could be read as a mail without headers.
        yield ArchiveMail(name, b"", done=_position(source), fault=fault)
    if fault:
        # No bytes are a box without mails.
        return
    if single or not begins_box(first):
        raw = file.read(limit + len(BYTE_ORDER_MARK) + 1).removeprefix(BYTE_ORDER_MARK)
        yield _checked(ArchiveMail(name, raw, done=_position(source)), None if len(raw) > limit else raw)
        return
    for boxed in mails_of_box(file, limit, dialect):
        mail = ArchiveMail(f"{name}, byte {boxed.offset}", b"", boxed.envelope, _position(source))
        yield _checked(mail, boxed.raw)
        for place in boxed.doubtful:
            yield ArchiveMail(f"{name}, byte {place}", b"", done=_position(source), fault=Other.HIDDEN)


def _fault_of(first: bytes) -> Other | None:
    """Why something that begins so is neither a box nor a mail."""
    if begins_box(first) or _HEADER.match(first.removeprefix(BYTE_ORDER_MARK)):
        return None
    return Other.NO_TEXT if b"\0" in first[:_BINARY] else Other.NO_HEADERS


def _checked(mail: ArchiveMail, raw: bytes | None) -> ArchiveMail:
    if raw is None:
        return mail._replace(raw=b"", fault=Fault.LARGE)
    if not raw.strip():
        return mail._replace(raw=b"", fault=Fault.EMPTY)
    kept = _kept_by_program(raw) if not mark_of(mail.envelope) else None
    return mail._replace(raw=b"", fault=kept) if kept else mail._replace(raw=raw)


def _kept_by_program(raw: bytes) -> Other | None:
    """Whether a mail program keeps something in its box that it shows to nobody."""
    end = _HEAD_END.search(raw, 0, _TOP)
    head = raw[: end.end() if end else _TOP]
    if b"FOLDER INTERNAL DATA" in head and _FOLDER_DATA.match(head):
        return Other.FOLDER_DATA
    status = _MOZILLA.search(head)
    return Other.DELETED if status and int(status[1], 16) & _EXPUNGED else labelled(head)


def _position(file: io.BufferedReader) -> int:
    try:
        return file.tell()
    except OSError:
        return 0
