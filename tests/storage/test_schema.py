"""Claims about the schema and its migrations, the moments in it, and who may know whom."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from mail_tickets.model import schema
from mail_tickets.model.records.people import BadAddress, Person, get_person
from mail_tickets.model.records.queue_setup import switches_of
from mail_tickets.model.records.queues import BadQueue, Queue, names_of_queues
from mail_tickets.model.records.tickets import NoSuchTicket, Participant, Ticket, find_ticket
from mail_tickets.model.schema import METADATA, NotReady, alembic_config, check_ready, upgrade, version
from mail_tickets.model.search.fulltext_table import is_of_index
from mail_tickets.model.storage.base import MAX_ID, Base, Moment
from mail_tickets.model.storage.database import Database
from mail_tickets.model.storage.revision import REVISION
from mail_tickets.model.tickets.ticket_json import ticket_in_full
from tests.cli.test_commands import SWITCHES
from tests.support.world import World


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    """A database with nothing in it."""
    with closing(Database(empty_url, "tickets.example")) as database:
        yield database


# Migrations


def is_mapped(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a table is for the models to know: the index is each database's own."""
    return kind != "table" or not is_of_index(name or "")


COMPARED = {"compare_type": True, "compare_server_default": True, "include_name": is_mapped}


def test_an_upgrade_from_nothing_equals_the_models(database: Database) -> None:
    assert upgrade(database) is True
    with database.read_only() as uow:
        context = MigrationContext.configure(uow.session.connection(), opts=COMPARED)
        assert compare_metadata(context, METADATA) == []


def test_an_upgrade_makes_the_same_constraints_and_indexes_as_the_models(database: Database) -> None:
    upgrade(database)
    with database.transaction() as uow:
        migrated = shape(uow.session.connection())
        command.downgrade(alembic_config(uow.session.connection()), "base")
        METADATA.create_all(uow.session.connection())
        modelled = shape(uow.session.connection())
    assert migrated == modelled


def shape(connection: object) -> dict[str, object]:
    """What alembic does not compare: keys, constraints and partial indexes by name."""
    inspector = inspect(connection)
    return {
        name: (
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (key["name"], key["constrained_columns"], key["referred_table"])
                for key in inspector.get_foreign_keys(name)
            ),
            sorted((key["name"], key["column_names"]) for key in inspector.get_unique_constraints(name)),
            sorted((key["name"], key["column_names"], key["unique"]) for key in inspector.get_indexes(name)),
            # A column that a migration added stands last, wherever the model has it.
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)),
        )
        for name in METADATA.tables
    }


def test_a_second_upgrade_finds_the_work_done(database: Database) -> None:
    upgrade(database)
    assert upgrade(database) is False


def test_the_revision_that_commands_check_is_the_newest_migration() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert scripts.get_heads() == [REVISION]
    assert [script.revision for script in scripts.walk_revisions()] == sorted(
        (script.revision for script in scripts.walk_revisions()), reverse=True
    )


def test_the_schema_goes_down_to_nothing_and_up_again(world: World) -> None:
    """With rows in it, as an administrator would have."""
    ann, ron = world.actor("ann@example.net", "Ann"), world.responder("ron@example.org", "Ron")
    ann.writes("hello", "It is broken.")
    ron.replies(ron.letter(), "Off and on.")
    ann.replies(ann.letter(), "No.")
    ann.writes("nowhere", "Hello?")
    world.sets(1, ron.email, assignee=ron.email)
    with world.database.transaction() as uow:
        connection = uow.session.connection()
        command.downgrade(alembic_config(connection), "base")
        left = set(inspect(connection).get_table_names()) - {"alembic_version"}
        assert left == set()
        command.upgrade(alembic_config(connection), "head")
        assert version(connection) == REVISION
        assert set(METADATA.tables) <= set(inspect(connection).get_table_names())
    assert world.rows(Ticket) == []


