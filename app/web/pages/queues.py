"""The page of a queue: its addresses, its team, and the lifecycle by which its tickets live."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from ...model.lifecycle.printing import actions_rows, defaults_rows
from ...model.records.queue_setup import switches_of
from ...model.records.queues import NoSuchQueue, find_queue, queues_seen_by, responders, whole_address
from ..rendering import page
from ..visits import Visit, reading

BLUEPRINT = Blueprint("queues", __name__)


@BLUEPRINT.get("/queues/<name>")
@reading
def show(visit: Visit, name: str) -> ResponseReturnValue:
    """Show a queue to whoever may read all of it."""
    try:
        queue = find_queue(visit.uow, name)
    except NoSuchQueue:
        abort(404)
    if not (visit.person.administrator or queue.id in queues_seen_by(visit.uow, visit.person)):
        abort(404)
    return page(
        "queue",
        queue=queue,
        addresses=[whole_address(visit.uow, row.address) for row in queue.addresses],
        team=[person for other, person in responders(visit.uow) if other.id == queue.id],
        switches=switches_of(queue),
        defaults=defaults_rows(queue.lifecycle),
        actions=actions_rows(queue.lifecycle),
    )
