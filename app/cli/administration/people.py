"""The commands `queue`, `person` and `responder`."""

from typing import BinaryIO

import click

from ...mail.addresses import Mailbox
from ...model.operations import web_login
from ...model.operations.morning_letters import waiting_in, welcome
from ...model.operations.queue_removal import remove_queue
from ...model.operations.team_welcome import explain_team
from ...model.records import people, queue_setup, queues, registration
from ...model.storage.unit_of_work import UnitOfWork
from ..common import json_option, mailbox_of, open_read_only, open_transaction, print_json, print_rows

_MOST_NAMED = 20


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


@click.group("person")
def person_command() -> None:
    """Manage people and their addresses."""


@person_command.command("add")
@click.argument("email")
@click.option("--name", default="", help="The name that others see.")
@click.option("--admin", is_flag=True, help="Make them an admin.")
def person_add(email: str, name: str, admin: bool) -> None:
    """Add or update a person.

    Also sends email to them again where their address was refused.

    \b
    Example:
      tickets person add you@example.org --name "Your Name" --admin
    """
    with open_transaction() as uow:
        mailbox = mailbox_of(email)
        person = registration.add_person(uow, Mailbox(name or mailbox.name, mailbox.email), administrator=admin)
        click.echo(f"Saved {_person_label(person)}{', an admin' if person.administrator else ''}")


@person_command.command("set")
@click.argument("email")
@click.option("--admin/--no-admin", "admin", default=None, help="Make them an admin, or no admin any more.")
@click.option("--access/--no-access", "access", default=None, help="Whether they may log in to the web pages.")
def person_set(email: str, admin: bool | None, access: bool | None) -> None:
    """Change what a person may do.

    \b
    Example:
      tickets person set sam@example.org --no-admin --no-access
    """
    if admin is None and access is None:
        raise click.UsageError("Nothing to set: name --admin, --no-admin, --access or --no-access.")
    with open_transaction() as uow:
        person = people.get_person(uow, email)
        was_admin = person.administrator
        if admin is not None:
            person.administrator = admin
        if access is not None:
            web_login.set_access(uow, person, allowed=access)
        no_admin = ", no longer an admin" if was_admin and not person.administrator else ""
        click.echo(f"Saved {_person_label(person)}: {_kind(person)}{no_admin}")


@person_command.command("alias")
@click.argument("email")
@click.argument("other")
def person_alias(email: str, other: str) -> None:
    """Make OTHER another address of EMAIL's person.

    \b
    Example:
      tickets person alias ann@home.example ann@work.example
    """
    with open_transaction() as uow:
        registration.add_alias(uow, email, other)
        click.echo(f"Linked {other.strip()} to {_person_label(people.get_person(uow, email))}")


@person_command.command("key")
@click.argument("email")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--remove", metavar="FINGERPRINT", help="Remove the key that has this fingerprint.")
@json_option
def person_key(email: str, file: BinaryIO | None, remove: str | None, as_json: bool) -> None:
    """Keep a public key of EMAIL's person: what they sign with it is theirs.

    FILE is an OpenPGP public key or an S/MIME certificate; - is standard input. Without it, list the person's keys.

    \b
    Examples:
      tickets person key ann@example.org ann.asc
      tickets person key ann@example.org
    """
    if sum((file is not None, remove is not None, as_json)) > 1:
        raise click.UsageError("Give only one of FILE, --remove and --json.")
    if file is not None:
        _add_key(email, file.read())
    elif remove is not None:
        _remove_key(email, remove)
    else:
        _list_keys(email, as_json=as_json)


def _add_key(email: str, key: bytes) -> None:
    # Loaded here: to read keys takes a library that is slow to load.
    from ...mail.signed.openpgp import NoKey
    from ...model.records import signatures

    with open_transaction() as uow:
        person = people.get_person(uow, email)
        try:
            row = signatures.add_key(uow, person, key)
        except NoKey as error:
            raise click.ClickException("This is no OpenPGP public key and no S/MIME certificate.") from error
        click.echo(f"Added a key of {_person_label(person)}: {row.kind} {row.fingerprint}")


def _remove_key(email: str, fingerprint: str) -> None:
    from ...model.records import signatures

    with open_transaction() as uow:
        person = people.get_person(uow, email)
        row = signatures.remove_key(uow, person, fingerprint)
        if row is None:
            raise click.ClickException(f"{_person_label(person)} has no key {fingerprint}.")
        click.echo(f"Removed a key of {_person_label(person)}: {row.kind} {row.fingerprint}")


def _list_keys(email: str, *, as_json: bool) -> None:
    from ...model.records import signatures

    with open_read_only() as uow:
        person = people.get_person(uow, email)
        keys = signatures.keys_of(uow, person)
        if as_json:
            print_json(
                [{"kind": row.kind, "fingerprint": row.fingerprint, "added": row.added.isoformat()} for row in keys]
            )
        else:
            rows = [(row.kind, row.fingerprint, f"{row.added:%Y-%m-%d %H:%M}") for row in keys]
            print_rows(rows, ("KIND", "FINGERPRINT", "ADDED"), empty=f"{_person_label(person)} has no keys")


