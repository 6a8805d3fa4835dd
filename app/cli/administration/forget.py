"""The command `forget`: erase a person or a ticket, after being asked twice."""

import sys
from dataclasses import dataclass
from functools import partial

import click

from ...mail.addresses import address_key
from ...mail.text import one_line
from ...model.erasure.erase_person import Forgotten, carry_out, forget_person, rehearse
from ...model.erasure.erase_ticket import forget_ticket
from ...model.erasure.vacuum import NotSwept, copies_beside, sweep
from ...model.lifecycle.tables import listed
from ...model.storage.database import Database
from ...model.storage.unit_of_work import Desk
from ..common import Number, json_option, print_json, ready_database


@dataclass(frozen=True)
class _Wanted:
    """What is to be forgotten, as it was named; `ticket` is None for a person."""

    name: str
    ticket: int | None

    def __call__(self, desk: Desk) -> Forgotten:
        return forget_person(desk, self.name) if self.ticket is None else forget_ticket(desk, self.ticket)

    @property
    def title(self) -> str:
        """As it is named in a sentence."""
        return self.name if self.ticket is None else f"ticket {self.ticket}"

    def is_named(self, again: str) -> bool:
        """Whether it was typed once more, and rightly."""
        return address_key(again.strip().removeprefix("#")) == address_key(self.name.strip())


@click.command("forget", short_help="Erase a person or a ticket, after asking twice.")
@click.argument("email", required=False)
@click.option("--ticket", type=Number(), metavar="N", help="Forget this ticket instead of a person.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", count=True, help="Twice, as in --yes --yes: ask nothing. Once: ask only to type the name again.")
@click.option("--sweep", "sweeps", is_flag=True, help="Only clear the files of what a run before has erased.")
@json_option
def forget_command(email: str | None, ticket: int | None, dry_run: bool, yes: int, sweeps: bool, as_json: bool) -> None:
    """Erase a person, named by any address of theirs, or a ticket: words, files, exact mails, letters. For good.

    Messages of a person stay as numbered places with a line that says so, and what others wrote stays as it is: where
    it names them, the tickets and the mails set aside are listed. Of a ticket its number, queue, status and dates are
    left. It asks twice; without a terminal it wants --yes --yes. Backups, and mails that were sent, are not ours to
    erase.
    """
    if (email is not None) + (ticket is not None) + sweeps != 1:
        raise click.UsageError("Name either an address or --ticket N.")
    with ready_database() as database:
        if sweeps:
            sweep(database)
            return
        wanted = _Wanted(email if email is not None else str(ticket), ticket)
        if dry_run:
            _print(database, wanted, rehearse(database, wanted), as_json=as_json, dry=True)
        else:
            _forget(database, wanted, yes, as_json=as_json)


def _forget(database: Database, wanted: _Wanted, yes: int, *, as_json: bool) -> None:
    _ask(database, wanted, yes)
    told = carry_out(database, wanted)
    trouble = ""
    try:
        sweep(database)
    except NotSwept as error:
        trouble = str(error)
    _print(database, wanted, told, as_json=as_json, dry=False)
    if trouble:
        raise click.ClickException(trouble)


def _ask(database: Database, wanted: _Wanted, yes: int) -> None:
    """Ask twice, on a terminal; without one both answers must have been given."""
    if yes > 1:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("Nothing was erased: without a terminal to ask on, it takes --yes --yes.")
    say = partial(click.echo, err=True)
    say("\n".join(_lines(wanted, rehearse(database, wanted), dry=True)))
    if not yes and not click.confirm("Erase all of this, for good?", err=True):
        raise click.ClickException("Nothing was erased.")
    what = "the address" if wanted.ticket is None else "the number"
    if not wanted.is_named(click.prompt(f"Type {what} once more", err=True)):
        raise click.ClickException(f"That is not {wanted.title}: nothing was erased.")


def _print(database: Database, wanted: _Wanted, told: Forgotten, *, as_json: bool, dry: bool) -> None:
    copies = copies_beside(database)
    if as_json:
        print_json({"forgotten": wanted.ticket or wanted.name, "dry_run": dry, **_counts(told), "copies": copies})
        return
    lines = _lines(wanted, told, dry=dry)
    if copies:
        lines.append(f"Copies of the database from before upgrades still hold it; delete {listed(copies)}.")
    click.echo("\n".join(lines))


def _counts(told: Forgotten) -> dict[str, object]:
    return {
        "messages": told.messages,
        "mails": told.mails,
        "attachments": told.attachments,
        "letters": told.letters,
        "tickets": told.tickets,
        "set_aside": told.set_aside,
        "queues": told.queues,
        "administrator": told.administrator,
        "assigned": told.assigned,
        "left": told.left._asdict(),
        "only_here": told.only_here,
    }


def _lines(wanted: _Wanted, told: Forgotten, *, dry: bool) -> list[str]:
    """What goes, or went, for a person to read."""
    counted = (
        _number(told.messages, "message"),
        f"{_number(told.mails, 'mail')} ({told.set_aside} of them set aside)",
        _number(told.attachments, "attachment"),
        _number(told.letters, "letter"),
    )
    goes = "Forgetting {} would erase" if dry else "Forgot {}: erased"
    lines = [f"{goes.format(one_line(wanted.title))} {listed(counted)}."]
    lines += _about_ticket(told, dry=dry) if wanted.ticket else _about_person(told, dry=dry)
    return [*lines, *([] if dry else ["Backups, and mails that were sent, still have what was in them."])]


def _about_person(told: Forgotten, *, dry: bool) -> list[str]:
    lines = [f"Tickets that they asked: {told.tickets}; these keep their numbers, statuses and dates."]
    if told.queues or told.administrator or told.assigned:
        offices = [f"answer for {listed(told.queues)}"] if told.queues else []
        offices += ["administer the tracker"] if told.administrator else []
        offices += [f"have {_number(told.assigned, 'ticket')} assigned"] if told.assigned else []
        lines.append(f"They {listed(offices)}{'; nobody stands in for them' if dry else ' no more'}.")
    if told.left.messages:
        one = told.left.messages == 1
        what = (
            f"{_number(told.left.messages, 'message')} of others {'names or quotes' if one else 'name or quote'} them"
        )
        on = f"on ticket{'' if len(told.left.tickets) == 1 else 's'} {listed(map(str, told.left.tickets))}"
        lines.append(f"{what}, {on}: what others wrote stays, unless you forget the ticket.")
    if told.left.mails:
        lines.append(_on_no_ticket(told))
    return lines


def _on_no_ticket(told: Forgotten) -> str:
    """What others wrote that stands nowhere where a ticket could be forgotten with it."""
    one = told.left.mails == 1
    aside = told.left.set_aside
    which = f": set aside as {listed(map(str, aside))} (`tickets unmatched show {aside[0]}`)" if aside else ""
    of_others = f"{_number(told.left.mails, 'mail')} of others on no ticket {'names' if one else 'name'} them"
    return f"{of_others}{which}; {'it stays' if one else 'they stay'}."


def _about_ticket(told: Forgotten, *, dry: bool) -> list[str]:
    more = told.tickets - 1
    what = f"{_number(more, 'ticket')} that became part of it {'goes' if more == 1 else 'go'}"
    lines = [f"With it {what}."] if more else []
    again = f"the number {'will not be' if dry else 'is not'} given again"
    lines.append(f"Its number, queue, status and dates stay; {again}, and mail to it is set aside.")
    if told.only_here:
        who = listed(map(one_line, told.only_here))
        lines.append(f"People stay. Known through it alone: {who}; `tickets forget EMAIL` forgets them.")
    return lines


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
