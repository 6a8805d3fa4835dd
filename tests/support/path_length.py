"""How long the path of a mail is: `python -m tests.support.path_length` counts it, for docs/architecture.md.

Each kind of mail is taken in by `MailIntake.receive` on SQLite, 2 KB of text each, after forty others of its kind.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from sqlalchemy import event

from mail_tickets.config import build, current
from mail_tickets.devtools.bench.load import MeasuredMail
from mail_tickets.devtools.bench.tracker import Tracker
from mail_tickets.transport.inbound.intake import MailIntake
from tests.support.sources import ROOT

# Loops within a function are part of it.
_LOOPS = {"<listcomp>", "<genexpr>", "<setcomp>", "<dictcomp>", "<module>"}


class PathLength(NamedTuple):
    """Calls of functions under app/, those outside app/mail, their files, how deep they stand, and statements."""

    calls: int
    without_mail: int
    files: int
    deepest: int
    statements: int


class _Calls:
    """What a profiler hears of."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.depth = self.deepest = 0
        self._stack: list[bool] = []

    def hear(self, frame: FrameType, event: str, _argument: object) -> None:
        """Count a call of ours, or the end of one."""
        if event == "call":
            file = os.path.realpath(frame.f_code.co_filename)
            is_ours = file.startswith(f"{ROOT}/app/") and frame.f_code.co_name not in _LOOPS
            self._stack.append(is_ours)
            if is_ours:
                self.files.append(file)
                self.depth += 1
                self.deepest = max(self.deepest, self.depth)
        elif event == "return" and self._stack and self._stack.pop():
            self.depth -= 1


def measure(intake: MailIntake, mail: MeasuredMail) -> PathLength:
    """Take one mail in, and count."""
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(intake.database.engine, "before_cursor_execute", note)
    calls = _Calls()
    sys.setprofile(calls.hear)
    try:
        intake.receive(mail.content, mail.sender, [mail.recipient])
    finally:
        sys.setprofile(None)
        event.remove(intake.database.engine, "before_cursor_execute", note)
    outside = [file for file in calls.files if not file.startswith(f"{ROOT}/app/mail/")]
    return PathLength(len(calls.files), len(outside), len({*calls.files}), calls.deepest, len(statements))


def main(kinds: Sequence[str] = ("reply", "answer", "command", "first")) -> None:
    """Print a line of the table for each kind of mail."""
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            tracker = Tracker(Path(folder))
            os.environ.update(tracker.environment)
            settings = current.current_settings()
            intake = build.build_intake(settings, build.build_database(settings))
            make = {"reply": tracker.replies, "answer": tracker.answers, "command": tracker.commands}
            mails = [*tracker.replies(60), *make.get(kind, tracker.first_mails)(41)]
            for mail in mails[:-1]:
                intake.receive(mail.content, mail.sender, [mail.recipient])
            length = measure(intake, mails[-1])
            print(f"| {kind} | {' | '.join(f'{value:,}' for value in length)} |")
            intake.database.close()


if __name__ == "__main__":
    main()
