"""The courier: takes letters from the outbox to the relay, each once as far as mail allows."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, exists, select, update
from sqlalchemy.orm.attributes import set_committed_value

from ...mail.machines.refusals import Meaning
from ...mail.text import one_line
from ...model.inbound.attached_letters import may_get_all_files
from ...model.inbound.bounces import record_failure
from ...model.inbound.unmatched import raw_bytes, remind_administrators
from ...model.letters import login_letter
from ...model.letters.receipts import ReceiptKind
from ...model.operations.daily_work import do_daily_work
from ...model.records.addressing import bounce_address
from ...model.records.letters import HELD, Letter, State
from ...model.records.messages import Message, contents_of, forwardable_files
from ...model.records.people import Person
from ...model.schema import SchemaMoved, check_same_version
from ...model.search.indexer import catch_up_some
from ...model.storage.database import DATABASE_AWAY, DATABASE_FAULTS, Database
from ...model.storage.unit_of_work import UnitOfWork
from .letter_mime import LetterFile, compose
from .refusal_streak import RefusalStreak
from .relays import Refused, Relay, RelayError, Unreachable

LOG = logging.getLogger("tickets.courier")
BATCH = 20
# Somebody else's command may have written a letter: look twice a second.
POLL_SECONDS = 0.5
LONGEST_REST = 60.0
HOUSEKEEPING = timedelta(minutes=10)
# While no letter is due, so many notes of the search are seen to at a time: mail waits no longer than that takes.
INDEXED_AT_ONCE = 50
INDEXED_EVERY = timedelta(seconds=2)
# A letter taken in hand is not due again before this, so no second courier takes it; if this one dies, it is then.
IN_HAND = timedelta(minutes=6)
# Nor is one begun that could still be under way then: a relay may take its time-outs for each step.
BEGIN_WITHIN = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=4)
IN_ORDER_ATTEMPTS = 5
LONGEST_ABSENCE = timedelta(minutes=5)
# So long the letter in hand may take when the courier is to end.
PATIENCE_SECONDS = 30.0
_MOST_DOUBLINGS = 10
# A database may be back at any moment, and to ask costs little: every 2 to the power of so many seconds at least.
MOST_DATABASE_FAULTS = 2
GIVE_UP = timedelta(days=5)
# No pause is longer, whatever scatters it.
FURTHEST = LONGEST_PAUSE * 1.5
MANY_ATTEMPTS = 20


class Courier:
    """Empties an outbox into a relay; one call of `round` after another, or in a thread of its own."""

    def __init__(self, database: Database, relay: Relay, rand: Callable[[], float] = random.random) -> None:
        self.database = database
        self.relay = relay
        self._rand = rand
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        # The letters in hand: not tried yet, taken by the relay and not noted as sent, or not taken and not noted. They
        # stay here while the database is away. Their `next` is until when no other courier takes them.
        self._untried: list[Letter] = []
        self._unnoted: list[int] = []
        self._failures: list[tuple[Letter, RelayError]] = []
        self._refusals = RefusalStreak()
        # Letters that waited for the relay's trouble to end, and are due since it has.
        self._freed: set[int] = set()
        # How often in a row the database failed, and the relay could not be reached or refused everybody.
        self._faults = 0
        self._away = 0
        self._housekept: datetime | None = None
        self._index_at: datetime | None = None

    def start(self, *, daemon: bool = False) -> None:
        """Begin to work in a thread; as a daemon, it keeps no process alive that nobody tells it of the end of."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=daemon)
        self._thread.start()

    def stop(self) -> None:
        """Finish the letter in hand, give the others back, and end."""
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
        # A relay that does not answer is cut off by this.
        self.relay.close()
        if self._thread is not None:
            self._thread.join()
        try:
            self._settle()
        except Exception:
            LOG.exception(
                "letters in hand could not be noted; these were sent, and will be once more: %s", self._unnoted
            )

    def wake(self) -> None:
        """Tell the courier that letters were written."""
        self._wake.set()

    @property
    def is_stopped(self) -> bool:
        """Whether the relay refused letters to two readers in a row, so that it is given one letter a round."""
        return self._refusals.stops_all

    def round(self) -> int:
        """Take the letters that are due to the relay, up to one batch; how many it took."""
        self._settle()
        # Whom the relay has refused nothing yet can tell best whether it takes letters again.
        letters = sorted(self._take_in_hand(), key=lambda letter: self._refusals.concerns(letter.recipient))
        until = self.database.clock() + BEGIN_WITHIN
        tried = taken = 0
        try:
            for letter in letters:
                if self._ending.is_set() or (tried and self._away) or self.database.clock() > until:
                    break
                tried += 1
                taken += self._send(letter)
        finally:
            self._settle()
        return taken

    def _settle(self) -> None:
        """Note what became of the letters in hand, and give back those not tried; what cannot be done now is kept."""
        try:
            self._note_sent()
            self._note_failures()
        finally:
            self._give_back()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._keep_house()
                busy = self.round() > 0 or self._keep_index()
                self._faults = 0
            except (*DATABASE_FAULTS, SchemaMoved) as error:
                LOG.error("the database cannot be used; letters wait: %s", one_line(str(error)))
                self._faults = min(self._faults + 1, MOST_DATABASE_FAULTS)
                busy = False
            except Exception:
                LOG.exception("a fault of the courier; it goes on")
                self._faults += 1
                busy = False
            if not busy:
                self._rest()

    def _rest(self) -> None:
        """Wait for letters; longer each time while the relay or the database is away."""
        trouble = min(self._away + self._faults, _MOST_DOUBLINGS)
        if trouble:
            self._ending.wait(min(2.0**trouble, LONGEST_REST))
        else:
            self._wake.wait(POLL_SECONDS)
        self._wake.clear()

    def _keep_house(self) -> None:
        now = self.database.clock()
        # The clock may have been set back since.
        if self._housekept is None or not timedelta(0) <= now - self._housekept <= HOUSEKEEPING:
            self._housekept = now
            self._forget_wrong_clock(now)
            self._remind()

    def _forget_wrong_clock(self, now: datetime) -> None:
        """Make letters due that wait only because the clock was ahead when they were written or tried."""
        with self.database.core_transaction() as connection:
            connection.execute(_WRITTEN_LATER, {"now": now})
            connection.execute(_TRIED_LATER, {"now": now, "furthest": now + FURTHEST})

    def _remind(self) -> None:
        with self.database.transaction() as uow:
            remind_administrators(uow)
        do_daily_work(self.database)

    def _keep_index(self) -> bool:
        """See to some of what the search's index lacks, if it is time; whether there may be more.

        A fault of it must not keep letters waiting: every search catches up by itself.
        """
        now = self.database.clock()
        if self._index_at is not None and self._index_at - HOUSEKEEPING <= now < self._index_at:
            return False
        self._index_at = now + HOUSEKEEPING
        try:
            more = catch_up_some(self.database, INDEXED_AT_ONCE, wait=False) == INDEXED_AT_ONCE
        except Exception:
            LOG.exception("a fault of the search's index; letters go on")
            return False
        self._index_at = None if more else now + INDEXED_EVERY
        return more

    def _take_in_hand(self) -> list[Letter]:
        """The letters that are due, oldest first; the attempt is noted before it is made."""
        if not self._any_due():
            return []
        with self.database.transaction() as uow:
            due = select(Letter).where(Letter.state == State.WAITING, Letter.next <= uow.now)
            letters = list(
                uow.session.scalars(due.order_by(Letter.next, Letter.id).limit(BATCH).with_for_update(skip_locked=True))
            )
            # Before the commit: the database may go away when it is done, and before it says so.
            self._untried, until = letters, uow.now + IN_HAND
            for letter in letters:
                set_committed_value(letter, "next", until)
            _change(uow, _among(letters), {"next": until, "attempts": Letter.attempts + 1, "in_hand": True})
        return list(letters)

    def _any_due(self) -> bool:
        with self.database.read_only() as uow:
            check_same_version(uow)
            due = select(Letter.id).where(Letter.state == State.WAITING, Letter.next <= uow.now)
            return uow.session.scalar(due.limit(1)) is not None

    def _send(self, letter: Letter) -> bool:
        """Take one letter to the relay, and note what it said. Whether the relay took it.

        If the database cannot give its files, it was not tried.
        """
        sender = bounce_address(self.database.domain, letter.token)
        try:
            mail = compose(letter, self._files(letter), self.database.web_url)
            self.relay.deliver(mail, To=letter.recipient, From=sender)
        except DATABASE_AWAY:
            raise
        except RelayError as error:
            return self._record_failure(letter, error)
        except Exception as error:
            LOG.exception("letter %d cannot be written as a mail", letter.id)
            return self._record_failure(letter, Refused(f"cannot be written as a mail: {error}", permanent=False))
        self._away = 0
        self._freed |= self._refusals.taken()
        self._untried.remove(letter)
        self._unnoted.append(letter.id)
        LOG.info(
            "sent letter=%d to=%s ticket=%s id=%s", letter.id, letter.recipient, letter.ticket_id, letter.message_id
        )
        self._note_sent()
        self._note_failures()
        return True

    def _record_failure(self, letter: Letter, error: RelayError) -> bool:
        """Keep a refusal until the next letter, or the end of the round, shows whether the relay refuses them all."""
        if error.meaning is not None:
            self._refusals.refused(letter.id, letter.recipient)
        stopped = isinstance(error, Unreachable) or self._refusals.stops_all
        self._away = self._away + 1 if stopped else 0
        self._untried.remove(letter)
        self._failures.append((letter, error))
        return False

    def _files(self, letter: Letter) -> list[LetterFile]:
        """The files that go with a letter, from the mail that brought them."""
        if not letter.attached or letter.about_id is None:
            return []
        with self.database.read_only() as uow:
            message = uow.session.get(Message, letter.about_id)
            # What was forgotten while the letter was in hand has no files any more.
            if message is None or message.mail_id is None:
                return []
            raw = raw_bytes(uow, message.mail_id)
            chosen = forwardable_files(message.attachments, team=may_get_all_files(uow, message, letter.person_id))
            contents = zip(chosen, contents_of(raw, chosen), strict=True)
            return [LetterFile(one.name, one.type, content) for one, content in contents]

    def _note_sent(self) -> None:
        if not self._unnoted:
            return
        now = self.database.clock()
        with self.database.core_transaction() as connection:
            connection.execute(_SENT, [{"letter": letter, "now": now} for letter in self._unnoted])
            connection.execute(_REACHED, {"letters": self._unnoted})
            if self._freed:
                connection.execute(_DUE_AGAIN, {"letters": list(self._freed), "now": now})
        self._unnoted.clear()
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
        with self.database.transaction() as uow:
            if uow.connection.execute(select(_LETTER.c.id).where(_in_hand([letter]))).first() is None:
                return
            excused = self._refusals.excuses(letter.id)
            given_up = not excused and (_is_final(error) or _is_hopeless(uow, letter, error))
            if given_up:
                # First, since it locks the ticket, and then the letter.
                counts = error.meaning in (Meaning.MAILBOX, Meaning.FULL)
                record_failure(uow, letter.id, error.text, counts=counts)
            due = uow.now + self._pause(letter.attempts, error, excused=excused)
            _change(uow, _among([letter]), {"next": due, "error": error.text, "in_hand": False})
        state, level = (State.FAILED, logging.ERROR) if given_up else (State.WAITING, logging.WARNING)
        LOG.log(level, "%s letter=%d to=%s error=%r", state, letter.id, letter.recipient, error.text)

    def _pause(self, attempts: int, error: RelayError, *, excused: bool = False) -> timedelta:
        """How long until the next attempt: doubled each time, and scattered so that letters do not come in a crowd."""
        longest = LONGEST_ABSENCE if excused else LONGEST_PAUSE
        if isinstance(error, Unreachable) and not error.in_doubt:
            # The relay is away, and the courier itself rests: letters keep their order, and do not wait once it is
            # back. But a letter at which the relay hangs up may be the reason itself: in time others get their turn.
            if attempts < IN_ORDER_ATTEMPTS:
                return timedelta(0)
            longest = LONGEST_ABSENCE
        pause = min(FIRST_PAUSE.total_seconds() * 2.0 ** min(attempts, 20), longest.total_seconds())
        return timedelta(seconds=pause * (0.75 + 0.5 * self._rand()))

    def _give_back(self) -> None:
        """Letters that were taken in hand and not tried are due again."""
        if not self._untried:
            return
        with self.database.transaction() as uow:
            values = {"next": uow.now, "attempts": Letter.attempts - 1, "in_hand": False}
            _change(uow, _in_hand(self._untried), values)
        self._untried = []


