"""The picture of an archive that is imported: `python -m tests.support.archive_picture` takes it anew (needs tmux).

A tracker of its own takes in a mailbox of conversations that were made up, in tmux. What the terminal then shows
becomes an SVG.
"""

import tempfile
from itertools import cycle, islice
from pathlib import Path
from shlex import quote

from tests.support.archives import boxed, old_mail
from tests.support.documents import DOCS
from tests.support.picture import await_text, svg, tmux
from tests.support.program import BIN, Program

PICTURE = DOCS / "archive.svg"
CONVERSATIONS = 420
HELPER = "Britta <britta@openhatch.example>"
WRITERS = (
    "Jo <jo@library.example>",
    "Ravi <ravi@college.example>",
    "Kofi <kofi@tech.example>",
    "Luis <luis@escola.example>",
)
QUESTIONS = (
    ("Room for thirty people", "Is there a room for thirty people?", "There is, with a projector."),
    (
        "Password reset does not arrive",
        "I asked for a new password, and nothing came.",
        "Look into the folder for spam.",
    ),
    ("Talk at the library", "Could somebody speak at the library?", "I can. Send me the invoice for the projector."),
    ("How do I get an account?", "How do I get an account?", "Write to us, and you have one."),
    ("Stickers for our school", "Do you send stickers?", "Two hundred are on their way."),
)
_ROWS = 48
COMMANDS = (
    "./tickets import hello.mbox --queue Archive --responder britta@openhatch.example",
    "./tickets list --queue Archive | head -7",
    "./tickets search invoice projector --limit 2",
)


def mailbox() -> bytes:
    """Return the mailbox: a question and its answer in each conversation."""
    mails = list[bytes]()
    for number, (title, question, answered) in enumerate(islice(cycle(QUESTIONS), CONVERSATIONS)):
        writer, day = WRITERS[number % len(WRITERS)], 2.5 * number
        mails.append(old_mail(f"{number}.1", writer, days=day, subject=title, text=question))
        answer = {"days": day + 0.4, "subject": f"Re: {title}", "text": answered, "to": writer}
        mails.append(old_mail(f"{number}.2", HELPER, answers=[f"{number}.1"], **answer))
    return boxed(mails)


def take_picture() -> str:
    """Return the SVG of a terminal in which the mailbox is imported, listed and searched."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = Program(folder)
        program.has_a_database()
        program.does("queue", "add", "Archive")
        (folder / "hello.mbox").write_bytes(mailbox())
        (folder / "tickets").symlink_to(BIN / "tickets")
        (folder / "show.sh").write_text("\n".join([*map(_shown_and_run, COMMANDS), "echo '$ '", "sleep 60", ""]))
        settings = {key: value for key, value in program.environment.items() if key.startswith("TICKETS_")}
        assignments = " ".join(f"{key}={quote(value)}" for key, value in settings.items())
        with tmux(folder / "tmux", f"env {assignments} LC_ALL=C.UTF-8 TERM=screen-256color sh show.sh", _ROWS) as call:
            await_text(call, "\n$\n")
            lines = call("capture-pane", "-e", "-p").rstrip().split("\n")
    return svg(lines)


def _shown_and_run(command: str) -> str:
    """Return the lines of a script that show a command as it is typed, and run it."""
    return f"printf '$ %s\\n' {quote(command)}\n{command}\necho"


if __name__ == "__main__":
    PICTURE.write_text(take_picture(), encoding="utf-8")
