"""Words and files are read out of what other programs wrap around them."""

import binascii
import struct
from base64 import encodebytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_tickets.mail import mime
from mail_tickets.mail.containers import calendar, cms, tnef, uuencoded
from mail_tickets.mail.containers.clear_signed import without_armour
from mail_tickets.mail.parsed import parse_mail

WORDS = "The lamp is dark since Monday."


def mail(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def content_of(raw: bytes, number: int = 0) -> bytes:
    """The content of an attachment as it is fetched later, by its place and encoding alone."""
    file = parse_mail(raw).attachments[number]
    return mime.content(raw, mime.Part(file.type, None, file.encoding, "", None, file.start, file.stop))


# S/MIME


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + content


def endless(tag: int, *contents: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"


SIGNED = der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
DATA = der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
BEFORE = der(2, b"\1") + der(0x31)


def signed(content: bytes) -> bytes:
    inner = der(0x30, DATA, der(0xA0, der(4, content)))
    return der(0x30, SIGNED, der(0xA0, der(0x30, BEFORE, inner, der(0x31))))


def signed_in_pieces(content: bytes) -> bytes:
    pieces = [der(4, content[at : at + 50]) for at in range(0, len(content), 50)]
    inner = endless(0x30, DATA, endless(0xA0, endless(0x24, *pieces)))
    return endless(0x30, SIGNED, endless(0xA0, endless(0x30, BEFORE, inner, der(0x31))))


def enclosed(content: bytes, type_: str, name: str) -> bytes:
    head = f"Content-Type: {type_}; name={name}\nContent-Transfer-Encoding: base64\n\n"
    return mail(head + encodebytes(content).decode())


INNER = mail(
    f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>{WORDS}</p>\n"
    "--b\nContent-Type: application/pdf; name=plan.pdf\nContent-Transfer-Encoding: base64\n\nUERG\n--b--\n"
)


@pytest.mark.parametrize("sign", [signed, signed_in_pieces])
@pytest.mark.parametrize("type_", ["application/pkcs7-mime; smime-type=signed-data", "application/x-pkcs7-mime"])
def test_an_opaque_signed_mail_is_read(type_: str, sign: object) -> None:
    raw = enclosed(signed(INNER) if sign is signed else signed_in_pieces(INNER), type_, "smime.p7m")
    parsed = parse_mail(raw)
    assert (parsed.text, [(attachment.name, attachment.size) for attachment in parsed.attachments]) == (
        WORDS,
        [("plan.pdf", 3)],
    )
    assert content_of(raw) == b"PDF"


def test_an_opaque_signed_mail_is_known_by_its_name_too() -> None:
    assert parse_mail(enclosed(signed(INNER), "application/octet-stream", "SMIME.P7M")).text == WORDS
    parsed = parse_mail(enclosed(b"no signed mail", "application/octet-stream", "key.p7m"))
    assert [file.name for file in parsed.attachments] == ["key.p7m"]


def test_a_container_within_a_container_is_read() -> None:
    raw = enclosed(signed(enclosed(signed(INNER), "application/pkcs7-mime", "a")), "application/pkcs7-mime", "b")
    assert parse_mail(raw).text == WORDS
    assert content_of(raw) == b"PDF"


def test_what_is_encrypted_or_broken_stays_a_file() -> None:
    for content in (b"", b"\x30\x80", signed(INNER)[:-200], b"\x30\x84\xff\xff\xff\xff", der(0x30, DATA)):
        parsed = parse_mail(enclosed(content, "application/pkcs7-mime", "smime.p7m"))
        assert [attachment.name for attachment in parsed.attachments] == ["smime.p7m"]


def test_millions_of_empty_pieces_are_no_mail() -> None:
    pieces = b"\4\0" * 1_000_000
    inner = endless(0x30, DATA, endless(0xA0, endless(0x24, pieces)))
    assert cms.signed_content(endless(0x30, SIGNED, endless(0xA0, endless(0x30, BEFORE, inner)))) is None


# winmail.dat


def attribute(kind: int, value: bytes, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, kind & 0xFFFF, kind >> 16, len(value)) + value + b"\0\0"


def properties(*values: tuple[int, int, bytes]) -> bytes:
    packed = struct.pack("<I", len(values))
    for number, type_, value in values:
        packed += struct.pack("<HHII", type_, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return packed


HEAD = b"\x78\x9f\x3e\x22\1\0"
FILE = attribute(0x69002, b"", 2) + attribute(0x18010, b"plan.pdf\0", 2) + attribute(0x6800F, b"PDF", 2)
LONG_NAME = properties((0x3707, 31, "Plan für Müller.pdf\0".encode("utf-16-le")))
RTF = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\pard The lamp is dark since Monday.\par}"
WINMAIL = {
    "plain": attribute(0x2800C, WORDS.encode() + b"\0"),
    "unicode": attribute(0x69003, properties((0x1000, 31, f"{WORDS}\0".encode("utf-16-le")))),
    "html": attribute(0x69003, properties((0x1013, 258, f"<p>{WORDS}</p>".encode()))),
    "rtf": attribute(0x69003, properties((0x1009, 258, struct.pack("<IIII", 0, len(RTF), 0x414C454D, 0) + RTF))),
}


@pytest.mark.parametrize("words", WINMAIL.values(), ids=WINMAIL)
@pytest.mark.parametrize("type_", ["application/ms-tnef", "application/vnd.ms-tnef", "application/octet-stream"])
def test_the_words_and_files_of_a_winmail_dat_are_read(type_: str, words: bytes) -> None:
    raw = enclosed(HEAD + words + FILE, type_, "winmail.dat")
    parsed = parse_mail(raw)
    assert (parsed.text, [(attachment.name, attachment.size) for attachment in parsed.attachments]) == (
        WORDS,
        [("plan.pdf", 3)],
    )
    assert content_of(raw) == b"PDF"


def test_the_long_name_of_a_file_is_taken() -> None:
    raw = enclosed(HEAD + FILE + attribute(0x69005, LONG_NAME, 2), "application/ms-tnef", "winmail.dat")
    assert [attachment.name for attachment in parse_mail(raw).attachments] == ["Plan für Müller.pdf"]


def test_compressed_rtf_is_unpacked() -> None:
    # The example of MS-OXRTFCP section 3.1.1.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert tnef.unpacked(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert tnef.rtf_text(tnef.unpacked(packed)) == "hello world"


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_no_bytes_hurt_the_readers(junk: bytes) -> None:
    tnef.documents(HEAD + junk)
    tnef.documents(HEAD + attribute(0x69003, junk) + attribute(0x69002, b"") + attribute(0x69005, junk))
    tnef.unpacked(junk)
    tnef.rtf_text(junk)
    cms.signed_content(junk)
    uuencoded.split(junk)
    calendar.words_of(junk.decode("latin-1"))


# Invitations

EVENT = """BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VEVENT
DTSTART{zone}:20261201T100000{z}
DTEND{zone}:20261201T110000{z}
SUMMARY:Look at the lamp\\, please
LOCATION:Room 5
DESCRIPTION:Bring a ladder\\nand a friend
 ly colleague
ATTENDEE;PARTSTAT={part};CN="Ann: C":mailto:ann@customer.example
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def event(method: str = "REQUEST", zone: str = "", z: str = "", part: str = "NEEDS-ACTION") -> str:
    return EVENT.format(method=method, zone=zone, z=z, part=part)


def test_an_invitation_says_what_when_and_where() -> None:
    parsed = parse_mail(mail(f"Content-Type: text/calendar; charset=utf-8\n\n{event(z='Z')}"))
    lines = [
        "Look at the lamp, please",
        "When: Tuesday, 1 December 2026, 10:00 to 11:00 (UTC)",
        "Where: Room 5",
        "",
        "Bring a ladder",
        "and a friendly colleague",
    ]
    assert (parsed.text.split("\n"), [attachment.name for attachment in parsed.attachments]) == (
        lines,
        ["invitation.ics"],
    )


@pytest.mark.parametrize(
    ("zone", "suffix"),
    [
        (";TZID=Europe/Berlin", " (Europe/Berlin, UTC+01:00)"),
        (';TZID="W. Europe Standard Time"', " (W. Europe Standard Time)"),
        ("", ""),
        (";TZID=../../etc/passwd", " (../../etc/passwd)"),
    ],
)
def test_the_time_is_given_in_the_zone_that_the_invitation_names(zone: str, suffix: str) -> None:
    assert f"When: Tuesday, 1 December 2026, 10:00 to 11:00{suffix}\n" in calendar.words_of(event(zone=zone))


@pytest.mark.parametrize(
    ("part", "first_words"), [("ACCEPTED", "Accepted"), ("DECLINED", "Declined"), ("TENTATIVE", "Accepted, perhaps")]
)
def test_an_answer_says_so_in_its_first_line(part: str, first_words: str) -> None:
    assert calendar.words_of(event("REPLY", part=part)).startswith(f"{first_words}: Look at the lamp, please\nWhen: ")
    assert calendar.words_of(event("CANCEL")).startswith("Cancelled: ")


def test_beside_words_an_invitation_adds_only_what_when_and_where() -> None:
    words = f"--b\nContent-Type: text/plain\n\n{WORDS}\n--b\nContent-Type: text/html\n\n<p>{WORDS}</p>\n"
    invitation = f"--b\nContent-Type: text/calendar\n\n{event()}--b--\n"
    text = parse_mail(mail(f"Content-Type: multipart/alternative; boundary=b\n\n{words}{invitation}")).text
    assert text.startswith(f"{WORDS}\n\nLook at the lamp, please\nWhen: ")
    assert "ladder" not in text


# PGP

ARMOURED = """Before.

-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

Status: resolved

{WORDS}
- --{space}
Ann
-----BEGIN PGP SIGNATURE-----

iQEzBAEBCgAdFiEE
=abcd
-----END PGP SIGNATURE-----
After.""".format(space=" ", WORDS=WORDS)


def test_the_armour_of_a_signed_text_is_taken_off() -> None:
    plain = f"Before.\n\nStatus: resolved\n\n{WORDS}\n-- \nAnn\nAfter."
    assert without_armour(ARMOURED) == plain
    assert parse_mail(mail(f"Content-Type: text/plain\n\n{ARMOURED}\n")).text == plain
    assert parse_mail(mail(f"Content-Type: text/html\n\n<pre>{ARMOURED}</pre>\n")).text == plain.replace("-- ", "--")


@pytest.mark.parametrize("text", ["-----BEGIN PGP SIGNED MESSAGE-----\nwords", "words", f"> {ARMOURED[9:45]}\nwords"])
def test_what_is_no_whole_armour_stays(text: str) -> None:
    assert without_armour(text) == text


# uuencoded files


def encoded(name: str, content: bytes) -> str:
    lines = [binascii.b2a_uu(content[at : at + 45]).decode() for at in range(0, len(content), 45)]
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


def test_files_within_a_text_are_files() -> None:
    raw = mail(f"Subject: x\n\n{WORDS}\n\n{encoded('plan.txt', b'p' * 100)}\nTwo.\n{encoded('b.txt', b'b')}Ann\n")
    parsed = parse_mail(raw)
    assert parsed.text == f"{WORDS}\n\n\nTwo.\nAnn"
    assert [(attachment.name, attachment.size) for attachment in parsed.attachments] == [
        ("plan.txt", 100),
        ("b.txt", 1),
    ]
    assert content_of(raw, 1) == b"b"


@pytest.mark.parametrize(
    "text", ["We begin 644 times\nand end", "begin 644 a.txt\nno lines of it at all\nend", "begin 644 x\nM"]
)
def test_words_that_only_look_so_stay(text: str) -> None:
    assert parse_mail(mail(f"Subject: x\n\n{text}\n")).text == text


def test_a_container_is_opened_once_for_all_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = mail("From: a@b.example\n\n" + "\nbegin 644 a.txt\n#86)C\nend\n" * 20)
    files = parse_mail(raw).attachments
    parts = [mime.Part(file.type, None, file.encoding, "", None, file.start, file.stop) for file in files]
    opened: list[bytes] = []
    split = uuencoded.split
    monkeypatch.setattr(uuencoded, "split", lambda text: opened.append(text) or split(text))  # type: ignore[func-returns-value]
    assert list(mime.contents(raw, parts)) == [b"abc"] * 20
    assert len(opened) == 1


def test_of_many_rich_texts_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(tnef, "rtf_text", lambda rtf: read.append(rtf) or "words")  # type: ignore[func-returns-value]
    properties = b"".join(
        struct.pack("<HHII", 0x102, 0x1009, 1, 20) + struct.pack("<IIII", 16, 4, 0x414C454D, 0) + b"abcd"
        for _ in range(50)
    )
    value = struct.pack("<I", 50) + properties
    raw = b"\x78\x9f\x3e\x22\0\0" + struct.pack("<BHHI", 1, 0x9003, 6, len(value)) + value + b"\0\0"
    assert [document.content for document in tnef.documents(raw)] == [b"words"]
    assert read == [b"abcd"]
