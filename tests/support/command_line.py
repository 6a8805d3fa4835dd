"""The command line as documents and help texts show it: whether a line could be typed."""

import re
import shlex
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from mail_tickets.cli import COMMANDS, all_commands

FILES = re.compile(r"\S+\.(?:eml|mbox|asc)")


def command_named(name: str) -> click.Command:
    """Return the command of that name."""
    command: click.Command = getattr(import_module(f"mail_tickets.cli.{COMMANDS[name][0]}"), f"{name}_command")
    return command


def check_command(line: str, folder: Path) -> None:
    """Raise click.UsageError unless a line calls a command of ours with options and values that it takes.

    Files that the line reads are made in `folder`. What stands before the program's name, and behind a pipe, a
    redirection or four spaces, is left out.
    """
    for name in FILES.findall(line):
        (folder / name).touch()
    typed = re.split(r" {4,}| [|<>]+ | && | \|\| ", line.strip())[0]
    words = shlex.split(re.sub(r"^(?:.*?[\s/])??tickets(?: |$)", "", typed, count=1))
    with suppress(click.exceptions.Exit):  # --help and --version end a command.
        _parse(all_commands, "tickets", words, None)


def _parse(command: click.Command, name: str | None, words: list[str], parent: click.Context | None) -> None:
    with command.make_context(name, words, parent=parent) as context:
        if isinstance(command, click.Group) and (rest := context._protected_args + context.args):
            sub_name, sub_command, sub_words = command.resolve_command(context, rest)
            assert sub_command is not None
            _parse(sub_command, sub_name, sub_words, context)
