"""The kinds of things that public functions take, as type checkers and editors read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class ArrowStream(Protocol):
    """A table of any library that speaks Arrow: pandas, polars, pyarrow, a DuckDB relation."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Its rows, as the Arrow PyCapsule interface hands them over."""


class ArrowArray(Protocol):
    """A column of a library that speaks Arrow."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        """Its values, as the Arrow PyCapsule interface hands them over."""


class AsArray(Protocol):
    """A column that NumPy can read: an array, or a pandas or polars Series."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """Its values as a NumPy array."""


# Beside a type: None in cases that the docstring states, which a checker need not be told of at every use.
MaybeNone = Any
# The path of a file, or a table.
TableLike = str | Path | ArrowStream
# The same, or the paths of several files that are one table.
Files = TableLike | Sequence[str | Path]
# One value a row, in order; None is missing.
Column = Sequence[Any] | AsArray | ArrowStream | ArrowArray
# The name of a column of the register, one value a row of its source, or values by patient id.
Values = str | Column | Mapping[str, Any]


class Estimator(Protocol):
    """A classifier in the manner of scikit-learn."""

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Learn from rows and their outcomes."""
