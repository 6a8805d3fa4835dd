"""The command `person`."""

from typing import BinaryIO

import click

from ...mail.addresses import Mailbox
from ...model.operations import web_login
from ...model.records import people, registration
from ..common import json_option, mailbox_of, open_read_only, open_transaction, print_json, print_rows


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
        click.echo(f"Saved {person_label(person)}{', an admin' if person.administrator else ''}")


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
        click.echo(f"Saved {person_label(person)}: {_kind(person)}{no_admin}")


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
        click.echo(f"Linked {other.strip()} to {person_label(people.get_person(uow, email))}")


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
        click.echo(f"Added a key of {person_label(person)}: {row.kind} {row.fingerprint}")


def _remove_key(email: str, fingerprint: str) -> None:
    from ...model.records import signatures

    with open_transaction() as uow:
        person = people.get_person(uow, email)
        row = signatures.remove_key(uow, person, fingerprint)
        if row is None:
            raise click.ClickException(f"{person_label(person)} has no key {fingerprint}.")
        click.echo(f"Removed a key of {person_label(person)}: {row.kind} {row.fingerprint}")


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
            print_rows(rows, ("KIND", "FINGERPRINT", "ADDED"), empty=f"{person_label(person)} has no keys")


def person_label(person: people.Person) -> str:
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
