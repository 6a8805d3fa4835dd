"""Claims about boxes of old mail: each is read as it was written, one mail at a time."""

import gzip
import io
import mailbox
import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.archive.importing.mail_identity import mail_identity_of
from app.archive.reading import mbox
from app.archive.reading.from_line import written_on
from app.archive.reading.mbox import Dialect, mails_of_box
from app.archive.reading.mbox import escaped as as_mboxrd
from app.archive.reading.sources import ArchiveMail, Fault, Other, mails_in, size_of

HEAD = "Subject: Hello\nMessage-ID: <1@x.example>\n"
LINE = b"From ann@example.org Mon Feb  3 09:00:00 2014\n"
BODY = b"Hello.\n\nFrom here on it is quoted.\n>From there it was.\n>>From nowhere.\n"
LIMIT = 50_000
BOM = b"\xef\xbb\xbf"


def mail(body: bytes, headers: str = "") -> bytes:
    return (HEAD + headers + "\n").encode() + body


def box(*mails: bytes) -> bytes:
    return b"".join(LINE + one + b"\n" for one in mails)


def escaped(body: bytes, *, every: bool) -> bytes:
    lines = body.split(b"\n")
    return b"\n".join(
        b">" + line if line.startswith(b"From ") or (every and line.lstrip(b">").startswith(b"From ")) else line
        for line in lines
    )


def read(raw: bytes, dialect: Dialect | None = None, limit: int = LIMIT) -> list[bytes | None]:
    return [one.raw for one in mails_of_box(io.BytesIO(raw), limit, dialect)]


def found_in(path: Path, limit: int = LIMIT) -> list[ArchiveMail]:
    return list(mails_in(str(path), limit))


# The dialects


def test_mboxrd_gives_every_mail_as_it_was() -> None:
    written = [mail(escaped(BODY, every=True)), mail(b"Two.\n")]
    for dialect in (None, Dialect.MBOXRD):
        assert read(box(*written), dialect) == [mail(BODY), mail(b"Two.\n")]


def test_mboxo_takes_one_mark_off_lines_that_it_may_have_changed() -> None:
    body = b"From here.\n>>From nowhere.\n"
    written = mail(escaped(body, every=False))
    assert read(box(written), Dialect.MBOXO) == [mail(body)]


def test_mboxcl2_is_told_by_its_lengths_and_left_as_it_is() -> None:
    body = b"Hello.\n\nFrom ann@example.org Mon Feb  3 09:00:00 2014\nSubject: no mail\n\n>From there.\n"
    first = mail(body, f"Content-Length: {len(body)}\n")
    for dialect in (None, Dialect.MBOXCL2):
        assert read(box(first, mail(b"Two.\n")), dialect) == [first, mail(b"Two.\n")]


def test_mboxcl_has_lengths_and_marks() -> None:
    body = escaped(BODY, every=True)
    length = f"Content-Length: {len(body)}\n"
    for dialect in (None, Dialect.MBOXCL):
        assert read(box(mail(body, length), mail(b"Two.\n")), dialect) == [mail(BODY, length), mail(b"Two.\n")]


@pytest.mark.parametrize("length", [0, 3, 7, 60, 5_000, 10**11])
def test_a_length_that_is_not_true_is_not_believed(length: int) -> None:
    first = mail(b"Hello, hello.\n", f"Content-Length: {length}\n")
    assert read(box(first, mail(b"Two.\n"))) == [first, mail(b"Two.\n")]


def test_a_length_is_believed_at_the_end_of_the_box() -> None:
    body = b"One.\n\nFrom x Mon Feb  3 09:00:00 2014\nTwo.\n"
    one = mail(body, f"Content-Length: {len(body)}\n")
    assert read(LINE + one) == [one]


