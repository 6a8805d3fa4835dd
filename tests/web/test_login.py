"""Claims about logging in: a link works once, in one browser, for a while; nobody learns who is known here."""

import re
from datetime import timedelta

import pytest

from mail_tickets.model.erasure.erase_person import forget_person
from mail_tickets.model.operations.web_login import SESSION_LASTS, end_access, make_link, set_access
from mail_tickets.model.records.letters import Letter, State
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.records.web_access import LoginLink, WebSession
from tests.support.desk import SAME_SITE, Desk, Page, Visitor
from tests.web.conftest import ANN, KIM, OLGA, SAM


def asks(visitor: Visitor, email: str) -> Page:
    return visitor.press(visitor.open("/login"), "/login", "Send me", email=email)


def link_in_letter(desk: Desk, email: str) -> str:
    letter = next(mail for mail in reversed(desk.world.far_end.letters) if mail.recipient == email)
    match = re.search(r"http://localhost(/login/\S+)", letter.all_text)
    assert match, letter.all_text
    return match[1]


def test_a_letter_brings_a_link_whose_button_logs_in(desk: Desk) -> None:
    sam = desk.visitor()
    sent = asks(sam, SAM)
    assert sent.status == 200
    assert "is on its way" in sent.text
    link = link_in_letter(desk, SAM)
    entered = sam.press(sam.open(link), link, "Log in")
    assert (entered.status, entered.response.headers["Location"]) == (303, "/")
    assert "Sam Person" in sam.open("/").text


def test_who_opens_a_ticket_s_link_comes_back_to_it_after_the_login(desk: Desk) -> None:
    sam = desk.visitor()
    assert sam.open("/tickets/1").status == 404
    page = sam.open("/login", Referer="http://localhost/tickets/1")
    sam.press(page, "/login", "Send me", email=SAM)
    link = link_in_letter(desk, SAM)
    assert sam.press(sam.open(link), link, "Log in").response.headers["Location"] == "/tickets/1"


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/login/x",
        "javascript:1",
        "/" + "a" * 201,
        # It once took longer than anybody has, and nothing else was done meanwhile, mail neither.
        "/" + "a" * 100 + "!",
    ],
)
def test_a_login_leads_to_no_other_site(desk: Desk, place: str) -> None:
    sam = desk.visitor()
    sam.press(sam.open("/login"), "/login", "Send me", email=SAM, leads_to=place)
    link = link_in_letter(desk, SAM)
    assert sam.press(sam.open(link), link, "Log in").response.headers["Location"] == "/"


@pytest.mark.parametrize("header", ["Referer", "Origin"])
def test_what_a_browser_calls_its_page_may_be_no_address(desk: Desk, header: str) -> None:
    sam = desk.visitor()
    assert sam.open("/login", **{header: "http://[/"}).status == 200
    assert sam.post("/login", **{header: "http://[/"}).status == 403


def test_looking_at_a_link_uses_nothing_up(desk: Desk) -> None:
    """Scanners open every link of a mail, some of them by HEAD."""
    sam = desk.visitor()
    asks(sam, SAM)
    link = link_in_letter(desk, SAM)
    for _ in range(3):
        assert sam.get(link).status_code == 200
        assert sam.client.head(link, base_url="http://localhost").status_code == 200
    assert sam.open("/").status == 303
    assert sam.press(sam.open(link), link, "Log in").status == 303


def test_a_link_works_once(desk: Desk) -> None:
    link = made_link(desk, SAM)
    assert desk.visitor().post(link).status == 303
    for again in (desk.visitor().post(link), desk.visitor().open(link)):
        assert again.status == 404
        assert "used before, or is too old" in again.text


def made_link(desk: Desk, email: str) -> str:
    with desk.world.uow() as uow:
        return f"/login/{make_link(uow, get_person(uow, email))}"


def test_a_link_ends_after_fifteen_minutes(desk: Desk) -> None:
    link = made_link(desk, SAM)
    desk.world.clock.passes(minutes=14, seconds=59)
    assert desk.visitor().open(link).status == 200
    desk.world.clock.passes(seconds=1)
    assert desk.visitor().open(link).status == 404
    assert desk.visitor().post(link).status == 404


def test_a_link_of_a_letter_works_only_in_the_browser_that_asked(desk: Desk) -> None:
    sam, thief = desk.visitor(), desk.visitor()
    asks(sam, SAM)
    link = link_in_letter(desk, SAM)
    thief.open("/login")
    for stolen in (thief.open(link), thief.post(link)):
        assert stolen.status == 404
        assert "another browser" in stolen.text
    assert sam.press(sam.open(link), link, "Log in").status == 303


