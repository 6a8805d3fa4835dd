"""The command `torture`: crash and retry under load, with its counts."""

import random
import signal
import sys
from pathlib import Path

import click

from ..common import PathName

_DATABASES = ("sqlite", "postgresql")


@click.command("torture")
@click.option("--mails", type=click.IntRange(1), default=5_000, show_default=True, help="Emails per database.")
@click.option("--database", type=click.Choice([*_DATABASES, "both"]), default="both", show_default=True, help="Which.")
@click.option("--processes", type=click.IntRange(1, 8), default=1, show_default=True, help="So many, on PostgreSQL.")
@click.option("--minutes", type=click.FloatRange(0), default=4.0, show_default=True, help="How long to cause trouble.")
@click.option("--seed", type=int, help="Repeat a run.")
@click.option("--log", type=PathName(dir_okay=False, path_type=Path), help="Write the server's log here.")
def torture_command(
    mails: int, database: str, processes: int, minutes: float, seed: int | None, log: Path | None
) -> None:
    """Crash tests.

    Sends thousands of emails over several connections, each until it is answered 250. Meanwhile the server is killed,
    its database is stopped, locked, read-only and full, and the relay fails at every step. Uses databases of its own.
    Exit status 1 if anything was lost or doubled. Linux only.

    \b
    Examples:
      tickets torture --database sqlite --mails 1000 --minutes 1
      tickets torture --database postgresql --processes 2
    """
    from ...devtools.postgres_server import NoPostgresError
    from ...devtools.torture.run import Plan, torture

    # As after Ctrl-C, so that what was made is taken away.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    seed = random.randrange(10_000) if seed is None else seed
    wrong = False
    if processes > 1 and database == "sqlite":
        raise click.UsageError("On SQLite one process receives. Say --database postgresql.")
    for kind in _DATABASES if database == "both" else (database,):
        try:
            plan = Plan(kind, mails, minutes, seed, log, processes if kind == "postgresql" else 1)
            wrong |= bool(torture(plan, click.echo).wrongs)
        except NoPostgresError as reason:
            raise click.ClickException(f"No PostgreSQL: {reason}, or say --database sqlite.") from None
    sys.exit(1 if wrong else 0)
