"""The Postfix that tests put in front of the tracker: the system's programs, everything else private and on 127.0.0.1.

    with Postfix(recipe().main_cf, {"relayhost": "[127.0.0.1]:2525"}) as postfix:
        smtplib.SMTP("127.0.0.1", postfix.port).sendmail(...)
        postfix.queue()

Its configuration, queue, locks and log are in a directory below /tmp and go with it. The configuration of the system's
own Postfix is not read, and a Postfix that runs is not touched; only root can start one.
PYTEST_DONT_REWRITE: the names are also imported in the usual way, which pytest would warn of.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.documents import DOCS, marked
from tests.support.program import free_port

SECONDS = 30.0
# A Postfix that everybody forgot ends by itself.
LONGEST_LIFE_SECONDS = 3600
# Debian's of every service, but for the port.
_MASTER_CF = "master.cf.proto"
_PORT_25 = re.compile(r"^smtp(?=\s+inet\s)", re.MULTILINE)
_FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class NoPostfixError(Exception):
    """Why there is no Postfix here."""


class Recipe(NamedTuple):
    """What docs/install.md says about Postfix: main.cf, the tracker's settings, and how Postfix refuses addresses."""

    main_cf: dict[str, str]
    environment: dict[str, str]
    refusing: dict[str, str]

    def at(self, *, lmtp: int, smtp: int) -> "Recipe":
        """The same with other ports than 8824, the tracker's, and 25, Postfix's; nothing else differs."""
        ports = {":8824": f":{lmtp}", ":25": f":{smtp}"}
        return Recipe(*({name: _replaced(value, ports) for name, value in part.items()} for part in self))


class Programs(NamedTuple):
    """Where the system's Postfix keeps its programs, its commands, and the configuration it comes with."""

    daemon_directory: Path
    command_directory: Path
    meta_directory: Path


