"""Who is told of what happened, and writes the letter that each of them gets."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

from sqlalchemy import Table, exists, insert, select
from sqlalchemy.orm import joinedload

from ...mail.addresses import mailable
from ...mail.text import one_line, shown
from ..lifecycle.commands import ADD_CC, SHOW
from ..lifecycle.tables import Action, sentence_list
from ..records.addressing import comment_address, find_our_address, is_at_our_domain, ticket_address
from ..records.letters import HELD, NOT_SENT, Letter, State
from ..records.message_ids import new_message_id
from ..records.messages import Message, forwardable_files
from ..records.people import Address, Person
from ..records.tickets import UNDELIVERED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets import loop_protection
from ..tickets.members import TicketMember, Update, recipients_of
from ..tickets.undo import FieldChange
from .footer import footer
from .templates import render

if TYPE_CHECKING:
    from ..tickets.posts import NewMessage

THE_TRACKER = "The tracker"
ADD_LETTERS = insert(cast("Table", Letter.__table__))
# With the header's name before it, within the 998 octets of a line (RFC 5322 2.1.1).
_LONGEST_ID = 980
_ACKNOWLEDGED_EVERY = timedelta(hours=1)
# Each reader gets a copy: a mail of megabytes to many people is told by its beginning.
_LONGEST_TEXT = 100_000
_WITH_FILES = ("opened", "posted")


class LetterHeaders(NamedTuple):
    """What the letters about one happening have in common."""

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
    by_id: int | None = None
    acknowledges: bool = False


class TicketEvent(NamedTuple):
    """What has happened to a ticket besides the words: who did it by which action, and what changed by it.

    `actor` is None for the tracker itself, `action` for things that were set. `checkpoint` is how it was before.
    """

    action: Action | None
    old_status: str
    actor: TicketMember | None
    changes: Sequence[FieldChange] = ()
    checkpoint: int | None = None

    @property
    def by_id(self) -> int | None:
        """The person who did it."""
        return self.actor.person_id if self.actor else None

    @property
    def name(self) -> str:
        """The name of who did it."""
        return self.actor.label if self.actor else THE_TRACKER


def notify_opened(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    author: Person,
    members: Sequence[TicketMember],
    new_message: "NewMessage",
    event: TicketEvent | None = None,
) -> None:
    """Tell those who answer for the queue of a new ticket, and who was asked in; `event`: what was set with it.

    Not whose ticket it is, also where a responder has brought it: they know what they wrote.
    """
    members = _with_mailbox(uow, members)
    update = Update(has_text=True, private=message.private)
    recipients = [
        member
        for member in recipients_of(members, update, ticket.lifecycle, except_person=author.id)
        if not _only_asked(member)
    ]
    headers = _headers(ticket, "opened", message, author.label, new_message, answers=False)
    writer = next((member for member in members if member.person_id == author.id), None)
    body = {
        "heading": f"{author.label} wrote:",
        "note": _note(uow, ticket, message, None, new_message, unproven_note(uow, writer, new_message)),
    }
    changes = event.changes if event else ()
    recipients = _not_addressed(uow, recipients, new_message.named)
    if new_message.mail_id is not None:
        responder = bool(writer and writer.responder)
        recipients = loop_protection.within_limits(
            uow, recipients, author.id, responder=responder, believed=new_message.believed
        )
    _write(uow, headers, recipients, members, body, changes, new_message)
    if ticket.queue.acknowledge and new_message.mail_id is not None and not message.private and event is None:
        _notify_requestor_received(uow, ticket, message, author, members, new_message)


def _only_asked(member: TicketMember) -> bool:
    return member.requestor and not member.answers and not member.assignee


def notify_posted(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    event: TicketEvent,
    members: Sequence[TicketMember],
    new_message: "NewMessage",
    gone: Sequence[TicketMember] = (),
) -> None:
    """Tell of a message, of the status that it changed, and those who answer of what else was set with it.

    Every mail counts as words, also one that is all attachments: its writer's footer has said who will read it.
    """
    members = _with_mailbox(uow, members)
    storm = loop_protection.storm_on(uow, message, event.actor, members)
    changed, has_text = event.old_status != ticket.status, bool(new_message.text.strip() or new_message.attachments)
    update = Update(
        has_text=has_text or new_message.mail_id is not None, private=message.private, status_changed=changed
    )
    recipients = recipients_of(members, update, ticket.lifecycle, except_person=event.by_id)
    recipients += [one for one in _with_mailbox(uow, gone) if one.person_id != event.by_id]
    recipients = _not_addressed(uow, recipients, new_message.named)
    if storm.held:
        _notify_later(uow, ticket, message, recipients, members)
        return
    recipients, missed = _within_bounds(uow, recipients, event.actor, new_message)
    body = {
        "heading": message_heading(event.action, event.name, has_text=has_text)
        if event.action
        else f"{event.name} wrote:",
        "note": _paragraphs(
            _note(uow, ticket, message, event.actor, new_message, unproven_note(uow, event.actor, new_message)),
            storm.word,
            f"{sentence_list(missed)} did not get it." if missed else "",
        ),
    }
    headers = _headers(ticket, "posted", message, event.name, new_message)._replace(
        checkpoint=event.checkpoint, by_id=event.by_id
    )
    if missed and event.actor:
        _notify_writer(uow, headers, event.actor, members, missed)
    _write(uow, headers, recipients, members, body, _with_status(ticket, event), new_message)
    _notify_requestor_resolved(uow, ticket, event, members, recipients)


def _within_bounds(
    uow: UnitOfWork, recipients: list[TicketMember], actor: TicketMember | None, new_message: "NewMessage"
) -> tuple[list[TicketMember], list[str]]:
    """Whom a message may reach, and the names of those whom it may not because too much such mail came."""
    if actor is None or new_message.mail_id is None:
        return recipients, []
    within = loop_protection.within_limits(
        uow, recipients, actor.person_id, responder=actor.responder, believed=new_message.believed
    )
    reached = {one.person_id for one in within}
    return within, [member.label for member in recipients if member.person_id not in reached]


def _notify_writer(
    uow: UnitOfWork,
    headers: LetterHeaders,
    writer: TicketMember,
    members: Sequence[TicketMember],
    missed: Sequence[str],
) -> None:
    """Tell a writer, once an hour, that nobody outside the team got their mail, and how to reach them."""
    recent = select(Letter.id).where(
        Letter.person_id == writer.person_id, Letter.kind == NOT_SENT, Letter.created > uow.now - loop_protection.HOUR
    )
    if writer.undeliverable or uow.connection.execute(recent.limit(1)).scalar() is not None:
        return
    why = "Nothing proves that you sent it, and such mail reaches few people outside the team within an hour."
    body = {
        "heading": f"Your mail to ticket {headers.ticket.id} did not go to {sentence_list(missed)}. {why}",
        "lines": [],
        "paragraphs": ["To send your words to them, reply to this letter with the words."],
    }
    own = headers._replace(kind=NOT_SENT, about_id=None, attached=False, sender_name=headers.ticket.queue.name)
    _write(uow, own, [writer], members, body)


_LISTED_LATER = 20
_SHORTENED = 200


def _notify_later(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    recipients: Sequence[TicketMember],
    members: Sequence[TicketMember],
) -> None:
    """Tell of what a storm holds back in one letter to each reader, which leaves when the window has ended."""
    held = Letter.ticket_id == ticket.id, Letter.kind == HELD, Letter.attempts == 0, Letter.next > uow.now
    begun = {letter.person_id: letter for letter in uow.session.scalars(select(Letter).where(*held))}
    for reader in recipients:
        letter = begun.get(reader.person_id)
        first = letter.about_id if letter and letter.about_id else message.id
        headers = _headers(ticket, HELD, None, ticket.queue.name, None)._replace(about_id=first)
        row = _letter(uow, headers, reader, members, _held_since(uow, ticket, first, message, reader))
        if letter is not None:
            letter.text = str(row["text"])
        else:
            # It is dated when it leaves.
            due = uow.now + loop_protection.WINDOW
            uow.connection.execute(ADD_LETTERS, [{**row, "created": due, "next": due}])


def _held_since(uow: UnitOfWork, ticket: Ticket, first: int, last: Message, reader: TicketMember) -> dict[str, object]:
    """What a letter says of the messages between these two that nobody got a letter about."""
    has_letter = exists().where(Letter.about_id == Message.id, Letter.kind != HELD)
    visible = [] if reader.responder else [~Message.private]
    which = Message.ticket_id == ticket.id, Message.id >= first, Message.id <= last.id, ~has_letter
    held = select(Message).where(*which, *visible).order_by(Message.number)
    messages = uow.session.scalars(held.options(joinedload(Message.sender)).limit(_LISTED_LATER + 1)).all()
    lines = [
        f"{message.sender.label if message.sender else THE_TRACKER}: {message.text}"
        for message in messages[:_LISTED_LATER]
    ]
    more = ["There are more of them."] if len(messages) > _LISTED_LATER else []
    minutes = int(loop_protection.WINDOW.total_seconds() // 60)
    return {
        "heading": f"Too many mails came to ticket {ticket.id} within {minutes} minutes. Nobody got letters of these:",
        "lines": [one_line(line, _SHORTENED) for line in lines],
        "paragraphs": [*more, f'To read them whole, reply with the one word "{SHOW}".'],
    }


def notify_changed(
    uow: UnitOfWork,
    ticket: Ticket,
    event: TicketEvent,
    members: Sequence[TicketMember],
    gone: Sequence[TicketMember] = (),
    *,
    to_all: bool = False,
) -> None:
    """Tell the assignee and the responders of a change without words, and those who are `gone` by it.

    `to_all`: a new status is told to all who hear of it (docs/interface.md, section 8), and nothing else of the change.
    """
    members = _with_mailbox(uow, members)
    update = Update(has_text=False, status_changed=to_all and event.old_status != ticket.status)
    recipients = recipients_of(members, update, ticket.lifecycle, except_person=event.by_id)
    recipients += [one for one in _with_mailbox(uow, gone) if one.person_id != event.by_id]
    named = (
        message_heading(event.action, event.name, has_text=False)
        if event.action
        else f"{event.name} changed the ticket:"
    )
    headers = _headers(ticket, "changed", None, event.name, None)._replace(
        checkpoint=event.checkpoint, by_id=event.by_id
    )
    _write(uow, headers, recipients, members, {"heading": named}, _with_status(ticket, event))
    _notify_requestor_resolved(uow, ticket, event, members, recipients)


def notify_moved(
    uow: UnitOfWork,
    ticket: Ticket,
    event: TicketEvent,
    recipients: Sequence[TicketMember],
    members: Sequence[TicketMember],
) -> None:
    """Tell those from outside whose ticket was merged into this one what their replies do from now on."""
    numbers = sentence_list(new or "" for field, _, new in event.changes if field == "merged")
    body = {"heading": f"What was ticket {numbers} goes on as ticket {ticket.id}."}
    _write(uow, _headers(ticket, "changed", None, event.name, None), _with_mailbox(uow, recipients), members, body)


def notify_undelivered(
    uow: UnitOfWork, ticket: Ticket, missed: int, members: Sequence[TicketMember], body: Mapping[str, object]
) -> None:
    """Tell who answers that somebody, the person `missed`, did not get a letter. A reply is a private comment."""
    members = _with_mailbox(uow, members)
    recipients = recipients_of(members, Update(has_text=False), ticket.lifecycle, except_person=missed)
    headers = _headers(ticket, UNDELIVERED, None, THE_TRACKER, None)._replace(private=True)
    _write(uow, headers, recipients, members, body)


def _paragraphs(*notes: str) -> str:
    return "\n\n".join(note for note in notes if note)


def _with_status(ticket: Ticket, event: TicketEvent) -> list[FieldChange]:
    """All that changed, the status last and once."""
    others = [change for change in event.changes if change[0] != "status"]
    changed = event.old_status != ticket.status
    return [*others, ("status", event.old_status, ticket.status)] if changed else others


def _notify_requestor_received(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    requestor: Person,
    members: Sequence[TicketMember],
    new_message: "NewMessage",
) -> None:
    """Tell the requestor that the ticket is there: no machine, no list, and nobody more often than once an hour."""
    recent = requestor.acknowledged is not None and requestor.acknowledged > uow.now - _ACKNOWLEDGED_EVERY
    if (
        new_message.automatic
        or new_message.listed
        or recent
        or not loop_protection.may_answer(uow, requestor.id, "acknowledged")
    ):
        return
    requestor.acknowledged = uow.now
    body = {"heading": f"We have got your mail; it is ticket {ticket.id} now."}
    to = [member for member in members if member.person_id == requestor.id]
    headers = _headers(ticket, "acknowledged", message, ticket.queue.name, new_message)._replace(acknowledges=True)
    _write(uow, headers, to, members, body)


def _notify_requestor_resolved(
    uow: UnitOfWork,
    ticket: Ticket,
    event: TicketEvent,
    members: Sequence[TicketMember],
    recipients: Sequence[TicketMember],
) -> None:
    """Tell the requestor that the ticket is resolved, if the queue does and nothing else has; no machine, no list."""
    solved = event.old_status != ticket.status and ticket.status in ticket.lifecycle.solved
    if not solved or not ticket.queue.announce_resolved:
        return
    first = select(Message).where(Message.ticket_id == ticket.id, Message.number == 1)
    opening = uow.session.scalars(first).one_or_none()
    if opening is None or opening.automatic or opening.listed:
        return
    knowing = {member.person_id for member in recipients} | {event.by_id}
    to = [member for member in members if member.requestor and member.person_id not in knowing]
    body = {"heading": f"{event.name} marked ticket {ticket.id} as {ticket.status}."}
    _write(uow, _headers(ticket, "changed", None, event.name, None), to, members, body)


def message_heading(action: Action, name: str, *, has_text: bool, second: bool = False) -> str:
    """The line above a message: in the third person, or in the second for who wrote it."""
    line = action.second if second else action.third.format(name=name)
    return line if has_text else f"{line.rstrip(':')}."


def _aside(uow: UnitOfWork, headers: LetterHeaders, new_message: "NewMessage") -> str:
    """The line to the team on lines that were set aside and are not ours."""
    if not new_message.foreign or headers.about_id is None:
        return ""
    number = uow.session.get_one(Message, headers.about_id).number
    return f'[Lines that it quotes were set aside: "{SHOW} {headers.ticket.id} {number}" gets you all of it.]'


def _letter_text(new_message: "NewMessage", *, team: bool, aside: str = "") -> str:
    """The text of a letter to the team or to outsiders: what was written, then what was attached to it."""
    fitting = set(forwardable_files(new_message.attachments, team=team))
    attached = [
        one_line(f"[{part.name}, {part.type}, {part.size} bytes{'' if part in fitting else ': too large to pass on'}]")
        for part in new_message.attachments
        if team or not part.withheld
    ]
    text = shown(new_message.text)
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT].rstrip()}\n[The mail is longer than this. All of it is kept with the ticket.]"
    withheld = _withheld(sum(part.withheld for part in new_message.attachments), team=team)
    return "\n\n".join(part for part in (text, aside if team else "", "\n".join(attached), withheld) if part)


def _withheld(number: int, *, team: bool) -> str:
    """The line on files that have a letter to the team in them."""
    if not number:
        return ""
    if team:
        return "Only the team gets a file that is a letter to the team, or refers to one."
    if number == 1:
        return "One attached file is not passed on: it is a letter to the team, or refers to one."
    return f"{number} attached files are not passed on: they are letters to the team, or refer to them."


def unproven_note(uow: UnitOfWork, actor: TicketMember | None, new_message: "NewMessage") -> str:
    """Return the note on a mail in a responder's name that nothing proves (docs/interface.md, section 6)."""
    weighty = actor is not None and actor.responder and new_message.mail_id is not None and not new_message.automatic
    if not weighty or new_message.verified or uow.trust.by == "from" or actor is None:
        return ""
    return f"It came in the name of {actor.label}, but nothing proves that {actor.label} sent it."


