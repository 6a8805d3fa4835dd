"""How well the writer's words are told from quoted ones, measured on real replies, and how fast."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from time import process_time

from ....mail.html.html_text import text_of
from ....mail.parsed import parse_mail
from ....mail.quotation_matching import Private, Words, read, redacted
from ....mail.quoted_text import split
from ..figure import Figure

MAILS = Path(__file__).resolve().parents[4] / "tests" / "mails"
SIZE = 262_144
ROUNDS = 3

REPLIES = sorted(path.stem for path in (MAILS / "email_reply_trimmer" / "emails").glob("*.txt"))
TALON = sorted(path.stem for path in (MAILS / "talon" / "standard_replies").glob("*.eml"))
TALON_HTML = sorted(path.stem for path in (MAILS / "talon" / "html_replies").glob("*.html"))

# The replies that are not told apart exactly, and why.
_FORWARDED = "on purpose: a letter that is passed on is kept whole, with its delimiter and header lines"
_ALONE = "on purpose: without words before it a line above an unmarked quotation stays, with what it is above"
MISSES = {
    "embedded_email_11": "Gmail's old line above a quotation, without address and colon: it may be a log's",
    "embedded_email_17": _ALONE,
    "embedded_email_18": _ALONE,
    "embedded_email_7": "initials are quote marks only below a line that says so, and underscores begin no signature",
    "forwarded_apple": _FORWARDED,
    "forwarded_gmail": _FORWARDED,
    "forwarded_message": _FORWARDED,
    "signatures": 'what no telephone writes ("Someone from mobile") stays, and what stands in one paragraph with it',
    "spam_1": "on purpose: a mail of nothing but quotations keeps them, so that it is not empty",
}

_LINE = "On Thu, Jan 5, 2014 at 5:20 PM, John Doe <john@home.example> wrote:\n"


def _filled(piece: str) -> Callable[[int], str]:
    return lambda size: (piece * (size // len(piece) + 1))[:size]


HOSTILE = {
    "On": _filled("On \n"),
    "On, with a colon": _filled("On 1 wrote:\n"),
    "From: x": _filled("From: x\n"),
    "header lines": _filled("From: x\nTo: y\n"),
    "raw header lines": _filled("From: x\nSubject: y\nReceived: z\n"),
    "blank lines": _filled("\n"),
    "spaces": _filled(" "),
    "lines of spaces": _filled(" " * 20_000 + "\n"),
    "one long line": _filled("wrote: "),
    "quote marks": _filled(">"),
    "lines of quote marks": _filled(">\n"),
    "nested quote marks": _filled("> "),
    "short lines": _filled("x:\n"),
    "lines above quotations": _filled(_LINE + "> q\n"),
    "lines above, with answers": _filled(_LINE + "> q\nt\n"),
    "lines above, barred": _filled(_LINE + "| a\nb\n"),
    "lines above, behind words": _filled("Yes. " + _LINE + "> q\n"),
    "lines above, behind long words": _filled("words " * 80 + _LINE + "> q\n"),
    "broken lines above": _filled("words. On Thu,\nJan 5, 2014\nat 5:20 PM, John\nDoe wrote:\n"),
    "days": _filled("On Thu, On 5 Jan, On Thu, " * 16 + "wrote:\n"),
    "names": _filled("Ann Smith " * 40 + "<x@y.example> wrote:\n"),
    "addresses": _filled("a@" * 240 + ":\n"),
    "dates": _filled("12:10 2014 x@y.example " * 15 + ":\n"),
    "open addresses": _filled("On 2\n\n<\n\n"),
    "rules": _filled("-----\n"),
    "delimiters": _filled("---------- Forwarded\n"),
    "signatures": _filled("-- \n>\n"),
    "telephones": _filled("Sent from my iPhone\n\na\n\n"),
    "prompts": _filled(">>> \n"),
    "unseen marks": _filled("é \u200b" * 150 + ":\n"),
    "Chinese": _filled("时" * 400 + ":\n"),
}


def figures(say: Callable[[str], None] = lambda _: None) -> Iterable[Figure]:
    """Exactness on the two sets, and the time of the slowest hostile mail of 256 KB; `say` hears the misses."""
    parted = {name: (replied(name)[1], split(replied(name)[0]).new) for name in REPLIES}
    exact = [name for name, (wanted, new) in parted.items() if is_exact(wanted, new)]
    kept = [name for name, (wanted, new) in parted.items() if is_kept(wanted, new)]
    for name in REPLIES:
        if name not in exact:
            say(f"{name}: {'' if name in kept else 'WORDS LOST; '}{MISSES.get(name, 'not known as a miss')}")
    yield Figure("replies told apart exactly", f"{len(exact)} of {len(REPLIES)}", ">= 48", len(exact) >= 48)
    yield Figure("replies with all of their words", f"{len(kept)} of {len(REPLIES)}", ">= 62", len(kept) >= 62)
    yield from _clients()
    slowest, took = worst()
    yield Figure(f"slowest hostile mail of 256 KB ({slowest})", f"{took:.0f} ms", "<= 50 ms", took <= 50)
    slowest, took = worst_redacted()
    yield Figure(f"slowest search for private words in 256 KB ({slowest})", f"{took:.0f} ms", "<= 50 ms", took <= 50)


def _clients() -> Iterable[Figure]:
    folder = MAILS / "talon"
    plain = [parse_mail((folder / "standard_replies" / f"{name}.eml").read_bytes()).text for name in TALON]
    # The set leaves the signature of two of them to another function; here it is set aside.
    right = sum(split(text).new.split() == ["Hello"] for text in plain)
    yield Figure(
        "clients whose plain reply is found", f"{right} of {len(TALON)}", f">= {len(TALON)}", right == len(TALON)
    )
    pages = [(folder / "html_replies" / f"{name}.html").read_text("utf-8", "replace") for name in TALON_HTML]
    right = sum(split(text_of(page)).new.split() == ["Hi.", "I", "am", "fine.", "Thanks,", "Alex"] for page in pages)
    yield Figure("clients whose HTML reply is found", f"{right} of {len(TALON_HTML)}")


def worst() -> tuple[str, float]:
    """The hostile shape that takes longest at 256 KB, and its milliseconds."""
    times = {name: min(_timed(make(SIZE)) for _ in range(ROUNDS)) for name, make in HOSTILE.items()}
    slowest = max(times, key=lambda name: times[name])
    return slowest, times[slowest]


def worst_redacted() -> tuple[str, float]:
    """The hostile shape that is longest compared with 256 KB of private words, and its milliseconds."""
    words = _numbers(SIZE // 6)

    def compare(text: str) -> str:
        private = Private(Words(words), Words(), Words())
        return redacted(text, read(text, private), private)

    shapes = {**HOSTILE, **QUOTING}
    times = {name: min(_timed(make(SIZE), compare) for _ in range(ROUNDS)) for name, make in shapes.items()}
    slowest = max(times, key=lambda name: times[name])
    return slowest, times[slowest]


def _numbers(count: int, start: int = 0) -> str:
    """So many words, no two of them equal before the thousandth."""
    return " ".join(f"w{(start + at) * 7 % 9973}" for at in range(count))


def _quoting(before: str, count: int) -> Callable[[int], str]:
    """Lines of so many words each, no two of them equal."""
    length = len(before) + 6 * count
    return lambda size: "\n".join(before + _numbers(count, at * 31) for at in range(size // length))


QUOTING: dict[str, Callable[[int], str]] = {
    "short quotations": _quoting("> ", 2),
    "long quotations": _quoting("> ", 10),
    "lines with lead-ins": _quoting("Rita said: ", 10),
    "lines below an attribution": lambda size: f"Rita wrote:\n\n{_quoting('', 9)(size)}",
    "one quoted line": lambda size: f"> {_numbers(size // 6)}",
}


def _timed(text: str, read: Callable[[str], object] = split) -> float:
    begun = process_time()
    read(text)
    return (process_time() - begun) * 1000


def replied(name: str) -> tuple[str, str]:
    """A reply of the set, and what its writer wrote."""
    folder = MAILS / "email_reply_trimmer"
    text, wanted = ((folder / part / f"{name}.txt").read_bytes().decode() for part in ("emails", "trimmed"))
    return re.sub(r"\r\n?", "\n", text), wanted


def is_exact(wanted: str, new: str) -> bool:
    """Are they the same words? White space does not count."""
    return wanted.split() == new.split()


def is_kept(wanted: str, new: str) -> bool:
    """Is every line that is wanted there?"""
    words = " ".join(new.split())
    return all(" ".join(line.split()) in words for line in wanted.splitlines())


if __name__ == "__main__":
    for figure in figures(print):
        print(f"{figure.what}: {figure.value} {figure.wanted} {'' if figure.met is not False else 'NO'}")
