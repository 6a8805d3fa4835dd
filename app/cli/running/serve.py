"""The commands `serve` and `init`."""

import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.exc import SQLAlchemyError

from ...config.current import current_settings, host_project, own_settings
from ...config.home import checkout
from ...config.parsing import Settings
from ...model.records.queues import responders
from ...model.setup import first_queues
from ...model.storage.database import Database
from .listener_probe import ADVICE

if TYPE_CHECKING:
    from ...transport.inbound.receiver import Listener, Receiver


@click.command("init")
def init_command() -> None:
    """Create or upgrade the database.

    A new one gets two queues: General and Questions.

    \b
    Example:
      tickets init
    """
    settings = current_settings()
    with closing(Database(settings.database_url, settings.domain)) as database:
        new = first_queues(database, lambda line: click.echo(line, err=True))
    click.echo(f"{'Created' if new else 'Up to date:'} {database.url.render_as_string()}")


@click.command("serve")
def serve_command() -> None:
    """Run the tracker (sets it up the first time).

    Receives and sends email until you stop it with Ctrl-C.

    \b
    Example:
      TICKETS_DOMAIN=tickets.example.org tickets serve
    """
    settings = current_settings()
    if host_project() is not None:
        raise click.ClickException("This Salmon project receives the email. Run: salmon start")
    receiver = _booted().receiver
    receiver.started = lambda listeners: _greet(listeners, receiver, settings)
    try:
        receiver.start()
    except OSError as error:
        sys.exit(_listen_problem(error))
    finally:
        receiver.intake.database.close()


def _listen_problem(error: OSError) -> str:
    """Return why no listener could be opened, and what to do; asyncio's errors name the address in their text."""
    place = re.search(r"address \('([^']+)', (\d+)", str(error.strerror))
    where = f"{place[1]}:{place[2]}" if place else (error.filename or "an address")
    reason = ADVICE.get(error.errno or 0, f"{error.strerror or error}. Change TICKETS_LISTEN")
    return f"Can't listen on {where}: {reason}."


def _booted() -> Any:
    """Return the settings with a receiver, by way of config/boot.py where there is one."""
    own = own_settings()
    if checkout() is not None:
        import_module("config.boot")
    else:
        from ...config.boot import boot

        boot(own)
    return own


def _greet(listeners: "Sequence[Listener]", receiver: "Receiver", settings: Settings) -> None:
    """Print where mail comes in, where the web pages are, where letters go, and a line to try."""
    from ...transport.outbound.relays import relay_from_url

    database = receiver.intake.database
    click.echo(f"Listening for {database.domain} on {', '.join(map(str, listeners))}")
    if receiver.web is not None:
        click.echo(f"Web pages at {receiver.web.url} (to log in: {shlex.quote(_launcher())} login you@example.org)")
    click.echo(f"Sending through {relay_from_url(settings.relay, root=settings.home)}")
    smtp = next((listener for listener in listeners if listener.scheme == "smtp"), None)
    # The database may be away: then mail is answered 451, and the server goes on without this line.
    with suppress(SQLAlchemyError):
        if smtp is not None:
            click.echo(f"Try it:  {_first_mail(smtp, database)}")
    sys.stdout.flush()


def _first_mail(smtp: "Listener", database: Database) -> str:
    """Return one line for a shell that adds someone to the General team and sends a first email."""
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
    root = checkout()
    if root is None:
        return "tickets"
    launcher = root / "tickets"
    here = Path.cwd()
    return f"./{launcher.relative_to(here)}" if launcher.is_relative_to(here) else str(launcher)
