"""Claims about the search: what is found by which words, which comes first, and that nobody finds what is hidden."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from mail_tickets.mail.addresses import Mailbox
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.operations import administration
from mail_tickets.model.records import registration
from mail_tickets.model.records.messages import Attachment, Message
from mail_tickets.model.records.people import Address, Person, find_person, get_person
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.records.tickets import NoSuchTicket, Ticket, find_ticket
from mail_tickets.model.schema import alembic_config
from mail_tickets.model.search import indexer
from mail_tickets.model.search import search as searching
from mail_tickets.model.search.fulltext_table import SQLITE_OPTIMIZE, drop, matches
from mail_tickets.model.search.indexer import IndexTask, catch_up, catch_up_some, catch_up_soon, count_due, index_batch
from mail_tickets.model.search.query import read_query
from mail_tickets.model.search.search import SearchResult, search
from mail_tickets.model.search.snippets import snippet
from mail_tickets.model.search.time_limit import SearchTooExpensive, within
from mail_tickets.model.search.tokens import LONGEST_WORD, folded, words
from mail_tickets.model.storage.unit_of_work import UnitOfWork
from mail_tickets.model.tickets.fields import FieldChanges
from mail_tickets.model.tickets.filters import Filter, numbers_of
from mail_tickets.model.tickets.merging import merge
from tests.support.world import DOMAIN, World

ANN, BEA, RON = "ann@example.net", "bea@example.net", "ron@example.org"


def looked_for(world: World, question: str, viewer: str | None = None, limit: int = 20, **wanted: Any) -> SearchResult:
    """What a search finds."""
    catch_up(world.database)
    with world.database.read_only() as uow:
        person = get_person(uow, viewer) if viewer else None
        return search(uow, read_query(question), Filter(**wanted), person, limit)


def numbers_found(world: World, question: str, viewer: str | None = None, **wanted: Any) -> list[int]:
    """The numbers of the tickets that a search finds by exactly these words."""
    answer = looked_for(world, question, viewer, **wanted)
    return [] if answer.loosened else [hit.ticket.id for hit in answer.hits]


def by_word(world: World, word: str) -> set[int]:
    """The ids of all messages that the index has under a word."""
    with world.database.read_only() as uow:
        index = matches(uow, read_query(word))
        return set(uow.connection.scalars(select(index.message_id).select_from(index.table).where(index.found)))


def brings(
    world: World, sender: str, to: str, words_said: str, *, subject: str = "Hello", files: tuple[str, ...] = ()
) -> None:
    """A mail with files of these names comes."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, f"{to}@{DOMAIN}", subject
    mail["Message-ID"] = make_msgid(domain="home.example")
    mail.set_content(words_said)
    for name in files:
        mail.add_attachment(b"%PDF", "application", "pdf", filename=name)
    world.clock.passes(seconds=1)
    world.brings(mail.as_bytes(), sender, f"{to}@{DOMAIN}")


# --- Words ---


SCRIPTS = [
    ("Die Größe der Straße in Köln", ("größe", "GROSSE", "Strasse", "koln", "köln")),
    ("Η Ελλάς είναι εδώ", ("Ελλας", "ΕΛΛΆΣ", "ειναι")),
    ("Ёлка и Йогурт", ("елка", "ёлка", "ЙОГУРТ")),
    ("明日は大学の図書館で本を読みます。", ("図書館", "大学", "本を読", "館", "読みます")),
    ("ハードウェアが壊れた", ("ハード", "ウェア", "壊れ")),
    ("我们明天去图书馆", ("图书馆", "明天")),
    ("서울에서 만나요", ("서울", "서울에서", "만나")),
    ("ผมชอบภาษาไทยมาก", ("ภาษาไทย", "ไทย", "ชอบ")),
    ("السَّلامُ عليكم ورحمة", ("السلام", "السَّلامُ", "عليكم")),
    ("מַה שְּׁלוֹמְךָ", ("שלומך", "מה")),
    ("हिन्दी में क्या है", ("हिन्दी", "क्या", "है")),
    ("İstanbul'da ışık", ("istanbul", "ışık", "ISIK", "isik")),
    ("Iğdır ve DİYARBAKIR", ("ığdır", "IĞDIR", "igdir", "diyarbakır", "diyarbakir")),
    ("ﬁle in ｆｕｌｌ width, m²", ("file", "full", "m2")),
    ("e\u0301tude decomposed, and étude not", ("étude", "etude", "e\u0301tude")),
    ("co\u00adop\u00ader\u00adate", ("cooperate",)),
    ("𝒜 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🎉 letter", ("unicode", "a letter")),
]


def test_every_script_is_found(inbox: World) -> None:
    """Each by its words, and none by the words of another."""
    numbers = [inbox.opens(BEA, "Hello", written) for written, _ in SCRIPTS]
    for number, (_, questions) in zip(numbers, SCRIPTS, strict=True):
        for question in questions:
            assert numbers_found(inbox, question) == [number], question


HYPHENS = [
    ("Send me an e-mail, please", ("email", "e-mail", "E-Mail", "mail", '"an e-mail please"', "emai*", "e-ma*")),
    ("Our co\u2010operation ends", ("cooperation", "co-operation", "operation")),
    ("Thank you for the email", ("e-mail", "email", "e‑mail")),
    ("My mother-in-law called", ("motherinlaw", "mother-in-law", "law")),
    ("Wi\u2011Fi is down", ("wifi", "wi-fi", "WiFi")),
]