# A ticket in every status at 0001: the status there, whether somebody had answered, the status since, and back again.
UPGRADED = {
    1: ("Open", False, "new", "Open"),
    2: ("Open", True, "open", "Open"),
    3: ("Needs information", False, "stalled", "Needs information"),
    4: ("Answered", True, "open", "Open"),
    5: ("Solved", True, "resolved", "Solved"),
    6: ("Expired", False, "resolved", "Solved"),
    7: ("Invalid", True, "rejected", "Invalid"),
}
ROWS_OF_0001 = """
INSERT INTO queue (id, name, name_key, lifecycle_name) VALUES
  (1, 'General', 'general', 'support'), (2, 'Questions', 'questions', 'support');
INSERT INTO queue_address (id, queue_id, address) VALUES (1, 1, 'hello'), (2, 2, 'questions');
INSERT INTO person (id, name, email, known, administrator, created) VALUES
  (1, 'Ann', 'ann@example.net', true, false, :now), (2, 'Ron', 'ron@example.org', true, false, :now),
  (3, 'Pia', 'pia@example.net', true, false, :now);
INSERT INTO address (id, person_id, email, key) VALUES (1, 1, 'ann@example.net', 'ann@example.net'),
  (2, 2, 'ron@example.org', 'ron@example.org'), (3, 3, 'pia@example.net', 'pia@example.net');
INSERT INTO responder (queue_id, person_id) VALUES (1, 2)
"""
TICKET_OF_0001 = (
    "INSERT INTO ticket (id, queue_id, title, status, requestor_id, created, last_query, last_response, last_posted,"
    " posts, root) VALUES (:id, :queue, 'Broken', :status, 1, :now, :now, :response, :now, 2, :root)"
)
MESSAGE_OF_0001 = (
    "INSERT INTO message (ticket_id, number, message_id, sender_id, subject, text, full_text, action, new_status,"
    " private, verified, date, received) VALUES (:id, :number, :root, 1, 'Broken', 'Hi', 'Hi', :action, :status,"
    " :private, false, :now, :now)"
)


@pytest.fixture
def old(database: Database) -> Database:
    """A database at 0001 with tickets in General in every status, and one in Questions."""
    now = datetime(2026, 11, 1, tzinfo=UTC)
    with database.transaction() as uow:
        connection = uow.session.connection()
        command.upgrade(alembic_config(connection), "0001")
        for row in ROWS_OF_0001.split(";"):
            connection.execute(text(row), {"now": now} if ":now" in row else {})
        for number, (status, answered, _, _) in {**UPGRADED, 8: ("Open", True, "Open", "Open")}.items():
            values = {"id": number, "queue": 2 if number == 8 else 1, "status": status, "now": now}
            response = now if answered else None
            connection.execute(text(TICKET_OF_0001), {**values, "response": response, "root": f"<{number}@old>"})
            connection.execute(text("INSERT INTO participant (ticket_id, person_id) VALUES (:id, 3)"), {"id": number})
            for place, action in ((1, None), (2, "Comment")):
                private = place == 2 and number in (2, 8)
                more = {"number": place, "action": action, "private": private, "root": f"<{number}.{place}@old>"}
                connection.execute(text(MESSAGE_OF_0001), {**values, **more})
    return database


def statuses(database: Database) -> dict[int, str]:
    with database.read_only() as uow:
        return {row.id: row.status for row in uow.connection.execute(text("SELECT id, status FROM ticket"))}


