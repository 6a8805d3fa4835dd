"""What pressing a button would do now: the action, its status, whether it is private, and who would get a letter.

Nothing is decided here. The row is the one by which it will be carried out, and the readers come from the functions
that will address the letters.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..lifecycle.roles import ActorRoles
from ..lifecycle.tables import Action, DefaultReply, Rule
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import (
    TicketMember,
    Update,
    as_confirmed,
    as_in_queue,
    is_notified,
    recipients_of,
    with_mailbox,
)
from ..tickets.storms import letter_limits, loop_protection
from ..tickets.storms.effective_member import effective_member
from ..tickets.transitions import has_answer, is_private


class Asker(NamedTuple):
    """Somebody who looks at a ticket's page: who else is on it, and their roles as an answer of theirs is taken."""

    member: TicketMember
    members: Sequence[TicketMember]
    roles: ActorRoles

    @property
    def lets_in(self) -> bool:
        """Return whether public words of theirs let those in who wait for it."""
        return self.member.responder or self.member.requestor


class Outlook(NamedTuple):
    """One thing that somebody can do on a ticket.

    `default` is the table's cell for a plain reply, where it is that. `comment`: it is asked to be private. `readers`
    get a letter, `unreached` would get one if mail reached them. `held`: there are too many mails now, and nobody gets
    a letter. `missed`: outsiders get none, for the same reason. `addresses`: the lifecycle has one public action.
    """

    rule: Rule
    status: str
    private: bool
    comment: bool = False
    default: DefaultReply | None = None
    readers: Sequence[TicketMember] = ()
    unreached: Sequence[TicketMember] = ()
    held: bool = False
    missed: Sequence[TicketMember] = ()
    addresses: bool = False

    @property
    def outsiders(self) -> list[TicketMember]:
        """Return the readers who do not answer for the queue: they are named."""
        return [reader for reader in self.readers if not reader.answers]

    @property
    def names_readers(self) -> bool:
        """Return whether its button names its readers: it is what a plain reply does, and says nothing but that."""
        return self.default is not None and not self.private and self.addresses

    @property
    def action(self) -> Action:
        """The action that the table's row is about."""
        return self.rule.action


def asker_for(uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember]) -> Asker:
    """Return what somebody is on a ticket, as an answer of theirs on the web pages is taken."""
    effective = effective_member(uow, ticket, member, verified=True)
    roles = as_in_queue(effective, ticket.queue).roles_in(ticket.lifecycle)
    return Asker(member, members, roles)


def outlooks(uow: UnitOfWork, ticket: Ticket, asker: Asker) -> list[Outlook]:
    """Return everything that somebody can do on a ticket with words: the default first, a private note last."""
    return [_with_readers(uow, ticket, asker, outlook) for outlook in _rows(uow, ticket, asker)]


def _rows(uow: UnitOfWork, ticket: Ticket, asker: Asker) -> list[Outlook]:
    life, roles, status = ticket.lifecycle, asker.roles, ticket.status
    default = life.default_reply(status, roles.role)
    rows = list[Outlook]()
    for rule in _rules(uow, ticket, roles):
        private = is_private(life, status, roles, rule.recorded_action, comment=False)
        cell = default if rule.action == default.action else None
        # Who may not read it back is offered no private note.
        if not private or asker.member.responder or cell:
            rows.append(Outlook(rule, rule.moves[status][0], private, default=cell, addresses=life.comments_in_private))
    if asker.member.responder:
        rows = [row for row in rows if row.action != life.comment or not row.private]
        comment = next(rule for rule in _rules(uow, ticket, roles) if rule.action == life.comment)
        rows.append(Outlook(comment, status, private=True, comment=True))
    return sorted(rows, key=lambda row: (row.comment, row.default is None))


def _rules(uow: UnitOfWork, ticket: Ticket, roles: ActorRoles) -> list[Rule]:
    """Return the rows of a ticket's table by which somebody says something now, the first of each action."""
    life, rules = ticket.lifecycle, dict[Action, Rule]()
    for rule in life.rules:
        fits = roles.may(rule.who) and ticket.status in rule.moves and rule.action != life.set_status
        if fits and (rule.answered_by is None or has_answer(uow, ticket)):
            rules.setdefault(rule.action, rule)
    return list(rules.values())


def _with_readers(uow: UnitOfWork, ticket: Ticket, asker: Asker, outlook: Outlook) -> Outlook:
    life, members = ticket.lifecycle, members_after(ticket, asker, private=outlook.private)
    update = Update(has_text=True, private=outlook.private, status_changed=outlook.status != ticket.status)
    reachable = with_mailbox(uow, members)
    readers = recipients_of(reachable, update, life, except_person=asker.member.person_id)
    if loop_protection.would_hold_post(uow, ticket, asker.member, members):
        return outlook._replace(held=True)
    outsiders = [reader for reader in readers if not reader.responder]
    if outsiders and not letter_limits.may_reach_outsiders(uow, asker.member):
        readers, missed = [reader for reader in readers if reader.responder], outsiders
        return outlook._replace(readers=readers, missed=missed)
    unreached = [
        member
        for member in members
        if member.undeliverable
        and member.person_id != asker.member.person_id
        and is_notified(member._replace(undeliverable=False), update, life)
    ]
    return outlook._replace(readers=readers, unreached=unreached)


def members_after(ticket: Ticket, asker: Asker, *, private: bool) -> Sequence[TicketMember]:
    """Return everybody on a ticket once somebody has said something: public words let in who waits for it."""
    lets_in = not private and asker.lets_in and ticket.status != ticket.lifecycle.spam
    return as_confirmed(asker.members) if lets_in else asker.members
