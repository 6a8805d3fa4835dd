"""This file holds the door of every other address: a queue's opens a ticket, the rest is set aside."""

from salmon.routing import nolocking, route, stateless

from app.handlers.ticket import TICKET
from app.model import correspondence
from app.transport.reception import Request


@route(f"(?!ticket{TICKET}@(host)$)(address)", address=".*")
@stateless
@nolocking
def ELSEWHERE(message: Request, address: str, host: str | None) -> None:  # noqa: N802 - Salmon's name for a state
    """Find out what the address stands for."""
    correspondence.elsewhere(message.desk, message.arrival, message.recipient)