def test_tickets_of_the_first_schema_become_those_of_a_shared_inbox(old: Database) -> None:
    assert upgrade(old) is False
    assert statuses(old) == {**{number: new for number, (_, _, new, _) in UPGRADED.items()}, 8: "Open"}
    with old.transaction() as uow:
        connection = uow.session.connection()
        context = MigrationContext.configure(connection, opts=COMPARED)
        assert compare_metadata(context, METADATA) == []
        tickets = uow.session.scalars(select(Ticket).order_by(Ticket.id)).all()
        assert {ticket.queue.name: ticket.lifecycle.name for ticket in tickets} == {
            "General": "correspondence",
            "Questions": "support",
        }
        assert [ticket.id for ticket in tickets if ticket.has_private] == [2, 8]
        assert all(participant.subscribed for participant in uow.session.scalars(select(Participant)))
        # What was done keeps the words of its time.
        new_statuses = connection.execute(text("SELECT new_status FROM message WHERE ticket_id = 1")).scalars().all()
        assert new_statuses == ["Open", "Open"]
        assert names_of_queues(uow) == {"general", "questions"}
        for ticket in tickets:
            for email in ("ann@example.net", "ron@example.org", "pia@example.net"):
                assert ticket_in_full(uow, ticket, get_person(uow, email))["reply"]
        assert switches_of(tickets[0].queue) == SWITCHES


def test_the_shared_inbox_goes_back_to_the_first_schema_and_comes_again(old: Database) -> None:
    upgrade(old)
    with old.transaction() as uow:
        add = insert(Queue).values(id=3, name="Inbox", name_key="inbox", lifecycle_name="correspondence")
        uow.session.execute(add)
        uow.session.execute(text("UPDATE ticket SET status = 'stalled', queue_id = 3 WHERE id = 1"))
    with old.transaction() as uow:
        command.downgrade(alembic_config(uow.session.connection()), "0001")
    expected = {**{number: back for number, (_, _, _, back) in UPGRADED.items()}, 1: "Needs information", 8: "Open"}
    assert statuses(old) == expected
    with old.read_only() as uow:
        lifecycles = set(uow.connection.execute(text("SELECT lifecycle_name FROM queue")).scalars())
        assert lifecycles == {"support"}
    upgrade(old)
    again = {number: new for number, (_, _, new, _) in UPGRADED.items()}
    assert statuses(old) == {**again, 1: "Needs information", 8: "Open"}


def test_a_command_says_what_to_do_with_a_database_that_is_not_ready(database: Database) -> None:
    with pytest.raises(NotReady, match="Run: tickets init"):
        check_ready(database)
    upgrade(database)
    check_ready(database)
    for revision, advice in (("0000", "To upgrade it, run: tickets init"), ("9999", "Upgrade the program")):
        with database.transaction() as uow:
            uow.session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        with pytest.raises(NotReady, match=advice):
            check_ready(database)
    with pytest.raises(NotReady, match="Upgrade the program"):
        upgrade(database)


def test_looking_at_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/none.db", "tickets.example")
    with closing(database), pytest.raises(NotReady, match="No database yet"):
        check_ready(database)
    assert list(tmp_path.iterdir()) == []


# Rows


def test_foreign_keys_are_really_on(world: World) -> None:
    with pytest.raises(IntegrityError), world.uow() as uow:
        uow.session.add(Participant(ticket_id=77, person_id=78))
    ticket = world.opens("ann@example.net")
    with pytest.raises(IntegrityError), world.uow() as uow:
        uow.session.execute(text("DELETE FROM person"))
    assert world.ticket(ticket)["requestor"]["email"] == "ann@example.net"


def test_every_reference_is_a_foreign_key() -> None:
    """But for the tickets that a letter lists: it must not wait for the locks of all of them.

    And for the message that it offers to send: once that is erased, the letter stays.
    """
    for table in METADATA.tables.values():
        for column in table.columns:
            if str(column) in ("letter_subject.ticket_id", "letter.offered_id"):
                continue
            if column.name.endswith("_id") and column.name not in ("message_id", "list_id", "original_id"):
                assert column.foreign_keys, f"{table.name}.{column.name}"
    assert METADATA.tables["attachment"].columns["message_id"].foreign_keys


def test_every_moment_is_kept_as_aware_utc() -> None:
    for table in METADATA.tables.values():
        for column in table.columns:
            if "DATE" in str(column.type).upper() or "TIME" in str(column.type).upper():
                assert isinstance(column.type, Moment), f"{table.name}.{column.name}"


