"""How settings are read and checked; whatever is wrong with one is said in one line that names it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, NamedTuple

from ..transport.inbound.handover import Place
from . import home as places
from .sources import FILE_SUFFIX, PREFIX, SECRETS, BadSetting, SettingSource, from_environment, text_of, unknown_names
from .web_address import WebAddress, parse_web, parse_web_url, web_problems

__all__ = ["PREFIX", "BadSetting", "Listen", "SettingReading", "SettingSource", "Settings", "load", "problems"]


@dataclass(frozen=True)
class Listen:
    """One place to listen at: a host and port, or the path of a socket."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Settings:
    """The value of every setting, checked."""

    home: Path
    domain: str
    database_url: str
    listen: tuple[Listen, ...]
    relay: str
    max_message_bytes: int
    unmatched: str
    trust: str
    authserv_id: str | None
    workers: int
    log: str
    web: WebAddress | None
    web_url: str | None
    metrics: WebAddress | None
    # Where the server listens for mail that `tickets deliver` hands over.
    handover: Place


class Given(NamedTuple):
    """A setting as it was written, and where."""

    text: str
    source: SettingSource


def load(values: Mapping[str, Any], environment: Mapping[str, str], *between: SettingSource) -> Settings:
    """The settings of a module's values, an environment over them. BadSetting names the first that is wrong.

    `between` are the places that go over the values, and over which the environment goes; the first is the strongest.
    """
    return SettingReading(values, environment, *between).settings()


def problems(values: Mapping[str, Any], environment: Mapping[str, str], *between: SettingSource) -> Iterator[str]:
    """Everything that is wrong with settings, each in one line that names it."""
    return SettingReading(values, environment, *between).problems()


class SettingReading:
    """All places that settings come from, and what holds of them."""

    def __init__(self, values: Mapping[str, Any], environment: Mapping[str, str], *between: SettingSource) -> None:
        self.environment = environment
        plain = SettingSource("config/settings.py", "{NAME} in config/settings.py", _settings_among(values))
        self.sources = [from_environment(environment), *between, plain]

    def settings(self) -> Settings:
        """Return the settings; BadSetting names the first that is wrong."""
        for problem in self.problems():
            raise BadSetting(problem)
        return Settings(**{name.lower(): self.value(name) for name in _PARSERS}, handover=self.handover())

    def handover(self) -> Place:
        """Return where `deliver` finds a server with the same settings; they are compared as they were written."""
        written = [self.given(name).text.strip() for name in _OF_A_DELIVERY]
        home, database = self.value("HOME"), self.given("DATABASE_URL").text.strip()
        scheme, is_file, path = database.partition(":///")
        beside = f"{path}.deliver" if is_file and scheme.startswith("sqlite") else "run/deliver"
        return Place(home / beside, "\n".join(written))

    def problems(self) -> Iterator[str]:
        """Yield everything that is wrong, each in one line that names it."""
        for name, named in unknown_names(self.sources, [*_PARSERS, *_BESIDE]):
            yield f"{named} isn't a setting. {_advice(name)}"
        errors: dict[str, None] = {}
        for name in _PARSERS:
            try:
                self.value(name)
            except BadSetting as error:
                # A wrong TICKETS_HOME is found with each path that starts there.
                errors[str(error)] = None
        yield from errors
        if not errors:
            yield from web_problems(self.value("WEB"), self.value("WEB_URL"))

    def given(self, name: str) -> Given:
        """Return a setting as the strongest place that has it says."""
        for source in self.sources:
            text = text_of(source, name, self.environment)
            if text is not None:
                return Given(text, source)
        raise BadSetting(f"{PREFIX}{name} isn't set, and config/settings.py has no {name}. Set one of them.")

    def value(self, name: str) -> Any:
        """Return a setting, checked; BadSetting says what is wrong with it."""
        setting = self.given(name)
        try:
            parsed = _PARSERS[name](setting.text.strip())
            return _PLACED[name](parsed, self.value("HOME")) if name in _PLACED else parsed
        except BadSetting:
            raise
        except ValueError as error:
            named = setting.source.name_of(name) if setting.source is not self.sources[-1] else f"{PREFIX}{name}"
            raise BadSetting(f"{named} can't be {without_password(setting.text)!r}: {error}.") from None


def _advice(name: str) -> str:
    """Return what is right in place of a name that is no setting's."""
    near = get_close_matches(name.upper(), _PARSERS, n=1)
    if near:
        return f"Did you mean {PREFIX}{near[0]}?"
    return f"Use {', '.join(f'{PREFIX}{setting}' for setting in _PARSERS)}."


_BEFORE_AT = re.compile(r"\A([a-z+]*:?/{0,2})(?=[^@]*[:/]).*@", re.DOTALL | re.IGNORECASE)
# What cannot be a port is a password whose host was forgotten.
_NO_PORT = re.compile(r"\A([a-z+]+://[^/:@?\[\s]+:)(?!\d{0,5}(?:[/?,]|\Z)|…)[^/?,\s]+", re.IGNORECASE)
_IN_QUERY = re.compile(r"((?:password|passwd|passphrase)=)[^&\s]*", re.IGNORECASE)


