"""Which rows of the tables a mail's words, `Action` and `Status` choose."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from sqlalchemy import bindparam, false, or_, select

from ...mail.thanks import is_only_thanks
from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.roles import ActorRoles
from ..lifecycle.tables import Action, DefaultReply, Lifecycle, NotAllowed, Rule, find_rule, target_status
from ..records.messages import Message
from ..records.tickets import Ticket
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from .members import TicketMember
from .posts import NewMessage, Transition
from .storms.effective_member import effective_member


class Promise(NamedTuple):
    """What a plain reply of somebody would do now: the default of the table, and the status after it."""

    default_reply: DefaultReply
    status: str
    role: str


def is_private(lifecycle: Lifecycle, status: str, roles: ActorRoles, action: Action, *, comment: bool) -> bool:
    """Return whether only responders read what is posted with this action. The one place for it.

    `comment`: it came as a private comment, by its address or by what it answers.
    """
    return comment or lifecycle.keeps_private(action, status, roles.role)


def promise(uow: UnitOfWork, ticket: Ticket, member: TicketMember, *, private: bool = False) -> Promise:
    """What a plain reply of this person would do while the ticket is as it is; `private`: to the comment address."""
    lifecycle = ticket.lifecycle
    roles = effective_member(uow, ticket, member, verified=True).roles_in(lifecycle)
    return _promise(lifecycle, ticket.status, roles, comment=private)


@cache
def _promise(lifecycle: Lifecycle, status: str, roles: ActorRoles, *, comment: bool) -> Promise:
    """What a plain reply does by the tables; the same for everybody with these roles."""
    default_reply = DefaultReply(lifecycle.comment) if comment else lifecycle.default_reply(status, roles.role)
    secret = is_private(lifecycle, status, roles, default_reply.action, comment=comment)
    default_reply = replace(default_reply, private=secret) if secret != default_reply.private else default_reply
    rule = find_rule(lifecycle, default_reply.action, status, roles)
    return Promise(default_reply, target_status(rule, status), roles.role)


def rule_of_thanks(default_reply: DefaultReply, words: NewMessage, members: Iterable[TicketMember]) -> Rule | None:
    """Return the rule by which a plain reply is carried out that only says thanks; None for every other reply."""
    if default_reply.thanks is None or any(not attachment.decorates for attachment in words.attachments):
        return None
    return default_reply.thanks if is_only_thanks(words.text, [member.own_name for member in members]) else None


def transition_by_text(
    life: Lifecycle, roles: ActorRoles, status: str, wanted: str | None, *, private: bool, answered: bool
) -> Transition:
    """What words do: what they would do by themselves, unless a rule leads to the wanted status at once."""
    rule = find_rule(life, life.comment if private else life.default_reply(status, roles.role).action, status, roles)
    plain = Transition(rule, target_status(rule, status))
    if wanted in (None, plain.status) or private:
        return plain
    rules = [
        rule
        for rule in rules_to(life, roles, status, wanted or "", answered=answered)
        if rule.action != life.set_status
    ]
    return Transition(rules[0], wanted or "") if rules else plain


def transition_by_action(
    life: Lifecycle, roles: ActorRoles, status: str, action: Action, wanted: str | None, *, answered: bool
) -> Transition:
    """What an action does that is named. Raises NotAllowed."""
    rule = find_rule(life, action, status, roles)
    if rule.answered_by is not None and not answered:
        raise NotAllowed("nobody_answered", action=action.title)
    return Transition(rule, target_status(rule, status, wanted if len(rule.moves[status]) > 1 else None))


def rules_to(life: Lifecycle, roles: ActorRoles, status: str, wanted: str, *, answered: bool) -> list[Rule]:
    """The rules by which a person leads a ticket to a status; a comment is none where it would be kept private.

    A rule that takes an answer comes first, if there is one to take.
    """
    rules = [rule for rule in life.rules if roles.may(rule.who) and wanted in rule.moves.get(status, ())]
    fitting = [rule for rule in rules if rule.action != life.comment or not life.comments_in_private]
    return sorted(
        (rule for rule in fitting if answered or rule.answered_by is None), key=lambda rule: rule.answered_by is None
    )


def transition_to(life: Lifecycle, roles: ActorRoles, status: str, wanted: str, *, answered: bool) -> Transition:
    """The step to a status that is not the present one. Raises NotAllowed, which names those that there are."""
    rules = rules_to(life, roles, status, wanted, answered=answered)
    if rules:
        return Transition(rules[0], wanted)
    choices = reachable_statuses(life, roles, status, answered=answered)
    if not choices:
        raise NotAllowed("status_not_yours", wanted=wanted, status=status)
    raise NotAllowed("status_out_of_reach", wanted=wanted, status=status, choices=choices)


def reachable_statuses(life: Lifecycle, roles: ActorRoles, status: str, *, answered: bool) -> list[str]:
    """The other statuses to which a person can lead a ticket in one step."""
    goals = (other_status for other_status in life.statuses if other_status != status)
    return [goal for goal in goals if rules_to(life, roles, status, goal, answered=answered)]


def has_answer(uow: UnitOfWork, ticket: Ticket) -> bool:
    """Whether somebody has posted what a rule of the table could take as the answer."""
    uow.session.flush()
    statement = _ANY_ANSWER[ticket.lifecycle.name]
    return statement is not None and statement.row(uow.connection, {"ticket": ticket.id}) is not None


def _any_answer(lifecycle: Lifecycle) -> Prepared | None:
    titles = {rule.answered_by.title for rule in lifecycle.rules if rule.answered_by}
    answers = or_(false(), *(Message.action == title for title in sorted(titles)))
    first = select(Message.id).where(Message.ticket_id == bindparam("ticket"), answers).limit(1)
    return Prepared(first) if titles else None


_ANY_ANSWER = {name: _any_answer(lifecycle) for name, lifecycle in LIFECYCLES.items()}
