"""Whether a store is what was written to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa


def faults_of(connection: sa.Connection, heads: Mapping[str, object]) -> list[str]:
    """What is wrong."""
    return []
