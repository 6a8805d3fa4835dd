"""This file holds what keeps the words of private messages out of public ones."""

import re
from collections.abc import Iterable

from sqlalchemy import select

from app.model.desk import Desk
from app.model.letters import Letter
from app.model.messages import Message
from app.model.tickets import Ticket

_MARKS = re.compile(r"^[\s>|]+")
# A short line that stands in a private message may stand anywhere ("Thanks"): only as a quotation is it one.
_TELLING = 24
# Words that stand inside of so many others are looked for no longer, and count as private.
_TRIES = 100
# So many characters are compared, and so many lines at least; beyond it whatever is quoted counts as private.
_MOST_WORK = 100_000_000
_FEWEST = 300


def redacted(desk: Desk, ticket: Ticket, text: str) -> str:
    """A public text without the lines that somebody quoted from private messages of its ticket.

    The whole ticket is read only where a line stands in a private message at all: a long ticket costs no more.
    """
    if not ticket.has_private:
        return text
    said = desk.session.scalars(select(Message.full_text).where(Message.ticket_id == ticket.id, Message.private))
    rough = "\n".join(map(_folded, [*said, *_lines_of_private_letters(desk, ticket)]))
    return (
        text if without_private_lines(text, rough) == text else without_private_lines(text, private_words(desk, ticket))
    )


def private_words(desk: Desk, ticket: Ticket) -> str:
    """All that only private messages of a ticket say, and their letters, white space folded; empty without any.

    What a private message quotes of a public one before it stays public.
    """
    if not ticket.has_private:
        return ""
    query = select(Message.private, Message.full_text).where(Message.ticket_id == ticket.id).order_by(Message.number)
    private, public = "", ""
    for is_private, text in desk.session.execute(query):
        if is_private:
            private += f"{_folded(without_private_lines(text, public))}\n"
        else:
            public += f"{_folded(without_private_lines(text, private))}\n"
    return private + "\n".join(_folded(line) for line in _lines_of_private_letters(desk, ticket))


def _lines_of_private_letters(desk: Desk, ticket: Ticket) -> Iterable[str]:
    """What our letters say around private words; that there were such words is private too."""
    about = Message.id == Letter.about_id
    query = select(Letter.text).join(Message, about).where(Letter.ticket_id == ticket.id, Message.private)
    return dict.fromkeys(line for text in desk.session.scalars(query) for line in text.split("\n"))


def without_private_lines(text: str, private: str) -> str:
    """A public text without the lines that somebody quoted from private messages."""
    if not private:
        return text
    lines = text.split("\n")
    looked_at = list(dict.fromkeys(lines))
    most = max(_FEWEST, _MOST_WORK // len(private))
    found = {line for line in looked_at[:most] if _is_private(line, private)}
    found |= {line for line in looked_at[most:] if _is_quoted(line)}
    return "\n".join(line for line in lines if line not in found)


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "|"))


def _is_private(line: str, private: str) -> bool:
    words = _folded(_MARKS.sub("", line))
    if not words:
        return False
    if len(words) >= _TELLING:
        return words in private
    return _is_quoted(line) and _stands_in(words, private)


def _stands_in(words: str, text: str) -> bool:
    """Whether words stand in a text as words: "no" does not in "know"."""
    at = text.find(words)
    for _ in range(_TRIES):
        if at < 0:
            return False
        before, after = text[at - 1 : at], text[at + len(words) : at + len(words) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = text.find(words, at + 1)
    return True


def _folded(text: str) -> str:
    return " ".join(_MARKS.sub("", line).strip() for line in text.split("\n")).casefold()
