"""The commands that show tickets: `list`, `show`, `raw`."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import click

from ...model.records.messages import find_message
from ...model.records.tickets import Ticket, find_any_ticket, find_ticket, how_forgotten
from ...model.storage.batches import batches
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.filters import numbers_of, tickets_by_number
from ...model.tickets.ticket_json import ids_to_show, ticket_in_full, ticket_summaries, viewer_of
from ..common import (
    Number,
    json_option,
    limit_option,
    open_read_only,
    print_bytes,
    print_json,
    print_json_array,
    tell_older,
)
from ..filter_options import filter_of, filter_options
from ..output.ticket_display import print_tickets, ticket_text

# Of so many tickets all that is told is in memory at a time.
_AT_ONCE = 500


@click.command("list")
@filter_options
@limit_option("tickets, the newest")
@json_option
def list_command(limit: int, as_json: bool, **filters: Any) -> None:
    """List tickets.

    Lists every status unless --status names one. With several of --from, --since, --until and --has, a single message
    of the ticket must match them all.

    \b
    Examples:
      tickets list --unassigned --status new
      tickets list --assignee sam@example.org --json
      tickets list --from ann@example.org --since 2026-01-01 --has attachment
    """
    with open_read_only() as uow:
        numbers = numbers_of(uow, filter_of(uow, **filters))
        if as_json:
            print_json_array(_summaries(uow, numbers))
            return
        newest, count = deque[int](maxlen=limit), 0
        for number in numbers:
            newest.append(number)
            count += 1
        print_tickets(_tickets(uow, newest), uow.now)
        tell_older(count - len(newest), "ticket")


def _tickets(uow: UnitOfWork, numbers: Collection[int]) -> list[Ticket]:
    tickets = tickets_by_number(uow, numbers)
    return [tickets[number] for number in numbers if number in tickets]


def _summaries(uow: UnitOfWork, numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Yield what is told of these tickets, some at a time, so that a million of them need no more memory than these."""
    for batch in batches(numbers, _AT_ONCE):
        yield from ticket_summaries(uow, _tickets(uow, batch))
        uow.session.expunge_all()


@click.command("show")
@click.argument("number", type=Number())
@click.option("--as", "email", metavar="EMAIL", help="Show what this person can see, and what their reply would do.")
@limit_option("messages, the first and the newest")
@json_option
def show_command(number: int, email: str | None, limit: int, as_json: bool) -> None:
    """Show a ticket (or only what one person can see).

    \b
    Examples:
      tickets show 1
      tickets show 1 --as ann@example.org     what Ann sees, and what her reply would do
      tickets show 1 --json
    """
    with open_read_only() as uow:
        ticket = find_any_ticket(uow, number)
        viewer = viewer_of(uow, ticket, email) if email is not None else None
        if as_json:
            print_json(ticket_in_full(uow, ticket, viewer))
        elif ticket.forgotten:
            click.echo(str(how_forgotten(uow, ticket)))
        else:
            ids = ids_to_show(uow, ticket, viewer)
            shown_ids = [*ids[:1], *ids[max(1, len(ids) - limit + 1) :]]
            view = ticket_in_full(uow, ticket, viewer, shown_ids)
            click.echo(ticket_text(view, ticket.lifecycle, viewer.email if viewer else None, uow.now))
            tell_older(len(ids) - len(shown_ids), "message")


@click.command("raw", short_help="Print the original email of a message.")
@click.argument("number", type=Number())
@click.argument("message", type=Number())
def raw_command(number: int, message: int) -> None:
    """Print the original email of a message, byte for byte as it came.

    \b
    Example:
      tickets raw 1 2 > mail.eml              message 2 of ticket 1
    """
    from ...model.inbound.unmatched import raw_bytes

    with open_read_only() as uow:
        stored = find_message(uow, find_ticket(uow, number), message)
        if stored.sender is not None and stored.sender.forgotten:
            raise click.ClickException(f"Message {message} of ticket {number} was erased, and its email with it.")
        if stored.mail_id is None:
            raise click.ClickException(f"Message {message} of ticket {number} didn't come by email.")
        raw = raw_bytes(uow, stored.mail_id)
    print_bytes(raw)
