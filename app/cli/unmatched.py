"""This file holds the command `unmatched`: mail that leads nowhere, kept until somebody sees to it."""

import sys

import click

from app.cli.common import json_option, looking, print_json, print_rows, ready_database, working


@click.group("unmatched", invoke_without_command=True)
@click.pass_context
def unmatched_command(context: click.Context) -> None:
    """Mail that is set aside."""
    if context.invoked_subcommand is None:
        context.invoke(unmatched_list)


@unmatched_command.command("list")
@json_option
def unmatched_list(as_json: bool = False) -> None:
    """List mail that is set aside, oldest first."""
    from app.model.set_aside import waiting

    with looking() as desk:
        rows = [
            {
                "id": one.id,
                "to": one.recipient,
                "from": one.mail.author or one.mail.envelope_from,
                "subject": one.mail.subject,
                "received": one.mail.received.isoformat(),
                "reason": one.reason,
            }
            for one in waiting(desk)
        ]
    if as_json:
        print_json(rows)
    else:
        columns = ("id", "to", "from", "subject", "received", "reason")
        print_rows([tuple(str(row[key] or "") for key in columns) for row in rows], tuple(map(str.upper, columns)))


@unmatched_command.command("show")
@click.argument("number", type=int)
def unmatched_show(number: int) -> None:
    """Print the exact bytes of a mail that is set aside."""
    from app.model.set_aside import find_set_aside, raw_bytes

    with looking() as desk:
        raw = raw_bytes(desk, find_set_aside(desk, number).mail_id)
    sys.stdout.buffer.write(raw)


@unmatched_command.command("redeliver")
@click.argument("numbers", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="All that is set aside.")
@click.option("--to", "address", help="To this address of ours, instead of the one it was sent to.")
def unmatched_redeliver(numbers: tuple[int, ...], every: bool, address: str | None) -> None:
    """Deliver mail again that is set aside, now that a queue or a ticket may have its address."""
    from app.model.arrival import Fate
    from app.model.set_aside import waiting
    from config.build import build_reception
    from config.current import current_settings

    database = ready_database()
    if every:
        with database.look() as desk:
            numbers = tuple(one.id for one in waiting(desk))
    elif not numbers:
        raise click.UsageError("Name the mails to deliver again, or --all.")
    reception = build_reception(current_settings(), database)
    for number in numbers:
        outcome = reception.redeliver(number, address)
        kept = f" ({outcome.reason})" if outcome.fate is Fate.SET_ASIDE else ""
        click.echo(f"{number}: {outcome.fate}{f' on ticket {outcome.ticket}' if outcome.ticket else ''}{kept}")


@unmatched_command.command("dismiss")
@click.argument("numbers", nargs=-1, type=int, required=True, metavar="ID...")
def unmatched_dismiss(numbers: tuple[int, ...]) -> None:
    """Let mail rest: it is kept, but no longer listed or told of."""
    from app.model.set_aside import find_set_aside

    with working() as desk:
        for number in numbers:
            find_set_aside(desk, number).waiting = False