def test_words_are_found_with_their_hyphens_and_without(inbox: World) -> None:
    numbers = [inbox.opens(BEA, "Hello", written) for written, _ in HYPHENS]
    for number, (_, questions) in zip(numbers, HYPHENS, strict=True):
        for question in questions:
            assert number in numbers_found(inbox, question), question
    assert sorted(numbers_found(inbox, "email")) == sorted(numbers_found(inbox, "e-mail")) == [numbers[0], numbers[2]]
    assert numbers_found(inbox, "please -e-mail") == []
    assert sorted(numbers_found(inbox, "cooperation OR e-mail")) == [numbers[0], numbers[1], numbers[2]]


def test_hyphens_in_titles_and_files_count_too(inbox: World) -> None:
    brings(inbox, ANN, "hello", "See there.", subject="The check-in", files=("pre-order.pdf",))
    assert (numbers_found(inbox, "checkin"), numbers_found(inbox, "preorder")) == ([1], [1])


def test_numbers_and_dates_are_not_joined(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "On 2026-11-26, order 12-34, - and -- too, a-b-c-d-e-f")
    for question in ("20261126", "1234", "abcdef"):
        assert numbers_found(inbox, question) == [], question


def test_what_is_not_there_is_not_found(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "大学の図書館で printing 서울")
    for question in ("学大", "図館", "rinting", "울서", "大学 nothing", "-printing 大学"):
        assert numbers_found(inbox, question) == [], question


SYNTAX = [
    "NOT", "AND", "NEAR", "NEAR(a b, 2)", "title:printer", "{title text}: x", "^printer", "a + b", "* * *", '"', '""',
    "'", "''; DROP TABLE ticket; --", "(", "((((", ")", "a:b:*", "a & b", "!x", "<->", "a <-> b", "\\", "a\\b", "\\'",
    "%", "_", "?", ":asked", "$1", "-", "--", "-x", "- x", "OR", "OR OR", "a OR", "OR a", '"unclosed', "*", "x*y", "\0",
    "\ud800", "\u202e", "co-op", "node.js", "C++", "ann@example.net", "#12", "[General #1]", "1e5", "-5", "3.14",
    "http://example.org/x?y=z", "x" * 5000, "a " * 5000, "NULL", "🎉",
]  # fmt: skip


def test_what_looks_like_syntax_is_words(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "a b x printer not near and or 12")
    for question in SYNTAX:
        answer = looked_for(inbox, question)
        assert answer.total == len(answer.hits) <= 1, question


def test_words_with_signs_are_found_as_they_were_written(inbox: World) -> None:
    signs = ["NOT", "printer", "co-op", "C++", "node.js", "ann@example.net", "1e5", "#12", "OR"]
    numbers = {question: inbox.opens(BEA, "Hello", f"before {question} after") for question in signs}
    for question, number in numbers.items():
        assert numbers_found(inbox, question) == [number], question
        assert numbers_found(inbox, f'"before {question} after"') == [number], question


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(st.text(st.characters(), max_size=60) | st.text("\"*-() OR:^{}+&|!<>\\'ab", max_size=40))
@example('"a" * NOT (b')
def test_no_text_is_an_error(searched: World, question: str) -> None:
    query = read_query(question)
    with searched.database.read_only() as uow:
        for either_query in (query, query.loosened()):
            search(uow, either_query, Filter(), None, 5)
            search(uow, either_query, Filter(), get_person(uow, ANN), 5)
    snippet(question, query.terms)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40))
def test_any_text_can_be_indexed_and_is_found_by_itself(searched: World, written: str) -> None:
    with searched.database.transaction() as uow:
        uow.session.execute(update(Message).where(Message.id == 1).values(text=written, full_text=written))
    catch_up(searched.database)
    question = written.replace('"', " ")
    if words(question):
        assert by_word(searched, f'"{question}"') >= {1}


@pytest.fixture
def searched(inbox: World) -> World:
    inbox.opens(ANN, "Hello", "a b ab OR not")
    catch_up(inbox.database)
    return inbox


def test_a_query_is_words_phrases_beginnings_and_exclusions(inbox: World) -> None:
    inbox.opens(ANN, "One", "The toner of the printer is empty.")
    inbox.opens(ANN, "Two", "The printer has toner. Empty it.")
    inbox.opens(ANN, "Three", "Printing without ink")
    assert set(numbers_found(inbox, "toner printer")) == {1, 2}
    assert numbers_found(inbox, '"printer is empty"') == [1]
    assert numbers_found(inbox, "„printer is empty“") == [1]
    assert set(numbers_found(inbox, "print*")) == {1, 2, 3}
    assert numbers_found(inbox, "print* -toner") == [3]
    assert numbers_found(inbox, 'toner -"printer is"') == [2]
    assert set(numbers_found(inbox, "ink OR empty")) == {1, 2, 3}
    assert numbers_found(inbox, "toner OR ink without") == [3]
    assert numbers_found(inbox, "printer ink") == []
    assert numbers_found(inbox, '"printer is emp"*') == [1]


