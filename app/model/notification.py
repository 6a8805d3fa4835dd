"""This file holds who is told of what happened, and writes the letter that each of them gets."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

from sqlalchemy import Table, insert, select

from app.model.addresses import mailable
from app.model.desk import Desk
from app.model.footer import footer
from app.model.letters import Letter, State
from app.model.lifecycle import Action
from app.model.messages import Message, passed_on
from app.model.paper import render
from app.model.people import Address, Person
from app.model.places import comment_address, find_place, is_at_our_domain, ticket_address
from app.model.standing import Occasion, Standing, readers
from app.model.text import one_line, shown
from app.model.tickets import Ticket

if TYPE_CHECKING:
    from app.model.workflow import Words

THE_TRACKER = "The tracker"
ADD_LETTERS = insert(cast("Table", Letter.__table__))
# With the header's name before it, within the 998 octets of a line (RFC 5322 2.1.1).
_LONGEST_ID = 980
_ACKNOWLEDGED_EVERY = timedelta(hours=1)
# Each reader gets a copy: a mail of megabytes to many people is told by its beginning.
_LONGEST_TEXT = 100_000
_WITH_FILES = ("opened", "posted")


class Envelope(NamedTuple):
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


def new_message_id(desk: Desk) -> str:
    """A Message-ID of ours, which nobody can guess (RFC 5322 3.6.4)."""
    return f"<{secrets.token_hex(16)}@{desk.domain}>"


def tell_opened(
    desk: Desk, ticket: Ticket, message: Message, requestor: Person, everybody: Sequence[Standing], words: "Words"
) -> None:
    """Tell those who answer for the queue of a new ticket."""
    everybody = _with_mailbox(desk, everybody)
    occasion = Occasion(words=True, private=message.private)
    told = readers(everybody, occasion, ticket.lifecycle, but=requestor.id)
    envelope = _envelope(ticket, "opened", message, requestor.label, words, answers=False)
    body = {
        "heading": f"{requestor.label} wrote:",
        "note": _note(desk, ticket, message, None, words),
        "text": _said(words),
    }
    _write(desk, envelope, _unreached(desk, told, words.named), everybody, body)
    if ticket.queue.acknowledge and words.mail_id is not None and not message.private:
        _acknowledge(desk, ticket, message, requestor, everybody, words)


def tell_posted(
    desk: Desk,
    ticket: Ticket,
    message: Message,
    action: Action,
    old_status: str,
    actor: Standing | None,
    everybody: Sequence[Standing],
    words: "Words",
) -> None:
    """Tell of a message, and of the status that it changed.

    Every mail counts as words, also one that is all attachments: its writer's footer has said who will read it.
    """
    everybody = _with_mailbox(desk, everybody)
    changed, said = old_status != ticket.status, _said(words)
    occasion = Occasion(words=bool(said) or words.mail_id is not None, private=message.private, status_changed=changed)
    told = readers(everybody, occasion, ticket.lifecycle, but=actor.person_id if actor else None)
    name = actor.label if actor else THE_TRACKER
    body = {
        "heading": heading(action, name, words=bool(said)),
        "note": _note(desk, ticket, message, actor, words),
        "text": said,
        "changes": [_changed("Status", old_status, ticket.status)] if changed else [],
    }
    envelope = _envelope(ticket, "posted", message, name, words)
    _write(desk, envelope, _unreached(desk, told, words.named), everybody, body)
    if changed and ticket.queue.announce_resolved and ticket.status in ticket.lifecycle.solved:
        _announce(desk, ticket, name, everybody, {one.person_id for one in told} | {actor.person_id if actor else 0})


def tell_changed(
    desk: Desk,
    ticket: Ticket,
    actor: Person,
    changes: Sequence[tuple[str, str | None, str | None]],
    everybody: Sequence[Standing],
    gone: Sequence[Standing] = (),
) -> None:
    """Tell the assignee and the responders of a change without words, and those who are `gone` by it."""
    everybody = _with_mailbox(desk, everybody)
    told = readers(everybody, Occasion(words=False), ticket.lifecycle, but=actor.id)
    told += [one for one in _with_mailbox(desk, gone) if one.person_id != actor.id]
    body = {
        "heading": f"{actor.label} changed the ticket:",
        "changes": [_changed(*change) for change in changes],
    }
    _write(desk, _envelope(ticket, "changed", None, actor.label, None), told, everybody, body)


def _acknowledge(
    desk: Desk, ticket: Ticket, message: Message, requestor: Person, everybody: Sequence[Standing], words: "Words"
) -> None:
    """Tell the requestor that the ticket is there: no machine, no list, and nobody more often than once an hour."""
    recent = requestor.acknowledged is not None and requestor.acknowledged > desk.now - _ACKNOWLEDGED_EVERY
    if words.automatic or words.listed or recent:
        return
    requestor.acknowledged = desk.now
    body = {"heading": f"We have got your mail; it is ticket {ticket.id} now.", "changes": []}
    to = [one for one in everybody if one.person_id == requestor.id]
    _write(desk, _envelope(ticket, "acknowledged", message, ticket.queue.name, words), to, everybody, body)


def _announce(desk: Desk, ticket: Ticket, name: str, everybody: Sequence[Standing], told: set[int]) -> None:
    """Tell the requestor that the ticket is resolved, if nothing else does; no machine, and no list."""
    first = select(Message).where(Message.ticket_id == ticket.id, Message.number == 1)
    opening = desk.session.scalars(first).one_or_none()
    if opening is None or opening.automatic or opening.listed:
        return
    to = [one for one in everybody if one.requestor and one.person_id not in told]
    body = {"heading": f"{name} marked ticket {ticket.id} as {ticket.status}.", "changes": []}
    _write(desk, _envelope(ticket, "changed", None, name, None), to, everybody, body)


def heading(action: Action, name: str, *, words: bool, second: bool = False) -> str:
    """The line above a message: in the third person, or in the second for who wrote it."""
    line = action.second if second else action.third.format(name=name)
    return line if words else f"{line.rstrip(':')}."


def _said(words: "Words") -> str:
    """The text of a letter: what was written, then what was attached to it."""
    fitting = set(passed_on(words.attachments))
    attached = [
        one_line(f"[{part.name}, {part.type}, {part.size} bytes{'' if part in fitting else ': too large to pass on'}]")
        for part in words.attachments
    ]
    text = shown(words.text)
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT].rstrip()}\n[The mail is longer than this. All of it is kept with the ticket.]"
    return "\n\n".join(part for part in (text, "\n".join(attached)) if part)


def _note(desk: Desk, ticket: Ticket, message: Message, actor: Standing | None, words: "Words") -> str:
    """What a responder must know of a message before reading it."""
    if not message.private:
        return ""
    why = f"It is an automatic mail ({message.automatic}). " if message.automatic else ""
    note = f"{why}Only those who answer for {ticket.queue.name} see this comment."
    outsider = actor is not None and not actor.on_ticket and not actor.responder and not message.automatic
    return f"{note}\n{_about_outsider(desk, ticket, actor, words)}" if outsider and actor else note


def _about_outsider(desk: Desk, ticket: Ticket, actor: Standing, words: "Words") -> str:
    """Who wrote without being on the ticket, how to let them in, and whose letter they answered."""
    lines = [
        f"{actor.label} <{actor.email}> is not on this ticket. To let them in:",
        f"    tickets set {ticket.id} --participant {actor.email} --as YOU",
    ]
    reader = desk.session.get(Person, words.reader_id) if words.reader_id else None
    if reader is not None and reader.id != actor.person_id:
        lines += [
            f"The mail answers our letter to {reader.label} <{reader.email}>. If both are one person:",
            f"    tickets person alias {reader.email} {actor.email}",
        ]
    return "\n".join(lines)


def _changed(what: str, old: str | None, new: str | None) -> str:
    return f"{what}: {old or 'nobody'} → {new or 'nobody'}"


def _envelope(
    ticket: Ticket, kind: str, message: Message | None, name: str, words: "Words | None", *, answers: bool = True
) -> Envelope:
    """The headers that thread a letter in mail clients: the ticket's root, then the public message it answers."""
    parent = words.parent.message_id if words and words.parent and not words.parent.private else None
    threads = [reference for reference in dict.fromkeys((ticket.root, parent)) if reference and sendable(reference)]
    return Envelope(
        kind=kind,
        ticket=ticket,
        about_id=message.id if message else None,
        sender_name=one_line(f"{name} via {ticket.queue.name}", 200),
        subject=one_line(f"{'Re: ' if answers else ''}[{ticket.queue.name} #{ticket.id}] {ticket.title}"),
        in_reply_to=threads[-1] if threads else None,
        references=" ".join(threads) or None,
        private=message.private if message else False,
        attached=bool(words and kind in _WITH_FILES and passed_on(words.attachments)),
    )


