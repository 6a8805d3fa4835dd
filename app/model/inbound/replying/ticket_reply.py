"""A mail on its ticket as it is identified: who wrote it, who else is there, what it may cause, and its words."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...records.people import Person
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import TicketMember, members_of
from ...tickets.posts import NewMessage
from ...tickets.undo import NOBODY_LET_IN, LetIn
from .. import attached_letters, sender_proof, writers
from ..delivery import Claim
from ..effects import Effect, Permission, Situation, permitted
from ..finding.threads import ThreadMatch
from ..interpretation import says_something
from ..situations import situation_on_ticket, writer_on


class TicketReply(NamedTuple):
    """One mail on its ticket: who wrote it, who else is there, what it may cause, and its words.

    `quotable` are the lines of the letter of ours that it answers, `let_in` those who came to the ticket by it.
    """

    thread: ThreadMatch
    ticket: Ticket
    person: Person
    members: Sequence[TicketMember]
    about: Situation
    permission: Permission
    new_message: NewMessage
    quotable: Collection[str]
    let_in: LetIn = NOBODY_LET_IN

    @property
    def member(self) -> TicketMember:
        """What its writer is on the ticket."""
        return self.about.member

    @property
    def private(self) -> bool:
        """Whether only responders will read it."""
        return self.about.private

    @property
    def has_text(self) -> bool:
        """Whether it has words, or files that are no mere decoration."""
        return says_something(self.new_message)


def identify(uow: UnitOfWork, claim: Claim, thread: ThreadMatch) -> TicketReply:
    """Make the writer known, and gather what decides about the mail."""
    ticket, inbound_mail = thread.ticket, claim.inbound_mail
    person = writers.identify_author(uow, inbound_mail, known=False)
    members = members_of(uow, ticket)
    about = situation_on_ticket(uow, claim, thread, person, members)
    permission = permitted(about)
    if about.verified:
        sender_proof.use_signature(uow, inbound_mail, person, ticket.id)
    if Effect.LET_IN in permission.on_yes:
        named = writers.mailboxes_to_add(uow, claim.inbound_mail.parsed)
        about = replace(about, newly_named=tuple(writers.missing_addresses(uow, members, about.member, named)))
    if Effect.EXPOSE in permission.now:
        attached_letters.mark_exposed(uow, inbound_mail)
    if Effect.MOVE_LETTERS in permission.now and writers.update_letter_address(person, ticket, inbound_mail):
        members = members_of(uow, ticket)
        about = replace(about, member=writer_on(person, members, relayed=about.relayed))
    new_message = replace(writers.draft_of(uow, claim, thread), verified=about.verified, believed=about.believed)
    quotable = writers.quotable_lines(inbound_mail)
    return TicketReply(thread, ticket, person, members, about, permission, new_message, quotable)
