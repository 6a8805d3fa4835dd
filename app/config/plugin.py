"""The tracker as a guest of another Salmon project: its receiver, its relay, its log."""

import logging
from typing import Any

from ..handlers.delivery import serve_requests_with
from ..model.setup import set_up
from ..transport.inbound.intake import MailIntake
from ..transport.outbound.courier import Courier
from ..transport.outbound.relays import Relay
from ..transport.outbound.salmon_relay import SalmonRelay
from .boot import faults_in_one_line
from .build import build_database, build_relay
from .current import names_relay, reading_of
from .disk_space import room_beside
from .parsing import BadSetting, Settings


def start(settings: Any, *, courier: bool = True) -> None:
    """Take mail in from now on, and let a courier send letters; end the process if that cannot be."""
    # It tells of every step of a migration.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with faults_in_one_line():
        current = reading_of(settings).settings()
        relay = _relay(settings, current, is_named=names_relay(settings))
        database = build_database(current)
        set_up(database, logging.getLogger("tickets.schema").warning)
    messenger = Courier(database, relay)
    intake = MailIntake(
        database,
        keep_unmatched=current.unmatched == "keep",
        stored=messenger.wake,
        has_room=room_beside(database),
    )
    serve_requests_with(intake, max_bytes=current.max_message_bytes)
    if courier:
        # Salmon's receivers tell nobody when they end, and the process ends with them.
        messenger.start(daemon=True)


def _relay(settings: Any, current: Settings, *, is_named: bool) -> Relay:
    if is_named:
        return build_relay(current)
    relay = getattr(settings, "relay", None)
    if relay is None:
        raise BadSetting("There is no settings.relay yet: make it before mail_tickets.start, or set TICKETS_RELAY.")
    return SalmonRelay(relay)
