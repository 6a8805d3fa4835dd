"""The commands that change tickets: `open`, `act`, `set`, `undo`, `merge`, `expire`."""

from collections.abc import Sequence
from datetime import datetime

import click

from ...mail.addresses import Mailbox
from ...mail.text import one_line
from ...model.letters.change_lines import change_lines
from ...model.lifecycle.commands import MERGE, lines_of
from ...model.operations import administration
from ...model.operations.commands.merge_line import readers_of_merge
from ...model.operations.manual_action import act_by_command, message_by_command, open_ticket
from ...model.records.people import Person, get_person
from ...model.records.queues import find_queue
from ...model.records.registration import get_or_create_person
from ...model.records.tickets import find_unmerged
from ...model.storage.base import MAX_ID
from ...model.storage.batches import batches
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.fields import FieldChanges
from ...model.tickets.members import members_of
from ...model.wording import sentence_list
from ..common import (
    Number,
    json_option,
    moment_option,
    open_transaction,
    print_json,
    ready_database,
    text_argument,
)

# Incoming mail waits for so many tickets to expire, which takes less than a tenth of a second.
_EXPIRED_AT_ONCE = 20


@click.command("open")
@click.option("--queue", required=True, metavar="NAME", help="The queue.")
@click.option("--from", "email", required=True, metavar="EMAIL", help="Who asks; an unknown address becomes a person.")
@click.option("--subject", required=True, help="The title.")
@click.option("--text", required=True, help="The message; - reads standard input.")
@moment_option
def open_command(queue: str, email: str, subject: str, text: str, date: datetime | None) -> None:
    """Open a ticket for someone. Prints its number.

    \b
    Example:
      tickets open --queue General --from ann@example.org --subject "Door" --text "It is stuck."
    """
    # Read before the transaction begins: SQLite has one writer, and standard input may take long.
    message_text = text_argument(text)
    with open_transaction() as uow:
        requestor = get_or_create_person(uow, Mailbox("", email.strip()), known=True)
        words = message_by_command(uow, message_text, one_line(subject), date)
        click.echo(open_ticket(uow, find_queue(uow, queue), requestor, words).id)


@click.command("act")
@click.argument("number", type=Number())
@click.argument("action")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who does it.")
@click.option("--status", help="The new status, for Change status.")
@click.option(
    "--answer", type=Number(), metavar="NUMBER", help="The number of the message that solved it, for Confirm."
)
@click.option("--text", default="", help="The message; - reads standard input.")
@moment_option
def act_command(
    number: int, action: str, email: str, status: str | None, answer: int | None, text: str, date: datetime | None
) -> None:
    """Do something on a ticket as someone.

    The same rules hold as for an email of that person.

    \b
    Actions in a shared inbox (correspondence):
      Reply, Comment, Change status
    Actions in a support queue:
      Request for more information, Give more information, Comment, Answer,
      Confirm, Reject, Expire, Reopen, Change status

    \b
    Examples:
      tickets act 1 Reply --text "We open at nine." --as sam@example.org
      tickets act 1 "Change status" --status resolved --as sam@example.org
      tickets act 2 Confirm --answer 3 --as ann@example.org
    """
    with open_transaction() as uow:
        words = text_argument(text)
        event = act_by_command(uow, number, action, email, words, status=status, answer=answer, date=date)
        click.echo(f"Ticket {event.ticket.id} is {'now' if event.status_changed else 'still'} {event.ticket.status}")


@click.command("set")
@click.argument("number", type=Number())
@click.option("--assignee", metavar="EMAIL|nobody", help="Whose ticket it is.")
@click.option("--subject", help="The new subject.")
@click.option("--priority", type=click.IntRange(-MAX_ID, MAX_ID), metavar="P", help="A number.")
@click.option("--queue", help="Move it there.")
@click.option("--requestor", metavar="EMAIL", help="Who asked; an unknown address becomes a person.")
@click.option("--participant", metavar="EMAIL", help="Copy someone in; an unknown address becomes a person.")
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who does it: someone on the team.")
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
    """Change a ticket's queue, owner, subject, …

    \b
    Examples:
      tickets set 1 --assignee sam@example.org --as sam@example.org
      tickets set 1 --assignee nobody --priority 5 --as sam@example.org
      tickets set 1 --queue Questions --as sam@example.org
    """
    if (assignee, subject, priority, queue, requestor, participant) == (None,) * 6:
        raise click.UsageError(
            "Nothing to change. Use --assignee, --subject, --priority, --queue, --requestor or --participant."
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
        click.echo("\n".join([f"Ticket {number}: {changed}", *(note.english for note in notes)]))


def _assignee(uow: UnitOfWork, assignee: str | None) -> Person | None:
    return None if assignee is None or assignee.lower() == "nobody" else get_person(uow, assignee)


@click.command("undo")
@click.argument("number", type=Number())
@click.option("--as", "email", required=True, metavar="EMAIL", help="Who made the change, or someone on the team.")
def undo_command(number: int, email: str) -> None:
    """Undo the last change of a ticket.

    That works until something else happens on the ticket.

    \b
    Example:
      tickets undo 1 --as sam@example.org
    """
    with open_transaction() as uow:
        undone = administration.undo(uow, find_unmerged(uow, number), get_person(uow, email))
        click.echo("\n".join(f"Ticket {number}: {line.english}" for line in change_lines(uow, undone.changes)))


@click.command("merge")
@click.argument("number", type=Number())
@click.argument("into", type=Number())
@click.option("--as", "email", required=True, metavar="EMAIL", help="Someone on the team of both tickets.")
def merge_command(number: int, into: int, email: str) -> None:
    """Merge a ticket into another one.

    Moves the messages and people of ticket NUMBER to ticket INTO. A merge can't be undone.

    \b
    Example:
      tickets merge 2 1 --as sam@example.org
    """
    with open_transaction() as uow:
        ticket, person = find_unmerged(uow, number), get_person(uow, email)
        for sentence in readers_of_merge(uow, ticket, person, lines_of(MERGE.line(str(into)))).sentences:
            click.echo(sentence.english)
        goal = administration.merge(uow, ticket, into, person)
        readers = [member.label for member in members_of(uow, goal) if member.on_ticket]
        click.echo(f"Ticket {number} was merged into ticket {goal.id}. {sentence_list(readers)} can read it.")


@click.command("expire")
@click.option("--days", type=click.IntRange(0, 36_500), default=15, show_default=True, help="Days without a message.")
@json_option
def expire_command(days: int, as_json: bool) -> None:
    """Close tickets that nobody has written on for a while (run daily).

    Only tickets of support queues, Open or Needs information, that are assigned to nobody.

    \b
    Example, as a line of a crontab:
      17 6 * * * /path/to/tickets expire --days 15
    """
    with ready_database() as database:
        with database.read_only() as uow:
            candidates = administration.expirable_tickets(uow, days)
        numbers = [
            number for batch in batches(candidates, _EXPIRED_AT_ONCE) for number in _expire(database, batch, days)
        ]
    if as_json:
        print_json(numbers)
    else:
        click.echo("\n".join(f"Ticket {number} expired" for number in numbers) or "No tickets expired")


def _expire(database: Database, numbers: Sequence[int], days: int) -> list[int]:
    with database.transaction() as uow:
        return [number for number in numbers if administration.expire(uow, number, days)]
