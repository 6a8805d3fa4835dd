"""Claims about lists: whose tickets they have, in which order, a portion at a time, and along which index."""

from itertools import product

import pytest
from sqlalchemy import text

from mail_tickets.model.desk.lists import ListPage, list_json, list_page, my_work, search_page
from mail_tickets.model.desk.refusals import FieldsRefused
from mail_tickets.model.operations import administration
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import add_queue
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.records.tickets import Ticket, find_ticket
from mail_tickets.model.search.indexer import catch_up
from mail_tickets.model.tickets import listing
from mail_tickets.model.tickets.filters import Filter
from mail_tickets.model.tickets.listing import ListQuery, Order, Scope, Waits, list_portion, queue_counts, read_cursor
from tests.support.world import World, person_of

SAM, ANN, BEA, OLGA, QUIN = (
    "sam@team.example", "ann@home.example", "bea@home.example", "olga@team.example", "quin@team.example",
)  # fmt: skip


def filled(world: World) -> World:
    """Sam answers for General, Quin for Questions, Olga administers; tickets 1, 2, 3 in General, 4 and 5 in Questions.

    Ann asked 1 and 4, Bea the others and takes part in 1; 2 is Sam's, 5 was assigned to Sam, 3 is resolved.
    """
    world.responder(SAM, "Sam")
    world.responder(QUIN, "Quin", "Questions")
    world.known(OLGA, "Olga", admin=True)
    for email, queue in ((ANN, "General"), (BEA, "General"), (BEA, "General"), (ANN, "Questions"), (BEA, "Questions")):
        world.clock.passes(hours=1)
        world.opens(email, f"Of {email[:3]}", queue=queue)
    world.asks_in(1, BEA)
    world.sets(2, SAM, assignee=SAM)
    with world.uow() as uow:
        find_ticket(uow, 5).assignee_id = person_of(uow, SAM).id
    world.clock.passes(hours=1)
    world.act(3, "Comment", SAM, "Sorry, done.", private=world.ticket()["lifecycle"] == "correspondence")
    with world.uow() as uow:
        third = find_ticket(uow, 3)
        third.status, third.last_public = third.lifecycle.solved_status, uow.now
    return world


def numbers(world: World, email: str, **fields: str) -> list[int]:
    return [row.number for row in listed(world, email, **fields).rows]


def listed(world: World, email: str, **fields: str) -> ListPage:
    with world.database.read_only() as uow:
        return list_page(uow, get_person(uow, email), fields)


def test_a_list_has_what_its_reader_works_on_oldest_first(inbox: World) -> None:
    world = filled(inbox)
    assert numbers(world, OLGA) == [1, 2, 4, 5]
    assert numbers(world, SAM) == [1, 2, 5]
    assert numbers(world, QUIN) == [4, 5]
    assert numbers(world, ANN) == [4, 1]
    assert numbers(world, BEA) == [5, 2, 1]
    assert numbers(world, OLGA, status="any", order="newest") == [3, 5, 4, 2, 1]
    assert numbers(world, SAM, status="any") == [1, 2, 5, 3]
    assert numbers(world, ANN, status="any") == [4, 1]
    assert numbers(world, BEA, status="any") == [3, 5, 2, 1]


def test_filters_choose_together(inbox: World) -> None:
    world = filled(inbox)
    assert numbers(world, OLGA, owner="nobody") == [1, 4]
    assert numbers(world, SAM, owner="me") == [2, 5]
    assert numbers(world, OLGA, owner=SAM, queue="Questions") == [5]
    assert numbers(world, OLGA, requestor=ANN, queue="general") == [1]
    assert numbers(world, OLGA, status="resolved") == [3]
    assert numbers(world, OLGA, status="rejected") == []
    assert numbers(world, QUIN, queue="General", status="any") == []
    assert numbers(world, OLGA, waits="us", queue="General") == [1, 2]
    world.act(1, "Reply", SAM, "Which door?")
    assert numbers(world, OLGA, waits="us", queue="General") == [2]
    assert numbers(world, OLGA, waits="them") == [1]
    for closed in ({}, {"status": "any"}):
        assert numbers(world, ANN, requestor="me", **closed) == [1, 4]
        assert numbers(world, SAM, requestor=BEA, owner="me", **closed) == [2, 5]


