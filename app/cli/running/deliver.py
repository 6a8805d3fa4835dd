"""The command `deliver`: one mail from a pipe, an alias or a file."""

import os
import sys
from typing import BinaryIO

import click

from ...config.current import reading_now
from ...transport.inbound.handover import PIPE_VARIABLES, STORED, PipedMail, hand_over
from .. import EX_UNAVAILABLE


@click.command("deliver")
@click.option("--to", "addresses", multiple=True, metavar="ADDRESS", help="The envelope's recipient.")
@click.option("--from", "envelope_from", metavar="ADDRESS", help="The envelope's sender; empty for a bounce.")
@click.argument("file", type=click.File("rb"), default="-")
def deliver_command(addresses: tuple[str, ...], envelope_from: str | None, file: BinaryIO) -> None:
    """Deliver one email from a file or standard input.

    For a pipe or an alias of a mail server. Without --to, the recipient is the one that the server noted: in the header
    X-Original-To, Envelope-To or Delivered-To, or in the environment (Postfix, Exim, qmail). Otherwise To and Cc count.

    A running tracker takes the email; without one, this command stores it by itself.

    Exit status: 0 stored, 67 no such address, 69 too large, 75 anything else (the server should try again).

    \b
    Examples:
      tickets deliver --to hello@tickets.example.org < mail.eml
      tickets deliver mail.eml
    """
    reading = reading_now()
    raw = _read(file, reading.value("MAX_MESSAGE_BYTES"))
    # As SMTP writes it: <> is the null reverse-path.
    sender = None if envelope_from is None else envelope_from.strip().strip("<>")
    variables = {name: os.environ[name] for name in PIPE_VARIABLES if name in os.environ}
    mail = PipedMail(raw, sender, addresses, variables)
    outcome = hand_over(mail, reading.handover())
    if outcome is None:
        # Loaded here: with a running server none of it is needed.
        from .local_delivery import deliver_here

        outcome = deliver_here(mail)
    if outcome.status != STORED:
        click.echo(outcome.reason, err=True)
        sys.exit(outcome.status)


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
