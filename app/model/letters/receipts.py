"""The letters to who wrote: receipts, refusals, and pages that were asked for."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import or_, select

from ...mail.addresses import mailable
from ...mail.auto_submitted import reads_no_answer
from ...mail.text import SHOWN_LIMIT, one_line, shown
from ..lifecycle.commands import ADD_CC, DEL_CC, STATUS, Line
from ..lifecycle.tables import PRIVATE_NOTE
from ..records.addressing import comment_address, ticket_address
from ..records.letters import Letter
from ..records.message_ids import sendable
from ..records.tickets import MERGED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember, with_mailbox
from ..tickets.posts import NewMessage
from ..tickets.storms import letter_limits
from ..tickets.transitions import has_answer, reachable_statuses
from ..tickets.undo import FieldChange
from ..tickets.unread import note_of_unread
from ..wording import Phrase, Sentence, say
from .change_lines import addresses_in, change_lines
from .footer import Footer, footer, has_team, undo_offer, what_a_reply_does
from .letter_subjects import NOTHING_MORE, Subjects, add_letters, named_in
from .notices import leave_token, letter_row, list_id, wording_of
from .promises import Note


class ReceiptKind(StrEnum):
    """What such a letter is."""

    RECEIPT = "receipt"
    REFUSED = "refused"
    WAITING = "waiting"
    PAGE = "page"
    OFFER = "offer"
    AUTHOR = "author"
    UNKNOWN = "unknown"


class Offer(NamedTuple):
    """A private message that its writer can send or drop: the words for it, and what they are told of it."""

    message_id: int
    words: tuple[str, ...]
    heading: Sentence
    paragraphs: tuple[Sentence | str, ...]


class ReceiptRecipient(NamedTuple):
    """Who is written to: what they are on which ticket, who else is on it, and what their mail says.

    `private`: their mail was, and so is what they answer to the letter. `also`: what else they are told. `offer`: what
    they can do with a message of theirs by answering it. `about_id`: the message that a reply to the letter answers.
    """

    ticket: Ticket
    member: TicketMember
    members: Sequence[TicketMember]
    new_message: NewMessage
    private: bool = False
    also: Sequence[Note] = ()
    offer: Offer | None = None
    about_id: int | None = None


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
    text = shown(new_message.text)[:SHOWN_LIMIT].rstrip()
    return [say("notes.posted_without_lines" if posted else "notes.not_posted"), text] if text else []


def write_receipt(
    uow: UnitOfWork,
    to: ReceiptRecipient,
    kind: ReceiptKind,
    heading: Sentence,
    lines: Sequence[Sentence | str] = (),
    paragraphs: Sequence[Sentence | str] = (),
    *,
    footing: Footer | None = None,
    undo: str | None = None,
    shows: Subjects = NOTHING_MORE,
    **columns: Any,
) -> bool:
    """Write one letter about a ticket to who wrote. `footing` stands for the usual footer; `columns` go to its row.

    `undo` is the sentence of its footer that offers to take back what it tells of. `shows`: whom and what it shows
    besides those whom its words name. False if it is one too many.
    """
    # Whoever proves who they are gets every receipt and refusal; lines that wait are held back where they are listed.
    proven = to.new_message.verified
    owed = kind is ReceiptKind.WAITING or (proven and kind is not ReceiptKind.PAGE)
    if not owed and not letter_limits.may_answer(uow, to.member.person_id, kind, proven=proven):
        return False
    if (offer := to.offer) is not None:
        heard = [] if kind is ReceiptKind.OFFER else [offer.heading]
        paragraphs = [*paragraphs, *heard, *offer.paragraphs]
        columns |= {"offers": " ".join([*columns.get("offers", "").split(), *offer.words])}
        # What answers private words is private, whichever address it is sent to.
        columns |= {
            "offered_id": offer.message_id,
            "about_id": to.about_id or (offer.message_id if to.private else None),
        }
    ticket = to.ticket
    if footing is None:
        members = with_mailbox(uow, to.members)
        footing = footer(uow, ticket, to.member, members, private=to.private, undo=undo)
    paragraphs = [*paragraphs, *(note.text for note in to.also)]
    shows = shows.and_also(Subjects(frozenset(person for note in to.also for person in note.people)))
    threads = [one for one in dict.fromkeys((ticket.root, to.new_message.message_id)) if one and sendable(one)]
    wording = wording_of(ticket)
    said: dict[str, Any] = {"heading": wording.say(heading), "lines": [wording.line(line) for line in lines]}
    said |= {"paragraphs": wording.said(paragraphs), "footer": wording.said(footing.lines)}
    shows = shows.and_also(named_in([said["heading"], *said["lines"], *said["paragraphs"]], to.members, said["footer"]))
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
            "recipient_name": to.member.own_name,
            "recipient": mailable(to.member.email),
            "list_id": list_id(uow, ticket),
            "subject": one_line(f"Re: [{ticket.queue.name} #{ticket.id}] {ticket.title}"),
            "in_reply_to": threads[-1] if threads else None,
            "references": " ".join(threads) or None,
            "acknowledges": True,
            "leave_token": leave_token(to.member),
            "promise": footing.promise,
            "text": wording.render("to_writer", **said),
            **columns,
        },
    )
    add_letters(uow, [row])
    return True


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
