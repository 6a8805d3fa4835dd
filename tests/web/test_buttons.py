"""The claim that buttons are true: what stands beside each one is what pressing it then does, over HTTP."""

import re
from collections.abc import Iterator

import pytest

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records.letters import Letter
from tests.support.desk import Desk, Page, Visitor
from tests.support.world import World
from tests.web.conftest import ANN, KIM, OLGA, SAM, populated

BEA, REX = "bea@home.example", "rex@team.example"
CELLS = [(name, status) for name, life in LIFECYCLES.items() for status in life.statuses]


@pytest.fixture
def desks(database_url: str) -> Iterator[dict[str, Desk]]:
    """The pages of a tracker whose queue General lives by either lifecycle."""
    worlds: list[World] = []

    class Made(dict[str, Desk]):
        def __missing__(self, lifecycle: str) -> Desk:
            worlds.append(World(database_url, lifecycle=lifecycle))
            world = populated(worlds[-1])
            world.known(BEA, "Bea")
            world.reader(REX, "Rex Reader")
            return self.setdefault(lifecycle, Desk(world))

    yield Made()
    for world in worlds:
        world.close()


def ticket_in(desk: Desk, status: str) -> int:
    """A new ticket of Ann's on which Bea is, in some status; somebody has answered it."""
    world = desk.world
    number = world.opens(ANN, "Broken door")
    world.asks_in(number, BEA)
    world.act(number, "Answer" if world.ticket(number)["lifecycle"] == "support" else "Reply", SAM, "Oil it.")
    world.becomes(number, status)
    return number


def says(page: Page, key: str) -> str:
    return " ".join(page.by_id[f"says-{key}"].split())


@pytest.mark.parametrize("email", [ANN, BEA, SAM, OLGA, KIM, REX])
@pytest.mark.parametrize(("lifecycle", "status"), CELLS)
def test_every_button_does_what_its_page_says(desks: dict[str, Desk], lifecycle: str, status: str, email: str) -> None:
    desk = desks[lifecycle]
    visitor = desk.visitor(email)
    number = ticket_in(desk, status)
    first = visitor.open(f"/tickets/{number}")
    if first.status == 404:
        assert email == KIM
        return
    keys = re.findall(r'data-block="([\w-]+)"', first.html)
    assert keys
    for key in keys:
        presses(desk, visitor, number, key)
        # Each button has a ticket on which nothing was pressed yet.
        number = ticket_in(desk, status)


def presses(desk: Desk, visitor: Visitor, number: int, key: str) -> None:
    page, before = visitor.open(f"/tickets/{number}"), len(desk.world.rows(Letter))
    sentence = says(page, key)
    form = page.form(f"/tickets/{number}")
    button = next(button for button in form.buttons if button.value.startswith(f"{key}|"))
    response = visitor.press(page, f"/tickets/{number}", button.text, text="Here you are, my friend.")
    assert response.status == 303, (key, response.text)
    ticket = desk.world.ticket(number)
    becomes = re.search(r"The ticket (?:becomes|stays) ([\w ]+)\.", sentence)
    assert becomes
    assert becomes[1] == ticket["status"], sentence
    counted = re.search(r"\((\d+) emails?\)", sentence)
    assert len(desk.world.rows(Letter)) - before == (int(counted[1]) if counted else 0), sentence
    message = ticket["messages"][-1]
    assert message["private"] == (f'class="block private" data-block="{key}"' in page.html)
    assert button.text.startswith(message["action"]) or message["via"] == "web"


def test_a_double_press_posts_once(desks: dict[str, Desk]) -> None:
    desk = desks["correspondence"]
    sam, number = desk.visitor(SAM), ticket_in(desk, "open")
    page = sam.open(f"/tickets/{number}")
    places = [
        sam.press(page, f"/tickets/{number}", "Reply to", text="Once.").response.headers["Location"] for _ in "ab"
    ]
    assert places[0] == places[1]
    assert [message["text"] for message in desk.world.ticket(number)["messages"]].count("Once.") == 1


def test_what_changed_meanwhile_is_said_first_and_the_words_are_kept(desks: dict[str, Desk]) -> None:
    desk = desks["correspondence"]
    sam, number = desk.visitor(SAM), ticket_in(desk, "open")
    page = sam.open(f"/tickets/{number}")
    desk.world.asks_in(number, KIM)
    again = sam.press(page, f"/tickets/{number}", "Reply to", text="My words <b>")
    assert again.status == 409
    assert again.form(f"/tickets/{number}").fields["text"] == "My words <b>"
    assert "Other people would read it now." in again.text
    assert "My words" not in str(desk.world.ticket(number))
    assert sam.press(again, f"/tickets/{number}", "Reply to", text="My words <b>").status == 303


