"""Claims about imports: one ticket a thread with the dates of its mails, nothing twice, and nobody hears of it."""

import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from mail_tickets.archive.importing import run, staging
from mail_tickets.archive.importing.planned_mails import RETURNED
from mail_tickets.archive.importing.posting import ThreadPoster
from mail_tickets.archive.importing.staging_area import open_context
from mail_tickets.archive.reading.sources import Fault
from mail_tickets.mail.addresses import Mailbox
from mail_tickets.mail.parsed import parse_mail
from mail_tickets.model.lifecycle.tables import NoSuchStatus
from mail_tickets.model.records.imported_mail import Archived
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.queue_setup import add_responder
from mail_tickets.model.records.queues import NoSuchQueue, find_queue
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.records.registration import add_person
from mail_tickets.model.storage.database import STATEMENT_SECONDS
from tests.support.archives import DAY, Archive, content, old_mail, short
from tests.support.world import DOMAIN, World

MAILS = Path(__file__).parent.parent / "mails"
RON = "ron@club.example"
ANN, BOB, BRITTA, LIST = "ann@example.org", "bob@example.com", "britta@office.example", "all@office.example"


@pytest.fixture
def archive(world: World, tmp_path: Path) -> Archive:
    return Archive(world, tmp_path)


@pytest.fixture
def small(small_world: World, tmp_path: Path) -> Archive:
    return Archive(small_world, tmp_path)


@pytest.fixture
def supporting(small_world: World, tmp_path: Path) -> Archive:
    return Archive(small_world, tmp_path, "support")


def on(days: float) -> str:
    """A day of the old mails, as tickets show it."""
    return (DAY + timedelta(days=days)).isoformat()


THREAD = (
    old_mail("1", "Ann <ann@example.org>"),
    old_mail("2", RON, days=1, subject="Re: Printer", to="ann@example.org", answers=["1"]),
    old_mail("3", "ann@example.org", days=2, subject="Re: Printer", answers=["1", "2"]),
)


# What becomes of a thread


def test_a_thread_becomes_one_ticket_with_its_own_dates(archive: Archive) -> None:
    report = archive.imports(*THREAD, responders=[RON])
    assert (report.mails, report.threads, report.tickets, report.duplicates, report.unreadable) == (3, 1, 1, 0, 0)
    [ticket] = archive.tickets()
    assert (ticket["queue"], ticket["title"], ticket["status"]) == ("Archive", "Printer", "resolved")
    assert ticket["requestor"] == {"email": "ann@example.org", "name": "Ann"}
    assert (ticket["created"], ticket["last_query"], ticket["last_response"]) == (on(0), on(2), on(1))
    assert ticket["solved"] == on(2)
    messages = [
        (message["number"], message["action"], message["new_status"], message["date"]) for message in ticket["messages"]
    ]
    assert messages == [(1, None, "new", on(0)), (2, "Reply", "open", on(1)), (3, "Reply", "open", on(2))]
    assert [(change["old"], change["new"]) for change in ticket["changes"]] == [("new", "open"), ("open", "resolved")]


def test_the_tables_of_the_queue_say_what_each_mail_did(supporting: Archive) -> None:
    supporting.imports(*THREAD, status="answered")
    [ticket] = supporting.tickets()
    messages = [(message["action"], message["new_status"]) for message in ticket["messages"]]
    assert messages == [(None, "Open"), ("Answer", "Answered"), ("Reopen", "Open")]
    assert (ticket["status"], ticket["solved"]) == ("Answered", None)


def test_a_status_that_the_queue_does_not_have_is_refused(small: Archive) -> None:
    with pytest.raises(NoSuchStatus, match="new, open, stalled, resolved or rejected"):
        small.imports(*THREAD, status="Solved")
    with pytest.raises(NoSuchQueue):
        run.import_archive(small.world.database, run.ImportRequest("x", "Nowhere", 9), None, lambda step: None)
    assert small.tickets() == []


def test_the_exact_mail_is_kept_and_attachments_are_known(small: Archive) -> None:
    raw = next(path for path in sorted(MAILS.rglob("*.eml")) if b"filename=" in path.read_bytes()).read_bytes()
    (small.folder / "one.eml").write_bytes(raw)
    small.takes(small.folder / "one.eml")
    assert small.world.rows(Mail.raw) == [raw]
    assert small.tickets()[0]["messages"][0]["attachments"]