def sendable(message_id: str) -> bool:
    """Whether somebody else's Message-ID can stand in a header of ours."""
    return message_id.isascii() and message_id.isprintable() and len(message_id) <= _LONGEST_ID


def _with_mailbox(desk: Desk, everybody: Iterable[Standing]) -> list[Standing]:
    """Without those whose address is one of ours: a letter to it would come back, and no footer may name them."""
    return [one for one in everybody if not _is_ours(desk, one.email)]


def _unreached(desk: Desk, told: Sequence[Standing], named: frozenset[str]) -> Sequence[Standing]:
    """Without outsiders whom the mail already reached by To or Cc, at whichever of their addresses."""
    if not named or all(one.responder for one in told):
        return told
    reached = set(desk.session.scalars(select(Address.person_id).where(Address.key.in_(named))))
    return [one for one in told if one.responder or one.person_id not in reached]


def _is_ours(desk: Desk, email: str) -> bool:
    return is_at_our_domain(desk, email) and find_place(desk, email) is not None


def _write(
    desk: Desk,
    envelope: Envelope,
    told: Sequence[Standing],
    everybody: Sequence[Standing],
    body: Mapping[str, object],
) -> None:
    """Put one letter for each of them into the outbox."""
    rows = [_letter(desk, envelope, one, everybody, body) for one in told]
    if rows:
        desk.connection.execute(ADD_LETTERS, rows)