def _note(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    actor: TicketMember | None,
    new_message: "NewMessage",
    doubt: str = "",
) -> str:
    """What somebody must know of a message before reading it."""
    if not message.private:
        return doubt
    why = f"It is an automatic mail ({message.automatic}). " if message.automatic else ""
    note = f"{why}Only those who answer for {ticket.queue.name} see this comment."
    note = f"{note}\n{doubt}" if doubt else note
    outsider = actor is not None and not actor.on_ticket and not actor.responder and not message.automatic
    return f"{note}\n{_about_outsider(uow, ticket, actor, new_message)}" if outsider and actor else note


def _about_outsider(uow: UnitOfWork, ticket: Ticket, actor: TicketMember, new_message: "NewMessage") -> str:
    """Who wrote without being on the ticket, how to let them in, and whose letter they answered."""
    lines = [
        f"{actor.label} <{actor.email}> is not on this ticket. To let them in, put this on top of your reply:",
        f"    {ADD_CC.line(actor.email)}",
    ]
    reader = uow.session.get(Person, new_message.reader_id) if new_message.reader_id else None
    if reader is not None and reader.id != actor.person_id:
        lines += [
            f"The mail answers our letter to {reader.label} <{reader.email}>. If both are one person:",
            f"    tickets person alias {reader.email} {actor.email}",
        ]
    return "\n".join(lines)