def test_a_wrong_field_says_what_would_be_right(inbox: World) -> None:
    world = filled(inbox)
    wrong = {"queue": "Nope", "status": "gone", "owner": "x@y.example", "waits": "me", "order": "up"}
    with pytest.raises(FieldsRefused) as refused:
        listed(world, SAM, **wrong)
    assert refused.value.problems.keys() == wrong.keys()
    assert 'no queue called "Nope"' in refused.value.problems["queue"]
    with pytest.raises(FieldsRefused, match="your own tickets"):
        listed(world, ANN, requestor=BEA)


@pytest.mark.parametrize(
    ("field", "known", "unknown", "own"),
    [
        ("requestor", BEA, "x@y.example", ANN),
        ("owner", SAM, "x@y.example", ANN),
        ("queue", "Elsewhere", "Nope", "General"),
    ],
)
def test_an_outsider_learns_of_no_person_and_no_queue(
    inbox: World, field: str, known: str, unknown: str, own: str
) -> None:
    world, sentences = filled(inbox), []
    with world.uow() as uow:
        add_queue(uow, "Elsewhere", ["elsewhere"], "support")
    for value in (known, unknown):
        with pytest.raises(FieldsRefused) as refused:
            listed(world, ANN, **{field: value})
        sentences.append(refused.value.problems)
    assert sentences[0] == sentences[1]
    listed(world, ANN, **{field: own})


def test_a_long_list_comes_in_portions_none_twice(world: World) -> None:
    filled(world)
    for number in range(30):
        world.opens(ANN, f"Number {number}")
    for email, order, status in product((OLGA, SAM, ANN), Order, ("", "any")):
        fields = {"order": order, "status": status}
        numbers, after = list[int](), ""
        while True:
            with world.database.read_only() as uow:
                page = list_page(uow, get_person(uow, email), fields | {"after": after}, limit=7)
            numbers += [row.number for row in page.rows]
            after = page.after
            if not after:
                break
        with world.database.read_only() as uow:
            whole = list_page(uow, get_person(uow, email), fields, limit=100)
        assert numbers == [row.number for row in whole.rows]
        assert len(numbers) > 30


def test_a_private_note_moves_no_list(inbox: World) -> None:
    world = filled(inbox)
    before = {email: listed(world, email) for email in (ANN, BEA, SAM)}
    world.clock.passes(days=2)
    world.actor(SAM).writes("ticket1-comment", "For us.")
    assert {email: listed(world, email) for email in (ANN, BEA, SAM)} == before
    world.actor(ANN).writes("ticket1", "Hello?")
    assert numbers(world, BEA) == [1, 5, 2]


def test_outsiders_see_no_address_but_their_own(inbox: World) -> None:
    world = filled(inbox)
    with world.database.read_only() as uow:
        summaries, after = list_json(uow, get_person(uow, BEA), {})
        whole, _ = list_json(uow, get_person(uow, OLGA), {"queue": "General"})
    assert after == ""
    assert [(summary["id"], summary["requestor"]["email"]) for summary in summaries] == [(5, BEA), (2, BEA), (1, None)]
    assert SAM not in str(summaries)
    assert whole[0]["requestor"]["email"] == ANN
    assert {row.requestor_email for row in listed(world, BEA).rows} == {None}
    assert listed(world, SAM).rows[0].requestor_email == ANN


