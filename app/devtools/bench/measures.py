"""What is measured: each measure is a row of the table, with the figure it must reach."""

import smtplib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import thread_time
from typing import NamedTuple

from ...model.records.letters import State
from ...transport.outbound.relays import relay_from_url
from ..scripted_relay import ScriptedRelay, TakenLetter
from .figure import Figure
from .load import connect, send, send_all
from .tracker import Tracker

ROUNDS = 5
MAILS = 400
MANY = 10_000
LARGE = 25_000_000


class Run(NamedTuple):
    """What one run of mails took."""

    per_second: float
    cpu_ms: float


def everything(say: Callable[[str], None], *, short: bool) -> Iterable[Figure]:
    """Every figure, in order; `say` hears what is being measured. A `short` run leaves out imports and searches."""
    with TemporaryDirectory(prefix="tickets-bench-") as folder:
        say("replies a second, against the floor")
        yield from replies(Path(folder) / "rate")
        say("kinds of mail")
        yield from kinds(Path(folder) / "kinds")
        say("letters sent")
        yield from letters(Path(folder) / "letters")
        say(f"memory after {MANY:,} mails, and of one of 25 MB")
        yield from memory(Path(folder) / "memory")
        say("mail while people look at web pages")
        yield from browsed(Path(folder) / "browsing")
        say("one reply on a short and on a long ticket")
        yield from long_ticket(Path(folder) / "long")
        if not short:
            say("the import of an archive")
            yield from archive(Path(folder) / "archive", say)
            say("searches over 100,000 messages")
            yield from searched(Path(folder) / "search", say)
            say("pages of 1,000,000 tickets")
            yield from paged(Path(folder) / "pages", say)
    say("what the writer wrote, told from what they quoted")
    yield from quotations()


