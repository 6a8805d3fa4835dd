"""The options by which `list` and `search` choose tickets."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from ..model.lifecycle.registry import LIFECYCLES, every_status
from ..model.records.people import get_person
from ..model.records.queues import find_queue
from ..model.storage.unit_of_work import UnitOfWork
from ..model.tickets.filters import Filter
from .common import IsoDay

_STATUSES = [status for lifecycle in LIFECYCLES.values() for status in lifecycle.statuses]
_OPTIONS = (
    click.option("--queue", metavar="NAME", help="In this queue."),
    click.option("--status", metavar="STATUS", help=f"One of: {', '.join(_STATUSES)}."),
    click.option("--requestor", metavar="EMAIL", help="Asked by this person."),
    click.option("--assignee", metavar="EMAIL", help="Assigned to this person."),
    click.option("--unassigned", is_flag=True, help="Assigned to nobody."),
    click.option("--from", "author", metavar="EMAIL", help="With a message of this person."),
    click.option("--since", type=IsoDay(), help="With a message from this date on."),
    click.option("--until", type=IsoDay(whole=True), help="With a message up to this date (inclusive)."),
    click.option("--has", type=click.Choice(["attachment"]), help="With a message that has a file."),
)


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose tickets to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def filter_of(
    uow: UnitOfWork,
    *,
    queue: str | None,
    status: str | None,
    requestor: str | None,
    assignee: str | None,
    unassigned: bool,
    author: str | None,
    since: datetime | None,
    until: datetime | None,
    has: str | None,
) -> Filter:
    """Return the filter that the options describe. Raises NoSuchQueue, NoSuchStatus or NoSuchPerson."""
    return Filter(
        queue=find_queue(uow, queue) if queue is not None else None,
        statuses=every_status(status) if status is not None else None,
        requestor=get_person(uow, requestor) if requestor is not None else None,
        assignee=get_person(uow, assignee) if assignee is not None else None,
        unassigned=unassigned,
        author=get_person(uow, author) if author is not None else None,
        since=since,
        before=until,
        attachment=has is not None,
    )
