"""The end of a server that `salmon stop` has told to stop."""

import os
import time
from pathlib import Path
from typing import Any

# It tells the server first, and then removes the file.
_SECONDS = 5.0


def leave_to_salmon_stop() -> None:
    """Let `salmon stop` remove the pid file: it fails where the server that it stops has been quicker."""
    from lockfile.pidlockfile import PIDLockFile

    PIDLockFile.release = _release


def _release(pid_file: Any) -> None:
    """Wait until the file is gone or another server's; if somebody else told us to stop, remove it after all."""
    end = time.monotonic() + _SECONDS
    while (ours := pid_file.read_pid() == os.getpid()) and time.monotonic() < end:
        time.sleep(0.01)
    if ours:
        Path(pid_file.path).unlink(missing_ok=True)
