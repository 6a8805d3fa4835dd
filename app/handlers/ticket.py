"""The handlers of `ticket<n>@` and `ticket<n>-comment@`: a post on a ticket."""

from salmon.mail import MailRequest
from salmon.routing import nolocking, stateless

from ..model.records.addressing import ticket_place
from ..transport.inbound.routes import our_route
from .delivery import deliver_request


# ASCII alone: Salmon ignores case, and so would take a dotless i for an i; nor do other scripts' digits count.
@our_route("(?a:ticket(id)@(host))", id="[0-9]+", host="[^@]*")
@stateless
@nolocking
def POST(message: MailRequest, id: str, host: str) -> None:  # noqa: A002, N802 - Salmon's names for captures and states
    """Post on the ticket and take the default action of who writes and the state it is in."""
    deliver_request(message, ticket_place(id, comment=False))


@our_route("(?a:ticket(id)-comment@(host))", id="[0-9]+", host="[^@]*")
@stateless
@nolocking
def COMMENT(message: MailRequest, id: str, host: str) -> None:  # noqa: A002, N802 - as above
    """Post on the ticket in private."""
    deliver_request(message, ticket_place(id, comment=True))