@pytest.mark.parametrize(
    "line",
    [
        b"From ann@example.org Mon Feb  3 09:00:00 2014\n",
        b"From - Mon Feb 03 09:00:00 2014\n",
        b"From guido at python.org  Mon Feb  3 09:00:00 2014\n",
        b"From 1459@xxx Mon Feb 03 09:00:00 +0000 2014\n",
        b"From ann@example.org Mon Feb  3 09:00:00 EST 2014\n",
        b"From ann@example.org Mon, 3 Feb 2014 09:00:00 +0100\n",
        b"From  Mon Feb  3 09:00:00 2014\n",
        b"From ann@example.org\n",
        b"From () 2019-10-02 05:04:34 +0000\n",
    ],
)
def test_every_line_that_programs_write_between_mails_parts_them(line: bytes) -> None:
    written = line + mail(b"One.\n") + b"\n" + line + mail(b"Two.\n") + b"\n"
    assert read(written) == [mail(b"One.\n"), mail(b"Two.\n")]


@pytest.mark.parametrize(
    ("date", "hour"),
    [
        *((date, 9) for date in ("Mon Feb  3 09:00:00 2014", "Feb  3 09:00:00 2014", "Mon, 3 Feb 2014 09:00:00 +0000")),
        *((date, 9) for date in ("2014-02-03 09:00:00", "2014-02-03T09:00", "2014-02-03 09:00:00.5Z")),
        *((date, 8) for date in ("Mon Feb 03 09:00:00 +0100 2014", "2014-02-03 09:00:00 +0100")),
        *((date, 14) for date in ("Mon Feb  3 09:00:00 EST 2014",)),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("sender", ["ann@example.org", "-", "guido at python.org ", "Mon@example.org"])
def test_a_lines_date_is_read_in_every_form_that_parts_mails(sender: str, date: str, hour: int, end: str) -> None:
    line = f"From {sender} {date}{end}".encode()
    found = written_on(line)
    assert found
    assert found.replace(microsecond=0) == datetime(2014, 2, 3, hour, tzinfo=UTC)
    written = line.rstrip() + b"\n" + mail(b"One.\n") + b"\n"
    assert read(written * 2) == [mail(b"One.\n")] * 2


def test_a_mail_without_a_date_has_that_of_its_line() -> None:
    for date in ("Feb  3 09:00:00 2014", "2014-02-03 09:00:00"):
        card = mail_identity_of(
            b"Subject: Hello\n\nHello.\n", f"From x {date}\n".encode(), datetime.now(UTC), lambda _: False
        )
        assert card.date == datetime(2014, 2, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "line", ["From ann@example.org\n", "From 2014-99-99 09:00:00\n", "From Mon Feb 99 09:00 2014\n"]
)
def test_a_line_without_a_date_that_can_be_has_none(line: str) -> None:
    assert written_on(line.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        b"From now on\nit is so.\n",
        b"From Monday 10:00 on\n",
        b"From Mon 10:00 to Tue 12:00 we are closed.\n",
        b"From 2014-02-03 09:00 on we are closed.\n",
    ],
)
def test_words_that_begin_a_paragraph_part_no_mail(text: bytes) -> None:
    assert read(box(mail(b"One.\n\n" + text))) == [mail(b"One.\n\n" + text)]


def test_an_empty_line_that_is_missing_between_two_mails_is_not_missed() -> None:
    assert read(LINE + mail(b"One.\n") + LINE + mail(b"Two.\n")) == [mail(b"One.\n"), mail(b"Two.\n")]
    quoted = mail(b"One.\n" + LINE + b"was the line.\n")
    assert read(LINE + quoted) == [quoted]


def test_line_ends_of_two_characters_stay() -> None:
    written = box(mail(b"One.\n"), mail(b"Two.\n")).replace(b"\n", b"\r\n")
    assert read(written) == [mail(one).replace(b"\n", b"\r\n") for one in (b"One.\n", b"Two.\n")]


def test_a_mail_over_the_limit_is_passed_over_and_the_next_is_read() -> None:
    large = mail(b"A line that fills the mail.\n" * 200_000)
    assert read(box(mail(b"One.\n"), large, mail(b"Two.\n"), large)) == [mail(b"One.\n"), None, mail(b"Two.\n"), None]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("limit", [LIMIT, 1000], ids=["taken", "passed over"])
def test_a_line_between_two_mails_is_seen_wherever_a_block_ends(
    monkeypatch: pytest.MonkeyPatch, end: bytes, limit: int
) -> None:
    monkeypatch.setattr(mbox, "BLOCK", 1)
    mails = [one.replace(b"\n", end) for one in (mail(b"A line of text.\n" * 200), mail(b"Two.\n"))]
    written = box(*mails).replace(b"\r", b"").replace(b"\n", end)
    assert read(written, limit=limit) == [mails[0] if limit == LIMIT else None, mails[1]]


@given(
    st.lists(st.lists(st.sampled_from(["From x Mon Feb  3 09:00:00 2014", ">From", "From me", "Hi", "", ">>From x"])))
)
def test_what_an_mboxrd_holds_comes_out_as_it_went_in(bodies: list[list[str]]) -> None:
    mails = [
        mail("\n".join([f"Mail {number}", *lines, "End."]).encode() + b"\n") for number, lines in enumerate(bodies)
    ]
    assert read(box(*(escaped(one, every=True) for one in mails))) == mails


def test_a_box_that_python_wrote_is_read(tmp_path: Path) -> None:
    made = mailbox.mbox(tmp_path / "python.mbox")
    for body in (BODY, b"Two.\n", b"Three, without an end of line"):
        made.add(mail(body))
    made.flush()
    made.close()
    assert [one.raw.rstrip() for one in found_in(tmp_path / "python.mbox")] == [
        mail(b"Hello.\n\nFrom here on it is quoted.\nFrom there it was.\n>From nowhere.").rstrip(),
        mail(b"Two."),
        mail(b"Three, without an end of line"),
    ]


# Where mail lies


def test_a_maildir_gives_new_and_cur_and_not_what_is_being_written(tmp_path: Path) -> None:
    made = mailbox.Maildir(tmp_path / "box")
    made.add(mail(b"One.\n"))
    made.add_folder("Sent").add(mail(b"Two.\n"))
    message = mailbox.MaildirMessage(mail(b"Three.\n"))
    message.set_subdir("cur")
    made.add(message)
    (tmp_path / "box" / "tmp" / "half").write_bytes(mail(b"Fo"))
    found = found_in(tmp_path / "box")
    assert sorted(one.raw for one in found if not one.fault) == sorted(map(mail, (b"One.\n", b"Two.\n", b"Three.\n")))


def test_a_directory_is_read_in_order_and_other_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.eml").write_bytes(mail(b"One.\n"))
    (tmp_path / "x.EML").write_bytes(b"Words without any header.")
    (tmp_path / "a.txt").write_bytes(mail(b"Two.\n"))
    (tmp_path / "README.md").write_bytes(b"# Notes: none\n\nFrom: no mail\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "more.mbox").write_bytes(box(mail(b"Three.\n"), mail(b"Four.\n")))
    (tmp_path / "empty.eml").write_bytes(b"\n")
    found = [(one.place, one.fault) for one in found_in(tmp_path)]
    assert found == [
        ("README.md", Other.NO_HEADERS),
        ("a.txt", ""),
        ("empty.eml", Fault.EMPTY),
        ("more.mbox, byte 0", ""),
        ("more.mbox, byte 96", ""),
        ("picture.png", Other.NO_TEXT),
        ("x.EML", ""),
        ("deep/b.eml", ""),
    ]


def test_one_mail_and_one_too_large_are_named(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(mail(b"One.\n"))
    (tmp_path / "large.eml").write_bytes(mail(b"x" * LIMIT))
    assert found_in(tmp_path / "one.eml")[0].raw == mail(b"One.\n")
    [large] = found_in(tmp_path / "large.eml")
    assert (large.place, large.raw, large.fault) == ("large.eml", b"", Fault.LARGE)


def test_what_is_compressed_is_unpacked(tmp_path: Path) -> None:
    written = gzip.compress(box(mail(b"One.\n"), mail(b"Two.\n")))
    (tmp_path / "2014-February.txt.gz").write_bytes(written)
    assert [one.raw for one in found_in(tmp_path / "2014-February.txt.gz")] == [mail(b"One.\n"), mail(b"Two.\n")]
    (tmp_path / "cut.gz").write_bytes(written[:-20])


def test_standard_input_is_a_box_or_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    for raw, mails in ((box(mail(b"One.\n"), mail(b"Two.\n")), [b"One.\n", b"Two.\n"]), (mail(b"One.\n"), [b"One.\n"])):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(raw))))
        assert [one.raw for one in mails_in("-", LIMIT)] == list(map(mail, mails))


