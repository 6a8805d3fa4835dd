"""One letter to who wrote: its kind, whom it goes to, and its row in the outbox."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from ...mail.text import one_line
from ..records.message_ids import sendable
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, with_mailbox
from ..tickets.posts import NewMessage
from ..tickets.storms import letter_limits
from ..tickets.storms.answer_chains import MOST_PAGES, MOST_RECEIPTS, chain_of, last_note
from ..wording import Sentence
from .footer import Footer, footer
from .letter_rows import columns_about, columns_to, letter_row, wording_of
from .letter_subjects import NOTHING_MORE, Subjects, add_letters, named_in
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
    answered = to.new_message.in_reply_to if to.new_message.letter_kind in set(ReceiptKind) else None
    chain = chain_of(uow, to.member.person_id, answered, to.ticket.root)
    most = MOST_PAGES if kind is ReceiptKind.PAGE else MOST_RECEIPTS
    if len(chain) >= most:
        return False
    if not _is_owed(to, kind) and not letter_limits.may_answer(
        uow, to.member.person_id, kind, proven=to.new_message.verified
    ):
        return False
    if footing is None:
        members = with_mailbox(uow, to.members)
        footing = footer(uow, to.ticket, to.member, members, private=to.private, undo=undo)
    wording = wording_of(to.ticket)
    paragraphs = [*paragraphs, *_paragraphs_of_offer(to, kind), *(note.text for note in to.also)]
    paragraphs = [*paragraphs, *last_note(chain, most)]
    body = {"heading": heading, "lines": [wording.line(line) for line in lines], "paragraphs": paragraphs}
    texts = wording.texts_of({**body, "footer": footing.lines})
    usual = _columns(uow, to, kind, chain)
    offered = _columns_of_offer(to, columns)
    text, promise = wording.template("to_writer").render(**texts), footing.promise
    all_columns = {**usual, "promise": promise, "text": text, **columns, **offered}
    add_letters(uow, [letter_row(uow, shows=_shows(to, texts, shows), **all_columns)])
    return True


def _is_owed(to: ReceiptRecipient, kind: ReceiptKind) -> bool:
    """Return whether a letter goes out however many there were.

    Whoever proves who they are gets every receipt and refusal; lines that wait are held back where they are listed.
    """
    return kind is ReceiptKind.WAITING or (to.new_message.verified and kind is not ReceiptKind.PAGE)


def _paragraphs_of_offer(to: ReceiptRecipient, kind: ReceiptKind) -> list[Sentence | str]:
    if to.offer is None:
        return []
    return [*([] if kind is ReceiptKind.OFFER else [to.offer.heading]), *to.offer.paragraphs]


def _columns_of_offer(to: ReceiptRecipient, columns: Mapping[str, Any]) -> dict[str, object]:
    """Return the columns by which an answer to the letter finds what it offers, besides what `columns` offer."""
    if to.offer is None:
        return {}
    return {
        "offers": " ".join([*columns.get("offers", "").split(), *to.offer.words]),
        "offered_id": to.offer.message_id,
        # What answers private words is private, whichever address it is sent to.
        "about_id": to.about_id or (to.offer.message_id if to.private else None),
    }


def _columns(uow: UnitOfWork, to: ReceiptRecipient, kind: ReceiptKind, chain: Sequence[str]) -> dict[str, object]:
    ticket, own_id = to.ticket, to.new_message.message_id
    threads = [thread for thread in dict.fromkeys((ticket.root, *chain, own_id)) if thread and sendable(thread)]
    return {
        **columns_about(uow, ticket, private=to.private),
        **columns_to(to.member),
        "about_id": to.about_id,
        "kind": kind,
        "sender_name": ticket.queue.name,
        "subject": one_line(f"Re: [{ticket.queue.name} #{ticket.id}] {ticket.title}"),
        "in_reply_to": threads[-1] if threads else None,
        "references": " ".join(threads) or None,
        "acknowledges": True,
    }


def _shows(to: ReceiptRecipient, texts: Mapping[str, Any], shows: Subjects) -> Subjects:
    """Return whom a letter shows: whom its words name, whom its notes are about, and `shows`."""
    named = named_in([texts["heading"], *texts["lines"], *texts["paragraphs"]], to.members, texts["footer"])
    noted = Subjects(frozenset(person for note in to.also for person in note.people))
    shows = shows.and_also(noted).and_also(named)
    return shows._replace(people=shows.people - {to.ticket.requestor_id})
