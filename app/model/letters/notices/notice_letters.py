"""The letters of a notice: who reads the same gets a copy of one text, which is written once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from ...records.letters import HELD
from ...records.messages import Message
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import TicketMember
from ...tickets.undo import FieldChange
from ...wording import Sentence, Wording
from ..change_lines import addresses_in, change_lines
from ..footer import ReaderSituation, footer_lines, situation_of
from ..letter_rows import columns_about, columns_to, letter_row, wording_of
from ..letter_subjects import Subjects, named_in
from ..posted_text import left_out, posted_text, posted_words
from ..promises import ReplyOutlook, promise_made, reply_outlook
from .notice import LetterHeaders, Notice

# The public reads no doubt about a colleague, and of no ticket of others.
UNPROVEN, ELSEWHERE = "notes.unproven", "notes.elsewhere"
_FOR_THE_TEAM = (UNPROVEN, ELSEWHERE)


class _Kind(NamedTuple):
    """A kind of reader, to each of which a notice says something else."""

    team: bool
    was_team: bool


class _Body(NamedTuple):
    """What a notice says to one kind of reader: its texts, and addresses of people whom they name by name alone."""

    headers: LetterHeaders
    texts: Mapping[str, Any]
    addresses: Sequence[str]


class _SharedLetter(NamedTuple):
    """What the letters to all readers in one situation share; without an outlook in a storm, which promises nothing."""

    columns: Mapping[str, object]
    shows: Subjects
    outlook: ReplyOutlook | None


def rows_of(
    uow: UnitOfWork, notice: Notice, members: Sequence[TicketMember], writers: frozenset[int] = frozenset()
) -> list[dict[str, object]]:
    """Return one letter for each reader, as rows of the outbox. Of what changed, outsiders are told the status.

    `writers` are people besides those on the ticket whose words it tells in its lines.
    """
    wording = wording_of(notice.headers.ticket)
    words = posted_words(notice.new_message, wording) if notice.new_message else ""
    kinds = [_Kind(reader.responder, reader.formerly is not None) for reader in notice.recipients]
    bodies = {kind: _body(uow, notice, words, kind, wording) for kind in dict.fromkeys(kinds)}
    shared: dict[ReaderSituation, _SharedLetter] = {}
    rows = []
    for reader, kind in zip(notice.recipients, kinds, strict=True):
        situation = situation_of(uow, notice.headers.ticket, reader, members, later=notice.headers.kind == HELD)
        if situation not in shared:
            shared[situation] = _shared_letter(uow, bodies[kind], members, reader, writers, held=situation.held)
        rows.append(_row(uow, shared[situation], reader))
    return rows


def _body(uow: UnitOfWork, notice: Notice, words: str, kind: _Kind, wording: Wording) -> _Body:
    notice = notice.for_team if kind.team else notice
    changes = notice.changes if kind.team or kind.was_team else _of_status(notice.changes)
    body = {**notice.body, "changes": [wording.line(line) for line in change_lines(uow, changes)]}
    if not kind.team:
        # The public is offered nothing that only the team may do.
        notes = cast("Sequence[Sentence]", body.get("notes", ()))
        body |= {"notes": [note for note in notes if note.name not in _FOR_THE_TEAM], "below": []}
    if notice.new_message is not None:
        aside = _left_out(uow, notice.headers) if kind.team and notice.new_message.foreign else None
        body["text"] = posted_text(words, notice.new_message, wording, team=kind.team, aside=aside)
    return _Body(notice.headers, wording.texts_of(body), addresses_in(changes))


def _left_out(uow: UnitOfWork, headers: LetterHeaders) -> Sentence | None:
    """Return how to see the lines that were set aside of the message that a letter is about."""
    if headers.about_id is None:
        return None
    return left_out(headers.ticket.id, uow.session.get_one(Message, headers.about_id).number)


def _shared_letter(
    uow: UnitOfWork,
    body: _Body,
    members: Sequence[TicketMember],
    reader: TicketMember,
    writers: frozenset[int],
    *,
    held: bool,
) -> _SharedLetter:
    headers, ticket = body.headers, body.headers.ticket
    outlook = reply_outlook(uow, ticket, reader, members, comment=headers.private)
    undoes = headers.checkpoint is not None and (reader.responder or reader.person_id == headers.by_id)
    sentences = footer_lines(uow, ticket, reader, members, outlook, undo=headers.undo if undoes else None, held=held)
    wording = wording_of(ticket)
    footer = [wording.say(sentence) for sentence in sentences]
    text = wording.template(headers.kind).render(**body.texts, footer=footer)
    shows = _shows(body, members, footer)
    people = (shows.people | writers) - {ticket.requestor_id}
    columns = {**_columns(uow, headers), "text": text}
    return _SharedLetter(columns, shows._replace(people=people), None if held else outlook)


def _shows(body: _Body, members: Sequence[TicketMember], footer: Sequence[str]) -> Subjects:
    """Return whom a letter shows in what the tracker says, but for the writer of its message."""
    headers = body.headers
    values = [value for name, value in body.texts.items() if name != "text"]
    texts = [text for value in values for text in ([value] if isinstance(value, str) else value)]
    subjects = named_in([*texts, *body.addresses], members, footer)
    author = set() if headers.by_id is None else {headers.by_id}
    return subjects._replace(people=subjects.people - author if headers.about_id else subjects.people | author)


def _row(uow: UnitOfWork, shared: _SharedLetter, reader: TicketMember) -> dict[str, object]:
    promise = promise_made(shared.outlook, reader.person_id).stored() if shared.outlook else None
    return letter_row(
        uow,
        shows=shared.shows,
        **shared.columns,
        **columns_to(reader),
        promise=promise,
    )


def _of_status(changes: Sequence[FieldChange]) -> list[FieldChange]:
    return [change for change in changes if change[0] == "status"]


def _columns(uow: UnitOfWork, headers: LetterHeaders) -> dict[str, object]:
    """Return the columns of a row that are the same for every reader of its text."""
    return {
        **columns_about(uow, headers.ticket, private=headers.private),
        "about_id": headers.about_id,
        "kind": headers.kind,
        "sender_name": headers.sender_name,
        "subject": headers.subject,
        "in_reply_to": headers.in_reply_to,
        "references": headers.references,
        "attached": headers.attached,
        "acknowledges": headers.acknowledges,
        "checkpoint": headers.checkpoint,
    }
