"""The door `ticket<n>@`: a post on a ticket."""

from salmon.routing import nolocking, route, stateless

from ..model.inbound import dispatch
from ..transport.inbound.intake import Request

# ASCII alone: Salmon ignores case, and so would take a dotless i for an i; nor do other scripts' digits count.
TICKET = r"(?a:ticket(id)@(host))"


@route(TICKET, id="[0-9]+")
@stateless
@nolocking
def POST(message: Request, id: str, host: str) -> None:  # noqa: A002, N802 - Salmon's names for captures and states
    """Post on the ticket and take the default action of who writes and the state it is in."""
    dispatch.to_ticket_address(message.uow, message.inbound_mail, message.recipient)
