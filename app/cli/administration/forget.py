"""The command `forget`: erase a person or a ticket, after being asked twice."""

import sys
from dataclasses import dataclass
from functools import partial

import click

from ...mail.addresses import address_key
from ...mail.text import one_line
from ...model.erasure.erase_person import ErasureReport, erase, forget_person, preview
from ...model.erasure.erase_ticket import forget_ticket
from ...model.erasure.vacuum import NotSwept, copies_beside, sweep
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from ...model.wording import sentence_list
from ..common import Number, json_option, print_json, ready_database


@dataclass(frozen=True)
class _Wanted:
    """What is to be forgotten, as it was named; `ticket` is None for a person."""

    name: str
    ticket: int | None

    def __call__(self, uow: UnitOfWork) -> ErasureReport:
        return forget_person(uow, self.name) if self.ticket is None else forget_ticket(uow, self.ticket)

    @property
    def title(self) -> str:
        """As it is named in a sentence."""
        return self.name if self.ticket is None else f"ticket {self.ticket}"

    def is_named(self, again: str) -> bool:
        """Whether it was typed once more, and rightly."""
        return address_key(again.strip().removeprefix("#")) == address_key(self.name.strip())


@click.command("forget")
@click.argument("email", required=False)
@click.option("--ticket", type=Number(), metavar="N", help="Erase this ticket instead of a person.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--yes", count=True, help="Don't ask (give it twice to skip both questions).")
@click.option("--sweep", "sweeps", is_flag=True, help="Only clear the database's files of what was erased before.")
@json_option
def forget_command(email: str | None, ticket: int | None, dry_run: bool, yes: int, sweeps: bool, as_json: bool) -> None:
    """Erase a person or a ticket for good.

    Erases words, files, original emails and the emails we sent. Asks twice; a script says --yes --yes.

    A person's messages become a line that says they were erased. What others wrote stays; tickets where it names the
    person are listed. A ticket keeps its number, queue, status and dates. Backups, and emails that were sent, are yours
    to delete.

    \b
    Examples:
      tickets forget ann@example.org --dry-run
      tickets forget --ticket 12
    """
    if (email is not None) + (ticket is not None) + sweeps != 1:
        raise click.UsageError("Give an address or --ticket N.")
    with ready_database() as database:
        if sweeps:
            sweep(database)
            if not as_json:
                click.echo("Cleared the database's files.")
            return
        wanted = _Wanted(email if email is not None else str(ticket), ticket)
        if dry_run:
            _print(database, wanted, preview(database, wanted), as_json=as_json, dry=True)
        else:
            _forget(database, wanted, yes, as_json=as_json)


def _forget(database: Database, wanted: _Wanted, yes: int, *, as_json: bool) -> None:
    _ask(database, wanted, yes)
    report = erase(database, wanted)
    trouble = ""
    try:
        sweep(database)
    except NotSwept as error:
        trouble = str(error)
    _print(database, wanted, report, as_json=as_json, dry=False)
    if trouble:
        raise click.ClickException(trouble)


def _ask(database: Database, wanted: _Wanted, yes: int) -> None:
    """Ask twice, on a terminal; without one both answers must have been given."""
    if yes > 1:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("Nothing was erased. There is no terminal to ask on, so give --yes --yes.")
    say = partial(click.echo, err=True)
    say("\n".join(_lines(wanted, preview(database, wanted), dry=True)))
    if not yes and not click.confirm("Erase all of this, for good?", err=True):
        raise click.ClickException("Nothing was erased.")
    identifier = "the address" if wanted.ticket is None else "the number"
    if not wanted.is_named(click.prompt(f"Type {identifier} once more", err=True)):
        raise click.ClickException("That doesn't match. Nothing was erased.")


def _print(database: Database, wanted: _Wanted, report: ErasureReport, *, as_json: bool, dry: bool) -> None:
    copies = copies_beside(database)
    if as_json:
        print_json({"forgotten": wanted.ticket or wanted.name, "dry_run": dry, **_counts(report), "copies": copies})
        return
    lines = _lines(wanted, report, dry=dry)
    if copies:
        lines.append(f"Copies of the database from before upgrades still hold it; delete {sentence_list(copies)}.")
    click.echo("\n".join(lines))


def _counts(report: ErasureReport) -> dict[str, object]:
    return {
        "messages": report.messages,
        "mails": report.mails,
        "attachments": report.attachments,
        "letters": report.letters,
        "tickets": report.tickets,
        "set_aside": report.set_aside,
        "queues": report.queues,
        "administrator": report.administrator,
        "assigned": report.assigned,
        "left": report.left._asdict(),
        "only_here": report.only_here,
    }


def _lines(wanted: _Wanted, report: ErasureReport, *, dry: bool) -> list[str]:
    """Return the lines that say what will be erased, or was."""
    counted = (
        _number(report.messages, "message"),
        f"{_number(report.mails, 'mail')} ({report.set_aside} of them set aside)",
        _number(report.attachments, "attachment"),
        _number(report.letters, "letter"),
    )
    goes = "Forgetting {} would erase" if dry else "Forgot {}: erased"
    lines = [f"{goes.format(one_line(wanted.title))} {sentence_list(counted)}."]
    lines += _about_ticket(report, dry=dry) if wanted.ticket else _about_person(report, dry=dry)
    return [*lines, *([] if dry else ["Backups, and mails that were sent, still have what was in them."])]


def _about_person(report: ErasureReport, *, dry: bool) -> list[str]:
    lines = [f"Tickets that they asked: {report.tickets}; these keep their numbers, statuses and dates."]
    if report.queues or report.administrator or report.assigned:
        offices = [f"answer for {sentence_list(report.queues)}"] if report.queues else []
        offices += ["administer the tracker"] if report.administrator else []
        offices += [f"have {_number(report.assigned, 'ticket')} assigned"] if report.assigned else []
        lines.append(f"They {sentence_list(offices)}{'; nobody stands in for them' if dry else ' no more'}.")
    if report.left.messages:
        is_one = report.left.messages == 1
        verb = "names or quotes" if is_one else "name or quote"
        subject = f"{_number(report.left.messages, 'message')} of others {verb} them"
        on = f"on ticket{'' if len(report.left.tickets) == 1 else 's'} {sentence_list(map(str, report.left.tickets))}"
        lines.append(f"{subject}, {on}: what others wrote stays, unless you forget the ticket.")
    if report.left.mails:
        lines.append(_on_no_ticket(report))
    return lines


def _on_no_ticket(report: ErasureReport) -> str:
    """What others wrote that stands nowhere where a ticket could be forgotten with it."""
    is_one = report.left.mails == 1
    aside = report.left.set_aside
    set_aside = (
        f": set aside as {sentence_list(map(str, aside))} (`tickets unmatched show {aside[0]}`)" if aside else ""
    )
    of_others = f"{_number(report.left.mails, 'mail')} of others on no ticket {'names' if is_one else 'name'} them"
    return f"{of_others}{set_aside}; {'it stays' if is_one else 'they stay'}."


def _about_ticket(report: ErasureReport, *, dry: bool) -> list[str]:
    more = report.tickets - 1
    merged = f"{_number(more, 'ticket')} that became part of it {'goes' if more == 1 else 'go'}"
    lines = [f"With it {merged}."] if more else []
    again = f"the number {'will not be' if dry else 'is not'} given again"
    lines.append(f"Its number, queue, status and dates stay; {again}, and mail to it is set aside.")
    if report.only_here:
        who = sentence_list(map(one_line, report.only_here))
        lines.append(f"People stay. Known through it alone: {who}; `tickets forget EMAIL` forgets them.")
    return lines


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
