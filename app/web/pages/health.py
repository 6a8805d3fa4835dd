"""Whether the tracker answers, for a monitor: `ok`, or 503 and nothing else."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...model.storage.database import DATABASE_FAULTS
from ..current import current_site

BLUEPRINT = Blueprint("health", __name__)
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@BLUEPRINT.get("/healthz")
def health() -> ResponseReturnValue:
    """Ask the database for its turn to be read."""
    try:
        with current_site().database.read_only():
            return "ok\n", 200, _PLAIN
    except DATABASE_FAULTS:
        return "unavailable\n", 503, _PLAIN
