"""Claims about the numbers that a monitor reads."""

import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.program import Program, free_port


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.has_a_database()
    program.does("responder", "add", "rob@example.org", "--queue", "General")
    return program


def numbers(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.M)}


def test_a_monitor_reads_what_became_of_mails_and_letters(program: Program) -> None:
    place = f"http://127.0.0.1:{free_port()}"
    program.environment["TICKETS_METRICS"] = place
    with program.serving():
        for number in (1, 2):
            program.sends(number)
        program.awaits_letters(2)
        with urllib.request.urlopen(f"{place}/metrics", timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            text = answer.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{place}/tickets", timeout=30)
        refused.value.close()
    assert text.endswith("\n# EOF\n")
    values = numbers(text)
    assert values['tickets_mails_total{fate="opened"}'] == 2
    assert values['tickets_mail_seconds_bucket{le="+Inf"}'] == values["tickets_mail_seconds_count"] == 2
    assert values["tickets_mail_seconds_sum"] > 0
    assert values['tickets_letters{state="sent"}'] + values['tickets_letters{state="waiting"}'] == 2
    assert values["tickets_database_up"] == 1
    assert "example.org" not in text


def test_a_socket_will_do(program: Program) -> None:
    path = program.folder / "metrics"
    program.environment["TICKETS_METRICS"] = f"http+unix://{path}"
    with program.serving(), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(path))
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        reply = b""
        while block := client.recv(4096):
            reply += block
    assert reply.startswith(b"HTTP/1.0 200 ")
    assert reply.endswith(b"\n# EOF\n")
