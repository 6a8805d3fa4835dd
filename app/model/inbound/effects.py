"""What a mail may cause: one table, by which every effect of a mail is allowed (docs/interface.md, section 6)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from ..letters.receipt_letters import ReceiptKind
from ..lifecycle.commands import Command
from ..lifecycle.roles import ActorRoles
from ..lifecycle.tables import Lifecycle
from ..operations.commands.command_mail import allowed_to
from ..operations.leaving import may_leave
from ..tickets.members import TicketMember
from ..tickets.transitions import is_private
from ..tickets.visibility import is_visible
from .sender_proof import Proof


class Effect(StrEnum):
    """Everything that a mail can cause, as far as its writer decides about it."""

    KNOW = "its writer becomes a person, and letters to them are tried again"
    EXPOSE = "letters whose ids it shows to others prove nothing any more"
    POST = "its words are posted, with the default action of its writer's role"
    PAGE = "a page is sent to its writer"
    SUBSCRIBE = "its writer gets the letters of the ticket again"
    MOVE_LETTERS = "its writer's letters go to the address that it came from"
    COMMAND = "its commands are carried out"
    UNDO = "the last change is taken back"
    LEAVE = "its writer gets no more letters"
    LET_IN = "those in To and Cc take part"
    NAME = "those in To and Cc wait to take part"
    CONFIRM = "those who wait take part"
    ANSWER = "what waits for a word in answer to a letter is carried out or dropped"


@dataclass(frozen=True)
class Situation:
    """What decides about a mail: who wrote it, what proves that, and where it came to. `opens`: it opens a ticket.

    `relayed`: who wrote it stands elsewhere than in From, so that its writer counts as no responder. `words_alone`: a
    signature proves its words, and nothing proves its headers. `comment`: it came as a private comment, by its address
    or by what it answers. `letter` is the kind of the letter that it answers, `own_letter` whether that letter went to
    its writer, `offers` the words that mean something in answer to it. `told_of_change`: that letter was about a
    change, and its writer is on some team. `redirected`: it is private by what it answers alone, and not by its
    address. `waits`: something waits for such a word of its writer's, and it answers nothing. `notes` are the private
    texts of the ticket, folded. `caused_last`: its writer made the last change. `names_waiting`: the letter that it
    answers has named to its writer all who wait to be let in. `asks_in`: the queue's switches let its writer ask
    people in. `newly_named` are those whom it would ask in. `known`: we know its writer, also where only the team
    reads, and they are a stranger.
    """

    lifecycle: Lifecycle
    status: str
    member: TicketMember
    roles: ActorRoles
    verified: bool = False
    believed: bool = False
    words_alone: bool = False
    automatic: bool = False
    spam: bool = False
    authors: int = 1
    relayed: bool = False
    opens: bool = False
    comment: bool = False
    letter: str | None = None
    own_letter: bool = False
    offers: frozenset[str] = frozenset()
    redirected: bool = False
    waits: bool = False
    notes: frozenset[str] = frozenset()
    told_of_change: bool = False
    caused_last: bool = False
    names_waiting: bool = False
    asks_in: bool = False
    known: bool = False
    newly_named: tuple[str, ...] = ()

    @cached_property
    def private(self) -> bool:
        """Whether only responders read its words."""
        if self.opens:
            return self.comment
        action = self.lifecycle.default_reply(self.status, self.roles.role).action
        return is_private(self.lifecycle, self.status, self.roles, action, comment=self.comment)

    @property
    def kept_private(self) -> bool:
        """Whether only responders read its words, which everybody would read as a mail of their own."""
        return self.private and not replace(self, comment=False).private

    @property
    def answers_waiting(self) -> bool:
        """Whether it answers a letter that lists waiting lines, or offers words."""
        return self.letter in (ReceiptKind.WAITING, ReceiptKind.AUTHOR)

    @property
    def personal(self) -> bool:
        """Whether one person wrote it, as far as its headers say."""
        return not self.automatic and not self.spam and self.authors == 1

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The commands that its writer may use at all."""
        return allowed_to(self.member)


def _page(mail: Situation) -> bool:
    if mail.opens:
        return mail.member.known and not mail.automatic and not mail.spam
    visible = is_visible(mail.lifecycle, mail.status, mail.member)
    # Of a ticket that somebody known may not see, their page says nothing.
    return not mail.automatic and (visible or mail.member.pending or mail.known)