def test_machines_and_lists_are_marked_and_machines_change_nothing(small: Archive) -> None:
    away = old_mail("4", "ann@example.org", days=3, answers=["2"], subject="Away", Auto_Submitted="auto-replied")
    small.imports(*THREAD[:2], away, responders=[RON])
    [ticket] = small.tickets()
    assert (ticket["messages"][2]["automatic"], ticket["messages"][2]["private"]) == (True, True)
    assert ticket["messages"][2]["new_status"] == "open"
    small.imports(old_mail("5", List_Id="<club.example>", subject="On a list"))
    assert small.world.rows(Message.listed) == [False, False, False, True]


def test_a_bounce_stands_with_the_mail_that_it_brings_back(small: Archive) -> None:
    bounce = old_mail(
        "b", "MAILER-DAEMON@mx.example", days=1.5, subject="Undelivered", Auto_Submitted="auto-replied",
        text="It did not arrive:\n\nMessage-ID: <2@old.example>\nSubject: Re: Printer\n",
    )  # fmt: skip
    small.imports(bounce, *THREAD)
    assert small.threads() == [["1", "2", "b", "3"]]
    assert [ticket["email"] for ticket in small.tickets()[0]["participants"]] == [RON]


def test_a_bounce_of_old_times_is_marked_and_the_postmaster_who_writes_is_not(small: Archive) -> None:
    old = (MAILS / "flufl.bounce" / "simple_01.txt").read_bytes()
    assert parse_mail(old).automatic is None
    small.imports(old, old_mail("1", "postmaster@example.org", text="Your mailbox is full."))
    assert small.world.rows(Message.automatic) == [RETURNED, None]


def test_whoever_wrote_first_is_the_requestor_and_no_machine(small: Archive) -> None:
    alarm = old_mail("0", "robot@example.org", days=-1, subject="Fire", Auto_Submitted="auto-generated")
    answered = old_mail("1", answers=["0"], subject="Re: Fire")
    small.imports(alarm, answered, old_mail("9", "robot@example.org", subject="News", Auto_Submitted="auto-generated"))
    requestors = {ticket["title"]: ticket["requestor"]["email"] for ticket in small.tickets()}
    assert requestors == {"Fire": "ann@example.org", "News": "robot@example.org"}


def test_mail_from_an_address_of_ours_was_written_by_those_who_answer(small: Archive) -> None:
    reply = old_mail("2", f"hello@{DOMAIN}", days=1, to="ann@example.org", answers=["1"])
    small.imports(THREAD[0], reply)
    small.imports(old_mail("7", f"hello@{DOMAIN}", subject="Thanks", to="Zoe <zoe@example.org>"))
    first, second = small.tickets()
    assert [(message["sender"] is None, message["new_status"]) for message in first["messages"]] == [
        (False, "new"),
        (True, "open"),
    ]
    assert second["requestor"] == {"email": "zoe@example.org", "name": "Zoe"}


def test_a_mail_that_names_nobody_is_a_ticket_too(small: Archive) -> None:
    report = small.imports(b"Subject: Who?\n\nNobody.\n", b"Only words.\n")
    assert (report.unreadable, report.tickets) == (0, 2)
    [ticket, untitled] = sorted(small.tickets(), key=lambda ticket: ticket["title"])
    assert ticket["requestor"]["email"] == "unknown@sender.invalid"
    assert (untitled["messages"][0]["sender"], untitled["title"]) == (None, "Who?")


def test_an_address_that_a_public_list_hides_is_read(small: Archive) -> None:
    small.imports(old_mail("1", "ann at example.org (Ann Smith)"))
    assert small.tickets()[0]["requestor"] == {"email": "ann@example.org", "name": "Ann Smith"}


def test_a_mail_without_a_date_has_that_of_its_last_server_or_of_its_box(small: Archive) -> None:
    dateless = old_mail("1").replace(b"Date: Mon", b"X-Date: Mon")
    received = old_mail("2", subject="Other", Received="from a by b; Tue, 4 Feb 2014 10:00:00 +0100")
    small.imports(dateless, received.replace(b"\nDate: ", b"\nDate: never "))
    assert [ticket["created"] for ticket in small.tickets()] == [on(0), on(1)]


def test_what_a_server_called_spam_stays_rejected(small: Archive) -> None:
    small.imports(old_mail("1", X_Spam_Flag="YES"))
    assert small.tickets()[0]["status"] == "rejected"


def test_what_a_server_called_spam_and_somebody_answered_ends_like_all_others(small: Archive) -> None:
    small.imports(old_mail("1", X_Spam_Flag="YES"), *THREAD[1:2], responders=[RON])
    assert small.tickets()[0]["status"] == "resolved"


