"""The shared inbox: the lifecycle `correspondence` for General, switches of queues, old names, who unsubscribed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SWITCHES = {"acknowledge": False, "announce_resolved": False, "cc_from_responders": True, "cc_from_others": False}
# Frozen here: what the lifecycles are called later does not change what was.
_STATUSES = {
    "Open": "open",
    "Needs information": "stalled",
    "Answered": "open",
    "Solved": "resolved",
    "Expired": "resolved",
    "Invalid": "rejected",
}
_BACK = {"new": "Open", "open": "Open", "stalled": "Needs information", "resolved": "Solved", "rejected": "Invalid"}


def upgrade() -> None:
    """Add the columns, and move General and its tickets to the new lifecycle."""
    _add("queue", **{name: sa.true() if on else sa.false() for name, on in _SWITCHES.items()})
    _add("participant", subscribed=sa.true())
    _add("ticket", has_private=sa.false())
    _add("message", listed=sa.false())
    _add("letter", attached=sa.false(), acknowledges=sa.false(), in_hand=sa.false())
    op.add_column("person", sa.Column("acknowledged", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "queue_name",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_queue_name_queue_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_queue_name")),
    )
    op.create_index(op.f("ix_queue_name_queue_id"), "queue_name", ["queue_id"])
    op.execute("INSERT INTO queue_name (key, queue_id) SELECT name_key, id FROM queue")
    op.execute(
        "UPDATE ticket SET has_private = (SELECT count(*) > 0 FROM message WHERE ticket_id = ticket.id AND private)"
    )
    _move("support", "correspondence", _STATUSES, _QUEUE.c.name_key == "general")
    op.execute(f"UPDATE ticket SET status = 'new' WHERE status = 'open' AND last_response IS NULL AND {_IN_GENERAL}")


def downgrade() -> None:
    """Take the columns away, and move back General and every other queue of the new lifecycle."""
    _move("correspondence", "support", _BACK)
    op.drop_table("queue_name")
    for table, columns in (
        ("person", ("acknowledged",)),
        ("ticket", ("has_private",)),
        ("message", ("listed",)),
        ("letter", ("attached", "acknowledges", "in_hand")),
        ("participant", ("subscribed",)),
        ("queue", tuple(_SWITCHES)),
    ):
        for column in columns:
            op.drop_column(table, column)


_TICKET = sa.table("ticket", sa.column("status"), sa.column("queue_id"))
_QUEUE = sa.table("queue", sa.column("id"), sa.column("name_key"), sa.column("lifecycle_name"))
_IN_GENERAL = "queue_id IN (SELECT id FROM queue WHERE name_key = 'general')"


def _add(table: str, **columns: sa.ColumnElement[bool]) -> None:
    """Add columns of yes and no. Their defaults stay: to take them away SQLite would have to make the table anew."""
    for name, value in columns.items():
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=value))


def _move(old: str, new: str, statuses: dict[str, str], *conditions: sa.ColumnElement[bool]) -> None:
    """Queues of the old lifecycle, and the statuses of their tickets; what was done keeps the words of its time."""
    moving = sa.and_(_QUEUE.c.lifecycle_name == old, *conditions)
    status = sa.case(statuses, value=_TICKET.c.status, else_=_TICKET.c.status)
    tickets = _TICKET.c.queue_id.in_(sa.select(_QUEUE.c.id).where(moving))
    op.execute(_TICKET.update().where(tickets).values(status=status))
    op.execute(_QUEUE.update().where(moving).values(lifecycle_name=new))
