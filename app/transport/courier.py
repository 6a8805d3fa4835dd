"""This file holds the courier: takes letters from the outbox to the relay, each once as far as mail allows."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, exists, select, update

from app.model.attached_letters import reads_all
from app.model.bounces import came_to_nothing
from app.model.database import Database
from app.model.desk import Desk
from app.model.indexing import catch_up_some
from app.model.letters import Letter, State
from app.model.messages import Message, passed_on
from app.model.people import Person
from app.model.places import bounce_address
from app.model.reports import blames_address
from app.model.set_aside import raw_bytes, remind_administrators
from app.transport.mime_letter import File, compose
from app.transport.relays import Refused, Relay, RelayError, Unreachable

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
GIVE_UP = timedelta(days=5)
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
        # Letters that the relay took but that could not be noted as sent: noted before anything else is sent.
        self._unnoted: list[int] = []
        # How often in a row the database failed, and the relay could not be reached.
        self._faults = 0
        self._away = 0
        self._housekept: datetime | None = None
        self._index_at: datetime | None = None

    def start(self) -> None:
        """Begin to work in a thread."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="courier")
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
            self._note_sent()
        except Exception:
            LOG.exception("these letters were sent, and will be once more: %s", self._unnoted)

    def wake(self) -> None:
        """Tell the courier that letters were written."""
        self._wake.set()

    def round(self) -> int:
        """Take the letters that are due to the relay, up to one batch; how many it took."""
        self._note_sent()
        letters = self._take_in_hand()
        until = self.database.clock() + BEGIN_WITHIN
        tried = taken = 0
        try:
            for letter in letters:
                if self._ending.is_set() or (tried and self._away) or self.database.clock() > until:
                    break
                tried += 1
                taken += self._send(letter)
        finally:
            self._give_back(letters[tried:])
        return taken

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._keep_house()
                busy = self.round() > 0 or self._keep_index()
                self._faults = 0
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
        if self._housekept is None or now - self._housekept > HOUSEKEEPING:
            self._housekept = now
            self._remind()

    def _remind(self) -> None:
        with self.database.work() as desk:
            remind_administrators(desk)

    def _keep_index(self) -> bool:
        """See to some of what the search's index lacks, if it is time; whether there may be more.

        A fault of it must not keep letters waiting: every search catches up by itself.
        """
        now = self.database.clock()
        if self._index_at is not None and now < self._index_at:
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
        with self.database.work() as desk:
            due = select(Letter).where(Letter.state == State.WAITING, Letter.next <= desk.now)
            letters = list(
                desk.session.scalars(
                    due.order_by(Letter.next, Letter.id).limit(BATCH).with_for_update(skip_locked=True)
                )
            )
            values = {"next": desk.now + IN_HAND, "attempts": Letter.attempts + 1, "in_hand": True}
            _change(desk, [letter.id for letter in letters], values)
        return letters

    def _any_due(self) -> bool:
        with self.database.look() as desk:
            due = select(Letter.id).where(Letter.state == State.WAITING, Letter.next <= desk.now)
            return desk.session.scalar(due.limit(1)) is not None

    def _send(self, letter: Letter) -> bool:
        """Take one letter to the relay, and note what it said. Whether the relay took it."""
        sender = bounce_address(self.database.domain, letter.token)
        try:
            self.relay.deliver(compose(letter, self._files(letter)), To=letter.recipient, From=sender)
        except RelayError as error:
            self._away = self._away + 1 if isinstance(error, Unreachable) else 0
            self._note_failure(letter, error)
            return False
        except Exception as error:
            LOG.exception("letter %d cannot be written as a mail", letter.id)
            self._note_failure(letter, Refused(f"cannot be written as a mail: {error}", permanent=False))
            return False
        self._away = 0
        self._unnoted.append(letter.id)
        self._note_sent()
        LOG.info(
            "sent letter=%d to=%s ticket=%s id=%s", letter.id, letter.recipient, letter.ticket_id, letter.message_id
        )
        return True

    def _files(self, letter: Letter) -> list[File]:
        """The files that go with a letter, from the mail that brought them."""
        if not letter.attached or letter.about_id is None:
            return []
        with self.database.look() as desk:
            message = desk.session.get(Message, letter.about_id)
            # What was forgotten while the letter was in hand has no files any more.
            if message is None or message.mail_id is None:
                return []
            raw = raw_bytes(desk, message.mail_id)
            chosen = passed_on(message.attachments, team=reads_all(desk, message, letter.person_id))
            return [File(one.name, one.type, one.content(raw)) for one in chosen]

    def _note_sent(self) -> None:
        if not self._unnoted:
            return
        now = self.database.clock()
        with self.database.note() as connection:
            connection.execute(_SENT, [{"letter": letter, "now": now} for letter in self._unnoted])
            connection.execute(_REACHED, {"letters": self._unnoted})
        self._unnoted.clear()

    def _note_failure(self, letter: Letter, error: RelayError) -> None:
        """A refused letter waits longer each time; one refused for good, or for five days, is given up."""
        with self.database.work() as desk:
            given_up = error.permanent or _is_hopeless(desk, letter, error)
            if given_up:
                # First, since it locks the ticket, and then the letter.
                came_to_nothing(desk, letter.id, error.text, counts=_blames_reader(error))
            due = desk.now + self._pause(letter.attempts, error)
            _change(desk, [letter.id], {"next": due, "error": error.text, "in_hand": False})
        state, level = (State.FAILED, logging.ERROR) if given_up else (State.WAITING, logging.WARNING)
        LOG.log(level, "%s letter=%d to=%s error=%r", state, letter.id, letter.recipient, error.text)

    def _pause(self, attempts: int, error: RelayError) -> timedelta:
        """How long until the next attempt: doubled each time, and scattered so that letters do not come in a crowd."""
        longest = LONGEST_PAUSE
        if isinstance(error, Unreachable) and not error.in_doubt:
            # The relay is away, and the courier itself rests: letters keep their order, and do not wait once it is
            # back. But a letter at which the relay hangs up may be the reason itself: in time others get their turn.
            if attempts < IN_ORDER_ATTEMPTS:
                return timedelta(0)
            longest = LONGEST_ABSENCE
        pause = min(FIRST_PAUSE.total_seconds() * 2.0 ** min(attempts, 20), longest.total_seconds())
        return timedelta(seconds=pause * (0.75 + 0.5 * self._rand()))

    def _give_back(self, letters: list[Letter]) -> None:
        """Letters that were taken in hand and not tried are due again."""
        if not letters:
            return
        with self.database.work() as desk:
            values = {"next": desk.now, "attempts": Letter.attempts - 1, "in_hand": False}
            _change(desk, [letter.id for letter in letters], values)


def _is_hopeless(desk: Desk, letter: Letter, error: RelayError) -> bool:
    """Whether a letter was refused for now so often and so long that it never will be taken.

    That the relay is away is no refusal; and a letter may be old because we were away.
    """
    away = isinstance(error, Unreachable) and not error.in_doubt
    return not away and letter.attempts >= MANY_ATTEMPTS and desk.now - letter.created > GIVE_UP


def _blames_reader(error: RelayError) -> bool:
    """Whether the relay says that the reader's address takes no mail."""
    return isinstance(error, Refused) and not error.of_sender and blames_address(error.text)


def _change(desk: Desk, ids: list[int], values: dict[str, object]) -> None:
    if ids:
        desk.connection.execute(update(_LETTER).where(_LETTER.c.id.in_(ids)).values(**values))


_LETTER = cast("Table", Letter.__table__)
_SENT = (
    update(_LETTER)
    # A report that it failed may have come before the relay's own word.
    .where(_LETTER.c.id == bindparam("letter"), _LETTER.c.state == State.WAITING)
    .values(state=State.SENT, sent=bindparam("now"), error=None, in_hand=False)
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
