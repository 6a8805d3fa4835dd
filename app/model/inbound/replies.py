"""What a mail does on the ticket that it belongs to: post, command, take back, or ask for a page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ...mail import confirmations
from ...mail.addresses import Mailbox
from ..letters import info_letters, receipts
from ..letters.receipts import ReceiptRecipient
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..lifecycle.tables import ActorRoles, DefaultReply, NotAllowed
from ..operations import command_execution, workflow
from ..operations.administration import undo
from ..operations.command_execution import CommandMail, CommandsRefused
from ..records.letters import Letter
from ..records.people import Person
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets import loop_protection
from ..tickets.members import TicketMember, member_for, members_of
from ..tickets.posts import NewMessage
from ..tickets.undo import extend_checkpoint, latest_checkpoint, undoable_checkpoint
from ..tickets.visibility import may_see
from . import contents, pending_commands, sender_proof
from .contents import new_message_of
from .delivery import Fate, InboundMail, set_fate
from .threads import KnownReference, ThreadMatch
from .unmatched import set_aside_claimed


class TicketReply(NamedTuple):
    """One mail on its ticket: who wrote it, what they are there, what it says, and its commands.

    `machine`: no person wrote it. `one_author`: its From names one address. `believed`: it may do more than say words.
    """

    thread: ThreadMatch
    person: Person
    members: Sequence[TicketMember]
    member: TicketMember
    machine: bool
    one_author: bool
    roles: ActorRoles
    default_reply: DefaultReply
    new_message: NewMessage
    lines: tuple[Line, ...]
    believed: bool

    @property
    def ticket(self) -> Ticket:
        """The ticket on which it is."""
        return self.thread.ticket

    @property
    def private(self) -> bool:
        """Whether only responders will read it."""
        return self.default_reply.private or self.thread.private

    @property
    def has_text(self) -> bool:
        """Whether it has words, or files that are no mere decoration."""
        return bool(self.new_message.text.strip()) or any(
            not attachment.decorates for attachment in self.new_message.attachments
        )


def process_reply(
    uow: UnitOfWork, inbound_mail: InboundMail, thread: ThreadMatch, sender: Mailbox, known: Sequence[KnownReference]
) -> None:
    """Do what a mail asks for, and post what it says."""
    mail = _read(uow, inbound_mail, thread, sender, known)
    if contents.asks_to_unsubscribe(mail.member, mail.new_message):
        set_fate(uow, inbound_mail, _unsubscribe(uow, mail), mail.ticket.id)
        return
    if (page := _page(mail)) is not None:
        if info_letters.send_page_about_ticket(uow, _writer(uow, mail), mail.person, page):
            set_fate(uow, inbound_mail, Fate.ANSWERED, mail.ticket.id)
        else:
            set_aside_claimed(uow, inbound_mail, info_letters.ENOUGH)
        return
    fate = _undo(uow, mail)
    if fate is None:
        mail, named = _add_participants(uow, inbound_mail, mail)
        fate = _command(uow, mail, named) or _post_text(uow, mail)
    if fate is not Fate.POSTED:
        set_fate(uow, inbound_mail, fate, mail.ticket.id)


def _read(
    uow: UnitOfWork, inbound_mail: InboundMail, thread: ThreadMatch, sender: Mailbox, known: Sequence[KnownReference]
) -> TicketReply:
    ticket, parsed = thread.ticket, inbound_mail.parsed
    person = contents.identify_author(uow, sender, inbound_mail, known=False)
    machine = parsed.automatic is not None
    verified = not machine and sender_proof.is_verified(uow, inbound_mail, person, known)
    believed = not machine and sender_proof.is_believed(uow, inbound_mail, verified=verified)
    sender_proof.mark_exposed(uow, inbound_mail, person, known)
    if believed:
        contents.update_letter_address(person, ticket, sender.email)
    members = members_of(uow, ticket)
    member = member_for(person, members)
    reading = commands.read(parsed.text, _allowed(inbound_mail, member))
    empty = bool(reading.lines) or (verified and pending_commands.is_confirmation(thread))
    new_message = new_message_of(
        uow, inbound_mail, thread, reading.rest, can_be_empty=empty, outsider=not member.responder
    )
    new_message = replace(new_message, verified=verified, believed=believed)
    for_us = pending_commands.is_confirmation(thread) or commands.page_asked(new_message.text) is not None
    if not (for_us or contents.asks_to_unsubscribe(member, new_message)) and contents.reactivate_participant(
        uow, ticket, member, parsed
    ):
        members = members_of(uow, ticket)
        member = member_for(person, members)
    roles = loop_protection.effective_member(uow, ticket, member, verified=verified).roles_in(
        ticket.lifecycle, machine=machine
    )
    default_reply = ticket.lifecycle.default_reply(ticket.status, roles.role)
    one = parsed.authors == 1
    return TicketReply(
        thread, person, members, member, machine, one, roles, default_reply, new_message, reading.lines, believed
    )


def _allowed(inbound_mail: InboundMail, member: TicketMember) -> tuple[Command, ...]:
    """Return the commands that a mail can have; none with two authors (docs/interface.md, section 3)."""
    parsed = inbound_mail.parsed
    return () if parsed.automatic or parsed.spam or parsed.authors != 1 else command_execution.allowed_to(member)


def _page(reply: TicketReply) -> commands.Page | None:
    """What the mail asks to be sent, if it says nothing else, and its writer may see the ticket."""
    if reply.lines or reply.machine or any(not attachment.decorates for attachment in reply.new_message.attachments):
        return None
    page = commands.page_asked(reply.new_message.text)
    if page is None or not (may_see(reply.ticket, reply.member) or reply.member.pending):
        return None
    # Who asks for a ticket that was merged is told so.
    return page._replace(ticket=page.ticket or reply.thread.formerly or 0)


def _writer(uow: UnitOfWork, reply: TicketReply) -> ReceiptRecipient:
    """Who wrote, as somebody to write to, on the ticket as it is now."""
    members = members_of(uow, reply.ticket)
    return ReceiptRecipient(reply.ticket, member_for(reply.person, members), members, reply.new_message, reply.private)


def _unsubscribe(uow: UnitOfWork, reply: TicketReply) -> Fate:
    """Take the writer off the letters of the ticket, once it is sure who asks."""
    if reply.believed:
        contents.unsubscribe(uow, reply.ticket, reply.member)
        receipts.send_unsubscribed_receipt(uow, _writer(uow, reply))
    elif reply.one_author:
        pending_commands.hold_for_confirmation(uow, _writer(uow, reply), [commands.LEAVE])
    return Fate.STEERED


def _add_participants(uow: UnitOfWork, inbound_mail: InboundMail, reply: TicketReply) -> tuple[TicketReply, list[str]]:
    """Let in whom a believed mail names in To and Cc; of any other mail, the lines that would do it."""
    if reply.private or (reply.believed and pending_commands.is_confirmation(reply.thread)):
        return reply, []
    if not reply.believed:
        named = contents.mailboxes_to_add(uow, reply.ticket.queue, inbound_mail.parsed, reply.member)
        new = contents.missing_addresses(uow, reply.members, reply.member, named) if reply.one_author else []
        return reply, [commands.ADD_CC.line(", ".join(new))] if new else []
    people = contents.people_to_add(uow, reply.ticket.queue, inbound_mail.parsed, reply.member)
    if contents.add_participants(uow, reply.ticket, people):
        reply = reply._replace(members=members_of(uow, reply.ticket))
    return reply, []


def _with_confirmed(uow: UnitOfWork, reply: TicketReply) -> TicketReply:
    """The mail, with those let in who waited: by the requestor's words, or a responder's answer to who named them."""
    letter = reply.thread.letter
    answers = letter is not None and letter.reader == reply.person.id and letter.kind != receipts.ReceiptKind.WAITING
    lets_in = reply.member.requestor or (reply.member.responder and answers)
    if not (reply.believed and lets_in) or reply.ticket.status == reply.ticket.lifecycle.spam:
        return reply
    return reply._replace(members=contents.confirm_participants(uow, reply.ticket, reply.members))


def _post_text(uow: UnitOfWork, reply: TicketReply, *, comment: bool = False) -> Fate:
    """Post the words: the default action, or a comment."""
    if not (reply.private or comment):
        reply = _with_confirmed(uow, reply)
    action = reply.ticket.lifecycle.comment if reply.private or comment else reply.default_reply.action
    workflow.take_action(
        uow,
        reply.ticket,
        reply.member,
        reply.roles,
        action,
        reply.new_message,
        private=reply.private,
        # What else a mail says that has just changed the ticket goes to those who are on it now.
        members=None if comment else reply.members,
        # Nobody wants to read that a colleague is on holiday.
        quiet=reply.machine and reply.member.responder,
    )
    return Fate.POSTED


def _post_if_any_text(uow: UnitOfWork, reply: TicketReply, *, comment: bool = False) -> Fate:
    return _post_text(uow, reply, comment=comment) if reply.has_text else Fate.STEERED


def _undo(uow: UnitOfWork, reply: TicketReply) -> Fate | None:
    """Take the last change back, if the mail's first line says so and its writer is one who could have caused it."""
    rest = None if reply.lines or reply.machine else commands.without_undo(reply.new_message.text)
    if rest is None or not (reply.member.responder or reply.member.requestor or _caused_last_change(uow, reply)):
        return None
    full = commands.without_undo(reply.new_message.full_text)
    reply = reply._replace(new_message=replace(reply.new_message, text=rest, full_text=rest if full is None else full))
    letter_checkpoint = reply.thread.letter.checkpoint if reply.thread.letter else None
    if not reply.believed:
        # The words below an `undo` that waits must not be what has happened since.
        found = undoable_checkpoint(uow, reply.ticket)
        fate = _post_if_any_text(uow, reply, comment=True)
        extend_checkpoint(uow, reply.ticket, found)
        meant = found.id if found else letter_checkpoint
        pending_commands.hold_for_confirmation(uow, _writer(uow, reply), [commands.UNDO], checkpoint=meant)
        return fate
    return _undo_last_change(uow, reply, letter_checkpoint)


