"""Claims about the workflow: who may do what in which status, and what then changes.

What is allowed stands here once more, word for word as the issue lists it and independent of the program's tables.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mail_tickets.model.lifecycle.roles import Role
from mail_tickets.model.lifecycle.support import SUPPORT
from mail_tickets.model.lifecycle.tables import NotAllowed
from mail_tickets.model.records.messages import NoSuchMessage
from mail_tickets.model.records.tickets import Reopening
from mail_tickets.model.tickets.posts import BadDate, checked_date
from tests.support.world import World

OPEN, NEEDS, ANSWERED, SOLVED = "Open", "Needs information", "Answered", "Solved"
EXPIRED, INVALID = "Expired", "Invalid"
EVERY = (OPEN, NEEDS, ANSWERED, SOLVED, EXPIRED, INVALID)

# Everybody whom the tables can tell apart, by address; the tracker itself has none.
PEOPLE: dict[str, str | None] = {
    "requestor": "rita@example.net",
    "responder": "ron@example.org",
    "requestor who is a responder": "rita@example.net",
    "assignee": "asa@example.org",
    "participant": "pia@example.net",
    "reader": "rex@example.net",
    "other": "otto@example.net",
    "administrator": "foo.bar@example.org",
    "stranger": "mallory@example.com",
    "tracker": None,
}
REQUESTORS = {"requestor", "requestor who is a responder"}
OTHERS = {"responder", "assignee", "participant", "other", "administrator"}
# An assignee is a responder, whether or not they answer for the queue (docs/interface.md, section 5).
RESPONDERS = {"responder", "requestor who is a responder", "assignee", "administrator"}
ANYBODY = set(PEOPLE)

# The list: action, who, and from which status it leads where.
ALLOWED: dict[str, list[tuple[set[str], dict[str, str]]]] = {
    "Request for more information": [(OTHERS, {OPEN: NEEDS, NEEDS: NEEDS, ANSWERED: ANSWERED})],
    "Give more information": [(REQUESTORS, {OPEN: OPEN, NEEDS: OPEN})],
    "Answer": [
        (OTHERS, {OPEN: ANSWERED, NEEDS: ANSWERED, ANSWERED: ANSWERED}),
        (REQUESTORS, {OPEN: SOLVED, NEEDS: SOLVED, ANSWERED: SOLVED}),
    ],
    "Confirm": [(REQUESTORS, {OPEN: SOLVED, NEEDS: SOLVED, ANSWERED: SOLVED, SOLVED: SOLVED})],
    "Reject": [(RESPONDERS, {OPEN: INVALID, NEEDS: INVALID, ANSWERED: INVALID, SOLVED: INVALID, EXPIRED: INVALID})],
    "Expire": [({"tracker", "administrator"}, {OPEN: EXPIRED, NEEDS: EXPIRED})],
    "Reopen": [(REQUESTORS, {ANSWERED: OPEN, EXPIRED: OPEN, SOLVED: OPEN})],
    "Comment": [(ANYBODY, {status: status for status in EVERY})],
    # To any other status; the test asks for the one after, and the first after the last.
    "Change status": [({"administrator"}, dict(zip(EVERY, EVERY[1:] + EVERY[:1], strict=True)))],
}


def expected(action: str, status: str, who: str) -> str | None:
    """The status that the issue's list leads to; None where it allows nothing."""
    return next((moves[status] for allowed, moves in ALLOWED[action] if who in allowed and status in moves), None)


TAKEN = [
    (action, status, who) for action in ALLOWED for status in EVERY for who in PEOPLE if expected(action, status, who)
]


