"""What a letter promises of a reply: worked out for its footer, stored with the letter, compared when a reply comes."""

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import select

from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.tables import PRIVATE_NOTE
from ..records.people import Person
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, Update, as_confirmed, recipients_of
from ..tickets.transitions import Promise, promise
from ..wording import Phrase, Sentence, say

NAMES_IN_FULL = 5
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class ReplyOutlook(NamedTuple):
    """What a plain reply of somebody would do while a ticket is as it is, and who would read it.

    `writer` is their id, `notified` who is notified of it unless they wrote it themselves. `comment`: it goes to the
    address for comments. `queue` is the id of the ticket's queue.
    """

    promise: Promise
    writer: int
    notified: Sequence[TicketMember]
    comment: bool
    queue: int

    @property
    def readers(self) -> list[TicketMember]:
        """Everybody who would read the reply."""
        return [member for member in self.notified if member.person_id != self.writer]

    @property
    def outsiders(self) -> list[TicketMember]:
        """The readers who do not answer for the queue: a footer names them, up to a number."""
        return [reader for reader in self.readers if not reader.answers]


class ReplyPromise(NamedTuple):
    """The promise of one letter. `named` are the people outside the team whom it names, `others` its other readers.

    `queue` is the queue of the ticket, and `team` whether the letter named its team.
    """

    action: str
    private: bool
    comment: bool
    named: Sequence[int]
    others: Sequence[int]
    queue: int = 0
    team: bool = True

    @property
    def does(self) -> Phrase:
        """What completes "Reply to this email to …"."""
        actions = (action for lifecycle in LIFECYCLES.values() for action in lifecycle.actions)
        does = next(action.does for action in actions if action.title == self.action)
        return Phrase(PRIVATE_NOTE if self.private else does)

    def stored(self) -> str:
        """Return the one column in which a letter keeps it."""
        return _ENCODER.encode(self._asdict())


class Note(NamedTuple):
    """One thing that the writer of a mail is told in the letter to them, and the people whom it shows."""

    text: Sentence
    people: frozenset[int] = frozenset()


def reply_outlook(
    uow: UnitOfWork,
    ticket: Ticket,
    member: TicketMember,
    members: Sequence[TicketMember],
    *,
    comment: bool,
    lets_in: bool = True,
) -> ReplyOutlook:
    """Return what a plain reply of somebody would do now, and who would read it.

    `lets_in`: it answers a letter that names those who wait to be let in, as a footer does.
    """
    promised, lifecycle = promise(uow, ticket, member, private=comment), ticket.lifecycle
    if lets_in and (member.responder or member.requestor) and ticket.status != lifecycle.spam:
        members = as_confirmed(members)
    update = Update(has_text=True, private=promised.default_reply.private)
    notified = recipients_of(members, update, lifecycle, except_person=None)
    return ReplyOutlook(promised, member.person_id, notified, comment, ticket.queue_id)


def promise_made(outlook: ReplyOutlook, writer: int | None = None) -> ReplyPromise:
    """Return what a footer promises by an outlook: it names few people, counts the others, and may name the team.

    `writer` is another person who is the same on the ticket.
    """
    reply, writer = outlook.promise.default_reply, outlook.writer if writer is None else writer
    readers = [reader for reader in outlook.notified if reader.person_id != writer]
    outsiders = [reader for reader in readers if not reader.answers]
    named = [reader.person_id for reader in outsiders[:NAMES_IN_FULL] if _is_asked_in(reader)]
    others = [reader.person_id for reader in readers if reader.person_id not in named]
    team = len(outsiders) < len(readers)
    return ReplyPromise(reply.action.title, reply.private, outlook.comment, named, others, outlook.queue, team)


def stored_promise(stored: str) -> ReplyPromise:
    """Return the promise that a letter keeps."""
    return ReplyPromise(**json.loads(stored))


def _is_asked_in(reader: TicketMember) -> bool:
    """Return whether somebody reads a ticket for another reason than the team's: who is on the team is no promise."""
    return reader.requestor or reader.participant


def explanation(
    uow: UnitOfWork, ticket: Ticket, writer: TicketMember, then: ReplyPromise, now: ReplyPromise, outlook: ReplyOutlook
) -> Note | None:
    """Return what the writer of a reply is told of a promise that was not kept; None where it was.

    `outlook` is what the reply has met, and `now` what that promises. Outsiders hear nothing of who has left
    (docs/interface.md, section 8).
    """
    sentences, people = list[Sentence](), list[int]()
    if (then.action, then.private) != (now.action, now.private):
        sentences.append(say("notes.did_otherwise", then=then.does, now=now.does))
    added, names = _added(uow, then, outlook), list[str | Sentence]()
    names += [reader.label for reader in added[:NAMES_IN_FULL]]
    names += [say("notes.others", count=len(added) - NAMES_IN_FULL)] if len(added) > NAMES_IN_FULL else []
    names += [say("footer.team", queue=ticket.queue.name)] if _is_another_team(then, now) else []
    if names:
        sentences.append(say("notes.also_went_to", names=names))
        people += [reader.person_id for reader in added]
    if writer.responder and (gone := _people(uow, {*then.named} - {*now.named, *now.others})) and not now.private:
        sentences.append(say("notes.did_not_go_to", names=[person.label for person in gone]))
        people += [person.id for person in gone]
    if not sentences:
        return None
    return Note(say("notes.changed_meanwhile", parts=sentences), frozenset(people))


def _added(uow: UnitOfWork, then: ReplyPromise, outlook: ReplyOutlook) -> list[TicketMember]:
    """Return the readers outside the team of whom the letter did not know."""
    before = {*then.named, *then.others}
    added = [reader for reader in outlook.outsiders if _is_asked_in(reader) and reader.person_id not in before]
    # Of whom two people became one since, or who was erased, the letter has another id.
    return added if added and len(_people(uow, before)) == len(before) else []


def _is_another_team(then: ReplyPromise, now: ReplyPromise) -> bool:
    """Return whether a team reads a reply whose letter named none, since the ticket is in another queue by now.

    A letter of an earlier version does not say which queue it was.
    """
    return now.team and not then.team and then.queue != now.queue


def _people(uow: UnitOfWork, ids: Collection[int]) -> Sequence[Person]:
    if not ids:
        return []
    return uow.session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.id)).all()
