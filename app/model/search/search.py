"""The search: which tickets have what somebody asks for, the best first, as far as they may see it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, false, literal, or_, select, true

from ...mail.subjects import bare_subject
from ...mail.text import SHOWN_LIMIT
from ..lifecycle.registry import LIFECYCLES
from ..records.messages import Message
from ..records.people import Address, Person
from ..records.queues import Queue, queues_seen_by
from ..records.tickets import Participant, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.filters import Filter, tickets_by_number
from ..tickets.members import TicketMember, member_for, members_of
from ..tickets.redaction import Redaction
from ..tickets.visibility import may_see, visible_number
from ..wording import Sentence, say
from .fulltext_table import last_beyond, matches
from .indexer import body_of
from .query import Query
from .snippets import Snippet, snippet, terms_in, whole
from .time_limit import NEVER, Deadline
from .viewer_filter import ViewerFilter

# So many of the best messages are looked at first; all of them only if they are of too few tickets.
_BEST = 1_000
# Of what more messages have, only the newest are ranked if they are enough: it tells messages apart no longer.
_MOST_RANKED = 200_000
# So many messages are read again for somebody who may not see all of them; beyond it they are not counted.
_MOST_READ = 200
_LONGEST_TITLE = 200


class Hit(NamedTuple):
    """A ticket that was found, by its best message; `number` is the one that the viewer is shown it by.

    `title` and `snippet` have marks where the words are. `names` are those that the viewer reads of who wrote the
    message and who asked, by address.
    """

    ticket: Ticket
    message: Message
    number: int
    member: TicketMember | None
    title: Snippet
    snippet: Snippet
    names: Mapping[str, str]

    @property
    def writer(self) -> str | None:
        """Return the name of who wrote the message; None is the tracker."""
        return self.names[self.message.sender.email] if self.message.sender else None


class SearchResult(NamedTuple):
    """What a search has found: the best tickets, and how many there are; `more`: and there may be further ones.

    `loosened`: nothing had exactly these words, and these have words that begin so.
    """

    hits: list[Hit]
    total: int
    more: bool = False
    loosened: bool = False


def remaining_hits(result: SearchResult) -> list[Sentence]:
    """A clause on how many tickets were found besides those that are shown; none if there are none."""
    number = result.total - len(result.hits)
    if result.more:
        return [say("pages.at_least_more_tickets", count=number) if number else say("pages.maybe_more_tickets")]
    return [say("pages.more_tickets", count=number)] if number else []


class _Candidate(NamedTuple):
    """A message that has the words: how good it is (the lower, the better), and whether all of it may be seen."""

    message_id: int
    ticket_id: int
    rank: float
    received: datetime
    openly: bool


def search(
    uow: UnitOfWork, query: Query, wanted: Filter, viewer: Person | None, limit: int, deadline: Deadline = NEVER
) -> SearchResult:
    """The best tickets that have what is asked for; the newest first where two are as good.

    `viewer` finds what they may see, by the words that they may see; without one all is found. Raises
    SearchTooExpensive.
    """
    if not query:
        return SearchResult([], 0)
    exact = _search(uow, query, wanted, viewer, limit, deadline)
    looser = query.loosened()
    if exact.total or looser == query:
        return exact
    loose = _search(uow, looser, wanted, viewer, limit, deadline)
    return loose._replace(loosened=True) if loose.total else exact


def _search(
    uow: UnitOfWork, query: Query, wanted: Filter, viewer: Person | None, limit: int, deadline: Deadline
) -> SearchResult:
    best = max(_BEST, 10 * limit)
    deadline.next_statement()
    beyond = last_beyond(uow, query, _MOST_RANKED)
    candidates = _candidates(uow, query, wanted, viewer, best, deadline, beyond or 0)
    if beyond and len(candidates) < best:
        beyond = None
        candidates = _candidates(uow, query, wanted, viewer, best, deadline)
    chosen, count, more = _one_a_ticket(uow, query, viewer, candidates, limit, deadline)
    if len(candidates) == best and count <= limit and not more:
        # One long ticket can have all of the best.
        candidates = _candidates(uow, query, wanted, viewer, None, deadline, beyond or 0)
        chosen, count, more = _one_a_ticket(uow, query, viewer, candidates, limit, deadline)
        best = len(candidates) + 1
    more = more or beyond is not None or len(candidates) == best
    return SearchResult(list(_hits(uow, query, viewer, chosen)), count, more)


# What the database finds


def _candidates(
    uow: UnitOfWork,
    query: Query,
    wanted: Filter,
    viewer: Person | None,
    most: int | None,
    deadline: Deadline,
    after: int = 0,
) -> list[_Candidate]:
    """The best messages that have the words, each with its ticket, in order; `after` is the last that is too old."""
    conditions = [*wanted.of_ticket(), *wanted.of_message()]
    if viewer is not None and not viewer.administrator:
        openly = _may_see_all(uow, viewer)
        hidden = and_(~openly, _may_see_some(viewer))
        # That something hidden has an excluded word must not be told by what is not found.
        parts = [(query, openly), (replace(query, without=()), hidden)] if query.without else [(query, openly | hidden)]
        statements = [_filtered(uow, part, [*conditions, condition], openly, after) for part, condition in parts]
    elif conditions:
        statements = [_filtered(uow, query, conditions, literal(True), after)]
    else:
        statements = [_unfiltered(uow, query, most, after)]
    rows: list[_Candidate] = []
    for statement in statements:
        deadline.next_statement()
        rows += [_Candidate(*row) for row in uow.connection.execute(statement.limit(most))]
    return sorted(rows, key=lambda part: (_rounded(part.rank), -part.received.timestamp(), -part.message_id))[:most]


def _unfiltered(uow: UnitOfWork, query: Query, most: int | None, after: int) -> Any:
    """Messages of all tickets: no other table is read for those that are not among the best."""
    hits = matches(uow, query)
    rank = hits.rank.label("rank")
    inner = select(hits.message_id.label("found"), rank).select_from(hits.table)
    inner = inner.where(hits.found, hits.message_id > after)
    best = inner.order_by(rank, hits.message_id.desc()).limit(most).subquery()
    statement = select(Message.id, Message.ticket_id, best.c.rank, Message.received, literal(True))
    return statement.join(best, best.c.found == Message.id)


def _filtered(
    uow: UnitOfWork,
    query: Query,
    conditions: Iterable[ColumnElement[bool]],
    openly: ColumnElement[bool],
    after: int,
) -> Any:
    """Messages that fulfil conditions, on themselves, their tickets and their queues."""
    hits = matches(uow, query)
    statement = select(Message.id, Message.ticket_id, hits.rank, Message.received, openly)
    statement = statement.select_from(hits.table).join(Message, Message.id == hits.message_id)
    statement = statement.join(Ticket, Ticket.id == Message.ticket_id).join(Queue, Queue.id == Ticket.queue_id)
    return statement.where(hits.found, hits.message_id > after, *conditions).order_by(hits.rank, Message.id.desc())


def _rounded(rank: float) -> float:
    """How good a message is, two digits of it: what differs less is as good."""
    return float(f"{rank:.1e}")


def _may_see_all(uow: UnitOfWork, viewer: Person) -> ColumnElement[bool]:
    """Whether a ticket's private messages may be seen too: `TicketMember.insider`, for the database."""
    queues = queues_seen_by(uow, viewer)
    return or_(Ticket.queue_id.in_(queues), Ticket.assignee_id.is_not_distinct_from(viewer.id))


