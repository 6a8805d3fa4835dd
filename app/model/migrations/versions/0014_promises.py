"""What a letter promises of a reply, kept with the letter."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column: of the letters of before it is not known."""
    op.add_column("letter", sa.Column("promise", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("letter", "promise")