def test_nothing_is_asked_twice_and_words_and_beginnings_are_bounded() -> None:
    assert read_query("w* w* w* v W*") == read_query("w* v")
    assert read_query("a OR b a OR b -c -c a OR a") == read_query("a OR b -c a")
    assert not read_query("w* " * 32).shortened
    for sign in (" ", " OR ", " -"):
        many = read_query("x " + sign.join(f"w{number}" for number in range(100)))
        assert (len(many.terms) + len(many.without), many.shortened) == (32, True)
        many = read_query("x " + sign.join(f"w{number}*" for number in range(20)))
        assert (sum(term.begins for term in (*many.terms, *many.without)), many.shortened) == (8, True)
    # What is not there is looked for by its beginnings only as far as these may be.
    loose = read_query(" ".join(f"w{number}" for number in range(9)))
    assert loose.loosened() == loose
    # The second half of an OR whose first half was said before is not given to another word.
    assert [[term.words for term in group] for group in read_query("a c a OR b").groups] == [
        [("a",)], [("c",)], [("a",), ("b",)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "question", ["OR toner", "toner OR", "OR toner OR", "OR OR toner", "toner OR !!", "toner OR -x"]
)
def test_an_or_without_a_word_on_both_sides_says_nothing(question: str) -> None:
    assert read_query(question).groups == read_query("toner").groups


def takes_for_ever(uow: UnitOfWork) -> None:
    with within(uow, 0.2) as deadline:
        deadline.next_statement()
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        uow.connection.execute(text(endless))


def test_a_search_that_takes_too_long_is_broken_off_and_its_work_goes_on(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "zebra")
    catch_up(inbox.database)
    with inbox.database.transaction() as uow:
        uow.session.get_one(Ticket, 1).title = "Okapi"
        with pytest.raises(SearchTooExpensive):
            takes_for_ever(uow)
        # Nothing of it is left on the connection.
        slow_query = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT max(i) FROM n"
        )
        assert uow.connection.scalar(text(slow_query)) == 2_000_000
        if not inbox.database.is_sqlite:
            assert uow.connection.scalar(text("SHOW statement_timeout")) == "30s"
        with within(uow, 5) as deadline:
            assert search(uow, read_query("zebra"), Filter(), None, 5, deadline).total == 1
    assert inbox.ticket()["title"] == "Okapi"


def test_without_a_word_nothing_is_found(small_inbox: World) -> None:
    small_inbox.opens(ANN)
    for question in ("", "!!", "-hello", "🎉"):
        assert not read_query(question)
        assert looked_for(small_inbox, question) == SearchResult([], 0)


def test_where_nothing_has_exactly_the_words_beginnings_are_tried(inbox: World) -> None:
    inbox.opens(ANN, "Printing", "toner")
    answer = looked_for(inbox, "prin tone")
    assert [hit.ticket.id for hit in answer.hits] == [1]
    assert answer.loosened
    assert not looked_for(inbox, "printing").loosened
    # A phrase is meant as it stands.
    assert looked_for(inbox, '"prin"').hits == []


def test_very_long_words_and_texts_are_found(inbox: World) -> None:
    long = "x" * 5_000
    inbox.opens(ANN, "Hello", f"begin {long} {'word ' * 30_000} toolate")
    assert numbers_found(inbox, long) == [1]
    assert numbers_found(inbox, "begin word") == [1]
    assert numbers_found(inbox, "toolate") == []
    assert max(map(len, words(long))) == LONGEST_WORD
    inbox.opens(BEA, "Hello", " ".join(f"{chr(0x10280 + n % 29) * 3}{n}" for n in range(12_000)))
    assert numbers_found(inbox, f"{chr(0x10280 + 7) * 3}7") == [2]


def test_folding_never_depends_on_neighbours() -> None:
    for character in ("ß", "İ", "ﬁ", "Ǆ", "図", "é", "\u0301", "\u200b", "ุ", "한", "ﷺ"):
        assert folded(f"a{character}b") == f"a{folded(character)}b"


# --- What is found by what ---


def test_titles_people_texts_and_files_are_found(inbox: World) -> None:
    inbox.responder(RON, "Ron Weasley")
    inbox.known(ANN, "Ann Perkins")
    brings(inbox, ANN, "hello", "The machine burns.", subject="Fire alarm", files=("Lageplan_2.pdf",))
    brings(inbox, RON, "ticket1", "Water helps.", subject="Re: Fire alarm")
    for question in ("fire alarm", "perkins", "ann@example.net", "lageplan", "machine burns", "ron weasley water"):
        assert numbers_found(inbox, question) == [1], question
    # Words of one message only; the requestor is the first one's, and the title is every one's.
    assert numbers_found(inbox, "perkins water") == []
    assert numbers_found(inbox, "fire machine lageplan perkins") == [1]
    assert numbers_found(inbox, "alarm water") == [1]
    assert (by_word(inbox, "alarm"), by_word(inbox, "perkins")) == ({1, 2}, {1})


def test_the_title_counts_with_every_message(inbox: World) -> None:
    inbox.known("root@example.org", admin=True)
    inbox.opens(ANN, "Printer toner empty", "Help!")
    inbox.act(1, "Comment", None, "On it.")
    inbox.act(1, "Comment", None, "Toner ordered.")
    [hit] = looked_for(inbox, "printer ordered").hits
    assert hit.number == 3
    assert numbers_found(inbox, "toner -printer") == []
    inbox.sets(1, "root@example.org", title="Scanner")
    assert numbers_found(inbox, "scanner ordered") == [1]
    assert numbers_found(inbox, "ordered -scanner") == []
    # A changed title notes all messages, a changed requestor the first.
    with inbox.database.transaction() as uow:
        find_ticket(uow, 1).requestor_id = get_person(uow, "root@example.org").id
    assert [index_task.message_id for index_task in inbox.rows(IndexTask)] == [1]
    with inbox.database.transaction() as uow:
        find_ticket(uow, 1).title = "Copier"
    assert sorted({index_task.message_id for index_task in inbox.rows(IndexTask)}) == [1, 2, 3]