def test_commands_in_old_mail_are_text(small: Archive) -> None:
    small.imports(old_mail("1", text="Status: rejected\nOwner: ann\n\nHello."), status="open")
    [ticket] = small.tickets()
    assert ticket["status"] == "open"
    assert ticket["messages"][0]["text"].startswith("Status: rejected")


CLOCKS = {"the same second": (0, 0), "a slow clock": (0, -0.1), "no dates": (None, None), "half a date": (None, 1)}


@pytest.mark.parametrize("late", [False, True], ids=["at once", "one by one"])
@pytest.mark.parametrize("days", CLOCKS.values(), ids=CLOCKS)
def test_no_mail_comes_before_one_that_it_answers(
    small: Archive, days: tuple[float | None, float | None], late: bool
) -> None:
    mails = []
    for name in "abcd":
        for at, (writer, day) in enumerate(zip((ANN, RON), days, strict=True)):
            mail = old_mail(
                f"{name}{at}", writer, days=day or 0, subject=f"Re: {name}" if at else name, answers=[f"{name}0"][:at]
            )
            mails.append(mail if day is not None else mail.replace(b"Date: Mon", b"X-Date: Mon"))
    mails += [old_mail(f"{name}2", ANN, days=2, subject=f"Re: {name}", answers=[f"{name}1"]) for name in "abcd"]
    for part in (mails[1::2], mails[::2]) if late else (mails,):
        for at, mail in enumerate(part):
            (small.folder / "box").mkdir(exist_ok=True)
            (small.folder / "box" / f"{at}.eml").write_bytes(mail)
        small.takes(small.folder / "box", responders=[RON])
    assert small.threads() == [[f"{name}{at}" for at in range(3)] for name in "abcd"]
    for ticket in small.tickets():
        assert ticket["requestor"]["email"] == ANN
        assert not ticket["title"].startswith("Re:")
        assert [message["new_status"] for message in ticket["messages"]] == ["new", "open", "open"]
    if days == (0, -0.1):
        assert small.tickets()[0]["messages"][1]["date"] == on(-0.1)


def test_a_thread_that_has_lived_takes_an_answer_after_what_it_answers(small: Archive) -> None:
    small.imports(THREAD[0])
    small.world.brings(old_mail("8", ANN, answers=["1"], to=f"hello@{DOMAIN}"), ANN, f"hello@{DOMAIN}")
    small.imports(old_mail("2", RON, days=-1, answers=["1"]))
    assert small.threads() == [["1", "2", "8"]]


# Who belongs together


def test_parents_that_are_missing_and_loops_hold_a_thread_together(small: Archive) -> None:
    small.imports(
        old_mail("b", days=2, subject="B", answers=["a"]),
        old_mail("c", days=1, subject="C", answers=["lost", "a"]),
        old_mail("x", subject="X", answers=["y"]),
        old_mail("y", days=1, subject="Y", answers=["x"]),
        old_mail("s", subject="S", answers=["s"]),
    )
    assert small.threads() == [["c", "b"], ["s"], ["x", "y"]]


EXMH = 'Message from Ann <ann@example.org> of "Mon, 03 Feb 2014 09:00:00 GMT." <%s@old.example>'
OLD_REPLIES = [
    (EXMH, "bob@example.org", "2"),
    ("<ann@example.org>", "ANN@example.org", "one alone"),
    ('Your message of "Mon, 03 Feb 2014 09:00:00 GMT." <%s@old.example>', "ann@example.org", "2"),
    ("Message from ann@example.org of Mon, 03 Feb 2014 <%s@old.example>", "bob@example.org", "2"),
    ("<%s@old.example> from Ann <ann@example.org>", "bob@example.org", "2"),
    ("<%s@old.example>; from ann@example.org on Mon, Feb 03, 2014", "bob@example.org", "2"),
    ("Ann's <ann@example.org> mail <%s@old.example>", "bob@example.org", "2"),
]


@pytest.mark.parametrize(("pattern", "to", "mails"), OLD_REPLIES)
def test_an_address_in_the_in_reply_to_of_old_programs_is_no_mail(
    small: Archive, pattern: str, to: str, mails: str
) -> None:
    box = []
    for at, name in enumerate("ab"):
        reference = pattern % name if "%s" in pattern else pattern
        box.append(old_mail(name, days=400 * at, subject=f"Question {name}", to="list@old.example"))
        box.append(
            old_mail(f"{name}2", "cy@example.net", days=400 * at + 1, subject="An answer", to=to, In_Reply_To=reference)
        )
    small.imports(*box)
    assert small.threads() == ([["a", "a2"], ["b", "b2"]] if mails == "2" else [["a"], ["a2"], ["b"], ["b2"]])
    parents = [short(message["in_reply_to"] or "") for ticket in small.tickets() for message in ticket["messages"]]
    assert parents == (["", "a", "", "b"] if mails == "2" else [""] * 4)


