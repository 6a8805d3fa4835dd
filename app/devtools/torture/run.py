"""One torture from its beginning to the verdict; it stops by itself and leaves nothing behind."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ...mail.addresses import Mailbox
from ...model.letters import outbox
from ...model.records import queue_setup, queues, registration
from ...model.records.letters import State
from ...model.setup import set_up
from ...model.storage.database import Database
from .checks import Facts, judge
from .client_threads import Clients
from .databases import STORES, Store
from .faults import LONG, SHORT, BadRelay, FaultSchedule, Troublemaker
from .faulty_relay import FaultyRelay
from .mail_generator import DOMAIN, HELPERS, QUEUES, LetterToAnswer, MailGenerator
from .report import Tally
from .scratch_disk import Room
from .send_queue import Book
from .stored_rows import Sent, collect, letters
from .supervisor import Keeper

CONNECTIONS = 8
# From so many minutes on, locks and silences are longer than what a mail or a courier waits for.
_LONG_FROM = 1.5
_CASE = "Case "


class Plan(NamedTuple):
    """What is asked for; `log` is where the server's log goes, None for nowhere."""

    database: str
    mails: int
    minutes: float
    seed: int
    log: Path | None = None
    processes: int = 1

    @property
    def pace(self) -> FaultSchedule:
        """How trouble comes."""
        return LONG if self.minutes >= _LONG_FROM else SHORT

    @property
    def patience(self) -> float:
        """How many seconds the mails or the letters that are left may take when all is quiet."""
        return 120.0 + self.mails / 10


class Torture:
    """A server, its clients, its relay and its database."""

    def __init__(self, plan: Plan, room: Room, store: Store) -> None:
        rand = random.Random(plan.seed)
        self.plan = plan
        self.store = store
        self.tally = Tally()
        self._writers = MailGenerator(random.Random(rand.random()))
        self.relay = FaultyRelay(self._record_delivered)
        self.relay.start()
        log = plan.log or Path("/dev/null")
        self.keeper = Keeper(room.path, store.url, self.relay, room.group, log, processes=plan.processes)
        # Most come while there is trouble, some after the last of it.
        self.book = Book(self._writers, plan.mails, plan.minutes * 60, random.Random(rand.random()))
        self._clients = Clients(self.book, self.keeper.places, CONNECTIONS, random.Random(rand.random()))
        self._troubles = Troublemaker(self.keeper, store, self.relay, plan.pace, random.Random(rand.random()))
        self._bad_relay = BadRelay(self.relay, plan.pace, random.Random(rand.random()))
        self._database = Database(store.url, DOMAIN)

    def run(self) -> Tally:
        """Everything, in order."""
        self._furnish()
        self.keeper.start()
        self.keeper.await_ready(self.plan.patience)
        self._clients.start()
        self._bad_relay.start()
        self._troubles.make(self.plan.minutes * 60)
        self._bad_relay.stop()
        self._let_mails_be_answered()
        failed = self._let_letters_leave()
        keeper, relay = self.keeper, self.relay
        facts = Facts(
            self._writers.sent, self.book.answered, relay.copies, keeper.killed, relay.refused, failed, keeper.unnoted
        )
        judge(facts, collect(self._database), self.tally)
        for line in self.keeper.ended_by_itself:
            self.tally.wrong("the server ended by itself", line)
        return self.tally

    def troubles(self) -> Iterator[tuple[str, Mapping[str, int]]]:
        """What was done, and what the clients heard: each with how often."""
        yield "troubles", self._troubles.done
        yield "the relay failed at", self.relay.done
        yield "clients heard", self.book.replies
        yield "the server", {"lived": self.keeper.life, "could not start": self.keeper.could_not_start}

    def close(self) -> None:
        """End everything, however far it got."""
        self._bad_relay.stop()
        self.book.close()
        self.keeper.close()
        self._clients.join(10)
        self.relay.stop()
        self._database.close()

    def _furnish(self) -> None:
        """Make the database, and let two answer for each queue."""
        set_up(self._database)
        with self._database.transaction() as uow:
            for name in QUEUES:
                queue = queues.find_queue(uow, name)
                for email in HELPERS:
                    queue_setup.add_responder(uow, queue, registration.add_person(uow, Mailbox("", email)))
        # Whoever holds the files of a database while they are moved would write the old ones.
        self._database.close()

    def _record_delivered(self, subject: str, reader: str, letter: LetterToAnswer) -> None:
        number = subject.partition(_CASE)[2].partition(".")[0]
        if number.isdigit():
            self._writers.got_letter(int(number), reader, letter)

    def _let_mails_be_answered(self) -> None:
        """With no more trouble, every mail is answered 250 but those whose clients tried only once."""
        self.book.hurry()
        if not self._clients.join(self.plan.patience):
            self.tally.wrong("mails that were never answered", f"{self.book.unanswered()} of {self.book.made}")
            self.book.close()
        for (number, recipient), reply in self.book.refused.items():
            self.tally.wrong("a mail refused for good", f"mail {number} to {recipient}: {reply}")

    def _let_letters_leave(self) -> Sequence[Sent]:
        """Everything that waits or was refused goes out; the letters that had been given up by then.

        What killed couriers had in hand would be sent in some minutes; while no courier lives, it can be retried.
        """
        self._stop_server()
        left = letters(self._database, unsent=True)
        with self._database.transaction() as uow:
            outbox.retry(uow, [letter.id for letter in left])
        self.keeper.start()
        end = time.monotonic() + self.plan.patience
        while letters(self._database, unsent=True) and time.monotonic() < end:
            time.sleep(0.5)
        for letter in letters(self._database, unsent=True):
            self.tally.wrong("a letter that never left", f"letter {letter.id} to {letter.recipient}: {letter.state}")
        self._stop_server()
        return [letter for letter in left if letter.state == State.FAILED]

    def _stop_server(self) -> None:
        if not self.keeper.await_ready(self.plan.patience):
            self.tally.wrong("a server that does not start", f"life {self.keeper.life}")
        if status := self.keeper.stop():
            self.tally.wrong("a server that did not end well", f"life {self.keeper.life}: status {status}")


def torture(plan: Plan, say: Callable[[str], None]) -> Tally:
    """Torture one database, and say trouble is done and trouble was counted."""
    with closing(Room()) as room, closing(STORES[plan.database](room)) as store:
        several = f"{plan.processes} processes, " if plan.processes > 1 else ""
        load = f"{plan.mails:,} mails, {CONNECTIONS} connections"
        say(f"{store.name}: {several}{load}, {plan.minutes:g} minutes, seed {plan.seed}")
        for trouble in store.missing:
            say(f"  not done here: {trouble}")
        with closing(Torture(plan, room, store)) as run:
            tally = run.run()
            for trouble, counts in run.troubles():
                say(f"  {trouble}: {', '.join(f'{name} {times:,}' for name, times in sorted(counts.items()))}")
            for line in tally.lines():
                say(line)
    return tally
