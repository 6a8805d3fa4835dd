"""Words come out right, whatever charset a mail has and however it names it."""

import codecs
from base64 import encodebytes

import pytest

from mail_tickets.mail.body_parts.charsets import from_bytes
from mail_tickets.mail.parsed import parse_mail

RUSSIAN = "Лампа не горит."


def mail(head: str, body: bytes) -> bytes:
    return head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body


LABELS = {
    "win-1251": "cp1251",
    "windows1251": "cp1251",
    "CP-1251": "cp1251",
    "x-cp1251": "cp1251",
    "\"'windows-1251'\"": "cp1251",
    "x-mac-cyrillic": "mac-cyrillic",
    "koi8r": "koi8-r",
    "ISO_8859-5": "iso-8859-5",
    "ibm866": "cp866",
}


@pytest.mark.parametrize(("label", "codec"), LABELS.items())
def test_a_charset_is_known_by_the_names_that_people_write(label: str, codec: str) -> None:
    parsed = parse_mail(mail(f"Content-Type: text/plain; charset={label}", RUSSIAN.encode(codec)))
    assert parsed.text == RUSSIAN


WORDS = {
    "ansi-1251": ("cp1251", RUSSIAN),
    "KOI8": ("koi8-r", RUSSIAN),
    "koi8-ru": ("koi8-u", RUSSIAN),
    "csShiftJIS": ("cp932", "①番の機種、髙橋"),
    "x-ms-cp932": ("cp932", "①番の機種、髙橋"),
    "eucJP-ms": ("euc_jis_2004", "①番のランプ"),
    "csEUCPkdFmtJapanese": ("euc_jp", "ランプが点きません"),
    "cp51932": ("euc_jp", "ランプが点きません"),
    "jis": ("iso2022_jp", "ランプが点きません"),
    "GB_2312-80": ("gb2312", "灯泡不亮了"),
    "csGB2312": ("gb2312", "灯泡不亮了"),
    "x-x-big5": ("big5", "燈泡不亮了"),
    "Big-5": ("big5", "燈泡不亮了"),
    "big5": ("big5hkscs", "嘅㗎燈泡"),
    "ksc_5601": ("cp949", "전구가 켜지지 않아요. 똠방각하"),
    "euckr": ("cp949", "전구가 켜지지 않아요. 똠방각하"),
    "logical": ("iso8859-8", "המנורה לא דולקת"),
    "dos-874": ("cp874", "หลอดไฟไม่ติด"),
    "iso-8859-9": ("cp1254", "Lamba “ışık” vermiyor"),
    "x-mac-ce": ("mac-latin2", "Żarówka nie świeci"),
    "latin-9": ("iso8859-15", "20 € für die Lampe"),
    "dos-850": ("cp850", "Die Größe stimmt nicht"),
    "pc850": ("cp850", "Die Größe stimmt nicht"),
    "unicode": ("utf-16", "Die Größe stimmt nicht"),
    "ucs-2": ("utf-16", "Die Größe stimmt nicht"),
    "iso-10646-ucs-2": ("utf-16-be", "Die Größe stimmt nicht"),
    "utf-16": ("utf-16-le", "Die Größe stimmt nicht"),
}


@pytest.mark.parametrize(("label", "codec", "words"), [(label, *row) for label, row in WORDS.items()])
def test_a_charset_is_known_by_its_names_in_every_script(label: str, codec: str, words: str) -> None:
    head = f"Content-Type: text/plain; charset={label}\nContent-Transfer-Encoding: base64"
    assert parse_mail(mail(head, encodebytes(words.encode(codec)))).text == words


@pytest.mark.parametrize("label", ["windows-1251", "iso-8859-5", "iso-8859-1", "koi8-r", "cp850", "us-ascii"])
@pytest.mark.parametrize("words", [RUSSIAN, "Die Größe ist groß.", "“Lampe”", "電球が点きません。"])
def test_utf_8_is_read_as_such_whatever_it_is_called(label: str, words: str) -> None:
    assert parse_mail(mail(f"Content-Type: text/plain; charset={label}", words.encode())).text == words


@pytest.mark.parametrize(
    ("codec", "words"), [("cp1251", "РІР° лампа"), ("iso-8859-1", "Ã¤, à ma façon"), ("cp1252", "Ã")]
)
def test_letters_that_could_be_utf_8_stay_those_of_their_charset_where_others_could_not(codec: str, words: str) -> None:
    parsed = parse_mail(mail(f"Content-Type: text/plain; charset={codec}", words.encode(codec)))
    assert parsed.text == words


@pytest.mark.parametrize("words", ["①番の機種です", "㈱ランプ", "ﾗﾝﾌﾟが点きません", "髙橋", "漢字とkana"])
def test_japanese_of_windows_is_read_though_its_label_is_narrower(words: str) -> None:
    raw = windows_japanese(words)
    assert from_bytes(raw, "iso-2022-jp") == words
    assert parse_mail(mail("Content-Type: text/plain; charset=ISO-2022-JP", raw)).text == words


def windows_japanese(words: str) -> bytes:
    """Words in ISO-2022-JP as Windows writes them, by way of Shift_JIS."""
    raw = b""
    for letter in words:
        encoded = letter.encode("cp932")
        if len(encoded) == 2:
            lead, trail = encoded
            row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + 0x21
            row, cell = (row + 1, trail - 0x7E) if trail >= 0x9F else (row, trail - (0x20 if trail > 0x7F else 0x1F))
            raw += b"\x1b$B" + (bytes([row, cell])) + b"\x1b(B"
        elif encoded[0] > 0x80:
            raw += b"\x1b(I" + bytes([encoded[0] & 0x7F]) + b"\x1b(B"
        else:
            raw += encoded
    return raw


