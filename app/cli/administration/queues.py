"""The command `queue`."""

import click

from ...model.operations.queue_removal import remove_queue
from ...model.records import queue_setup, queues
from ...model.storage.unit_of_work import UnitOfWork
from ..common import json_option, open_read_only, open_transaction, print_json, print_rows


@click.group("queue")
def queue_command() -> None:
    """Manage queues and their addresses."""


@queue_command.command("add")
@click.argument("name")
@click.option("--address", "addresses", multiple=True, metavar="LOCALPART|ADDRESS", help="An address it gets email at.")
@click.option(
    "--lifecycle",
    default=queues.DEFAULT_LIFECYCLE,
    show_default=True,
    metavar="NAME",
    help="correspondence (shared inbox) or support (question and answer).",
)
def queue_add(name: str, addresses: tuple[str, ...], lifecycle: str) -> None:
    """Add a queue.

    \b
    Examples:
      tickets queue add Sponsors --address sponsors
      tickets queue add Help --address help --address it@example.org --lifecycle support
    """
    with open_transaction() as uow:
        queue = queue_setup.add_queue(uow, name, addresses, lifecycle)
        click.echo(f"Added the queue {queue.name} ({_addresses(uow, queue)})")


@queue_command.command("list")
@json_option
def queue_list(as_json: bool) -> None:
    """List queues."""
    with open_read_only() as uow:
        every_queue = queues.every_queue(uow)
        if as_json:
            print_json([_queue_json(uow, queue) for queue in every_queue])
        else:
            rows = [
                (queue.name, queue.lifecycle_name, _addresses(uow, queue), _changed_switches(queue))
                for queue in every_queue
            ]
            print_rows(rows, ("QUEUE", "LIFECYCLE", "ADDRESSES", "SWITCHED"), empty="No queues")


@queue_command.command("set")
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE...")
def queue_set(name: str, values: tuple[str, ...]) -> None:
    """Change a queue's settings.

    \b
    lifecycle=correspondence|support
    name=NAME
    address=ADDRESS               one more address
    address-=ADDRESS              one address fewer
    acknowledge=on|off            confirm a new ticket to whoever opened it
    announce-resolved=on|off      tell them when it is resolved
    cc-from-responders=on|off     copy in the people in To and Cc of the team's emails
    cc-from-others=on|off         copy in the people in To and Cc of other emails
    digest=daily|off              email the team every morning what waits
    readers=everyone|team         who can read tickets of a support queue
    language=en|de                write its emails in English or German

    \b
    Examples:
      tickets queue set General acknowledge=on digest=daily
      tickets queue set General address=info@example.org
    """
    for change in values:
        if "=" not in change:
            raise click.UsageError(f'"{change}" is not KEY=VALUE.')
    with open_transaction() as uow:
        queue = queues.find_queue(uow, name)
        for change in values:
            key, _, value = change.partition("=")
            former = queue.name
            queue_setup.set_queue(uow, queue, key.strip(), value.strip())
            click.echo(_what_is_now(uow, queue, former, key.strip(), value.strip()))


def _what_is_now(uow: UnitOfWork, queue: queues.Queue, former: str, key: str, value: str) -> str:
    """Return what a queue does now that one thing of it was set."""
    if key in ("address", "address-"):
        answers = "answers" if key == "address" else "no longer answers"
        return f"{queue.name} {answers} {queues.whole_address(uow, value.lower())}"
    return f"{former} is now {queue.name}" if key == "name" else f"{queue.name}: {key} is now {value}"


@queue_command.command("remove")
@click.argument("name")
@click.option("--to", metavar="QUEUE", help="Where its tickets and addresses go; else to the oldest other queue.")
def queue_remove(name: str, to: str | None) -> None:
    """Remove a queue.

    Its tickets move to another queue, and then so do its addresses: people still reach their tickets. Without
    tickets, its addresses are gone, and email to them is set aside.
    """
    with open_transaction() as uow:
        removed = remove_queue(uow, queues.find_queue(uow, name), queues.find_queue(uow, to) if to else None)
    click.echo(f"Removed {removed.name}")
    if removed.tickets:
        click.echo(f"{removed.tickets} ticket{'' if removed.tickets == 1 else 's'} moved to {removed.target}")
    if removed.addresses:
        goes = f"goes to {removed.target} now" if removed.tickets else "is set aside now"
        click.echo(f"Email to {', '.join(removed.addresses)} {goes}")


def _changed_switches(queue: queues.Queue) -> str:
    """Return the switches of a queue that are not as in a new one, as `queue set` takes them."""
    words = {True: "on", False: "off"}
    changed = [
        f"{name}={words[value] if isinstance(value, bool) else value}"
        for name, value in queue_setup.switches_of(queue).items()
        if value != queue_setup.SWITCHES[name][0]
    ]
    return " ".join(changed)


def _addresses(uow: UnitOfWork, queue: queues.Queue) -> str:
    return ", ".join(queues.whole_address(uow, row.address) for row in queue.addresses) or "no address"


def _queue_json(uow: UnitOfWork, queue: queues.Queue) -> dict[str, object]:
    addresses = [queues.whole_address(uow, row.address) for row in queue.addresses]
    known = {"name": queue.name, "lifecycle": queue.lifecycle_name, "addresses": addresses}
    return {**known, **queue_setup.switches_of(queue)}