def test_my_work_counts_queues_and_has_the_first_of_each_list(inbox: World) -> None:
    world = filled(inbox)
    world.clock.passes(hours=1)
    world.act(2, "Reply", SAM, "Which door?")
    with world.database.read_only() as uow:
        work = my_work(uow, get_person(uow, SAM))
        requestors_work = my_work(uow, get_person(uow, ANN))
        every = my_work(uow, get_person(uow, OLGA))
    assert work.queues == [("General", 2, 1, 1)]
    assert [[row.number for row in part.rows] for part in work[1:]] == [[5, 2], [1], [1, 5], [2], []]
    assert requestors_work.queues == []
    assert [[row.number for row in part.rows] for part in requestors_work[1:]] == [[], [], [], [], [4, 1]]
    assert every.queues == [("General", 2, 1, 1), ("Questions", 2, 2, 1)]


def test_a_merged_ticket_and_a_forgotten_one_are_on_no_list(inbox: World) -> None:
    world = filled(inbox)
    with world.uow() as uow:
        administration.merge(uow, find_ticket(uow, 2, locked=True), 1, person_of(uow, SAM))
    assert numbers(world, OLGA) == [1, 4, 5]
    assert numbers(world, OLGA, status="any") == [1, 4, 5, 3]


def test_a_status_that_comes_any_way_is_counted_as_closed_or_open(inbox: World) -> None:
    world = filled(inbox)
    assert numbers(world, BEA) == [5, 2, 1]
    world.actor(BEA).writes("ticket2", "Status: resolved", headers={})
    world.act(1, "Change status", SAM, status="rejected")
    assert 1 not in numbers(world, BEA)
    with world.uow() as uow:
        administration.undo(uow, find_ticket(uow, 1, locked=True), person_of(uow, SAM))
    assert 1 in numbers(world, BEA)
    world.switches("General", lifecycle="support")
    assert 3 not in numbers(world, OLGA)


def test_a_search_finds_what_its_reader_may_see(inbox: World) -> None:
    world = filled(inbox)
    catch_up(world.database)
    with world.database.read_only() as uow:
        hits = search_page(uow, get_person(uow, BEA), "hello", {"queue": "General"})
        assert sorted(hit.row.number for hit in hits.rows) == [1, 2, 3]
        assert search_page(uow, get_person(uow, QUIN), "hello", {"queue": "General"}).rows == []


def test_what_is_no_cursor_begins_the_list(inbox: World) -> None:
    world = filled(inbox)
    for wrong in ("x", "1", "1.x", "٣.1", "-1.2", "9" * 40 + ".1"):
        assert read_cursor(wrong) is None
        assert numbers(world, OLGA, after=wrong) == [1, 2, 4, 5]


@pytest.mark.parametrize("statistics", [False, True])
def test_sqlite_reads_every_list_along_an_index(small_inbox: World, *, statistics: bool) -> None:
    world = filled(small_inbox)
    with world.uow() as uow:
        if statistics:
            uow.session.execute(text("ANALYZE"))
        ann, sam, general = person_of(uow, ANN), person_of(uow, SAM), find_queue(uow, "General")
        filters = [
            Filter(), Filter(queue=general), Filter(assignee=sam), Filter(unassigned=True), Filter(requestor=ann),
            Filter(statuses=frozenset({"rejected"})), Filter(queue=general, statuses=frozenset({"rejected"})),
            Filter(assignee=sam, statuses=frozenset({"rejected"})), Filter(queue=general, unassigned=True),
        ]  # fmt: skip
        scopes = [Scope(), Scope(None, sam.id), Scope((general.id,), sam.id), Scope((), ann.id)]
        statements: list[str] = []
        _listen(uow.session.connection(), statements)
        for chosen, scope, closed, order in product(filters, scopes, (False, True), Order):
            query = ListQuery(chosen, closed=closed, order=order, after="1700000000000000.5", waits=None)
            list_portion(uow, query, scope)
            list_portion(uow, ListQuery(chosen, waits=Waits.US), scope)
        queue_counts(uow, Scope())
    scans = [plan for plan in statements if "SCAN ticket\n" in plan]
    assert scans == []
    # Few tickets are open, and nobody takes part in very many: those may be sorted.
    few = ("PRIMARY KEY", "ix_ticket_open", "ix_ticket_requestor_id", "ix_ticket_assignee_id")
    assert [plan for plan in statements if "TEMP B-TREE" in plan and not any(name in plan for name in few)] == []
    assert len(statements) > 100


