"""The page of a ticket: its conversation, who is on it, and what can be done."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from ...model.desk import ticket_page as pages
from ...model.desk.ticket_page import MergedAway, TicketPage
from ...model.records.tickets import NoSuchTicket
from ...model.tickets.ticket_json import ticket_in_full
from ..notices import take_notice
from ..rendering import page
from ..timeline import timeline
from ..visits import Visit, reading

BLUEPRINT = Blueprint("ticket", __name__)


@dataclass(frozen=True)
class UnsentAnswer:
    """What somebody has written and chosen in the forms of a page, and why nothing was done.

    `problems` are sentences by the names of the answer form's fields, `basics` the values of the other form, and
    `basics_problems` its sentences. `new` are the keys of messages that came meanwhile. `meant` lets words be sent that
    look like a slip.
    """

    text: str = ""
    status: str = ""
    owner: str = ""
    answers: str = ""
    had_files: bool = False
    problems: Mapping[str, str] = field(default_factory=dict)
    sentences: Sequence[str] = ()
    new: Sequence[str] = ()
    meant: str = ""
    basics: Mapping[str, str] = field(default_factory=dict)
    basics_problems: Mapping[str, str] = field(default_factory=dict)


@BLUEPRINT.get("/tickets/<int:number>")
@reading
def show(visit: Visit, number: int) -> ResponseReturnValue:
    """Show a ticket; one that is part of another leads to that one."""
    return ticket_page(visit, number)


@BLUEPRINT.get("/tickets/<int:number>.json")
@reading
def show_json(visit: Visit, number: int) -> ResponseReturnValue:
    """Return what `tickets show --as` prints."""
    try:
        ticket, _, _ = pages.seen_ticket(visit.uow, number, visit.person)
    except MergedAway as merged:
        return redirect(f"/tickets/{merged.ticket}.json", 303)
    except NoSuchTicket:
        abort(404)
    return ticket_in_full(visit.uow, ticket, visit.person)


@BLUEPRINT.get("/tickets/<int:number>/news")
@reading
def news(visit: Visit, number: int) -> ResponseReturnValue:
    """Say how many messages came after the one that a page has shown last, and who wrote the newest."""
    try:
        found = pages.news(visit.uow, number, visit.person, request.args.get("seen", ""))
    except (MergedAway, NoSuchTicket):
        abort(404)
    return {"count": found.messages, "by": found.by} if found.messages else ("", 204)


def ticket_page(
    visit: Visit, number: int, status: int = 200, unsent: UnsentAnswer | None = None
) -> ResponseReturnValue:
    """Return the page of a ticket, with what somebody has written so far; 404 as if there were none for others."""
    try:
        found = pages.ticket_page(visit.uow, number, visit.person, before=request.args.get("before", ""))
    except MergedAway as merged:
        return redirect(f"/tickets/{merged.ticket}", 303)
    except NoSuchTicket:
        abort(404)
    unsent = unsent or UnsentAnswer()
    return page(
        "ticket",
        status,
        found=found,
        ticket=found.view,
        timeline=timeline(found.view, first=not found.earlier),
        people=_people(found),
        form=found.form,
        basics=_basics(found, unsent),
        unsent=unsent,
        once=secrets.token_hex(16),
        notice=take_notice(found.view["id"]),
    )


def _people(found: TicketPage) -> list[dict[str, Any]]:
    """Return who is on a ticket besides its team, and what they are on it."""
    if found.responder:
        return [
            {
                "name": one.name,
                "email": one.email,
                "role": "asked" if one.requestor else "owner" if one.assignee else "copied in",
                "gets": one.gets_letters,
            }
            for one in found.people
            if one.requestor or one.assignee or one.copied_in
        ]
    asked = {**found.view["requestor"], "role": "asked", "gets": True}
    return [asked, *({**one, "role": "copied in", "gets": True} for one in found.view["participants"])]


def _basics(found: TicketPage, unsent: UnsentAnswer) -> dict[str, Any] | None:
    """Return the form of basics, with what somebody has typed in it."""
    if found.basics is None:
        return None
    return {**found.basics._asdict(), "add": "", "remove": "", **unsent.basics}
