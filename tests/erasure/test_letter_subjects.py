"""Claims about what a letter shows: rows that say so, of new letters and of those that an older version wrote."""

import re
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import ColumnElement, select, text

from mail_tickets.model.erasure.erase_person import erase, forget_person
from mail_tickets.model.erasure.erase_ticket import forget_ticket
from mail_tickets.model.erasure.vacuum import sweep
from mail_tickets.model.letters import old_letters
from mail_tickets.model.letters.receipt_letters import ReceiptKind
from mail_tickets.model.operations.daily_letter import KIND
from mail_tickets.model.records.letters import HELD, NOT_SENT, UNANSWERED, Letter, LetterSubject, SubjectBacklog
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import Address, get_person
from mail_tickets.model.records.tickets import UNDELIVERED, Ticket
from mail_tickets.model.schema import alembic_config, upgrade
from mail_tickets.model.storage.database import Database
from mail_tickets.model.storage.unit_of_work import UnitOfWork
from mail_tickets.model.tickets.undo import Checkpoint
from tests.erasure.story import tell_story
from tests.support.markers import PEOPLE, Small, email_of, words_in
from tests.support.sources import APP
from tests.support.world import DOMAIN, World

KINDS = {
    "opened",
    "posted",
    "changed",
    "acknowledged",
    HELD,
    NOT_SENT,
    UNANSWERED,
    UNDELIVERED,
    KIND,
    *ReceiptKind,
}
ROWS = Path(__file__).with_name("version_0009.sql")


def shown_by(world: World) -> dict[int, tuple[set[int | None], set[int | None]]]:
    """By letter, the people and the tickets that its columns and rows say it shows."""
    writers = {message.id: message.sender_id for message in world.rows(Message)}
    requestors_of = {(ticket.id, ticket.requestor_id) for ticket in world.rows(Ticket)}
    requestors_of |= {(checkpoint.ticket_id, checkpoint.requestor_id) for checkpoint in world.rows(Checkpoint)}
    subjects: dict[int, tuple[set[int | None], set[int | None]]] = {}
    for letter in world.rows(Letter):
        requestors = {person for ticket, person in requestors_of if ticket == letter.ticket_id}
        subjects[letter.id] = {letter.person_id, writers.get(letter.about_id), *requestors}, {letter.ticket_id}
    for row in world.rows(LetterSubject):
        people, tickets = subjects[row.letter_id]
        people.add(row.person_id)
        tickets.add(row.ticket_id)
    return subjects


def own_words(letter: Letter, quotes: list[str]) -> str:
    """What a letter says, but for the words of messages and of questions."""
    text = "\n".join([letter.sender_name, letter.subject, letter.text, letter.commands or ""])
    for words in [*quotes, letter.subject.partition("Search: ")[2]]:
        text = text.replace(words, "") if words else text
    return text


def missing(world: World) -> list[tuple[str, str, str]]:
    """What stands in a letter without a column or row that says so."""
    quotes = sorted({message.text for message in world.rows(Message) if message.text}, key=len, reverse=True)
    names = {address.person_id: address.email.partition("@")[0] for address in world.rows(Address)}
    titles = {ticket.id: ticket.title for ticket in world.rows(Ticket)}
    subjects, lacking = shown_by(world), []
    for letter in world.rows(Letter):
        text, (people, tickets) = own_words(letter, quotes), subjects[letter.id]
        for person, name in names.items():
            if person not in people and re.search(rf"(?i)name{name}|{name}@|{name} renamed", text):
                lacking.append((letter.kind, name, text))
        for number, title in titles.items():
            if number not in tickets and (title in text or re.search(rf"ticket{number}@|Ticket {number} in ", text)):
                lacking.append((letter.kind, f"ticket {number}", text))
    return lacking


@pytest.fixture
def small(any_database_url: str) -> Iterator[Small]:
    small = Small(any_database_url)
    yield small
    small.world.close()


@pytest.mark.slow
def test_a_letter_of_every_kind_has_the_subjects_that_it_shows(small: Small) -> None:
    tell_story(small)
    assert {letter.kind for letter in small.world.rows(Letter)} == KINDS
    assert missing(small.world) == []
    # Nothing is said twice: most letters show nobody besides their recipient and the writer of their message.
    assert len(small.world.rows(LetterSubject)) < 3 * len(small.world.rows(Letter))


# A database of the version before


