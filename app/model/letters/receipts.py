"""The letters to who wrote: receipts, refusals, and what they can do with a message of theirs."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select

from ...mail.auto_submitted import reads_no_answer
from ...mail.text import SHOWN_LIMIT, one_line, printable
from ..lifecycle.commands import ADD_CC, DEL_CC, STATUS, Line
from ..lifecycle.tables import PRIVATE_NOTE
from ..records.addressing import ticket_address
from ..records.letters import Letter
from ..records.message_ids import sendable
from ..records.tickets import MERGED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember
from ..tickets.posts import NewMessage
from ..tickets.transitions import has_answer, reachable_statuses
from ..tickets.undo import FieldChange
from ..tickets.unread import note_of_unread
from ..wording import Phrase, Sentence, say
from .change_lines import addresses_in, change_lines
from .footer import Footer, has_team, undo_offer, what_a_reply_does
from .letter_rows import wording_of
from .letter_subjects import Subjects, named_in
from .receipt_letters import ReceiptKind, ReceiptRecipient, write_receipt


def send_receipt(
    uow: UnitOfWork,
    to: ReceiptRecipient,
    changes: Sequence[FieldChange],
    notes: Sequence[Sentence] = (),
    *,
    checkpoint: int | None = None,
    undone: bool = False,
) -> None:
    """Tell who commanded what came of it, and how to undo it; they are addressed as what they are after it."""
    name = "notes.undone_by_you" if undone else "notes.changed_by_you" if changes else "notes.nothing_changed"
    heading = say(name, number=to.ticket.id, address=ticket_address(uow, to.ticket.id))
    lines = change_lines(uow, changes)
    merged = [say("notes.merge_is_final")] if any(field == MERGED for field, _, _ in changes) else []
    undo = undo_offer(changes) if checkpoint is not None else None
    shows = named_in(addresses_in(changes), to.members)
    write_receipt(
        uow, to, ReceiptKind.RECEIPT, heading, lines, [*notes, *merged], undo=undo, shows=shows, checkpoint=checkpoint
    )


def of_commands(uow: UnitOfWork, to: ReceiptRecipient, event: Event, notes: Sequence[Sentence] = ()) -> None:
    """Tell who commanded what came of it."""
    notes = [*notes, *note_of_unread(uow, event.ticket, event.changes, event.members)]
    send_receipt(uow, to, event.all_changes, notes, checkpoint=event.checkpoint)


def send_opening_receipt(
    uow: UnitOfWork, to: ReceiptRecipient, changes: Sequence[FieldChange], notes: Sequence[Sentence] = ()
) -> None:
    """Tell a responder which ticket their mail has opened, and how to be rid of it."""
    ticket, spam = to.ticket, to.ticket.lifecycle.spam
    address = ticket_address(uow, ticket.id)
    heading = say("notes.opened_by_you", number=ticket.id, queue=ticket.queue.name, address=address)
    lines = change_lines(uow, changes)
    rid = say("notes.not_you", line=STATUS.line(spam))
    paragraphs = [*notes, *_ways_back(to.member, changes), *([rid] if _may_reject(uow, ticket, to.member) else [])]
    shows = named_in(addresses_in(changes), to.members)
    write_receipt(uow, to, ReceiptKind.RECEIPT, heading, lines, paragraphs, shows=shows)


def _may_reject(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> bool:
    """Return whether a line of somebody's can make a ticket what a server calls spam."""
    life, commands = ticket.lifecycle, member.responder or member.requestor
    roles = member.roles_in(life)
    return commands and life.spam in reachable_statuses(life, roles, ticket.status, answered=has_answer(uow, ticket))


def lines_of_missed(ticket: Ticket, missed: TicketMember, members: Sequence[TicketMember]) -> list[Sentence]:
    """Say that somebody who is not on the ticket did not get the answer to their comment, and how to write to them."""
    return [
        say("notes.missed", name=missed.label, queue=ticket.queue.name)
        if has_team(members)
        else say("notes.missed_by_all", name=missed.label),
        say("notes.let_in_missed", name=missed.label, line=ADD_CC.line(missed.email)),
    ]


def _ways_back(member: TicketMember, changes: Sequence[FieldChange]) -> list[Sentence]:
    """How to take back who was let in or out, where `undo` is not offered, for whoever may do that."""
    people = [change for change in changes if change[0] == "participant" and member.responder]
    lines = [ADD_CC.line(old) if old else DEL_CC.line(new or "") for _, old, new in people]
    return [say("notes.undo_people", lines=lines)] if lines else []


