"""This file holds where old mail lies: mbox, Maildir, single mails in a directory, and standard input."""

import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from app.archive.mbox import Dialect, begins_box, mails_of_box
from app.model.text import one_line

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_PEEKED = 65_536
_BINARY = 1_024
_HEADER = re.compile(
    rb"(?:>?From [^\n]*\n)?(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?"
    rb"(?:from|to|date|subject|received|message-id|return-path|mime-version|content-type|delivered-to):",
    re.IGNORECASE,
)


class Fault(StrEnum):
    """Why something in a box is no mail that can be imported."""

    EMPTY = "it is empty"
    LARGE = "it is larger than TICKETS_MAX_MESSAGE_BYTES allows"
    NO_MAIL = "it is no mail"


class Found(NamedTuple):
    """One mail as it lies in a box.

    `place` names it for people; `envelope` is the `From ` line above it; `done` tells how many bytes of all have been
    gone through. With a `fault` there are no bytes.
    """

    place: str
    raw: bytes
    envelope: bytes = b""
    done: int = 0
    fault: str = ""


class BrokenBox(Exception):
    """A box cannot be read to its end; the text says which and why."""


def size_of(path: str) -> int | None:
    """How many bytes there are to go through; None where nobody can tell."""
    if path == STANDARD_INPUT:
        return None
    if not Path(path).is_dir():
        return Path(path).stat().st_size
    return sum(file.stat().st_size for file in _files(Path(path)) if file.is_file())


def mails_in(path: str, limit: int, dialect: Dialect | None = None) -> Iterator[Found]:
    """Every mail that lies at a path, one at a time and in the same order at every call.

    Raises OSError where the path cannot be read at all, BrokenBox where reading stops in the middle.
    """
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise BrokenBox("There is no standard input to read from.")
        yield from _of_stream(sys.stdin.buffer, "standard input", limit, dialect)
    elif Path(path).is_dir():
        yield from _of_directory(Path(path), limit, dialect)
    else:
        with Path(path).open("rb") as file:
            yield from _of_stream(file, Path(path).name, limit, dialect, single=_is_one_mail(Path(path)))


def _files(directory: Path) -> Iterator[Path]:
    """Every file below a directory, in order; of a Maildir not what is still being written (`tmp`)."""
    for folder, folders, names in os.walk(directory):
        if "cur" in folders:
            folders[:] = [name for name in folders if name != "tmp"]
        folders.sort()
        yield from (Path(folder) / name for name in sorted(names))


def _of_directory(directory: Path, limit: int, dialect: Dialect | None) -> Iterator[Found]:
    done = 0
    for path in _files(directory):
        name = one_line(str(path.relative_to(directory)))
        single = _is_one_mail(path)
        size = 0
        if path.exists() and not path.is_file():
            # To open a named pipe would be to wait for ever.
            yield Found(name, b"", done=done, fault=Fault.NO_MAIL)
            continue
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if single or _seems_mail(file.peek(_PEEKED)):
                    for found in _of_stream(file, name, limit, dialect, single=single):
                        yield found._replace(done=done + found.done)
                else:
                    yield Found(name, b"", done=done, fault=Fault.NO_MAIL)
        except OSError as error:
            yield Found(name, b"", done=done, fault=one_line(error.strerror or "it cannot be read"))
        except BrokenBox as error:
            yield Found(name, b"", done=done, fault=one_line(str(error).removeprefix(f"{name}: ")))
        done += size


def _is_one_mail(path: Path) -> bool:
    """Whether a file is one mail by its name, also where it begins as a box does."""
    return path.parent.name in ("cur", "new") or path.suffix.lower() == ".eml"


def _seems_mail(first: bytes) -> bool:
    return begins_box(first) or first.startswith(_GZIP) or bool(_HEADER.match(first))


def _of_stream(
    file: BinaryIO, name: str, limit: int, dialect: Dialect | None, *, single: bool = False
) -> Iterator[Found]:
    """The mails of a box, or the one mail that a file is; what is compressed is unpacked on the way."""
    buffered = cast("io.BufferedReader", file)
    if buffered.peek(2).startswith(_GZIP):
        unpacked = cast("io.BufferedReader", io.BufferedReader(gzip.GzipFile(fileobj=buffered)))
        try:
            yield from _of_plain(unpacked, buffered, name, limit, dialect, single=single)
        except (EOFError, zlib.error) as error:
            raise BrokenBox(f"{name}: the compressed file is damaged: {one_line(str(error))}") from error
    else:
        yield from _of_plain(buffered, buffered, name, limit, dialect, single=single)


def _of_plain(
    file: io.BufferedReader,
    source: io.BufferedReader,
    name: str,
    limit: int,
    dialect: Dialect | None,
    *,
    single: bool,
) -> Iterator[Found]:
    first = file.peek(_PEEKED)[:_PEEKED]
    if not single and b"\0" in first[:_BINARY] and not _seems_mail(first):
        # A picture, say, or an archive of another kind: any bytes could be read as a mail without headers.
        yield Found(name, b"", done=_position(source), fault=Fault.NO_MAIL)
        return
    if single or not begins_box(first):
        raw = file.read(limit + 1)
        yield _checked(Found(name, raw, done=_position(source)), None if len(raw) > limit else raw)
        return
    for boxed in mails_of_box(file, limit, dialect):
        found = Found(f"{name}, byte {boxed.offset}", b"", boxed.envelope, _position(source))
        yield _checked(found, boxed.raw)


def _checked(found: Found, raw: bytes | None) -> Found:
    if raw is None:
        return found._replace(raw=b"", fault=Fault.LARGE)
    return found._replace(raw=raw) if raw.strip() else found._replace(raw=b"", fault=Fault.EMPTY)


def _position(file: io.BufferedReader) -> int:
    try:
        return file.tell()
    except OSError:
        return 0
