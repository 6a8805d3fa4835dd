"""Commands of ours in the process of the tests: to start Python and load the program takes a third of a second."""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from mail_tickets.cli import main

ROOT = Path(__file__).parent.parent.parent


class _Terminal(io.TextIOWrapper):
    """Standard output that is looked at."""

    def isatty(self) -> bool:
        return True


def run_here(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    input_bytes: bytes = b"",
    *,
    folder: Path = ROOT,
    on_terminal: bool = False,
) -> "CompletedProcess[bytes]":
    """Run a command as a process would: with this environment, with this on standard input, in this folder."""
    arguments = [str(argument) for argument in command]
    out, err = io.BytesIO(), io.BytesIO()
    stdout = (_Terminal if on_terminal else io.TextIOWrapper)(out, encoding="utf-8")
    stdin, stderr = (io.TextIOWrapper(file, encoding="utf-8") for file in (io.BytesIO(input_bytes), err))
    status: object = 0
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr),
        chdir(folder),
    ):
        try:
            main(arguments)
        except SystemExit as ending:
            status = ending.code
        sys.stdout.flush()
        sys.stderr.flush()
        written = out.getvalue(), err.getvalue()
    assert isinstance(status, int)
    return CompletedProcess(arguments, status, *written)
