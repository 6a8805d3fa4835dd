"""The answer form of a ticket's page: a button for each thing that somebody can do, and the sentence that it keeps."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select

from ..letters.footer import who_sees
from ..lifecycle.tables import PRIVATE_NOTE
from ..records.message_ids import keyed_digits
from ..records.messages import Message
from ..records.people import Person
from ..records.tickets import NoSuchTicket, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.fields import assignable_people
from ..tickets.members import TicketMember, member_for, members_of
from ..tickets.transitions import has_answer, reachable_statuses
from ..tickets.visibility import is_open_to_others, may_see
from ..wording import say, sentence_list, wording_in
from .message_keys import message_key, newest_key
from .outlook import Asker, Outlook, asker_for, outlooks

_NAMES = 2


class Reader(NamedTuple):
    """Somebody who gets a letter; `email` is None where the one who looks may not see it."""

    name: str
    email: str | None


@dataclass(frozen=True)
class Block:
    """One thing that somebody can do: a button and what stands beside it.

    `key` is the value that the button sends, `title` its words, `sentences` say what it does, the first with who reads
    it. `readers` get a letter each, `letters` counts all of them: for outsiders the team is counted and not named.
    `status` is the ticket's after it. `needs_text`: without words nothing would be done. `answers` are the keys of the
    messages that can be named as the answer (`Confirm`). `promise` travels with the form, and is compared.
    """

    key: str
    title: str
    sentences: Sequence[str]
    private: bool
    action: str
    status: str
    readers: Sequence[Reader]
    letters: int
    needs_text: bool
    answers: Sequence[str]
    promise: str

    @property
    def sentence(self) -> str:
        """All that stands beside the button."""
        return " ".join(self.sentences)


class AnswerForm(NamedTuple):
    """What somebody can do on a ticket, and what can go with it.

    `statuses` and `owners` are the choices of "and then": owners for responders alone, as (address, name). `seen` is
    the key of the newest message that they have been shown; it travels with the form.
    """

    ticket: int
    blocks: Sequence[Block]
    statuses: Sequence[str]
    owners: Sequence[tuple[str, str]]
    seen: str

    def block(self, key: str) -> Block | None:
        """Return the block of this key, if it can be done now."""
        return next((block for block in self.blocks if block.key == key), None)


def answer_form(uow: UnitOfWork, ticket: Ticket, person: Person) -> AnswerForm:
    """Return the answer form of a ticket for one person. NoSuchTicket for whoever may see nothing of it."""
    members = members_of(uow, ticket)
    member = member_for(person, members)
    if not may_see(ticket, member):
        raise NoSuchTicket("no_ticket", number=ticket.id)
    return form_of(uow, ticket, asker_for(uow, ticket, member, members))


def form_of(uow: UnitOfWork, ticket: Ticket, asker: Asker) -> AnswerForm:
    """Return the answer form for somebody whose roles are known."""
    member, life = asker.member, ticket.lifecycle
    commands = member.responder or member.requestor
    roles, answered = member.roles_in(life), has_answer(uow, ticket)
    statuses = reachable_statuses(life, roles, ticket.status, answered=answered) if commands else []
    owners = assignable_people(uow, asker.members) if member.responder else []
    blocks = [block_of(uow, ticket, asker, outlook) for outlook in outlooks(uow, ticket, asker)]
    return AnswerForm(ticket.id, blocks, statuses, owners, newest_key(uow, ticket, member))


def block_key(outlook: Outlook) -> str:
    """Return the value that the button of an outlook sends: the action's title, or `note` for a private note."""
    return "note" if outlook.comment else outlook.action.title.lower().replace(" ", "-")


def block_of(uow: UnitOfWork, ticket: Ticket, asker: Asker, outlook: Outlook) -> Block:
    """Return the block of one thing that somebody can do."""
    return Block(
        key=block_key(outlook),
        title=_title(ticket, asker, outlook),
        sentences=_sentences(uow, ticket, asker, outlook),
        private=outlook.private,
        action=outlook.rule.recorded_action.title,
        status=outlook.status,
        readers=_readers_shown(asker, outlook),
        letters=len(outlook.readers),
        needs_text=not outlook.action.wordless or outlook.status == ticket.status,
        answers=_answers(uow, ticket, outlook),
        promise=promise_of(uow, ticket, outlook),
    )


