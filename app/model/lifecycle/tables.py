"""The lifecycles: statuses, actions, and the tables that say what each mail does.

It is pure data with the few look-ups it needs. Each action, rule and lifecycle stands once, and is equal to itself
alone. The workflow carries the rows out, the letters' footers, the refusals, `tickets lifecycle` and the README are
printed from them; no other file compares a status or a role.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple

from ..wording import ExplainedError, Phrase
from .roles import ActorRoles, Role, Who


class AnswerEffect(Enum):
    """What a rule does to the ticket's answer, its answerer and the date it was solved."""

    KEPT = "keeps the answer"
    NAMED = "takes the named answer, else the latest one"
    OWN = "is itself the answer"
    CLEARED = "clears the answer"


@dataclass(frozen=True, eq=False)
class Action:
    """Something that can be done to a ticket, with every phrase in which people read of it.

    `does` completes "Reply to this email to …" in a footer. `third` and `second` head the letter or the listing that
    tells of it; `{name}` stands for the person. `dated` says whether it moves the dates of last query and response.
    `wordless`: it says enough without words.
    Each phrase has an entry in `phrases.toml` of every translation.
    """

    title: str
    does: str
    third: str
    second: str
    dated: bool = True
    wordless: bool = False


@dataclass(frozen=True, eq=False)
class Rule:
    """One line of a table: who may take an action, and from which status it leads to which.

    `answered_by`: the ticket must have a message of this action, which the rule takes as the answer. `recorded_as`: the
    action that is recorded in its place. `reopens_from`: from these, back to the first status, is recorded as a
    reopening.
    """

    action: Action
    who: Who
    moves: Mapping[str, tuple[str, ...]]
    answer: AnswerEffect = AnswerEffect.KEPT
    answered_by: Action | None = None
    recorded_as: Action | None = None
    reopens_from: frozenset[str] = frozenset()

    @property
    def recorded_action(self) -> Action:
        """The action that the message is recorded with."""
        return self.recorded_as or self.action

    def is_query(self, roles: ActorRoles) -> bool:
        """Whether what this person does by this rule is a query, and no response."""
        return roles.role is Role.REQUESTOR or self.who is Who.CORRESPONDENT


PRIVATE_NOTE = "add a private note (a comment)"


class ByRight(NamedTuple):
    """A hint that depends on its reader: for who can give the ticket its first status again, and for who cannot."""

    can: str
    cannot: str


