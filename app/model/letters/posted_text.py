"""The words of a post as a letter repeats them: what was written, then what was attached to it."""

from ...mail.text import SHOWN_LIMIT, printable
from ..lifecycle.commands import SHOW
from ..records.messages import forwardable_files
from ..tickets.posts import NewMessage
from ..wording import Sentence, Wording, say


def posted_text(
    words: str, new_message: NewMessage, wording: Wording, *, team: bool, aside: Sentence | None = None
) -> str:
    """Return what a letter to the team or to outsiders repeats: `words`, files, and what else there is.

    `aside` tells of lines that it leaves out.
    """
    parts = [words]
    parts += [wording.say(aside)] if aside else []
    if new_message.attachments:
        parts.append("\n".join(_attached(new_message, wording, team=team)))
        parts += [wording.say(line) for line in _withheld(new_message, team=team)]
    return "\n\n".join(part for part in parts if part)


def left_out(ticket: int, number: int) -> Sentence:
    """Return how to see all of a message of which lines were left out."""
    return say("notes.left_out", word=f"{SHOW} {ticket} {number}")


def posted_words(new_message: NewMessage, wording: Wording) -> str:
    """Return the words that every letter repeats, whoever reads it."""
    text = printable(new_message.text)
    # Each reader gets a copy: a mail of megabytes to many people is told by its beginning.
    if len(text) > SHOWN_LIMIT:
        return f"{text[:SHOWN_LIMIT].rstrip()}\n{wording.say(say('notes.there_is_more'))}"
    return text


def _attached(new_message: NewMessage, wording: Wording, *, team: bool) -> list[str]:
    """Return a line for each file that the reader may know of."""
    forwarded = set(forwardable_files(new_message.attachments, team=team))
    return [
        wording.line(
            say("notes.file" if part in forwarded else "notes.large_file", name=part.name, size=file_size(part.size))
        )
        for part in new_message.attachments
        if team or not part.withheld
    ]


def file_size(size: int) -> Sentence:
    """Return the size of a file in the largest unit of which it has one."""
    for name, unit in (("megabytes", 1_000_000), ("kilobytes", 1_000)):
        if size >= unit:
            return say(f"notes.{name}", count=size // unit)
    return say("notes.bytes", count=size)


def _withheld(new_message: NewMessage, *, team: bool) -> list[Sentence]:
    """Return the line on files that have a letter to the team in them."""
    count = sum(part.withheld for part in new_message.attachments)
    if not count:
        return []
    return [say("notes.files_for_team")] if team else [say("notes.files_withheld", count=count)]