def test_a_slow_pipe_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"X-Long: " + b"x" * 9_000 + b"\n" + mail(b"One.\n")

    class Slow(io.RawIOBase):
        left = whole

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            some, self.left = self.left[:5], self.left[5:]
            buffer[: len(some)] = some
            return len(some)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Slow())))
    assert [one.raw for one in mails_in("-", LIMIT)] == [whole]


def test_a_damaged_file_in_a_directory_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.mbox.gz").write_bytes(gzip.compress(box(mail(b"One.\n")))[:-9])
    (tmp_path / "b.eml").write_bytes(mail(b"Two.\n"))
    assert [(one.place, one.raw) for one in found_in(tmp_path)] == [("a.mbox.gz", b""), ("b.eml", mail(b"Two.\n"))]
    assert found_in(tmp_path)[0].fault.startswith("the compressed file is damaged")


def test_what_is_no_mail_is_not_taken_for_one_and_not_waited_for(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100)
    for name, content in (("x.png", picture), ("x.tar.gz", gzip.compress(b"box/" + bytes(508)))):
        (tmp_path / name).write_bytes(content)
        assert [one.fault for one in found_in(tmp_path / name)] == [Other.NO_TEXT]
    os.mkfifo(tmp_path / "pipe")
    assert [one.fault for one in found_in(tmp_path)] == [Other.NO_FILE, Other.NO_TEXT, Other.NO_TEXT]
    (tmp_path / "nul.eml").write_bytes(b"Only\0words.\n")
    assert [one.raw for one in found_in(tmp_path / "nul.eml")] == [b"Only\0words.\n"]


