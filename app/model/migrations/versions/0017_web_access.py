"""Who is logged in to the web pages, and the links by which somebody may log in."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the two tables: nobody is logged in."""
    op.create_table(
        "web_session",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made", _MOMENT, nullable=False),
        sa.Column("seen", _MOMENT, nullable=False),
        sa.Column("ends", _MOMENT, nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.UniqueConstraint("digest", name="uq_web_session_digest"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_web_session_person_id"),
    )
    op.create_index(op.f("ix_web_session_person_id"), "web_session", ["person_id"])
    op.create_table(
        "login_link",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made", _MOMENT, nullable=False),
        sa.Column("ends", _MOMENT, nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("asker", sa.String(), nullable=True),
        sa.Column("network", sa.String(), nullable=True),
        sa.Column("leads_to", sa.String(), nullable=False),
        sa.UniqueConstraint("digest", name="uq_login_link_digest"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_login_link_person_id"),
    )
    op.create_index(op.f("ix_login_link_person_id"), "login_link", ["person_id"])
    op.create_index(op.f("ix_login_link_made"), "login_link", ["made"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("login_link")
    op.drop_table("web_session")
