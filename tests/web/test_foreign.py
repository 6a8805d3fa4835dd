"""Claims about what others send: nothing of it runs, loads, or breaks a page; and about floods and faults."""

import re
from base64 import urlsafe_b64encode
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO

import pytest
from sqlalchemy.exc import OperationalError

from mail_tickets.model.records.letters import Letter
from mail_tickets.web.html_view import cleaned, html_of
from tests.support.desk import Desk
from tests.web.conftest import ANN, KIM, OLGA, SAM

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
CALLS = (
    '<script src="http://evil.example/a.js"></script>',
    '<img src="http://evil.example/b.png">',
    '<img src="//evil.example/b2.png">',
    '<style>@import "http://evil.example/c.css";</style>',
    '<p style="background: url(http://evil.example/d.png)">x</p>',
    '<link rel="stylesheet" href="http://evil.example/e.css">',
    '<meta http-equiv="refresh" content="0; url=http://evil.example/f">',
    '<iframe src="http://evil.example/g"></iframe>',
    '<svg><image href="http://evil.example/h.png"/></svg>',
    '<object data="http://evil.example/i"></object>',
    '<form action="http://evil.example/j"><input autofocus onfocus=alert(1)></form>',
    '<video poster="http://evil.example/k.png" src="http://evil.example/l"></video>',
    '<a href="javascript:alert(1)" onclick="alert(2)">x</a>',
    '<base href="http://evil.example/">',
    '<img src="data:text/html,<script>alert(1)</script>">',
)


