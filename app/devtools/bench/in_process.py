"""A tracker's way of a mail in this process, without a server: for what a socket and other threads would blur."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from time import process_time

from ...config import build, defaults
from ...config.parsing import load
from ...model.storage.database import Database
from ...transport.inbound.intake import MailIntake
from .load import MeasuredMail
from .tracker import DOMAIN, Tracker


class InProcess:
    """A tracker's database and intake. Its clock gains a minute with each mail, so that no ticket gets many at once."""

    def __init__(self, tracker: Tracker) -> None:
        self._moment = datetime.now(UTC)
        self.database = Database(tracker.environment["TICKETS_DATABASE_URL"], DOMAIN, clock=lambda: self._moment)
        build.load_routes(load(vars(defaults), tracker.environment))
        self._intake = MailIntake(self.database, keep_unmatched=True)

    def take(self, mail: MeasuredMail) -> None:
        """Store one mail, as the server does when it has read it."""
        self._moment += timedelta(minutes=1)
        self._intake.receive(mail.content + b"\r\n", mail.sender, [mail.recipient])

    def cost(self, mails: Sequence[MeasuredMail], besides: Callable[[], float] = lambda: 0.0) -> float:
        """Processor milliseconds of one mail; `besides` are those that other processes have used."""
        others_before, before = besides(), process_time()
        for mail in mails:
            self.take(mail)
        ours = process_time() - before
        return (ours * 1000 + besides() - others_before) / len(mails)


@contextmanager
def in_process(tracker: Tracker) -> Iterator[InProcess]:
    """A tracker in this process, closed at the end."""
    process = InProcess(tracker)
    with closing(process.database):
        yield process
