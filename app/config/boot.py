"""How our own server starts: the settings turned into live objects, and whatever is wrong told in one line."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DatabaseError

from ..model.schema import NotReady
from ..model.setup import set_up
from ..model.storage.sqlite_copy import CannotCopy
from ..transport import mail_log
from . import build
from .current import current_settings
from .parsing import BadSetting
from .process_part import WHOLE


def boot(settings: Any) -> None:
    """Set `settings.relay` and `settings.receiver`, which Salmon starts; end the process if that cannot be."""
    with faults_in_one_line():
        current = current_settings()
        mail_log.begin(current.log)
        database = build.build_database(current)
        set_up(database, logging.getLogger("tickets.schema").warning)
        settings.relay = build.build_relay(current)
        part = getattr(settings, "part", WHOLE)
        settings.receiver = build.build_receiver(current, database, settings.relay, part)


@contextmanager
def faults_in_one_line() -> Iterator[None]:
    """End the process with one line where settings, database or routes are not as they must be."""
    try:
        yield
    except (BadSetting, CannotCopy, NotReady, build.NoRoutes) as error:
        sys.exit(str(error))
    except OSError as error:
        named = "TICKETS_DATABASE_URL, TICKETS_RELAY or TICKETS_HOME names it"
        sys.exit(f"{error.filename or 'A file'} cannot be had: {error.strerror}. {named}.")
    except DatabaseError as error:
        why = str(error.orig).strip().splitlines()[0]
        sys.exit(f"The database cannot be had: {why}. TICKETS_DATABASE_URL names it.")
