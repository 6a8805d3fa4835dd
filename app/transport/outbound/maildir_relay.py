"""The relay that leaves letters in a Maildir, for trying the tracker out and for local delivery."""

import os
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from ...model.storage.disk import sync
from .envelope import Envelope, Mail, envelope_of, letter_bytes
from .errors import Unreachable

_ROOMS = ("tmp", "new", "cur")
_sequence = count()


class MaildirRelay:
    """A relay (see `relays.Relay`) into a directory that mail readers open."""

    def __init__(self, path: Path) -> None:
        """Take the directory's path; it is made when it is first needed."""
        self.path = path
        self._drafts, self._new = path / "tmp", path / "new"
        # Told of each letter that was stored, for whoever looks on.
        self.delivered: Callable[[bytes], None] = lambda _: None

    def __str__(self) -> str:
        """Return the relay as its URL."""
        return f"maildir:{self.path}"

    def deliver(self, message: Mail, To: str | Iterable[str] | None = None, From: str | None = None) -> None:  # noqa: N803 - Salmon's names
        """Store one file, safe on the disk on return, with LF line ends.

        The envelope goes before it as Return-Path (RFC 5321, 4.4) and one Delivered-To a recipient. Raises Refused for
        a letter without usable addresses or that cannot be written, Unreachable when the disk does not take it.
        """
        envelope = envelope_of(message, To, From)
        letter = letter_bytes(message, utf8=bool(envelope.beyond_ascii))
        file = (_trace(envelope) + letter).replace(b"\r\n", b"\n")
        with self._disk_in_words():
            try:
                self._store(file)
            except FileNotFoundError:
                self._make()
                self._store(file)
        self.delivered(letter)

    def check(self) -> None:
        """Make the directory and try to write into it; raises Unreachable."""
        with self._disk_in_words():
            self._make()
            for room in ("tmp", "new"):
                with tempfile.TemporaryFile(dir=self.path / room) as trial:
                    trial.write(b"a letter")

    def close(self) -> None:
        """Nothing is kept open."""

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for room in _ROOMS:
            (self.path / room).mkdir(mode=0o700, exist_ok=True)

    def _store(self, letter: bytes) -> None:
        name = _unique_name()
        draft = self._drafts / name
        # Written by hand, as mailbox.Maildir leaves an open file and a stray draft behind on a full disk, and does not
        # sync the directory, without which a power cut takes the letter away after it was called delivered.
        try:
            with draft.open("xb") as file:
                file.write(letter)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._new / name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sync(self._new)

    @contextmanager
    def _disk_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unreachable(f"cannot write to {self}: {error.strerror or error}") from error


def _trace(envelope: Envelope) -> bytes:
    lines = [f"Return-Path: <{envelope.sender}>", *(f"Delivered-To: {each}" for each in envelope.recipients)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _unique_name() -> str:
    host = socket.gethostname().replace("/", "\\057").replace(":", "\\072")
    now = time.time_ns()
    # Containers share process ids and a directory, so the random part is not for show.
    unique = f"M{now // 1000 % 1_000_000}P{os.getpid()}Q{next(_sequence)}R{secrets.token_hex(4)}"
    return f"{now // 1_000_000_000}.{unique}.{host}"
