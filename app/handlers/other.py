"""The door of every other address: a queue's opens a ticket, the rest is set aside."""

from salmon.routing import nolocking, route, stateless

from ..model.inbound import dispatch
from ..transport.inbound.intake import Request
from .ticket import TICKET


@route(f"(?!{TICKET}$)(address)", id="[0-9]+", address="(?s:.*)")
@stateless
@nolocking
def ELSEWHERE(message: Request, **_captures: str | None) -> None:  # noqa: N802 - Salmon's name for a state
    """Find out what the address stands for."""
    dispatch.to_other_address(message.uow, message.inbound_mail, message.recipient)
