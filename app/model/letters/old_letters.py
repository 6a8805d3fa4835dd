"""The subjects of letters that versions before 0010 wrote: read once, out of wordings that are frozen here.

Those versions kept what a letter says, not whom it shows. Where that is not sure, more is named than is shown. Letters
are read in batches, each with a note of what is left in its transaction: after a kill the next call goes on there.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any, cast

from sqlalchemy import Row, Table, func, insert, or_, select, union

from ..records.letters import Letter, LetterSubject, SubjectBacklog
from ..records.messages import Message
from ..records.people import Address, Person
from ..records.tickets import Change, Participant, Reopening, Ticket
from ..storage.base import MAX_ID
from ..storage.batches import batches
from ..storage.database import Database
from ..storage.unit_of_work import UnitOfWork
from ..tickets.undo import Checkpoint
from .letter_subjects import named_in

AT_ONCE = 500
# A statement names each of them thirteen times; SQLite takes 32,766 parameters.
_MOST_TICKETS = 2_000
_MOST_REMEMBERED = 50_000
_COLUMNS = (
    *(Letter.id, Letter.ticket_id, Letter.person_id, Letter.kind, Letter.sender_name),
    *(Letter.subject, Letter.text, Letter.commands, Letter.error, Message.sender_id.label("writer")),
)
_BY_SOMEBODY = ("opened", "posted", "changed")
_READERS = re.compile(r"^While this ticket is [^\n]*?; ([^\n]*) will read it\.$", re.MULTILINE)
_NOBODYS = re.compile(r"everybody who answers for .*|[0-9]+ others on the ticket")
# A page shows the tickets in such places, and the people on them, but for these two.
_TICKETS = re.compile(r"\bticket([0-9]{1,10})(?:-comment)?@|\bTicket ([0-9]{1,10})\b|^ *([0-9]{1,10})  ", re.MULTILINE)
_WITHOUT_PEOPLE = ("Your open tickets:", "This is what you can do")


def name_old_letters(database: Database, tell: Callable[[str], None] = lambda _: None) -> None:
    """Store the subjects of all letters that have none yet because an older version wrote them; `tell` hears of it."""
    with database.read_only() as uow:
        below = uow.session.scalar(select(SubjectBacklog.below))
        if below is None:
            return
        left = uow.session.scalar(select(func.count()).select_from(Letter).where(Letter.id < below))
    tell(f"{left} letters of an older version are read once, to note whom they show")
    people = _People()
    going_on = True
    while going_on:
        with database.transaction() as uow:
            going_on = _name_some(uow, people)


def _name_some(uow: UnitOfWork, people: "_People") -> bool:
    """Store the subjects of the newest letters that are left, and note how far that came; False if none was left."""
    left = uow.session.scalars(select(SubjectBacklog).with_for_update()).first()
    if left is None:
        return False
    query = select(*_COLUMNS).outerjoin(Message, Message.id == Letter.about_id).where(Letter.id < left.below)
    letters = uow.session.execute(query.order_by(Letter.id.desc()).limit(AT_ONCE)).all()
    if not letters:
        uow.session.delete(left)
        return False
    if rows := _subjects(uow, letters, people):
        uow.connection.execute(insert(cast("Table", LetterSubject.__table__)), rows)
    left.below = letters[-1].id
    return True


def _subjects(uow: UnitOfWork, letters: Collection[Any], people: "_People") -> list[dict[str, int | None]]:
    """The rows of some letters."""
    shown = {letter.id: _tickets_shown(letter) for letter in letters}
    numbers = {number for numbers_shown in shown.values() for number in numbers_shown}
    there = _existing(uow, numbers)
    involved = _people_on(uow, there | {letter.ticket_id for letter in letters if letter.ticket_id is not None})
    people.learn(uow, {person for group in involved.values() for person in group})
    addresses = {letter.id: named_in(_texts(letter)).addresses for letter in letters}
    owners = _owners(uow, {key for keys in addresses.values() for key in keys})
    rows: list[dict[str, int | None]] = []
    for letter in letters:
        named = {owners[key] for key in addresses[letter.id] if key in owners}
        named |= people.named_in(letter, involved.get(letter.ticket_id, set()))
        if not letter.text.startswith(_WITHOUT_PEOPLE):
            named |= {person for number in shown[letter.id] for person in involved.get(number, ())}
        new = {"letter_id": letter.id, "person_id": None, "ticket_id": None}
        rows += [{**new, "person_id": person} for person in sorted(named - {letter.person_id, letter.writer})]
        rows += [{**new, "ticket_id": number} for number in sorted(shown[letter.id] & there - {letter.ticket_id})]
    return rows


def _texts(letter: Row[Any]) -> list[str]:
    columns = (letter.sender_name, letter.subject, letter.text, letter.commands, letter.error)
    return [text for text in columns if text]


def _tickets_shown(letter: Row[Any]) -> set[int]:
    """The numbers that may be those of tickets which a page shows."""
    if letter.kind != "page":
        return set()
    numbers = {int(number) for groups in _TICKETS.findall(letter.text) for number in groups if number}
    return {number for number in numbers if number <= MAX_ID}


def _existing(uow: UnitOfWork, numbers: Collection[int]) -> set[int]:
    existing: set[int] = set()
    for batch in batches(sorted(numbers)):
        existing |= set(uow.session.scalars(select(Ticket.id).where(Ticket.id.in_(batch))))
    return existing


def _owners(uow: UnitOfWork, keys: Collection[str]) -> dict[str, int]:
    owners: dict[str, int] = {}
    for batch in batches(sorted(keys)):
        query = select(Address.key, Address.person_id).where(Address.key.in_(batch))
        owners |= {key: person for key, person in uow.session.execute(query)}  # noqa: C416 - a row is no pair to mypy
    return owners


def _people_on(uow: UnitOfWork, numbers: Collection[int]) -> dict[int, set[int]]:
    """By ticket, everybody who has left a trace on it or on one that was merged with it."""
    family = _families(uow, numbers)
    wanted = sorted({part for those in family.values() for part in those})
    pairs = (
        (Message.ticket_id, Message.sender_id),
        *((Ticket.id, column) for column in (Ticket.requestor_id, Ticket.assignee_id, Ticket.answerer_id)),
        (Participant.ticket_id, Participant.person_id),
        (Change.ticket_id, Change.by_id),
        *((Checkpoint.ticket_id, column) for column in (Checkpoint.by_id, Checkpoint.requestor_id)),
        *((Checkpoint.ticket_id, column) for column in (Checkpoint.assignee_id, Checkpoint.answerer_id)),
        *((Reopening.ticket_id, column) for column in (Reopening.by_id, Reopening.answerer_id)),
        (Letter.ticket_id, Letter.person_id),
    )
    people: dict[int | None, set[int | None]] = defaultdict(set)
    for some in batches(wanted, _MOST_TICKETS):
        rows = uow.session.execute(union(*(select(*pair).where(pair[0].in_(some)) for pair in pairs))).all()
        for ticket, person in [*rows, *_changed(uow, some)]:
            people[ticket].add(person)
    return {
        number: {person for member in those for person in people[member] if person} for number, those in family.items()
    }


def _changed(uow: UnitOfWork, numbers: Collection[int]) -> Iterable[tuple[int, int]]:
    """By ticket, the people whose addresses its changes have."""
    changes = select(Change.ticket_id, Change.old, Change.new).where(Change.ticket_id.in_(numbers))
    changes = changes.where(or_(Change.old.contains("@"), Change.new.contains("@")))
    keys = [
        (ticket, key)
        for ticket, *values in uow.session.execute(changes)
        for key in named_in(value for value in values if value).addresses
    ]
    owners = _owners(uow, {key for _, key in keys})
    return [(ticket, owners[key]) for ticket, key in keys if key in owners]


def _families(uow: UnitOfWork, numbers: Collection[int]) -> dict[int, set[int]]:
    """By ticket, all that became one with it, and itself."""
    into: dict[int, int] = {}
    todo = set(numbers)
    while todo:
        new: dict[int, int] = {}
        for batch in batches(sorted(todo)):
            query = select(Ticket.id, Ticket.merged_into).where(Ticket.merged_into.is_not(None))
            query = query.where(or_(Ticket.id.in_(batch), Ticket.merged_into.in_(batch)))
            new |= {part: home for part, home in uow.session.execute(query) if part not in into and home is not None}
        into |= new
        todo = {*new, *new.values()}
    families = {number: {number} for number in {*numbers, *into, *into.values()}}
    for part, home in into.items():
        families[part] |= families[home]
        for member in families[part]:
            families[member] = families[part]
    return {number: families[number] for number in numbers}


class _People:
    """What people are and were called, remembered over batches."""

    def __init__(self) -> None:
        self._called: dict[int, set[str]] = {}

    def learn(self, uow: UnitOfWork, people: Collection[int]) -> None:
        """Read what these people are called, and were called in letters to them and about their words."""
        if len(self._called) > _MOST_REMEMBERED:
            self._called.clear()
        for batch in batches(sorted(set(people) - self._called.keys())):
            self._called |= {person: set() for person in batch}
            self._learn(uow, batch)

    def _learn(self, uow: UnitOfWork, new: Collection[int]) -> None:
        to_them = select(Letter.person_id, Letter.recipient_name, Letter.recipient).distinct()
        by_them = select(Message.sender_id, Letter.sender_name).join(Letter, Letter.about_id == Message.id).distinct()
        for query in (
            select(Person.id, Person.name, Person.email).where(Person.id.in_(new)),
            select(Address.person_id, Address.email).where(Address.person_id.in_(new)),
            to_them.where(Letter.person_id.in_(new)),
            by_them.where(Message.sender_id.in_(new), Letter.kind.in_(_BY_SOMEBODY)),
        ):
            for person, *names in uow.session.execute(query):
                parts = (part for name in names for part in (name, *name.split(" via ")[:-1], name.rpartition("@")[0]))
                self._called[person] |= {part for part in parts if part}

    def named_in(self, letter: Row[Any], people: Collection[int]) -> set[int]:
        """Who of these people is named in a letter; all of them if it names somebody whom nobody knows."""
        text = "\n".join(_texts(letter))
        if any(all(name not in self._called[person] for person in people) for name in _names_in(letter)):
            return set(people)
        return {person for person in people if any(name in text for name in self._called[person])}


def _names_in(letter: Row[Any]) -> list[str]:
    """Those whom a letter on a ticket calls by name: who did what it tells of, and who will read a reply."""
    if letter.ticket_id is None:
        return []
    names = [letter.sender_name.rpartition(" via ")[0]] if letter.kind in _BY_SOMEBODY else []
    for readers in _READERS.findall(letter.text):
        names += re.split(r", | and ", readers)
    return [name for name in names if name and name != "The tracker" and not _NOBODYS.fullmatch(name)]
