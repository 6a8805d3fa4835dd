"""How web pages are measured: lists of a million tickets, and a ticket of 100 messages."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from sqlalchemy import Connection, insert, text
from werkzeug.test import Client

from ....mail.addresses import Mailbox
from ....model.inbound.inbound_mail import DeliveryResult
from ....model.operations.manual_action import open_ticket
from ....model.operations.web_login import make_link
from ....model.records import queue_setup, queues, registration
from ....model.records.message_ids import new_message_id
from ....model.records.messages import Message
from ....model.records.people import get_person
from ....model.records.tickets import find_ticket
from ....model.setup import set_up
from ....model.storage.database import Database
from ....model.storage.unit_of_work import UnitOfWork
from ....model.tickets.posts import NewMessage
from ....web.application import make_application
from ....web.site import LOOPBACK, Site
from ..figure import Figure
from ..postgres import postgres
from ..tracker import DOMAIN

TICKETS = 1_000_000
LENGTH = 100
AT_ONCE = 50_000
AGAIN = 15
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
_URL = "http://localhost"
_LONG = f"/tickets/{TICKETS + 1}"
_LISTS = (
    "/tickets",
    "/tickets?status=any",
    "/tickets?status=resolved&order=newest",
    "/tickets?status=rejected",
    "/tickets?owner=me",
    "/tickets?owner=me&status=any",
    "/tickets?owner=nobody&queue=Questions",
    "/tickets?owner=nobody&status=rejected",
    "/tickets?owner=me&queue=General&status=any",
    "/tickets?queue=Questions&status=any",
    "/tickets?queue=Empty&status=any",
    "/tickets?queue=Empty",
    "/tickets?requestor=me&status=any",
    "/tickets?waits=us",
    "/tickets?waits=them",
)


class Cost(NamedTuple):
    """What one look costs, in milliseconds: of the processor, and on the clock."""

    processor: float
    wall: float


def pages(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """How long pages take and how large they are, on SQLite and, where there is one, on PostgreSQL."""
    yield from _measured(f"sqlite:///{folder}/tickets.db", "SQLite")
    with postgres(say) as url:
        if url:
            say("the same on PostgreSQL")
            yield from _measured(url, "PostgreSQL")


def _measured(url: str, name: str) -> Iterator[Figure]:
    with closing(Database(url, DOMAIN)) as database:
        set_up(database)
        _fill(database)
        visitors = {email: _Visitor(database, email) for email in (_ADMIN, _HELPER, _ASKER)}
        costs = [visitor.looks_at(path) for email, visitor in visitors.items() for path in _lists(email)]
        slowest, longest = max(cost.processor for cost in costs), max(cost.wall for cost in costs)
        measured = f"the slowest of {len(costs)} list pages of {TICKETS:,} tickets, {name}"
        yield Figure(f"{measured}, processor", f"{slowest:.1f} ms", "<= 10 ms", slowest <= 10)
        yield Figure(f"{measured}, wall", f"{longest:.1f} ms", "<= 50 ms", longest <= 50)
        work = visitors[_HELPER].looks_at("/")
        yield Figure(f"the page of a responder's work, {name}, processor", f"{work.processor:.1f} ms")
        for email, whom, most in (
            (_HELPER, "a responder", 20),
            (_ASKER, "the requestor, private notes among them", 30),
        ):
            cost = visitors[email].looks_at(_LONG)
            label = f"the page of {LENGTH} messages for {whom}, {name}, processor"
            yield Figure(label, f"{cost.processor:.1f} ms", f"<= {most} ms", cost.processor <= most)
        if name == "SQLite":
            yield from _sizes(visitors[_HELPER])


def _lists(email: str) -> Iterable[str]:
    """Whoever asks may choose among the queues of their own tickets."""
    return (path for path in _LISTS if email != _ASKER or "Empty" not in path)


def _sizes(visitor: "_Visitor") -> Iterator[Figure]:
    """How large pages are beside the words that people wrote."""
    for path, label in (("/", "the page of a responder's work"), ("/tickets?status=any", "a list of 50 tickets")):
        size = len(visitor.get(path)) / 1000
        yield Figure(f"size of {label}", f"{size:.1f} KB", "<= 20 KB", size <= 20)
    whole = visitor.get(_LONG)
    messages = re.findall(r"<article.*?</article>", whole, re.DOTALL)
    beside = (len(whole) - sum(map(len, messages))) / 1000
    yield Figure("size of a ticket's page beside its messages", f"{beside:.1f} KB", "<= 20 KB", beside <= 20)
    frames = [
        len(re.sub(r'(<div class="words[^>]*>).*?(</div>)', r"\1\2", article, flags=re.DOTALL)) for article in messages
    ]
    yield Figure("what stands around the words of each message", f"{sum(frames) / len(frames):.0f} bytes")


class _Visitor:
    """Somebody who is logged in and looks at pages, without a web server between."""

    def __init__(self, database: Database, email: str) -> None:
        site = Site(database, _URL, LOOPBACK, lambda: None, _nothing, lambda work: work(), 1_000_000)
        self._client = Client(make_application(site))
        with database.transaction() as uow:
            secret = make_link(uow, get_person(uow, email))
        self._client.post(f"/login/{secret}", base_url=_URL)

    def get(self, path: str) -> str:
        answer = self._client.get(path, base_url=_URL)
        if answer.status_code != 200:
            raise AssertionError(f"{path} was answered {answer.status_code}")
        return answer.get_data(as_text=True)

    def looks_at(self, path: str) -> Cost:
        """The medians of some looks."""
        costs: list[Cost] = []
        for _ in range(AGAIN):
            processor, wall = process_time(), perf_counter()
            self.get(path)
            costs.append(Cost((process_time() - processor) * 1000, (perf_counter() - wall) * 1000))
        return Cost(median(cost.processor for cost in costs), median(cost.wall for cost in costs))


def _nothing(number: int, address: str | None) -> DeliveryResult:
    raise NotImplementedError


def _fill(database: Database) -> None:
    with database.transaction() as uow:
        queue_setup.add_queue(uow, "Empty")
        people = {email: registration.add_person(uow, Mailbox("", email)) for email in (_ADMIN, _HELPER, _ASKER)}
        people[_ADMIN].administrator = True
        stranger = registration.add_person(uow, Mailbox("", "other@home.example"))
        for name in ("General", "Empty"):
            queue_setup.add_responder(uow, queues.find_queue(uow, name), people[_HELPER])
        ids = {
            "few": queues.find_queue(uow, "Questions").id, "many": queues.find_queue(uow, "General").id,
            "asker": people[_ASKER].id, "helper": people[_HELPER].id, "other": stranger.id,
        }  # fmt: skip
    for first in range(1, TICKETS + 1, AT_ONCE):
        with database.transaction() as uow:
            _add_tickets(uow.connection, ids | {"first": first, "last": first + AT_ONCE - 1})
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
        lines = "\n".join(f"Line {line} of message {at}, as people write in such mails." for line in range(12))
        quoted = "\n".join(f"> Line {line} of message {at - 1}, as people write in such mails." for line in range(12))
        rows.append(
            {
                "ticket_id": number,
                "number": at,
                "message_id": new_message_id(uow),
                "subject": "A long story",
                "sender_id": (helper if at % 2 else ann).id,
                "text": lines,
                "full_text": f"{lines}\n\n{quoted}",
                "new_status": ticket.status,
                "private": at % 10 == 1,
                "verified": True,
                "date": uow.now,
                "received": uow.now,
            }
        )
    uow.session.execute(insert(Message), rows)
    ticket.posts, ticket.has_private = LENGTH, True