def without_password(text: str) -> str:
    """Return a value as logs may show it: a password may stand before an @, also without a scheme, or in a query."""
    return _IN_QUERY.sub(r"\1…", _NO_PORT.sub(r"\1…", _BEFORE_AT.sub(r"\1…@", text)))


def _settings_among(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name.isupper()}


def _home(text: str) -> Path:
    return _checked(Path(text).expanduser().absolute() if text else places.default_home())


def _checked(path: Path) -> Path:
    if places.holds_programs(path):
        raise ValueError(f"{path} is for installed programs, and an upgrade may empty it; name another directory")
    return path


def _domain(text: str) -> str:
    if not re.fullmatch(r"(?i)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", text):
        raise ValueError("use a domain in ASCII, like tickets.example.org")
    return text.lower()


def _database_url(text: str) -> str:
    # Loaded here: `deliver` hands a mail over in less time than this takes.
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        # The short form that many services hand out.
        url = make_url(re.sub(r"\Apostgres(?=\+|:)", "postgresql", text))
    except (ArgumentError, ValueError):
        raise ValueError(_DATABASES) from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if url.get_backend_name() != "sqlite":
        raise ValueError(_DATABASES)
    if not url.database or ":memory:" in url.database:
        raise ValueError("a database in memory loses email; use sqlite:///PATH")
    if url.query or url.host:
        raise ValueError("use sqlite:///PATH and nothing more")
    return url.set(drivername="sqlite").render_as_string(hide_password=False)


def _database_at(text: str, home: Path) -> str:
    from sqlalchemy import make_url

    url = make_url(text)
    if url.get_backend_name() != "sqlite":
        return text
    return url.set(database=str(_checked(home / (url.database or "")))).render_as_string(hide_password=False)


_DATABASES = "use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
_LISTEN = re.compile(
    r"(?P<scheme>smtp|lmtp)://(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<port>\d{1,5})|lmtp\+unix://(?P<path>/.+)",
    re.ASCII,
)


def _listen(text: str) -> tuple[Listen, ...]:
    places = tuple(_one_listen(place.strip()) for place in text.split(",") if place.strip())
    if not places:
        raise ValueError("name at least one place to listen at, like smtp://127.0.0.1:8825")
    return places


def _one_listen(text: str) -> Listen:
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"] or 0) > 65_535 or not _is_host(match["host"] or ""):
        raise ValueError(f"in place of {text!r} use smtp://HOST:PORT, lmtp://HOST:PORT or lmtp+unix:///PATH")
    if match["path"]:
        return Listen("lmtp+unix", "", 0, match["path"])
    return Listen(match["scheme"], match["host"].strip("[]"), int(match["port"]), "")


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            IPv6Address(host.strip("[]"))
        except ValueError:
            return False
    return True


def _relay_at(text: str, home: Path) -> str:
    from ..transport.outbound.relays import relay_from_url

    relay_from_url(text, root=home).close()
    scheme, _, path = text.partition(":")
    if scheme == "maildir":
        _checked(home / path)
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"use {' or '.join(words)}")
        return text.lower()

    return parse


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        digits = text.replace("_", "")
        if not (digits.isascii() and digits.isdigit() and least <= int(digits[:18]) <= most):
            raise ValueError(f"use a whole number from {least} to {most}")
        return int(digits)

    return parse


_PARSERS: dict[str, Callable[[str], Any]] = {
    "HOME": _home,
    "DOMAIN": _domain,
    "DATABASE_URL": _database_url,
    "LISTEN": _listen,
    "RELAY": str,
    "MAX_MESSAGE_BYTES": _number(1_000, 2**30),
    "UNMATCHED": _one_of("keep", "reject"),
    "TRUST": _one_of("reply", "dmarc", "from"),
    "AUTHSERV_ID": lambda text: text or None,
    "WORKERS": _number(1, 64),
    "LOG": _one_of("plain", "json"),
    "WEB": parse_web,
    "WEB_URL": parse_web_url,
    "METRICS": parse_web,
}
SETTING_NAMES = tuple(_PARSERS)
# What becomes of a mail depends on these.
_OF_A_DELIVERY = ("DOMAIN", "DATABASE_URL", "MAX_MESSAGE_BYTES", "UNMATCHED", "TRUST", "AUTHSERV_ID", "WEB_URL")
# Names that are known and no settings of their own: where settings are read from.
_BESIDE = ("CONFIG", *(f"{name}{FILE_SUFFIX}" for name in SECRETS))
# Those in which a path may be relative.
_PLACED: dict[str, Callable[[Any, Path], Any]] = {"DATABASE_URL": _database_at, "RELAY": _relay_at}
