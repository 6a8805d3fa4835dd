"""The keeper of the server: starts it again whenever it has ended, as a machine's init does."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .faulty_relay import FaultyRelay
from .mail_generator import DOMAIN

ROOT = Path(__file__).resolve().parent.parent.parent.parent
_LISTENS = re.compile(r"smtp://127\.0\.0\.1:(\d+), lmtp\+unix://(\S+)$")
_PAUSE = 0.3
_END_SECONDS = 120.0


class Keeper:
    """One server, life after life; `life` counts them, and `killed` holds those that we ended."""

    def __init__(self, folder: Path, url: str, relay: FaultyRelay, group: int, log: Path) -> None:
        self.life = 0
        self.killed: set[int] = set()
        self.ended_by_itself: list[str] = []
        self.could_not_start = 0
        self._relay = relay
        self._group = group
        self._log = log.open("ab")
        self._environment = _environment(folder, url, relay.port)
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

    def kill(self) -> bool:
        """SIGKILL, at whatever it is doing; whether there was something to kill. It is started again by itself."""
        with self.still:
            process = self._process
            if process is None or process.poll() is not None:
                return False
            self.killed.add(self.life)
            process.kill()
            process.wait()
            self._relay.settle()
            return True

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
        if self._process is not None:
            self._process.kill()
            self._process.wait()
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
                self._judge(status, was_ready)
                self._ending.wait(_PAUSE)

    def _begin(self) -> "subprocess.Popen[bytes]":
        self.life += 1
        self._relay.life = self.life
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__package__.partition('.')[0]}.cli import main; main()", "serve"],
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
                if found := _LISTENS.search(line.decode("utf-8", "replace").rstrip()):
                    self._places = (int(found[1]), Path(found[2]))
                    self._ready.set()
        self._log.flush()

    def _judge(self, status: int, was_ready: bool) -> None:
        if self.life in self.killed:
            return
        if was_ready:
            self.ended_by_itself.append(f"life {self.life} of the server ended by itself with status {status}")
        else:
            self.could_not_start += 1


def _environment(folder: Path, url: str, relay_port: int) -> dict[str, str]:
    kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
    return {
        **kept,
        "TICKETS_DOMAIN": DOMAIN,
        # Nothing proves these mails, and such mail may cause few letters an hour.
        "TICKETS_TRUST": "from",
        "TICKETS_DATABASE_URL": url,
        "TICKETS_LISTEN": f"smtp://127.0.0.1:0,lmtp+unix://{folder}/lmtp",
        "TICKETS_RELAY": f"smtp://127.0.0.1:{relay_port}",
    }