REPEATED = [
    old_mail("same", f"{name}@example.org", days=30 * at, subject=subject)
    for at, (name, subject) in enumerate([("ann", "Help"), ("bob", "Invoice"), ("cy", "Hello"), ("dora", "Lost")])
]


def test_an_id_that_a_bad_program_repeats_ties_nothing(small: Archive) -> None:
    small.imports(*REPEATED, old_mail("x", "eve@example.org", days=99, subject="What?", answers=["same"]))
    assert small.threads() == [["same"]] * 4 + [["x"]]
    small.imports(old_mail("same", "finn@example.org", days=200, subject="Yet another"))
    assert len(small.tickets()) == 6


def test_an_id_that_a_bad_program_repeats_leads_to_no_ticket_that_is_there(small: Archive) -> None:
    for mail in REPEATED:
        small.imports(mail)
    assert small.threads() == [["same"]] * 4


def test_what_a_list_sends_on_with_a_footer_is_of_the_same_thread(small: Archive) -> None:
    small.imports(THREAD[0], old_mail("1", text="This is 1.\n-- \nA footer.", days=0.1, subject="[club] Printer"))
    assert small.threads() == [["1", "1"]]


COPIES = {
    "another subject": {"subject": "Club: Printer"},
    "another writer": {"writer": "Ann via Club <l@club.example>"},
}


@pytest.mark.parametrize("late", [False, True], ids=["at once", "one by one"])
@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_that_differs_in_one_of_writer_and_subject_is_of_the_same_thread(
    small: Archive, copy: dict[str, Any], late: bool
) -> None:
    """A program that repeats its ids repeats them for mails that differ in both."""
    mails = (THREAD[0], old_mail("1", text="This is 1.\n-- \nA footer.", days=0.1, **copy), THREAD[1])
    for part in [[mail] for mail in mails] if late else [mails]:
        small.imports(*part)
    assert small.threads() == [["1", "1", "2"]]


ANSWERS: list[tuple[str, dict[str, Any], bool]] = [
    ("it is written to who began", {"writer": "bob@office.example", "to": "ann@example.org"}, True),
    ("who began goes on", {"writer": "ANN@example.org"}, True),
    ("the list's tag", {"writer": "ann@example.org", "subject": "[club] AW: Re: printer"}, True),
    ("passed on", {"writer": "ann@example.org", "subject": "Fwd: Printer"}, True),
    ("somebody else", {"writer": "zed@example.org"}, False),
    ("another subject", {"writer": "ann@example.org", "subject": "Re: Paper"}, False),
    ("no answer", {"writer": "ann@example.org", "subject": "Printer"}, False),
    ("long after", {"writer": "ann@example.org", "days": 31.0}, False),
]


@pytest.mark.parametrize(
    ("more", "together"), [answer[1:] for answer in ANSWERS], ids=[answer[0] for answer in ANSWERS]
)
def test_subject_people_and_time_tell_what_names_no_mail(small: Archive, more: dict[str, Any], together: bool) -> None:
    hello = f"hello@{DOMAIN}"
    answer = old_mail("2", **{"days": 5.0, "subject": "Re: Printer", "to": hello, **more})
    small.imports(answer, old_mail("1", to=hello))
    assert small.threads() == ([["1", "2"]] if together else [["1"], ["2"]])


@pytest.mark.parametrize(
    ("more", "together"), [answer[1:] for answer in ANSWERS], ids=[answer[0] for answer in ANSWERS]
)
def test_they_tell_it_also_where_the_first_is_a_ticket_already(
    small: Archive, more: dict[str, Any], together: bool
) -> None:
    hello = f"hello@{DOMAIN}"
    small.imports(old_mail("1", to=hello))
    report = small.imports(old_mail("2", **{"days": 5.0, "subject": "Re: Printer", "to": hello, **more}))
    assert small.threads() == ([["1", "2"]] if together else [["1"], ["2"]])
    assert (report.tickets, report.continued) == ((0, 1) if together else (1, 0))


