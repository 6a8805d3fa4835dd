"""The command `import`: old mail becomes tickets, one a thread."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size
from time import monotonic
from typing import TYPE_CHECKING

import click

from ...archive.importing.run import GATHERING, ImportProgress, ImportReport, ImportRequest, Tell, import_archive
from ...archive.reading.mbox import Dialect
from ...archive.reading.sources import STANDARD_INPUT, size_of
from ...config.current import current_settings
from ...mail.addresses import is_usable
from ...mail.text import one_line
from ...model.records.people import BadAddress
from ..common import PathName, json_option, print_json, print_rows, ready_database

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_EVERY_SECONDS = 5.0
# Of a directory with many other files, mail must not be lost from sight.
_MOST_OTHERS = 36
_LABEL = len(GATHERING)
_TEMPLATE, _UNMEASURED = "%(label)s  [%(bar)s]  %(info)s", "%(label)s  %(info)s"
# What stands beside a bar: the label, the signs around it, "100%", and "100,000 mails, 1,000/s, 1:00:00 left".
_BESIDE = _LABEL + 2 + 4 + 6 + 38


@click.command("import")
@click.argument("path", type=PathName())
@click.option("--queue", required=True, metavar="NAME", help="The queue of the new tickets.")
@click.option("--status", help="The status of the new tickets; resolved or Solved, if left out.")
@click.option(
    "--responder",
    "responders",
    multiple=True,
    metavar="EMAIL",
    help="Who answered at the time, besides the team.",
)
@click.option(
    "--dialect",
    type=click.Choice([dialect.value for dialect in Dialect]),
    help="The kind of mbox; found out if left out.",
)
@click.option("--dry-run", is_flag=True, help="Say what it would do, and change nothing.")
@json_option
def import_command(
    path: str,
    queue: str,
    status: str | None,
    responders: tuple[str, ...],
    dialect: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import old email (no emails are sent).

    PATH is an mbox, a Maildir, a folder of emails, one email, or - for standard input; each may be compressed with
    gzip. Every conversation becomes one ticket, with its original dates. Files that are no email, that can't be read,
    or that a mail program marked as deleted, spam, trash, draft or chat are named at the end.

    The same email is never imported twice, so an import that was interrupted goes on when you run it again. What
    `tickets export` wrote becomes the same tickets again, with new numbers.

    \b
    Examples:
      tickets import hello.mbox --queue Archive --dry-run
      tickets import hello.mbox --queue Archive --responder britta@example.org
    """
    for email in responders:
        if not is_usable(email.strip()):
            raise BadAddress("no_address", given=email)
    wanted = ImportRequest(
        path=path,
        queue=queue,
        limit=current_settings().max_message_bytes,
        status=status,
        responders=[email.strip() for email in responders],
        dialect=Dialect(dialect) if dialect else None,
        dry_run=dry_run,
    )
    with ready_database() as database, _progress() as tell:
        report = import_archive(database, wanted, None if path == STANDARD_INPUT else size_of(path), tell)
    if as_json:
        print_json(_json(report, dry_run=dry_run))
    else:
        _print(report, one_line(path, 1_000), dry_run=dry_run)


@contextmanager
def _progress() -> Iterator[Tell]:
    """How far it is, on standard error: a bar on a terminal, lines elsewhere."""
    teller = _Bar() if sys.stderr is not None and sys.stderr.isatty() else _Lines()
    try:
        yield teller.tell
    finally:
        teller.end()


class _Lines:
    """A line every few seconds."""

    def __init__(self) -> None:
        self._part = ""
        self._begun = self._told = monotonic()
        self._before = 0

    def tell(self, step: ImportProgress) -> None:
        """Say how far it is, if something was not said just now."""
        now = monotonic()
        if step.part != self._part:
            self._part, self._begun, self._before = step.part, now, step.mails
        if now - self._told >= _EVERY_SECONDS:
            self._told = now
            click.echo(f"{step.part}: {_pace(step, self._before, now - self._begun)}", err=True)

    def end(self) -> None:
        """Nothing is left to clean."""


