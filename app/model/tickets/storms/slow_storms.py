"""Slow storms: programs that answer each other with minutes or hours between their mails.

They are told by how often somebody takes turns with others on a ticket, sooner where their mails say nearly the same.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from ...records.letters import HELD, Letter
from ...records.message_ids import is_our_id
from ...records.messages import Message
from ...storage.prepared import Prepared
from ...storage.unit_of_work import UnitOfWork

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)


class Most(NamedTuple):
    """How many mails may be in turn within a day, and within a week."""

    in_day: int
    in_week: int


# Whoever has answered so many letters with the same words is a program: nobody is told of the next one.
SAME = Most(5, 20)
# The same of words that differ in numbers and little else, and of mails that name no letter: people write those, too.
ALIKE = Most(9, 20)
# Whatever they say. Two people who write each other this often are told later, too.
ANY = Most(40, 100)
# So few words may be like others by chance.
_FEWEST_WORDS = 4
_NEWEST = 200
_COMPARED = 500
_WORD = re.compile(r"[^\W\d_]+")
_HAS_DIGIT = re.compile(r"\S*\d\S*")


class Written(NamedTuple):
    """A mail on a ticket, as far as it counts: who wrote it, what it answers, when it came, and its number there."""

    sender: int | None
    automatic: str | None
    verified: bool
    answered: str | None
    received: datetime
    number: int = 0


_LATE = (
    Message.ticket_id == bindparam("ticket"),
    Message.number > bindparam("before"),
    Message.received > bindparam("since"),
    Message.received <= bindparam("now"),
    Message.mail_id.is_not(None),
)
_LATELY = Prepared(
    select(
        Message.sender_id,
        Message.automatic,
        Message.verified,
        Message.in_reply_to,
        Message.received,
        Message.number,
    ).where(*_LATE)
)
_BEGINNINGS = Prepared(select(Message.number, func.substr(Message.text, 1, _COMPARED)).where(*_LATE))


def turns(uow: UnitOfWork, rows: Sequence[Written], sender: int | None, *, verified: bool) -> int:
    """How many mails of a sender answer a letter of ours, or take turns with mails of others.

    What is verified and what is not counts apart: nobody can use up what somebody else may write. Verified mails count
    by the letters of ours that they answer, and by verified mails of others. Only a letter of ours counts: other ids
    can be made up.
    """
    own = [row.answered for row in rows if row.sender == sender and row.verified == verified]
    letters_answered = len({answered for answered in own if answered and is_our_id(uow, answered)})
    count = sum(row.sender != sender and (row.verified or not verified) for row in rows)
    if not verified:
        return max(min(len(own), count + 1), letters_answered)
    return letters_answered + min(sum(not (answered and is_our_id(uow, answered)) for answered in own), count)


def hold_time(uow: UnitOfWork, message: Message, sender: int, here: Collection[int]) -> timedelta | None:
    """How long letters about a mail that was just posted are held, as one too many in turn; None if they are not.

    Who is not on the ticket writes from ever new addresses, and counts as one.
    """
    if message.number <= 2 * SAME.in_day:
        return None
    rows = _grouped(lately(uow, message.ticket_id, message.number), here)
    own = sender if sender in here else None
    if turns(uow, rows, own, verified=message.verified) <= SAME.in_day:
        return None
    repeats = _repeats(uow, [row for row in rows if row.sender == own], message)
    week = _count(uow, rows, repeats, message, own)
    if all(count <= most.in_day for most, count in week.items()):
        return None
    today = _count(uow, [row for row in rows if row.received > uow.now - DAY], repeats, message, own)
    held = _held_lately(uow, message)
    # After one too many, it is so until two days are quiet: each list of what was held begins the exchange again.
    if any(moment > uow.now - 2 * DAY for moment in held):
        today = week
    over = {most for most, count in week.items() if count > most.in_week or today[most] > most.in_day}
    if over == {ANY}:
        return min(HOUR * (1 << min(len(held), 8)), DAY)
    return DAY if over else None


def takes_turns_too_often(
    uow: UnitOfWork, ticket: int, posts: int, sender: int, here: Collection[int], *, answers: bool
) -> bool:
    """Whether one more verified mail of somebody's would be one too many within a day, whatever it says.

    `answers`: it answers one more letter of ours.
    """
    if posts + 1 <= ANY.in_day:
        return False
    rows = _grouped(lately(uow, ticket, posts), here)
    rows = [row for row in rows if row.received > uow.now - DAY]
    if not answers:
        rows.append(Written(sender, None, True, None, uow.now))
    return turns(uow, rows, sender, verified=True) + answers > ANY.in_day


def lately(uow: UnitOfWork, ticket: int, number: int) -> list[Written]:
    """The mails of a ticket within a week, up to this number; asked for once for all letters about one mail."""
    asked = ("slow storm", ticket, number)
    if asked not in uow.session.info:
        rows = _LATELY.rows(uow.connection, _within_week(uow, ticket, number))
        uow.session.info[asked] = [Written(*row) for row in rows]
    mails: list[Written] = uow.session.info[asked]
    return mails


def _within_week(uow: UnitOfWork, ticket: int, number: int) -> dict[str, object]:
    return {"ticket": ticket, "before": number - _NEWEST, "since": uow.now - WEEK, "now": uow.now}


def _grouped(rows: Sequence[Written], here: Collection[int]) -> list[Written]:
    """These mails, with no sender where that is nobody on the ticket."""
    return [row if row.sender in here else row._replace(sender=None) for row in rows]


def _repeats(uow: UnitOfWork, own: Sequence[Written], message: Message) -> dict[Most, Collection[int]]:
    """The numbers of the mails of a sender that say what this one says, by how much of it; none if it says nothing."""
    begin = _own_words(message.text[:_COMPARED])
    if not begin:
        return {}
    words = words_of(begin)
    rows = _BEGINNINGS.rows(uow.connection, _within_week(uow, message.ticket_id, message.number))
    words_of_rows = {number: _own_words(text) for number, text in rows}
    same = {row.number for row in own if words_of_rows[row.number] == begin}
    alike = {row.number for row in own if is_alike(words, words_of(words_of_rows[row.number]))}
    return {SAME: {row.number for row in own if row.number in same and _names_letter(uow, row)}, ALIKE: same | alike}


def _count(
    uow: UnitOfWork, rows: Sequence[Written], repeats: Mapping[Most, Collection[int]], message: Message, own: int | None
) -> dict[Most, int]:
    """How many of these mails are in turn, by how much they say the same as this one."""
    counted = {ANY: turns(uow, rows, own, verified=message.verified)}
    for most, numbers in repeats.items():
        these = [row for row in rows if row.sender != own or row.number in numbers]
        counted[most] = turns(uow, these, own, verified=message.verified)
    return counted


def _names_letter(uow: UnitOfWork, row: Written) -> bool:
    return row.answered is not None and is_our_id(uow, row.answered)


def _own_words(text: str) -> str:
    """A text without quoted lines: programs repeat what they answer."""
    return "\n".join(line for line in text.split("\n") if not line.startswith(">")).strip()


def words_of(text: str) -> frozenset[str]:
    """The words of a text without those that have a digit in them: programs count, and give numbers."""
    return frozenset(_WORD.findall(_HAS_DIGIT.sub(" ", text).casefold()))


def is_alike(words: frozenset[str], other_words: frozenset[str]) -> bool:
    """Whether two texts of some words have nearly all of them in common."""
    return len(words) >= _FEWEST_WORDS and 5 * len(words & other_words) >= 4 * len(words | other_words)


def _held_lately(uow: UnitOfWork, message: Message) -> list[datetime]:
    """When the lists of what was held of a sender on a ticket leave, or left within a week."""
    held = (
        select(func.max(Letter.created))
        .join(Message, Message.id == Letter.about_id)
        .where(Letter.ticket_id == message.ticket_id, Letter.kind == HELD, Letter.created > uow.now - WEEK)
        .where(Message.sender_id == message.sender_id)
        .group_by(Letter.about_id)
    )
    return list(uow.session.scalars(held))
