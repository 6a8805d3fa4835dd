"""The command `outbox`: letters that wait, were sent, or failed."""

import click

from config.current import current_settings

from ...model.letters.outbox import letters_due, letters_in, retry
from ...model.storage.database import Database
from ..common import Number, json_option, open_read_only, open_transaction, print_json, print_rows, ready_database
from ..output.relative_time import minute

_COLUMNS = ("id", "ticket", "to", "state", "attempts", "next", "subject", "error")


@click.group("outbox", invoke_without_command=True, short_help="Letters on their way: list, send, retry.")
@json_option
@click.pass_context
def outbox_command(context: click.Context, as_json: bool) -> None:
    """Letters on their way; without a command, lists them."""
    if context.invoked_subcommand is None:
        _print_letters(None, as_json)


@outbox_command.command("list")
@click.option("--state", type=click.Choice(["waiting", "sent", "failed"]), help="Only these.")
@json_option
def outbox_list(state: str | None, as_json: bool) -> None:
    """List letters, oldest first."""
    _print_letters(state, as_json)


def _print_letters(state: str | None, as_json: bool) -> None:
    with open_read_only() as uow:
        rows = letters_in(uow, state)
    if as_json:
        print_json(rows)
    else:
        shown = [{**row, "next": row["next"] and minute(row["next"])} for row in rows]
        cells = [tuple(str(row[key] if row[key] is not None else "") for key in _COLUMNS) for row in shown]
        print_rows(cells, tuple(key.upper() for key in _COLUMNS), empty="No letters")


@outbox_command.command("send")
def outbox_send() -> None:
    """Send what is due now, without a running server; exit status 1 if the relay cannot be reached."""
    from config.build import build_relay

    from ...transport.outbound.courier import Courier

    relay = build_relay(current_settings())
    with ready_database() as database:
        courier = Courier(database, relay)
        sent = 0
        try:
            while due := _due(database):
                taken = courier.round()
                sent += taken
                if not taken:
                    # All of the round were refused, and are no longer due; or the relay is away, and says so here.
                    relay.check()
                    if _due(database) >= due:
                        raise click.ClickException(
                            "The relay answers, and takes no letter; `tickets outbox` shows why."
                        )
        finally:
            courier.stop()
            click.echo(f"{sent} letter{'' if sent == 1 else 's'} sent")


def _due(database: Database) -> int:
    with database.read_only() as uow:
        return letters_due(uow)


@outbox_command.command("retry")
@click.argument("letters", nargs=-1, type=Number(), metavar="[ID]...")
def outbox_retry(letters: tuple[int, ...]) -> None:
    """Let letters that wait or failed be tried again now: those named, or all."""
    with open_transaction() as uow:
        due = retry(uow, letters)
    click.echo(f"{due} letter{'' if due == 1 else 's'} due now")
