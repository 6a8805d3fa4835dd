"""Claims about the command `bench`: the parts that it measures, and what it prints of them."""

import json
import os

from tests.support.bench_tables import GOALS
from tests.support.commands import run_here


def bench(*arguments: str) -> tuple[int, bytes, bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
    result = run_here(["bench", *arguments], environment)
    return result.returncode, result.stdout, result.stderr


def test_one_part_is_measured_alone_and_printed_for_a_program() -> None:
    status, out, err = bench("--only", "counts", "--json")
    run = json.loads(out)
    [counted] = [goal for goal in GOALS if goal.what.startswith("statements of")]
    figures = {figure["what"]: figure for figure in run["figures"]}
    assert set(counted.figures) < set(figures)
    assert all(figures[name]["number"] > 0 for name in counted.figures)
    assert "SQLite with WAL" in run["about"]
    assert all(f"  {name}: {figure['value']}\n" in err.decode() for name, figure in figures.items())
    assert status == (3 if any(figure["met"] is False for figure in run["figures"]) else 0)


def test_a_part_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    status, _, err = bench("--only", "tea")
    assert status == 2
    assert b"There's no part tea. The parts: replies, " in err
