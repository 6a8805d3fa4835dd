"""The page of a ticket: its conversation, who is on it, and what can be done."""

import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from ...model.desk.answer_form import answer_form
from ...model.desk.conversation import conversation
from ...model.desk.message_keys import ids_since
from ...model.records.tickets import NoSuchTicket, Ticket, find_ticket, resolve_merged
from ...model.storage.base import MAX_ID
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.members import TicketMember, member_for, members_of
from ...model.tickets.ticket_json import ticket_in_full
from ...model.tickets.visibility import may_see
from ..notices import take_notice
from ..rendering import page
from ..visits import Visit, reading

BLUEPRINT = Blueprint("ticket", __name__)


class SeenTicket(NamedTuple):
    """A ticket that whoever is logged in may see, what they are on it, and who else is."""

    ticket: Ticket
    member: TicketMember
    members: Sequence[TicketMember]


class UnsentAnswer(NamedTuple):
    """What somebody has written and chosen in the answer form, and what is wrong with it."""

    text: str = ""
    status: str = ""
    owner: str = ""
    answers: str = ""
    had_files: bool = False
    problems: Mapping[str, str] = {}
    sentences: Sequence[str] = ()
    new: Sequence[str] = ()


def seen_ticket(visit: Visit, number: int) -> SeenTicket:
    """Return a ticket that somebody may see; 404 as if there were none for everybody else."""
    try:
        ticket = find_ticket(visit.uow, number if number <= MAX_ID else 0)
    except NoSuchTicket:
        abort(404)
    members = members_of(visit.uow, ticket)
    member = member_for(visit.person, members)
    if not may_see(ticket, member):
        abort(404)
    return SeenTicket(ticket, member, members)


@BLUEPRINT.get("/tickets/<int:number>")
@reading
def show(visit: Visit, number: int) -> ResponseReturnValue:
    """Show a ticket; one that is part of another leads to that one."""
    goal = _goal(visit.uow, number)
    if goal is not None:
        seen_ticket(visit, goal)
        return redirect(f"/tickets/{goal}", 303)
    return ticket_page(visit, seen_ticket(visit, number))


def _goal(uow: UnitOfWork, number: int) -> int | None:
    """Return the number of the ticket of which another is part now."""
    try:
        goal = resolve_merged(uow, number if number <= MAX_ID else 0, locked=False)
    except NoSuchTicket:
        return None
    return goal.id if goal.id != number else None


@BLUEPRINT.get("/tickets/<int:number>.json")
@reading
def show_json(visit: Visit, number: int) -> ResponseReturnValue:
    """Return what `tickets show --as` prints."""
    seen = seen_ticket(visit, number)
    return ticket_in_full(visit.uow, seen.ticket, visit.person)


@BLUEPRINT.get("/tickets/<int:number>/news")
@reading
def news(visit: Visit, number: int) -> ResponseReturnValue:
    """Say how many messages came after the one that a page has shown last; of those that this reader may see."""
    seen = seen_ticket(visit, number)
    new = len(ids_since(visit.uow, seen.ticket, seen.member, request.args.get("seen", "")))
    return {"count": new} if new else ("", 204)


def ticket_page(
    visit: Visit, seen: SeenTicket, status: int = 200, draft: UnsentAnswer | None = None
) -> ResponseReturnValue:
    """Return the page of a ticket, with what somebody has written so far."""
    ticket, member = seen.ticket, seen.member
    form = answer_form(visit.uow, ticket, visit.person)
    shown = conversation(visit.uow, ticket, member, visit.person, request.args.get("before"))
    return page(
        "ticket",
        status,
        ticket=ticket,
        member=member,
        people=_people(seen),
        shown=shown,
        form=form,
        basics=None,
        draft=draft or UnsentAnswer(),
        once=secrets.token_hex(16),
        notice=take_notice(ticket.id),
    )


def _people(seen: SeenTicket) -> list[dict[str, object]]:
    """Return who is on a ticket besides its team, with what they are on it; their addresses for the team alone."""
    found = list[dict[str, object]]()
    for one in seen.members:
        role = "asked" if one.requestor else "owner" if one.assignee else "copied in" if one.participant else ""
        if role and not (one.pending and not seen.member.responder):
            email = one.email if seen.member.responder or one.person_id == seen.member.person_id else None
            found.append({"name": one.label, "email": email, "role": role, "left": not one.subscribed})
    return found
