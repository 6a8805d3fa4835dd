"""The page of whoever is logged in: their sessions."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from ...model.operations.web_login import end_session, sessions_of
from ...model.records.people import addresses_of
from ...model.records.queues import responders
from ..rendering import page
from ..visits import Visit, reading, writing

BLUEPRINT = Blueprint("me", __name__)


@BLUEPRINT.get("/me")
@reading
def show(visit: Visit) -> ResponseReturnValue:
    """Show who is logged in, and in which browsers."""
    return page(
        "me",
        roles=_roles(visit),
        addresses=addresses_of(visit.uow, visit.person),
        sessions=sessions_of(visit.uow, visit.person),
        session_id=visit.session_id,
    )


def _roles(visit: Visit) -> list[dict[str, object]]:
    """Return what somebody is for which queues."""
    queues = [queue.name for queue, person in responders(visit.uow) if person.id == visit.person.id]
    return [{"what": "You're on the team of", "queues": queues}] if queues else []


@BLUEPRINT.post("/me/sessions")
@writing
def end(visit: Visit) -> ResponseReturnValue:
    """End one session; of this browser, too."""
    session = request.form.get("session", "")
    if session.isascii() and session.isdigit() and len(session) < 10:
        end_session(visit.uow, visit.person, int(session))
    return redirect("/me", 303)
