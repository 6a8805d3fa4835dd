"""The days that people name: how one is read, when its morning is, and what of a ticket waits for it.

A day is one of the server's time zone, and begins for people at seven in the morning.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from ..lifecycle.tables import Lifecycle, NotAllowed
from ..records.people import Person
from ..records.tickets import Ticket, record_change
from ..storage.unit_of_work import UnitOfWork
from .undo import FieldChange, field_values

MORNING = time(7)
_FARTHEST = timedelta(days=3660)
_PARTS = re.compile(r"(.*?)\s+(?:until\s+|for\s+|(?=\d))(.*)", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,4})\s+(day|week)s?", re.IGNORECASE | re.ASCII)


class Wanted(NamedTuple):
    """A status that somebody wants, and the moment at which it ends; None where no day was named."""

    status: str
    until: datetime | None = None


def read_wanted(lifecycle: Lifecycle, value: str, now: datetime) -> Wanted:
    """Return the status that a value names, as in `stalled until 2027-12-01` or `stalled 3 days`.

    Raises NoSuchStatus or NotAllowed, which say what would be right.
    """
    parts = _PARTS.fullmatch(value.strip())
    if parts is None:
        return Wanted(lifecycle.status(value))
    status = lifecycle.status(parts[1])
    if status != lifecycle.pauses:
        if lifecycle.pauses:
            raise NotAllowed("status_without_day_but", status=status, pauses=lifecycle.pauses)
        raise NotAllowed("status_without_day", status=status)
    return Wanted(status, morning_of(_read_day(parts[2].rstrip(".! "), now)))


def _read_day(written: str, now: datetime) -> date:
    today = day_of(now)
    if (span := _SPAN.fullmatch(written)) is not None:
        days = timedelta(days=int(span[1]) * (7 if span[2].lower() == "week" else 1))
    else:
        days = _read_date(written) - today
    if days <= timedelta():
        raise NotAllowed("day_is_past", given=written, today=str(today))
    if days > _FARTHEST:
        raise NotAllowed("day_too_far", given=written)
    return today + days


def _read_date(written: str) -> date:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        try:
            return date.fromisoformat(written)
        except ValueError:
            pass
    raise NotAllowed("no_day", given=written)


def day_of(moment: datetime) -> date:
    """Return the day of a moment in the server's time zone."""
    return moment.astimezone().date()


def morning_of(day: date) -> datetime:
    """Return the moment at which a day begins for people."""
    return datetime.combine(day, MORNING).astimezone(UTC)


def pause(uow: UnitOfWork, ticket: Ticket, by: Person | None, wanted: Wanted) -> list[FieldChange]:
    """Set the day on which a ticket opens again, if it has the status that was wanted; what changed by that."""
    if ticket.status != wanted.status or wanted.status != ticket.lifecycle.pauses:
        return []
    old = field_values(ticket)["until"]
    ticket.reopens = wanted.until
    new = field_values(ticket)["until"]
    if new == old:
        return []
    record_change(uow, ticket, by.id if by else None, "until", old, new)
    return [("until", old, new)]
