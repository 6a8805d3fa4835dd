"""The README and the pages of docs/, and their produced parts: `python -m tests.support.documents` writes them anew."""

import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mail_tickets.cli import GROUPS
from mail_tickets.model.lifecycle.printing import as_mermaid, as_table, commands_table
from mail_tickets.model.lifecycle.registry import LIFECYCLES, moved
from tests.support import bench_tables
from tests.support.sources import ROOT
from tests.support.world import Letter, World

README = ROOT / "README.md"
DOCS = ROOT / "docs"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


def marked(path: Path, name: str) -> str:
    """Return what stands between the markers `<!-- name -->` and `<!-- /name -->` of a document."""
    return path.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def code_blocks(text: str, kind: str) -> list[str]:
    """Return the fenced blocks of that kind in a Markdown text."""
    return re.findall(rf"^ *```{kind}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def with_blocks(text: str) -> str:
    """Return a document with its produced parts as they would be now."""
    for name, produce in _BLOCKS.items():
        if f"<!-- {name} -->" in text:
            between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            text = between.sub(partial(_filled, produce()), text)
    return text


def _filled(block: str, markers: re.Match[str]) -> str:
    return f"{markers[1]}\n{block}\n\n{markers[2]}"


def _lifecycle(name: str) -> str:
    lifecycle = [LIFECYCLES[name]]
    return f"{as_table(lifecycle)}\n\n{_fenced(as_mermaid(lifecycle), 'mermaid')}"


def _moves() -> str:
    """Each status, and the one that its ticket has after a move to a queue of the other lifecycle."""
    lines = ["| a ticket that is | in the other lifecycle |", "|---|---|"]
    for lifecycle in LIFECYCLES.values():
        [goal] = [candidate for candidate in LIFECYCLES.values() if candidate is not lifecycle]
        for status in lifecycle.statuses:
            targets = dict.fromkeys(moved(status, goal, answered=answered) for answered in (True, False))
            lines.append(f"| {status} | {', while nobody has answered: '.join(targets)} |")
    return "\n".join(lines)


def _administration() -> str:
    """The commands of `tickets --help`, group by group."""
    lines = ["| command | |", "|---|---|"]
    for group, commands in GROUPS.items():
        lines.append(f"| **{group}** | |")
        lines += [f"| `tickets {name}` | {summary} |" for name, (_, summary) in commands.items()]
    return "\n".join(lines)


def _conversation() -> str:
    """A question, the team's letter of it, an answer, and the asker's letter of that."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/tickets.db", lifecycle="correspondence")
        try:
            return _fenced("\n\n\n".join(_mails(world)))
        finally:
            world.close()


def _mails(world: World) -> list[str]:
    world.responder("sam@team.example", "Sam Person")
    world.responder("britta@team.example", "Britta")
    ann = world.actor("ann@home.example", "Ann Lee")
    sam = world.actor("sam@team.example", "Sam Person")
    question = "I would like to help with your next event. Whom do I talk to?"
    ann.writes("hello", question, subject="Helping out")
    mails = [_mail("Ann Lee", "hello@tickets.example", "Helping out", question), _letter(sam.letter())]
    sam.replies(sam.letter(), "Welcome! Britta plans it; I have asked her to write to you.")
    return [*mails, _letter(ann.letter())]


def _receipt() -> str:
    """A mail with commands, and the receipt that its writer gets."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/tickets.db", lifecycle="correspondence")
        try:
            sam = world.responder("sam@team.example", "Sam Person")
            world.actor("ann@home.example", "Ann Lee").writes("hello", "Whom do I talk to?", subject="Helping out")
            commands = "Owner: me\nStatus: stalled\n\nI ask Britta, and come back to you."
            letter = sam.letter()
            sam.replies(letter, commands)
            mail = _mail("Sam Person", "ticket1@tickets.example", letter["Subject"], commands)
            return _fenced(f"{mail}\n\n\n{_letter(sam.letter())}")
        finally:
            world.close()


def _mail(sender: str, to: str, subject: str, text: str) -> str:
    return f"From: {sender}\nTo: {to}\nSubject: {subject}\n\n{text}"


def _letter(letter: Letter) -> str:
    return f"From: {letter['From']}\nTo: {letter['To']}\nSubject: {letter['Subject']}\n\n{letter.all_text.rstrip()}"


def _fenced(text: str, kind: str = "text") -> str:
    return f"```{kind}\n{text}\n```"


# Each produced part, by the name in its markers.
_BLOCKS: dict[str, Callable[[], str]] = {
    "conversation": _conversation,
    "commands": commands_table,
    "receipt": _receipt,
    "administration": _administration,
    "moves": _moves,
    "bench": bench_tables.every_figure,
    "goals": bench_tables.goals,
    "speed": bench_tables.head,
    **{f"lifecycle {name}": partial(_lifecycle, name) for name in LIFECYCLES},
}


if __name__ == "__main__":
    bench_tables.PLOT.write_text(bench_tables.plot(), encoding="utf-8")
    for document in DOCUMENTS:
        document.write_text(with_blocks(document.read_text(encoding="utf-8")), encoding="utf-8")
