"""Claims about upgrades: what was there is copied first, and an upgrade that fails leaves all as it was."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from mail_tickets.cli import main
from mail_tickets.model import schema
from mail_tickets.model.schema import NotReady, alembic_config, upgrade, version
from mail_tickets.model.setup import set_up
from mail_tickets.model.storage.database import Database
from mail_tickets.model.storage.revision import REVISION
from mail_tickets.model.storage.sqlite_copy import CannotCopy

# It changes the schema and rows, makes a table, and then fails.
FAILING = '''"""Fails in the middle."""
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("queue") as batch:
        batch.add_column(sa.Column("halfway", sa.Integer))
    op.execute("UPDATE queue SET name = 'Halfway'")
    op.execute("INSERT INTO half (id) VALUES (1)")
    raise RuntimeError("in the middle")
'''


@pytest.fixture
def old(empty_url: str) -> Iterator[Database]:
    """A database at 0001 with a queue."""
    with closing(Database(empty_url, "tickets.example")) as database:
        to_0001(database)
        yield database


@pytest.fixture
def old_file(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "tickets.db").touch()
    with closing(Database(f"sqlite:///{tmp_path}/tickets.db", "tickets.example")) as database:
        to_0001(database)
        yield database


def to_0001(database: Database) -> None:
    with database.transaction() as uow:
        command.upgrade(alembic_config(uow.session.connection()), "0001")
        rows = "INSERT INTO queue (id, name, name_key, lifecycle_name) VALUES (1, 'General', 'general', 'support')"
        uow.session.execute(text(rows))


def shape(database: Database) -> object:
    """All tables with their columns, the version, and the queues' names."""
    with database.read_only() as uow:
        connection = uow.session.connection()
        inspector = inspect(connection)
        tables = {
            name: sorted(column["name"] for column in inspector.get_columns(name))
            for name in inspector.get_table_names()
        }
        return tables, version(connection), connection.execute(text("SELECT name FROM queue")).scalars().all()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The next migration fails in the middle."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "9999_fails.py").write_text(FAILING.format(head=REVISION))
    really = schema.alembic_config

    def with_one_more(connection: Connection | None = None) -> Config:
        config = really(connection)
        places = [Path(schema.__file__).parent / "migrations" / "versions", tmp_path / "more"]
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", "\n".join(map(str, places)))
        return config

    monkeypatch.setattr(schema, "alembic_config", with_one_more)
    monkeypatch.setattr(schema, "REVISION", "9999")


@pytest.mark.usefixtures("failing")
def test_an_upgrade_that_fails_in_the_middle_leaves_all_as_it_was(old: Database) -> None:
    before = shape(old)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="in the middle"):
            upgrade(old)
        assert shape(old) == before


@pytest.mark.usefixtures("failing")
def test_after_an_upgrade_that_failed_the_older_program_goes_on(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError):
        upgrade(old)
    monkeypatch.undo()
    assert upgrade(old) is False
    with old.read_only() as uow:
        assert version(uow.session.connection()) == REVISION


def test_an_upgrade_lets_those_get_letters_again_whom_two_refusals_cut_off(old: Database) -> None:
    with old.transaction() as uow:
        command.upgrade(alembic_config(uow.session.connection()), "0006")
        for email in ("ann@example.org", "person2@forgotten.invalid"):
            uow.session.execute(
                text(
                    "INSERT INTO person (name, email, known, administrator, created, undeliverable) "
                    "VALUES ('', :email, true, false, '2026-11-21 12:00:00+00', '2026-11-21 12:00:00+00')"
                ),
                {"email": email},
            )
    upgrade(old)
    with old.read_only() as uow:
        cut_off = uow.session.execute(text("SELECT email FROM person WHERE undeliverable IS NOT NULL")).scalars().all()
    assert cut_off == ["person2@forgotten.invalid"]


def test_before_an_upgrade_the_file_is_copied_and_that_is_told(old_file: Database, tmp_path: Path) -> None:
    lines: list[str] = []
    set_up(old_file, lines.append)
    copy = tmp_path / "tickets.db.before-0001"
    assert lines == [f"The database is upgraded from version 0001 to {REVISION}; as it was, it is kept at {copy}"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert connection.execute("SELECT name FROM queue").fetchall() == [("General",)]


def test_the_copy_of_a_version_is_the_newest_and_the_only_one(old_file: Database, tmp_path: Path) -> None:
    (tmp_path / "tickets.db.before-0001").write_bytes(b"of a try that failed, weeks ago")
    (tmp_path / "tickets.db.before-0000").write_bytes(b"of another version")
    upgrade(old_file)
    kept = {path.name: path.read_bytes() for path in tmp_path.glob("*before*")}
    assert sorted(kept) == ["tickets.db.before-0000", "tickets.db.before-0001"]
    assert kept["tickets.db.before-0000"] == b"of another version"
    assert kept["tickets.db.before-0001"].startswith(b"SQLite format 3\0")
    upgrade(old_file)
    assert len(list(tmp_path.glob("*before*"))) == 2


def test_a_new_database_is_not_copied(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/new.db", "tickets.example")) as database:
        lines: list[str] = []
        assert set_up(database, lines.append) is True
        assert set_up(database, lines.append) is False
    assert (lines, list(tmp_path.glob("*before*"))) == ([], [])


def test_without_a_place_for_the_copy_nothing_is_upgraded(old_file: Database, tmp_path: Path) -> None:
    (tmp_path / "tickets.db.before-0001").mkdir()
    before = shape(old_file)
    with pytest.raises(CannotCopy, match=r"No copy can be made at .*before-0001"):
        upgrade(old_file)
    assert shape(old_file) == before


def test_init_tells_of_the_copy_and_of_a_database_from_the_future(
    old_file: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TICKETS_DATABASE_URL", f"sqlite:///{tmp_path}/tickets.db")
    with pytest.raises(SystemExit) as ended:
        main(["init"])
    output = capsys.readouterr()
    assert ended.value.code == 0
    assert output.out.startswith("Up to date:")
    assert f"as it was, it is kept at {tmp_path}/tickets.db.before-0001" in output.err
    with old_file.transaction() as uow:
        uow.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotReady, match="is newer"):
        upgrade(old_file)
    assert not (tmp_path / "tickets.db.before-9999").exists()
