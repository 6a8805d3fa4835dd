"""What a mail costs as the tracker grows: the same mails in turn at each size, in this process."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from ..figure import Figure, at_most
from ..in_process import InProcess, in_process
from ..load import MeasuredMail
from ..postgres import measured_postgres
from ..tracker import Tracker

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 25
MAILS = 10
_MOST = 1.1
NAME = "growth, {database}: {kind}, {size:,} messages"
"""The name of a figure of which the plot is drawn (`growth_plot`)."""

_LONG = "a reply on the ticket with a twentieth of them"
_KINDS: Mapping[str, Callable[[Tracker, int], Sequence[MeasuredMail]]] = {
    "a reply": Tracker.replies,
    "an answer that quotes our letter": Tracker.answers,
    "a first mail of somebody new": Tracker.first_mails,
    _LONG: lambda tracker, count: tracker.replies(count, ticket=1),
}


def growth(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """Processor time of each kind of mail at each size, on both databases; PostgreSQL's own processes count too."""
    trackers = {size: Tracker(_made(folder / str(size)), history=size) for size in SIZES}
    yield from _grown("SQLite", trackers, lambda: 0.0)
    with measured_postgres(say) as server:
        if server is not None:
            say("the same on PostgreSQL")
            for tracker in trackers.values():
                tracker.remove()
            trackers = {
                size: Tracker(_made(folder / f"pg{size}"), url=server.new_database(), history=size) for size in SIZES
            }
            yield from _grown("PostgreSQL", trackers, server.cpu_ms)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _grown(database: str, trackers: Mapping[int, Tracker], besides: Callable[[], float]) -> Iterable[Figure]:
    costs: dict[tuple[str, int], list[float]] = {}
    with ExitStack() as stack:
        open_ones = {size: stack.enter_context(in_process(tracker)) for size, tracker in trackers.items()}
        for size, process in open_ones.items():
            _warm_up(process, trackers[size])
        for _ in range(ROUNDS):
            for kind, make in _KINDS.items():
                for size, process in open_ones.items():
                    mails = make(trackers[size], MAILS)
                    costs.setdefault((kind, size), []).append(process.cost(mails, besides))
    quietest = {key: quantiles(every, n=10)[0] for key, every in costs.items()}
    for (kind, size), every in costs.items():
        text = f"{median(every):.2f} ms (quietest tenth {quietest[kind, size]:.2f})"
        yield Figure(NAME.format(database=database, kind=kind, size=size), text, number=quietest[kind, size])
    least, *_, most = trackers
    for kind in _KINDS:
        times = quietest[kind, most] / quietest[kind, least]
        yield at_most(f"growth, {database}: {kind}, {most:,} messages over {least:,}", times, _MOST)


def _warm_up(process: InProcess, tracker: Tracker) -> None:
    """Let every kind come once, and every ticket be answered, before anything is measured."""
    for mail in tracker.replies(tracker.tickets + 10):
        process.take(mail)
    for make in _KINDS.values():
        for mail in make(tracker, MAILS):
            process.take(mail)
