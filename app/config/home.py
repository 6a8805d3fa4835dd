"""Where relative paths start: the checkout, or the data directory of an installed tracker."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def checkout() -> Path | None:
    """Return the root of the checkout that this package is part of; None for an installed one."""
    root = _PACKAGE.parent
    return root if _PACKAGE.name == "app" and (root / "config" / "settings.py").is_file() else None


def default_home() -> Path:
    """Return where relative paths start unless TICKETS_HOME says otherwise."""
    if (root := checkout()) is not None:
        return root
    if os.geteuid() == 0:
        return Path("/var/lib/tickets")
    # XDG Base Directory Specification: a path that is not absolute is ignored.
    folder = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (folder if folder.is_absolute() else Path.home() / ".local" / "share") / "tickets"


def holds_programs(path: Path) -> bool:
    """Return whether a path lies where pip installs, and where its next run may take away what is not its own."""
    return not {"site-packages", "dist-packages"}.isdisjoint(path.resolve().parts)
