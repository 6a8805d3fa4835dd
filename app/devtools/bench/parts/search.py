"""How searches are measured: over 100,000 messages whose words are as frequent as words are."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import insert

from ....mail.addresses import Mailbox
from ....model.lifecycle.correspondence import CORRESPONDENCE
from ....model.records import queue_setup, queues, registration
from ....model.records.messages import Message
from ....model.records.people import Person, get_person
from ....model.records.tickets import Ticket
from ....model.search.indexer import catch_up
from ....model.search.query import read_query
from ....model.search.search import search
from ....model.setup import set_up
from ....model.storage.database import Database
from ....model.storage.unit_of_work import UnitOfWork
from ....model.tickets.filters import Filter
from ..figure import Figure
from ..postgres import postgres
from ..tracker import DOMAIN

MESSAGES = 100_000
DRAWN = 300
"""So many words are drawn by their frequency, and looked for one after the other."""

_ON_A_TICKET = 4
_WORDS = 60_000
_PEOPLE = 2_000
_LIMIT = 20
AGAIN = 5
_AT_ONCE = 5_000
_HELPER = "helper@home.example"
_BEGUN = datetime(2020, 1, 1, tzinfo=UTC)


class Speech:
    """Made-up words by Zipf's law, the same in every run: the n-th most frequent comes 1/n as often as the first."""

    def __init__(self) -> None:
        self.words = [_spelt(number) for number in range(_WORDS)]
        self._chance = random.Random(5)
        self._sums = list(accumulate(1 / (number + 1) for number in range(_WORDS)))

    def says(self, count: int) -> list[str]:
        """So many words by their frequency."""
        return self._chance.choices(self.words, cum_weights=self._sums, k=count)

    def text(self) -> str:
        """A mail's worth of words; a third of them are short, and a few are long."""
        return " ".join(self.says(self._chance.choice((30, 60, 90, 120, 150, 400))))


def _spelt(number: int) -> str:
    word, rest = "", number + 1
    while rest:
        rest, at = divmod(rest, 20)
        word += "bdfgklmnprstvzchjqwx"[at] + "aeiou"[at % 5]
    return word


def searches(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """How long a search takes, on SQLite and, where there is one, on PostgreSQL."""
    yield from _measured(f"sqlite:///{folder}/tickets.db", "SQLite", True)
    with postgres(say) as url:
        if url:
            say("the same on PostgreSQL")
            yield from _measured(url, "PostgreSQL", False)


def _measured(url: str, name: str, wanted: bool) -> Iterator[Figure]:
    speech = Speech()
    with closing(Database(url, DOMAIN)) as database:
        set_up(database)
        _fill(database, speech)
        begun = perf_counter()
        catch_up(database)
        yield Figure(f"messages taken into the index a second, {name}", f"{MESSAGES / (perf_counter() - begun):.0f}")
        drawn = median(_milliseconds(database, word) for word in speech.says(DRAWN))
        commonest = median(_milliseconds(database, speech.words[0]) for _ in range(AGAIN))
        restricted = median(_milliseconds(database, speech.words[0], _HELPER) for _ in range(AGAIN))
    subject = f"a search over {MESSAGES:,} messages, {name}"
    limit, most = (("<= 50 ms", "<= 500 ms")) if wanted else ("", "")
    drawn_words = f"{subject}, median of {DRAWN} words drawn by frequency"
    yield Figure(drawn_words, f"{drawn:.1f} ms", limit, drawn <= 50 if wanted else None)
    yield Figure(f"{subject}, the commonest word", f"{commonest:.0f} ms", most, commonest <= 500 if wanted else None)
    yield Figure(f"{subject}, the same for who answers one of two queues", f"{restricted:.0f} ms")


def _milliseconds(database: Database, word: str, viewer: str | None = None) -> float:
    """The time of one search, snippets and all, with a new look at the database."""
    begun = perf_counter()
    with database.read_only() as uow:
        person = get_person(uow, viewer) if viewer else None
        matches = search(uow, read_query(word), Filter(), person, _LIMIT)
    seconds = perf_counter() - begun
    if not matches.hits:
        raise RuntimeError(f"{word!r} is not found, and must be")
    return seconds * 1000


def _fill(database: Database, speech: Speech) -> None:
    """Write tickets and messages without any letters, many rows at a time."""
    with database.transaction() as uow:
        both = queues.every_queue(uow)
        queue_setup.add_responder(uow, both[0], registration.add_person(uow, Mailbox("", _HELPER)))
        senders = [_sender(uow, f"{name}.{surname}@home.example") for name, surname in _names(speech)]
        queue_ids = [queue.id for queue in both]
    for first in range(0, MESSAGES // _ON_A_TICKET, _AT_ONCE // _ON_A_TICKET):
        numbers = range(first + 1, min(first + _AT_ONCE // _ON_A_TICKET, MESSAGES // _ON_A_TICKET) + 1)
        with database.transaction() as uow:
            tickets = [_ticket(number, speech, senders, queue_ids) for number in numbers]
            uow.session.execute(insert(Ticket), tickets)
            uow.session.execute(
                insert(Message), [row for ticket in tickets for row in _messages(ticket, speech, senders)]
            )


def _names(speech: Speech) -> Iterator[tuple[str, str]]:
    return zip(speech.words[-_PEOPLE:], speech.words[-2 * _PEOPLE : -_PEOPLE], strict=True)


def _sender(uow: UnitOfWork, email: str) -> int:
    person: Person = registration.get_or_create_person(uow, Mailbox("", email), known=True)
    return person.id


def _ticket(number: int, speech: Speech, senders: list[int], queue_ids: list[int]) -> dict[str, Any]:
    moment = _BEGUN + timedelta(minutes=number)
    return {
        "id": number, "queue_id": queue_ids[number % len(queue_ids)], "title": " ".join(speech.says(5)),
        "status": CORRESPONDENCE.first, "requestor_id": senders[number % len(senders)], "created": moment,
        "last_query": moment, "last_posted": moment, "last_public": moment, "posts": _ON_A_TICKET, "has_private": False,
    }  # fmt: skip


def _messages(ticket: dict[str, Any], speech: Speech, senders: list[int]) -> Iterator[dict[str, Any]]:
    for number in range(1, _ON_A_TICKET + 1):
        text = speech.text()
        yield {
            "ticket_id": ticket["id"], "number": number, "message_id": f"<{ticket['id']}.{number}@{DOMAIN}>",
            "sender_id": senders[(ticket["id"] + number - 1) % len(senders)], "subject": ticket["title"], "text": text,
            "full_text": text, "new_status": ticket["status"], "private": False, "verified": False,
            "date": ticket["created"], "received": ticket["created"],
        }  # fmt: skip
