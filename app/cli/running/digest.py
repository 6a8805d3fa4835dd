"""The command `digest`: the emails of the day, without a running server."""

import click

from ...model.operations.daily_work import do_daily_work
from ..common import ready_database


@click.command("digest", short_help="Write the daily emails that are due.")
def digest_command() -> None:
    """Write the daily emails that are due: what waits for each team, and what needs an admin.

    A running server does this by itself. Nothing is written twice, so a timer can call it as well.

    \b
    Example:
      tickets digest
    """
    with ready_database() as database:
        work = do_daily_work(database)
    for number in work.opened:
        click.echo(f"Ticket {number} is open again")
    if work.held:
        click.echo(f"Told teams of {_counted(work.held, 'reply that waits', 'replies that wait')}")
    click.echo(f"{_counted(work.letters, 'daily email', 'daily emails')} written")


def _counted(count: int, singular: str, more: str) -> str:
    return f"{count} {singular if count == 1 else more}"
