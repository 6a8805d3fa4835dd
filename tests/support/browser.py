"""A real browser, Debian's chromium, that looks at the web pages of a world."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mail_tickets.model.operations.web_login import make_link
from mail_tickets.model.records.people import get_person
from mail_tickets.web.serving import WebServer
from mail_tickets.web.site import LOOPBACK, Site
from tests.support.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}


def chromium_path() -> str | None:
    """Where chromium is; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


# Not for the whole run: while it is there, an event loop runs in this thread, and no server could start one.
@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """The system's chromium; without one a skip, under CI a failure."""
    path = chromium_path()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium: .ci/run installs it")
        pytest.skip("there is no chromium")
    with started(path) as browser:
        yield browser


@contextmanager
def started(path: str) -> Iterator["Browser"]:
    """A browser that runs until the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serving_web(world: World) -> Iterator[str]:
    """The pages of a world at a free port; the address of them."""

    def site(server: WebServer) -> Site:
        stored: Callable[[], None] = lambda: None  # noqa: E731 - letters are not what these tests are about
        return Site(world.database, server.url, LOOPBACK, stored, world.intake.redeliver, server.later, 2_000_000)

    server = WebServer("127.0.0.1", 0, "", site)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


class Reader:
    """Somebody at a browser: what its console says is kept, and must be nothing at the end."""

    def __init__(self, browser: "Browser", world: World, url: str, **context: Any) -> None:
        self.world = world
        self.url = url
        self.context = browser.new_context(base_url=url, **context)
        self.page: Page = self.context.new_page()
        self.console: list[str] = []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.set_default_timeout(20_000)

    def logs_in(self, email: str) -> "Reader":
        with self.world.uow() as uow:
            secret = make_link(uow, get_person(uow, email))
        self.page.goto(f"/login/{secret}")
        self.page.get_by_role("button", name="Log in").click()
        assert self.page.url.rstrip("/") == self.url
        return self

    def closes(self) -> None:
        self.context.close()
        # A browser notes each answer of 400 or more, which is no fault of the page.
        assert [line for line in self.console if "status of 4" not in line] == []
