"""The checks of `tickets doctor`, in the order in which they are shown: each looks at one thing."""

from collections.abc import Iterator

from ...config.current import current_settings, host_project, names_relay, reading_now
from ...config.parsing import BadSetting, Settings
from ...model.storage.database import Database
from . import database_checks, installation_checks
from .findings import Check, Finding, Level


def checks() -> Iterator[tuple[str, Check]]:
    """Yield every check that these settings allow, with the name of what it checks."""
    wrong = _wrong_settings()
    yield "settings", lambda: _check_settings(wrong)
    if wrong:
        return
    settings = current_settings()
    database = Database(settings.database_url, settings.domain)
    try:
        yield from _checks_with(settings, database)
    finally:
        database.close()


def _wrong_settings() -> list[str]:
    try:
        return list(reading_now().problems())
    except BadSetting as error:
        return [str(error)]


def _checks_with(settings: Settings, database: Database) -> Iterator[tuple[str, Check]]:
    yield "trust", lambda: installation_checks.check_trust(settings)
    yield "handlers", lambda: installation_checks.check_handlers(settings)
    yield "templates", installation_checks.check_templates
    yield "database", lambda: database_checks.check_database(database)
    yield "disk", lambda: installation_checks.check_disk(settings, database)
    yield "domain", lambda: installation_checks.check_domain(settings)
    project = host_project()
    if project is None or names_relay(project):
        yield "outgoing", lambda: installation_checks.check_outgoing(settings)
    if project is None:
        yield "incoming", lambda: installation_checks.check_incoming(settings)
        yield "web pages", lambda: installation_checks.check_web_pages(settings)
    if database_checks.is_ready(database):
        yield "clock", lambda: database_checks.check_clock(database)
        yield "backup", lambda: database_checks.check_backup(database)
        yield "teams", lambda: database_checks.check_teams(database)
        yield "unmatched", lambda: database_checks.check_unmatched(database)
        yield "outbox", lambda: database_checks.check_outbox(database)
        yield "replies", lambda: database_checks.check_replies(database)


def _check_settings(wrong: list[str]) -> Iterator[Finding]:
    for problem in wrong:
        yield Finding(Level.FAIL, "settings", f"{problem} Fix this first: nothing else is checked.")
    if not wrong:
        yield Finding(Level.OK, "settings", "fine")