def send_unsubscribed_receipt(uow: UnitOfWork, to: ReceiptRecipient) -> None:
    """Tell somebody once that they get no more letters about a ticket, and how to get them again."""
    ticket = to.ticket
    heading = say("notes.unsubscribed", number=ticket.id, title=ticket.title)
    back = say("notes.come_back", address=ticket_address(uow, ticket.id))
    below = what_a_reply_does(uow, ticket, to.member, to.members)
    footing = Footer([*below.lines, say("footer.why_unsubscribed")], below.promise)
    write_receipt(uow, to, ReceiptKind.RECEIPT, heading, (), [back], footing=footing)


def send_notes(uow: UnitOfWork, to: ReceiptRecipient) -> None:
    """Tell somebody what they must know of their mail, where no other letter goes to them."""
    first, *others = to.also
    write_receipt(
        uow, to._replace(also=others), ReceiptKind.RECEIPT, first.text, shows=Subjects(first.people, frozenset())
    )


def send_command_refusal(
    uow: UnitOfWork, to: ReceiptRecipient, problems: Sequence[tuple[Line, Sentence | None]], *, posted: bool
) -> None:
    """Tell who commanded, line by line, what was wrong and what would have been right; the text is repeated."""
    heading = say("notes.lines_refused", number=to.ticket.id)
    wording, fine = wording_of(to.ticket), say("notes.line_is_fine")
    lines = [part for line, problem in problems for part in (line.written, f"    {wording.line(problem or fine)}")]
    write_receipt(uow, to, ReceiptKind.REFUSED, heading, lines, _repeated_text(to.new_message, posted=posted))


def send_refusal(uow: UnitOfWork, to: ReceiptRecipient, heading: Sentence, *, posted: bool | None) -> None:
    """Tell who wrote that something was not done, in a sentence or two.

    The text is repeated, with whether it was `posted`; None: it was a word for the tracker alone.
    """
    write_receipt(
        uow,
        to,
        ReceiptKind.REFUSED,
        heading,
        (),
        [] if posted is None else _repeated_text(to.new_message, posted=posted),
    )


def send_offer(uow: UnitOfWork, to: ReceiptRecipient) -> None:
    """Tell who wrote only what they can do with a message of theirs."""
    if to.offer is not None:
        write_receipt(uow, to, ReceiptKind.OFFER, to.offer.heading)


def send_answer(uow: UnitOfWork, to: ReceiptRecipient, heading: Sentence, event: Event | None = None) -> None:
    """Tell who answered a letter with one of the words that it offers what became of the message.

    `event` is what happened by it: what it changed is told, and how to undo that.
    """
    changes, checkpoint = (event.all_changes, event.checkpoint) if event else ([], None)
    lines, undo = change_lines(uow, changes), undo_offer(changes) if checkpoint is not None else None
    shows = named_in(addresses_in(changes), to.members)
    write_receipt(uow, to, ReceiptKind.RECEIPT, heading, lines, undo=undo, shows=shows, checkpoint=checkpoint)


def _repeated_text(new_message: NewMessage, *, posted: bool) -> list[Sentence | str]:
    text = printable(new_message.text)[:SHOWN_LIMIT].rstrip()
    return [say("notes.posted_without_lines" if posted else "notes.not_posted"), text] if text else []


# An address that nobody has is told so this often.
_UNKNOWN_EVERY = timedelta(days=1)
_FOOTING = (
    say("footer.unknown_address_reply", does=Phrase(PRIVATE_NOTE)),
    say("footer.why_unknown_address"),
)


def send_unknown_address(uow: UnitOfWork, to: ReceiptRecipient) -> None:
    """Tell an address once a day that only the team gets what comes from it, and nothing of the ticket.

    One ticket tells one such address a day: a program that answers our letters may do so from ever new addresses.
    """
    member, own = to.member, to.new_message
    recent = select(Letter.id).where(
        or_(Letter.person_id == member.person_id, Letter.ticket_id == to.ticket.id),
        Letter.kind == ReceiptKind.UNKNOWN,
        Letter.created > uow.now - _UNKNOWN_EVERY,
    )
    if member.undeliverable or own.listed or reads_no_answer(member.email) or uow.session.scalar(recent.limit(1)):
        return
    threads = own.message_id if sendable(own.message_id) else None
    write_receipt(
        uow,
        to,
        ReceiptKind.UNKNOWN,
        say("notes.unknown_address"),
        footing=Footer(_FOOTING, None),
        subject=one_line(own.subject or wording_of(to.ticket).line(say("notes.your_email"))),
        in_reply_to=threads,
        references=threads,
    )
