"""Who reads a queue without answering for it, and who may not log in to the web pages."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make the table, and let everybody log in."""
    op.add_column("person", sa.Column("no_access", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "queue_reader",
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name="fk_queue_reader_queue_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_queue_reader_person_id"),
        sa.PrimaryKeyConstraint("queue_id", "person_id", name="pk_queue_reader"),
    )
    op.create_index("ix_queue_reader_person_id", "queue_reader", ["person_id"])


def downgrade() -> None:
    """Take both away."""
    op.drop_table("queue_reader")
    op.drop_column("person", "no_access")