def change_line(change: FieldChange) -> str:
    """One thing that changed, in one line."""
    field, old, new = change
    if field == "merged":
        return f"Ticket {new} became part of this one"
    nothing = "none" if field == "priority" else "nobody"
    return f"{field.capitalize()}: {old or nothing} → {new or nothing}"


def _headers(
    ticket: Ticket,
    kind: str,
    message: Message | None,
    name: str,
    new_message: "NewMessage | None",
    *,
    answers: bool = True,
) -> LetterHeaders:
    """The headers that thread a letter in mail clients: the ticket's root, then the public message it answers."""
    parent = (
        new_message.parent.message_id if new_message and new_message.parent and not new_message.parent.private else None
    )
    threads = [reference for reference in dict.fromkeys((ticket.root, parent)) if reference and sendable(reference)]
    return LetterHeaders(
        kind=kind,
        ticket=ticket,
        about_id=message.id if message else None,
        sender_name=one_line(f"{name} via {ticket.queue.name}", 200),
        subject=one_line(f"{'Re: ' if answers else ''}[{ticket.queue.name} #{ticket.id}] {ticket.title}"),
        in_reply_to=threads[-1] if threads else None,
        references=" ".join(threads) or None,
        private=message.private if message else False,
        attached=bool(new_message and kind in _WITH_FILES and forwardable_files(new_message.attachments, team=True)),
    )


