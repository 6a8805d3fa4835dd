"""Leaving a ticket: its letters end for somebody who wants no more of them."""

from ..letters import notification
from ..letters.notification import News
from ..lifecycle import commands
from ..records.people import Person
from ..records.tickets import Participant, Ticket, record_change
from ..storage.unit_of_work import Desk
from ..tickets.members import Standing, everybody_on
from ..tickets.posts import Words


def may_leave(standing: Standing) -> bool:
    """Return whether somebody gets letters because they asked or were copied in, and not as one of the team."""
    return (standing.participant or standing.requestor) and not standing.responder


def asks_to_leave(standing: Standing, words: Words) -> bool:
    """Return whether somebody who may leave asks for no more letters, and says nothing else."""
    return may_leave(standing) and not words.automatic and commands.asks_to_leave(words.text)


def leave(desk: Desk, ticket: Ticket, standing: Standing) -> None:
    """End the letters of a ticket for somebody who may leave it, and tell its team; once."""
    if standing.requestor and not ticket.requestor_left:
        ticket.requestor_left = True
        _tell(desk, ticket, standing, ("unsubscribed", None, standing.email))
    elif not standing.requestor:
        row = desk.session.get_one(Participant, (ticket.id, standing.person_id))
        if not row.subscribed:
            return
        row.subscribed = False
        if row.pending:
            # Else they would be let in with the others who wait.
            desk.session.delete(row)
        _tell(desk, ticket, standing, ("participant", standing.email, None))


def _tell(desk: Desk, ticket: Ticket, standing: Standing, change: tuple[str, str | None, str | None]) -> None:
    record_change(desk, ticket, desk.session.get_one(Person, standing.person_id), *change)
    news = News(None, ticket.status, standing, [change])
    notification.tell_changed(desk, ticket, news, everybody_on(desk, ticket))
