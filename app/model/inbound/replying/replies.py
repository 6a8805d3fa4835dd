"""What a mail does on the ticket that it belongs to: post, command, take back, or ask for a page."""

from collections.abc import Sequence
from dataclasses import replace

from ....mail.addresses import mailboxes
from ...letters import info_letters, offers, receipts
from ...letters.promises import Note
from ...letters.receipts import ReceiptKind, ReceiptRecipient
from ...lifecycle import commands
from ...lifecycle.commands import Command, Line, Page
from ...lifecycle.tables import NotAllowed
from ...operations import command_execution, leaving, sending, workflow
from ...operations.command_execution import CommandMail, CommandsRefused, MergeWaits
from ...records.letters import Letter
from ...records.people import find_person
from ...storage.unit_of_work import UnitOfWork
from ...tickets import loop_protection
from ...tickets.events import Event
from ...tickets.members import as_confirmed, members_of
from ...tickets.transitions import row_of_thanks
from ...tickets.undo import extend_checkpoint, undoable_checkpoint
from ...tickets.visibility import may_see
from ...wording import Sentence, say
from .. import pending_commands, writers
from ..delivery import Claim, Fate
from ..effects import Effect, is_allowed
from ..interpretation import (
    Commands,
    Confirmation,
    OtherWords,
    PageRequest,
    SendOrDrop,
    Slip,
    Text,
    Undo,
    Unproven,
    Unsubscribe,
    Wish,
)
from ..performed import Answer, Performed
from ..situations import writer_on
from ..threads import answered_outsider
from . import unknown_address
from .ticket_reply import TicketReply


def perform(uow: UnitOfWork, claim: Claim, reply: TicketReply, wish: Wish) -> Performed:
    """Do what a mail wants, and notify nobody. Who meant everybody by an answer that stays private is told so."""
    done = _perform(uow, claim, reply, wish)
    private = next((event for event in done.events if event.message and event.message.private), None)
    if private is None or done.offer or reply.about.automatic or not reply.about.kept_private:
        return done
    meant = reply.about.redirected or _lets_in_answered(uow, reply, _lines_of(wish))
    return done._replace(offer=offers.of_private_answer(private)) if meant else done


def _lines_of(wish: Wish) -> Sequence[Line]:
    """The commands of a mail, also those that wait."""
    if isinstance(wish, Unproven):
        return commands.lines_of("\n".join(wish.waiting))
    return wish.lines if isinstance(wish, Commands) else ()


def _perform(uow: UnitOfWork, claim: Claim, reply: TicketReply, wish: Wish) -> Performed:
    if isinstance(wish, Unsubscribe):
        return _unsubscribe(uow, reply)
    reply = reply._replace(new_message=wish.new_message)
    if isinstance(wish, PageRequest):
        return _page(uow, reply, wish.page)
    if Effect.SUBSCRIBE in reply.permission.now:
        members = writers.subscribe(uow, reply.ticket, reply.member, reply.members)
        about = replace(reply.about, member=writer_on(reply.person, members, relayed=reply.about.relayed))
        reply = reply._replace(members=members, about=about)
    match wish:
        case Undo():
            return _undo(uow, reply)
        case Confirmation() | SendOrDrop() | OtherWords():
            return _answer(uow, reply, wish)
        case Slip(repeats, _, waiting):
            return _hold(uow, reply, waiting, repeats=repeats)
        case Unproven(waiting, _, commanded):
            done = _post_if_any_text(uow, reply) if commanded else _post_text(uow, reply)
            done = done._replace(answer=lambda uow, to: pending_commands.hold_for_confirmation(uow, to, waiting))
        case Commands(lines):
            reply = _add_participants(uow, claim, reply)
            done = _execute_commands(uow, reply, lines, reply.about.commands, _asked(uow, reply))
        case Text():
            done = _post_words(uow, _add_participants(uow, claim, reply))
    return _with_missed(uow, reply, done)


