"""The relay of the torture: an SMTP server that keeps every letter, and fails when and how it is told.

The steps at which it can fail are CONNECT (its banner), EHLO, MAIL, RCPT, DATA, BODY (in the middle of the letter), DOT
(all of the letter is there, and not yet accepted), KEPT (it is accepted, and the 250 not yet said) and AFTER the 250.
"""

import hashlib
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from typing import NamedTuple

from .mail_generator import LetterToAnswer

_SETTLE_SECONDS = 60.0
_IDLE_SECONDS = 300.0


class Deed(NamedTuple):
    """What the relay does instead of its duty: refuses with a reply, or keeps silent for so long, then hangs up or not.

    Neither a reply nor silence: it hangs up at once.
    """

    reply: str = ""
    silence: float = 0.0
    drops: bool = False


class Copy(NamedTuple):
    """A letter as it was accepted once. `life`: which life of our server sent it; `heard`: whether it was told 250."""

    message_id: str
    recipient: str
    digest: bytes
    life: int
    heard: bool


class HungUp(Exception):
    """The dialogue is over."""


class FaultyRelay:
    """The server, in threads; `copies` is all that it accepted, in that order."""

    def __init__(self, on_letter: Callable[[str, str, LetterToAnswer], None]) -> None:
        """`on_letter` hears a letter's subject, its reader, and what the reader needs to answer it."""
        self.copies: list[Copy] = []
        self.refused: set[str] = set()
        self.done: Counter[str] = Counter()
        self.life = 0
        self.port = 0
        self._on_letter = on_letter
        self._deeds: dict[str, Deed] = {}
        self._refused_once: set[str] = set()
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Listen, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True, name="relay").start()

    def stop(self) -> None:
        """Be away: close everything at once, as a killed server does."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # A plain close would leave the accepting thread asleep in the kernel.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every connection without a word, whatever it is in the middle of."""
        with self._lock:
            for connection in self._live:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def settle(self) -> None:
        """Wait until nobody is connected: what a client said before it was killed has been heard."""
        end = time.monotonic() + _SETTLE_SECONDS
        while self._live and time.monotonic() < end:
            time.sleep(0.005)

    def arm(self, step: str, deed: Deed) -> None:
        """Do that once, when a dialogue next comes to this step."""
        with self._lock:
            self._deeds[step] = deed

    @property
    def is_armed(self) -> bool:
        """Whether something is still to be done."""
        return bool(self._deeds)

    def disarm(self) -> None:
        """Do nothing but the duty."""
        with self._lock:
            self._deeds.clear()

    def deed(self, step: str, token: str, recipient: str) -> Deed | None:
        """What to do at this step to this letter. An address is refused for good once: a second time would mark it."""
        with self._lock:
            deed = self._deeds.pop(step, None)
            if deed:
                self.done[step] += 1
            if deed and deed.reply.startswith("5") and step in ("MAIL", "RCPT", "DATA", "DOT"):
                if step == "MAIL" or recipient in self._refused_once:
                    return deed._replace(reply="451 4.7.1 not now")
                self._refused_once.add(recipient)
                self.refused.add(token)
            return deed

    def keep(self, copy: Copy, headers: bytes) -> int:
        """Accept a letter; its place."""
        with self._lock:
            self.copies.append(copy)
            place = len(self.copies) - 1
        found = BytesHeaderParser().parsebytes(headers)
        letter = LetterToAnswer(copy.message_id, str(found["Reply-To"]))
        self._on_letter(" ".join(str(found["Subject"]).split()), copy.recipient, letter)
        return place

    def was_heard(self, place: int) -> None:
        """The 250 to this copy was said to somebody who was still there."""
        with self._lock:
            self.copies[place] = self.copies[place]._replace(heard=True)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(_IDLE_SECONDS)
            with self._lock:
                self._live.add(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True, name="relay dialogue").start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with suppress(HungUp, OSError):
                _RelayDialogue(self, connection).run()
        finally:
            connection.close()
            with self._lock:
                self._live.discard(connection)


@dataclass
class _RelayDialogue:
    """One connection."""

    relay: FaultyRelay
    connection: socket.socket
    life: int = 0
    token: str = ""
    recipient: str = ""
    buffer: bytearray = field(default_factory=bytearray)

    def run(self) -> None:
        """Speak until somebody hangs up."""
        self.life = self.relay.life
        self._step("CONNECT", "220 relay")
        while True:
            line = self._line().decode("utf-8", "replace")
            verb = line[:4].upper()
            if verb == "QUIT":
                self._say("221 2.0.0 bye")
                return
            if verb == "DATA":
                self._take_letter()
            else:
                self._obey(verb, line)

    def _obey(self, verb: str, line: str) -> None:
        if verb == "MAIL":
            self.token = _between_brackets(line).partition("@")[0].removeprefix("bounce-")
        elif verb == "RCPT":
            self.recipient = _between_brackets(line)
        usual = {"EHLO": "250-relay\r\n250-SIZE 50000000\r\n250 8BITMIME"}.get(verb, "250 2.0.0 ok")
        self._step(verb, usual)

    def _take_letter(self) -> None:
        if not self._step("DATA", "354 go on"):
            return
        self._step("BODY", "")
        lines = list(iter(self._line, b"."))
        # At this step the letter is still the client's, whatever becomes of it.
        if not self._step("DOT", ""):
            return
        content = b"\r\n".join(line.removeprefix(b".") for line in lines)
        headers = content.partition(b"\r\n\r\n")[0]
        message_id = str(BytesHeaderParser().parsebytes(headers)["Message-ID"])
        digest = hashlib.sha256(content).digest()
        place = self.relay.keep(Copy(message_id, self.recipient, digest, self.life, heard=False), headers)
        self._step("KEPT", "250 2.0.0 kept")
        self.relay.was_heard(place)
        self._step("AFTER", "")

    def _step(self, step: str, usual: str) -> bool:
        """Say the usual, or do what was armed for this step; whether the dialogue goes on as usual."""
        deed = self.relay.deed(step, self.token, self.recipient)
        if deed is not None:
            self._be_silent(deed.silence)
            if deed.drops:
                raise HungUp
        reply = deed.reply if deed and deed.reply else usual
        if reply:
            self._say(reply)
        return reply == usual

    def _be_silent(self, seconds: float) -> None:
        """Say nothing for so long, unless the client leaves: then it cannot hear what we would say."""
        # Also when something it said is still unread, and the letter of a client that was killed is not kept late.
        gone = select.poll()
        gone.register(self.connection, select.POLLRDHUP)
        if gone.poll(seconds * 1000):
            raise HungUp

    def _say(self, reply: str) -> None:
        self.connection.sendall(f"{reply}\r\n".encode())

    def _line(self) -> bytes:
        while (end := self.buffer.find(b"\r\n")) < 0:
            block = self.connection.recv(65_536)
            if not block:
                raise HungUp
            self.buffer += block
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        return line


def _between_brackets(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
