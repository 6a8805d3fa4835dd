"""How mail fares while people look at web pages, and how much memory the pages take."""

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles
from time import perf_counter, sleep
from typing import TYPE_CHECKING

from ....model.operations.web_login import make_link
from ....model.records.people import get_person
from ....model.storage.database import Database
from ..figure import Figure, at_least
from ..load import connect, send
from ..tracker import DOMAIN, Tracker, free_port

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized as Counter

CLIENTS = 4
PAGES_A_SECOND = 10
ROUNDS = 5
MAILS = 100
# Pages that come later than asked for must not pass for a way to spare the mail.
_MOST_LATE = 0.1
_PAGES = ("/", "/tickets", "/tickets/1", "/tickets/2")
_READER = "helper1@home.example"


def browsing(folder: Path) -> Iterable[Figure]:
    """The slowest twentieth of mails with and without browsing, and the most memory with and without pages."""
    without = Tracker(_made(folder / "without"))
    with without.server("running", TICKETS_WEB="") as server:
        _seconds(without, server.port, 2 * ROUNDS * MAILS)
        bare = server.peak_bytes()
    tracker, web = Tracker(_made(folder / "with")), free_port()
    quiet: list[float] = []
    browsed: list[float] = []
    pages, seconds = 0, 0.0
    with tracker.server("running", TICKETS_WEB=f"http://127.0.0.1:{web}") as server:
        cookies = [_log_in(tracker, web) for _ in range(CLIENTS)]
        for _ in range(ROUNDS):
            quiet += _seconds(tracker, server.port, MAILS)
            with _looking(web, cookies) as seen:
                begun, before_these = perf_counter(), seen.value
                browsed += _seconds(tracker, server.port, MAILS)
                pages, seconds = pages + seen.value - before_these, seconds + perf_counter() - begun
        peak = server.peak_bytes()
    before, after = _slow(quiet), _slow(browsed)
    load = f"{CLIENTS} people look at {PAGES_A_SECOND} pages a second each"
    yield Figure("95 of 100 mails are answered within", f"{before:.1f} ms")
    ratio = after / before
    times = f"{ratio:.2f} times ({after:.1f} ms)"
    yield Figure(f"the same while {load}", times, "<= 1.5", ratio <= 1.5)
    yield at_least("pages a second that they see", pages / seconds, CLIENTS * PAGES_A_SECOND * (1 - _MOST_LATE))
    more = (peak - bare) / 2**20
    yield Figure("memory that the web pages add", f"{more:.1f} MB", "<= 10 MB", more <= 10)


def _seconds(tracker: Tracker, port: int, mails: int) -> list[float]:
    with connect(port) as client:
        return [send(client, mail) for mail in tracker.replies(mails)]


def _slow(seconds: list[float]) -> float:
    """The milliseconds within which 95 of 100 are."""
    return quantiles(seconds, n=20)[-1] * 1000


@contextmanager
def _looking(port: int, cookies: Sequence[str]) -> Iterator["Counter[int]"]:
    """People look at pages until the end, each at a steady pace; gives how many they have seen.

    Their browsers are a process of their own: in ours the mail's client would wait for them, too.
    """
    spawned = get_context("spawn")
    over, seen = spawned.Event(), spawned.Value("i", 0)
    browsers = spawned.Process(target=_browse, args=(port, cookies, over, seen), daemon=True)
    browsers.start()
    while not seen.value and browsers.is_alive():
        sleep(0.01)
    try:
        yield seen
    finally:
        over.set()
        browsers.join()
    if browsers.exitcode:
        raise AssertionError("the browsers have ended with a fault")


def _browse(port: int, cookies: Sequence[str], over: Event, seen: "Counter[int]") -> None:
    with ThreadPoolExecutor(CLIENTS) as threads:
        starts = (perf_counter() + at / CLIENTS / PAGES_A_SECOND for at in range(CLIENTS))
        work = [
            threads.submit(_look, port, cookie, start, over, seen)
            for cookie, start in zip(cookies, starts, strict=True)
        ]
    for future in work:
        future.result()


def _look(port: int, cookie: str, due: float, over: Event, seen: "Counter[int]") -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    at = 0
    while not over.wait(max(0.0, due - perf_counter())):
        due, at = due + 1 / PAGES_A_SECOND, at + 1
        connection.request("GET", _PAGES[at % len(_PAGES)], headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise AssertionError(f"{_PAGES[at % len(_PAGES)]} was answered {answer.status}")
        with seen.get_lock():
            seen.value += 1
    connection.close()


def _log_in(tracker: Tracker, port: int) -> str:
    """Log a responder in; the cookie of their browser."""
    database = Database(tracker.environment["TICKETS_DATABASE_URL"], DOMAIN)
    with database.transaction() as uow:
        secret = make_link(uow, get_person(uow, _READER))
    database.close()
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"/login/{secret}")
    match = re.match(r"desk=[\w-]+", connection.getresponse().headers.get("Set-Cookie", ""))
    connection.close()
    if match is None:
        raise AssertionError("nobody could log in")
    return match[0]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
