"""Claims about `tickets doctor`: every finding says what to do, and only what is wrong makes the exit status 1."""

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from salmon.routing import Router
from sqlalchemy import make_url, text, update

from mail_tickets.cli import main
from mail_tickets.cli.checking import database_checks, installation_checks, letter_samples
from mail_tickets.model import wording
from mail_tickets.model.records.letters import Letter, State
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.storage.database import Database
from tests.support.browser import serving_web
from tests.support.postgres import PostgresServer, fresh_database
from tests.support.sinks import Sink
from tests.support.world import World, make_database


class Report(NamedTuple):
    """What the doctor said."""

    status: int
    findings: list[dict[str, str]]

    def about(self, subject: str) -> list[tuple[str, str]]:
        return [(finding["level"], finding["text"]) for finding in self.findings if finding["about"] == subject]

    @property
    def levels(self) -> set[str]:
        return {finding["level"] for finding in self.findings}


Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on a database of its own; gives what it printed."""
    monkeypatch.setenv("TICKETS_DATABASE_URL", f"sqlite:///{tmp_path}/tickets.db")
    monkeypatch.setenv("TICKETS_RELAY", f"maildir:{tmp_path}/letters")
    monkeypatch.setenv("TICKETS_LISTEN", "smtp://127.0.0.1:0")
    monkeypatch.setenv("TICKETS_WEB", "")

    def command(*arguments: str, status: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        output = capsys.readouterr()
        assert (ended.value.code, output.err) == (status, "")
        return output.out

    return command


@pytest.fixture
def doctor(run: Run) -> Callable[[int], Report]:
    def examine(status: int = 0) -> Report:
        return Report(status, json.loads(run("doctor", "--json", status=status)))

    return examine


@pytest.fixture
def healthy(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An installation that needs nothing, and a server on its port."""
    make_database(os.environ["TICKETS_DATABASE_URL"])
    run("person", "add", "admin@example.org", "--admin")
    for queue in ("General", "Questions"):
        run("responder", "add", "rob@example.org", "--queue", queue)
    run("backup", str(tmp_path / "backup.db"))
    with Sink() as server:
        monkeypatch.setenv("TICKETS_LISTEN", f"smtp://127.0.0.1:{server.port}")
        yield


Doctor = Callable[..., Report]


@pytest.mark.usefixtures("healthy")
def test_a_healthy_installation_is_all_good(doctor: Doctor, run: Run) -> None:
    assert doctor().levels == {"ok"}
    *lines, verdict = run("doctor").splitlines()
    assert all(line.startswith("ok    ") for line in lines)
    assert verdict == "All good."


@pytest.mark.usefixtures("healthy")
def test_the_last_line_is_a_verdict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("queue", "add", "Sponsors")
    assert run("doctor").splitlines()[-1] == "1 warning."
    monkeypatch.setenv("TICKETS_RELAY", "smtp://127.0.0.1:1")
    assert run("doctor", status=1).splitlines()[-1] == "1 problem: fix it before mail arrives. 2 warnings."
    monkeypatch.setenv("TICKETS_TRUST", "dmarc")
    assert run("doctor", status=1).splitlines()[-1] == "2 problems: fix them before mail arrives. 2 warnings."


@pytest.mark.usefixtures("healthy")
def test_tickets_that_wait_where_nobody_reads_are_listed(doctor: Doctor, run: Run) -> None:
    run("queue", "add", "Sponsors")
    for _ in range(2):
        run("open", "--queue", "Sponsors", "--from", "ann@example.net", "--subject", "A gift", "--text", "For you.")
    text = "2 tickets are waiting in Sponsors, which has no team: #1 and #2."
    assert doctor().about("unread") == [("warn", text)]
    run("responder", "add", "rob@example.org", "--queue", "Sponsors")
    assert doctor().about("unread") == []