def _with_missed(uow: UnitOfWork, reply: TicketReply, done: Performed) -> Performed:
    """Tell a responder who answers the comment of somebody not on the ticket that this person did not get it."""
    missed = next((event for event in done.events if event.message and event.message.private), None)
    outsider = answered_outsider(uow, reply.thread, missed.members) if missed and reply.member.responder else None
    if outsider is None or reply.about.automatic:
        return done
    answered = reply.thread.parent
    lines = receipts.lines_of_missed(reply.ticket, outsider, reply.members)
    notes = [Note(line, frozenset({outsider.person_id})) for line in lines]
    return done._replace(notes=(*done.notes, *notes), about_id=answered.message if answered else None)


def _post_words(uow: UnitOfWork, reply: TicketReply) -> Performed:
    """Post the words of a mail without lines, and offer them to a colleague whose they may be."""
    done = _post_text(uow, reply)
    return unknown_address.offer_to_colleague(uow, reply, done)


def _post_offered(uow: UnitOfWork, reply: TicketReply, letter: Letter, *, private: bool) -> Performed:
    """Do as somebody's own what came from an address which we do not know: its words, and the commands above them."""
    offered = unknown_address.offered_mail(uow, letter, reply.new_message)
    if offered is None:
        return _refused_only(reply, "notes.words_gone")
    reply = reply._replace(new_message=offered.new_message, about=replace(reply.about, comment=private))
    if offered.lines:
        done = _execute_commands(uow, reply, offered.lines, reply.about.commands)
        return done.about(offered.new_message)
    done = _post_text(uow, reply)
    heading = say("notes.posted_as_yours", number=reply.ticket.id)
    return done._replace(answer=lambda uow, to: receipts.send_answer(uow, to, heading, done.events[0]))


def _lets_in_answered(uow: UnitOfWork, reply: TicketReply, lines: Sequence[Line]) -> bool:
    """Whether lines let in the writer of the comment that a mail answers: letting in and writing are one wish."""
    named = [mailbox.email for line in lines if line.command is commands.ADD_CC for mailbox in mailboxes(line.value)]
    outsider = answered_outsider(uow, reply.thread, reply.members) if named else None
    people = [find_person(uow, email) for email in named] if outsider else []
    return outsider is not None and any(one is not None and one.id == outsider.person_id for one in people)


def _page(uow: UnitOfWork, reply: TicketReply, page: Page) -> Performed:
    if not loop_protection.may_answer(uow, reply.person.id, ReceiptKind.PAGE, proven=reply.new_message.verified):
        return Performed(Fate.SET_ASIDE, reason=info_letters.ENOUGH)
    # Who asks for a ticket that was merged is told so.
    page = page._replace(ticket=page.ticket or reply.thread.formerly or 0)
    return Performed(Fate.ANSWERED, reply.ticket, answer=lambda uow, to: _send_page(uow, to, reply, page))


def _send_page(uow: UnitOfWork, to: ReceiptRecipient, reply: TicketReply, page: Page) -> None:
    """Send a page, as one of the ticket's queue to whoever may not see the ticket."""
    if may_see(reply.ticket, reply.member) or reply.member.pending:
        info_letters.send_page_about_ticket(uow, to._replace(new_message=reply.new_message), reply.person, page)
        return
    page = page._replace(ticket=page.ticket or reply.ticket.id)
    info_letters.send_page_from_queue(uow, reply.ticket.queue, reply.person, reply.new_message, page)


def _unsubscribe(uow: UnitOfWork, reply: TicketReply) -> Performed:
    """Take the writer off the letters of the ticket, once it is sure who asks."""
    if leaving.has_left(reply.member):
        # They have left, and were told so.
        return Performed(Fate.STEERED, reply.ticket)
    if Effect.LEAVE in reply.permission.now:
        return Performed(
            Fate.STEERED,
            reply.ticket,
            (leaving.leave(uow, reply.ticket, reply.member),),
            receipts.send_unsubscribed_receipt,
        )
    if Effect.LEAVE not in reply.permission.on_yes:
        return Performed(Fate.STEERED, reply.ticket)
    return Performed(
        Fate.STEERED,
        reply.ticket,
        answer=lambda uow, to: pending_commands.hold_for_confirmation(uow, to, [commands.LEAVE]),
    )