def test_the_largest_mail_that_may_be_comes_back_from_a_box() -> None:
    whole = mail(b"From here.\n" + b"x" * 4_000 + b"\n")
    for limit, found in ((len(whole), whole), (len(whole) - 1, None)):
        assert read(box(as_mboxrd(whole), mail(b"Two.\n")), limit=limit) == [found, mail(b"Two.\n")]


def test_what_cannot_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "one.eml").write_bytes(mail(b"One.\n"))
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "other").symlink_to("closed")
    listing = os.scandir

    def closed(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr("os.scandir", closed)
    assert [(one.place, one.fault) for one in found_in(tmp_path)] == [
        ("loop", "Too many levels of symbolic links"),
        ("one.eml", ""),
        ("other", Other.NO_FILE),
        ("closed", "Permission denied"),
    ]
    with pytest.raises(PermissionError):
        found_in(tmp_path / "closed")


def test_a_file_whose_directory_may_not_be_searched_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.eml", "b.eml"):
        (tmp_path / name).write_bytes(mail(b"One.\n"))
    look = Path.stat

    def closed(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == "a.eml":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", closed)
    assert size_of(str(tmp_path)) == len(mail(b"One.\n"))
    assert [(one.place, one.fault) for one in found_in(tmp_path)] == [("a.eml", "Permission denied"), ("b.eml", "")]


def test_a_byte_order_mark_is_no_part_of_a_box_or_mail(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(BOM + box(mail(b"One.\n"), mail(b"Two.\n")))
    (tmp_path / "one.eml").write_bytes(BOM + mail(b"Three.\n"))
    (tmp_path / "two").write_bytes(BOM + mail(b"Four.\n"))
    found = found_in(tmp_path)
    assert [one.raw for one in found] == [mail(one) for one in (b"One.\n", b"Two.\n", b"Three.\n", b"Four.\n")]
    assert found[0].place == "box, byte 3"
    assert [one.raw for one in found_in(tmp_path / "box")] == [mail(b"One.\n"), mail(b"Two.\n")]


def test_of_a_damaged_file_what_can_be_read_is_read_and_the_damage_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(1)
    mails = [mail(f"{number}: {dice.randbytes(2_000).hex()}\n".encode()) for number in range(200)]
    packed = gzip.compress(box(*mails))
    (tmp_path / "box").mkdir()
    path = tmp_path / "box" / "cut.gz"
    flipped = packed[:-8] + b"12345678"
    spoilt = packed[: len(packed) // 2] + bytes(50) + packed[len(packed) // 2 + 50 :]
    for damaged, least in ((packed[:-20], 195), (flipped, 195), (packed + b"junk", 195), (spoilt, 50)):
        path.write_bytes(damaged)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(damaged))))
        *found, last = found_in(path)
        assert [one.raw for one in found] == mails[: len(found)]
        assert (len(found) >= least, last.raw, last.place) == (True, b"", "cut.gz")
        assert last.fault.startswith("the compressed file is damaged")
        assert found_in(tmp_path / "box") == [*found, last]
        *piped, last = mails_in("-", LIMIT)
        assert [one.raw for one in piped] == [one.raw for one in found]
        assert last.fault.startswith("the compressed file is damaged")


def test_what_is_a_mail_does_not_depend_on_how_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"Send submissions to\n\tppp@club.example\n")
    (tmp_path / "odd.eml").write_bytes(b"Send submissions to\n\tppp@club.example\n")
    assert [one.fault for one in found_in(tmp_path)] == [Other.NO_HEADERS, ""]
    assert [one.fault for one in found_in(tmp_path / "notes.txt")] == [Other.NO_HEADERS]
    assert [one.fault for one in found_in(tmp_path / "odd.eml")] == [""]


