"""What somebody is on a ticket, and who hears of what."""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam, select, union

from ...mail.addresses import address_key
from ..lifecycle.roles import ActorRoles, Role
from ..lifecycle.tables import Lifecycle
from ..records.addressing import find_our_address
from ..records.our_domains import our_domains
from ..records.people import Person, addresses_in_name, label_of, name_key
from ..records.queues import TEAM, Queue, QueueReader, Responder
from ..records.tickets import Participant, Ticket
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..wording import ENGLISH, say, wording_in


class FormerQueue(NamedTuple):
    """A queue, by its name, and the ticket that has just left it."""

    queue: str
    ticket: int


class _Roles(NamedTuple):
    """What the rows of a ticket say of one person."""

    person_id: int
    label: str
    email: str
    requestor: bool = False
    assignee: bool = False
    participant: bool = False
    answers: bool = False
    administrator: bool = False
    known: bool = True
    subscribed: bool = True
    formerly: FormerQueue | None = None
    undeliverable: bool = False
    dormant: bool = False
    pending: bool = False
    reads: bool = False
    claimed: str = ""
    language: str = ENGLISH


class TicketMember(_Roles):
    """One person's roles on one ticket.

    `formerly`: they answer for a queue that it has just left. `undeliverable`: letters to them came to
    nothing, and none are written. `dormant`: they took part in it when it was no ticket yet, and
    have not written since. `pending`: an unproven mail named them, and nobody has confirmed it yet. `reads`: they see
    all of its queue, and answer nothing. `claimed`: the name that they give themselves, if it may be somebody else's.
    `language` is that of the ticket's queue.
    """

    def label_for(self, viewer: "TicketMember | None") -> str:
        """Return the name that somebody reads; None is who sees everything."""
        return self.label_for_team if viewer is None or viewer.insider else self.label

    @property
    def label_for_team(self) -> str:
        """Return the name that the team reads: what somebody calls themselves, with their address if it misleads."""
        return self.name_and_address if self.claimed else self.label

    @property
    def name_and_address(self) -> str:
        """Return what somebody calls themselves, and where they write from."""
        return f"{self.own_name} <{self.email}>"

    @cached_property
    def own_name(self) -> str:
        """Return the name by which somebody signs."""
        return self.claimed or self.label

    @cached_property
    def responder(self) -> bool:
        """Return whether this person acts for the team (docs/interface.md, section 5)."""
        return self.answers or self.assignee or self.administrator

    @cached_property
    def insider(self) -> bool:
        """Return whether this person may see private messages: who acts for the team, and who only reads its queue."""
        return self.responder or self.reads

    @cached_property
    def on_ticket(self) -> bool:
        """Whether letters about the ticket can go to this person at all."""
        return self.requestor or self.assignee or self.participant or self.answers

    @property
    def copied_in(self) -> bool:
        """Return whether letters go to this person only because they were copied in."""
        return self.participant and not (self.responder or self.requestor)

    def roles_in(self, lifecycle: Lifecycle, *, machine: bool = False) -> ActorRoles:
        """The roles as the tables see them; `machine`: the mail in hand was not written by a person."""
        has = {
            Role.MACHINE: machine,
            Role.REQUESTOR: self.requestor,
            Role.RESPONDER: self.responder,
            Role.PARTICIPANT: self.participant,
            Role.READER: self.reads,
            Role.OTHER: self.known,
            Role.STRANGER: True,
        }
        role = next(role for role in lifecycle.role_order if has.get(role))
        return ActorRoles(role, self.requestor, self.responder, self.administrator)


def as_in_queue(member: TicketMember, queue: Queue) -> TicketMember:
    """Return the member as the tables see them: whoever is not on a ticket that only the team reads is a stranger."""
    outside = queue.readers == TEAM and not (member.on_ticket or member.insider)
    return member._replace(known=False) if outside else member


def as_outsider(member: TicketMember) -> TicketMember:
    """Return the member without what they are as one of the team: of a responder a stranger is left, at most asked."""
    known = member.known and not member.responder
    return member._replace(answers=False, assignee=False, administrator=False, known=known)


class Update(NamedTuple):
    """What there is to tell, as far as it decides who hears of it (docs/interface.md, section 8)."""

    has_text: bool
    private: bool = False
    status_changed: bool = False


_ON_TICKET = Prepared(
    select(
        Person.id,
        Person.name,
        Person.email,
        Person.administrator,
        Person.undeliverable,
        Person.known,
        Participant.person_id,
        Participant.subscribed,
        Participant.dormant,
        Participant.pending,
        Responder.person_id,
        QueueReader.person_id,
    )
    .outerjoin(Responder, (Responder.person_id == Person.id) & (Responder.queue_id == bindparam("queue")))
    .outerjoin(QueueReader, (QueueReader.person_id == Person.id) & (QueueReader.queue_id == bindparam("queue")))
    .outerjoin(Participant, (Participant.person_id == Person.id) & (Participant.ticket_id == bindparam("ticket")))
    .where(
        # One list of ids, so that a database looks these people up and never walks through all there are.
        Person.id.in_(
            union(
                select(bindparam("requestor", type_=Integer)),
                select(bindparam("assignee", type_=Integer)),
                select(Responder.person_id).where(Responder.queue_id == bindparam("queue")),
                select(QueueReader.person_id).where(QueueReader.queue_id == bindparam("queue")),
                select(Participant.person_id).where(Participant.ticket_id == bindparam("ticket")),
            )
        )
    )
    .order_by(Person.id)
)


