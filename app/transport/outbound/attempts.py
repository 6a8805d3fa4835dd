"""When a letter that the relay did not take is tried again, and when it is given up."""

from collections.abc import Callable
from datetime import timedelta

from ...mail.machines.refusals import Meaning
from ...model.records.letters import Letter
from ...model.storage.unit_of_work import UnitOfWork
from .errors import RelayError, Unreachable

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=4)
# No pause is longer, whatever scatters it.
FURTHEST = LONGEST_PAUSE * 1.5
IN_ORDER_ATTEMPTS = 5
LONGEST_ABSENCE = timedelta(minutes=5)
GIVE_UP = timedelta(days=5)
MANY_ATTEMPTS = 20


def pause_after(attempts: int, error: RelayError, rand: Callable[[], float], *, excused: bool = False) -> timedelta:
    """How long until the next attempt: doubled each time, and scattered so that letters do not come in a crowd.

    `excused`: the relay was in trouble, and refused the letter for nothing of its own.
    """
    longest = LONGEST_ABSENCE if excused else LONGEST_PAUSE
    if _is_away(error):
        # The relay is away, and the courier itself rests: letters keep their order, and do not wait once it is
        # back. But a letter at which the relay hangs up may be the reason itself: in time others get their turn.
        if attempts < IN_ORDER_ATTEMPTS:
            return timedelta(0)
        longest = LONGEST_ABSENCE
    pause = min(FIRST_PAUSE.total_seconds() * 2.0 ** min(attempts, 20), longest.total_seconds())
    return timedelta(seconds=pause * (0.75 + 0.5 * rand()))


def is_given_up(uow: UnitOfWork, letter: Letter, error: RelayError) -> bool:
    """Whether a letter will never be taken: it was refused for what it is, or for now too often and too long.

    That the relay is away is no refusal; and a letter may be old because we were away.
    """
    if error.permanent and error.meaning not in (Meaning.RELAY, Meaning.FULL):
        return True
    return not _is_away(error) and letter.attempts >= MANY_ATTEMPTS and uow.now - letter.created > GIVE_UP


def _is_away(error: RelayError) -> bool:
    return isinstance(error, Unreachable) and not error.in_doubt
