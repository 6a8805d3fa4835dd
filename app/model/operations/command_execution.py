"""How the commands of a mail are carried out: all of them, or none (docs/interface.md, section 6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ..letters import receipts
from ..letters.notification import News, tell_changed, tell_moved, tell_opened, tell_posted
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..lifecycle.tables import Action, AnswerEffect, NotAllowed, Party, WorkflowError
from ..records.messages import Message, NoSuchMessage
from ..records.people import BadAddress, NoSuchPerson, Person
from ..records.queues import NoSuchQueue, find_queue
from ..records.tickets import Ticket
from ..storage.unit_of_work import Desk
from ..tickets import merging
from ..tickets.days import pause, read_wanted
from ..tickets.fields import Setting, assignable, change, left_behind
from ..tickets.members import Standing, everybody_on, standing_of
from ..tickets.person_lookup import colleague_named, people_named, person_named
from ..tickets.posts import Step, Words
from ..tickets.transitions import by_name, by_words, is_answered, step_to
from ..tickets.undo import Changed, as_it_is, keep
from ..tickets.unread import note_of_unread
from .workflow import carry_out, without_private_words

Lines = Mapping[Command, Line]
Problems = dict[Line, str]
Found = TypeVar("Found")


class Refused(Exception):
    """Not all lines of a mail can be carried out; `problems` has each line with what is wrong, or empty."""

    def __init__(self, problems: Sequence[tuple[Line, str]]) -> None:
        super().__init__("not all lines can be carried out")
        self.problems = problems


class Mailed(NamedTuple):
    """One mail with commands: who wrote it, what they are on its ticket, its lines and its words.

    `says`: it has words besides. `opened` is their message, if the mail has just opened the ticket. `allowed` are the
    commands that its writer may use.
    """

    person: Person
    standing: Standing
    lines: Sequence[Line]
    words: Words
    says: bool
    allowed: Sequence[Command]
    private: bool = False
    opened: Message | None = None


@dataclass
class Steered:
    """What came of it: the ticket on which it all ended, how it was, what changed, and the message that was posted.

    `opened` is the message that has opened it. `gone` are those who answered for the queue that it has left, `moved`
    those from outside who came with a ticket that was merged into it.
    """

    ticket: Ticket
    old_status: str
    changes: list[Changed]
    standing: Standing
    steps: Sequence[Step] = ()
    opened: Message | None = None
    message: Message | None = None
    words: Words | None = None
    checkpoint: int | None = None
    gone: list[Standing] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)

    @property
    def all_changes(self) -> list[Changed]:
        """What changed, with the status once."""
        others = [one for one in self.changes if one[0] != "status"]
        moved = self.old_status != self.ticket.status
        return [*others, ("status", self.old_status, self.ticket.status)] if moved else others


def allowed_to(standing: Standing) -> tuple[Command, ...]:
    """The commands that somebody may use on a ticket at all."""
    return commands.COMMANDS if standing.responder else commands.FOR_REQUESTORS if standing.requestor else ()


def carry_out_all(desk: Desk, ticket: Ticket, mailed: Mailed) -> Steered:
    """Carry out all lines of a mail, post its words, and tell nobody. Refused if not all can be: nothing is done."""
    nested = desk.session.begin_nested()
    try:
        outcome = _attempt(desk, ticket, mailed)
    except BaseException:
        nested.rollback()
        # Who was met in between is not there any more.
        desk.session.info.pop("people", None)
        raise
    nested.commit()
    return outcome


def _attempt(desk: Desk, ticket: Ticket, mailed: Mailed) -> Steered:
    lines = {line.command: line for line in mailed.lines if line.command}
    problems = _wrong_in_themselves(mailed.lines, mailed.allowed, ticket)
    everybody, queue = everybody_on(desk, ticket), ticket.queue.name
    changes: list[Changed] = []
    if (line := lines.get(commands.MERGE)) is not None and line not in problems:
        ticket, old = _try(problems, line, lambda: _merge(desk, ticket, mailed.person, line.value), ticket), ticket
        changes = [("merged", None, str(old.id))]
    before = as_it_is(desk, ticket)
    changes += _set_things(desk, ticket, mailed, problems)
    now = everybody_on(desk, ticket)
    standing = _still(mailed.standing, standing_of(mailed.person, now))
    outcome = Steered(ticket, before["status"], changes, standing, gone=left_behind(everybody, now, queue))
    outcome.steps = _steps(desk, ticket, mailed, standing.party(ticket.lifecycle), lines, problems)
    if problems:
        raise Refused([(line, problems.get(line, "")) for line in mailed.lines])
    outcome.moved = {one.person_id for one in everybody if changes and changes[0][0] == "merged"} - _responders(now)
    _do(desk, outcome, mailed)
    if (wish := lines.get(commands.STATUS)) is not None:
        changes += pause(desk, ticket, mailed.person, read_wanted(ticket.lifecycle, wish.value, desk.now))
    outcome.checkpoint = keep(desk, ticket, before, mailed.person.id)
    return outcome


def _responders(everybody: Sequence[Standing]) -> set[int]:
    return {one.person_id for one in everybody if one.responder}


def _wrong_in_themselves(lines: Sequence[Line], allowed: Sequence[Command], ticket: Ticket) -> Problems:
    """What is wrong with lines whatever they say: no such command, not for this person, said twice, nothing said."""
    problems: Problems = {}
    written = [line.command for line in lines]
    for line in lines:
        if line.command is None:
            problems[line] = commands.unknown(line, allowed)
        elif line.command not in allowed:
            problems[line] = f"Only those who answer for {ticket.queue.name} can use {line.command.name!r}."
        elif not line.value:
            problems[line] = f"It says nothing; it would be {line.command.value}, as in {line.command.line()!r}."
        elif written.count(line.command) > 1 and not line.command.repeats:
            problems[line] = f"{line.command.name!r} stands here more than once."
    return problems


def _try(problems: Problems, line: Line, attempt: Callable[[], Found], otherwise: Found) -> Found:
    """What an attempt gives; where it cannot be, the problem is noted with its line."""
    try:
        return attempt()
    except (WorkflowError, NoSuchQueue, NoSuchPerson, NoSuchMessage, BadAddress) as error:
        problems[line] = str(error)
        return otherwise


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
                changes += _try(problems, line, lambda line=line: _set(desk, ticket, mailed, line), [])  # type: ignore[misc] # of a default
    return changes


def _set(desk: Desk, ticket: Ticket, mailed: Mailed, line: Line) -> list[Changed]:
    settings = _settings(desk, ticket, mailed, line.command, line.value)
    return [one for setting in settings for one in change(desk, ticket, mailed.person, setting)]


def _settings(desk: Desk, ticket: Ticket, mailed: Mailed, command: Command | None, value: str) -> list[Setting]:
    """What a line sets. Raises what `_try` notes."""
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
    word = value.rstrip(".!").casefold()
    if word == commands.NOBODY:
        return Setting(nobody=True)
    if word == commands.ME:
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
    wanted = (
        _try(problems, line, lambda: read_wanted(life, line.value, desk.now).status, None)
        if line and line not in problems
        else None
    )
    answered = is_answered(desk, ticket)
    steps = _first(ticket, mailed, party, lines, problems, wanted, answered=answered)
    now = steps[-1].status if steps else ticket.status
    if line and wanted not in (None, now):
        last = _try(problems, line, lambda: step_to(life, party, now, wanted or "", answered=answered), None)
        steps += [last] if last else []
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
        asked = _try(problems, line, lambda: _named(ticket, mailed, party, line.value, wanted, answered=answered), None)
        return [asked] if asked else []
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


def _do(desk: Desk, outcome: Steered, mailed: Mailed) -> None:
    """Take the steps, and post the words with the first of them, unless they are on the ticket already."""
    ticket, steps = outcome.ticket, outcome.steps
    party = outcome.standing.party(ticket.lifecycle)
    if not _is_reply(mailed, ticket) or mailed.opened is not None:
        carry_out(desk, ticket, outcome.standing, party, steps, None)
        is_reply = _is_reply(mailed, ticket)
        outcome.opened = None if is_reply else mailed.opened
        if is_reply:
            outcome.message, outcome.words = mailed.opened, _words_for(desk, ticket, mailed, private=mailed.private)
        return
    recorded = steps[0].row.recorded
    private = mailed.private or ticket.lifecycle.keeps_private(recorded, ticket.status, party.role)
    outcome.words = _words_for(desk, ticket, mailed, private=private)
    outcome.message = carry_out(desk, ticket, outcome.standing, party, steps, outcome.words, private=private)


def _words_for(desk: Desk, ticket: Ticket, mailed: Mailed, *, private: bool) -> Words:
    """The words of a mail as they go to the ticket's people."""
    return mailed.words if private else without_private_words(desk, ticket, mailed.words, mailed.person.id)


