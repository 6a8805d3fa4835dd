"""My work, and the list of tickets."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ..rendering import page
from ..visits import Visit, reading

BLUEPRINT = Blueprint("lists", __name__)


@BLUEPRINT.get("/")
@reading
def work(visit: Visit) -> ResponseReturnValue:
    """Show what waits for whoever is logged in."""
    return page("work")