class RoleWorld(World):
    """A world with somebody in every role, in which one test after another opens tickets."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.known("foo.bar@example.org", "Foo Bar", admin=True)
        self.responder("ron@example.org", "Ron")
        self.responder("rita@example.net", "Rita", queue="Questions")
        self.responder("asa@example.org", "Asa", queue="Questions")
        self.reader("rex@example.net", "Rex")
        for email in ("pia@example.net", "otto@example.net"):
            self.known(email)
        with self.uow() as uow:
            from mail_tickets.mail.addresses import Mailbox
            from mail_tickets.model.records.registration import get_or_create_person

            get_or_create_person(uow, Mailbox("Mallory", "mallory@example.com"), known=False)

    def prepared(self, who: str, status: str) -> int:
        """A ticket in this status, which somebody has answered; Rita asked, and answers for Questions, not General."""
        queue = "Questions" if who == "requestor who is a responder" else "General"
        number = self.opens("rita@example.net", queue=queue)
        self.act(number, "Answer", "ron@example.org", "Off and on.")
        self.asks_in(number, "pia@example.net")
        if who == "assignee":
            with self.uow() as uow:
                from mail_tickets.model.records.people import get_person
                from mail_tickets.model.records.tickets import find_ticket

                find_ticket(uow, number).assignee_id = get_person(uow, "asa@example.org").id
        self.becomes(number, status)
        return number

    def take(self, number: int, action: str, who: str, status: str, **more: Any) -> dict[str, Any]:
        """Somebody takes an action; the ticket afterwards."""
        if action == "Change status":
            more["status"] = EVERY[(EVERY.index(status) + 1) % len(EVERY)]
        self.act(number, action, PEOPLE[who], "Words.", **more)
        return self.ticket(number)


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoleWorld]:
    world = RoleWorld(f"sqlite:///{tmp_path_factory.mktemp('roles')}/tickets.db")
    yield world
    world.close()


def test_this_list_is_about_every_action_status_and_role() -> None:
    assert set(ALLOWED) == {action.title for action in SUPPORT.actions}
    assert set(EVERY) == set(SUPPORT.statuses)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MACHINE])
def test_somebody_here_has_every_role(roles: RoleWorld, role: Role) -> None:
    worn = {
        roles.ticket(roles.prepared(who, OPEN), email)["reply"]["as"]
        for who, email in PEOPLE.items()
        if email and who != "stranger"
    } | {Role.STRANGER}
    assert role in worn


@pytest.mark.parametrize(("action", "status", "who"), TAKEN, ids=["-".join(cell) for cell in TAKEN])
def test_an_action_does_what_the_list_says(roles: RoleWorld, action: str, status: str, who: str) -> None:
    number = roles.prepared(who, status)
    before = roles.ticket(number)
    after = roles.take(number, action, who, status)
    message = after["messages"][-1]
    assert after["status"] == message["new_status"] == expected(action, status, who)
    assert message["action"] == ("Confirm" if action == "Answer" and who in REQUESTORS else action)
    assert (message["sender"] or {"email": None})["email"] == PEOPLE[who]
    assert message["private"] is (who in ("reader", "stranger"))
    assert_dates(before, after, action, who)
    assert_recorded(before, after, who)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("status", EVERY)
def test_every_other_action_is_refused_and_changes_nothing(roles: RoleWorld, status: str, who: str) -> None:
    number = roles.prepared(who, status)
    before = roles.ticket(number)
    refused = [action for action in ALLOWED if expected(action, status, who) is None]
    assert refused
    for action in refused:
        with pytest.raises(NotAllowed) as refusal:
            roles.take(number, action, who, status)
        assert_it_says_why(str(refusal.value), action, status, who)
        assert roles.ticket(number) == before, action


def assert_it_says_why(refusal: str, action: str, status: str, who: str) -> None:
    """From which states it is allowed (to this person, if at all, else to whom it is), and what the ticket's is."""
    own = [moves for allowed, moves in ALLOWED[action] if who in allowed]
    sources = set().union(*(own or [moves for _, moves in ALLOWED[action]]))
    if own:
        assert refusal.startswith(f"You can't use {action} now: this ticket is {status}. ")
    else:
        assert refusal.startswith("Only ")
        assert refusal.endswith(f" This ticket is {status}.")
    allowed = refusal.partition(" while a ticket is ")[2].removesuffix(f" This ticket is {status}.")
    assert {status for status in EVERY if status in allowed} == sources


def assert_dates(before: dict[str, Any], after: dict[str, Any], action: str, who: str) -> None:
    date = after["messages"][-1]["date"]
    moved = None if action == "Comment" else "last_query" if who in REQUESTORS else "last_response"
    for name in ("last_query", "last_response"):
        assert after[name] == (date if name == moved else before[name]), name


