"""The clients of the benchmarks: one LMTP connection each, mail after mail."""

import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import perf_counter
from types import TracebackType
from typing import NamedTuple


class LmtpMail(NamedTuple):
    """One mail to hand over."""

    sender: str
    recipient: str
    content: bytes


class Unexpected(RuntimeError):
    """The server answered something else than it must here."""


class LmtpConnection:
    """A kept LMTP connection; four round trips a mail, nothing pipelined."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = self._socket.makefile("rb")
        self._expect(b"220")
        self._say(b"LHLO bench", b"250")

    def __enter__(self) -> "LmtpConnection":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._read.close()
        self._socket.close()

    def send(self, mail: LmtpMail) -> None:
        """Hand over one mail; Unexpected unless it is answered 250."""
        self._say(f"MAIL FROM:<{mail.sender}>".encode(), b"250")
        self._say(f"RCPT TO:<{mail.recipient}>".encode(), b"250")
        self._say(b"DATA", b"354")
        self._socket.sendall(mail.content)
        self._say(b"\r\n.", b"250")

    def time(self, mail: LmtpMail) -> float:
        """Hand over one mail; the seconds until it was answered."""
        begun = perf_counter()
        self.send(mail)
        return perf_counter() - begun

    def _say(self, line: bytes, expected: bytes) -> None:
        self._socket.sendall(line + b"\r\n")
        self._expect(expected)

    def _expect(self, code: bytes) -> None:
        while (line := self._read.readline())[3:4] == b"-":
            pass
        if not line.startswith(code):
            raise Unexpected(f"expected {code.decode()}, got {line!r}")


def send_all(port: int, mails: Sequence[LmtpMail], connections: int) -> float:
    """Hand over all the mails over so many connections at once; the seconds it took, connections made before."""
    with ExitStack() as stack, ThreadPoolExecutor(connections) as threads:
        opened = [stack.enter_context(LmtpConnection(port)) for _ in range(connections)]
        begun = perf_counter()
        work = [threads.submit(_send, one, mails[place::connections]) for place, one in enumerate(opened)]
        for one in work:
            one.result()
        return perf_counter() - begun


def _send(connection: LmtpConnection, mails: Iterable[LmtpMail]) -> None:
    for mail in mails:
        connection.send(mail)
