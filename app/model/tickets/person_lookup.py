"""How people are named in a mail or a command: by address, by name, or by a part of it."""

import re
from collections.abc import Sequence

from sqlalchemy import select

from ...mail.addresses import Mailbox, is_usable, mailboxes
from ...mail.text import one_line
from ..lifecycle.tables import NotAllowed
from ..records.people import Person, administrators, find_person
from ..records.registration import get_or_create_person
from ..storage.unit_of_work import UnitOfWork
from .members import TicketMember

_MOST_NAMED = 20


# One person: an address, or a name with an address in angle brackets. A comma in quotes parts nothing.
_PART = re.compile(r'(?:"[^"]*"|[^,"]|")+')
_ADDRESSED = re.compile(r"[^<>]*<[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+")


def people_named(uow: UnitOfWork, text: str) -> list[Person]:
    """The people whom a line names, with commas between; an unknown address becomes a person. Raises NotAllowed."""
    # A phone types a full stop behind the last one.
    parts = [part.strip() for part in _PART.findall(text.rstrip(" .")) if part.strip()]
    if not parts:
        raise NotAllowed("names_nobody", given=one_line(text, 100))
    if len(parts) > _MOST_NAMED:
        raise NotAllowed("too_many_people", count=len(parts), most=_MOST_NAMED)
    return [_by_address(uow, part) if "@" in part else _by_name(uow, part) for part in parts]


def _by_address(uow: UnitOfWork, text: str) -> Person:
    return get_or_create_person(uow, _mailbox(text), known=False)


def _mailbox(text: str) -> Mailbox:
    """The one mailbox that words are. Raises NotAllowed."""
    named = mailboxes(text) if _ADDRESSED.fullmatch(text) else []
    if len(named) != 1 or not is_usable(named[0].email):
        raise NotAllowed("no_address", given=one_line(text, 100))
    return named[0]


def person_named(uow: UnitOfWork, text: str) -> Person:
    """The one person whom a line names. Raises NotAllowed."""
    people = people_named(uow, text)
    if len(people) != 1:
        raise NotAllowed("one_person_only", given=one_line(text, 100), count=len(people))
    return people[0]


def colleague_named(uow: UnitOfWork, text: str, members: Sequence[TicketMember]) -> Person:
    """The person whom a line names among those who can be assigned. Raises NotAllowed."""
    if "@" in text:
        person = find_person(uow, _mailbox(text).email)
        if person is None:
            raise NotAllowed("no_colleague_at", given=one_line(text, 100), others=colleagues(uow, members))
        return person
    people = _colleagues(uow, members)
    nobody = NotAllowed("no_colleague_named", given=one_line(text, 100), others=_choices(people, members))
    return _only(text, [person for person in people if _is_called(person, text)], nobody)


def colleagues(uow: UnitOfWork, members: Sequence[TicketMember]) -> list[str]:
    """Those who can be assigned, as a line can name them: who answers for the queue, and administrators."""
    return _choices(_colleagues(uow, members), members)


def _choices(people: Sequence[Person], members: Sequence[TicketMember]) -> list[str]:
    """People by name; by address where that name could be a colleague's, or where erasing finds them by it alone."""
    here = {member.person_id for member in members}
    by_name = {
        person.id
        for person in people
        if person.id in here and sum(_is_called(namesake, person.name) for namesake in people) == 1
    }
    return [one_line(person.name, 100) if person.id in by_name and person.name else person.email for person in people]


def _colleagues(uow: UnitOfWork, members: Sequence[TicketMember]) -> list[Person]:
    ids = {member.person_id for member in members if member.responder} | {person.id for person in administrators(uow)}
    return list(uow.session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.id)))


def _by_name(uow: UnitOfWork, text: str) -> Person:
    people = uow.session.scalars(select(Person).where(Person.known).order_by(Person.id))
    nobody = NotAllowed("nobody_named", given=one_line(text, 100))
    return _only(text, [person for person in people if _is_called(person, text)], nobody)


def _is_called(person: Person, text: str) -> bool:
    """Whether a name is somebody's: all of it, its beginning or end, or what stands before the @ of their address."""
    name, wanted = person.name.casefold().rstrip("."), " ".join(text.casefold().strip(" .\"'“”„‘’").split())
    return wanted in (name, *name.split(), person.email.rpartition("@")[0].casefold())


def _only(text: str, matches: list[Person], nobody: NotAllowed) -> Person:
    if len(matches) > 1:
        those = [f"{match.label} <{match.email}>" for match in matches[:_MOST_NAMED]]
        raise NotAllowed("several_people", given=one_line(text, 100), people=those)
    if not matches:
        raise nobody
    return matches[0]
