"""The line that merges a ticket into another one."""

from collections.abc import Sequence

from ...lifecycle import commands
from ...lifecycle.commands import Line
from ...lifecycle.tables import NotAllowed
from ...records.people import Person
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets import merging
from ...tickets.members import member_for, members_of
from ...tickets.merging import NewReaders


def readers_of_merge(uow: UnitOfWork, ticket: Ticket, person: Person, lines: Sequence[Line]) -> NewReaders:
    """Return who will read what if these lines merge tickets of different requestors; nobody if they do not."""
    given = next((line.value for line in lines if line.command is commands.MERGE), None)
    if given is None:
        return NewReaders()
    try:
        into = merge_goal(uow, ticket, person, given)
    except NotAllowed:
        return NewReaders()
    return merging.new_readers(uow, ticket, into) if merging.joins_others(ticket, into, person) else NewReaders()


def merge_goal(uow: UnitOfWork, ticket: Ticket, person: Person, given: str) -> Ticket:
    """Return the ticket into which somebody merges one, by its number as written. NotAllowed says why they cannot."""
    digits = given.removeprefix("#").rstrip(".")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise NotAllowed("no_ticket_number", given=given)
    into = merging.merge_target(uow, ticket, int(digits))
    if not member_for(person, members_of(uow, into)).responder:
        raise NotAllowed("merge_not_yours", number=digits)
    return into