def _is_final(error: RelayError) -> bool:
    """Whether the same letter will never be taken: the fault is its own, or its reader's address is none."""
    return error.permanent and error.meaning not in (Meaning.RELAY, Meaning.FULL)


def _is_hopeless(uow: UnitOfWork, letter: Letter, error: RelayError) -> bool:
    """Whether a letter was refused for now so often and so long that it never will be taken.

    That the relay is away is no refusal; and a letter may be old because we were away.
    """
    away = isinstance(error, Unreachable) and not error.in_doubt
    return not away and letter.attempts >= MANY_ATTEMPTS and uow.now - letter.created > GIVE_UP


def _change(uow: UnitOfWork, which: ColumnElement[bool], values: dict[str, object]) -> None:
    uow.connection.execute(update(_LETTER).where(which).values(**values))


def _among(letters: list[Letter]) -> ColumnElement[bool]:
    return _LETTER.c.id.in_([letter.id for letter in letters])


def _in_hand(letters: list[Letter]) -> ColumnElement[bool]:
    """Whether letters that were taken in hand together still are: a report, a retry or another courier may end that."""
    return and_(_among(letters), _LETTER.c.in_hand, _LETTER.c.next == letters[0].next)


_LETTER = cast("Table", Letter.__table__)
_SENT = (
    update(_LETTER)
    # A report that it failed may have come before the relay's own word.
    .where(_LETTER.c.id == bindparam("letter"), _LETTER.c.state == State.WAITING)
    .values(
        state=State.SENT,
        sent=bindparam("now"),
        error=None,
        in_hand=False,
        # The link in it is for its reader alone, and in no backup.
        text=case((_LETTER.c.kind == login_letter.KIND, ""), else_=_LETTER.c.text),
    )
)
# Letters that are dated after now, and not on purpose. One that was tried since is due before its date.
_WRITTEN_LATER = (
    update(_LETTER)
    .where(
        _LETTER.c.state == State.WAITING,
        _LETTER.c.created > bindparam("now"),
        _LETTER.c.next >= _LETTER.c.created,
        _LETTER.c.kind.not_in((HELD, ReceiptKind.WAITING)),
        ~_LETTER.c.in_hand,
    )
    .values(next=bindparam("now"))
)
_TRIED_LATER = (
    update(_LETTER)
    .where(
        _LETTER.c.state == State.WAITING,
        _LETTER.c.next > bindparam("furthest"),
        _LETTER.c.kind != ReceiptKind.WAITING,
    )
    .values(next=bindparam("now"), in_hand=False)
)
# Letters that the relay refused while it refused all.
_DUE_AGAIN = (
    update(_LETTER)
    .where(
        _LETTER.c.id.in_(bindparam("letters", expanding=True)),
        _LETTER.c.state == State.WAITING,
        ~_LETTER.c.in_hand,
    )
    .values(next=bindparam("now"))
)
_PERSON = cast("Table", Person.__table__)
# Whose letter was taken gets letters again.
_REACHED = (
    update(_PERSON)
    .where(
        _PERSON.c.undeliverable.is_not(None),
        exists().where(
            _LETTER.c.id.in_(bindparam("letters", expanding=True)),
            _LETTER.c.state == State.SENT,
            _LETTER.c.person_id == _PERSON.c.id,
            _LETTER.c.recipient == _PERSON.c.email,
        ),
    )
    .values(undeliverable=None)
)