def test_what_a_first_mail_quotes_is_found_and_what_an_answer_quotes_only_where_it_stands(inbox: World) -> None:
    ron = inbox.responder(RON)
    ann = inbox.actor(ANN)
    ann.writes("hello", "See below.\n\nOn Monday, Bea wrote:\n> The zebra is loose.")
    assert numbers_found(inbox, "zebra") == [1]
    ron.replies(ron.letter(), "Which one?\n\n> The zebra is loose.\n")
    catch_up(inbox.database)
    assert by_word(inbox, "zebra") == {1}


def test_a_new_title_is_found_and_the_old_one_as_the_mails_subject(inbox: World) -> None:
    inbox.known("root@example.org", admin=True)
    inbox.opens(ANN, "Giraffe", "Hello")
    inbox.sets(1, "root@example.org", title="Okapi")
    assert (numbers_found(inbox, "okapi"), numbers_found(inbox, "giraffe")) == ([1], [1])
    inbox.sets(1, "root@example.org", title="Zebra")
    assert (numbers_found(inbox, "zebra"), numbers_found(inbox, "okapi")) == ([1], [])


def test_a_person_is_found_by_every_name_and_address_they_have_now(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "x")
    inbox.known(ANN, "Ann Perkins")
    assert numbers_found(inbox, "perkins") == [1]
    inbox.known(ANN, "Ann Dwyer")
    assert (numbers_found(inbox, "perkins"), numbers_found(inbox, "dwyer")) == ([], [1])
    with inbox.database.transaction() as uow:
        registration.add_alias(uow, ANN, "perky@pawnee.example")
    assert numbers_found(inbox, "perky@pawnee.example") == [1]
    inbox.opens(BEA, "Hello", "y")
    with inbox.database.transaction() as uow:
        registration.add_alias(uow, ANN, BEA)
    assert set(numbers_found(inbox, "dwyer")) == {1, 2}
    assert set(numbers_found(inbox, BEA)) == {1, 2}


def test_a_new_requestor_is_found_at_the_first_message(inbox: World) -> None:
    inbox.known("root@example.org", admin=True)
    inbox.opens(ANN, "Hello", "x")
    bea = inbox.known(BEA, "Bea Arthur")
    with inbox.database.read_only() as uow:
        person = get_person(uow, bea.email)
    inbox.sets(1, "root@example.org", requestor=person)
    assert numbers_found(inbox, "arthur") == [1]
    assert numbers_found(inbox, ANN) == [1]


def test_merged_messages_are_found_on_the_ticket_where_they_are(inbox: World) -> None:
    inbox.known(RON, "Ron", admin=True)
    inbox.opens(ANN, "Giraffe", "The neck.")
    inbox.opens(BEA, "Okapi", "The stripes.")
    catch_up(inbox.database)
    with inbox.database.transaction() as uow:
        merge(uow, find_ticket(uow, 2), find_ticket(uow, 1), get_person(uow, RON))
    [hit] = looked_for(inbox, "stripes").hits
    assert (hit.ticket.id, hit.number) == (1, 2)
    assert numbers_found(inbox, "okapi") == [1]
    assert numbers_found(inbox, "giraffe") == [1]
    assert numbers_found(inbox, "okapi", statuses=frozenset({"new"})) == [1]


def test_a_message_that_is_gone_is_not_found(inbox: World) -> None:
    inbox.opens(ANN, "Giraffe", "The neck.")
    inbox.act(1, "Comment", None, "The zebra.")
    assert numbers_found(inbox, "neck") == numbers_found(inbox, "zebra") == numbers_found(inbox, "giraffe") == [1]
    with inbox.database.transaction() as uow:
        uow.session.execute(delete(Message).where(Message.number == 1))
    assert (numbers_found(inbox, "neck"), numbers_found(inbox, "zebra")) == ([], [1])
    # The title goes on with what is the first message now.
    assert numbers_found(inbox, "giraffe") == [1]


# --- The best first ---


def test_titles_come_before_people_and_files_and_these_before_texts(inbox: World) -> None:
    filler = "some more words that are no matter here at all"
    inbox.opens(ANN, "One", f"A zebra, {filler}")
    brings(inbox, ANN, "hello", filler, subject="Two", files=("zebra.pdf",))
    inbox.opens(ANN, "The zebra", filler)
    for number in range(8):
        inbox.opens(ANN, f"Other {number}", filler)
    assert numbers_found(inbox, "zebra") == [3, 2, 1]


def test_a_ticket_is_named_once_by_its_best_message(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "A zebra, and so many other things that it hardly matters any more what it was.")
    inbox.act(1, "Comment", None, "zebra zebra")
    inbox.act(1, "Comment", None, "No animal.")
    answer = looked_for(inbox, "zebra")
    assert (answer.total, answer.more) == (1, False)
    [hit] = answer.hits
    assert (hit.number, hit.snippet.text) == (2, "zebra zebra")


def test_of_equals_the_newest_comes_first(inbox: World) -> None:
    for number in range(5):
        inbox.clock.passes(days=1)
        inbox.opens(ANN, f"Title {number}", "The zebra")
    old = datetime(2001, 1, 1, tzinfo=UTC)
    with inbox.database.transaction() as uow:
        uow.session.execute(update(Message).where(Message.id == 5).values(received=old, date=old))
    assert numbers_found(inbox, "zebra") == [4, 3, 2, 1, 5]


def test_a_limit_says_how_many_more_there_are(inbox: World) -> None:
    for number in range(5):
        inbox.opens(ANN, f"Title {number}", "The zebra")
    answer = looked_for(inbox, "zebra", limit=2)
    assert (len(answer.hits), answer.total, answer.more) == (2, 5, False)
    assert [note.english for note in searching.remaining_hits(answer)] == ["3 more tickets match"]
    assert [note.english for note in searching.remaining_hits(looked_for(inbox, "zebra", limit=4))] == [
        "1 more ticket matches"
    ]
    assert searching.remaining_hits(looked_for(inbox, "zebra", limit=5)) == []


