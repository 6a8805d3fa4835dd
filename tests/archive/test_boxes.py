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

from mail_tickets.archive.importing.mail_identity import mail_identity_of
from mail_tickets.archive.reading import mbox
from mail_tickets.archive.reading.from_line import written_on
from mail_tickets.archive.reading.mbox import Dialect, mails_of_box
from mail_tickets.archive.reading.mbox import escaped as as_mboxrd
from mail_tickets.archive.reading.sources import ArchiveMail, Fault, Other, mails_in, size_of

HEAD = "Subject: Hello\nMessage-ID: <1@x.example>\n"
LINE = b"From ann@example.org Mon Feb  3 09:00:00 2014\n"
BODY = b"Hello.\n\nFrom here on it is quoted.\n>From there it was.\n>>From nowhere.\n"
LIMIT = 50_000
BOM = b"\xef\xbb\xbf"


def mail(body: bytes, headers: str = "") -> bytes:
    return (HEAD + headers + "\n").encode() + body


def box(*mails: bytes) -> bytes:
    return b"".join(LINE + raw + b"\n" for raw in mails)


def escaped(body: bytes, *, every: bool) -> bytes:
    lines = body.split(b"\n")
    return b"\n".join(
        b">" + line if line.startswith(b"From ") or (every and line.lstrip(b">").startswith(b"From ")) else line
        for line in lines
    )


def read(raw: bytes, dialect: Dialect | None = None, limit: int = LIMIT) -> list[bytes | None]:
    return [archived.raw for archived in mails_of_box(io.BytesIO(raw), limit, dialect)]


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
    raw = mail(body, f"Content-Length: {len(body)}\n")
    assert read(LINE + raw) == [raw]


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
    moment = written_on(line)
    assert moment
    assert moment.replace(microsecond=0) == datetime(2014, 2, 3, hour, tzinfo=UTC)
    written = line.rstrip() + b"\n" + mail(b"One.\n") + b"\n"
    assert read(written * 2) == [mail(b"One.\n")] * 2