def _caused_last_change(uow: UnitOfWork, reply: TicketReply) -> bool:
    found = latest_checkpoint(uow, reply.ticket)
    return found is not None and found.by_id == reply.person.id


def _undo_last_change(
    uow: UnitOfWork, reply: TicketReply, letter_checkpoint: int | None, *, was_pending: bool = False
) -> Fate:
    ticket = reply.ticket
    try:
        changes, checkpoint = undo(
            uow, ticket, reply.person, letter_checkpoint=letter_checkpoint, was_pending=was_pending
        )
    except NotAllowed as error:
        fate = _post_if_any_text(uow, reply, comment=True)
        heading = f"Nothing was taken back on ticket {ticket.id}. {error}"
        receipts.send_refusal(uow, _writer(uow, reply), heading, posted=reply.has_text)
        return fate
    notes = ["What else your mail says is kept as a comment."] if reply.has_text else []
    receipts.send_receipt(uow, _writer(uow, reply), changes, notes, checkpoint=checkpoint)
    # What else the mail says must not change the status that was just brought back.
    return _post_if_any_text(uow, reply, comment=True)


def _command(uow: UnitOfWork, reply: TicketReply, named: Sequence[str]) -> Fate | None:
    """Carry out the mail's commands, or what its yes answers; let them wait, with `named`, if it is not believed.

    None where the mail has words alone.
    """
    letter = pending_commands.pending_letter(uow, reply.thread, reply.person.id) if reply.believed else None
    if letter is not None and not reply.lines:
        return _answer(uow, reply, letter)
    if not reply.believed and (reply.lines or named):
        fate = _post_if_any_text(uow, reply) if reply.lines else _post_text(uow, reply)
        pending_commands.hold_for_confirmation(
            uow, _writer(uow, reply), [*(line.written for line in reply.lines), *named]
        )
        return fate
    return _execute_commands(uow, reply, command_execution.allowed_to(reply.member), letter) if reply.lines else None


