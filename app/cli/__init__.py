"""This file holds the command `tickets`: which module has which command, and how faults are told."""

import sys
from importlib import import_module
from typing import Any

import click

# Modules are loaded when their command is called: most commands need no mail server, and some no database.
_MODULES = {
    "serve": "server",
    "init": "server",
    "doctor": "doctor",
    "demo": "demo",
    "bench": "bench",
    "deliver": "deliver",
    "queue": "people",
    "person": "people",
    "responder": "people",
    "open": "tickets",
    "list": "tickets",
    "show": "tickets",
    "raw": "tickets",
    "act": "tickets",
    "set": "tickets",
    "expire": "tickets",
    "outbox": "outbox",
    "unmatched": "unmatched",
    "lifecycle": "lifecycle",
}
# sysexits.h, as mail servers read them from a pipe.
EX_NOUSER, EX_TEMPFAIL = 67, 75


class _Commands(click.Group):
    """Loads a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table above."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"app.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def tickets() -> None:
    """A ticket tracker that lives in e-mail."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; a fault is one line on standard error, with exit status 1, or 2 for wrong usage."""
    given = sys.argv[1:] if arguments is None else arguments
    # A mail server reads the exit status of `deliver`: 75 keeps the mail, 1 and 2 would lose it.
    delivering = given[:1] == ["deliver"]
    try:
        tickets.main(given, prog_name="tickets", standalone_mode=False)
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.Abort:
        sys.exit(EX_TEMPFAIL if delivering else 130)
    except click.UsageError as error:
        error.show()
        sys.exit(EX_TEMPFAIL if delivering else 2)
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        sys.exit(EX_TEMPFAIL if delivering else 1)
    except BrokenPipeError:
        _leave_quietly(EX_TEMPFAIL if delivering else 0)
    except Exception as error:
        click.echo(_in_one_line(error), err=True)
        sys.exit(EX_TEMPFAIL if delivering else 1)


def _in_one_line(error: Exception) -> str:
    """What went wrong, for a person: our own errors speak for themselves, a database's first line says enough."""
    text: Any = getattr(error, "orig", None) or (error.args[0] if error.args else error)
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    told = lines[0] if lines else type(error).__name__
    return told if _is_ours(error) else f"{type(error).__name__}: {told}"


def _is_ours(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in ("app", "config")


def _leave_quietly(status: int) -> None:
    """Whoever read our output has left; Python would complain at the end."""
    sys.stdout = None
    sys.exit(status)
