"""Claims about a ticket's page: it shows what `show --as` shows, and nothing that its reader may not see."""

import pytest

from mail_tickets.model.desk.basics import merge_preview, merge_tickets, set_basics, undo_change
from mail_tickets.model.desk.refusals import FieldsRefused
from mail_tickets.model.desk.ticket_page import MergedAway, TicketPage, message_file, news, raw_message, ticket_page
from mail_tickets.model.records.messages import Message, NoSuchMessage
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.tickets import NoSuchTicket, find_ticket
from mail_tickets.model.tickets.ticket_json import ticket_in_full
from tests.desk.test_answers import PEOPLE, populated
from tests.support.world import World

SAM, ANN, BEA, OLGA = "sam@team.example", "ann@home.example", "bea@home.example", "olga@team.example"


def page(world: World, email: str, number: int = 1, **more: str) -> TicketPage:
    with world.database.read_only() as uow:
        return ticket_page(uow, number, get_person(uow, email), **more)


@pytest.mark.parametrize("email", [ANN, BEA, SAM, OLGA])
def test_a_page_shows_what_show_as_shows(inbox: World, email: str) -> None:
    world = populated(inbox)
    view = page(world, email).view
    with world.database.read_only() as uow:
        whole = ticket_in_full(uow, find_ticket(uow, 1), get_person(uow, email))
    assert {len(message["key"]) for message in view["messages"]} == {10}
    as_shown = [{name: message[name] for name in whole["messages"][0]} for message in view["messages"]]
    changes = [{name: change[name] for name in change if name != "line"} for change in view["changes"]]
    assert {**view, "messages": as_shown, "changes": changes} == whole


def test_what_changed_names_people_as_letters_do(inbox: World) -> None:
    world = populated(inbox)
    with world.uow() as uow:
        set_basics(uow, 1, get_person(uow, SAM), {"owner": SAM, "requestor": BEA})
    lines = [change["line"] for change in page(world, SAM).view["changes"]]
    assert {"Owner: Olga → Sam", f"Requestor: {PEOPLE[ANN]} <{ANN}> → {PEOPLE[BEA]} <{BEA}>"} <= {*lines}, lines


def test_nothing_on_a_page_tells_the_public_of_a_private_note(inbox: World) -> None:
    world = populated(inbox)
    before = page(world, ANN), page(world, BEA)
    world.clock.passes(days=3)
    world.actor(SAM).writes("ticket1-comment", "Only for us.")
    assert (page(world, ANN), page(world, BEA)) == before
    assert "Only for us." in [message["text"] for message in page(world, SAM).view["messages"]]
    assert page(world, ANN).people == []
    assert page(world, ANN).basics is None


def test_a_message_has_one_name_for_all_its_readers(inbox: World) -> None:
    world = populated(inbox)
    names = [
        {message["message_id"]: message["key"] for message in page(world, who).view["messages"]} for who in (ANN, SAM)
    ]
    assert names[0].items() <= names[1].items()
    assert len({*names[1].values()}) == len(names[1])


def test_a_long_ticket_comes_in_pages(inbox: World) -> None:
    world = populated(inbox)
    for number in range(120):
        with world.uow() as uow:
            ticket = find_ticket(uow, 1)
            ticket.posts += 1
            uow.session.add(_message(uow.now, ticket.posts, f"Number {number}", get_person(uow, ANN).id))
    newest = page(world, ANN)
    assert (len(newest.view["messages"]), newest.number) == (100, 22)
    assert newest.view["messages"][-1]["number"] == 122
    earlier = page(world, ANN, before=newest.earlier)
    assert [message["number"] for message in earlier.view["messages"]] == [*range(1, 23)]
    assert earlier.earlier == ""


def _message(now: object, number: int, text: str, sender: int) -> Message:
    message = Message(ticket_id=1, number=number, message_id=f"<{number}@x>", sender_id=sender, subject="", text=text)
    message.full_text, message.new_status, message.private, message.verified = text, "open", False, False
    message.date = message.received = now  # type: ignore[assignment]
    return message


