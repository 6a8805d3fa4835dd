"""The commands `serve` and `init`."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from config.current import current_settings
from config.parsing import ROOT

from ...model.records.queues import responders
from ...model.setup import first_queues
from ...model.storage.database import Database

if TYPE_CHECKING:
    from ...transport.inbound.receiver import Listener


@click.command("init", short_help="Create the database or bring it to this version.")
def init_command() -> None:
    """Create the database or bring it to this version; a new one gets the first queues."""
    settings = current_settings()
    with closing(Database(settings.database_url, settings.domain)) as database:
        new = first_queues(database, lambda line: click.echo(line, err=True))
    click.echo(f"{'Made' if new else 'Ready:'} {database.url.render_as_string()}")


@click.command("serve")
def serve_command() -> None:
    """Set up everything, then receive mail under Salmon until stopped."""
    from salmon import utils

    settings = current_settings()
    live = utils.import_settings(boot_also=True)
    receiver = live.receiver
    receiver.started = lambda listeners: _greet(listeners, settings.relay, receiver.intake.database)
    try:
        receiver.start()
    except OSError as error:
        sys.exit(f"Cannot listen: {error.strerror or error}. TICKETS_LISTEN says where to.")
    finally:
        receiver.intake.database.close()


def _greet(listeners: "Sequence[Listener]", relay: str, database: Database) -> None:
    """Say where mail comes in, where letters go, and how to try it."""
    from ...transport.outbound.relays import relay_from_url

    click.echo(f"Receiving mail for {database.domain} at {', '.join(map(str, listeners))}")
    click.echo(f"Letters go to {relay_from_url(relay, root=ROOT)}")
    smtp = next((listener for listener in listeners if listener.scheme == "smtp"), None)
    # The database may go away at any moment. Mail is then told to come again; a greeting is no reason to end.
    with suppress(SQLAlchemyError):
        if smtp is not None:
            click.echo(f"Try it:  {_first_mail(smtp, database)}")
    sys.stdout.flush()


def _first_mail(smtp: "Listener", database: Database) -> str:
    """One line for a shell: somebody answers for General, and a first mail comes in."""
    to = f"hello@{database.domain}"
    mail = f"From: Ann <ann@example.org>\\nTo: {to}\\nSubject: A first question\\n\\nDoes this work?\\n"
    # With a Message-ID of its own, or a second try would be the same mail again, and do nothing.
    program = (
        f"import smtplib, email.utils; smtplib.SMTP({smtp.host!r}, {smtp.port}).sendmail('ann@example.org', {to!r}, "
        f"'Message-ID: ' + email.utils.make_msgid() + '\\n{mail}')"
    )
    first = f'python3 -c "{program}"'
    if _somebody_answers(database):
        return first
    launcher = shlex.quote(_launcher())
    return f"{launcher} responder add you@example.org --queue General && {first}"


def _somebody_answers(database: Database) -> bool:
    with database.read_only() as uow:
        return bool(responders(uow))


def _launcher() -> str:
    launcher = ROOT / "tickets"
    here = Path.cwd()
    return f"./{launcher.relative_to(here)}" if launcher.is_relative_to(here) else str(launcher)
