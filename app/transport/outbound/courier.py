"""The courier: takes letters from the outbox to the relay, each once as far as mail allows."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from ...mail.text import one_line
from ...model.inbound.attached_letters import may_get_all_files
from ...model.inbound.unmatched import raw_bytes
from ...model.operations.daily_work import do_daily_work
from ...model.records.addressing import bounce_address
from ...model.records.letters import Letter
from ...model.records.messages import Message, contents_of, forwardable_files
from ...model.search.indexer import catch_up_some
from ...model.storage.database import DATABASE_AWAY, DATABASE_FAULTS, Database
from ...model.storage.notices import NoticeListener
from ...model.storage.revision import SchemaMoved
from .letter_mime import LetterFile, compose
from .letters_in_hand import LettersInHand
from .refusal_streak import RefusalStreak
from .relays import Refused, Relay, RelayError, Unreachable

LOG = logging.getLogger("tickets.courier")
# Another process may have written a letter and could not tell: look twice a second.
POLL_SECONDS = 0.5
LONGEST_REST = 60.0
HOUSEKEEPING = timedelta(minutes=10)
# While no letter is due, so many notes of the search are seen to at a time: mail waits no longer than that takes.
INDEXED_AT_ONCE = 50
INDEXED_EVERY = timedelta(seconds=2)
# So long the letter in hand may take when the courier is to end.
PATIENCE_SECONDS = 30.0
_MOST_DOUBLINGS = 10
# A database may be back at any moment, and to ask costs little: every 2 to the power of so many seconds at least.
MOST_DATABASE_FAULTS = 2


class Courier:
    """Empties an outbox into a relay; one call of `round` after another, or in a thread of its own."""

    def __init__(self, database: Database, relay: Relay, rand: Callable[[], float] = random.random) -> None:
        self.database = database
        self.relay = relay
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._notices: NoticeListener | None = None
        self._refusals = RefusalStreak()
        self.in_hand = LettersInHand(database, self._refusals, rand)
        # How often in a row the database failed, and the relay could not be reached or refused everybody.
        self._faults = 0
        self._away = 0
        # Whether a round has left letters that are due.
        self._more_are_due = False
        self._housekept: datetime | None = None
        self._index_at: datetime | None = None

    def start(self, *, daemon: bool = False) -> None:
        """Begin to work in a thread; as a daemon, it keeps no process alive that nobody tells it of the end of."""
        self._ending.clear()
        self.in_hand.begin()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=daemon)
        self._thread.start()
        self._notices = NoticeListener(self.database, self.wake)
        self._notices.start()

    def stop(self) -> None:
        """Finish the letter in hand, give the others back, and end."""
        self._ending.set()
        self._wake.set()
        if self._notices is not None:
            self._notices.stop()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
        # A relay that does not answer is cut off by this.
        self.relay.close()
        if self._thread is not None:
            self._thread.join()
        try:
            self.in_hand.settle()
        except Exception:
            sent = [letter.id for letter in self.in_hand.unnoted]
            LOG.exception("letters in hand could not be noted; these were sent, and will be once more: %s", sent)
        finally:
            self.in_hand.close()

    def wake(self) -> None:
        """Tell the courier that letters were written."""
        self._wake.set()

    @property
    def is_stopped(self) -> bool:
        """Whether the relay refused letters to two readers in a row, so that it is given one letter a round."""
        return self._refusals.stops_all

    def round(self, *, woken: bool = False) -> int:
        """Take the letters that are due to the relay, up to one batch; how many it took.

        `woken`: letters were just written.
        """
        self.in_hand.settle()
        taken_in_hand = self.in_hand.take(ask_first=not woken)
        # Whom the relay has refused nothing yet can tell best whether it takes letters again.
        letters = sorted(taken_in_hand, key=lambda letter: self._refusals.concerns(letter.recipient))
        tried = taken = 0
        self._more_are_due = self.in_hand.is_full
        try:
            for letter in letters:
                if self._ending.is_set() or (tried and self._away) or not self.in_hand.may_begin():
                    break
                tried += 1
                taken += self._send(letter)
        finally:
            self._more_are_due |= tried < len(letters)
            self.in_hand.settle()
        return taken

    def _run(self) -> None:
        woken = False
        while not self._ending.is_set():
            try:
                self._keep_house()
                busy = (self.round(woken=woken) > 0 and self._more_are_due) or self._keep_index()
                self._faults = 0
            except (*DATABASE_FAULTS, SchemaMoved) as error:
                LOG.error("the database cannot be used; letters wait: %s", one_line(str(error)))
                self.in_hand.database_was_away()
                self._faults = min(self._faults + 1, MOST_DATABASE_FAULTS)
                busy = False
            except Exception:
                LOG.exception("a fault of the courier; it goes on")
                self._faults += 1
                busy = False
            woken = False if busy else self._rest()

    def _rest(self) -> bool:
        """Wait for letters; longer each time while the relay or the database is away. Whether some were written."""
        trouble = min(self._away + self._faults, _MOST_DOUBLINGS)
        if trouble:
            self._ending.wait(min(2.0**trouble, LONGEST_REST))
        else:
            self._wake.wait(POLL_SECONDS)
        woken = self._wake.is_set()
        self._wake.clear()
        return woken

    def _keep_house(self) -> None:
        now = self.database.clock()
        # The clock may have been set back since.
        if self._housekept is None or not timedelta(0) <= now - self._housekept <= HOUSEKEEPING:
            self._housekept = now
            self.in_hand.forget_wrong_clock()
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

    def _send(self, letter: Letter) -> bool:
        """Take one letter to the relay, and note what it said. Whether the relay took it.

        If the database cannot give its files, it was not tried.
        """
        sender = bounce_address(self.database.domain, letter.token)
        try:
            mail = compose(letter, self._files(letter), self.database.web_url, self.in_hand.loop_marks(letter))
            self.relay.deliver(mail, To=letter.recipient, From=sender)
        except DATABASE_AWAY:
            raise
        except RelayError as error:
            return self._record_failure(letter, error)
        except Exception as error:
            LOG.exception("letter %d cannot be written as a mail", letter.id)
            return self._record_failure(letter, Refused(f"cannot be written as a mail: {error}", permanent=False))
        self._away = 0
        freed = self._refusals.taken()
        self._more_are_due |= bool(freed)
        self.in_hand.was_sent(letter, freed=freed)
        LOG.info(
            "sent letter=%d to=%s ticket=%s id=%s", letter.id, letter.recipient, letter.ticket_id, letter.message_id
        )
        self.in_hand.note()
        return True

    def _record_failure(self, letter: Letter, error: RelayError) -> bool:
        """Keep a refusal until the next letter, or the end of the round, shows whether the relay refuses them all."""
        if error.meaning is not None:
            self._refusals.refused(letter.id, letter.recipient)
        stopped = isinstance(error, Unreachable) or self._refusals.stops_all
        self._away = self._away + 1 if stopped else 0
        self.in_hand.was_refused(letter, error)
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
            return [LetterFile(attachment.name, attachment.type, content) for attachment, content in contents]
