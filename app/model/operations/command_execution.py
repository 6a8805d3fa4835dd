"""How the commands of a mail are carried out: all of them, or none (docs/interface.md, section 6)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..lifecycle.tables import Action, AnswerEffect, NotAllowed, Party, WorkflowError
from ..records.messages import Message, NoSuchMessage
from ..records.people import BadAddress, NoSuchPerson, Person
from ..records.queues import NoSuchQueue, find_queue
from ..records.tickets import Ticket
from ..storage.unit_of_work import Desk
from ..tickets import merging
from ..tickets.events import Event
from ..tickets.fields import Setting, assignable, change, left_behind
from ..tickets.members import Standing, everybody_on, standing_of
from ..tickets.person_lookup import colleague_named, people_named, person_named
from ..tickets.posts import Step, Words
from ..tickets.transitions import by_name, by_words, is_answered, is_private, step_to
from ..tickets.undo import Changed, as_it_is, keep
from .workflow import carry_out, without_private_words

Lines = Mapping[Command, Line]


class Problems(dict[Line, str]):
    """What is wrong with the lines of a mail."""

    @contextmanager
    def on(self, line: Line) -> Iterator[None]:
        """Note with its line why what is done within cannot be done."""
        try:
            yield
        except (WorkflowError, NoSuchQueue, NoSuchPerson, NoSuchMessage, BadAddress) as error:
            self[line] = str(error)


class Refused(Exception):
    """Not all lines of a mail can be carried out; `problems` has each line with what is wrong, or empty."""

    def __init__(self, problems: Sequence[tuple[Line, str]]) -> None:
        super().__init__("not all lines can be carried out")
        self.problems = problems


class Mailed(NamedTuple):
    """One mail with commands: who wrote it, who is on its ticket, its lines and its words.

    `says`: it has words besides. `opened` is their message, if the mail has just opened the ticket. `allowed` are the
    commands that its writer may use.
    """

    person: Person
    everybody: Sequence[Standing]
    lines: Sequence[Line]
    words: Words
    says: bool
    allowed: Sequence[Command]
    private: bool = False
    opened: Message | None = None

    @property
    def standing(self) -> Standing:
        """What its writer is on the ticket."""
        return standing_of(self.person, self.everybody)


def allowed_to(standing: Standing) -> tuple[Command, ...]:
    """The commands that somebody may use on a ticket at all."""
    return commands.COMMANDS if standing.responder else commands.FOR_REQUESTORS if standing.requestor else ()


def carry_out_all(desk: Desk, ticket: Ticket, mailed: Mailed) -> Event:
    """Carry out all lines of a mail, and post its words. Refused if not all can be: then nothing is done."""
    with _all_or_nothing(desk):
        lines = {line.command: line for line in mailed.lines if line.command}
        problems = _wrong_in_themselves(mailed.lines, mailed.allowed, ticket)
        queue, changes = ticket.queue.name, list[Changed]()
        if (line := lines.get(commands.MERGE)) is not None and line not in problems:
            changes = [("merged", None, str(ticket.id))]
            with problems.on(line):
                ticket = _merge(desk, ticket, mailed.person, line.value)
        before = as_it_is(desk, ticket)
        changes += _set_things(desk, ticket, mailed, problems)
        everybody = everybody_on(desk, ticket) if changes else mailed.everybody
        standing = _still(mailed.standing, standing_of(mailed.person, everybody))
        steps = _steps(desk, ticket, mailed, standing.party(ticket.lifecycle), lines, problems)
        if problems:
            raise Refused([(line, problems.get(line, "")) for line in mailed.lines])
        message, words = _do(desk, ticket, standing, steps, mailed)
        merged = commands.MERGE in lines
        return Event(
            ticket,
            everybody,
            standing,
            before["status"],
            _action(steps, message, changes),
            changes,
            keep(desk, ticket, before, mailed.person.id),
            message,
            words,
            opened=mailed.opened is not None and not _is_reply(mailed, ticket),
            gone=left_behind(mailed.everybody, everybody, queue),
            moved=frozenset(_people(mailed.everybody) - _responders(everybody)) if merged else frozenset(),
            to_all=bool(steps),
            # Lines that change nothing are news to nobody.
            quiet=message is None and not changes and ticket.status == before["status"],
        )


@contextmanager
def _all_or_nothing(desk: Desk) -> Iterator[None]:
    """Take everything back that was done within, if anything is raised."""
    try:
        with desk.session.begin_nested():
            yield
    except BaseException:
        # Who was met in between is not there any more.
        desk.session.info.pop("people", None)
        raise


def _people(everybody: Sequence[Standing]) -> set[int]:
    return {one.person_id for one in everybody}


def _responders(everybody: Sequence[Standing]) -> set[int]:
    return {one.person_id for one in everybody if one.responder}


def _wrong_in_themselves(lines: Sequence[Line], allowed: Sequence[Command], ticket: Ticket) -> Problems:
    """What is wrong with lines whatever they say: no such command, not for this person, said twice, nothing said."""
    problems = Problems()
    seen: set[Command] = set()
    for line in lines:
        if line.command is None:
            problems[line] = commands.unknown(line, allowed)
        elif line.command not in allowed:
            problems[line] = f"Only those who answer for {ticket.queue.name} can use {line.command.name!r}."
        elif not line.value:
            problems[line] = f"It says nothing; it would be {line.command.value}, as in {line.command.line()!r}."
        elif line.command in seen and not line.command.repeats:
            problems[line] = f"{line.command.name!r} stands here more than once."
        seen |= {line.command} if line.command else set()
    return problems


def _merge(desk: Desk, ticket: Ticket, person: Person, given: str) -> Ticket:
    digits = given.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise NotAllowed(f"{given!r} is no ticket's number; it would be {commands.MERGE.line()!r}.")
    into = merging.goal(desk, ticket, int(digits))
    if not standing_of(person, everybody_on(desk, into)).responder:
        raise NotAllowed(f"Ticket {digits} is in a queue for which you do not answer.")
    merging.merge(desk, ticket, into, person)
    return into


def _still(before: Standing, now: Standing) -> Standing:
    """What somebody is on a ticket whose queue they have just changed: they wrote as somebody who answers for it."""
    return now._replace(answers=True) if before.responder and not now.responder else now


# What is set, in this order: who can be assigned depends on the queue.
_SET = (
    commands.QUEUE,
    commands.OWNER,
    commands.REQUESTOR,
    commands.ADD_CC,
    commands.DEL_CC,
    commands.SUBJECT,
    commands.PRIORITY,
)


def _set_things(desk: Desk, ticket: Ticket, mailed: Mailed, problems: Problems) -> list[Changed]:
    changes: list[Changed] = []
    for command in _SET:
        for line in mailed.lines:
            if line.command is command and line not in problems:
                with problems.on(line):
                    changes += _set(desk, ticket, mailed, line)
    return changes


def _set(desk: Desk, ticket: Ticket, mailed: Mailed, line: Line) -> list[Changed]:
    settings = _settings(desk, ticket, mailed, line.command, line.value)
    return [one for setting in settings for one in change(desk, ticket, mailed.person, setting)]


def _settings(desk: Desk, ticket: Ticket, mailed: Mailed, command: Command | None, value: str) -> list[Setting]:
    """What a line sets. Raises what `Problems.on` notes."""
    if command is commands.QUEUE:
        return [Setting(queue=find_queue(desk, value))]
    if command is commands.OWNER:
        return [_owner(desk, ticket, mailed, value)]
    if command is commands.REQUESTOR:
        return [Setting(requestor=person_named(desk, value))]
    if command is commands.ADD_CC:
        return [Setting(participant=person) for person in people_named(desk, value)]
    if command is commands.DEL_CC:
        return [Setting(gone=person) for person in people_named(desk, value)]
    if command is commands.PRIORITY:
        return [_priority(value)]
    return [Setting(title=value)]


def _owner(desk: Desk, ticket: Ticket, mailed: Mailed, value: str) -> Setting:
    if value.casefold() == "nobody":
        return Setting(nobody=True)
    if value.casefold() == "me":
        return Setting(assignee=mailed.person)
    everybody = everybody_on(desk, ticket)
    return Setting(assignee=colleague_named(desk, value, everybody, assignable(desk, everybody)))


def _priority(value: str) -> Setting:
    if value.casefold() == "none":
        return Setting(no_priority=True)
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise NotAllowed(f"{value!r} is no priority; it would be a whole number, or none.")
    return Setting(priority=int(value))


def _steps(desk: Desk, ticket: Ticket, mailed: Mailed, party: Party, lines: Lines, problems: Problems) -> list[Step]:
    """What the mail does to the status: first what the reply does, then what `Status` says."""
    line, life = lines.get(commands.STATUS), ticket.lifecycle
    if line and mailed.private and mailed.opened is None:
        problems.setdefault(line, f"A private comment changes no status; mail to ticket{ticket.id}@{desk.domain} does.")
    wanted = None
    if line and line not in problems:
        with problems.on(line):
            wanted = life.status(line.value)
    answered = is_answered(desk, ticket)
    steps = _first(ticket, mailed, party, lines, problems, wanted, answered=answered)
    now = steps[-1].status if steps else ticket.status
    if line and wanted not in (None, now):
        with problems.on(line):
            steps.append(step_to(life, party, now, wanted or "", answered=answered))
    return steps


def _first(
    ticket: Ticket,
    mailed: Mailed,
    party: Party,
    lines: Lines,
    problems: Problems,
    wanted: str | None,
    *,
    answered: bool,
) -> list[Step]:
    """What the reply itself does: what `Action` says, else what its words do; nothing where it has none."""
    line, life = lines.get(commands.ACTION), ticket.lifecycle
    if line is not None:
        steps: list[Step] = []
        with problems.on(line):
            steps.append(_named(ticket, mailed, party, line.value, wanted, answered=answered))
        return steps
    if not _is_reply(mailed, ticket):
        return []
    return [by_words(life, party, ticket.status, wanted, private=mailed.private, answered=answered)]


def _is_reply(mailed: Mailed, ticket: Ticket) -> bool:
    """Whether a mail has words for this ticket; the first mail of another one has, if that was merged into it."""
    return mailed.says and (mailed.opened is None or mailed.opened.ticket_id != ticket.id)


def _named(ticket: Ticket, mailed: Mailed, party: Party, value: str, wanted: str | None, *, answered: bool) -> Step:
    """The step that `Action` names. Raises NotAllowed."""
    life, action = ticket.lifecycle, ticket.lifecycle.action(value)
    if mailed.opened is not None:
        raise NotAllowed("A first mail opens a ticket, and takes no other action.")
    if mailed.private and action != life.comment:
        raise NotAllowed(f"A private comment does nothing else; {action.title!r} needs the ticket's other address.")
    step = by_name(life, party, ticket.status, action, wanted, answered=answered)
    if not mailed.says and step.status == ticket.status:
        raise NotAllowed(f"{action.title!r} says something: write it under the commands, after an empty line.")
    return step


def _do(
    desk: Desk, ticket: Ticket, standing: Standing, steps: Sequence[Step], mailed: Mailed
) -> tuple[Message | None, Words | None]:
    """Take the steps, and post the words with the first of them, unless they are on the ticket already."""
    party = standing.party(ticket.lifecycle)
    if mailed.opened is not None or not mailed.says:
        carry_out(desk, ticket, standing, party, steps, None)
        # The first mail of a ticket that was merged into this one is news here.
        news = mailed.opened is not None and _is_reply(mailed, ticket)
        words = _words_for(desk, ticket, mailed, private=mailed.private) if news else mailed.words
        return mailed.opened, words if mailed.opened else None
    private = is_private(ticket.lifecycle, ticket.status, party, steps[0].row.recorded, comment=mailed.private)
    words = _words_for(desk, ticket, mailed, private=private)
    return carry_out(desk, ticket, standing, party, steps, words, private=private), words


def _words_for(desk: Desk, ticket: Ticket, mailed: Mailed, *, private: bool) -> Words:
    """The words of a mail as they go to the ticket's people."""
    return mailed.words if private else without_private_words(desk, ticket, mailed.words, mailed.person.id)


def _action(steps: Sequence[Step], message: Message | None, changes: Sequence[Changed]) -> Action | None:
    """The action that heads the letters: that of the words, or the one that changed the status."""
    if not steps:
        return None
    row = steps[0].row
    # Without words nobody has answered or asked, whatever the status says.
    wordless = message is None and (changes or row.answer is AnswerEffect.KEPT)
    return None if wordless else row.recorded
