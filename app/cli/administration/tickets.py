"""The commands on tickets: `open`, `list`, `show`, `raw`, `act`, `set`, `undo`, `merge`, `expire`."""

from datetime import datetime
from typing import Any

import click

from ...mail.addresses import Mailbox
from ...mail.text import one_line
from ...model.letters.notification import change_line
from ...model.lifecycle.commands import MERGE, lines_of
from ...model.lifecycle.tables import sentence_list
from ...model.operations import administration
from ...model.operations.command_execution import readers_of_merge
from ...model.operations.manual_action import act_by_command, message_by_command, open_ticket
from ...model.records.messages import find_message
from ...model.records.people import Person, get_person
from ...model.records.queues import find_queue
from ...model.records.registration import get_or_create_person
from ...model.records.tickets import find_any_ticket, find_ticket, find_unmerged, how_forgotten
from ...model.storage.base import MAX_ID
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.fields import FieldChanges
from ...model.tickets.filters import find_tickets
from ...model.tickets.members import members_of
from ...model.tickets.ticket_json import ticket_in_full, ticket_summaries, viewer_of
from ..common import (
    Number,
    json_option,
    moment_option,
    open_read_only,
    open_transaction,
    print_bytes,
    print_json,
    ready_database,
    text_argument,
)
from ..filter_options import chosen, filter_options
from ..output.ticket_display import print_tickets, ticket_text


@click.command("open")
@click.option("--queue", required=True)
@click.option("--from", "email", required=True, metavar="EMAIL", help="The requestor; made known if new.")
@click.option("--subject", required=True)
@click.option("--text", required=True, help="What it says; - reads standard input.")
@moment_option
def open_command(queue: str, email: str, subject: str, text: str, date: datetime | None) -> None:
    """Open a ticket in somebody's name; print its number."""
    # Read before the work begins: while standard input keeps us waiting, nobody else could write.
    said = text_argument(text)
    with open_transaction() as uow:
        requestor = get_or_create_person(uow, Mailbox("", email.strip()), known=True)
        words = message_by_command(uow, said, one_line(subject), date)
        click.echo(open_ticket(uow, find_queue(uow, queue), requestor, words).id)


@click.command("list")
@filter_options
@json_option
def list_command(as_json: bool, **asked: Any) -> None:
    """List tickets, of every status unless one is named.

    Where --from, --since, --until and --has are given, one message of the ticket fulfils all of them.
    """
    with open_read_only() as uow:
        found = find_tickets(uow, chosen(uow, **asked))
        if as_json:
            print_json(ticket_summaries(uow, found))
        else:
            print_tickets(found, uow.now)


@click.command("show")
@click.argument("number", type=Number())
@click.option("--as", "email", metavar="EMAIL", help="Only what this person may see, and what their reply would do.")
@json_option
def show_command(number: int, email: str | None, as_json: bool) -> None:
    """Show a ticket whole, or what one person may see of it."""
    with open_read_only() as uow:
        ticket = find_any_ticket(uow, number)
        viewer = viewer_of(uow, ticket, email) if email is not None else None
        view = ticket_in_full(uow, ticket, viewer)
        if as_json:
            print_json(view)
        elif ticket.forgotten:
            click.echo(how_forgotten(uow, ticket))
        else:
            click.echo(ticket_text(view, ticket.lifecycle, viewer.email if viewer else None, uow.now))


@click.command("raw")
@click.argument("number", type=Number())
@click.argument("message", type=Number())
def raw_command(number: int, message: int) -> None:
    """Print the exact bytes of a message as they were received."""
    from ...model.inbound.unmatched import raw_bytes

    with open_read_only() as uow:
        found = find_message(uow, find_ticket(uow, number), message)
        if found.sender is not None and found.sender.forgotten:
            raise click.ClickException(f"Message {message} of ticket {number} was erased: there is no mail of it.")
        if found.mail_id is None:
            raise click.ClickException(f"Message {message} of ticket {number} came by command: there is no mail of it.")
        raw = raw_bytes(uow, found.mail_id)
    print_bytes(raw)


@click.command("act", short_help="Carry out any action of the workflow in somebody's name.")
@click.argument("number", type=Number())
@click.argument("action")
@click.option("--as", "email", required=True, metavar="EMAIL")
@click.option("--status", help="The new status, for `Change status`.")
@click.option("--answer", type=Number(), metavar="NUMBER", help="The message that solved it, for `Confirm`.")
@click.option("--text", default="", help="What to say; - reads standard input.")
@moment_option
def act_command(
    number: int, action: str, email: str, status: str | None, answer: int | None, text: str, date: datetime | None
) -> None:
    """Carry out any action of the workflow, by its title, in somebody's name."""
    with open_transaction() as uow:
        words = text_argument(text)
        event = act_by_command(uow, number, action, email, words, status=status, answer=answer, date=date)
        click.echo(f"Ticket {event.ticket.id}: {event.action.title if event.action else ''}, now {event.ticket.status}")