def _may_see_some(viewer: Person) -> ColumnElement[bool]:
    """Whether a public message could be seen, in tickets of which somebody is no responder; `may_see` has the word."""
    part = select(Participant.ticket_id).where(Participant.person_id == viewer.id, ~Participant.pending)
    alone = TicketMember(viewer.id, viewer.label, viewer.email, known=viewer.known)
    conditions: list[ColumnElement[bool]] = []
    for name, lifecycle in LIFECYCLES.items():
        for member, on_ticket in (
            (alone._replace(requestor=True), Ticket.requestor_id == viewer.id),
            (alone._replace(participant=True), Ticket.id.in_(part)),
            (alone, true()),
        ):
            role = member.roles_in(lifecycle).role
            shown = [status for status in lifecycle.statuses if not lifecycle.default_reply(status, role).private]
            if shown:
                conditions.append((Queue.lifecycle_name == name) & Ticket.status.in_(shown) & on_ticket)
    return ~Message.private & or_(false(), *conditions)


# What the viewer may see of it


def _one_a_ticket(
    uow: UnitOfWork,
    query: Query,
    viewer: Person | None,
    candidates: Iterable[_Candidate],
    limit: int,
    deadline: Deadline,
) -> tuple[list[_Candidate], int, bool]:
    """The best message of each of the best tickets, how many tickets there are, and whether there may be more."""
    chosen: dict[int, _Candidate] = {}
    viewer_filter = ViewerFilter(uow, query, viewer) if viewer else None
    more = False
    for candidate in candidates:
        if candidate.ticket_id in chosen:
            continue
        if viewer_filter and not candidate.openly:
            if viewer_filter.has_read == _MOST_READ:
                more = True
                continue
            deadline.check()
            if not viewer_filter.matches(candidate.ticket_id, candidate.message_id):
                continue
        chosen[candidate.ticket_id] = candidate
    return list(chosen.values())[:limit], len(chosen), more


