"""The list of lifecycles that a queue can have, and how a ticket moves from one to another."""

from collections.abc import Mapping

from .correspondence import CORRESPONDENCE
from .support import SUPPORT
from .tables import Lifecycle, NoSuchStatus

LIFECYCLES: Mapping[str, Lifecycle] = {lifecycle.name: lifecycle for lifecycle in (CORRESPONDENCE, SUPPORT)}
CLOSED = frozenset(status for lifecycle in LIFECYCLES.values() for status in lifecycle.closed)
"""The statuses, in whichever lifecycle, of tickets that are on nobody's list any more."""
WAITING = frozenset(status for lifecycle in LIFECYCLES.values() for status in lifecycle.waiting)
"""The statuses, in whichever lifecycle, of tickets that can wait for the team."""


def moved(status: str, lifecycle: Lifecycle, *, answered: bool) -> str:
    """The status of a ticket that moves to a lifecycle; the same if it is of that one already.

    A ticket that is new in its lifecycle and that nobody has answered is new there, too (docs/interface.md, section 5).
    """
    if status in lifecycle.statuses:
        return status
    home = next(life for life in LIFECYCLES.values() if status in life.statuses)
    return lifecycle.first if status == home.first and not answered else home.elsewhere[status]


def every_status(title: str) -> frozenset[str]:
    """The statuses of that title in all lifecycles, in any case; NoSuchStatus names what there is."""
    statuses = [status for lifecycle in LIFECYCLES.values() for status in lifecycle.statuses]
    matches = frozenset(status for status in statuses if status.casefold() == title.strip().casefold())
    if not matches:
        raise NoSuchStatus("no_such_status", title=title, titles=[*dict.fromkeys(statuses)])
    return matches
