"""How a promise is read from a letter's footer, as its reader does, and held against what happened."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...model.lifecycle.tables import PRIVATE_NOTE, Action, Lifecycle


class FooterPromise(NamedTuple):
    """What a footer says a reply will do: while the ticket is in `status`, `action`, read by whom `sentence` names."""

    sentence: str
    status: str
    action: Action
    private: bool


class NoPromise(Exception):
    """A letter does not say what a reply to it does."""


_SENTENCE = re.compile(
    r"Reply to this email to (?P<does>.*?)\. (?P<readers>.*?)\. Ticket [0-9]+ is (?P<status>[^.]*)\."
)


def promised_by(text: str, lifecycle: Lifecycle) -> FooterPromise:
    """The promise of a letter, from its words alone; NoPromise if it makes none."""
    footer = " ".join(text.rpartition("\n-- \n")[2].split())
    match = _SENTENCE.match(footer)
    private = match is not None and match["does"] == PRIVATE_NOTE
    does = match["does"] if match else ""
    actions = [
        action for action in lifecycle.actions if action.does == does or (private and action == lifecycle.comment)
    ]
    if not match or match["status"] not in lifecycle.statuses or not actions:
        raise NoPromise(f"This footer says nothing of what a reply does: {footer!r}")
    return FooterPromise(match[0], match["status"], actions[0], private)


class ThanksPromise(NamedTuple):
    """What a footer says of a reply that only says thanks: it leaves the ticket in `status`."""

    sentence: str
    status: str


def thanks_in(text: str) -> ThanksPromise:
    """What a letter says of thanks; NoPromise if it says nothing of them."""
    footer = text.rpartition("\n-- \n")[2]
    match = re.search(r"A reply that only says thanks keeps it (?P<status>[^.]+)\.", " ".join(footer.split()))
    if not match:
        raise NoPromise(f"This footer says nothing of thanks: {footer!r}")
    return ThanksPromise(match[0], match["status"])


def broken_in(
    promise: FooterPromise, ticket: dict[str, Any], before: str, notified: Sequence[str], responders: Sequence[str]
) -> str | None:
    """What became otherwise than promised, in words; None if all was kept. `notified`: who got a letter."""
    message = ticket["messages"][-1]
    if before != promise.status:
        return f"it was for {promise.status}, and the ticket was {before}"
    if (message["action"], message["private"]) != (promise.action.title, promise.private):
        return f"it was {promise.action.title!r}, and the reply was taken as {message['action']!r}"
    return _misdirected(promise.sentence.partition(". ")[2], ticket, notified, responders)


def _misdirected(
    readers: str, ticket: dict[str, Any], notified: Sequence[str], responders: Sequence[str]
) -> str | None:
    """Who got a letter and was not named among the readers, or the other way round."""
    sender = ticket["messages"][-1]["sender"]["name"]
    outside = [
        person["name"] for person in (ticket["requestor"], ticket["assignee"], *ticket["participants"]) if person
    ]
    named = {name for name in outside if name in readers}
    if " team will see it" in readers:
        named |= set(responders)
    # What the writer is told in a letter of their own is no copy of the words.
    for name in sorted((named ^ set(notified)) - {sender}):
        return f"{name} got a letter, and was not named" if name in notified else f"{name} was named, and got no letter"
    return None