def test_a_mail_without_a_date_has_that_of_its_line() -> None:
    for date in ("Feb  3 09:00:00 2014", "2014-02-03 09:00:00"):
        card = mail_identity_of(
            b"Subject: Hello\n\nHello.\n", b"", f"From x {date}\n".encode(), datetime.now(UTC), lambda _: False
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


HEADS = [
    "From: Ann <ann@example.org>\nSubject: {0}\nDate: Mon, 3 Feb 2014 09:00:00 +0000\n",
    "Received: from a\n\tby b;\n\tMon, 3 Feb 2014\nSubject: {0}\nFrom: Ann <ann@example.org>\n",
    "X-Mozilla-Status: 0001\nMessage-ID: <{0}@x>\nFrom: Ann <ann@example.org>\nSubject: {0}\n" + "X-Long: y\n" * 500,
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("line", [b"From \n", b"From\t\n", b"From \r\n"])
@pytest.mark.parametrize("gap", [b"", b"\n"])
def test_a_naked_line_parts_two_mails_if_a_head_is_below_it(head: str, line: bytes, gap: bytes) -> None:
    first, second = (f"{head.format(name)}\n{name}\n".encode() for name in ("one", "two"))
    assert read(line + first + gap + line + second) == [first, second]


@pytest.mark.parametrize(
    "text", [b"From \nhere on.\n", b"From \nTo: be continued\n", b"From \nDate: tomorrow\n", b"From \n\nFrom: x\n"]
)
def test_a_naked_line_without_a_head_parts_nothing(text: bytes) -> None:
    assert read(box(mail(b"One.\n" + text))) == [mail(b"One.\n" + text)]


PATCH = (
    b"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n"
    b"From: Eve <eve@x>\nSubject: [PATCH] a\n\ndiff\n"
)


def test_a_patch_within_a_mail_is_a_part_of_it_and_a_box_of_patches_has_one_mail_each() -> None:
    pasted = mail(b"Look at this:\n\n" + PATCH)
    assert read(box(pasted, mail(b"Two.\n"))) == [pasted, mail(b"Two.\n")]
    line, _, rest = PATCH.partition(b"\n")
    assert read(PATCH + b"\n" + PATCH) == [rest, rest]
    assert line.startswith(b"From 0123")


def test_where_a_mail_may_hide_in_another_is_named(tmp_path: Path) -> None:
    hiding = mail(b"One.\nFrom ann at home\nFrom: ann@example.org\nSubject: Two\n\nTwo.\n")
    (tmp_path / "old.mbox").write_bytes(box(hiding, mail(escaped(hiding, every=True)), mail(PATCH)))
    mails = found_in(tmp_path / "old.mbox")
    assert [archived.fault for archived in mails] == ["", Other.HIDDEN, "", ""]
    at = (tmp_path / "old.mbox").read_bytes().index(b"From ann at home")
    assert mails[1].place == f"old.mbox, byte {at}"


def test_an_empty_line_that_is_missing_between_two_mails_is_not_missed() -> None:
    assert read(LINE + mail(b"One.\n") + LINE + mail(b"Two.\n")) == [mail(b"One.\n"), mail(b"Two.\n")]
    quoted = mail(b"One.\n" + LINE + b"was the line.\n")
    assert read(LINE + quoted) == [quoted]


def test_line_ends_of_two_characters_stay() -> None:
    written = box(mail(b"One.\n"), mail(b"Two.\n")).replace(b"\n", b"\r\n")
    assert read(written) == [mail(raw).replace(b"\n", b"\r\n") for raw in (b"One.\n", b"Two.\n")]


def test_a_mail_over_the_limit_is_passed_over_and_the_next_is_read() -> None:
    large = mail(b"A line that fills the mail.\n" * 200_000)
    assert read(box(mail(b"One.\n"), large, mail(b"Two.\n"), large)) == [mail(b"One.\n"), None, mail(b"Two.\n"), None]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("limit", [LIMIT, 1000], ids=["taken", "passed over"])
def test_a_line_between_two_mails_is_seen_wherever_a_block_ends(
    monkeypatch: pytest.MonkeyPatch, end: bytes, limit: int
) -> None:
    monkeypatch.setattr(mbox, "BLOCK", 1)
    mails = [raw.replace(b"\n", end) for raw in (mail(b"A line of text.\n" * 200), mail(b"Two.\n"))]
    written = box(*mails).replace(b"\r", b"").replace(b"\n", end)
    assert read(written, limit=limit) == [mails[0] if limit == LIMIT else None, mails[1]]


@given(
    st.lists(st.lists(st.sampled_from(["From x Mon Feb  3 09:00:00 2014", ">From", "From me", "Hi", "", ">>From x"])))
)
def test_what_an_mboxrd_holds_comes_out_as_it_went_in(bodies: list[list[str]]) -> None:
    mails = [
        mail("\n".join([f"Mail {number}", *lines, "End."]).encode() + b"\n") for number, lines in enumerate(bodies)
    ]
    assert read(box(*(escaped(raw, every=True) for raw in mails))) == mails


def test_a_box_that_python_wrote_is_read(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "python.mbox")
    for body in (BODY, b"Two.\n", b"Three, without an end of line"):
        box.add(mail(body))
    box.flush()
    box.close()
    assert [archived.raw.rstrip() for archived in found_in(tmp_path / "python.mbox")] == [
        mail(b"Hello.\n\nFrom here on it is quoted.\nFrom there it was.\n>From nowhere.").rstrip(),
        mail(b"Two."),
        mail(b"Three, without an end of line"),
    ]


# Where mail lies


def test_a_maildir_gives_new_and_cur_and_not_what_is_being_written(tmp_path: Path) -> None:
    maildir = mailbox.Maildir(tmp_path / "box")
    maildir.add(mail(b"One.\n"))
    maildir.add_folder("Sent").add(mail(b"Two.\n"))
    message = mailbox.MaildirMessage(mail(b"Three.\n"))
    message.set_subdir("cur")
    maildir.add(message)
    (tmp_path / "box" / "tmp" / "half").write_bytes(mail(b"Fo"))
    mails = found_in(tmp_path / "box")
    assert sorted(archived.raw for archived in mails if not archived.fault) == sorted(
        map(mail, (b"One.\n", b"Two.\n", b"Three.\n"))
    )


def test_a_directory_is_read_in_order_and_other_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.eml").write_bytes(mail(b"One.\n"))
    (tmp_path / "x.EML").write_bytes(b"Words without any header.")
    (tmp_path / "a.txt").write_bytes(mail(b"Two.\n"))
    (tmp_path / "README.md").write_bytes(b"# Notes: none\n\nFrom: no mail\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "more.mbox").write_bytes(box(mail(b"Three.\n"), mail(b"Four.\n")))
    (tmp_path / "empty.eml").write_bytes(b"\n")
    faults = [(archived.place, archived.fault) for archived in found_in(tmp_path)]
    assert faults == [
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
    assert [archived.raw for archived in found_in(tmp_path / "2014-February.txt.gz")] == [
        mail(b"One.\n"),
        mail(b"Two.\n"),
    ]
    (tmp_path / "cut.gz").write_bytes(written[:-20])


def test_standard_input_is_a_box_or_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    for raw, mails in ((box(mail(b"One.\n"), mail(b"Two.\n")), [b"One.\n", b"Two.\n"]), (mail(b"One.\n"), [b"One.\n"])):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(raw))))
        assert [archived.raw for archived in mails_in("-", LIMIT)] == list(map(mail, mails))


def test_a_slow_pipe_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"X-Long: " + b"x" * 9_000 + b"\n" + mail(b"One.\n")

    class Slow(io.RawIOBase):
        left = whole

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            piece, self.left = self.left[:5], self.left[5:]
            buffer[: len(piece)] = piece
            return len(piece)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Slow())))
    assert [archived.raw for archived in mails_in("-", LIMIT)] == [whole]


