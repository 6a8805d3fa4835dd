"""Checks of the database, and of what it says about people, emails and backups."""

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

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
from .findings import Finding, Level, warning

LATE = timedelta(hours=1)
MOST_NAMED = 20
# Moments are compared with each other and with the Date of mails; so much apart does no harm.
SKEW = timedelta(minutes=1)


def check_database(database: Database) -> Iterator[Finding]:
    """Check that the database can be reached, is up to date and takes writes."""
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


def is_ready(database: Database) -> bool:
    """Return whether the database can be reached and has this program's version."""
    try:
        check_ready(database)
    except Exception:
        return False
    return True


def check_clock(database: Database) -> Iterator[Finding]:
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


def check_backup(database: Database) -> Iterator[Finding]:
    """Check that backups are made."""
    with database.read_only() as uow:
        age = age_of(uow, BACKUP)
    if age is None or age > BACKUP_DUE:
        when = "No backup yet" if age is None else f"The newest backup is {age.days} days old"
        yield warning("backup", f"{when}. Make one every night: tickets backup --rotate 14 DIRECTORY")
    else:
        yield Finding(Level.OK, "backup", "made within the last days")


def check_teams(database: Database) -> Iterator[Finding]:
    """Check that every queue has a team that email reaches, and the tracker an admin."""
    with database.read_only() as uow:
        answering = queues.responders(uow)
        waits = unread(uow)
        for queue in queues.every_queue(uow):
            reached = [not person.undeliverable for answers, person in answering if answers.id == queue.id]
            if not reached:
                advice = f"tickets responder add EMAIL --queue {shlex.quote(queue.name)}"
                yield warning("teams", f"{queue.name} has no team: nobody will see its tickets. Add someone: {advice}")
            elif not any(reached):
                problem = f"No email reaches anyone on the {queue.name} team, so nobody will see its tickets"
                yield Finding(Level.FAIL, "teams", f"{problem}. See the addresses below.")
            if numbers := waits.get(queue.name):
                tickets = sentence_list(f"#{number}" for number in numbers[:MOST_NAMED])
                problem = f"{_counted(len(numbers), 'ticket')} waiting in {queue.name}, which has no team"
                yield warning("unread", f"{problem}: {tickets}{', …' if len(numbers) > MOST_NAMED else ''}.")
        for person in queues.unreached(uow):
            advice = f"Check the address, then run: tickets person add {person.email}"
            problem = f"Emails to {person.email} were refused on two days, so we've stopped sending them"
            yield warning("teams", f"{problem}. {advice}")
        if not people.administrators(uow):
            problem = "No admin: nobody is told about unmatched email. Add one: tickets person add EMAIL --admin"
            yield warning("teams", problem)


def check_unmatched(database: Database) -> Iterator[Finding]:
    """Warn of mail that is set aside."""
    with database.read_only() as uow:
        count = len(unmatched_deliveries(uow))
    if count:
        problem = f"{count} email{'' if count == 1 else 's'} matched no ticket or queue. See: tickets unmatched list"
        yield warning("unmatched", problem)
    else:
        yield Finding(Level.OK, "unmatched", "none")


def check_outbox(database: Database) -> Iterator[Finding]:
    """Check that letters leave."""
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
        yield warning("outbox", f"{problem}. Try again: tickets outbox retry ID")
    if not late and not failed and not trouble:
        yield Finding(Level.OK, "outbox", "none stuck or failed")


def _count(uow: UnitOfWork, state: State, older_than: timedelta = timedelta()) -> int:
    query = select(func.count()).select_from(Letter)
    return uow.session.scalar(query.where(Letter.state == state, Letter.created <= uow.now - older_than)) or 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{' is' if count == 1 else 's are'}"


def check_replies(database: Database) -> Iterator[Finding]:
    """Warn of a relay that replaces Message-IDs: by an id of ours, a reply proves who wrote it."""
    with database.read_only() as uow:
        replaced = answers_to_replaced_ids(uow)
    for domain, count in replaced.most_common(1):
        problem = (
            f"{count} replies answer Message-IDs at {domain} that we never wrote: your outgoing server replaces ours"
        )
        advice = "Have it keep them, or the commands of some mail programs wait for a yes. See docs/dmarc.md"
        yield warning("replies", f"{problem}. {advice} for another proof.")
