"""Writing tickets.toml."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_HEADING = """\
# The tracker's settings. Every command reads this file; docs/interface.md, section 2, has all names and meanings.
# A variable such as TICKETS_DOMAIN goes over it. To see what holds: tickets config
"""


def as_toml(values: Mapping[str, str]) -> str:
    """Return settings as a configuration file. A JSON string is a basic string of TOML."""
    return _HEADING + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())


def write_config(path: Path, values: Mapping[str, str], *, account: str = "") -> None:
    """Write a configuration file that nobody but its owner reads, and the account that the tracker runs as.

    Relays and databases have passwords. Raises FileExistsError where a file is there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(as_toml(values))
    if account:
        shutil.chown(path, group=_group_of(account))
        path.chmod(0o640)


def _group_of(account: str) -> int:
    import pwd

    return pwd.getpwnam(account).pw_gid
