"""Which attached files have a letter of ours to the team in them, and who gets these."""

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import select

from ...mail import mime
from ...mail.parsed import Attachment
from ..records.letters import Letter
from ..records.messages import Message
from ..records.people import Person
from ..records.queues import Responder
from ..records.tickets import Ticket
from ..storage.base import in_portions
from ..storage.unit_of_work import Desk
from ..tickets.members import everybody_on, standing_of
from ..tickets.redaction import Redaction
from .delivery import Arrival

# By these a letter of ours is known wherever it stands: its Message-ID, and its envelope sender (in Return-Path).
_ID = re.compile(rb"\.[0-9a-f]{32}@")
_BEFORE = 16
_TOKEN = re.compile(rb"bounce-([0-9a-f]{20})@")
# So deep do mails lie in one another.
_DEPTH = 10


def files_of(desk: Desk, arrival: Arrival) -> tuple[Attachment, ...]:
    """The files of a mail, those marked that have a letter to the team in them."""
    judged: dict[int, bool] = {}
    files = arrival.incoming.attachments
    return tuple(replace(one, withheld=_is_for_team(desk, arrival.raw, one, judged)) for one in files)


def reads_all(desk: Desk, message: Message, person_id: int) -> bool:
    """Whether somebody gets every file of a message: none is withheld, or they answer for its ticket now."""
    if not any(one.withheld for one in message.attachments):
        return True
    person, ticket = desk.session.get(Person, person_id), desk.session.get_one(Ticket, message.ticket_id)
    return person is not None and standing_of(person, everybody_on(desk, ticket)).responder


def _is_for_team(desk: Desk, raw: bytes, file: Attachment, judged: dict[int, bool]) -> bool:
    """Whether a file has a letter in it that was about a private message, or went to somebody of the team."""
    ids: set[str] = set()
    tokens: set[str] = set()
    for content in _contents(raw, mime.Part(file.type, None, file.encoding, "", None, file.start, file.stop), _DEPTH):
        locals_ = (content[max(0, found.start() - _BEFORE) : found.end()] for found in _ID.finditer(content))
        ids |= {f"<{local.decode('ascii', 'replace')}{desk.domain}>" for local in locals_}
        tokens |= {found.decode() for found in _TOKEN.findall(content)}
    return any(
        judged[letter.id] if letter.id in judged else judged.setdefault(letter.id, _went_to_team(desk, letter))
        for column, names in ((Letter.message_id, ids), (Letter.token, tokens))
        for portion in in_portions(names)
        for letter in desk.session.scalars(select(Letter).where(column.in_(portion)))
    )


def _contents(raw: bytes, part: mime.Part, depth: int) -> Iterator[bytes]:
    """What a part of a mail says, and whatever is encoded in the mails within it; their types may be wrong."""
    content = mime.content(raw, part)
    yield content
    for inner in mime.parts(content) if depth else ():
        if inner.type.startswith("message/") or inner.encoding in mime.ENCODED:
            yield from _contents(content, inner, depth - 1)


def _went_to_team(desk: Desk, letter: Letter) -> bool:
    """Whether a letter was about a private message, or its reader may have seen one, or is on its ticket no more."""
    if letter.ticket_id is None:
        answers = select(Responder.person_id).where(Responder.person_id == letter.person_id).limit(1)
        return letter.person.administrator or desk.session.scalar(answers) is not None
    ticket = desk.session.get_one(Ticket, letter.ticket_id)
    reader = standing_of(letter.person, everybody_on(desk, ticket))
    left = letter.about_id is not None and not (reader.requestor or reader.participant)
    private = select(Message.id).where(Message.id == letter.about_id, Message.private)
    insider = left or letter.person_id in Redaction(desk, ticket).insiders
    return insider or desk.session.scalar(private) is not None