def assert_recorded(before: dict[str, Any], after: dict[str, Any], who: str) -> None:
    new = after["changes"][len(before["changes"]) :]
    if before["status"] == after["status"]:
        assert new == []
        return
    [change] = new
    assert (change["field"], change["old"], change["new"]) == ("status", before["status"], after["status"])
    assert (change["by"] or {"email": None})["email"] == PEOPLE[who]


# Effects on the answer


def solved_by(ticket: dict[str, Any]) -> tuple[Any, Any, bool]:
    """The answer's number, its answerer, and whether there is a date of solving."""
    return ticket["answer"], ticket["answerer"] and ticket["answerer"]["email"], ticket["solved"] is not None


@pytest.mark.parametrize("status", [OPEN, NEEDS, ANSWERED])
def test_who_answers_their_own_request_has_solved_it(roles: RoleWorld, status: str) -> None:
    number = roles.prepared("requestor", status)
    after = roles.take(number, "Answer", "requestor", status)
    assert after["messages"][-1]["action"] == "Confirm"
    assert solved_by(after) == (3, "rita@example.net", True)


def test_confirm_names_the_answer_and_its_sender_is_the_answerer(roles: RoleWorld) -> None:
    number = roles.prepared("requestor", OPEN)
    roles.act(number, "Answer", "otto@example.net", "Or else kick it.")
    assert solved_by(roles.take(number, "Confirm", "requestor", ANSWERED, answer=2)) == (
        2,
        "ron@example.org",
        True,
    )
    # Later the requestor says that it was the other one.
    assert solved_by(roles.take(number, "Confirm", "requestor", SOLVED, answer=3)) == (3, "otto@example.net", True)


def test_confirm_without_a_name_takes_the_latest_answer_and_then_keeps_it(roles: RoleWorld) -> None:
    number = roles.prepared("requestor", OPEN)
    roles.act(number, "Answer", "otto@example.net", "Or else kick it.")
    assert solved_by(roles.take(number, "Confirm", "requestor", ANSWERED))[:2] == (3, "otto@example.net")
    roles.take(number, "Confirm", "requestor", SOLVED, answer=2)
    assert solved_by(roles.take(number, "Confirm", "requestor", SOLVED))[:2] == (2, "ron@example.org")


def test_confirm_is_satisfied_by_an_old_answer(roles: RoleWorld) -> None:
    number = roles.prepared("requestor", ANSWERED)
    roles.take(number, "Reopen", "requestor", ANSWERED)
    assert solved_by(roles.ticket(number)) == (None, None, False)
    assert solved_by(roles.take(number, "Confirm", "requestor", OPEN)) == (2, "ron@example.org", True)


@pytest.mark.parametrize("status", [OPEN, NEEDS, ANSWERED, SOLVED])
def test_confirm_needs_an_answer(roles: RoleWorld, status: str) -> None:
    number = roles.opens("rita@example.net")
    roles.act(number, "Request for more information", "ron@example.org", "What model?")
    roles.becomes(number, status)
    with pytest.raises(NotAllowed) as refused:
        roles.take(number, "Confirm", "requestor", status)
    assert str(refused.value) == (
        f"You can't use Confirm yet: nobody has answered, and this ticket is {status}. It works while a ticket is "
        "Open, Needs information, Answered or Solved and somebody has answered it."
    )


def test_confirm_names_only_a_message_that_is_there(roles: RoleWorld) -> None:
    number = roles.prepared("requestor", ANSWERED)
    with pytest.raises(NoSuchMessage, match=f"Ticket {number} has no message 77"):
        roles.take(number, "Confirm", "requestor", ANSWERED, answer=77)
    assert roles.ticket(number)["status"] == ANSWERED


def test_confirm_cannot_name_what_the_requestor_may_not_see(roles: RoleWorld) -> None:
    number = roles.prepared("requestor", ANSWERED)
    roles.act(number, "Comment", "mallory@example.com", "psst")
    with pytest.raises(NoSuchMessage):
        roles.take(number, "Confirm", "requestor", ANSWERED, answer=3)


