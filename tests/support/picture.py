"""The picture of a ticket in mutt: `python -m tests.support.picture` takes it anew (needs mutt and tmux).

A tracker of its own gets the mails below over SMTP. mutt runs in tmux with the settings that docs/mutt.md shows, and
what the terminal then shows becomes an SVG.
"""

import re
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from email.utils import localtime, make_msgid
from html import escape
from pathlib import Path
from typing import NamedTuple

from wcwidth import wcswidth

from tests.support.documents import DOCS, code_blocks
from tests.support.program import DOMAIN, HELLO, Program

PICTURE = DOCS / "mutt.svg"
COLUMNS, LINES = 96, 26
ANN, SAM, BRITTA = "Ann Lee <ann@home.example>", "Sam Person <helper@example.org>", "Britta <britta@example.org>"
# The size of a cell, and the sixteen colours of a terminal; None is the default.
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14
BACKGROUND, FOREGROUND = "#1d1f21", "#d8dadc"
COLOURS = ("#1d1f21", "#cc6666", "#98c379", "#e5c07b", "#4f7fb5", "#b294bb", "#7fc4c9", "#d8dadc")
_SGR = re.compile(r"\x1b\[([0-9;]*)m|\x1b[()][A-Z0-9]|[\x0e\x0f]")


Tmux = Callable[..., str]


class Run(NamedTuple):
    """Some text of one line in one style; `column` is where it begins."""

    column: int
    text: str
    colour: str
    background: str
    bold: bool


def take_picture() -> str:
    """Return the SVG of a mutt that shows a conversation."""
    with tempfile.TemporaryDirectory() as name:
        program = Program(Path(name))
        program.has_a_database()
        for helper in ("helper@example.org", "britta@example.org"):
            program.does("responder", "add", helper, "--queue", "General")
        program.does("person", "add", "helper@example.org", "--name", "Sam Person")
        program.does("person", "add", "britta@example.org", "--name", "Britta")
        with program.serving():
            converse(program)
            return svg(terminal_lines(Path(name), program.port))


def converse(program: Program) -> None:
    """Let Omar and Ann ask, Britta write a private note about Ann, Sam answer Ann, and Ann reply."""
    write(program, "Omar <omar@home.example>", HELLO, "Projector for Saturday", "Do you lend yours?")
    letter_to(program, "helper@example.org", "Projector", 1)
    write(program, ANN, HELLO, "Helping out", "I would like to help with your next event. Whom do I talk to?")
    first = letter_to(program, "britta@example.org", "Helping out", 1)
    question = letter_to(program, "helper@example.org", "Helping out", 1)
    write(
        program, BRITTA, f"ticket2-comment@{DOMAIN}", f"Re: {first['Subject']}", "She did the posters last year.", first
    )
    write(program, SAM, f"ticket2@{DOMAIN}", f"Re: {question['Subject']}", "Welcome! Britta plans it.", question)
    answer = letter_to(program, "ann@home.example", "Helping out", 1)
    write(program, ANN, f"ticket2@{DOMAIN}", str(answer["Subject"]), "Thank you. Is Thursday fine for a call?", answer)
    letter_to(program, "helper@example.org", "Helping out", 3)


def write(
    program: Program, sender: str, to: str, subject: str, text: str, answering: EmailMessage | None = None
) -> None:
    """Send a mail to the tracker, as a mail client would."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"], mail["Message-ID"] = localtime(), make_msgid(domain="home.example")
    if answering is not None:
        mail["In-Reply-To"] = mail["References"] = answering["Message-ID"]
    mail.set_content(f"{text}\n")
    with smtplib.SMTP("127.0.0.1", program.port, timeout=30) as client:
        client.send_message(mail)


def letter_to(program: Program, address: str, subject: str, count: int) -> EmailMessage:
    """Return the newest letter to that address about that subject, once there are so many."""
    end = time.monotonic() + 30
    while True:
        letters = [BytesParser(policy=default).parsebytes(raw) for raw in program.letters()]
        matching = [letter for letter in letters if address in str(letter["To"]) and subject in str(letter["Subject"])]
        if len(matching) >= count:
            newest = max(matching, key=lambda letter: letter["Date"].datetime)
            assert isinstance(newest, EmailMessage)
            return newest
        assert time.monotonic() < end, [(str(letter["To"]), str(letter["Subject"])) for letter in letters]
        time.sleep(0.1)


def terminal_lines(folder: Path, port: int) -> list[str]:
    """Return what mutt shows, line by line, with the terminal's control sequences."""
    [settings] = [
        block for block in code_blocks((DOCS / "mutt.md").read_text(encoding="utf-8"), "") if "spoolfile" in block
    ]
    settings = settings.replace("127.0.0.1:8825", f"127.0.0.1:{port}")
    (folder / "run" / "letters").symlink_to(folder / "letters")
    (folder / "muttrc").write_text(settings, encoding="utf-8")
    with tmux(folder / "tmux", "env LC_ALL=C.UTF-8 TERM=screen-256color mutt -F muttrc") as call:
        await_text(call, "Helping out")
        call("send-keys", "*", "Enter")
        await_text(call, "-- ")
        return call("capture-pane", "-e", "-p").split("\n")[:LINES]


