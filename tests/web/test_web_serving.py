"""Claims about `tickets serve` with web pages: one command logs in, and a port that was set must be free."""

import socket
import threading
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from mail_tickets.web.serving import one_by_one
from tests.support.program import Program, free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program with web pages at a free port."""
    program = Program(tmp_path)
    program.environment["TICKETS_WEB"] = f"http://127.0.0.1:{free_port()}"
    return program


def test_serve_has_pages_and_login_prints_a_link_to_them(program: Program) -> None:
    with program.serving():
        assert any(line.startswith(f"Web pages at {program.environment['TICKETS_WEB']}") for line in program.said)
        program.does("person", "add", "you@example.org", "--admin")
        link = program.does("login", "you@example.org").strip()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert b"Log in" in browser.open(link, timeout=30).read()
        with browser.open(link, data=b"", timeout=30) as page:
            assert page.geturl() == program.environment["TICKETS_WEB"] + "/"
        program.sends(1)
        assert browser.open(program.environment["TICKETS_WEB"] + "/healthz", timeout=30).read() == b"ok\n"
    refused = program.run("login", "nobody@example.org")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_a_port_that_was_set_and_is_taken_stops_the_start_with_one_line(program: Program) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", int(program.environment["TICKETS_WEB"].rpartition(":")[2])))
        occupant.listen()
        result = program.start("serve")
    assert result.returncode == 1
    assert "TICKETS_WEB says where to" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(("web", "url"), [("http://0.0.0.0:8826", ""), ("http://[::]:8826", "http://127.0.0.1:1")])
def test_pages_beyond_this_machine_need_an_address_with_https(program: Program, web: str, url: str) -> None:
    result = program.start("serve", TICKETS_WEB=web, TICKETS_WEB_URL=url)
    assert result.returncode == 1
    assert "TICKETS_WEB_URL" in result.stderr.splitlines()[-1]


def test_one_page_is_made_at_a_time() -> None:
    busy, most = 0, 0
    counted = threading.Lock()

    def page(environ: Any, start_response: Any) -> Iterable[bytes]:
        nonlocal busy, most
        with counted:
            busy += 1
            most = max(most, busy)
        sum(range(100_000))
        with counted:
            busy -= 1
        return [b""]

    pages = one_by_one(page, 60)
    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(lambda _: pages({}, None), range(40))] == [[b""]] * 40  # type: ignore[arg-type,misc]
    assert most == 1


def test_no_page_waits_for_the_end_of_a_slow_one() -> None:
    begun, over = threading.Event(), threading.Event()

    def page(environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ:
            begun.set()
            over.wait(60)
        return [b"done"]

    pages = one_by_one(page)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(pages, {"PATH_INFO": "/slow"}, None)  # type: ignore[arg-type]
        begun.wait(60)
        assert pages({}, None) == [b"done"]  # type: ignore[arg-type]
        assert not slow.done()
        over.set()
