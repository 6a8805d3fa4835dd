"""What a server counts, in the OpenMetrics form: mails by fate, how long they took, letters by state and age."""

import logging
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from ...model.program import program_name
from ...model.records.letters import Letter, State
from ...model.storage.database import DATABASE_FAULTS, Database
from .. import mail_log

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
BOUNDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Metrics(logging.Handler):
    """Counts since the start of the server; the log of mails says what became of each."""

    def __init__(self, database: Database) -> None:
        super().__init__(logging.INFO)
        self._database = database
        self._counting = threading.Lock()
        self._fates: Counter[str] = Counter()
        self._slots = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def begin(self) -> None:
        """Count from now on."""
        mail_log.LOG.addHandler(self)

    def end(self) -> None:
        """Count no longer."""
        mail_log.LOG.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count what became of a mail."""
        fate = str(getattr(record, "mail", {}).get("fate", ""))
        if fate:
            with self._counting:
                self._fates[fate] += 1

    def took(self, seconds: float) -> None:
        """Count how long a mail took, from its last byte to our reply."""
        with self._counting:
            self._slots[bisect_left(BOUNDS, seconds)] += 1
            self._seconds += seconds

    def text(self) -> str:
        """Return everything, as OpenMetrics 1.0 writes it."""
        lines = [*self._program(), *self._mails(), *self._latency(), *self._letters(), "# EOF"]
        return "".join(f"{line}\n" for line in lines)

    def _program(self) -> Iterator[str]:
        yield "# TYPE tickets_program info"
        yield "# HELP tickets_program The program that runs, and its schema."
        yield f'tickets_program_info{{version="{program_name()}"}} 1'

    def _mails(self) -> Iterator[str]:
        yield "# TYPE tickets_mails counter"
        yield "# HELP tickets_mails Mails and recipients by what became of them."
        with self._counting:
            fates = sorted(self._fates.items())
        yield from (f'tickets_mails_total{{fate="{fate}"}} {count}' for fate, count in fates)

    def _latency(self) -> Iterator[str]:
        yield "# TYPE tickets_mail_seconds histogram"
        yield "# UNIT tickets_mail_seconds seconds"
        yield "# HELP tickets_mail_seconds From a mail's last byte to the reply."
        with self._counting:
            slots, seconds = list(self._slots), self._seconds
        count = 0
        for bound, number in zip((*map(str, BOUNDS), "+Inf"), slots, strict=True):
            count += number
            yield f'tickets_mail_seconds_bucket{{le="{bound}"}} {count}'
        yield f"tickets_mail_seconds_count {count}"
        yield f"tickets_mail_seconds_sum {seconds:.6f}"

    def _letters(self) -> Iterator[str]:
        yield "# TYPE tickets_database_up gauge"
        yield "# HELP tickets_database_up Whether the database answers."
        try:
            counts, oldest = self._counted_letters()
        except DATABASE_FAULTS:
            yield "tickets_database_up 0"
            return
        yield "tickets_database_up 1"
        yield "# TYPE tickets_letters gauge"
        yield "# HELP tickets_letters Letters by state."
        yield from (f'tickets_letters{{state="{state}"}} {counts.get(state, 0)}' for state in State)
        yield "# TYPE tickets_oldest_letter_seconds gauge"
        yield "# UNIT tickets_oldest_letter_seconds seconds"
        yield "# HELP tickets_oldest_letter_seconds How long the oldest letter waits."
        yield f"tickets_oldest_letter_seconds {oldest.total_seconds():.0f}"

    def _counted_letters(self) -> tuple[dict[str, int], timedelta]:
        with self._database.read_only() as uow:
            by_state = select(Letter.state, func.count()).group_by(Letter.state)
            counts = {str(state): int(count) for state, count in uow.session.execute(by_state)}
            oldest = uow.session.scalar(select(func.min(Letter.created)).where(Letter.state == State.WAITING))
            return counts, timedelta() if oldest is None else max(uow.now - oldest, timedelta())
