"""The command `torture`: crash and retry under load, with its counts."""

import random
import signal
import sys
from pathlib import Path

import click

from ..common import PathName

_DATABASES = ("sqlite", "postgresql")


@click.command("torture", short_help="Kill the server under load, again and again, and count what was lost.")
@click.option(
    "--mails", type=click.IntRange(1), default=5_000, show_default=True, help="So many mails to each database."
)
@click.option("--database", type=click.Choice([*_DATABASES, "both"]), default="both", show_default=True)
@click.option("--minutes", type=click.FloatRange(0), default=4.0, show_default=True, help="So long there is trouble.")
@click.option("--seed", type=int, help="Makes the same mails and the same trouble; what meets what still differs.")
@click.option("--log", type=PathName(dir_okay=False, path_type=Path), help="Where the server's log goes.")
def torture_command(mails: int, database: str, minutes: float, seed: int | None, log: Path | None) -> None:
    """Kill the server under load, again and again, and count what was lost.

    Thousands of mails come over several connections, and again until they are answered 250, while the server is killed,
    its database stopped, locked, read-only and full, and the relay fails at every step. Each on a database of its own
    that is taken away at the end. Exit status 1 if anything was lost or doubled. Linux only.
    """
    from ...devtools.postgres_server import NoPostgresError
    from ...devtools.torture.run import Plan, torture

    # As after Ctrl-C, so that what was made is taken away.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    seed = random.randrange(10_000) if seed is None else seed
    wrong = False
    for one in _DATABASES if database == "both" else (database,):
        try:
            wrong |= bool(torture(Plan(one, mails, minutes, seed, log), click.echo).wrongs)
        except NoPostgresError as reason:
            raise click.ClickException(f"No PostgreSQL: {reason}, or say --database sqlite.") from None
    sys.exit(1 if wrong else 0)
