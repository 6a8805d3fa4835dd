"""How the model behind the web pages is measured: lists of a million tickets, and a ticket of 100 messages."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from sqlalchemy import Connection, insert, text

from ...mail.addresses import Mailbox
from ...model.desk.lists import list_page, my_work
from ...model.desk.ticket_page import ticket_page
from ...model.operations.manual_action import open_ticket
from ...model.records import queue_setup, queues, registration
from ...model.records.message_ids import new_message_id
from ...model.records.messages import Message
from ...model.records.people import get_person
from ...model.records.tickets import find_ticket
from ...model.setup import set_up
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.posts import NewMessage
from .figure import Figure
from .postgres import postgres
from .tracker import DOMAIN

TICKETS = 1_000_000
LENGTH = 100
_AT_ONCE = 200_000
_AGAIN = 15
_ADMIN, _HELPER, _ASKER = "admin@home.example", "helper@home.example", "ann@home.example"
# One ticket in forty is open, one in ten of those is somebody's, and one queue has few of them.
_FILL = """
    INSERT INTO ticket (queue_id, title, status, closed, requestor_id, assignee_id, created, last_query, last_posted,
        last_public, posts)
    WITH RECURSIVE one(n) AS (SELECT CAST(:first AS integer) UNION ALL SELECT n + 1 FROM one WHERE n < :last)
    SELECT CASE WHEN n % 1000 = 0 THEN :few ELSE :many END, 'Ticket about something',
        CASE WHEN n % 40 = 0 THEN 'open' ELSE 'resolved' END, n % 40 <> 0,
        CASE WHEN n % 5000 = 0 THEN :asker ELSE :other END, CASE WHEN n % 400 = 0 THEN :helper ELSE NULL END,
        {moment}, {moment}, {moment}, {moment}, 1
    FROM one
"""
_MOMENT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', 1600000000 + n * 60, 'unixepoch')",
    "postgresql": "to_timestamp(1600000000 + n * 60)",
}
_LISTS: tuple[Mapping[str, str], ...] = (
    {},
    {"status": "any"},
    {"status": "resolved", "order": "newest"},
    {"status": "rejected"},
    {"owner": "me"},
    {"owner": "me", "status": "any"},
    {"owner": "nobody", "queue": "Questions"},
    {"queue": "Questions", "status": "any"},
    {"queue": "Empty", "status": "any"},
    {"queue": "Empty"},
    {"requestor": "me", "status": "any"},
    {"waits": "us"},
    {"waits": "them"},
)


class Cost(NamedTuple):
    """What one look costs, in milliseconds: of the processor, and on the clock."""

    processor: float
    wall: float


def pages(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """How long lists and a ticket take, on SQLite and, where there is one, on PostgreSQL."""
    yield from _measured(f"sqlite:///{folder}/tickets.db", "SQLite")
    with postgres(say) as url:
        if url:
            say("the same on PostgreSQL")
            yield from _measured(url, "PostgreSQL")


def _measured(url: str, name: str) -> Iterator[Figure]:
    with closing(Database(url, DOMAIN)) as database:
        set_up(database)
        _fill(database)
        slowest = max(_lists(database), key=lambda cost: cost.processor)
        longest = max(_lists(database), key=lambda cost: cost.wall)
        what = f"the slowest of {3 * len(_LISTS)} lists of {TICKETS:,} tickets, {name}"
        yield Figure(f"{what}, processor", f"{slowest.processor:.1f} ms", "<= 10 ms", slowest.processor <= 10)
        yield Figure(f"{what}, wall", f"{longest.wall:.1f} ms", "<= 50 ms", longest.wall <= 50)
        work = _cost(database, _HELPER, lambda uow, email: my_work(uow, get_person(uow, email)))
        yield Figure(f"what waits for a responder, all lists and counts, {name}", f"{work.processor:.1f} ms")
        for email, whom, most in (
            (_HELPER, "a responder", 20),
            (_ASKER, "the requestor, private notes among them", 30),
        ):
            cost = _cost(database, email, lambda uow, email: ticket_page(uow, TICKETS + 1, get_person(uow, email)))
            shown = f"a ticket of {LENGTH} messages for {whom}, {name}, processor"
            yield Figure(shown, f"{cost.processor:.1f} ms", f"<= {most} ms", cost.processor <= most)


def _lists(database: Database) -> Iterator[Cost]:
    for email, fields in product((_ADMIN, _HELPER, _ASKER), _LISTS):
        yield _cost(database, email, partial(_list, fields))


def _list(fields: Mapping[str, str], uow: UnitOfWork, email: str) -> object:
    return list_page(uow, get_person(uow, email), fields)


def _cost(database: Database, email: str, look: Callable[[UnitOfWork, str], object]) -> Cost:
    """The medians of some looks, each with a new view of the database."""
    costs: list[Cost] = []
    for _ in range(_AGAIN):
        processor, wall = process_time(), perf_counter()
        with database.read_only() as uow:
            look(uow, email)
        costs.append(Cost((process_time() - processor) * 1000, (perf_counter() - wall) * 1000))
    return Cost(median(cost.processor for cost in costs), median(cost.wall for cost in costs))


def _fill(database: Database) -> None:
    with database.transaction() as uow:
        queue_setup.add_queue(uow, "Empty")
        people = {email: registration.add_person(uow, Mailbox("", email)) for email in (_ADMIN, _HELPER, _ASKER)}
        people[_ADMIN].administrator = True
        other = registration.add_person(uow, Mailbox("", "other@home.example"))
        for name in ("General", "Empty"):
            queue_setup.add_responder(uow, queues.find_queue(uow, name), people[_HELPER])
        ids = {
            "few": queues.find_queue(uow, "Questions").id, "many": queues.find_queue(uow, "General").id,
            "asker": people[_ASKER].id, "helper": people[_HELPER].id, "other": other.id,
        }  # fmt: skip
    for first in range(1, TICKETS + 1, _AT_ONCE):
        with database.transaction() as uow:
            _add_tickets(uow.connection, ids | {"first": first, "last": first + _AT_ONCE - 1})
    with database.transaction() as uow:
        _add_long_ticket(uow)


def _add_tickets(connection: Connection, ids: dict[str, int]) -> None:
    statement = _FILL.format(moment=_MOMENT[connection.dialect.name])
    connection.execute(text(statement), ids)


def _add_long_ticket(uow: UnitOfWork) -> None:
    """Open a ticket whose messages quote one another, every tenth of them a private note."""
    ann, helper = get_person(uow, _ASKER), get_person(uow, _HELPER)
    words = NewMessage("Help", "Help", "A long story", new_message_id(uow))
    number = open_ticket(uow, queues.find_queue(uow, "General"), ann, words).id
    ticket = find_ticket(uow, number)
    rows = []
    for at in range(2, LENGTH + 1):
        said = "\n".join(f"Line {line} of message {at}, as people write in such mails." for line in range(12))
        quoted = "\n".join(f"> Line {line} of message {at - 1}, as people write in such mails." for line in range(12))
        rows.append(
            {
                "ticket_id": number,
                "number": at,
                "message_id": new_message_id(uow),
                "subject": "A long story",
                "sender_id": (helper if at % 2 else ann).id,
                "text": said,
                "full_text": f"{said}\n\n{quoted}",
                "new_status": ticket.status,
                "private": at % 10 == 1,
                "verified": True,
                "date": uow.now,
                "received": uow.now,
            }
        )
    uow.session.execute(insert(Message), rows)
    ticket.posts, ticket.has_private = LENGTH, True