@pytest.mark.parametrize("cc", ["", LIST, f"{LIST}, carl@office.example"])
@pytest.mark.parametrize("order", [(ANN, BOB), (BOB, ANN)])
def test_an_answer_to_one_client_never_lands_on_the_ticket_of_another(
    small: Archive, order: tuple[str, str], cc: str
) -> None:
    more = {"Cc": cc} if cc else {}
    small.imports(
        old_mail("ann", ANN, subject="Help", to=LIST),
        old_mail("bob", BOB, subject="Help", to=LIST, days=0.1),
        *(
            old_mail(f"to-{to[:3]}", BRITTA, subject="Re: Help", to=to, days=at, **more)
            for at, to in enumerate(order, 1)
        ),
    )
    assert small.threads() == [["ann", "to-ann"], ["bob", "to-bob"]]


def test_the_writer_alone_tells_no_thread_from_one_in_which_a_recipient_is(small: Archive) -> None:
    hello = f"hello@{DOMAIN}"
    small.imports(
        old_mail("ann", ANN, subject="Help", to=hello),
        old_mail("2", BRITTA, subject="Re: Help", to=ANN, days=1),
        old_mail("cy", BOB, subject="Help", to="cy@example.net", days=2),
        old_mail("3", BRITTA, subject="Re: Help", to="cy@example.net", days=3),
    )
    assert small.threads() == [["3"], ["ann", "2"], ["cy"]]


@pytest.mark.parametrize("headers", [None, {"List_Id": "<tutor>"}], ids=["no recipient", "a list"])
def test_on_a_list_an_answer_is_told_by_subject_and_time(small: Archive, headers: dict[str, str] | None) -> None:
    subjects = ["[Tutor] Sorting a dict", *["[Tutor] Re: Sorting a dict"] * 4]
    mails = [
        old_mail(str(at), f"p{at} at example.org (P {at})", subject=subject, days=at if at < 4 else 40, **headers or {})
        for at, subject in enumerate(subjects)
    ]
    if headers is None:
        mails = [mail.replace(b"To: hello@club.example\n", b"") for mail in mails]
    random.Random(1).shuffle(mails)
    small.imports(*mails)
    assert small.threads() == [["0", "1", "2", "3"], ["4"]]


# Nothing twice


def test_the_same_archive_again_adds_nothing_and_one_that_overlaps_adds_the_rest(archive: Archive) -> None:
    archive.imports(*THREAD[:2])
    before = archive.tickets()
    again = archive.imports(*THREAD[:2])
    assert (again.mails, again.duplicates, again.tickets, again.threads) == (2, 2, 0, 0)
    assert archive.tickets() == before
    more = archive.imports(*THREAD, old_mail("9", subject="Other"))
    assert (more.duplicates, more.tickets, more.continued) == (2, 1, 1)
    assert archive.threads() == [["1", "2", "3"], ["9"]]


def test_an_earlier_mail_takes_its_place_by_date_and_no_number_changes(archive: Archive) -> None:
    archive.imports(*THREAD[1:], responders=[RON])
    assert archive.tickets()[0]["requestor"]["email"] == RON
    archive.imports(THREAD[0], responders=[RON])
    [ticket] = archive.tickets()
    messages = [(message["number"], message["action"], message["new_status"]) for message in ticket["messages"]]
    assert messages == [(3, None, "new"), (1, "Reply", "open"), (2, "Reply", "open")]
    assert (ticket["requestor"]["email"], ticket["created"], ticket["status"]) == ("ann@example.org", on(0), "resolved")
    assert [change["new"] for change in ticket["changes"]] == ["open", "resolved"]


def test_a_copy_from_another_box_is_no_other_mail(small: Archive) -> None:
    written = old_mail("1", text="Hello.\n\nFrom here.")
    copies = [
        written.replace(b"\n", b"\r\n"),
        b"Status: RO\nX-UID: 7\n" + written,
        written.replace(b"\nFrom here", b"\n>From here"),
    ]
    small.imports(written)
    for copy in copies:
        (small.folder / "copy.eml").write_bytes(copy)
        assert small.takes(small.folder / "copy.eml").duplicates == 1
    assert small.threads() == [["1"]]


def test_what_came_by_mail_is_not_imported_again(archive: Archive) -> None:
    world = archive.world
    ann, ron = world.actor("ann@example.org"), world.responder("ron@example.org")
    ann.writes("hello", "Help!", subject="Live")
    ron.replies(ron.letter(), "Here.")
    raws = world.rows(Mail.raw)
    reply = old_mail("9", days=0).replace(b"Subject:", f"In-Reply-To: {raws_id(raws[0])}\nSubject:".encode())
    report = archive.imports(*raws, reply)
    assert (report.duplicates, report.tickets, report.continued) == (2, 0, 1)
    [ticket] = archive.tickets()
    assert (ticket["queue"], ticket["status"], ticket["title"]) == ("General", "Answered", "Live")
    assert [message["number"] for message in ticket["messages"]] == [1, 3, 2]
    assert archive.imports(*raws, reply).duplicates == 3