def _title(ticket: Ticket, asker: Asker, outlook: Outlook) -> str:
    title, life = outlook.action.title, ticket.lifecycle
    if outlook.action == life.comment:
        return f"{title} (private note)" if outlook.private else f"{title} (everybody reads it)"
    if outlook.rule.recorded_as is not None:
        return f"{title} (you solved it yourself)"
    if outlook.names_readers:
        return f"{title} to {_readers(ticket, asker, outlook)}"
    return title


def _readers(ticket: Ticket, asker: Asker, outlook: Outlook) -> str:
    """Return whom a button names: to the team those who are not of it, to others the team, too."""
    team = f"the {ticket.queue.name} team"
    if not outlook.outsiders:
        return team
    names = few_names(outlook.outsiders)
    has_team = not asker.member.insider and any(reader.answers for reader in outlook.readers)
    return f"{names}, and {team}" if has_team else names


def few_names(readers: Sequence[TicketMember]) -> str:
    """Return two names, or one and how many others there are."""
    names = [reader.label for reader in readers]
    return sentence_list(names if len(names) <= _NAMES else [names[0], f"{len(names) - 1} others"])


def _sentences(uow: UnitOfWork, ticket: Ticket, asker: Asker, outlook: Outlook) -> list[str]:
    does = PRIVATE_NOTE if outlook.private else outlook.action.does
    thanks, letters = outlook.default.thanks if outlook.default else None, len(outlook.readers)
    open_to_others = not outlook.private and is_open_to_others(ticket)
    unreached = [member.label for member in outlook.unreached if asker.member.insider]
    text = wording_in().render(
        "answer_block",
        does=f"{does[0].upper()}{does[1:]}",
        reads=(_IN_A_STORM if outlook.held else who_sees(ticket, asker.member, outlook.readers)).english,
        letters=letters if letters > 1 else 0,
        one_letter=letters == 1,
        becomes="" if outlook.status == ticket.status else outlook.status,
        stays=ticket.status if outlook.status == ticket.status else "",
        thanks=thanks.moves[ticket.status][0] if thanks else "",
        queue=ticket.queue.name if open_to_others else "",
        missed=sentence_list(reader.label for reader in outlook.missed) if outlook.missed else "",
        unreached=sentence_list(unreached) if unreached else "",
    )
    return text.strip().split("\n")


_IN_A_STORM = say("footer.is_saved_in_a_storm")


def _readers_shown(asker: Asker, outlook: Outlook) -> list[Reader]:
    """Return whom a letter goes to, as somebody may see it: outsiders see no address, and of the team no name."""
    if asker.member.insider:
        return [Reader(reader.label, reader.email) for reader in outlook.readers]
    return [Reader(reader.label, None) for reader in outlook.outsiders]


def _answers(uow: UnitOfWork, ticket: Ticket, outlook: Outlook) -> list[str]:
    if outlook.rule.answered_by is None:
        return []
    title = outlook.rule.answered_by.title
    answers = select(Message.id).where(Message.ticket_id == ticket.id, Message.action == title, ~Message.private)
    return [message_key(uow, message_id) for message_id in uow.session.scalars(answers.order_by(Message.number))]


def promise_of(uow: UnitOfWork, ticket: Ticket, outlook: Outlook) -> str:
    """Return what a block promises, as it travels with the form: whether it is private, the status, and who reads it.

    Who is on the team is no promise: the sentence names its queue. The readers are hidden in the last part.
    """
    named = sorted(reader.person_id for reader in outlook.outsiders)
    team = any(reader.answers for reader in outlook.readers)
    missed = [member.person_id for member in outlook.missed]
    who = json.dumps([ticket.id, ticket.queue_id, outlook.rule.action.title, named, team, outlook.held, missed])
    return f"{'private' if outlook.private else 'public'}.{outlook.status}.{keyed_digits(uow, who, 20)}"


def promised_parts(promise: str) -> tuple[str, str, str]:
    """Return the three parts of a promise; empty ones for what is none."""
    parts = promise.split(".")
    return (parts[0], ".".join(parts[1:-1]), parts[-1]) if len(parts) >= 3 else ("", "", "")