def sendable(message_id: str) -> bool:
    """Whether somebody else's Message-ID can stand in a header of ours."""
    return message_id.isascii() and message_id.isprintable() and len(message_id) <= _LONGEST_ID


def _with_mailbox(uow: UnitOfWork, members: Iterable[TicketMember]) -> list[TicketMember]:
    """Without those whom no letter reaches, or whose address is one of ours: no footer may name them."""
    return [member for member in members if not member.undeliverable and not _is_ours(uow, member.email)]


def _not_addressed(uow: UnitOfWork, recipients: list[TicketMember], named: frozenset[str]) -> list[TicketMember]:
    """Without outsiders whom the mail already reached by To or Cc, at whichever of their addresses."""
    if not named or all(member.responder for member in recipients):
        return recipients
    reached = set(uow.session.scalars(select(Address.person_id).where(Address.key.in_(named))))
    return [member for member in recipients if member.responder or member.person_id not in reached]


def _is_ours(uow: UnitOfWork, email: str) -> bool:
    # Nobody reads at .invalid (RFC 6761 section 6.4): archives name such senders.
    return email.lower().endswith(".invalid") or (
        is_at_our_domain(uow, email) and find_our_address(uow, email) is not None
    )


def _write(
    uow: UnitOfWork,
    headers: LetterHeaders,
    recipients: Sequence[TicketMember],
    members: Sequence[TicketMember],
    body: Mapping[str, object],
    changes: Sequence[FieldChange] = (),
    new_message: "NewMessage | None" = None,
) -> None:
    """Put one letter for each of them into the outbox. Of what changed, outsiders are told the status."""
    texts = {
        team: {"text": _letter_text(new_message, team=team, aside=_aside(uow, headers, new_message))}
        if new_message
        else {}
        for team in {member.responder for member in recipients}
    }
    rows = [
        _letter(
            uow, headers, member, members, {**body, **texts[member.responder], "changes": _told_to(member, changes)}
        )
        for member in recipients
    ]
    if rows:
        uow.connection.execute(ADD_LETTERS, rows)


