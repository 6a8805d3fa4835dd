"""The command `tickets`: which module has which command, and how faults are told."""

import gc
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

import click

# Modules are loaded when their command is called: most commands need no mail server, and some no database. For the
# same reason the line that `tickets --help` prints stands here; a test compares it with what the command says itself.
COMMANDS = {
    "serve": ("running.serve", "Set up everything, then receive mail under Salmon until stopped."),
    "init": ("running.serve", "Create the database or bring it to this version."),
    "doctor": ("running.doctor", "Check settings, database, relay and listeners; say what to do."),
    "health": ("running.health", "Say in one line whether the tracker works; exit status 1 if not."),
    "backup": ("running.backup", "Copy the database into one file, while it is in use."),
    "demo": ("development.demo", "Play a conversation over real SMTP, in a database of its own."),
    "bench": ("development.bench", "Measure speed and memory on this machine."),
    "torture": ("development.torture", "Kill the server under load, again and again, and count what was lost."),
    "deliver": ("running.deliver", "Take in one mail, as from a pipe or an alias."),
    "queue": ("administration.people", "Queues and their addresses."),
    "person": ("administration.people", "People and their addresses."),
    "responder": ("administration.people", "Who answers for a queue."),
    "open": ("administration.tickets", "Open a ticket in somebody's name; print its number."),
    "list": ("administration.tickets", "List tickets, of every status unless one is named."),
    "search": ("administration.search", "Find tickets by their words: titles, texts, people, names of files."),
    "show": ("administration.tickets", "Show a ticket whole, or what one person may see of it."),
    "raw": ("administration.tickets", "Print the exact bytes of a message as they were received."),
    "act": ("administration.tickets", "Carry out any action of the workflow in somebody's name."),
    "set": ("administration.tickets", "Set things of a ticket in a responder's name."),
    "undo": ("administration.tickets", "Take back the last change of a ticket."),
    "merge": ("administration.tickets", "Make a ticket part of another one."),
    "expire": ("administration.tickets", "Let tickets expire on which nothing was posted for long."),
    "import": ("administration.import_", "Import old mail: one ticket a thread, original dates, no letters."),
    "export": ("administration.export", "Export a ticket, a queue or everything: exact mails, or JSON."),
    "forget": ("administration.forget", "Erase a person or a ticket, after asking twice."),
    "outbox": ("administration.outbox", "Letters on their way: list, send, retry."),
    "unmatched": ("administration.unmatched", "Mail set aside: list, show, redeliver, dismiss."),
    "lifecycle": ("administration.lifecycle", "Print the lifecycles from the tables that the tracker works by."),
}
# sysexits.h, as mail servers read them from a pipe.
EX_NOUSER, EX_UNAVAILABLE, EX_TEMPFAIL = 67, 69, 75
INTERRUPTED = 130

# Whose every module stays loaded till the end: it is never looked through for garbage, which would take 0.1 seconds.
_OWN_PROCESS = object()


class _Commands(click.Group):
    """Loads a command's module when the command is called, and none to list them all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        with _uncollected():
            module = import_module(f".{COMMANDS[cmd_name][0]}", __name__)
        if ctx.find_root().obj is _OWN_PROCESS:
            gc.freeze()
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


# Not `tickets`: loading the module of that name would take its place.
@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mail-tickets", prog_name="tickets", message="%(prog)s %(version)s")
def all_commands() -> None:
    """A ticket tracker that lives in e-mail."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a fault is one line on standard error, with exit status 1, or 2 for wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    status = _run(given, _OWN_PROCESS if arguments is None else None)
    # A mail server reads the exit status of `deliver`: 75 keeps the mail, 1 and 2 would lose it.
    if given[:1] == ["deliver"] and status not in (0, EX_NOUSER, EX_UNAVAILABLE):
        status = EX_TEMPFAIL
    if arguments is None:
        # Nor is all that the process has at its end.
        gc.freeze()
    sys.exit(status)


def _run(given: list[str], process: object) -> int:
    """Run a command and tell its fault, if any; the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Some terminals know no UTF-8: what they cannot show is no reason to stop.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = _invoke(given, process)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return 0 if given[:1] != ["deliver"] else EX_TEMPFAIL
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _told(error.format_message())
    except (KeyboardInterrupt, EOFError, click.Abort):
        return INTERRUPTED
    except Exception as error:
        return _told(in_one_line(error))
    return status


def _invoke(given: list[str], process: object) -> int:
    try:
        with all_commands.make_context("tickets", given, obj=process) as context:
            all_commands.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except SystemExit as ending:
        if isinstance(ending.code, str):
            return _told(ending.code)
        return ending.code or 0
    return 0


def _told(line: str) -> int:
    _discard_output_if_broken()
    with suppress(OSError):
        click.echo(line, err=True)
    return 1


def in_one_line(error: BaseException) -> str:
    """What went wrong, for a person: our own errors speak for themselves, the first line of a database's will do."""
    from ..mail.text import one_line

    if isinstance(error, UnicodeEncodeError):
        return f"{one_line(ascii(error.object))} is no text in UTF-8."
    if isinstance(error, OSError) and error.strerror:
        return one_line(f"{error.strerror}{f': {error.filename}' if error.filename else ''}")
    told: object = getattr(error, "orig", None) or (error.args[0] if error.args else "")
    line = next((one_line(line) for line in str(told).splitlines() if line.strip()), "")
    if type(error).__module__.partition(".")[0] == __name__.partition(".")[0] and line:
        return line
    if getattr(error, "orig", None) is not None:
        return f"The database cannot be used: {line}"
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


@contextmanager
def _uncollected() -> Iterator[None]:
    """Load modules without looking for garbage, of which there is none yet: that takes a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _discard_output_if_broken() -> None:
    """What could not be written (a full disk) is not tried again at the end, when Python would complain of it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _discard_output()


def _discard_output() -> None:
    """Whoever read our output has left; Python would complain of what it cannot write at the end."""
    with suppress(OSError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