def archive(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """How fast old mail is imported."""
    # It needs what a figure is from here.
    from .imports import imports

    yield from imports(_made(folder), say)


def searched(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """How long a search takes."""
    # It needs what a figure is from here.
    from .search import searches

    yield from searches(_made(folder), say)


def paged(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """How long web pages take, and how large they are."""
    # It needs what a figure is from here.
    from .pages import pages

    yield from pages(_made(folder), say)


def kinds(folder: Path) -> Iterable[Figure]:
    """What each kind of mail costs."""
    # It needs what a figure is from here.
    from .mail_kinds import mail_kinds, mails_alone

    yield from mail_kinds(_made(folder / "over-floor"))
    yield from mails_alone(_made(folder / "alone"))


def browsed(folder: Path) -> Iterable[Figure]:
    """What web pages cost the mail."""
    # It needs what a figure is from here.
    from .browsing import browsing

    yield from browsing(_made(folder))


def quotations() -> Iterable[Figure]:
    """How well new words are told from quoted ones, with the names of the misses."""
    # It needs what a figure is from here.
    from .quoted_text import figures

    misses: list[str] = []
    yield from figures(misses.append)
    for miss in misses:
        name, _, why = miss.partition(": ")
        yield Figure(f"not exact: {name}", why)


def replies(folder: Path) -> Iterable[Figure]:
    """Accepted replies: courier held back and running, over one connection and four, interleaved with the floor."""
    tracker = Tracker(_made(folder))
    runs: dict[tuple[str, int], list[Run]] = {}
    for _ in range(ROUNDS):
        for kind in ("floor", "held", "running"):
            with tracker.server(kind) as server:
                send_all(server.port, tracker.replies(40), 1)
                for connections in (1, 4):
                    before = server.cpu_ms()
                    seconds = send_all(server.port, tracker.replies(MAILS), connections)
                    run = Run(MAILS / seconds, (server.cpu_ms() - before) / MAILS)
                    runs.setdefault((kind, connections), []).append(run)
    yield from _reply_figures({key: _median(found) for key, found in runs.items()})


def _reply_figures(found: dict[tuple[str, int], Run]) -> Iterable[Figure]:
    names = {"floor": "floor: one insert, one commit", "held": "courier held back", "running": "courier running"}
    for (kind, connections), run in found.items():
        lines = f"{connections} connection{'s' if connections > 1 else ''}"
        yield Figure(f"mails a second, {lines}, {names[kind]}", f"{run.per_second:.0f}")
    for connections in (1, 4):
        ratio = found["held", connections].per_second / found["floor", connections].per_second
        yield Figure(f"replies against the floor, {connections} connection(s)", f"{ratio:.2f}", ">= 0.3", ratio >= 0.3)
    for connections in (1, 4):
        cpu = found["held", connections].cpu_ms
        yield Figure(f"processor ms a reply, {connections} connection(s)", f"{cpu:.2f}", "<= 4", cpu <= 4)


def _median(runs: list[Run]) -> Run:
    return Run(median(run.per_second for run in runs), median(run.cpu_ms for run in runs))


def letters(folder: Path) -> Iterable[Figure]:
    """Processor time of the courier alone, to the Maildir as shipped and by SMTP to a relay in this process.

    By SMTP it is compared with smtplib alone, which sends the same letters over one connection.
    """
    alone: list[float] = []
    ours: list[float] = []
    for name, relay in (("Maildir", ""), ("SMTP", "smtp")):
        found = []
        for turn in range(3):
            cpu, sent = _courier_cpu(_made(folder / f"{name}{turn}"), relay)
            found.append(cpu)
            alone += [_smtplib_cpu(sent)] if sent else []
            ours += [_relay_cpu(sent)] if sent else []
        cpu = median(found)
        yield Figure(f"processor ms a letter sent, {name}", f"{cpu:.2f}", "<= 2", cpu <= 2)
    yield Figure("processor ms of these to hand a letter over by SMTP", f"{median(ours):.3f}")
    yield Figure("the same by smtplib alone", f"{median(alone):.3f}")


def _smtplib_cpu(letters: Sequence[TakenLetter]) -> float:
    """Processor milliseconds a letter of this thread; the relay has another."""
    with ScriptedRelay() as far_end, smtplib.SMTP(far_end.host, far_end.port) as client:
        before = thread_time()
        for letter in letters:
            client.sendmail(letter.sender, letter.recipients, letter.content)
        return (thread_time() - before) * 1000 / len(letters)


def _relay_cpu(letters: Sequence[TakenLetter]) -> float:
    """The same of our own way to a relay."""
    with ScriptedRelay() as far_end, closing(relay_from_url(far_end.url, root=Path())) as relay:
        before = thread_time()
        for letter in letters:
            relay.deliver(letter.content, To=letter.recipients, From=letter.sender)
        return (thread_time() - before) * 1000 / len(letters)


def _courier_cpu(folder: Path, relay: str) -> tuple[float, Sequence[TakenLetter]]:
    """Processor milliseconds a letter, and the letters that a relay got."""
    tracker = Tracker(folder)
    with tracker.server("held") as server:
        send_all(server.port, tracker.replies(MAILS // 2), 1)
    with ScriptedRelay() as far_end:
        environment = {"TICKETS_RELAY": far_end.url} if relay else {}
        with tracker.server("running", **environment) as server:
            cpu = tracker.cpu_until_sent(server) / tracker.count_letters(State.SENT)
        return cpu, far_end.letters


def memory(folder: Path) -> Iterable[Figure]:
    """The most memory the server ever had: after many mails, and for one large one over what it had before."""
    tracker = Tracker(_made(folder))
    with tracker.server("running") as server:
        send_all(server.port, tracker.replies(MANY), 4)
        peak = server.peak_bytes() / 2**20
    yield Figure(f"peak memory after {MANY:,} mails", f"{peak:.0f} MB", "<= 150 MB", peak <= 150)
    with tracker.server("running") as server:
        before = server.peak_bytes()
        send_all(server.port, [tracker.large(LARGE)], 1)
        times = (server.peak_bytes() - before) / LARGE
        whole = server.peak_bytes() / 2**20
    yield Figure("memory that a mail of 25 MB adds", f"{times:.1f} times the mail", "<= 5", times <= 5)
    yield Figure("peak memory of the server with it", f"{whole:.0f} MB")


def long_ticket(folder: Path) -> Iterable[Figure]:
    """The time of one reply on a ticket with 10 messages and on one with 10,000."""
    tracker = Tracker(_made(folder))
    tracker.lengthen(1, 10)
    tracker.lengthen(2, 10_000)
    times: dict[int, list[float]] = {1: [], 2: []}
    with tracker.server("held") as server, connect(server.port) as client:
        for turn in range(300):
            for ticket in (1, 2) if turn % 2 else (2, 1):
                times[ticket].append(send(client, tracker.replies(1, ticket)[0]))
    short, long = median(times[1]), median(times[2])
    yield Figure("a reply on a ticket with 10 messages", f"{short * 1000:.2f} ms")
    ratio = long / short
    yield Figure("the same with 10,000 messages", f"{ratio:.2f} times", "<= 1.2", ratio <= 1.2)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
