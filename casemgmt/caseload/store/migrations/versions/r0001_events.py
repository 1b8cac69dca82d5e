"""The events, and the heads of their chains."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the two tables."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "events",
        sa.Column("practice_id", text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("patient_id", text),
        sa.Column("happened_on", text, nullable=False),
        sa.Column("recorded_at", text, nullable=False),
        sa.Column("by", text, quote=True),
        sa.Column("basis", sa.Integer),
        sa.Column("corrects", sa.Integer),
        sa.Column("details", text, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chains",
        sa.Column("practice_id", text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
