"""The servers that are measured: the tracker with and without its courier, and the floor.

The floor is a bare Salmon handler behind the same receiver: it inserts the mail's bytes as one row and commits.
Run as `python -m mail_tickets.devtools.bench.server held|running|floor`.
The settings come from the environment as always.
"""

import sys
from collections.abc import Sequence
from typing import Any

from salmon.mail import MailRequest
from salmon.routing import Router, nolocking, route, stateless
from sqlalchemy import insert

from ...config import build
from ...config.current import current_settings
from ...config.process_part import ProcessPart
from ...model.records.received_mail import Mail
from ...transport.inbound.intake import MailIntake
from ...transport.inbound.receiver import Listener, Receiver

# As much as Salmon is given: a handler that reads more of a mail than its headers costs more.
_HEADERS = 4_096


class Floor(MailIntake):
    """Takes a mail in by one insert and a commit."""

    @staticmethod
    def read(raw: bytes, envelope_from: str | None, recipients: Sequence[str] = ()) -> Any:
        """Nothing is read but what Salmon needs."""
        return raw, envelope_from

    def store(self, inbound_mail: Any, recipients: Sequence[str], place: object = None) -> Any:
        """Route the mail; the handler stores it."""
        raw, envelope_from = inbound_mail
        for recipient in recipients:
            request = MailRequest("floor", envelope_from, recipient, raw[:_HEADERS])
            request.raw, request.database = raw, self.database
            Router.deliver(request)
        return inbound_mail


def _load_floor() -> None:
    Router.LOG_EXCEPTIONS = False

    @route(".*")
    @stateless
    @nolocking
    def FLOOR(message: Any) -> None:  # noqa: N802 - Salmon's name for a state
        with message.database.transaction() as uow:
            columns = {"received": uow.now, "envelope_from": message.From, "author": "", "subject": ""}
            uow.session.execute(insert(Mail).values(raw=message.raw, **columns))


def main(kind: str) -> None:
    """Serve until told to stop; prints the port when it listens."""
    settings = current_settings()
    database = build.build_database(settings)
    if kind == "floor":
        _load_floor()
        receiver = Receiver(
            Floor(database, keep_unmatched=True),
            [Listener(address.scheme, address.host, address.port) for address in settings.listen],
            max_bytes=settings.max_message_bytes,
            workers=settings.workers,
        )
    else:
        part = ProcessPart(sends=kind == "running", first=kind == "running")
        receiver = build.build_receiver(settings, database, build.build_relay(settings), part)
    receiver.started = _say_port
    receiver.start()


def _say_port(listeners: Sequence[Listener]) -> None:
    print(listeners[0].port, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
