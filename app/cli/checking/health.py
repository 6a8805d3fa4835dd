"""The command `health`: one line for a monitor or a container, cheap enough for every few seconds."""

import sys
from contextlib import closing
from datetime import timedelta

import click
from sqlalchemy import func, select

from ...config.current import current_settings, host_project
from ...config.parsing import Listen, Settings
from ...mail.text import one_line
from ...model.letters.outbox import relay_trouble
from ...model.program import program_name
from ...model.records.letters import Letter, State
from ...model.records.queues import unreached, without_readers
from ...model.schema import check_ready
from ...model.storage.database import Database
from ...model.storage.revision import REVISION
from ...model.storage.unit_of_work import UnitOfWork
from .. import in_one_line
from .listener_probe import listener_state, running_program


class _Unhealthy(Exception):
    """The tracker cannot receive email; the text says why."""


@click.command("health")
def health_command() -> None:
    """One-line health check for monitoring (exit 1 if unhealthy).

    Healthy: the database answers, has this program's version and can be written, and every listener answers. The line
    also says how long the oldest outgoing email waits, but that alone is not unhealthy: a restart would not help.
    `tickets doctor` checks more, and says what to do.

    \b
    Example:
      tickets health || echo "look at the tracker"
    """
    try:
        line = f"healthy: {_state(current_settings())}"
    except Exception as error:
        reason = str(error) if isinstance(error, _Unhealthy) else in_one_line(error)
        click.echo(one_line(f"unhealthy: {reason}", 1000))
        sys.exit(1)
    click.echo(one_line(line, 1000))


def _state(settings: Settings) -> str:
    """Return what is well, in words; raise if the tracker cannot receive email."""
    with closing(Database(settings.database_url, settings.domain)) as database:
        check_ready(database)
        _check_taking(settings, database)
        with database.read_only() as uow:
            letters = "; ".join([_letters(uow), *_unreached(uow)])
    # Another Salmon project's receiver is not ours to know.
    listeners = settings.listen if host_project() is None else ()
    for place in listeners:
        _check(place)
    count = len(listeners)
    answering = f" {count} listener{'' if count == 1 else 's'} answer{'s' * (count == 1)};" if count else ""
    return f"{program_name()}; database at {REVISION};{answering} {letters}"


def _check_taking(settings: Settings, database: Database) -> None:
    """Raise unless a mail could be stored now: the database can be written, and the disk has room."""
    from ...config.disk_space import room_beside
    from .database_checks import check_writable

    with database.transaction() as uow:
        check_writable(uow, sqlite=database.is_sqlite)
    if not room_beside(database)(settings.max_message_bytes):
        raise _Unhealthy("the disk is nearly full, so large email is refused. Free up space.")


def _letters(uow: UnitOfWork) -> str:
    waiting = select(func.count(), func.min(Letter.created)).where(Letter.state == State.WAITING)
    count, oldest = uow.session.execute(waiting).one()
    if not count:
        return "no email waiting"
    age = max(uow.now - oldest, timedelta())
    waits = f"{count} email{'' if count == 1 else 's'} waiting, the oldest for {int(age.total_seconds())} s"
    trouble = relay_trouble(uow)
    return f"{waits}, because the outgoing server refuses them ({trouble})" if trouble else waits


def _unreached(uow: UnitOfWork) -> list[str]:
    """Name the queues that nobody hears of any more, and the team members whose address was refused."""
    unheard = [f"no email reaches anyone on the {queue.name} team" for queue in without_readers(uow)]
    return unheard + [f"no email goes to {person.email}, whose address was refused" for person in unreached(uow)]


def _check(place: Listen) -> None:
    free, state = listener_state(place)
    if free is not False:
        raise _Unhealthy(f"{state} Is tickets serve running?" if free else state)
    running = running_program(place)
    if running is not None and running != program_name():
        raise _Unhealthy(f"the server that runs is {running}, and this is {program_name()}. Restart it.")
