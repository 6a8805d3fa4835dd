"""What Linux tells about processes: who began whom, and who holds a connection."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PORT, _INODE = 1, 9


def children(pid: int) -> list[int]:
    """The processes that this one has begun and that still live; none if it does not."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return []


def holder(port: int, pids: Iterable[int]) -> int | None:
    """Which of these processes holds the end of a connection that has this port; None if it is none of them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    sockets = {f"socket:[{row[_INODE]}]" for row in rows if int(row[_PORT].partition(":")[2], 16) == port}
    return next((pid for pid in pids if sockets & _opened(pid)), None)


def _opened(pid: int) -> set[str]:
    """What a process has open, by the names that Linux gives it."""
    names = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                names.add(str(descriptor.readlink()))
    return names
