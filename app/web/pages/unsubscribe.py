"""Leaving a ticket by the link in a letter's List-Unsubscribe, with one click (RFC 8058), without a login."""

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from ...model.inbound.unsubscribe_address import leave_by_token, reader_of
from ...model.storage.unit_of_work import UnitOfWork
from ..current import current_site
from ..rendering import page
from ..visits import in_transaction

BLUEPRINT = Blueprint("unsubscribe", __name__)


@BLUEPRINT.get("/unsubscribe/<token>")
def ask(token: str) -> ResponseReturnValue:
    """Show the button: programs that look at every link of a mail change nothing by it."""
    with current_site().database.read_only() as uow:
        if reader_of(uow, token) is None:
            abort(404)
    return page("unsubscribe", done=False, action=request.path)


@BLUEPRINT.post("/unsubscribe/<token>")
def leave(token: str) -> ResponseReturnValue:
    """Take the reader of the letter off its ticket. The token proves that they have the letter."""

    def work(uow: UnitOfWork) -> ResponseReturnValue:
        if not leave_by_token(uow, token):
            abort(404)
        return page("unsubscribe", done=True)

    return in_transaction(work)
