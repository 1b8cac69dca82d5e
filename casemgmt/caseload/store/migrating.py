"""Which step of the migrations a store stands on, and how it is taken to the last one, in the caller's transaction."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.caseload.store.schema import VERSIONS

if TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.script import ScriptDirectory

SCRIPTS = Path(__file__).parent / "migrations"


def steps() -> list[str]:
    """The steps there are, the first one first."""
    found = [step.revision for step in _scripts().walk_revisions()]
    return found[::-1]


def step_of(connection: sa.Connection) -> str | None:
    """The step that a store stands on; None where its table of steps is missing or does not hold one."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table(VERSIONS):
        return None
    rows = connection.execute(sa.text(f"SELECT version_num FROM {VERSIONS}")).fetchall()  # noqa: S608
    return rows[0][0] if len(rows) == 1 and isinstance(rows[0][0], str) else None


def take_to_last(connection: sa.Connection) -> None:
    """Run the steps that a store has not seen; it is the caller's transaction that makes them whole."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    scripts = _scripts()
    logging.getLogger("alembic").addHandler(logging.NullHandler())
    with EnvironmentContext(Config(), scripts, fn=lambda step, _: scripts._upgrade_revs("head", step)) as environment:
        environment.configure(connection=connection, version_table=VERSIONS)
        environment.run_migrations()


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(SCRIPTS)
