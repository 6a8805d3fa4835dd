"""What is measured: parts, each of which gives rows of the table, with the figure that they must reach."""

import smtplib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, thread_time
from typing import NamedTuple

from ...model.records.letters import State
from ...transport.outbound.relays import relay_from_url
from ..scripted_relay import ScriptedRelay, TakenLetter
from .figure import Figure, at_least, at_most
from .load import send_all
from .parts.browsing import browsing
from .parts.commands import looks, starts
from .parts.growth import growth
from .parts.imports import imports
from .parts.mail_kinds import mail_kinds, mails_alone
from .parts.pages import pages
from .parts.path_counts import path_counts
from .parts.quoted_text import figures
from .parts.search import searches
from .parts.several_processes import several_processes
from .tracker import Tracker, free_port

ROUNDS = 5
MAILS = 400
TURNS = 3
MANY = 100_000
MANY_TICKETS = 2_000
LARGE = 25_000_000
AT_ONCE = 1_000
# Megabytes after many mails, and the seconds after which no more are sent.
MOST_MEMORY, LONGEST = 100, 480.0


class Run(NamedTuple):
    """What one run of mails took."""

    per_second: float
    cpu_ms: float


class BenchPart(NamedTuple):
    """A part of the benchmarks, which can be measured alone. `title` is what is said while it is measured."""

    title: str
    measure: Callable[[Path, Callable[[str], None]], Iterable[Figure]]
    is_short: bool = True


def measured(say: Callable[[str], None], *, short: bool = False, only: Collection[str] = ()) -> Iterable[Figure]:
    """Every figure, in order; `say` hears what is being measured.

    `only` names the parts that are wanted; a `short` run leaves out the long ones.
    """
    for name, part in PARTS.items():
        if name in only if only else part.is_short or not short:
            say(part.title)
            begun = perf_counter()
            with TemporaryDirectory(prefix="tickets-bench-") as folder:
                yield from part.measure(Path(folder), say)
            seconds = perf_counter() - begun
            yield Figure(f"the part {name} took", f"{seconds:.0f} s", number=seconds)


def quotations() -> Iterable[Figure]:
    """How well new words are told from quoted ones, with the names of the misses."""
    misses: list[str] = []
    yield from figures(misses.append)
    for miss in misses:
        name, _, why = miss.partition(": ")
        yield Figure(f"not exact: {name}", why)


def replies(folder: Path) -> Iterable[Figure]:
    """Accepted replies: courier held back and running, over one connection and four, interleaved with the floor."""
    tracker = Tracker(folder)
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
    yield from _reply_figures({key: _median(every) for key, every in runs.items()})


def _reply_figures(medians: dict[tuple[str, int], Run]) -> Iterable[Figure]:
    names = {"floor": "floor: one insert, one commit", "held": "courier held back", "running": "courier running"}
    for (kind, connections), run in medians.items():
        lines = f"{connections} connection{'s' if connections > 1 else ''}"
        yield Figure(f"mails a second, {lines}, {names[kind]}", f"{run.per_second:.0f}")
    for connections in (1, 4):
        ratio = medians["held", connections].per_second / medians["floor", connections].per_second
        yield at_least(f"replies against the floor, {connections} connection(s)", ratio, 0.65)
    for connections in (1, 4):
        yield Figure(f"processor ms a reply, {connections} connection(s)", f"{medians['held', connections].cpu_ms:.2f}")


def _median(runs: list[Run]) -> Run:
    return Run(median(run.per_second for run in runs), median(run.cpu_ms for run in runs))


def letters(folder: Path) -> Iterable[Figure]:
    """Processor time of the courier alone, to the Maildir as shipped and by SMTP to a relay in this process.

    By SMTP it is compared with smtplib alone, which sends the same letters over one connection.
    """
    alone: list[float] = []
    ours: list[float] = []
    for name, relay in (("Maildir", ""), ("SMTP", "smtp")):
        costs = []
        for turn in range(TURNS):
            cpu, sent = _courier_cpu(_made(folder / f"{name}{turn}"), relay)
            costs.append(cpu)
            alone += [_smtplib_cpu(sent)] if sent else []
            ours += [_relay_cpu(sent)] if sent else []
        yield Figure(f"processor ms a letter sent, {name}", f"{median(costs):.2f}")
    yield Figure("processor ms of these to hand a letter over by SMTP", f"{median(ours):.3f}")
    yield Figure("the same by smtplib alone", f"{median(alone):.3f}")
    yield at_most("a letter by SMTP over a bare send of smtplib", median(ours) / median(alone), 1.2)


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
    tracker = Tracker(folder, tickets=MANY_TICKETS)
    peaks: dict[int, float] = {}
    until = monotonic() + LONGEST
    with tracker.server("running", TICKETS_WEB=f"http://127.0.0.1:{free_port()}") as server:
        while (mails := len(peaks) * AT_ONCE) < MANY and monotonic() < until:
            send_all(server.port, tracker.replies(AT_ONCE), 4)
            peaks[mails + AT_ONCE] = server.peak_bytes() / 2**20
    yield from _memory_figures(peaks)
    with tracker.server("running") as server:
        before = server.peak_bytes()
        send_all(server.port, [tracker.large(LARGE)], 1)
        times = (server.peak_bytes() - before) / LARGE
        whole = server.peak_bytes() / 2**20
    yield Figure("memory that a mail of 25 MB adds", f"{times:.1f} times the mail", "<= 5", times <= 5)
    yield Figure("peak memory of the server with it", f"{whole:.0f} MB")


def _memory_figures(peaks: Mapping[int, float]) -> Iterable[Figure]:
    """The peak after a tenth and after all; where not all were sent, it can only be missed."""
    mails, peak = list(peaks.items())[-1]
    stopped = f" after {mails:,}, where {LONGEST / 60:.0f} minutes were over" if mails < MANY else ""
    met = peak <= MOST_MEMORY and (None if stopped else True)
    tenth = peaks.get(MANY // 10)
    yield Figure(f"peak memory after {MANY // 10:,} mails", f"{tenth:.0f} MB" if tenth else "not reached", number=tenth)
    yield Figure(f"peak memory after {MANY:,} mails", f"{peak:.0f} MB{stopped}", f"<= {MOST_MEMORY} MB", met, peak)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


# By the name that `--only` takes.
PARTS: Mapping[str, BenchPart] = {
    "replies": BenchPart("replies a second, against the floor", lambda folder, _: replies(folder)),
    "kinds": BenchPart("kinds of mail", lambda folder, _: mail_kinds(folder)),
    "alone": BenchPart("mails that come alone", mails_alone),
    "counts": BenchPart("statements, and pages written", lambda folder, _: path_counts(folder)),
    "letters": BenchPart("letters sent", lambda folder, _: letters(folder)),
    "processes": BenchPart("16 connections on PostgreSQL", several_processes),
    "commands": BenchPart("commands", lambda folder, _: starts(folder)),
    "browsing": BenchPart("mail while people look at web pages", lambda folder, _: browsing(folder)),
    "memory": BenchPart(f"memory after {MANY:,} mails, and of one of 25 MB", lambda folder, _: memory(folder), False),
    "growth": BenchPart("growth to 1,000,000 messages", growth, False),
    "looks": BenchPart("commands at 1,000,000 messages", lambda folder, _: looks(folder), False),
    "import": BenchPart("the import of an archive", imports, False),
    "search": BenchPart("searches over 100,000 messages", searches, False),
    "pages": BenchPart("pages of 1,000,000 tickets", pages, False),
    "quotations": BenchPart("what the writer wrote, told from what they quoted", lambda _folder, _say: quotations()),
}
