"""The archive that imports are measured on: the same 100,000 mails at every run, 1 GB of them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

THREADS, MAILS = 25_000, 100_000

_EPOCH = datetime(2010, 1, 4, 8, tzinfo=UTC)
_OPEN = 40
# So many mails have a file of so many lines with them.
_EVERY, _FILE = 4, b"QUJD" * 19 + b"\n"
_FILE_LINES = 400
_LETTERS = "aeiou", "bdfgklmnprstvz"


def write_archive(path: Path, threads: int, mails: int) -> None:
    """Write an mbox (mboxrd): threads that overlap, each mail with 2 KB of text, every fourth one with a file."""
    with path.open("wb") as file:
        for mail in _mails(threads, mails // threads):
            file.write(mail)


def _mails(threads: int, length: int) -> Iterator[bytes]:
    """The mails in the order of their dates, as they would lie in a mailbox."""
    chance = random.Random(20140216)
    words = ["".join(chance.choice(_LETTERS[at % 2]) for at in range(chance.randint(3, 9))) for _ in range(3_000)]
    running = [(thread, 0) for thread in range(min(_OPEN, threads))]
    begun = len(running)
    for number in range(threads * length):
        at = chance.randrange(len(running))
        thread, reply = running[at]
        yield _mail(chance, words, number, thread, reply)
        running[at] = (thread, reply + 1)
        if reply + 1 == length:
            running.pop(at)
            running += [(begun, 0)] if begun < threads else []
            begun += begun < threads


def _mail(chance: random.Random, words: list[str], number: int, thread: int, reply: int) -> bytes:
    date = _EPOCH + timedelta(minutes=17 * number)
    writer = f"helper{thread % 12}@office.example" if reply % 2 else f"person{thread % 7001}@home.example"
    ids = [f"<{thread}.{place}@home.example>" for place in range(reply)]
    answers = f"In-Reply-To: {ids[-1]}\nReferences: {' '.join(ids)}\n" if ids else ""
    head = (
        f"From {writer} {date:%a %b %d %H:%M:%S %Y}\nReceived: from home.example by mx.office.example; "
        f"{format_datetime(date)}\nFrom: Somebody <{writer}>\nTo: hello@office.example\n"
        f"Subject: {'Re: ' if reply else ''}{' '.join(chance.choices(words, k=4))}\nDate: {format_datetime(date)}\n"
        f"Message-ID: <{thread}.{reply}@home.example>\n{answers}MIME-Version: 1.0\n"
    )
    lines = [" ".join(chance.choices(words, k=11)) for _ in range(26)]
    if reply:
        lines += ["", "On Monday, somebody wrote:", *(f"> {line}" for line in lines[:6])]
    text = "Content-Type: text/plain; charset=utf-8\n\n" + "\n".join(lines) + "\n"
    if number % _EVERY:
        return (head + text + "\n").encode()
    file = 'Content-Type: application/pdf; name="a.pdf"\nContent-Transfer-Encoding: base64\n\n'
    kind = 'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
    return f"{head}{kind}{text}\n--b\n{file}".encode() + _FILE * _FILE_LINES + b"\n--b--\n\n"
