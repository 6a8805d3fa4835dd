"""The command `health`: one line for a monitor or a container, cheap enough for every few seconds."""

import sys
from contextlib import closing
from datetime import timedelta

import click
from sqlalchemy import func, select

from config.current import current_settings
from config.parsing import Listen, Settings

from ...mail.text import one_line
from ...model.records.letters import Letter, State
from ...model.schema import REVISION, check_ready
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from .. import in_one_line
from .listener_probe import listener_state


class _Unwell(Exception):
    """What is wrong, in words."""


@click.command("health", short_help="Say in one line whether the tracker works; exit status 1 if not.")
def health_command() -> None:
    """Say in one line whether mail is taken: the database answers and is of this version, and every listener greets.

    Exit status 1 if not. How long the oldest letter waits is said, and is no reason: a relay that is away is not cured
    by starting us again. `tickets doctor` looks at more, and says what to do.
    """
    try:
        said = f"well: {_looked(current_settings())}"
    except Exception as error:
        told = str(error) if isinstance(error, _Unwell) else in_one_line(error)
        click.echo(one_line(f"unwell: {told}", 1000))
        sys.exit(1)
    click.echo(one_line(said, 1000))


def _looked(settings: Settings) -> str:
    with closing(Database(settings.database_url, settings.domain)) as database:
        check_ready(database)
        _check_taking(settings, database)
        with database.read_only() as uow:
            letters = _letters(uow)
    for place in settings.listen:
        _check(place)
    count = len(settings.listen)
    return f"database at {REVISION}; {count} listener{'' if count == 1 else 's'} greet{'s' * (count == 1)}; {letters}"


def _check_taking(settings: Settings, database: Database) -> None:
    """Whether a mail could be stored now: the database can be written, and the disk has room."""
    from config.disk_space import room_beside

    from .doctor_checks import check_writable

    with database.transaction() as uow:
        check_writable(uow, sqlite=database.is_sqlite)
    if not room_beside(database)(settings.max_message_bytes):
        raise _Unwell("the disk is nearly full: large mail is refused")


def _letters(uow: UnitOfWork) -> str:
    waiting = select(func.count(), func.min(Letter.created)).where(Letter.state == State.WAITING)
    count, oldest = uow.session.execute(waiting).one()
    if not count:
        return "no letter waits"
    age = max(uow.now - oldest, timedelta())
    return f"{count} letter{'' if count == 1 else 's'} waiting, the oldest for {int(age.total_seconds())} s"


def _check(place: Listen) -> None:
    free, told = listener_state(place)
    if free is not False:
        raise _Unwell(told)
