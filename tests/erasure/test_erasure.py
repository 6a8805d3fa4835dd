"""Claims about forgetting: nothing of a person or a ticket is left, and nothing of anybody else is lost."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from mail_tickets.cli.output.ticket_display import ticket_text
from mail_tickets.model.erasure import vacuum
from mail_tickets.model.erasure.erase_person import ErasureReport, erase, forget_person, preview
from mail_tickets.model.erasure.erase_ticket import forget_ticket
from mail_tickets.model.erasure.vacuum import NotSwept, sweep
from mail_tickets.model.inbound.bounces import record_failure
from mail_tickets.model.letters.receipt_letters import ReceiptKind
from mail_tickets.model.lifecycle.tables import NotAllowed
from mail_tickets.model.operations import administration, workflow
from mail_tickets.model.records import queue_setup, queues
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.letters import State
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import NoSuchPerson, Person, get_person
from mail_tickets.model.records.received_mail import Delivery, Mail, unmatched_deliveries
from mail_tickets.model.records.tickets import Ticket, TicketForgotten, find_ticket
from mail_tickets.model.search.indexer import catch_up
from mail_tickets.model.search.query import read_query
from mail_tickets.model.search.search import search
from mail_tickets.model.storage.unit_of_work import UnitOfWork
from mail_tickets.model.tickets.filters import Filter, numbers_of
from mail_tickets.model.tickets.members import member_for, members_of
from mail_tickets.model.tickets.posts import NewMessage
from mail_tickets.model.tickets.ticket_json import ticket_in_full
from mail_tickets.transport.outbound.relays import Refused
from tests.support.archives import Archive, old_mail
from tests.support.markers import DEEDS, PEOPLE, ROB, Deed, Small, email_of, files_with, kept_of, some_deeds, words_in
from tests.support.postgres import drop_database, fresh_database
from tests.support.world import DOMAIN, Actor, World


def forgets(world: World, email: str) -> ErasureReport:
    catch_up(world.database)
    report = erase(world.database, lambda uow: forget_person(uow, email))
    sweep(world.database)
    return report


def forgets_ticket(world: World, number: int) -> ErasureReport:
    catch_up(world.database)
    report = erase(world.database, lambda uow: forget_ticket(uow, number))
    sweep(world.database)
    return report


# Any small world


def every_ticket_lives(small: Small) -> None:
    """Every ticket can be shown, to all and to each, and be replied to."""
    living = [row for row in small.world.rows(Ticket) if not row.forgotten]
    for row in living:
        with small.world.database.read_only() as uow:
            ticket = find_ticket(uow, row.id)
            assert ticket_text(ticket_in_full(uow, ticket), ticket.lifecycle, None, uow.now)
    for row in (row for row in living if row.merged_into is None):
        small.world.clock.passes(hours=2)
        small.writes(ROB, f"ticket{row.id}")
        assert len(small.world.ticket(row.id)["messages"]) == row.posts + 1


def is_there(world: World, email: str) -> bool:
    return email in {person.email for person in world.rows(Person)} | {mail.author for mail in world.rows(Mail)}


def forget_somebody(small: Small, who: str) -> None:
    if not is_there(small.world, email_of(who)):
        return
    kept = kept_of(small.world, but=email_of(who))
    rehearsed = preview(small.world.database, lambda uow: forget_person(uow, email_of(who)))
    assert kept_of(small.world, but=email_of(who)) == kept
    report = forgets(small.world, email_of(who))
    assert report == rehearsed
    after = kept_of(small.world, but=email_of(who))
    assert {number: after[number] for number in kept} == kept
    # What others wrote stays, byte for byte: they named them in Cc, or in a command.
    places = words_in(small.world, who)
    assert [place for place in places if place[0] not in ("mail.raw", "message.text", "message.full_text")] == []
    assert all(email_of(who) in text and email_of(who) not in text.partition("\nto: ")[0] for _, text in places), places
    assert report.left.messages or {place for place, _ in places} <= {"mail.raw"}


@contextmanager
def small_world(url: str, deeds: list[Deed]) -> Iterator[Small]:
    small = Small(url)
    try:
        small.writes(PEOPLE[0], "hello")
        for deed in deeds:
            small.happens(deed)
        yield small
    finally:
        small.world.close()


@contextmanager
def new_small_world(template: Path, deeds: list[Deed]) -> Iterator[Small]:
    with TemporaryDirectory() as folder:
        shutil.copy(template, f"{folder}/tickets.db")
        with small_world(f"sqlite:///{folder}/tickets.db", deeds) as small:
            yield small


# Shrinking a world takes minutes; the deeds that failed are short enough to read.
quickly = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)
whoever = st.sampled_from(PEOPLE)


@pytest.mark.slow
@quickly
@given(deeds=some_deeds, who=whoever)
def test_nothing_of_a_person_is_left_and_nothing_of_others_is_lost(
    sqlite_template: Path, deeds: list[Deed], who: str
) -> None:
    with new_small_world(sqlite_template, deeds) as small:
        forget_somebody(small, who)
        if who != ROB:
            every_ticket_lives(small)


EVERYTHING = [
    Deed(name, who, whom, ticket)
    for who, whom, ticket in ((PEOPLE[1], PEOPLE[2], 1), (PEOPLE[2], PEOPLE[0], 2), (PEOPLE[0], PEOPLE[1], 3))
    for name in dict.fromkeys(DEEDS)
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def eventful_original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A small world in which everything has happened, made once on each database, and closed."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('everything')}/tickets.db"
    else:
        url = fresh_database(request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_template"))
    with small_world(url, EVERYTHING) as small:
        return small


@pytest.fixture
def eventful(eventful_original: Small, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Small]:
    """A copy of that world."""
    original = eventful_original.world.database
    if original.is_sqlite:
        shutil.copy(str(original.url.database), tmp_path / "tickets.db")
        url = f"sqlite:///{tmp_path}/tickets.db"
    else:
        url = fresh_database(request.getfixturevalue("postgres_server"), original.url.database)
    small = Small(url, eventful_original)
    yield small
    small.world.close()
    if not original.is_sqlite:
        drop_database(request.getfixturevalue("postgres_server"), url)


@pytest.mark.slow
@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_of_a_person_is_left_on_either_database(eventful: Small, who: str) -> None:
    forget_somebody(eventful, who)
    if who != ROB:
        every_ticket_lives(eventful)


def words_on(small: Small, numbers: set[int]) -> set[str]:
    """Every word that was said on these tickets and nowhere else."""
    elsewhere = {
        delivery.mail_id
        for delivery in small.world.rows(Delivery)
        if delivery.waiting or delivery.ticket_id not in numbers
    }
    words_here, words_elsewhere = set[str](), set[str]()
    for message in small.world.rows(Message):
        stays = message.ticket_id not in numbers or message.mail_id in elsewhere
        (words_elsewhere if stays else words_here).update(words(f"{message.subject} {message.full_text}"))
    return words_here - words_elsewhere


def words(text: str) -> set[str]:
    return set(re.findall(r"quax[a-z]+w[0-9]+\b", text))


def forget_one(small: Small, number: int) -> None:
    tickets = {ticket.id: ticket.merged_into for ticket in small.world.rows(Ticket)}
    if number not in tickets or tickets[number] is not None:
        return
    numbers = {number, *(id_ for id_, into in tickets.items() if into == number)}
    gone, ids = (
        words_on(small, numbers),
        {message.id for message in small.world.rows(Message) if message.ticket_id in numbers},
    )
    kept = {id_: content for id_, content in kept_of(small.world, but="").items() if content[0] not in numbers}
    rehearsed = preview(small.world.database, lambda uow: forget_ticket(uow, number))
    assert forgets_ticket(small.world, number) == rehearsed
    assert set(rehearsed.erased) == ids
    assert kept_of(small.world, but="") == kept
    left = [(word, place) for word in gone for place, text in words_in(small.world, word) if word in words(text)]
    assert left == []
    with small.world.database.read_only() as uow, pytest.raises(TicketForgotten):
        find_ticket(uow, number)


@quickly
@given(deeds=some_deeds, number=st.integers(1, 4))
def test_nothing_of_a_ticket_is_left_and_nothing_of_others_is_lost(
    sqlite_template: Path, deeds: list[Deed], number: int
) -> None:
    with new_small_world(sqlite_template, deeds) as small:
        forget_one(small, number)
        every_ticket_lives(small)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_nothing_of_a_ticket_is_left_on_either_database(eventful: Small, number: int) -> None:
    forget_one(eventful, number)
    every_ticket_lives(eventful)


# A person


ANN, RON, BOB = "ann@home.example", "ron@team.example", "bob@far.example"


def ask(world: World, text: str = "My password is hunter2. Please help.") -> tuple[Actor, Actor]:
    """Ann has asked, and Ron, who answers, has answered."""
    ron = world.responder(RON, "Ron")
    ann = world.actor(ANN, "Ann Elk")
    ann.writes("hello", text, subject="Lost dinosaur")
    ron.replies(ron.letter(), "Look under the bed.", headers={"Subject": "Answer"})
    return ann, ron


def test_messages_stay_as_places_that_say_so(inbox: World) -> None:
    ask(inbox)
    report = forgets(inbox, ANN)
    assert (report.messages, report.mails, report.tickets, report.set_aside) == (1, 1, 1, 0)
    ticket = inbox.ticket()
    erased = "[Erased on 2026-11-21 at the request of its writer.]"
    assert [(message["number"], message["text"]) for message in ticket["messages"]] == [
        (1, erased),
        (2, "Look under the bed."),
    ]
    assert (ticket["title"], ticket["status"]) == (erased, "open")
    assert ticket["requestor"]["name"] == ticket["messages"][0]["sender"]["name"] == "Somebody who was forgotten"
    assert ticket["requestor"]["email"].endswith("@forgotten.invalid")


def hits(world: World, new_message: str) -> list[int]:
    with world.database.read_only() as uow:
        return [hit.ticket.id for hit in search(uow, read_query(new_message), Filter(), None, 20).hits]


@pytest.mark.parametrize("subject", ["person", "ticket"])
def test_nothing_of_it_is_found_at_once_and_later(inbox: World, subject: str) -> None:
    ask(inbox)
    catch_up(inbox.database)
    new_message = ["hunter2", "dinosaur", "elk", ANN]
    assert [hits(inbox, word) for word in new_message] == [[1]] * 4
    forgets(inbox, ANN) if subject == "person" else forgets_ticket(inbox, 1)
    assert [hits(inbox, word) for word in new_message] == [[]] * 4
    catch_up(inbox.database)
    assert [hits(inbox, word) for word in new_message] == [[]] * 4


def test_the_words_are_in_no_file_any_more(small_inbox: World, tmp_path: Path) -> None:
    ask(small_inbox)
    assert list(files_with(tmp_path, "hunter2"))
    forgets(small_inbox, ANN)
    assert [word for word in ("hunter2", "dinosaur", ANN, "Ann Elk") if list(files_with(tmp_path, word.lower()))] == []


def test_a_reader_that_stays_keeps_the_log_and_that_is_said(
    small_inbox: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vacuum, "PATIENCE_SECONDS", 0.3)
    ask(small_inbox)
    with small_inbox.database.read_only() as uow:
        uow.session.scalars(select(Ticket)).all()
        with pytest.raises(NotSwept, match=r"stop the server for a moment and run `tickets forget --sweep`\.$"):
            forgets(small_inbox, ANN)
    sweep(small_inbox.database)
    assert list(files_with(tmp_path, "hunter2")) == []


def test_nobody_has_the_address_any_more_and_who_writes_from_it_is_new(inbox: World) -> None:
    ann, ron = ask(inbox)
    forgets(inbox, ANN)
    with pytest.raises(NoSuchPerson):
        forgets(inbox, ANN)
    ann.writes("ticket1", "It is me.")
    assert inbox.ticket()["messages"][-1]["private"]
    assert "isn't on this ticket" in ron.letter().text
    stranger = inbox.ticket()["messages"][-1]["sender"]
    assert stranger == {"email": ANN, "name": "Ann Elk"}
    assert stranger != inbox.ticket()["requestor"]


def test_no_letter_goes_to_who_was_forgotten_and_no_footer_names_them(inbox: World) -> None:
    inbox.actor(BOB, "Bob")
    ann, ron = ask(inbox)
    inbox.known(BOB)
    inbox.asks_in(1, BOB)
    before = len(ann.letters)
    forgets(inbox, ANN)
    letter = ron.letters[0]
    ron.replies(letter, "Did it help?", headers={"Subject": "Another"})
    assert len(ann.letters) == before
    bob = inbox.actor(BOB)
    assert "The General team will see it." in " ".join(bob.letter().footer.split())
    assert "orgotten" not in bob.letter().all_text.replace("[Erased", "")
    inbox.sets(1, RON, requestor=None, title="Beds")
    inbox.act(1, "Change status", RON, status="resolved")


def test_the_same_mail_once_more_does_nothing(inbox: World) -> None:
    inbox.responder(RON)
    raw = b"From: ann@home.example\r\nMessage-ID: <1@x>\r\nSubject: Secret\r\n\r\nThe words.\r\n"
    inbox.brings(raw, ANN, f"hello@{DOMAIN}", f"ticket9@{DOMAIN}")
    forgets(inbox, ANN)
    for to in ("hello", "questions", "ticket9", "nowhere"):
        assert [result.fate for result in inbox.brings(raw, ANN, f"{to}@{DOMAIN}")] == ["repeated"]
    assert words_in(inbox, "secret") == words_in(inbox, "the words") == []
    different = raw.replace(b"words", b"other words")
    assert [result.fate for result in inbox.brings(different, ANN, f"hello@{DOMAIN}")] == ["opened"]


def test_who_was_only_set_aside_can_be_forgotten(inbox: World) -> None:
    inbox.brings(b"From: eve@far.example\nSubject: Secret\n\nThe words.\n", "eve@far.example", f"nowhere@{DOMAIN}")
    report = forgets(inbox, "EVE@far.example")
    assert (report.messages, report.mails, report.set_aside) == (0, 1, 1)
    assert words_in(inbox, "eve@far") == words_in(inbox, "secret") == []


def test_what_others_wrote_of_them_is_counted_and_stays(inbox: World) -> None:
    _, ron = ask(inbox)
    ron.writes("ticket1", "Ann Elk called.", subject="A call")
    ron.writes("ticket1", "> My password is hunter2. Please help.\n\nDo not say so!", subject="Quoted")
    inbox.opens(BOB, "About somebody", "Ask ann@HOME.example for it.")
    inbox.opens(BOB, "About nobody", "Ask joann@home.example for it.")
    report = forgets(inbox, ANN)
    assert report.left == (3, [1, 2], 0, [])
    assert [message["text"] for message in inbox.ticket(2)["messages"]] == ["Ask ann@HOME.example for it."]


@pytest.mark.parametrize("word", ["open", "it", "list", "everybody", "Your"])
def test_who_is_called_like_a_word_takes_no_letter_along_of_a_ticket_that_they_are_not_on(
    small_inbox: World, word: str
) -> None:
    bob, _ = small_inbox.known(BOB, "Bob"), small_inbox.responder(RON, "Ron")
    small_inbox.known(f"{word}@acme.example")
    for number in (1, 2):
        bob.writes("hello", "Is it open? Your list, everybody.", subject="Doors")
        small_inbox.act(number, "Reply", RON, "It is open.")
    before = {letter.id: letter.text for letter in small_inbox.rows(Row)}
    small_inbox.asks_in(1, f"{word}@acme.example")
    small_inbox.act(1, "Reply", RON, "It is open still.")
    assert forgets(small_inbox, f"{word}@acme.example").left.messages == 0
    after = {letter.id: letter.text for letter in small_inbox.rows(Row)}
    assert {id_: after[id_] for id_ in before} == before
    assert [after[id_] for id_ in sorted(after.keys() - before.keys())] == ["[Erased on 2026-11-21.]"]


def test_their_address_goes_out_of_what_was_said_of_a_letter_to_somebody_else(small_inbox: World) -> None:
    ask(small_inbox)
    small_inbox.opens(BOB, "Beds")
    to_ron = small_inbox.rows(Row)[-1].id
    with small_inbox.uow() as uow:
        record_failure(uow, to_ron, f"550 5.2.2 ron forwards to <{ANN}>, who is full", counts=False)
    forgets(small_inbox, ANN)
    assert [(letter.state, letter.error) for letter in small_inbox.rows(Row) if letter.id == to_ron] == [
        ("failed", None)
    ]


def test_what_the_other_side_said_of_them_goes_too(small_inbox: World) -> None:
    ask(small_inbox)
    to_ann = [letter.id for letter in small_inbox.rows(Row) if letter.recipient == ANN]
    with small_inbox.uow() as uow:
        record_failure(uow, to_ann[-1], "550 5.1.1 user ann is unknown", counts=True)
    forgets(small_inbox, ANN)
    assert [letter.text for letter in small_inbox.rows(Row) if letter.kind == "undelivered"] == [
        "[Erased on 2026-11-21.]"
    ]
    assert words_in(small_inbox, "user ann") == []


def test_a_namesake_keeps_their_name_and_words(small_inbox: World) -> None:
    bob = small_inbox.actor(BOB, "Bob")
    small_inbox.responder(RON, "Ron")
    small_inbox.responder("alex@one.example", "Alex")
    small_inbox.known("alex@two.example", "Alex")
    bob.writes("hello", "Help!", subject="Doors")
    small_inbox.asks_in(1, "alex@two.example")
    small_inbox.act(1, "Reply", "alex@one.example", "Words of one.")
    small_inbox.act(1, "Reply", "alex@two.example", "Words of two.")
    forgets(small_inbox, "alex@one.example")
    messages = [(message["sender"]["name"], message["text"]) for message in small_inbox.ticket()["messages"]]
    erased = "[Erased on 2026-11-21 at the request of its writer.]"
    gone = "Somebody who was forgotten"
    assert messages == [("Bob", "Help!"), (gone, erased), ("Alex", "Words of two.")]
    assert words_in(small_inbox, "words of one") == []
    letters = [letter for letter in small_inbox.rows(Row) if letter.recipient == BOB]
    small_inbox.act(1, "Reply", "alex@two.example", "More of two.")
    newest = next(letter for letter in small_inbox.rows(Row) if letter.recipient == BOB and letter.id > letters[-1].id)
    assert newest.sender_name == "Alex (General)"


def test_a_letter_that_waits_and_names_them_goes_without_a_word_of_it(small_inbox: World) -> None:
    _, ron = ask(small_inbox)
    small_inbox.actor(BOB, "Bob Bee").writes("ticket1", "Words of Bob.", subject="Mine")
    with small_inbox.uow() as uow:
        uow.session.execute(update(Row).values(state=State.WAITING, attempts=0, next=uow.now, in_hand=False))
    before = len(ron.letters)
    forgets(small_inbox, ANN)
    small_inbox.settle()
    # Of Ann's own words nobody hears any more.
    assert [letter.all_text.strip() for letter in ron.letters[before:]] == ["[Erased on 2026-11-21.]"]
    assert small_inbox.ticket()["messages"][-1]["text"] == "Words of Bob."


VIOLET = "violet@home.example"


def test_who_only_asked_about_them_asked_nothing(inbox: World) -> None:
    rita = inbox.responder(BOB, "Rita")
    inbox.actor(VIOLET, "Violet Vanish").writes("hello", "Help!", subject="Doors")
    for subject in ("Violet Vanish", f"from {VIOLET}", "violet and vanish", "doors"):
        rita.writes("hello-search", "", subject=subject)
    rita.writes("nowhere", "Where is VIOLET vanish?", subject="A question")
    rita.writes("nowhere", "=?", subject="Violet Vanish", headers={"Cc": VIOLET})
    rita.writes("nowhere", "Who is Violet?", subject="Another")
    with inbox.database.read_only() as uow:
        aside = [delivery.id for delivery in unmatched_deliveries(uow)]
    rehearsed = preview(inbox.database, lambda uow: forget_person(uow, VIOLET))
    report = forgets(inbox, VIOLET)
    assert report == rehearsed
    assert report.left == (0, [], 2, aside[:2])
    assert (report.messages, report.mails) == (1, 3)
    left = [place for place, _ in words_in(inbox, "violet vanish")]
    assert sorted(set(left)) == ["mail.raw", "mail.subject"]
    searches = [delivery for delivery in inbox.rows(Delivery) if delivery.fate == "answered"]
    mails = {mail.id: mail.subject for mail in inbox.rows(Mail)}
    assert sorted(mails[delivery.mail_id] for delivery in searches) == ["", "", "doors", "violet and vanish"]
    assert "[Erased on 2026-11-21.]" in [letter.subject for letter in inbox.rows(Row)]


def test_a_page_asked_for_at_a_place_where_mail_also_waits_keeps_the_mail(inbox: World) -> None:
    inbox.responder(BOB, "Rita")
    inbox.known(VIOLET, "Violet Vanish")
    raw = f"From: {BOB}\nMessage-ID: <1@x>\nSubject: Violet Vanish\n\n\n".encode()
    inbox.brings(raw, BOB, f"hello-search@{DOMAIN}", f"nowhere@{DOMAIN}")
    report = forgets(inbox, VIOLET)
    assert (report.mails, report.left.mails, len(report.left.set_aside)) == (0, 1, 1)
    assert [bytes(row) for row in inbox.rows(Mail.raw)] == [raw]


def test_offices_go(inbox: World) -> None:
    inbox.known(RON, "Ron", admin=True)
    ask(inbox)
    inbox.sets(1, RON, assignee=RON)
    report = forgets(inbox, RON)
    assert (report.queues, report.administrator, report.assigned) == (["General"], True, 1)
    assert inbox.ticket()["assignee"] is None
    assert inbox.ticket()["messages"][0]["text"].startswith("My password")
    assert inbox.ticket()["title"] == "Lost dinosaur"


def test_undo_brings_nobody_back(inbox: World) -> None:
    _, ron = ask(inbox)
    inbox.sets(1, RON, title="Beds")
    forgets(inbox, ANN)
    ron.replies(ron.letter(), "undo", headers={"Subject": "Back"})
    assert inbox.ticket()["title"].startswith("[Erased on ")
    assert words_in(inbox, "dinosaur") == []


def test_letters_that_wait_for_them_are_dropped_and_one_in_hand_harms_nothing(inbox: World) -> None:
    ask(inbox)
    with inbox.uow() as uow:
        uow.session.execute(update(Row).values(state=State.WAITING, attempts=0, next=uow.now))
    held = inbox.courier.in_hand.take()
    assert len(held) == 2
    forgets(inbox, ANN)
    assert [row for row in inbox.rows(Row) if row.person_id == held[-1].person_id] == []
    for letter in held:
        inbox.courier.in_hand._note_failure(letter, Refused("550 5.1.1 gone", permanent=True))
        assert inbox.courier._send(letter)
    inbox.courier.in_hand.give_back()


def test_a_fault_in_the_middle_leaves_all_as_it_was(inbox: World) -> None:
    ask(inbox)

    def fails(uow: UnitOfWork) -> ErasureReport:
        forget_person(uow, ANN)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        erase(inbox.database, fails)
    assert inbox.ticket()["messages"][0]["text"].startswith("My password")


def test_a_mail_that_was_just_coming_is_erased_too(inbox: World) -> None:
    ask(inbox)
    reports: list[ErasureReport] = []
    forgetting = Thread(target=lambda: reports.append(forgets(inbox, ANN)))
    with inbox.uow() as uow:
        ticket, ann = find_ticket(uow, 1, locked=True), get_person(uow, ANN)
        members = members_of(uow, ticket)
        member = member_for(ann, members)
        new_message = NewMessage("Just now.", "Just now.", "Now", "<now@home.example>")
        party, reply = member.roles_in(ticket.lifecycle), ticket.lifecycle.action("Reply")
        workflow.take_action(uow, ticket, member, party, reply, new_message, members)
        forgetting.start()
        sleep(0.5)
        assert reports == []
    forgetting.join(20)
    assert [report.messages for report in reports] == [2]
    assert words_in(inbox, "just now") == []


def test_a_mail_that_comes_while_its_writer_is_forgotten_is_a_strangers(inbox: World) -> None:
    ask(inbox)
    raw = b"From: ann@home.example\nMessage-ID: <now@home.example>\nSubject: Now\n\nJust now.\n"
    fates: list[str] = []

    def brings() -> None:
        fates.extend(result.fate for result in inbox.intake.receive(raw, ANN, [f"questions@{DOMAIN}"]))

    coming = Thread(target=brings)
    with inbox.uow() as uow:
        forget_person(uow, ANN)
        coming.start()
        sleep(0.5)
    coming.join(20)
    assert fates == ["opened"]
    newest = max(ticket.id for ticket in inbox.rows(Ticket))
    assert inbox.ticket(newest)["requestor"]["email"] == ANN
    assert inbox.ticket(1)["requestor"]["email"] != ANN


def test_an_archive_brings_back_nothing(world: World, tmp_path: Path) -> None:
    archive = Archive(world, tmp_path)
    box = [old_mail("1", "Ann <ann@home.example>", text="The words."), old_mail("2", RON, answers=["1"], days=1)]
    archive.imports(*box)
    report = forgets(world, ANN)
    assert report.messages == report.mails == 1
    archive.imports(*box)
    assert words_in(world, "the words") == []
    assert len(world.rows(Message)) == 2
    forgets_ticket(world, 1)
    archive.imports(*box)
    assert world.rows(Message) == []


# A ticket


def test_mail_to_a_forgotten_ticket_is_set_aside_and_what_it_had_is_not(inbox: World) -> None:
    _, ron = ask(inbox)
    inbox.sets(1, RON, title="Beds")
    raw = b"From: ann@home.example\r\nMessage-ID: <1@x>\r\nSubject: Secret\r\n\r\nThe words.\r\n"
    inbox.brings(raw, ANN, f"ticket1@{DOMAIN}")
    report = forgets_ticket(inbox, 1)
    assert (report.tickets, report.messages, report.mails, report.only_here) == (1, 3, 3, [ANN])
    assert [result.fate for result in inbox.brings(raw, ANN, f"ticket1@{DOMAIN}")] == ["repeated"]
    ron.replies(ron.letters[-1], "Anybody here?", headers={"Subject": "Hello"})
    with inbox.database.read_only() as uow:
        assert [delivery.reason for delivery in unmatched_deliveries(uow)] == ["the ticket was erased"]
    assert words_in(inbox, "dinosaur") == words_in(inbox, "beds") == words_in(inbox, "under the bed") == []
    with pytest.raises(TicketForgotten, match=r"^Ticket 1 was erased on 2026-11-21\. Nothing of it is left\.$"):
        forgets_ticket(inbox, 1)
    inbox.opens(ANN)
    assert inbox.ticket(2)["id"] == 2


def test_what_became_part_of_a_ticket_goes_with_it_and_a_part_does_not_go_alone(inbox: World) -> None:
    _, ron = ask(inbox)
    inbox.actor(BOB).writes("hello", "Mine too.", subject="Dragon")
    ron.replies(ron.letter(), "Merge: 1\n\nThe same.")
    ron.replies(ron.letter(), "yes")
    assert inbox.ticket(2)["merged_into"] == 1
    with pytest.raises(NotAllowed, match="Ticket 2 was merged into ticket 1"):
        forgets_ticket(inbox, 2)
    assert forgets_ticket(inbox, 1).tickets == 2
    assert words_in(inbox, "dragon") == words_in(inbox, "mine too") == []


def test_a_mail_on_two_tickets_stays_for_the_other(inbox: World) -> None:
    inbox.opens(BOB)
    inbox.opens(BOB)
    raw = b"From: bob@far.example\nMessage-ID: <1@x>\nSubject: Both\n\nThe words.\n"
    inbox.brings(raw, BOB, f"ticket1@{DOMAIN}", f"ticket2@{DOMAIN}")
    report = forgets_ticket(inbox, 1)
    assert (report.messages, report.mails) == (2, 0)
    assert inbox.ticket(2)["messages"][-1]["text"] == "The words."
    assert [bytes(row) for row in inbox.rows(Mail.raw)] == [raw]


def pages_to(world: World, actor: Actor) -> list[str]:
    """What stands in the outbox of the pages that somebody got, oldest first."""
    pages = [
        letter for letter in world.rows(Row) if letter.kind == ReceiptKind.PAGE and letter.recipient == actor.email
    ]
    return [page.text for page in sorted(pages, key=lambda page: page.id)]


def test_pages_with_a_ticket_say_nothing_and_those_that_name_its_number_as_an_example_stay(small_inbox: World) -> None:
    ron = small_inbox.responder(RON, "Ron")
    for number in range(1, 13):
        small_inbox.opens(ANN, f"Toner {number}", f"It is number {number}. Is that ticket 12? Or ticket12@{DOMAIN}?")
    asks = [("hello-search", "number 3"), ("hello-search", "help"), ("hello-search", "show 3"), ("hello", "help")]
    for to, subject in asks:
        ron.writes(to, subject if to == "hello" else "", subject=subject)
    ron.writes("ticket3", "help")
    stay = pages_to(small_inbox, ron)
    assert len(stay) == 5
    for subject in ("number 12", "list", "show 12"):
        ron.writes("hello-search", "", subject=subject)
    assert sum("ticket12@" in page or "Ticket 12 in" in page for page in pages_to(small_inbox, ron)[5:]) == 3
    report = forgets_ticket(small_inbox, 12)
    about = [letter for letter in small_inbox.rows(Row) if letter.ticket_id == 12]
    assert (report.letters, about) == (3 + 1, [])
    assert pages_to(small_inbox, ron) == [*stay, *["[Erased on 2026-11-21.]"] * 3]


def test_a_forgotten_ticket_is_in_no_list_and_does_not_expire(world: World) -> None:
    world.opens(ANN)
    forgets_ticket(world, 1)
    world.clock.passes(days=40)
    with world.uow() as uow:
        assert list(numbers_of(uow, Filter())) == []
        assert administration.expirable_tickets(uow, 15) == []
        queue_setup.set_queue(uow, queues.find_queue(uow, "General"), "lifecycle", "correspondence")