def _subscribe(mail: Situation) -> bool:
    here = mail.member.requestor or (mail.member.participant and not mail.member.pending)
    return here and not mail.member.subscribed and not mail.automatic and not mail.answers_waiting


def _command(mail: Situation) -> bool:
    return mail.personal and bool(mail.commands)


def _undo(mail: Situation) -> bool:
    # A colleague for whom it no longer counts is told so.
    meant = mail.member.responder or mail.member.requestor or mail.caused_last or mail.told_of_change
    return meant and not mail.automatic and not mail.opens


def _unsubscribe(mail: Situation) -> bool:
    return may_leave(mail.member) and not mail.automatic and not mail.opens


def _let_in(mail: Situation) -> bool:
    named = mail.asks_in and not mail.automatic and not mail.spam and not mail.private
    return named and not (mail.believed and mail.answers_waiting)


def _confirm(mail: Situation) -> bool:
    named = mail.names_waiting and not mail.answers_waiting
    lets_in = mail.member.requestor or (mail.member.responder and named)
    return lets_in and mail.status != mail.lifecycle.spam


def _answer(mail: Situation) -> bool:
    return bool(mail.offers) and mail.own_letter


def _always(_: Situation) -> bool:
    return True


def _by_one(mail: Situation) -> bool:
    return mail.authors == 1


class Condition(NamedTuple):
    """Which mails can have an effect, whether only believed ones, and which others can have it once a yes proves them.

    `holds` is None for every mail. `waits` is None where nothing waits for a yes. `proof` is what of a mail must be
    proven: all of it, where the effect follows from headers, which no signature covers.
    """

    holds: Callable[[Situation], bool] | None
    proof: Proof = Proof.NONE
    waits: Callable[[Situation], bool] | None = None


RULES = {
    Effect.KNOW: Condition(None),
    Effect.EXPOSE: Condition(None),
    Effect.POST: Condition(None),
    Effect.PAGE: Condition(_page),
    Effect.SUBSCRIBE: Condition(_subscribe),
    Effect.NAME: Condition(lambda mail: mail.opens and _let_in(mail)),
    Effect.MOVE_LETTERS: Condition(None, Proof.ALL),
    Effect.COMMAND: Condition(_command, Proof.WORDS, waits=_always),
    Effect.UNDO: Condition(_undo, Proof.WORDS, waits=_always),
    Effect.LEAVE: Condition(_unsubscribe, Proof.WORDS, waits=_by_one),
    Effect.LET_IN: Condition(_let_in, Proof.ALL, waits=lambda mail: not mail.opens and _by_one(mail)),
    Effect.CONFIRM: Condition(_confirm, Proof.WORDS),
    Effect.ANSWER: Condition(_answer, Proof.WORDS),
}


class Permission(NamedTuple):
    """The effects that a mail has at once, those that wait for a yes, and all that it could have if it were proven."""

    now: frozenset[Effect]
    on_yes: frozenset[Effect]
    possible: frozenset[Effect]


def permitted(mail: Situation) -> Permission:
    """Return what a mail may cause. The one place for it; whatever follows from a mail asks here."""
    now, on_yes, possible, proofs = set(), set(), set(), _proofs_of(mail)
    for effect, rule in RULES.items():
        if rule.holds is not None and not rule.holds(mail):
            continue
        possible.add(effect)
        if rule.proof in proofs:
            now.add(effect)
        elif rule.waits is not None and rule.waits(mail):
            on_yes.add(effect)
    return Permission(frozenset(now), frozenset(on_yes), frozenset(possible))


def is_allowed(effect: Effect, mail: Situation) -> bool:
    """Return whether a mail has one effect at once, for a ticket that has changed since all were asked for."""
    rule = RULES[effect]
    return (rule.holds is None or rule.holds(mail)) and rule.proof in _proofs_of(mail)


def _proofs_of(mail: Situation) -> tuple[Proof, ...]:
    """Return what an effect may need to be proven, for this mail to have it at once."""
    if not mail.believed:
        return (Proof.NONE,)
    return (Proof.NONE, Proof.WORDS) if mail.words_alone else (Proof.NONE, Proof.WORDS, Proof.ALL)
