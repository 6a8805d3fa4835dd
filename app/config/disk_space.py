"""How much room a mail needs on the disk."""

import shutil
from collections.abc import Callable
from pathlib import Path

from ..model.storage.database import Database

# So much must stay free beside a mail, for the letters it causes and the database's own needs.
SPARE_BYTES = 32 * 2**20


def room_beside(database: Database) -> Callable[[int], bool]:
    """Whether a mail of so many bytes fits beside the database; another machine's disk is not ours to know."""
    if not database.is_sqlite or database.url.database is None:
        return lambda _: True
    folder = Path(database.url.database).parent
    return lambda size: shutil.disk_usage(folder).free > SPARE_BYTES + 3 * size
