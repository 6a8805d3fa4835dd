"""The command `deliver`: one mail from a pipe, an alias or a file."""

import os
import sys
from collections.abc import Sequence
from typing import BinaryIO

import click

from ...config.build import build_intake
from ...config.current import current_settings
from ...transport.inbound.intake import MailIntake
from .. import EX_NOUSER, EX_UNAVAILABLE
from ..common import ready_database


@click.command("deliver")
@click.option("--to", "addresses", multiple=True, metavar="ADDRESS", help="The envelope's recipient.")
@click.option("--from", "envelope_from", metavar="ADDRESS", help="The envelope's sender; empty for a bounce.")
@click.argument("file", type=click.File("rb"), default="-")
def deliver_command(addresses: tuple[str, ...], envelope_from: str | None, file: BinaryIO) -> None:
    """Deliver one email from a file or standard input.

    For a pipe or an alias of a mail server. Without --to, the recipient is the one that the server noted: in the header
    X-Original-To, Envelope-To or Delivered-To, or in the environment (Postfix, Exim, qmail). Otherwise To and Cc count.

    Exit status: 0 stored, 67 no such address, 69 too large, 75 anything else (the server should try again).

    \b
    Examples:
      tickets deliver --to hello@tickets.example.org < mail.eml
      tickets deliver mail.eml
    """
    raw = _read(file, current_settings().max_message_bytes)
    with ready_database() as database:
        intake = build_intake(current_settings(), database)
        recipients = addresses or intake.recipients(raw, os.environ)
        if not intake.keep_unmatched:
            _refuse(intake, recipients)
        # As SMTP writes it: <> is the null reverse-path.
        intake.receive(raw, None if envelope_from is None else envelope_from.strip().strip("<>"), recipients)


def _read(file: BinaryIO, limit: int) -> bytes:
    """Return the mail; end with 69 if it has more bytes than the limit, however many more would come."""
    raw = file.read(limit + 1)
    if not raw:
        raise click.ClickException("There's no email: the input is empty.")
    if len(raw) > limit:
        click.echo(
            f"This email is too big (limit {limit} bytes). Send it without its large files, or raise "
            "TICKETS_MAX_MESSAGE_BYTES.",
            err=True,
        )
        sys.exit(EX_UNAVAILABLE)
    return raw


def _refuse(intake: MailIntake, recipients: Sequence[str]) -> None:
    """End with 67 if one of the addresses leads nowhere."""
    for address in recipients:
        if why := intake.refuses(address):
            click.echo(f"{address}: {why}", err=True)
            sys.exit(EX_NOUSER)
