"""Claims about several processes on one PostgreSQL: they share addresses and outbox, and end together."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer, fresh_database
from tests.support.program import BIN, PATIENCE, ROOT, Program
from tests.support.world import awaits

pytestmark = pytest.mark.slow


def children(process: int) -> set[int]:
    result = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=False)
    return set(map(int, result.stdout.split()))


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def are_gone(processes: set[int]) -> bool:
    return not any(map(is_running, processes))


@pytest.fixture
def program(tmp_path: Path, postgres_server: PostgresServer) -> Program:
    program = Program(tmp_path)
    program.environment["TICKETS_DATABASE_URL"] = fresh_database(postgres_server)
    program.does("init")
    program.does("responder", "add", "bob@example.org", "--queue", "General")
    return program


def test_processes_share_an_address_and_outlive_each_other_and_none_outlives_the_first(program: Program) -> None:
    with program.serving("--processes", "2") as process:
        awaits(lambda: len(children(process.pid)) == 2, PATIENCE)
        assert process.stdout is not None
        assert any(line == "2 processes receive email.\n" for line in process.stdout)
        for number in range(8):
            program.sends(number)
        _, second = sorted(children(process.pid))
        os.kill(second, signal.SIGKILL)
        awaits(lambda: second not in children(process.pid) and len(children(process.pid)) == 2, PATIENCE)
        for number in range(8, 16):
            program.sends(number)
        assert len(program.awaits_letters(16)) == 16
        assert [ticket["title"] for ticket in program.tickets()] == [str(number) for number in range(16)]
        assert "process 1 ended with -9; another begins" in (program.folder / "log").read_text()
        # However the first process ends.
        left = children(process.pid)
        process.kill()
        awaits(lambda: are_gone(left), PATIENCE)
    with program.serving("--processes", "2") as process:
        left = children(process.pid)
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert are_gone(left)


def test_letters_of_a_server_without_a_courier_leave_by_one_of_its_own(program: Program) -> None:
    with program.serving("--no-courier") as server:
        program.sends(1)
        assert program.letters() == []
        command = [str(BIN / "tickets"), "courier"]
        with subprocess.Popen(
            command, cwd=ROOT, env=program.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as courier:
            assert courier.stdout is not None
            assert courier.stdout.readline().startswith("Sending email of tickets.localhost through ")
            program.sends(2)
            assert len(program.awaits_letters(2)) == 2
            courier.terminate()
            assert courier.wait(PATIENCE) == 0
        server.terminate()
        assert server.wait(PATIENCE) == 0


def test_what_cannot_be_shared_is_told_in_one_line(tmp_path: Path) -> None:
    program = Program(tmp_path)
    result = program.run("serve", "--processes", "2")
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "SQLite has one writer" in result.stderr
    nowhere = "postgresql+psycopg://u@127.0.0.1:1/d"
    for listen in (f"lmtp+unix://{tmp_path}/socket", "smtp://127.0.0.1:0"):
        result = program.run("serve", "--processes", "2", TICKETS_DATABASE_URL=nowhere, TICKETS_LISTEN=listen)
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
        assert "addresses with a port" in result.stderr
