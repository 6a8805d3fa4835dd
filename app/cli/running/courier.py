"""The command `courier`: sends letters, in a process of its own."""

import signal
import threading
from types import FrameType

import click

from ...config.build import build_database, build_relay
from ...config.current import current_settings, host_project
from ...config.service_manager import tell_service_manager
from ...model.schema import check_ready
from ...transport import mail_log
from ...transport.outbound.courier import Courier


@click.command("courier")
def courier_command() -> None:
    """Send email, without receiving any.

    Runs until you stop it, beside servers that run with --no-courier. Several can share a PostgreSQL database.

    \b
    Example:
      tickets courier
    """
    if host_project() is not None:
        raise click.ClickException("This Salmon project sends email itself, while its server runs.")
    settings = current_settings()
    mail_log.begin(settings.log)
    database = build_database(settings)
    check_ready(database)
    courier = Courier(database, build_relay(settings))
    ending = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    courier.start()
    click.echo(f"Sending email of {database.domain} through {courier.relay}. Ctrl-C stops it.")
    tell_service_manager("READY=1")
    ending.wait()
    tell_service_manager("STOPPING=1")
    courier.stop()
    database.close()
