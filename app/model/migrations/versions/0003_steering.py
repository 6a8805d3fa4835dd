"""Steering by mail: what a mail is known by, how tickets were before, merged tickets, lines that wait for proof."""

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COLUMNS: dict[str, dict[str, Any]] = {
    "ticket": {"merged_into": sa.Integer()},
    "message": {"original_id": sa.String()},
    "mail": {"identity": sa.String()},
    "letter": {"commands": sa.String(), "checkpoint": sa.Integer()},
}
_INDEXES = (("message", "original_id"), ("mail", "identity"), ("ticket", "merged_into"))


def upgrade() -> None:
    """Add the columns and tables, and make the key of this database."""
    for table, columns in _COLUMNS.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column("letter", sa.Column("shown", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table, column in _INDEXES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.execute(
        "UPDATE mail SET identity = "
        "(SELECT message_id FROM message WHERE message.mail_id = mail.id ORDER BY message.id LIMIT 1)"
    )
    secret = op.create_table(
        "secret",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    assert secret is not None
    op.bulk_insert(secret, [{"name": "letters", "value": secrets.token_hex(32)}])
    _checkpoint()


def _checkpoint() -> None:
    moment = sa.DateTime(timezone=True)
    people = ("by_id", "answerer_id", "assignee_id", "requestor_id")
    op.create_table(
        "checkpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("requestor_id", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("last_query", moment, nullable=True),
        sa.Column("last_response", moment, nullable=True),
        sa.Column("solved", moment, nullable=True),
        sa.Column("answer", sa.Integer(), nullable=True),
        sa.Column("answerer_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_checkpoint_ticket_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_checkpoint_queue_id")),
        *(sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_checkpoint_{name}")) for name in people),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
    )
    op.create_index(op.f("ix_checkpoint_ticket_id"), "checkpoint", ["ticket_id"])


def downgrade() -> None:
    """Take all of it away."""
    op.drop_table("checkpoint")
    op.drop_table("secret")
    for table, column in _INDEXES:
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    for table, columns in _COLUMNS.items():
        for name in columns:
            op.drop_column(table, name)
    op.drop_column("letter", "shown")
