"""The command `unmatched`: mail that leads nowhere, kept until somebody sees to it."""

import click

from ...config.current import current_settings
from ...mail.addresses import Mailbox, mailboxes
from ...mail.text import one_line
from ...model.inbound.delivery import DeliveryResult, Fate
from ...model.inbound.sender_proof import is_our_address
from ...model.inbound.unmatched import find_unmatched, raw_bytes, unmatched_deliveries
from ...model.storage.database import Database
from ..common import (
    Number,
    json_option,
    open_read_only,
    open_transaction,
    print_bytes,
    print_json,
    print_rows,
    ready_database,
)
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
    with open_read_only() as uow:
        rows = [
            {
                "id": delivery.id,
                "to": delivery.recipient,
                "from": delivery.mail.author or delivery.mail.envelope_from or "",
                "subject": delivery.mail.subject,
                "received": delivery.mail.received.isoformat(),
                "reason": delivery.reason,
            }
            for delivery in unmatched_deliveries(uow)
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
    with open_read_only() as uow:
        raw = raw_bytes(uow, find_unmatched(uow, number).mail_id)
    print_bytes(raw)


@unmatched_command.command("redeliver")
@click.argument("numbers", nargs=-1, type=Number(), metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="All that is set aside.")
@click.option("--to", "address", help="To this address of ours, instead of the one it was sent to.")
@click.option("--as", "writer", metavar="ADDRESS", help="As a mail of this person, whatever it names as its sender.")
def unmatched_redeliver(numbers: tuple[int, ...], every: bool, address: str | None, writer: str | None) -> None:
    """Deliver mail again that is set aside, now that a queue or a ticket may have its address.

    With --as a mail becomes that person's. Nothing proves that they sent it: of its commands they are asked.
    """
    from ...config.build import build_intake

    if every == bool(numbers):
        raise click.UsageError("Name the mails to deliver again, or --all.")
    with ready_database() as database:
        intake = build_intake(current_settings(), database)
        if address is not None and (why := intake.refuses(address)):
            raise click.ClickException(f"{address}: {why}.")
        mailbox = None if writer is None else _writer(database, writer)
        if every:
            with database.read_only() as uow:
                numbers = tuple(delivery.id for delivery in unmatched_deliveries(uow))
        for number in numbers:
            click.echo(f"{number}: {_result_line(intake.redeliver(number, address, mailbox))}")


def _writer(database: Database, written: str) -> Mailbox:
    """Read whom an administrator names as the writer of a mail."""
    found = mailboxes(written)
    if len(found) != 1:
        raise click.ClickException(f"{written!r} is not an e-mail address; it would look like ann@example.org.")
    with database.read_only() as uow:
        if is_our_address(uow, found[0].email):
            raise click.ClickException(f"{found[0].email} is an address of ours: nobody writes from there.")
    return found[0]


def _result_line(result: DeliveryResult) -> str:
    kept = f" ({one_line(result.reason)})" if result.fate is Fate.SET_ASIDE else ""
    return f"{result.fate}{f' on ticket {result.ticket}' if result.ticket else ''}{kept}"


@unmatched_command.command("dismiss")
@click.argument("numbers", nargs=-1, type=Number(), required=True, metavar="ID...")
def unmatched_dismiss(numbers: tuple[int, ...]) -> None:
    """Let mail rest: it is kept, but no longer listed or told of."""
    with open_transaction() as uow:
        for number in numbers:
            find_unmatched(uow, number).waiting = False
