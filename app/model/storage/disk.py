"""Files that are on the disk, and stay there when the power goes."""

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

# What file systems without hard links say.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES)


def new_draft(target: Path) -> Path:
    """Make an empty file beside the target, for this account alone (mode 600). Raises OSError."""
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(number)
    return Path(name)


def put_in_place(draft: Path, target: Path, *, replace: bool = False) -> None:
    """Give a whole file its name, once it is on the disk. Raises FileExistsError unless it may replace another file."""
    sync(draft)
    if replace:
        draft.replace(target)
    else:
        _link(draft, target)
    with suppress(OSError):
        sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file, or a directory's list of files, is on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _link(draft: Path, target: Path) -> None:
    try:
        # Unlike a rename, a link fails if somebody made the target meanwhile.
        target.hardlink_to(draft)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        draft.rename(target)
