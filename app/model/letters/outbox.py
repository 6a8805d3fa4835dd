"""The outbox as an administrator sees it: what waits, what was sent, what failed and why."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from ..records.letters import Letter, State
from ..records.people import Person
from ..records.registration import mark_reachable
from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError


class NoSuchLetter(ExplainedError, LookupError):
    """No letter that could be sent has this number."""


def letters_in(uow: UnitOfWork, state: str | None = None, newest: int | None = None) -> list[dict[str, Any]]:
    """Return the letters of a state, or all, oldest first (docs/interface.md, section 9); or so many of the newest."""
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
    query = select(*columns).order_by(Letter.id if newest is None else Letter.id.desc()).limit(newest)
    if state is not None:
        query = query.where(Letter.state == state)
    rows = [_json(dict(row)) for row in uow.session.execute(query).mappings()]
    return rows if newest is None else rows[::-1]


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "next": row["next"].isoformat() if row["state"] == State.WAITING else None}


def relay_trouble(uow: UnitOfWork, waited: timedelta = timedelta()) -> str | None:
    """Return what the relay says, if letters to two readers or more wait for so long because it refused them."""
    refused = select(Letter.recipient, Letter.error).where(Letter.state == State.WAITING, Letter.error.is_not(None))
    refused = refused.where(Letter.created <= uow.now - waited)
    found = uow.session.execute(refused.order_by(Letter.id)).all()
    return found[0].error if len({recipient.lower() for recipient, _ in found}) > 1 else None


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
    found = {letter.id for letter in letters}
    for number in numbers:
        if number not in found:
            raise NoSuchLetter("no_letter", number=number)
    readers = {(letter.person_id, letter.recipient) for letter in letters}
    for person in uow.session.scalars(select(Person).where(Person.refused.is_not(None)).with_for_update()):
        if (person.id, person.email) in readers:
            mark_reachable(person)
    return len(letters)
