"""The letters that a courier has in hand: taken from the outbox, and leased until it is noted what became of them.

A lease is short and is renewed while a letter is under way: if the courier dies, others soon take what it had.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from ...mail.auto_submitted import loop_marks
from ...mail.body_parts.header_fields import header_fields
from ...mail.machines.refusals import Meaning
from ...mail.text import one_line
from ...model.inbound.bounces import record_failure
from ...model.records.letters import Letter, State
from ...model.records.message_ids import loop_mark
from ...model.storage.database import DATABASE_FAULTS, Database
from ...model.storage.mapped_rows import row_values, unattached
from ...model.storage.revision import check_revision, check_same_version
from ...model.storage.unit_of_work import UnitOfWork
from . import letter_statements as statements
from .attempts import FURTHEST, is_given_up, pause_after
from .errors import RelayError
from .letter_statements import BATCH, LETTER
from .refusal_streak import RefusalStreak

LOG = logging.getLogger("tickets.courier")
# So long no other courier takes a letter in hand, unless the lease is renewed, which is tried so often.
LEASE = timedelta(seconds=20)
RENEW_SECONDS = 5.0
RENEW_AGAIN_SECONDS = 1.0
# A letter is begun only while its lease lasts so much longer: it was not renewed, or this machine was asleep.
BEGIN_WITHIN = timedelta(seconds=10)
# When the database was away, nobody could renew: letters in hand are taken over only so long after it is back.
GRACE = timedelta(seconds=10)
_IDLE_SECONDS = 60.0


class LettersInHand:
    """What one courier has in hand. What cannot be noted while the database is away stays here until it is back.

    Their `next` in the database is until when the lease lasts; it also tells whether they are still this courier's.
    """

    def __init__(self, database: Database, refusals: RefusalStreak, rand: Callable[[], float]) -> None:
        self._database = database
        self._refusals = refusals
        self._rand = rand
        # Not tried yet; taken by the relay and not noted as sent; not taken, and that not noted.
        self.untried: list[Letter] = []
        self.unnoted: list[Letter] = []
        self._failures: list[tuple[Letter, RelayError]] = []
        # Letters that waited for the relay's trouble to end, and are due since it has.
        self._freed: set[int] = set()
        self._take_over_at: datetime | None = None
        # Whether as many letters were taken last as are taken at once, and the marks of each.
        self.is_full = False
        self._loop_marks: dict[int, list[str]] = {}
        # Those to whose reader no letter could be brought before.
        self._unreached: set[int] = set()
        # Who changes any of these holds the lock: the lease is renewed by a thread of its own.
        self._lock = threading.RLock()
        self._holding = threading.Event()
        self._ending = threading.Event()
        self._keeper: threading.Thread | None = None

    # What the courier tells

    def take(self, *, ask_first: bool = True) -> list[Letter]:
        """The letters that are due, oldest first; the attempt is noted before it is made.

        Unless it is known that there are some, `ask_first`: a transaction that writes would keep mail waiting.
        """
        if ask_first and not self._any():
            return []
        now = self._database.clock()
        with self._changing(), self._database.core_transaction() as connection:
            due = statements.DUE[self._takes_over()].rows(connection, {"now": now})
            letters, self._loop_marks, self._unreached = [], {}, set()
            for *row, head, unreached, version in due:
                check_revision(version)
                letter = unattached(Letter, row_values(Letter, row))
                letters.append(letter)
                self._loop_marks[letter.id] = [*_marks_in(head), self._our_mark]
                if unreached is not None:
                    self._unreached.add(letter.id)
            self.is_full = len(letters) == BATCH
            # Before the commit: the database may go away when it is done, and before it says so.
            self.untried = letters
            until = self._lease(letters, now)
            statements.TAKEN.run_many(connection, [{"letter": letter.id, "until": until} for letter in letters])
            return list(letters)

    def loop_marks(self, letter: Letter) -> list[str]:
        """Our mark, below those of the automatic mail that a letter in hand tells of."""
        return self._loop_marks[letter.id]

    def may_begin(self) -> bool:
        """Whether the lease of those not tried yet lasts long enough to begin with one of them."""
        with self._lock:
            return all(letter.next > self._database.clock() + BEGIN_WITHIN for letter in self.untried[:1])

    def was_sent(self, letter: Letter, freed: set[int]) -> None:
        """The relay took a letter, and with it freed those that it had refused because of its own trouble."""
        with self._changing():
            self._freed |= freed
            self._forget(letter)
            self.unnoted.append(letter)

    def was_refused(self, letter: Letter, error: RelayError) -> None:
        """Keep a refusal until the next letter, or the end of the round, shows whether the relay refuses them all."""
        with self._changing():
            self._forget(letter)
            self._failures.append((letter, error))

    def note(self) -> None:
        """Note what became of letters."""
        with self._changing():
            self._note_sent()
            self._note_failures()

    def settle(self) -> None:
        """Note what became of letters, and give back those not tried; what cannot be done now is kept."""
        with self._changing():
            try:
                self.note()
            finally:
                self.give_back()

    def give_back(self) -> None:
        """Letters that were taken in hand and not tried are due again."""
        with self._changing():
            if self.untried:
                with self._database.transaction() as uow:
                    values = {"next": uow.now, "attempts": Letter.attempts - 1, "in_hand": False}
                    _change(uow, _in_hand(self.untried), values)
                self.untried = []

    def database_was_away(self) -> None:
        """Take over no letter of another courier before it could renew its lease."""
        self._take_over_at = self._database.clock() + GRACE

    def begin(self) -> None:
        """Renew leases from now on. The database may have been away until now."""
        self._ending.clear()
        self._holding.clear()
        self.database_was_away()
        with self._lock:
            self._keep(self._in_hand())

    def close(self) -> None:
        """Renew no lease any more."""
        self._ending.set()
        self._holding.set()

    # The lease

    def _lease(self, letters: list[Letter], now: datetime) -> datetime:
        until = now + LEASE
        for letter in letters:
            set_committed_value(letter, "next", until)
        return until

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock; afterwards the lease is kept up if there is anything in hand."""
        with self._lock:
            try:
                yield
            finally:
                self._keep(self._in_hand())

    def _in_hand(self) -> list[Letter]:
        return [*self.untried, *self.unnoted, *(letter for letter, _ in self._failures)]

    def _forget(self, letter: Letter) -> None:
        # Its lease may have ended.
        if letter in self.untried:
            self.untried.remove(letter)

    def _keep(self, letters: list[Letter]) -> None:
        if not letters:
            self._holding.clear()
        elif not self._holding.is_set():
            self._holding.set()
            if self._keeper is None or not self._keeper.is_alive():
                self._keeper = threading.Thread(target=self._renew_again_and_again, name="lease", daemon=True)
                self._keeper.start()

    def _renew_again_and_again(self) -> None:
        pause = RENEW_SECONDS
        while not self._ending.is_set():
            if not self._holding.wait(_IDLE_SECONDS) and self._may_leave():
                return
            if self._ending.wait(pause):
                return
            try:
                self.renew()
                pause = RENEW_SECONDS
            except Exception as error:
                if pause == RENEW_SECONDS:
                    LOG.warning("the lease of letters in hand cannot be renewed: %s", one_line(str(error)))
                pause = RENEW_AGAIN_SECONDS

    def _may_leave(self) -> bool:
        with self._lock:
            if not self._holding.is_set():
                self._keeper = None
            return self._keeper is None

    def renew(self) -> None:
        """Lease the letters in hand again; what another courier has taken meanwhile is ours no more."""
        with self._changing():
            letters = self._in_hand()
            for until in {letter.next for letter in letters}:
                self._renew([letter for letter in letters if letter.next == until])

    def _renew(self, letters: list[Letter]) -> None:
        with self._database.core_transaction() as connection:
            until = self._database.clock() + LEASE
            renewed = update(LETTER).where(_in_hand(letters)).values(next=until).returning(LETTER.c.id)
            ours = {row.id for row in connection.execute(renewed)}
        for letter in letters:
            if letter.id in ours:
                set_committed_value(letter, "next", until)
            else:
                self._forget(letter)

    # The outbox

    def _takes_over(self) -> bool:
        """Whether a lease that ended is one that its courier could have renewed."""
        return self._take_over_at is None or self._take_over_at <= self._database.clock()

    @cached_property
    def _our_mark(self) -> str:
        with self._database.read_only() as uow:
            return loop_mark(uow)

    def _any(self) -> bool:
        with self._database.read_only() as uow:
            check_same_version(uow)
            return statements.ANY_DUE[self._takes_over()].row(uow.connection, {"now": uow.now}) is not None

    def _note_sent(self) -> None:
        if not self.unnoted:
            return
        now = self._database.clock()
        with self._database.core_transaction() as connection:
            statements.SENT.run_many(connection, [{"letter": letter.id, "now": now} for letter in self.unnoted])
            reached = [{"letter": letter.id} for letter in self.unnoted if letter.id in self._unreached]
            if reached:
                statements.REACHED.run_many(connection, reached)
            if self._freed:
                connection.execute(statements.DUE_AGAIN, {"letters": list(self._freed), "now": now})
        self.unnoted.clear()
        self._freed.clear()

    def _note_failures(self) -> None:
        """Note what the relay said of letters that it did not take.

        One that cannot be noted keeps nothing else waiting: its ticket may be locked for long, and the database well.
        """
        for _ in range(len(self._failures)):
            letter, error = self._failures.pop(0)
            try:
                self._note_failure(letter, error)
            except DATABASE_FAULTS:
                LOG.warning("letter %d was not taken, which cannot be noted yet: %s", letter.id, error.text)
                self._failures.append((letter, error))

    def _note_failure(self, letter: Letter, error: RelayError) -> None:
        """A refused letter waits longer each time; one refused for what it is, or for five days, is given up."""
        with self._database.transaction() as uow:
            if uow.connection.execute(select(LETTER.c.id).where(_in_hand([letter]))).first() is None:
                return
            excused = self._refusals.excuses(letter.id)
            given_up = not excused and is_given_up(uow, letter, error)
            if given_up:
                # First, since it locks the ticket, and then the letter.
                counts = error.meaning in (Meaning.MAILBOX, Meaning.FULL)
                record_failure(uow, letter.id, error.text, counts=counts)
            due = uow.now + pause_after(letter.attempts, error, self._rand, excused=excused)
            _change(uow, _among([letter]), {"next": due, "error": error.text, "in_hand": False})
        state, level = (State.FAILED, logging.ERROR) if given_up else (State.WAITING, logging.WARNING)
        LOG.log(level, "%s letter=%d to=%s error=%r", state, letter.id, letter.recipient, error.text)

    def forget_wrong_clock(self) -> None:
        """Make letters due that wait only because the clock was ahead when they were written or tried."""
        now = self._database.clock()
        with self._database.core_transaction() as connection:
            connection.execute(statements.WRITTEN_LATER, {"now": now})
            connection.execute(statements.TRIED_LATER, {"now": now, "furthest": now + FURTHEST})


def _marks_in(head: bytes | None) -> tuple[str, ...]:
    return loop_marks(header_fields(head)) if head else ()


def _change(uow: UnitOfWork, condition: ColumnElement[bool], values: dict[str, object]) -> None:
    uow.connection.execute(update(LETTER).where(condition).values(**values))


def _among(letters: list[Letter]) -> ColumnElement[bool]:
    return LETTER.c.id.in_([letter.id for letter in letters])


def _in_hand(letters: list[Letter]) -> ColumnElement[bool]:
    """Whether letters that were leased together still are: a report, a retry or another courier may end that."""
    return and_(_among(letters), LETTER.c.in_hand, LETTER.c.next == letters[0].next)
