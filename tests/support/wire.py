"""A mail client that says exactly what a test wants, and hears exactly what is answered."""

import socket
from pathlib import Path
from types import TracebackType

SECONDS = 30


class Wire:
    """One connection to a server of ours, by port or by the path of a socket."""

    def __init__(self, place: int | Path, *, lmtp: bool = False) -> None:
        self.lmtp = lmtp
        if isinstance(place, int):
            self.socket = socket.create_connection(("127.0.0.1", place), SECONDS)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(SECONDS)
            self.socket.connect(str(place))
        self.heard = self.socket.makefile("rb")
        assert self.hears().startswith("220 ")

    def __enter__(self) -> "Wire":
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
        while line := self.heard.readline().decode():
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                break
        return "/".join(lines)

    def says(self, line: str | bytes) -> str:
        """Send one command and hear the reply."""
        self.sends(line)
        return self.hears()

    def greets(self) -> str:
        return self.says("LHLO home.example" if self.lmtp else "EHLO home.example")

    def begins(self, *recipients: str, sender: str = "ann@example.org") -> list[str]:
        """Greet, and name sender and recipients; the replies to the recipients."""
        self.greets()
        assert self.says(f"MAIL FROM:<{sender}>").startswith("250 ")
        return [self.says(f"RCPT TO:<{recipient}>") for recipient in recipients]

    def hands_over(self, raw: bytes) -> str:
        """DATA, the mail with its dots stuffed, and the end; the (first) reply. `raw` ends with CRLF, or is empty."""
        assert self.says("DATA").startswith("354 ")
        self.socket.sendall(stuffed(raw) + b".\r\n")
        return self.hears()

    def leaves(self) -> None:
        """Hang up without a word."""
        self.heard.close()
        self.socket.close()


def stuffed(raw: bytes) -> bytes:
    """A mail as it goes over the wire: every line that starts with a dot gets one more (RFC 5321, 4.5.2)."""
    assert not raw or raw.endswith(b"\r\n")
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..").removeprefix(b"\r\n")