def test_every_moment_comes_back_as_aware_utc(world: World) -> None:
    ann, ron = world.actor("ann@example.net", "Ann"), world.responder("ron@example.org", "Ron")
    ann.writes("hello", "It is broken.", headers={"Date": "Sat, 21 Nov 2026 13:30:00 +0900"})
    ron.replies(ron.letter(), "Off and on.")
    world.act(1, "Confirm", ann.email)
    world.act(1, "Reopen", ann.email)
    count = 0
    for mapper in Base.registry.mappers:
        columns = [column for column in mapper.local_table.c if isinstance(column.type, Moment)]
        for row in world.rows(*columns, mapper.local_table.c[0]) if columns else []:
            for moment in row[: len(columns)]:
                if moment is not None:
                    assert moment.utcoffset() == timedelta(0)
                    assert moment.tzinfo is UTC
                    count += 1
    assert count > 20


def test_a_moment_keeps_its_microseconds_and_its_instant(world: World) -> None:
    moment = datetime(2026, 11, 21, 4, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    ticket = world.opens("ann@example.net")
    with world.uow() as uow:
        find_ticket(uow, ticket).created = moment
    [kept] = world.rows(Ticket.created)
    assert kept == moment
    assert kept.isoformat() == "2026-11-21T09:30:00.123456+00:00"


def test_a_moment_without_a_time_zone_is_refused(world: World) -> None:
    world.opens("ann@example.net")
    with pytest.raises(StatementError, match="a moment without a time zone"), world.uow() as uow:
        find_ticket(uow, 1).created = datetime(2026, 11, 21)  # noqa: DTZ001 - that is the point


def test_work_that_fails_leaves_nothing(world: World) -> None:
    def fail() -> None:
        with world.uow() as uow:
            uow.session.add(Person(name="", email="a@b.c", known=True, administrator=False, created=uow.now))
            uow.session.flush()
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert world.rows(Person) == []


def test_a_ticket_number_is_never_given_twice(world: World) -> None:
    first = world.opens("ann@example.net")
    with world.uow() as uow:
        for table in ("message", "ticket"):
            uow.session.execute(text(f"DELETE FROM {table}"))
    assert world.opens("ann@example.net") == first + 1


@pytest.mark.parametrize("number", [0, -1, MAX_ID, MAX_ID + 1, 10**40])
def test_a_number_that_no_ticket_has_is_no_error_of_the_database(world: World, number: int) -> None:
    with world.database.read_only() as uow, pytest.raises(NoSuchTicket):
        find_ticket(uow, number)


@pytest.mark.usefixtures("durable")
def test_sqlite_keeps_what_it_has_committed(small_world: World) -> None:
    with small_world.database.read_only() as uow:
        values = {
            name: uow.session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous")
        }
    assert values == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2}


def test_all_tables_are_known_to_the_schema(world: World) -> None:
    with world.database.read_only() as uow:
        tables = set(inspect(uow.session.connection()).get_table_names()) - {"alembic_version"}
        own_tables = {name for name in tables if not is_of_index(name)}
        assert own_tables == set(METADATA.tables)
        for name in METADATA.tables:
            uow.session.execute(select(METADATA.tables[name]))
    assert {table for module in schema.TABLES for table in _tables_of(module.__name__)} == own_tables


def _tables_of(module: str) -> set[str]:
    return {mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__module__ == module}


def test_nobody_can_be_added_with_an_address_of_ours_nor_a_queue_with_a_persons(small_world: World) -> None:
    """So an address is either a person's or ours, and a mail's sender is looked up once."""
    small_world.known("ann@elsewhere.example")
    with pytest.raises(BadAddress, match="of the tracker itself"):
        small_world.known("ticket7@tickets.example")
    with pytest.raises(BadQueue, match="already an address of ann"):
        small_world.answers_at("ann@elsewhere.example")
