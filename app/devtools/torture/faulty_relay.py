"""The relay of the torture: it keeps the digest of every letter, and fails once at a step where it is told to.

To the steps of a scripted relay comes AFTER, when the 250 to a letter has been said.
"""

import hashlib
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection
from email.parser import BytesHeaderParser
from typing import NamedTuple

from ..scripted_relay import Deed, Dialogue, ScriptedRelay, TakenLetter
from .mail_generator import LetterToAnswer

_SETTLE_SECONDS = 60.0
_CAN_REFUSE = ("MAIL", "RCPT", "DATA", "DOT")


class Copy(NamedTuple):
    """A letter as it was accepted once.

    `process`: the number of the process of our server that sent it; `heard`: whether it was told 250.
    """

    message_id: str
    recipient: str
    digest: bytes
    process: int
    heard: bool


class FaultyRelay(ScriptedRelay):
    """The server; `copies` is all that it accepted, in that order."""

    def __init__(self, on_letter: Callable[[str, str, LetterToAnswer], None]) -> None:
        """`on_letter` hears a letter's subject, its reader, and what the reader needs to answer it."""
        super().__init__(extensions=("SIZE 50000000", "8BITMIME"))
        self.copies: list[Copy] = []
        self.refused: set[str] = set()
        self.done: Counter[str] = Counter()
        # Which process has the connection that comes from a port.
        self.sender_at: Callable[[int], int | None] = lambda _: None
        self._speaking: Counter[int] = Counter()
        self._on_letter = on_letter
        self._deeds: dict[str, Deed] = {}
        self._refused_once: set[str] = set()

    def settle(self, processes: Collection[int]) -> None:
        """Wait until none of them is connected: what they said before they were killed has been heard."""
        end = time.monotonic() + _SETTLE_SECONDS
        while any(self._speaking[process] for process in processes) and time.monotonic() < end:
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

    def dialogue(self, connection: socket.socket) -> Dialogue:
        """The dialogue on a new connection."""
        process = self.sender_at(connection.getpeername()[1]) or 0
        with self._lock:
            self._speaking[process] += 1
        return _RelayDialogue(self, connection, process)

    def record_end(self, process: int) -> None:
        """Note that a connection of this process has ended."""
        with self._lock:
            self._speaking[process] -= 1

    def hear(self, line: str) -> None:
        """Keep no commands: there are many."""

    def decide(self, step: str, line: str, dialogue: Dialogue) -> Deed | None:
        """What to do at this step to this letter. An address is refused for good once: a second time would mark it."""
        with self._lock:
            deed = self._deeds.pop(step, None)
            if deed is None:
                return None
            self.done[step] += 1
            if deed.reply.startswith("5") and step in _CAN_REFUSE:
                recipient = _between_brackets(line) if step == "RCPT" else "".join(dialogue.recipients[-1:])
                if step == "MAIL" or recipient in self._refused_once:
                    return deed._replace(reply="451 4.7.1 not now")
                self._refused_once.add(recipient)
                self.refused.add((dialogue.sender or "").partition("@")[0].removeprefix("bounce-"))
            return deed

    def keep(self, letter: TakenLetter, dialogue: Dialogue) -> None:
        """Accept a letter."""
        assert isinstance(dialogue, _RelayDialogue)
        headers = BytesHeaderParser().parsebytes(letter.content.partition(b"\r\n\r\n")[0])
        message_id, recipient = str(headers["Message-ID"]), letter.recipients[-1]
        digest = hashlib.sha256(letter.content).digest()
        with self._lock:
            dialogue.place = len(self.copies)
            self.copies.append(Copy(message_id, recipient, digest, dialogue.process, heard=False))
        subject = " ".join(str(headers["Subject"]).split())
        self._on_letter(subject, recipient, LetterToAnswer(message_id, str(headers["Reply-To"])))

    def record_heard(self, place: int) -> None:
        """Note that the 250 to this copy was said to somebody who was still there."""
        with self._lock:
            self.copies[place] = self.copies[place]._replace(heard=True)


class _RelayDialogue(Dialogue):
    """One connection, of one process of our server; `place` is that of the letter that was accepted last."""

    def __init__(self, relay: FaultyRelay, connection: socket.socket, process: int) -> None:
        super().__init__(relay, connection)
        self._faulty_relay = relay
        self.process = process
        self.place: int | None = None

    def close(self) -> None:
        """Let go of the socket."""
        super().close()
        self._faulty_relay.record_end(self.process)

    def take_letter(self, line: str) -> None:
        """Accept a letter, and record whether the courier heard the 250."""
        super().take_letter(line)
        place, self.place = self.place, None
        if place is not None:
            self._faulty_relay.record_heard(place)
            self.step("AFTER", line, "")


def _between_brackets(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