@pytest.fixture
def old_url(empty_url: str) -> str:
    """A database that the version before 0010 wrote."""
    rows = ROWS.read_text()
    if empty_url.startswith("postgresql"):
        rows = re.sub(r"X'([0-9a-f]*)'", r"'\\x\1'", rows)
    with closing(Database(empty_url, DOMAIN)) as database:
        with database.transaction() as uow:
            command.upgrade(alembic_config(uow.session.connection()), "0009")
            uow.session.execute(text("DELETE FROM secret"))
        with database.transaction() as uow:
            driver = uow.connection.connection.driver_connection
            assert driver is not None
            if database.is_sqlite:
                for statement in rows.split(";\nINSERT"):
                    driver.execute(f"INSERT{statement.partition('INSERT')[2] or statement}")
            else:
                assert isinstance(driver, psycopg.Connection)
                driver.execute(rows.encode(), prepare=False)
                for table in ("mail", "person", "ticket", "message", "letter", "delivery", "change", "address"):
                    driver.execute(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}".encode()
                    )
    return empty_url


@pytest.mark.parametrize("at_once", [7, 500])
def test_old_letters_get_theirs_in_batches_also_after_a_kill(
    old_url: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_letters, "AT_ONCE", at_once)
    really, calls = old_letters._name_some, count(1)

    def is_killed(uow: UnitOfWork, people: Any) -> bool:
        """Store a batch, or be killed just before it is committed."""
        going_on = really(uow, people)
        if next(calls) in (1, 4):
            raise KeyboardInterrupt
        return going_on

    monkeypatch.setattr(old_letters, "_name_some", is_killed)
    with closing(Database(old_url, DOMAIN)) as database:
        with pytest.raises(KeyboardInterrupt):
            upgrade(database)
        with suppress(KeyboardInterrupt):
            upgrade(database)
        upgrade(database)
    world = World(old_url, lifecycle="correspondence")
    assert world.rows(SubjectBacklog) == []
    assert missing(world) == []
    rows = [
        (letter_subject.letter_id, letter_subject.person_id, letter_subject.ticket_id)
        for letter_subject in world.rows(LetterSubject)
    ]
    assert len(rows) == len(set(rows))
    world.close()


def in_file(folder: Path, words: Collection[str]) -> list[str]:
    """Which words stand in the bytes of a SQLite database; none on PostgreSQL, whose files are not ours."""
    content = b"".join(path.read_bytes().lower() for path in folder.glob("tickets.db*") if "before" not in path.name)
    return [word for word in words if re.search(rf"{word}\b".encode(), content)]


def said_in(world: World, condition: ColumnElement[bool]) -> set[str]:
    """Every word of some messages."""
    with world.database.read_only() as uow:
        texts = uow.session.execute(select(Message.subject, Message.full_text).where(condition)).all()
    return {word for subject, text in texts for word in re.findall(r"quax[a-z]+w[0-9]+\b", f"{subject} {text}")}


@pytest.mark.parametrize("who", PEOPLE)
def test_of_an_old_database_nothing_of_a_person_is_left(old_url: str, who: str, tmp_path: Path) -> None:
    world = World(old_url, lifecycle="correspondence")
    with world.database.transaction() as uow:
        uow.session.execute(text("UPDATE letter SET state = 'waiting' WHERE id % 5 = 0"))
    with world.database.read_only() as uow:
        person = get_person(uow, email_of(who)).id
    words = said_in(world, Message.sender_id == person)
    report = erase(world.database, lambda uow: forget_person(uow, email_of(who)))
    sweep(world.database)
    # What others wrote stays: they named them in Cc, in a command, or in a question.
    places = [(place, word) for place, word in words_in(world, who) if word != f"{who}*"]
    assert [place for place in places if place[0] not in ("mail.raw", "message.text", "message.full_text")] == []
    assert [word for place, word in places if place != "mail.raw" and f"{who}w" in word] == []
    quoted = {word for word in words if any(re.search(rf"{word}\b", text) for _, text in places)}
    assert (bool(report.letters), bool(words - quoted), in_file(tmp_path, words - quoted)) == (True, True, [])
    world.close()


def test_of_an_old_database_nothing_of_a_ticket_is_left(old_url: str, tmp_path: Path) -> None:
    world = World(old_url, lifecycle="correspondence")
    words = said_in(world, Message.ticket_id == 1) - said_in(world, Message.ticket_id != 1)
    erase(world.database, lambda uow: forget_ticket(uow, 1))
    sweep(world.database)
    places = [
        (place, text_) for word in words for place, text_ in words_in(world, word) if re.search(rf"{word}\b", text_)
    ]
    assert (bool(words), places, in_file(tmp_path, words)) == (True, [], [])
    world.close()


def test_letters_are_inserted_in_one_place() -> None:
    inserts = re.compile(r"\binsert\((?:Letter\b|_?LETTER\b|cast\([^)]*Letter\.)|\bLetter\(\w+=")
    assert [path.name for path in APP if inserts.search(path.read_text())] == ["letter_subjects.py"]
