"""What commands cost: their start, a mail through a pipe, and looks at a tracker of a million messages."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryFile
from threading import Event, Thread
from time import perf_counter
from typing import NamedTuple

from ..figure import Figure, at_most
from ..tracker import Tracker, peak_bytes

MESSAGES = 1_000_000
_ROOT = Path(__file__).resolve().parents[4]
AGAIN = 15
_LOOK_AGAIN_SECONDS = 0.05
_RUN = [sys.executable, "-c", "from mail_tickets.cli import main; main()"]
# What a person waits for at a large tracker. The last one changes it.
_LOOKS: Sequence[tuple[str, Sequence[str]]] = (
    ("list", ["list"]),
    ("outbox list", ["outbox", "list"]),
    ("show of the ticket with a twentieth of them", ["show", "1"]),
    ("search of a word that every message has", ["search", "printer"]),
)
_JSON: Sequence[tuple[str, Sequence[str]]] = (
    ("list --json", ["list", "--json"]),
    ("outbox list --json", ["outbox", "list", "--json"]),
)
_EXPIRED = 10_000


class CommandCost(NamedTuple):
    """What a command took: seconds on the clock and of the processor, its most memory in MB, the `lines` it prints.

    `fault` is what it said at the end if it gave up, else empty.
    """

    wall: float
    processor: float
    memory: float
    lines: int
    fault: str


def starts(folder: Path) -> Iterable[Figure]:
    """The start of a command, by the launcher of a checkout where there is one, and `deliver` beside a server."""
    tracker = Tracker(folder)
    launcher = [str(_ROOT / "tickets")] if (_ROOT / "tickets").exists() else _RUN
    for name, words in (("list", ["list"]), ("show", ["show", "1"]), ("outbox list", ["outbox", "list"])):
        every = [run(tracker, [*launcher, *words]) for _ in range(AGAIN)]
        wall, processor = (
            quantiles(each, n=10)[0] for each in zip(*((c.wall, c.processor) for c in every), strict=True)
        )
        text = f"{wall:.2f} s ({processor:.2f} of the processor)"
        yield Figure(f"start of `{name}`, quietest tenth", text, "<= 0.35 s", wall <= 0.35, wall)
    with tracker.server("running"):
        costs = [_delivered(tracker) for _ in range(AGAIN)]
    yield at_most("`deliver` beside a running server, processor", quantiles(costs, n=10)[0] * 1000, 80, "{:.0f} ms")


def looks(folder: Path) -> Iterable[Figure]:
    """Commands at a tracker of a million messages on SQLite: the better of two runs, and `expire` once."""
    tracker, messages = Tracker(folder, history=MESSAGES), MESSAGES
    for name, words in _LOOKS:
        cost = min(run(tracker, [*_RUN, *words], may_give_up=True) for _ in range(2))
        fault = f"; gave up: {cost.fault}" if cost.fault else ""
        text = f"{cost.wall:.1f} s ({cost.processor:.1f} of the processor, {cost.memory:.0f} MB{fault})"
        met = cost.wall <= 2 and not cost.fault
        yield Figure(f"{messages:,} messages: {name}", text, "<= 2 s", met, cost.wall)
    for name, words in _JSON:
        cost = run(tracker, [*_RUN, *words])
        text = f"{cost.memory:.0f} MB ({cost.wall:.1f} s)"
        yield Figure(f"{messages:,} messages: {name}", text, "<= 100 MB", cost.memory <= 100, cost.memory)
    cost = run(tracker, [*_RUN, "expire"])
    seconds = cost.wall * _EXPIRED / cost.lines
    text = f"{seconds:.1f} s ({cost.lines:,} took {cost.wall:.1f})"
    yield Figure(f"{messages:,} messages: expire of {_EXPIRED:,} tickets", text, "<= 2 s", seconds <= 2, seconds)


def run(tracker: Tracker, command: Sequence[str], stdin: bytes = b"", *, may_give_up: bool = False) -> CommandCost:
    """Run a command to its end. Raises RuntimeError if it fails, unless it may give up what takes too long."""
    begun = perf_counter()
    with (
        TemporaryFile() as errors,
        subprocess.Popen(
            command,
            env=tracker.environment,
            cwd=tracker.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        with _watched(process.pid) as memory:
            process.stdin.write(stdin)
            process.stdin.close()
            lines = sum(1 for _ in process.stdout)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = perf_counter() - begun
        errors.seek(0)
        fault = errors.read().decode(errors="replace").strip() or f"status {process.returncode}"
    if process.returncode != 0 and not may_give_up:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {fault}")
    processor = used.ru_utime + used.ru_stime
    return CommandCost(wall, processor, memory[-1] / 2**20, lines, fault if process.returncode else "")


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Look at the most bytes of a process now and then: what is told at its end counts ours, from before its exec."""
    over, peaks = Event(), [0]

    def watch() -> None:
        while not over.wait(_LOOK_AGAIN_SECONDS):
            with suppress(OSError, StopIteration):
                peaks.append(peak_bytes(pid))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        over.set()
        thread.join()


def _delivered(tracker: Tracker) -> float:
    [mail] = tracker.replies(1)
    words = ["deliver", "--to", mail.recipient, "--from", mail.sender]
    return run(tracker, [*_RUN, *words], mail.content).processor
