"""Selecting from records that live in Spark: :func:`select` gives the lists of :func:`casemgmt.select`.

:func:`derive_conditions` and :func:`with_conditions` make the register of coded records, :func:`to_arrow` brings a
table to the driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casemgmt.spark.conditions import SparkDerived, derive_conditions
    from casemgmt.spark.joining import with_conditions
    from casemgmt.spark.result import SparkSelection
    from casemgmt.spark.selecting import select
    from casemgmt.spark.versions import to_arrow

__all__ = ["SparkDerived", "SparkSelection", "derive_conditions", "select", "to_arrow", "with_conditions"]

_HOMES = {
    "SparkDerived": "conditions",
    "derive_conditions": "conditions",
    "with_conditions": "joining",
    "SparkSelection": "result",
    "select": "selecting",
    "to_arrow": "versions",
}

if not TYPE_CHECKING:  # a checker goes by the imports above, and refuses every other name

    def __getattr__(name: str) -> object:
        """Import what is public when it is first used, so that nothing here needs Spark before."""
        if name in _HOMES:
            from importlib import import_module

            return getattr(import_module(f"casemgmt.spark.{_HOMES[name]}"), name)
        raise AttributeError(f"module 'casemgmt.spark' has no attribute '{name}'")
