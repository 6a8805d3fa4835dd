"""Claims about the answer form: every button does what it says, to whom it says, once."""

from collections.abc import Iterator
from itertools import product

import pytest
from sqlalchemy import select

from mail_tickets.mail.parsed import parse_mail
from mail_tickets.model.desk.answer_form import AnswerForm, Block, answer_form
from mail_tickets.model.desk.answers import Answer, AnswerChanged, Posted, post_answer
from mail_tickets.model.desk.composed_mail import UploadedFile
from mail_tickets.model.desk.doubts import AnswerDoubted
from mail_tickets.model.desk.refusals import FieldsRefused
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.operations import administration
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.records.tickets import NoSuchTicket, Participant, find_ticket
from tests.support.world import World, person_of

PEOPLE = {
    "ann@home.example": "Ann Archer",
    "bea@home.example": "Bea",
    "gone@home.example": "Gus",
    "sam@team.example": "Sam",
    "una@team.example": "Una",
    "olga@team.example": "Olga",
    "kim@home.example": "Kim",
    "ada@team.example": "Ada",
}
CELLS = [(name, status) for name, life in LIFECYCLES.items() for status in life.statuses]
LOOKERS = ("ann@home.example", "bea@home.example", "sam@team.example", "olga@team.example", "kim@home.example")


@pytest.fixture(params=["correspondence", "support"])
def world(request: pytest.FixtureRequest, database_url: str) -> Iterator[World]:
    world = World(database_url, lifecycle=request.param)
    yield populated(world)
    world.close()


def populated(world: World) -> World:
    """A ticket of Ann's; Bea takes part, mail to Gus fails; Sam and Una answer, Olga administers and is assigned.

    Kim is known and not on it. Somebody has answered, so that an answer can be confirmed.
    """
    for email, name in PEOPLE.items():
        world.known(email, name, admin=email.startswith(("olga", "ada")))
    for email in ("sam@team.example", "una@team.example"):
        world.responder(email, PEOPLE[email])
    number = world.opens("ann@home.example", "Broken door")
    for email in ("bea@home.example", "gone@home.example"):
        world.asks_in(number, email)
    with world.uow() as uow:
        person_of(uow, "gone@home.example").undeliverable = uow.now
    world.sets(number, "sam@team.example", assignee="olga@team.example")
    life = LIFECYCLES[world.ticket()["lifecycle"]]
    world.act(1, "Answer" if life.name == "support" else "Reply", "una@team.example", "Oil it.")
    world.act(1, "Comment", "una@team.example", "Ann is new.", private=True)
    return world


def form(world: World, email: str, number: int = 1) -> AnswerForm:
    with world.database.read_only() as uow:
        return answer_form(uow, find_ticket(uow, number), get_person(uow, email))


def block_of(form: AnswerForm, key: str) -> Block:
    block = form.block(key)
    assert block is not None, [block.key for block in form.blocks]
    return block


def answer(form: AnswerForm, key: str, text: str = "Here you are.", **more: object) -> Answer:
    button = Answer(key, text, block_of(form, key).promise, form.seen, f"token {key} {text}")
    return button._replace(**more)  # type: ignore[arg-type]


def press(world: World, email: str, answer: Answer, number: int = 1) -> Posted:
    with world.database.transaction() as uow:
        return post_answer(uow, number, get_person(uow, email), answer)


def default(form: AnswerForm) -> Block:
    return form.blocks[0]


def letters_after(world: World, last: int) -> list[str]:
    return sorted(row.recipient for row in world.rows(Letter) if row.id > last)


def test_a_button_pressed_twice_posts_once_and_says_so(world: World) -> None:
    page = form(world, "sam@team.example")
    sent = answer(page, default(page).key)
    first, second = press(world, "sam@team.example", sent), press(world, "sam@team.example", sent)
    assert not first.again
    assert second.again
    assert (second.message, second.ticket, second.letters) == (first.message, 1, 0)
    assert [row.text for row in world.rows(Message)].count(sent.text) == 1


def test_other_words_under_a_button_that_was_pressed_are_not_lost(world: World) -> None:
    page = form(world, "sam@team.example")
    sent = answer(page, default(page).key)
    press(world, "sam@team.example", sent)
    with pytest.raises(AnswerChanged, match="was posted when you first pressed"):
        press(world, "sam@team.example", sent._replace(text="Better words."))


