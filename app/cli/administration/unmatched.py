"""The command `unmatched`: mail that matched no address, kept until an administrator has dealt with it."""

import click

from ...config.current import current_settings
from ...mail.addresses import Mailbox, mailboxes
from ...mail.text import one_line
from ...model.inbound.inbound_mail import DeliveryResult, Fate
from ...model.inbound.sender_proof import is_our_address
from ...model.inbound.unmatched import find_unmatched, raw_bytes
from ...model.records.received_mail import unmatched_deliveries
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


@click.group("unmatched", invoke_without_command=True)
@json_option
@click.pass_context
def unmatched_command(context: click.Context, as_json: bool) -> None:
    """Email that matched no address: list, show, redeliver, dismiss.

    Without a command it lists them.

    \b
    Examples:
      tickets unmatched
      tickets unmatched redeliver 41 --to hello@tickets.example.org
    """
    if context.invoked_subcommand is None:
        _print_mails(as_json)


@unmatched_command.command("list")
@json_option
def unmatched_list(as_json: bool) -> None:
    """List them, oldest first."""
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
        readable = [{**row, "received": minute(str(row["received"]))} for row in rows]
        cells = [tuple(str(row[key]) for key in _COLUMNS) for row in readable]
        print_rows(cells, tuple(map(str.upper, _COLUMNS)), empty="No unmatched email")


@unmatched_command.command("show")
@click.argument("number", type=Number())
def unmatched_show(number: int) -> None:
    """Print one, byte for byte as it came."""
    with open_read_only() as uow:
        raw = raw_bytes(uow, find_unmatched(uow, number).mail_id)
    print_bytes(raw)


@unmatched_command.command("redeliver")
@click.argument("numbers", nargs=-1, type=Number(), metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Every unmatched email.")
@click.option("--to", "address", help="To this address of the tracker, instead of the one it was sent to.")
@click.option("--as", "writer", metavar="ADDRESS", help="As an email of this person, whatever its sender is.")
def unmatched_redeliver(numbers: tuple[int, ...], every: bool, address: str | None, writer: str | None) -> None:
    """Deliver one again: a queue or ticket may have its address by now.

    With --as the email becomes that person's. Its commands wait until they confirm them.

    \b
    Examples:
      tickets unmatched redeliver --all
      tickets unmatched redeliver 41 --to hello@tickets.example.org
      tickets unmatched redeliver 41 --as ann@example.org
    """
    from ...config.build import build_intake

    if every == bool(numbers):
        raise click.UsageError("Give the numbers of the emails, or --all.")
    with ready_database() as database:
        intake = build_intake(current_settings(), database)
        if address is not None and (why := intake.refuses(address)):
            raise click.ClickException(f"{address}: {why}.")
        mailbox = None if writer is None else _writer(database, writer)
        if every:
            with database.read_only() as uow:
                numbers = tuple(delivery.id for delivery in unmatched_deliveries(uow))
        if not numbers:
            click.echo("No unmatched email")
        for number in numbers:
            click.echo(f"{number}: {_result_line(intake.redeliver(number, address, mailbox))}")


def _writer(database: Database, written: str) -> Mailbox:
    """Return the one mailbox of an address that an administrator wrote."""
    writers = mailboxes(written)
    if len(writers) != 1:
        raise click.ClickException(f'"{written}" isn\'t an email address. Use one like ann@example.org.')
    with database.read_only() as uow:
        if is_our_address(uow, writers[0].email):
            raise click.ClickException(f"{writers[0].email} is an address of the tracker. Use a person's address.")
    return writers[0]


def _result_line(result: DeliveryResult) -> str:
    kept = f" ({one_line(result.reason)})" if result.fate is Fate.SET_ASIDE else ""
    return f"{result.fate}{f' on ticket {result.ticket}' if result.ticket else ''}{kept}"


@unmatched_command.command("dismiss")
@click.argument("numbers", nargs=-1, type=Number(), required=True, metavar="ID...")
def unmatched_dismiss(numbers: tuple[int, ...]) -> None:
    """Hide from the list (the email is kept)."""
    with open_transaction() as uow:
        for number in numbers:
            find_unmatched(uow, number).waiting = False
    click.echo("\n".join(f"{number}: no longer listed" for number in numbers))