def test_a_damaged_file_in_a_directory_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.mbox.gz").write_bytes(gzip.compress(box(mail(b"One.\n")))[:-9])
    (tmp_path / "b.eml").write_bytes(mail(b"Two.\n"))
    assert [(archived.place, archived.raw) for archived in found_in(tmp_path)] == [
        ("a.mbox.gz", b""),
        ("b.eml", mail(b"Two.\n")),
    ]
    assert found_in(tmp_path)[0].fault.startswith("the compressed file is damaged")


def test_what_is_no_mail_is_not_taken_for_one_and_not_waited_for(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100)
    for name, content in (("x.png", picture), ("x.tar.gz", gzip.compress(b"box/" + bytes(508)))):
        (tmp_path / name).write_bytes(content)
        assert [archived.fault for archived in found_in(tmp_path / name)] == [Other.NO_TEXT]
    os.mkfifo(tmp_path / "pipe")
    assert [archived.fault for archived in found_in(tmp_path)] == [Other.NO_FILE, Other.NO_TEXT, Other.NO_TEXT]
    (tmp_path / "nul.eml").write_bytes(b"Only\0words.\n")
    assert [archived.raw for archived in found_in(tmp_path / "nul.eml")] == [b"Only\0words.\n"]


def test_a_link_that_leads_outside_is_passed_over_and_named(tmp_path: Path) -> None:
    secret, box = tmp_path / "secret.eml", tmp_path / "box"
    secret.write_bytes(mail(b"Nobody's business.\n"))
    for folder in ("cur", "new", "tmp"):
        (box / folder).mkdir(parents=True)
    (box / "cur" / "1:2,S").write_bytes(mail(b"One.\n"))
    (box / "cur" / "2:2,S").symlink_to(secret)
    (box / "new" / "3").symlink_to("../../secret.eml")
    (box / "new" / "4").symlink_to("../cur/1:2,S")
    results = [(archived.place, archived.fault, bool(archived.raw)) for archived in found_in(box)]
    assert results == [
        ("cur/1:2,S", "", True),
        ("cur/2:2,S", Other.OUTSIDE, False),
        ("new/3", Other.OUTSIDE, False),
        ("new/4", "", True),
    ]
    # A box that is itself named by a link is meant.
    (tmp_path / "link").symlink_to("box")
    assert [archived.fault for archived in found_in(tmp_path / "link")] == ["", Other.OUTSIDE, Other.OUTSIDE, ""]