def tell(desk: Desk, outcome: Steered, mailed: Mailed, notes: Sequence[str] = ()) -> None:
    """Tell everybody whom it concerns of what a mail with commands did, and who wrote it by a receipt with `notes`."""
    tell_others(desk, outcome, mailed)
    if outcome.opened is None:
        everybody = everybody_on(desk, outcome.ticket)
        writer = receipts.Writer(outcome.ticket, outcome.standing, everybody, mailed.words, mailed.private)
        notes = [*notes, *note_of_unread(desk, outcome.ticket, outcome.changes, everybody)]
        receipts.receipt(desk, writer, outcome.all_changes, notes, checkpoint=outcome.checkpoint)


def tell_others(desk: Desk, outcome: Steered, mailed: Mailed) -> None:
    """Tell everybody whom it concerns but the writer of what commands did."""
    ticket, everybody = outcome.ticket, everybody_on(desk, outcome.ticket)
    news = News(_action(outcome), outcome.old_status, outcome.standing, outcome.changes, outcome.checkpoint)
    if outcome.opened is not None:
        tell_opened(desk, ticket, outcome.opened, mailed.person, everybody, mailed.words, news)
        return
    if outcome.message is not None and outcome.words is not None:
        tell_posted(desk, ticket, outcome.message, news, everybody, outcome.words, outcome.gone)
    elif outcome.all_changes:
        tell_changed(desk, ticket, news, everybody, outcome.gone, to_all=bool(outcome.steps))
        tell_moved(desk, ticket, news, [one for one in everybody if one.person_id in outcome.moved], everybody)


def _action(outcome: Steered) -> Action | None:
    """The action that heads the letters: that of the words, or the one that changed the status."""
    if not outcome.steps:
        return None
    row = outcome.steps[0].row
    # Without words nobody has answered or asked, whatever the status says.
    wordless = outcome.message is None and (outcome.changes or row.answer is AnswerEffect.KEPT)
    return None if wordless else row.recorded
