"""Claims about floods, large forms, a crash, and a database that is away: mail goes on, and no answer is lost."""

import re
import resource
import signal
import smtplib
import socket
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from email.message import EmailMessage
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from sqlalchemy import make_url

from mail_tickets.model.search.indexer import catch_up
from tests.support.desk import Desk
from tests.support.postgres import PostgresServer
from tests.support.program import HELLO, PATIENCE, Program, free_port
from tests.support.world import World
from tests.web.conftest import ANN, OLGA, SAM, populated

HALF_OPEN = 400
FORM_BYTES = 60_000_000


class Served:
    """A tracker with web pages in a process of its own, and an administrator who is logged in."""

    def __init__(self, folder: Path) -> None:
        self.program = Program(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.program.environment["TICKETS_WEB"] = self.url
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def logs_in(self) -> None:
        self.program.does("person", "add", "you@example.org", "--admin")
        link = self.program.does("login", "you@example.org").strip()
        self.browser.open(link, data=b"", timeout=PATIENCE).read()

    def get(self, place: str) -> str:
        body: bytes = self.browser.open(self.url + place, timeout=PATIENCE).read()
        return body.decode()

    def form(self, place: str, text: str) -> bytes:
        """What a browser sends for the first button of a ticket's page."""
        html = self.get(place)
        fields = dict(re.findall(r'<input type="hidden" name="(token|once|seen)" value="(\w*)">', html))
        button = re.search(r'<button name="do" value="([^"]+)"', html)
        assert button
        return urllib.parse.urlencode({**fields, "do": button[1], "text": text}).encode()

    def sends(self, place: str, form: bytes) -> str:
        """The page that follows."""
        body: bytes = self.browser.open(self.url + place, data=form, timeout=PATIENCE).read()
        return body.decode()

    @property
    def cookie(self) -> str:
        jar = next(handler.cookiejar for handler in self.browser.handlers if hasattr(handler, "cookiejar"))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """A tracker with web pages, not started yet."""
    return Served(tmp_path)


def peak_kilobytes(pid: int) -> int:
    match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert match
    return int(match[1])


def half_open(stack: ExitStack, port: int) -> None:
    """A connection that sends half of a request and waits."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
    connection.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n")


@pytest.mark.slow
def test_floods_stop_no_mail_and_large_forms_are_not_read(served: Served) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 2 * HALF_OPEN:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with served.program.serving() as process:
        served.logs_in()
        served.program.sends(1)
        before = peak_kilobytes(process.pid)
        with socket.create_connection(("127.0.0.1", served.port), PATIENCE) as connection:
            head = f"POST /tickets/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {served.cookie}\r\n"
            connection.sendall(f"{head}Content-Length: {FORM_BYTES}\r\n\r\n".encode())
            sent = 0
            try:
                while sent < FORM_BYTES:
                    sent += connection.send(b"x" * 65_536)
                assert connection.recv(100).startswith(b"HTTP/1.1 413")
            except ConnectionError:
                assert sent < FORM_BYTES
        assert peak_kilobytes(process.pid) - before < 10_000
        with ExitStack() as stack:
            for _ in range(HALF_OPEN):
                half_open(stack, served.port)
            begun = time.monotonic()
            for number in range(2, 12):
                served.program.sends(number)
            assert time.monotonic() - begun < 10
        assert served.get("/healthz") == "ok\n"
        assert len(served.program.tickets()) == 11


@pytest.mark.slow
def test_browsers_that_read_nothing_stop_no_page(served: Served) -> None:
    """Four threads make the pages. Each would wait until so much of its answers was read."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "ann@example.org", HELLO, "<large@example.org>"
    mail.add_attachment(b"x" * 5_000_000, maintype="application", subtype="zip", filename="a.zip")
    with served.program.serving(), ExitStack() as stack:
        served.logs_in()
        with smtplib.SMTP("127.0.0.1", served.program.port, timeout=PATIENCE) as client:
            client.send_message(mail)
        match = re.search(r"/tickets/1/messages/\w+/files/1", served.get("/tickets/1"))
        assert match
        request = f"GET {match[0]} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {served.cookie}\r\n\r\n".encode()
        for _ in range(6):
            stack.enter_context(socket.create_connection(("127.0.0.1", served.port), PATIENCE)).sendall(request * 9)
        for _ in range(20):
            assert served.get("/healthz") == "ok\n"


@pytest.mark.slow
def test_an_answer_whose_server_was_killed_before_it_answered_is_posted_once(served: Served) -> None:
    with served.program.serving() as process:
        served.logs_in()
        served.program.sends(1)
        form = served.form("/tickets/1", "Just once, please.")
        with socket.create_connection(("127.0.0.1", served.port), PATIENCE) as connection:
            head = f"POST /tickets/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {served.cookie}\r\n"
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
            connection.sendall(head.encode() + form)
            end = time.monotonic() + PATIENCE
            while len(served.program.shows(1)["messages"]) < 2 and time.monotonic() < end:
                time.sleep(0.01)
            # Whatever was answered, nobody has read it.
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE)
    with served.program.serving():
        assert "It was posted when you first pressed the button." in served.sends("/tickets/1", form)
        assert [message["text"] for message in served.program.shows(1)["messages"]].count("Just once, please.") == 1


