"""Other words for the same texts: hyphens join words, and the dotless i is an i."""

from alembic import op

revision = "0011"
down_revision = "0010"

# The server takes what is noted into the index in its pauses, and the next search all of it.
_NOTE_ALL = (
    "INSERT INTO search_due (message_id) SELECT id FROM message "
    "WHERE id NOT IN (SELECT message_id FROM search_due) ORDER BY id"
)


def upgrade() -> None:
    """Note every message; until it is seen to, it is found by its words of before."""
    op.execute(_NOTE_ALL)


def downgrade() -> None:
    """Note every message for the words of before."""
    op.execute(_NOTE_ALL)