@dataclass(frozen=True)
class DefaultReply:
    """What a plain reply does: the action, whether only responders see it, and what its writer should know besides.

    A hint is the name of a sentence among those of the footer. `thanks`: the rule of a reply that only says thanks, if
    it has one of its own.
    """

    action: Action
    private: bool = False
    hints: tuple[str | ByRight, ...] = ()
    thanks: Rule | None = None

    @property
    def does(self) -> Phrase:
        """What completes "Reply to this email to …"."""
        return Phrase(PRIVATE_NOTE if self.private else self.action.does)


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """A set of statuses and the tables over them.

    `defaults` maps (status, role) to what a plain reply does. `role_order` is the order in which roles are tried.
    `solved`: the statuses that have a date of solving. `set_status`: the action that changes the status and nothing
    else. `closed`: the statuses of tickets that are on nobody's list any more. `elsewhere`: the status that each
    becomes in the other lifecycle. `spam`: the first status of what a server called spam. `status_for_all`: whether a
    new status without words is told to everybody on the ticket. `comments_in_private`: every comment is for responders
    only, whoever makes it. `pauses`: the status that can name a day, on which the tracker takes the rule `resumes`.
    `waiting`: the statuses of tickets that can wait for the team.
    """

    name: str
    statuses: tuple[str, ...]
    role_order: tuple[Role, ...]
    rules: tuple[Rule, ...]
    defaults: Mapping[tuple[str, Role], DefaultReply]
    solved: frozenset[str]
    spam: str
    set_status: Action
    closed: frozenset[str]
    elsewhere: Mapping[str, str]
    expires: Action | None = None
    status_for_all: bool = True
    comments_in_private: bool = False
    pauses: str | None = None
    resumes: Rule | None = None
    waiting: frozenset[str] = frozenset()

    @property
    def first(self) -> str:
        """Return the status of a new ticket."""
        return self.statuses[0]

    @property
    def solved_status(self) -> str:
        """The status of a ticket that ended well."""
        return next(status for status in self.statuses if status in self.solved)

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action, each once, in the order of the rows."""
        return tuple(dict.fromkeys(rule.action for rule in self.rules))

    @property
    def expirable(self) -> frozenset[str]:
        """The statuses from which a ticket can expire."""
        return frozenset(status for rule in self.rules if rule.action == self.expires for status in rule.moves)

    @property
    def comment(self) -> Action:
        """The action of a private comment."""
        return self.defaults[self.statuses[0], Role.STRANGER].action

    def keeps_private(self, action: Action, status: str, role: Role) -> bool:
        """Whether only responders see what somebody of this role posts with this action."""
        return self.defaults[status, role].private or (self.comments_in_private and action == self.comment)

    def role(self, roles: Iterable[Role]) -> Role:
        """The first of these roles in this lifecycle's order."""
        return min(roles, key=self.role_order.index)

    def default_reply(self, status: str, role: Role) -> DefaultReply:
        """What a plain reply of this role does to a ticket in this status."""
        return self.defaults[status, role]

    def action(self, title: str) -> Action:
        """The action of that title, in any case; NoSuchAction names what there is."""
        for action in self.actions:
            if action.title.casefold() == _as_typed(title):
                return action
        raise NoSuchAction("no_such_action", title=title, titles=[action.title for action in self.actions])

    def status(self, title: str) -> str:
        """The status of that title, in any case; NoSuchStatus names what there is."""
        for status in self.statuses:
            if status.casefold() == _as_typed(title):
                return status
        raise NoSuchStatus("no_such_status", title=title, titles=self.statuses)


def _as_typed(title: str) -> str:
    """Return a title in lower case, without the full stop that a phone types behind it."""
    return title.strip().rstrip(".!").rstrip().casefold()


class WorkflowError(ExplainedError):
    """Something asked of a ticket cannot be done."""


class NoSuchAction(WorkflowError):
    """The lifecycle has no action of that title."""


class NoSuchStatus(WorkflowError):
    """The lifecycle has no status of that title."""


class NotAllowed(WorkflowError):
    """The table does not let this person take this action in this status."""


@cache
def find_rule(lifecycle: Lifecycle, action: Action, status: str, roles: ActorRoles) -> Rule:
    """The rule by which this person takes this action in this status; NotAllowed says what would be right."""
    rules = [rule for rule in lifecycle.rules if rule.action == action]
    permitted = [rule for rule in rules if roles.may(rule.who)]
    for rule in permitted:
        if status in rule.moves:
            return rule
    sources = {source for rule in permitted or rules for source in rule.moves}
    allowed = [title for title in lifecycle.statuses if title in sources]
    if permitted:
        raise NotAllowed("not_now", action=action.title, allowed=allowed, status=status)
    who = [Phrase(who) for who in dict.fromkeys(rule.who for rule in rules)]
    raise NotAllowed("not_yours", action=action.title, who=who, allowed=allowed, status=status)


def target_status(rule: Rule, status: str, wanted: str | None = None) -> str:
    """The status that a rule leads to; `wanted` chooses where the rule leaves a choice. Raises NotAllowed."""
    choices = rule.moves[status]
    if wanted in choices or (wanted is None and len(choices) == 1):
        return wanted or choices[0]
    action = rule.action.title
    if wanted is None:
        raise NotAllowed("which_status", action=action, status=status, choices=choices)
    leads = {"action": action, "status": status, "wanted": wanted, "choices": choices}
    if sources := [source for source, goals in rule.moves.items() if wanted in goals]:
        raise NotAllowed("action_leads_from", **leads, sources=sources)
    raise NotAllowed("action_leads_elsewhere", **leads)
