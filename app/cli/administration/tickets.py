"""The commands on tickets: `open`, `list`, `show`, `raw`, `act`, `set`, `undo`, `merge`, `expire`."""

from datetime import datetime
from typing import Any

import click

from ...mail.addresses import Mailbox
from ...mail.text import one_line
from ...model.letters.notification import changed
from ...model.lifecycle.tables import listed
from ...model.operations import administration
from ...model.operations.manual_action import act, open_ticket, words_by_command
from ...model.records.messages import find_message
from ...model.records.people import Person, get_person
from ...model.records.queues import find_queue
from ...model.records.registration import meet
from ...model.records.tickets import find_living, find_number, find_ticket, how_forgotten
from ...model.storage.base import MAX_ID
from ...model.storage.database import Database
from ...model.storage.unit_of_work import Desk
from ...model.tickets.fields import Setting
from ...model.tickets.filters import find_tickets
from ...model.tickets.members import everybody_on
from ...model.tickets.ticket_json import ticket_in_full, ticket_summaries, viewer_of
from ..common import (
    Number,
    json_option,
    looking,
    moment_option,
    print_bytes,
    print_json,
    ready_database,
    text_argument,
    working,
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
    with working() as desk:
        requestor = meet(desk, Mailbox("", email.strip()), known=True)
        words = words_by_command(desk, said, one_line(subject), date)
        click.echo(open_ticket(desk, find_queue(desk, queue), requestor, words).id)


@click.command("list")
@filter_options
@json_option
def list_command(as_json: bool, **asked: Any) -> None:
    """List tickets, of every status unless one is named.

    Where --from, --since, --until and --has are given, one message of the ticket fulfils all of them.
    """
    with looking() as desk:
        found = find_tickets(desk, chosen(desk, **asked))
        if as_json:
            print_json(ticket_summaries(desk, found))
        else:
            print_tickets(found, desk.now)


@click.command("show")
@click.argument("number", type=Number())
@click.option("--as", "email", metavar="EMAIL", help="Only what this person may see, and what their reply would do.")
@json_option
def show_command(number: int, email: str | None, as_json: bool) -> None:
    """Show a ticket whole, or what one person may see of it."""
    with looking() as desk:
        ticket = find_number(desk, number)
        viewer = viewer_of(desk, ticket, email) if email is not None else None
        view = ticket_in_full(desk, ticket, viewer)
        if as_json:
            print_json(view)
        elif ticket.forgotten:
            click.echo(how_forgotten(desk, ticket))
        else:
            click.echo(ticket_text(view, ticket.lifecycle, viewer.email if viewer else None, desk.now))


@click.command("raw")
@click.argument("number", type=Number())
@click.argument("message", type=Number())
def raw_command(number: int, message: int) -> None:
    """Print the exact bytes of a message as they were received."""
    from ...model.inbound.unmatched import raw_bytes

    with looking() as desk:
        found = find_message(desk, find_ticket(desk, number), message)
        if found.sender is not None and found.sender.forgotten:
            raise click.ClickException(f"Message {message} of ticket {number} was erased: there is no mail of it.")
        if found.mail_id is None:
            raise click.ClickException(f"Message {message} of ticket {number} came by command: there is no mail of it.")
        raw = raw_bytes(desk, found.mail_id)
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
    with working() as desk:
        words = text_argument(text)
        event = act(desk, number, action, email, words, status=status, answer=answer, date=date)
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
    with working() as desk:
        actor = get_person(desk, email)
        setting = Setting(
            title=subject,
            assignee=_assignee(desk, assignee),
            nobody=assignee is not None and assignee.lower() == "nobody",
            priority=priority,
            queue=find_queue(desk, queue) if queue is not None else None,
            requestor=meet(desk, Mailbox("", requestor.strip()), known=False) if requestor is not None else None,
            participant=meet(desk, Mailbox("", participant), known=False) if participant is not None else None,
        )
        fields = administration.set_ticket(desk, find_living(desk, number), actor, setting)
        click.echo(f"Ticket {number}: {listed(fields) + ' changed' if fields else 'nothing changed'}")


def _assignee(desk: Desk, assignee: str | None) -> Person | None:
    return None if assignee is None or assignee.lower() == "nobody" else get_person(desk, assignee)


@click.command("undo", short_help="Take back the last change of a ticket.")
@click.argument("number", type=Number())
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who caused the change, or a responder.")
def undo_command(number: int, email: str) -> None:
    """Take back the last change of a ticket, if nothing else has happened since."""
    with working() as desk:
        undone = administration.undo(desk, find_living(desk, number), get_person(desk, email))
        click.echo("\n".join(f"Ticket {number}: {changed(change)}" for change in undone.changes))


@click.command("merge", short_help="Make a ticket part of another one.")
@click.argument("number", type=Number())
@click.argument("into", type=Number())
@click.option("--as", "email", required=True, metavar="EMAIL", help="A responder of both tickets.")
def merge_command(number: int, into: int, email: str) -> None:
    """Make ticket NUMBER part of ticket INTO, with its messages and people. A merge cannot be undone."""
    with working() as desk:
        ticket = find_living(desk, number)
        goal = administration.merge(desk, ticket, into, get_person(desk, email))
        readers = [one.label for one in everybody_on(desk, goal) if one.on_ticket]
        click.echo(f"Ticket {number} is part of ticket {goal.id} now. {listed(readers)} read it.")


@click.command("expire", short_help="Let tickets expire on which nothing was posted for long.")
@click.option("--days", type=click.IntRange(0, 36_500), default=15, show_default=True)
@json_option
def expire_command(days: int, as_json: bool) -> None:
    """Let tickets expire that wait, unassigned, with nothing posted for so many days."""
    # One unit of work for each: mail that comes meanwhile waits for one ticket, not for all.
    with ready_database() as database:
        with database.look() as desk:
            found = administration.forgotten(desk, days)
        numbers = [number for number in found if _expire(database, number, days)]
    if as_json:
        print_json(numbers)
    else:
        click.echo("\n".join(f"Ticket {number} expired" for number in numbers) or "No ticket expired")


def _expire(database: Database, number: int, days: int) -> bool:
    with database.work() as desk:
        return administration.expire(desk, number, days)
