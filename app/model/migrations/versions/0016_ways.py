"""How each message came: by mail, by command, or from the web pages."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column; what has no mail came by command."""
    op.add_column("message", sa.Column("via", sa.String(), nullable=False, server_default="mail"))
    op.execute("UPDATE message SET via = 'command' WHERE mail_id IS NULL")


def downgrade() -> None:
    """Take it away."""
    op.drop_column("message", "via")
