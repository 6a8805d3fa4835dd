"""The command `tickets`: which module has which command, and how errors are printed."""

import gc
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

import click
from click.shell_completion import shell_complete

# A command's module is loaded when the command is called, so that each one starts fast. So the line that
# `tickets --help` prints stands here, too; a test compares it with the command's own.
GROUPS = {
    "Run": {
        "serve": ("running.serve", "Run the tracker (sets it up the first time)."),
        "courier": ("running.courier", "Send email, without receiving any."),
        "init": ("running.serve", "Create or upgrade the database."),
        "config": ("setting_up.config", "Show the settings and where they come from."),
        "try": ("running.try_out", "Watch a first conversation with the running tracker."),
        "service": ("setting_up.service", "Run the tracker as a service of systemd."),
        "deliver": ("running.deliver", "Deliver one email from a file or standard input."),
        "backup": ("running.backup", "Back up the database while it runs."),
        "restore": ("running.backup", "Put a backup in the place of the database."),
        "completion": ("running.completion", "Print the completion script for a shell."),
        "demo": ("development.demo", "Watch a sample conversation (nothing is kept)."),
    },
    "People and queues": {
        "person": ("administration.people", "Manage people and their addresses."),
        "queue": ("administration.queues", "Manage queues and their addresses."),
        "responder": ("administration.responders", "Manage a queue's team."),
        "login": ("administration.login", "Print a one-time link to the web pages."),
    },
    "Tickets": {
        "list": ("administration.tickets", "List tickets."),
        "search": ("administration.search", "Search tickets."),
        "show": ("administration.tickets", "Show a ticket (or only what one person can see)."),
        "raw": ("administration.tickets", "Print the original email of a message."),
        "open": ("administration.changes", "Open a ticket for someone."),
        "act": ("administration.changes", "Do something on a ticket as someone."),
        "set": ("administration.changes", "Change a ticket's queue, owner, subject, …"),
        "undo": ("administration.changes", "Undo the last change of a ticket."),
        "merge": ("administration.changes", "Merge a ticket into another one."),
        "digest": ("running.digest", "Write the daily emails that are due."),
        "expire": ("administration.changes", "Close tickets that nobody has written on for a while (run daily)."),
        "lifecycle": ("administration.lifecycle", "Print the rules: who can do what, and when."),
    },
    "Archive": {
        "import": ("administration.import_", "Import old email (no emails are sent)."),
        "export": ("administration.export", "Export tickets."),
        "forget": ("administration.forget", "Erase a person or a ticket for good."),
    },
    "Trouble": {
        "doctor": ("checking.doctor", "Check that everything works, and say how to fix it."),
        "health": ("checking.health", "One-line health check for monitoring (exit 1 if unhealthy)."),
        "outbox": ("administration.outbox", "Outgoing email: list, send, retry."),
        "unmatched": ("administration.unmatched", "Email that matched no address: list, show, redeliver, dismiss."),
    },
    "For developers": {
        "bench": ("development.bench", "Benchmarks."),
        "torture": ("development.torture", "Crash tests."),
    },
}
COMMANDS = {name: command for commands in GROUPS.values() for name, command in commands.items()}
_WIDEST = max(map(len, COMMANDS))
# sysexits.h, as mail servers read them from a pipe.
EX_NOUSER, EX_UNAVAILABLE, EX_TEMPFAIL = 67, 69, 75
INTERRUPTED = 130
# The variable in which a shell asks for completions, as click names it.
_COMPLETION = "_TICKETS_COMPLETE"

# Whose every module stays loaded till the end: it is never looked through for garbage, which would take 0.1 seconds.
_OWN_PROCESS = object()


class _Commands(click.Group):
    """Loads a command's module when the command is called, and none to list them all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        with _uncollected():
            module = import_module(f".{COMMANDS[cmd_name][0]}", __name__)
        if ctx.find_root().obj is _OWN_PROCESS:
            gc.freeze()
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table above, group by group."""
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(_WIDEST), summary) for name, (_, summary) in commands.items()])


# Not `tickets`: loading the module of that name would take its place.
@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mail-tickets", prog_name="tickets", message="%(prog)s %(version)s")
def all_commands() -> None:
    """Tickets by email.

    \b
    Start here:
      tickets serve                  run it, and read the line that it says to try
      tickets doctor                 check everything
      tickets COMMAND --help         what a command does, with examples
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a fault is one line on standard error, with exit status 1, or 2 for wrong usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    status = _run(words, _OWN_PROCESS if arguments is None else None)
    # A mail server reads the exit status of `deliver`: 75 keeps the mail, 1 and 2 would lose it.
    if words[:1] == ["deliver"] and status not in (0, EX_NOUSER, EX_UNAVAILABLE):
        status = EX_TEMPFAIL
    if arguments is None:
        # Nor is all that the process has at its end.
        gc.freeze()
    sys.exit(status)


def _run(words: list[str], process: object) -> int:
    """Run a command and tell its fault, if any; the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Some terminals know no UTF-8: what they cannot show is no reason to stop.
        sys.stdout.reconfigure(errors="backslashreplace")
    if _COMPLETION in os.environ:
        return shell_complete(all_commands, {}, "tickets", _COMPLETION, os.environ[_COMPLETION])
    try:
        status = _invoke(words, process)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return 0 if words[:1] != ["deliver"] else EX_TEMPFAIL
    except click.UsageError as error:
        click.UsageError(_safe_line(error.format_message()), error.ctx).show()
        return 2
    except click.ClickException as error:
        return _fail_with(error.format_message())
    except (KeyboardInterrupt, EOFError, click.Abort):
        return INTERRUPTED
    except Exception as error:
        return _fail_with(in_one_line(error))
    return status


def _invoke(words: list[str], process: object) -> int:
    try:
        # Whoever types nothing asks what there is.
        with all_commands.make_context("tickets", words or ["--help"], obj=process) as context:
            all_commands.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except SystemExit as ending:
        if isinstance(ending.code, str):
            return _fail_with(ending.code)
        return ending.code or 0
    return 0


def _fail_with(line: str) -> int:
    _discard_output_if_broken()
    with suppress(OSError):
        click.echo(_safe_line(line), err=True)
    return 1


def _safe_line(message: str) -> str:
    """Return a message without what a terminal would obey: it names arguments, which may come out of a mail."""
    from ..mail.text import printable

    return printable(message)


def in_one_line(error: BaseException) -> str:
    """What went wrong, for a person: our own errors speak for themselves, the first line of a database's will do."""
    from ..mail.text import one_line

    if isinstance(error, UnicodeEncodeError):
        return f"{one_line(ascii(error.object))} is no text in UTF-8."
    if isinstance(error, OSError) and error.strerror:
        return one_line(f"{error.strerror}{f': {error.filename}' if error.filename else ''}")
    cause: object = getattr(error, "orig", None) or error
    line = next((one_line(line) for line in str(cause).splitlines() if line.strip()), "")
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
    """Flush output, and send the rest to /dev/null if that fails (a full disk): Python would complain at the end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _discard_output()


def _discard_output() -> None:
    """Send output to /dev/null: its reader has closed the pipe, and Python would complain at the end."""
    with suppress(OSError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
