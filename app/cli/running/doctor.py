"""The command `doctor`: what is wrong with this installation, and what to do about it."""

import sys

import click

from ...mail.text import one_line
from .. import in_one_line
from ..common import json_option, print_json
from .doctor_checks import Check, Finding, Level, checks


@click.command("doctor", short_help="Check settings, database, relay and listeners; say what to do.")
@json_option
def doctor_command(as_json: bool) -> None:
    """Check settings, database, relay, listeners and what waits; exit status 1 if anything is wrong."""
    findings = [finding for about, check in checks() for finding in _looked(about, check)]
    if as_json:
        print_json([{"level": one.level, "about": one.about, "text": one.text} for one in findings])
    else:
        width = max(len(one.about) for one in findings)
        for one in findings:
            click.echo(f"{one.level:<7}  {one.about:<{width}}  {one.text}")
    sys.exit(any(one.level is Level.WRONG for one in findings))


def _looked(about: str, check: Check) -> list[Finding]:
    """What a check finds, each on one line that a terminal can show; a check that fails has found something too."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except Exception as error:
        found.append(Finding(Level.WRONG, about, f"{in_one_line(error).rstrip('.')}."))
    return [one._replace(text=one_line(one.text)) for one in found]
