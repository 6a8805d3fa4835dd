"""The words of a mail, posted on its ticket; and who takes part from then on."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ....mail.addresses import mailboxes
from ...letters import offers
from ...lifecycle import commands
from ...lifecycle.commands import Line
from ...operations import workflow
from ...records.people import find_person
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...tickets.members import members_of
from ...tickets.transitions import rule_of_thanks
from .. import asking_letters, writers
from ..delivery import Claim
from ..effects import Effect, is_allowed
from ..finding.threads import answered_outsider
from ..inbound_mail import Fate
from ..outcome import MailOutcome
from .ticket_reply import TicketReply


def post(uow: UnitOfWork, reply: TicketReply, *, comment: bool = False, quiet: bool = False) -> MailOutcome:
    """Post the words: the default action, or a comment. `quiet`: nobody gets a letter of them."""
    lifecycle, about, private = reply.ticket.lifecycle, reply.about, reply.private
    default_reply, default = lifecycle.default_reply(about.status, about.roles.role), not (private or comment)
    lets_in = default and may_confirm(reply)
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
        rule=rule_of_thanks(default_reply, reply.new_message, reply.members) if default else None,
        let_in=reply.let_in,
    )
    return MailOutcome(Fate.POSTED, reply.ticket, (confirm(uow, event) if lets_in else event,))


def post_if_any(uow: UnitOfWork, reply: TicketReply, *, comment: bool = False) -> MailOutcome:
    """Post the words if there are any."""
    return post(uow, reply, comment=comment) if reply.has_text else MailOutcome(Fate.STEERED, reply.ticket)


def post_held(uow: UnitOfWork, reply: TicketReply, waiting: Sequence[str], *, repeats: bool) -> MailOutcome:
    """Keep public words as a private message that nobody gets, and ask their writer about them."""
    about, new_message = replace(reply.about, comment=True), replace(reply.new_message, held=True)
    outcome = post(uow, reply._replace(about=about, new_message=new_message), quiet=True)
    offer = offers.of_slip(uow, outcome.events[-1], repeats=repeats)
    if not waiting:
        return outcome._replace(offer=offer)
    return outcome._replace(offer=offer, answer=partial(asking_letters.hold_for_confirmation, lines=waiting))


def post_unproven(uow: UnitOfWork, reply: TicketReply, waiting: Sequence[str], *, commanded: bool) -> MailOutcome:
    """Post the words of a mail whose lines wait for a yes; `commanded`: they were taken out of its words."""
    outcome = post_if_any(uow, reply) if commanded else post(uow, reply)
    return outcome._replace(answer=partial(asking_letters.hold_for_confirmation, lines=waiting))


def add_participants(uow: UnitOfWork, claim: Claim, reply: TicketReply) -> TicketReply:
    """Let in whom the mail names in To and Cc, if it may."""
    if Effect.LET_IN not in reply.permission.now:
        return reply
    people = writers.people_named_in(uow, claim.inbound_mail.parsed, reply.person)
    let_in = writers.add_participants(uow, reply.ticket, people, reply.members)
    return reply._replace(members=members_of(uow, reply.ticket), let_in=let_in) if let_in.changes else reply


def may_confirm(reply: TicketReply) -> bool:
    """Whether a mail lets those in who wait: by the requestor's words, or a responder's answer to who named them."""
    if not any(member.pending for member in reply.members):
        return False
    return is_allowed(Effect.CONFIRM, replace(reply.about, status=reply.ticket.status))


def confirm(uow: UnitOfWork, event: Event) -> Event:
    """Let those in who wait; they get the letters of this event, and `undo` takes them back with it."""
    return workflow.with_let_in(uow, event, writers.confirm_participants(uow, event.ticket, event.members))


def lets_in_answered(uow: UnitOfWork, reply: TicketReply, lines: Sequence[Line]) -> bool:
    """Whether lines let in the writer of the comment that a mail answers: letting in and writing are one wish."""
    named = [mailbox.email for line in lines if line.command is commands.ADD_CC for mailbox in mailboxes(line.value)]
    outsider = answered_outsider(uow, reply.thread, reply.members) if named else None
    people = [find_person(uow, email) for email in named] if outsider else []
    return outsider is not None and any(person is not None and person.id == outsider.person_id for person in people)
