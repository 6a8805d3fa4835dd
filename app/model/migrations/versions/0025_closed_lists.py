"""Indexes of closed tickets alone, which no mail on an open one changes; and none of deliveries by ticket."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_ORDER = ["last_public", "id"]
_WAYS = [[], ["queue_id"], ["queue_id", "status"], ["assignee_id"], ["requestor_id"]]
_SQLITE, _POSTGRES = sa.text("closed = 1"), sa.text("closed")
_ASSIGNED = sa.text("assignee_id IS NOT NULL")


def upgrade() -> None:
    """Replace the indexes by which lists walk."""
    for columns in _WAYS:
        op.drop_index(_name("ix_ticket", *columns, *_ORDER), "ticket")
        name, ordered = _name("ix_ticket_closed", *columns), [*columns, *_ORDER]
        op.create_index(name, "ticket", ordered, sqlite_where=_SQLITE, postgresql_where=_POSTGRES)
    of_assignee = ["assignee_id", "closed"]
    op.create_index("ix_ticket_assignee_id", "ticket", of_assignee, sqlite_where=_ASSIGNED, postgresql_where=_ASSIGNED)
    op.create_index("ix_ticket_requestor_id", "ticket", ["requestor_id", "closed"])
    op.drop_index("ix_delivery_ticket_id", "delivery")


def downgrade() -> None:
    """Put the old ones back."""
    op.create_index("ix_delivery_ticket_id", "delivery", ["ticket_id"])
    op.drop_index("ix_ticket_requestor_id", "ticket")
    op.drop_index("ix_ticket_assignee_id", "ticket")
    for columns in _WAYS:
        op.drop_index(_name("ix_ticket_closed", *columns), "ticket")
        op.create_index(_name("ix_ticket", *columns, *_ORDER), "ticket", [*columns, *_ORDER])


def _name(*parts: str) -> str:
    return "_".join(parts)
