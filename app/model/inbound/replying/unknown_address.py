"""An answer to a colleague's letter that came from an address which we do not know: its words are offered to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ....mail.parsed import ParsedAttachment
from ...letters import receipts
from ...letters.receipt_letters import ReceiptRecipient
from ...lifecycle import commands
from ...lifecycle.commands import Line
from ...records.letters import Letter
from ...records.message_ids import new_message_id
from ...records.messages import Message
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import TicketMember
from ...tickets.posts import NewMessage
from ...tickets.storms import loop_protection
from .. import asking_letters
from ..effects import Situation, permitted
from ..interpretation import Commands, Text, interpret
from ..outcome import MailOutcome
from .ticket_reply import TicketReply


class OfferedMail(NamedTuple):
    """What somebody has said yes to: the commands of a mail from an address that we do not know, and its words."""

    lines: Sequence[Line]
    new_message: NewMessage


def offer_to_colleague(uow: UnitOfWork, reply: TicketReply, outcome: MailOutcome) -> MailOutcome:
    """Offer the words of a mail to a colleague whose letter it answers, and tell its address that we do not know it."""
    colleague = _unknown_colleague(reply)
    [event] = outcome.events
    if colleague is None or event.message is None or event.new_message is None:
        return outcome
    if loop_protection.storm_on(uow, event.message, event.actor, event.members).held:
        # Programs that answer each other may do so from ever new addresses.
        return outcome
    offered = not colleague.undeliverable and _is_for_people(reply, colleague)
    if offered:
        to = ReceiptRecipient(event.ticket, colleague, event.members, replace(event.new_message, verified=False))
        # As theirs, too, what came to the address for comments is a private comment.
        word = commands.POST_PRIVATE if reply.about.comment else commands.POST
        offered = asking_letters.send_words_offer(uow, to, event.message, word)
    # Where the offer has all of it, they get no other letter of it.
    event = replace(event, informed=frozenset([colleague.person_id]) if offered else frozenset())
    return outcome._replace(events=(event,), answer=receipts.send_unknown_address)


def _unknown_colleague(reply: TicketReply) -> TicketMember | None:
    """Return who got the letter that a mail from an unknown address answers, if that is one of the team."""
    letter, about = reply.thread.letter, reply.about
    unknown = not (reply.member.known or reply.member.on_ticket or reply.member.responder)
    if letter is None or letter.reader is None or not unknown or not about.personal:
        return None
    return next((member for member in reply.members if member.person_id == letter.reader and member.responder), None)


def _is_for_people(reply: TicketReply, colleague: TicketMember) -> bool:
    """Return whether a mail would say or change something as a colleague's own, and is no word for the tracker alone.

    `help`, `undo`, and what would be held as a slip stay private notes.
    """
    lifecycle = reply.about.lifecycle
    own = Situation(
        lifecycle,
        reply.about.status,
        colleague,
        colleague.roles_in(lifecycle),
        verified=True,
        believed=True,
        comment=reply.about.comment,
    )
    wish = interpret(own, permitted(own), reply.new_message, reply.quotable)
    return isinstance(wish, Text | Commands)


def offered_mail(uow: UnitOfWork, letter: Letter, own: NewMessage) -> OfferedMail | None:
    """Return what a letter offers its reader to do as theirs; None if it is gone. `own` is the mail that says yes.

    The commands are those among the words that the letter shows: quoted lines can look like commands, too.
    """
    message = uow.session.get(Message, letter.about_id)
    if message is None:
        return None
    text, full = commands.read(message.text), commands.read(message.full_text)
    attachments = [
        ParsedAttachment(file.name, file.type, file.size, file.start, file.stop, file.encoding, withheld=file.withheld)
        for file in message.attachments
    ]
    new_message = replace(
        own,
        text=text.rest,
        full_text=full.rest,
        message_id=new_message_id(uow),
        mail_id=message.mail_id,
        attachments=attachments,
    )
    return OfferedMail(text.lines, new_message)
