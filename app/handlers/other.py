"""The handler of every other address of ours: of a queue, of a letter, postmaster, abuse."""

from salmon.mail import MailRequest
from salmon.routing import nolocking, stateless

from ..model.records.addressing import OurAddress
from ..transport.inbound.routes import our_route
from .delivery import deliver_request


@our_route("(address)", address="(?s:.*)")
@stateless
@nolocking
def ELSEWHERE(message: MailRequest, address: str, place: OurAddress) -> None:  # noqa: N802 - Salmon's name for a state
    """Do what the address stands for, which its route has found out."""
    deliver_request(message, place)
