import email
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_tickets.mail.body_parts.charsets import from_bytes
from mail_tickets.mail.body_parts.encoded_words import decoded
from mail_tickets.mail.html.crude_text import crude_text
from mail_tickets.mail.text import one_line, printable, storable

any_text = st.text(st.characters(codec=None, exclude_categories=()))


@given(any_text)
def test_storable_text_goes_into_a_database(text: str) -> None:
    kept = storable(text)
    kept.encode("utf-8")
    assert "\0" not in kept
    assert "\r" not in kept
    assert storable(kept) == kept


@given(any_text, st.integers(1, 40))
def test_one_line_is_one_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    line.encode("utf-8")
    assert len(line) <= limit
    assert line.splitlines() in ([line], [])
    assert one_line(line, limit) == line


def test_white_space_and_controls_leave_a_line() -> None:
    assert one_line(" a\r\n\tb\u2028c\x85d\x07e\u202ef\u2066\ufeff\u200b\U000e0041g ") == "a b c defg"


@pytest.mark.parametrize("text", ["שלום \u200fעולם", "नमस्ते", "e\u0301", "👩\u200d💻", "日本語"])
def test_every_script_stays_as_written(text: str) -> None:
    assert one_line(text) == printable(text) == storable(text) == text


def test_shown_text_keeps_its_lines_and_loses_what_moves_a_cursor() -> None:
    assert printable("a\r\n\tb\x1b[31mc\x9bd\u202ee") == "a\n\tb[31mcde"


DECODED = {
    "plain": ("Hello", "Hello"),
    "Q": ("=?utf-8?q?gr=C3=BC=C3=9Fe_dich?=", "grüße dich"),
    "B": ("=?iso-8859-1?B?5A==?= x", "ä x"),
    "neighbours are joined": ("=?utf-8?q?a?=\r\n =?iso-8859-1?q?b?=", "ab"),
    "a character over two words": ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
    "text between stays": ("=?utf-8?q?a?= and =?utf-8?q?b?= c", "a and b c"),
    "a fold": ("one\r\n two", "one two"),
    "language": ("=?utf-8*en?q?hi?=", "hi"),
    "spaces and marks inside": ("=?utf-8?q?what is? it?=", "what is? it"),
    "no padding": ("=?utf-8?b?YQ?=", "a"),
    "bad base64": ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
    "unknown charset": ("=?nonsense?q?=E4?=", "ä"),
    "a codec of Python": ("=?hex?q?61?= =?rot13?q?n?=", "61n"),
    "raw UTF-8": ("gr\udcc3\udcbcn", "grün"),
    "raw Latin-1": ("gr\udcfcn", "grün"),
    "NUL and surrogates": ("a\0=?utf-7?q?+2AA-?=\ud800", "a\ufffd\ufffd\ufffd"),
    "cut off": ("=?utf-8?q?abc", "abc"),
}


@pytest.mark.parametrize(("value", "expected"), DECODED.values(), ids=DECODED)
def test_a_header_is_decoded(value: str, expected: str) -> None:
    assert decoded(value) == expected


def test_a_header_object_of_the_standard_library_is_decoded() -> None:
    raw = email.message_from_bytes("Subject: grün\n\n".encode())
    assert isinstance(raw["Subject"], Header)
    assert decoded(raw["Subject"]) == "grün"
    assert decoded(Header("grün", "utf-8")) == "grün"
    assert decoded(None) == "None"


@given(st.text(st.sampled_from("=?utf-8qbQB_=3D aZ*\n\udcff\0")))
def test_any_header_is_decoded_without_an_error(value: str) -> None:
    decoded(value).encode("utf-8")