def _pace(step: ImportProgress, before: int, seconds: float) -> str:
    """So many mails, how many a second, and how long it still takes."""
    words = f"{step.mails:,} mails"
    if seconds > 0 and step.mails > before:
        words += f", {(step.mails - before) / seconds:,.0f}/s"
    if step.total and 0 < step.done < step.total and seconds > 0:
        words += f", {_span(seconds * max(0, step.total - step.done) / step.done)} left"
    return words


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


class _Bar:
    """A bar for each part, with rate and remaining time."""

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None
        self._part = self._words = ""
        self._begun = 0.0
        self._before = self._done = 0

    def tell(self, step: ImportProgress) -> None:
        """Move the bar."""
        if step.part != self._part:
            self._open(step)
        self._words = _pace(step, self._before, monotonic() - self._begun)
        if self._bar is not None:
            self._bar.update(max(0, step.done - self._done))
            # Words alone may have changed: what is read ahead of counts as done.
            self._bar.render_progress()
            self._done = step.done

    def _open(self, step: ImportProgress) -> None:
        self.end()
        self._part, self._begun, self._done = step.part, monotonic(), 0
        self._before, self._words = step.mails, ""
        self._bar = click.progressbar(
            length=step.total or 0,
            label=step.part.ljust(_LABEL),
            bar_template=_TEMPLATE if step.total else _UNMEASURED,
            width=min(36, max(8, get_terminal_size().columns - _BESIDE)),
            show_eta=False,
            show_percent=bool(step.total),
            item_show_func=lambda _: self._words,
            file=sys.stderr,
        )
        self._bar.__enter__()

    def end(self) -> None:
        """Leave the line."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _json(report: ImportReport, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "mails": report.mails,
        "resumed": report.resumed,
        "duplicates": report.duplicates,
        "threads": report.threads,
        "tickets": report.tickets,
        "continued": report.continued,
        "unreadable": [{"where": where, "reason": reason} for where, reason in report.named],
        "passed_over": report.passed_over,
        "other_files": [{"where": where, "reason": reason} for where, reason in report.others],
        "seconds": round(report.took, 3),
        "parts": {part: round(seconds, 3) for part, seconds in report.seconds.items()},
        "slowest": report.slowest,
    }


def _print(report: ImportReport, path: str, *, dry_run: bool) -> None:
    rate = f" ({report.mails / report.took:,.0f} a second)" if report.took else ""
    slowest = f"{report.slowest} ({report.seconds[report.slowest]:.1f} of {report.took:.1f} seconds)"
    rows = [
        ("mails", f"{report.mails:,}{rate}"),
        ("duplicates", f"{report.duplicates:,}"),
        ("threads", f"{report.threads:,}"),
        ("new tickets", f"{report.tickets:,}"),
        ("tickets continued", f"{report.continued:,}"),
        ("unreadable", f"{report.unreadable:,}"),
        ("slowest part", slowest),
    ]
    if report.resumed:
        rows.insert(1, ("taken in before", f"{report.resumed:,}"))
    if report.passed_over:
        rows.insert(-1, ("other files", f"{report.passed_over:,}"))
    heading = "DRY RUN: NOTHING CHANGED" if dry_run else "IMPORTED"
    print_rows(rows, (heading, ""))
    for where, reason in report.named:
        click.echo(f"set aside: {where}: {reason}")
    for where, reason in report.others[:_MOST_OTHERS]:
        click.echo(f"passed over: {where}: {reason}")
    if report.passed_over > _MOST_OTHERS:
        click.echo(f"passed over: {report.passed_over - _MOST_OTHERS:,} more (--json names up to 1,000)")
    if not report.mails + report.unreadable:
        click.echo(f"There's no email at {path}.")