def test_numbers_tell_nobody_outside_of_what_they_may_not_see(roles: RoleWorld) -> None:
    number = roles.opens("rita@example.net")
    roles.act(number, "Comment", "mallory@example.com", "psst")
    roles.act(number, "Answer", "ron@example.org", "Off and on.")
    roles.act(number, "Answer", "ron@example.org", "Or kick it.")
    assert [message["number"] for message in roles.ticket(number)["messages"]] == [1, 2, 3, 4]
    assert [message["number"] for message in roles.ticket(number, "rita@example.net")["messages"]] == [1, 2, 3]
    # The number that Rita is shown is the one that she names.
    roles.act(number, "Confirm", "rita@example.net", answer=2)
    assert roles.ticket(number)["answer"] == 3
    ticket = roles.ticket(number, "rita@example.net")
    assert (ticket["answer"], ticket["messages"][1]["text"]) == (2, "Off and on.")


@pytest.mark.parametrize("answer", [0, -1, 3, 77])
def test_a_number_that_somebody_is_not_shown_is_no_answer(roles: RoleWorld, answer: int) -> None:
    number = roles.opens("rita@example.net")
    roles.act(number, "Comment", "mallory@example.com", "psst")
    roles.act(number, "Answer", "ron@example.org", "Off and on.")
    with pytest.raises(NoSuchMessage, match=f"Ticket {number} has no message {answer}"):
        roles.act(number, "Confirm", "rita@example.net", answer=answer)


def test_only_confirm_names_an_answer(roles: RoleWorld) -> None:
    number = roles.prepared("requestor", ANSWERED)
    with pytest.raises(NotAllowed):
        roles.take(number, "Reopen", "requestor", ANSWERED, answer=2)


def test_rejecting_counts_as_the_answer(roles: RoleWorld) -> None:
    number = roles.prepared("requestor", OPEN)
    assert solved_by(roles.take(number, "Reject", "responder", OPEN)) == (3, "ron@example.org", True)


@pytest.mark.parametrize("status", [ANSWERED, EXPIRED, SOLVED])
def test_reopening_clears_the_answer_and_is_recorded(roles: RoleWorld, status: str) -> None:
    number = roles.prepared("requestor", OPEN)
    roles.take(number, "Confirm", "requestor", OPEN)
    solved = roles.ticket(number)["solved"]
    roles.becomes(number, status)
    roles.clock.passes(hours=2)
    assert solved_by(roles.take(number, "Reopen", "requestor", status)) == (None, None, False)
    [record] = reopenings(roles, number)
    assert record.from_status == status
    assert record.at == roles.clock.now
    assert person(roles, record.by_id) == "rita@example.net"
    assert person(roles, record.answerer_id) == "ron@example.org"
    assert record.solved.isoformat() == solved


@pytest.mark.parametrize("new", EVERY)
@pytest.mark.parametrize("old", EVERY)
def test_a_changed_status_clears_the_answer_and_back_to_open_may_be_a_reopening(
    roles: RoleWorld, old: str, new: str
) -> None:
    number = roles.prepared("requestor", OPEN)
    roles.take(number, "Confirm", "requestor", OPEN)
    roles.becomes(number, old)
    if old == new:
        with pytest.raises(NotAllowed, match=f"can't make this ticket {new}. It's {old}"):
            roles.act(number, "Change status", "foo.bar@example.org", status=new)
        return
    roles.act(number, "Change status", "foo.bar@example.org", status=new)
    after = roles.ticket(number)
    assert solved_by(after) == (None, None, new == SOLVED)
    # As the issue lists it: back to Open from Solved or Invalid.
    assert len(reopenings(roles, number)) == (1 if new == OPEN and old in (SOLVED, INVALID) else 0)


def test_a_change_of_status_needs_the_status(roles: RoleWorld) -> None:
    number = roles.opens("rita@example.net")
    with pytest.raises(NotAllowed, match=r"Which status\? This ticket is Open, and Change status can make it "):
        roles.act(number, "Change status", "foo.bar@example.org")


def test_other_actions_lead_where_they_lead(roles: RoleWorld) -> None:
    number = roles.opens("rita@example.net")
    with pytest.raises(NotAllowed, match="Answer can't make this ticket Solved"):
        roles.act(number, "Answer", "ron@example.org", status=SOLVED)
    roles.act(number, "Answer", "ron@example.org", status=ANSWERED)


