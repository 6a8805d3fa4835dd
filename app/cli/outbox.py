"""This file holds the command `outbox`: letters that wait, were sent, or failed."""

import click

from app.cli.common import json_option, looking, print_json, print_rows, working


@click.group("outbox", invoke_without_command=True)
@click.pass_context
def outbox_command(context: click.Context) -> None:
    """Letters on their way."""
    if context.invoked_subcommand is None:
        context.invoke(outbox_list)


@outbox_command.command("list")
@click.option("--state", type=click.Choice(["waiting", "sent", "failed"]))
@json_option
def outbox_list(state: str | None = None, as_json: bool = False) -> None:
    """List letters, oldest first."""
    from app.model.outbox import letters_in

    with looking() as desk:
        rows = letters_in(desk, state)
    if as_json:
        print_json(rows)
    else:
        shown = [tuple(str(row[key] if row[key] is not None else "") for key in _COLUMNS) for row in rows]
        print_rows(shown, tuple(key.upper() for key in _COLUMNS))


_COLUMNS = ("id", "ticket", "to", "state", "attempts", "next", "subject", "error")


@outbox_command.command("send")
def outbox_send() -> None:
    """Send what is due now, without a running server."""
    from app.cli.common import ready_database
    from app.transport.courier import Courier
    from config.build import build_relay
    from config.current import current_settings

    courier = Courier(ready_database(), build_relay(current_settings()))
    sent = 0
    while taken := courier.round():
        sent += taken
    courier.stop()
    click.echo(f"{sent} letter{'' if sent == 1 else 's'} sent")


@outbox_command.command("retry")
@click.argument("letters", nargs=-1, type=int, metavar="[ID]...")
def outbox_retry(letters: tuple[int, ...]) -> None:
    """Let letters that wait or failed be tried again now: those named, or all."""
    from app.model.outbox import retry

    with working() as desk:
        due = retry(desk, letters)
    click.echo(f"{due} letter{'' if due == 1 else 's'} due now")
