"""The messages and the changes of a ticket in the order of time, as its page shows them."""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from ..model.wording import say

Json = dict[str, Any]
_THE_TRACKER = say("notes.tracker").english


def timeline(view: Mapping[str, Any], *, first: bool) -> list[Json]:
    """Return messages and changes, oldest first; `first`: the ticket's first message is among them.

    What somebody changed at one moment is one item.
    """
    messages = [{**message, "is_message": True, "at": _at(message["received"])} for message in view["messages"]]
    changes = [*_changes(view)]
    if not first and messages:
        changes = [change for change in changes if change["at"] >= messages[0]["at"]]
    return sorted([*messages, *changes], key=lambda item: item["at"])


def _changes(view: Mapping[str, Any]) -> list[Json]:
    found = list[Json]()
    for (at, by), changes in groupby(view["changes"], key=lambda change: (change["at"], change["by"])):
        lines = [change["line"] for change in changes]
        name = by["name"] or (by["email"] or "").rpartition("@")[0] if by else _THE_TRACKER
        found.append({"is_message": False, "at": _at(at), "name": name, "lines": lines})
    return found


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
