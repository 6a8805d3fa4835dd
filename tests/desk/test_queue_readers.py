"""Claims about who only reads a queue: they see all of it, comment in private, answer nothing, and get no letters."""

import json
from pathlib import Path

import pytest

from mail_tickets.cli import main
from mail_tickets.model.desk.answer_form import answer_form
from mail_tickets.model.desk.answers import Answer, post_answer
from mail_tickets.model.desk.basics import set_basics
from mail_tickets.model.desk.lists import list_page
from mail_tickets.model.desk.refusals import FieldsRefused
from mail_tickets.model.desk.ticket_page import ticket_page
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.tickets import find_ticket
from mail_tickets.model.search.indexer import catch_up
from mail_tickets.model.search.query import read_query
from mail_tickets.model.search.search import search
from mail_tickets.model.tickets.filters import Filter
from tests.support.world import World

REX, SAM, ANN = "rex@home.example", "sam@team.example", "ann@home.example"
CELLS = [(name, status) for name, life in LIFECYCLES.items() for status in life.statuses]


def with_reader(world: World) -> World:
    """Rex reads General, Sam answers for it; Ann's ticket has a private note."""
    world.responder(SAM, "Sam")
    world.reader(REX, "Rex")
    world.opens(ANN, "Broken door")
    world.actor(SAM).writes("ticket1-comment", "Ann is new.")
    return world


@pytest.fixture(params=[*LIFECYCLES])
def world(request: pytest.FixtureRequest, database_url: str) -> World:
    return with_reader(World(database_url, lifecycle=request.param))


def test_a_reader_sees_all_of_the_queue_and_nothing_else(world: World) -> None:
    world.opens(ANN, "Elsewhere", queue="Questions")
    ticket = world.ticket(1, REX)
    assert [message["text"] for message in ticket["messages"]] == ["Hello there.", "Ann is new."]
    assert ticket["requestor"]["email"] == ANN
    assert ticket["reply"]["as"] == "reader"
    with world.database.read_only() as uow:
        assert [row.number for row in list_page(uow, get_person(uow, REX), {}).rows] == [1]
        page = ticket_page(uow, 1, get_person(uow, REX))
    assert (page.insider, page.responder, page.basics) == (True, False, None)


@pytest.mark.parametrize(("lifecycle", "status"), CELLS)
def test_whatever_a_reader_writes_is_private_and_changes_nothing(
    database_url: str, lifecycle: str, status: str
) -> None:
    world = with_reader(World(database_url, lifecycle=lifecycle))
    world.becomes(1, status)
    before = len(world.actor(ANN).letters)
    world.actor(REX, "Rex").writes("ticket1", "I saw that door.", subject="Re: Broken door")
    world.actor(REX, "Rex").writes("ticket1-comment", "Still broken.", subject="Re: Broken door")
    messages = [message for message in world.rows(Message) if message.text in ("I saw that door.", "Still broken.")]
    assert [(message.private, message.action) for message in messages] == [(True, "Comment")] * 2
    assert world.ticket()["status"] == status
    assert len(world.actor(ANN).letters) == before
    assert world.actor(REX).letters == []
    assert "Rex" in world.actor(SAM).letter().text
    assert "is not on this ticket" not in world.actor(SAM).letter().text


def test_a_reader_gets_no_letters_and_the_button_says_what_it_does(world: World) -> None:
    with world.database.read_only() as uow:
        form = answer_form(uow, find_ticket(uow, 1), get_person(uow, REX))
    assert [(block.title, block.private) for block in form.blocks] == [("Comment (private note)", True)]
    assert (form.statuses, form.owners) == ([], [])
    block = form.blocks[0]
    with world.uow() as uow:
        answer = Answer(block.key, "From the pages.", block.promise, form.seen, "t")
        assert post_answer(uow, 1, get_person(uow, REX), answer).letters == block.letters == 1
    world.settle()
    world.actor(ANN).writes("ticket1", "Any news?")
    world.actor(SAM).writes("ticket1-comment", "No.")
    assert world.actor(REX).letters == []


def test_a_reader_commands_nothing(world: World) -> None:
    with pytest.raises(FieldsRefused), world.uow() as uow:
        set_basics(uow, 1, get_person(uow, REX), {"priority": "5"})
    world.actor(REX).writes("ticket1", "Priority: 5\n\nPlease.")
    assert world.ticket()["priority"] is None


def test_a_reader_finds_private_words(world: World) -> None:
    catch_up(world.database)
    with world.database.read_only() as uow:
        assert [hit.ticket.id for hit in search(uow, read_query("new"), Filter(), get_person(uow, REX), 5).hits] == [1]


def test_a_reader_who_is_copied_in_takes_part(world: World) -> None:
    world.asks_in(1, REX)
    world.actor(REX, "Rex").writes("ticket1", "I saw that door, too.")
    assert not world.rows(Message)[-1].private


def test_readers_are_made_and_unmade_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TICKETS_DATABASE_URL", f"sqlite:///{tmp_path}/tickets.db")

    def tickets(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        return capsys.readouterr().out

    def team() -> list[tuple[str, bool]]:
        return [(person["email"], person["reader"]) for person in json.loads(tickets("responder", "list", "--json"))]

    tickets("init")
    added = tickets("responder", "add", REX, "--queue", "General", "--reader")
    assert added == f"Added {REX} as a reader of General\n"
    tickets("responder", "add", SAM, "--queue", "General")
    assert team() == [(SAM, False), (REX, True)]
    tickets("responder", "add", REX, "--queue", "General")
    assert team() == [(REX, False), (SAM, False)]
    tickets("responder", "add", REX, "--queue", "General", "--reader")
    assert "reader" in tickets("responder", "list", "--queue", "General")
    tickets("responder", "remove", REX, "--queue", "General")
    assert team() == [(SAM, False)]
