"""Indexes without the rows in which their column is null, a page to write for each mail; and one of administrators."""

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
    sqlite, postgres = sa.text("administrator = 1"), sa.text("administrator")
    op.create_index(
        "ix_person_administrator", "person", ["administrator"], sqlite_where=sqlite, postgresql_where=postgres
    )


def downgrade() -> None:
    """Put all rows into them again."""
    op.drop_index("ix_person_administrator", "person")
    for table, column in _PARTIAL:
        op.drop_index(f"ix_{table}_{column}", table)
        op.create_index(f"ix_{table}_{column}", table, [column])