def members_of(uow: UnitOfWork, ticket: Ticket) -> list[TicketMember]:
    """All who are on a ticket: requestor, assignee, participants, and those who answer for its queue."""
    uow.session.flush()
    ids = {
        "queue": ticket.queue_id,
        "ticket": ticket.id,
        "requestor": ticket.requestor_id,
        "assignee": ticket.assignee_id or 0,
    }
    rows = list(_ON_TICKET.rows(uow.connection, ids))
    members = [_on_ticket(ticket, row) for row in rows]
    team = names_of_team(members)
    return [told_apart(member, row[1], team) if row[1] else member for member, row in zip(members, rows, strict=True)]


def names_of_team(members: Sequence[TicketMember]) -> set[str]:
    """Return the names of a ticket's team as they are compared."""
    return {name_key(member.label) for member in members if member.responder}


def told_apart(member: TicketMember, name: str, team: Collection[str]) -> TicketMember:
    """Say of somebody outside the team whose name is that of one of it, or holds another address, who they are not."""
    if not name or member.insider:
        return member
    if _imitates(name, team) or addresses_in_name(name) - {address_key(member.email)}:
        local_part = member.email.rpartition("@")[0]
        label = wording_in(member.language).line(say("notes.not_on_team", name=local_part))
        return member._replace(label=label, claimed=name)
    return member


def _imitates(name: str, team: Collection[str]) -> bool:
    """Whether a name is that of one of the team, or has all words of one that has several."""
    words = set(name_key(name).split())
    return any(name == " ".join(sorted(words)) or (" " in name and words.issuperset(name.split())) for name in team)


def _on_ticket(ticket: Ticket, row: Sequence[Any]) -> TicketMember:
    person_id, name, email, administrator, gone, known, part, subscribed, dormant, pending, answers, reads = row
    requestor = person_id == ticket.requestor_id
    # The requestor of this ticket may get its letters elsewhere than those of other tickets.
    address = (ticket.requestor_email if requestor else None) or email
    return TicketMember(
        person_id=person_id,
        label=label_of(name, email),
        email=address,
        requestor=requestor,
        assignee=person_id == ticket.assignee_id,
        participant=part is not None,
        answers=answers is not None,
        reads=reads is not None,
        administrator=administrator,
        known=known,
        subscribed=not ticket.requestor_left if requestor else subscribed is not False and not dormant and not pending,
        undeliverable=gone is not None and address_key(address) == address_key(email),
        dormant=bool(dormant),
        pending=bool(pending),
        language=ticket.queue.language,
    )


def as_confirmed(members: Sequence[TicketMember]) -> list[TicketMember]:
    """Everybody on a ticket once those who wait to be let in are."""
    return [member._replace(pending=False, subscribed=True) if member.pending else member for member in members]


def member_for(person: Person, members: Sequence[TicketMember]) -> TicketMember:
    """One person's roles, also when they are not on the ticket."""
    for member in members:
        if member.person_id == person.id:
            return member
    alone = off_ticket(person.id, person, language=next((member.language for member in members), ENGLISH))
    return told_apart(alone, person.name, names_of_team(members))


def off_ticket(person_id: int, person: Person | TicketMember, **roles: Any) -> TicketMember:
    """Return a person without what a ticket's rows say of them, but with these roles."""
    administrator, known = person.administrator, person.known
    return TicketMember(person_id, person.label, person.email, administrator=administrator, known=known, **roles)


def is_notified(member: TicketMember, update: Update, lifecycle: Lifecycle) -> bool:
    """Whether somebody on the ticket is told."""
    return bool(recipients_of([member], update, lifecycle, except_person=None))


def recipients_of(
    members: Sequence[TicketMember], update: Update, lifecycle: Lifecycle, except_person: int | None
) -> list[TicketMember]:
    """Who is told of something, without the one who caused it (`except_person`, a person's id).

    Words go to everybody, private ones to responders and the assignee; a change without words to responders and the
    assignee, and a new status to everybody where the lifecycle says so (docs/interface.md, section 8).
    """
    news = update.has_text or (update.status_changed and lifecycle.status_for_all)
    for_all = news and not update.private
    return [
        member
        for member in members
        if member.person_id != except_person
        and not member.undeliverable
        and (member.answers or member.assignee or (for_all and member.subscribed and member.on_ticket))
    ]


def with_mailbox(uow: UnitOfWork, members: Iterable[TicketMember]) -> list[TicketMember]:
    """Without those whom no letter reaches, or whose address is one of ours: no footer may name them."""
    domains = our_domains(uow)
    return [
        member
        for member in members
        # Nobody reads at .invalid (RFC 6761 section 6.4): archives name such senders.
        if not (member.undeliverable or member.email.lower().endswith(".invalid"))
        and not (address_key(member.email).rpartition("@")[2] in domains and find_our_address(uow, member.email))
    ]