def test_the_largest_mail_that_may_be_comes_back_from_a_box() -> None:
    whole = mail(b"From here.\n" + b"x" * 4_000 + b"\n")
    for limit, expected in ((len(whole), whole), (len(whole) - 1, None)):
        assert read(box(as_mboxrd(whole), mail(b"Two.\n")), limit=limit) == [expected, mail(b"Two.\n")]


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
    assert [(archived.place, archived.fault) for archived in found_in(tmp_path)] == [
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
    assert [(archived.place, archived.fault) for archived in found_in(tmp_path)] == [
        ("a.eml", "Permission denied"),
        ("b.eml", ""),
    ]


def test_a_byte_order_mark_is_no_part_of_a_box_or_mail(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(BOM + box(mail(b"One.\n"), mail(b"Two.\n")))
    (tmp_path / "one.eml").write_bytes(BOM + mail(b"Three.\n"))
    (tmp_path / "two").write_bytes(BOM + mail(b"Four.\n"))
    mails = found_in(tmp_path)
    assert [archived.raw for archived in mails] == [
        mail(archived) for archived in (b"One.\n", b"Two.\n", b"Three.\n", b"Four.\n")
    ]
    assert mails[0].place == "box, byte 3"
    assert [archived.raw for archived in found_in(tmp_path / "box")] == [mail(b"One.\n"), mail(b"Two.\n")]


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
        *whole, last = found_in(path)
        assert [archived.raw for archived in whole] == mails[: len(whole)]
        assert (len(whole) >= least, last.raw, last.place) == (True, b"", "cut.gz")
        assert last.fault.startswith("the compressed file is damaged")
        assert found_in(tmp_path / "box") == [*whole, last]
        *piped, last = mails_in("-", LIMIT)
        assert [archived.raw for archived in piped] == [archived.raw for archived in whole]
        assert last.fault.startswith("the compressed file is damaged")


def test_what_is_a_mail_does_not_depend_on_how_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"Send submissions to\n\tppp@club.example\n")
    (tmp_path / "odd.eml").write_bytes(b"Send submissions to\n\tppp@club.example\n")
    assert [archived.fault for archived in found_in(tmp_path)] == [Other.NO_HEADERS, ""]
    assert [archived.fault for archived in found_in(tmp_path / "notes.txt")] == [Other.NO_HEADERS]
    assert [archived.fault for archived in found_in(tmp_path / "odd.eml")] == [""]


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
    assert [archived.fault for archived in found_in(tmp_path / "pine")] == [Other.FOLDER_DATA, ""]
    mozilla = [b"X-Mozilla-Status: %s\n" % flags + mail(b"Hello.\n") for flags in (b"0009", b"0001", b"9008", b"zz")]
    # What a sender wrote lies below what the program wrote.
    mozilla.append(b"X-Mozilla-Status: 0001\n" + mail(b"Hello.\n", "X-Mozilla-Status: 0008\n"))
    (tmp_path / "moz").write_bytes(box(*mozilla, mail(b"X-Mozilla-Status: 0008\n")))
    assert [archived.fault for archived in found_in(tmp_path / "moz")] == [Other.DELETED, "", Other.DELETED, "", "", ""]


LABELS = {
    b"Inbox,Unread": "",
    b"Spam": Other.SPAM,
    b"Trash,Unread": Other.TRASH,
    b"Important,Drafts": Other.DRAFT,
    b"Chat": Other.CHAT,
    b'"Old, Trash",Inbox': "",
    b'Opened,"Spam"': Other.SPAM,
    b"Papierkorb": Other.TRASH,
    b"Corbeille,Non lus": Other.TRASH,
    b"=?UTF-8?Q?Entw=C3=BCrfe,Wichtig?=": Other.DRAFT,
    b"=?UTF-8?B?0KHQv9Cw0Lw=?=": Other.SPAM,
    b"Inbox,\n Trash": Other.TRASH,
    b"Trash cans,Spam reports": "",
    b'"Spam"': Other.SPAM,
}


def test_what_gmail_had_set_apart_is_named_and_passed_over(tmp_path: Path) -> None:
    mails = [b"X-GM-THRID: 1\nX-Gmail-Labels: " + labels + b"\n" + mail(b"Hello.\n") for labels in LABELS]
    (tmp_path / "All mail.mbox").write_bytes(box(*mails, mail(b"X-Gmail-Labels: Spam\n")))
    assert [archived.fault for archived in found_in(tmp_path / "All mail.mbox")] == [*LABELS.values(), ""]


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("cur/1:2,S", ""),
        ("cur/1:2,ST", Other.TRASH),
        ("cur/1:2,D", Other.DRAFT),
        ("cur/1!2,FT", Other.TRASH),
        ("new/1", ""),
        (".Trash/cur/1:2,S", Other.TRASH),
        (".INBOX.Trash/cur/1:2,S", Other.TRASH),
        (".Deleted Messages/new/1", Other.TRASH),
        (".Spam/cur/1:2,", Other.SPAM),
        ("Junk/cur/1:2,", Other.SPAM),
        (".Entw&APw-rfe/cur/1:2,S", Other.DRAFT),
        (".Gel&APY-schte Elemente/cur/1", Other.TRASH),
        (".Sent/cur/1:2,S", ""),
        (".Trash cans/cur/1:2,S", ""),
    ],
)
def test_what_a_maildir_had_set_apart_is_named_and_passed_over(tmp_path: Path, place: str, fault: str) -> None:
    path = tmp_path / "Trash" / place
    path.parent.mkdir(parents=True)
    (path.parent.parent / "cur").mkdir(exist_ok=True)
    path.write_bytes(mail(b"One.\n"))
    # Whoever imports a folder itself wants what is in it.
    [archived] = found_in(tmp_path / "Trash")
    assert (archived.place, archived.fault, bool(archived.raw)) == (place, fault, not fault)


