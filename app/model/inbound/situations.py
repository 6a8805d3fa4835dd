"""What decides about a mail: gathered from its headers, from what proves its writer, and from where it came to."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from ...mail.parsed import ParsedMail
from ...mail.text import fold_words
from ..letters.promises import stored_promise
from ..lifecycle import commands, slips
from ..lifecycle.roles import ActorRoles
from ..records.messages import Message
from ..records.people import Person
from ..records.queues import Queue, answers_anywhere
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, as_in_queue, as_outsider, member_for, off_ticket
from ..tickets.redaction import Redaction
from ..tickets.storms.effective_member import effective_member
from ..tickets.undo import latest_checkpoint
from . import pending_commands, writers
from .delivery import Claim
from .effects import Situation
from .finding.references import KnownReference
from .finding.threads import ThreadMatch
from .sender_proof import Proof, is_believed, proof_of


def situation_on_ticket(
    uow: UnitOfWork, claim: Claim, thread: ThreadMatch, person: Person, members: Sequence[TicketMember]
) -> Situation:
    """Return what decides about a mail on its ticket."""
    ticket, letter, parsed = thread.ticket, thread.letter, claim.inbound_mail.parsed
    proof = proof_of(uow, claim.inbound_mail, person, came_before=claim.came_before, ticket=ticket.id)
    member = writer_on(person, members, relayed=claim.inbound_mail.relayed)
    actor = effective_member(uow, ticket, member, verified=proof is not Proof.NONE)
    roles = actor.roles_in(ticket.lifecycle, machine=parsed.automatic is not None)
    own_letter = letter is not None and letter.reader == person.id
    # Others need not be asked for: a responder and the requestor may take back what anybody has done.
    undoes = not (member.responder or member.requestor) and commands.UNDO in parsed.text.lower()
    about_change = undoes and own_letter and letter is not None and letter.checkpoint is not None
    about = _situation(uow, claim, ticket.queue, member, roles, proof)
    reads_notes = member.responder and not (about.automatic or thread.private)
    return replace(
        about,
        status=ticket.status,
        member=as_in_queue(member, ticket.queue),
        comment=thread.private,
        redirected=thread.redirected,
        letter=letter.kind if letter else None,
        own_letter=own_letter,
        offers=frozenset((letter.offers or "").split() if letter else ()),
        waits=_is_waited_for(uow, parsed, member),
        notes=private_texts(uow, ticket) if reads_notes else frozenset(),
        told_of_change=about_change and answers_anywhere(uow, person),
        names_waiting=own_letter and letter is not None and _names_waiting(letter, members),
        caused_last=undoes and _caused_last_change(uow, ticket, person),
        known=member.known,
    )


def situation_in_queue(uow: UnitOfWork, claim: Claim, queue: Queue, person: Person, *, private: bool) -> Situation:
    """Return what decides about a mail that opens a ticket; `private`: it came to an address for comments."""
    member = off_ticket(person.id, person, answers=queue.is_answered_by(uow, person))
    member = as_outsider(member) if claim.inbound_mail.relayed else member
    roles = member.roles_in(queue.lifecycle, machine=claim.inbound_mail.parsed.automatic is not None)
    proof = proof_of(uow, claim.inbound_mail, person, came_before=claim.came_before)
    return replace(_situation(uow, claim, queue, member, roles, proof), opens=True, comment=private)


def _situation(
    uow: UnitOfWork, claim: Claim, queue: Queue, member: TicketMember, roles: ActorRoles, proof: Proof
) -> Situation:
    """Return what decides about a mail wherever it came to."""
    inbound_mail, parsed, verified = claim.inbound_mail, claim.inbound_mail.parsed, proof is not Proof.NONE
    return Situation(
        lifecycle=queue.lifecycle,
        status=queue.lifecycle.first,
        member=member,
        roles=roles,
        verified=verified,
        believed=is_believed(uow, inbound_mail, verified=verified),
        words_alone=proof is Proof.WORDS,
        automatic=parsed.automatic is not None,
        spam=parsed.spam,
        authors=parsed.authors,
        relayed=inbound_mail.relayed,
        asks_in=writers.may_add_by_cc(queue, member),
    )


def _names_waiting(letter: KnownReference, members: Sequence[TicketMember]) -> bool:
    """Whether the footer of a letter names all who wait to be let in; a letter of a ticket that was merged may not."""
    if letter.promise is None:
        return False
    made = stored_promise(letter.promise)
    return {member.person_id for member in members if member.pending} <= {*made.named, *made.others}


def writer_on(person: Person, members: Sequence[TicketMember], *, relayed: bool) -> TicketMember:
    """Return what the writer of a mail is on the ticket; `relayed`: no more than an outsider could be."""
    member = member_for(person, members)
    return as_outsider(member) if relayed else member


def _caused_last_change(uow: UnitOfWork, ticket: Ticket, person: Person) -> bool:
    checkpoint = latest_checkpoint(uow, ticket)
    return checkpoint is not None and checkpoint.by_id == person.id


def _is_waited_for(uow: UnitOfWork, parsed: ParsedMail, member: TicketMember) -> bool:
    """Whether a responder's mail that answers nothing may be a word for which something waits."""
    word = member.responder and not parsed.in_reply_to and slips.may_answer(parsed.text)
    return word and pending_commands.is_waiting_for(uow, member.person_id)


def private_texts(uow: UnitOfWork, ticket: Ticket) -> frozenset[str]:
    """Return what the private notes of a ticket's team say, folded. Strangers' comments are private, and no notes."""
    if not ticket.has_private:
        return frozenset()
    team = Message.sender_id.in_(Redaction(uow, ticket).insiders - {None})
    private = select(Message.text).where(Message.ticket_id == ticket.id, Message.private, ~Message.held, team)
    return frozenset(map(fold_words, uow.session.scalars(private))) - {""}
