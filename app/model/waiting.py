"""This file holds commands that wait for a proof of who wrote them: an answer to the letter that lists them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from app.model.commands import MOST_LINES, UNDO, lines_of
from app.model.desk import Desk
from app.model.footer import footer
from app.model.letters import Letter, State
from app.model.receipts import Kind, Writer, write_to
from app.model.storms import free_at
from app.model.text import one_line
from app.model.threads import Thread
from app.model.workflow import Words

LAPSE = timedelta(days=7)
EVERY = timedelta(hours=1)
_LONGEST_LINE = 20_000
# A word of an answer that may mean no; to ask once more is better than to do what a forger wanted.
_NO = frozenset({"no", "not", "never", "don't", "didn't", "wasn't", "haven't", "stop", "nein", "nicht", "non", "pas"})
# What stands alone in an answer that says yes and means no words for others.
_YES = frozenset({"yes", "y", "ok", "okay", "confirm", "confirmed", "ja", "oui", "si", "sí"})


def hold(desk: Desk, to: Writer, lines: Sequence[str], *, checkpoint: int | None = None, opened: bool = False) -> None:
    """Let lines wait, and list them in one letter to the person's stored address.

    There is one such letter per person and ticket an hour: what comes sooner is added to the next one, which then
    lists all of it. So it is with what comes when a person has got very many such letters within an hour.
    """
    recent = _recent(desk, to)
    lines = [one_line(line, _LONGEST_LINE) for line in lines]
    alike = (one for one in recent if _is_unseen(desk, one) and (one.commands == UNDO) == (lines == [UNDO]))
    due = max([desk.now, *(one.created + EVERY for one in recent)])
    if (joined := next(alike, None)) is not None:
        lines, due = _collected((joined.commands or "").split("\n"), lines), joined.created
        desk.session.delete(joined)
        desk.session.flush()
    else:
        due = max(due, free_at(desk, to.standing.person_id, Kind.WAITING))
    _write(desk, to, lines, due, checkpoint, opened=opened)


def _collected(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Lines of several mails; of what can stand only once, the later holds."""
    once = {line.command for line in lines_of("\n".join(now)) if line.command and not line.command.repeats}
    kept = [line.written for line in lines_of("\n".join(before)) if line.command not in once]
    return [*(line for line in kept if line not in now), *now][:MOST_LINES]


def _recent(desk: Desk, to: Writer) -> Sequence[Letter]:
    """Such letters to this person about this ticket within an hour, also those that wait for their hour."""
    mine = Letter.ticket_id == to.ticket.id, Letter.person_id == to.standing.person_id, Letter.kind == Kind.WAITING
    return desk.session.scalars(select(Letter).where(*mine, Letter.created > desk.now - EVERY)).all()


def _is_unseen(desk: Desk, letter: Letter) -> bool:
    """Whether a letter has waited for its hour, and no courier has touched it."""
    return letter.state == State.WAITING and letter.attempts == 0 and letter.next > desk.now


def _write(
    desk: Desk, to: Writer, lines: Sequence[str], due: datetime, checkpoint: int | None, *, opened: bool
) -> None:
    came = f"A mail in your name {'opened' if opened else 'came to'} ticket {to.ticket.id}"
    heading = f"{came}, and nothing proves that you sent it. So these lines of it wait:"
    why, *below = footer(desk, to.ticket, to.standing, to.everybody, private=to.private)
    does = "A reply from you carries out the lines above. What else you write in it does what it always does:"
    write_to(
        desk,
        to,
        Kind.WAITING,
        heading,
        lines,
        ['If you did not send them, do nothing, or answer "no": they lapse after a week.'],
        footing=[why, does, *below],
        commands="\n".join(lines),
        checkpoint=checkpoint,
        # It is dated when it leaves: from then on it waits for its answer, and the next one for its hour.
        created=due,
        next=due,
    )


def is_answered(thread: Thread) -> bool:
    """Whether a mail answers a letter that lists waiting lines."""
    return thread.letter is not None and thread.letter.kind == Kind.WAITING


def held(desk: Desk, thread: Thread) -> Letter | None:
    """The letter whose waiting lines a mail answers, if it answers such a one."""
    if thread.letter is None or not is_answered(thread):
        return None
    found = select(Letter).where(Letter.message_id == thread.letter.given, Letter.commands.is_not(None))
    return desk.session.scalars(found.with_for_update()).one_or_none()


def release(desk: Desk, letter: Letter) -> str | None:
    """The lines that waited, which now are carried out and wait no more; None if they have lapsed."""
    lines, letter.commands = letter.commands, None
    desk.session.flush()
    return lines if desk.now - letter.created <= LAPSE else None


def says_no(words: Words) -> bool:
    """Whether an answer denies what it answers: then to carry it out would be the worst reading."""
    return bool(_NO & set(re.findall(r"[\w'\u2019]+", words.text[:200].casefold().replace("\u2019", "'"))))


def without_yes(words: Words) -> Words:
    """The words of an answer without a mere yes."""
    if words.text.strip().strip(".!").casefold() not in _YES:
        return words
    return replace(words, text="", full_text="")
