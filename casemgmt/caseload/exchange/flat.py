"""Events as a flat table, with a column for every detail, and back from its first columns."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import column_of, text_scalar, texts, utc_as_text
from casemgmt.caseload.events.event import details_text
from casemgmt.caseload.events.kinds import Value
from casemgmt.caseload.events.table import COLUMNS, schema
from casemgmt.caseload.exchange.fields import details_of_all_kinds
from casemgmt.dates import day_number

if TYPE_CHECKING:
    import pyarrow as pa

_HASHES = ("previous", "hash")


def flat_schema() -> pa.Schema:
    """The types of the columns as Parquet has them; hashes are hexadecimal text."""
    import pyarrow as pa

    kinds: dict[Value, pa.DataType] = {"integer": pa.int64(), "date": pa.date32(), "flag": pa.bool_()}
    fields = [pa.field(each.name, pa.string()) if each.name in _HASHES else each for each in schema()]
    fields += [pa.field(name, kinds.get(value, pa.string())) for name, value in details_of_all_kinds().items()]
    return pa.schema(fields)


def flattened(events: pa.Table) -> pa.Table:
    """Events with all their columns, hashes as hexadecimal text, and what the details say in columns of their own."""
    import pyarrow as pa

    whole = flat_schema()
    columns = [events.column(name).combine_chunks() for name in COLUMNS]
    for place, name in enumerate(COLUMNS):
        if name in _HASHES:
            columns[place] = texts(each.hex() for each in columns[place].to_pylist())
    details = columns[COLUMNS.index("details")]
    columns[COLUMNS.index("details")] = _null_where_empty(details)
    coded = details.dictionary_encode()
    said = [_read(text) for text in coded.dictionary.to_pylist()]
    for name, value in details_of_all_kinds().items():
        shown = column_of([_fitting(each.get(name), value) for each in said], whole.field(name).type)
        columns.append(shown.take(coded.indices))
    return pa.Table.from_arrays(columns, schema=whole)


def unflattened(table: pa.Table) -> pa.Table:
    """The events of :func:`flattened`, from the columns of events alone.

    Raises
    ------
    ValueError : a hash is not hexadecimal, or not of 32 bytes
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for field in schema():
        column = table.column(field.name).combine_chunks()
        if field.name in _HASHES:
            hashes = [bytes.fromhex(each or "") for each in column.to_pylist()]
            if any(len(each) != 32 for each in hashes):
                raise ValueError("a hash that is none")
            column = pa.Array.from_buffers(field.type, len(hashes), [None, pa.py_buffer(b"".join(hashes))])
        elif field.name == "details":
            column = pc.fill_null(column, "")
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=schema())


def as_text(table: pa.Table) -> pa.Table:
    """The flat table as CSV shows it: moments as text that sorts as they do."""
    shown = utc_as_text(table.column("recorded_at").combine_chunks(), between="T")
    return table.set_column(table.schema.get_field_index("recorded_at"), "recorded_at", shown)


def from_text(table: pa.Table) -> pa.Table:
    """The columns of events of a flat table whose columns are all text.

    Raises
    ------
    ValueError : a column does not hold what it should; the message names it, and no value
    """
    import pyarrow as pa

    columns, fields = [], [field for field in flat_schema() if field.name in COLUMNS]
    for field in fields:
        try:
            columns.append(table.column(field.name).combine_chunks().cast(field.type))
        except pa.ArrowException:
            raise ValueError(f"column '{field.name}' holds what it may not") from None
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _null_where_empty(details: pa.Array) -> pa.Array:
    """Nothing said is null: an empty text in a file is taken for a missing one by half of the programs there are."""
    import pyarrow.compute as pc

    return pc.replace_with_mask(details, pc.equal(details, text_scalar("")), texts([None])[0])


def _read(text: str) -> dict[str, Any]:
    """The details of an event; none where they cannot be read, which the column ``details`` still shows."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _fitting(value: Any, kind: Value) -> Any:
    """A detail as its column holds it; null where it is not what the kind says."""
    match kind:
        case "integer":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "flag":
            return value if isinstance(value, bool) else None
        case "values":
            return details_text(value) if isinstance(value, dict) else None
        case "date":
            try:
                return day_number(dt.date.fromisoformat(value))
            except (TypeError, ValueError):
                return None
        case _:
            return value if isinstance(value, str) else None