def test_whoever_has_written_meanwhile_stops_an_answer(world: World) -> None:
    page = form(world, "sam@team.example")
    world.actor("ann@home.example").writes("ticket1", "It is the front door.")
    before = len(world.rows(Message))
    with pytest.raises(AnswerChanged, match="1 new message came while you wrote") as stopped:
        press(world, "sam@team.example", answer(page, "note"))
    assert len(stopped.value.new) == 1
    assert len(world.rows(Message)) == before
    assert press(world, "sam@team.example", answer(form(world, "sam@team.example"), "note")).message


def test_a_private_note_stops_no_requestor_and_tells_them_of_nothing(world: World) -> None:
    page = form(world, "ann@home.example")
    world.actor("sam@team.example").writes("ticket1-comment", "Ann is nice.")
    assert form(world, "ann@home.example") == page
    assert press(world, "ann@home.example", answer(page, default(page).key)).message


def test_a_button_whose_promise_has_changed_does_nothing(world: World) -> None:
    page = form(world, "sam@team.example")
    key = default(page).key
    with world.uow() as uow:
        uow.session.delete(uow.session.get_one(Participant, (1, person_of(uow, "bea@home.example").id)))
    with pytest.raises(AnswerChanged, match="Other people would read it now"):
        press(world, "sam@team.example", answer(page, key))
    assert "Here you are." not in [row.text for row in world.rows(Message)]


def test_a_button_that_is_there_no_more_says_what_the_ticket_is(small_world: World) -> None:
    world = populated(small_world)
    page = form(world, "sam@team.example")
    world.becomes(1, "Solved")
    with pytest.raises(AnswerChanged, match='"Answer" cannot be done any more: the ticket is Solved'):
        press(world, "sam@team.example", answer(page, "answer"))
    with pytest.raises(AnswerChanged, match="The ticket would become Solved now"):
        press(world, "sam@team.example", answer(page, "comment"))


def test_status_and_owner_go_with_the_words_or_nothing_is_done(world: World) -> None:
    life = LIFECYCLES[world.ticket()["lifecycle"]]
    page = form(world, "sam@team.example")
    sent = answer(page, default(page).key, status="gone", owner="bea@home.example")
    with pytest.raises(FieldsRefused) as refused:
        press(world, "sam@team.example", sent)
    assert refused.value.problems.keys() == {"status", "owner"}
    assert 'There\'s no status "gone"' in refused.value.problems["status"]
    assert world.ticket()["assignee"]["email"] == "olga@team.example"
    assert sent.text not in [row.text for row in world.rows(Message)]
    posted = press(world, "sam@team.example", sent._replace(status=life.spam, owner="me"))
    assert posted.undo
    assert (world.ticket()["status"], world.ticket()["assignee"]["email"]) == (life.spam, "sam@team.example")


def test_a_private_note_changes_no_status_and_says_where_to(world: World) -> None:
    page = form(world, "sam@team.example")
    with pytest.raises(FieldsRefused) as refused:
        press(world, "sam@team.example", answer(page, "note", status=page.statuses[0]))
    assert refused.value.problems.keys() == {"status"}


