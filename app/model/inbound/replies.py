"""What a mail does on the ticket that it belongs to: post, command, take back, or ask for a page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ...mail import confirmations
from ...mail.addresses import Mailbox
from ..letters import info_letters, receipts
from ..letters.receipts import Writer
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..lifecycle.tables import Cell, NotAllowed, Party
from ..operations import command_execution, workflow
from ..operations.administration import undo
from ..operations.command_execution import Mailed, Refused
from ..records.letters import Letter
from ..records.people import Person
from ..records.tickets import Ticket
from ..storage.unit_of_work import Desk
from ..tickets import loop_protection
from ..tickets.members import Standing, everybody_on, standing_of
from ..tickets.posts import Words
from ..tickets.undo import follow, last_change, latest
from ..tickets.visibility import may_see
from . import contents, pending_commands, sender_proof
from .contents import words_of
from .delivery import Arrival, Fate, became
from .threads import Known, Thread
from .unmatched import put_aside


class Post(NamedTuple):
    """One mail on its ticket: who wrote it, what they are there, what it says, and its commands.

    `machine`: no person wrote it. `one_author`: its From names one address. `believed`: it may do more than say words.
    """

    thread: Thread
    person: Person
    everybody: Sequence[Standing]
    standing: Standing
    machine: bool
    one_author: bool
    party: Party
    cell: Cell
    words: Words
    lines: tuple[Line, ...]
    believed: bool

    @property
    def ticket(self) -> Ticket:
        """The ticket on which it is."""
        return self.thread.ticket

    @property
    def private(self) -> bool:
        """Whether only responders will read it."""
        return self.cell.private or self.thread.private

    @property
    def said(self) -> bool:
        """Whether it has words, or files that are no mere decoration."""
        return bool(self.words.text.strip()) or any(not one.decorates for one in self.words.attachments)


def post(desk: Desk, arrival: Arrival, thread: Thread, sender: Mailbox, known: Sequence[Known]) -> None:
    """Do what a mail asks for, and post what it says."""
    mail = _read(desk, arrival, thread, sender, known)
    if contents.asks_to_leave(mail.standing, mail.words):
        became(desk, arrival, _leave(desk, mail), mail.ticket.id)
        return
    if (page := _page(mail)) is not None:
        if info_letters.send_about(desk, _writer(desk, mail), mail.person, page):
            became(desk, arrival, Fate.ANSWERED, mail.ticket.id)
        else:
            put_aside(desk, arrival, info_letters.ENOUGH)
        return
    fate = _undo(desk, mail)
    if fate is None:
        mail, named = _ask_in(desk, arrival, mail)
        fate = _command(desk, mail, named) or _say(desk, mail)
    if fate is not Fate.POSTED:
        became(desk, arrival, fate, mail.ticket.id)


def _read(desk: Desk, arrival: Arrival, thread: Thread, sender: Mailbox, known: Sequence[Known]) -> Post:
    ticket, incoming = thread.ticket, arrival.incoming
    person = contents.author(desk, sender, arrival, known=False)
    machine = incoming.automatic is not None
    verified = not machine and sender_proof.is_verified(desk, arrival, person, known)
    believed = not machine and sender_proof.is_believed(desk, arrival, verified=verified)
    sender_proof.note_shown(desk, arrival, person, known)
    if believed:
        contents.letters_follow(person, ticket, sender.email)
    everybody = everybody_on(desk, ticket)
    standing = standing_of(person, everybody)
    reading = commands.read(incoming.text, _allowed(arrival, standing))
    empty = bool(reading.lines) or (verified and pending_commands.is_answered(thread))
    words = words_of(desk, arrival, thread, reading.rest, can_be_empty=empty, outsider=not standing.responder)
    words = replace(words, verified=verified, believed=believed)
    for_us = pending_commands.is_answered(thread) or commands.page_asked(words.text) is not None
    if not (for_us or contents.asks_to_leave(standing, words)) and contents.wakes(desk, ticket, standing, incoming):
        everybody = everybody_on(desk, ticket)
        standing = standing_of(person, everybody)
    party = loop_protection.as_taken(desk, ticket, standing, verified=verified).party(ticket.lifecycle, machine=machine)
    cell = ticket.lifecycle.cell(ticket.status, party.role)
    one = incoming.authors == 1
    return Post(thread, person, everybody, standing, machine, one, party, cell, words, reading.lines, believed)


def _allowed(arrival: Arrival, standing: Standing) -> tuple[Command, ...]:
    """Return the commands that a mail can have; none with two authors (docs/interface.md, section 3)."""
    incoming = arrival.incoming
    return (
        () if incoming.automatic or incoming.spam or incoming.authors != 1 else command_execution.allowed_to(standing)
    )


def _page(mail: Post) -> commands.Page | None:
    """What the mail asks to be sent, if it says nothing else, and its writer may see the ticket."""
    if mail.lines or mail.machine or any(not one.decorates for one in mail.words.attachments):
        return None
    page = commands.page_asked(mail.words.text)
    if page is None or not (may_see(mail.ticket, mail.standing) or mail.standing.pending):
        return None
    # Who asks for a ticket that was merged is told so.
    return page._replace(ticket=page.ticket or mail.thread.formerly or 0)


def _writer(desk: Desk, mail: Post) -> Writer:
    """Who wrote, as somebody to write to, on the ticket as it is now."""
    everybody = everybody_on(desk, mail.ticket)
    return Writer(mail.ticket, standing_of(mail.person, everybody), everybody, mail.words, mail.private)


def _leave(desk: Desk, mail: Post) -> Fate:
    """Take the writer off the letters of the ticket, once it is sure who asks."""
    if mail.believed:
        contents.leave(desk, mail.ticket, mail.standing)
        receipts.left(desk, _writer(desk, mail))
    elif mail.one_author:
        pending_commands.hold(desk, _writer(desk, mail), [commands.LEAVE])
    return Fate.STEERED


def _ask_in(desk: Desk, arrival: Arrival, mail: Post) -> tuple[Post, list[str]]:
    """Let in whom a believed mail names in To and Cc; of any other mail, the lines that would do it."""
    if mail.private or (mail.believed and pending_commands.is_answered(mail.thread)):
        return mail, []
    if not mail.believed:
        named = contents.named_in(desk, mail.ticket.queue, arrival.incoming, mail.standing)
        new = contents.not_yet_on(desk, mail.everybody, mail.standing, named) if mail.one_author else []
        return mail, [commands.ADD_CC.line(", ".join(new))] if new else []
    people = contents.asked_in(desk, mail.ticket.queue, arrival.incoming, mail.standing)
    if contents.ask_in(desk, mail.ticket, people):
        mail = mail._replace(everybody=everybody_on(desk, mail.ticket))
    return mail, []


def _confirmed(desk: Desk, mail: Post) -> Post:
    """The mail, with those let in who waited: by the requestor's words, or a responder's answer to who named them."""
    letter = mail.thread.letter
    answers = letter is not None and letter.reader == mail.person.id and letter.kind != receipts.Kind.WAITING
    lets_in = mail.standing.requestor or (mail.standing.responder and answers)
    if not (mail.believed and lets_in) or mail.ticket.status == mail.ticket.lifecycle.spam:
        return mail
    return mail._replace(everybody=contents.confirm(desk, mail.ticket, mail.everybody))


def _say(desk: Desk, mail: Post, *, comment: bool = False) -> Fate:
    """Post the words: the default action, or a comment."""
    if not (mail.private or comment):
        mail = _confirmed(desk, mail)
    action = mail.ticket.lifecycle.comment if mail.private or comment else mail.cell.action
    workflow.act(
        desk,
        mail.ticket,
        mail.standing,
        mail.party,
        action,
        mail.words,
        private=mail.private,
        # What else a mail says that has just changed the ticket goes to those who are on it now.
        everybody=None if comment else mail.everybody,
        # Nobody wants to read that a colleague is on holiday.
        quiet=mail.machine and mail.standing.responder,
    )
    return Fate.POSTED


def _say_if_said(desk: Desk, mail: Post, *, comment: bool = False) -> Fate:
    return _say(desk, mail, comment=comment) if mail.said else Fate.STEERED


def _undo(desk: Desk, mail: Post) -> Fate | None:
    """Take the last change back, if the mail's first line says so and its writer is one who could have caused it."""
    rest = None if mail.lines or mail.machine else commands.without_undo(mail.words.text)
    if rest is None or not (mail.standing.responder or mail.standing.requestor or _caused(desk, mail)):
        return None
    full = commands.without_undo(mail.words.full_text)
    mail = mail._replace(words=replace(mail.words, text=rest, full_text=rest if full is None else full))
    told = mail.thread.letter.checkpoint if mail.thread.letter else None
    if not mail.believed:
        # The words below an `undo` that waits must not be what has happened since.
        found = last_change(desk, mail.ticket)
        fate = _say_if_said(desk, mail, comment=True)
        follow(desk, mail.ticket, found)
        meant = found.id if found else told
        pending_commands.hold(desk, _writer(desk, mail), [commands.UNDO], checkpoint=meant)
        return fate
    return _take_back(desk, mail, told)


