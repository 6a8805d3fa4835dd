"""This file holds the list of lifecycles that a queue can have."""

from collections.abc import Mapping

from app.model.lifecycle import Lifecycle, NoSuchStatus, listed
from app.model.support_lifecycle import SUPPORT

LIFECYCLES: Mapping[str, Lifecycle] = {lifecycle.name: lifecycle for lifecycle in (SUPPORT,)}


def every_status(title: str) -> str:
    """The status of that title in any lifecycle, in any case; NoSuchStatus names what there is."""
    statuses = [status for lifecycle in LIFECYCLES.values() for status in lifecycle.statuses]
    for status in statuses:
        if status.casefold() == title.strip().casefold():
            return status
    raise NoSuchStatus(f"There is no status {title!r}; there are: {listed(dict.fromkeys(statuses))}.")
