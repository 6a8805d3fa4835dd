"""The commands `queue`, `person` and `responder`."""

import click

from ...mail.addresses import Mailbox
from ...model.operations.digests import waiting_in, welcome
from ...model.records import people, queue_setup, queues, registration
from ...model.storage.unit_of_work import UnitOfWork
from ..common import json_option, open_read_only, open_transaction, print_json, print_rows

_MOST_NAMED = 20


@click.group("queue")
def queue_command() -> None:
    """Queues and their addresses."""


@queue_command.command("add")
@click.argument("name")
@click.option("--address", "addresses", multiple=True, metavar="LOCALPART|ADDRESS", help="An address that it answers.")
@click.option("--lifecycle", default=queues.DEFAULT_LIFECYCLE, show_default=True, help="By which its tickets live.")
def queue_add(name: str, addresses: tuple[str, ...], lifecycle: str) -> None:
    """Make a queue."""
    with open_transaction() as uow:
        queue = queue_setup.add_queue(uow, name, addresses, lifecycle)
        click.echo(f"{queue.name}: {_addresses(uow, queue)}")


@queue_command.command("list")
@json_option
def queue_list(as_json: bool) -> None:
    """List queues."""
    with open_read_only() as uow:
        found = queues.every_queue(uow)
        if as_json:
            print_json([_queue_json(uow, queue) for queue in found])
        else:
            rows = [(queue.name, queue.lifecycle_name, _addresses(uow, queue)) for queue in found]
            print_rows(rows, ("QUEUE", "LIFECYCLE", "ADDRESSES"), empty="No queues")


@queue_command.command("set")
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE...")
def queue_set(name: str, values: tuple[str, ...]) -> None:
    """Change a queue: lifecycle=NAME, name=NAME, address=ADDRESS (one more), and switches, on or off.

    acknowledge: a new ticket is acknowledged to its requestor. announce-resolved: its requestor is told when it is
    resolved. cc-from-responders, cc-from-others: whom such a mail names in To and Cc takes part in the ticket.

    digest=daily: every morning its team gets one letter with what waits; digest=off.
    readers=team: only its team and those on a ticket read it; readers=everyone: in support whoever is known.
    """
    for given in values:
        if "=" not in given:
            raise click.UsageError(f"{given!r} is not KEY=VALUE.")
    with open_transaction() as uow:
        queue = queues.find_queue(uow, name)
        for given in values:
            key, _, value = given.partition("=")
            queue_setup.set_queue(uow, queue, key.strip(), value.strip())


def _addresses(uow: UnitOfWork, queue: queues.Queue) -> str:
    return ", ".join(queues.whole_address(uow, row.address) for row in queue.addresses) or "no address"


def _queue_json(uow: UnitOfWork, queue: queues.Queue) -> dict[str, object]:
    addresses = [queues.whole_address(uow, row.address) for row in queue.addresses]
    known = {"name": queue.name, "lifecycle": queue.lifecycle_name, "addresses": addresses}
    return {**known, **queue_setup.switches_of(queue)}


@click.group("person")
def person_command() -> None:
    """People and their addresses."""


@person_command.command("add")
@click.argument("email")
@click.option("--name", default="", help="The name that people read.")
@click.option("--admin", is_flag=True, help="Make them an administrator.")
def person_add(email: str, name: str, admin: bool) -> None:
    """Make somebody known; again, to change the name, make them an administrator, or let letters to them be tried."""
    with open_transaction() as uow:
        person = registration.add_person(uow, Mailbox(name, email), administrator=admin)
        click.echo(f"{person.label} <{person.email}>{' (administrator)' if person.administrator else ''}")


@person_command.command("alias")
@click.argument("email")
@click.argument("other")
def person_alias(email: str, other: str) -> None:
    """Make OTHER one more address of EMAIL's person."""
    with open_transaction() as uow:
        registration.add_alias(uow, email, other)


@person_command.command("list")
@json_option
def person_list(as_json: bool) -> None:
    """List people."""
    with open_read_only() as uow:
        found = people.all_people(uow)
        if as_json:
            print_json([_person_json(person, addresses) for person, addresses in found])
        else:
            rows = [(p.email, p.name, _kind(p), ", ".join(a for a in all_ if a != p.email)) for p, all_ in found]
            print_rows(rows, ("EMAIL", "NAME", "IS", "ALSO"), empty="No people")


def _kind(person: people.Person) -> str:
    kind = "administrator" if person.administrator else "known" if person.known else "stranger"
    return f"{kind}, undeliverable" if person.undeliverable else kind


def _person_json(person: people.Person, addresses: list[str]) -> dict[str, object]:
    return {
        "email": person.email,
        "name": person.name,
        "administrator": person.administrator,
        "known": person.known,
        "addresses": addresses,
        "undeliverable": person.undeliverable.isoformat() if person.undeliverable else None,
    }


@click.group("responder", short_help="Who answers for a queue.")
def responder_command() -> None:
    """Who answers for a queue."""


@responder_command.command("add")
@click.argument("email")
@click.option("--queue", required=True)
def responder_add(email: str, queue: str) -> None:
    """Let somebody answer for a queue; an unknown EMAIL becomes a person. One letter tells them what waits there."""
    with open_transaction() as uow:
        found = queues.find_queue(uow, queue)
        person = registration.add_person(uow, Mailbox("", email))
        if queue_setup.add_responder(uow, found, person):
            welcome(uow, found, person)
        click.echo(f"{person.label} <{person.email}> answers for {found.name}")
        if waiting := waiting_in(uow, found):
            named = ", ".join(f"#{ticket.number}" for ticket in waiting[:_MOST_NAMED])
            click.echo(f"waiting there: {named}{', …' if len(waiting) > _MOST_NAMED else ''}")


@responder_command.command("remove")
@click.argument("email")
@click.option("--queue", required=True)
def responder_remove(email: str, queue: str) -> None:
    """Let somebody answer for a queue no more."""
    with open_transaction() as uow:
        found, person = queues.find_queue(uow, queue), people.get_person(uow, email)
        if not queue_setup.remove_responder(uow, found, person):
            raise click.ClickException(f"{person.email} does not answer for {found.name}.")


@responder_command.command("list")
@click.option("--queue", help="Only for this queue.")
@json_option
def responder_list(queue: str | None, as_json: bool) -> None:
    """List who answers for which queue."""
    with open_read_only() as uow:
        only = queues.find_queue(uow, queue) if queue is not None else None
        found = [(q, p) for q, p in queues.responders(uow) if only is None or q.id == only.id]
        if as_json:
            print_json([{"queue": q.name, "email": p.email, "name": p.name} for q, p in found])
        else:
            print_rows(
                [(q.name, p.email, p.name) for q, p in found], ("QUEUE", "EMAIL", "NAME"), empty="Nobody answers"
            )
