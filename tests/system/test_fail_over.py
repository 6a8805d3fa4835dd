"""Claims about a fail-over: a standby takes the place of its primary under load, and no mail is lost or doubled."""

import os
import smtplib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email import message_from_bytes
from pathlib import Path
from threading import Thread

import pytest

from mail_tickets.devtools.postgres_server import NoPostgresError, OwnServer, own_server, unprivileged_account
from tests.support.program import HELLO, PATIENCE, Program
from tests.support.world import awaits

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
CLIENTS, MAILS = 8, 40
# What a primary needs that waits for its standby at each commit.
PRIMARY = {"wal_level": "replica", "max_wal_senders": "4"}


@pytest.fixture
def primary() -> Iterator[OwnServer]:
    try:
        server = own_server(os.environ.get("TEST_POSTGRES", ""), Path(tempfile.mkdtemp(prefix="tickets-pg-")), PRIMARY)
    except NoPostgresError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"no PostgreSQL: {reason}", pytrace=False)
        pytest.skip(f"no PostgreSQL: {reason}")
    with closing(server):
        yield server


@contextmanager
def standby_of(primary: OwnServer) -> Iterator[OwnServer]:
    """A second server that has all of the first, and for which each commit of the first waits from now on."""
    account = unprivileged_account()
    directory = Path(tempfile.mkdtemp(prefix="tickets-pg-"))
    if account:
        os.chown(directory, account["user"], account["group"])
    standby = OwnServer(primary.binaries, directory, account, primary.settings)
    try:
        source = ["-h", str(primary.directory), "-p", "5432", "-U", "tickets"]
        standby.run("pg_basebackup", *source, "-D", "data", "-R", "-X", "stream", "--no-sync", "--checkpoint=fast")
        standby.start()
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")
        yield standby
    finally:
        standby.close()


class Clients:
    """Mail servers that try each mail until it is taken."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.replies: Counter[int] = Counter()
        self.acknowledged: list[str] = []
        self.threads = [Thread(target=self._work, args=(number,)) for number in range(CLIENTS)]

    def _work(self, client: int) -> None:
        for number in range(MAILS):
            subject = f"{client}.{number}"
            raw = f"From: ann{client}@example.org\r\nSubject: {subject}\r\nMessage-ID: <{subject}@x>\r\n\r\nHello.\r\n"
            while subject not in self.acknowledged:
                with suppress(OSError, smtplib.SMTPServerDisconnected):
                    self._try(raw.encode(), subject)

    def _try(self, raw: bytes, subject: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.program.port, timeout=PATIENCE) as connection:
            try:
                connection.sendmail("ann@example.org", [HELLO], raw)
                self.replies[250] += 1
                self.acknowledged.append(subject)
            except smtplib.SMTPResponseException as refused:
                self.replies[refused.smtp_code] += 1
                time.sleep(0.1)


def test_a_standby_that_is_promoted_under_load_has_every_mail_once(tmp_path: Path, primary: OwnServer) -> None:
    primary.execute("CREATE DATABASE tickets TEMPLATE template0")
    with standby_of(primary) as standby:
        program = Program(tmp_path)
        hosts = "&".join(f"host={server.directory}:5432" for server in (primary, standby))
        program.environment["TICKETS_DATABASE_URL"] = (
            f"postgresql+psycopg://tickets@/tickets?{hosts}&target_session_attrs=read-write"
        )
        program.does("init")
        program.does("responder", "add", "bob@example.org", "--queue", "General")
        clients = Clients(program)
        with program.serving("--processes", "2") as process:
            for thread in clients.threads:
                thread.start()
            awaits(lambda: clients.replies[250] > CLIENTS * MAILS // 4, PATIENCE)
            primary.stop("immediate")
            standby.run("pg_ctl", "promote", "-D", "data", "-w")
            for thread in clients.threads:
                thread.join(PATIENCE)
            letters = program.awaits_letters(CLIENTS * MAILS)
            awaits(lambda: '"waiting"' not in program.does("outbox", "list", "--json"), PATIENCE)
            process.terminate()
            assert process.wait(PATIENCE) == 0
        every = sorted(f"{client}.{number}" for client in range(CLIENTS) for number in range(MAILS))
        assert sorted(clients.acknowledged) == every
        assert sorted(str(ticket["title"]) for ticket in program.tickets()) == every
        ids = [message_from_bytes(letter)["Message-ID"] for letter in letters]
        assert len(set(ids)) == len(ids) == len(program.letters()) == len(every)
        # Meanwhile they were told to come again.
        assert set(clients.replies) <= {250, 451}
