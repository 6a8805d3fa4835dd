"""Claims about tickets.toml, the command `config`, and the domain that a database belongs to."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mail_tickets.config import defaults
from mail_tickets.config.parsing import BadSetting, SettingReading
from mail_tickets.config.sources import from_credentials, from_file
from mail_tickets.model.schema import alembic_config, upgrade
from mail_tickets.model.storage.database import Database
from tests.support.commands import run_here
from tests.support.world import DOMAIN, World

INIT = ("--domain", "tickets.np.example", "--address", "hello@np.example", "--listen", "lmtp://127.0.0.1:18824")
INIT += ("--relay", "maildir:letters", "--admin", "Vera Ok <vera@np.example>")


class Shell:
    """A shell in which nothing is set but where the tracker keeps its data."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
        self.environment = {**kept, "TICKETS_HOME": str(home)}

    def run(self, *command: str, stdin: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        result = run_here(command, self.environment | more, stdin.encode(), folder=Path("/"))
        return subprocess.CompletedProcess(
            result.args, result.returncode, result.stdout.decode(), result.stderr.decode()
        )

    def does(self, *command: str, stdin: str = "") -> str:
        result = self.run(*command, stdin=stdin)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def refuses(self, *command: str, status: int = 1, **more: str) -> str:
        """Run a command that ends with one line; the line."""
        result = self.run(*command, **more)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (status, "", 1), result
        return result.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def reading(path: Path, environment: dict[str, str] | None = None) -> SettingReading:
    return SettingReading(vars(defaults), environment or {}, from_file(path))


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "tickets.toml"
    path.write_text(content)
    return path


def test_the_file_goes_over_the_defaults_and_the_environment_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'domain = "a.example"\nworkers = 7\nlisten = ["smtp://[::1]:1", "lmtp://127.0.0.1:2"]\n')
    settings = reading(path).settings()
    assert (settings.domain, settings.workers, [listener.port for listener in settings.listen]) == (
        "a.example",
        7,
        [1, 2],
    )
    assert reading(path, {"TICKETS_DOMAIN": "b.example"}).settings().domain == "b.example"


@pytest.mark.parametrize(
    ("content", "start"),
    [
        ('domian = "a.example"', "domian in {} isn't a setting. Did you mean TICKETS_DOMAIN?"),
        ('DOMAIN = "a.example"', "DOMAIN in {}"),
        ("[domain]\nx = 1", "domain in {} "),
        ("workers = true", "workers in {} "),
        ("workers = 1.5", "workers in {} "),
        ('workers = "many"', "workers in {} can't be 'many'"),
        ('relay = "smtp://a:secret@x y"', "relay in {} can't be"),
        ("domain = a.example", "{} isn't valid TOML: "),
        ('relay = "maildir:x"\nrelay_file = "y"', "relay in {} and relay_file in {} are both set"),
        ('relay_file = "/nowhere/at/all"', "relay_file in {} can't be read"),
    ],
)
def test_whatever_is_wrong_in_the_file_is_one_line_that_names_it_and_the_file(
    tmp_path: Path, content: str, start: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(BadSetting) as excinfo:
        reading(path).settings()
    line = str(excinfo.value)
    assert line.startswith(start.replace("{}", str(path)))
    assert "\n" not in line
    assert "secret" not in line


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "relay").write_text("smtp://u:secret@mail.example:25\n")
    path = written(tmp_path, f'relay_file = "{tmp_path}/relay"\n')
    assert reading(path).settings().relay == "smtp://u:secret@mail.example:25"
    by_variable = reading(path, {"TICKETS_RELAY_FILE": str(tmp_path / "relay"), "TICKETS_LOG": "json"}).settings()
    assert by_variable.relay == "smtp://u:secret@mail.example:25"


def test_a_secret_may_be_a_credential_of_the_service_manager(tmp_path: Path) -> None:
    (tmp_path / "database_url").write_text("postgresql://a:secret@h/t\n")
    credentials = from_credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    settings = SettingReading(vars(defaults), {}, credentials).settings()
    assert settings.database_url == "postgresql+psycopg://a:secret@h/t"


def test_every_command_reads_the_file_and_config_says_from_where_without_secrets(shell: Shell) -> None:
    path = written(shell.home, 'domain = "a.example"\nrelay = "smtp://u:secret@mail.example"\n')
    result = shell.run("config", "--json", TICKETS_WORKERS="3")
    settings = json.loads(result.stdout)
    assert settings["domain"] == {"value": "a.example", "from": str(path)}
    assert settings["workers"] == {"value": "3", "from": "environment"}
    assert settings["log"] == {"value": "plain", "from": "default"}
    assert "secret" not in result.stdout + shell.does("config")
    path = written(shell.home / "..", 'domain = "b.example"\n').rename(shell.home / "other.toml")
    assert "b.example" in shell.run("config", TICKETS_CONFIG=str(path)).stdout
    assert str(shell.home / "gone.toml") in shell.refuses("list", TICKETS_CONFIG=str(shell.home / "gone.toml"))


