"""The tables of a store, in one place for both databases.

Days and moments are texts and not dates, so that what is hashed is what is stored. Texts are compared by their bytes,
so that both databases order practices alike. The tables that stand in a database are made by the migrations; a test
holds these and those together.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

# SQLite's header says by these that the file is a caseload.
APPLICATION: Final = 0x436D4373
VERSIONS: Final = "caseload_version"  # alembic's table, under a name that another application's does not have

metadata = sa.MetaData()


def by_bytes() -> sa.types.TypeEngine[str]:
    """Text that is compared by its bytes."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


events = sa.Table(
    "events",
    metadata,
    sa.Column("practice_id", by_bytes(), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", by_bytes(), nullable=False),
    sa.Column("patient_id", by_bytes()),
    sa.Column("happened_on", by_bytes(), nullable=False),
    sa.Column("recorded_at", by_bytes(), nullable=False),
    sa.Column("by", by_bytes(), quote=True),
    sa.Column("basis", sa.Integer),
    sa.Column("corrects", sa.Integer),
    sa.Column("details", by_bytes(), nullable=False),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# The last event of each chain, so that a chain whose end was cut off is seen.
chains = sa.Table(
    "chains",
    metadata,
    sa.Column("practice_id", by_bytes(), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
