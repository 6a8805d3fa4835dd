"""Lists of very many tickets: which are closed, when something public was last said on each, and their indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_CLOSED = "'Solved', 'Expired', 'Invalid', 'resolved', 'rejected'"
_FILL = f"""
    UPDATE ticket SET last_public = last_posted,
        closed = (status IN ({_CLOSED}) OR merged_into IS NOT NULL OR posts = 0)
    WHERE id > :first AND id <= :last
"""
_FILL_PRIVATE = """
    UPDATE ticket SET last_public = COALESCE(
        (SELECT max(received) FROM message WHERE message.ticket_id = ticket.id AND NOT message.private), created)
    WHERE has_private AND id > :first AND id <= :last
"""
# A statement may take half a minute.
_PORTION = 50_000
# As SQLAlchemy writes the condition for each database: SQLite takes no other words for the same.
_MERGED = sa.text("merged_into IS NOT NULL")
_SQLITE = {"ix_ticket_open": sa.text("closed = 0"), "ix_ticket_merged": _MERGED}
_POSTGRES = {"ix_ticket_open": sa.text("NOT closed"), "ix_ticket_merged": _MERGED}
_NEW = {
    "ix_ticket_open": [
        "last_public", "id", "queue_id", "status", "assignee_id", "requestor_id", "last_query", "last_response",
    ],
    "ix_ticket_last_public_id": ["last_public", "id"],
    "ix_ticket_queue_id_last_public_id": ["queue_id", "last_public", "id"],
    "ix_ticket_queue_id_status_last_public_id": ["queue_id", "status", "last_public", "id"],
    "ix_ticket_assignee_id_last_public_id": ["assignee_id", "last_public", "id"],
    "ix_ticket_requestor_id_last_public_id": ["requestor_id", "last_public", "id"],
    "ix_ticket_merged": ["merged_into"],
}  # fmt: skip
_OLD = {
    "ix_ticket_queue_id_status": ["queue_id", "status"],
    "ix_ticket_assignee_id": ["assignee_id"],
    "ix_ticket_requestor_id": ["requestor_id"],
    "ix_ticket_merged_into": ["merged_into"],
}


def upgrade() -> None:
    """Add the columns, fill them in portions, and replace the indexes."""
    op.add_column("ticket", sa.Column("closed", sa.Boolean(), nullable=False, server_default=sa.false()))
    moment = sa.DateTime(timezone=True)
    begin = sa.text("'1970-01-01 00:00:00.000000'")
    op.add_column("ticket", sa.Column("last_public", moment, nullable=False, server_default=begin))
    connection = op.get_bind()
    newest = connection.execute(sa.text("SELECT max(id) FROM ticket")).scalar() or 0
    for first in range(0, newest, _PORTION):
        for statement in (_FILL, _FILL_PRIVATE):
            connection.execute(sa.text(statement), {"first": first, "last": first + _PORTION})
    for name in _OLD:
        op.drop_index(name, "ticket")
    for name, columns in _NEW.items():
        sqlite, postgres = _SQLITE.get(name), _POSTGRES.get(name)
        op.create_index(name, "ticket", columns, sqlite_where=sqlite, postgresql_where=postgres)


def downgrade() -> None:
    """Take them away."""
    for name in _NEW:
        op.drop_index(name, "ticket")
    for name, columns in _OLD.items():
        op.create_index(name, "ticket", columns)
    op.drop_column("ticket", "last_public")
    op.drop_column("ticket", "closed")
