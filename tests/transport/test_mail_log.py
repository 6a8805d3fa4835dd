"""Claims about the log: a line for each mail and recipient with its fate, in no form a word of the mail."""

import json
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from salmon.routing import Router
from sqlalchemy.exc import IntegrityError, OperationalError

from mail_tickets.devtools.mail_client import MailClient
from mail_tickets.transport import mail_log
from mail_tickets.transport.inbound.intake import MailIntake
from mail_tickets.transport.mail_log import JsonLines, PlainLines
from tests.support.world import DOMAIN, World
from tests.system.test_serving import HELLO, Program, mail

SECRET = "a word of the mail"
RAW = (
    f"From: Ann {SECRET} <ann@example.org>\r\nTo: {SECRET}\r\nSubject: {SECRET}\r\nMessage-ID: <1@x>\r\n"
    f"\r\n{SECRET}\r\n"
).encode()


class Lines(logging.Handler):
    """Keeps what is logged, in both forms."""

    def __init__(self) -> None:
        super().__init__()
        self.plain: list[str] = []
        self.objects: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.plain.append(PlainLines().format(record))
        self.objects.append(json.loads(JsonLines().format(record)))

    def mails(self) -> list[dict[str, object]]:
        return [
            {k: v for k, v in line.items() if k not in ("time", "message")} for line in self.objects if "fate" in line
        ]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    loggers = [logging.getLogger(name) for name in ("tickets.mail", "tickets.receiver")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    yield handler
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


def test_each_recipient_of_a_mail_has_a_line_with_its_fate(small_world: World, lines: Lines) -> None:
    for to in ([f"hello@{DOMAIN}", f"nobody@{DOMAIN}"], [f"hello@{DOMAIN}"]):
        small_world.intake.receive(RAW, "ann@example.org", to)
    common = {"level": "info", "logger": "tickets.mail", "from": "ann@example.org", "bytes": len(RAW), "id": "<1@x>"}
    opened = {**common, "fate": "opened", "to": f"hello@{DOMAIN}", "ticket": 1}
    repeated = {**common, "fate": "repeated"}
    assert lines.mails() == [
        opened,
        {**common, "fate": "set aside", "to": f"nobody@{DOMAIN}", "reason": "no such address"},
        {**repeated, "to": f"hello@{DOMAIN}"},
    ]
    assert not [line for line in lines.plain if SECRET in line]
    assert lines.plain[0].endswith(
        f"INFO tickets.mail: opened to=hello@{DOMAIN} from=ann@example.org bytes={len(RAW)} id=<1@x> ticket=1"
    )


def test_over_lmtp_each_recipient_has_one_line(small_world: World, lines: Lines) -> None:
    places = [f"hello@{DOMAIN}", f"nobody@{DOMAIN}", f"abuse@{DOMAIN}"]
    with small_world.serving("lmtp"), MailClient(small_world.port("lmtp"), lmtp=True) as client:
        client.begins(*places)
        assert [client.hands_over(RAW)[:3], client.hears()[:3], client.hears()[:3]] == ["250"] * 3
    assert [mail["to"] for mail in lines.mails()] == places


def test_a_mail_that_was_overtaken_and_is_tried_again_has_one_line(
    small_world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    route, faults = Router.deliver, iter([IntegrityError("INSERT", {}, OSError("somebody else did"))])

    def deliver(request: object) -> None:
        route(request)
        for fault in faults:
            raise fault

    monkeypatch.setattr(Router, "deliver", deliver)
    outcomes = small_world.intake.receive(RAW, "ann@example.org", [f"hello@{DOMAIN}"])
    assert [outcome.fate for outcome in outcomes] == [mail["fate"] for mail in lines.mails()] == ["opened"]


def test_mail_set_aside_has_its_reason(small_world: World, lines: Lines) -> None:
    small_world.intake.receive(RAW, "ann@example.org", [f"ticket7@{DOMAIN}"])
    [line] = lines.mails()
    assert (line["fate"], line["reason"]) == ("set aside", "no ticket has this number")
    assert lines.plain[0].endswith(' reason="no ticket has this number"')


def test_what_is_refused_has_a_line_with_what_its_sender_heard(
    small_world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_reception: MailIntake, _arrival: object, _recipients: list[str]) -> None:
        raise OperationalError("INSERT", {"raw": SECRET}, OSError("no database"))

    to = f"hello@{DOMAIN}"
    with small_world.serving(), MailClient(small_world.port()) as client:
        client.begins("x@other.example", to)
        with monkeypatch.context() as patch:
            patch.setattr(MailIntake, "store", away)
            assert client.hands_over(RAW).startswith("451 ")
        with monkeypatch.context() as patch:
            patch.setattr(small_world.intake, "_has_room", lambda _: False)
            client.begins(to)
            assert client.hands_over(RAW).startswith("452 ")
        client.begins(to)
        assert client.hands_over(RAW + b"x" * 2_000_000 + b"\r\n").startswith("552 ")
        assert client.says("MAIL FROM:<ann@example.org> SIZE=9000000").startswith("552 ")
    lines_ = [(mail.get("to"), str(mail["reply"])[:9], mail["from"]) for mail in lines.mails()]
    assert lines_ == [
        ("x@other.example", "550 5.1.1", "ann@example.org"),
        (to, "451 4.3.0", "ann@example.org"),
        (to, "452 4.3.1", "ann@example.org"),
        (to, "552 5.3.4", "ann@example.org"),
        (None, "552 5.3.4", "ann@example.org"),
    ]
    assert {mail["fate"] for mail in lines.mails()} == {"refused"}
    assert SECRET not in "".join(lines.plain)
    assert SECRET not in json.dumps(lines.objects)
    # The database's fault is told with its traceback, in which no line looks like an entry.
    [fault] = [line for line in lines.plain if "Traceback" in line]
    assert all(line.startswith("    ") for line in fault.splitlines()[1:])


def test_nothing_that_a_sender_wrote_forges_a_line_or_a_field(lines: Lines) -> None:
    evil = 'x" ticket=7\r\n2026-11-21 INFO tickets.mail: opened\x1b[2J\u202e\x9b'
    mail_log.note("opened", {"to": evil, "id": "a b=c", "ticket": None})
    [line] = lines.plain
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert line.endswith(r' opened to="x\" ticket=7 2026-11-21 INFO tickets.mail: opened[2J" id="a b=c"')
    assert lines.objects[0]["id"] == "a b=c"
    assert "ticket" not in lines.objects[0]


def test_a_traceback_has_no_row_of_the_database(lines: Lines) -> None:
    try:
        raise RuntimeError(
            f"violates\nDETAIL:  Failing row contains (1,\n{SECRET}\n{SECRET}\r\n2026 INFO forged\n[SQL: x]"
        )
    except RuntimeError:
        logging.getLogger("tickets.mail").exception("a fault\nand more")
    assert SECRET not in lines.plain[0]
    assert SECRET not in json.dumps(lines.objects)
    assert "[SQL: x]" in lines.plain[0]
    assert all(line.startswith("    ") for line in lines.plain[0].splitlines()[1:])
    assert lines.plain[0].splitlines()[0].endswith("a fault and more")


def test_both_forms_come_out_of_a_running_server(tmp_path: Path) -> None:
    program = Program(tmp_path)
    for form in ("plain", "json"):
        program.environment["TICKETS_LOG"] = form
        (tmp_path / "log").unlink(missing_ok=True)
        with program.serving() as process:
            program.sends(len(form))
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        opened_lines = [line for line in (tmp_path / "log").read_text().splitlines() if "opened" in line]
        assert len(opened_lines) == 1
        if form == "json":
            fields = json.loads(opened_lines[0])
            assert (fields["fate"], fields["to"], fields["bytes"]) == ("opened", HELLO, len(mail(4)))
            assert all(json.loads(line) for line in (tmp_path / "log").read_text().splitlines())
        else:
            assert f"INFO tickets.mail: opened to={HELLO} from=ann@example.org" in opened_lines[0]


def test_a_wrong_form_is_told(tmp_path: Path) -> None:
    result = Program(tmp_path).run("serve", TICKETS_LOG="xml")
    assert (result.returncode, result.stderr) == (1, "TICKETS_LOG can't be 'xml': use plain or json.\n")
    assert sys.version_info >= (3, 11)