PINE = b"""From MAILER-DAEMON Fri Feb  7 10:10:10 2014
From: Mail System Internal Data <MAILER-DAEMON@mail.example.org>
Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA
Message-ID: <1391767810@mail.example.org>
X-IMAP: 1391767810 0000000002

This text is part of the internal format of your mail folder, and is not
a real message.

"""


def test_what_programs_keep_for_themselves_is_no_mail(tmp_path: Path) -> None:
    about = b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nFrom: ann@example.org\n\nWhat is this?\n"
    (tmp_path / "pine").write_bytes(PINE + box(about))
    assert [one.fault for one in found_in(tmp_path / "pine")] == [Other.FOLDER_DATA, ""]
    mozilla = [b"X-Mozilla-Status: %s\n" % flags + mail(b"Hello.\n") for flags in (b"0009", b"0001", b"9008", b"zz")]
    # What a sender wrote lies below what the program wrote.
    mozilla.append(b"X-Mozilla-Status: 0001\n" + mail(b"Hello.\n", "X-Mozilla-Status: 0008\n"))
    (tmp_path / "moz").write_bytes(box(*mozilla, mail(b"X-Mozilla-Status: 0008\n")))
    assert [one.fault for one in found_in(tmp_path / "moz")] == [Other.DELETED, "", Other.DELETED, "", "", ""]


def test_what_stood_on_a_ticket_is_no_deleted_mail(tmp_path: Path) -> None:
    line = b"From ticket5=3f9ac21b77d0e4aa@club.example Mon Feb  3 09:00:00 2014\n"
    (tmp_path / "box").write_bytes(line + b"X-Mozilla-Status: 0008\n" + mail(b"Hello.\n"))
    assert [one.fault for one in found_in(tmp_path / "box")] == [""]


def test_an_empty_box_has_no_mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Trash").write_bytes(b"")
    (tmp_path / "Trash.gz").write_bytes(gzip.compress(b""))
    assert found_in(tmp_path) == found_in(tmp_path / "Trash") == found_in(tmp_path / "Trash.gz") == []
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b""))))
    assert list(mails_in("-", LIMIT)) == []
