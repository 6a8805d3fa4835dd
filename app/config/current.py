"""The settings as they are now, and where they come from."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from . import defaults
from .home import checkout
from .parsing import PREFIX, Settings, load


def current_settings() -> Settings:
    """The defaults, what settings.py says over them, and the environment over both; BadSetting if one is wrong."""
    return load(plain_values(), os.environ)


def plain_values() -> dict[str, Any]:
    """The value of every setting that the environment does not set."""
    project = host_project()
    return with_defaults(vars(own_settings()) if project is None else given_by(project))


def host_project() -> ModuleType | None:
    """The settings of the Salmon project whose guest we are; None where the tracker is a server of its own.

    SALMON_SETTINGS_MODULE names it, as it does for Salmon's commands.
    """
    name = os.environ.get("SALMON_SETTINGS_MODULE", "")
    project = _imported(name, Path.cwd()) if name else None
    return project if project is not None and hasattr(project, "TICKETS") else None


def given_by(project: object) -> Mapping[str, Any]:
    """What a Salmon project sets for us."""
    given: Mapping[str, Any] = getattr(project, "TICKETS", {})
    return given


def names_relay(project: object) -> bool:
    """Whether a setting names the relay; else letters leave by the project's own."""
    return f"{PREFIX}RELAY" in os.environ or "RELAY" in given_by(project)


def with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults, and what somebody has set over them."""
    return {name: value for source in (vars(defaults), values) for name, value in source.items() if name.isupper()}


def own_settings() -> ModuleType:
    """The module that Salmon knows as settings: the checkout's config/settings.py, or our own where there is none."""
    root = checkout()
    return defaults if root is None else _imported("config.settings", root)


def _imported(name: str, folder: Path) -> ModuleType:
    """Import a module from a folder, which stays on the path: the handlers that it names lie there."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return import_module(name)
