"""The claim that outsiders learn nothing of private words: every byte that they get is the same before and after some.

And that to whoever may not see a ticket it is a ticket that is not there. A new route without a row here fails.
"""

import re
from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from mail_tickets.model.desk.message_keys import message_key
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.queue_setup import add_reader, add_responder
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.search.indexer import catch_up
from tests.support.desk import Desk, Visitor
from tests.support.world import DOMAIN, World, person_of
from tests.web.conftest import ANN, KIM, OLGA, SAM, UNA, populated

BEA, QUIN, RITA = "bea@home.example", "quin@team.example", "rita@team.example"
CANARY = "Canarybird"
# Who may see the public part of the ticket, and who may see nothing of it.
READERS = (ANN, BEA)
OUTSIDERS: tuple[str | None, ...] = (KIM, QUIN, RITA, None)
# What is asked for at each route; K is the key of a public message, P that of the private one.
ASKED: dict[str, tuple[str, ...]] = {
    "answer.ask_merge": ("/tickets/1/merge?into=2", "/tickets/1/merge?into=1", "/tickets/2/merge?into=1"),
    "files.static_file": ("/static/desk.css", "/static/nothing"),
    "foreign.file": ("/tickets/1/messages/K/files/1", "/tickets/1/messages/P/files/1"),
    "foreign.frame": ("/tickets/1/messages/K/html/frame", "/tickets/1/messages/P/html/frame"),
    "foreign.html": ("/tickets/1/messages/K/html", "/tickets/1/messages/P/html"),
    "foreign.raw": ("/tickets/1/messages/K/raw", "/tickets/1/messages/P/raw"),
    "health.health": ("/healthz",),
    "lists.tickets": (
        "/tickets",
        "/tickets?status=any",
        "/tickets?order=oldest",
        "/tickets?waits=us",
        f"/tickets?q={CANARY}",
        "/tickets?q=door",
        "/tickets?queue=General",
        "/tickets?q=1",
    ),
    "lists.tickets_json": ("/tickets.json", "/tickets.json?status=any&order=oldest"),
    "lists.work": ("/",),
    "login.ask": ("/login",),
    "login.offer": ("/login/nothing",),
    "me.show": ("/me",),
    "queues.show": ("/queues/General", "/queues/Nope"),
    "ticket.news": ("/tickets/1/news?seen=K", "/tickets/1/news?seen=P", "/tickets/1/news"),
    "ticket.show": ("/tickets/1", "/tickets/1?before=K", "/tickets/1?before=P", "/tickets/2"),
    "ticket.show_json": ("/tickets/1.json",),
    "trays.outbox": ("/outbox", "/outbox?state=sent"),
    "trays.unmatched": ("/unmatched",),
    "trays.unmatched_raw": ("/unmatched/1/raw",),
    "unsubscribe.ask": ("/unsubscribe/nothing",),
}
EVERYWHERE = [place for row in ASKED.values() for place in row]
KEY = re.compile(r"\b[KP]\b")
# Forms: what an outsider sends with a good token, and what they get.
SENT: dict[str, tuple[str, dict[str, str], tuple[int, ...]]] = {
    "answer.post": ("/tickets/1", {"do": "note|x", "text": "Hi", "once": "1"}, (404, 409)),
    "answer.basics": ("/tickets/1/basics", {"priority": "5"}, (404, 422)),
    "answer.merge": ("/tickets/1/merge", {"into": "2"}, (404, 422)),
    "answer.undo": ("/tickets/1/undo", {}, (404, 409)),
    "login.enter": ("/login/nothing", {}, (404,)),
    "login.leave": ("/logout", {"token": "wrong"}, (403, 401)),
    "login.send": ("/login", {"email": ANN}, (403,)),
    "me.end": ("/me/sessions", {"session": "nonsense"}, (303,)),
    "trays.dismiss": ("/unmatched/1/dismiss", {}, (404,)),
    "trays.redeliver": ("/unmatched/1/redeliver", {}, (404,)),
    "trays.retry_letter": ("/outbox/1/retry", {}, (404,)),
    "unsubscribe.leave": ("/unsubscribe/nothing", {}, (404,)),
}


@pytest.fixture
def desk(small_inbox: World) -> Desk:
    """The pages of a shared inbox."""
    return with_a_private_note(small_inbox)


