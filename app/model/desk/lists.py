"""The lists of the web pages: tickets as one person may see them, and what waits for them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import aliased

from ..lifecycle.commands import ME, NOBODY
from ..lifecycle.registry import CLOSED, every_status
from ..lifecycle.tables import NoSuchStatus
from ..records.people import NoSuchPerson, Person, get_person, label_of
from ..records.queues import NoSuchQueue, Queue, Responder, find_queue
from ..records.tickets import Ticket
from ..search.query import read_query
from ..search.search import search
from ..search.time_limit import SearchTooExpensive, within
from ..storage.by_numbers import is_one_of_numbers, rows_of_numbers
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..tickets.filters import Filter, tickets_by_number
from ..tickets.listing import (
    PORTION,
    ListQuery,
    Order,
    QueueCount,
    Scope,
    Waits,
    list_portion,
    queue_counts,
    scope_of,
)
from ..tickets.members import TicketMember, member_for, members_of, names_of_team, told_apart
from ..tickets.ticket_json import Json, ticket_summaries, without_addresses, without_what_is_the_teams
from ..tickets.visibility import visible_number
from ..tickets.waiting import waits_for_us
from .refusals import FieldsRefused

ANY = "any"
"""The value of the field `status` that asks for tickets of every status."""
_FEW = 12
_SEARCH_SECONDS = 5.0


class TicketRow(NamedTuple):
    """One ticket in a list. `requestor_email` is None, as is `priority`, for whoever may not see it.

    `posted` is when everybody on it last got words. `waits`: it is open, and its team has not responded since
    somebody last asked. `responder`: its reader sees private notes there.
    """

    number: int
    title: str
    status: str
    queue: str
    owner: str
    requestor: str
    requestor_email: str | None
    priority: int | None
    created: datetime
    posted: datetime
    waits: bool
    responder: bool


class ListPage(NamedTuple):
    """A portion of a list; `after` is the cursor of the next one, empty where there is none."""

    rows: Sequence[TicketRow]
    after: str


def list_page(uow: UnitOfWork, person: Person, fields: Mapping[str, str], limit: int = PORTION) -> ListPage:
    """Return a portion of the tickets that somebody may list.

    `fields` may have: `queue`, a name; `status`, a title or `any`, and without it whatever is not closed; `owner`, an
    address, `me` or `nobody`; `requestor`, an address or `me`; `waits`, `us` or `them`; `order`, `oldest` or `newest`;
    `after`, a cursor. Raises FieldsRefused with each wrong field's sentence.
    """
    scope = scope_of(uow, person)
    portion = list_portion(uow, list_query(uow, person, scope, fields), scope, limit)
    return ListPage(_rows(uow, portion.numbers, scope), portion.after)


def list_json(
    uow: UnitOfWork, person: Person, fields: Mapping[str, str], limit: int = PORTION
) -> tuple[list[Json], str]:
    """Return the same portion as the JSON of `tickets list`, as somebody may see it, and the cursor of the next one."""
    scope = scope_of(uow, person)
    portion = list_portion(uow, list_query(uow, person, scope, fields), scope, limit)
    by_number = tickets_by_number(uow, portion.numbers)
    tickets = [by_number[number] for number in portion.numbers]
    shown = zip(tickets, ticket_summaries(uow, tickets), strict=True)
    return [_as_seen(uow, person, scope, ticket, summary) for ticket, summary in shown], portion.after


def _as_seen(uow: UnitOfWork, person: Person, scope: Scope, ticket: Ticket, summary: Json) -> Json:
    if _sees_all(ticket.queue_id, ticket.assignee_id, scope):
        return summary
    if ticket.answer is not None:
        member = member_for(person, members_of(uow, ticket))
        summary["answer"] = visible_number(uow, ticket, ticket.answer, member)
    seen: Json = without_addresses(without_what_is_the_teams(summary, person.email), person.email)
    return seen


def list_query(uow: UnitOfWork, person: Person, scope: Scope, fields: Mapping[str, str]) -> ListQuery:
    """Return what a list's fields ask for. Raises FieldsRefused."""
    problems: dict[str, str] = {}
    filled = {name: value.strip() for name, value in fields.items() if value.strip()}
    chosen = Filter()
    for name, reader in _READERS.items():
        if name in filled:
            try:
                chosen = reader(uow, person, chosen, filled[name])
            except (NoSuchQueue, NoSuchStatus, NoSuchPerson) as error:
                problems[name] = str(error)
    choices = {"order": [*Order], "waits": [*Waits]}
    for name, words in choices.items():
        if name in filled and filled[name] not in words:
            problems[name] = f"It would be {' or '.join(words)}."
    if scope.queues == ():
        problems |= _of_the_team(uow, person, scope, filled, chosen)
    if problems:
        raise FieldsRefused(problems)
    return ListQuery(
        chosen,
        # Only open tickets wait.
        closed="waits" not in filled
        and (filled.get("status") == ANY or bool(chosen.statuses and chosen.statuses & CLOSED)),
        waits=Waits(filled["waits"]) if "waits" in filled else None,
        order=Order(filled.get("order", Order.NEWEST if scope.queues == () else Order.OLDEST)),
        after=filled.get("after", ""),
    )


