"""The command `service`: units for systemd, with the paths of this installation."""

import pwd
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ...config.current import config_in_use, current_settings
from ...config.sources import SYSTEM_FILE
from ..common import PathName

_UNITS = Path(__file__).resolve().parents[2] / "templates" / "systemd"
_SYSTEM = Path("/etc/systemd/system")
_NAMES = ("tickets.service", "tickets-expire", "tickets-backup", "tickets-digest")


@click.group("service")
def service_command() -> None:
    """Run the tracker as a service of systemd."""


@service_command.command("install")
@click.option("--user", "account", default="tickets", show_default=True, help="The account that runs it.")
@click.option("--config", type=PathName(path_type=Path), help="The configuration file; else the one in use.")
@click.option("--directory", type=PathName(path_type=Path), default=_SYSTEM, show_default=True, help="Where they go.")
def service_install(account: str, config: Path | None, directory: Path) -> None:
    """Write the units: the server, and timers for expiry, backups and daily emails.

    \b
    Example:
      tickets service install && systemctl daemon-reload
      systemctl enable --now tickets.service tickets-expire.timer tickets-backup.timer
    """
    if not directory.is_dir():
        raise click.ClickException(f"There's no directory {directory}. Is systemd installed? Name another: --directory")
    values = {
        "account": account,
        "config": str((config or config_in_use() or SYSTEM_FILE).absolute()),
        "program": str(Path(sys.executable).with_name("tickets")),
        "home": str(current_settings().home),
    }
    for name, text in units(values).items():
        (directory / name).write_text(text, encoding="utf-8")
        click.echo(f"Wrote {directory / name}")
    _say_what_is_next(account)


def units(values: Mapping[str, str]) -> dict[str, str]:
    """Return every unit by its name. A percent sign would be a specifier of systemd's (systemd.unit(5))."""
    texts = {unit.name: unit.read_text(encoding="utf-8") for unit in sorted(_UNITS.iterdir())}
    for name, value in values.items():
        slot, escaped = f"{{{{ {name} }}}}", value.replace("%", "%%")
        texts = {unit: text.replace(slot, escaped) for unit, text in texts.items()}
    return texts


def _say_what_is_next(account: str) -> None:
    timers = " ".join(f"{name}.timer" for name in _NAMES[1:])
    try:
        pwd.getpwnam(account)
    except KeyError:
        click.echo(f"There's no account {account} yet:  adduser --system --group --home /var/lib/tickets {account}")
    click.echo(f"Next:  systemctl daemon-reload && systemctl enable --now {_NAMES[0]} {timers}")