def _add_participants(uow: UnitOfWork, claim: Claim, reply: TicketReply) -> TicketReply:
    """Let in whom the mail names in To and Cc, if it may."""
    if Effect.LET_IN not in reply.permission.now:
        return reply
    people = writers.people_named_in(uow, claim.parsed, reply.person)
    let_in = writers.add_participants(uow, reply.ticket, people, reply.members)
    return reply._replace(members=members_of(uow, reply.ticket), let_in=let_in) if let_in.changes else reply


def _confirms(reply: TicketReply) -> bool:
    """Whether a mail lets those in who wait: by the requestor's words, or a responder's answer to who named them."""
    return is_allowed(Effect.CONFIRM, replace(reply.about, status=reply.ticket.status))


def _confirm(uow: UnitOfWork, event: Event) -> Event:
    """Let those in who wait; they get the letters of this event, and `undo` takes them back with it."""
    return workflow.with_let_in(uow, event, writers.confirm_participants(uow, event.ticket, event.members))


def _post_text(uow: UnitOfWork, reply: TicketReply, *, comment: bool = False, quiet: bool = False) -> Performed:
    """Post the words: the default action, or a comment. `quiet`: nobody gets a letter of them."""
    lifecycle, about, private = reply.ticket.lifecycle, reply.about, reply.private
    default_reply, default = lifecycle.default_reply(about.status, about.roles.role), not (private or comment)
    confirms = default and _confirms(reply)
    event = workflow.take_action(
        uow,
        reply.ticket,
        reply.member,
        about.roles,
        default_reply.action if default else lifecycle.comment,
        reply.new_message,
        reply.members,
        private=private,
        # Nobody wants to read that a colleague is on holiday.
        quiet=quiet or (about.automatic and reply.member.responder),
        rule=row_of_thanks(default_reply, reply.new_message, reply.members) if default else None,
        let_in=reply.let_in,
    )
    return Performed(Fate.POSTED, reply.ticket, (_confirm(uow, event) if confirms else event,))


def _post_if_any_text(uow: UnitOfWork, reply: TicketReply, *, comment: bool = False) -> Performed:
    return _post_text(uow, reply, comment=comment) if reply.has_text else Performed(Fate.STEERED, reply.ticket)


def _undo(uow: UnitOfWork, reply: TicketReply) -> Performed:
    """Take the last change back, or let that wait for a yes."""
    letter_checkpoint = reply.thread.letter.checkpoint if reply.thread.letter else None
    if Effect.UNDO in reply.permission.now:
        return _undo_last_change(uow, reply, letter_checkpoint)
    # The words below an `undo` that waits must not be what has happened since.
    found = undoable_checkpoint(uow, reply.ticket)
    done = _post_if_any_text(uow, reply, comment=True)
    extend_checkpoint(uow, reply.ticket, found)
    meant = found.id if found else letter_checkpoint
    return done._replace(
        answer=lambda uow, to: pending_commands.hold_for_confirmation(uow, to, [commands.UNDO], checkpoint=meant)
    )


def _undo_last_change(
    uow: UnitOfWork, reply: TicketReply, letter_checkpoint: int | None, *, was_pending: bool = False
) -> Performed:
    ticket = reply.ticket
    try:
        undone = workflow.undo(
            uow, ticket, reply.person, reply.members, letter_checkpoint=letter_checkpoint, was_pending=was_pending
        )
    except NotAllowed as error:
        heading = say("notes.undo_refused", why=error.text)
        done = _post_if_any_text(uow, reply, comment=True)
        return done._replace(answer=_refused(heading, posted=reply.has_text))
    notes = [say("notes.rest_is_a_comment")] if reply.has_text else []
    # What else the mail says must not change the status that was just brought back.
    done = _post_if_any_text(uow, reply._replace(members=undone.members), comment=True)
    return done._replace(
        events=(undone, *done.events),
        answer=lambda uow, to: receipts.send_receipt(
            uow, to, undone.changes, notes, checkpoint=undone.checkpoint, undone=True
        ),
    )


def _refused(heading: Sentence, *, posted: bool | None) -> Answer:
    return lambda uow, to: receipts.send_refusal(uow, to, heading, posted=posted)


