"""The command `search`: full text over titles, texts, people and names of files."""

from collections.abc import Iterator
from typing import Any

import click

from ...mail.text import one_line
from ...model.records.people import get_person
from ...model.search.hit_json import found_summaries
from ...model.search.indexer import catch_up_soon
from ...model.search.query import read_query, what_counts
from ...model.search.search import Hit, SearchResult, remaining_hits, search
from ...model.search.snippets import Snippet
from ...model.search.time_limit import within
from ...model.storage.database import Database
from ..common import json_option, print_json, ready_database
from ..filter_options import filter_of, filter_options
from ..output.table_layout import bold, cut, terminal_width

_MANY = 10_000
# Below the bound that every statement has on PostgreSQL.
_SECONDS = 20.0
# So long somebody waits for another process that writes.
_TURN_SECONDS = 1.0


# An exclusion begins like an option: `-h` is one only where nothing else is asked for.
@click.command(
    "search",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.option("--as", "email", metavar="EMAIL", help="Only what this person can see.")
@filter_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Show at most this many.")
@json_option
def search_command(words: tuple[str, ...], email: str | None, limit: int, as_json: bool, **filters: Any) -> None:
    """Search tickets.

    Finds messages with all your words: in the text, the ticket's title, the writer's name and the names of files. The
    best matches come first. If nothing matches exactly, words that start the same way count.

    \b
      '"exact phrase"'   print* (starts with)   -fax (without)   toner OR ink (either)

    \b
    Examples:
      tickets search toner printer
      tickets search '"printer is empty"' --queue General --since 2026-01-01
    """
    if words == ("-h",):
        click.echo(click.get_current_context().get_help())
        return
    if not words:
        raise click.UsageError("Name at least one word. Without words, tickets list takes the same filters.")
    query = read_query(" ".join(words))
    if not query:
        _say_nothing(as_json=as_json)
        return
    with ready_database() as database:
        _catch_up(database)
        with database.read_only() as uow:
            viewer = get_person(uow, email) if email is not None else None
            with within(uow, _SECONDS) as deadline:
                result = search(uow, query, filter_of(uow, **filters), viewer, limit, deadline)
            for sentence in what_counts(query):
                click.echo(sentence.english, err=True)
            if as_json:
                _tell(result, limit, to_error=True)
                print_json(found_summaries(uow, result.hits))
            else:
                _print(result, limit)


def _say_nothing(*, as_json: bool) -> None:
    click.echo("Nothing to search for.", err=as_json)
    if as_json:
        print_json([])


def _catch_up(database: Database) -> None:
    """Bring the index into step; where that takes longer, say so."""

    def tell(count: int, due: int) -> None:
        if due > _MANY and count // _MANY != (count - 1) // _MANY:
            click.echo(f"indexing messages: {count:,} of {due:,}", err=True)

    if not catch_up_soon(database, _TURN_SECONDS, tell):
        click.echo("The database is busy: some of the newest messages are not indexed yet.", err=True)


def _print(result: SearchResult, limit: int) -> None:
    if not result.hits:
        click.echo("No matches.")
        return
    if result.loosened:
        click.echo(_LOOSENED)
    width = max(len(str(hit.ticket.id)) for hit in result.hits)
    for hit in result.hits:
        for line in _lines(hit, width):
            click.echo(line)
    _tell(result._replace(loosened=False), limit, to_error=False)


_LOOSENED = "No exact matches. These come close:"


def _tell(result: SearchResult, limit: int, *, to_error: bool) -> None:
    """Say what the list itself does not."""
    if result.loosened:
        click.echo(_LOOSENED, err=to_error)
    if result.total > limit or result.more:
        rest = "; ".join(clause.english for clause in remaining_hits(result))
        click.echo(f"{rest}; --limit shows more than {limit}.", err=to_error)


def _lines(hit: Hit, width: int) -> Iterator[str]:
    """A ticket in two lines: what it is, and what was found of it."""
    message, ticket = hit.message, hit.ticket
    private = " [private]" if message.private else ""
    head = f"{str(ticket.id).rjust(width)}  {ticket.status}  {message.date:%Y-%m-%d}  {one_line(ticket.queue.name)}: "
    yield _fitted(hit.title.after(head))
    who = "the tracker" if hit.writer is None else one_line(hit.writer, 100)
    line_start = f"{' ' * width}  #{hit.number} {who}{private}"
    yield _fitted(hit.snippet.after(f"{line_start}: " if hit.snippet.text else line_start))


def _fitted(line: Snippet) -> str:
    """A line as wide as the terminal at most, with what was asked for in bold."""
    width = terminal_width()
    if width is None or (part := cut(line.text, width)) == line.text:
        return line.marked(bold)
    end = len(part) - 1
    marks = tuple((start, min(stop, end)) for start, stop in line.marks if start < end)
    return line._replace(text=part, marks=marks).marked(bold)
