"""Files that have a letter to the team in them, which outsiders do not get."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; of what came before nothing is known, and its letters have left."""
    op.add_column("attachment", sa.Column("withheld", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("attachment", "withheld")
