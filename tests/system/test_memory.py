"""Claims about memory: what large mail takes while it is read, the server gives back."""

import re
import smtplib
from binascii import b2a_base64
from itertools import cycle
from pathlib import Path

import pytest

from tests.support.program import HELLO, PATIENCE, Program

pytestmark = pytest.mark.slow

MB = 1 << 20
# The last headers of a mail of some 25 MB, and the line that its body repeats.
KINDS = {
    "one file": (
        b"Content-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        b2a_base64(bytes(range(57)), newline=False) + b"\r\n",
    ),
    "plain text": (b"\r\n", b"Nothing that I tried would print, and the lamp is red.\r\n"),
    "HTML": (b"Content-Type: text/html\r\n\r\n", b"<p>Nothing that I tried would <b>print</b>.</p>\r\n"),
}


def resident_bytes(pid: int) -> int:
    resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert resident
    return int(resident[1]) * 1024


def test_after_twenty_mails_of_25_mb_less_than_200_mb_are_resident(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.environment |= {"TICKETS_WEB": "http://127.0.0.1:0"}
    with program.serving() as process:
        for number, (head, line) in zip(range(20), cycle(KINDS.values()), strict=False):
            raw = b"From: ann@example.org\r\nMessage-ID: <%d@x>\r\n" % number + head + line * (24 * MB // len(line))
            with smtplib.SMTP("127.0.0.1", program.port, timeout=PATIENCE) as client:
                client.sendmail("ann@example.org", [HELLO], raw)
        assert resident_bytes(process.pid) < 200 * MB
