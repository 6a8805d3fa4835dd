"""The checks of `tickets doctor`: each looks at one thing and says how it is."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select, text

from config import settings as plain
from config.parsing import ROOT, Settings, load, problems

from ...model.inbound.unmatched import unmatched_deliveries
from ...model.records import people, queues
from ...model.records.letters import Letter, State
from ...model.records.received_mail import Mail
from ...model.schema import NotReady, check_ready
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from .. import in_one_line
from .listener_probe import listener_state

LATE = timedelta(hours=1)
RELAY_SECONDS = 5.0
# Moments are compared with each other and with the Date of mails; so much apart does no harm.
SKEW = timedelta(minutes=1)


class Level(StrEnum):
    """How bad a finding is; only what is wrong makes the exit status 1."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Finding(NamedTuple):
    """One thing that was looked at: how it is, and where it is not well, what to do."""

    level: Level
    about: str
    text: str


Check = Callable[[], Iterator[Finding]]


class _CheckContext(NamedTuple):
    settings: Settings
    database: Database


def checks() -> Iterator[tuple[str, Check]]:
    """Every check that can be made with these settings, under the name of what it looks at."""
    wrong = list(problems(vars(plain), os.environ))
    yield "settings", lambda: _settings(wrong)
    if wrong:
        return
    settings = load(vars(plain), os.environ)
    database = Database(settings.database_url, settings.domain)
    try:
        yield from _of(_CheckContext(settings, database))
    finally:
        database.close()


def _of(context: _CheckContext) -> Iterator[tuple[str, Check]]:
    settings, database = context
    yield "trust", lambda: _trust(settings)
    yield "routes", lambda: _routes(settings)
    yield "database", lambda: _database(database)
    yield "disk", lambda: _disk(context)
    yield "relay", lambda: _relay(settings)
    yield "listener", lambda: _listeners(settings)
    if not _is_away(database):
        yield "clock", lambda: _clock(database)
        yield "people", lambda: _people(database)
        yield "set aside", lambda: _set_aside(database)
        yield "letters", lambda: _letters(database)


def _settings(wrong: list[str]) -> Iterator[Finding]:
    for problem in wrong:
        yield Finding(Level.WRONG, "settings", f"{problem} Correct it; nothing else is checked before.")
    if not wrong:
        yield Finding(Level.OK, "settings", "all known, and all can be read")


def _trust(settings: Settings) -> Iterator[Finding]:
    if settings.trust == "from":
        told = "TICKETS_TRUST=from believes every From header, so anybody can command in anybody's name"
        yield _warning("trust", f"{told}; set TICKETS_TRUST=reply.")
    if settings.trust == "dmarc" and not settings.authserv_id:
        advice = "name the server whose Authentication-Results are believed, or set TICKETS_TRUST=reply"
        told = f"TICKETS_TRUST=dmarc proves nothing without TICKETS_AUTHSERV_ID, and no command holds: {advice}."
        yield Finding(Level.WRONG, "trust", told)
    if settings.authserv_id:
        told = f"Authentication-Results of {settings.authserv_id} are believed: it must take those that come with its"
        yield Finding(Level.OK, "trust", f"{told} name out of incoming mail, and then put its own on top")


def _routes(settings: Settings) -> Iterator[Finding]:
    from config.build import load_routes

    load_routes(settings)
    yield Finding(Level.OK, "routes", "Salmon has loaded every handler")


def _database(database: Database) -> Iterator[Finding]:
    where = database.url.render_as_string(hide_password=True)
    try:
        check_ready(database)
        _check_writing(database)
    except NotReady as error:
        yield Finding(Level.WRONG, "database", str(error))
    except Exception as error:
        told = f"{in_one_line(error).rstrip('.')}. Start it, or correct TICKETS_DATABASE_URL ({where})."
        yield Finding(Level.WRONG, "database", told)
    else:
        yield Finding(Level.OK, "database", f"{where} is there, at this version, and can be written")


def _check_writing(database: Database) -> None:
    with database.transaction() as uow:
        check_writable(uow, sqlite=database.is_sqlite)


def check_writable(uow: UnitOfWork, *, sqlite: bool) -> None:
    """Raise unless a mail could be written now: SQLite refuses to begin, a PostgreSQL that only reads says so."""
    connection = uow.connection
    if sqlite:
        connection.execute(text("UPDATE secret SET value = value"))
    elif connection.execute(text("SHOW transaction_read_only")).scalar() == "on":
        raise NotReady("The database can only be read: name its primary in TICKETS_DATABASE_URL.")


