"""The command `bench`: the benchmarks, as a table."""

import platform
import sys
from os import cpu_count, getloadavg

import click

from ..common import json_option, print_json, print_rows

# The benchmarks ran, and a figure misses what is wanted. Python's own status for a fault is 1, click's for usage 2.
_MISSED = 3


@click.command("bench")
@click.option("--short", is_flag=True, help="Leave out 100,000 emails, a large tracker, an archive and searches.")
@click.option("--only", multiple=True, metavar="PART", help="Measure this part alone; may be repeated.")
@json_option
def bench_command(short: bool, only: tuple[str, ...], as_json: bool) -> None:
    """Benchmarks.

    Measures speed and memory on this machine; an hour, or ten minutes with --short. Linux only. The
    status is 3 where a figure misses what is wanted.

    \b
    Examples:
      tickets bench --short
      tickets bench --only kinds --only commands
    """
    from ...devtools.bench.measures import MAILS, PARTS, ROUNDS, measured

    if unknown := [part for part in only if part not in PARTS]:
        raise click.UsageError(f"There's no part {unknown[0]}. The parts: {', '.join(PARTS)}.")
    about = (
        f"{cpu_count()} cores, load {getloadavg()[0]:.1f} at the start; Python {platform.python_version()}, SQLite "
        "with WAL and synchronous=FULL, the server as shipped, LMTP, 2 KB texts, two letters a reply; rates are "
        f"medians of {ROUNDS} runs of {MAILS}, interleaved."
    )
    figures = []
    for figure in measured(lambda name: click.echo(f"measuring {name} ...", err=True), short=short, only=only):
        figures.append(figure)
        # Who ends a long run has what it measured.
        click.echo(f"  {figure.what}: {figure.value}", err=True)
    if as_json:
        print_json({"about": about, "figures": [figure._asdict() for figure in figures]})
    else:
        click.echo(about)
        rows = [
            (figure.what, figure.value, figure.wanted, {None: "", True: "yes", False: "NO"}[figure.met])
            for figure in figures
        ]
        print_rows(rows, ("MEASURE", "FIGURE", "WANTED", "MET"))
    sys.exit(_MISSED if any(figure.met is False for figure in figures) else 0)
