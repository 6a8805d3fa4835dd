"""This file holds claims about the schema and its migrations, the moments in it, and who may know whom."""

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from app.model import schema
from app.model.base import MAX_ID, Base, Moment
from app.model.database import Database
from app.model.lifecycles import LIFECYCLES
from app.model.people import BadAddress, Person
from app.model.queues import BadQueue
from app.model.schema import METADATA, REVISION, NotReady, alembic_config, check_ready, upgrade, version
from app.model.tickets import NoSuchTicket, Participant, Ticket, find_ticket
from tests.postgres import fresh_database
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent
APP = sorted((ROOT / "app").rglob("*.py"))
MODEL = sorted((ROOT / "app" / "model").rglob("*.py"))
SOURCES = [*APP, *sorted((ROOT / "config").glob("*.py"))]
TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.txt"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/empty.db"
    else:
        url = fresh_database(request.getfixturevalue("postgres_server"))
    with closing(Database(url, "tickets.example")) as made:
        yield made


# Migrations


def test_an_upgrade_from_nothing_equals_the_models(database: Database) -> None:
    assert upgrade(database) is True
    with database.look() as desk:
        context = MigrationContext.configure(
            desk.session.connection(), opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []


def test_an_upgrade_makes_the_same_constraints_and_indexes_as_the_models(database: Database) -> None:
    upgrade(database)
    with database.work() as desk:
        migrated = shape(desk.session.connection())
        command.downgrade(alembic_config(desk.session.connection()), "base")
        METADATA.create_all(desk.session.connection())
        modelled = shape(desk.session.connection())
    assert migrated == modelled


def shape(connection: object) -> dict[str, object]:
    """What alembic does not compare: keys, constraints and partial indexes by name."""
    found = inspect(connection)
    return {
        name: (
            found.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (key["name"], key["constrained_columns"], key["referred_table"]) for key in found.get_foreign_keys(name)
            ),
            sorted((key["name"], key["column_names"]) for key in found.get_unique_constraints(name)),
            sorted((key["name"], key["column_names"], key["unique"]) for key in found.get_indexes(name)),
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
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
    with world.database.work() as desk:
        connection = desk.session.connection()
        command.downgrade(alembic_config(connection), "base")
        left = set(inspect(connection).get_table_names()) - {"alembic_version"}
        assert left == set()
        command.upgrade(alembic_config(connection), "head")
        assert version(connection) == REVISION
        assert set(METADATA.tables) <= set(inspect(connection).get_table_names())
    assert world.rows(Ticket) == []


def test_a_command_says_what_to_do_with_a_database_that_is_not_ready(database: Database) -> None:
    with pytest.raises(NotReady, match=r"`tickets init` \(or `serve`\)"):
        check_ready(database)
    upgrade(database)
    check_ready(database)
    for found, advice in (("0000", "`tickets init` upgrades it"), ("9999", "upgrade the program")):
        with database.work() as desk:
            desk.session.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})
        with pytest.raises(NotReady, match=advice):
            check_ready(database)
    with pytest.raises(NotReady, match="upgrade the program"):
        upgrade(database)


def test_looking_at_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/none.db", "tickets.example")
    with closing(database), pytest.raises(NotReady, match="There is no database yet"):
        check_ready(database)
    assert list(tmp_path.iterdir()) == []


# Rows


def test_foreign_keys_are_really_on(world: World) -> None:
    with pytest.raises(IntegrityError), world.desk() as desk:
        desk.session.add(Participant(ticket_id=77, person_id=78))
    ticket = world.opens("ann@example.net")
    with pytest.raises(IntegrityError), world.desk() as desk:
        desk.session.execute(text("DELETE FROM person"))
    assert world.ticket(ticket)["requestor"]["email"] == "ann@example.net"


def test_every_reference_is_a_foreign_key() -> None:
    for table in METADATA.tables.values():
        for column in table.columns:
            if column.name.endswith("_id") and column.name not in ("message_id", "list_id"):
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
    seen = 0
    for mapper in Base.registry.mappers:
        columns = [column for column in mapper.local_table.c if isinstance(column.type, Moment)]
        for row in world.rows(*columns, mapper.local_table.c[0]) if columns else []:
            for moment in row[: len(columns)]:
                if moment is not None:
                    assert moment.utcoffset() == timedelta(0)
                    assert moment.tzinfo is UTC
                    seen += 1
    assert seen > 20


def test_a_moment_keeps_its_microseconds_and_its_instant(world: World) -> None:
    moment = datetime(2026, 11, 21, 4, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    ticket = world.opens("ann@example.net")
    with world.desk() as desk:
        find_ticket(desk, ticket).created = moment
    [kept] = world.rows(Ticket.created)
    assert kept == moment
    assert kept.isoformat() == "2026-11-21T09:30:00.123456+00:00"


def test_a_moment_without_a_time_zone_is_refused(world: World) -> None:
    world.opens("ann@example.net")
    with pytest.raises(StatementError, match="a moment without a time zone"), world.desk() as desk:
        find_ticket(desk, 1).created = datetime(2026, 11, 21)  # noqa: DTZ001 - that is the point


def test_work_that_fails_leaves_nothing(world: World) -> None:
    def fail() -> None:
        with world.desk() as desk:
            desk.session.add(Person(name="", email="a@b.c", known=True, administrator=False, created=desk.now))
            desk.session.flush()
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert world.rows(Person) == []


def test_a_ticket_number_is_never_given_twice(world: World) -> None:
    first = world.opens("ann@example.net")
    with world.desk() as desk:
        for table in ("message", "ticket"):
            desk.session.execute(text(f"DELETE FROM {table}"))
    assert world.opens("ann@example.net") == first + 1


@pytest.mark.parametrize("number", [0, -1, MAX_ID, MAX_ID + 1, 10**40])
def test_a_number_that_no_ticket_has_is_no_error_of_the_database(world: World, number: int) -> None:
    with world.database.look() as desk, pytest.raises(NoSuchTicket):
        find_ticket(desk, number)


def test_sqlite_keeps_what_it_has_committed(small_world: World) -> None:
    with small_world.database.look() as desk:
        values = {
            name: desk.session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous")
        }
    assert values == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2}


