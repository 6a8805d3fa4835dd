"""The command `deliver`: one mail from a pipe, an alias or a file."""

import sys
from collections.abc import Sequence
from typing import BinaryIO

import click

from config.build import build_intake
from config.current import current_settings

from ...transport.inbound.intake import MailIntake
from .. import EX_NOUSER, EX_UNAVAILABLE
from ..common import ready_database


@click.command("deliver", short_help="Take in one mail, as from a pipe or an alias.")
@click.option("--to", "addresses", multiple=True, metavar="ADDRESS", help="The envelope's recipient.")
@click.option("--from", "envelope_from", metavar="ADDRESS", help="The envelope's sender; empty for a bounce's.")
@click.argument("file", type=click.File("rb"), default="-")
def deliver_command(addresses: tuple[str, ...], envelope_from: str | None, file: BinaryIO) -> None:
    """Take in one mail.

    Exit status: 0 stored, 67 no such address, 69 too large, 75 any fault: then the sender is to try again.
    """
    raw = _read(file, current_settings().max_message_bytes)
    with ready_database() as database:
        intake = build_intake(current_settings(), database)
        recipients = addresses or intake.recipients(raw)
        if not intake.keep_unmatched:
            _refuse(intake, recipients)
        # As SMTP writes it: <> is the null reverse-path.
        intake.receive(raw, None if envelope_from is None else envelope_from.strip().strip("<>"), recipients)


def _read(file: BinaryIO, limit: int) -> bytes:
    """Return the mail; end with 69 if it has more bytes than the limit, however many more would come."""
    raw = file.read(limit + 1)
    if not raw:
        raise click.ClickException("There is no mail: nothing came in.")
    if len(raw) > limit:
        click.echo(
            f"The mail was not taken: it is larger than the {limit} bytes that TICKETS_MAX_MESSAGE_BYTES allows. "
            "Send it without its large files, or raise that setting.",
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