def _told_to(reader: TicketMember, changes: Sequence[FieldChange]) -> list[str]:
    whole = reader.responder or reader.formerly
    return [change_line(change) for change in changes if whole or change[0] == "status"]


def _letter(
    uow: UnitOfWork,
    headers: LetterHeaders,
    to: TicketMember,
    members: Sequence[TicketMember],
    body: Mapping[str, object],
) -> dict[str, object]:
    ticket = headers.ticket
    undo = headers.checkpoint is not None and (to.responder or to.person_id == headers.by_id)
    return letter_row(
        uow,
        ticket_id=ticket.id,
        about_id=headers.about_id,
        kind=headers.kind,
        person_id=to.person_id,
        sender_name=headers.sender_name,
        sender=comment_address(uow, ticket.id) if headers.private else ticket_address(uow, ticket.id),
        recipient_name=to.label,
        recipient=mailable(to.email),
        list_id=list_id(uow, ticket),
        subject=headers.subject,
        in_reply_to=headers.in_reply_to,
        references=headers.references,
        attached=headers.attached,
        acknowledges=headers.acknowledges,
        checkpoint=headers.checkpoint,
        text=render(
            headers.kind,
            footer=footer(uow, ticket, to, members, private=headers.private, undo=undo, later=headers.kind == HELD),
            **body,
        ),
    )


def letter_row(uow: UnitOfWork, **columns: object) -> dict[str, object]:
    """A row of the outbox that waits to be sent, with names that nobody can guess."""
    return {
        "created": uow.now,
        "message_id": new_message_id(uow),
        "token": secrets.token_hex(10),
        "state": State.WAITING,
        "attempts": 0,
        "attached": False,
        "acknowledges": False,
        "shown": False,
        "commands": None,
        "checkpoint": None,
        "next": uow.now,
        **columns,
    }


def list_id(uow: UnitOfWork, ticket: Ticket) -> str:
    """The List-Id of a queue (RFC 2919): its name for people, its number for machines."""
    return f"{ticket.queue.name} <queue{ticket.queue_id}.{uow.domain}>"
