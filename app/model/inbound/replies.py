"""What a mail does on the ticket that it belongs to: post, command, take back, or ask for a page."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...mail.addresses import Mailbox
from ..letters import info_letters, receipts
from ..letters.receipts import Kind, Writer
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line, Page
from ..lifecycle.tables import NotAllowed
from ..operations import command_execution, workflow
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
from .delivery import Claim, Fate
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
    says_something,
)
from .performed import Answer, Performed
from .threads import Known, Thread


class Post(NamedTuple):
    """One mail on its ticket: who wrote it, who else is there, what it may cause, and its words.

    `quotable` are the lines of the letter of ours that it answers.
    """

    thread: Thread
    ticket: Ticket
    person: Person
    everybody: Sequence[Standing]
    about: Situation
    permission: Permission
    words: Words
    quotable: Collection[str]

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


def identify(desk: Desk, claim: Claim, thread: Thread, sender: Mailbox, known: Sequence[Known]) -> Post:
    """Make the writer known, and gather what decides about the mail."""
    ticket, arrival, incoming = thread.ticket, claim.arrival, claim.incoming
    person = contents.author(desk, sender, arrival, known=False)
    everybody = everybody_on(desk, ticket)
    about = _situation(desk, claim, thread, person, everybody, known)
    permission = permitted(about)
    if Effect.LET_IN in permission.on_yes:
        named = contents.named_in(desk, incoming)
        about = replace(about, newly_named=tuple(contents.not_yet_on(desk, everybody, about.standing, named)))
    if Effect.EXPOSE in permission.now:
        sender_proof.note_shown(desk, arrival, person, known)
    if Effect.MOVE_LETTERS in permission.now and contents.letters_follow(person, ticket, sender.email):
        everybody = everybody_on(desk, ticket)
        about = replace(about, standing=standing_of(person, everybody))
    words = replace(contents.draft_of(desk, claim, thread), verified=about.verified, believed=about.believed)
    return Post(thread, ticket, person, everybody, about, permission, words, contents.quotable_lines(desk, incoming))


def _situation(
    desk: Desk,
    claim: Claim,
    thread: Thread,
    person: Person,
    everybody: Sequence[Standing],
    known: Sequence[Known],
) -> Situation:
    """What decides about a mail on its ticket."""
    ticket, arrival, incoming = thread.ticket, claim.arrival, claim.incoming
    lifecycle = ticket.lifecycle
    machine, standing = incoming.automatic is not None, standing_of(person, everybody)
    verified = not machine and sender_proof.is_verified(desk, arrival, person, known, came_before=claim.came_before)
    taken = loop_protection.as_taken(desk, ticket, standing, verified=verified)
    # Others need not be asked for: a responder and the requestor may take back what anybody has done.
    undoes = not (standing.responder or standing.requestor) and commands.UNDO in incoming.text.lower()
    return Situation(
        lifecycle=lifecycle,
        status=ticket.status,
        standing=standing,
        party=taken.party(lifecycle, machine=machine),
        verified=verified,
        believed=not machine and sender_proof.is_believed(desk, arrival, verified=verified),
        automatic=machine,
        spam=incoming.spam,
        authors=incoming.authors,
        comment=thread.private,
        letter=thread.letter.kind if thread.letter else None,
        own_letter=thread.letter is not None and thread.letter.reader == person.id,
        caused_last=undoes and _caused(desk, ticket, person),
        asks_in=contents.may_ask_in(ticket.queue, standing),
    )


def _caused(desk: Desk, ticket: Ticket, person: Person) -> bool:
    found = latest(desk, ticket)
    return found is not None and found.by_id == person.id


def perform(desk: Desk, claim: Claim, mail: Post, wish: Wish) -> Performed:
    """Do what a mail wants, and notify nobody."""
    if isinstance(wish, Unsubscribe):
        return _leave(desk, mail)
    mail = mail._replace(words=wish.words)
    if isinstance(wish, PageRequest):
        return _page(desk, mail, wish.page)
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
            done = _say_if_said(desk, mail) if commanded else _say(desk, mail)
            return done._replace(answer=lambda desk, to: pending_commands.hold(desk, to, waiting))
        case Commands(lines):
            mail = _ask_in(desk, claim, mail)
            return _carry_out(desk, mail, lines, mail.about.commands, _asked(desk, mail))
        case Text():
            return _say(desk, _ask_in(desk, claim, mail))


def _page(desk: Desk, mail: Post, page: Page) -> Performed:
    if not loop_protection.may_answer(desk, mail.person.id, Kind.PAGE, proven=mail.words.verified):
        return Performed(Fate.SET_ASIDE, reason=info_letters.ENOUGH)
    # Who asks for a ticket that was merged is told so.
    page = page._replace(ticket=page.ticket or mail.thread.formerly or 0)
    return Performed(Fate.ANSWERED, mail.ticket, answer=lambda desk, to: _send_page(desk, to, mail, page))


def _send_page(desk: Desk, to: Writer, mail: Post, page: Page) -> None:
    info_letters.send_about(desk, to._replace(words=mail.words), mail.person, page)


def _leave(desk: Desk, mail: Post) -> Performed:
    """Take the writer off the letters of the ticket, once it is sure who asks."""
    if Effect.LEAVE in mail.permission.now:
        return Performed(Fate.STEERED, mail.ticket, (contents.leave(desk, mail.ticket, mail.standing),), receipts.left)
    if Effect.LEAVE not in mail.permission.on_yes:
        return Performed(Fate.STEERED, mail.ticket)
    return Performed(
        Fate.STEERED, mail.ticket, answer=lambda desk, to: pending_commands.hold(desk, to, [commands.LEAVE])
    )


def _ask_in(desk: Desk, claim: Claim, mail: Post) -> Post:
    """Let in whom the mail names in To and Cc, if it may."""
    if Effect.LET_IN not in mail.permission.now:
        return mail
    people = contents.people_named_in(desk, claim.incoming, mail.person)
    return mail._replace(everybody=contents.ask_in(desk, mail.ticket, people, mail.everybody))


def _confirm(desk: Desk, mail: Post, everybody: Sequence[Standing]) -> Sequence[Standing]:
    """Let those in who wait: by the requestor's words, or a responder's answer to who named them. Returns everybody."""
    if not is_allowed(Effect.CONFIRM, replace(mail.about, status=mail.ticket.status)):
        return everybody
    return contents.confirm(desk, mail.ticket, everybody)


def _say(desk: Desk, mail: Post, *, comment: bool = False) -> Performed:
    """Post the words: the default action, or a comment."""
    lifecycle, about, private = mail.ticket.lifecycle, mail.about, mail.private
    action = lifecycle.cell(about.status, about.party.role).action
    event = workflow.take_action(
        desk,
        mail.ticket,
        mail.standing,
        about.party,
        lifecycle.comment if private or comment else action,
        mail.words,
        mail.everybody if private or comment else _confirm(desk, mail, mail.everybody),
        private=private,
        # Nobody wants to read that a colleague is on holiday.
        quiet=about.automatic and mail.standing.responder,
    )
    return Performed(Fate.POSTED, mail.ticket, (event,))


def _say_if_said(desk: Desk, mail: Post, *, comment: bool = False) -> Performed:
    return _say(desk, mail, comment=comment) if mail.said else Performed(Fate.STEERED, mail.ticket)


def _undo(desk: Desk, mail: Post) -> Performed:
    """Take the last change back, or let that wait for a yes."""
    told = mail.thread.letter.checkpoint if mail.thread.letter else None
    if Effect.UNDO in mail.permission.now:
        return _take_back(desk, mail, told)
    # The words below an `undo` that waits must not be what has happened since.
    found = last_change(desk, mail.ticket)
    done = _say_if_said(desk, mail, comment=True)
    follow(desk, mail.ticket, found)
    meant = found.id if found else told
    return done._replace(answer=lambda desk, to: pending_commands.hold(desk, to, [commands.UNDO], checkpoint=meant))


def _take_back(desk: Desk, mail: Post, told: int | None, *, waited: bool = False) -> Performed:
    ticket = mail.ticket
    try:
        undone = workflow.undo(desk, ticket, mail.person, mail.everybody, told=told, waited=waited)
    except NotAllowed as error:
        heading = f"Nothing was taken back on ticket {ticket.id}. {error}"
        done = _say_if_said(desk, mail, comment=True)
        return done._replace(answer=_refused(heading, posted=mail.said))
    notes = ["What else your mail says is kept as a comment."] if mail.said else []
    # What else the mail says must not change the status that was just brought back.
    done = _say_if_said(desk, mail._replace(everybody=undone.everybody), comment=True)
    return done._replace(
        events=(undone, *done.events),
        answer=lambda desk, to: receipts.receipt(desk, to, undone.changes, notes, checkpoint=undone.checkpoint),
    )


def _refused(heading: str, *, posted: bool | None) -> Answer:
    return lambda desk, to: receipts.refused(desk, to, heading, posted=posted)


def _asked(desk: Desk, mail: Post) -> Letter | None:
    """The letter about waiting lines that the mail answers, if it may answer it; its lines may wait no more."""
    return pending_commands.asked(desk, mail.thread) if Effect.ANSWER in mail.permission.now else None


def _keep_note(desk: Desk, mail: Post) -> Performed:
    """Keep other words than a yes or no as a private note (docs/interface.md, section 6)."""
    letter = _asked(desk, mail)
    done = _say_if_said(desk, mail._replace(about=replace(mail.about, comment=True)))
    if letter is None or not pending_commands.still_waits(desk, letter):
        return done
    return done._replace(answer=lambda desk, to: pending_commands.ask_again(desk, to, letter))


def _answer(desk: Desk, mail: Post, *, yes: bool) -> Performed:
    """Carry out what a letter asked about, or drop it (docs/interface.md, section 6)."""
    letter = _asked(desk, mail)
    waits = letter is not None and pending_commands.still_waits(desk, letter)
    if letter is not None and yes and waits:
        return _release(desk, _without_words(mail), letter).about(_without_words(mail).words)
    why = "as you said no, the lines wait no more" if waits else f"the lines that you answer {_why_not(letter)}"
    if letter is not None:
        pending_commands.release(desk, letter)
    return _nothing_changed(mail, why)


def _nothing_changed(mail: Post, why: str) -> Performed:
    heading = f"Nothing changed on ticket {mail.ticket.id}: {why}."
    return Performed(Fate.STEERED, mail.ticket, answer=_refused(heading, posted=None))


def _why_not(letter: Letter | None) -> str:
    return "have waited for more than a week" if letter and letter.commands else "were carried out or dropped before"


def _without_words(mail: Post) -> Post:
    return mail._replace(words=replace(mail.words, text="", full_text="", attachments=()))


def _release(desk: Desk, mail: Post, letter: Letter) -> Performed:
    """Carry out what waited for this yes."""
    written = pending_commands.release(desk, letter)
    mail = mail._replace(everybody=_confirm(desk, mail, mail.everybody))
    if written == commands.UNDO:
        return _take_back(desk, mail, letter.checkpoint, waited=True)
    if written == commands.LEAVE and Effect.LEAVE in mail.permission.now:
        return _leave(desk, mail)
    if written == commands.LEAVE:
        return _nothing_changed(mail, "only who was copied in can leave a ticket, and you are not now")
    # Its writer may let in by a yes whom they may let in by Cc.
    by_cc = [commands.ADD_CC] if mail.about.asks_in else []
    return _carry_out(desk, mail, commands.lines_of(written), (*mail.about.commands, *by_cc))


def _carry_out(
    desk: Desk, mail: Post, lines: Sequence[Line], allowed: Sequence[Command], letter: Letter | None = None
) -> Performed:
    """Carry out the lines of a believed mail. What waited in the `letter` that it answers goes on waiting."""
    mailed = Mailed(mail.person, mail.everybody, lines, mail.words, mail.said, allowed, mail.private)
    try:
        event = command_execution.carry_out_all(desk, mail.ticket, mailed)
    except Refused as refused:
        problems = refused.problems
        done = _say_if_said(desk, mail)
        return done._replace(answer=lambda desk, to: receipts.refusal(desk, to, problems, posted=mail.said))
    if event.message is not None and not event.message.private and event.ticket is mail.ticket:
        event = replace(event, everybody=_confirm(desk, mail, event.everybody))
    notes = _still_waiting(desk, lines, letter) if letter else []
    return Performed(
        Fate.POSTED if mail.said else Fate.STEERED,
        mail.ticket,
        (event,),
        lambda desk, to: receipts.of_commands(desk, to, event, notes),
    )


def _still_waiting(desk: Desk, lines: Sequence[Line], letter: Letter) -> list[str]:
    waits = pending_commands.keep_waiting(desk, letter, lines) if pending_commands.still_waits(desk, letter) else []
    listed = "\n".join(f"    {line}" for line in waits)
    return [f'These lines still wait for a "yes" to our earlier letter:\n{listed}'] if waits else []
