"""A ticket as a person reads it in a mail."""

from datetime import UTC, datetime
from typing import Any

from ...mail.text import one_line, shown
from ..lifecycle.tables import Lifecycle
from ..records.tickets import UNDELIVERED
from ..tickets.days import day_of
from .notification import THE_TRACKER, message_heading


def head_text(view: dict[str, Any]) -> str:
    """The lines that stand above the messages."""
    lines = [
        f"Ticket {view['id']} in {view['queue']}: {one_line(view['title'])}",
        f"Status: {view['status']}{_until(view)}",
        f"Requestor: {person_text(view['requestor'])}",
        f"Assignee: {person_text(view['assignee'])}",
    ]
    if view["participants"]:
        lines.append(f"Participants: {', '.join(person_text(one) for one in view['participants'])}")
    if view["unsubscribed"]:
        lines.append(f"Get no letters: {', '.join(person_text(one) for one in view['unsubscribed'])}")
    if view["merged_into"]:
        lines.append(f"It is part of ticket {view['merged_into']} now: its messages are there.")
    missed = [change for change in view["changes"] if change["field"] == UNDELIVERED]
    lines += [f"Not delivered: {one_line(change['new'])} ({_moment(change['at'])})" for change in missed]
    if view["answer"]:
        lines.append(f"Answered by: {person_text(view['answerer'])}, message {view['answer']}")
    return "\n".join(lines)


def _until(view: dict[str, Any]) -> str:
    return f" until {day_of(datetime.fromisoformat(view['reopens']))}" if view["reopens"] else ""


def _moment(written: str) -> str:
    """A moment of the JSON view, for people."""
    at = datetime.fromisoformat(written).astimezone(UTC)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} UTC"


def message_text(message: dict[str, Any], lifecycle: Lifecycle, viewer: str | None) -> str:
    """One message with the line that tells what it did."""
    private = " [private, waits for its writer]" if message["held"] else " [private]" if message["private"] else ""
    attached = [f"[{one_line(one['name'])}, {one['type']}, {one['bytes']} bytes]" for one in message["attachments"]]
    body = "\n".join([shown(message["text"]), *attached]).strip("\n")
    head = f"#{message['number']}  {_moment(message['date'])}  {message['new_status']}{private}"
    return f"{head}\n{byline(message, lifecycle, viewer)}\n\n{body}".rstrip()


def byline(message: dict[str, Any], lifecycle: Lifecycle, viewer: str | None) -> str:
    """The line above a message: who did what by it."""
    sender = message["sender"]
    mine = sender is not None and sender["email"] == viewer
    name = one_line(sender["name"] or sender["email"]) if sender else THE_TRACKER
    titles = {action.title: action for action in lifecycle.actions}
    action = titles.get(message["action"] or "")
    if action is None:
        return f"{'You' if mine else name} wrote:"
    return message_heading(action, name, has_text=bool(message["text"]), second=mine)


def person_text(person: dict[str, Any] | None) -> str:
    """Somebody by name and, where it is shown, address, on one line."""
    if not person:
        return "nobody"
    return one_line(f"{person['name']} <{person['email']}>".strip() if person["email"] else person["name"])
