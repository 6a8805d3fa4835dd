"""The command `config`: what is set and from where, and the first questions of an administrator."""

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import click

from ...config.current import current_settings, reading_now
from ...config.parsing import SETTING_NAMES, BadSetting, SettingReading, without_password
from ...model.records.queues import every_queue
from ...model.schema import check_version
from ...model.setup import move_to_domain
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from ..common import json_option, open_read_only, print_json, print_rows
from .config_init import config_init
from .postfix_lines import postfix_lines


@click.group("config", invoke_without_command=True, short_help="Show the settings and where they come from.")
@click.option("--adopt-domain", is_flag=True, help="Move the database to the domain set now. Old addresses stay ours.")
@click.option("--postfix", is_flag=True, help="Print the lines that Postfix needs.")
@json_option
@click.pass_context
def config_command(context: click.Context, adopt_domain: bool, postfix: bool, as_json: bool) -> None:
    """Show the settings and where each comes from. Passwords are hidden.

    The file tickets.toml is the one that TICKETS_CONFIG names, else the one in TICKETS_HOME or the checkout, else
    /etc/tickets/tickets.toml. A variable TICKETS_… goes over it.

    \b
    Examples:
      tickets config
      tickets config init
      tickets config --postfix
    """
    if context.invoked_subcommand is not None:
        return
    if adopt_domain:
        _adopt()
    elif postfix:
        click.echo(postfix_lines(current_settings(), _aliases()), nl=False)
    else:
        _show(reading_now(), as_json=as_json)


config_command.add_command(config_init)


class _Shown(NamedTuple):
    name: str
    value: str
    place: str


def _show(reading: SettingReading, *, as_json: bool) -> None:
    settings = list(_settings(reading))
    if as_json:
        print_json({setting.name: {"value": setting.value, "from": setting.place} for setting in settings})
    else:
        print_rows([(setting.name, setting.value, setting.place) for setting in settings], ("SETTING", "VALUE", "FROM"))
    wrong = list(reading.problems())
    for problem in wrong:
        click.echo(problem, err=True)
    sys.exit(bool(wrong))


def _settings(reading: SettingReading) -> Iterator[_Shown]:
    for name in SETTING_NAMES:
        try:
            value = reading.given(name)
        except BadSetting as error:
            yield _Shown(name.lower(), "", str(error))
            continue
        place = "default" if value.source is reading.sources[-1] else value.source.place
        yield _Shown(name.lower(), without_password(value.text), place)


def _adopt() -> None:
    settings = current_settings()
    with closing(Database(settings.database_url, settings.domain)) as database:
        check_version(database)
        former = move_to_domain(database)
    if former in (None, settings.domain):
        click.echo(f"This database belongs to {settings.domain}")
    else:
        click.echo(f"This database now belongs to {settings.domain}. Addresses at {former} still work")


def _aliases() -> list[tuple[str, str]]:
    """Return the addresses at other domains that queues answer, and ours that Postfix can hand their mail to."""
    with open_read_only() as uow:
        addresses = [[row.address for row in queue.addresses] for queue in every_queue(uow)]
        return [pair for of_queue in addresses for pair in _aliases_of(uow, of_queue)]


def _aliases_of(uow: UnitOfWork, addresses: list[str]) -> list[tuple[str, str]]:
    own = next((address for address in addresses if "@" not in address), None)
    return [(address, f"{own}@{uow.domain}") for address in addresses if "@" in address and own is not None]
