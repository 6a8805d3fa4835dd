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
        news = pages.news(visit.uow, number, visit.person, request.args.get("seen", ""))
    except (MergedAway, NoSuchTicket):
        abort(404)
    return {"count": news.messages, "by": news.by} if news.messages else ("", 204)


def ticket_page(
    visit: Visit, number: int, status: int = 200, unsent: UnsentAnswer | None = None
) -> ResponseReturnValue:
    """Return the page of a ticket, with what somebody has written so far; 404 as if there were none for others."""
    try:
        ticket_page = pages.ticket_page(visit.uow, number, visit.person, before=request.args.get("before", ""))
    except MergedAway as merged:
        return redirect(f"/tickets/{merged.ticket}", 303)
    except NoSuchTicket:
        abort(404)
    unsent = unsent or UnsentAnswer()
    return page(
        "ticket",
        status,
        found=ticket_page,
        ticket=ticket_page.view,
        timeline=timeline(ticket_page.view, first=not ticket_page.earlier),
        people=_people(ticket_page),
        form=ticket_page.form,
        basics=_basics(ticket_page, unsent),
        unsent=unsent,
        once=secrets.token_hex(16),
        notice=take_notice(ticket_page.view["id"]),
    )


def _people(ticket_page: TicketPage) -> list[dict[str, Any]]:
    """Return who is on a ticket besides its team, and what they are on it."""
    if ticket_page.responder:
        return [
            {
                "name": person.name,
                "email": person.email,
                "role": "asked" if person.requestor else "owner" if person.assignee else "copied in",
                "gets": person.gets_letters,
            }
            for person in ticket_page.people
            if person.requestor or person.assignee or person.copied_in
        ]
    asked = {**ticket_page.view["requestor"], "role": "asked", "gets": True}
    return [
        asked,
        *({**participant, "role": "copied in", "gets": True} for participant in ticket_page.view["participants"]),
    ]


def _basics(ticket_page: TicketPage, unsent: UnsentAnswer) -> dict[str, Any] | None:
    """Return the form of basics, with what somebody has typed in it."""
    if ticket_page.basics is None:
        return None
    return {**ticket_page.basics._asdict(), "add": "", "remove": "", **unsent.basics}