@contextmanager
def tmux(socket: Path, command: str, rows: int = LINES) -> Iterator[Tmux]:
    """Run a command in a terminal of its own, of so many rows; yields a function that calls tmux there."""

    def call(*arguments: str) -> str:
        result = subprocess.run(
            ["tmux", "-f", "/dev/null", "-S", str(socket), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return result.stdout

    call("-u", "new-session", "-d", "-c", str(socket.parent), "-x", str(COLUMNS), "-y", str(rows), command)
    try:
        yield call
    finally:
        call("kill-server")


def await_text(call: Tmux, text: str) -> None:
    """Return once the terminal shows a text."""
    end = time.monotonic() + 30
    while text not in (screen := call("capture-pane", "-p")):
        assert time.monotonic() < end, screen
        time.sleep(0.2)
    time.sleep(0.5)


def svg(lines: list[str]) -> str:
    """Return the picture of a terminal with these lines."""
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    font = 'font-size="14" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" {font}>',
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{BACKGROUND}"/>',
    ]
    for row, line in enumerate(lines):
        for run in styled(line):
            parts += drawn(run, row)
    return "\n".join([*parts, "</svg>\n"])


def drawn(run: Run, row: int) -> Iterator[str]:
    """Yield the elements of a run: its background, and its text stretched to the columns that it takes."""
    x, y, width = MARGIN + run.column * WIDTH, MARGIN + row * HEIGHT, wcswidth(run.text) * WIDTH
    if run.background != BACKGROUND:
        yield f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{HEIGHT}" fill="{run.background}"/>'
    if run.text.strip():
        weight = ' font-weight="bold"' if run.bold else ""
        text = escape(run.text, quote=False)
        yield (
            f'<text x="{x:g}" y="{y + 13.5:g}" fill="{run.colour}"{weight} textLength="{width:g}"'
            f' lengthAdjust="spacingAndGlyphs" xml:space="preserve">{text}</text>'
        )


def styled(line: str) -> Iterator[Run]:
    """Yield the runs of a line with control sequences (ECMA-48, 8.3.117)."""
    column, at, style = 0, 0, Style()
    for match in [*_SGR.finditer(line), None]:
        text = line[at : match.start() if match else len(line)]
        if text:
            yield Run(column, text, *style.colours(), style.bold)
            column += wcswidth(text)
        if match:
            at = match.end()
            style = style.after(match[1] or "0") if match[1] is not None else style


class Style(NamedTuple):
    """How text looks from here on."""

    colour: str = FOREGROUND
    background: str = BACKGROUND
    bold: bool = False
    inverse: bool = False

    def colours(self) -> tuple[str, str]:
        """Return the colours of text and background."""
        return (self.background, self.colour) if self.inverse else (self.colour, self.background)

    def after(self, parameters: str) -> "Style":
        """Return the style after a sequence."""
        style, numbers = self, [int(number or 0) for number in parameters.split(";")]
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48) and numbers[:1] == [5]:
                number, numbers = (30 if number == 38 else 40) + numbers[1] % 8, numbers[2:]
            style = style._next(number)
        return style

    def _next(self, number: int) -> "Style":
        if number in (0, 22, 27, 39, 49):
            plain = {0: Style(), 22: self._replace(bold=False), 27: self._replace(inverse=False)}
            return plain.get(number) or self._replace(
                **({"colour": FOREGROUND} if number == 39 else {"background": BACKGROUND})
            )
        if number in (1, 7):
            return self._replace(bold=True) if number == 1 else self._replace(inverse=True)
        tens, unit = divmod(number, 10)
        if unit < 8 and tens in (3, 9):
            return self._replace(colour=COLOURS[unit])
        return self._replace(background=COLOURS[unit]) if unit < 8 and tens in (4, 10) else self


if __name__ == "__main__":
    PICTURE.write_text(take_picture(), encoding="utf-8")
