"""What each kind of mail costs, as a multiple of the floor, and one that comes alone with its letters sent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from ..figure import Figure
from ..load import MeasuredMail, connect, send, send_all
from ..postgres import measured_postgres
from ..tracker import BUSY, Tracker, TrackerServer

ROUNDS = 7
MAILS = 100
ALONE = 60

# By the name in the table: what makes so many mails, and the most that they may cost, as a multiple of the floor.
_Maker = Callable[[Tracker, int], Sequence[MeasuredMail]]
_KINDS: Sequence[tuple[str, _Maker, float | None]] = (
    ("a reply", Tracker.replies, 1.5),
    ("an answer that quotes our letter", Tracker.answers, 1.8),
    ("a first mail of somebody new", Tracker.first_mails, 2.4),
    ("a reply with one command", Tracker.commands, None),
    (f"a reply on a ticket with {BUSY} mails in ten minutes", Tracker.busy, None),
)


def mail_kinds(folder: Path) -> Iterable[Figure]:
    """Processor time of each kind, its batches in turn with the floor's: median, and the tenth that was quietest."""
    tracker = Tracker(folder)
    costs: dict[str, list[float]] = {}
    with ExitStack() as stack:
        floor, held = (stack.enter_context(tracker.server(kind)) for kind in ("floor", "held"))
        for _, make, _ in _KINDS:
            send_all(held.port, make(tracker, MAILS // 2), 1)
        for _ in range(ROUNDS):
            costs.setdefault("", []).append(_cpu(floor, tracker.replies(MAILS)))
            for name, make, _ in _KINDS:
                costs.setdefault(name, []).append(_cpu(held, make(tracker, MAILS)))
    yield Figure("processor ms of the floor, one durable insert", _in_words(costs[""]))
    for name, _, most in _KINDS:
        times = median(costs[name]) / median(costs[""])
        wanted = "" if most is None else f"<= {most} times"
        met = None if most is None else times <= most
        yield Figure(f"{name}, over the floor", f"{times:.1f} times; {_in_words(costs[name])} ms", wanted, met, times)


def _cpu(server: TrackerServer, mails: Sequence[MeasuredMail]) -> float:
    before = server.cpu_ms()
    send_all(server.port, mails, 1)
    return (server.cpu_ms() - before) / len(mails)


def _in_words(every: Sequence[float]) -> str:
    return f"{median(every):.2f} (quietest tenth {quantiles(every, n=10)[0]:.2f})"


# By database: the kinds, and the milliseconds that they may take. PostgreSQL's own processes count.
_ALONE: Mapping[str, Sequence[tuple[str, _Maker, float]]] = {
    "SQLite": (("a reply", Tracker.replies, 3.4), ("a first mail", Tracker.first_mails, 4.4)),
    "PostgreSQL": (("a reply", Tracker.replies, 8.0),),
}


def mails_alone(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """Processor time of all processes for a mail that comes alone: the courier wakes, and sends its letters."""
    yield from _alone(Tracker(folder), "SQLite", lambda: 0.0)
    with measured_postgres(say) as server:
        if server is not None:
            second_folder = folder / "postgresql"
            second_folder.mkdir()
            tracker = Tracker(second_folder, url=server.new_database())
            yield from _alone(tracker, "PostgreSQL", server.cpu_ms)


def _alone(tracker: Tracker, database: str, besides: Callable[[], float]) -> Iterable[Figure]:
    costs: dict[str, list[float]] = {}
    with tracker.server("running") as server, connect(server.port) as client:
        for _ in range(ROUNDS):
            for name, make, _ in _ALONE[database]:
                mails = make(tracker, ALONE)
                before = server.cpu_ms() + besides()
                for mail in mails:
                    send(client, mail)
                    tracker.await_letters(2)
                costs.setdefault(name, []).append((server.cpu_ms() + besides() - before) / ALONE)
    for name, _, most in _ALONE[database]:
        every = costs[name]
        figure_name = f"processor ms of {name} that comes alone, two letters sent, {database}"
        yield Figure(figure_name, _in_words(every), f"<= {most}", median(every) <= most, median(every))
