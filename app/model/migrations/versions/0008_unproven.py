"""What an unproven mail may not do: people whom it names wait to be let in, and a ticket keeps its own address."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nobody waits on an existing ticket, and its letters go where they went."""
    op.add_column("participant", sa.Column("pending", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("ticket", sa.Column("requestor_email", sa.String(), nullable=True))


def downgrade() -> None:
    """Take both columns away."""
    op.drop_column("ticket", "requestor_email")
    op.drop_column("participant", "pending")
