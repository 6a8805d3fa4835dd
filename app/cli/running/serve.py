"""The commands `serve` and `init`."""

import errno
import re
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from ...config.current import current_settings, host_project, own_settings
from ...config.home import checkout
from ...config.parsing import Settings
from ...config.process_part import ProcessPart
from ...config.service_manager import tell_service_manager
from ...model.records import queues
from ...model.setup import set_up
from ...model.storage.database import Database
from ...transport.outbound.maildir_relay import MaildirRelay
from ...transport.outbound.relays import relay_from_url
from ..checking.listener_probe import ADVICE, place_name, running_program
from ..output.letter_display import shown_letter
from .launcher import launcher
from .processes import Processes

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
        new = set_up(database, lambda line: click.echo(line, err=True))
    click.echo(f"{'Created' if new else 'Up to date:'} {database.shown_url}")


@click.command("serve")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="So many, on PostgreSQL.")
@click.option("--no-courier", is_flag=True, help="Leave sending to other servers, or to `tickets courier`.")
def serve_command(processes: int, no_courier: bool) -> None:
    """Run the tracker (sets it up the first time).

    Receives and sends email until you stop it with Ctrl-C.

    \b
    Examples:
      TICKETS_DOMAIN=tickets.example.org tickets serve
      tickets serve --processes 2
    """
    settings = current_settings()
    if host_project() is not None:
        raise click.ClickException("This Salmon project receives the email. Run: salmon start")
    whole = ProcessPart(sends=not no_courier)
    if processes == 1:
        _serve(settings, whole)
    else:
        _serve_in_processes(settings, whole, processes)


def _serve_in_processes(settings: Settings, whole: ProcessPart, count: int) -> None:
    """Let processes share the addresses; the first one has the web pages."""
    # Loaded here, like what `_booted` loads.
    from ...config.boot import faults_in_one_line

    _check_can_share(settings)
    with closing(Database(settings.database_url, settings.domain)) as database, faults_in_one_line():
        set_up(database, lambda line: click.echo(line, err=True))

    def work(number: int, ready: Callable[[], None], when_alone: Callable[[Callable[[], None]], None]) -> None:
        part = whole._replace(first=number == 0, shares_port=True)
        _serve(settings, part, ready, when_alone)

    def all_ready() -> None:
        click.echo(f"{count} processes receive email.")
        sys.stdout.flush()
        tell_service_manager("READY=1")

    sys.exit(Processes(count, work).run(all_ready))


def _check_can_share(settings: Settings) -> None:
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        raise click.ClickException(
            "SQLite has one writer, so one process receives. For several, name a PostgreSQL in TICKETS_DATABASE_URL."
        )
    for address in settings.listen:
        if address.path or not address.port:
            raise click.ClickException(
                "Several processes share addresses with a port, like lmtp://127.0.0.1:8824. Change TICKETS_LISTEN."
            )
        try:
            # With the option by which processes share it, an address of another server would be shared, too.
            with closing(socket.create_server((address.host, address.port), family=_family(address.host))):
                pass
        except OSError as error:
            raise click.ClickException(_listen_problem(error, f"{address.host}:{address.port}", settings)) from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _serve(
    settings: Settings,
    part: ProcessPart,
    ready: Callable[[], None] = lambda: None,
    when_alone: Callable[[Callable[[], None]], None] = lambda _: None,
) -> None:
    """Receive until told to stop, or until whoever began this process is no more."""
    is_new = _is_new(settings)
    if is_new:
        click.echo(f"Creating the database {settings.database_url}")
        sys.stdout.flush()
    booted = _booted(part)
    receiver = booted.receiver
    when_alone(receiver.stop)
    if is_new:
        _tell_queues(receiver.intake.database)
    if sys.stdout.isatty() and isinstance(booted.relay, MaildirRelay):
        booted.relay.delivered = lambda raw: click.echo(f"\n{shown_letter(raw)}")

    def started(listeners: "Sequence[Listener]") -> None:
        if part.first:
            _greet(listeners, receiver, settings)
        ready()

    receiver.started = started
    try:
        receiver.start()
    except OSError as error:
        sys.exit(_listen_problem(error, error.filename or "an address", settings))
    finally:
        tell_service_manager("STOPPING=1")
        receiver.intake.database.close()


def _listen_problem(error: OSError, address: str, settings: Settings) -> str:
    """Return why no listener could be opened, and what to do; asyncio's errors name the address in their text."""
    for listener in settings.listen if error.errno == errno.EADDRINUSE else ():
        if program := running_program(listener):
            running = f"A tracker runs already ({program}, at {place_name(listener)})"
            return f"{running}. Stop it first, or change TICKETS_LISTEN."
    place = re.search(r"address \('([^']+)', (\d+)", str(error.strerror))
    where = f"{place[1]}:{place[2]}" if place else address
    reason = ADVICE.get(error.errno or 0, f"{error.strerror or error}. Change TICKETS_LISTEN")
    return f"Can't listen on {where}: {reason}."


def _is_new(settings: Settings) -> bool:
    """Return whether this start makes the database; a PostgreSQL is not asked."""
    url = make_url(settings.database_url)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _tell_queues(database: Database) -> None:
    with database.read_only() as uow:
        for queue in queues.every_queue(uow):
            addresses = " and ".join(queues.whole_address(uow, row.address) for row in queue.addresses)
            click.echo(f"Created the queue {queue.name} for email to {addresses}")


def _booted(part: ProcessPart) -> Any:
    """Return the settings with a receiver, by way of config/boot.py where there is one."""
    own: Any = own_settings()
    own.part = part
    if checkout() is not None:
        import_module("config.boot")
    else:
        from ...config.boot import boot

        boot(own)
    return own


def _greet(listeners: "Sequence[Listener]", receiver: "Receiver", settings: Settings) -> None:
    """Print where mail comes in, where the web pages are, where letters go, and a line to try."""
    database = receiver.intake.database
    click.echo(f"Listening for {database.domain} on {', '.join(map(str, listeners))}")
    if receiver.web is not None:
        click.echo(f"Web pages at {receiver.web.url} (to log in: {launcher()} login you@example.org)")
    relay = relay_from_url(settings.relay, root=settings.home)
    click.echo(f"Sending through {relay}")
    smtp = next((listener for listener in listeners if listener.scheme == "smtp"), None)
    # The database may be away: then mail is answered 451, and the server goes on without this line.
    with suppress(SQLAlchemyError):
        if smtp is not None:
            click.echo(f"Try it:  {_first_mail_command(smtp, database)}")
            if isinstance(relay, MaildirRelay):
                click.echo(f"Or watch a first conversation, in another terminal:  {launcher()} try")
    click.echo("Ctrl-C stops it.")
    tell_service_manager("READY=1", f"STATUS=Listening for {database.domain}")
    sys.stdout.flush()


def _first_mail_command(smtp: "Listener", database: Database) -> str:
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
    return f"{launcher()} responder add you@example.org --queue General && {first}"


def _somebody_answers(database: Database) -> bool:
    with database.read_only() as uow:
        return bool(queues.responders(uow))