def test_without_a_database_it_says_how_to_make_one(doctor: Doctor) -> None:
    report = doctor(1)
    assert report.about("database") == [("FAIL", "No database yet. Run: tickets init")]
    assert report.about("outgoing")[0][0] == "ok"


def test_a_new_installation_is_warned_of_what_is_missing_and_no_more(doctor: Doctor, run: Run) -> None:
    make_database(os.environ["TICKETS_DATABASE_URL"])
    report = doctor(1)
    assert report.levels == {"ok", "warn", "FAIL"}
    assert [level for level, _ in report.about("incoming")] == ["FAIL"]
    assert report.about("backup")[0][0] == "warn"
    texts = [text for _, text in report.about("teams")]
    advice = "Add someone: tickets responder add EMAIL --queue General"
    assert texts[0] == f"General has no team: nobody will see its tickets. {advice}"
    assert "Questions" in texts[1]
    assert texts[2].endswith("Add one: tickets person add EMAIL --admin")


def test_every_bad_setting_is_named(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETS_FOO", "x")
    monkeypatch.setenv("TICKETS_WORKERS", "many")
    findings = doctor(1).about("settings")
    assert [text.split()[0] for _, text in findings] == ["TICKETS_FOO", "TICKETS_WORKERS"]


def test_a_database_that_is_away(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETS_DATABASE_URL", "postgresql://a:secret@127.0.0.1:1/t")
    [(level, text)] = doctor(1).about("database")
    assert level == "FAIL"
    assert "refused" in text
    assert "TICKETS_DATABASE_URL" in text
    assert "secret" not in text


def test_a_file_that_is_no_database(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "tickets.db").write_bytes(b"something else\n" * 1000)
    [(level, text)] = doctor(1).about("database")
    assert (level, "file is not a database" in text) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
def test_a_database_of_another_version(doctor: Doctor, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/tickets.db", "tickets.localhost")
    with database.transaction() as uow:
        uow.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    database.close()
    [(level, advice)] = doctor(1).about("database")
    assert (level, "To upgrade it, run: tickets init" in advice) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(("free_mb", "level"), [(10, "FAIL"), (500, "warn"), (100_000, "ok")])
def test_a_disk_that_fills(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, free_mb: int, level: str) -> None:
    usage = shutil.disk_usage("/")._replace(free=free_mb * 2**20)
    monkeypatch.setattr(installation_checks.shutil, "disk_usage", lambda _: usage)
    [(found_level, text)] = doctor(int(level == "FAIL")).about("disk")
    assert found_level == level
    assert f"{free_mb} MB free" in text


@pytest.mark.usefixtures("healthy")
def test_a_relay_that_is_away(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETS_RELAY", "smtp://a:secret@127.0.0.1:1")
    [(level, text)] = doctor(1).about("outgoing")
    assert level == "FAIL"
    assert "TICKETS_RELAY" in text
    assert "secret" not in text


@pytest.mark.usefixtures("healthy")
def test_a_relay_that_answers(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink:
        monkeypatch.setenv("TICKETS_RELAY", sink.url)
        assert doctor().about("outgoing") == [("ok", f"connects to {sink.url}")]


@pytest.mark.usefixtures("healthy")
def test_each_listener_is_free_or_answers(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Sink() as sink:
        places = f"smtp://127.0.0.1:{sink.port},lmtp://127.0.0.1:0,lmtp+unix://{tmp_path}/new/socket"
        monkeypatch.setenv("TICKETS_LISTEN", places)
        findings = doctor(1).about("incoming")
    assert findings == [
        ("ok", f"listening on smtp://127.0.0.1:{sink.port} ('220 relay ready')"),
        ("FAIL", "nothing listens on lmtp://127.0.0.1:0. Start tickets serve."),
        ("FAIL", f"nothing listens on lmtp+unix://{tmp_path}/new/socket. Start tickets serve."),
    ]


@pytest.mark.usefixtures("healthy")
def test_web_pages_are_served_or_away_or_anothers(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert doctor().about("web pages") == []
    world = World(f"sqlite:///{tmp_path}/web.db")
    with closing(world), serving_web(world) as url:
        monkeypatch.setenv("TICKETS_WEB", url)
        assert doctor().about("web pages") == [("ok", f"served at {url.removeprefix('http://')}")]
    [(level, text)] = doctor().about("web pages")
    assert (level, "Start tickets serve" in text) == ("warn", True)
    with Sink() as sink:
        monkeypatch.setenv("TICKETS_WEB", f"http://127.0.0.1:{sink.port}")
        [(level, text)] = doctor().about("web pages")
    assert (level, "Another program uses" in text) == ("warn", True)


@pytest.mark.usefixtures("healthy")
def test_a_server_that_has_too_many_connections(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink(script={"CONNECT": "421 4.3.2 Too many connections"}) as sink:
        monkeypatch.setenv("TICKETS_LISTEN", f"smtp://127.0.0.1:{sink.port}")
        [(level, text)] = doctor(1).about("incoming")
    assert (level, "takes no connections: '421 4.3.2 Too many connections'" in text) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
def test_a_listener_that_cannot_be_had(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as bound:
        monkeypatch.setattr("mail_tickets.cli.checking.listener_probe.SECONDS", 0.2)
        bound.bind(("127.0.0.1", 0))
        places = [
            f"smtp://127.0.0.1:{silent.getsockname()[1]}",
            f"smtp://127.0.0.1:{bound.getsockname()[1]}",
            "smtp://no-such-host.invalid:25",
            f"lmtp+unix://{tmp_path}/file",
        ]
        monkeypatch.setenv("TICKETS_LISTEN", ",".join(places))
        findings = doctor(1).about("incoming")
    failures = [text for level, text in findings if level == "FAIL"]
    assert "another program, not a mail server" in failures[0]
    assert "another program uses it" in failures[1]
    assert all(place in text and "TICKETS_LISTEN" in text for place, text in zip(places, failures, strict=True))
    # A name that is not this machine's is open to others.
    [warning] = [text for level, text in findings if level == "warn"]
    assert "no-such-host.invalid" in warning


@pytest.mark.usefixtures("healthy")
def test_routes_that_salmon_cannot_load(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    from config import settings as plain

    monkeypatch.setattr(plain, "handlers", ["mail_tickets.handlers.ticket", "mail_tickets.handlers.nowhere"])
    [(level, text)] = doctor(1).about("handlers")
    assert (level, "nowhere" in text) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
def test_a_boot_that_would_load_no_route(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    from config import settings as plain

    monkeypatch.setattr(plain, "handlers", [])
    monkeypatch.setattr(Router, "REGISTERED", {})
    [(level, text)] = doctor(1).about("handlers")
    assert (level, "Salmon has no route to mail_tickets.handlers.other and" in text) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
def test_a_relay_that_refuses(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink(script={"CONNECT": "554 5.7.1 not you"}) as sink:
        monkeypatch.setenv("TICKETS_RELAY", sink.url)
        [(level, text)] = doctor(1).about("outgoing")
    assert (level, "5.7.1 not you" in text) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("table", ["mail", "letter"])
@pytest.mark.parametrize(("ahead", "level"), [(timedelta(seconds=30), "ok"), (timedelta(days=1), "FAIL")])
def test_a_clock_that_was_set_back(
    doctor: Doctor, run: Run, tmp_path: Path, table: str, ahead: timedelta, level: str
) -> None:
    (tmp_path / "mail").write_bytes(b"From: ann@example.org\nSubject: x\n\nhi\n")
    run("deliver", "--to", "hello@tickets.localhost", str(tmp_path / "mail"))
    database = Database(f"sqlite:///{tmp_path}/tickets.db", "tickets.localhost")
    with database.transaction() as uow:
        change = update(Mail).values(received=uow.now + ahead)
        uow.session.execute(change if table == "mail" else update(Letter).values(created=uow.now + ahead))
    database.close()
    [(found_level, text)] = doctor(int(level == "FAIL")).about("clock")
    assert (found_level, "in the future" in text) == (level, level == "FAIL")


@pytest.mark.parametrize(
    ("ahead", "text"),
    [(timedelta(), "fine"), (timedelta(hours=1), "ahead of the"), (timedelta(hours=-1), "behind the")],
)
def test_a_clock_that_is_not_the_databases(world: World, ahead: timedelta, text: str) -> None:
    at = datetime.now(UTC) + ahead
    with closing(Database(world.database.url.render_as_string(hide_password=False), "x", clock=lambda: at)) as database:
        findings = list(database_checks.check_clock(database))
    if database.is_sqlite:
        # It is in the same machine, and has no clock.
        assert [finding.level for finding in findings] == ["ok"]
    else:
        assert text in findings[0].text
        assert findings[0].level == ("FAIL" if ahead else "ok")


def test_a_database_that_can_only_be_read(
    postgres_server: PostgresServer, postgres_template: str, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fresh_database(postgres_server, template=postgres_template)
    postgres_server.execute(f'ALTER DATABASE "{make_url(url).database}" SET default_transaction_read_only = on')
    monkeypatch.setenv("TICKETS_DATABASE_URL", url)
    [(level, text)] = doctor(1).about("database")
    assert (level, "is read-only" in text) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
def test_mail_set_aside_is_a_warning(doctor: Doctor, run: Run, tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(b"From: ann@example.org\nSubject: x\n\nhi\n")
    run("deliver", "--to", "nobody@tickets.localhost", str(tmp_path / "mail"))
    [(level, text)] = doctor().about("unmatched")
    assert level == "warn"
    assert text == "1 email matched no ticket or queue. See: tickets unmatched list"


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("change", "level", "advice"),
    [
        ({"state": State.WAITING}, "ok", "none"),
        ({"state": State.WAITING, "age": timedelta(hours=2)}, "FAIL", "tickets outbox list --state waiting"),
        ({"state": State.SENT, "age": timedelta(hours=2)}, "ok", "none"),
        ({"state": State.FAILED}, "warn", "tickets outbox retry ID"),
    ],
)
def test_letters_that_do_not_leave(
    doctor: Doctor, run: Run, tmp_path: Path, change: dict[str, Any], level: str, advice: str
) -> None:
    run("open", "--queue", "General", "--from", "ann@example.org", "--subject", "x", "--text", "y")
    database = Database(f"sqlite:///{tmp_path}/tickets.db", "tickets.localhost")
    with database.transaction() as uow:
        created = uow.now - change.pop("age", timedelta())
        uow.session.execute(update(Letter).values(created=created, **change))
    database.close()
    [(found_level, text)] = doctor(int(level == "FAIL")).about("outbox")
    assert found_level == level
    assert advice in text


@pytest.mark.usefixtures("healthy")
def test_proof_by_replies_needs_nothing_else(doctor: Doctor) -> None:
    assert doctor().about("trust") == []


@pytest.mark.usefixtures("healthy")
def test_trust_in_the_from_header_is_a_warning(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETS_TRUST", "from")
    [(level, text)] = doctor().about("trust")
    assert level == "warn"
    assert "anyone can fake a sender and change tickets. Set TICKETS_TRUST=reply." in text


@pytest.mark.usefixtures("healthy")
def test_proof_by_dmarc_without_a_front_server_is_wrong(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETS_TRUST", "dmarc")
    [(level, text)] = doctor(1).about("trust")
    assert level == "FAIL"
    assert "needs TICKETS_AUTHSERV_ID; without it no command by email works." in text


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("trust", ["reply", "dmarc"])
def test_what_the_front_server_must_do_is_said(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, trust: str) -> None:
    monkeypatch.setenv("TICKETS_TRUST", trust)
    monkeypatch.setenv("TICKETS_AUTHSERV_ID", "mx.example.org")
    [(level, text)] = doctor().about("trust")
    assert level == "ok"
    assert text.startswith("Authentication-Results of mx.example.org are believed. That server must remove")
    assert "and then add its own on top" in text


@pytest.mark.usefixtures("healthy")
def test_a_check_that_fails_is_a_finding(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("never seen\nbefore")

    monkeypatch.setattr(database_checks, "check_unmatched", fails)
    assert doctor(1).about("unmatched") == [("FAIL", "RuntimeError: never seen.")]


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("damage", ["{% if %}", "{{ heading }", '{% extends "nowhere.txt" %}'])
def test_a_letter_that_cannot_be_rendered(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "templates"
    shutil.copytree(wording.TEMPLATES, copy)
    (copy / "posted.txt").write_text(damage)
    monkeypatch.setattr(letter_samples, "TEMPLATES", copy)
    monkeypatch.setattr(wording, "TEMPLATES", copy)
    wording._environment.cache_clear()
    wording.wording_in.cache_clear()
    try:
        [(level, text)] = doctor(1).about("templates")
    finally:
        wording._environment.cache_clear()
        wording.wording_in.cache_clear()
    # The first of the kinds that stand on it.
    assert (level, "Can't write emails of the kind 'opened'" in text) == ("FAIL", True)


@pytest.mark.usefixtures("healthy")
def test_templates_that_are_not_there(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(letter_samples, "TEMPLATES", tmp_path / "nowhere")
    assert doctor(1).about("templates") == [("FAIL", "The email templates are missing. Install mail-tickets again.")]


@pytest.mark.usefixtures("healthy")
def test_a_front_server_that_is_not_the_only_one_who_reaches_us_is_a_warning(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETS_AUTHSERV_ID", "mx.example.org")
    monkeypatch.setenv("TICKETS_LISTEN", "smtp://0.0.0.0:0,lmtp://127.0.0.1:0")
    texts = [text for level, text in doctor(1).about("trust") if level == "warn"]
    assert [text.partition(" can write")[0] for text in texts] == ["Anyone who reaches 0.0.0.0"]


@pytest.mark.usefixtures("healthy")
def test_replies_to_message_ids_that_we_never_wrote_are_a_warning(doctor: Doctor, run: Run, tmp_path: Path) -> None:
    run("open", "--queue", "General", "--from", "ann@example.org", "--subject", "x", "--text", "y")

    def replies(sender: str, domain: str, number: int) -> None:
        head = f"From: {sender}\nMessage-ID: <{number}@{sender.partition('@')[2]}>\nIn-Reply-To: <{number}@{domain}>"
        (tmp_path / "mail").write_text(f"{head}\nSubject: Re: x\n\nNumber {number}.\n")
        run("deliver", "--to", "ticket1@tickets.localhost", str(tmp_path / "mail"))

    # Whoever had no letter answers somebody else's mail, and so may one that answers a person's.
    for number in range(3):
        replies("eve@example.net", "relay.example.net", number)
        replies("rob@example.org", "example.net", number)
    replies("rob@example.org", "relay.example.com", 4)
    assert doctor().about("replies") == []
    replies("rob@example.org", "relay.example.com", 5)
    [(level, text)] = doctor().about("replies")
    assert level == "warn"
    assert text.startswith("2 replies answer Message-IDs at relay.example.com that we never wrote:")


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(("mode", "open_to_all"), [(0o660, False), (0o666, True)])
def test_a_socket_that_everybody_can_write_to_is_a_warning_with_a_front_server(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int, open_to_all: bool
) -> None:
    place = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        place.chmod(mode)
        monkeypatch.setenv("TICKETS_AUTHSERV_ID", "mx.example.org")
        monkeypatch.setenv("TICKETS_LISTEN", f"lmtp+unix://{place}")
        texts = [text for level, text in doctor(1).about("trust") if level == "warn"]
    assert any(f"Anyone who reaches {place}" in text for text in texts) is open_to_all
