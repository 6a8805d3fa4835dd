"""How the command is called from where somebody is."""

import shlex
from pathlib import Path

from ...config.home import checkout


def launcher() -> str:
    """Return the command as a shell takes it here: the checkout's launcher, or the installed command."""
    root = checkout()
    if root is None:
        return "tickets"
    folder, path = Path.cwd(), root / "tickets"
    return shlex.quote(f"./{path.relative_to(folder)}" if path.is_relative_to(folder) else str(path))
