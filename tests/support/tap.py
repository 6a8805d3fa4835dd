"""A tap: between a mail server and the tracker it hears every byte, and can lose the last answer."""

import contextlib
import re
import socket
import threading

_END = b"\r\n.\r\n"
_DATA = b"\r\nDATA\r\n"


class Tap:
    """Listens at one port of 127.0.0.1 and passes everything on to another, in threads."""

    def __init__(self, port: int, behind: int) -> None:
        self.port, self.behind = port, behind
        # So many times the answer to a mail never arrives: both sides find the connection lost.
        self.losses = 0
        self._sent: list[bytearray] = []
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Tap":
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._in_thread(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # A plain close would leave the accepting thread asleep in the kernel.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        with self._lock:
            for connection in self._live:
                _hang_up(connection)
        for thread in self._threads:
            thread.join()
        for connection in self._live:
            connection.close()

    @property
    def mails(self) -> list[bytes]:
        """Every mail that was handed over to its end, in order, as it was before its dots were stuffed."""
        return [_unstuffed(bytes(sent)) for sent in self._sent if _END in sent]

    @property
    def commands(self) -> list[list[str]]:
        """What was said before each of these mails."""
        heads = [bytes(sent).partition(_DATA)[0] for sent in self._sent if _END in sent]
        return [head.decode().split("\r\n") for head in heads]

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.behind))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._live |= {near, far}
            sent = bytearray()
            self._sent.append(sent)
            self._in_thread(self._pass_on, near, far, sent)
            self._in_thread(self._answer, near, far, sent)

    def _pass_on(self, near: socket.socket, far: socket.socket, sent: bytearray) -> None:
        with contextlib.suppress(OSError):
            while block := near.recv(65536):
                sent += block
                far.sendall(block)
        _hang_up(far)

    def _answer(self, near: socket.socket, far: socket.socket, sent: bytearray) -> None:
        with contextlib.suppress(OSError):
            while block := far.recv(65536):
                if self.losses and _END in sent:
                    self.losses -= 1
                    break
                near.sendall(block)
        _hang_up(near)
        _hang_up(far)

    def _in_thread(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _unstuffed(sent: bytes) -> bytes:
    """The one mail of a connection (RFC 5321 4.5.2)."""
    assert sent.count(_DATA) == 1, "more than one mail in a connection, or the word DATA in one"
    content = sent.partition(_DATA)[2].partition(_END)[0]
    return re.sub(rb"(\A|\r\n)\.", rb"\1", content) + b"\r\n"