def test_pages_of_a_tracker_on_postgresql_wait_for_it_with_the_words_kept(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    name = make_url(postgres_url).database
    world = populated(World(postgres_url, lifecycle="correspondence"))
    catch_up(world.database)
    desk = Desk(world)
    sam, olga = desk.visitor(SAM), desk.visitor(OLGA)
    for visitor, place in [
        (sam, place) for place in ("/", "/tickets", "/tickets?q=door", "/tickets/1", "/queues/General", "/me")
    ]:
        assert visitor.open(place).status == 200, place
    for place in ("/unmatched", "/outbox"):
        assert olga.open(place).status == 200
    page = sam.open("/tickets/1")
    assert sam.press(page, "/tickets/1", "Reply", text="The first reply.").status == 303
    page = sam.open("/tickets/1")
    postgres_server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        refused = sam.press(page, "/tickets/1", "Reply", text="My long words")
        assert (refused.status, sam.get("/healthz").status_code) == (503, 503)
        assert refused.response.headers["Retry-After"]
        assert "My long words" in refused.html
    finally:
        postgres_server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    assert sam.press(page, "/tickets/1", "Reply", text="My long words").status == 303
    assert [message["text"] for message in world.ticket(1)["messages"]].count("My long words") == 1
    world.close()


def test_a_ticket_of_a_thousand_messages_comes_in_portions(desk: Desk) -> None:
    with desk.world.uow() as uow:
        from sqlalchemy import insert

        from mail_tickets.model.records.messages import Message
        from mail_tickets.model.records.tickets import find_ticket

        columns = {"ticket_id": 1, "subject": "x", "new_status": "open", "private": False, "verified": True}
        times = {"date": uow.now, "received": uow.now, "sender_id": find_ticket(uow, 1).requestor_id}
        rows = [
            {**columns, **times, "number": at, "message_id": f"<{at}@x>", "text": f"Word {at}.", "full_text": ""}
            for at in range(2, 1001)
        ]
        uow.session.execute(insert(Message), rows)
        find_ticket(uow, 1).posts = 1000
    for email in (SAM, ANN):
        visitor, place, count = desk.visitor(email), "/tickets/1", 0
        while True:
            page = visitor.open(place)
            count += page.html.count("<article")
            assert len(page.html) < 100_000
            earlier = re.search(r"/tickets/1\?before=\w+", page.html)
            if earlier is None:
                break
            place = earlier[0]
        assert count == 1000


def test_words_and_titles_of_ten_megabytes_and_turned_around_keep_pages_small(desk: Desk) -> None:
    turned = "\u202eevil\u2066 \u05e9\u05dc\u05d5\u05dd"
    head = f"From: Eve {turned} <eve@far.example>\nSubject: {turned} {'title ' * 1_700_000}\n\n"
    desk.world.brings(f"{head}{'word ' * 2_000_000}\n".encode(), "eve@far.example", "hello@tickets.example")
    sam = desk.visitor(SAM)
    for place in ("/", "/tickets", "/tickets/2", "/tickets/1"):
        page = sam.open(place)
        assert page.status == 200
        assert len(page.html) < 1_500_000, place
        # Foreign words turn around nothing but themselves.
        assert not re.search(r"<(?:h1|td|dd|h3)>[^<]*[\u202a-\u202e\u2066-\u2069]", page.html), place
