"""Migrations of a later release, made up: so that a store of this one is an older one."""

from __future__ import annotations

import shutil
from pathlib import Path

from casemgmt.caseload.store.migrating import SCRIPTS

_LATER = '''"""A step of a later release: a column, a table filled from the events, and every text copied."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("chains", sa.Column("note", sa.Text))
    columns = [sa.Column("practice_id", sa.Text), sa.Column("number", sa.Integer), sa.Column("text", sa.Text)]
    op.create_table("copies", *columns)
    for copy in range({copies}):
        op.execute(f"INSERT INTO copies SELECT practice_id, number, details || '{{copy}}' FROM events")
    op.execute("UPDATE chains SET note = 'seen'")
    {last}
'''


def later_scripts(folder: Path, copies: int = 3, last: str = "pass") -> Path:
    """The scripts of this release and one more."""
    scripts = folder / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "r0002_later.py").write_text(_LATER.format(copies=copies, last=last))
    return scripts