def test_a_word_that_was_meant_as_a_command_is_sent_only_by_a_second_press(desks: dict[str, Desk]) -> None:
    desk = desks["correspondence"]
    sam, number = desk.visitor(SAM), ticket_in(desk, "open")
    response = sam.press(sam.open(f"/tickets/{number}"), f"/tickets/{number}", "Reply to", text="Resolved")
    assert response.status == 409
    assert "These words look like a command. Nothing was sent yet." in response.text
    assert "Resolved" not in [message["text"] for message in desk.world.ticket(number)["messages"]]
    assert sam.press(response, f"/tickets/{number}", "Reply to", text="Resolved").status == 303
    assert desk.world.ticket(number)["messages"][-1]["text"] == "Resolved"


def test_status_and_owner_hold_with_the_words_or_nothing_does(desks: dict[str, Desk]) -> None:
    desk = desks["correspondence"]
    sam, number = desk.visitor(SAM), ticket_in(desk, "open")
    page = sam.open(f"/tickets/{number}")
    refused = sam.press(page, f"/tickets/{number}", "Reply to", text="Bye", status="resolved", owner=KIM)
    assert refused.status == 422
    assert refused.form(f"/tickets/{number}").fields["text"] == "Bye"
    assert (desk.world.ticket(number)["status"], len(desk.world.ticket(number)["messages"])) == ("open", 2)
    response = sam.press(refused, f"/tickets/{number}", "Reply to", text="Bye", status="resolved", owner=SAM)
    assert response.status == 303
    ticket = desk.world.ticket(number)
    assert (ticket["status"], ticket["assignee"]["email"]) == ("resolved", SAM)


def test_files_go_with_an_answer(desks: dict[str, Desk]) -> None:
    from io import BytesIO

    desk = desks["correspondence"]
    sam, number = desk.visitor(SAM), ticket_in(desk, "open")
    page = sam.open(f"/tickets/{number}")
    files = [(BytesIO(b"%PDF-1.4 plan"), 'Plän "1".pdf')]
    response = sam.press(page, f"/tickets/{number}", "Reply to", text="The plan.", files=files)
    page_after = sam.follows(response)
    match = re.search(rf"/tickets/{number}/messages/\w+/files/1", page_after.html)
    assert match, page_after.text
    response = desk.visitor(ANN).get(match[0])
    assert response.get_data() == b"%PDF-1.4 plan"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    letter = next(mail for mail in desk.world.far_end.letters[::-1] if mail.recipient == ANN)
    assert [part.get_content() for part in letter.mail.iter_attachments()] == [b"%PDF-1.4 plan"]


def test_the_last_change_is_undone_by_one_button(desks: dict[str, Desk]) -> None:
    desk = desks["correspondence"]
    sam, number = desk.visitor(SAM), ticket_in(desk, "open")
    page = sam.open(f"/tickets/{number}")
    response = sam.press(page, f"/tickets/{number}", "Reply to", text="Bye", status="resolved")
    after = sam.follows(response)
    assert "Undo" in [button.text for button in after.form(f"/tickets/{number}/undo").buttons]
    undone = sam.follows(sam.press(after, f"/tickets/{number}/undo", "Undo"))
    assert "can't be called back" in undone.text
    assert desk.world.ticket(number)["status"] == "open"
    assert "can't be called back" not in sam.open(f"/tickets/{number}").text


def test_a_merge_says_who_would_read_what_before_it_is_done(desks: dict[str, Desk]) -> None:
    desk = desks["correspondence"]
    sam, number = desk.visitor(SAM), ticket_in(desk, "open")
    second = desk.world.opens(KIM, "The same door")
    question = sam.open(f"/tickets/{second}/merge?into={number}")
    assert "Kim" in question.text
    assert desk.world.ticket(second)["merged_into"] is None
    response = sam.press(question, f"/tickets/{second}/merge", "Merge")
    assert response.response.headers["Location"] == f"/tickets/{number}"
    assert sam.open(f"/tickets/{second}").response.headers["Location"] == f"/tickets/{number}"
    assert desk.visitor(KIM).open(f"/tickets/{number}").status == 200
