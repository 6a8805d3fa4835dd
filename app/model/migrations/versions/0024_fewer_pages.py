"""Indexes without the rows in which their column is null: each was a page to write for a mail."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_PARTIAL = (("message", "parent_id"), ("message", "original_id"), ("letter", "leave_token"))


def upgrade() -> None:
    """Make them anew."""
    for table, column in _PARTIAL:
        op.drop_index(f"ix_{table}_{column}", table)
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Put all rows into them again."""
    for table, column in _PARTIAL:
        op.drop_index(f"ix_{table}_{column}", table)
        op.create_index(f"ix_{table}_{column}", table, [column])
