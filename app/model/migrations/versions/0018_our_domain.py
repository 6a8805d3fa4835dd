"""The domain that a database belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_NEWEST = "SELECT sender FROM letter WHERE sender LIKE 'ticket%@%' ORDER BY id DESC LIMIT 1"


def upgrade() -> None:
    """Add the table. The newest letter says which domain it is; without letters the next start does."""
    table = op.create_table(
        "our_domain",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_our_domain")),
    )
    sender = op.get_bind().execute(sa.text(_NEWEST)).scalar()
    if sender is not None:
        op.bulk_insert(table, [{"name": sender.rpartition("@")[2].lower(), "current": True}])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("our_domain")