class Postfix:
    """A Postfix with settings of its own, at a free port."""

    def __init__(self, recipe: Mapping[str, str], settings: Mapping[str, str], *, port: int = 0) -> None:
        """`settings` win over the `recipe`, and both over what makes it private."""
        self.programs = find_programs()
        self.port = port or free_port()
        # Not TMPDIR: the paths of its sockets may have some hundred bytes and no more.
        self.directory = Path(tempfile.mkdtemp(prefix="tickets-postfix-", dir="/tmp"))
        self.settings = {**self._private(), **recipe, **settings}
        self.master: subprocess.Popen[bytes] | None = None
        self.watch: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Postfix":
        try:
            self.create()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def log(self) -> str:
        """What it has written about its mails."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def create(self) -> None:
        """Write the configuration, and let Postfix itself make its directories and find fault with them."""
        # Postfix's processes run as its user, below a directory that mkdtemp makes for its owner alone.
        self.directory.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (self.directory / name).mkdir(mode=0o755)
        shutil.chown(self.directory / "data", "postfix")
        services = (self.programs.meta_directory / _MASTER_CF).read_text()
        services, replaced = _PORT_25.subn(f"127.0.0.1:{self.port}", services)
        assert replaced == 1, f"{_MASTER_CF} has {replaced} services at port 25"
        (self.directory / "etc" / "master.cf").write_text(services)
        lines = [f"{name} = {value}\n" for name, value in self.settings.items()]
        (self.directory / "etc" / "main.cf").write_text("".join(lines))
        complaints = self.run("postfix", "check")
        assert complaints == "", complaints

    def start(self) -> None:
        """Start it and return when it greets."""
        life = str(LONGEST_LIFE_SECONDS)
        command: list[str | Path] = [
            self.programs.daemon_directory / "master",
            "-c",
            self.directory / "etc",
            "-e",
            life,
        ]
        self.master = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        # Its read ends when we are gone, however we went; see tests/support/postgres.py.
        end = 'read -r end; kill -s TERM -- "-$0"; sleep 2; kill -s KILL -- "-$0"; rm -rf "$1"'
        watch = ["sh", "-c", end, str(self.master.pid), str(self.directory)]
        self.watch = subprocess.Popen(watch, stdin=subprocess.PIPE, cwd="/", start_new_session=True)
        eventually(lambda: self.greets(self.master), f"Postfix greets at port {self.port}", lambda: self.log)

    def greets(self, master: "subprocess.Popen[bytes] | None") -> bool:
        assert master is not None
        assert master.poll() is None, f"Postfix ended with {master.returncode}: {self.log}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), SECONDS) as connection:
            return connection.recv(4) == b"220 "
        return False

    def queue(self) -> list[dict[str, Any]]:
        """The mails it has, each with its recipients and why these wait, as `postqueue -j` tells them."""
        return [json.loads(line) for line in self.run("postqueue", "-j").splitlines()]

    def waits(self) -> list[str]:
        """Each address that a mail could not be delivered to so far, with the reason."""
        recipients = [recipient for mail in self.queue() for recipient in mail["recipients"]]
        return [f"{member['address']} {member['delay_reason']}" for member in recipients if "delay_reason" in member]

    def run(self, program: str, *arguments: str) -> str:
        """One of Postfix's commands, about this Postfix and no other; what it says."""
        command: list[str | Path] = [
            self.programs.command_directory / program,
            "-c",
            self.directory / "etc",
            *arguments,
        ]
        result = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd="/")
        assert result.returncode == 0, f"{program} ended with {result.returncode}: {result.stderr}{self.log}"
        return result.stdout + result.stderr

    def stop(self) -> None:
        """Stop it and return when none of its processes is left."""
        if self.master is not None:
            self.master.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.master.wait(SECONDS / 2)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.master.pid, signal.SIGKILL)
            self.master.wait(SECONDS)
            eventually(lambda: not self.is_alive(), "every process of Postfix has ended", lambda: "")
        if self.watch is not None:
            self.watch.kill()
            self.watch.communicate()
        self.watch = None

    def is_alive(self) -> bool:
        """Whether any process of its session is left."""
        assert self.master is not None
        try:
            os.killpg(self.master.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """End it and take everything of it away."""
        self.stop()
        shutil.rmtree(self.directory)

    def _private(self) -> dict[str, str]:
        return {
            "compatibility_level": "3.6",
            "queue_directory": f"{self.directory}/queue",
            "data_directory": f"{self.directory}/data",
            "maillog_file": f"{self.directory}/log",
            "maillog_file_prefixes": str(self.directory),
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "myhostname": "mx.front.example",
            "mydestination": "",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            # Nobody is asked where a mail goes, and nothing leaves this machine.
            "smtp_dns_support_level": "disabled",
            "lmtp_dns_support_level": "disabled",
            "relayhost": "[127.0.0.1]:1",
            # Seconds in place of minutes, so that what is tried again can be waited for.
            "queue_run_delay": "1s",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "2s",
            "transport_retry_time": "1s",
        }


@pytest.fixture(scope="session")
def postfix_programs() -> Programs:
    """The system's Postfix; without one a skip, under CI a failure. Who is not root cannot start any, and skips."""
    try:
        programs = find_programs()
    except NoPostfixError as reason:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(f"no Postfix: {reason}", pytrace=False)
        pytest.skip(f"no Postfix: {reason}")
    if os.geteuid() != 0:
        pytest.skip("no Postfix: only root can start one")
    return programs


def find_programs() -> Programs:
    """The programs of the system's Postfix; raises NoPostfixError."""
    postconf = shutil.which("postconf", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if postconf is None:
        raise NoPostfixError("there is no postconf; install Postfix (postfix)")
    command = [postconf, "-d", "-h", *Programs._fields]
    result = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True, cwd="/")
    return Programs(*map(Path, result.stdout.splitlines()))


def recipe() -> Recipe:
    """Return what docs/install.md says about Postfix."""
    main_cf, shell, refusing = _FENCED.findall(marked(DOCS / "install.md", "postfix"))
    assert "$ ./tickets serve\n" in shell
    exported = re.findall(r"^\$ export (\w+)=(.*)$", shell, re.MULTILINE)
    return Recipe(_parameters(main_cf), dict(exported), _parameters(refusing))


def eventually(claim: Callable[[], bool], condition: str, why_not: Callable[[], str], seconds: float = SECONDS) -> None:
    """Return once the claim holds; fail when it does not in time, with what may explain it."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds:g} seconds: {condition}\n{why_not()}", pytrace=False)
        time.sleep(0.05)


def _parameters(main_cf: str) -> dict[str, str]:
    """The lines of a main.cf; every line is one, or a comment."""
    lines = [line for line in main_cf.splitlines() if not line.startswith("#")]
    return {name: value for name, _, value in (line.partition(" = ") for line in lines)}


def _replaced(value: str, ports: Mapping[str, str]) -> str:
    return re.sub(r":[0-9]+\b", lambda match: ports.get(match[0], match[0]), value)
