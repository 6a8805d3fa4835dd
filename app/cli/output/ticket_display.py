"""Tickets as a terminal shows them: a list of many, or one with its messages."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ...mail.text import one_line, printable
from ...model.letters.pages.ticket_text import byline, person_text, statuses_before
from ...model.lifecycle.tables import Lifecycle
from ...model.records.tickets import UNDELIVERED, Ticket
from ...model.tickets.days import day_of
from ..common import print_rows
from .relative_time import age, when
from .table_layout import bold, terminal_width, width_of

# Quotations, code, tables and lists look as their writers made them.
_AS_WRITTEN = re.compile(r"[ \t>|]|.*(?:\t| {3}|\|.*\|)")
_SHORTEST = 20


def print_tickets(tickets: Sequence[Ticket], now: datetime) -> None:
    """Print tickets, a line each; on a narrow terminal less of each."""
    rows = [_row(ticket, now) for ticket in tickets]
    kept = [heading for heading in _HEADINGS if _is_shown(heading, rows, terminal_width())]
    places = [_HEADINGS.index(heading) for heading in kept]
    print_rows([tuple(row[place] for place in places) for row in rows], tuple(kept), empty="No tickets")


_HEADINGS = ("TICKET", "STATUS", "AGE", "PRIO", "QUEUE", "ASSIGNEE", "REQUESTOR", "TITLE")
# What is left out where no ticket has it, and what on a terminal of fewer columns than this.
_OFTEN_EMPTY = ("PRIO", "ASSIGNEE")
_WANTS = {"QUEUE": 70, "ASSIGNEE": 70, "REQUESTOR": 50, "AGE": 30, "STATUS": 30}


def _is_shown(heading: str, rows: Sequence[tuple[str, ...]], width: int | None) -> bool:
    """Whether a list has this column."""
    if heading in _OFTEN_EMPTY and not any(row[_HEADINGS.index(heading)] for row in rows):
        return False
    return width is None or width >= _WANTS.get(heading, 0)


def _row(ticket: Ticket, now: datetime) -> tuple[str, ...]:
    return (
        str(ticket.id),
        ticket.status if ticket.merged_into is None else f"in ticket {ticket.merged_into}",
        age(ticket.last_posted, now),
        "" if ticket.priority is None else str(ticket.priority),
        ticket.queue.name,
        ticket.assignee.email if ticket.assignee else "",
        ticket.requestor.email,
        ticket.title,
    )


def ticket_text(view: dict[str, Any], lifecycle: Lifecycle, viewer: str | None, now: datetime) -> str:
    """A ticket from its JSON view; `viewer`, an address, is spoken to in the second person."""
    width = terminal_width()
    lines = [bold(line) for line in wrapped(f"Ticket {view['id']}: {one_line(view['title'])}", width)]
    facts = list(_facts(view, now))
    label = max(width_of(name) for name, _ in facts)
    lines += [f"{name:{label}}  {value}" for name, value in facts]
    befores = statuses_before(view["messages"])
    for message in view["messages"]:
        head = _head(message, befores[message["number"]], now)
        lines += ["", bold(head), "\n".join(_body(message, lifecycle, viewer, width)).rstrip("\n")]
    if "reply" in view:
        reply = view["reply"]
        lines += ["", _reply_line(reply, view["status"], viewer)]
    return "\n".join(lines)


def _facts(view: dict[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    """The lines above the messages, each with its label."""
    until = f" until {day_of(datetime.fromisoformat(view['reopens']))}" if view["reopens"] else ""
    yield "Status:", f"{view['status']}{until}"
    if view["priority"] is not None:
        yield "Priority:", str(view["priority"])
    yield "Queue:", one_line(view["queue"])
    yield "Requestor:", person_text(view["requestor"])
    yield "Owner:", person_text(view["assignee"])
    for number, person in enumerate(view["participants"]):
        yield "" if number else "Copied in:", person_text(person)
    for number, person in enumerate(view["unsubscribed"]):
        yield "" if number else "Get no emails:", person_text(person)
    yield "Opened:", when(view["created"], now)
    if view["messages"]:
        yield "Last post:", when(view["messages"][-1]["received"], now)
    if view["solved"]:
        yield "Solved:", when(view["solved"], now)
    if view["answer"]:
        yield "Answered by:", f"{person_text(view['answerer'])}, message {view['answer']}"
    if view["merged_into"]:
        yield "Merged:", f"it is part of ticket {view['merged_into']} now, where its messages are"
    for change in view["changes"]:
        if change["field"] == UNDELIVERED:
            yield "Not delivered:", f"{one_line(change['new'])} ({when(change['at'], now)})"


def _reply_line(reply: dict[str, str], status: str, viewer: str | None) -> str:
    """Return what a plain reply of the viewer would do now."""
    goes = (
        f"The ticket goes from {status} to {reply['status']}." if reply["status"] != status else f"It stays {status}."
    )
    return f"If {viewer} replies ({reply['as']}): {reply['action']}. {goes}"


_MARKS = {"PRIVATE": "private", "HELD": "held", "AUTOMATIC": "automatic", "LIST": "listed"}


def _head(message: dict[str, Any], status_before: str | None, now: datetime) -> str:
    """Return the line above a message, with the ticket's status where the message changed it."""
    marks = [name for name, of in _MARKS.items() if message[of]]
    status = [message["new_status"]] if message["new_status"] != status_before else []
    return "  ".join([f"#{message['number']}", when(message["date"], now), *status, *marks])


def _body(message: dict[str, Any], lifecycle: Lifecycle, viewer: str | None, width: int | None) -> Iterator[str]:
    """Who wrote, what they wrote, and which files came with it."""
    yield byline(message, lifecycle, viewer)
    yield ""
    for line in printable(message["text"]).strip("\n").split("\n"):
        yield from wrapped(line, width)
    for attachment in message["attachments"]:
        yield f"[{one_line(attachment['name'])}, {one_line(attachment['type'])}, {_size(attachment['bytes'])}]"


def wrapped(line: str, width: int | None) -> list[str]:
    """A long line of prose broken between words; what is quoted or laid out, and all in a pipe, stays as it is."""
    if width is None or width < _SHORTEST or width_of(line) <= width or _AS_WRITTEN.match(line):
        return [line]
    return list(_broken(line, width))


def _broken(line: str, width: int) -> Iterator[str]:
    """A line in pieces of so many columns; a longer word stays whole."""
    filled = ""
    for word in line.split(" "):
        if filled and width_of(filled) + 1 + width_of(word) > width:
            yield filled
            filled = word
        else:
            filled = f"{filled} {word}" if filled else word
    yield filled


def _size(octets: int) -> str:
    """A size in bytes as people read it."""
    if octets < 1_000:
        return f"{octets} byte{'' if octets == 1 else 's'}"
    return f"{octets / 1_000:.0f} KB" if octets < 999_500 else f"{octets / 1_000_000:.1f} MB"
