"""Mail to the address of one letter's List-Unsubscribe: whoever got the letter leaves its ticket."""

from sqlalchemy import select

from ..letters import receipts
from ..letters.receipts import Writer
from ..operations.leaving import leave, may_leave
from ..records.letters import Letter
from ..records.message_ids import new_message_id
from ..records.tickets import NoSuchTicket, what_became_of
from ..storage.unit_of_work import Desk
from ..tickets.members import everybody_on
from ..tickets.posts import Words
from .delivery import Arrival, Fate, register
from .unmatched import set_aside


def take(desk: Desk, arrival: Arrival, recipient: str, token: str) -> None:
    """Take the reader of one letter off its ticket, and confirm it once; the token proves that they have the letter."""
    row = desk.session.execute(select(Letter.ticket_id, Letter.person_id).where(Letter.token == token)).first()
    incoming = arrival.incoming
    if row is None or row.ticket_id is None or incoming.automatic is not None:
        set_aside(desk, arrival, recipient, "nobody leaves a ticket by it")
        return
    try:
        ticket = what_became_of(desk, row.ticket_id)
    except NoSuchTicket:
        set_aside(desk, arrival, recipient, "the ticket was forgotten")
        return
    if not register(desk, arrival, recipient, f"unsubscribe {token}", Fate.STEERED, ticket.id):
        return
    standing = next((one for one in everybody_on(desk, ticket) if one.person_id == row.person_id), None)
    if standing is None or not may_leave(standing) or not standing.subscribed:
        return
    leave(desk, ticket, standing)
    message_id = incoming.message_id or new_message_id(desk)
    words = Words("", "", incoming.subject, message_id, verified=True, mail_id=arrival.mail_id)
    receipts.left(desk, Writer(ticket, standing, everybody_on(desk, ticket), words))