@pytest.mark.parametrize("action", ["Give more information", "Comment"])
def test_what_settles_nothing_leaves_the_answer_alone(roles: RoleWorld, action: str) -> None:
    number = roles.prepared("requestor", OPEN)
    roles.take(number, "Confirm", "requestor", OPEN)
    roles.becomes(number, OPEN)
    before = solved_by(roles.ticket(number))
    assert solved_by(roles.take(number, action, "requestor", OPEN)) == before != (None, None, False)


def reopenings(world: World, number: int) -> list[Any]:
    return [record for record in world.rows(Reopening) if record.ticket_id == number]


def person(world: World, number: int) -> str:
    from mail_tickets.model.records.people import Person

    return str(next(row.email for row in world.rows(Person) if row.id == number))


# Dates

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
UNBELIEVABLE = {
    "in the future": "Sat, 21 Nov 2026 12:00:05 +0000",
    "far in the future": "Tue, 01 Jan 2999 00:00:00 +0000",
    "in the future by its time zone": "Sat, 21 Nov 2026 11:30:00 -0100",
    "before 1990": "Sun, 31 Dec 1989 23:59:59 +0000",
    "before mail": "Thu, 01 Jan 1970 00:00:00 +0000",
    "unreadable": "yesterday, I think",
    "without a time": "Fri, 31 Feb 2026",
    "empty": "",
}


@pytest.mark.parametrize("header", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
def test_a_date_that_cannot_be_true_becomes_the_time_of_arrival(small_world: World, header: str) -> None:
    small_world.clock.now = NOW - timedelta(seconds=1)
    raw = f"From: ann@example.net\r\nDate: {header}\r\nMessage-ID: <a@b>\r\n\r\nHi".encode()
    small_world.clock.now = NOW
    small_world.brings(raw, "ann@example.net", "hello")
    ticket = small_world.ticket()
    assert ticket["messages"][0]["date"] == ticket["messages"][0]["received"] == NOW.isoformat()
    assert ticket["created"] == ticket["last_query"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Mon, 01 Jan 1990 00:00:00 +0000", datetime(1990, 1, 1, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 12:00:00 +0000", NOW),
        ("Sat, 21 Nov 2026 13:30:00 +0900", datetime(2026, 11, 21, 4, 30, tzinfo=UTC)),
        ("Mon, 02 Jan 2006 15:42:07 -0000", datetime(2006, 1, 2, 15, 42, 7, tzinfo=UTC)),
    ],
)
def test_a_date_that_can_be_true_is_believed(world: World, header: str, date: datetime) -> None:
    raw = f"From: ann@example.net\r\nDate: {header}\r\n\r\nHi".encode()
    world.clock.now = NOW
    world.brings(raw, "ann@example.net", "hello")
    message = world.ticket()["messages"][0]
    assert (message["date"], message["received"]) == (date.isoformat(), NOW.isoformat())


@pytest.mark.parametrize(("who", "name"), [("rita@example.net", "last_query"), ("ron@example.org", "last_response")])
def test_the_dates_of_the_last_query_and_response_never_go_backwards(roles: RoleWorld, who: str, name: str) -> None:
    number = roles.prepared("requestor", OPEN)
    action = "Give more information" if name == "last_query" else "Request for more information"
    roles.clock.passes(days=1)
    roles.act(number, action, who, "Now.")
    latest = roles.ticket(number)[name]
    assert latest == roles.clock.now.isoformat()
    roles.act(number, action, who, "Written earlier.", date=roles.clock.now - timedelta(days=400))
    after = roles.ticket(number)
    assert after[name] == latest
    assert after["messages"][-1]["date"] < latest


def test_a_date_given_by_command_must_be_possible() -> None:
    assert checked_date(None, NOW) is None
    assert checked_date(NOW, NOW) == NOW
    for wrong in (NOW + timedelta(seconds=1), datetime(1989, 12, 31, tzinfo=UTC)):
        with pytest.raises(BadDate, match="a date must lie between 1990 and now"):
            checked_date(wrong, NOW)


# Assignment, and other things that are set


@pytest.mark.parametrize("who", ["ron@example.org", "foo.bar@example.org"])
def test_responders_and_administrators_can_be_assigned(roles: RoleWorld, who: str) -> None:
    number = roles.opens("rita@example.net")
    roles.sets(number, "ron@example.org", assignee=who)
    assert roles.ticket(number)["assignee"]["email"] == who
    roles.sets(number, "ron@example.org", assignee="nobody")
    assert roles.ticket(number)["assignee"] is None
    assert [change["field"] for change in roles.ticket(number)["changes"]] == ["assignee", "assignee"]