def test_config_init_makes_what_was_asked_for_and_nothing_else(shell: Shell) -> None:
    output = shell.does("config", "init", *INIT, "--postfix")
    path = shell.home / "tickets.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "relay_domains = tickets.np.example\n" in output
    assert "tickets.np.example=lmtp:inet:127.0.0.1:18824" in output
    assert "hello@np.example = hello@tickets.np.example" in output
    queues = json.loads(shell.does("queue", "list", "--json"))
    addresses = [(queue["name"], queue["addresses"]) for queue in queues]
    assert addresses == [("General", ["hello@np.example", "hello@tickets.np.example"])]
    people = json.loads(shell.does("person", "list", "--json"))
    assert [(person["email"], person["name"], person["administrator"]) for person in people] == [
        ("vera@np.example", "Vera Ok", True)
    ]
    assert [responder["email"] for responder in json.loads(shell.does("responder", "list", "--json"))] == [
        "vera@np.example"
    ]
    assert "already there" in shell.refuses("config", "init", *INIT)
    shell.does("config", "init", *INIT, "--force")


def test_config_init_asks_what_no_option_says(shell: Shell) -> None:
    shell.does("config", "init", stdin="tickets.np.example\n\n\nmaildir:letters\nvera@np.example\n")
    settings = json.loads(shell.does("config", "--json"))
    assert settings["domain"]["value"] == "tickets.np.example"
    assert settings["listen"]["value"] == "lmtp://127.0.0.1:8824"
    assert json.loads(shell.does("queue", "list", "--json"))[0]["addresses"] == ["hello@tickets.np.example"]


def test_a_command_under_another_domain_stops_with_one_line(shell: Shell) -> None:
    shell.does("init")
    for command in (("list",), ("init",), ("serve",), ("outbox", "send"), ("responder", "list")):
        line = shell.refuses(*command, TICKETS_DOMAIN="other.example")
        assert "tickets.localhost" in line, command
        assert "other.example" in line
        assert "tickets config --adopt-domain" in line
    shell.refuses("deliver", status=75, TICKETS_DOMAIN="other.example")
    assert "tickets.localhost" in shell.run("health", TICKETS_DOMAIN="other.example").stdout
    assert "now belongs" in shell.run("config", "--adopt-domain", TICKETS_DOMAIN="other.example").stdout
    assert "other.example" in shell.refuses("list")
    assert shell.run("list", TICKETS_DOMAIN="other.example").returncode == 0


@pytest.fixture
def moved(tmp_path: Path) -> Iterator[World]:
    """A tracker that has just got another domain, with a ticket from before."""
    url = f"sqlite:///{tmp_path}/tickets.db"
    old = World(url)
    old.responder("rob@home.example")
    old.actor("ann@home.example").writes("hello", "Hello")
    old.close()
    with closing(Database(url, "new.example")) as database:
        from mail_tickets.model.setup import move_to_domain

        assert move_to_domain(database) == DOMAIN
    new = World(url, domain="new.example")
    yield new
    new.close()


@pytest.mark.parametrize("domain", [DOMAIN, "new.example"])
def test_after_a_move_addresses_at_both_domains_are_ours(moved: World, domain: str) -> None:
    ann = moved.actor("ann@home.example")
    ann.writes(f"ticket1@{domain}", "More words")
    ann.writes(f"hello@{domain}", "Another matter", subject="New")
    rob = moved.actor("rob@home.example")
    assert [letter["From"].rpartition("<")[2] for letter in rob.letters] == [
        "ticket1@new.example>",
        "ticket2@new.example>",
    ]
    assert moved.intake.refuses(f"nobody@{domain}") is None
    assert moved.intake.refuses("hello@elsewhere.example") is not None


def test_an_upgrade_takes_the_domain_from_the_letters_that_were_sent(tmp_path: Path) -> None:
    from alembic import command

    url = f"sqlite:///{tmp_path}/tickets.db"
    old = World(url)
    old.responder("rob@home.example")
    old.actor("ann@home.example").writes("hello", "Hello")
    with old.database.transaction() as uow:
        command.downgrade(alembic_config(uow.session.connection()), "0017")
    upgrade(old.database)
    old.close()
    with closing(Database(url, DOMAIN)) as database, database.read_only() as uow:
        rows = [tuple(row) for row in uow.session.execute(text("SELECT name, current FROM our_domain"))]
    assert rows == [(DOMAIN, True)]
