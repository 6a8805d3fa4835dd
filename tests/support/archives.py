"""Old mail for the tests of the import: mails, boxes to lie in, and what came of them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from mail_tickets.archive.importing.run import ImportReport, ImportRequest, import_archive
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.queue_setup import add_queue
from mail_tickets.model.records.tickets import Ticket
from tests.support.world import World

DAY = datetime(2014, 2, 3, 9, 0, tzinfo=UTC)
LIMIT = 200_000


def old_mail(
    name: str,
    writer: str = "ann@example.org",
    *,
    days: float = 0,
    subject: str = "Printer",
    to: str = "hello@club.example",
    answers: Sequence[str] = (),
    text: str = "",
    **headers: str,
) -> bytes:
    """A mail of 2014; `name` is its id, `answers` names the mails of its References, the last one its parent."""
    lines = [
        f"From: {writer}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {format_datetime(DAY + timedelta(days=days))}",
        f"Message-ID: <{name}@old.example>",
    ]
    if answers:
        lines.append(f"In-Reply-To: <{answers[-1]}@old.example>")
        lines.append(f"References: {' '.join(f'<{answer}@old.example>' for answer in answers)}")
    lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
    return ("\n".join(lines) + f"\n\n{text or f'This is {name}.'}\n").encode()


def boxed(mails: Iterable[bytes]) -> bytes:
    """These mails as an mboxrd."""
    quoted = (mail.replace(b"\n>From ", b"\n>>From ").replace(b"\nFrom ", b"\n>From ") for mail in mails)
    whole = (mail if mail.endswith(b"\n") else mail + b"\n" for mail in quoted)
    return b"".join(b"From ann@example.org Mon Feb  3 09:00:00 2014\n" + mail + b"\n" for mail in whole)


class Archive:
    """A tracker with a queue Archive, and a place for boxes."""

    def __init__(self, world: World, folder: Path, lifecycle: str = "correspondence") -> None:
        self.world = world
        self.folder = folder
        with world.database.transaction() as uow:
            add_queue(uow, "Archive", (), lifecycle)

    def box(self, mails: Iterable[bytes], name: str = "old.mbox") -> Path:
        """An mbox of these mails."""
        path = self.folder / name
        path.write_bytes(boxed(mails))
        return path

    def imports(self, *mails: bytes, **more: Any) -> ImportReport:
        """Import these mails; no letter may come of it."""
        return self.takes(self.box(mails), **more)

    def takes(self, path: Path, **more: Any) -> ImportReport:
        """Import what lies there."""
        before = len(self.world.rows(Letter))
        wanted = ImportRequest(str(path), more.pop("queue", "Archive"), LIMIT, **more)
        report = import_archive(self.world.database, wanted, path.stat().st_size, lambda step: None)
        assert len(self.world.rows(Letter)) == before
        return report

    def tickets(self) -> list[dict[str, Any]]:
        """All tickets, as they are shown."""
        return [self.world.ticket(ticket.id) for ticket in self.world.rows(Ticket)]

    def threads(self) -> list[list[str]]:
        """The ids of each ticket's messages, in the order in which they are shown."""
        return sorted([short(message["message_id"]) for message in ticket["messages"]] for ticket in self.tickets())


def short(message_id: str) -> str:
    """A Message-ID without what all have."""
    return message_id.strip("<>").removesuffix("@old.example")


# What differs between two imports of the same mails: when, and in which order, they were taken in.
_OF_THE_MOMENT = ("id", "changes", "received")


def content(tickets: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What tickets say, without what differs between two imports of the same mails."""
    return [{key: value for key, value in ticket.items() if key not in _OF_THE_MOMENT} for ticket in tickets]
