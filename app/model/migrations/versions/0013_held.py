"""Replies that wait for a word of their writer, and which words mean something in answer to a letter."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_INDEX = "ix_message_held"


def upgrade() -> None:
    """Hold nothing that was posted; letters about waiting lines are answered as before."""
    op.add_column("message", sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(_INDEX, "message", ["received"], sqlite_where=sa.text("held"), postgresql_where=sa.text("held"))
    op.add_column("letter", sa.Column("offers", sa.String(), nullable=True))
    op.add_column("letter", sa.Column("offered_id", sa.Integer(), nullable=True))
    op.execute("UPDATE letter SET offers = 'yes no' WHERE kind = 'waiting'")


def downgrade() -> None:
    """Leave what is held as a private note."""
    op.drop_column("letter", "offered_id")
    op.drop_column("letter", "offers")
    op.drop_index(_INDEX, "message")
    op.drop_column("message", "held")