def test_all_tables_are_known_to_the_schema(world: World) -> None:
    with world.database.look() as desk:
        there = set(inspect(desk.session.connection()).get_table_names()) - {"alembic_version"}
        assert there == set(METADATA.tables)
        for name in METADATA.tables:
            desk.session.execute(select(METADATA.tables[name]))
    assert {table for module in schema.TABLES for table in _tables_of(module.__name__)} == there


def _tables_of(module: str) -> set[str]:
    return {mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__module__ == module}


# Who may know whom


def imports(path: Path, *, at_run_time: bool = False) -> set[str]:
    """Every module that a file imports, also inside functions; `at_run_time` leaves those for the type checker out."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    if at_run_time:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                skipped |= {below for statement in node.body for below in ast.walk(statement)}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute here"
            module = node.module or ""
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def knows(path: Path, *forbidden: str) -> set[str]:
    return {name for name in imports(path) for one in forbidden if name == one or name.startswith(f"{one}.")}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODEL, ids=named)
def test_the_model_knows_neither_salmon_nor_the_settings_nor_the_rooms_around_it(path: Path) -> None:
    around = ("salmon", "config", "app.transport", "app.handlers", "app.cli", "app.setup", "app.bench", "app.demo")
    assert knows(path, *around, "aiosmtpd", "smtplib", "click", "os.environ") == set()


@pytest.mark.parametrize("path", MODEL, ids=named)
def test_the_model_is_given_its_clock(path: Path) -> None:
    """The database alone has one by default, for want of another."""
    if path.name != "database.py":
        assert not re.search(r"\.(now|utcnow|today)\(|time\.time\(", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / "app" / "handlers").glob("*.py")), ids=named)
def test_handlers_know_the_model_and_salmon(path: Path) -> None:
    """And the kind of request that they are handed."""
    allowed = re.compile(r"(app\.model|salmon)(\..+)?|app|app\.transport\.reception(\.Request)?|app\.handlers\..*")
    for name in imports(path):
        assert allowed.fullmatch(name) or name.partition(".")[0] in ("typing", "collections", "__future__"), name


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_nobody_imports_the_boot_module(path: Path) -> None:
    assert knows(path, "config.boot") == set()


@pytest.mark.parametrize("path", [path for path in APP if "transport" in path.parts], ids=named)
def test_transport_knows_neither_the_settings_nor_the_commands(path: Path) -> None:
    assert knows(path, "config", "app.cli", "app.handlers") == set()


@pytest.mark.parametrize("path", APP, ids=named)
def test_no_other_file_names_a_status_or_an_action(path: Path) -> None:
    """The decision is written once: elsewhere a title would be a rule restated."""
    if path.name.endswith("lifecycle.py") or {"cli", "bench", "demo"} & set(path.parts):
        return
    titles = {title for life in LIFECYCLES.values() for title in (*life.statuses, *(a.title for a in life.actions))}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value not in titles, f"{node.value!r} in line {node.lineno}"


def test_no_other_file_compares_a_role() -> None:
    """Who somebody is on a ticket is asked of the tables; standing says which roles they have."""
    asking = {named(path) for path in APP if knows(path, "app.model.lifecycle.Role")}
    assert asking <= {"app/model/support_lifecycle.py", "app/model/standing.py", "app/model/chart.py"}


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_templates_decide_nothing(path: Path) -> None:
    """They ask whether there is something to show, and never what the status or the role is."""
    for tag in re.findall(r"{%-?\s*(.*?)\s*-?%}", path.read_text(encoding="utf-8")):
        plain = r'(if|for \w+ in) \w+|endif|endfor|block \w+|endblock|extends "[\w.]+"|include "[\w.]+"'
        assert re.fullmatch(plain, tag), tag
    for expression in re.findall(r"{{\s*(.*?)\s*}}", path.read_text(encoding="utf-8")):
        assert re.fullmatch(r"\w+", expression), expression


@pytest.mark.parametrize("path", [path for path in SOURCES if path.read_text(encoding="utf-8").strip()], ids=named)
def test_every_file_says_what_it_holds(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    assert first
    assert first[-1] in ".:?"


def test_nobody_can_be_added_with_an_address_of_ours_nor_a_queue_with_a_persons(small_world: World) -> None:
    """So an address is either a person's or ours, and a mail's sender is looked up once."""
    small_world.known("ann@elsewhere.example")
    with pytest.raises(BadAddress, match="of the tracker itself"):
        small_world.known("ticket7@tickets.example")
    with pytest.raises(BadQueue, match="of ann already"):
        small_world.answers_at("ann@elsewhere.example")