@pytest.mark.parametrize("many", [1, 5_000])
def test_every_way_to_a_list_leads_to_the_same_tickets(
    inbox: World, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MANY", many)
    world = filled(inbox)
    with world.uow() as uow:
        sam, bea, general = person_of(uow, SAM), person_of(uow, BEA), find_queue(uow, "General")
        scopes = [Scope(), Scope((general.id,), sam.id), Scope((), bea.id)]
        taking_part = {1: {bea.id}}
        tickets = world.rows(Ticket)
        choices = product(
            (None, general), (None, {"open", "new", "Open"}, {"resolved"}), (None, sam), (False, True), (None, bea)
        )
        for (queue, statuses, assignee, unassigned, requestor), scope in product(choices, scopes):
            chosen = Filter(queue, frozenset(statuses) if statuses else None, requestor, assignee, unassigned)
            wanted = [
                ticket.id
                for ticket in sorted(tickets, key=lambda row: (row.last_public, row.id))
                if (queue is None or ticket.queue_id == queue.id)
                and (statuses is None or ticket.status in statuses)
                and (assignee is None or ticket.assignee_id == assignee.id)
                and not (unassigned and ticket.assignee_id is not None)
                and (requestor is None or ticket.requestor_id == requestor.id)
                and (
                    scope.queues is None
                    or ticket.queue_id in scope.queues
                    or scope.person in (ticket.assignee_id, ticket.requestor_id, *taking_part.get(ticket.id, ()))
                )
            ]
            assert list_portion(uow, ListQuery(chosen, closed=True), scope).numbers == wanted, (chosen, scope)


@pytest.mark.parametrize(
    ("fields", "index"),
    [
        ({"owner": "nobody", "status": "rejected"}, "ix_ticket_closed_queue_id_status"),
        ({"requestor": BEA, "status": "rejected"}, "ix_ticket_closed_queue_id_status"),
        ({"owner": OLGA, "queue": "General", "status": "any"}, "ix_ticket_closed_assignee_id"),
        ({"owner": "nobody", "queue": "General", "status": "any"}, "ix_ticket_closed_assignee_id"),
    ],
)
def test_a_list_goes_the_way_that_has_the_fewest_tickets(
    small_inbox: World, fields: dict[str, str], index: str
) -> None:
    """Nothing was rejected, nothing is Olga's, and of many tickets somebody has nearly all."""
    world = filled(small_inbox)
    with world.uow() as uow:
        for number in range(1, 5):
            find_ticket(uow, number).assignee_id = person_of(uow, SAM).id
        olga = get_person(uow, OLGA)
        plans: list[str] = []
        _listen(uow.session.connection(), plans)
        list_page(uow, olga, fields)
    # Few tickets are open, and these are all gone through.
    ways = [plan for plan in plans if "ix_ticket_open" not in plan]
    assert ways
    assert all(index in plan for plan in ways)


def _listen(connection: object, plans: list[str]) -> None:
    from sqlalchemy import event

    def explain(conn, cursor, statement, parameters, context, executemany) -> None:  # type: ignore[no-untyped-def]
        if "last_public" in statement and statement.startswith("SELECT ticket.last_public"):
            # Prepared statements have no cursor yet.
            plan = conn.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.append("\n".join([*(row[3] for row in plan), statement]))

    event.listen(connection, "before_cursor_execute", explain)


def test_the_row_says_what_the_ticket_is(inbox: World) -> None:
    world = filled(inbox)
    assert {row.closed for row in world.rows(Ticket) if row.status == "resolved"} == {True}
    row = listed(world, SAM, owner="me").rows[0]
    assert (row.queue, row.owner, row.requestor, row.waits, row.responder) == ("General", "Sam", "bea", True, True)
