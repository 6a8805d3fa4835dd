"""Prepared statements and the values beside mapped classes: the same rows, the same objects, the same errors."""

from dataclasses import fields

import pytest
from sqlalchemy import event, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from mail_tickets.model.inbound import delivery
from mail_tickets.model.letters import letter_subjects
from mail_tickets.model.records import messages, people, ticket_progress
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import Address, Person, find_person
from mail_tickets.model.records.received_mail import Delivery, Mail
from mail_tickets.model.records.ticket_progress import TicketProgress
from mail_tickets.model.records.tickets import Change, Reopening, Ticket, find_ticket
from mail_tickets.model.storage.base import Base
from mail_tickets.model.storage.prepared import Prepared
from mail_tickets.model.tickets import undo
from mail_tickets.model.tickets.undo import Checkpoint
from tests.support.world import World

_INSERTS = [
    (delivery._ADD_MAIL, Mail, ()),
    (delivery._ADD_DELIVERY, Delivery, ()),
    (messages.ADD_MESSAGE, Message, ()),
    (letter_subjects._ADD_LETTER, Letter, ("in_hand", "sent", "error", "undelivered", "refused")),
    (people._ADD_PERSON, Person, ()),
    (people._ADD_ADDRESS, Address, ()),
    (ticket_progress._ADD, Ticket, ()),
    (ticket_progress.ADD_REOPENING, Reopening, ()),
    (undo._ADD, Checkpoint, ()),
]


@pytest.mark.parametrize(("prepared", "mapped", "later"), _INSERTS, ids=lambda case: getattr(case, "__name__", ""))
def test_a_prepared_insert_fills_every_column_but_the_id_and_those_of_later(
    prepared: Prepared, mapped: type[Base], later: tuple[str, ...]
) -> None:
    filled = set(prepared.columns or ())
    assert filled | set(later) | {"id"} == {column.name for column in mapped.__table__.columns}
    for name in later:
        column = mapped.__table__.columns[name]
        assert column.nullable or column.server_default is not None


def test_an_object_of_a_prepared_statement_is_the_one_that_the_orm_loads(world: World) -> None:
    world.opens("ann@home.example")
    with world.database.read_only() as fast, world.database.read_only() as slow:
        fast_ticket, slow_ticket = find_ticket(fast, 1), slow.session.get_one(Ticket, 1)
        pairs = [(fast_ticket, slow_ticket), (fast_ticket.queue, slow_ticket.queue)]
        pairs.append((find_person(fast, "ann@home.example"), slow_ticket.requestor))
        for mapped, loaded in pairs:
            names = [attribute.key for attribute in inspect(type(loaded)).column_attrs]
            assert {name: getattr(mapped, name) for name in names} == {name: getattr(loaded, name) for name in names}
            assert mapped in fast.session
            assert mapped not in fast.session.dirty
        assert fast.session.get_one(Ticket, 1) is fast_ticket
        assert fast_ticket.requestor is pairs[2][0]


def test_progress_has_columns_of_the_ticket_and_leaves_nothing_to_flush(world: World) -> None:
    world.opens("ann@home.example")
    names = {field.name for field in fields(TicketProgress)} - {"lifecycle"}
    assert names < {column.name for column in Ticket.__table__.columns}
    with world.database.transaction() as uow:
        ticket = find_ticket(uow, 1, locked=True)
        progress = TicketProgress.of(ticket)
        progress.posts, progress.status, progress.answer = 7, "solved", 3
        progress.store(uow, ticket)
        assert (ticket.posts, ticket.status, ticket.answer) == (7, "solved", 3)
        assert ticket not in uow.session.dirty
        uow.session.expire(ticket)
        assert (ticket.posts, ticket.status, ticket.answer) == (7, "solved", 3)


def test_errors_of_a_prepared_statement_are_those_of_sqlalchemy_and_listeners_hear_of_it(world: World) -> None:
    statements: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    twice = Prepared(insert(Change), ("ticket_id", "at", "by_id", "field", "old", "new"))
    with world.database.transaction() as uow:
        values = {"ticket_id": 99, "at": uow.now, "by_id": None, "field": "status", "old": "a", "new": "b"}
        with pytest.raises(IntegrityError):
            twice.rows(uow.connection, values)
    assert any("change" in sql for sql in statements)


def test_a_prepared_statement_refuses_a_column_whose_default_it_leaves_out(world: World) -> None:
    with world.database.transaction() as uow, pytest.raises(TypeError, match="default"):
        Prepared(insert(Ticket), ("queue_id", "title")).rows(uow.connection, {"queue_id": 1, "title": "Help"})


def test_rows_have_the_types_of_their_columns(world: World) -> None:
    with world.database.transaction() as uow:
        people.insert_person(uow, "Ann", "ann@home.example", known=True)
        [(known, created)] = Prepared(select(Person.known, Person.created)).rows(uow.connection, {})
    assert (known, created) == (True, uow.now)