def _answer(uow: UnitOfWork, reply: TicketReply, letter: Letter) -> Fate:
    """Carry out what a letter asked about, drop it, or keep a private note (docs/interface.md, section 6)."""
    text, name = reply.new_message.text, reply.member.label
    yes, no = confirmations.is_yes(text, name), confirmations.is_no(text, name)
    waits = pending_commands.is_pending(uow, letter)
    if not (yes or no) or any(not attachment.decorates for attachment in reply.new_message.attachments):
        fate = _post_if_any_text(uow, reply._replace(thread=reply.thread._replace(private=True)))
        if waits:
            pending_commands.remind_of_pending(uow, _writer(uow, reply), letter)
        return fate
    if yes and waits:
        _execute_pending(uow, _without_words(reply), letter)
        return Fate.STEERED
    why = "as you said no, the lines wait no more" if waits else f"the lines that you answer {_lapse_reason(letter)}"
    pending_commands.take_pending(uow, letter)
    receipts.send_refusal(uow, _writer(uow, reply), f"Nothing changed on ticket {reply.ticket.id}: {why}.", posted=None)
    return Fate.STEERED


def _lapse_reason(letter: Letter) -> str:
    return "have waited for more than a week" if letter.commands else "were carried out or dropped before"


def _without_words(reply: TicketReply) -> TicketReply:
    return reply._replace(new_message=replace(reply.new_message, text="", full_text="", attachments=()))


