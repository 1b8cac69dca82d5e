"""Selecting from records that live in Spark: :func:`select` gives the lists of :func:`casemgmt.select`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casemgmt.spark.result import SparkSelection
    from casemgmt.spark.selecting import select
    from casemgmt.spark.versions import to_arrow

__all__ = ["SparkSelection", "select", "to_arrow"]


def __getattr__(name: str) -> Any:
    """Import what is public when it is first used, so that nothing here needs Spark before."""
    if name in __all__:
        from casemgmt.spark import selecting

        return getattr(selecting, name)
    raise AttributeError(f"module 'casemgmt.spark' has no attribute '{name}'")
