"""The parts of the README that are produced; `python -m tests.support.readme` writes them anew."""

import re
import tempfile
from pathlib import Path

from mail_tickets.model.lifecycle.printing import as_mermaid, as_table, commands_table
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from tests.support.world import Letter, World

README = Path(__file__).resolve().parent.parent.parent / "README.md"


def blocks() -> dict[str, str]:
    """Each produced part, by the name in its markers."""
    every = list(LIFECYCLES.values())
    return {
        "conversation": _conversation(),
        "commands": f"{commands_table()}\n\n{_fenced(_receipt())}",
        "lifecycle": f"{as_table(every)}\n\n{_fenced(as_mermaid(every), 'mermaid')}",
    }


def with_blocks(text: str) -> str:
    """A README with its produced parts as they would be now."""
    for name, block in blocks().items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marked.sub(lambda found, block=block: f"{found[1]}\n{block}\n\n{found[2]}", text)
    return text


def _conversation() -> str:
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/tickets.db", lifecycle="correspondence")
        try:
            return _fenced("\n\n\n".join(_mails(world)))
        finally:
            world.close()


def _mails(world: World) -> list[str]:
    world.responder("sample@team.example", "Sample Person")
    ann = world.actor("ann@home.example", "Ann")
    sample = world.actor("sample@team.example", "Sample Person")
    asked = "I would like to help with your next event. Whom do I talk to?"
    ann.writes("hello", asked, subject="Helping out")
    shown = [_mail("Ann", "hello@tickets.example", "Helping out", asked), _letter(sample.letter())]
    sample.replies(sample.letter(), "Welcome! Britta plans it; I have asked her to write to you.")
    return [*shown, _letter(ann.letter())]


def _receipt() -> str:
    """A mail with commands, and the receipt that its writer gets."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/tickets.db", lifecycle="correspondence")
        try:
            sample = world.responder("sample@team.example", "Sample Person")
            world.actor("ann@home.example", "Ann").writes("hello", "Whom do I talk to?", subject="Helping out")
            asked = "Owner: me\nStatus: stalled\n\nI ask Britta, and come back to you."
            letter = sample.letter()
            sample.replies(letter, asked)
            mail = _mail("Sample Person", "ticket1@tickets.example", letter["Subject"], asked)
            return f"{mail}\n\n\n{_letter(sample.letter())}"
        finally:
            world.close()


def _mail(sender: str, to: str, subject: str, text: str) -> str:
    return f"From: {sender}\nTo: {to}\nSubject: {subject}\n\n{text}"


def _letter(letter: Letter) -> str:
    return f"From: {letter['From']}\nTo: {letter['To']}\nSubject: {letter['Subject']}\n\n{letter.all_text.rstrip()}"


def _fenced(text: str, kind: str = "text") -> str:
    return f"```{kind}\n{text}\n```"


if __name__ == "__main__":
    README.write_text(with_blocks(README.read_text(encoding="utf-8")), encoding="utf-8")
