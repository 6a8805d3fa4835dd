"""How settings become live objects: database, relay, routes, courier, receiver."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from salmon.routing import Router

from ..model.storage.database import Database
from ..model.storage.unit_of_work import Trust
from ..transport.inbound.intake import MailIntake, Unmatched
from ..transport.outbound.relays import Relay, relay_from_url
from . import defaults
from .current import own_settings
from .disk_space import room_beside
from .parsing import Settings
from .process_part import WHOLE, ProcessPart

if TYPE_CHECKING:
    from ..transport.inbound.receiver import Receiver
    from ..transport.monitoring.metrics_server import MetricsServer


class NoRoutes(RuntimeError):
    """Salmon loaded no handlers; a server without them would take every mail and lose it."""


def build_database(settings: Settings) -> Database:
    """Return the database, not yet connected."""
    trust = Trust(settings.trust, settings.authserv_id)
    # Four for the threads of the web pages, and one each for their letters, the courier, and what is left open.
    return Database(
        settings.database_url,
        settings.domain,
        pool_size=settings.workers + 8,
        trust=trust,
        web_url=settings.web_url,
    )


def build_relay(settings: Settings) -> Relay:
    """Return the relay, not yet connected."""
    return relay_from_url(settings.relay, root=settings.home, helo=settings.domain)


def load_routes(settings: Settings) -> None:
    """Let Salmon load the handlers. Raises NoRoutes if it could not, which Salmon itself would only log."""
    Router.LOG_EXCEPTIONS = False
    Router.RELOAD = False
    Router.UNDELIVERABLE_QUEUE = Unmatched()
    # What others' routes mean by (host); ours ask the unit of work.
    Router.defaults(host=re.escape(settings.domain))
    Router.load(own_settings().handlers)
    registered = {handler.__module__ for _, handlers in Router.REGISTERED.values() for handler in handlers}
    if missing := {*defaults.handlers} - registered:
        raise NoRoutes(f"Salmon has no route to {' and '.join(sorted(missing))}: name them in `handlers`.")


def build_intake(settings: Settings, database: Database, stored: Callable[[], None] = lambda: None) -> MailIntake:
    """Return the intake, which hands each mail to Salmon's routes."""
    load_routes(settings)
    return MailIntake(
        database, keep_unmatched=settings.unmatched == "keep", stored=stored, has_room=room_beside(database)
    )


def build_receiver(
    settings: Settings,
    database: Database,
    relay: Relay,
    part: ProcessPart = WHOLE,
) -> "Receiver":
    """The receiver, with the web pages, and the courier that sends what both cause, as far as they are our part."""
    # Loaded here: `deliver` takes a mail in without a server.
    from ..model.storage.notices import Announcer
    from ..transport.inbound.receiver import Listener, Receiver
    from ..transport.outbound.courier import Courier
    from .web import build_web

    messenger = Courier(database, relay) if part.sends else Announcer(database)
    intake = build_intake(settings, database, messenger.wake)
    web = build_web(settings, database, intake, messenger.wake) if part.first else None
    metrics = _metrics(settings, database) if part.first else None
    return Receiver(
        intake,
        [Listener(*(address.scheme, address.host, address.port, address.path)) for address in settings.listen],
        max_bytes=settings.max_message_bytes,
        workers=settings.workers,
        services=[*([web] if web else []), messenger, *([metrics] if metrics else [])],
        web=web,
        handover_place=settings.handover if part.first else None,
        shares_port=part.shares_port,
        timed=metrics.metrics.took if metrics else lambda _: None,
    )


def _metrics(settings: Settings, database: Database) -> "MetricsServer | None":
    """The server of numbers for a monitor; None where nobody asks."""
    if settings.metrics is None:
        return None
    from ..transport.monitoring.metrics import Metrics
    from ..transport.monitoring.metrics_server import MetricsServer

    return MetricsServer(Metrics(database), settings.metrics.host, settings.metrics.port, settings.metrics.path)
