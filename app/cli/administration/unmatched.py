"""The command `unmatched`: mail that leads nowhere, kept until somebody sees to it."""

import click

from ...config.current import current_settings
from ...mail.text import one_line
from ...model.inbound.delivery import Fate, Outcome
from ...model.inbound.unmatched import find_set_aside, raw_bytes, waiting
from ..common import Number, json_option, looking, print_bytes, print_json, print_rows, ready_database, working
from ..output.relative_time import minute

_COLUMNS = ("id", "to", "from", "subject", "received", "reason")


@click.group("unmatched", invoke_without_command=True, short_help="Mail set aside: list, show, redeliver, dismiss.")
@json_option
@click.pass_context
def unmatched_command(context: click.Context, as_json: bool) -> None:
    """Mail that is set aside; without a command, lists it."""
    if context.invoked_subcommand is None:
        _print_mails(as_json)


@unmatched_command.command("list")
@json_option
def unmatched_list(as_json: bool) -> None:
    """List mail that is set aside, oldest first."""
    _print_mails(as_json)


def _print_mails(as_json: bool) -> None:
    with looking() as desk:
        rows = [
            {
                "id": one.id,
                "to": one.recipient,
                "from": one.mail.author or one.mail.envelope_from or "",
                "subject": one.mail.subject,
                "received": one.mail.received.isoformat(),
                "reason": one.reason,
            }
            for one in waiting(desk)
        ]
    if as_json:
        print_json(rows)
    else:
        shown = [{**row, "received": minute(str(row["received"]))} for row in rows]
        cells = [tuple(str(row[key]) for key in _COLUMNS) for row in shown]
        print_rows(cells, tuple(map(str.upper, _COLUMNS)), empty="No mail is set aside")


@unmatched_command.command("show")
@click.argument("number", type=Number())
def unmatched_show(number: int) -> None:
    """Print the exact bytes of a mail that is set aside."""
    with looking() as desk:
        raw = raw_bytes(desk, find_set_aside(desk, number).mail_id)
    print_bytes(raw)


@unmatched_command.command("redeliver")
@click.argument("numbers", nargs=-1, type=Number(), metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="All that is set aside.")
@click.option("--to", "address", help="To this address of ours, instead of the one it was sent to.")
def unmatched_redeliver(numbers: tuple[int, ...], every: bool, address: str | None) -> None:
    """Deliver mail again that is set aside, now that a queue or a ticket may have its address."""
    from ...config.build import build_reception

    if every == bool(numbers):
        raise click.UsageError("Name the mails to deliver again, or --all.")
    with ready_database() as database:
        reception = build_reception(current_settings(), database)
        if address is not None and (why := reception.refuses(address)):
            raise click.ClickException(f"{address}: {why}.")
        if every:
            with database.look() as desk:
                numbers = tuple(one.id for one in waiting(desk))
        for number in numbers:
            click.echo(f"{number}: {_told(reception.redeliver(number, address))}")


def _told(outcome: Outcome) -> str:
    kept = f" ({one_line(outcome.reason)})" if outcome.fate is Fate.SET_ASIDE else ""
    return f"{outcome.fate}{f' on ticket {outcome.ticket}' if outcome.ticket else ''}{kept}"


@unmatched_command.command("dismiss")
@click.argument("numbers", nargs=-1, type=Number(), required=True, metavar="ID...")
def unmatched_dismiss(numbers: tuple[int, ...]) -> None:
    """Let mail rest: it is kept, but no longer listed or told of."""
    with working() as desk:
        for number in numbers:
            find_set_aside(desk, number).waiting = False
