"""A queue's digest and readers, who has left a ticket, and the day on which a stalled one opens again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns: no queue is switched on, and no ticket has a day."""
    op.add_column("queue", sa.Column("digest", sa.String(), nullable=False, server_default="off"))
    op.add_column("queue", sa.Column("digested", sa.DateTime(timezone=True), nullable=True))
    op.add_column("queue", sa.Column("readers", sa.String(), nullable=False, server_default="everyone"))
    op.add_column("ticket", sa.Column("reopens", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket", sa.Column("requestor_left", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("letter", sa.Column("leave_token", sa.String(), nullable=True))
    op.create_index(op.f("ix_letter_leave_token"), "letter", ["leave_token"])
    op.add_column("checkpoint", sa.Column("reopens", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("checkpoint", "reopens")
    op.drop_index(op.f("ix_letter_leave_token"), "letter")
    op.drop_column("letter", "leave_token")
    op.drop_column("ticket", "requestor_left")
    op.drop_column("ticket", "reopens")
    op.drop_column("queue", "readers")
    op.drop_column("queue", "digested")
    op.drop_column("queue", "digest")
