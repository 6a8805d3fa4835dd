"""The room of a torture: a directory, a small disk where one can be had, and that nothing is left."""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path

_SMALL_DISK = 768 * 2**20
_HEADROOM = 64 * 1024
# linux/fs.h: the attributes of a file, and the one that lets nobody write it, also who has it open.
_GET_FLAGS, _SET_FLAGS, _IMMUTABLE = 0x80086601, 0x40086602, 0x10


class Room:
    """A directory below /tmp with `small`, a disk of its own if we may mount one, and `large`, which is a plain one."""

    def __init__(self) -> None:
        # Not TMPDIR: the path of a Unix socket may have some hundred bytes and no more.
        self.path = Path(tempfile.mkdtemp(prefix="tickets-torture-", dir="/tmp"))
        # PostgreSQL may run as another account, and must be able to come through.
        self.path.chmod(0o711)
        self.small, self.large = self.path / "small", self.path / "large"
        for folder in (self.small, self.large):
            folder.mkdir()
        self.has_small_disk = _run("mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK},mode=0755", "tmpfs", self.small)
        self._watch = self._begin_watch()

    @property
    def group(self) -> int:
        """The process group for what we start: should we be killed, all in it is."""
        return self._watch.pid

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let the small disk be full."""
        disk = os.statvfs(self.small)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        try:
            # Smaller than what is on it, it cannot become; somebody may have written meanwhile.
            for headroom in range(1, 64):
                size = used + headroom * _HEADROOM
                if _run("mount", "-o", f"remount,size={size}", self.small):
                    break
            yield
        finally:
            _run("mount", "-o", f"remount,size={_SMALL_DISK}", self.small)

    def close(self) -> None:
        """Take everything away."""
        if self.has_small_disk:
            _run("umount", "-l", self.small)
        shutil.rmtree(self.path, ignore_errors=True)
        self._watch.kill()
        self._watch.communicate()

    def _begin_watch(self) -> "subprocess.Popen[bytes]":
        # Its read ends when we are gone, however we went; then it takes everything away, its own group at last.
        end = 'read -r end; trap "" TERM; umount -l "$0/small" 2>/dev/null; rm -rf "$0"; kill -KILL 0'
        return subprocess.Popen(
            ["sh", "-c", end, str(self.path)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
        )


def may_freeze(folder: Path) -> bool:
    """Whether files there can be made immutable so that who has one open cannot write it: as root, on some disks."""
    trial = folder / "trial"
    with trial.open("wb", buffering=0) as file:
        try:
            with frozen(trial):
                return not _takes(file)
        except OSError:
            return False
        finally:
            trial.unlink()


def _takes(file: RawIOBase) -> bool:
    try:
        return bool(file.write(b"x"))
    except OSError:
        return False


@contextmanager
def frozen(*paths: Path) -> Iterator[None]:
    """Let nobody write these files; raises OSError where that cannot be."""
    try:
        for path in paths:
            _set_immutable(path, True)
        yield
    finally:
        for path in paths:
            with suppress(OSError):
                _set_immutable(path, False)


def _set_immutable(path: Path, wanted: bool) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        flags = bytearray(struct.calcsize("l"))
        fcntl.ioctl(descriptor, _GET_FLAGS, flags)
        (attributes,) = struct.unpack("l", flags)
        attributes = attributes | _IMMUTABLE if wanted else attributes & ~_IMMUTABLE
        fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("l", attributes))
    finally:
        os.close(descriptor)


def _run(*command: str | Path) -> bool:
    """Run a program quietly; whether it was there and succeeded."""
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    except OSError:
        return False
    return result.returncode == 0
