"""What waits for an answer to a letter that asked: until when, whether still, and how it ends."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import or_, select, update

from ..lifecycle.commands import Command, Line, lines_of
from ..lifecycle.slips import DROP
from ..records.letters import Letter
from ..records.messages import Message
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from .finding.threads import ThreadMatch

LAPSE = timedelta(days=7)


def pending_letter(uow: UnitOfWork, thread: ThreadMatch) -> Letter | None:
    """The letter that asked what a mail answers; nothing may wait for that answer any more."""
    if thread.letter is None:
        return None
    letters = select(Letter).where(Letter.message_id == thread.letter.given)
    return uow.session.scalars(letters.with_for_update()).one_or_none()


def is_pending(uow: UnitOfWork, letter: Letter) -> bool:
    """Whether the lines of a letter can be carried out: they were not yet, and have not lapsed after a week."""
    return letter.commands is not None and not has_lapsed(uow, letter)


def has_lapsed(uow: UnitOfWork, letter: Letter) -> bool:
    """Whether it is too late to answer a letter that asked something."""
    return uow.now - letter.created > LAPSE


def is_waiting_for(uow: UnitOfWork, person_id: int) -> bool:
    """Whether lines or a message wait for a word of this person's in answer to a letter."""
    message = select(Message.id).where(Message.id == Letter.offered_id, Message.private)
    # What was held and could be dropped is held no more once it was.
    offered = message.where(or_(Message.held, Letter.offers.not_like(f"%{DROP}%"))).exists()
    waiting = or_(Letter.commands.is_not(None), offered)
    letters = select(Letter.id).where(Letter.person_id == person_id, Letter.created > uow.now - LAPSE, waiting)
    return uow.connection.execute(letters.limit(1)).first() is not None


def offered_message(uow: UnitOfWork, letter: Letter, ticket: Ticket) -> Message | None:
    """The private message that an answer to a letter sends; None once it was sent or dropped, or has lapsed."""
    message = uow.session.get(Message, letter.offered_id) if letter.offered_id else None
    if message is None or has_lapsed(uow, letter) or message.ticket_id != ticket.id or not message.private:
        return None
    return message if message.held or DROP not in (letter.offers or "").split() else None


def take_pending(uow: UnitOfWork, letter: Letter) -> str:
    """The lines that waited: they wait no more, in whichever letter to this person they stand."""
    lines = letter.commands or ""
    _replace(uow, letter, None)
    return lines


def keep_pending(uow: UnitOfWork, letter: Letter, own: Sequence[Line]) -> list[str]:
    """The lines of a letter that go on waiting once a mail with these lines of its own was carried out.

    A line that the mail repeats, or replaces where it can stand only once, waits no more.
    """
    written = {line.written for line in own}
    once = {line.command for line in own if line.command and not line.command.repeats}
    waits = [line for line in (letter.commands or "").split("\n") if not _is_repeated(line, written, once)]
    _replace(uow, letter, "\n".join(waits) or None)
    return waits


def _replace(uow: UnitOfWork, letter: Letter, lines: str | None) -> None:
    alike = (
        Letter.ticket_id == letter.ticket_id,
        Letter.person_id == letter.person_id,
        Letter.kind == letter.kind,
        Letter.about_id.is_not_distinct_from(letter.about_id),
    )
    uow.session.execute(update(Letter).where(*alike, Letter.commands == letter.commands).values(commands=lines))
    uow.session.refresh(letter)


def _is_repeated(line_text: str, repeated: Collection[str], once: Collection[Command | None]) -> bool:
    return line_text in repeated or any(line.command in once for line in lines_of(line_text))
