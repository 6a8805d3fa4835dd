"""What a mail does on the ticket that it belongs to: post, command, take back, or ask for a page."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...mail.addresses import Mailbox
from ..letters import info_letters, receipts
from ..letters.receipts import Writer
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line, Page
from ..lifecycle.tables import NotAllowed
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
from . import contents, pending_commands, sender_proof
from .delivery import Claim, Fate, Outcome, settle
from .effects import Effect, Permission, Situation, is_allowed, permitted
from .interpretation import (
    Commands,
    Confirmation,
    Note,
    PageRequest,
    Text,
    Undo,
    Unproven,
    Unsubscribe,
    Wish,
    interpret,
    says_something,
)
from .threads import Known, Thread
from .unmatched import put_aside


class Post(NamedTuple):
    """One mail on its ticket: who wrote it, who else is there, what it may cause, and its words.

    `quotable` are the lines of the letter of ours that it answers.
    """

    thread: Thread
    person: Person
    everybody: Sequence[Standing]
    about: Situation
    permission: Permission
    words: Words
    quotable: Collection[str]

    @property
    def ticket(self) -> Ticket:
        """The ticket on which it is."""
        return self.thread.ticket

    @property
    def standing(self) -> Standing:
        """What its writer is on the ticket."""
        return self.about.standing

    @property
    def private(self) -> bool:
        """Whether only responders will read it."""
        return self.about.private

    @property
    def said(self) -> bool:
        """Whether it has words, or files that are no mere decoration."""
        return says_something(self.words)


def post(desk: Desk, claim: Claim, thread: Thread, sender: Mailbox, known: Sequence[Known]) -> Outcome:
    """Do what a mail asks for, and post what it says."""
    mail = _identified(desk, claim, thread, sender, known)
    wish = interpret(mail.about, mail.permission, mail.words, mail.quotable)
    if isinstance(wish, PageRequest):
        return _send_page(desk, claim, mail, wish)
    fate = _perform(desk, claim, mail, wish)
    return settle(desk, claim, fate, thread.ticket.id)


def _identified(desk: Desk, claim: Claim, thread: Thread, sender: Mailbox, known: Sequence[Known]) -> Post:
    """Make the writer known, and gather what decides about the mail."""
    ticket, arrival, incoming = thread.ticket, claim.arrival, claim.incoming
    person = contents.author(desk, sender, arrival, known=False)
    machine = incoming.automatic is not None
    verified = not machine and sender_proof.is_verified(desk, arrival, person, known, came_before=claim.came_before)
    believed = not machine and sender_proof.is_believed(desk, arrival, verified=verified)
    everybody = everybody_on(desk, ticket)
    standing = standing_of(person, everybody)
    taken = loop_protection.as_taken(desk, ticket, standing, verified=verified)
    # Others need not be asked for: a responder and the requestor may take back what anybody has done.
    undoes = not (standing.responder or standing.requestor) and commands.UNDO in incoming.text.lower()
    about = Situation(
        lifecycle=ticket.lifecycle,
        status=ticket.status,
        standing=standing,
        party=taken.party(ticket.lifecycle, machine=machine),
        verified=verified,
        believed=believed,
        automatic=machine,
        spam=incoming.spam,
        authors=incoming.authors,
        comment=thread.private,
        letter=thread.letter.kind if thread.letter else None,
        own_letter=thread.letter is not None and thread.letter.reader == person.id,
        caused_last=undoes and _caused(desk, ticket, person),
        asks_in=contents.may_ask_in(ticket.queue, standing),
    )
    permission = permitted(about)
    if Effect.LET_IN in permission.on_yes:
        named = contents.named_in(desk, incoming)
        about = replace(about, newly_named=tuple(contents.not_yet_on(desk, everybody, standing, named)))
    words = replace(contents.draft_of(desk, claim, thread), verified=verified, believed=believed)
    if Effect.EXPOSE in permission.now:
        sender_proof.note_shown(desk, arrival, person, known)
    if Effect.MOVE_LETTERS in permission.now and contents.letters_follow(person, ticket, sender.email):
        everybody = everybody_on(desk, ticket)
        about = replace(about, standing=standing_of(person, everybody))
    return Post(thread, person, everybody, about, permission, words, contents.quotable_lines(desk, incoming))


def _caused(desk: Desk, ticket: Ticket, person: Person) -> bool:
    found = latest(desk, ticket)
    return found is not None and found.by_id == person.id


def _send_page(desk: Desk, claim: Claim, mail: Post, wish: PageRequest) -> Outcome:
    # Who asks for a ticket that was merged is told so.
    page: Page = wish.page._replace(ticket=wish.page.ticket or mail.thread.formerly or 0)
    writer = _writer(desk, mail._replace(words=wish.words))
    if not info_letters.send_about(desk, writer, mail.person, page):
        return put_aside(desk, claim, info_letters.ENOUGH)
    return settle(desk, claim, Fate.ANSWERED, mail.ticket.id)


def _perform(desk: Desk, claim: Claim, mail: Post, wish: Wish) -> Fate:
    """Do what a mail wants."""
    if isinstance(wish, Unsubscribe):
        return _leave(desk, mail)
    mail = mail._replace(words=wish.words)
    if Effect.SUBSCRIBE in mail.permission.now:
        everybody = contents.subscribe(desk, mail.ticket, mail.person.id, mail.everybody)
        about = replace(mail.about, standing=standing_of(mail.person, everybody))
        mail = mail._replace(everybody=everybody, about=about)
    match wish:
        case Undo():
            return _undo(desk, mail)
        case Confirmation(yes):
            return _answer(desk, mail, yes=yes)
        case Note():
            return _keep_note(desk, mail)
        case Unproven(waiting, _, commanded):
            fate = _say_if_said(desk, mail) if commanded else _say(desk, mail)
            pending_commands.hold(desk, _writer(desk, mail), waiting)
            return fate
        case Commands(lines):
            mail = _ask_in(desk, claim, mail)
            return _carry_out(desk, mail, lines, mail.about.commands, _asked(desk, mail))
        case Text():
            return _say(desk, _ask_in(desk, claim, mail))
        case PageRequest():
            raise AssertionError("a page is sent before anything is done")


def _writer(desk: Desk, mail: Post) -> Writer:
    """Who wrote, as somebody to write to, on the ticket as it is now."""
    everybody = everybody_on(desk, mail.ticket)
    return Writer(mail.ticket, standing_of(mail.person, everybody), everybody, mail.words, mail.private)


def _leave(desk: Desk, mail: Post) -> Fate:
    """Take the writer off the letters of the ticket, once it is sure who asks."""
    if Effect.LEAVE in mail.permission.now:
        contents.leave(desk, mail.ticket, mail.standing)
        receipts.left(desk, _writer(desk, mail))
    elif Effect.LEAVE in mail.permission.on_yes:
        pending_commands.hold(desk, _writer(desk, mail), [commands.LEAVE])
    return Fate.STEERED


def _ask_in(desk: Desk, claim: Claim, mail: Post) -> Post:
    """Let in whom the mail names in To and Cc, if it may."""
    if Effect.LET_IN not in mail.permission.now:
        return mail
    people = contents.people_named_in(desk, claim.incoming, mail.person)
    return mail._replace(everybody=contents.ask_in(desk, mail.ticket, people, mail.everybody))


def _confirmed(desk: Desk, mail: Post) -> Post:
    """The mail, with those let in who waited: by the requestor's words, or a responder's answer to who named them."""
    if not is_allowed(Effect.CONFIRM, replace(mail.about, status=mail.ticket.status)):
        return mail
    return mail._replace(everybody=contents.confirm(desk, mail.ticket, mail.everybody))


def _say(desk: Desk, mail: Post, *, comment: bool = False) -> Fate:
    """Post the words: the default action, or a comment."""
    lifecycle, about = mail.ticket.lifecycle, mail.about
    if not (mail.private or comment):
        mail = _confirmed(desk, mail)
    cell = lifecycle.cell(about.status, about.party.role)
    workflow.act(
        desk,
        mail.ticket,
        mail.standing,
        about.party,
        lifecycle.comment if mail.private or comment else cell.action,
        mail.words,
        private=mail.private,
        # What else a mail says that has just changed the ticket goes to those who are on it now.
        everybody=None if comment else mail.everybody,
        # Nobody wants to read that a colleague is on holiday.
        quiet=about.automatic and mail.standing.responder,
    )
    return Fate.POSTED


def _say_if_said(desk: Desk, mail: Post, *, comment: bool = False) -> Fate:
    return _say(desk, mail, comment=comment) if mail.said else Fate.STEERED


def _undo(desk: Desk, mail: Post) -> Fate:
    """Take the last change back, or let that wait for a yes."""
    told = mail.thread.letter.checkpoint if mail.thread.letter else None
    if Effect.UNDO in mail.permission.now:
        return _take_back(desk, mail, told)
    # The words below an `undo` that waits must not be what has happened since.
    found = last_change(desk, mail.ticket)
    fate = _say_if_said(desk, mail, comment=True)
    follow(desk, mail.ticket, found)
    pending_commands.hold(desk, _writer(desk, mail), [commands.UNDO], checkpoint=found.id if found else told)
    return fate


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


def _asked(desk: Desk, mail: Post) -> Letter | None:
    """The letter about waiting lines that the mail answers, if it may answer it; its lines may wait no more."""
    return pending_commands.asked(desk, mail.thread) if Effect.ANSWER in mail.permission.now else None


def _keep_note(desk: Desk, mail: Post) -> Fate:
    """Keep other words than a yes or no as a private note (docs/interface.md, section 6)."""
    letter = _asked(desk, mail)
    fate = _say_if_said(desk, mail._replace(about=replace(mail.about, comment=True)))
    if letter is not None and pending_commands.still_waits(desk, letter):
        pending_commands.ask_again(desk, _writer(desk, mail), letter)
    return fate


def _answer(desk: Desk, mail: Post, *, yes: bool) -> Fate:
    """Carry out what a letter asked about, or drop it (docs/interface.md, section 6)."""
    letter = _asked(desk, mail)
    waits = letter is not None and pending_commands.still_waits(desk, letter)
    if letter is not None and yes and waits:
        _release(desk, _without_words(mail), letter)
        return Fate.STEERED
    why = "as you said no, the lines wait no more" if waits else f"the lines that you answer {_why_not(letter)}"
    if letter is not None:
        pending_commands.release(desk, letter)
    receipts.refused(desk, _writer(desk, mail), f"Nothing changed on ticket {mail.ticket.id}: {why}.", posted=None)
    return Fate.STEERED


def _why_not(letter: Letter | None) -> str:
    return "have waited for more than a week" if letter and letter.commands else "were carried out or dropped before"


def _without_words(mail: Post) -> Post:
    return mail._replace(words=replace(mail.words, text="", full_text="", attachments=()))


def _release(desk: Desk, mail: Post, letter: Letter) -> None:
    """Carry out what waited for this yes."""
    written = pending_commands.release(desk, letter)
    mail = _confirmed(desk, mail)
    if written == commands.UNDO:
        _take_back(desk, mail, letter.checkpoint, waited=True)
    elif written == commands.LEAVE and Effect.LEAVE in mail.permission.now:
        _leave(desk, mail)
    elif written == commands.LEAVE:
        why = "only who was copied in can leave a ticket, and you are not now"
        receipts.refused(desk, _writer(desk, mail), f"Nothing changed on ticket {mail.ticket.id}: {why}.", posted=None)
    else:
        # Its writer may let in by a yes whom they may let in by Cc.
        by_cc = [commands.ADD_CC] if mail.about.asks_in else []
        _carry_out(desk, mail, commands.lines_of(written), (*mail.about.commands, *by_cc))


def _carry_out(
    desk: Desk, mail: Post, lines: Sequence[Line], allowed: Sequence[Command], letter: Letter | None = None
) -> Fate:
    """Carry out the lines of a believed mail. What waited in the `letter` that it answers goes on waiting."""
    mailed = Mailed(mail.person, mail.standing, lines, mail.words, mail.said, allowed, mail.private)
    try:
        outcome = command_execution.carry_out_all(desk, mail.ticket, mailed)
    except Refused as refused:
        fate = _say_if_said(desk, mail)
        receipts.refusal(desk, _writer(desk, mail), refused.problems, posted=mail.said)
        return fate
    if outcome.message is not None and not outcome.message.private:
        _confirmed(desk, mail)
    command_execution.tell(desk, outcome, mailed, _still_waiting(desk, lines, letter) if letter else [])
    return Fate.POSTED if mail.said else Fate.STEERED


def _still_waiting(desk: Desk, lines: Sequence[Line], letter: Letter) -> list[str]:
    waits = pending_commands.keep_waiting(desk, letter, lines) if pending_commands.still_waits(desk, letter) else []
    listed = "\n".join(f"    {line}" for line in waits)
    return [f'These lines still wait for a "yes" to our earlier letter:\n{listed}'] if waits else []
