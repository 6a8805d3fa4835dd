"""Claims about settings: every variable, its default, what may override it (docs/interface.md, section 2)."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mail_tickets.config import defaults as plain
from mail_tickets.config import home
from mail_tickets.config.build import build_relay
from mail_tickets.config.parsing import BadSetting, Listen, load, problems, without_password
from mail_tickets.config.web_address import WebAddress

ROOT = Path(__file__).resolve().parents[2]

DEFAULTS = {
    "home": ROOT,
    "domain": "tickets.localhost",
    "database_url": f"sqlite:///{ROOT}/run/tickets.db",
    "listen": (Listen("smtp", "127.0.0.1", 8825, ""),),
    "relay": "maildir:run/letters",
    "max_message_bytes": 26_214_400,
    "unmatched": "keep",
    "trust": "reply",
    "authserv_id": None,
    "workers": 4,
    "log": "plain",
    "metrics": None,
    "web": WebAddress("127.0.0.1", 8826),
    "web_url": None,
}

GOOD: list[tuple[str, str, Any]] = [
    ("DOMAIN", "Help.Example.ORG", "help.example.org"),
    ("DOMAIN", "localhost", "localhost"),
    ("DATABASE_URL", "sqlite:///other.db", f"sqlite:///{ROOT}/other.db"),
    ("DATABASE_URL", "sqlite:////var/lib/t.db", "sqlite:////var/lib/t.db"),
    ("DATABASE_URL", "sqlite+pysqlite:////t.db", "sqlite:////t.db"),
    ("DATABASE_URL", "postgresql+psycopg://a:b@h:5433/t", "postgresql+psycopg://a:b@h:5433/t"),
    ("DATABASE_URL", "postgresql://a@h/t", "postgresql+psycopg://a@h/t"),
    ("DATABASE_URL", "postgres://a@h/t", "postgresql+psycopg://a@h/t"),
    ("DATABASE_URL", "postgresql:///t?host=/run/pg", "postgresql+psycopg:///t?host=%2Frun%2Fpg"),
    ("LISTEN", "smtp://0.0.0.0:25", (Listen("smtp", "0.0.0.0", 25, ""),)),
    ("LISTEN", "smtp://[::1]:0", (Listen("smtp", "::1", 0, ""),)),
    (
        "LISTEN",
        "smtp://localhost:8825, lmtp://127.0.0.1:24,lmtp+unix:///run/tickets/lmtp",
        (
            Listen("smtp", "localhost", 8825, ""),
            Listen("lmtp", "127.0.0.1", 24, ""),
            Listen("lmtp+unix", "", 0, "/run/tickets/lmtp"),
        ),
    ),
    ("RELAY", "smtp+starttls://u:p%40ss@mail.example.org", "smtp+starttls://u:p%40ss@mail.example.org"),
    ("RELAY", "maildir:/var/letters", "maildir:/var/letters"),
    ("MAX_MESSAGE_BYTES", "10_000_000", 10_000_000),
    ("UNMATCHED", "reject", "reject"),
    ("TRUST", "dmarc", "dmarc"),
    ("TRUST", "FROM", "from"),
    ("AUTHSERV_ID", "mx.example.org", "mx.example.org"),
    ("AUTHSERV_ID", "", None),
    ("WORKERS", " 8 ", 8),
    ("LOG", "JSON", "json"),
]

BAD = [
    ("DOMAIN", ""),
    ("DOMAIN", "two words"),
    ("DOMAIN", "müller.example"),
    ("DOMAIN", "a..b"),
    ("DATABASE_URL", ""),
    ("DATABASE_URL", "run/tickets.db"),
    ("DATABASE_URL", "mysql://h/t"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite:///t.db?mode=ro"),
    ("DATABASE_URL", "sqlite://run/t.db"),
    ("DATABASE_URL", "postgresql://a:secret@h:port/t"),
    ("LISTEN", ""),
    ("LISTEN", "8825"),
    ("LISTEN", "smtp://127.0.0.1"),
    ("LISTEN", "smtp://127.0.0.1:65536"),
    ("LISTEN", "smtp://[::zz]:25"),
    ("LISTEN", "smtp://[:::]:25"),
    ("LISTEN", "http://127.0.0.1:80"),
    ("LISTEN", "smtp://127.0.0.1:25,nonsense"),
    ("LISTEN", "lmtp+unix://relative"),
    ("RELAY", ""),
    ("RELAY", "somewhere"),
    ("RELAY", "maildir:"),
    ("RELAY", "smtp://a:secret@h:port"),
    ("RELAY", "smtp://a:sec@ret@h:port"),
    ("MAX_MESSAGE_BYTES", "25MB"),
    ("MAX_MESSAGE_BYTES", "0"),
    ("MAX_MESSAGE_BYTES", "9" * 5000),
    ("UNMATCHED", "bounce"),
    ("TRUST", "nobody"),
    ("LOG", "xml"),
    ("LOG", ""),
    ("WORKERS", "0"),
    ("WORKERS", "-1"),
    ("WORKERS", "many"),
    ("WORKERS", "٤"),
]


def test_the_defaults_are_those_of_the_interface() -> None:
    settings = load(vars(plain), {})
    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS
    # Where the server is found that has these settings follows from them.
    assert {*DEFAULTS, "handover"} == set(vars(settings))


@pytest.mark.parametrize(("name", "value", "read"), GOOD, ids=[f"{name}={value}" for name, value, _ in GOOD])
def test_the_environment_wins(name: str, value: str, read: object) -> None:
    assert getattr(load(vars(plain), {f"TICKETS_{name}": value}), name.lower()) == read


@pytest.mark.parametrize(("name", "value"), BAD, ids=[f"{name}={value[:40]}" for name, value in BAD])
def test_a_bad_value_is_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as excinfo:
        load(vars(plain), {f"TICKETS_{name}": value})
    line = str(excinfo.value)
    assert line.startswith(f"TICKETS_{name} ")
    assert "\n" not in line
    assert "secret" not in line
    assert "sec@" not in line


def test_a_bad_value_in_the_file_is_named_too() -> None:
    with pytest.raises(BadSetting, match="TICKETS_WORKERS can't be 'some'"):
        load({**vars(plain), "WORKERS": "some"}, {})


def test_none_in_the_file_is_nothing() -> None:
    assert load({**vars(plain), "AUTHSERV_ID": None}, {}).authserv_id is None


def test_an_unknown_variable_is_named_with_those_that_there_are() -> None:
    with pytest.raises(BadSetting, match=r"^TICKETS_RELAI isn't a setting\. Did you mean TICKETS_RELAY\?$"):
        load(vars(plain), {"TICKETS_RELAI": "x"})


def test_an_unknown_name_in_the_file_is_named() -> None:
    with pytest.raises(BadSetting, match=r"^RELAI in config/settings.py isn't a setting"):
        load({**vars(plain), "RELAI": "x"}, {})


def test_a_name_that_the_file_lacks_is_named() -> None:
    with pytest.raises(BadSetting, match="TICKETS_RELAY isn't set"):
        load({name: value for name, value in vars(plain).items() if name != "RELAY"}, {})


def test_other_variables_are_not_ours() -> None:
    load(vars(plain), {"TICKETSX": "x", "_TICKETS_COMPLETE": "x", "PATH": "x"})


def test_all_that_is_wrong_is_found() -> None:
    lines = list(problems(vars(plain), {"TICKETS_FOO": "x", "TICKETS_TRUST": "x", "TICKETS_WORKERS": "x"}))
    assert [line.split()[0] for line in lines] == ["TICKETS_FOO", "TICKETS_TRUST", "TICKETS_WORKERS"]


@pytest.mark.parametrize("command", ["serve", "init", "list"])
def test_a_bad_setting_stops_a_command_with_one_line(command: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TICKETS_WORKERS": "many", "TICKETS_DATABASE_URL": f"sqlite:///{tmp_path}/t.db"}
    tickets = Path(sys.executable).with_name("tickets")
    result = subprocess.run(
        [tickets, command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("TICKETS_WORKERS can't be 'many': ")
    assert result.stderr.count("\n") == 1
    assert not result.stdout
    assert not list(tmp_path.iterdir())


def test_relative_paths_start_at_the_repository_wherever_a_command_runs(tmp_path: Path) -> None:
    program = (
        "from mail_tickets.config.current import current_settings; "
        "from mail_tickets.config.build import build_relay; "
        "print(current_settings().database_url, build_relay(current_settings()))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
    environment |= {"TICKETS_DATABASE_URL": "sqlite:///some/t.db", "TICKETS_RELAY": "maildir:some/letters"}
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == [f"sqlite:///{ROOT}/some/t.db", f"maildir:{ROOT}/some/letters"]


def test_an_installed_tracker_keeps_its_data_where_the_system_keeps_such_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(home, "checkout", lambda: None)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert load(vars(plain), {}).database_url == "sqlite:////var/lib/tickets/run/tickets.db"
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load(vars(plain), {}).home == tmp_path / "tickets"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", "/home/ann")
    assert load(vars(plain), {}).home == Path("/home/ann/.local/share/tickets")


def test_relative_paths_start_at_the_home_that_is_given(tmp_path: Path) -> None:
    settings = load(vars(plain), {"TICKETS_HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/run/tickets.db"
    assert str(build_relay(settings)) == f"maildir:{tmp_path}/run/letters"


@pytest.mark.parametrize(
    ("name", "value"),
    [("HOME", "{}"), ("DATABASE_URL", "sqlite:///{}/t.db"), ("RELAY", "maildir:{}/letters")],
)
@pytest.mark.parametrize("folder", ["site-packages", "dist-packages/mail_tickets"])
def test_no_data_lies_among_installed_programs(name: str, value: str, folder: str) -> None:
    path = value.format(f"/usr/lib/python3/{folder}")
    with pytest.raises(BadSetting, match=rf"^TICKETS_{name} can't be .*an upgrade may empty it; name another"):
        load(vars(plain), {f"TICKETS_{name}": path})
    assert len(list(problems(vars(plain), {f"TICKETS_{name}": path}))) == 1


def test_salmons_variable_names_the_settings_of_another_project(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "settings.py").write_text('DEBUG = True\nTICKETS = {"DOMAIN": "help.example.org"}\n')
    program = "from mail_tickets.config.current import current_settings; print(current_settings().domain)"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
    for more, domain in (({}, "help.example.org"), ({"TICKETS_DOMAIN": "other.example"}, "other.example")):
        result = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**kept, **more, "SALMON_SETTINGS_MODULE": "theirs.settings"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == domain


@pytest.mark.parametrize(
    "text",
    [
        "user:sekrit@host",
        "smtp://user:sekrit@host",
        "smtp:/user:sekrit@host",
        "smtp//user:sek@sekrit@host",
        "postgresql://host/x?user=u&password=sekrit",
        "postgresql://host/x?sslpassword=sekrit&user=u",
        "smtp+starttls://host:sekrit",
    ],
)
def test_no_password_is_shown_however_its_url_is_written(text: str) -> None:
    assert "sekrit" not in without_password(text)
    assert "host" in without_password(text)


@pytest.mark.parametrize(
    "text",
    [
        "hello@example.org",
        "maildir:run/letters",
        "smtp://127.0.0.1:8825",
        "smtp://localhost:25, lmtp://[::1]:24",
        "keep",
    ],
)
def test_a_value_without_a_password_is_shown_whole(text: str) -> None:
    assert without_password(text) == text
