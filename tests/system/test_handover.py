"""Claims about `tickets deliver` beside a running server: it takes the mail, and no fault loses or doubles one."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from mail_tickets.config import defaults
from mail_tickets.config.parsing import load
from mail_tickets.transport.inbound import handover
from mail_tickets.transport.inbound.handover import HandoverFailed, Outcome, PipedMail, Place, hand_over
from mail_tickets.transport.inbound.handover_server import HandoverServer
from tests.support.program import HELLO, PATIENCE, ROOT, Program

pytestmark = pytest.mark.slow

# As a pipe brings it: bare line ends, no last one, and bytes that are no text.
RAW = (
    b"From: ann@example.org\nTo: list@elsewhere.example\nSubject: Piped\nMessage-ID: <piped@x>\n\n.\nHi \xff\x00 there"
)
HEAVY = ("sqlalchemy", "salmon", "jinja2", "asyncio", "hashlib", "smtplib")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.has_a_database()
    return program


def socket_of(program: Program) -> Path:
    return program.folder / "run" / "tickets.db.deliver"


def delivers(program: Program, *arguments: str, raw: bytes = RAW, **more: str) -> tuple[int, str, set[str]]:
    """Run `deliver` with this mail: its exit status, what it said, and which heavy modules it loaded."""
    script = (
        "import sys\nfrom mail_tickets.cli import main\ntry: main()\nfinally:\n"
        f"  print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, "deliver", *arguments],
        cwd=ROOT,
        env=program.environment | more,
        input=raw,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return result.returncode, result.stderr.decode(), set(result.stdout.decode().split())


def test_a_running_server_takes_what_deliver_brings(program: Program) -> None:
    program.does("responder", "add", "rob@example.org", "--queue", "General")
    program.environment["TICKETS_UNMATCHED"] = "reject"
    with program.serving():
        assert socket_of(program).stat().st_mode & 0o777 == 0o600
        # Nothing is loaded but what hands the mail over: a mail server starts this for each mail.
        assert delivers(program, "--to", HELLO) == (0, "", set())
        assert program.raw(1, 1) == RAW
        assert len(program.awaits_letters(1)) == 1
        assert delivers(program, "--to", HELLO)[0] == 0
        assert len(program.tickets()) == 1

        # The recipient may stand in the environment, and the sender be empty.
        reply = RAW.replace(b"piped@x", b"second@x")
        assert delivers(program, "--from", "<>", raw=reply, RECIPIENT="ticket1@tickets.localhost") == (0, "", set())
        assert program.shows(1)["messages"][1]["automatic"]

        refused = delivers(program, "--to", "nobody@tickets.localhost", "--to", HELLO, raw=b"Subject: no\n\nx")
        assert refused == (67, "nobody@tickets.localhost: No such address here\n", set())
        assert len(program.tickets()) == 1

        # What is set otherwise here is not the server's to decide.
        kept = delivers(program, "--to", "nobody@tickets.localhost", raw=b"Subject: no\n\nx", TICKETS_UNMATCHED="keep")
        assert (kept[0], "sqlalchemy" in kept[2]) == (0, True)
        assert len(program.unmatched()) == 1


def test_a_fault_of_the_server_is_tried_again(program: Program) -> None:
    with program.serving():
        for file in (program.folder / "run").glob("tickets.db*"):
            if file != socket_of(program):
                file.rename(file.with_name(f"away-{file.name}"))
        status, text, loaded = delivers(program, "--to", HELLO)
        assert (status, text, loaded) == (75, "451 4.3.0 Temporary problem, please try again\n", set())


def test_deliver_takes_mail_in_by_itself_where_no_server_answers(program: Program) -> None:
    with program.serving() as process:
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert not socket_of(program).exists()
    assert delivers(program, "--to", HELLO)[0] == 0
    with program.serving() as process:
        process.kill()
        process.wait(PATIENCE)
        # A server that was killed leaves its socket, which leads nowhere; the next one takes its place.
        assert delivers(program, "--to", HELLO, raw=RAW.replace(b"piped@x", b"second@x"))[0] == 0
    with program.serving():
        assert delivers(program, "--to", HELLO, raw=RAW.replace(b"piped@x", b"third@x"))[2] == set()
    assert len(program.tickets()) == 3


# --- A server that fails in the middle ---


@contextmanager
def dying(path: Path, first: bytes, last: bytes = b"", stores: Program | None = None) -> Iterator[None]:
    """A server that says this first, reads the mail, stores it if it is to, says this last, and is gone."""

    def serve() -> None:
        with closing(listening.accept()[0]) as client:
            reader = client.makefile("rb")
            heading = reader.readline()
            client.sendall(first)
            raw = reader.read(len(RAW))
            if stores is not None:
                assert heading
                # Another limit is another server's, so this one is taken in at once.
                assert delivers(stores, "--to", HELLO, TICKETS_MAX_MESSAGE_BYTES="9999", raw=raw)[0] == 0
            with suppress(BrokenPipeError):
                client.sendall(last)

    with closing(socket.socket(socket.AF_UNIX)) as listening:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        listening.listen()
        thread = Thread(target=serve)
        thread.start()
        yield
        thread.join(PATIENCE)
    path.unlink()


def test_no_mail_is_lost_or_doubled_when_the_server_dies_with_it(program: Program) -> None:
    # It dies before the commit: nothing was stored, and the mail server tries again.
    with dying(socket_of(program), b"ready\n"):
        status, text, _ = delivers(program, "--to", HELLO)
        assert (status, text) == (75, "The running server didn't say whether it stored the email.\n")
    assert program.tickets() == []
    # It dies after the commit: the mail server tries again as well, and it is the same mail.
    with dying(socket_of(program), b"ready\n", stores=program):
        assert delivers(program, "--to", HELLO)[0] == 75
    assert delivers(program, "--to", HELLO)[0] == 0
    [ticket] = program.tickets()
    assert len(program.shows(int(str(ticket["id"])))["messages"]) == 1


@pytest.mark.parametrize("text", [b"what?\n", b"what?\nready\n"], ids=str)
def test_a_server_that_is_not_ready_was_handed_nothing(tmp_path: Path, text: bytes) -> None:
    with dying(tmp_path / "s", text):
        assert hand_over(PipedMail(RAW, None, (HELLO,), {}), Place(tmp_path / "s", "")) is None


@pytest.mark.parametrize("text", [b"", b"0", b"what?\n", b"\xff\n", b"75"], ids=str)
def test_a_server_that_was_handed_a_mail_must_say_what_became_of_it(tmp_path: Path, text: bytes) -> None:
    with dying(tmp_path / "s", b"ready\n", text), pytest.raises(HandoverFailed):
        hand_over(PipedMail(RAW, None, (HELLO,), {}), Place(tmp_path / "s", ""))


def test_a_server_that_hangs_is_waited_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "READY_SECONDS", 0.1)
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        assert hand_over(PipedMail(RAW, None, (HELLO,), {}), Place(tmp_path / "s", "")) is None


def test_a_server_of_another_account_is_handed_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path / "s", "")
    # Accounts of a stranger: neither we nor the folder's owner are the one that listens.
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr(Path, "stat", lambda _: os.stat_result([0o40777, 0, 0, 1, os.getuid() + 2, 0, 0, 0, 0, 0]))
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(place.path))
        listening.listen()
        listening.settimeout(PATIENCE)
        assert hand_over(PipedMail(RAW, None, (HELLO,), {}), place) is None
        with closing(listening.accept()[0]) as client:
            assert client.recv(1) == b""


@pytest.mark.parametrize(
    "heading",
    [
        b"",
        b"5",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"x" * 300_000,
        b'{"settings": "", "bytes": Infinity}',
        b'{"settings": "", "bytes": NaN}',
        b'{"settings": "", "bytes": -1}',
        b'{"settings": "", "bytes": 1.5}',
        b'{"settings": "", "bytes": "9"}',
        b'{"settings": "", "bytes": 1' + b"0" * 5_000 + b"}",
    ],
    ids=lambda heading: heading[:30].decode() or "nothing",
)
def test_a_heading_that_is_none_is_hung_up_on(tmp_path: Path, heading: bytes, caplog: pytest.LogCaptureFixture) -> None:
    class Sink:
        max_bytes, in_hand, max_in_hand = 100_000, 0, 1_000_000

        async def take_piped(self, mail: PipedMail) -> Outcome:
            raise AssertionError(mail)

    async def says() -> bytes:
        server = HandoverServer(Place(tmp_path / "s", ""), Sink())
        await server.start()
        try:
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(heading + b"\n")
            with closing(writer), suppress(ConnectionResetError):
                return await asyncio.wait_for(reader.read(), PATIENCE)
            return b""
        finally:
            await server.stop()

    assert (asyncio.run(says()), caplog.records) == (b"", [])


def test_an_address_that_is_no_text_is_handed_over(tmp_path: Path) -> None:
    with dying(tmp_path / "s", b"ready\n", b"67 no\n"):
        mail = PipedMail(RAW, None, (os.fsdecode(b"\xff@x"),), {})
        assert hand_over(mail, Place(tmp_path / "s", "")) == Outcome(67, "no")


def test_the_socket_lies_beside_the_database(tmp_path: Path) -> None:
    def place(url: str) -> Path:
        return load(vars(defaults), {"TICKETS_HOME": str(tmp_path), "TICKETS_DATABASE_URL": url}).handover.path

    assert place("sqlite:///run/tickets.db") == tmp_path / "run" / "tickets.db.deliver"
    assert place("sqlite:////var/t.db") == Path("/var/t.db.deliver")
    assert place("postgresql://user@host/tickets") == tmp_path / "run" / "deliver"


def test_a_socket_may_lie_deeper_than_its_address_is_long(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        with handover.socket_address(folder / "deliver") as address:
            server.bind(address)
        server.listen()
        with handover.socket_address(folder / "deliver") as address:
            client.connect(address)
    assert (folder / "deliver").is_socket()
