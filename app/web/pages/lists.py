"""My work, and the list of tickets: filtered, searched, a portion at a time."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, abort, jsonify, make_response, redirect, request
from flask.typing import ResponseReturnValue

from ...model.desk.lists import ANY, ListPage, list_json, list_page, my_work, search_page
from ...model.desk.refusals import FieldsRefused
from ...model.lifecycle.registry import LIFECYCLES
from ...model.records.queues import every_queue, queues_seen_by
from ...model.storage.unit_of_work import UnitOfWork
from ..rendering import page
from ..visits import Visit, reading

BLUEPRINT = Blueprint("lists", __name__)
FIELDS = ("queue", "status", "owner", "requestor", "waits", "order")
_NONE = ListPage([], "")


@BLUEPRINT.get("/")
@reading
def work(visit: Visit) -> ResponseReturnValue:
    """Show what waits for whoever is logged in."""
    return page("work", work=my_work(visit.uow, visit.person), team=_is_of_a_team(visit))


@BLUEPRINT.get("/tickets")
@reading
def tickets(visit: Visit) -> ResponseReturnValue:
    """List tickets that have words, or that are as asked for. A number leads to its ticket."""
    fields, words = _fields(), request.args.get("q", "").strip()
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= 10:
        return redirect(f"/tickets/{int(number)}", 303)
    results, shown = None, _NONE
    problems: Mapping[str, str] = {}
    try:
        if words:
            results = search_page(visit.uow, visit.person, words, {"status": ANY, **fields})
        else:
            shown = list_page(visit.uow, visit.person, {**fields, "after": request.args.get("after", "")})
    except FieldsRefused as refused:
        problems = refused.problems
    return page(
        "tickets",
        422 if problems else 200,
        shown=shown,
        found=results,
        words=words,
        fields={name: fields.get(name, "") for name in FIELDS},
        problems=problems,
        team=_is_of_a_team(visit),
        choices=_choices(visit.uow, visit),
        is_later="after" in request.args,
        next=_address({**fields, "after": shown.after}) if shown.after else "",
        first=_address(fields),
    )


@BLUEPRINT.get("/tickets.json")
@reading
def tickets_json(visit: Visit) -> ResponseReturnValue:
    """Return a portion of the list as `tickets list` prints it; a Link header names the next one (RFC 8288)."""
    fields = _fields()
    try:
        summaries, after = list_json(visit.uow, visit.person, {**fields, "after": request.args.get("after", "")})
    except FieldsRefused:
        abort(400)
    response = make_response(jsonify(summaries))
    if after:
        there = _address({**fields, "after": after}).replace("/tickets", "/tickets.json", 1)
        response.headers["Link"] = f'<{there}>; rel="next"'
    return response


def _is_of_a_team(visit: Visit) -> bool:
    """Return whether somebody sees more than their own tickets."""
    return visit.person.administrator or bool(queues_seen_by(visit.uow, visit.person))


def _fields() -> dict[str, str]:
    return {name: value for name in FIELDS if (value := request.args.get(name, "").strip())}


def _address(fields: Mapping[str, str]) -> str:
    return f"/tickets?{urlencode(fields)}" if fields else "/tickets"


def _choices(uow: UnitOfWork, visit: Visit) -> dict[str, list[str]]:
    """Return the queues and the statuses that a filter can name."""
    seen = queues_seen_by(uow, visit.person)
    queues = [queue for queue in every_queue(uow) if visit.person.administrator or queue.id in seen]
    lifecycles = {queue.lifecycle_name for queue in queues} or {*LIFECYCLES}
    statuses = dict.fromkeys(status for name in sorted(lifecycles) for status in LIFECYCLES[name].statuses)
    return {"queues": [queue.name for queue in queues], "statuses": [*statuses]}
