"""Letters that came to nothing: when that was known, and how often in a row it was so for a person's address."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# What is looked for is somebody's newest: one index serves that and the foreign key.
_NEWEST = (("message", "sender_id", "received"), ("letter", "person_id", "created"))


def upgrade() -> None:
    """Add the columns, and let the indexes on people lead to what is newest of them."""
    moment = sa.DateTime(timezone=True)
    op.add_column("letter", sa.Column("undelivered", moment, nullable=True))
    op.add_column("person", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("person", sa.Column("undeliverable", moment, nullable=True))
    for table, whose, when in _NEWEST:
        op.create_index(op.f(f"ix_{table}_{whose}_{when}"), table, [whose, when])
        op.drop_index(op.f(f"ix_{table}_{whose}"), table)


def downgrade() -> None:
    """Take all of it away."""
    for table, whose, when in _NEWEST:
        op.create_index(op.f(f"ix_{table}_{whose}"), table, [whose])
        op.drop_index(op.f(f"ix_{table}_{whose}_{when}"), table)
    op.drop_column("person", "undeliverable")
    op.drop_column("person", "failures")
    op.drop_column("letter", "undelivered")