def _letter(
    desk: Desk, envelope: Envelope, to: Standing, everybody: Sequence[Standing], body: Mapping[str, object]
) -> dict[str, object]:
    ticket = envelope.ticket
    return letter_row(
        desk,
        ticket_id=ticket.id,
        about_id=envelope.about_id,
        kind=envelope.kind,
        person_id=to.person_id,
        sender_name=envelope.sender_name,
        sender=comment_address(desk, ticket.id) if envelope.private else ticket_address(desk, ticket.id),
        recipient_name=to.label,
        recipient=mailable(to.email),
        list_id=_list_id(desk, ticket),
        subject=envelope.subject,
        in_reply_to=envelope.in_reply_to,
        references=envelope.references,
        attached=envelope.attached,
        acknowledges=envelope.kind == "acknowledged",
        text=render(envelope.kind, footer=footer(desk, ticket, to, everybody, private=envelope.private), **body),
    )


def letter_row(desk: Desk, **columns: object) -> dict[str, object]:
    """A row of the outbox that waits to be sent, with names that nobody can guess."""
    return {
        "created": desk.now,
        "message_id": new_message_id(desk),
        "token": secrets.token_hex(10),
        "state": State.WAITING,
        "attempts": 0,
        "attached": False,
        "acknowledges": False,
        "next": desk.now,
        **columns,
    }


def _list_id(desk: Desk, ticket: Ticket) -> str:
    """The List-Id of a queue (RFC 2919): its name for people, its number for machines."""
    return f"{ticket.queue.name} <queue{ticket.queue_id}.{desk.domain}>"
