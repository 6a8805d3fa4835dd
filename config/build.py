"""How settings become live objects: database, relay, routes, courier, receiver."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from salmon.routing import Router

from app.model.storage.database import Database
from app.model.storage.unit_of_work import Trust
from app.transport.inbound.intake import MailIntake
from app.transport.outbound.relays import Relay, relay_from_url
from config import settings as plain
from config.disk_space import room_beside
from config.parsing import ROOT, Settings

if TYPE_CHECKING:
    from app.transport.inbound.receiver import Receiver


class NoRoutes(RuntimeError):
    """Salmon loaded no handlers; a server without them would take every mail and lose it."""


def build_database(settings: Settings) -> Database:
    """The database, not yet connected to."""
    trust = Trust(settings.trust, settings.authserv_id)
    return Database(settings.database_url, settings.domain, pool_size=settings.workers + 4, trust=trust)


def build_relay(settings: Settings) -> Relay:
    """Where letters go, not yet connected to."""
    return relay_from_url(settings.relay, root=ROOT, helo=settings.domain)


def load_routes(settings: Settings) -> None:
    """Let Salmon load the handlers, and make sure that it did: by itself it would only log that it could not."""
    Router.LOG_EXCEPTIONS = False
    Router.RELOAD = False
    Router.UNDELIVERABLE_QUEUE = None
    host = settings.domain.replace(".", r"\.")
    before = Router.DEFAULT_CAPTURES.get("host", host)
    Router.defaults(host=host)
    Router.load(plain.handlers)
    if before != host:
        # Salmon put the domain into the routes when their modules were loaded; a process may have had another one.
        Router.reload()
    if len(Router.ORDER) != len(plain.handlers):
        raise NoRoutes(f"Salmon has {len(Router.ORDER)} routes, not {len(plain.handlers)}: {plain.handlers}.")


def build_intake(settings: Settings, database: Database, stored: Callable[[], None] = lambda: None) -> MailIntake:
    """What takes a mail in, through the routes."""
    load_routes(settings)
    return MailIntake(
        database, keep_unmatched=settings.unmatched == "keep", stored=stored, has_room=room_beside(database)
    )


def build_receiver(
    settings: Settings,
    database: Database,
    relay: Relay,
    *,
    courier: bool = True,
) -> "Receiver":
    """The receiver, with the courier that sends what it causes."""
    # Loaded here: `deliver` takes a mail in without a server.
    from app.transport.inbound.receiver import Listener, Receiver
    from app.transport.outbound.courier import Courier

    messenger = Courier(database, relay)
    return Receiver(
        build_intake(settings, database, messenger.wake),
        [Listener(*(address.scheme, address.host, address.port, address.path)) for address in settings.listen],
        max_bytes=settings.max_message_bytes,
        workers=settings.workers,
        services=[messenger] if courier else [],
    )
