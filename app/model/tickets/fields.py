"""How things of a ticket are set: its queue, assignee, requestor, participants, subject, priority."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...mail.text import one_line
from ..lifecycle.registry import moved
from ..lifecycle.tables import NotAllowed, listed
from ..records.people import Person, administrators
from ..records.queues import Queue
from ..records.tickets import LET_IN, Participant, Ticket, record_change
from ..storage.unit_of_work import Desk
from .members import Standing, everybody_on, standing_of
from .undo import Changed, words


@dataclass(frozen=True)
class Setting:
    """What is to be set; None leaves a thing as it is. `nobody` takes the assignee away, `no_priority` the priority."""

    title: str | None = None
    assignee: Person | None = None
    nobody: bool = False
    priority: int | None = None
    no_priority: bool = False
    queue: Queue | None = None
    requestor: Person | None = None
    participant: Person | None = None
    gone: Person | None = None


def change(desk: Desk, ticket: Ticket, actor: Person, setting: Setting) -> list[Changed]:
    """Set things of a ticket and record it; what changed, as (field, old, new). Raises NotAllowed before anything."""
    _check(desk, ticket, setting)
    old = words(ticket)
    came = setting.participant if setting.participant and not _takes_part(desk, ticket, setting.participant) else None
    _carry_out(desk, ticket, setting)
    new = words(ticket)
    changes: list[Changed] = [(field, old[field], new[field]) for field in _ORDER if old[field] != new[field]]
    changes += [("participant", None, came.email)] if came else []
    changes += [("participant", setting.gone.email, None)] if setting.gone else []
    for one in changes:
        record_change(desk, ticket, actor, *one)
    desk.session.flush()
    return changes


# As they are told.
_ORDER = ("subject", "assignee", "priority", "queue", "status", "requestor")


def _check(desk: Desk, ticket: Ticket, setting: Setting) -> None:
    if setting.title is not None and not one_line(setting.title):
        raise NotAllowed("A ticket needs a subject: some words.")
    everybody = everybody_on(desk, ticket)
    if setting.assignee is not None and not _may_be_assigned(setting, everybody):
        raise NotAllowed(
            f"{setting.assignee.email} does not answer for {ticket.queue.name} and is no administrator; "
            f"{listed(assignable(desk, everybody), 'or')} can be assigned."
        )
    if setting.gone is not None and not standing_of(setting.gone, everybody).participant:
        those = listed(one.email for one in everybody if one.participant)
        raise NotAllowed(f"{setting.gone.email} was not asked in; those who were: {those}.")


def _may_be_assigned(setting: Setting, everybody: Sequence[Standing]) -> bool:
    return setting.assignee is not None and standing_of(setting.assignee, everybody).responder


def assignable(desk: Desk, everybody: Sequence[Standing]) -> list[str]:
    """The addresses of those who can be assigned: who answers for the queue, and administrators."""
    emails = [one.email for one in everybody if one.responder]
    return list(dict.fromkeys([*emails, *(person.email for person in administrators(desk))]))


def _takes_part(desk: Desk, ticket: Ticket, person: Person) -> bool:
    standing = standing_of(person, everybody_on(desk, ticket))
    return standing.participant and standing.subscribed


def _carry_out(desk: Desk, ticket: Ticket, setting: Setting) -> None:
    if setting.title is not None:
        ticket.title = one_line(setting.title)
    if setting.assignee is not None or setting.nobody:
        ticket.assignee = setting.assignee
    if setting.priority is not None or setting.no_priority:
        ticket.priority = setting.priority
    if setting.queue is not None:
        answered = ticket.last_response is not None
        ticket.status = moved(ticket.status, setting.queue.lifecycle, answered=answered)
        ticket.queue = setting.queue
    if setting.requestor is not None:
        _hand_over(desk, ticket, setting.requestor)
    if setting.participant is not None:
        setting.participant.known = True
        desk.session.merge(Participant(ticket_id=ticket.id, person_id=setting.participant.id, **LET_IN))
    if setting.gone is not None:
        row = desk.session.get(Participant, (ticket.id, setting.gone.id))
        desk.session.delete(row)
    desk.session.flush()


def _hand_over(desk: Desk, ticket: Ticket, requestor: Person) -> None:
    """Make it somebody else's ticket. Whose it was takes part from now on, unless they answer for it anyway."""
    before = ticket.requestor
    if before.id != requestor.id and not standing_of(before, everybody_on(desk, ticket)).responder:
        desk.session.merge(Participant(ticket_id=ticket.id, person_id=before.id, **LET_IN))
    requestor.known = True
    if before.id != requestor.id:
        ticket.requestor, ticket.requestor_email, ticket.requestor_left = requestor, None, False


def left_behind(before: Sequence[Standing], now: Sequence[Standing], old_queue: str) -> list[Standing]:
    """Who answered for the queue that a ticket has left: they hear of it, too."""
    here = {one.person_id for one in now}
    gone = [one for one in before if one.answers and one.person_id not in here]
    return [one._replace(answers=False, formerly=old_queue) for one in gone]