@pytest.mark.parametrize(
    "head",
    [
        b"X-First: 1\nThis is not a header line\nFrom: ann@example.org\nSubject: Hi\n",
        b"X-First: 1\n folded\nX-Second: 2\nno header\nX-Third: 3\nSubject: Hi\n",
    ],
)
def test_a_line_in_a_head_that_is_no_header_makes_no_mail_a_text(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "one").write_bytes(head + b"\nWords.\n")
    assert [archived.raw for archived in found_in(tmp_path / "one")] == [head + b"\nWords.\n"]


def test_what_stood_on_a_ticket_is_no_deleted_mail(tmp_path: Path) -> None:
    line = b"From ticket5=3f9ac21b77d0e4aa@club.example Mon Feb  3 09:00:00 2014\n"
    (tmp_path / "box").write_bytes(line + b"X-Mozilla-Status: 0008\n" + mail(b"Hello.\n"))
    assert [archived.fault for archived in found_in(tmp_path / "box")] == [""]


def test_an_empty_box_has_no_mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Trash").write_bytes(b"")
    (tmp_path / "Trash.gz").write_bytes(gzip.compress(b""))
    assert found_in(tmp_path) == found_in(tmp_path / "Trash") == found_in(tmp_path / "Trash.gz") == []
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b""))))
    assert list(mails_in("-", LIMIT)) == []
