"""The outbox as an administrator sees it: what waits, what was sent, what failed and why."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from ..records.letters import Letter, State
from ..records.people import Person
from ..records.registration import mark_reachable
from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError


class NoSuchLetter(ExplainedError, LookupError):
    """No letter that could be sent has this number."""


# So many rows are in memory at a time.
_AT_ONCE = 1_000


def letters_in(uow: UnitOfWork, state: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the letters of a state, or all, oldest first (docs/interface.md, section 9), not all in memory."""
    letters = _letters(state).order_by(Letter.id).execution_options(yield_per=_AT_ONCE)
    return (_json(dict(row)) for row in uow.session.execute(letters).mappings())


def newest_letters(uow: UnitOfWork, state: str | None, most: int) -> list[dict[str, Any]]:
    """Return so many of the newest letters of a state, or of all, oldest first."""
    letters = _letters(state).order_by(Letter.id.desc()).limit(most)
    return [_json(dict(row)) for row in uow.session.execute(letters).mappings()][::-1]


def count_letters(uow: UnitOfWork, state: str | None) -> int:
    """How many letters there are in a state, or in all."""
    return uow.session.scalar(select(func.count()).select_from(Letter).where(*_in_state(state))) or 0


def _letters(state: str | None) -> Select[*tuple[Any, ...]]:
    columns = (
        Letter.id,
        Letter.ticket_id.label("ticket"),
        Letter.recipient.label("to"),
        Letter.subject,
        Letter.state,
        Letter.attempts,
        Letter.next,
        Letter.error,
    )
    return select(*columns).where(*_in_state(state))


def _in_state(state: str | None) -> list[ColumnElement[bool]]:
    return [] if state is None else [Letter.state == state]


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "next": row["next"].isoformat() if row["state"] == State.WAITING else None}


def relay_trouble(uow: UnitOfWork, waited: timedelta = timedelta()) -> str | None:
    """Return what the relay says, if letters to two readers or more wait for so long because it refused them."""
    refused = select(Letter.recipient, Letter.error).where(Letter.state == State.WAITING, Letter.error.is_not(None))
    refused = refused.where(Letter.created <= uow.now - waited)
    refusals = uow.session.execute(refused.order_by(Letter.id)).all()
    return refusals[0].error if len({recipient.lower() for recipient, _ in refusals}) > 1 else None


def letters_due(uow: UnitOfWork) -> int:
    """How many letters could be sent now."""
    due = select(func.count()).select_from(Letter).where(Letter.state == State.WAITING, Letter.next <= uow.now)
    return uow.session.scalar(due) or 0


def retry(uow: UnitOfWork, numbers: Sequence[int] = ()) -> int:
    """Make letters due now that wait or failed: those of these numbers, or all. NoSuchLetter names one that is not.

    Letters are written again to their readers, whatever was refused before. What a courier has in hand is left to it,
    or it would go out twice; unless it is named, because its courier died.
    """
    unsent = Letter.state != State.SENT
    chosen = unsent & (Letter.id.in_(numbers) if numbers else ~Letter.in_hand | (Letter.next <= uow.now))
    values = {"state": State.WAITING, "next": uow.now, "in_hand": False, "attempts": 0, "refused": None}
    changed = update(Letter).where(chosen).values(**values).returning(Letter.id, Letter.person_id, Letter.recipient)
    letters = uow.session.execute(changed, execution_options={"synchronize_session": False}).all()
    ids = {letter.id for letter in letters}
    for number in numbers:
        if number not in ids:
            raise NoSuchLetter("no_letter", number=number)
    readers = {(letter.person_id, letter.recipient) for letter in letters}
    for person in uow.session.scalars(select(Person).where(Person.refused.is_not(None)).with_for_update()):
        if (person.id, person.email) in readers:
            mark_reachable(person)
    return len(letters)
