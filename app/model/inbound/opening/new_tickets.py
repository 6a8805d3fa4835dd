"""What a first mail does: it opens a ticket, and carries out the commands of somebody on the team."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ...letters import receipts
from ...operations import new_ticket
from ...operations.commands import execution
from ...operations.commands.command_mail import CommandMail, CommandsRefused, allowed_to
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...tickets.members import member_for
from ...wording import Sentence
from .. import asking_letters, writers
from ..delivery import Claim
from ..effects import Effect
from ..inbound_mail import Fate
from ..outcome import Answer, MailOutcome
from .first_mail import FirstMail, offer_of


def perform(uow: UnitOfWork, claim: Claim, first_mail: FirstMail) -> MailOutcome:
    """Open a ticket, carry out the commands of a responder's mail, and notify nobody."""
    parsed, private = claim.inbound_mail.parsed, first_mail.about.comment
    named = Effect.NAME in first_mail.permission.now
    event = new_ticket.make_ticket(
        uow,
        first_mail.queue,
        first_mail.person,
        first_mail.new_message,
        private=private,
        asked_in=writers.people_named_in(uow, parsed, first_mail.person) if named else [],
        spam=parsed.spam,
        asked=first_mail.asked,
    )
    event = replace(event, elsewhere=first_mail.elsewhere)
    ticket = event.ticket
    if parsed.spam or parsed.automatic or not first_mail.about.member.responder:
        return MailOutcome(Fate.OPENED, ticket, (event,))
    if not first_mail.lines:
        return MailOutcome(Fate.OPENED, ticket, (event,), _receipt(event, offer_of(first_mail.original)))
    if Effect.COMMAND in first_mail.permission.now:
        return _command(uow, event, first_mail)
    written = [line.written for line in first_mail.lines]
    return MailOutcome(
        Fate.OPENED,
        ticket,
        (event,),
        partial(asking_letters.hold_for_confirmation, lines=written, opened=True),
    )


def _receipt(event: Event, notes: Sequence[Sentence]) -> Answer:
    """Tell a responder which ticket their mail has opened, and what its commands did."""
    changes = event.all_changes
    return partial(receipts.send_opening_receipt, changes=changes, notes=notes)


def _command(uow: UnitOfWork, opening: Event, first_mail: FirstMail) -> MailOutcome:
    """Carry out the commands of a first mail; where not all can be, the ticket is open all the same."""
    ticket, members = opening.ticket, opening.members
    allowed = allowed_to(member_for(first_mail.person, members))
    private = first_mail.about.comment
    command_mail = CommandMail(
        first_mail.person, members, first_mail.lines, first_mail.new_message, True, allowed, private, opening.message
    )
    try:
        event = execution.execute_commands(uow, ticket, command_mail)
    except CommandsRefused as refused:
        return MailOutcome(
            Fate.OPENED,
            ticket,
            (opening,),
            partial(receipts.send_command_refusal, problems=refused.problems, posted=True),
        )
    if not event.opened:
        return MailOutcome(Fate.OPENED, ticket, (event,), partial(receipts.of_commands, event=event))
    given = any(field == "requestor" for field, _, _ in event.changes)
    return MailOutcome(Fate.OPENED, ticket, (event,), _receipt(event, [] if given else offer_of(first_mail.original)))
