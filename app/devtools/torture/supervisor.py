"""The keeper of the server: starts it again whenever it has ended, as a machine's init does."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .faulty_relay import FaultyRelay
from .mail_generator import DOMAIN
from .system_processes import children, holder

ROOT = Path(__file__).resolve().parent.parent.parent.parent
_LISTENS = re.compile(r"smtp://127\.0\.0\.1:(\d+), lmtp\+unix://(\S+)$")
_ALL_LISTEN = re.compile(r"^\d+ processes receive email\.$")
# One of several that ended, but not by our kill, nor with 1 because it could not start.
_ONE_ENDED = re.compile(r"process \d+ (has a fault|ended with (?!-9;|1;).*)")
# A courier that had to end while the database was away says which letter it could not note.
_NOT_NOTED = re.compile(r"these were sent, and will be once more: \[([\d, ]+)\]")
_PAUSE = 0.3
_END_SECONDS = 120.0


class Keeper:
    """One server of one or several processes, life after life.

    `life` counts them, `killed` holds the numbers of the processes that we ended, and `unnoted` the letters that had
    been sent when a process had to end while the database was away.
    """

    def __init__(
        self, folder: Path, url: str, relay: FaultyRelay, group: int, log: Path, *, processes: int = 1
    ) -> None:
        self.life = 0
        self.killed: set[int] = set()
        self.unnoted: set[int] = set()
        self.ended_by_itself: list[str] = []
        self.could_not_start = 0
        self._relay = relay
        self._group = group
        self._log = log.open("ab")
        self._count = processes
        # Several share addresses, which must have a port.
        self._ports = [_free_port(), _free_port()] if processes > 1 else []
        places = (
            "smtp://127.0.0.1:{},lmtp://127.0.0.1:{}"
            if self._ports
            else f"smtp://127.0.0.1:0,lmtp+unix://{folder}/lmtp"
        )
        self._environment = _environment(places.format(*self._ports), url, relay.port)
        relay.sender_at = lambda port: holder(port, self._senders())
        self._process: subprocess.Popen[bytes] | None = None
        self._places: Sequence[int | Path] = ()
        self._ready = threading.Event()
        self._ending = threading.Event()
        # Held while nobody shall start or kill it.
        self.still = threading.RLock()
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, while it lives."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def places(self) -> Sequence[int | Path]:
        """Where it listens now; nothing while it does not."""
        return self._places

    def start(self) -> None:
        """Begin to keep it."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._keep, daemon=True, name="keeper")
        self._thread.start()

    def await_ready(self, seconds: float) -> bool:
        """Wait until it listens; whether it did, in that time."""
        return self._ready.wait(seconds)

    def ways_to_kill(self) -> Mapping[str, Callable[[], bool]]:
        """What of the server can be killed: by its name, what does it."""
        if self._count == 1:
            return {"killed": self.kill}
        return {
            "all processes killed": self.kill,
            # It is begun again as the youngest, so that each has its turn.
            "one process killed": lambda: self._kill(self._senders()[:1]),
            # The others end by themselves.
            "the parent of the processes killed": lambda: self._kill([self.pid or 0]),
        }

    def kill(self) -> bool:
        """SIGKILL, at whatever it is doing; whether there was something to kill. It is started again by itself."""
        return self._kill({self.pid or 0, *self._senders()})

    def _kill(self, pids: Iterable[int]) -> bool:
        with self.still:
            killed = [pid for pid in pids if self.pid and pid]
            self.killed.update(killed)
            for pid in killed:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self._process is not None and self._process.pid in killed:
                self._process.wait()
                # Its children hold its output open for a moment, and who waits for the server means the next one.
                self._ready.clear()
            self._relay.settle(killed)
            return bool(killed)

    def _senders(self) -> list[int]:
        """The processes of the server that send letters, the oldest first."""
        pid = self.pid
        if pid is None:
            return []
        return [pid] if self._count == 1 else children(pid)

    def stop(self) -> int:
        """SIGTERM, and wait for its end; the exit status."""
        self._ending.set()
        process = self._process
        if process is None:
            return -1
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            self._join()

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._ending.set()
        self.kill()
        self._join()
        self._log.close()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _keep(self) -> None:
        while not self._ending.is_set():
            with self.still:
                process = self._begin()
            self._listen_to(process)
            self._places, was_ready = (), self._ready.is_set()
            self._ready.clear()
            status = process.wait()
            if not self._ending.is_set():
                self._judge(process.pid, status, was_ready)
                self._ending.wait(_PAUSE)

    def _begin(self) -> "subprocess.Popen[bytes]":
        self.life += 1
        main = f"from {__package__.partition('.')[0]}.cli import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", main, "serve", "--processes", str(self._count)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=self._group,
        )
        return self._process

    def _listen_to(self, process: "subprocess.Popen[bytes]") -> None:
        """Write down what it says, and where it listens, until it ends."""
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._log.write(line)
                self._hear(line.decode("utf-8", "replace").rstrip())
        self._log.flush()

    def _hear(self, line: str) -> None:
        if self._ports and _ALL_LISTEN.search(line):
            self._places = self._ports
            self._ready.set()
        elif not self._ports and (match := _LISTENS.search(line)):
            self._places = (int(match[1]), Path(match[2]))
            self._ready.set()
        elif match := _ONE_ENDED.search(line):
            self.ended_by_itself.append(f"life {self.life} of the server: {match[0]}")
        elif match := _NOT_NOTED.search(line):
            self.unnoted.update(map(int, match[1].split(",")))

    def _judge(self, pid: int, status: int, was_ready: bool) -> None:
        if pid in self.killed:
            return
        if was_ready:
            self.ended_by_itself.append(f"life {self.life} of the server ended by itself with status {status}")
        else:
            self.could_not_start += 1


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _environment(places: str, url: str, relay_port: int) -> dict[str, str]:
    kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
    return {
        **kept,
        "TICKETS_DOMAIN": DOMAIN,
        # Nothing proves these mails, and such mail may cause few letters an hour.
        "TICKETS_TRUST": "from",
        "TICKETS_DATABASE_URL": url,
        "TICKETS_LISTEN": places,
        "TICKETS_RELAY": f"smtp://127.0.0.1:{relay_port}",
    }
