"""The command `config init`: ask what matters, write tickets.toml, and set the tracker up by it."""

import os
import pwd
import shutil
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import click

from ...config import defaults
from ...config.config_file import write_config
from ...config.current import current_settings, own_settings
from ...config.home import default_home
from ...config.parsing import Settings, load
from ...config.sources import FILE_NAME, PREFIX, SYSTEM_FILE, SettingSource
from ...mail.addresses import Mailbox, address_key, is_usable
from ...model.operations.morning_letters import welcome
from ...model.operations.queue_removal import remove_queue
from ...model.records import queue_setup, queues, registration
from ...model.schema import NotReady, check_version
from ...model.setup import move_to_domain, set_up
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from .. import in_one_line
from ..common import PathName, mailbox_of
from .postfix_lines import postfix_lines

_QUEUE = "General"
# A new database has this one, too, which nobody asked for here.
_UNASKED_QUEUE = "Questions"
_SERVICE_HOME = "/var/lib/tickets"
_KEPT = ("HOME", "DATABASE_URL", "WEB", "WEB_URL")


class _Answers(NamedTuple):
    domain: str
    address: str
    listen: str
    relay: str
    admin: Mailbox

    @property
    def aliases(self) -> list[tuple[str, str]]:
        """The address that people write to, if it is at another domain, and the one of ours behind it."""
        local, _, domain = address_key(self.address).rpartition("@")
        return [] if domain == self.domain else [(self.address, f"{local}@{self.domain}")]


@click.command("init")
@click.option("--domain", help="The domain of the tracker's own addresses, such as tickets.example.org.")
@click.option("--address", "--hello", "address", metavar="ADDRESS", help="The address that people write to.")
@click.option("--listen", metavar="URL", help="Where your mail server hands mail over.")
@click.option("--relay", metavar="URL", help="Where outgoing email goes.")
@click.option("--admin", metavar="EMAIL", help='The first admin: an address, or "Ann Lee <ann@example.org>".')
@click.option("--path", type=PathName(path_type=Path), help="The file to write.")
@click.option("--user", "account", default="", metavar="ACCOUNT", help="The account that will run the tracker.")
@click.option("--force", is_flag=True, help="Replace the file.")
@click.option("--postfix", is_flag=True, help="Print the lines that Postfix needs.")
def config_init(
    domain: str | None,
    address: str | None,
    listen: str | None,
    relay: str | None,
    admin: str | None,
    path: Path | None,
    account: str,
    force: bool,
    postfix: bool,
) -> None:
    """Ask what matters, write tickets.toml, and create the database by it.

    Options answer questions beforehand, for scripts. With --user, the file is /etc/tickets/tickets.toml, and the
    database is created for that account in /var/lib/tickets.
    """
    target = (path or _usual_path(account)).absolute()
    if target.exists() and not force:
        raise click.ClickException(f"{target} is already there. Edit it, or replace it with --force.")
    answers = _answers(domain, address, listen, relay, admin)
    values = _values(answers, account)
    settings = _checked(values)
    if force:
        target.unlink(missing_ok=True)
    write_config(target, values, account=account)
    click.echo(f"Wrote {target}")
    if account:
        _make_home(settings.home, account)
    _as_account(account, target, lambda: _set_up(answers))
    if postfix:
        click.echo(postfix_lines(settings, answers.aliases), nl=False)


def _usual_path(account: str) -> Path:
    if path := os.environ.get("TICKETS_CONFIG", "").strip():
        return default_home() / path
    if account:
        return SYSTEM_FILE
    home = os.environ.get("TICKETS_HOME", "").strip()
    return (Path(home) if home else default_home()) / FILE_NAME


def _answers(
    domain: str | None, address: str | None, listen: str | None, relay: str | None, admin: str | None
) -> _Answers:
    domain = _ask(domain, "The tracker's own domain (its email must reach this machine), like tickets.example.org")
    address = _ask(address, "The address people write to", f"hello@{domain}")
    listen = _ask(listen, "Where email comes from: your mail server hands it over at", "lmtp://127.0.0.1:8824")
    relay = _ask(relay, "Where outgoing email goes", "smtp://127.0.0.1:25")
    admin = _ask(admin, "The first admin, like Ann Lee <ann@example.org>")
    whole = address if "@" in address else f"{address}@{domain}"
    return _Answers(domain.lower(), _address(whole), listen, relay, _person(admin))