def raws_id(raw: bytes) -> str:
    return next(line.split(b": ")[1].decode().strip() for line in raw.splitlines() if line.startswith(b"Message-ID:"))


def test_an_imported_mail_that_comes_by_mail_is_answered_250_and_does_nothing(small: Archive) -> None:
    small.imports(*THREAD)
    small.world.brings(THREAD[2], "ann@example.org", f"ticket1@{DOMAIN}")
    assert small.threads() == [["1", "2", "3"]]


def test_a_statement_over_all_mails_may_take_longer_than_a_server_waits(postgres_inbox: World) -> None:
    database = postgres_inbox.database
    with open_context(database, "General"), database.read_only() as uow:
        assert uow.session.scalar(text("SHOW statement_timeout")) == "1h"
    with database.read_only() as uow:
        assert uow.session.scalar(text("SHOW statement_timeout")) == f"{STATEMENT_SECONDS}s"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(archive: Archive) -> None:
    archive.imports(*THREAD[:1])
    before = (
        archive.tickets(),
        archive.world.rows(Archived.id),
        archive.world.rows(Mail.id),
        archive.world.rows(Person.id),
    )
    mails = (*THREAD, THREAD[1], old_mail("9", subject="Other"))
    dry = archive.imports(*mails, dry_run=True)
    assert (dry.mails, dry.duplicates, dry.threads, dry.tickets, dry.continued) == (5, 2, 2, 1, 1)
    rows = (
        archive.tickets(),
        archive.world.rows(Archived.id),
        archive.world.rows(Mail.id),
        archive.world.rows(Person.id),
    )
    assert rows == before
    wet = archive.imports(*mails)
    assert (wet.duplicates, wet.threads, wet.tickets, wet.continued) == (2, 2, 1, 1)


def test_a_dry_run_of_an_import_that_was_stopped_says_what_is_left(small: Archive) -> None:
    with pytest.MonkeyPatch.context() as patched:
        cut(patched, "post", 0)
        with pytest.raises(Killed):
            small.imports(*THREAD)
    mails = (*THREAD, old_mail("9", subject="Other"))
    dry, wet = small.imports(*mails, dry_run=True), small.imports(*mails)
    assert (dry.mails, dry.resumed, dry.threads, dry.tickets) == (wet.mails, wet.resumed, wet.threads, wet.tickets)
    assert (wet.duplicates, wet.tickets) == (3, 2)


def test_an_import_into_the_wrong_queue_that_was_stopped_can_be_made_into_the_right_one(small: Archive) -> None:
    for part in ("gather", "post"):
        with pytest.MonkeyPatch.context() as patched:
            cut(patched, part, 0)
            with pytest.raises(Killed):
                small.imports(*THREAD, queue="General")
    report = small.imports(*THREAD)
    assert (report.resumed, report.duplicates, report.tickets) == (3, 0, 1)
    assert [ticket["queue"] for ticket in small.tickets()] == ["Archive"]


def test_what_is_no_mail_is_named(small: Archive) -> None:
    (small.folder / "box").mkdir()
    (small.folder / "box" / "a.eml").write_bytes(THREAD[0])
    (small.folder / "box" / "b.eml").write_bytes(b"")
    (small.folder / "box" / "c.eml").write_bytes(old_mail("9", text="x" * 300_000))
    (small.folder / "box" / "d.png").write_bytes(b"\x89PNG")
    report = small.takes(small.folder / "box")
    assert report.named == [("b.eml", Fault.EMPTY), ("c.eml", Fault.LARGE)]
    assert (report.mails, report.unreadable, report.passed_over, report.tickets) == (1, 2, 1, 1)
    assert set(report.seconds) == {"reading", "taking in", "gathering threads", "posting", "indexing"}
    assert report.slowest in report.seconds


def test_a_long_thread_is_one_ticket(small: Archive) -> None:
    mails = [
        old_mail(str(at), f"p{at % 7}@example.org", days=at / 24, answers=["0"] if at else []) for at in range(130)
    ]
    random.Random(1).shuffle(mails)
    small.imports(*mails)
    [ticket] = small.tickets()
    assert [message["number"] for message in ticket["messages"]] == list(range(1, 131))
    assert small.threads() == [[str(at) for at in range(130)]]
    assert len(ticket["participants"]) == 6


