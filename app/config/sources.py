"""Where settings come from: the environment, a service manager's credentials, tickets.toml, config/settings.py."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import home

PREFIX = "TICKETS_"
# Settings that may hold a password. A file can hold the value instead: <NAME>_FILE names it.
SECRETS = ("DATABASE_URL", "RELAY")
FILE_SUFFIX = "_FILE"
FILE_NAME = "tickets.toml"
SYSTEM_FILE = Path("/etc/tickets") / FILE_NAME
# As tickets.toml can write a setting. Python takes a truth value for a number.
_WRITTEN = (str, int)


class BadSetting(ValueError):
    """A setting is unknown or does not parse."""


class SettingSource(NamedTuple):
    """One place that settings come from, and how a sentence names a setting there: `label` has {NAME} or {name}."""

    place: str
    label: str
    values: Mapping[str, Any]

    def name_of(self, name: str) -> str:
        """Return how a sentence names a setting of this place."""
        return self.label.format(NAME=name, name=name.lower())


def from_environment(environment: Mapping[str, str]) -> SettingSource:
    """Return the variables with the prefix, which go over everything else."""
    values = {name.removeprefix(PREFIX): value for name, value in environment.items() if name.startswith(PREFIX)}
    return SettingSource("environment", f"{PREFIX}{{NAME}}", values)


def from_credentials(environment: Mapping[str, str]) -> SettingSource:
    """Return the secrets that systemd hands over (systemd.exec(5), LoadCredential), by their names in lower case."""
    folder = environment.get("CREDENTIALS_DIRECTORY", "")
    paths = {name: Path(folder) / name.lower() for name in SECRETS} if folder else {}
    secrets = {name: _content(path, f"The credential {name.lower()}") for name, path in paths.items() if path.is_file()}
    return SettingSource("credential", "the credential {name}", secrets)


def config_path(environment: Mapping[str, str], named: str = "", *, usual: bool = True) -> Path | None:
    """Return the configuration file: TICKETS_CONFIG, else `named`, else the first that is there of the usual places."""
    path_text = environment.get(f"{PREFIX}CONFIG", "").strip() or named
    if path_text:
        return _start(environment) / Path(path_text).expanduser()
    return next((path for path in usual_paths(environment) if usual and _is_there(path)), None)


def usual_paths(environment: Mapping[str, str]) -> list[Path]:
    """Return where a configuration file is looked for, first the nearest."""
    root = home.checkout()
    return [_start(environment) / FILE_NAME, *([root / FILE_NAME] if root is not None else []), SYSTEM_FILE]


def from_file(path: Path) -> SettingSource:
    """Return the settings of a configuration file; BadSetting where it cannot be read or is not written as TOML."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSetting(f"{path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} isn't valid TOML: {error}.") from None
    for name in written:
        if name != name.lower():
            right = name.removeprefix(PREFIX).lower()
            raise BadSetting(f"{name} in {path} isn't a setting. Names are in lower case there: {right}")
    return SettingSource(str(path), f"{{name}} in {path}", {name.upper(): value for name, value in written.items()})


def text_of(source: SettingSource, name: str, environment: Mapping[str, str]) -> str | None:
    """Return what a source says of a setting, in words; None if it says nothing."""
    by_file = f"{name}{FILE_SUFFIX}"
    if name in SECRETS and by_file in source.values:
        if name in source.values:
            raise BadSetting(f"{source.name_of(name)} and {source.name_of(by_file)} are both set. Keep one of them.")
        path = _start(environment) / Path(str(source.values[by_file]).strip()).expanduser()
        return _content(path, source.name_of(by_file))
    return _text(source, name) if name in source.values else None


def _text(source: SettingSource, name: str) -> str:
    value = source.values[name]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, _WRITTEN):
        raise BadSetting(f"{source.name_of(name)} must be a text in quotation marks or a number.")
    return str(value)


def _content(path: Path, label: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise BadSetting(f"{label} can't be read: {path}: {why}.") from None


def _start(environment: Mapping[str, str]) -> Path:
    """Return where relative paths start for what is read before TICKETS_HOME is checked."""
    text = environment.get(f"{PREFIX}HOME", "").strip()
    return Path(text).expanduser().absolute() if text else home.default_home()


def _is_there(path: Path) -> bool:
    """Return whether a file is there, readable or not: one that can't be read must stop us, not be passed over."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def unknown_names(sources: list[SettingSource], known: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that is no setting's, and how the place that has it writes it."""
    for source in sources:
        yield from ((name, source.name_of(name)) for name in source.values if name not in known)
