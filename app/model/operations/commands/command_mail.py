"""A mail with commands, and what is wrong with its lines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ...lifecycle import commands
from ...lifecycle.commands import Command, Line
from ...lifecycle.tables import WorkflowError
from ...records.messages import Message, NoSuchMessage
from ...records.people import BadAddress, NoSuchPerson, Person
from ...records.queues import NoSuchQueue
from ...tickets.members import TicketMember, member_for
from ...tickets.posts import NewMessage
from ...tickets.undo import NOBODY_LET_IN, LetIn
from ...wording import Sentence


class Problems(dict[Line, Sentence]):
    """What is wrong with the lines of a mail."""

    @contextmanager
    def on(self, line: Line) -> Iterator[None]:
        """Note with its line why what is done within cannot be done."""
        try:
            yield
        except (WorkflowError, NoSuchQueue, NoSuchPerson, NoSuchMessage, BadAddress) as error:
            self[line] = error.text


class CommandsRefused(Exception):
    """Not all lines of a mail can be carried out; `problems` has each line with what is wrong, or None."""

    def __init__(self, problems: Sequence[tuple[Line, Sentence | None]]) -> None:
        super().__init__("commands refused")
        self.problems = problems

    @property
    def reason(self) -> Sentence:
        """What is wrong with the first line that is not right."""
        return next(problem for _, problem in self.problems if problem)


class MergeWaits(Exception):
    """A mail merges tickets of different requestors, and nobody has said yes to that. Nothing is done."""


class CommandMail(NamedTuple):
    """One mail with commands: who wrote it, who is on its ticket, its lines and its words.

    `has_text`: it has words besides. `opened` is their message, if the mail has just opened the ticket. `allowed` are
    the commands that its writer may use. `moves`: it has moved the ticket to another queue, and names no action.
    `confirmed`: its writer has been told who will read what by a merge. `let_in` are those whom its Cc brought.
    """

    person: Person
    members: Sequence[TicketMember]
    lines: Sequence[Line]
    new_message: NewMessage
    has_text: bool
    allowed: Sequence[Command]
    private: bool = False
    opened: Message | None = None
    moves: bool = False
    confirmed: bool = False
    let_in: LetIn = NOBODY_LET_IN

    @property
    def private_words(self) -> bool:
        """Whether its words are a private comment: it is one, or they are for the new team."""
        return self.private or self.moves

    @property
    def member(self) -> TicketMember:
        """What its writer is on the ticket."""
        return member_for(self.person, self.members)


def allowed_to(member: TicketMember) -> tuple[Command, ...]:
    """The commands that somebody may use on a ticket at all."""
    return commands.COMMANDS if member.responder else commands.FOR_REQUESTORS if member.requestor else ()
