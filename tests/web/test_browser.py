"""Claims about the pages in a real browser: without script, on a phone, in the dark, by keyboard alone."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import PHONE, Reader, serving_web
from tests.support.world import World
from tests.web.conftest import ANN, OLGA, SAM, populated

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
LOOKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "without script": {"java_script_enabled": False},
    "phone": PHONE,
    "dark": {"color_scheme": "dark"},
}
TEAM_PAGES = (
    "/",
    "/tickets",
    "/tickets?q=door",
    "/tickets?queue=Nope",
    "/tickets/1",
    "/queues/General",
    "/me",
    "/nothing",
)
ADMIN_PAGES = ("/unmatched", "/outbox", "/outbox?state=sent", "/tickets/1/merge?into=2", "/tickets/2")
ASKER_PAGES = ("/", "/tickets", "/tickets/1", "/me")


@pytest.fixture
def inbox_at(small_inbox: World) -> Iterator[tuple[World, str]]:
    """A shared inbox that has been used, and the address of its pages."""
    world = populated(small_inbox)
    world.opens(ANN, "Where is the key?", "The key of the <b>cellar</b> & the garden.")
    world.brings(
        b"From: x@far.example\nTo: nosuch@tickets.example\nSubject: Lost\n\nHello\n",
        "x@far.example",
        "nosuch@tickets.example",
    )
    with serving_web(world) as url:
        yield world, url


@pytest.fixture
def readers(chromium: "Browser", inbox_at: tuple[World, str]) -> Iterator[Any]:
    """A function that gives somebody a browser; the console of each is empty at the end."""
    with ExitStack() as stack:

        def reader(email: str, look: str = "plain") -> Reader:
            reader = Reader(chromium, *inbox_at, **LOOKS[look])
            stack.callback(reader.closes)
            return reader.logs_in(email)

        yield reader


@pytest.mark.parametrize("look", [*LOOKS])
def test_the_story_of_reply_comment_and_basics(readers: Any, inbox_at: tuple[World, str], look: str) -> None:
    """A responder replies to everybody, comments among responders, and files the ticket; the requestor reads along."""
    world, _ = inbox_at
    page = readers(SAM, look).page
    page.get_by_role("link", name="#1 Broken door").first.click()
    says = page.locator('[data-block="reply"] .says').inner_text()
    assert "Ann Archer and the rest of the General team will see it" in says
    page.get_by_label("Your words").fill("We'll come at noon.")
    page.get_by_role("button", name="Reply to Ann Archer").click()
    assert "emails" in page.get_by_role("status").first.inner_text()
    page.get_by_label("Your words").fill("PRIVATE: bring the drill.")
    page.get_by_role("button", name="Comment (private note)").click()
    assert page.locator("article.private", has_text="bring the drill").is_visible()
    page.locator("#basics > summary").click()
    page.locator("#b-owner").select_option(label="Sam Person")
    page.locator("#b-status").select_option("stalled")
    page.locator("#b-priority").fill("7")
    page.get_by_role("button", name="Save these changes").click()
    ticket = world.ticket(1)
    assert (ticket["status"], ticket["priority"], ticket["assignee"]["email"]) == ("stalled", 7, SAM)
    page.get_by_role("button", name="Undo", exact=True).click()
    assert world.ticket(1)["assignee"] is None
    ann = readers(ANN, look).page
    ann.goto("/tickets/1")
    assert ann.locator("article", has_text="come at noon").is_visible()
    assert "drill" not in ann.content()


def test_basics_are_set_all_or_nothing_and_each_field_says_why(readers: Any, inbox_at: tuple[World, str]) -> None:
    page = readers(SAM).page
    page.goto("/tickets/1")
    page.locator("#basics > summary").click()
    page.locator("#b-priority").fill("high")
    page.locator("#b-subject").fill("Broken gate")
    page.locator("#b-add").fill("nonsense")
    page.get_by_role("button", name="Save these changes").click()
    for name in ("priority", "add"):
        field = page.locator(f"#b-{name}")
        assert field.get_attribute("aria-describedby") == f"basics-{name}-problem"
        assert page.locator(f"#basics-{name}-problem").inner_text()
    assert page.locator("#b-subject").input_value() == "Broken gate"
    assert inbox_at[0].ticket(1)["title"] == "Broken door"


def test_all_of_it_works_by_keyboard_alone(readers: Any, inbox_at: tuple[World, str]) -> None:
    page = readers(SAM).page
    page.goto("/tickets/1")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("By keyboard.")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Reply to"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice")
    assert inbox_at[0].ticket(1)["messages"][-1]["text"] == "By keyboard."


def test_enter_in_the_text_sends_nothing(readers: Any, inbox_at: tuple[World, str]) -> None:
    page = readers(SAM).page
    page.goto("/tickets/1")
    page.get_by_label("Your words").fill("One")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    assert page.get_by_label("Your words").input_value() == "One\nj"
    assert "One" not in str(inbox_at[0].ticket(1))


def test_a_draft_is_kept_until_it_was_sent(readers: Any) -> None:
    page = readers(SAM).page
    page.goto("/tickets/1")
    page.get_by_label("Your words").fill("Half a thought")
    page.goto("/tickets")
    page.goto("/tickets/1")
    assert page.get_by_label("Your words").input_value() == "Half a thought"
    page.get_by_role("button", name="Comment (private note)").click()
    page.wait_for_selector(".notice")
    page.goto("/tickets/1")
    assert page.get_by_label("Your words").input_value() == ""


def test_a_message_that_came_meanwhile_stops_the_reply_and_keeps_it(readers: Any, inbox_at: tuple[World, str]) -> None:
    page = readers(SAM).page
    page.goto("/tickets/1")
    page.get_by_label("Your words").fill("My long reply")
    inbox_at[0].act(1, "Reply", ANN, "One more thing.")
    page.get_by_role("button", name="Reply to Ann Archer").click()
    assert "1 new message came while you wrote" in page.get_by_role("alert").inner_text()
    assert page.locator("article.new", has_text="One more thing").is_visible()
    assert page.get_by_label("Your words").input_value() == "My long reply"
    page.get_by_role("button", name="Reply to Ann Archer").click()
    page.wait_for_selector(".notice")
    assert inbox_at[0].ticket(1)["messages"][-1]["text"] == "My long reply"


def test_the_way_back_after_a_logout_shows_nothing(readers: Any) -> None:
    page = readers(SAM).page
    page.goto("/tickets/1")
    page.goto("/me")
    page.get_by_role("button", name="Log out", exact=True).click()
    page.go_back()
    page.wait_for_url("**/login")
    assert "Broken door" not in page.content()


@pytest.mark.parametrize("look", ["plain", "phone", "dark"])
def test_axe_finds_nothing_wrong_on_any_page(readers: Any, look: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe, wrong = Axe(), {}
    for email, places in ((OLGA, (*TEAM_PAGES, *ADMIN_PAGES)), (ANN, ASKER_PAGES)):
        reader = readers(email, look)
        for place in places:
            reader.page.goto(place)
            reader.page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
            result = axe.run(reader.page)
            if result.violations_count:
                wrong[email, place] = result.generate_report()
            if look == "phone":
                width = reader.page.evaluate("document.documentElement.scrollWidth")
                assert width <= 320, (place, width)
    assert wrong == {}


@pytest.mark.parametrize("place", ["/login", "/login/nothing"])
def test_axe_finds_nothing_wrong_before_the_login(chromium: "Browser", inbox_at: tuple[World, str], place: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    reader = Reader(chromium, *inbox_at)
    reader.page.goto(place)
    assert Axe().run(reader.page).generate_report().startswith("Found 0")
    reader.context.close()
