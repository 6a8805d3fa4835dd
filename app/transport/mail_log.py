"""The log: one line for each mail and recipient with its fate, and never with its words."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType

from ..mail.text import one_line, printable

LOG = logging.getLogger("tickets.mail")
_LONGEST = 300
_LONGEST_LINE = 4_000
_PLAIN_VALUE = re.compile(r'[^\s"=]+')
# PostgreSQL adds the whole row to some errors, and with it what a mail says.
_DETAIL = re.compile(
    r"^(?:DETAIL: |\[parameters: ).*?(?=^\[SQL: |^\(Background |^\S+ [a-z]+ .*:$|\Z)", re.DOTALL | re.MULTILINE
)

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def note(fate: str, fields: Mapping[str, object], level: int = logging.INFO) -> None:
    """Log what became of a mail; fields that are None or empty are left out. What a sender wrote can forge no field."""
    given = {name: _safe(value) for name, value in fields.items() if value not in (None, "")}
    text = "".join(f" {name}={_written(value)}" for name, value in given.items())
    LOG.log(level, "%s%s", fate, text, extra={"mail": {"fate": fate, **given}})


def refused(reply: str, recipient: str, fields: Mapping[str, object]) -> None:
    """Log that a mail, or a recipient of one, was not taken, and what its sender's server heard."""
    note("refused", {"to": recipient, **fields, "reply": reply}, logging.WARNING)


def _safe(value: object) -> str | int:
    return value if isinstance(value, int) else one_line(str(value), _LONGEST)


def _written(value: str | int) -> str:
    """A value as it stands behind its name: in quotes if a reader could take it for more than one."""
    text = str(value)
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _traceback(written: str) -> str:
    return printable(_DETAIL.sub("", written))


class PlainLines(logging.Formatter):
    """Lines for people. Nothing in them moves a cursor, and what follows a first line is indented: it is no entry."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """One line, whatever is in it."""
        record.message = one_line(record.message, _LONGEST_LINE)
        return super().formatMessage(record)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        """A traceback, indented."""
        return "    " + _traceback(super().formatException(ei)).replace("\n", "\n    ")


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: what is logged of a mail stands in fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """The object: time in UTC, level, logger, message, the fields of a mail, and a traceback where there is one."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": one_line(record.getMessage(), _LONGEST_LINE),
            **getattr(record, "mail", {}),
        }
        if record.exc_info:
            entry["traceback"] = _traceback(self.formatException(record.exc_info))
        return json.dumps(entry)


FORMATS: dict[str, type[logging.Formatter]] = {"plain": PlainLines, "json": JsonLines}


def begin(kind: str, level: int = logging.INFO) -> None:
    """Log to standard error in this form: `plain` or `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[kind]())
    logging.basicConfig(level=level, handlers=[handler])
    # It tells of every step of a migration; whoever starts a server wants to read what is wrong.
    logging.getLogger("alembic").setLevel(logging.WARNING)