def test_an_answer_is_a_mail_of_its_writer_with_its_files(world: World) -> None:
    page = form(world, "ann@home.example")
    files = [UploadedFile("Zeichnung ü.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))]
    text = "Grüße\n\n  eingerückt\n> zitiert 日本"
    posted = press(world, "ann@home.example", answer(page, default(page).key, text, files=files))
    assert posted.letters == default(page).letters
    world.settle()
    message = world.ticket()["messages"][-1]
    assert (message["text"], message["via"], message["verified"]) == (text, "web", True)
    assert message["attachments"] == [{"name": "Zeichnung ü.png", "type": "image/png", "bytes": 264}]
    with world.database.read_only() as uow:
        raw = uow.session.scalar(select(Mail.raw).order_by(Mail.id.desc()).limit(1))
    parsed = parse_mail(raw or b"")
    assert parsed.text.replace("\r\n", "\n").rstrip() == text
    assert (parsed.sender and parsed.sender.email, parsed.message_id) == ("ann@home.example", message["message_id"])
    letter = world.actor("sam@team.example").letter()
    assert [part.get_filename() for part in letter.mail.iter_attachments()] == ["Zeichnung ü.png"]


def test_a_button_without_words_asks_for_some(world: World) -> None:
    page = form(world, "sam@team.example")
    with pytest.raises(FieldsRefused, match="Write some words"):
        press(world, "sam@team.example", answer(page, "note", " \n"))


def test_whoever_may_not_see_a_ticket_answers_none(small_inbox: World) -> None:
    world = populated(small_inbox)
    with pytest.raises(NoSuchTicket, match=r"There's no ticket 1\."):
        press(world, "kim@home.example", Answer("reply", "x", "public.open.0", "", "t"))


def test_an_answer_to_a_ticket_that_was_merged_goes_nowhere_and_says_where_it_is(world: World) -> None:
    number = world.opens("ann@home.example", "Door again")
    page = form(world, "sam@team.example", number)
    with world.uow() as uow:
        administration.merge(uow, find_ticket(uow, number, locked=True), 1, person_of(uow, "sam@team.example"))
    with pytest.raises(AnswerChanged, match="Ticket 2 is part of ticket 1 now") as moved:
        press(world, "sam@team.example", answer(page, "note"), number)
    assert moved.value.ticket == 1


@pytest.mark.parametrize(("lifecycle", "status", "email"), [(*cell, who) for cell, who in product(CELLS, LOOKERS)])
def test_every_button_does_what_it_says(database_url: str, lifecycle: str, status: str, email: str) -> None:
    world = populated(World(database_url, lifecycle=lifecycle))
    world.becomes(1, status)
    with world.database.read_only() as uow:
        visible = not (lifecycle == "correspondence" and email.startswith("kim"))
        if not visible:
            with pytest.raises(NoSuchTicket):
                answer_form(uow, find_ticket(uow, 1), get_person(uow, email))
            return
    for key in [block.key for block in form(world, email).blocks]:
        world.becomes(1, status)
        page = form(world, email)
        block, last = block_of(page, key), max(row.id for row in world.rows(Letter))
        posted = press(world, email, answer(page, key, f"Words by {key}."))
        message = max(world.rows(Message), key=lambda row: row.id)
        assert (message.private, message.action, message.new_status) == (block.private, block.action, block.status)
        assert world.ticket()["status"] == block.status
        letters = letters_after(world, last)
        assert (len(letters), posted.letters) == (block.letters, block.letters), block
        if email.endswith("team.example"):
            assert letters == sorted(reader.email or "" for reader in block.readers)
        else:
            outside = [
                recipient for recipient in letters if recipient.endswith("home.example") or recipient.startswith("olga")
            ]
            assert len(outside) == len(block.readers)
            assert {reader.email for reader in block.readers} <= {None}
        assert f"The ticket {'stays' if block.status == status else 'becomes'} {block.status}." in block.sentence
        assert all(
            name in block.sentence for name in [reader.name for reader in block.readers if not _on_team(reader.name)]
        )


def _on_team(name: str) -> bool:
    return name in ("Sam", "Una")


@pytest.mark.parametrize("text", ["Resolved", "close", "Status: resolved", "Ann is new."])
def test_a_slip_of_a_responder_reaches_nobody_before_it_is_meant(small_inbox: World, text: str) -> None:
    world = populated(small_inbox)
    page = form(world, "sam@team.example")
    sent, before = answer(page, default(page).key, text), len(world.rows(Letter))
    with pytest.raises(AnswerDoubted) as doubted:
        press(world, "sam@team.example", sent)
    assert "Nothing was sent yet." in doubted.value.sentences[0]
    changed = sent._replace(text="Owner: me", meant=doubted.value.meant)
    with pytest.raises(AnswerDoubted):
        press(world, "sam@team.example", changed)
    assert len(world.rows(Letter)) == before
    press(world, "sam@team.example", sent._replace(meant=doubted.value.meant))
    assert world.ticket()["messages"][-1]["text"] == text
    assert len(world.rows(Letter)) > before


def test_a_private_note_a_file_and_words_of_the_requestor_are_no_slip(small_inbox: World) -> None:
    world = populated(small_inbox)
    for email, key, files in (
        ("sam@team.example", "note", []),
        ("sam@team.example", "reply", [UploadedFile("plan.txt", "text/plain", b"Plan")]),
        ("ann@home.example", "reply", []),
    ):
        page = form(world, email)
        press(world, email, answer(page, key, "Resolved", files=files)._replace(token=f"{email} {key}"))
        assert world.ticket()["messages"][-1]["text"] == "Resolved"