@pytest.mark.parametrize("piece", ["=?a?q?", "=?utf-8?q?a?= ", "=?x?b?a?= =?y?b?a?=", "=?", "?=", "\r\n "])
def test_a_hostile_header_is_decoded_to_its_limit(piece: str) -> None:
    assert len(decoded(piece * (1_000_000 // len(piece)))) <= 65_536


CHARSETS = {
    "declared": (b"\xa4", "iso-8859-15", "€"),
    "Windows under a Latin-1 flag": (b"\x93a\x94", "iso-8859-1", "“a”"),
    "ASCII that is UTF-8": ("ü".encode(), "us-ascii", "ü"),
    "ASCII that is Windows": (b"\xfc", "us-ascii", "ü"),
    "none": (b"\xfc", None, "ü"),
    "unknown": ("ü".encode(), "unknown-8bit", "ü"),
    "UTF-8 under another flag": ("я".encode(), "shift_jis", "я"),
    "wrong bytes": (b"\xc3\xbc\xffb", "utf-8", "ü\ufffdb"),
    "Windows under a UTF-8 flag": (b"Gr\xf6\xdfe", "utf-8", "Größe"),
    "UTF-16 that is ASCII": (b"plain words", "utf-16", "plain words"),
    "UTF-16 under another flag": ("\ufeffa\u4e00".encode("utf-16-le"), "utf-8", "a一"),
    "UTF-32": ("ü".encode("utf-32"), "utf-32", "ü"),
    "Japanese without a flag": (b"a \x1b$B-!\x1b(B b", None, "a ① b"),
    "Japanese under another flag": (b"\x1b$B%i%s%W\x1b(B", "us-ascii", "ランプ"),
    "NUL in the name": (b"a", "\0utf-8", "a"),
    "a zip bomb": (b"x\x9c", "zlib", "xœ"),
    "an escape of Python": (b"\\x41", "unicode_escape", "\\x41"),
    "byte order mark": (b"\xef\xbb\xbfa", "utf-8", "a"),
    "Japanese": ("日本".encode("iso-2022-jp"), "ISO-2022-JP", "日本"),
    "GBK under a GB2312 flag": ("鎔".encode("gbk"), "gb2312", "鎔"),
}


@pytest.mark.parametrize(("raw", "charset", "expected"), CHARSETS.values(), ids=CHARSETS)
def test_bytes_become_the_text_that_was_meant(raw: bytes, charset: str | None, expected: str) -> None:
    assert from_bytes(raw, charset) == expected


@given(
    st.binary(),
    st.sampled_from([None, "utf-8", "utf-16", "utf-7", "gb18030", "iso-2022-jp", "hz", "base64", "idna", "x"]),
)
def test_any_bytes_become_storable_text(raw: bytes, charset: str | None) -> None:
    text = from_bytes(raw, charset)
    assert storable(text) == text


def test_a_character_that_a_limit_cut_in_two_is_left_out() -> None:
    assert from_bytes("aü".encode()[:2], "utf-8", cut=True) == "a"


HTML = {
    "lines": ("<div>a</div><div>b<br>c</div>", "a\nb\nc"),
    "an empty line": ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
    "white space": ("a\n  <b>b</b>\tc", "a b c"),
    "entities": ("1 &lt; 2 &amp;&nbsp;3 &#8364;", "1 < 2 & 3 €"),
    "not for reading": ("<head><title>t</title></head><body>a<style>s{}</style><script>if (a<b) x</script>b", "ab"),
    "a head never closed": ("<head><title>t</title><body>a", "a"),
    "comments": ("a<!-- <b>no</b> > -->b<!-- never closed", "ab never closed"),
    "marks in attributes": ("<a title=\"x > y\" href='z'>link</a>", "link"),
    "a quote never closed": ('<a title="x>link</a> more', "link more"),
    "mathematics": ("a < b", "a < b"),
    "rows": ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
    "NUL": ("a\0b&#0;", "a\ufffdb\ufffd"),
    "a number without end": (f"a&#{'9' * 5000};", f"a&#{'9' * 5000};"),
}


@pytest.mark.parametrize(("html", "expected"), HTML.values(), ids=HTML)
def test_html_gives_its_words(html: str, expected: str) -> None:
    assert crude_text(html) == expected


@pytest.mark.parametrize(
    "piece", ["<", "<!--", '<a href="', "<a '", "<style>", "</", "<div>", "&", "&#9", "<b \"'", "<?", "<p>x"]
)
def test_hostile_html_is_read_to_its_end(piece: str) -> None:
    assert len(crude_text(piece * (300_000 // len(piece)))) <= 300_000


@given(st.text(st.sampled_from("<>/!-ab\"'& #;psc\n")))
def test_any_html_is_read_without_an_error(html: str) -> None:
    crude_text(html).encode("utf-8")
