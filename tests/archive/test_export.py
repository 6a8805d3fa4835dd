"""Claims about `tickets export`: the exact mails, and threads that are the same wherever they are imported."""

import json
import mailbox
import random
import re
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mail_tickets.archive.export import ExportScope, documents_of, find_scope, mbox_of
from mail_tickets.archive.export_marks import ExportMark, mark_of, marking_line
from mail_tickets.archive.reading.mbox import mails_of_box
from mail_tickets.model.lifecycle.tables import NotAllowed
from mail_tickets.model.records.message_ids import tracker_id
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.queues import NoSuchQueue
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.records.tickets import NoSuchTicket, Ticket
from mail_tickets.model.tickets.merging import merge
from tests.archive.test_import import Killed, archives, cut
from tests.support.archives import DAY, Archive, boxed, content, old_mail
from tests.support.world import DOMAIN, World, forget_domain, person_of, ticket_of

RON = "ron@club.example"


def exported(world: World, number: int | None = None, queue: str | None = None) -> bytes:
    scope = find_scope(world.database, number, queue, mails=True)
    return b"".join(piece.content for piece in mbox_of(world.database, scope))


def separators(box: bytes) -> list[str]:
    return [mail.envelope.decode().strip() for mail in mails_of_box(BytesIO(box), 10**7)]


def raws_in(box: bytes) -> list[bytes]:
    return [mail.raw or b"" for mail in mails_of_box(BytesIO(box), 10**7)]