def _asked(uow: UnitOfWork, reply: TicketReply) -> Letter | None:
    """The letter about waiting lines that the mail answers, if it may answer it; its lines may wait no more."""
    return pending_commands.pending_letter(uow, reply.thread) if Effect.ANSWER in reply.permission.now else None


def _keep_note(uow: UnitOfWork, reply: TicketReply) -> Performed:
    """Keep other words than a yes or no as a private note (docs/interface.md, section 6)."""
    letter = _asked(uow, reply)
    done = _post_if_any_text(uow, reply._replace(about=replace(reply.about, comment=True)))
    if done.events and not reply.about.automatic and not reply.private:
        done = done._replace(offer=offers.of_note(done.events[-1]))
    if letter is None or not pending_commands.is_pending(uow, letter):
        return done
    return done._replace(answer=lambda uow, to: pending_commands.remind_of_pending(uow, to, letter))


def _hold(uow: UnitOfWork, reply: TicketReply, waiting: Sequence[str], *, repeats: bool) -> Performed:
    """Keep public words as a private message that nobody gets, and ask their writer about them."""
    about, new_message = replace(reply.about, comment=True), replace(reply.new_message, held=True)
    done = _post_text(uow, reply._replace(about=about, new_message=new_message), quiet=True)
    offer = offers.of_slip(uow, done.events[-1], repeats=repeats)
    if not waiting:
        return done._replace(offer=offer)
    return done._replace(offer=offer, answer=lambda uow, to: pending_commands.hold_for_confirmation(uow, to, waiting))


def _send(uow: UnitOfWork, reply: TicketReply) -> Performed:
    """Post to everybody the message that a letter asked about."""
    letter = _asked(uow, reply)
    message = pending_commands.offered_message(uow, letter, reply.ticket) if letter else None
    if message is None:
        return _refused_only(reply, _message_lapse(uow, letter))
    try:
        event = sending.send(uow, reply.ticket, reply.member, message, reply.members)
    except NotAllowed as error:
        return _answered(reply, say("notes.not_sent", number=reply.ticket.id, why=error.text))
    event = _confirm(uow, event) if _confirms(reply) else event
    heading = say("notes.sent_to", number=reply.ticket.id, names=offers.names_outside(event))
    return _answered(reply, heading, event)


def _drop(uow: UnitOfWork, reply: TicketReply) -> Performed:
    """Let the message that a letter asked about wait no more; it stays as a private note."""
    letter = _asked(uow, reply)
    message = pending_commands.offered_message(uow, letter, reply.ticket) if letter else None
    if message is None:
        return _refused_only(reply, _message_lapse(uow, letter))
    message.held = False
    return _answered(reply, say("notes.dropped", number=reply.ticket.id))


def _message_lapse(uow: UnitOfWork, letter: Letter | None) -> str:
    """Return the sentence on why a message waits no more."""
    late = letter is not None and pending_commands.has_lapsed(uow, letter)
    return "notes.message_lapsed" if late else "notes.message_gone"


def _answered(reply: TicketReply, heading: Sentence, event: Event | None = None) -> Performed:
    events = (event,) if event else ()
    return Performed(Fate.STEERED, reply.ticket, events, lambda uow, to: receipts.send_answer(uow, to, heading, event))


def _answer(uow: UnitOfWork, reply: TicketReply, wish: Confirmation | SendOrDrop | OtherWords) -> Performed:
    """Do what a mail wants that answers a letter which asked something."""
    match wish:
        case Confirmation(yes):
            return _confirm_or_deny(uow, reply, yes=yes)
        case SendOrDrop(send):
            return _send(uow, reply) if send else _drop(uow, reply)
        case OtherWords():
            return _keep_note(uow, reply)


def _confirm_or_deny(uow: UnitOfWork, reply: TicketReply, *, yes: bool) -> Performed:
    """Carry out what a letter asked about, or drop it (docs/interface.md, section 6)."""
    letter = _asked(uow, reply)
    waits = letter is not None and pending_commands.is_pending(uow, letter)
    if letter is not None and yes and waits:
        return _execute_pending(uow, _without_words(reply), letter).about(_without_words(reply).new_message)
    sentence = "notes.said_no" if waits else _lapse(letter)
    if letter is not None:
        pending_commands.take_pending(uow, letter)
    return _refused_only(reply, sentence)


