"""This file holds what commands share: the database as the settings name it, output, and options."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from app.model.database import Database
    from app.model.desk import Desk

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@contextmanager
def working() -> Iterator["Desk"]:
    """A unit of work on the database that the settings name; committed at the end."""
    database = ready_database()
    try:
        with database.work() as desk:
            yield desk
    finally:
        database.close()


@contextmanager
def looking() -> Iterator["Desk"]:
    """A look at the database that the settings name."""
    database = ready_database()
    try:
        with database.look() as desk:
            yield desk
    finally:
        database.close()


def ready_database() -> "Database":
    """The database that the settings name; NotReady says what to do first."""
    from app.model.database import Database
    from app.model.schema import check_ready
    from config.current import current_settings

    settings = current_settings()
    database = Database(settings.database_url, settings.domain)
    check_ready(database)
    return database


def print_json(document: object) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[tuple[str, ...]], headings: tuple[str, ...]) -> None:
    """Print columns, each as wide as its widest cell; safe for a terminal, whoever wrote what is in them."""
    from app.model.text import one_line

    cleaned = [headings, *(tuple(one_line(cell, 200) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(headings))]
    for row in cleaned:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def text_argument(given: str | None) -> str | None:
    """The value of an option that reads standard input when given `-`."""
    return sys.stdin.read() if given == "-" else given


class IsoMoment(click.ParamType[datetime]):
    """A moment in ISO 8601; without a time zone it is UTC."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse it, or say how it would look."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date; it would be like 2026-11-21T17:00:00+00:00.", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def moment_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --date."""
    return click.option("--date", type=IsoMoment(), help="When it was written; now, if left out.")(function)
