"""The command `export`: tickets as an mbox of their exact mails, or as JSON Lines."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from ...archive.export import ExportPiece, ExportScope, documents_of, find_scope, mbox_of
from ...model.storage.database import Database
from ...model.storage.disk import new_draft, put_in_place
from ..common import Number, PathName, json_text, print_all, ready_database


@click.command("export")
@click.argument("number", type=Number(), required=False)
@click.option("--queue", help="Only the tickets of this queue.")
@click.option(
    "--format", "form", type=click.Choice(["mbox", "jsonl"]), default="mbox", show_default=True, help="Which format."
)
@click.option(
    "--output",
    type=PathName(path_type=Path),
    metavar="PATH",
    help="Write to this new file; otherwise to standard output.",
)
def export_command(number: int | None, queue: str | None, form: str, output: Path | None) -> None:
    """Export tickets.

    Exports ticket NUMBER, a queue, or everything. An mbox has the exact emails; messages that didn't come by email are
    written as one. `tickets import` makes the same tickets of it in another tracker; imported here, it adds nothing.
    jsonl has one line per ticket, as `tickets show NUMBER --json` prints it.

    \b
    Examples:
      tickets export --output all.mbox
      tickets export 12
      tickets export --queue Archive --format jsonl --output archive.jsonl
    """
    if number is not None and queue is not None:
        raise click.UsageError("Give a ticket or --queue, not both.")
    with ready_database() as database:
        scope = find_scope(database, number, queue, mails=form == "mbox")
        content = _mbox(database, scope) if form == "mbox" else _lines(database, scope)
        if output is None:
            print_all(piece.content for piece in content)
            return
        mails = tickets = 0
        with _new_file(output) as file:
            for piece in content:
                file.write(piece.content)
                mails, tickets = mails + piece.mails, tickets + piece.tickets
    amount = f"{_counted(mails, 'mail')} of {_counted(tickets, 'ticket')}" if mails else _counted(tickets, "ticket")
    click.echo(f"Exported to {output}: {amount}")


def _mbox(database: Database, scope: ExportScope) -> Iterator[ExportPiece]:
    return mbox_of(database, scope)


def _lines(database: Database, scope: ExportScope) -> Iterator[ExportPiece]:
    for document in documents_of(database, scope):
        yield ExportPiece(f"{json_text(document)}\n".encode(), 0, 1)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file for this account alone that appears when it is whole; one that is there already is never replaced."""
    if os.path.lexists(path):
        raise click.ClickException(f"{path} already exists. Choose another file.")
    if not path.parent.is_dir():
        raise click.ClickException(f"There's no folder {path.parent}.")
    draft = new_draft(path)
    try:
        with draft.open("wb") as file:
            yield file
        put_in_place(draft, path)
    except FileExistsError:
        raise click.ClickException(f"{path} already exists. Choose another file.") from None
    finally:
        draft.unlink(missing_ok=True)