def test_one_long_ticket_hides_no_other(inbox: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_BEST", 3)
    inbox.opens(BEA, "Hello", "The zebra, with so many more words that it is last of all that are found here.")
    inbox.opens(ANN, "Zebra", "zebra")
    for _ in range(8):
        inbox.act(2, "Comment", None, "zebra")
    for viewer in (None, "root@example.org", RON):
        if viewer:
            (inbox.responder if viewer == RON else inbox.known)(viewer)
        answer = looked_for(inbox, "zebra", viewer, limit=2)
        assert ([hit.ticket.id for hit in answer.hits], answer.total, answer.more) == (
            ([2, 1], 2, False) if viewer != "root@example.org" else ([], 0, False)
        )


@pytest.mark.parametrize("viewer", [None, RON])
def test_of_a_word_in_very_many_messages_the_newest_are_ranked(
    inbox: World, monkeypatch: pytest.MonkeyPatch, viewer: str | None
) -> None:
    if viewer:
        inbox.responder(viewer)
    inbox.opens(ANN, "Zebra zebra", "zebra")
    for number in range(2, 15):
        inbox.opens(ANN, f"Title {number}", "The zebra")
    monkeypatch.setattr(searching, "_BEST", 1)
    for ranked, limit, expected in (
        (13, 1, ([14], 10, True)),
        # They do not fill a list of the best, so the others are ranked, too.
        (10, 2, ([1, 14], 14, False)),
        (14, 1, ([1], 10, True)),
    ):
        monkeypatch.setattr(searching, "_MOST_RANKED", ranked)
        answer = looked_for(inbox, "zebra", viewer, limit)
        assert ([hit.ticket.id for hit in answer.hits], answer.total, answer.more) == expected


# --- Filters ---


@pytest.fixture
def zoo(inbox: World) -> World:
    """Three tickets about a zebra, and what else filters ask for."""
    inbox.responder(RON, "Ron")
    brings(inbox, ANN, "hello", "A zebra.", subject="One", files=("plan.pdf",))
    inbox.clock.passes(days=10)
    brings(inbox, BEA, "questions", "A zebra.", subject="Two")
    inbox.clock.passes(days=10)
    brings(inbox, BEA, "ticket1", "The same zebra.", subject="Re: One")
    inbox.asks_in(1, BEA)
    inbox.sets(1, RON, assignee=RON)
    return inbox


def test_a_search_without_filters_reads_no_other_table(small_inbox: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small_inbox.opens(ANN, "Hello", "zebra")
    monkeypatch.setattr(searching, "_filtered", None)
    assert numbers_found(small_inbox, "zebra") == [1]


def test_filters_choose_as_in_a_list(zoo: World) -> None:
    with zoo.database.read_only() as uow:
        ann, bea, ron = (get_person(uow, email) for email in (ANN, BEA, RON))
        questions = find_queue(uow, "Questions")
    early, late = datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC)
    for wanted, expected in (
        ({"queue": questions}, [2]),
        ({"statuses": frozenset({"new"})}, [1]),
        ({"requestor": ann}, [1]),
        ({"assignee": ron}, [1]),
        ({"unassigned": True}, [2]),
        ({"author": bea}, [1, 2]),
        ({"author": bea, "attachment": True}, []),
        ({"author": ann, "attachment": True}, [1]),
        ({"since": early, "before": late}, [2]),
        ({"since": late}, [1]),
        ({"since": late, "attachment": True}, []),
        ({"before": early}, [1]),
        ({"before": early, "author": bea}, []),
    ):
        with zoo.database.read_only() as uow:
            listed = list(numbers_of(uow, Filter(**wanted)))
        assert sorted(numbers_found(zoo, "zebra", **wanted)) == listed == expected, wanted
    [hit] = looked_for(zoo, "zebra", since=late).hits
    assert hit.number == 2
    [hit] = looked_for(zoo, "zebra", attachment=True).hits
    assert hit.number == 1


# --- Who may see what ---

SEATS = ("rita", "pia", "ron", "asa", "root", "otto", "steve")


def seated(world: World) -> None:
    """A ticket of Rita's with somebody in every seat, and words in public and in private, both before and after."""
    world.responder(RON, "Ron")
    world.known("asa@example.org", "Asa")
    world.known("root@example.org", "Root", admin=True)
    world.known("pia@example.org", "Pia")
    world.known("otto@example.org", "Otto")
    with world.database.transaction() as uow:
        registration.get_or_create_person(uow, Mailbox("Steve", "steve@example.org"), known=False)
    brings(world, "rita@example.org", "hello", "publicone", subject="Titleword")
    world.asks_in(1, "pia@example.org")
    with world.database.transaction() as uow:
        # She answered for the queue once.
        find_ticket(uow, 1).assignee_id = get_person(uow, "asa@example.org").id
    brings(world, RON, "ticket1-comment", "secretword", subject="Secretsubject", files=("secretfile.pdf",))
    brings(world, RON, "ticket1", "publictwo", subject="Re: Titleword", files=("publicfile.pdf",))


@pytest.mark.parametrize("lifecycle", LIFECYCLES)
def test_everybody_finds_what_they_are_shown_and_nothing_else(any_database_url: str, lifecycle: str) -> None:
    world = World(any_database_url, lifecycle=lifecycle)
    try:
        seated(world)
        marks = ("titleword", "publicone", "publictwo", "publicfile", "secretword", "secretsubject", "secretfile")
        for status in LIFECYCLES[lifecycle].statuses:
            world.becomes(1, status)
            catch_up(world.database)
            for seat in SEATS:
                tickets_seen = list(tickets_seen_by(world, f"{seat}@example.org"))
                with world.database.read_only() as uow:
                    person = get_person(uow, f"{seat}@example.org")
                    answers = {mark: search(uow, read_query(mark), Filter(), person, 20) for mark in marks}
                for mark, answer in answers.items():
                    numbers = [hit.number for hit in answer.hits]
                    having = [n for n, words_on_it in tickets_seen if mark in words_on_it]
                    assert len(numbers) == min(1, len(having)), (status, seat, mark)
                    assert set(numbers) <= set(having), (status, seat, mark)
                    assert (answer.total, answer.more) == (len(numbers), False)
    finally:
        world.close()


def tickets_seen_by(world: World, viewer: str) -> Iterator[tuple[int, str]]:
    """The number and all words of each message that somebody is shown."""
    try:
        view = world.ticket(1, viewer)
    except NoSuchTicket:
        return
    for message in view["messages"]:
        files = " ".join(file["name"] for file in message["attachments"])
        yield message["number"], f"{view['title']} {message['subject']} {message['text']} {files}".lower()


def test_private_words_that_somebody_quotes_are_found_by_those_who_may_see_them_alone(inbox: World) -> None:
    seated(inbox)
    secret = "We shall never lend this man a cent, whatever he says."
    brings(inbox, RON, "ticket1-comment", secret)
    brings(inbox, RON, "ticket1", f"No okapi.\n> {secret}\n\nNever.\n", subject="Re: Titleword")
    for question in ("cent", "lend this man", "okapi cent", "cen*"):
        assert numbers_found(inbox, question, RON) == [1]
        assert looked_for(inbox, question, "rita@example.org").hits == [], question
    # Nor by what is left out, nor in what is shown of the message.
    for question in ("okapi", "okapi -cent", "okapi OR cent"):
        [hit] = looked_for(inbox, question, "rita@example.org").hits
        assert hit.snippet.text == "No okapi. Never."
    assert numbers_found(inbox, "okapi -cent", RON) == []
    [hit] = looked_for(inbox, "okapi cent", RON).hits
    assert hit.snippet.text == f"No okapi. > {secret} Never."


def test_an_address_that_is_not_shown_finds_nothing_for_outsiders(inbox: World) -> None:
    seated(inbox)
    with inbox.database.transaction() as uow:
        registration.add_alias(uow, RON, "hidden@ron.example")
    assert numbers_found(inbox, "hidden@ron.example", RON) == [1]
    for hidden in ("hidden@ron.example", RON):
        assert looked_for(inbox, hidden, "rita@example.org").hits == []
    assert (
        numbers_found(inbox, "Ron", "rita@example.org")
        == numbers_found(inbox, "rita@example.org", "rita@example.org")
        == [1]
    )


def test_an_outsiders_total_counts_what_they_may_see(inbox: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seated(inbox)
    for number in range(4):
        inbox.opens("rita@example.org", f"Rita's {number}", "zebra")
        inbox.opens(BEA, f"Bea's {number}", "zebra")
    answer = looked_for(inbox, "zebra", "rita@example.org", limit=2)
    assert (len(answer.hits), answer.total, answer.more) == (2, 4, False)
    monkeypatch.setattr(searching, "_MOST_READ", 3)
    answer = looked_for(inbox, "zebra", "rita@example.org", limit=2)
    assert (len(answer.hits), answer.total, answer.more) == (2, 3, True)
    assert [note.english for note in searching.remaining_hits(answer)] == ["At least 1 more ticket matches"]


# --- The index in step ---

ANIMALS = ("ape", "bat", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay", "kiwi", "lynx")


@pytest.mark.parametrize("seed", range(4))
def test_after_any_changes_each_word_finds_exactly_the_messages_that_have_it(inbox: World, seed: int) -> None:
    chance = random.Random(seed)
    inbox.known("root@example.org", "Root", admin=True)
    for email in (ANN, BEA):
        inbox.opens(email, chance.choice(ANIMALS), chance.choice(ANIMALS))
    for turn in range(40):
        change(inbox, chance, turn)
        if chance.random() < 0.4:
            catch_up_some(inbox.database, chance.choice((1, 2, 50)))
        if turn % 10 == 9:
            catch_up(inbox.database)
            expected = as_it_stands(inbox)
            assert {word: by_word(inbox, word) for word in ANIMALS} == expected
    assert inbox.rows(IndexTask) == []


def change(world: World, chance: random.Random, turn: int) -> None:
    """One change of those that there are."""
    words_said = " ".join(chance.choices(ANIMALS, k=2))
    kind = chance.randrange(10)
    with world.database.transaction() as uow:
        living = uow.session.scalars(select(Ticket.id).where(Ticket.merged_into.is_(None)).order_by(Ticket.id)).all()
        ticket, second = chance.choice(living), chance.choice(living)
        person = chance.choice(uow.session.scalars(select(Person).order_by(Person.id)).all())
        email, root = person.email, get_person(uow, "root@example.org")
        if kind == 0:
            person.name = words_said
        elif kind == 1:
            registration.add_alias(uow, email, f"{chance.choice(ANIMALS)}{turn}.{chance.choice(ANIMALS)}@far.example")
        elif kind == 2:
            setting = FieldChanges(title=words_said, requestor=person)
            administration.set_ticket(uow, find_ticket(uow, ticket, locked=True), root, setting)
        elif kind == 3 and ticket != second and len(living) > 3:
            merge(uow, find_ticket(uow, ticket), find_ticket(uow, second), root)
        else:
            change_message(uow, chance, kind, words_said, person.id)
    if kind == 8:
        world.opens(email, words_said, chance.choice(ANIMALS))
    elif kind == 9:
        brings(
            world, email, f"ticket{ticket}", words_said, subject=chance.choice(ANIMALS), files=(f"{words_said}.pdf",)
        )


def change_message(uow: Any, chance: random.Random, kind: int, words_said: str, person: int) -> None:
    """A change of one message, or of what is attached to all."""
    every = uow.session.scalars(select(Message.id).order_by(Message.id)).all()
    message = chance.choice(every)
    if kind == 4:
        uow.session.execute(update(Message).where(Message.id == message).values(text=words_said, full_text=words_said))
    elif kind == 5:
        uow.session.execute(update(Message).where(Message.id == message).values(subject=words_said, sender_id=person))
    elif kind == 6:
        uow.session.execute(update(Attachment).values(name=f"{words_said}.pdf"))
    elif kind == 7 and len(every) > 2:
        answered = select(Message.parent_id).where(Message.parent_id.is_not(None))
        alone = Message.id.not_in(answered) & Message.id.not_in(select(Attachment.message_id))
        uow.session.execute(delete(Message).where(alone, Message.id == message, Message.mail_id.is_(None)))


def as_it_stands(world: World) -> dict[str, set[int]]:
    """Which messages have which word, told from the tables."""
    with world.database.read_only() as uow:
        expected: dict[str, set[int]] = {word: set() for word in ANIMALS}
        first = {ticket: min(numbers) for ticket, numbers in numbers_by_ticket(uow).items()}
        for message in uow.session.scalars(select(Message)):
            ticket = uow.session.get_one(Ticket, message.ticket_id)
            parts = [message.text if message.parent_id else message.full_text, *(a.name for a in message.attachments)]
            parts += of_person(uow, message.sender_id)
            if re.sub(r"^re: ", "", message.subject.lower()) != ticket.title.lower():
                parts.append(message.subject)
            parts.append(ticket.title)
            if message.number == first[message.ticket_id]:
                parts += of_person(uow, ticket.requestor_id)
            for word in set(re.findall(r"[a-z]+(?=\d*)", " ".join(parts).lower())) & set(ANIMALS):
                if re.search(rf"(?<![a-z0-9]){word}(?![a-z0-9])", " ".join(parts).lower()):
                    expected[word].add(message.id)
        return expected


def numbers_by_ticket(uow: Any) -> dict[int, list[int]]:
    numbers: dict[int, list[int]] = {}
    for ticket, number in uow.session.execute(select(Message.ticket_id, Message.number)):
        numbers.setdefault(ticket, []).append(number)
    return numbers


def of_person(uow: Any, person: int | None) -> list[str]:
    if person is None:
        return []
    addresses = uow.session.scalars(select(Address.email).where(Address.person_id == person)).all()
    return [uow.session.get_one(Person, person).name, *addresses]


def test_a_mail_is_only_noted_and_the_server_takes_it_into_the_index_by_itself(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "The zebra")
    assert [index_task.message_id for index_task in inbox.rows(IndexTask)] == [1]
    assert by_word(inbox, "zebra") == set()
    inbox.courier.start()
    try:
        awaits_index(inbox)
    finally:
        inbox.courier.stop()
    assert by_word(inbox, "zebra") == {1}


def awaits_index(world: World) -> None:
    from time import monotonic, sleep

    end = monotonic() + 20
    while world.rows(IndexTask) and monotonic() < end:
        sleep(0.02)
    assert world.rows(IndexTask) == []


def test_catching_up_tells_how_far_it_is_and_has_nothing_to_do_twice(small_inbox: World) -> None:
    for _ in range(3):
        small_inbox.opens(ANN)
    progress: list[tuple[int, int]] = []
    assert catch_up(small_inbox.database, lambda count, due: progress.append((count, due))) == 3
    assert progress == [(3, 3)]
    assert catch_up(small_inbox.database) == 0
    assert catch_up_some(small_inbox.database, 5) == 0


def test_what_is_noted_by_work_that_ends_later_is_not_lost(postgres_inbox: World) -> None:
    """An indexer can read a message while another unit of work has changed it and not yet ended."""
    inbox = postgres_inbox
    inbox.opens(ANN, "Giraffe", "x")
    with inbox.database.transaction() as uow:
        find_ticket(uow, 1).title = "Okapi"
        uow.session.flush()
        assert catch_up(inbox.database) == 1
        assert by_word(inbox, "okapi") == set()
    catch_up(inbox.database)
    assert by_word(inbox, "okapi") == {1}


def test_a_unit_of_work_has_so_many_characters_at_most(small_inbox: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer, "_CHARACTERS_AT_ONCE", 1_000)
    for length in (600, 600, 5_000, 100, 100, 100):
        small_inbox.opens(ANN, "Hello", "word " * (length // 5))
    counts = []
    while small_inbox.rows(IndexTask):
        with small_inbox.database.transaction() as uow:
            counts.append(index_batch(uow, 5))
    assert counts == [1, 1, 1, 3]
    for _ in range(4):
        small_inbox.opens(BEA, "Hello", "word " * 150)
    assert catch_up_some(small_inbox.database, 3) == 3
    assert catch_up(small_inbox.database) == 1


def test_of_two_indexers_one_waits_or_leaves_it_to_the_other(postgres_inbox: World) -> None:
    inbox = postgres_inbox
    inbox.opens(ANN, "Giraffe", "x")
    with inbox.database.transaction() as uow:
        assert index_batch(uow, 5) == 1
        assert catch_up_some(inbox.database, 5, wait=False) == 0
        assert not catch_up_soon(inbox.database, 0.1)
    assert inbox.rows(IndexTask) == []


def test_messages_of_an_older_database_are_found_after_its_upgrade(inbox: World) -> None:
    inbox.opens(ANN, "Giraffe", "The neck.")
    brings(inbox, BEA, "ticket1", "The stripes.", files=("plan.pdf",))
    inbox.opens(ANN, "Okapi", "At 0005.")
    with inbox.database.transaction() as uow:
        command.downgrade(alembic_config(uow.session.connection()), "0005")
    with inbox.database.transaction() as uow:
        command.upgrade(alembic_config(uow.session.connection()), "head")
        assert count_due(uow) == 3
    assert (
        numbers_found(inbox, "neck giraffe"),
        numbers_found(inbox, "stripes plan"),
        numbers_found(inbox, "okapi"),
    ) == ([1], [1], [2])


def test_messages_can_be_taken_out_at_once_and_leave_no_trace(inbox: World) -> None:
    inbox.opens(ANN, "Hello", "zyzzyva")
    inbox.opens(ANN, "Hello", "zebra")
    catch_up(inbox.database)
    with inbox.database.transaction() as uow:
        drop(uow, [1])
        if inbox.database.is_sqlite:
            uow.connection.exec_driver_sql(SQLITE_OPTIMIZE)
    assert (by_word(inbox, "zyzzyva"), by_word(inbox, "zebra")) == (set(), {2})
    if inbox.database.is_sqlite:
        with inbox.database.read_only() as uow:
            kept = uow.connection.execute(text("SELECT block FROM search_data")).scalars().all()
            kept += uow.connection.execute(text("SELECT c1 FROM search_content")).scalars().all()
        assert not any("zyzzyva" in str(word) for word in kept)


# --- Snippets ---


def marked(written: str, question: str) -> str:
    return snippet(written, read_query(question).terms).marked(lambda word: f"[{word}]")


def test_a_snippet_is_one_line_around_most_of_the_words() -> None:
    far = "some words that are not looked for, " * 20
    assert marked("The toner\nis empty.", "toner") == "The [toner] is empty."
    assert marked(f"toner {far} the printer has no toner {far}", "printer toner").count("[") == 2
    text_ = marked(f"{far} the printer has no toner {far}", "printer toner")
    assert (text_[:2], text_[-2:]) == ("… ", " …")
    assert "[printer] has no [toner]" in text_
    assert len(snippet(f"{far} toner {far}", read_query("toner").terms).text) < 170
    assert marked(far, "absent").startswith("some words that are")
    assert marked("", "toner") == ""


@pytest.mark.parametrize(
    ("written", "question", "expected"),
    [
        ("Die Größe zählt", "GROSSE", "Die [Größe] zählt"),
        ("明日は大学の図書館で", "図書館", "明日は大学の[図書館]で"),
        ("ภาษาไทยมาก", "ไทย", "ภาษา[ไทย]มาก"),
        ("السَّلامُ عليكم", "السلام", "[السَّلامُ] عليكم"),
        ("Printing prints", "print*", "[Printing] [prints]"),
        ("co-op", "co-op", "[co-op]"),
        ("x co\u00adop x", "coop", "x [co\u00adop] x"),
    ],
)
def test_marks_stand_where_the_words_are(written: str, question: str, expected: str) -> None:
    assert marked(written, question) == expected


def test_where_words_stand_beside_the_text_is_shown(small_inbox: World) -> None:
    small_inbox.responder(RON, "Ron")
    small_inbox.known(ANN, "Ann Perkins")
    brings(small_inbox, ANN, "hello", "The machine burns.", subject="Fire alarm", files=("Lageplan_2.pdf",))
    brings(small_inbox, RON, "ticket1", "", subject="Okapi at large", files=("Rest.pdf",))
    with small_inbox.database.transaction() as uow:
        registration.add_alias(uow, ANN, "perky@pawnee.example")

    def marked_hit(question: str, viewer: str | None = None) -> tuple[str, str]:
        [hit] = looked_for(small_inbox, question, viewer).hits
        return tuple(part.marked(lambda word: f"[{word}]") for part in (hit.title, hit.snippet))  # type: ignore[return-value]

    assert marked_hit("machine alarm") == ("Fire [alarm]", "The [machine] burns.")
    assert marked_hit("lageplan machine") == ("Fire alarm", "[Lageplan]_2.pdf: The [machine] burns.")
    assert marked_hit("okapi")[1].startswith("[Okapi] at large")
    assert marked_hit("perky")[1] == "Ann Perkins <[perky]@pawnee.example>: The machine burns."
    assert marked_hit("ann@example.net")[1] == "Ann Perkins <[ann@example.net]>: The machine burns."
    # The writer's name is shown beside the text already.
    assert marked_hit("perkins machine")[1] == "The [machine] burns."


def test_a_huge_text_has_a_snippet_soon(small_inbox: World) -> None:
    small_inbox.opens(ANN, "Hello", "zebra " * 20_000)
    [hit] = looked_for(small_inbox, "zebra").hits
    assert hit.snippet.text.startswith("zebra zebra")
    with small_inbox.database.read_only() as uow:
        assert find_person(uow, ANN) is not None
