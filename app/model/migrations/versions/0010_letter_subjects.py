"""Rows that say which people and tickets a letter shows; those of existing letters follow in batches."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables, and note up to which letter the rows are missing (`model/letters/old_letters.py` adds them)."""
    op.create_table(
        "letter_subject",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_letter_subject_letter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_subject_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_subject")),
    )
    for column in ("letter_id", "person_id", "ticket_id"):
        op.create_index(op.f(f"ix_letter_subject_{column}"), "letter_subject", [column])
    op.create_table(
        "subject_backlog",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("below", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_backlog")),
    )
    op.execute("INSERT INTO subject_backlog (id, below) SELECT 1, max(id) + 1 FROM letter HAVING max(id) IS NOT NULL")


def downgrade() -> None:
    """Take both tables away."""
    op.drop_table("subject_backlog")
    op.drop_table("letter_subject")
