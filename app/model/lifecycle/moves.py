"""How the tables of a lifecycle are written: the moves of a rule, and the defaults by role."""

from collections.abc import Mapping

from .roles import Role
from .tables import DefaultReply


def moves_to(status: str, *sources: str) -> dict[str, tuple[str, ...]]:
    """The moves of a rule that leads from each of the sources to one status."""
    return dict.fromkeys(sources, (status,))


def stays_in(*statuses: str) -> dict[str, tuple[str, ...]]:
    """The moves of a rule that changes no status."""
    return {status: (status,) for status in statuses}


def moves_to_any_other(statuses: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The moves of a rule that leaves the choice."""
    return {status: tuple(goal for goal in statuses if goal != status) for status in statuses}


def by_role(columns: Mapping[Role, Mapping[str, DefaultReply]]) -> dict[tuple[str, Role], DefaultReply]:
    """The defaults of a lifecycle, from one column a role."""
    return {
        (status, role): default_reply for role, column in columns.items() for status, default_reply in column.items()
    }
