"""Commands of ours in the process of the tests: to start Python and load the program takes a third of a second."""

import io
import os
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from mail_tickets.cli import main

ROOT = Path(__file__).parent.parent.parent


def run_here(
    command: tuple[str | Path, ...], environment: Mapping[str, str], given: bytes = b""
) -> "CompletedProcess[bytes]":
    """Run a command from the repository root as a process would: with this environment and standard input."""
    arguments = [str(argument) for argument in command]
    out, err = io.BytesIO(), io.BytesIO()
    streams = {"stdin": io.BytesIO(given), "stdout": out, "stderr": err}
    status: object = 0
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.multiple(sys, **{name: io.TextIOWrapper(file, encoding="utf-8") for name, file in streams.items()}),
        chdir(ROOT),
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