@pytest.mark.parametrize("who", ["rita@example.net", "otto@example.net", "asa@example.org", "mallory@example.com"])
def test_nobody_else_can_be_assigned(roles: RoleWorld, who: str) -> None:
    number = roles.opens("rita@example.net")
    with pytest.raises(NotAllowed, match=r"isn't on the General team\. You can assign: "):
        roles.sets(number, "ron@example.org", assignee=who)
    assert roles.ticket(number)["assignee"] is None


@pytest.mark.parametrize("who", ["rita@example.net", "otto@example.net", "mallory@example.com"])
def test_only_responders_set_things(roles: RoleWorld, who: str) -> None:
    number = roles.opens("rita@example.net")
    with pytest.raises(NotAllowed, match="only the team can change its tickets"):
        roles.sets(number, who, title="Mine")
    assert roles.ticket(number)["title"] == "Hello"


def test_setting_a_thing_to_what_it_is_changes_nothing(roles: RoleWorld) -> None:
    number = roles.opens("rita@example.net", "Broken")
    roles.sets(number, "ron@example.org", title="Broken", assignee="nobody")
    assert roles.ticket(number)["changes"] == []


@pytest.mark.parametrize("title", ["", "   ", "\r\n"])
def test_a_ticket_keeps_a_subject(roles: RoleWorld, title: str) -> None:
    number = roles.opens("rita@example.net", "Broken")
    with pytest.raises(NotAllowed, match="needs a subject"):
        roles.sets(number, "ron@example.org", title=title)
    assert (roles.ticket(number)["title"], roles.ticket(number)["changes"]) == ("Broken", [])


# Expiry


def expire(world: World, days: int = 15) -> list[int]:
    from mail_tickets.model.operations.administration import expirable_tickets, expire

    with world.uow() as uow:
        numbers = [number for number in expirable_tickets(uow, days) if expire(uow, number, days)]
    world.settle()
    return numbers


@pytest.mark.parametrize("status", EVERY)
def test_only_what_waits_expires(small_world: World, status: str) -> None:
    small_world.opens("rita@example.net")
    small_world.becomes(1, status)
    small_world.clock.passes(days=15)
    assert expire(small_world) == ([1] if status in (OPEN, NEEDS) else [])
    assert small_world.ticket()["status"] == (EXPIRED if status in (OPEN, NEEDS) else status)


def keep_writing(world: World) -> None:
    world.clock.passes(days=14)
    world.act(1, "Comment", "rita@example.net", "Still here.")


def keep_assigned(world: World) -> None:
    world.sets(1, "ron@example.org", assignee="ron@example.org")


@pytest.mark.parametrize("cause", [keep_writing, keep_assigned])
def test_what_somebody_sees_to_does_not_expire(world: World, cause: Callable[[World], None]) -> None:
    world.responder("ron@example.org", "Ron")
    world.opens("rita@example.net")
    cause(world)
    world.clock.passes(days=14, hours=23)
    assert expire(world) == []


def test_a_ticket_that_expires_tells_its_requestor_and_says_how_to_get_it_back(world: World) -> None:
    rita = world.actor("rita@example.net", "Rita")
    rita.writes("hello", "It is broken.")
    world.clock.passes(days=15)
    assert expire(world) == [1]
    message = world.ticket()["messages"][-1]
    assert (message["sender"], message["action"], message["new_status"]) == (None, "Expire", EXPIRED)
    assert "The tracker closed this ticket:" in rita.letter().text
    assert rita.letter()["From"] == "General <ticket1@tickets.example>"
    assert "Reply to this email to reopen this ticket." in rita.letter().footer
    assert expire(world) == []
    rita.replies(rita.letter(), "It is still broken.")
    assert world.ticket()["status"] == OPEN


def test_a_mails_own_old_date_makes_no_ticket_expire(small_world: World) -> None:
    ann = small_world.actor("ann@example.net")
    ann.writes("hello", "From the drafts.", headers={"Date": "Mon, 02 Jan 2006 15:42:07 -0000"})
    assert expire(small_world) == []
