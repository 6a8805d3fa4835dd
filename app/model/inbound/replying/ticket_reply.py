"""A mail on its ticket as it is identified: who wrote it, who else is there, what it may cause, and its words."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import select

from ....mail.addresses import Mailbox
from ....mail.parsed import ParsedMail
from ....mail.text import fold_words
from ...lifecycle import commands, slips
from ...records.messages import Message
from ...records.people import Person
from ...records.queues import answers_anywhere
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets import loop_protection
from ...tickets.members import TicketMember, as_in_queue, as_outsider, member_for, members_of
from ...tickets.posts import NewMessage
from ...tickets.undo import NOBODY_LET_IN, LetIn, latest_checkpoint
from .. import attached_letters, pending_commands, sender_proof, writers
from ..delivery import Claim
from ..effects import Effect, Permission, Situation, permitted
from ..interpretation import says_something
from ..sender_proof import Proof
from ..threads import KnownReference, ThreadMatch


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


def identify(
    uow: UnitOfWork, claim: Claim, thread: ThreadMatch, sender: Mailbox, known: Sequence[KnownReference]
) -> TicketReply:
    """Make the writer known, and gather what decides about the mail."""
    ticket, inbound_mail, parsed = thread.ticket, claim.inbound_mail, claim.parsed
    person = writers.identify_author(uow, sender, inbound_mail, known=False)
    members = members_of(uow, ticket)
    about = _situation(uow, claim, thread, person, members, known)
    permission = permitted(about)
    if about.verified:
        sender_proof.use_signature(uow, inbound_mail, person, ticket.id)
    if Effect.LET_IN in permission.on_yes:
        named = writers.mailboxes_to_add(uow, parsed)
        about = replace(about, newly_named=tuple(writers.missing_addresses(uow, members, about.member, named)))
    if Effect.EXPOSE in permission.now:
        attached_letters.mark_exposed(uow, inbound_mail)
    if Effect.MOVE_LETTERS in permission.now and writers.update_letter_address(person, ticket, sender.email):
        members = members_of(uow, ticket)
        about = replace(about, member=writer_on(person, members, relayed=about.relayed))
    new_message = replace(writers.draft_of(uow, claim, thread), verified=about.verified, believed=about.believed)
    return TicketReply(thread, ticket, person, members, about, permission, new_message, writers.quotable_lines(known))


def _situation(
    uow: UnitOfWork,
    claim: Claim,
    thread: ThreadMatch,
    person: Person,
    members: Sequence[TicketMember],
    known: Sequence[KnownReference],
) -> Situation:
    """What decides about a mail on its ticket."""
    ticket, inbound_mail, parsed = thread.ticket, claim.inbound_mail, claim.parsed
    lifecycle = ticket.lifecycle
    machine, member = parsed.automatic is not None, writer_on(person, members, relayed=inbound_mail.relayed)
    proof = Proof.NONE
    if not machine:
        came_before = claim.came_before
        proof = sender_proof.proof_of(uow, inbound_mail, person, known, came_before=came_before, ticket=ticket.id)
    verified = proof is not Proof.NONE
    taken = loop_protection.effective_member(uow, ticket, member, verified=verified)
    # Others need not be asked for: a responder and the requestor may take back what anybody has done.
    undoes = not (member.responder or member.requestor) and commands.UNDO in parsed.text.lower()
    letter = thread.letter
    own_letter = letter is not None and letter.reader == person.id
    told = undoes and own_letter and letter is not None and letter.checkpoint is not None
    return Situation(
        lifecycle=lifecycle,
        status=ticket.status,
        member=as_in_queue(member, ticket.queue),
        roles=taken.roles_in(lifecycle, machine=machine),
        verified=verified,
        believed=not machine and sender_proof.is_believed(uow, inbound_mail, verified=verified),
        words_alone=proof is Proof.WORDS,
        automatic=machine,
        spam=parsed.spam,
        authors=parsed.authors,
        relayed=inbound_mail.relayed,
        comment=thread.private,
        letter=letter.kind if letter else None,
        own_letter=own_letter,
        offers=frozenset((letter.offers or "").split() if letter else ()),
        redirected=thread.redirected,
        waits=_is_waited_for(uow, parsed, member),
        notes=private_texts(uow, ticket) if member.responder and not (machine or thread.private) else frozenset(),
        told_of_change=told and answers_anywhere(uow, person),
        caused_last=undoes and _caused_last_change(uow, ticket, person),
        asks_in=writers.may_add_by_cc(ticket.queue, member),
        known=member.known,
    )


def writer_on(person: Person, members: Sequence[TicketMember], *, relayed: bool) -> TicketMember:
    """What the writer of a mail is on the ticket; `relayed`: no more than an outsider could be."""
    member = member_for(person, members)
    return as_outsider(member) if relayed else member


def _caused_last_change(uow: UnitOfWork, ticket: Ticket, person: Person) -> bool:
    found = latest_checkpoint(uow, ticket)
    return found is not None and found.by_id == person.id


def _is_waited_for(uow: UnitOfWork, parsed: ParsedMail, member: TicketMember) -> bool:
    """Whether a responder's mail that answers nothing may be a word for which something waits."""
    word = slips.may_answer(parsed.text) and member.responder and not parsed.in_reply_to
    return word and pending_commands.is_waiting_for(uow, member.person_id)


def private_texts(uow: UnitOfWork, ticket: Ticket) -> frozenset[str]:
    """Return what the private notes of a ticket say, folded."""
    if not ticket.has_private:
        return frozenset()
    private = select(Message.text).where(Message.ticket_id == ticket.id, Message.private, ~Message.held)
    return frozenset(map(fold_words, uow.session.scalars(private))) - {""}
