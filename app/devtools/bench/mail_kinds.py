"""What each kind of mail costs, as a multiple of the floor, and one that comes alone with its letters sent."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from .figure import Figure
from .load import MeasuredMail, connect, send, send_all
from .tracker import BUSY, Tracker, TrackerServer

ROUNDS = 7
MAILS = 100
ALONE = 60

# By the name in the table: what makes so many mails, and the most that they may cost, as a multiple of the floor.
_Maker = Callable[[Tracker, int], Sequence[MeasuredMail]]
_KINDS: Sequence[tuple[str, _Maker, float | None]] = (
    ("a reply", Tracker.replies, 3.6),
    ("an answer that quotes our letter", Tracker.answers, 5.0),
    ("a first mail of somebody new", Tracker.first_mails, 4.0),
    ("a reply with one command", Tracker.commands, None),
    (f"a reply on a ticket with {BUSY} mails in ten minutes", Tracker.busy, None),
)


def mail_kinds(folder: Path) -> Iterable[Figure]:
    """Processor time of each kind, its batches in turn with the floor's: median, and the tenth that was quietest."""
    tracker = Tracker(folder)
    found: dict[str, list[float]] = {}
    with ExitStack() as stack:
        floor, held = (stack.enter_context(tracker.server(kind)) for kind in ("floor", "held"))
        for _, make, _ in _KINDS:
            send_all(held.port, make(tracker, MAILS // 2), 1)
        for _ in range(ROUNDS):
            found.setdefault("", []).append(_cpu(floor, tracker.replies(MAILS)))
            for name, make, _ in _KINDS:
                found.setdefault(name, []).append(_cpu(held, make(tracker, MAILS)))
    yield Figure("processor ms of the floor, one durable insert", _told(found[""]))
    for name, _, most in _KINDS:
        times = median(found[name]) / median(found[""])
        wanted = "" if most is None else f"<= {most} times"
        met = None if most is None else times <= most
        yield Figure(f"{name}, over the floor", f"{times:.1f} times; {_told(found[name])} ms", wanted, met)


def _cpu(server: TrackerServer, mails: Sequence[MeasuredMail]) -> float:
    before = server.cpu_ms()
    send_all(server.port, mails, 1)
    return (server.cpu_ms() - before) / len(mails)


def _told(every: Sequence[float]) -> str:
    return f"{median(every):.2f} (quietest tenth {quantiles(every, n=10)[0]:.2f})"


def mails_alone(folder: Path) -> Iterable[Figure]:
    """Processor time of the whole server for a mail that comes alone: the courier wakes, and sends its letters."""
    tracker = Tracker(folder)
    makers: Sequence[tuple[str, _Maker]] = (("a reply", Tracker.replies), ("a first mail", Tracker.first_mails))
    found: dict[str, list[float]] = {name: [] for name, _ in makers}
    with tracker.server("running") as server, connect(server.port) as client:
        for _ in range(ROUNDS):
            for name, make in makers:
                mails = make(tracker, ALONE)
                before = server.cpu_ms()
                for mail in mails:
                    send(client, mail)
                    tracker.await_letters(2)
                found[name].append((server.cpu_ms() - before) / ALONE)
    for name, every in found.items():
        yield Figure(f"processor ms of {name} that comes alone, two letters sent", _told(every))
