"""The web pages of a world, and people who look at them in a browser without script."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from werkzeug.test import Client, TestResponse

from mail_tickets.model.operations.web_login import make_link
from mail_tickets.model.records.people import get_person
from mail_tickets.web.application import make_application
from mail_tickets.web.site import LOOPBACK, Site
from tests.support.world import World

URL = "http://localhost"
SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Origin": URL}


@dataclass
class Button:
    """A button of a form; `says` is the text of the element that describes it."""

    name: str = ""
    value: str = ""
    text: str = ""
    described_by: str = ""


@dataclass
class Form:
    """A form of a page as a browser sees it."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)

    def button(self, begins: str) -> Button:
        buttons = [button for button in self.buttons if button.text.startswith(begins)]
        assert buttons, (begins, [button.text for button in self.buttons])
        return buttons[0]


class Page(HTMLParser):
    """A page: its forms, the texts of elements by their id, and all its text."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.status = response.status_code
        self.response = response
        self.html = response.get_data(as_text=True)
        self.forms: list[Form] = []
        self.by_id: dict[str, str] = {}
        self.words: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._select = self._area = ""
        self.feed(self.html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag not in ("input", "meta", "link", "br", "img", "hr"):
            self._open.append((tag, attributes.get("id", "")))
        if tag == "form":
            self.forms.append(Form(attributes.get("method", "get"), attributes.get("action", "")))
        if tag == "input" and self.forms and attributes.get("type") not in ("file", "checkbox", "radio"):
            self.forms[-1].fields[attributes.get("name", "")] = attributes.get("value", "")
        if tag == "textarea" and self.forms:
            self._area = attributes.get("name", "")
            self.forms[-1].fields[self._area] = ""
        if tag == "select":
            self._select = attributes.get("name", "")
            self.forms[-1].fields[self._select] = ""
        if tag == "option" and "selected" in attributes:
            self.forms[-1].fields[self._select] = attributes.get("value", "")
        if tag == "button" and self.forms:
            described = attributes.get("aria-describedby", "")
            self.forms[-1].buttons.append(
                Button(attributes.get("name", ""), attributes.get("value", ""), "", described)
            )

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        tags = [tag for tag, _ in self._open]
        for _, known_as in self._open:
            if known_as:
                self.by_id[known_as] = self.by_id.get(known_as, "") + data
        if "button" in tags and self.forms and self.forms[-1].buttons:
            self.forms[-1].buttons[-1].text += data
        if "textarea" in tags and self.forms:
            self.forms[-1].fields[self._area] += data.removeprefix("\n")

    def form(self, action: str) -> Form:
        forms = [form for form in self.forms if form.action == action]
        assert forms, (action, [form.action for form in self.forms], self.text)
        return forms[0]


class Visitor:
    """Somebody with a browser, which keeps cookies."""

    def __init__(self, desk: "Desk") -> None:
        self.desk = desk
        self.client = Client(desk.application, TestResponse)

    def open(self, path: str, **headers: str) -> Page:
        """Ask for a page."""
        return Page(self.client.get(path, headers=headers, base_url=URL))

    def get(self, path: str, **more: Any) -> TestResponse:
        """Ask for anything."""
        return self.client.get(path, **({"base_url": URL} | more))

    def press(self, page: Page, action: str, begins: str = "", files: Any = None, **fields: str) -> Page:
        """Fill in a form of a page and press one of its buttons; the page that follows a 303 is another request."""
        form = page.form(action)
        data: dict[str, Any] = {**form.fields, **fields}
        button = form.button(begins)
        if button.name:
            data[button.name] = button.value
        if files:
            data["files"] = files
        return Page(self.client.post(action, data=data, headers=SAME_SITE, base_url=URL))

    def post(self, path: str, data: Any = None, **headers: str) -> Page:
        """Send anything."""
        return Page(self.client.post(path, data=data, headers=headers or SAME_SITE, base_url=URL))

    def follows(self, page: Page) -> Page:
        """The page to which another leads."""
        assert page.status == 303, (page.status, page.text)
        return self.open(page.response.headers["Location"].partition("#")[0])

    def logs_in(self, email: str) -> "Visitor":
        """Log in by a link that an administrator has made."""
        with self.desk.world.uow() as uow:
            secret = make_link(uow, get_person(uow, email))
        entered = self.post(f"/login/{secret}")
        assert entered.status == 303, entered.text
        return self


class Desk:
    """The web pages of a world, without a web server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.written = 0

        def later(work: Callable[[], None]) -> None:
            work()

        self.site = Site(world.database, URL, LOOPBACK, world.settle, world.intake.redeliver, later, 2_000_000)
        self.application = make_application(self.site)

    def visitor(self, email: str | None = None) -> Visitor:
        """A browser, in which somebody is logged in if they are named."""
        visitor = Visitor(self)
        return visitor.logs_in(email) if email else visitor
