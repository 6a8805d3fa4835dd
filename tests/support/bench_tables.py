"""What README and docs/speed.md show of docs/bench.json, a run of the benchmarks as `bench --json` prints it."""

import json
from typing import Any, NamedTuple

from mail_tickets.devtools.bench.growth_plot import growth_plot
from tests.support.sources import ROOT

RUN = ROOT / "docs" / "bench.json"
PLOT = ROOT / "docs" / "growth.svg"
_NO_FIGURE = "not measured"


class Goal(NamedTuple):
    """A row of the goals: what it was before, what it should be, and the figures of a run that say what it is."""

    what: str
    before: str
    target: str
    figures: tuple[str, ...]


_REPLY, _ANSWER, _FIRST = "a reply", "an answer that quotes our letter", "a first mail of somebody new"
_KINDS = (_REPLY, _ANSWER, _FIRST)
_MANY = "1,000,000 messages"
_GROWN = "growth, {database}: {kind}, 1,000,000 messages over 10,000"
_LONG = "a reply on the ticket with a twentieth of them"
GOALS = (
    Goal(
        "processor of a reply / an answer / a first mail, over the floor: one durable insert through the same receiver",
        "3.1 / 3.8 / 4.6 times",
        "≤ 1.5 / 1.8 / 2.4",
        tuple(f"{kind}, over the floor" for kind in _KINDS),
    ),
    Goal(
        "replies a second, 1 connection, SQLite, share of the floor",
        "0.38",
        "≥ 0.65",
        ("replies against the floor, 1 connection(s)",),
    ),
    Goal(
        "statements of a reply / an answer / a first mail",
        "8 / 10 / 23",
        "≤ 7 / 8 / 12",
        tuple(f"statements of {kind}" for kind in _KINDS),
    ),
    Goal(
        "pages that a reply of 2 KB writes to the log of SQLite",
        "34",
        "≤ 24",
        ("pages that a reply of 2 KB writes to the log of SQLite",),
    ),
    Goal(
        "a letter by SMTP: processor over a bare send of smtplib",
        "about 2 times",
        "≤ 1.2",
        ("a letter by SMTP over a bare send of smtplib",),
    ),
    Goal(
        "16 connections, PostgreSQL, two processes, share of the floor in one",
        "0.24 to 0.44",
        "≥ 0.6",
        ("16 connections, PostgreSQL, 2 processes, share of the floor in one process",),
    ),
    *(
        Goal(
            f"growth to {_MANY}, {database}: a reply / an answer / a first mail / on a ticket of 50,000",
            before,
            "≤ 1.1",
            tuple(_GROWN.format(database=database, kind=kind) for kind in (*_KINDS, _LONG)),
        )
        for database, before in (("SQLite", "1.1 to 1.3"), ("PostgreSQL", "1.0 to 1.1, its own processes not counted"))
    ),
    Goal(
        "a reply / a first mail that comes alone, letters sent, SQLite; a reply, PostgreSQL: all processes",
        "8.2 / 10.3; 18.4 ms",
        "≤ 3.4 / 4.4; 8",
        tuple(
            f"processor ms of {kind} that comes alone, two letters sent, {database}"
            for kind, database in ((_REPLY, "SQLite"), ("a first mail", "SQLite"), (_REPLY, "PostgreSQL"))
        ),
    ),
    Goal(
        "`tickets deliver` beside a running server, processor",
        "611 ms",
        "≤ 80 ms",
        ("`deliver` beside a running server, processor",),
    ),
    Goal(
        f"{_MANY}: `list` / `outbox list` / `show` of 50,000 messages / `search` of a common word",
        "36 / 14 / 10 / 1.9 s",
        "≤ 2 s each",
        tuple(
            f"{_MANY}: {name}"
            for name in (
                "list",
                "outbox list",
                "show of the ticket with a twentieth of them",
                "search of a word that every message has",
            )
        ),
    ),
    Goal(f"{_MANY}: `expire` of 10,000 tickets", "44 s", "≤ 2 s", (f"{_MANY}: expire of 10,000 tickets",)),
    Goal(
        f"{_MANY}: memory of `list --json` / `outbox list --json`",
        "1,235 / 661 MB",
        "≤ 100 MB",
        (f"{_MANY}: list --json", f"{_MANY}: outbox list --json"),
    ),
    Goal("start of a command by `./tickets`", "0.54 s", "≤ 0.35 s", ("start of `list`, quietest tenth",)),
    Goal(
        "mails imported a second, SQLite / PostgreSQL",
        "595 / 363",
        "≥ 1,000 / 600",
        ("mails imported a second, SQLite", "mails imported a second, PostgreSQL"),
    ),
    Goal("memory after 100,000 mails", "68 MB after 10,000", "< 100 MB", ("peak memory after 100,000 mails",)),
)

# What the README shows, in its words.
_HEAD = (
    (
        "emails taken in a second over 1 connection, their letters sent meanwhile",
        ("mails a second, 1 connection, courier running",),
    ),
    (
        f"processor time of a reply at {_MANY}, against 10,000",
        (_GROWN.format(database="SQLite", kind=_REPLY),),
    ),
    ("memory after 100,000 emails, at most", ("peak memory after 100,000 mails",)),
    (
        "old emails imported a second, SQLite and PostgreSQL",
        ("mails imported a second, SQLite", "mails imported a second, PostgreSQL"),
    ),
)


def run() -> dict[str, Any]:
    """Return the run that the documents show."""
    document: dict[str, Any] = json.loads(RUN.read_text(encoding="utf-8"))
    return document


def every_figure() -> str:
    """Return the whole table of the run."""
    document = run()
    rows = [f"| {figure['what']} | {figure['value']} | {figure['wanted']} |" for figure in document["figures"]]
    return "\n".join([document["about"], "", "| measure | figure | wanted |", "|---|---|---|", *rows])


def goals() -> str:
    """Return the goals, with what the run says of each."""
    values = _values()
    rows = [
        f"| {goal.what} | {goal.before} | {goal.target} | {_joined(goal.figures, values, ' / ')} |" for goal in GOALS
    ]
    return "\n".join(["| figure | before | target | now |", "|---|---|---|---|", *rows])


def head() -> str:
    """Return what the README shows of the run."""
    values = _values()
    return "\n".join(
        ["| | |", "|---|---|", *(f"| {label} | {_joined(names, values, ' and ')} |" for label, names in _HEAD)]
    )


def plot() -> str:
    """Return the plot of growth, as SVG."""
    return growth_plot(run()["figures"])


def _values() -> dict[str, str]:
    return {figure["what"]: figure["value"].partition(";")[0].partition(" (")[0] for figure in run()["figures"]}


def _joined(names: tuple[str, ...], values: dict[str, str], between: str) -> str:
    return between.join(values.get(name, _NO_FIGURE) for name in names)
