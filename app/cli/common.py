"""What commands share: the database as the settings name it, output, and options."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from ..config.current import current_settings
from ..mail.addresses import Mailbox, mailboxes
from ..mail.body_parts.charsets import from_bytes
from ..model.schema import check_ready
from ..model.storage.base import MAX_ID
from ..model.storage.database import Database
from ..model.storage.unit_of_work import Trust, UnitOfWork
from .output.table_layout import bold, laid_out, terminal_width

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

# A table is for people; whoever reads more of it by a program takes JSON, which is whole.
_MOST_ROWS = 1_000

# Printable to Python or not: what a terminal would obey, and what is no character at all.
_OBEYED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@contextmanager
def open_transaction() -> Iterator[UnitOfWork]:
    """Yield a unit of work on the database that the settings name, and commit it."""
    with ready_database() as database, database.transaction() as uow:
        yield uow


@contextmanager
def open_read_only() -> Iterator[UnitOfWork]:
    """Yield a unit of work that only reads the database that the settings name."""
    with ready_database() as database, database.read_only() as uow:
        yield uow


@contextmanager
def ready_database() -> Iterator[Database]:
    """Yield the database that the settings name, and close it. Raises NotReady, whose text says what to do first."""
    settings = current_settings()
    trust = Trust(settings.trust, settings.authserv_id)
    opened = Database(settings.database_url, settings.domain, trust=trust, web_url=settings.web_url)
    with closing(opened) as database:
        check_ready(database)
        yield database
        if database.has_written and not database.is_sqlite:
            # Loaded here: only PostgreSQL can tell another process at once.
            from ..model.storage.notices import tell_couriers

            tell_couriers(database)


def print_json(document: object) -> None:
    """Print one JSON document; safe for a terminal, and UTF-8 where that is what standard output takes."""
    text = json.dumps(document, ensure_ascii=not _prints_unicode(), indent=2)
    click.echo(_escaped(text))


def print_json_array(documents: Iterable[object]) -> None:
    """Print one JSON array, each of its documents in a line as it comes: no more than one is in memory."""
    unicode_output = _prints_unicode()
    before = "["
    for document in documents:
        click.echo(f"{before}{_escaped(json.dumps(document, ensure_ascii=not unicode_output))}", nl=False)
        before = ",\n "
    click.echo("]" if before != "[" else "[]")


def json_text(document: object) -> str:
    """One JSON document in one line, safe for a terminal and for whoever splits text into lines."""
    return _escaped(json.dumps(document, ensure_ascii=False))


def _prints_unicode() -> bool:
    return getattr(sys.stdout, "encoding", None) in ("utf-8", "UTF-8")


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def print_rows(rows: Sequence[tuple[str, ...]], headings: tuple[str, ...], empty: str = "") -> None:
    """Print columns, safe for a terminal, whoever wrote what is in them; without rows one line, `empty` if it is given.

    On a terminal they are cut to its width, elsewhere not at all.
    """
    if not rows and empty:
        click.echo(empty)
        return
    heading, *lines = laid_out(rows, headings, terminal_width())
    click.echo("\n".join([bold(heading), *lines]))


def print_bytes(*pieces: bytes) -> None:
    """Write exact bytes to standard output; see `print_all`."""
    print_all(pieces)


def print_all(pieces: Iterable[bytes]) -> None:
    """Write exact bytes to standard output, piece by piece; ask once before a terminal gets what it would obey."""
    if sys.stdout is None:
        raise click.ClickException("There is no standard output to write to.")
    asks = sys.stdout.isatty()
    for raw in pieces:
        if asks and _OBEYED.search(raw):
            if not click.confirm("This has control characters that a terminal obeys. Print it?", err=True):
                raise click.ClickException("Nothing was printed. Write it to a file instead.")
            asks = False
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()


def text_argument(argument: str) -> str:
    """The value of an option that reads standard input when given `-`; what is no UTF-8 there is read as can be."""
    if argument != "-":
        return argument
    if sys.stdin is None:
        raise click.ClickException("There is no standard input to read from.")
    return from_bytes(sys.stdin.buffer.read())


def mailbox_of(text: str) -> Mailbox:
    """The one person that an argument names, by an address alone or by `Name <address>`."""
    parsed = mailboxes(text) if text.rstrip().endswith(">") else []
    return parsed[0] if len(parsed) == 1 else Mailbox("", text.strip())


class Number(click.ParamType[int]):
    """The number of a ticket, message, letter or mail."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse it. Nothing has a number that is too large for the database: that is no wrong usage."""
        digits = str(value)
        if not (digits.isascii() and digits.isdigit()):
            self.fail(f'"{value}" is not a number.', param, ctx)
        if len(digits) > len(str(MAX_ID)) or not 0 < int(digits) <= MAX_ID:
            raise click.ClickException(f"There's no number {digits[:40]}.")
        return int(digits)


class PathName(click.Path[Any]):
    """A path, which is never empty: a shell's variable that is not set would name the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path as click.Path does."""
        if not os.fspath(value):
            self.fail("the path is empty. Give the name of a file.", param, ctx)
        return super().convert(value, param, ctx)


class IsoMoment(click.ParamType[datetime]):
    """A moment in ISO 8601; without a time zone it is UTC."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse it, or say how it would look."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f'"{value}" is not a date. Use one like 2026-11-21T17:00:00+00:00.', param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class IsoDay(IsoMoment):
    """A date or a moment in ISO 8601. A date alone is its beginning, or with `whole` the beginning of the next day."""

    def __init__(self, *, whole: bool = False) -> None:
        self.whole = whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse it, or say how it would look."""
        moment = super().convert(value, param, ctx)
        # A moment that is named counts itself; where only a day is, all of it.
        span = timedelta(days=1) if re.fullmatch(r"[0-9W-]+", str(value)) else timedelta(microseconds=1)
        try:
            return moment.astimezone(UTC) + (span if self.whole else timedelta(0))
        except OverflowError:
            self.fail(f'"{value}" is too far away for a date.', param, ctx)


def limit_option(plural: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --limit of a table, or of one ticket's messages."""
    return click.option(
        "--limit",
        type=click.IntRange(1),
        default=_MOST_ROWS,
        show_default=True,
        help=f"Show at most this many {plural}; --json always has all.",
    )


def tell_older(count: int, noun: str) -> None:
    """Say how many older things a bounded table leaves out; nothing if there are none."""
    if count > 0:
        click.echo(f"{count:,} older {noun}{'' if count == 1 else 's'} left out: --limit shows more.")


def moment_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --date."""
    return click.option("--date", type=IsoMoment(), help="When it was written; now, if left out.")(function)