def _caused(desk: Desk, mail: Post) -> bool:
    found = latest(desk, mail.ticket)
    return found is not None and found.by_id == mail.person.id


def _take_back(desk: Desk, mail: Post, told: int | None, *, waited: bool = False) -> Fate:
    ticket = mail.ticket
    try:
        changes, checkpoint = undo(desk, ticket, mail.person, told=told, waited=waited)
    except NotAllowed as error:
        fate = _say_if_said(desk, mail, comment=True)
        heading = f"Nothing was taken back on ticket {ticket.id}. {error}"
        receipts.refused(desk, _writer(desk, mail), heading, posted=mail.said)
        return fate
    notes = ["What else your mail says is kept as a comment."] if mail.said else []
    receipts.receipt(desk, _writer(desk, mail), changes, notes, checkpoint=checkpoint)
    # What else the mail says must not change the status that was just brought back.
    return _say_if_said(desk, mail, comment=True)


def _command(desk: Desk, mail: Post, named: Sequence[str]) -> Fate | None:
    """Carry out the mail's commands, or what its yes answers; let them wait, with `named`, if it is not believed.

    None where the mail has words alone.
    """
    letter = pending_commands.asked(desk, mail.thread, mail.person.id) if mail.believed else None
    if letter is not None and not mail.lines:
        return _answer(desk, mail, letter)
    if not mail.believed and (mail.lines or named):
        fate = _say_if_said(desk, mail) if mail.lines else _say(desk, mail)
        pending_commands.hold(desk, _writer(desk, mail), [*(line.written for line in mail.lines), *named])
        return fate
    return _carry_out(desk, mail, command_execution.allowed_to(mail.standing), letter) if mail.lines else None