@pytest.mark.parametrize("junk", [b"\x1b$B\xff\xfe\x01\x02", b"\x1b$B", b"\x1b(I\xff\x80", b"\x1b$(D\x21", b"\x1b"])
def test_japanese_that_is_broken_is_read_as_far_as_it_goes(junk: bytes) -> None:
    assert from_bytes(b"words " + junk, "iso-2022-jp").startswith("words ")


META = {
    "http-equiv": '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
    "HTML 5": "<META charset=windows-1251>",
    "XML": '<?xml version="1.0" encoding="windows-1251"?>',
}


@pytest.mark.parametrize("meta", META.values(), ids=META)
def test_html_without_a_charset_is_read_in_the_one_that_it_names(meta: str) -> None:
    page = f"<html><head>{meta}</head><body><p>{RUSSIAN}</p></body></html>"
    assert parse_mail(mail("Content-Type: text/html", page.encode("cp1251"))).text == RUSSIAN


def test_a_name_in_html_is_not_believed_where_the_bytes_are_utf_8() -> None:
    page = f"{META['HTML 5']}<p>{RUSSIAN}</p>"
    assert parse_mail(mail("Content-Type: text/html", page.encode())).text == RUSSIAN


@pytest.mark.parametrize("codec", ["koi8-r", "gb2312", "big5", "shift_jis", "euc-kr", "windows-1251"])
def test_a_raw_subject_and_name_are_read_in_the_charset_of_the_text(codec: str) -> None:
    words = {"gb2312": "灯不亮了", "big5": "燈不亮了", "shift_jis": "ランプ", "euc-kr": "램프"}.get(codec, "Лампа")
    head = f"Content-Type: text/plain; charset={codec}\r\nFrom: ".encode() + words.encode(codec)
    raw = head + b" <ann@customer.example>\r\nSubject: " + words.encode(codec) + b"\r\n\r\n" + words.encode(codec)
    parsed = parse_mail(raw)
    assert (parsed.subject, parsed.sender and parsed.sender.name, parsed.text) == (words, words, words)


def test_a_raw_subject_that_does_not_fit_the_text_is_read_as_before() -> None:
    raw = b"Content-Type: text/plain; charset=utf-8\r\nSubject: Gr\xf6\xdfe\r\n\r\nwords"
    assert parse_mail(raw).subject == "Größe"


FLOWED = {
    "a paragraph": ("One paragraph that \nwas broken \nsoftly.\nNext.", "One paragraph that was broken softly.\nNext."),
    "stuffed": (" From here\n >no quote", "From here\n>no quote"),
    "quoted": ("> quoted words \n> go on\nanswer", "> quoted words go on\nanswer"),
    "other depth": ("> quoted \n>> deeper", "> quoted\n>> deeper"),
    "signature": ("words \nend\n-- \nAnn", "words end\n-- \nAnn"),
    "last line": ("words ", "words"),
}


@pytest.mark.parametrize(("body", "words"), FLOWED.values(), ids=FLOWED)
def test_lines_that_flow_are_joined(body: str, words: str) -> None:
    assert (
        parse_mail(mail("Content-Type: text/plain; format=flowed", body.replace("\n", "\r\n").encode())).text == words
    )


def test_with_delsp_the_space_before_a_soft_break_goes() -> None:
    head = "Content-Type: text/plain; charset=utf-8; format=Flowed; DelSp=Yes"
    assert (
        parse_mail(mail(head, "交換して \r\nください https://x.example/a \r\nb".encode())).text
        == "交換してください https://x.example/ab"
    )


IN_THE_MAILS_CHARSET = {
    "koi8-r": "Лампа",
    "shift_jis": "ランプが消えた",
    "windows-1255": "המנורה",
    "gb2312": "灯不亮了",
}


@pytest.mark.parametrize("charset", IN_THE_MAILS_CHARSET)
@pytest.mark.parametrize("place", ["in its headers", "in its HTML"])
def test_raw_names_and_subjects_are_in_the_charset_of_the_text(charset: str, place: str) -> None:
    words = IN_THE_MAILS_CHARSET[charset]
    kind = f"text/plain; charset={charset}" if place == "in its headers" else "text/html"
    text = words if place == "in its headers" else f"<meta charset={charset}><p>{words}</p>"
    raw = (
        f"From: {words} <ann@home.example>\nSubject: {words}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        f"Content-Type: {kind}\n\n{text}\n--b\nContent-Type: application/pdf; name={words}.pdf\n\nx\n--b--\n"
    ).encode(charset)
    parsed = parse_mail(raw)
    assert parsed.sender is not None
    assert (parsed.subject, parsed.sender.name, parsed.text) == (words, words, words)
    if place == "in its headers":
        assert [file.name for file in parsed.attachments] == [f"{words}.pdf"]


def test_python_is_asked_for_no_charset_that_a_mail_made_up() -> None:
    """It keeps each name that it is asked for as long as the process lives."""
    names: list[str] = []
    codecs.register(names.append)
    try:
        subject = " ".join(f"=?made-up-{number}?q?=FF?=" for number in range(20))
        head = f"Subject: {subject}\nContent-Type: text/plain; charset=made-up; name*=made-up-name''%FF"
        assert parse_mail(mail(head, b"Caf\xe9")).text == "Café"
        assert parse_mail(mail("Content-Type: text/html", b"<meta charset=made-up-html>Caf\xe9")).text == "Café"
    finally:
        codecs.unregister(names.append)
    assert names == []


@pytest.mark.parametrize("name", ["unicode--escape", "raw.unicode_escape", "unicode_-escape", "puny_code", "rot13"])
def test_no_spelling_makes_a_charset_of_what_is_none(name: str) -> None:
    assert from_bytes(b"\\x41-a", name) == "\\x41-a"
