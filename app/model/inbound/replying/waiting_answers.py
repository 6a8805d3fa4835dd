"""Answers to a letter that asked something: a yes or a no to lines, `send` or `drop`, other words."""

from dataclasses import replace
from functools import partial

from ...letters import offers, receipts
from ...letters.receipt_letters import ReceiptKind
from ...lifecycle import commands
from ...lifecycle.tables import NotAllowed
from ...operations import leaving, sending
from ...records.letters import Letter
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...tickets.members import as_confirmed
from ...wording import Sentence, say
from .. import asking_letters, pending_commands, writers
from ..effects import Effect
from ..inbound_mail import Fate
from ..interpretation import Confirmation, OtherWords, SendOrDrop
from ..outcome import MailOutcome
from . import unknown_address
from .own_wishes import unsubscribe
from .posting import confirm, may_confirm, post, post_if_any
from .reply_commands import perform_commands
from .ticket_reply import TicketReply
from .undoing import refusal, undo_last_change


def take_answer(uow: UnitOfWork, reply: TicketReply, wish: Confirmation | SendOrDrop | OtherWords) -> MailOutcome:
    """Do what a mail wants that answers a letter which asked something."""
    match wish:
        case Confirmation(yes):
            return _confirm_or_deny(uow, reply, yes=yes)
        case SendOrDrop(send):
            return _send(uow, reply) if send else _drop(uow, reply)
        case OtherWords():
            return _keep_note(uow, reply)


def asking_letter(uow: UnitOfWork, reply: TicketReply) -> Letter | None:
    """The letter about waiting lines that the mail answers, if it may answer it; its lines may wait no more."""
    return pending_commands.pending_letter(uow, reply.thread) if Effect.ANSWER in reply.permission.now else None


def _confirm_or_deny(uow: UnitOfWork, reply: TicketReply, *, yes: bool) -> MailOutcome:
    """Carry out what a letter asked about, or drop it (docs/interface.md, section 6)."""
    letter = asking_letter(uow, reply)
    waits = letter is not None and pending_commands.is_pending(uow, letter)
    if letter is not None and yes and waits:
        return _execute_pending(uow, _without_words(reply), letter).about(_without_words(reply).new_message)
    sentence = "notes.said_no" if waits else _lapse(letter)
    if letter is not None:
        pending_commands.take_pending(uow, letter)
    return _nothing_changed(reply, sentence)


def _execute_pending(uow: UnitOfWork, reply: TicketReply, letter: Letter) -> MailOutcome:
    """Carry out what waited for this yes."""
    written = pending_commands.take_pending(uow, letter)
    if may_confirm(reply):
        let_in = writers.confirm_participants(uow, reply.ticket, reply.members)
        reply = reply._replace(members=as_confirmed(reply.members), let_in=let_in)
    if letter.kind == ReceiptKind.AUTHOR:
        return _post_offered(uow, reply, letter, private=written == commands.POST_PRIVATE)
    if written == commands.UNDO:
        return undo_last_change(uow, reply, letter.checkpoint, was_pending=True)
    if written == commands.LEAVE and leaving.has_left(reply.member):
        return _nothing_changed(reply, "notes.left_already")
    if written == commands.LEAVE and Effect.LEAVE in reply.permission.now:
        return unsubscribe(uow, reply)
    if written == commands.LEAVE:
        return _nothing_changed(reply, "notes.cannot_leave")
    # Its writer may let in by a yes whom they may let in by Cc.
    by_cc = [commands.ADD_CC] if reply.about.asks_in else []
    return perform_commands(uow, reply, commands.lines_of(written), (*reply.about.commands, *by_cc), confirmed=True)


def _post_offered(uow: UnitOfWork, reply: TicketReply, letter: Letter, *, private: bool) -> MailOutcome:
    """Do as somebody's own what came from an address which we do not know: its words, and the commands above them."""
    offered = unknown_address.offered_mail(uow, letter, reply.new_message)
    if offered is None:
        return _nothing_changed(reply, "notes.words_gone")
    reply = reply._replace(new_message=offered.new_message, about=replace(reply.about, comment=private))
    if offered.lines:
        outcome = perform_commands(uow, reply, offered.lines, reply.about.commands)
        return outcome.about(offered.new_message)
    outcome = post(uow, reply)
    heading = say("notes.posted_as_yours", number=reply.ticket.id)
    return outcome._replace(answer=partial(receipts.send_answer, heading=heading, event=outcome.events[0]))


def _keep_note(uow: UnitOfWork, reply: TicketReply) -> MailOutcome:
    """Keep other words than a yes or no as a private note (docs/interface.md, section 6)."""
    letter = asking_letter(uow, reply)
    outcome = post_if_any(uow, reply._replace(about=replace(reply.about, comment=True)))
    if outcome.events and not reply.about.automatic and not reply.private:
        outcome = outcome._replace(offer=offers.of_note(outcome.events[-1]))
    if letter is None or not pending_commands.is_pending(uow, letter):
        return outcome
    return outcome._replace(answer=partial(asking_letters.remind_of_pending, letter=letter))


def _send(uow: UnitOfWork, reply: TicketReply) -> MailOutcome:
    """Post to everybody the message that a letter asked about."""
    letter = asking_letter(uow, reply)
    message = pending_commands.offered_message(uow, letter, reply.ticket) if letter else None
    if message is None:
        return _nothing_changed(reply, _message_lapse(uow, letter))
    try:
        event = sending.send(uow, reply.ticket, reply.member, message, reply.members)
    except NotAllowed as error:
        return _sentence_alone(reply, say("notes.not_sent", number=reply.ticket.id, why=error.text))
    event = confirm(uow, event) if may_confirm(reply) else event
    heading = say("notes.sent_to", number=reply.ticket.id, names=offers.names_outside(event))
    return _sentence_alone(reply, heading, event)


def _drop(uow: UnitOfWork, reply: TicketReply) -> MailOutcome:
    """Let the message that a letter asked about wait no more; it stays as a private note."""
    letter = asking_letter(uow, reply)
    message = pending_commands.offered_message(uow, letter, reply.ticket) if letter else None
    if message is None:
        return _nothing_changed(reply, _message_lapse(uow, letter))
    message.held = False
    return _sentence_alone(reply, say("notes.dropped", number=reply.ticket.id))


def _message_lapse(uow: UnitOfWork, letter: Letter | None) -> str:
    """Return the sentence on why a message waits no more."""
    late = letter is not None and pending_commands.has_lapsed(uow, letter)
    return "notes.message_lapsed" if late else "notes.message_gone"


def _lapse(letter: Letter | None) -> str:
    """Return the sentence on why lines wait no more."""
    return "notes.lines_lapsed" if letter and letter.commands else "notes.lines_done"


def _without_words(reply: TicketReply) -> TicketReply:
    return reply._replace(new_message=replace(reply.new_message, text="", full_text="", attachments=()))


def _nothing_changed(reply: TicketReply, sentence: str) -> MailOutcome:
    """Tell the writer of a mail by a sentence that nothing changed, and nothing else."""
    heading = Sentence(sentence, {"number": reply.ticket.id})
    return MailOutcome(Fate.STEERED, reply.ticket, answer=refusal(heading, posted=None))


def _sentence_alone(reply: TicketReply, heading: Sentence, event: Event | None = None) -> MailOutcome:
    events = (event,) if event else ()
    return MailOutcome(Fate.STEERED, reply.ticket, events, partial(receipts.send_answer, heading=heading, event=event))