@pytest.mark.parametrize("email", ["nobody@far.example", "stranger@far.example", SAM])
def test_the_answer_is_the_same_whether_somebody_is_known_or_not(desk: Desk, email: str) -> None:
    desk.world.actor("stranger@far.example").writes("ticket1", "Let me in.")
    response = asks(desk.visitor(), email)
    assert response.status == 200
    assert response.html.replace(email, "X") == asks(desk.visitor(), "other@far.example").html.replace(
        "other@far.example", "X"
    )
    wrote = [letter for letter in desk.world.rows(Letter) if letter.kind == "login"]
    assert len(wrote) == (email == SAM)


def test_a_letter_goes_to_the_address_that_was_typed(desk: Desk) -> None:
    with desk.world.uow() as uow:
        add_alias(uow, SAM, "sam@home.example")
    sam = desk.visitor()
    asks(sam, "Sam@HOME.example")
    assert link_in_letter(desk, "sam@home.example")


def test_three_letters_an_hour_and_no_more(desk: Desk) -> None:
    for _ in range(6):
        assert asks(desk.visitor(), SAM).status == 200
    assert len([row for row in desk.world.rows(Letter) if row.kind == "login"]) == 3
    desk.world.clock.passes(hours=1)
    asks(desk.visitor(), SAM)
    assert len([row for row in desk.world.rows(Letter) if row.kind == "login"]) == 4


def test_whoever_asks_for_many_reaches_few(desk: Desk) -> None:
    """Twenty an hour from one network, whomever they are for."""
    for number in range(25):
        desk.world.known(f"p{number}@far.example")
        asks(desk.visitor(), f"p{number}@far.example")
    assert len([row for row in desk.world.rows(Letter) if row.kind == "login"]) == 20


def test_no_secret_is_kept(desk: Desk) -> None:
    sam = desk.visitor()
    asks(sam, SAM)
    link = link_in_letter(desk, SAM)
    sam.press(sam.open(link), link, "Log in")
    cookie = sam.client.get_cookie("desk", "localhost")
    assert cookie is not None
    letter = next(row for row in desk.world.rows(Letter) if row.kind == "login")
    assert letter.state == State.SENT
    kept = [
        letter.text,
        *(row.digest for row in desk.world.rows(WebSession)),
        *(row.digest for row in desk.world.rows(LoginLink)),
    ]
    assert not any(secret in value for value in kept for secret in (cookie.value, link.removeprefix("/login/")))


def test_each_login_has_a_secret_of_its_own(desk: Desk) -> None:
    """A cookie that somebody planted before does not become a session."""
    sam = desk.visitor()
    sam.client.set_cookie("desk", "planted", domain="localhost")
    sam.logs_in(SAM)
    cookie = sam.client.get_cookie("desk", "localhost")
    assert cookie is not None
    assert cookie.value != "planted"
    thief = desk.visitor()
    thief.client.set_cookie("desk", "planted", domain="localhost")
    assert thief.open("/").status == 303


def ends(desk: Desk, how: str) -> None:
    with desk.world.uow() as uow:
        if how == "forget":
            forget_person(uow, SAM)
            return
        if how == "no access":
            set_access(uow, get_person(uow, SAM), allowed=False)
            return
    with desk.world.uow() as uow:
        add_alias(uow, *{"alias": (SAM, KIM), "is an alias": (KIM, SAM)}[how])


@pytest.mark.parametrize("how", ["alias", "is an alias", "forget", "no access"])
def test_a_session_and_a_link_end_with_their_person(desk: Desk, how: str) -> None:
    sam, kim, link = desk.visitor(SAM), desk.visitor(KIM), made_link(desk, SAM)
    ends(desk, how)
    assert sam.open("/").status == 303
    assert desk.visitor().post(link).status == 404
    if how not in ("forget", "no access"):
        assert kim.open("/").status == 303


def test_a_session_ends_by_logging_out(desk: Desk) -> None:
    sam = desk.visitor(SAM)
    cookie = sam.client.get_cookie("desk", "localhost")
    assert cookie is not None
    left = sam.press(sam.open("/me"), "/logout", "Log out")
    assert (left.status, left.response.headers["Location"]) == (303, "/login")
    sam.client.set_cookie("desk", cookie.value, domain="localhost")
    assert sam.open("/").status == 303


