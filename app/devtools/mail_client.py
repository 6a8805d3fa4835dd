"""A mail client that says exactly what it is told, and hears exactly what is answered."""

import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType


class NoAnswer(ConnectionError):
    """The server left, or was never there; what became of the mail is not known."""


class MailRefused(Exception):
    """The server said no before it had the mail; the text is its reply."""


class MailClient:
    """One connection to a server of ours, by port or by the path of a socket. Whatever a socket raises is raised."""

    def __init__(self, place: int | Path, *, lmtp: bool = False, seconds: float = 30.0) -> None:
        """Connect and hear the banner. `seconds` is the longest wait for a reply."""
        self.lmtp = lmtp
        self.socket = socket.socket(socket.AF_INET if isinstance(place, int) else socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.heard = self.socket.makefile("rb")
        try:
            self.socket.connect(("127.0.0.1", place) if isinstance(place, int) else str(place))
            if isinstance(place, int):
                # The end of a mail must not wait until the mail's last segment is acknowledged.
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._expect(self.hears(), "220 ")
        except BaseException:
            self.leaves()
            raise

    @classmethod
    def greeted(cls, place: int | Path, *, lmtp: bool, seconds: float = 60.0) -> "MailClient":
        """Connect and greet, to hand over many mails."""
        client = cls(place, lmtp=lmtp, seconds=seconds)
        try:
            client._expect(client.greets(), "250")
        except BaseException:
            client.leaves()
            raise
        return client

    def __enter__(self) -> "MailClient":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leaves()

    def sends(self, *lines: str | bytes) -> None:
        """Send all these lines at once."""
        raw = [line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line for line in lines]
        self.socket.sendall(b"".join(line + b"\r\n" for line in raw))

    def hears(self) -> str:
        """One reply, its lines parted by a slash; empty once the server has hung up."""
        lines = []
        while (line := self.heard.readline().decode("utf-8", "replace")).endswith("\n"):
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "/".join(lines)
        return ""

    def says(self, line: str | bytes) -> str:
        """Send one command and hear the reply."""
        self.sends(line)
        return self.hears()

    def greets(self) -> str:
        """Say LHLO or EHLO and hear the reply."""
        return self.says("LHLO home.example" if self.lmtp else "EHLO home.example")

    def begins(self, *recipients: str, sender: str = "ann@example.org") -> list[str]:
        """Greet, and name sender and recipients; the replies to the recipients."""
        self.greets()
        self._expect(self.says(f"MAIL FROM:<{sender}>"), "250 ")
        return [self.says(f"RCPT TO:<{recipient}>") for recipient in recipients]

    def hands_over(self, raw: bytes) -> str:
        """DATA, the mail with its dots stuffed, and the end; the (first) reply. `raw` ends with CRLF, or is empty."""
        self._writes(raw)
        return self.says(b".")

    def starts(self, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Hand over everything of a mail but its end. Raises MailRefused or NoAnswer."""
        self._expect(self.says(f"MAIL FROM:<{sender}>"), "250")
        for recipient in recipients:
            self._expect(self.says(f"RCPT TO:<{recipient}>"), "250")
        self._writes(raw)

    def ends(self) -> None:
        """Send the dot behind a mail, and wait for nothing."""
        self.sends(b".")

    def replies(self, recipients: int) -> list[str]:
        """What became of a mail, for each of its recipients. Raises NoAnswer unless all of it is heard."""
        replies = [self.hears() for _ in range(recipients if self.lmtp else 1)]
        if not all(replies):
            raise NoAnswer("the server hung up")
        return replies if self.lmtp else replies * recipients

    def leaves(self) -> None:
        """Hang up without a word."""
        self.heard.close()
        self.socket.close()

    def _writes(self, raw: bytes) -> None:
        self._expect(self.says("DATA"), "354")
        self.socket.sendall(_stuffed(raw))

    @staticmethod
    def _expect(reply: str, code: str) -> None:
        if not reply:
            raise NoAnswer("the server hung up")
        if not reply.startswith(code):
            raise MailRefused(reply)


def _stuffed(raw: bytes) -> bytes:
    """A mail as it goes over the wire: every line that starts with a dot gets one more (RFC 5321, 4.5.2)."""
    assert not raw or raw.endswith(b"\r\n")
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..").removeprefix(b"\r\n")