@click.command("set")
@click.argument("number", type=Number())
@click.option("--assignee", metavar="EMAIL|nobody")
@click.option("--subject")
@click.option("--priority", type=click.IntRange(-MAX_ID, MAX_ID), metavar="P")
@click.option("--queue", help="Move it there; its status becomes that queue's.")
@click.option("--requestor", metavar="EMAIL", help="Whose ticket it is; an unknown EMAIL becomes a person.")
@click.option("--participant", metavar="EMAIL", help="Let somebody in; an unknown EMAIL becomes a person.")
@click.option("--as", "email", required=True, metavar="EMAIL")
def set_command(
    number: int,
    assignee: str | None,
    subject: str | None,
    priority: int | None,
    queue: str | None,
    requestor: str | None,
    participant: str | None,
    email: str,
) -> None:
    """Set things of a ticket in a responder's name."""
    if (assignee, subject, priority, queue, requestor, participant) == (None,) * 6:
        raise click.UsageError(
            "Nothing to set: name --assignee, --subject, --priority, --queue, --requestor or --participant."
        )
    with open_transaction() as uow:
        actor = get_person(uow, email)
        setting = FieldChanges(
            title=subject,
            assignee=_assignee(uow, assignee),
            nobody=assignee is not None and assignee.lower() == "nobody",
            priority=priority,
            queue=find_queue(uow, queue) if queue is not None else None,
            requestor=get_or_create_person(uow, Mailbox("", requestor.strip()), known=False)
            if requestor is not None
            else None,
            participant=get_or_create_person(uow, Mailbox("", participant), known=False)
            if participant is not None
            else None,
        )
        fields, notes = administration.set_ticket(uow, find_unmerged(uow, number), actor, setting)
        changed = f"{sentence_list(fields)} changed" if fields else "nothing changed"
        click.echo("\n".join([f"Ticket {number}: {changed}", *notes]))


def _assignee(uow: UnitOfWork, assignee: str | None) -> Person | None:
    return None if assignee is None or assignee.lower() == "nobody" else get_person(uow, assignee)


@click.command("undo", short_help="Take back the last change of a ticket.")
@click.argument("number", type=Number())
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who caused the change, or a responder.")
def undo_command(number: int, email: str) -> None:
    """Take back the last change of a ticket, if nothing else has happened since."""
    with open_transaction() as uow:
        undone = administration.undo(uow, find_unmerged(uow, number), get_person(uow, email))
        click.echo("\n".join(f"Ticket {number}: {change_line(change)}" for change in undone.changes))


@click.command("merge", short_help="Make a ticket part of another one.")
@click.argument("number", type=Number())
@click.argument("into", type=Number())
@click.option("--as", "email", required=True, metavar="EMAIL", help="A responder of both tickets.")
def merge_command(number: int, into: int, email: str) -> None:
    """Make ticket NUMBER part of ticket INTO, with its messages and people. A merge cannot be undone."""
    with open_transaction() as uow:
        ticket, person = find_unmerged(uow, number), get_person(uow, email)
        for sentence in readers_of_merge(uow, ticket, person, lines_of(MERGE.line(str(into)))).sentences:
            click.echo(sentence)
        goal = administration.merge(uow, ticket, into, person)
        readers = [member.label for member in members_of(uow, goal) if member.on_ticket]
        click.echo(f"Ticket {number} is part of ticket {goal.id} now. {sentence_list(readers)} read it.")


@click.command("expire", short_help="Let tickets expire on which nothing was posted for long.")
@click.option("--days", type=click.IntRange(0, 36_500), default=15, show_default=True)
@json_option
def expire_command(days: int, as_json: bool) -> None:
    """Let tickets expire that wait, unassigned, with nothing posted for so many days."""
    # One unit of work for each: mail that comes meanwhile waits for one ticket, not for all.
    with ready_database() as database:
        with database.read_only() as uow:
            found = administration.expirable_tickets(uow, days)
        numbers = [number for number in found if _expire(database, number, days)]
    if as_json:
        print_json(numbers)
    else:
        click.echo("\n".join(f"Ticket {number} expired" for number in numbers) or "No ticket expired")


def _expire(database: Database, number: int, days: int) -> bool:
    with database.transaction() as uow:
        return administration.expire(uow, number, days)