def test_each_session_can_be_ended_from_another_browser(desk: Desk) -> None:
    laptop, phone = desk.visitor(SAM), desk.visitor(SAM)
    page = laptop.open("/me")
    other_forms = [form for form in page.forms if form.action == "/me/sessions"]
    assert len(other_forms) == 2
    laptop.post("/me/sessions", other_forms[0].fields)
    states = sorted([laptop.open("/").status, phone.open("/").status])
    assert states == [200, 303]


def test_nobody_ends_the_session_of_another(desk: Desk) -> None:
    sam, olga = desk.visitor(SAM), desk.visitor(OLGA)
    session = next(row.id for row in desk.world.rows(WebSession))
    token = sam.open("/me").form("/logout").fields["token"]
    for number in range(session, session + 3):
        olga_token = olga.open("/me").form("/logout").fields["token"]
        assert token != olga_token
        sam.post("/me/sessions", {"token": token, "session": str(number)}) if number != session else None
    assert olga.open("/").status == 200


@pytest.mark.parametrize(("email", "idle", "lives"), [(OLGA, 13, False), (OLGA, 10, True), (SAM, 13, True)])
def test_an_administrator_s_session_ends_unused(desk: Desk, email: str, idle: int, *, lives: bool) -> None:
    visitor = desk.visitor(email)
    desk.world.clock.passes(hours=idle)
    assert (visitor.open("/").status == 200) == lives


def test_a_session_in_use_lives_on_but_for_thirty_days(desk: Desk) -> None:
    olga = desk.visitor(OLGA)
    for _ in range(int(SESSION_LASTS / timedelta(hours=10))):
        assert olga.open("/").status == 200
        desk.world.clock.passes(hours=10)
    desk.world.clock.passes(hours=10)
    assert olga.open("/").status == 303


def test_a_right_that_is_taken_away_is_gone_at_the_next_page(desk: Desk) -> None:
    sam = desk.visitor(SAM)
    assert sam.open("/tickets/1").status == 200
    with desk.world.uow() as uow:
        from mail_tickets.model.records.queue_setup import remove_responder
        from mail_tickets.model.records.queues import find_queue

        remove_responder(uow, find_queue(uow, "General"), get_person(uow, SAM))
    assert sam.open("/tickets/1").status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
def test_another_site_s_page_logs_nobody_in_or_out(desk: Desk, headers: dict[str, str]) -> None:
    link, ann = made_link(desk, SAM), desk.visitor(ANN)
    assert ann.post(link, None, **headers).status == 403
    token = ann.open("/me").form("/logout").fields["token"]
    assert ann.post("/logout", {"token": token}, **headers).status == 403
    assert "Ann Archer" in ann.open("/me").text


@pytest.mark.parametrize("token", ["", "0" * 32, "ä"])
def test_a_form_needs_the_token_of_its_session(desk: Desk, token: str) -> None:
    ann = desk.visitor(ANN)
    assert ann.post("/logout", {"token": token}).status == 403
    assert ann.open("/").status == 200


def test_the_token_of_another_session_is_none(desk: Desk) -> None:
    ann, sam = desk.visitor(ANN), desk.visitor(SAM)
    token = sam.open("/me").form("/logout").fields["token"]
    assert ann.post("/logout", {"token": token}).status == 403


def test_nothing_is_done_by_looking(desk: Desk) -> None:
    ann = desk.visitor(ANN)
    token = ann.open("/me").form("/logout").fields["token"]
    assert ann.open(f"/logout?token={token}").status == 405
    assert ann.open("/").status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", ""])
def test_pages_answer_by_their_own_names_alone(desk: Desk, host: str) -> None:
    """Else a page of another site could read ours by a name that it lets lead to this machine."""
    assert desk.visitor(ANN).get("/", base_url="http://localhost", headers={"Host": host}).status_code in (400, 421)


def test_a_forged_proxy_header_changes_nothing(desk: Desk) -> None:
    ann = desk.visitor(ANN)
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    response = ann.client.post("/logout", headers=SAME_SITE | forged, base_url="http://localhost")
    assert response.status_code == 403
    assert "evil.example" not in ann.get("/", headers=forged).get_data(as_text=True)


def test_an_unknown_address_offers_what_its_visitor_can_use(desk: Desk) -> None:
    visitor, link = desk.visitor(), made_link(desk, SAM)
    assert '<a href="/login">' in visitor.open("/nothing").html
    visitor.post(link)
    assert '<a href="/login">' not in visitor.open("/nothing").html
    assert '<a href="/">Go to my work</a>' in visitor.open("/nothing").html
    # Of one that has ended the page cannot know; what it offers leads to the login.
    with desk.world.uow() as uow:
        end_access(uow, get_person(uow, SAM))
    assert visitor.open("/").response.headers["Location"] == "/login"
