"""HTML mails become readable text, and none of them takes the tracker's time."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_tickets.devtools.bench.parts.quoted_text import TALON_HTML
from mail_tickets.mail.html import html_text
from mail_tickets.mail.html.crude_text import crude_text
from mail_tickets.mail.html.html_text import text_of
from mail_tickets.mail.quoted_text import split

TALON = Path(__file__).parent.parent / "mails" / "talon"

READ = {
    "paragraphs": ("<p>One\n two</p><p>three</p>", "One two\n\nthree"),
    "lines": ("<div>One</div><div>two<br>three</div>", "One\ntwo\nthree"),
    "an empty line": ("<div>One</div><div><br></div><div>two</div>", "One\n\ntwo"),
    "a list": ("Do:<ul><li>a</li><li>b<ul><li>inner</li></ul></li></ul>now", "Do:\n\n- a\n- b\n  - inner\n\nnow"),
    "a numbered list": ("<ol><li>one</li><li><p>two</p></li></ol>", "1. one\n2. two"),
    "a table": ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><p>2</p></td></tr></table>", "a | b\n1 | 2"),
    "a table of fields": ("<table><tr><td>Name:</td><td>Ann</td></tr></table>", "Name: Ann"),
    "the lines of Outlook": (
        "<p class=MsoNormal>One</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>2</p>",
        "One\n\n2",
    ),
    "code": ("<p>See</p><pre>if x:\n    y  = 1\n\nz</pre><p>so</p>", "See\n\nif x:\n    y  = 1\n\nz\n\nso"),
    "a link": ('<a href="https://a.example/x">here</a>.', "here <https://a.example/x>."),
    "a link that says its address": ('<a href="https://a.example/">https://a.example</a>', "https://a.example"),
    "an address": ('<a href="mailto:ann@a.example">ann@a.example</a>', "ann@a.example"),
    "a link to nowhere": ('<a href="javascript:x()">here</a> <a href="#x">there</a>', "here there"),
    "a quotation": (
        "One<blockquote>two<blockquote>three</blockquote>four</blockquote>five",
        "One\n\n> two\n>\n> > three\n>\n> four\n\nfive",
    ),
    "entities": ("a &lt;b&gt; &amp;amp; &eacute;&nbsp;&#8364;", "a <b> &amp; é €"),
    "what is not for reading": ("<style>p{}</style><script>x</script><title>t</title>One<!-- no -->", "One"),
    "what is hidden": ('<div style="display: none">no<p>nor</p></div><p>One</p>', "One"),
    "a picture": ('<img src="cid:x" alt="image.png"><img src="y">', "[image.png]"),
    "a signature": ("One<br>--&nbsp;<br>Ann", "One\n-- \nAnn"),
    "a rule": ("One<hr>two", "One\n--------------------\ntwo"),
    "indentation by spaces that do not break": ("if x:<br>&nbsp;&nbsp;y", "if x:\n  y"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("page", "text"), READ.values(), ids=READ)
def test_html_is_read_as_it_would_have_been_written(page: str, text: str) -> None:
    assert text_of(page) == text


@pytest.mark.parametrize("name", TALON_HTML)
def test_the_html_reply_of_every_client_is_found(name: str) -> None:
    page = (TALON / "html_replies" / f"{name}.html").read_text("utf-8", "replace")
    assert split(text_of(page)).new.split() == ["Hi.", "I", "am", "fine.", "Thanks,", "Alex"]


@pytest.mark.parametrize(
    ("name", "words"), [("OLK_SRC_BODY_SECTION", "Reply"), ("reply-separated-by-hr", "Hi there Bob")]
)
def test_what_outlook_and_comcast_quote_is_set_aside(name: str, words: str) -> None:
    assert " ".join(split(text_of((TALON / f"{name}.html").read_text())).new.split()) == words


QUOTED = {
    "Outlook on the web": (
        '<div>New.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">Xyz: a</div><div>old</div>'
    ),
    "Outlook": (
        "<p>New.</p><div>"
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>Xyz: a'
        "</p></div></div><p>old</p>"
    ),
    "Yahoo": '<div>New.</div><div class="yahoo_quoted"><div>Xyz</div>old</div>',
    "Thunderbird": (
        '<p>New.</p><div class="moz-cite-prefix">On 10/5/14 5:20 PM, Ann wrote:<br></div>'
        '<blockquote type="cite">old</blockquote>'
    ),
    "Gmail": (
        '<div dir="ltr">New.</div><br><div class="gmail_quote">'
        '<div dir="ltr" class="gmail_attr">Xyz, 5.10.2014 17:20 &lt;'
        '<a href="mailto:a@a.example">a@a.example</a>&gt;:<br></div><blockquote class="gmail_quote">old'
        "</blockquote></div>"
    ),
}


@pytest.mark.parametrize("page", QUOTED.values(), ids=QUOTED)
def test_what_a_client_quotes_is_set_aside_in_a_language_that_nobody_knows(page: str) -> None:
    assert split(text_of(page)).new == "New."


BEFORE = {
    "in one block": "<div>{words} {above}<blockquote>old</blockquote></div>",
    "without a space": "<div>{words}{above}<blockquote>old</blockquote></div>",
    "with a line end": "<div>{words} {above}<br><blockquote type=cite><p>old</p></blockquote></div>",
    "in spans": "<p><span>{words} </span><span>{above}</span></p><blockquote>old</blockquote>",
    "with spaces that do not break": "<p>{words}&nbsp; {above}&nbsp;</p><blockquote>old</blockquote>",
    "Yahoo": '<div>{words} {above}</div><div class="yahoo_quoted">old</div>',
}
ATTRIBUTIONS = [
    "On Wed, Apr 4, 2012 at 3:59 PM, x@y.example wrote:",
    'On Wed, Apr 4, 2012 at 3:59 PM Ann &lt;<a href="mailto:ann@a.example">ann@a.example</a>&gt; wrote:',
    "Le 19 mars 2014 10:37, Cédric &lt;<a>cedric@a.example</a>&gt; a écrit&nbsp;:",
    "Am 20.06.24 um 16:20 schrieb Ann Smith:",
]


@pytest.mark.parametrize("page", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("above", ATTRIBUTIONS)
@pytest.mark.parametrize("words", ["Yes please.", "👍", "Is it on Monday?"])
def test_words_in_the_block_of_the_line_above_a_quotation_stay(page: str, above: str, words: str) -> None:
    assert split(text_of(page.format(words=words, above=above))).new == words


def test_answers_between_the_quotations_of_gmail_stay() -> None:
    page = (
        '<div class="gmail_quote">On 5 Oct 2014, Ann &lt;a@a.example&gt; wrote:<blockquote>One?'
        "</blockquote>Yes.<blockquote>Two?</blockquote>No.</div>"
    )
    assert split(text_of(page)).new == "> One?\n\nYes.\n\n> Two?\n\nNo."


def test_a_letter_that_is_passed_on_in_html_stays() -> None:
    page = (
        "<div>For you.<blockquote type=cite><div>Begin forwarded message:</div><div>It does not boot."
        "</div></blockquote></div>"
    )
    assert "> It does not boot." in split(text_of(page)).new


BOMBS = {
    "nested blocks": "<div>",
    "blocks with stray end tags": "<div></span>",
    "comments without an end": "<!--",
    "attributes without an end": '<a href="',
    "processing instructions": "<?",
    "CDATA": "<![CDATA[",
    "ampersands": "&#",
    "tables": "<table><tr><td>",
    "lists": "<ul><li>",
    "formatting": "<b><i><font>",
    "quotations": "<blockquote>",
    "paragraphs": "<p>",
    "line ends": "<br>",
    "less-than signs": "<",
}


@pytest.mark.parametrize("piece", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_read_by_the_crude_reader(piece: str) -> None:
    bomb = "Hello<br>" + piece * (html_text.CLEANED // len(piece))
    assert text_of(bomb) == crude_text(bomb)


@pytest.mark.parametrize(
    "bomb",
    [
        "<a " + " ".join(f"a{number}=1" for number in range(2_000)) + ">x</a>",
        "<p>" + "".join(f"<b id={number}>" for number in range(250)) + "</p>" + "<p>x" * 1_000,
        "<div>" * 300 + "x",
    ],
    ids=["attributes", "formatting that is opened again", "depth"],
)
def test_small_bombs_are_kept_from_the_parser(bomb: str) -> None:
    assert text_of(bomb) == crude_text(bomb)


def test_text_of_what_cannot_be_cleaned_is_crude(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_text, "HtmlWriter", None)
    assert text_of("<ul><li>One</li></ul>") == crude_text("<ul><li>One</li></ul>") == "One"


TAGS = "p /p div /div blockquote /blockquote ul ol li /ul pre /pre table tr td /table /a br hr b /b script /script !--"
PIECES = st.sampled_from(
    [f"<{tag}>" for tag in TAGS.split()]
    + ["<a href=https://a.example>", "&lt;", "&nbsp;", "\n", " ", "-->", "\0"]
    + ['<div id="appendonsend">', '<div style="display:none">', '<div class="yahoo_quoted">']
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_html_is_read(page: str) -> None:
    text = text_of(page)
    assert "\0" not in text
    assert "\r" not in text


WORD = st.text("abcxyz", min_size=1, max_size=8)


@given(
    st.lists(st.tuples(st.sampled_from(["p", "div", "li", "pre", "td", "span", "blockquote", "h1"]), WORD), max_size=20)
)
def test_no_word_is_lost(pieces: list[tuple[str, str]]) -> None:
    text = text_of("".join(f"<{tag}>{word}</{tag}> " for tag, word in pieces))
    words = [word for word in text.replace(">", " ").replace("|", " ").split() if word != "-"]
    assert "".join(words) == "".join(word for _, word in pieces)