def _person_label(person: people.Person) -> str:
    """Return a person as a command names them: name and address, or the address alone."""
    return f"{person.name} <{person.email}>" if person.name else person.email


@person_command.command("list")
@json_option
def person_list(as_json: bool) -> None:
    """List people."""
    with open_read_only() as uow:
        everyone = people.all_people(uow)
        if as_json:
            print_json([_person_json(person, addresses) for person, addresses in everyone])
        else:
            rows = [(p.email, p.name, _kind(p), ", ".join(a for a in all_ if a != p.email)) for p, all_ in everyone]
            print_rows(rows, ("EMAIL", "NAME", "IS", "ALSO"), empty="No people")


def _kind(person: people.Person) -> str:
    kind = "administrator" if person.administrator else "known" if person.known else "stranger"
    kind += ", undeliverable" if person.undeliverable else ""
    return f"{kind}, may not log in" if person.no_access else kind


def _person_json(person: people.Person, addresses: list[str]) -> dict[str, object]:
    return {
        "email": person.email,
        "name": person.name,
        "administrator": person.administrator,
        "known": person.known,
        "addresses": addresses,
        "undeliverable": person.undeliverable.isoformat() if person.undeliverable else None,
        "access": not person.no_access,
    }


@click.group("responder")
def responder_command() -> None:
    """Manage a queue's team."""


@responder_command.command("add")
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
@click.option("--queue", required=True, metavar="NAME", help="The queue.")
@click.option("--name", default="", help="The name that others see, of one person.")
@click.option("--reader", is_flag=True, help="Only to read all of it and to comment in private: no email.")
@click.option("--welcome", "explains", is_flag=True, help="Email each of them how it works.")
def responder_add(emails: tuple[str, ...], queue: str, name: str, reader: bool, explains: bool) -> None:
    """Add people to a queue's team.

    An unknown EMAIL becomes a person. They get one email with what waits there.

    \b
    Examples:
      tickets responder add sam@example.org --queue General --welcome
      tickets responder add "Sam <sam@example.org>" "Kim <kim@example.org>" --queue General
    """
    if name and len(emails) > 1:
        raise click.UsageError('For several people, write each name with its address: "Sam <sam@example.org>".')
    with open_transaction() as uow:
        team = queues.find_queue(uow, queue)
        for mailbox in map(mailbox_of, emails):
            person = registration.add_person(uow, Mailbox(name or mailbox.name, mailbox.email))
            if reader:
                queue_setup.add_reader(uow, team, person)
                click.echo(f"Added {_person_label(person)} as a reader of {team.name}")
                continue
            if queue_setup.add_responder(uow, team, person):
                welcome(uow, team, person)
            if explains:
                explain_team(uow, team, person)
            click.echo(f"Added {_person_label(person)} to the {team.name} team")
        if not reader and (waiting := waiting_in(uow, team)):
            numbers = ", ".join(f"#{ticket.number}" for ticket in waiting[:_MOST_NAMED])
            click.echo(f"Waiting there: {numbers}{', …' if len(waiting) > _MOST_NAMED else ''}")


@responder_command.command("remove")
@click.argument("email")
@click.option("--queue", required=True, metavar="NAME", help="The queue.")
def responder_remove(email: str, queue: str) -> None:
    """Remove someone from a queue's team.

    \b
    Example:
      tickets responder remove sam@example.org --queue General
    """
    with open_transaction() as uow:
        team, person = queues.find_queue(uow, queue), people.get_person(uow, email)
        if not queue_setup.remove_responder(uow, team, person):
            raise click.ClickException(f"{person.email} isn't on the {team.name} team, and doesn't read {team.name}.")
        click.echo(f"Removed {_person_label(person)} from the {team.name} team")


@responder_command.command("list")
@click.option("--queue", metavar="NAME", help="Only this team.")
@json_option
def responder_list(queue: str | None, as_json: bool) -> None:
    """List who is on which team."""
    with open_read_only() as uow:
        only = queues.find_queue(uow, queue) if queue is not None else None
        members = [member for member in queues.team_members(uow) if only is None or member.queue.id == only.id]
        if as_json:
            print_json([_team_json(member) for member in members])
        else:
            rows = [(member.queue.name, member.person.email, member.person.name, _role(member)) for member in members]
            print_rows(rows, ("QUEUE", "EMAIL", "NAME", "IS"), empty="Nobody is on a team")


def _role(member: queues.TeamMember) -> str:
    return "reader" if member.reader else "responder"


def _team_json(member: queues.TeamMember) -> dict[str, object]:
    person = member.person
    return {"queue": member.queue.name, "email": person.email, "name": person.name, "reader": member.reader}