class Tracker:
    """A tracker on a database of its own, with a queue Archive to import into; `path` is for its files."""

    def __init__(self, url: str, path: Path, domain: str = DOMAIN) -> None:
        self.path = path
        self.world = World(url, lifecycle="correspondence", domain=domain)
        self.archive = Archive(self.world, path.parent)

    @classmethod
    def copied(cls, template: Path, path: Path, domain: str = DOMAIN) -> "Tracker":
        """A tracker on a copy of a SQLite database."""
        shutil.copy(template, path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE secret SET value = ?", (secrets.token_hex(32),))
            connection.commit()
        return cls(f"sqlite:///{path}", path, domain)

    def imports(self, box: bytes, **more: Any) -> Any:
        path = self.path.with_suffix(".mbox")
        path.write_bytes(box)
        return self.archive.takes(path, **more)

    def threads(self) -> list[list[tuple[str, bool]]]:
        """Of each ticket that has messages: who they are, and whether they are private, in the order of posting."""
        threads = [
            [(message["message_id"], message["private"]) for message in ticket["messages"]]
            for ticket in self.archive.tickets()
            if ticket["messages"]
        ]
        return sorted(threads)

    def raws(self) -> dict[str, list[bytes]]:
        """The bytes of each mail, as far as there is one."""
        query = select(Message.message_id, Mail.raw).join(Mail, Mail.id == Message.mail_id)
        raws: dict[str, list[bytes]] = {}
        with self.world.database.read_only() as uow:
            for message_id, raw in uow.session.execute(query):
                raws.setdefault(message_id, []).append(raw)
        return raws

    def close(self) -> None:
        self.world.close()
        for file in self.path.parent.glob(f"{self.path.stem}.*"):
            file.unlink()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database that is set up and closed."""
    folder = tmp_path_factory.mktemp("export")
    World(f"sqlite:///{folder}/tickets.db", lifecycle="correspondence").close()
    forget_domain(f"sqlite:///{folder}/tickets.db")
    return folder / "tickets.db"


@pytest.fixture
def elsewhere(any_database_url: str, tmp_path: Path) -> Iterator[Tracker]:
    """Another tracker, at another domain."""
    tracker = Tracker(any_database_url, tmp_path / "there", "elsewhere.example")
    yield tracker
    tracker.world.close()


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Iterator[World]:
    """A tracker to export from."""
    tracker = Tracker.copied(template, tmp_path / "here.db")
    yield tracker.world
    tracker.close()


# What is written


def test_an_mbox_holds_the_exact_mails_below_the_address_of_their_ticket(inbox: World) -> None:
    raw = old_mail("1", text="Hello.\n\nFrom here.\n>From there.\n>>From nowhere.")
    crlf = old_mail("2").replace(b"\n", b"\r\n")
    bare = old_mail("3").rstrip(b"\n")
    for number, mail in enumerate((raw, crlf, bare), 1):
        inbox.brings(mail, "ann@example.org", f"hello@{DOMAIN}" if number == 1 else f"ticket1@{DOMAIN}")
    inbox.brings(old_mail("4", "eve@example.org"), "eve@example.org", f"ticket1-comment@{DOMAIN}")
    box = exported(inbox)
    received = inbox.ticket()["messages"][0]["received"]
    with inbox.uow() as uow:
        id_ = tracker_id(uow)
    assert re.fullmatch("[0-9a-f]{16}", id_)
    assert received == "2026-11-21T12:00:00+00:00"
    assert separators(box) == [
        *[f"From ticket1={id_}@tickets.example Sat Nov 21 12:00:00 2026"] * 3,
        f"From ticket1-comment={id_}@tickets.example Sat Nov 21 12:00:00 2026",
    ]
    assert raws_in(box) == [raw, crlf, bare + b"\n", old_mail("4", "eve@example.org")]
    assert b"\n>From here.\n>>From there.\n>>>From nowhere.\n" in box
    assert exported(inbox, number=1) == exported(inbox, queue="general") == box
    assert exported(inbox, queue="Questions") == b""


def test_the_standard_library_reads_the_box(small_inbox: World, tmp_path: Path) -> None:
    ann = small_inbox.actor("ann@home.example", "Ann")
    for number in range(3):
        ann.writes("hello", f"Hello {number}.\n\nFrom here on.", subject=f"Hello {number}")
    (tmp_path / "all.mbox").write_bytes(exported(small_inbox))
    box = mailbox.mbox(tmp_path / "all.mbox")
    assert [mail["Subject"] for mail in box] == ["Hello 0", "Hello 1", "Hello 2"]
    box.close()


def test_what_came_by_command_is_written_as_a_mail(home: World, elsewhere: Tracker) -> None:
    home.known("zoe@home.example", 'Zoë "Z" Müller')
    number = home.opens("zoe@home.example", "Gruß an alle", "Grüße\nFrom here.")
    home.responder(RON, "Ron, the one")
    home.act(number, "Comment", RON, "Unter uns.", private=True)
    first, second = raws_in(exported(home))
    message = home.ticket(number)["messages"][0]
    assert first.decode().splitlines()[:5] == [
        "From: =?utf-8?b?Wm/DqyAiWiIgTcO8bGxlcg==?= <zoe@home.example>",
        "To: ticket1@tickets.example",
        "Subject: =?utf-8?b?R3J1w58gYW4gYWxsZQ==?=",
        "Date: Sat, 21 Nov 2026 12:00:00 +0000",
        f"Message-ID: {message['message_id']}",
    ]
    assert second.startswith(b'From: "Ron, the one" <ron@club.example>\nTo: ticket1-comment@tickets.example\n')
    elsewhere.imports(exported(home))
    [ticket] = elsewhere.archive.tickets()
    assert ticket["title"] == "Gruß an alle"
    assert [(post["sender"]["name"], post["full_text"], post["private"]) for post in ticket["messages"]] == [
        ('Zoë "Z" Müller', "Grüße\nFrom here.", False), ("Ron, the one", "Unter uns.", True),
    ]  # fmt: skip


def test_what_the_tracker_said_itself_is_an_automatic_mail(home: World, elsewhere: Tracker) -> None:
    number = home.opens("zoe@home.example", queue="Questions")
    home.act(number, "Expire", None, "It expired.")
    elsewhere.imports(exported(home))
    [ticket] = elsewhere.archive.tickets()
    assert ticket["requestor"]["email"] == "zoe@home.example"
    assert [(message["automatic"], message["private"]) for message in ticket["messages"]] == [
        (False, False),
        (True, False),
    ]
    assert ticket["participants"] == []


def test_json_lines_are_the_documents_of_show(inbox: World) -> None:
    inbox.actor("ann@home.example").writes("hello", "Hello")
    inbox.opens("bob@home.example")
    documents = list(documents_of(inbox.database, ExportScope()))
    assert documents == [inbox.ticket(1), inbox.ticket(2)]
    assert list(documents_of(inbox.database, ExportScope(number=2))) == [inbox.ticket(2)]


def test_what_is_not_there_cannot_be_chosen(small_inbox: World) -> None:
    with pytest.raises(NoSuchTicket):
        find_scope(small_inbox.database, 7, None, mails=True)
    with pytest.raises(NoSuchQueue):
        find_scope(small_inbox.database, None, "Nowhere", mails=True)


def test_many_and_long_tickets_are_written_whole(small_inbox: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"_TICKETS": 2, "_POSTS": 3, "_MAILS": 2, "_BYTES": 900}.items():
        monkeypatch.setattr(f"mail_tickets.archive.export.{name}", value)
    ann = small_inbox.actor("ann@home.example")
    for number in range(1, 6):
        ann.writes("hello", "Hello", subject=f"{number}")
        for _ in range(number):
            ann.writes(f"ticket{number}", "Once more. " * 30)
    pieces = list(mbox_of(small_inbox.database, ExportScope()))
    assert (sum(piece.mails for piece in pieces), sum(piece.tickets for piece in pieces)) == (20, 5)
    marks = [mark_of(line.encode()) for line in separators(b"".join(piece.content for piece in pieces))]
    assert [mark.number for mark in marks if mark] == [n for n in range(1, 6) for _ in range(n + 1)]
    assert max(len(piece.content) for piece in pieces) < 2_500


# What comes back


def test_a_marks_line_is_read_as_it_is_written() -> None:
    for mark in (ExportMark(7, CLUB, private=False), ExportMark(2**31 - 1, THIRD, private=True)):
        line = marking_line(mark, "a-b.example", DAY)
        assert mark_of(line) == mark
        assert line.endswith(b" Mon Feb  3 09:00:00 2014\n")
    assert (
        ExportMark(7, CLUB, private=True).key
        == ExportMark(7, CLUB, private=False).key
        != ExportMark(7, THIRD, private=False).key
    )


@pytest.mark.parametrize("sender", ["ann@example.org", "ticket at a.example", "ticket7", "-", "ticket7@club.example",
    "ticket7-comment@club.example", "ticket7=3f9a@club.example", "ticket7=3f9ac21b77d0e4ag@club.example"])  # fmt: skip
def test_a_line_of_any_other_box_is_no_mark(sender: str) -> None:
    assert mark_of(f"From {sender} Mon Feb  3 09:00:00 2014\n".encode()) is None


CLUB, THIRD = "3f9ac21b77d0e4aa", "00000000000000aa"


def marked(number: int, *mails: bytes, private: bool = False, tracker: str = CLUB, seconds: int = 0) -> bytes:
    """A box of a tracker in which these mails stood on one ticket."""
    line = marking_line(ExportMark(number, tracker, private), "club.example", DAY + timedelta(seconds=seconds))
    return boxed(mails).replace(b"From ann@example.org Mon Feb  3 09:00:00 2014\n", line)


def test_marks_tie_and_part_whatever_the_mails_say(elsewhere: Tracker) -> None:
    first, second, third = old_mail("1"), old_mail("2", subject="Paper"), old_mail("3", answers=["1"])
    elsewhere.imports(marked(1, first, second) + marked(2, third))
    assert elsewhere.threads() == [
        [("<1@old.example>", False), ("<2@old.example>", False)], [("<3@old.example>", False)],
    ]  # fmt: skip


def test_the_order_of_an_export_stays_within_one_second(elsewhere: Tracker) -> None:
    """Also where a tracker had a mail before the one that it answers."""
    names = "abcdefgh"
    answers = {"a": ["h"], "c": ["g"]}
    elsewhere.imports(marked(1, *(old_mail(name, answers=answers.get(name, ())) for name in names)))
    assert elsewhere.threads() == [[(f"<{name}@old.example>", False) for name in names]]


SLOW = {
    "an answer": {"writer": RON, "answers": ["1"]},
    "a bounce": {"writer": "MAILER-DAEMON@mx.example", "text": "Message-ID: <1@old.example>\nSubject: Printer"},
}


@pytest.mark.parametrize("mail", SLOW.values(), ids=SLOW)
def test_what_a_slow_clock_has_dated_is_exported_below_what_it_answers(
    elsewhere: Tracker, mail: dict[str, Any]
) -> None:
    mails = [old_mail("1"), old_mail("2", days=-1, **mail)]
    elsewhere.imports(boxed(mails))
    assert raws_in(exported(elsewhere.world)) == mails


def test_a_mail_without_a_mark_still_belongs_to_what_it_answers(elsewhere: Tracker) -> None:
    elsewhere.imports(marked(1, old_mail("1"), old_mail("p"), private=True) + boxed([old_mail("2", answers=["1"])]))
    assert elsewhere.threads() == [[("<1@old.example>", True), ("<p@old.example>", True), ("<2@old.example>", True)]]


def test_two_tickets_are_never_made_one_by_a_third_mail(elsewhere: Tracker) -> None:
    bridge = boxed([old_mail("3", days=1, answers=["1", "2"])])
    elsewhere.imports(marked(1, old_mail("1")) + marked(2, old_mail("2")) + bridge)
    assert sorted(len(thread) for thread in elsewhere.threads()) == [1, 2]


def test_a_mail_that_stands_on_two_tickets_is_on_two_tickets_again(elsewhere: Tracker) -> None:
    box = marked(1, old_mail("1"), old_mail("2")) + marked(2, old_mail("1"), private=True)
    assert (elsewhere.imports(box).duplicates, elsewhere.imports(box).duplicates) == (0, 3)
    assert elsewhere.threads() == [
        [("<1@old.example>", False), ("<2@old.example>", False)], [("<1@old.example>", True)],
    ]  # fmt: skip
    # The same without marks is nothing new, nor from a tracker that had imported them, too.
    again = boxed([old_mail("1")]) + marked(9, old_mail("1"), old_mail("2"), tracker=THIRD)
    assert elsewhere.imports(again).duplicates == 3


def test_two_trackers_of_one_domain_are_told_apart(template: Path, tmp_path: Path, elsewhere: Tracker) -> None:
    for name in ("ann", "bea"):
        tracker = Tracker.copied(template, tmp_path / f"{name}.db")
        tracker.world.opens(f"{name}@home.example", f"Hello of {name}")
        elsewhere.imports(exported(tracker.world))
        tracker.close()
    assert [ticket["requestor"]["email"] for ticket in elsewhere.archive.tickets()] == [
        "ann@home.example", "bea@home.example",
    ]  # fmt: skip


def test_an_envelope_sender_that_looks_like_a_ticket_marks_nothing(elsewhere: Tracker) -> None:
    box = boxed([old_mail("1", subject="Invoice"), old_mail("2", "bob@example.org", subject="Other")])
    elsewhere.imports(box.replace(b"From ann@example.org ", b"From ticket7-comment@desk.example "))
    assert elsewhere.threads() == [[("<1@old.example>", False)], [("<2@old.example>", False)]]


def test_more_of_an_export_goes_to_its_ticket(elsewhere: Tracker) -> None:
    elsewhere.imports(marked(5, old_mail("1")))
    elsewhere.imports(
        marked(5, old_mail("1"), old_mail("2", subject="Paper")) + marked(6, old_mail("3", answers=["1"]))
    )
    assert [len(thread) for thread in elsewhere.threads()] == [2, 1]


def test_an_export_joins_a_ticket_that_has_its_mails_and_no_mark(elsewhere: Tracker) -> None:
    elsewhere.imports(boxed([old_mail("1")]))
    elsewhere.imports(marked(5, old_mail("1"), old_mail("2", answers=["1"])) + marked(6, old_mail("3", answers=["1"])))
    assert sorted(len(thread) for thread in elsewhere.threads()) == [1, 2]


def test_who_wrote_a_private_comment_is_told_by_no_letter_and_outsiders_do_not_see_it(elsewhere: Tracker) -> None:
    elsewhere.imports(marked(1, old_mail("1")) + marked(1, old_mail("2", RON, answers=["1"]), private=True))
    assert [message["private"] for message in elsewhere.world.ticket(1)["messages"]] == [False, True]
    assert len(elsewhere.world.ticket(1, "ann@example.org")["messages"]) == 1


@pytest.mark.parametrize("part", ["take", "gather", "post"])
def test_an_import_of_an_export_that_was_stopped_goes_on(elsewhere: Tracker, part: str) -> None:
    mails = [old_mail(f"{n}", days=n, subject=f"{n % 3}") for n in range(9)]
    box = b"".join(marked(n % 3 + 1, mail, private=n % 2 == 1) for n, mail in enumerate(mails))
    for after in range(3):
        with pytest.MonkeyPatch.context() as patched:
            cut(patched, part, after)
            with suppress(Killed):
                elsewhere.imports(box)
    elsewhere.imports(box)
    assert elsewhere.threads() == [
        [(f"<{n}@old.example>", n % 2 == 1) for n in range(first, 9, 3)] for first in range(3)
    ]  # fmt: skip


def test_what_was_exported_adds_nothing_where_it_came_from(inbox: World, tmp_path: Path) -> None:
    archive = Archive(inbox, tmp_path)
    archive.imports(old_mail("1"), old_mail("2", answers=["1"]))
    ann, ron = inbox.actor("ann@home.example"), inbox.responder(RON)
    ann.writes("hello", "Hello")
    # A mail without a Message-ID is known by what it says.
    inbox.brings(b"From: bob@home.example\nSubject: Nothing\n\nNo id.\n", "bob@home.example", f"hello@{DOMAIN}")
    ron.replies(ron.letter(), "Hello.")
    inbox.act(2, "Comment", RON, "Among us.", private=True)
    before = archive.tickets()
    path = tmp_path / "export.mbox"
    path.write_bytes(exported(inbox))
    report = archive.takes(path)
    assert (report.mails, report.duplicates, report.tickets, report.continued) == (6, 6, 0, 0)
    again = archive.takes(path)
    assert (again.duplicates, again.tickets) == (6, 0)
    assert archive.tickets() == before


def test_live_mail_without_a_message_id_is_not_imported_again(small_inbox: World, tmp_path: Path) -> None:
    raw = b"From: bob@home.example\nSubject: Nothing\n\nNo id.\n"
    small_inbox.brings(raw, "bob@home.example", f"hello@{DOMAIN}")
    report = Archive(small_inbox, tmp_path).imports(raw)
    assert (report.duplicates, report.tickets) == (1, 0)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mails=archives(),
    marks=st.lists(st.sampled_from([0, 0, 1, 2, -2]), min_size=20, max_size=20),
    seed=st.integers(0, 1_000),
    cuts=st.lists(st.tuples(st.sampled_from(["take", "gather", "post"]), st.integers(0, 3)), max_size=3),
)
def test_however_marked_mails_come_the_tickets_are_the_same(
    template: Path, tmp_path: Path, mails: list[bytes], marks: list[int], seed: int, cuts: list[tuple[str, int]]
) -> None:
    boxes = [
        marked(abs(mark), mail, private=mark < 0, seconds=at) if mark else boxed([mail])
        for at, (mail, mark) in enumerate(zip(mails, marks, strict=False))
    ]
    straight = Tracker.copied(template, tmp_path / "straight.db")
    broken = Tracker.copied(template, tmp_path / "broken.db")
    mixed = boxes * 2
    random.Random(seed).shuffle(mixed)
    try:
        straight.imports(b"".join(boxes))
        for part, after in cuts:
            with pytest.MonkeyPatch.context() as patched, suppress(Killed):
                cut(patched, part, after)
                broken.imports(b"".join(mixed))
        broken.imports(b"".join(mixed))
        assert content(broken.archive.tickets()) == content(straight.archive.tickets())
        assert broken.imports(b"".join(boxes)).duplicates == len(boxes)
    finally:
        straight.close()
        broken.close()


# Round the world


PEOPLE = ("ann@home.example", "bea@home.example", "cid@home.example", RON)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mail", "bare", "two", "comment", "act", "open", "reply", "private", "merge"]),
        st.sampled_from(PEOPLE),
        st.integers(1, 4),
        st.sampled_from(["Printer", "Re: Printer", "Paper"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=9,
)


def plays(world: World, steps: list[tuple[str, str, int, str, int]]) -> None:
    """A random life of a tracker that has three tickets."""
    for number, subject in enumerate(("Printer", "Re: Printer", "Printer")):
        world.brings(old_mail(f"first-{number}", PEOPLE[number], subject=subject), PEOPLE[number], f"hello@{DOMAIN}")
    for step, (kind, person, number, subject, seconds) in enumerate(steps):
        world.clock.passes(seconds=seconds)
        tickets = [ticket.id for ticket in world.rows(Ticket) if ticket.merged_into is None]
        ticket_id = tickets[number % len(tickets)]
        name = f"{step}-{person}".replace("@", "-")
        if kind == "open":
            world.opens(person, subject, f"Opened in step {step}.")
        elif kind in ("mail", "two"):
            to = (
                [f"ticket{tickets[0]}@{DOMAIN}", f"ticket{ticket_id}@{DOMAIN}"]
                if kind == "two"
                else [f"hello@{DOMAIN}"]
            )
            world.brings(old_mail(name, person, subject=subject, text=f"From {name}"), person, *to)
        elif kind == "bare":
            raw = f"From: {person}\r\nSubject: {subject}\r\n\r\nStep {step}".encode()
            world.brings(raw, person, f"ticket{ticket_id}@{DOMAIN}")
        elif kind == "comment":
            world.brings(old_mail(name, person, subject=subject), person, f"ticket{ticket_id}-comment@{DOMAIN}")
        elif kind in ("act", "private"):
            world.act(ticket_id, "Comment", RON, f"Said in step {step}.", private=kind == "private")
        elif kind == "merge":
            merges(world, ticket_id, tickets[0])
        elif kind == "reply" and (letters := world.actor(person).letters):
            world.actor(person).replies(letters[number % len(letters)], f"Reply in step {step}.")


def merges(world: World, number: int, into: int) -> None:
    if number != into:
        with world.uow() as uow:
            merge(uow, ticket_of(uow, number), ticket_of(uow, into), person_of(uow, RON))


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.integers(0, 99))
def test_what_is_exported_is_the_same_conversations_elsewhere(
    template: Path, tmp_path: Path, steps: list[tuple[str, str, int, str, int]], seed: int
) -> None:
    home = Tracker.copied(template, tmp_path / "here.db")
    elsewhere = Tracker.copied(template, tmp_path / "there.db", "elsewhere.example")
    try:
        home.world.responder(RON, "Ron")
        plays(home.world, steps)
        box = exported(home.world)
        elsewhere.world.clock.now = home.world.clock.now
        assert elsewhere.imports(box, status=random.Random(seed).choice(["open", "resolved"])).unreadable == 0
        assert home.imports(box).tickets == 0
        names = raw_names(home)
        # A mail without a Message-ID has another one drawn for it everywhere: it is told by its bytes.
        assert threads_with_names(elsewhere, raw_names(elsewhere)) == threads_with_names(home, names)
        kept, original = raws_in(exported(elsewhere.world)), raws_in(box)
        assert sorted(set(kept)) == sorted(set(original))
    finally:
        home.close()
        elsewhere.close()


def raw_names(tracker: Tracker) -> dict[str, str]:
    """By Message-ID: the bytes of mails that have none of their own."""
    return {
        name: raws[0].rstrip(b"\r\n").decode()
        for name, raws in tracker.raws().items()
        if b"message-id" not in raws[0].lower()
    }


def threads_with_names(tracker: Tracker, names: dict[str, str]) -> list[list[tuple[str, bool]]]:
    return sorted([(names.get(id_, id_), private) for id_, private in _once(thread)] for thread in tracker.threads())


def _once(thread: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """A mail to two tickets that were merged stands twice on one: then the one that everybody saw counts."""
    public = {id_ for id_, private in thread if not private}
    return list(dict.fromkeys(message for message in thread if not message[1] or message[0] not in public))


def test_the_documents_are_json(small_inbox: World) -> None:
    small_inbox.actor("ann@home.example").writes("hello", "A line\u2028separator", subject="\u202eHello")
    assert json.loads(json.dumps(next(documents_of(small_inbox.database, ExportScope())))) == small_inbox.ticket(1)


def test_nothing_is_exported_of_a_ticket_that_is_part_of_another(small_inbox: World) -> None:
    small_inbox.opens("ann@home.example")
    small_inbox.opens("ann@home.example")
    small_inbox.known(RON)
    merges(small_inbox, 1, 2)
    with pytest.raises(NotAllowed, match="merged into ticket 2"):
        find_scope(small_inbox.database, 1, None, mails=True)
    assert find_scope(small_inbox.database, 1, None, mails=False) == ExportScope(1)
    assert len(raws_in(exported(small_inbox))) == 2
