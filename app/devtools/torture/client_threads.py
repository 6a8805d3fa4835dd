"""The clients: threads with a connection each, that send what the book gives them."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..mail_client import MailClient, MailRefused, NoAnswer
from .mail_generator import GeneratedMail
from .send_queue import Book

# A connection is left after a mail in so many.
_KEPT_FOR = 25
# Longer than a mail may wait for a database that is locked.
_SECONDS = 60.0
# So long a client waits that finds nobody there, in seconds.
_PAUSE = 0.1


class Clients:
    """So many threads; `places` gives where the server listens now, SMTP first, or nothing while it does not."""

    def __init__(self, book: Book, places: Callable[[], Sequence[int | Path]], count: int, rand: random.Random) -> None:
        self._book = book
        self._places = places
        seeds = [rand.getrandbits(62) for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._work, args=(number, seed), daemon=True, name=f"client {number}")
            for number, seed in enumerate(seeds)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> bool:
        """Wait until every mail is answered; whether it was, in that time."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self, number: int, seed: int) -> None:
        # Every fourth speaks LMTP.
        client = _Client(self._book, self._places, int(number % 4 == 3), random.Random(seed))
        while (mail := self._book.take()) is not None:
            client.send(mail)
        client.leave()


class _Client:
    """One thread's client."""

    def __init__(self, book: Book, places: Callable[[], Sequence[int | Path]], kind: int, rand: random.Random) -> None:
        self._book = book
        self._places = places
        self._kind = kind
        self._rand = rand
        self._kept: MailClient | None = None
        # Mails whose client left, or came again, once already.
        self._left: set[int] = set()

    def send(self, mail: GeneratedMail) -> None:
        """Send a mail in its way, and put it back with what was answered."""
        recipients = self._book.missing(mail)
        if not recipients:
            self._book.put_back(mail, (), ())
            return
        replies = self._outcome(mail, recipients)
        self._book.put_back(mail, recipients, replies)
        if mail.again and all(reply.startswith("250") for reply in replies) and replies:
            self._once_more(mail)
        if self._rand.random() * _KEPT_FOR < 1:
            self.leave()

    def leave(self) -> None:
        """Hang up."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.leaves()

    def _outcome(self, mail: GeneratedMail, recipients: Sequence[str]) -> list[str]:
        """The replies, one a recipient; none when there was no answer."""
        try:
            return self._on_two(mail, recipients) if mail.twice else self._on_one(mail, recipients)
        except OSError:
            self.leave()
            return []
        except MailRefused as refusal:
            self.leave()
            return [str(refusal)] * len(recipients)

    def _on_one(self, mail: GeneratedMail, recipients: Sequence[str]) -> list[str]:
        connection = self._connection()
        connection.starts(mail.sender, recipients, mail.raw)
        connection.ends()
        if (mail.hangs_up or mail.gives_up) and mail.number not in self._left:
            self._left.add(mail.number)
            raise NoAnswer("we left")
        return connection.replies(len(recipients))

    def _on_two(self, mail: GeneratedMail, recipients: Sequence[str]) -> list[str]:
        """Both dots leave together. What either answers 250 is answered."""
        first, second = self._connection(), self._new(self._rand.randrange(2))
        try:
            for each in (first, second):
                each.starts(mail.sender, recipients, mail.raw)
            for each in (first, second):
                each.ends()
            replies = [self._heard(each, len(recipients)) for each in (first, second)]
        finally:
            second.leaves()
        if not replies[0]:
            self.leave()
        pairs = zip(*(each for each in replies if each), strict=True)
        return [min(pair) for pair in pairs]

    def _heard(self, connection: MailClient, recipients: int) -> list[str]:
        try:
            return connection.replies(recipients)
        except OSError:
            return []

    def _once_more(self, mail: GeneratedMail) -> None:
        """As a client does whose own note of the 250 was lost; whatever is answered now, nothing may happen."""
        with suppress(OSError, MailRefused):
            connection = self._connection()
            connection.starts(mail.sender, mail.recipients, mail.raw)
            connection.ends()
            connection.replies(len(mail.recipients))
            return
        self.leave()

    def _connection(self) -> MailClient:
        self._kept = self._kept or self._new(self._kind)
        return self._kept

    def _new(self, kind: int) -> MailClient:
        places = self._places()
        if not places:
            time.sleep(_PAUSE)
            raise NoAnswer("the server is down")
        return MailClient.greeted(places[kind], lmtp=kind == 1, seconds=_SECONDS)
