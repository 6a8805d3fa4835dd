"""A ticket as a person reads it in a mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ....mail.text import one_line, printable
from ...lifecycle.tables import Lifecycle
from ...records.tickets import UNDELIVERED
from ...tickets.days import day_of
from ...wording import Sentence, Wording, moment, say, wording_in
from ..notices.headings import message_heading
from ..posted_text import file_size


def head_text(view: dict[str, Any]) -> Sentence:
    """The lines that stand above the messages."""
    lines = [
        say("pages.title_line", number=view["id"], queue=view["queue"], title=one_line(view["title"])),
        _status_line(view),
        say("pages.from_line", person=_person(view["requestor"])),
        say("pages.owner_line", person=_person(view["assignee"])),
    ]
    if view["participants"]:
        lines.append(say("pages.copied_in_line", people=[_person(entry) for entry in view["participants"]]))
    if view["unsubscribed"]:
        lines.append(say("pages.unsubscribed_line", people=[_person(entry) for entry in view["unsubscribed"]]))
    if view["merged_into"]:
        lines.append(say("pages.merged_line", number=view["merged_into"]))
    missed = [change for change in view["changes"] if change["field"] == UNDELIVERED]
    lines += [
        say("pages.undelivered_line", what=one_line(entry["new"]), moment=_moment(entry["at"])) for entry in missed
    ]
    if view["answer"]:
        lines.append(say("pages.answer_line", person=_person(view["answerer"]), number=view["answer"]))
    return say("pages.lines", lines=lines)


def _status_line(view: dict[str, Any]) -> Sentence:
    if not view["reopens"]:
        return say("pages.status_line", status=view["status"])
    day = day_of(datetime.fromisoformat(view["reopens"]))
    return say("pages.status_until", status=view["status"], day=str(day))


def _moment(written: str) -> Sentence:
    """A moment of the JSON view, for people."""
    return moment(datetime.fromisoformat(written), year=True)


def message_text(
    message: dict[str, Any], status_before: str | None, lifecycle: Lifecycle, viewer: str | None, wording: Wording
) -> str:
    """One message with the line that tells what it did, and the ticket's status where the message changed it."""
    kind = "held_head" if message["held"] else "private_head" if message["private"] else "message_head"
    when = _moment(message["date"])
    if message["new_status"] != status_before:
        when = say("pages.and_status", moment=when, status=message["new_status"])
    head = say(f"pages.{kind}", number=message["number"], moment=when)
    attached = [
        wording.line(say("notes.file", name=one_line(file["name"]), size=file_size(file["bytes"])))
        for file in message["attachments"]
    ]
    body = "\n".join([printable(message["text"]), *attached]).strip("\n")
    return f"{wording.line(head)}\n{byline(message, lifecycle, viewer, wording)}\n\n{body}".rstrip()


def statuses_before(messages: Sequence[dict[str, Any]]) -> dict[int, str | None]:
    """Return, by a message's number, the status that the message before it left; None for the first."""
    statuses = [None, *(message["new_status"] for message in messages)]
    return {message["number"]: before for message, before in zip(messages, statuses, strict=False)}


def byline(message: dict[str, Any], lifecycle: Lifecycle, viewer: str | None, wording: Wording | None = None) -> str:
    """The line above a message: who did what by it."""
    sender, wording = message["sender"], wording or wording_in()
    mine = sender is not None and sender["email"] == viewer
    name = one_line(message["writer"]) if sender else None
    titles = {action.title: action for action in lifecycle.actions}
    action = titles.get(message["action"] or "")
    if action is not None:
        return wording.line(message_heading(action, name, has_text=bool(message["text"]), second=mine))
    if mine:
        return wording.line(say("pages.you_wrote"))
    return wording.line(say("notes.wrote", name=name or say("notes.tracker")))


def _person(person: dict[str, Any] | None) -> Sentence | str:
    return person_text(person) if person else say("pages.nobody")


def person_text(person: dict[str, Any] | None) -> str:
    """Somebody by name and, where it is shown, address, on one line."""
    if not person:
        return wording_in().line(say("pages.nobody"))
    if not (person["email"] and person["name"]):
        return one_line(person["email"] or person["name"])
    return one_line(f"{person['name']} <{person['email']}>")