def _clock(database: Database) -> Iterator[Finding]:
    """Whether this machine's clock fits the database's, and what earlier runs of ours have written."""
    with database.read_only() as uow:
        ahead = timedelta() if database.is_sqlite else database.clock() - _time_there(uow)
        latest = [uow.session.scalar(select(func.max(moment))) for moment in (Mail.received, Letter.created)]
        newest = max((moment for moment in latest if moment is not None), default=uow.now)
        late = newest - uow.now
    if abs(ahead) > SKEW:
        told = f"This machine's clock is {_apart(ahead)} the database's"
        yield Finding(Level.WRONG, "clock", f"{told}: let both keep time, by NTP or chrony.")
    if late > SKEW:
        told = f"The newest mail or letter is of {newest.isoformat(timespec='seconds')}, which is yet to come"
        yield Finding(Level.WRONG, "clock", f"{told}: this machine's clock is slow, or was fast then; set it right.")
    if abs(ahead) <= SKEW and late <= SKEW:
        yield Finding(Level.OK, "clock", "nothing is of a time yet to come")


def _time_there(uow: UnitOfWork) -> datetime:
    moment: datetime = uow.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _apart(ahead: timedelta) -> str:
    """How far ahead of another clock, or behind it."""
    return f"{abs(int(ahead.total_seconds()))} seconds {'ahead of' if ahead > timedelta() else 'behind'}"


def _is_away(database: Database) -> bool:
    try:
        check_ready(database)
    except Exception:
        return True
    return False


def _disk(context: _CheckContext) -> Iterator[Finding]:
    """Whether the largest mail still fits beside the database; another machine's disk is not ours to know."""
    from config.disk_space import SPARE_BYTES

    if not context.database.is_sqlite:
        return
    folder = Path(context.database.url.database or "").parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = SPARE_BYTES + 3 * context.settings.max_message_bytes
    told = f"{free // 2**20} MB free at {folder}"
    if free <= needed:
        yield Finding(
            Level.WRONG, "disk", f"{told}: mail is refused with 452; make room, at least {needed // 2**20} MB."
        )
    elif free <= 10 * needed:
        yield _warning("disk", f"{told}: nearly full; under {needed // 2**20} MB mail is refused: make room.")
    else:
        yield Finding(Level.OK, "disk", told)


def _relay(settings: Settings) -> Iterator[Finding]:
    from ...transport.outbound.relays import RelayError, relay_from_url

    relay = relay_from_url(settings.relay, timeout=RELAY_SECONDS, root=ROOT, helo=settings.domain)
    try:
        relay.check()
    except RelayError as error:
        told = f"{error.text.rstrip('.')}. Letters wait till it is back: start it, or correct TICKETS_RELAY."
        yield Finding(Level.WRONG, "relay", told)
    else:
        yield Finding(Level.OK, "relay", f"{relay} takes letters")
    finally:
        relay.close()


def _listeners(settings: Settings) -> Iterator[Finding]:
    for place in settings.listen:
        free, told = listener_state(place)
        yield Finding(Level.WRONG if free is None else Level.OK, "listener", told)


def _people(database: Database) -> Iterator[Finding]:
    with database.read_only() as uow:
        answered = {queue.id for queue, _ in queues.responders(uow)}
        for queue in queues.every_queue(uow):
            if queue.id not in answered:
                advice = f"`tickets responder add EMAIL --queue {queue.name!r}`"
                yield _warning("people", f"Nobody answers for {queue.name}, so nobody hears of its tickets: {advice}.")
        if not people.administrators(uow):
            told = "There is no administrator to tell of mail set aside, or to change a status"
            yield _warning("people", f"{told}: `tickets person add EMAIL --admin`.")


def _set_aside(database: Database) -> Iterator[Finding]:
    with database.read_only() as uow:
        count = len(unmatched_deliveries(uow))
    if count:
        told = f"{_counted(count, 'mail')} set aside: `tickets unmatched list` shows why; redeliver or dismiss."
        yield _warning("set aside", told)
    else:
        yield Finding(Level.OK, "set aside", "no mail waits")


def _letters(database: Database) -> Iterator[Finding]:
    with database.read_only() as uow:
        late = _count(uow, State.WAITING, older_than=LATE)
        failed = _count(uow, State.FAILED)
    if late:
        told = f"{_counted(late, 'letter')} waiting for more than an hour"
        yield Finding(
            Level.WRONG, "letters", f"{told}: run `tickets serve`, and see `tickets outbox list --state waiting`."
        )
    if failed:
        told = f"{_counted(failed, 'letter')} given up: `tickets outbox list --state failed` shows why"
        yield _warning("letters", f"{told}; `tickets outbox retry ID` tries again.")
    if not late and not failed:
        yield Finding(Level.OK, "letters", "none failed, and none waits for long")


def _count(uow: UnitOfWork, state: State, older_than: timedelta = timedelta()) -> int:
    query = select(func.count()).select_from(Letter)
    return uow.session.scalar(query.where(Letter.state == state, Letter.created <= uow.now - older_than)) or 0


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{' is' if count == 1 else 's are'}"


def _warning(about: str, text: str) -> Finding:
    return Finding(Level.WARNING, about, text)