def _of_the_team(
    uow: UnitOfWork, person: Person, scope: Scope, filled: Mapping[str, str], chosen: Filter
) -> dict[str, str]:
    """Return a sentence for each field by which an outsider could learn who is known, and which queues there are.

    It is the same whether there is such a person or queue or not.
    """
    own = f"You can list your own tickets: {ME}."
    people = {"requestor": chosen.requestor, "owner": person if chosen.unassigned else chosen.assignee}
    refused = {name: own for name, match in people.items() if name in filled and (not match or match.id != person.id)}
    if "queue" in filled and not (chosen.queue and _lists_any_of(uow, chosen.queue, scope)):
        refused["queue"] = "You have no tickets in a queue of this name."
    return refused


def _lists_any_of(uow: UnitOfWork, queue: Queue, scope: Scope) -> bool:
    return bool(list_portion(uow, ListQuery(Filter(queue=queue), closed=True), scope, 1).numbers)


def _queue(uow: UnitOfWork, _: Person, chosen: Filter, value: str) -> Filter:
    return replace(chosen, queue=find_queue(uow, value))


def _status(_uow: UnitOfWork, _person: Person, chosen: Filter, value: str) -> Filter:
    return chosen if value == ANY else replace(chosen, statuses=every_status(value))


def _owner(uow: UnitOfWork, person: Person, chosen: Filter, value: str) -> Filter:
    if value == NOBODY:
        return replace(chosen, unassigned=True)
    return replace(chosen, assignee=person if value == ME else get_person(uow, value))


def _requestor(uow: UnitOfWork, person: Person, chosen: Filter, value: str) -> Filter:
    return replace(chosen, requestor=person if value == ME else get_person(uow, value))


_READERS = {"queue": _queue, "status": _status, "owner": _owner, "requestor": _requestor}


def _sees_all(queue_id: int, assignee_id: int | None, scope: Scope) -> bool:
    """Return whether somebody sees private notes of a ticket, and everybody's address."""
    return scope.queues is None or queue_id in scope.queues or assignee_id == scope.person


_OWNER, _ASKER = aliased(Person), aliased(Person)
_ROWS = Prepared(
    select(
        Ticket.id,
        Ticket.title,
        Ticket.status,
        Ticket.queue_id,
        Queue.name,
        Queue.language,
        Ticket.assignee_id,
        _OWNER.name,
        _OWNER.email,
        _ASKER.id,
        _ASKER.name,
        _ASKER.email,
        Ticket.priority,
        Ticket.created,
        Ticket.last_public,
        waits_for_us(),
    )
    .join(Queue, Queue.id == Ticket.queue_id)
    .join(_ASKER, _ASKER.id == Ticket.requestor_id)
    .outerjoin(_OWNER, _OWNER.id == Ticket.assignee_id)
    .where(is_one_of_numbers(Ticket.id))
)
_TEAMS = Prepared(
    select(Responder.queue_id, Person.id, Person.name, Person.email)
    .join(Person)
    .where(is_one_of_numbers(Responder.queue_id))
)


def _rows(uow: UnitOfWork, numbers: Sequence[int], scope: Scope) -> list[TicketRow]:
    """Return the rows of tickets in the order of their numbers given."""
    by_number = _rows_by_number(uow, numbers, scope)
    return [by_number[number] for number in numbers]


def _rows_by_number(uow: UnitOfWork, numbers: Collection[int], scope: Scope) -> dict[int, TicketRow]:
    uow.session.flush()
    rows = [*rows_of_numbers(uow.connection, _ROWS, numbers)]
    teams = _teams(uow, {row[_QUEUE] for row in rows})
    return {row[0]: _row(row, scope, teams.get(row[_QUEUE], {})) for row in rows}


