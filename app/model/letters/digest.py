"""The morning's letter to a queue's team: what waits, oldest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ...mail.text import one_line
from .templates import render

KIND = "digest"
_MOST_LISTED = 100
_LONGEST_TITLE = 100


class Waiting(NamedTuple):
    """One ticket that waits: since when, for whom, and where to write."""

    number: int
    status: str
    title: str
    since: datetime
    owner: str
    address: str
    owner_id: int | None = None


def digest_text(queue: str, address: str | None, waiting: Sequence[Waiting], now: datetime, why: str) -> str:
    """Return the letter about tickets that wait in a queue, which answers mail to `address`.

    `why` completes "You're getting this ...".
    """
    count = len(waiting)
    ordered = sorted(waiting, key=lambda one: (one.since, one.number))
    lines = [_line(one, now) for one in ordered[:_MOST_LISTED]]
    if count > _MOST_LISTED:
        lines.append(f"... and {count - _MOST_LISTED} newer ones")
    opens = (
        [f"A reply opens a new ticket in {queue}. To work on one of these, write to its address."] if address else []
    )
    return render(
        "to_writer",
        heading=f"1 ticket waits in {queue}:" if count == 1 else f"{count} tickets wait in {queue}, oldest first:",
        lines=lines,
        paragraphs=[],
        footer=[*opens, f"You're getting this {why}."],
    )


def _line(one: Waiting, now: datetime) -> str:
    title = one_line(one.title, _LONGEST_TITLE)
    return f"#{one.number}  {one.status}, {_span(one.since, now)}, {one.owner}: {title} ({one.address})"


def _span(since: datetime, now: datetime) -> str:
    """Return how long something waits, in days, or hours of the first one."""
    hours = max(0, int((now - since).total_seconds() // 3600))
    number, unit = (hours // 24, "day") if hours >= 24 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"
