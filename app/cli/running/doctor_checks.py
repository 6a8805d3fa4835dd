"""The checks of `tickets doctor`: each looks at one thing and says how it is."""

import shlex
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select, text

from ...config import defaults
from ...config.current import current_settings, host_project, names_relay, reading_now
from ...config.parsing import BadSetting, Listen, Settings
from ...config.web_address import is_loopback
from ...model.letters.outbox import relay_trouble
from ...model.letters.replaced_ids import answers_to_replaced_ids
from ...model.records import people, queues
from ...model.records.letters import Letter, State
from ...model.records.milestones import BACKUP, BACKUP_DUE, age_of
from ...model.records.received_mail import Mail, unmatched_deliveries
from ...model.schema import NotReady, check_ready
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.unread import unread
from ...model.wording import sentence_list
from .. import in_one_line
from .dns_records import is_reserved_domain, missing_records
from .listener_probe import listener_state, web_state

LATE = timedelta(hours=1)
MOST_NAMED = 20
RELAY_SECONDS = 5.0
# Moments are compared with each other and with the Date of mails; so much apart does no harm.
SKEW = timedelta(minutes=1)


class Level(StrEnum):
    """How bad a finding is; only FAIL makes the exit status 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """What one check says: how bad it is, what it is about, and what to do."""

    level: Level
    about: str
    text: str


Check = Callable[[], Iterator[Finding]]


class _CheckContext(NamedTuple):
    settings: Settings
    database: Database


def checks() -> Iterator[tuple[str, Check]]:
    """Yield every check that these settings allow, with the name of what it checks."""
    wrong = _wrong_settings()
    yield "settings", lambda: _settings(wrong)
    if wrong:
        return
    settings = current_settings()
    database = Database(settings.database_url, settings.domain)
    try:
        yield from _of(_CheckContext(settings, database))
    finally:
        database.close()


def _wrong_settings() -> list[str]:
    try:
        return list(reading_now().problems())
    except BadSetting as error:
        return [str(error)]


def _of(context: _CheckContext) -> Iterator[tuple[str, Check]]:
    settings, database = context
    yield "trust", lambda: _trust(settings)
    yield "handlers", lambda: _routes(settings)
    yield "templates", _templates
    yield "database", lambda: _database(database)
    yield "disk", lambda: _disk(context)
    yield "domain", lambda: _domain(context)
    project = host_project()
    if project is None or names_relay(project):
        yield "outgoing", lambda: _relay(settings)
    if project is None:
        yield "incoming", lambda: _listeners(settings)
        yield "web pages", lambda: _web(settings)
    if not _is_away(database):
        yield "clock", lambda: _clock(database)
        yield "backup", lambda: _backup(database)
        yield "teams", lambda: _people(database)
        yield "unmatched", lambda: _set_aside(database)
        yield "outbox", lambda: _letters(database)
        yield "replies", lambda: _replies(database)


def _settings(wrong: list[str]) -> Iterator[Finding]:
    for problem in wrong:
        yield Finding(Level.FAIL, "settings", f"{problem} Fix this first: nothing else is checked.")
    if not wrong:
        yield Finding(Level.OK, "settings", "fine")


def _trust(settings: Settings) -> Iterator[Finding]:
    if settings.trust == "from":
        problem = "TICKETS_TRUST=from: anyone can fake a sender and change tickets"
        yield _warning("trust", f"{problem}. Set TICKETS_TRUST=reply.")
    if settings.trust == "dmarc" and not settings.authserv_id:
        advice = "Set it to the name of the mail server that checks DMARC, or set TICKETS_TRUST=reply"
        problem = f"TICKETS_TRUST=dmarc needs TICKETS_AUTHSERV_ID; without it no command by email works. {advice}."
        yield Finding(Level.FAIL, "trust", problem)
    if settings.authserv_id:
        problem = f"Authentication-Results of {settings.authserv_id} are believed. That server must remove those that"
        yield Finding(Level.OK, "trust", f"{problem} arrive with its name, and then add its own on top")
        yield from _open_doors(settings)


def _open_doors(settings: Settings) -> Iterator[Finding]:
    """Warn of places at which others than the front server reach us: each can write such a header itself."""
    for place in settings.listen:
        if _is_open(place):
            where = place.path or place.host
            problem = (
                f"Anyone who reaches {where} can write Authentication-Results of {settings.authserv_id} themselves"
            )
            yield _warning(
                "trust", f"{problem}. Listen on 127.0.0.1, or on a socket that only the mail server can use."
            )


def _is_open(place: Listen) -> bool:
    if place.path:
        socket = Path(place.path)
        return socket.exists() and bool(socket.stat().st_mode & stat.S_IWOTH)
    try:
        return not ip_address(place.host).is_loopback
    except ValueError:
        return place.host != "localhost"


def _routes(settings: Settings) -> Iterator[Finding]:
    from ...config.build import load_routes

    load_routes(settings)
    yield Finding(Level.OK, "handlers", "loaded")


def _templates() -> Iterator[Finding]:
    """Render a letter of each kind; every mail that causes a broken one would be answered 451."""
    from .letter_samples import kinds, names_in_letters, render_sample

    letter_kinds = kinds()
    if not letter_kinds:
        yield Finding(Level.FAIL, "templates", "The email templates are missing. Install mail-tickets again.")
    names = names_in_letters()
    for kind in letter_kinds:
        try:
            render_sample(kind, names)
        except Exception as error:
            problem = f"Can't write emails of the kind {kind!r}: {in_one_line(error).rstrip('.')}"
            yield Finding(Level.FAIL, "templates", f"{problem}. Fix or restore that template and those it extends.")
            return
    if letter_kinds:
        yield Finding(Level.OK, "templates", f"fine ({len(letter_kinds)} kinds of email)")


def _database(database: Database) -> Iterator[Finding]:
    where = database.shown_url
    try:
        check_ready(database)
        _check_writing(database)
    except NotReady as error:
        yield Finding(Level.FAIL, "database", str(error))
    except Exception as error:
        problem = f"{in_one_line(error).rstrip('.')}. Start the database, or fix TICKETS_DATABASE_URL ({where})."
        yield Finding(Level.FAIL, "database", problem)
    else:
        yield Finding(Level.OK, "database", f"up to date and writable ({where})")


def _check_writing(database: Database) -> None:
    with database.transaction() as uow:
        check_writable(uow, sqlite=database.is_sqlite)


def check_writable(uow: UnitOfWork, *, sqlite: bool) -> None:
    """Raise unless a mail could be written now: SQLite refuses to begin, a PostgreSQL that only reads says so."""
    connection = uow.connection
    if sqlite:
        connection.execute(text("UPDATE secret SET value = value"))
    elif connection.execute(text("SHOW transaction_read_only")).scalar() == "on":
        raise NotReady("The database is read-only. Set TICKETS_DATABASE_URL to its primary server.")


def _clock(database: Database) -> Iterator[Finding]:
    """Compare this machine's clock with the database's, and with the newest stored time."""
    with database.read_only() as uow:
        ahead = timedelta() if database.is_sqlite else database.clock() - _time_there(uow)
        latest = [uow.session.scalar(select(func.max(moment))) for moment in (Mail.received, Letter.created)]
        newest = max((moment for moment in latest if moment is not None), default=uow.now)
        late = newest - uow.now
    if abs(ahead) > SKEW:
        problem = f"This machine's clock is {_apart(ahead)} the database's"
        yield Finding(Level.FAIL, "clock", f"{problem}. Use NTP or chrony on both machines.")
    if late > SKEW:
        problem = f"The newest email is dated {newest:%Y-%m-%d %H:%M:%S} UTC, which is in the future"
        yield Finding(
            Level.FAIL, "clock", f"{problem}. This machine's clock is slow now, or was fast then. Set it right."
        )
    if abs(ahead) <= SKEW and late <= SKEW:
        yield Finding(Level.OK, "clock", "fine")


def _time_there(uow: UnitOfWork) -> datetime:
    moment: datetime = uow.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _apart(ahead: timedelta) -> str:
    """Return the difference of two clocks in words."""
    return f"{abs(int(ahead.total_seconds()))} seconds {'ahead of' if ahead > timedelta() else 'behind'}"


def _is_away(database: Database) -> bool:
    try:
        check_ready(database)
    except Exception:
        return True
    return False


def _disk(context: _CheckContext) -> Iterator[Finding]:
    """Check that the largest mail fits beside an SQLite database; a PostgreSQL may be on another machine."""
    from ...config.disk_space import SPARE_BYTES

    if not context.database.is_sqlite:
        return
    folder = Path(context.database.url.database or "").parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = SPARE_BYTES + 3 * context.settings.max_message_bytes
    room = f"{free // 2**20} MB free at {folder}"
    if free <= needed:
        yield Finding(Level.FAIL, "disk", f"{room}: email is refused (452). Free up at least {needed // 2**20} MB.")
    elif free <= 10 * needed:
        yield _warning("disk", f"{room}: nearly full. Below {needed // 2**20} MB email is refused, so free up space.")
    else:
        yield Finding(Level.OK, "disk", room)


def _relay(settings: Settings) -> Iterator[Finding]:
    from ...transport.outbound.relays import RelayError, relay_from_url

    relay = relay_from_url(settings.relay, timeout=RELAY_SECONDS, root=settings.home, helo=settings.domain)
    try:
        relay.check()
    except RelayError as error:
        problem = f"{error.text.rstrip('.')}. Emails wait until it works. Start it, or fix TICKETS_RELAY."
        yield Finding(Level.FAIL, "outgoing", problem)
    else:
        yield Finding(Level.OK, "outgoing", f"connects to {relay}")
    finally:
        relay.close()


def _listeners(settings: Settings) -> Iterator[Finding]:
    for place in settings.listen:
        free, state = listener_state(place)
        level = Level.OK if free is False else Level.FAIL
        yield Finding(level, "incoming", f"{state} Start tickets serve." if free else state)
        if place.host and not is_loopback(place.host):
            problem = f"Anyone who reaches {place.host}:{place.port} can hand in email as a mail server of yours"
            yield _warning(
                "incoming", f"{problem}. Listen on 127.0.0.1, or let a firewall admit only your mail server."
            )


def _web(settings: Settings) -> Iterator[Finding]:
    if settings.web is None:
        return
    place = settings.web.path or f"{settings.web.host}:{settings.web.port}"
    state = web_state(settings.web)
    if state == "ok":
        yield Finding(Level.OK, "web pages", f"served at {place}")
    elif state is None:
        yield _warning(
            "web pages", f"Nobody serves them at {place}. Start tickets serve, or set TICKETS_WEB= for none."
        )
    elif state == "unavailable":
        yield _warning("web pages", f"They're served at {place}, and can't reach the database. Check the database.")
    else:
        problem = f"Another program uses {place}, so there are none"
        yield _warning("web pages", f"{problem}. Set TICKETS_WEB to another port, like http://127.0.0.1:8827.")


def _domain(context: _CheckContext) -> Iterator[Finding]:
    """Check that the public can reach our addresses; DNS is asked, and no answer is no finding."""
    domain = context.settings.domain
    if domain == defaults.DOMAIN and not context.settings.relay.startswith("maildir:"):
        problem = f"The domain is still {domain}, so nobody can answer the emails that leave"
        yield _warning("domain", f"{problem}. Set yours: tickets config init")
        return
    missing = [] if is_reserved_domain(domain) else missing_records(domain)
    for problem in missing:
        yield _warning("domain", problem)
    if not missing:
        yield Finding(Level.OK, "domain", domain)


def _backup(database: Database) -> Iterator[Finding]:
    with database.read_only() as uow:
        age = age_of(uow, BACKUP)
    if age is None or age > BACKUP_DUE:
        when = "No backup yet" if age is None else f"The newest backup is {age.days} days old"
        yield _warning("backup", f"{when}. Make one every night: tickets backup --rotate 14 DIRECTORY")
    else:
        yield Finding(Level.OK, "backup", "made within the last days")


def _people(database: Database) -> Iterator[Finding]:
    with database.read_only() as uow:
        answering = queues.responders(uow)
        waits = unread(uow)
        for queue in queues.every_queue(uow):
            reached = [not person.undeliverable for answers, person in answering if answers.id == queue.id]
            if not reached:
                advice = f"tickets responder add EMAIL --queue {shlex.quote(queue.name)}"
                yield _warning("teams", f"{queue.name} has no team: nobody will see its tickets. Add someone: {advice}")
            elif not any(reached):
                problem = f"No email reaches anyone on the {queue.name} team, so nobody will see its tickets"
                yield Finding(Level.FAIL, "teams", f"{problem}. See the addresses below.")
            if numbers := waits.get(queue.name):
                tickets = sentence_list(f"#{number}" for number in numbers[:MOST_NAMED])
                problem = f"{_counted(len(numbers), 'ticket')} waiting in {queue.name}, which has no team"
                yield _warning("unread", f"{problem}: {tickets}{', …' if len(numbers) > MOST_NAMED else ''}.")
        for person in queues.unreached(uow):
            advice = f"Check the address, then run: tickets person add {person.email}"
            problem = f"Emails to {person.email} were refused on two days, so we've stopped sending them"
            yield _warning("teams", f"{problem}. {advice}")
        if not people.administrators(uow):
            problem = "No admin: nobody is told about unmatched email. Add one: tickets person add EMAIL --admin"
            yield _warning("teams", problem)


def _set_aside(database: Database) -> Iterator[Finding]:
    with database.read_only() as uow:
        count = len(unmatched_deliveries(uow))
    if count:
        problem = f"{count} email{'' if count == 1 else 's'} matched no ticket or queue. See: tickets unmatched list"
        yield _warning("unmatched", problem)
    else:
        yield Finding(Level.OK, "unmatched", "none")


def _letters(database: Database) -> Iterator[Finding]:
    with database.read_only() as uow:
        late = _count(uow, State.WAITING, older_than=LATE)
        failed = _count(uow, State.FAILED)
        trouble = relay_trouble(uow)
    if trouble:
        problem = f"The outgoing server refuses email to one person after another ({trouble})"
        advice = "All email waits until it accepts some. Check the account there, or fix TICKETS_RELAY"
        yield Finding(Level.FAIL, "outbox", f"{problem}. {advice}.")
    if late:
        problem = f"{_counted(late, 'email')} waiting for more than an hour. Is tickets serve running?"
        yield Finding(Level.FAIL, "outbox", f"{problem} See: tickets outbox list --state waiting")
    if failed:
        problem = (
            f"{failed} email{'' if failed == 1 else 's'} couldn't be sent. See: tickets outbox list --state failed"
        )
        yield _warning("outbox", f"{problem}. Try again: tickets outbox retry ID")
    if not late and not failed and not trouble:
        yield Finding(Level.OK, "outbox", "none stuck or failed")


def _count(uow: UnitOfWork, state: State, older_than: timedelta = timedelta()) -> int:
    query = select(func.count()).select_from(Letter)
    return uow.session.scalar(query.where(Letter.state == state, Letter.created <= uow.now - older_than)) or 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{' is' if count == 1 else 's are'}"


def _warning(about: str, text: str) -> Finding:
    return Finding(Level.WARN, about, text)


def _replies(database: Database) -> Iterator[Finding]:
    """Warn of a relay that replaces Message-IDs: by an id of ours, a reply proves who wrote it."""
    with database.read_only() as uow:
        replaced = answers_to_replaced_ids(uow)
    for domain, count in replaced.most_common(1):
        problem = (
            f"{count} replies answer Message-IDs at {domain} that we never wrote: your outgoing server replaces ours"
        )
        advice = "Have it keep them, or the commands of some mail programs wait for a yes. See docs/dmarc.md"
        yield _warning("replies", f"{problem}. {advice} for another proof.")
