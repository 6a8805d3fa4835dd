"""The options by which `list` and `search` choose tickets."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from ..model.lifecycle.registry import every_status
from ..model.records.people import get_person
from ..model.records.queues import find_queue
from ..model.storage.unit_of_work import UnitOfWork
from ..model.tickets.filters import Filter
from .common import IsoDay

_OPTIONS = (
    click.option("--queue"),
    click.option("--status"),
    click.option("--requestor", metavar="EMAIL"),
    click.option("--assignee", metavar="EMAIL"),
    click.option("--unassigned", is_flag=True),
    click.option("--from", "author", metavar="EMAIL", help="Who wrote."),
    click.option("--since", type=IsoDay(), help="Written then or later."),
    click.option(
        "--until", type=IsoDay(whole=True), help="Written then or earlier; a date counts with all of its day."
    ),
    click.option("--has", type=click.Choice(["attachment"]), help="With a file."),
)


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose tickets."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def chosen(
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
    """What these options ask for; NoSuchQueue, NoSuchStatus or NoSuchPerson names what is not there."""
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