# When it goes on


def test_only_the_requestor_and_those_who_write_again_get_letters(archive: Archive) -> None:
    world = archive.world
    with world.uow() as uow:
        rosa = add_person(uow, Mailbox("Rosa", "rosa@club.example"))
        add_responder(uow, find_queue(uow, "Archive"), rosa)
    pia = old_mail("4", "pia@example.org", days=3, answers=["1"])
    archive.imports(*THREAD, pia, responders=[RON])
    [ticket] = archive.tickets()
    assert {participant["email"] for participant in ticket["participants"]} == {RON, "pia@example.org"}
    world.act(1, "Reply", "rosa@club.example", "It goes on.")
    assert [letter.recipient for letter in world.far_end.letters] == ["ann@example.org"]
    world.far_end.letters.clear()
    # An automatic mail wakes nobody.
    world.actor(RON).writes("ticket1", "I am away.", headers={"Auto-Submitted": "auto-replied"})
    world.actor("pia@example.org").writes("ticket1", "I am still here.")
    assert {letter.recipient for letter in world.far_end.letters} == {"ann@example.org", "rosa@club.example"}
    world.far_end.letters.clear()
    world.act(1, "Reply", "rosa@club.example", "So am I.")
    assert {letter.recipient for letter in world.far_end.letters} == {"ann@example.org", "pia@example.org"}


def test_an_action_in_the_name_of_somebody_wakes_them_too(archive: Archive) -> None:
    world = archive.world
    archive.imports(*THREAD)
    world.act(1, "Reply", "ann@example.org", "It goes on.")
    assert world.far_end.letters == []
    world.act(1, "Reply", RON, "So it does.")
    world.far_end.letters.clear()
    world.act(1, "Reply", "ann@example.org", "And on.")
    assert [letter.recipient for letter in world.far_end.letters] == [RON]


def test_a_reply_to_an_imported_mail_goes_on_with_its_ticket(small: Archive) -> None:
    small.imports(*THREAD)
    raw = old_mail("8", "ann@example.org", answers=["1", "2"], to=f"hello@{DOMAIN}")
    small.world.brings(raw, "ann@example.org", f"hello@{DOMAIN}")
    assert small.threads() == [["1", "2", "3", "8"]]
    assert small.tickets()[0]["status"] == "open"
    # Since then it lives: old mail takes its place and changes nothing.
    small.imports(old_mail("4", RON, days=3, answers=["3"]), responders=[RON])
    [ticket] = small.tickets()
    assert small.threads() == [["1", "2", "3", "4", "8"]]
    assert (ticket["status"], ticket["last_response"]) == ("open", on(3))


def test_old_mail_joins_the_ticket_that_an_answer_to_it_has_opened(archive: Archive) -> None:
    live = old_mail("8", "kim@example.org", days=9, answers=["1", "2"], to=f"hello@{DOMAIN}")
    archive.world.brings(live, "kim@example.org", f"hello@{DOMAIN}")
    dry = archive.imports(*THREAD, dry_run=True)
    report = archive.imports(*THREAD)
    assert (report.tickets, report.continued) == (dry.tickets, dry.continued) == (0, 1)
    assert archive.threads() == [["1", "2", "3", "8"]]
    assert archive.tickets()[0]["requestor"]["email"] == "kim@example.org"


def test_nobody_becomes_a_responder_by_an_import(small: Archive) -> None:
    small.imports(*THREAD, responders=[RON])
    with small.world.database.read_only() as uow:
        people = {person.email: person.known for person in uow.session.scalars(select(Person))}
    assert people == {"ann@example.org": True, RON: False}
    with pytest.raises(AssertionError):
        small.world.actor(RON).letter()


# However the archive lies


NAMES = "abcdefgh"
SUBJECTS = ("Printer", "Re: Printer", "[club] Re: Printer", "Paper", "Fwd: Paper", "")
WRITERS = ("ann@example.org", "bob@example.org", "Cid <cid@example.org>", "ron@club.example")