def _answer(desk: Desk, mail: Post, letter: Letter) -> Fate:
    """Carry out what a letter asked about, drop it, or keep a private note (docs/interface.md, section 6)."""
    text, name = mail.words.text, mail.standing.label
    yes, no = confirmations.is_yes(text, name), confirmations.is_no(text, name)
    waits = pending_commands.still_waits(desk, letter)
    if not (yes or no) or any(not one.decorates for one in mail.words.attachments):
        fate = _say_if_said(desk, mail._replace(thread=mail.thread._replace(private=True)))
        if waits:
            pending_commands.ask_again(desk, _writer(desk, mail), letter)
        return fate
    if yes and waits:
        _release(desk, _without_words(mail), letter)
        return Fate.STEERED
    why = "as you said no, the lines wait no more" if waits else f"the lines that you answer {_why_not(letter)}"
    pending_commands.release(desk, letter)
    receipts.refused(desk, _writer(desk, mail), f"Nothing changed on ticket {mail.ticket.id}: {why}.", posted=None)
    return Fate.STEERED


def _why_not(letter: Letter) -> str:
    return "have waited for more than a week" if letter.commands else "were carried out or dropped before"


def _without_words(mail: Post) -> Post:
    return mail._replace(words=replace(mail.words, text="", full_text="", attachments=()))


def _release(desk: Desk, mail: Post, letter: Letter) -> None:
    """Carry out what waited for this yes."""
    written = pending_commands.release(desk, letter)
    if mail.standing.requestor:
        mail = mail._replace(everybody=contents.confirm(desk, mail.ticket, mail.everybody))
    if written == commands.UNDO:
        _take_back(desk, mail, letter.checkpoint, waited=True)
    elif written == commands.LEAVE and contents.may_leave(mail.standing):
        _leave(desk, mail)
    elif written == commands.LEAVE:
        why = "only who was copied in can leave a ticket, and you are not now"
        receipts.refused(desk, _writer(desk, mail), f"Nothing changed on ticket {mail.ticket.id}: {why}.", posted=None)
    else:
        # Its writer may let in by a yes whom they may let in by Cc.
        by_cc = [commands.ADD_CC] if contents.may_ask_in(mail.ticket.queue, mail.standing) else []
        allowed = (*command_execution.allowed_to(mail.standing), *by_cc)
        _carry_out(desk, mail._replace(lines=commands.lines_of(written)), allowed)


def _carry_out(desk: Desk, mail: Post, allowed: Sequence[Command], letter: Letter | None = None) -> Fate:
    """Carry out the lines of a believed mail. What waited in the `letter` that it answers goes on waiting."""
    mailed = Mailed(mail.person, mail.standing, mail.lines, mail.words, mail.said, allowed, mail.private)
    try:
        outcome = command_execution.carry_out_all(desk, mail.ticket, mailed)
    except Refused as refused:
        fate = _say_if_said(desk, mail)
        receipts.refusal(desk, _writer(desk, mail), refused.problems, posted=mail.said)
        return fate
    if outcome.message is not None and not outcome.message.private:
        _confirmed(desk, mail)
    command_execution.tell(desk, outcome, mailed, _still_waiting(desk, mail, letter) if letter else [])
    return Fate.POSTED if mail.said else Fate.STEERED


def _still_waiting(desk: Desk, mail: Post, letter: Letter) -> list[str]:
    waits = (
        pending_commands.keep_waiting(desk, letter, mail.lines) if pending_commands.still_waits(desk, letter) else []
    )
    listed = "\n".join(f"    {line}" for line in waits)
    return [f'These lines still wait for a "yes" to our earlier letter:\n{listed}'] if waits else []
