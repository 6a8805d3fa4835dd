"""The letters about one happening: their headers, whom each goes to, and their rows in the outbox."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from ...mail.addresses import mailable
from ...mail.text import SHOWN_LIMIT, one_line, shown
from ..lifecycle.commands import SHOW
from ..records.addressing import comment_address, postmaster_address, ticket_address
from ..records.letters import HELD, LETTER_COLUMNS, State
from ..records.message_ids import new_message_id, sendable
from ..records.messages import Message, forwardable_files
from ..records.people import Person
from ..records.queues import every_queue
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember
from ..tickets.posts import NewMessage
from ..tickets.undo import FieldChange
from ..wording import Sentence, Wording, say, wording_in
from .change_lines import addresses_in, change_lines
from .footer import footer, undo_offer
from .letter_subjects import Subjects, add_letters, named_in

_WITH_FILES = ("opened", "posted")
# The public reads no doubt about a colleague, and of no ticket of others.
UNPROVEN, ELSEWHERE = "notes.unproven", "notes.elsewhere"
FOR_THE_TEAM = (UNPROVEN, ELSEWHERE)


class LetterHeaders(NamedTuple):
    """What the letters about one happening have in common.

    `undo` is the sentence that offers to undo it. Of the team's copies, `sender_for_team` is the sender's name, and
    `called` what the heading calls who did it.
    """

    kind: str
    ticket: Ticket
    about_id: int | None
    sender_name: str
    subject: str
    in_reply_to: str | None
    references: str | None
    private: bool = False
    attached: bool = False
    checkpoint: int | None = None
    undo: str = ""
    by_id: int | None = None
    acknowledges: bool = False
    sender_for_team: str = ""
    called: str = ""


class Notice(NamedTuple):
    """One letter in several copies: its headers, whom it goes to, and what it says."""

    envelope: LetterHeaders
    told: Sequence[TicketMember]
    body: Mapping[str, object]
    changes: Sequence[FieldChange] = ()
    new_message: NewMessage | None = None

    @property
    def for_team(self) -> "Notice":
        """Return the notice as the team reads it, which says more exactly who it was."""
        headers, heading = self.envelope, cast("Sentence", self.body["heading"])
        if not headers.called:
            return self
        if "name" in heading.slots:
            heading = heading._replace(slots={**heading.slots, "name": headers.called})
        return self._replace(
            envelope=headers._replace(sender_name=headers.sender_for_team), body={**self.body, "heading": heading}
        )


def headers_about(
    ticket: Ticket,
    kind: str,
    message: Message | None,
    actor: TicketMember | None,
    new_message: NewMessage | None,
    *,
    answers: bool = True,
) -> LetterHeaders:
    """The headers that thread a letter in mail clients: the ticket's root, then the public message it answers.

    `actor` is whose deed it tells of; None where its queue itself speaks.
    """
    parent = (
        new_message.parent.message_id if new_message and new_message.parent and not new_message.parent.private else None
    )
    threads = [reference for reference in dict.fromkeys((ticket.root, parent)) if reference and sendable(reference)]
    return LetterHeaders(
        kind=kind,
        ticket=ticket,
        about_id=message.id if message else None,
        sender_name=_sender_name(ticket, actor.label if actor else ""),
        sender_for_team=_sender_name(ticket, actor.label_for_team if actor else ""),
        called=actor.label_for_team if actor else "",
        subject=one_line(f"{'Re: ' if answers else ''}[{ticket.queue.name} #{ticket.id}] {ticket.title}"),
        in_reply_to=threads[-1] if threads else None,
        references=" ".join(threads) or None,
        private=message.private if message else False,
        attached=bool(new_message and kind in _WITH_FILES and forwardable_files(new_message.attachments, team=True)),
    )


def _sender_name(ticket: Ticket, name: str) -> str:
    return one_line(f"{name} ({ticket.queue.name})" if name else ticket.queue.name, 200)


def with_undo(headers: LetterHeaders, event: Event) -> LetterHeaders:
    """Let letters offer to take back what an event has changed."""
    return headers._replace(checkpoint=event.checkpoint, undo=undo_offer(event.changes), by_id=event.actor_id)


def write_notice(uow: UnitOfWork, notice: Notice, members: Sequence[TicketMember]) -> None:
    """Put one letter for each reader into the outbox. Of what changed, outsiders are told the status."""
    texts: dict[bool, str] = {}
    rows = []
    to_outsiders, to_team = notice, notice.for_team
    for reader in to_outsiders.told:
        team = reader.responder
        notice = to_team if team else to_outsiders
        changes = (
            notice.changes
            if team or reader.formerly
            else [change for change in notice.changes if change[0] == "status"]
        )
        wording = wording_of(notice.envelope.ticket)
        body = {**notice.body, "changes": [wording.line(line) for line in change_lines(uow, changes)]}
        if notes := cast("list[Sentence]", body.get("notes", [])):
            body["notes"] = [note for note in notes if team or note.name not in FOR_THE_TEAM]
        if not team:
            # The public is offered nothing that only the team may do.
            body["below"] = []
        if notice.new_message is not None:
            if team not in texts:
                number = _number_set_aside(uow, notice.envelope, notice.new_message) if team else 0
                texts[team] = _letter_text(
                    notice.new_message, wording, team=team, number=number, ticket=notice.envelope.ticket.id
                )
            body["text"] = texts[team]
        rows.append(letter_to(uow, notice.envelope, reader, members, body, named=addresses_in(changes)))
    add_letters(uow, rows)


def _number_set_aside(uow: UnitOfWork, headers: LetterHeaders, new_message: NewMessage) -> int:
    """The number of a message of which lines were set aside that are not ours; 0 for any other."""
    if not new_message.foreign or headers.about_id is None:
        return 0
    return uow.session.get_one(Message, headers.about_id).number


def _letter_text(new_message: NewMessage, wording: Wording, *, team: bool, number: int = 0, ticket: int = 0) -> str:
    """The text of a letter to the team or to outsiders: what was written, then what was attached to it.

    `number`: that of the message on its ticket, if lines of it were set aside.
    """
    fitting = set(forwardable_files(new_message.attachments, team=team))
    attached = [
        wording.line(
            say("notes.file" if part in fitting else "notes.large_file", name=part.name, size=file_size(part.size))
        )
        for part in new_message.attachments
        if team or not part.withheld
    ]
    text = shown(new_message.text)
    # Each reader gets a copy: a mail of megabytes to many people is told by its beginning.
    if len(text) > SHOWN_LIMIT:
        text = f"{text[:SHOWN_LIMIT].rstrip()}\n{wording.say(say('notes.there_is_more'))}"
    aside = wording.say(say("notes.left_out", word=f"{SHOW} {ticket} {number}")) if number else ""
    withheld = _withheld(sum(part.withheld for part in new_message.attachments), team=team)
    parts = (text, aside, "\n".join(attached), *map(wording.say, withheld))
    return "\n\n".join(part for part in parts if part)


def file_size(size: int) -> Sentence:
    """Return the size of a file in the largest unit of which it has one."""
    for name, unit in (("megabytes", 1_000_000), ("kilobytes", 1_000)):
        if size >= unit:
            return say(f"notes.{name}", count=size // unit)
    return say("notes.bytes", count=size)


def _withheld(number: int, *, team: bool) -> list[Sentence]:
    """The line on files that have a letter to the team in them."""
    if not number:
        return []
    return [say("notes.files_for_team")] if team else [say("notes.files_withheld", count=number)]


def letter_to(
    uow: UnitOfWork,
    headers: LetterHeaders,
    to: TicketMember,
    members: Sequence[TicketMember],
    body: Mapping[str, object],
    writers: Iterable[int] = (),
    named: Iterable[str] = (),
) -> dict[str, object]:
    """One letter; `writers` are people besides those on the ticket whose words it tells in its lines.

    `named` are addresses of people whom it may name without them.
    """
    ticket = headers.ticket
    undoes = headers.checkpoint is not None and (to.responder or to.person_id == headers.by_id)
    undo = headers.undo if undoes else None
    private, held = headers.private, headers.kind == HELD
    below = footer(uow, ticket, to, members, private=private, undo=undo, later=held)
    wording = wording_of(ticket)
    said, lines = {name: wording.said(value) for name, value in body.items()}, wording.said(below.lines)
    return letter_row(
        uow,
        shows=_shown_by(headers, members, {**said, "named": [*named]}, lines, writers),
        ticket_id=ticket.id,
        about_id=headers.about_id,
        kind=headers.kind,
        person_id=to.person_id,
        sender_name=headers.sender_name,
        sender=comment_address(uow, ticket.id) if headers.private else ticket_address(uow, ticket.id),
        recipient_name=to.own_name,
        recipient=mailable(to.email),
        list_id=list_id(uow, ticket),
        subject=headers.subject,
        in_reply_to=headers.in_reply_to,
        references=headers.references,
        attached=headers.attached,
        acknowledges=headers.acknowledges,
        checkpoint=headers.checkpoint,
        leave_token=leave_token(to),
        promise=below.promise,
        text=wording.render(headers.kind, footer=lines, **said),
    )


def _shown_by(
    headers: LetterHeaders,
    members: Sequence[TicketMember],
    body: Mapping[str, object],
    below: Sequence[str],
    writers: Iterable[int],
) -> Subjects:
    """Whom a letter shows in what the tracker says, but for the writer of its message and the ticket's requestor."""
    has_text = [value for name, value in body.items() if name != "text"]
    texts = [
        text for value in has_text for text in ([value] if isinstance(value, str) else cast("Iterable[str]", value))
    ]
    found = named_in(texts, members, below)
    own = set() if headers.by_id is None else {headers.by_id}
    people = found.people - own if headers.about_id else found.people | own
    return found._replace(people=(people | frozenset(writers)) - {headers.ticket.requestor_id})


