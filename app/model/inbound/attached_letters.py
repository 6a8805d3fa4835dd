"""Which attached files have a letter of ours to the team in them, and who gets these."""

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import select

from ...mail import mime
from ...mail.parsed import ParsedAttachment
from ..records.letters import Letter
from ..records.messages import Message, contents_of
from ..records.people import Person
from ..records.queues import Responder
from ..records.tickets import Ticket
from ..storage.base import in_portions
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import member_for, members_of
from ..tickets.redaction import Redaction
from .delivery import InboundMail

# By these a letter of ours is known wherever it stands: its Message-ID, and its envelope sender (in Return-Path).
_ID = re.compile(rb"\.[0-9a-f]{32}@")
_BEFORE = 16
_TOKEN = re.compile(rb"bounce-([0-9a-f]{20})@")
# So deep do mails lie in one another.
_DEPTH = 10


def attachments_of(uow: UnitOfWork, inbound_mail: InboundMail) -> tuple[ParsedAttachment, ...]:
    """The files of a mail, those marked that have a letter to the team in them."""
    judged: dict[int, bool] = {}
    files, raw = inbound_mail.parsed.attachments, inbound_mail.raw
    contents = zip(files, contents_of(raw, files), strict=True)
    return tuple(replace(file, withheld=_is_for_team(uow, content, judged)) for file, content in contents)


def may_get_all_files(uow: UnitOfWork, message: Message, person_id: int) -> bool:
    """Whether somebody gets every file of a message: none is withheld, or they answer for its ticket now."""
    if not any(attachment.withheld for attachment in message.attachments):
        return True
    person, ticket = uow.session.get(Person, person_id), uow.session.get_one(Ticket, message.ticket_id)
    return person is not None and member_for(person, members_of(uow, ticket)).responder


def _is_for_team(uow: UnitOfWork, file: bytes, judged: dict[int, bool]) -> bool:
    """Whether a file has a letter in it that was about a private message, or went to somebody of the team."""
    ids: set[str] = set()
    tokens: set[str] = set()
    for content in _contents(file, _DEPTH):
        locals_ = (content[max(0, match.start() - _BEFORE) : match.end()] for match in _ID.finditer(content))
        ids |= {f"<{local.decode('ascii', 'replace')}{uow.domain}>" for local in locals_}
        tokens |= {match.decode() for match in _TOKEN.findall(content)}
    return any(
        judged[letter.id] if letter.id in judged else judged.setdefault(letter.id, _went_to_team(uow, letter))
        for column, names in ((Letter.message_id, ids), (Letter.token, tokens))
        for portion in in_portions(names)
        for letter in uow.session.scalars(select(Letter).where(column.in_(portion)))
    )


def _contents(content: bytes, depth: int) -> Iterator[bytes]:
    """What a file says, and whatever is encoded in the mails within it; their types may be wrong."""
    yield content
    for inner in mime.parts(content) if depth else ():
        if inner.held is not None or inner.type.startswith("message/") or inner.encoding in mime.ENCODED:
            yield from _contents(mime.content(content, inner), depth - 1)


def _went_to_team(uow: UnitOfWork, letter: Letter) -> bool:
    """Whether a letter was about a private message, or its reader may have seen one, or is on its ticket no more."""
    if letter.ticket_id is None:
        answers = select(Responder.person_id).where(Responder.person_id == letter.person_id).limit(1)
        return letter.person.administrator or uow.session.scalar(answers) is not None
    ticket = uow.session.get_one(Ticket, letter.ticket_id)
    reader = member_for(letter.person, members_of(uow, ticket))
    left = letter.about_id is not None and not (reader.requestor or reader.participant)
    private = select(Message.id).where(Message.id == letter.about_id, Message.private)
    insider = left or letter.person_id in Redaction(uow, ticket).insiders
    return insider or uow.session.scalar(private) is not None