def with_a_private_note(world: World) -> Desk:
    """The pages of a tracker with two tickets of Ann's; on the first is Bea, and the team has talked in private.

    Quin answers for another queue, and Rita reads it.
    """
    populated(world)
    world.known(BEA, "Bea")
    world.asks_in(1, BEA)
    world.known(QUIN, "Quin")
    with world.uow() as uow:
        add_responder(uow, find_queue(uow, "Questions"), person_of(uow, QUIN))
    world.known(RITA, "Rita")
    with world.uow() as uow:
        add_reader(uow, find_queue(uow, "Questions"), person_of(uow, RITA))
    world.opens(ANN, "Lost key", "It is the key to the door.")
    world.actor(ANN, "Ann Archer").writes("ticket1", "Here is more of it.")
    world.act(1, "Comment", SAM, "The first private note.", private=True)
    catch_up(world.database)
    return Desk(world)


def test_every_route_has_a_row(desk: Desk) -> None:
    endpoints = {rule.endpoint for rule in desk.application.url_map.iter_rules() if "GET" in (rule.methods or ())}
    sent = {rule.endpoint for rule in desk.application.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert endpoints == {*ASKED}
    assert sent == {*SENT}


def keys(world: World) -> dict[str, str]:
    with world.database.read_only() as uow:
        ids = {message.private: message.id for message in world.rows(Message) if message.ticket_id == 1}
        return {"K": message_key(uow, ids[False]), "P": message_key(uow, ids[True])}


def all_pages(
    visitor: Visitor, places: dict[str, str], paths: Iterable[str] = EVERYWHERE
) -> dict[str, tuple[int, list[Any], bytes]]:
    """Every answer that somebody gets: status, headers, bytes. What is drawn anew for each page is left out."""
    pages = {}
    for place in paths:
        path = KEY.sub(lambda key: places[key[0]], place)
        response = visitor.get(path)
        body = re.sub(rb'name="once" value="\w+"', b"", response.get_data())
        body = re.sub(rb'name="token" value="\w+"', b"", body)
        headers = [header for header in response.headers if header[0] not in ("Date", "Set-Cookie", "Content-Length")]
        pages[place] = (response.status_code, headers, body)
    return pages


def talks_in_private(world: World) -> None:
    """The team writes among itself, by command and by mail, and sets what is its own; nobody's clock moves."""
    now = world.clock.now
    world.act(1, "Comment", UNA, f"{CANARY} {CANARY}", private=True)
    una = world.actor(UNA, "Una Berg")
    una.writes("ticket1-comment", f"{CANARY} by mail.", subject=CANARY, headers={"X-Canary": CANARY})
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = UNA, f"ticket1-comment@{DOMAIN}", CANARY
    mail.set_content(f"{CANARY} with a file.")
    mail.add_attachment(CANARY.encode(), maintype="image", subtype="png", filename=f"{CANARY}.png")
    world.brings(mail.as_bytes(), UNA, f"ticket1-comment@{DOMAIN}")
    world.sets(1, UNA, priority=9)
    catch_up(world.database)
    world.clock.now = now


@pytest.mark.parametrize("email", [*READERS, *OUTSIDERS])
def test_private_words_change_no_byte_of_what_outsiders_get(desk: Desk, email: str | None) -> None:
    visitor, places = desk.visitor(email), keys(desk.world)
    before = all_pages(visitor, places)
    talks_in_private(desk.world)
    after = all_pages(visitor, places)
    assert {place for place in before if before[place] != after[place]} == set()
    assert {place for place, (_, _, body) in after.items() if CANARY.encode() in body and "q=" not in place} == set()
    if email in READERS:
        assert before["/tickets/1"][0] == 200


@pytest.mark.parametrize("email", [*READERS, *OUTSIDERS, SAM])
def test_no_page_shows_the_id_of_somebodys_letter(desk: Desk, email: str | None) -> None:
    """Whoever knows it could write in its reader's name. The team's exact mails have what they answer."""
    world = desk.world
    sam, una, ann = (world.actor(email) for email in (SAM, UNA, ANN))
    una.replies(una.letters[0], "I look into it.")
    ann.replies(ann.letter(), "Good.")
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Message-ID"] = UNA, f"ticket1@{DOMAIN}", "<1@team.example>"
    mail["In-Reply-To"] = una.letter()["Message-ID"]
    mail.set_content("See the letter.")
    mail.add_attachment(una.letter().mail)
    world.brings(mail.as_bytes(), UNA, f"ticket1@{DOMAIN}")
    assert sam.letter().text.startswith("Una Berg wrote:")
    ids_of_others = [id_ for id_, to in world.rows(Letter.message_id, Letter.recipient) if to != email]
    ids = [id_.partition(".")[2].partition("@")[0].encode() for id_ in ids_of_others]
    visitor = desk.visitor(email)
    with world.database.read_only() as uow:
        places = [message_key(uow, number) for number in world.rows(Message.id)]
    by_message = [place for place in EVERYWHERE if KEY.search(place)]
    for number, key in enumerate(places):
        # What names no message is the same for each of them.
        paths = by_message if number else EVERYWHERE
        for place, (status, _, body) in all_pages(visitor, {"K": key, "P": key}, paths).items():
            exact = email == SAM and (place.endswith("/raw") or "/files/" in place)
            assert exact or not any(id_ in body for id_ in ids), (place, status)


@pytest.mark.parametrize("email", [*READERS, KIM, None])
def test_in_a_queue_of_questions_they_change_no_byte_either(database_url: str, email: str | None) -> None:
    """There whoever is known reads the public messages."""
    world = World(database_url, lifecycle="support")
    desk = with_a_private_note(world)
    visitor, places = desk.visitor(email), keys(world)
    before = all_pages(visitor, places)
    assert before["/tickets/1"][0] == (200 if email else 404)
    talks_in_private(world)
    after = all_pages(visitor, places)
    assert {place for place in before if before[place] != after[place]} == set()
    world.close()


@pytest.mark.parametrize("email", [SAM, OLGA])
def test_the_team_does_see_them(desk: Desk, email: str) -> None:
    """Or the claim above would hold of pages that show nothing."""
    visitor, places = desk.visitor(email), keys(desk.world)
    before = all_pages(visitor, places)
    talks_in_private(desk.world)
    after = all_pages(visitor, places)
    changed = {place for place in before if before[place] != after[place]}
    assert {"/tickets/1", "/tickets/1.json", f"/tickets?q={CANARY}"} <= changed


@pytest.mark.parametrize("email", OUTSIDERS)
def test_a_ticket_that_somebody_may_not_see_is_a_ticket_that_is_not_there(desk: Desk, email: str | None) -> None:
    visitor, places = desk.visitor(email), keys(desk.world)
    pages = all_pages(visitor, places)
    for place, (status, headers, body) in pages.items():
        if place.startswith("/tickets/1"):
            absent = visitor.get(
                re.sub(r"\b[KP]\b", lambda key: places[key[0]], place.replace("/tickets/1", "/tickets/999"))
            )
            assert (status, body) == (404, absent.get_data()), place
            assert headers == [
                header for header in absent.headers if header[0] not in ("Date", "Set-Cookie", "Content-Length")
            ]
    for name, (path, fields, _) in SENT.items():
        if path.startswith("/tickets/1"):
            response = sends(visitor, path, fields)
            absent_one = sends(visitor, path.replace("/tickets/1", "/tickets/999"), fields)
            assert (response.status, response.html) == (absent_one.status, absent_one.html), name


def sends(visitor: Visitor, path: str, fields: dict[str, str]) -> Any:
    page = visitor.open("/me")
    token = page.form("/logout").fields["token"] if page.status == 200 else ""
    return visitor.post(path, {"token": token, **fields})


@pytest.mark.parametrize("email", [*READERS, *OUTSIDERS])
def test_no_form_lets_an_outsider_do_what_is_the_teams(desk: Desk, email: str | None) -> None:
    visitor, before = desk.visitor(email), str(desk.world.ticket(1))
    for name, (path, fields, statuses) in SENT.items():
        response = sends(visitor, path, fields)
        allowed = statuses if email else (*statuses, 401, 403)
        assert response.status in allowed, (name, response.status, response.text)
        assert "first private note" not in response.html
    assert str(desk.world.ticket(1)) == before


def test_the_requestor_is_stopped_by_no_private_note(desk: Desk) -> None:
    """A refusal for something new would tell of it."""
    ann = desk.visitor(ANN)
    page = ann.open("/tickets/1")
    talks_in_private(desk.world)
    assert ann.press(page, "/tickets/1", "Reply", text="Thank you for looking.").status == 303