def _execute_pending(uow: UnitOfWork, reply: TicketReply, letter: Letter) -> None:
    """Carry out what waited for this yes."""
    written = pending_commands.take_pending(uow, letter)
    if reply.member.requestor:
        reply = reply._replace(members=contents.confirm_participants(uow, reply.ticket, reply.members))
    if written == commands.UNDO:
        _undo_last_change(uow, reply, letter.checkpoint, was_pending=True)
    elif written == commands.LEAVE and contents.may_unsubscribe(reply.member):
        _unsubscribe(uow, reply)
    elif written == commands.LEAVE:
        why = "only who was copied in can leave a ticket, and you are not now"
        receipts.send_refusal(
            uow, _writer(uow, reply), f"Nothing changed on ticket {reply.ticket.id}: {why}.", posted=None
        )
    else:
        # Its writer may let in by a yes whom they may let in by Cc.
        by_cc = [commands.ADD_CC] if contents.may_add_by_cc(reply.ticket.queue, reply.member) else []
        allowed = (*command_execution.allowed_to(reply.member), *by_cc)
        _execute_commands(uow, reply._replace(lines=commands.lines_of(written)), allowed)


def _execute_commands(
    uow: UnitOfWork, reply: TicketReply, allowed: Sequence[Command], letter: Letter | None = None
) -> Fate:
    """Carry out the lines of a believed mail. What waited in the `letter` that it answers goes on waiting."""
    command_mail = CommandMail(
        reply.person, reply.member, reply.lines, reply.new_message, reply.has_text, allowed, reply.private
    )
    try:
        result = command_execution.execute_commands(uow, reply.ticket, command_mail)
    except CommandsRefused as refused:
        fate = _post_if_any_text(uow, reply)
        receipts.send_command_refusal(uow, _writer(uow, reply), refused.problems, posted=reply.has_text)
        return fate
    if result.message is not None and not result.message.private:
        _with_confirmed(uow, reply)
    command_execution.notify_of_commands(
        uow, result, command_mail, _still_waiting(uow, reply, letter) if letter else []
    )
    return Fate.POSTED if reply.has_text else Fate.STEERED


def _still_waiting(uow: UnitOfWork, reply: TicketReply, letter: Letter) -> list[str]:
    waits = pending_commands.keep_pending(uow, letter, reply.lines) if pending_commands.is_pending(uow, letter) else []
    listed = "\n".join(f"    {line}" for line in waits)
    return [f'These lines still wait for a "yes" to our earlier letter:\n{listed}'] if waits else []
