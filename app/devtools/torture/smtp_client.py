"""A mail client that can leave at any step, and that sends one mail on two connections at once."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# Longer than a mail may wait for a database that is locked.
_SECONDS = 60.0


class NoAnswer(Exception):
    """The server left, or was never there; what became of the mail is not known."""


class SmtpConnection:
    """A kept connection: SMTP to a port of this machine, LMTP to the path of a socket."""

    def __init__(self, place: int | Path) -> None:
        """Connect and greet; raises NoAnswer."""
        self.lmtp = isinstance(place, Path)
        self._socket = socket.socket(socket.AF_UNIX if self.lmtp else socket.AF_INET)
        self._socket.settimeout(_SECONDS)
        self._heard = self._socket.makefile("rb")
        try:
            self._socket.connect(str(place) if self.lmtp else ("127.0.0.1", place))
            self._expect("220")
            self._say(b"LHLO torture.test" if self.lmtp else b"EHLO torture.test", "250")
        except OSError as error:
            self.close()
            raise NoAnswer(str(error)) from error
        except NoAnswer:
            self.close()
            raise

    def close(self) -> None:
        """Hang up without a word."""
        with suppress(OSError):
            self._heard.close()
        self._socket.close()

    def begin(self, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Everything of a mail but its end; raises NoAnswer, or Refused with the reply."""
        try:
            self._say(f"MAIL FROM:<{sender}>".encode(), "250")
            for recipient in recipients:
                self._say(f"RCPT TO:<{recipient}>".encode(), "250")
            self._say(b"DATA", "354")
            self._socket.sendall(_stuffed(raw))
        except OSError as error:
            raise NoAnswer(str(error)) from error

    def end(self) -> None:
        """The dot after a mail; raises NoAnswer."""
        try:
            self._socket.sendall(b".\r\n")
        except OSError as error:
            raise NoAnswer(str(error)) from error

    def replies(self, recipients: int) -> list[str]:
        """What became of a mail, for each of so many recipients; raises NoAnswer unless all of it is heard."""
        if self.lmtp:
            return [self._hear() for _ in range(recipients)]
        return [self._hear()] * recipients

    def _say(self, line: bytes, expected: str) -> None:
        try:
            self._socket.sendall(line + b"\r\n")
        except OSError as error:
            raise NoAnswer(str(error)) from error
        self._expect(expected)

    def _expect(self, code: str) -> None:
        reply = self._hear()
        if not reply.startswith(code):
            raise MailRefused(reply)

    def _hear(self) -> str:
        try:
            while (line := self._heard.readline())[3:4] == b"-":
                pass
        except OSError as error:
            raise NoAnswer(str(error)) from error
        if not line.endswith(b"\n"):
            raise NoAnswer("the server hung up")
        return line.decode("ascii", "replace").strip()


class MailRefused(Exception):
    """The server said no before it had the mail; the text is its reply."""


def _stuffed(raw: bytes) -> bytes:
    """A mail as it goes over the wire: a line that starts with a dot gets one more (RFC 5321, 4.5.2)."""
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..").removeprefix(b"\r\n")
