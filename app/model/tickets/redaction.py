"""What outsiders may read of a ticket's messages: no quoted private words, no exchange of the team's.

What somebody writes is never taken out, and nothing of a mail whose writer cannot have seen a private message. Taken
out are lines that a colleague quotes: of private messages wherever they stand, and below the words (in `full_text`) all
that outsiders have not read.

What is taken out tells what is private: whoever writes in a colleague's name could try out words. So mail that nothing
proves, and that of former colleagues, quotes little of what outsiders have not read, or nothing of it.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import bindparam, select, union

from ...mail.quotation_matching import (
    WRITTEN,
    Private,
    QuotedLines,
    Words,
    has_words,
    is_marked,
    is_quoted_in,
    read,
    redacted,
    words_of,
)
from ...mail.subjects import bare_subject
from ..records.letters import Letter
from ..records.messages import Message
from ..records.people import Person, administrators
from ..records.tickets import Ticket
from ..storage.prepared import Prepared, Row
from ..storage.unit_of_work import UnitOfWork
from .members import members_of

# So many words in a row tell a text from others.
_RUN = 4
# So many lines may be quoted, in so many mails of a day, of which nothing proves that a colleague wrote them.
_MOST_UNPROVEN_LINES = 10
_MOST_UNPROVEN_MAILS = 5
_DAY = timedelta(days=1)
# A subject of one word stands in many others by chance.
_FEW_WORDS = 2

_HERE = Message.ticket_id == bindparam("ticket")
_PRIVATE = select(Message.id).where(_HERE, Message.private)
_PRIVATE_SUBJECTS = Prepared(select(Message.subject).where(_HERE, Message.private))
_PRIVATE_TEXTS = Prepared(select(Message.full_text).where(_HERE, Message.private))
_LETTERS = Prepared(select(Letter.text).join(Message, Message.id == Letter.about_id).where(_HERE, Message.private))
_MESSAGES = Prepared(
    select(Message.private, Message.sender_id, Message.text, Message.full_text).where(_HERE).order_by(Message.number)
)
_MAILS = Prepared(
    select(Message.sender_id, Message.verified, Message.received)
    .where(_HERE, ~Message.private, Message.mail_id.is_not(None))
    .order_by(Message.received)
)
_TOLD = select(Letter.person_id).where(Letter.about_id.in_(_PRIVATE))
# A stranger's words are private, too. Who got the ticket's letters, and could not leave it, was on its team.
_ON_TEAM = select(Letter.person_id).where(
    Letter.ticket_id == bindparam("ticket"), Letter.about_id.is_not(None), Letter.leave_token.is_(None)
)
_WROTE = select(Message.sender_id).where(
    Message.id.in_(_PRIVATE),
    Message.automatic.is_(None),
    Message.sender_id != bindparam("requestor"),
    Message.sender_id.in_(_ON_TEAM),
)
# One query for each: together they would look through all people.
_SAW_PRIVATE = Prepared(union(select(Person.id).where(Person.administrator), _TOLD, _WROTE))


class Source(NamedTuple):
    """Who wrote a text, whether that is proven, and when it came. None stands for the tracker."""

    writer: int | None
    proven: bool
    received: datetime


class Redaction:
    """One ticket's messages as outsiders may read them. What this needs of the database is read once."""

    def __init__(self, uow: UnitOfWork, ticket: Ticket) -> None:
        self._unit_of_work = uow
        self._ticket = ticket
        self._readings: dict[str, QuotedLines] = {}
        self._redacted: dict[str, str] = {}

    def text(self, message: Message) -> str:
        """What the writer of a public message wrote."""
        return self.without_private(message.text, source_of(message))

    def full_text(self, message: Message) -> str:
        """All of a public message; of what a colleague quotes below their words only what outsiders have read."""
        if message.sender_id not in self.insiders:
            return message.full_text
        if message.full_text == message.text:
            return self.text(message)
        source = source_of(message)
        proven = self._is_proven(source)
        text = self.without_private(message.full_text, source) if proven else message.full_text
        return self._only_read(text, self.text(message).split("\n"))

    def subject(self, message: Message) -> str:
        """The subject of a public message; where it is that of a private one, the ticket's title."""
        return self._ticket.title if self.hides_subject(message.subject, source_of(message)) else message.subject

    def hides_subject(self, subject: str, source: Source) -> bool:
        """Whether a colleague's subject is that of a private message, or has it among other words.

        Of many mails that nothing proves it is, whatever it says.
        """
        if not self._ticket.has_private or source.writer not in self.insiders:
            return False
        if not self._is_proven(source) and self._is_one_of_many(source):
            return True
        words = _as_words(bare_subject(subject)[0])
        return any(
            words == private or (private.count(" ") > _FEW_WORDS and private in words)
            for private in self._private_subjects
        )

    @cached_property
    def _private_subjects(self) -> frozenset[str]:
        subjects = {_as_words(bare_subject(subject)[0]) for (subject,) in self._rows(_PRIVATE_SUBJECTS)}
        title = _as_words(bare_subject(self._ticket.title)[0])
        return frozenset(words for words in subjects if words.strip() and words not in title)

    def body(self, message: Message) -> str:
        """The text by which outsiders find a public message."""
        return self.full_text(message) if message.parent_id is None else self.text(message)

    def without_private(self, text: str, source: Source) -> str:
        """A public text without the lines that its writer, if a colleague, quotes from private messages.

        A long ticket is read whole only where such a line stands in a private message at all.
        """
        if not self._ticket.has_private or source.writer not in self.insiders:
            return text
        if self._tries_out(text, source):
            return self._only_read(text)
        if text not in self._redacted:
            reading = self._read(text)
            quotes = is_quoted_in(reading, self._rough)
            self._redacted[text] = redacted(text, reading, self._private) if quotes else text
        return self._redacted[text]

    def _tries_out(self, text: str, source: Source) -> bool:
        """Whether a text may try out what is private: nothing proves that a colleague wrote it, and it quotes much."""
        if self._is_proven(source):
            return False
        lines, kinds, _ = self._read(text)
        quoted = {line for line, kind in zip(lines, kinds, strict=True) if kind != WRITTEN and line.strip()}
        return len(quoted) > _MOST_UNPROVEN_LINES or (bool(quoted) and self._is_one_of_many(source))

    def _is_one_of_many(self, source: Source) -> bool:
        """Whether so many mails that nothing proves came within a day before this one that it counts as a guess."""
        before = bisect_left(self._unproven, source.received)
        return before - bisect_left(self._unproven, source.received - _DAY) >= _MOST_UNPROVEN_MAILS

    def _is_proven(self, source: Source) -> bool:
        """Whether somebody who is on the team now wrote it; None stands for the tracker."""
        return source.writer is None or (source.proven and source.writer in self._team)

    def _only_read(self, text: str, written: Collection[str] = ()) -> str:
        """A text with what its writer wrote, and of what they quote only what outsiders have read."""
        lines, kinds, _ = self._read(text)
        words, kept = set(written), list[str]()
        for line, kind in zip(lines, kinds, strict=True):
            if kind == WRITTEN or line in words or self._is_read(line, kept):
                kept.append(line)
        return text if len(kept) == len(lines) else "\n".join(kept).rstrip()

    def _read(self, text: str) -> QuotedLines:
        """Read a text once: what is private is looked for in it several times."""
        if text not in self._readings:
            self._readings[text] = read(text, self._rough)
        return self._readings[text]

    @cached_property
    def insiders(self) -> frozenset[int | None]:
        """Who may have seen a private message: who answers, who got a letter about one, who wrote one.

        Not a requestor who wrote one. None stands for the tracker.
        """
        seen = self._rows(_SAW_PRIVATE, requestor=self._ticket.requestor_id)
        return frozenset([None, *self._team, *(person_id for (person_id,) in seen)])

    @cached_property
    def _team(self) -> frozenset[int]:
        """Who may see private messages now."""
        answering = (member.person_id for member in members_of(self._unit_of_work, self._ticket) if member.insider)
        return frozenset([*answering, *(person.id for person in administrators(self._unit_of_work))])

    @cached_property
    def _unproven(self) -> list[datetime]:
        """When the mails came of which nothing proves that a colleague wrote them, in order."""
        sources = [Source(*row) for row in self._rows(_MAILS)]
        return [source.received for source in sources if source.writer in self.insiders and not self._is_proven(source)]

    @cached_property
    def _messages(self) -> list[Row]:
        """Of every message whether it is private, who wrote it, its text and its full text."""
        return self._rows(_MESSAGES)

    @cached_property
    def _rough(self) -> Private:
        """All that private messages and our letters about them say, whoever else has said it."""
        if not self._ticket.has_private:
            return Private(Words(), Words(), Words())
        words = Words(*(text for (text,) in self._rows(_PRIVATE_TEXTS)))
        # What stands in a message is no line of ours, however short: who sends it after all has written it.
        framing = "\n".join(words.lacks(self._lines_of_letters(), short=True))
        words.add(framing)
        return Private(words, Words(framing), Words())

    def _lines_of_letters(self) -> Iterable[str]:
        """What our letters say around private words; that there were such words is private too."""
        return dict.fromkeys(line for (text,) in self._rows(_LETTERS) for line in text.split("\n"))

    def _rows(self, statement: Prepared, **values: int) -> list[Row]:
        self._unit_of_work.session.flush()
        return statement.rows(self._unit_of_work.connection, {"ticket": self._ticket.id, **values})

    @cached_property
    def _private(self) -> Private:
        """All that only private messages say, and our letters about them.

        What they have of a public message, be it older or newer, is not private.
        """
        framing = self._rough.framing
        private = Private(Words(*framing.texts), framing, Words())
        additions: list[list[str]] = []
        for is_private, writer, text, full_text in self._messages:
            if is_private:
                additions.append(private.public.lacks(full_text.split("\n")))
                private.words.add("\n".join(additions[-1]))
            else:
                private.public.add(redacted(text, self._read(text), private) if writer in self.insiders else full_text)
        words = ("\n".join(private.public.lacks(lines)) for lines in additions)
        return private._replace(words=Words(*framing.texts, *words))

    @cached_property
    def _public(self) -> Sequence[str]:
        """All texts that outsiders have read."""
        return [
            redacted(text, self._read(text), self._private) if writer in self.insiders else full_text
            for is_private, writer, text, full_text in self._messages
            if not is_private
        ]

    @cached_property
    def _public_lines(self) -> frozenset[str]:
        lines = {_bare(line) for text in self._public for line in text.split("\n")}
        return frozenset(line for line in lines if has_words(line))

    @cached_property
    def _public_words(self) -> tuple[frozenset[int], frozenset[int]]:
        """All runs of words that outsiders have read, and all lines that are shorter; hashes, since they are many."""
        runs: set[int] = set()
        short: set[int] = set()
        for text in self._public:
            runs.update(map(hash, _runs(words_of(text))))
            short.update(hash(tuple(words)) for line in text.split("\n") if len(words := words_of(line)) < _RUN)
        return frozenset(runs), frozenset(short)

    def _is_read(self, line: str, kept: Sequence[str]) -> bool:
        """Whether outsiders have read a quoted line; `kept` are those before it. One without words goes with them."""
        # Most quotations are lines as they were.
        if _bare(line) in self._public_lines:
            return True
        words, before = words_of(line), words_of(kept[-1])[1 - _RUN :] if kept and is_marked(kept[-1]) else []
        if not words:
            return bool(before)
        runs, short = self._public_words
        if len(words) < _RUN and hash(tuple(words)) in short:
            return True
        # A client may have broken the lines anew.
        own = _runs(words if len(words) >= _RUN else before + words)
        return bool(own) and all(hash(run) in runs for run in own)


def source_of(message: Message) -> Source:
    """Return where a message came from. What came by command was written by whoever it names."""
    return Source(message.sender_id, message.verified or message.mail_id is None, message.received)


def _as_words(text: str) -> str:
    """The words of a text with a blank around each, so that whole words of it are found."""
    return f" {' '.join(words_of(text))} "


def _bare(line: str) -> str:
    return line.lstrip("> \t").rstrip()


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)]
