"""How imports are measured: each in a process of its own, so that its memory can be told."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from ....archive.importing.run import POSTING, STORING, ImportProgress, ImportRequest, import_archive
from ....model.records.queue_setup import add_queue
from ....model.setup import set_up
from ....model.storage.database import Database
from ..figure import Figure, at_least
from ..postgres import postgres
from ..sample_archive import MAILS, THREADS, write_archive
from ..tracker import TrackerServer

_ROOT = Path(__file__).resolve().parents[4]


def imports(folder: Path, say: Callable[[str], None]) -> Iterable[Figure]:
    """An archive of 100,000 mails imported, and imported again."""
    box = folder / "archive.mbox"
    write_archive(box, THREADS, MAILS)
    yield Figure("the archive imported", f"{MAILS:,} mails, {THREADS:,} threads, {box.stat().st_size / 1e9:.2f} GB")
    first = _run(box, f"sqlite:///{folder}/tickets.db")
    say("the same archive again")
    again = _run(box, f"sqlite:///{folder}/tickets.db")
    rate = first["mails"] / first["seconds"]
    yield at_least("mails imported a second, SQLite", rate, 1_000, "{:.0f}")
    say("the same archive on PostgreSQL")
    with postgres(say) as url:
        if url is not None:
            result = _run(box, url)
            yield at_least("mails imported a second, PostgreSQL", result["mails"] / result["seconds"], 600, "{:.0f}")
    for part in (STORING, POSTING):
        ratio = first["last"][part] / max(first["first"][part], 0.001)
        yield Figure(f"{part}: the last tenth against the first", f"{ratio:.2f}", ">= 0.8", ratio >= 0.8)
    peak = first["peak"] / 2**20
    yield Figure("peak memory of the import", f"{peak:.0f} MB", "<= 200 MB", peak <= 200)
    times = first["seconds"] / again["seconds"]
    yield Figure("the same archive again", f"{times:.1f} times as fast", ">= 5", times >= 5)


def _run(box: Path, url: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"{__package__}.imports", str(box), url]
    output = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, check=True).stdout
    measured: dict[str, Any] = json.loads(output)
    return measured


def _measure(box: str, url: str) -> dict[str, Any]:
    """Import a box into a database, which is made if it is new."""
    steps: dict[str, list[tuple[float, int]]] = {}

    def tell(step: ImportProgress) -> None:
        steps.setdefault(step.part, []).append((perf_counter(), step.mails))

    with closing(Database(url, "bench.example")) as database:
        if set_up(database):
            with database.transaction() as uow:
                add_queue(uow, "Archive")
        begun = perf_counter()
        report = import_archive(database, ImportRequest(box, "Archive", 26_214_400), None, tell)
        seconds = perf_counter() - begun
    return {
        "mails": report.mails,
        "seconds": seconds,
        "first": {part: _rate(reports, 0, 0.1) for part, reports in steps.items()},
        "last": {part: _rate(reports, 0.9, 1) for part, reports in steps.items()},
        "peak": TrackerServer(os.getpid(), 0).peak_bytes(),
    }


def _rate(reports: list[tuple[float, int]], begin: float, end: float) -> float:
    """Mails a second between two parts of all mails."""
    most = reports[-1][1]
    inside = [report for report in reports if begin * most <= report[1] <= end * most]
    if not inside:
        return 0.0
    seconds, mails = inside[-1][0] - inside[0][0], inside[-1][1] - inside[0][1]
    return mails / seconds if seconds else 0.0


if __name__ == "__main__":
    print(json.dumps(_measure(*sys.argv[1:])))
