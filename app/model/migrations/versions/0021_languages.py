"""The language in which the letters of a queue are written."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the column: what was there until now is English."""
    op.add_column("queue", sa.Column("language", sa.String(), nullable=False, server_default="en"))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("queue", "language")
