"""What a mail does on the ticket that it belongs to: post, command, take back, or ask for a page."""

from dataclasses import replace

from ...storage.unit_of_work import UnitOfWork
from .. import writers
from ..delivery import Claim
from ..effects import Effect
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
from ..outcome import MailOutcome
from ..situations import writer_on
from .own_wishes import answer_page, unsubscribe
from .posting import add_participants, post, post_held, post_unproven
from .reply_commands import perform_commands
from .ticket_reply import TicketReply
from .undoing import undo
from .unknown_address import offer_to_colleague
from .waiting_answers import asking_letter, take_answer


def perform(uow: UnitOfWork, claim: Claim, reply: TicketReply, wish: Wish) -> MailOutcome:
    """Do what a mail wants, and notify nobody."""
    if isinstance(wish, Unsubscribe):
        return unsubscribe(uow, reply)
    reply = reply._replace(new_message=wish.new_message)
    if isinstance(wish, PageRequest):
        return answer_page(uow, reply, wish.page)
    if Effect.SUBSCRIBE in reply.permission.now:
        members = writers.subscribe(uow, reply.ticket, reply.member, reply.members)
        about = replace(reply.about, member=writer_on(reply.person, members, relayed=reply.about.relayed))
        reply = reply._replace(members=members, about=about)
    match wish:
        case Undo():
            return undo(uow, reply)
        case Confirmation() | SendOrDrop() | OtherWords():
            return take_answer(uow, reply, wish)
        case Slip(repeats, _, waiting):
            return post_held(uow, reply, waiting, repeats=repeats)
        case Unproven(waiting, _, commanded):
            return post_unproven(uow, reply, waiting, commanded=commanded)
        case Commands(lines):
            reply = add_participants(uow, claim, reply)
            return perform_commands(uow, reply, lines, reply.about.commands, asking_letter(uow, reply))
        case Text():
            reply = add_participants(uow, claim, reply)
            return offer_to_colleague(uow, reply, post(uow, reply))
