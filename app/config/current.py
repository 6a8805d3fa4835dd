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
from .parsing import SettingReading, Settings, SettingSource
from .sources import config_path, from_credentials, from_file


def current_settings() -> Settings:
    """Return the settings as everything says that sets them; BadSetting if one is wrong."""
    return reading_now().settings()


def reading_now() -> SettingReading:
    """Read every place that sets something: of two the environment counts before tickets.toml, and that before code."""
    project = host_project()
    if project is not None:
        return reading_of(project)
    own = own_settings()
    return _reading({} if own is defaults else vars(own), "config/settings.py", usual=True)


def config_in_use() -> Path | None:
    """Return the configuration file that counts; None if there is none."""
    project = host_project()
    if project is not None:
        return config_path(os.environ, str(given_by(project).get("CONFIG") or ""), usual=False)
    return config_path(os.environ)


def reading_of(project: object) -> SettingReading:
    """Read what a Salmon project sets for us, and what goes over it.

    Of configuration files only one that is named counts: another tracker's may lie in the usual places.
    """
    return _reading(given_by(project), "TICKETS in the project's settings", usual=False)


def _reading(values: Mapping[str, Any], place: str, *, usual: bool) -> SettingReading:
    path = config_path(os.environ, str(values.get("CONFIG") or ""), usual=usual)
    files = [from_file(path)] if path is not None else []
    own = SettingSource(
        place, f"{{NAME}} in {place}", {name: value for name, value in values.items() if name.isupper()}
    )
    return SettingReading(vars(defaults), os.environ, from_credentials(os.environ), *files, own)


def host_project() -> ModuleType | None:
    """The settings of the Salmon project whose guest we are; None where the tracker is a server of its own.

    SALMON_SETTINGS_MODULE names it, as it does for Salmon's commands.
    """
    name = os.environ.get("SALMON_SETTINGS_MODULE", "")
    project = _imported(name, Path.cwd()) if name else None
    return project if project is not None and hasattr(project, "TICKETS") else None


def given_by(project: object) -> Mapping[str, Any]:
    """What a Salmon project sets for us."""
    values: Mapping[str, Any] = getattr(project, "TICKETS", {})
    return values


def names_relay(project: object) -> bool:
    """Whether a setting names the relay; else letters leave by the project's own."""
    reading = reading_of(project)
    return reading.given("RELAY").source is not reading.sources[-1]


def own_settings() -> ModuleType:
    """The module that Salmon knows as settings: the checkout's config/settings.py, or our own where there is none."""
    root = checkout()
    return defaults if root is None else _imported("config.settings", root)


def _imported(name: str, folder: Path) -> ModuleType:
    """Import a module from a folder, which stays on the path: the handlers that it names lie there."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return import_module(name)
