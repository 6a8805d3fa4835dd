"""Several processes that do the same work, begun and ended by this one."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

LOG = logging.getLogger("tickets.processes")
# A process that ended by itself is begun again after so long.
_AGAIN_SECONDS = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# What a process is given: its number, a function that tells that it is ready, and one that tells it when to stop.
Work = Callable[[int, Callable[[], None], Callable[[Callable[[], None]], None]], None]


class Processes:
    """So many children of this process; each ends when it is told to, or when this process is no more."""

    def __init__(self, count: int, work: Work) -> None:
        self._count = count
        self._work = work
        self._children: dict[int, int] = {}
        self._ending = self._was_told = False
        # Ends when this process does, however it does.
        self._lifeline, self._held = os.pipe()

    def run(self, ready: Callable[[], None]) -> int:
        """Run until told to stop; return the exit status. `ready` is called when all children are."""
        for signal_number in _SIGNALS:
            if signal.getsignal(signal_number) is not signal.SIG_IGN:
                signal.signal(signal_number, self._stop)
        reader, writer = os.pipe()
        for number in range(self._count):
            self._begin(number, writer)
        os.close(writer)
        if not self._are_ready(reader):
            self._stop()
            self._await_end()
            return 0 if self._was_told else 1
        ready()
        while not self._ending:
            self._begin_again()
        self._await_end()
        return 0

    def _stop(self, number: int = 0, _frame: FrameType | None = None) -> None:
        self._ending = True
        self._was_told = self._was_told or number != 0
        for child in self._children:
            os.kill(child, signal.SIGTERM)

    def _are_ready(self, reader: int) -> bool:
        """Wait until each child has said that it is ready, or has ended."""
        count = 0
        while octets := os.read(reader, self._count):
            count += len(octets)
        os.close(reader)
        return count == self._count

    def _begin_again(self) -> None:
        """Wait for the end of a child, and begin another in its place."""
        child, status = os.wait()
        number = self._children.pop(child, None)
        if number is None or self._ending:
            return
        LOG.error("process %d ended with %d; another begins", number, os.waitstatus_to_exitcode(status))
        time.sleep(_AGAIN_SECONDS)
        if not self._ending:
            self._begin(number, None)

    def _await_end(self) -> None:
        while self._children:
            child, _ = os.wait()
            self._children.pop(child, None)

    def _begin(self, number: int, writer: int | None) -> None:
        # A signal between the two would miss the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        child = os.fork()
        if child:
            self._children[child] = number
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        for signal_number in _SIGNALS:
            if signal.getsignal(signal_number) is not signal.SIG_IGN:
                signal.signal(signal_number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os._exit(self._be_child(number, writer))

    def _be_child(self, number: int, writer: int | None) -> int:
        os.close(self._held)

        def ready() -> None:
            if writer is not None:
                os.write(writer, b".")
                os.close(writer)

        try:
            self._work(number, ready, self._when_alone)
        except SystemExit as end:
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            LOG.exception("process %d has a fault", number)
            return 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            logging.shutdown()
        return 0

    def _when_alone(self, stop: Callable[[], None]) -> None:
        """Call `stop` when the process that began this one has ended."""

        def wait() -> None:
            os.read(self._lifeline, 1)
            stop()

        threading.Thread(target=wait, name="lifeline", daemon=True).start()
