"""Claims about the parts of the benchmarks: each of them runs, here on next to nothing, and yields its figures."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from mail_tickets.devtools import postgres_server
from mail_tickets.devtools.bench import measures, postgres, tracker
from mail_tickets.devtools.bench.measures import PARTS, measured
from mail_tickets.devtools.bench.parts import (
    browsing,
    commands,
    growth,
    imports,
    mail_kinds,
    pages,
    path_counts,
    quoted_text,
    search,
    several_processes,
)  # fmt: skip
from mail_tickets.devtools.postgres_server import OwnServer, own_server

ON_BOTH = {"alone", "growth", "import", "search", "pages"}
ON_POSTGRES = {"processes"}
WITH_SERVERS = {"replies", "kinds", "alone", "letters", "commands", "browsing", "memory", "looks"}

# What a run measures at least: two rounds, because a tenth is told of no fewer.
_TINY: dict[ModuleType, dict[str, object]] = {
    tracker: {"TICKETS": 10},
    measures: {"ROUNDS": 1, "MAILS": 4, "TURNS": 1, "MANY": 20, "MANY_TICKETS": 10, "AT_ONCE": 10, "LARGE": 100_000},
    browsing: {"ROUNDS": 1, "MAILS": 4},
    commands: {"MESSAGES": 500, "AGAIN": 2},
    growth: {"SIZES": (500, 1_000), "ROUNDS": 2, "MAILS": 1},
    imports: {"THREADS": 10, "MAILS": 40},
    mail_kinds: {"ROUNDS": 2, "MAILS": 4, "ALONE": 2},
    pages: {"TICKETS": 5_000, "_LONG": "/tickets/5001", "AT_ONCE": 5_000, "AGAIN": 1},
    path_counts: {"MAILS": 2},
    quoted_text: {"SIZE": 1_000, "ROUNDS": 1},
    search: {"MESSAGES": 40, "DRAWN": 2, "AGAIN": 1},
    several_processes: {"ROUNDS": 1, "MAILS": 16, "TICKETS": 20},
}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, sizes in _TINY.items():
        for name, size in sizes.items():
            assert hasattr(module, name)
            monkeypatch.setattr(module, name, size)


@pytest.fixture(scope="module")
def one_server() -> Iterator[OwnServer]:
    server = own_server()
    yield server
    server.close()


def run(part: str) -> set[str]:
    lines: list[str] = []
    figures = list(measured(lines.append, only=[part]))
    assert lines[0] == PARTS[part].title
    assert figures[-1].what == f"the part {part} took"
    assert (figures[-1].number or 0) > 0
    assert all(figure.what and figure.value for figure in figures)
    return {figure.what for figure in figures}


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(part, marks=[pytest.mark.slow] if part in WITH_SERVERS else [])
        for part in PARTS
        if part not in ON_POSTGRES
    ],
)
@pytest.mark.usefixtures("tiny")
def test_each_part_of_the_benchmarks_runs_on_sqlite(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "own_server", _none_here)
    assert len(run(part)) > 1


def _none_here(**_settings: object) -> OwnServer:
    raise postgres_server.NoPostgresError


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("part", sorted(ON_BOTH | ON_POSTGRES))
@pytest.mark.usefixtures("tiny")
def test_each_part_of_the_benchmarks_runs_on_postgresql(
    part: str, one_server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "own_server", lambda **_settings: one_server)
    monkeypatch.setattr(one_server, "close", lambda: None)
    assert any("PostgreSQL" in name for name in run(part))
