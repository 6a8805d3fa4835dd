"""Sixteen connections on PostgreSQL: the floor in one process, and the tracker in one and in two."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from ..figure import Figure, at_least
from ..load import send_all_to
from ..postgres import MeasuredPostgres, measured_postgres
from ..tracker import Tracker, TrackerServer

ROUNDS = 7
MAILS = 320
_CONNECTIONS = 16
# So many that none gets more mails in ten minutes than loop protection allows.
TICKETS = 2_000


def several_processes(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """Mails a second, and where the processor's time went; rounds in turn, couriers held back."""
    with measured_postgres(say) as server:
        if server is None:
            return
        tracker = Tracker(folder, tickets=TICKETS, url=server.new_database())
        rates: dict[str, list[float]] = {}
        costs: dict[str, list[tuple[float, float]]] = {}
        with ExitStack() as stack:
            floor, first, second = (stack.enter_context(tracker.server(kind)) for kind in ("floor", "held", "held"))
            setups = {"floor, 1 process": [floor], "1 process": [first], "2 processes": [first, second]}
            for servers in setups.values():
                _round(tracker, servers, server)
            for _ in range(ROUNDS):
                for name, servers in setups.items():
                    rate, *cost = _round(tracker, servers, server)
                    rates.setdefault(name, []).append(rate)
                    costs.setdefault(name, []).append((cost[0], cost[1]))
    load = f"{_CONNECTIONS} connections, PostgreSQL"
    for name, every in rates.items():
        ours, of_postgres = (median(each) for each in zip(*costs[name], strict=True))
        text = f"{median(every):.0f} ({ours:.2f} ms of the server, {of_postgres:.2f} of PostgreSQL)"
        yield Figure(f"mails a second, {load}, {name}", text, number=median(every))
    for name in ("1 process", "2 processes"):
        share = median(rate / of for rate, of in zip(rates[name], rates["floor, 1 process"], strict=True))
        least = 0.6 if name == "2 processes" else None
        text = f"{load}, {name}, share of the floor in one process"
        yield at_least(text, share, least) if least else Figure(text, f"{share:.2f}", number=share)


def _round(tracker: Tracker, servers: list[TrackerServer], database: MeasuredPostgres) -> tuple[float, float, float]:
    """Mails a second, and processor milliseconds a mail: of our servers, and of PostgreSQL."""
    mails = tracker.replies(MAILS)
    before, postgres_before = sum(server.cpu_ms() for server in servers), database.cpu_ms()
    seconds = send_all_to([server.port for server in servers], mails, _CONNECTIONS)
    ours = sum(server.cpu_ms() for server in servers) - before
    return MAILS / seconds, ours / MAILS, (database.cpu_ms() - postgres_before) / MAILS
