"""Refusals: when a server said of an address that it takes no mail, in place of how many letters came to nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the moments, and write to everybody again whom a passing refusal may have cut off."""
    for table in ("letter", "person"):
        op.add_column(table, sa.Column("refused", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("person", "failures")
    # Those who were forgotten have no address at all.
    op.execute("UPDATE person SET undeliverable = NULL WHERE email NOT LIKE '%@forgotten.invalid'")


def downgrade() -> None:
    """Take the moments away."""
    op.add_column("person", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    for table in ("letter", "person"):
        op.drop_column(table, "refused")