def _refused_only(reply: TicketReply, sentence: str) -> Performed:
    """Tell the writer of a mail by a sentence that nothing changed, and nothing else."""
    heading = Sentence(sentence, {"number": reply.ticket.id})
    return Performed(Fate.STEERED, reply.ticket, answer=_refused(heading, posted=None))


def _lapse(letter: Letter | None) -> str:
    """Return the sentence on why lines wait no more."""
    return "notes.lines_lapsed" if letter and letter.commands else "notes.lines_done"


def _without_words(reply: TicketReply) -> TicketReply:
    return reply._replace(new_message=replace(reply.new_message, text="", full_text="", attachments=()))


def _execute_pending(uow: UnitOfWork, reply: TicketReply, letter: Letter) -> Performed:
    """Carry out what waited for this yes."""
    written = pending_commands.take_pending(uow, letter)
    if _confirms(reply):
        let_in = writers.confirm_participants(uow, reply.ticket, reply.members)
        reply = reply._replace(members=as_confirmed(reply.members), let_in=let_in)
    if letter.kind == ReceiptKind.AUTHOR:
        return _post_offered(uow, reply, letter, private=written == commands.POST_PRIVATE)
    if written == commands.UNDO:
        return _undo_last_change(uow, reply, letter.checkpoint, was_pending=True)
    if written == commands.LEAVE and leaving.has_left(reply.member):
        return _refused_only(reply, "notes.left_already")
    if written == commands.LEAVE and Effect.LEAVE in reply.permission.now:
        return _unsubscribe(uow, reply)
    if written == commands.LEAVE:
        return _refused_only(reply, "notes.cannot_leave")
    # Its writer may let in by a yes whom they may let in by Cc.
    by_cc = [commands.ADD_CC] if reply.about.asks_in else []
    return _execute_commands(uow, reply, commands.lines_of(written), (*reply.about.commands, *by_cc), confirmed=True)


def _execute_commands(
    uow: UnitOfWork,
    reply: TicketReply,
    lines: Sequence[Line],
    allowed: Sequence[Command],
    letter: Letter | None = None,
    *,
    confirmed: bool = False,
) -> Performed:
    """Carry out the lines of a believed mail, or those that a yes has `confirmed`.

    What waited in the `letter` that it answers goes on waiting.
    """
    command_mail = CommandMail(
        reply.person,
        reply.members,
        lines,
        reply.new_message,
        reply.has_text,
        allowed,
        reply.private and not _lets_in_answered(uow, reply, lines),
        confirmed=confirmed,
        let_in=reply.let_in,
    )
    try:
        event = command_execution.execute_commands(uow, reply.ticket, command_mail)
    except CommandsRefused as refused:
        problems = refused.problems
        done = _post_if_any_text(uow, reply)
        return done._replace(
            answer=lambda uow, to: receipts.send_command_refusal(uow, to, problems, posted=reply.has_text)
        )
    except MergeWaits:
        done = _post_if_any_text(uow, reply)
        return done._replace(
            answer=lambda uow, to: pending_commands.ask_before_merge(uow, to, lines, posted=reply.has_text)
        )
    if event.message is not None and not event.message.private and event.ticket is reply.ticket and _confirms(reply):
        event = _confirm(uow, event)
    notes = _still_waiting(uow, lines, letter) if letter else []
    moved = any(field == "queue" for field, _, _ in event.changes)
    return Performed(
        Fate.POSTED if reply.has_text else Fate.STEERED,
        reply.ticket,
        (event,),
        lambda uow, to: receipts.of_commands(uow, to, event, notes),
        offer=offers.of_move(event) if moved and event.message and event.message.private else None,
    )


def _still_waiting(uow: UnitOfWork, lines: Sequence[Line], letter: Letter) -> list[Sentence]:
    if letter.kind == ReceiptKind.AUTHOR:
        return []
    waits = pending_commands.keep_pending(uow, letter, lines) if pending_commands.is_pending(uow, letter) else []
    return [say("notes.still_waiting", lines=waits)] if waits else []
