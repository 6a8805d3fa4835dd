"""The command `responder`."""

import click

from ...mail.addresses import Mailbox
from ...model.operations.morning_letters import waiting_in, welcome
from ...model.operations.team_welcome import explain_team
from ...model.records import people, queue_setup, queues, registration
from ..common import json_option, mailbox_of, open_read_only, open_transaction, print_json, print_rows
from .people import person_label

_MOST_NAMED = 20


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
                click.echo(f"Added {person_label(person)} as a reader of {team.name}")
                continue
            if queue_setup.add_responder(uow, team, person):
                welcome(uow, team, person)
            if explains:
                explain_team(uow, team, person)
            click.echo(f"Added {person_label(person)} to the {team.name} team")
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
        click.echo(f"Removed {person_label(person)} from the {team.name} team")


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
