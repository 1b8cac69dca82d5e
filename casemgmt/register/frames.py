"""Data frames of other libraries as Arrow tables, with what they say when they cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import texts
from casemgmt.errors import InputError, listed, plural

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_of(frame: Any) -> pa.Table:
    """An object with ``__arrow_c_stream__`` as a table.

    Raises
    ------
    InputError
        Whatever its library raises, whose words can quote a value.
    """
    import pyarrow as pa

    try:
        objects = _object_columns(frame)
        if not objects:
            return pa.table(frame)
        plain = pa.table(frame.drop(objects))
        read = {name: uuids_as_text(frame.get_column(name).to_list()) for name in objects}
        names = list(frame.columns)
    except BaseException as error:
        # A library's panic is no Exception. Only the wish to stop is passed on.
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        raise InputError(
            f"This {type(frame).__name__} could not be read as a table ({type(error).__name__})."
        ) from None
    unread = [name for name in objects if read[name] is None]
    if unread:
        raise InputError(
            f"{plural(len(unread), 'column')} of Python objects, which no other library can read: {listed(unread)}. "
            "Make text of them where the data is loaded, for example pl.Series(name, [str(x) for x in series])."
        )
    return pa.table({name: read[name] if name in read else plain.column(name) for name in names})


def _object_columns(frame: Any) -> list[str]:
    """Columns of polars that hold Python objects: Arrow would be given where they lie, not what they are."""
    if type(frame).__module__.partition(".")[0] != "polars":
        return []
    return [name for name, kind in frame.schema.items() if str(kind) == "Object"]


def uuids_as_text(values: Sequence[object]) -> pa.Array | None:
    """UUIDs as their text, in small letters; None where something else is among them."""
    from uuid import UUID

    def is_missing(value: object) -> bool:
        return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN is not itself

    if not all(isinstance(value, UUID) or is_missing(value) for value in values):
        return None
    return texts([str(value) if isinstance(value, UUID) else None for value in values])