def _ask(from_option: str | None, question: str, default: str | None = None) -> str:
    answer: str = from_option if from_option is not None else click.prompt(question, default=default, err=True)
    return answer.strip()


def _address(address: str) -> str:
    if not is_usable(address):
        raise click.ClickException(f'"{address}" isn\'t an email address. Write it like hello@example.org.')
    return address


def _person(text: str) -> Mailbox:
    mailbox = mailbox_of(text)
    _address(mailbox.email)
    return mailbox


def _values(answers: _Answers, account: str) -> dict[str, str]:
    settings = {"domain": answers.domain, "listen": answers.listen, "relay": answers.relay}
    # What the environment says now would be missing in the next shell.
    kept = {name.lower(): os.environ[f"{PREFIX}{name}"] for name in _KEPT if f"{PREFIX}{name}" in os.environ}
    return {**settings, **({"home": _SERVICE_HOME} if account else {}), **kept}


def _checked(values: dict[str, str]) -> Settings:
    """Return the settings that the file will say; one line names what is wrong before anything is written."""
    own = own_settings()
    answers = SettingSource("answers", "{name}", {name.upper(): value for name, value in values.items()})
    return load({**vars(defaults), **vars(own)}, {}, answers)


def _as_account(name: str, path: Path, work: Callable[[], None]) -> None:
    """Do work in a process of the account's own, by this file alone; end where it fails."""
    child = os.fork()
    if child == 0:
        # Nothing that stands above us on the stack may go on in this process.
        os._exit(_status_of(name, path, work))
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise click.ClickException(f"{path} is written, but the tracker isn't set up. Mend that, then use --force.")


def _status_of(name: str, path: Path, work: Callable[[], None]) -> int:
    try:
        if name:
            account = pwd.getpwnam(name)
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            if not os.access(sys.executable, os.X_OK):
                raise click.ClickException(f"{name} can't run {sys.executable}. Put it where that account can read it.")
        for variable in [variable for variable in os.environ if variable.startswith(PREFIX)]:
            del os.environ[variable]
        os.environ[f"{PREFIX}CONFIG"] = str(path)
        work()
        sys.stdout.flush()
    except Exception as error:
        click.echo(in_one_line(error), err=True)
        return 1
    return 0


def _set_up(answers: _Answers) -> None:
    """Create the database with one queue for the address, and its first person; one that is there keeps what it has."""
    settings = current_settings()
    with closing(Database(settings.database_url, settings.domain)) as database:
        with suppress(NotReady):
            check_version(database)
            move_to_domain(database)
        if set_up(database):
            click.echo(f"Created the database {database.shown_url}")
            with database.transaction() as uow:
                _drop_unasked(uow)
        with database.transaction() as uow:
            _add_answers(uow, answers)


def _drop_unasked(uow: UnitOfWork) -> None:
    """Leave a new database nothing that answers without having been asked for."""
    general = queues.find_queue(uow, _QUEUE)
    for row in list(general.addresses):
        queue_setup.remove_queue_address(uow, general, row.address)
    remove_queue(uow, queues.find_queue(uow, _UNASKED_QUEUE), general)


def _add_answers(uow: UnitOfWork, answers: _Answers) -> None:
    general = queues.find_queue(uow, _QUEUE)
    existing = {queues.whole_address(uow, row.address) for queue in queues.every_queue(uow) for row in queue.addresses}
    for address in (answers.address, *(target for _, target in answers.aliases)):
        if address_key(address) not in existing:
            queue_setup.add_queue_address(uow, general, address)
    admin = registration.add_person(uow, answers.admin, administrator=True)
    if queue_setup.add_responder(uow, general, admin):
        welcome(uow, general, admin)
    addresses = ", ".join(queues.whole_address(uow, row.address) for row in general.addresses)
    click.echo(f"Email to {addresses} opens a ticket of the {general.name} team")
    click.echo(f"{admin.label} <{admin.email}> is an admin and on the {general.name} team")


def _make_home(home: Path, account: str) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.chown(home, account, pwd.getpwnam(account).pw_gid)
