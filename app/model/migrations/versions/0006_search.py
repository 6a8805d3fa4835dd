"""The search: the index of each database, and triggers that only note which messages it lacks.

A later migration that makes one of these tables anew (SQLite's way to alter it) must make its triggers anew too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_FIRST = "SELECT id FROM message WHERE ticket_id = {ticket} ORDER BY number LIMIT 1"
_OF_PERSON = (
    "SELECT id FROM message WHERE sender_id = {person} UNION "
    "SELECT message.id FROM message JOIN ticket ON ticket.id = message.ticket_id "
    "WHERE ticket.requestor_id = {person} AND message.number = "
    "(SELECT min(number) FROM message AS other WHERE other.ticket_id = ticket.id)"
)
# What a message is found by: the event, the table, and the messages that are noted then.
_NOTES = (
    ("written", "INSERT ON message", "SELECT NEW.id"),
    (
        "changed",
        "UPDATE OF ticket_id, number, parent_id, sender_id, subject, text, full_text ON message",
        "SELECT NEW.id",
    ),
    # The next one may be the ticket's first now.
    ("removed", "DELETE ON message", f"SELECT OLD.id UNION SELECT id FROM ({_FIRST.format(ticket='OLD.ticket_id')}) f"),
    ("attached", "INSERT ON attachment", "SELECT NEW.message_id"),
    ("renamed", "UPDATE OF name, message_id ON attachment", "SELECT NEW.message_id UNION SELECT OLD.message_id"),
    ("detached", "DELETE ON attachment", "SELECT OLD.message_id"),
    # The title counts with every message, and most with the first; the requestor with the first alone.
    ("retitled", "UPDATE OF title ON ticket", "SELECT id FROM message WHERE ticket_id = NEW.id"),
    ("asked", "UPDATE OF requestor_id ON ticket", _FIRST.format(ticket="NEW.id")),
    ("named", "UPDATE OF name ON person", _OF_PERSON.format(person="NEW.id")),
    ("addressed", "INSERT ON address", _OF_PERSON.format(person="NEW.person_id")),
    (
        "moved",
        "UPDATE OF email, person_id ON address",
        f"{_OF_PERSON.format(person='NEW.person_id')} UNION {_OF_PERSON.format(person='OLD.person_id')}",
    ),
    ("unaddressed", "DELETE ON address", _OF_PERSON.format(person="OLD.person_id")),
)


def upgrade() -> None:
    """Make the index, empty, and note every message there is."""
    op.create_table(
        "search_due",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_due")),
    )
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute("CREATE TABLE search_document (message_id integer PRIMARY KEY, words tsvector NOT NULL)")
        op.execute("CREATE INDEX search_words ON search_document USING gin (words)")
    else:
        # The words come folded, with spaces between them: what is not ASCII is part of a word to this tokenizer.
        op.execute("CREATE VIRTUAL TABLE search USING fts5(title, text, people, files, topic, tokenize = 'ascii')")
    for name, event, messages in _NOTES:
        _note(f"search_{name}", event, f"INSERT INTO search_due (message_id) {messages}", postgres=postgres)
    op.execute("INSERT INTO search_due (message_id) SELECT id FROM message ORDER BY id")


def _note(name: str, event: str, statement: str, *, postgres: bool) -> None:
    if postgres:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW EXECUTE FUNCTION {name}()")
    else:
        op.execute(f"CREATE TRIGGER {name} AFTER {event} BEGIN {statement}; END")


def downgrade() -> None:
    """Take it all away; the messages stay."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for name, event, _ in _NOTES:
        table = event.rpartition(" ")[2]
        op.execute(f"DROP TRIGGER search_{name}{f' ON {table}' if postgres else ''}")
        if postgres:
            op.execute(f"DROP FUNCTION search_{name}()")
    op.execute("DROP TABLE search_document" if postgres else "DROP TABLE search")
    op.drop_table("search_due")