def test_a_page_tells_of_what_others_wrote_since(inbox: World) -> None:
    world = populated(inbox)
    newest = page(world, SAM).form.seen
    world.actor(ANN).writes("ticket1", "More.")
    world.actor(BEA).writes("ticket1-comment", "For the team.")
    with world.database.read_only() as uow:
        assert news(uow, 1, get_person(uow, SAM), newest) == (2, "Bea")
        assert news(uow, 1, get_person(uow, ANN), page(world, ANN).form.seen) == (0, "")
        with pytest.raises(NoSuchTicket):
            news(uow, 1, get_person(uow, "kim@home.example"), newest)


def test_exact_mails_are_for_the_team_and_their_writers(inbox: World) -> None:
    world = populated(inbox)
    world.actor(ANN).writes("ticket1", "See my file.")
    key = page(world, ANN).view["messages"][-1]["key"]
    with world.database.read_only() as uow:
        for email in (ANN, SAM):
            assert b"See my file." in raw_message(uow, 1, get_person(uow, email), key)
        with pytest.raises(NoSuchMessage):
            raw_message(uow, 1, get_person(uow, BEA), key)
        with pytest.raises(NoSuchMessage):
            message_file(uow, 1, get_person(uow, ANN), key, 1)


def test_basics_are_set_together_or_not_at_all(inbox: World) -> None:
    world = populated(inbox)
    with pytest.raises(FieldsRefused) as refused, world.uow() as uow:
        set_basics(uow, 1, get_person(uow, SAM), {"subject": "", "priority": "high", "owner": SAM, "queue": "Nope"})
    assert refused.value.problems.keys() == {"subject", "priority", "queue"}
    assert "isn't a priority" in refused.value.problems["priority"]
    assert world.ticket()["assignee"]["email"] == OLGA
    same = {"owner": OLGA, "subject": "Broken door", "queue": "General", "priority": "", "status": "open", "add": ""}
    with world.uow() as uow:
        assert set_basics(uow, 1, get_person(uow, SAM), same).changes == []
        result = set_basics(uow, 1, get_person(uow, SAM), {**same, "owner": "", "priority": "5", "status": "stalled"})
    assert {change[0] for change in result.changes} == {"assignee", "priority", "status"}
    assert (result.undo, result.visible, world.ticket()["status"]) == (True, True, "stalled")
    with world.uow() as uow:
        assert {change[0] for change in undo_change(uow, 1, get_person(uow, SAM))} == {"assignee", "priority", "status"}
    with pytest.raises(FieldsRefused), world.uow() as uow:
        undo_change(uow, 1, get_person(uow, ANN))


def test_only_who_may_sets_basics(inbox: World) -> None:
    world = populated(inbox)
    with pytest.raises(FieldsRefused, match="Only the team can use Owner"), world.uow() as uow:
        set_basics(uow, 1, get_person(uow, ANN), {"owner": ANN})
    with pytest.raises(NoSuchTicket), world.uow() as uow:
        set_basics(uow, 1, get_person(uow, "kim@home.example"), {"owner": ANN})


def test_a_merge_names_who_will_read_what_before_it_is_done(inbox: World) -> None:
    world = populated(inbox)
    number = world.opens("kim@home.example", "Another door")
    with world.uow() as uow:
        preview = merge_preview(uow, number, get_person(uow, SAM), "1")
    assert (preview.ticket, preview.into, preview.title) == (number, 1, "Another door")
    assert "Kim will see ticket 1 (2 messages)." in preview.sentences
    for wrong, says in (("99", "ticket 99"), (str(number), "itself"), ("x", "number")):
        with pytest.raises(FieldsRefused, match=says), world.uow() as uow:
            merge_preview(uow, number, get_person(uow, SAM), wrong)
    with pytest.raises(FieldsRefused, match="only the team can merge its tickets"), world.uow() as uow:
        merge_tickets(uow, number, get_person(uow, "kim@home.example"), "1")
    with world.uow() as uow:
        assert merge_tickets(uow, number, get_person(uow, SAM), "1") == 1
    with pytest.raises(MergedAway) as moved:
        page(world, SAM, number)
    assert moved.value.ticket == 1
    assert page(world, "kim@home.example").form.blocks
