"""The command `bench`: the benchmarks, as a table."""

import platform
import sys

import click

from ..common import print_rows


@click.command("bench")
@click.option("--short", is_flag=True, help="Leave out the archive of 100,000 emails, and searches in it.")
def bench_command(short: bool) -> None:
    """Benchmarks.

    Measures speed and memory on this machine; takes some minutes. Linux only.

    \b
    Example:
      tickets bench --short
    """
    from ...devtools.bench.measures import MAILS, ROUNDS, everything

    click.echo(
        f"Python {platform.python_version()}, SQLite with WAL and synchronous=FULL, the server as shipped, LMTP, 2 KB "
        f"texts, two letters a reply; median of {ROUNDS} runs of {MAILS}, interleaved."
    )
    figures = list(everything(lambda what: click.echo(f"measuring {what} ...", err=True), short=short))
    rows = [
        (figure.what, figure.value, figure.wanted, {None: "", True: "yes", False: "NO"}[figure.met])
        for figure in figures
    ]
    print_rows(rows, ("MEASURE", "FIGURE", "WANTED", "MET"))
    sys.exit(0 if all(figure.met is not False for figure in figures) else 1)
