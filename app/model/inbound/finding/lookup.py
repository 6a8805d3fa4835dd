"""The first statement of a mail's way: all that can be asked at once of the place that it came to (docs/speed.md)."""

from functools import cache
from itertools import islice
from typing import NamedTuple

from sqlalchemy import select, true

from ....mail.addresses import address_key
from ...records.addressing import OurAddress
from ...records.people import BY_KEY, Person, remember_person
from ...records.queues import Queue, first_address, remember_main_address
from ...records.tickets import LOCKED_ROW, Ticket, ticket_of_rows
from ...storage.base import MAX_ID
from ...storage.mapped_rows import columns_of, loaded
from ...storage.prepared import Prepared
from ...storage.revision import VERSION, check_revision
from ...storage.unit_of_work import UnitOfWork
from ..delivery import PAST, Past, past_values
from ..inbound_mail import InboundMail
from .references import KnownReference, by_nearness, ids_named_in, query_size, reference_values, references_query


class Lookup(NamedTuple):
    """What the database knew of a mail before anything was done with it.

    `ticket` is the one that its address names, locked; None if there is none, or it was read before. `references` are
    what of ours the mail names, nearest first. `past` is what came before to `place`.
    """

    ticket: Ticket | None
    references: tuple[KnownReference, ...]
    place: str
    past: Past

    def locked(self, number: int) -> Ticket | None:
        """Return the ticket of this number, if it was locked here, and is neither merged nor forgotten."""
        ticket = self.ticket
        usable = ticket is not None and ticket.id == number and ticket.merged_into is None and not ticket.forgotten
        return ticket if usable else None

    def past_at(self, place: str) -> Past | None:
        """Return what came before to this place, if it is the one that was asked about."""
        return self.past if place == self.place else None


def look_up(uow: UnitOfWork, inbound_mail: InboundMail, our_address: OurAddress) -> Lookup:
    """Read all of it, and lock the ticket; the sender and the queue's address are remembered for who looks them up.

    Raises SchemaMoved where the database was upgraded under this program.
    """
    parsed, number = inbound_mail.parsed, our_address.number if our_address.kind.is_ticket else 0
    place = f"ticket{number}" if number else our_address.name
    key = address_key(inbound_mail.sender.email) if inbound_mail.sender else ""
    ids = ids_named_in(uow, parsed)
    # What this unit of work has of a ticket may be newer than its row.
    lockable = number if 0 < number <= MAX_ID and loaded(uow.session, Ticket, number) is None else 0
    values = {"number": lockable, "key": key, **past_values(inbound_mail, place)}
    values |= reference_values(ids, parsed.in_reply_to)
    uow.session.flush()
    rows = _statement(query_size(ids)).rows(uow.connection, values)
    columns = iter(rows[0])
    [version], person, ticket, queue, [address], past = (tuple(islice(columns, width)) for width in _WIDTHS)
    check_revision(version)
    remember_person(uow, key, person)
    if queue[0] is not None:
        remember_main_address(uow, queue[0], address)
    named = [KnownReference(*row[_BEFORE_REFERENCE:]) for row in rows] if ids else []
    references = by_nearness(ids, (reference for reference in named if reference.given is not None))
    return Lookup(ticket_of_rows(uow, ticket, queue), references, place, Past(*map(bool, past)))


_WIDTHS = (1, len(columns_of(Person)), len(columns_of(Ticket)), len(columns_of(Queue)), 1, len(PAST))
_BEFORE_REFERENCE = sum(_WIDTHS)


@cache
def _statement(count: int) -> Prepared:
    """Return the statement for a mail that names so many ids. It has a row for each of them that is ours, or one."""
    person, ticket = BY_KEY.subquery(), LOCKED_ROW.subquery()
    columns = [VERSION.c.version_num, *person.c, *ticket.c, *columns_of(Queue), first_address(ticket.c.queue_id), *PAST]
    start = VERSION.outerjoin(person, true()).outerjoin(ticket, true()).outerjoin(Queue, Queue.id == ticket.c.queue_id)
    if count:
        references = references_query(count).subquery()
        return Prepared(select(*columns, *references.c).select_from(start.outerjoin(references, true())))
    return Prepared(select(*columns).select_from(start))
