"""The command `doctor`: check this installation, and say how to fix it."""

import sys

import click

from ...mail.text import one_line
from .. import in_one_line
from ..common import json_option, print_json
from .doctor_checks import checks
from .findings import Check, Finding, Level


@click.command("doctor")
@json_option
def doctor_command(as_json: bool) -> None:
    """Check that everything works, and say how to fix it.

    Levels: ok, warn (works, but look at it) and FAIL (fix it). The exit status is 1 if anything is FAIL.

    \b
    Example:
      tickets doctor
    """
    findings = [finding for about, check in checks() for finding in _findings(about, check)]
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        width = max(len(finding.about) for finding in findings)
        for level, about, text in findings:
            click.echo(f"{level:<4}  {about:<{width}}  {text}")
        click.echo(_verdict([finding.level for finding in findings]))
    sys.exit(any(finding.level is Level.FAIL for finding in findings))


def _verdict(levels: list[Level]) -> str:
    """Return the last line: how many problems and warnings there are."""
    problems, warnings = levels.count(Level.FAIL), levels.count(Level.WARN)
    warned = f"{warnings} warning{'' if warnings == 1 else 's'}"
    if problems:
        problem = "1 problem: fix it" if problems == 1 else f"{problems} problems: fix them"
        return f"{problem} before mail arrives.{f' {warned}.' if warnings else ''}"
    return f"{warned}." if warnings else "All good."


def _findings(about: str, check: Check) -> list[Finding]:
    """Return what a check says, each on one line; a check that raises is a finding too."""
    findings: list[Finding] = []
    try:
        findings.extend(check())
    except Exception as error:
        findings.append(Finding(Level.FAIL, about, f"{in_one_line(error).rstrip('.')}."))
    return [finding._replace(text=one_line(finding.text)) for finding in findings]