@st.composite
def archives(draw: st.DrawFn) -> list[bytes]:
    """Some mails that answer each other, themselves, and mails that are lost; some are copies from other boxes."""
    mails: list[bytes] = []
    for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
        mail = old_mail(
            name,
            draw(st.sampled_from(WRITERS)),
            days=draw(st.sampled_from([0, 0.5, 1, 2, 29, 31, 62])),
            subject=draw(st.sampled_from(SUBJECTS)),
            to=draw(st.sampled_from(WRITERS)),
            answers=draw(st.lists(st.sampled_from(NAMES + "xyz"), max_size=2)),
            **draw(st.sampled_from([{}, {"Auto_Submitted": "auto-replied"}, {"List_Id": "<club>"}])),
        )
        mails.append(mail)
        kind = draw(st.integers(0, 5))
        mails += [mail.replace(b"Subject: ", b"Subject: [tag] ")] if kind == 4 else []
        mails += [b"X-Status: R\n" + mail] if kind == 5 else []
    return mails


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a queue Archive, closed."""
    folder = tmp_path_factory.mktemp("archive")
    world = World(f"sqlite:///{folder}/tickets.db")
    Archive(world, folder)
    world.close()
    return folder / "tickets.db"


class Fresh:
    """Many trackers, one after the other."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.template = template
        self.folder = folder
        self.count = 0

    def archive(self) -> Archive:
        self.count += 1
        path = self.folder / f"{self.count}.db"
        shutil.copy(self.template, path)
        archive = Archive.__new__(Archive)
        archive.world, archive.folder = World(f"sqlite:///{path}"), self.folder
        return archive

    def outcome(self, mails: list[bytes]) -> list[dict[str, Any]]:
        archive = self.archive()
        archive.imports(*mails)
        return self.close(archive)

    def close(self, archive: Archive) -> list[dict[str, Any]]:
        tickets = content(archive.tickets())
        archive.world.close()
        for file in self.folder.glob(f"{self.count}.db*"):
            file.unlink()
        return tickets


@pytest.fixture
def fresh(template: Path, tmp_path: Path) -> Fresh:
    return Fresh(template, tmp_path)


_MANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_MANY
@given(mails=archives(), seed=st.integers(0, 1_000))
def test_a_shuffled_and_doubled_archive_gives_the_same_tickets(fresh: Fresh, mails: list[bytes], seed: int) -> None:
    mixed = mails * 2
    random.Random(seed).shuffle(mixed)
    assert fresh.outcome(mixed) == fresh.outcome(mails)


class Killed(Exception):
    """The import ends here."""


@pytest.mark.slow
@_MANY
@given(mails=archives(), cuts=st.lists(st.tuples(st.sampled_from(["take", "gather", "post"]), st.integers(0, 4))))
def test_an_interrupted_archive_gives_the_same_tickets(
    fresh: Fresh, mails: list[bytes], cuts: list[tuple[str, int]]
) -> None:
    straight = fresh.outcome(mails)
    broken = fresh.archive()
    for part, after in cuts:
        with pytest.MonkeyPatch.context() as patched:
            cut(patched, part, after)
            try:
                broken.imports(*mails)
            except Killed:
                continue
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("mail_tickets.archive.importing.planned_mails.MAILS", 2)
        broken.imports(*mails)
    assert fresh.close(broken) == straight


def cut(patched: pytest.MonkeyPatch, part: str, after: int) -> None:
    """Let an import end after so many small units of work of a part."""
    left = iter(range(after))

    def counted(function: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            return function(*arguments, **options)

        return call

    patched.setattr(run, "MAILS", 2)
    patched.setattr("mail_tickets.archive.importing.planned_mails.MAILS", 2)
    if part == "take":
        patched.setattr(run, "take", counted(staging.take))
    elif part == "gather":
        patched.setattr(run, "gather", counted(run.gather))
    else:
        patched.setattr(ThreadPoster, "_post", counted(ThreadPoster._post))


# Real mails


REAL = [path.name for path in sorted(MAILS.iterdir()) if path.is_dir()]


@pytest.mark.parametrize("name", REAL)
def test_every_real_mail_is_imported(small: Archive, name: str) -> None:
    report = small.takes(MAILS / name)
    assert (report.unreadable, report.named) == (0, [])
    assert report.mails - report.duplicates == len(small.world.rows(Message.id))
    again = small.takes(MAILS / name)
    assert (again.duplicates, again.tickets, again.continued) == (report.mails, 0, 0)


@pytest.mark.parametrize("name", REAL)
def test_every_real_file_in_a_box_is_imported(archive: Archive, name: str) -> None:
    raws = [path.read_bytes() for path in sorted((MAILS / name).rglob("*")) if path.is_file()]
    report = archive.imports(*(raw for raw in raws if raw.strip() and len(raw) < 150_000))
    assert (report.unreadable, report.named) == (0, [])
