"""The messages and the changes of a ticket in the order of time, as its page shows them."""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from types import SimpleNamespace
from typing import Any

from ..model.wording import say

Json = dict[str, Any]
_THE_TRACKER = say("notes.tracker").english


def timeline(view: Mapping[str, Any], *, first: bool) -> list[SimpleNamespace]:
    """Return messages and changes, oldest first; `first`: the ticket's first message is among them.

    What somebody changed at one moment is one item. Templates read attributes twice as fast as the values of a dict.
    """
    messages = [_message(message) for message in view["messages"]]
    changes = [*_changes(view)]
    if not first and messages:
        changes = [change for change in changes if change.at >= messages[0].at]
    return sorted([*messages, *changes], key=lambda item: item.at)


def _message(message: Json) -> SimpleNamespace:
    says_more = _says_more(message["full_text"], message["text"])
    return SimpleNamespace(**message, is_message=True, at=_at(message["received"]), says_more=says_more)


def _says_more(full_text: str, text: str) -> bool:
    """Return whether a whole text has other words than the new ones of it; white space is none."""
    if full_text.startswith(text):
        return full_text[len(text) :].strip() != ""
    return full_text.split() != text.split()


def _changes(view: Mapping[str, Any]) -> list[SimpleNamespace]:
    entries = list[SimpleNamespace]()
    for (at, by), changes in groupby(view["changes"], key=lambda change: (change["at"], change["by"])):
        lines = [change["line"] for change in changes]
        name = by["name"] or (by["email"] or "").rpartition("@")[0] if by else _THE_TRACKER
        entries.append(SimpleNamespace(is_message=False, at=_at(at), name=name, lines=lines))
    return entries


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