def html_mail(html: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = ANN, "ticket1@tickets.example", "Re: door"
    mail["Message-ID"] = "<1@home.example>"
    mail.set_content("See the picture of the door.")
    mail.add_alternative(html, subtype="html")
    return mail


@pytest.mark.parametrize("call", CALLS)
def test_no_html_of_a_mail_calls_anybody(call: str) -> None:
    page = cleaned(f"<p>Before</p>{call}<p>After</p>")
    assert "evil.example" not in page
    assert not re.search(
        r"<(script|style|link|meta|iframe|svg|object|form|input|video|base)|javascript:|\son\w+=|data:", page
    )
    assert "Before" in page


def test_html_has_a_policy_and_a_frame_of_its_own_and_the_pictures_that_came_with_it(desk: Desk) -> None:
    mail = html_mail(
        '<p>The <b>door</b>: <img src="cid:door@home"></p><img src="cid:nothing"><img src="http://evil.example/x">'
    )
    part = mail.get_payload()[1]  # type: ignore[index]
    part.add_related(PIXEL, "image", "png", cid="<door@home>")  # type: ignore[union-attr]
    desk.world.brings(mail.as_bytes(), ANN, "ticket1@tickets.example")
    sam = desk.visitor(SAM)
    match = re.search(r'href="(/tickets/1/messages/\w+/html)"', sam.open("/tickets/1").html)
    assert match
    page = sam.open(match[1])
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.html
    framed = sam.get(f"{match[1]}/frame")
    policy = framed.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    body = framed.get_data(as_text=True)
    assert body.count("data:image/png;base64,") == 1
    assert "evil.example" not in body
    exact = sam.get(match[1].removesuffix("html") + "raw")
    assert exact.get_data() == mail.as_bytes()
    assert exact.headers["Content-Type"] == "application/octet-stream"


def test_a_mail_without_html_has_none() -> None:
    assert html_of(b"From: a@b.example\nSubject: x\n\nPlain <b>text</b>\n") is None


@pytest.mark.parametrize(
    ("name", "content", "type_"),
    [
        ("door.png", PIXEL, "image/png"),
        ("door.html", b"<script>alert(1)</script>", None),
        ("door.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', None),
        ("door.png", b"<html><script>alert(1)</script>", None),
        ("door.pdf", b"%PDF-1.4", None),
    ],
)
def test_only_pictures_are_shown_and_by_their_first_bytes(
    desk: Desk, name: str, content: bytes, type_: str | None
) -> None:
    ann = desk.visitor(ANN)
    page = ann.open("/tickets/1")
    ann.press(page, "/tickets/1", "Reply", text="Look.", files=[(BytesIO(content), name)])
    match = re.search(r'href="(/tickets/1/messages/\w+/files/1)"', ann.open("/tickets/1").html)
    assert match
    file = desk.visitor(SAM).get(match[1])
    assert file.get_data() == content
    assert file.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Type"] == (type_ or "application/octet-stream")
    assert file.headers["Content-Disposition"].startswith("inline" if type_ else "attachment")


HOSTILE = '"><script>alert(1)</script>\u202etxt.exe\u0000{{ 7*7 }}'


def test_files_on_their_way_to_slow_browsers_take_no_more_memory_than_there_is(desk: Desk) -> None:
    ann = desk.visitor().logs_in(ANN)
    ann.press(ann.open("/tickets/1"), "/tickets/1", "Reply", text="Look.", files=[(BytesIO(b"x" * 400_000), "a.bin")])
    match = re.search(r'href="(/tickets/1/messages/\w+/files/1)"', ann.open("/tickets/1").html)
    assert match
    in_hand = desk.site.files_in_hand
    slow = []
    while (answer := ann.get(match[1])).status_code == 200:
        slow.append(answer)
    assert answer.status_code == 429
    assert in_hand.bytes <= 8 * desk.site.max_bytes
    for connection in slow:
        connection.close()
    assert in_hand.bytes == 0
    assert ann.get(match[1]).status_code == 200


def test_titles_names_and_words_are_text(desk: Desk) -> None:
    desk.world.actor("eve@far.example", 'Eve "><img src=x onerror=alert(1)>').writes(
        "hello", HOSTILE, subject="<b>Bold</b>"
    )
    for place in ("/", "/tickets", "/tickets/2", "/tickets?q=<script>alert(1)</script>", "/tickets?queue=<script>"):
        page = desk.visitor(OLGA).open(place)
        assert not re.search(r"<script>|<img|<b>", page.html), place
        assert "49" not in page.text or "{{ 7*7 }}" in page.text


@pytest.mark.parametrize("notice", [b"[Infinity,1,[],1]", b"[" * 2_900, b"1", b"[1,1,1,1]", b"\xff"])
def test_a_notice_that_another_site_of_the_domain_has_left_breaks_no_page(desk: Desk, notice: bytes) -> None:
    ann = desk.visitor().logs_in(ANN)
    ann.client.set_cookie("desk-notice", urlsafe_b64encode(notice).decode(), domain="localhost")
    assert ann.open("/tickets/1").status == 200


def test_every_page_has_the_policies(desk: Desk) -> None:
    sam = desk.visitor(SAM)
    for place in ("/", "/tickets/1", "/nothing", "/login", "/tickets.json", "/healthz"):
        headers = sam.get(place).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), place
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert not {"ETag", "Last-Modified", "Server"} & {name for name, _ in headers}


def test_a_form_that_is_too_large_is_refused(desk: Desk) -> None:
    sam = desk.visitor(SAM)
    assert sam.post("/me/sessions", {"session": "x" * 1_100_000}).status == 413
    page = sam.open("/tickets/1")
    long = sam.press(page, "/tickets/1", "Reply", text="x" * 100_001)
    assert long.status == 422
    assert "Send it as a file" in long.text


def test_while_the_database_is_away_the_words_stay_on_the_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = desk.visitor(SAM)
    page = sam.open("/tickets/1")

    def away(*_: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("no database"))

    monkeypatch.setattr(desk.world.database, "transaction", away)
    refused = sam.press(page, "/tickets/1", "Reply", text="My long words")
    assert refused.status == 503
    assert refused.response.headers["Retry-After"]
    assert "My long words" in refused.html
    assert "SELECT" not in refused.html


def test_whoever_was_logged_out_keeps_the_words(desk: Desk) -> None:
    sam = desk.visitor(SAM)
    page = sam.open("/tickets/1")
    desk.world.clock.passes(days=31)
    refused = sam.press(page, "/tickets/1", "Reply", text="My long words")
    assert refused.status == 401
    assert "My long words" in refused.html


def test_one_click_takes_the_reader_of_a_letter_off_its_ticket(desk: Desk) -> None:
    desk.world.asks_in(1, KIM)
    desk.world.act(1, "Reply", SAM, "Soon.")
    token = next(letter.leave_token for letter in desk.world.rows(Letter) if letter.leave_token)
    nobody = desk.visitor()
    assert nobody.open(f"/unsubscribe/{token}").status == 200
    assert [person["email"] for person in desk.world.ticket(1)["unsubscribed"]] == []
    for _ in range(2):
        response = nobody.post(
            f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"}, Origin="https://mail.example"
        )
        assert response.status == 200
    assert [person["email"] for person in desk.world.ticket(1)["unsubscribed"]] == [KIM]
    assert nobody.post("/unsubscribe/nothing").status == 404


def test_mail_set_aside_is_delivered_again_and_letters_are_tried_again(desk: Desk) -> None:
    desk.world.brings(
        b"From: x@far.example\nTo: door@tickets.example\nSubject: Lost\n\nHello\n",
        "x@far.example",
        "door@tickets.example",
    )
    olga = desk.visitor(OLGA)
    page = olga.open("/unmatched")
    assert "Lost" in page.text
    number = re.search(r"/unmatched/(\d+)/redeliver", page.html)
    assert number
    refused = olga.press(page, number[0], "Deliver", to="nobody@far.example")
    assert (refused.status, "isn't an address of ours" in refused.text) == (422, True)
    response = olga.press(page, number[0], "Deliver", to="hello@tickets.example")
    assert "on ticket 2" in response.text
    assert desk.world.ticket(2)["title"] == "Lost"
    assert olga.press(page, number[0], "Deliver").status == 409
