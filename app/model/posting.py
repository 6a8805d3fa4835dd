"""This file holds what a mail does on the ticket that it belongs to: post, command, take back, or ask for a page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from app.model import commands, intake, pages, proof, receipts, steering, storms, waiting, workflow
from app.model.addresses import Mailbox
from app.model.arrival import Arrival, Fate, became
from app.model.commands import Command, Line
from app.model.desk import Desk
from app.model.intake import words_of
from app.model.letters import Letter
from app.model.lifecycle import Cell, NotAllowed, Party
from app.model.notification import News, tell_changed
from app.model.people import Person
from app.model.receipts import Writer
from app.model.set_aside import put_aside
from app.model.standing import Standing, everybody_on, standing_of
from app.model.steering import Mailed, Refused
from app.model.threads import Known, Thread
from app.model.tickets import Ticket
from app.model.undo import as_it_is, follow, keep, last_change, latest, take_back
from app.model.views import may_see
from app.model.workflow import Words


class Post(NamedTuple):
    """One mail on its ticket: who wrote it, what they are there, what it says, and its commands.

    `machine`: no person wrote it. `believed`: its commands can be carried out now.
    """

    thread: Thread
    person: Person
    everybody: Sequence[Standing]
    standing: Standing
    machine: bool
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
    if intake.unsubscribes(desk, mail.ticket, mail.standing, mail.words):
        return
    if (page := _page(mail)) is not None:
        if pages.send_about(desk, _writer(desk, mail), mail.person, page):
            became(desk, arrival, Fate.ANSWERED, mail.ticket.id)
        else:
            put_aside(desk, arrival, pages.ENOUGH)
        return
    fate = _undo(desk, mail)
    if fate is None:
        if not mail.private:
            people = intake.asked_in(desk, mail.ticket.queue, arrival.incoming, mail.standing)
            if intake.ask_in(desk, mail.ticket, people):
                mail = mail._replace(everybody=everybody_on(desk, mail.ticket))
        fate = _command(desk, mail) or _say(desk, mail)
    if fate is not Fate.POSTED:
        became(desk, arrival, fate, mail.ticket.id)


def _read(desk: Desk, arrival: Arrival, thread: Thread, sender: Mailbox, known: Sequence[Known]) -> Post:
    ticket, incoming = thread.ticket, arrival.incoming
    person = intake.author(desk, sender, arrival, known=False)
    everybody = everybody_on(desk, ticket)
    standing = standing_of(person, everybody)
    if intake.wakes(desk, ticket, standing, incoming):
        everybody = everybody_on(desk, ticket)
        standing = standing_of(person, everybody)
    machine = incoming.automatic is not None
    party = storms.as_taken(desk, ticket, standing).party(ticket.lifecycle, machine=machine)
    verified = not machine and proof.is_verified(desk, arrival, person, known)
    proof.note_shown(desk, arrival, person, known)
    reading = commands.read(incoming.text, _allowed(arrival, standing))
    empty = bool(reading.lines) or (verified and waiting.is_answered(thread))
    words = replace(words_of(desk, arrival, thread, reading.rest, can_be_empty=empty), verified=verified)
    believed = not machine and proof.is_believed(desk, arrival, verified=verified)
    cell = ticket.lifecycle.cell(ticket.status, party.role)
    return Post(thread, person, everybody, standing, machine, party, cell, words, reading.lines, believed)


def _allowed(arrival: Arrival, standing: Standing) -> tuple[Command, ...]:
    """The commands that somebody's mail can have: none from a machine, or from who knows which of two (INTERFACE 3)."""
    incoming = arrival.incoming
    return () if incoming.automatic or incoming.spam or incoming.authors != 1 else steering.allowed_to(standing)


def _page(mail: Post) -> commands.Page | None:
    """What the mail asks to be sent, if it says nothing else, and its writer may see the ticket."""
    if mail.lines or mail.machine or any(not one.decorates for one in mail.words.attachments):
        return None
    page = commands.page_asked(mail.words.text)
    if page is None or not may_see(mail.ticket, mail.standing):
        return None
    # Who asks for a ticket that was merged is told so.
    return page._replace(ticket=page.ticket or mail.thread.formerly or 0)


def _writer(desk: Desk, mail: Post) -> Writer:
    """Who wrote, as somebody to write to, on the ticket as it is now."""
    everybody = everybody_on(desk, mail.ticket)
    return Writer(mail.ticket, standing_of(mail.person, everybody), everybody, mail.words, mail.private)


