"""The clients' book: which mails are still to be sent, and what was answered to each."""

import heapq
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence

from .mail_generator import GeneratedMail, MailGenerator

# A mail that was not taken comes back after about so many seconds; a client in earnest would wait longer.
_PAUSE = 0.5


class Book:
    """Hands out mails until so many are made and each is answered 250 or given up; threads share it."""

    def __init__(self, writers: MailGenerator, mails: int, seconds: float, rand: random.Random) -> None:
        """`seconds`: the mails are spread over about so long."""
        self.answered: set[tuple[int, str]] = set()
        self.refused: dict[tuple[int, str], str] = {}
        self.given_up: set[int] = set()
        self.replies: Counter[str] = Counter()
        self._writers = writers
        self._mails = mails
        self._every = seconds / mails
        self._rand = rand
        self._made = 0
        self._out = 0
        self._begun = time.monotonic()
        self._due: list[tuple[float, int, GeneratedMail]] = []
        self._change = threading.Condition()
        self._closed = False

    def take(self) -> GeneratedMail | None:
        """The next mail to send, waiting for it; None when there will be no more."""
        with self._change:
            while not self._closed:
                if mail := self._next():
                    self._out += 1
                    return mail
                if self._is_done():
                    break
                self._change.wait(0.05)
            return None

    def put_back(self, mail: GeneratedMail, recipients: Sequence[str], replies: Sequence[str]) -> None:
        """Note what was heard; no replies: nothing was. What was not answered 250 comes again."""
        with self._change:
            self._out -= 1
            self._note(mail, recipients, replies)
            if self.missing(mail) and mail.gives_up:
                self.given_up.add(mail.number)
            elif self.missing(mail):
                self._again(mail)
            self._change.notify_all()

    def missing(self, mail: GeneratedMail) -> list[str]:
        """The recipients for whom a mail was not answered 250 yet, nor refused for good."""
        settled = (self.answered, self.refused)
        return [member for member in mail.recipients if not any((mail.number, member) in each for each in settled)]

    def hurry(self) -> None:
        """Spread the mails no longer: what is left is sent at once."""
        with self._change:
            self._every = 0.0

    def close(self) -> None:
        """Give out nothing any more."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def is_done(self) -> bool:
        """Whether every mail is made, and answered or given up."""
        with self._change:
            return self._is_done()

    @property
    def made(self) -> int:
        """How many mails there are."""
        return self._made

    def unanswered(self) -> int:
        """How many mails still wait for an answer."""
        with self._change:
            return len(self._due) + self._out

    def _next(self) -> GeneratedMail | None:
        now = time.monotonic()
        if self._due and self._due[0][0] <= now:
            return heapq.heappop(self._due)[2]
        if self._made < self._mails and now >= self._begun + self._made * self._every:
            self._made += 1
            return self._writers.next()
        return None

    def _is_done(self) -> bool:
        return self._made >= self._mails and not self._due and not self._out

    def _note(self, mail: GeneratedMail, recipients: Sequence[str], replies: Sequence[str]) -> None:
        self.replies.update(" ".join(reply.split()[:2]) for reply in replies)
        if not replies:
            self.replies["no answer"] += 1
        for recipient, reply in zip(recipients, replies, strict=False):
            if reply.startswith("250"):
                self.answered.add((mail.number, recipient))
            elif reply.startswith("5"):
                self.refused[mail.number, recipient] = reply
        if not self.missing(mail):
            self._writers.record_answered(mail)

    def _again(self, mail: GeneratedMail) -> None:
        due = time.monotonic() + _PAUSE * (0.2 + 1.6 * self._rand.random())
        heapq.heappush(self._due, (due, self._rand.getrandbits(62), mail))
