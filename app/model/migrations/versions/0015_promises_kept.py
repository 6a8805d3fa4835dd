"""Who took part before a change, and tickets that were handed over to somebody else."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

# The first messages of a merged ticket stand on another one: of such a ticket it does not matter.
_HANDED_OVER = """
    UPDATE ticket SET handed_over = true WHERE EXISTS (
        SELECT 1 FROM message
        WHERE message.ticket_id = ticket.id AND message.number = 1 AND message.sender_id <> ticket.requestor_id
    )
"""


def upgrade() -> None:
    """Add the columns."""
    op.add_column("checkpoint", sa.Column("participants", sa.String(), nullable=True))
    op.add_column("ticket", sa.Column("handed_over", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(_HANDED_OVER)


def downgrade() -> None:
    """Take them away."""
    op.drop_column("ticket", "handed_over")
    op.drop_column("checkpoint", "participants")
