"""What Salmon loads before it starts `settings.receiver`: the settings turned into live objects."""

import logging
import sys

from sqlalchemy.exc import DatabaseError

from app.model.schema import NotReady
from app.model.setup import first_queues
from app.model.storage.sqlite_copy import CannotCopy
from app.transport import mail_log
from config import build, settings
from config.current import current_settings
from config.parsing import BadSetting

try:
    _current = current_settings()
    mail_log.begin(_current.log)
    _database = build.build_database(_current)
    first_queues(_database, logging.getLogger("tickets.schema").warning)
    settings.relay = build.build_relay(_current)
    settings.receiver = build.build_receiver(_current, _database, settings.relay)
except (BadSetting, CannotCopy, NotReady, build.NoRoutes) as error:
    sys.exit(str(error))
except OSError as error:
    sys.exit(
        f"{error.filename or 'A file'} cannot be had: {error.strerror}. TICKETS_DATABASE_URL or TICKETS_RELAY names it."
    )
except DatabaseError as error:
    sys.exit(f"The database cannot be had: {str(error.orig).strip().splitlines()[0]}. TICKETS_DATABASE_URL names it.")