def _say(desk: Desk, mail: Post, *, comment: bool = False) -> Fate:
    """Post the words: the default action, or a comment."""
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
        waiting.hold(desk, _writer(desk, mail), [commands.UNDO], checkpoint=meant)
        return fate
    return _take_back(desk, mail, told)


def _caused(desk: Desk, mail: Post) -> bool:
    found = latest(desk, mail.ticket)
    return found is not None and found.by_id == mail.person.id


def _take_back(desk: Desk, mail: Post, told: int | None, *, waited: bool = False) -> Fate:
    ticket, before = mail.ticket, as_it_is(desk, mail.ticket)
    try:
        changes = take_back(desk, ticket, mail.person, responder=mail.standing.responder, told=told, waited=waited)
    except NotAllowed as error:
        fate = _say_if_said(desk, mail, comment=True)
        heading = f"Nothing was taken back on ticket {ticket.id}. {error}"
        receipts.refused(desk, _writer(desk, mail), heading, posted=mail.said)
        return fate
    checkpoint = keep(desk, ticket, before, mail.person.id)
    news = News(None, before["status"], mail.standing, changes, checkpoint)
    tell_changed(desk, ticket, news, everybody_on(desk, ticket), to_all=True)
    notes = ["What else your mail says is kept as a comment."] if mail.said else []
    receipts.receipt(desk, _writer(desk, mail), changes, notes, checkpoint=checkpoint)
    # What else the mail says must not change the status that was just brought back.
    return _say_if_said(desk, mail, comment=True)


def _command(desk: Desk, mail: Post) -> Fate | None:
    """Carry out the mail's commands, and those that waited for it as their proof; None where there are none."""
    letter = waiting.held(desk, mail.thread) if mail.believed else None
    if letter is not None and letter.person_id == mail.person.id:
        return _released(desk, mail, letter)
    if not mail.lines:
        return None
    if not mail.believed:
        fate = _say_if_said(desk, mail)
        waiting.hold(desk, _writer(desk, mail), [line.written for line in mail.lines])
        return fate
    return _carry_out(desk, mail)


def _released(desk: Desk, mail: Post, letter: Letter) -> Fate:
    """Carry out what waited, with what the answer says besides; unless it says no."""
    if waiting.says_no(mail.words):
        return _dropped(desk, mail, letter)
    mail = mail._replace(words=waiting.without_yes(mail.words))
    written = waiting.release(desk, letter)
    if written is None:
        heading = f"The lines for ticket {mail.ticket.id} waited for more than a week, so nothing was done. "
        heading += "Send them once more, as a reply to a letter from here."
        receipts.refused(desk, _writer(desk, mail), heading, posted=mail.said)
        return _carry_out(desk, mail) if mail.lines else _say_if_said(desk, mail)
    if written == commands.UNDO:
        nothing = replace(mail.words, text="", full_text="", attachments=())
        _take_back(desk, mail._replace(words=nothing) if mail.lines else mail, letter.checkpoint, waited=True)
        return _carry_out(desk, mail) if mail.lines else Fate.POSTED if mail.said else Fate.STEERED
    return _carry_out(desk, mail._replace(lines=_together(commands.lines_of(written), mail.lines)))


def _dropped(desk: Desk, mail: Post, letter: Letter) -> Fate:
    """Let go of what waited: its answer says no. That is for those who answer to read, and for nobody else."""
    waiting.release(desk, letter)
    mail = mail._replace(thread=mail.thread._replace(private=True))
    fate = _say_if_said(desk, mail)
    heading = f'Your answer says no, so nothing of this was done on ticket {mail.ticket.id}. (To do it, answer "yes".)'
    receipts.refused(desk, _writer(desk, mail), heading, posted=mail.said)
    return fate


def _together(waited: Sequence[Line], own: Sequence[Line]) -> tuple[Line, ...]:
    """What waited, and what the answer itself says, which replaces a line that can stand only once."""
    said = {line.command for line in own if line.command and not line.command.repeats}
    return (*(line for line in waited if line.command not in said), *own)


def _carry_out(desk: Desk, mail: Post) -> Fate:
    mailed = Mailed(mail.person, mail.standing, mail.lines, mail.words, mail.said, mail.private)
    try:
        outcome = steering.carry_out_all(desk, mail.ticket, mailed)
    except Refused as refused:
        fate = _say_if_said(desk, mail)
        receipts.refusal(desk, _writer(desk, mail), refused.problems, posted=mail.said)
        return fate
    steering.tell(desk, outcome, mailed)
    return Fate.POSTED if mail.said else Fate.STEERED