# The place of a queue in a row.
_QUEUE = 3


def _teams(uow: UnitOfWork, queues: Collection[int]) -> dict[int, dict[int, TicketMember]]:
    """Return who answers for each of these queues, by person."""
    teams: dict[int, dict[int, TicketMember]] = {}
    for queue_id, person_id, name, email in rows_of_numbers(uow.connection, _TEAMS, queues):
        member = TicketMember(person_id, label_of(name, email), email, answers=True)
        teams.setdefault(queue_id, {})[person_id] = member
    return teams


_OUTSIDER = TicketMember(0, "", "")


def _row(row: Sequence[Any], scope: Scope, team: Mapping[int, TicketMember]) -> TicketRow:
    number, title, status, queue_id, queue, language, owner_id, owner, owner_email, asker_id, asker, email, *more = row
    priority, created, posted, waits = more
    everything = _sees_all(queue_id, owner_id, scope)
    who = TicketMember(asker_id, label_of(asker, email), email, answers=asker_id in team, language=language)
    who = told_apart(who, asker, names_of_team([*team.values()]))
    return TicketRow(
        number,
        title,
        status,
        queue,
        label_of(owner, owner_email) if owner_id else "",
        who.label_for(None if everything else _OUTSIDER),
        email if everything else None,
        priority if everything else None,
        created,
        posted,
        bool(waits),
        everything,
    )


class MyWork(NamedTuple):
    """What waits for one person: counts of their queues, and the first rows of lists, oldest first.

    `mine` are assigned to them, `unassigned` wait in their queues for somebody to take them, `us` wait for an answer of
    their teams, `them` for one of who asked. `asked` are their own tickets, newest first. Each list's `after` is set
    where there is more of it. Whoever answers for no queue has `asked` alone.
    """

    queues: Sequence[QueueCount]
    mine: ListPage
    unassigned: ListPage
    us: ListPage
    them: ListPage
    asked: ListPage


def my_work(uow: UnitOfWork, person: Person) -> MyWork:
    """Return what waits for one person."""
    scope = scope_of(uow, person)
    team = scope.queues != ()
    queries = {
        "asked": ListQuery(Filter(requestor=person), order=Order.NEWEST),
        "mine": ListQuery(Filter(assignee=person)),
        **(_OF_A_TEAM if team else {}),
    }
    portions = {name: list_portion(uow, query, scope, _FEW) for name, query in queries.items()}
    rows = _rows_by_number(uow, {number for portion in portions.values() for number in portion.numbers}, scope)
    lists = {
        name: ListPage([rows[number] for number in portion.numbers], portion.after)
        for name, portion in portions.items()
    }
    return MyWork(queue_counts(uow, scope) if team else [], **(_EMPTY_LISTS | lists))


_OF_A_TEAM = {
    "unassigned": ListQuery(Filter(unassigned=True)),
    "us": ListQuery(waits=Waits.US),
    "them": ListQuery(waits=Waits.THEM),
}
_EMPTY_LISTS = dict.fromkeys(_OF_A_TEAM, ListPage([], ""))


class FoundRow(NamedTuple):
    """A ticket that has the words somebody looked for, and where: marks are the (start, stop) of the words."""

    row: TicketRow
    message: int
    snippet: str
    marks: Sequence[tuple[int, int]]


class Found(NamedTuple):
    """What a search has found: the best tickets, how many there are, and whether there may be further ones.

    `loosened`: nothing had exactly these words, and these have words that begin so.
    """

    rows: Sequence[FoundRow]
    total: int
    more: bool
    loosened: bool


def search_page(uow: UnitOfWork, person: Person, words: str, fields: Mapping[str, str]) -> Found:
    """Return the best tickets that have words, as far as somebody may see them.

    Of `fields` those of `list_page` count that choose tickets. Raises FieldsRefused, also where the search takes too
    long (`q`).
    """
    scope = scope_of(uow, person)
    query = list_query(uow, person, scope, fields)
    try:
        with within(uow, _SEARCH_SECONDS) as deadline:
            result = search(uow, read_query(words), query.filter, person, PORTION, deadline)
    except SearchTooExpensive as error:
        raise FieldsRefused({"q": str(error)}) from None
    rows = _rows(uow, [hit.ticket.id for hit in result.hits], scope)
    shown = zip(result.hits, rows, strict=True)
    hits = [FoundRow(row, hit.number, hit.snippet.text, hit.snippet.marks) for hit, row in shown]
    return Found(hits, result.total, result.more, result.loosened)
