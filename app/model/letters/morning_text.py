"""The morning's letter to a queue's team: what waits, oldest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ...mail.text import one_line
from ..records.queues import Queue
from ..wording import Sentence, say, wording_in

KIND = "digest"
_MOST_LISTED = 100
_LONGEST_TITLE = 100


class Waiting(NamedTuple):
    """One ticket that waits: since when, for whom, and where to write."""

    number: int
    status: str
    title: str
    since: datetime
    owner: str | None
    address: str
    owner_id: int | None = None


def morning_text(queue: Queue, address: str | None, waiting: Sequence[Waiting], now: datetime, why: Sentence) -> str:
    """Return the letter about tickets that wait in a queue, which answers mail to `address`."""
    wording, count = wording_in(queue.language), len(waiting)
    ordered = sorted(waiting, key=lambda ticket: (ticket.since, ticket.number))
    lines = [_line(ticket, now) for ticket in ordered[:_MOST_LISTED]]
    if count > _MOST_LISTED:
        lines.append(say("admin.newer", count=count - _MOST_LISTED))
    opens = say("footer.digest_reply", queue=queue.name) if address else say("footer.nobody_reads")
    return wording.render(
        "to_writer",
        heading=say("admin.digest", count=count, queue=queue.name),
        lines=[wording.line(line) for line in lines],
        paragraphs=[],
        footer=[opens, why],
    )


def _line(ticket: Waiting, now: datetime) -> Sentence:
    return say(
        "admin.waiting_ticket",
        number=ticket.number,
        status=ticket.status,
        span=_span(ticket.since, now),
        owner=ticket.owner or say("admin.unassigned"),
        title=one_line(ticket.title, _LONGEST_TITLE),
        address=ticket.address,
    )


def _span(since: datetime, now: datetime) -> Sentence:
    """Return how long something waits, in days, or hours of the first one."""
    hours = max(0, int((now - since).total_seconds() // 3600))
    if hours >= 24:
        return say("pages.days", count=hours // 24)
    return say("pages.hours", count=hours) if hours else say("pages.under_an_hour")