def _hits(uow: UnitOfWork, query: Query, viewer: Person | None, chosen: Iterable[_Candidate]) -> Iterator[Hit]:
    """The candidates as they are shown."""
    chosen = list(chosen)
    tickets = tickets_by_number(uow, [candidate.ticket_id for candidate in chosen])
    best = select(Message).where(Message.id.in_([candidate.message_id for candidate in chosen]))
    messages = {message.id: message for message in uow.session.scalars(best)}
    for candidate in chosen:
        ticket, message = tickets[candidate.ticket_id], messages[candidate.message_id]
        members = members_of(uow, ticket)
        member = member_for(viewer, members) if viewer else None
        number = visible_number(uow, ticket, message.number, member)
        if number is None or (member and not may_see(ticket, member)):
            continue
        title = whole(ticket.title, query.terms, _LONGEST_TITLE)
        found_in = _snippet(uow, query, ticket, message, member)
        people = [message.sender, ticket.requestor] if message.sender else [ticket.requestor]
        names = {person.email: member_for(person, members).label_for(member) for person in people}
        yield Hit(ticket, message, number, member, title, found_in, names)


def _snippet(uow: UnitOfWork, query: Query, ticket: Ticket, message: Message, member: TicketMember | None) -> Snippet:
    """The words of a message that were looked for, in what its writer wrote, else in what they quoted."""
    texts = [message.text, body_of(message)]
    if member and not member.insider:
        redaction = Redaction(uow, ticket)
        texts = [redaction.text(message), redaction.body(message)]
    first, second = (snippet(text[:SHOWN_LIMIT], query.terms) for text in texts)
    best = second if second.terms > first.terms else first
    # Where else words are that stand neither here nor in what is shown above it.
    shown = [ticket.title, message.sender.label if message.sender else "", best.text]
    missing = [term for term in query.terms if not any(terms_in(text, [term]) for text in shown)]
    for aside in _beside(uow, ticket, message, member) if missing else ():
        if having := terms_in(aside, missing):
            addition = snippet(aside, query.terms)
            best = best.after(f"{addition.text}{': ' if best.text else ''}")._replace(terms=best.terms + addition.terms)
            best = best._replace(marks=(*addition.marks, *best.marks))
            missing = [term for term in missing if term not in having]
    return best


def _beside(uow: UnitOfWork, ticket: Ticket, message: Message, member: TicketMember | None) -> Iterator[str]:
    """Yield the other texts that a message can be found by, as far as the viewer may see them."""
    everything = member is None or member.insider
    subject = message.subject if everything else Redaction(uow, ticket).subject(message)
    if bare_subject(subject)[0] != bare_subject(ticket.title)[0]:
        yield subject
    yield from (file.name for file in message.attachments if everything or not file.withheld)
    for person in (message.sender, ticket.requestor):
        if person is None:
            continue
        if everything:
            of_person = select(Address.email).where(Address.person_id == person.id).order_by(Address.id)
            yield from (f"{person.name} <{email}>".strip() for email in uow.session.scalars(of_person))
        else:
            own = member is not None and person.id == member.person_id
            yield f"{person.name} <{person.email}>".strip() if own else person.label
