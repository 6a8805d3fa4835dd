"""Old mail: what is remembered of imported mails, and who was in a thread before it was a ticket."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the two tables and the column."""
    op.create_table(
        "archived",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("exact", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("answers", sa.Boolean(), nullable=False),
        sa.Column("people", sa.LargeBinary(), nullable=False),
        sa.Column("joins", sa.Integer(), nullable=True),
        sa.Column("thread", sa.Integer(), nullable=True),
        sa.Column("posted", sa.Boolean(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_archived_mail_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_archived_queue_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_archived_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archived")),
        sa.UniqueConstraint("identity", "mark", name=op.f("uq_archived_identity_mark")),
    )
    for column in ("mail_id", "exact", "mark", "subject", "thread", "ticket_id"):
        op.create_index(op.f(f"ix_archived_{column}"), "archived", [column])
    op.create_table(
        "archived_link",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("archived_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["archived_id"], ["archived.id"], name=op.f("fk_archived_link_archived_id")),
        sa.PrimaryKeyConstraint("key", "archived_id", name=op.f("pk_archived_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_archived_link_archived_id"), "archived_link", ["archived_id"])
    # Its default stays: to take it away SQLite would have to make the table anew.
    op.add_column("participant", sa.Column("dormant", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take them away; the tickets stay."""
    op.drop_column("participant", "dormant")
    op.drop_table("archived_link")
    op.drop_table("archived")
