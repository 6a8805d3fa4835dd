"""The letters to who wrote: receipts, refusals, and pages that were asked for."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from ...mail.addresses import mailable
from ...mail.text import SHOWN_LIMIT, one_line, shown
from ..lifecycle.commands import ADD_CC, DEL_CC, STATUS, Line
from ..records.addressing import comment_address, ticket_address
from ..records.message_ids import sendable
from ..records.tickets import MERGED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets import loop_protection
from ..tickets.events import Event
from ..tickets.members import TicketMember
from ..tickets.posts import NewMessage
from ..tickets.undo import FieldChange
from ..tickets.unread import note_of_unread
from .footer import footer
from .notification import change_line, leave_token, letter_row, list_id
from .subjects import NOTHING_MORE, Subjects, add_letters, named_in
from .templates import render


class ReceiptKind(StrEnum):
    """What such a letter is."""

    RECEIPT = "receipt"
    REFUSED = "refused"
    WAITING = "waiting"
    PAGE = "page"


class ReceiptRecipient(NamedTuple):
    """Who is written to: what they are on which ticket, who else is on it, and what their mail says.

    `private`: their mail was, and so is what they answer to the letter. `also`: what else they are told.
    `about_id`: the message that a reply to the letter answers.
    """

    ticket: Ticket
    member: TicketMember
    members: Sequence[TicketMember]
    new_message: NewMessage
    private: bool = False
    also: Sequence[str] = ()
    about_id: int | None = None


def send_receipt(
    uow: UnitOfWork,
    to: ReceiptRecipient,
    changes: Sequence[FieldChange],
    notes: Sequence[str] = (),
    *,
    checkpoint: int | None = None,
) -> None:
    """Tell who commanded what came of it, and how to take it back."""
    heading = f"Your mail changed ticket {to.ticket.id}; its address is {ticket_address(uow, to.ticket.id)}."
    lines = [change_line(change) for change in changes] or ["Nothing changed: it was so before."]
    merged = ["A merge cannot be taken back."] if any(field == MERGED for field, _, _ in changes) else []
    write_receipt(uow, to, ReceiptKind.RECEIPT, heading, lines, [*notes, *merged], checkpoint=checkpoint)


def of_commands(uow: UnitOfWork, to: ReceiptRecipient, event: Event, notes: Sequence[str] = ()) -> None:
    """Tell who commanded what came of it; they are addressed as what they are after it."""
    to = to if event.actor is None else to._replace(member=event.actor)
    notes = [*notes, *note_of_unread(uow, event.ticket, event.changes, event.members)]
    send_receipt(uow, to, event.all_changes, notes, checkpoint=event.checkpoint)


def send_opening_receipt(
    uow: UnitOfWork, to: ReceiptRecipient, changes: Sequence[FieldChange], notes: Sequence[str] = ()
) -> None:
    """Tell a responder which ticket their mail has opened, and how to be rid of it."""
    ticket, spam = to.ticket, to.ticket.lifecycle.spam
    heading = f"Your mail opened ticket {ticket.id} in {ticket.queue.name}; "
    heading += f"its address is {ticket_address(uow, ticket.id)}."
    lines = [change_line(change) for change in changes]
    rid = f'If you did not write that mail, put "{STATUS.line(spam)}" on the first line of your reply.'
    paragraphs = [*notes, *_ways_back(changes), *([rid] if ticket.status != spam else [])]
    write_receipt(uow, to, ReceiptKind.RECEIPT, heading, lines, paragraphs)


def notes_of_missed(ticket: Ticket, missed: TicketMember) -> list[str]:
    """Say that somebody who is not on the ticket did not get the answer to their comment, and how to write to them."""
    return [
        f"{missed.label} did not get your words: only those who answer for {ticket.queue.name} see them.",
        f"To let them in and write to them, put this on top of your reply:\n{_indented([ADD_CC.line(missed.email)])}",
    ]


def send_note(uow: UnitOfWork, to: ReceiptRecipient) -> None:
    """Tell somebody what there is to tell besides, where their mail has no other answer."""
    heading, *paragraphs = to.also
    write_receipt(uow, to._replace(also=()), ReceiptKind.RECEIPT, heading, (), paragraphs)


def _ways_back(changes: Sequence[FieldChange]) -> list[str]:
    """How to take back who was let in or out, where `undo` is not offered."""
    lines = [
        ADD_CC.line(old) if old else DEL_CC.line(new or "") for field, old, new in changes if field == "participant"
    ]
    return [f"To take back who takes part, put this on top of your reply:\n{_indented(lines)}"] if lines else []


def send_unsubscribed_receipt(uow: UnitOfWork, to: ReceiptRecipient) -> None:
    """Tell somebody once that they get no more letters about a ticket, and how to get them again."""
    ticket = to.ticket
    heading = f'You get no more letters about ticket {ticket.id}, "{ticket.title}".'
    back = f"To get them again, write to {ticket_address(uow, ticket.id)}, or reply to this letter."
    footing = footer(uow, ticket, to.member, to.members)[1:2]
    write_receipt(
        uow, to, ReceiptKind.RECEIPT, heading, (), [back], footing=["You get this because you asked for it.", *footing]
    )


def send_command_refusal(
    uow: UnitOfWork, to: ReceiptRecipient, problems: Sequence[tuple[Line, str]], *, posted: bool
) -> None:
    """Tell who commanded, line by line, what was wrong and what would have been right; the text is repeated."""
    heading = f"Nothing of this was done on ticket {to.ticket.id}, because not all of it could be:"
    fine = "We found nothing wrong with this line."
    lines = [part for line, problem in problems for part in (line.written, f"    {problem or fine}")]
    write_receipt(uow, to, ReceiptKind.REFUSED, heading, lines, _repeated_text(to.new_message, posted=posted))


def send_refusal(uow: UnitOfWork, to: ReceiptRecipient, heading: str, *, posted: bool | None) -> None:
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


def _repeated_text(new_message: NewMessage, *, posted: bool) -> list[str]:
    text = shown(new_message.text)[:SHOWN_LIMIT].rstrip()
    if not text:
        return ["Your mail said nothing else."]
    return [f"The rest of your mail was {'posted without these lines' if posted else 'not posted'}:", text]


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def write_receipt(
    uow: UnitOfWork,
    to: ReceiptRecipient,
    kind: ReceiptKind,
    heading: str,
    lines: Sequence[str] = (),
    paragraphs: Sequence[str] = (),
    *,
    footing: Sequence[str] | None = None,
    shows: Subjects = NOTHING_MORE,
    **columns: object,
) -> bool:
    """Write one letter about a ticket to who wrote. `footing` stands for the usual footer; `columns` go to its row.

    `shows`: whom and what it shows besides those whom its words name. False if it is one too many.
    """
    # Whoever proves who they are gets every receipt and refusal; lines that wait are held back where they are listed.
    proven = to.new_message.verified
    owed = kind is ReceiptKind.WAITING or (proven and kind is not ReceiptKind.PAGE)
    if not owed and not loop_protection.may_answer(uow, to.member.person_id, kind, proven=proven):
        return False
    ticket, undo = to.ticket, columns.get("checkpoint") is not None
    if footing is None:
        footing = footer(uow, ticket, to.member, to.members, private=to.private, undo=undo)
    threads = [one for one in dict.fromkeys((ticket.root, to.new_message.message_id)) if one and sendable(one)]
    shows = shows.and_also(named_in([heading, *lines, *paragraphs], to.members, footing))
    row = letter_row(
        uow,
        shows=shows._replace(people=shows.people - {ticket.requestor_id}),
        **{
            "ticket_id": ticket.id,
            "about_id": to.about_id,
            "kind": kind,
            "person_id": to.member.person_id,
            "sender_name": ticket.queue.name,
            "sender": comment_address(uow, ticket.id) if to.private else ticket_address(uow, ticket.id),
            "recipient_name": to.member.label,
            "recipient": mailable(to.member.email),
            "list_id": list_id(uow, ticket),
            "subject": one_line(f"Re: [{ticket.queue.name} #{ticket.id}] {ticket.title}"),
            "in_reply_to": threads[-1] if threads else None,
            "references": " ".join(threads) or None,
            "acknowledges": True,
            "leave_token": leave_token(to.member),
            "text": render(
                "to_writer", heading=heading, lines=lines, paragraphs=[*paragraphs, *to.also], footer=footing
            ),
            **columns,
        },
    )
    add_letters(uow, [row])
    return True