def letter_row(uow: UnitOfWork, *, shows: Subjects, **columns: object) -> dict[str, object]:
    """A row of the outbox that waits to be sent, with names that nobody can guess, and what it shows."""
    return {
        **dict.fromkeys(LETTER_COLUMNS),
        "shows": shows,
        "created": uow.now,
        "message_id": new_message_id(uow),
        "token": secrets.token_hex(10),
        "state": State.WAITING,
        "attempts": 0,
        "attached": False,
        "acknowledges": False,
        "shown": False,
        "next": uow.now,
        **columns,
    }


def row_from_admins(
    uow: UnitOfWork, to: Person, recipient: str, *, kind: str, subject: Sentence, text: str, shows: Subjects
) -> dict[str, object]:
    """A row of a letter about no ticket, to one person at this address of theirs."""
    wording = admin_wording(uow)
    return letter_row(
        uow,
        shows=shows,
        kind=kind,
        person_id=to.id,
        sender_name=wording.line(say("admin.sender")),
        sender=postmaster_address(uow),
        recipient_name=to.label,
        recipient=mailable(recipient),
        subject=wording.line(subject),
        text=text,
    )


def leave_token(to: TicketMember) -> str | None:
    """Return what makes the address at which somebody leaves a ticket into which they were copied."""
    return secrets.token_hex(10) if to.copied_in else None


def list_id(uow: UnitOfWork, ticket: Ticket) -> str:
    """The List-Id of a queue (RFC 2919): its name for people, its number for machines."""
    return f"{ticket.queue.name} <queue{ticket.queue_id}.{uow.domain}>"


def wording_of(ticket: Ticket) -> Wording:
    """Return the language of the letters about a ticket."""
    return wording_in(ticket.queue.language)


def admin_wording(uow: UnitOfWork) -> Wording:
    """Return the language of letters about no queue: the one that all queues have, else English."""
    languages = {queue.language for queue in every_queue(uow)}
    return wording_in(*languages) if len(languages) == 1 else wording_in()
