"""The list of lifecycles that a queue can have, and how a ticket moves from one to another."""

from collections.abc import Mapping

from . import correspondence as inbox
from . import support as support
from .tables import Lifecycle, NoSuchStatus, sentence_list

CORRESPONDENCE, SUPPORT = inbox.CORRESPONDENCE, support.SUPPORT
LIFECYCLES: Mapping[str, Lifecycle] = {lifecycle.name: lifecycle for lifecycle in (CORRESPONDENCE, SUPPORT)}

# docs/interface.md, section 5. A ticket that nobody has answered is new in a shared inbox, whatever it is called in
# support.
_MOVES = {
    support.OPEN: inbox.OPEN,
    support.NEEDS: inbox.STALLED,
    support.ANSWERED: inbox.OPEN,
    support.SOLVED: inbox.RESOLVED,
    support.EXPIRED: inbox.RESOLVED,
    support.INVALID: inbox.REJECTED,
    inbox.NEW: support.OPEN,
    inbox.OPEN: support.OPEN,
    inbox.STALLED: support.NEEDS,
    inbox.RESOLVED: support.SOLVED,
    inbox.REJECTED: support.INVALID,
}


def moved(status: str, lifecycle: Lifecycle, *, answered: bool) -> str:
    """The status of a ticket that moves to a lifecycle; the same if it is of that one already."""
    if status in lifecycle.statuses:
        return status
    there = _MOVES[status]
    return lifecycle.first if status == support.OPEN and not answered else there


def every_status(title: str) -> frozenset[str]:
    """The statuses of that title in all lifecycles, in any case; NoSuchStatus names what there is."""
    statuses = [status for lifecycle in LIFECYCLES.values() for status in lifecycle.statuses]
    found = frozenset(status for status in statuses if status.casefold() == title.strip().casefold())
    if not found:
        raise NoSuchStatus(f"There is no status {title!r}; there are: {sentence_list(dict.fromkeys(statuses))}.")
    return found
