"""What somebody did to an exported file of events: said where it is refused, so that it can be found and undone."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import texts, utc_as_text
from casemgmt.caseload.events.table import COLUMNS, schema, stored_events
from casemgmt.caseload.exchange.checking import faults_in_words
from casemgmt.caseload.exchange.flat import flattened, from_text, unflattened
from casemgmt.caseload.exchange.package import heads_in
from casemgmt.errors import listed, plural
from casemgmt.outputs.csv_text import BOM
from casemgmt.parquet.reading import VerifiedFile
from casemgmt.texts.guards import without_guards

if TYPE_CHECKING:
    import pyarrow as pa

_WRITTEN = "its values are the same, but written another way, as by a spreadsheet that saved it"


def what_changed(name: str, data: bytes, described: dict[str, Any]) -> str:
    """In words: columns, rows, or the first events that do not fit; no value of an event.

    Parameters
    ----------
    described : what ``datapackage.json`` says, of the file as it was exported
    """
    import pyarrow as pa

    resource = described["resources"][0]
    try:
        table = _loose_csv(data) if name.endswith(".csv") else VerifiedFile(data, name).read()
    except ValueError:
        return "it cannot be read as a table"
    expected = [field["name"] for field in resource["schema"]["fields"]]
    if said := _columns(table.column_names, expected):
        return said
    try:
        moments = table.column("recorded_at")
        if moments.type == schema().field("recorded_at").type:
            table = table.set_column(expected.index("recorded_at"), "recorded_at", utc_as_text(moments))
        text = table.cast(pa.schema([pa.field(each, pa.string()) for each in expected]))
        events = unflattened(from_text(text))
    except ValueError as problem:
        return str(problem) if str(problem).startswith("column '") else "a column holds what it may not"
    return _rows(events, resource["rows"], heads_in(described)) or _details(text, events) or _WRITTEN


def _loose_csv(data: bytes) -> pa.Table:
    """A CSV file that another program may have written: any line ends and quotes; an empty cell is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = data.removeprefix(BOM).decode("utf-8")
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        raise ValueError("not CSV") from None
    header = rows[0] if rows else []
    if len(set(header)) != len(header) or any(len(row) != len(header) for row in rows):
        raise ValueError("not CSV")
    columns = [without_guards(texts(row[i] or None for row in rows[1:])) for i in range(len(header))]
    table = pa.Table.from_arrays(columns, names=header)
    if "practice_id" in header:  # the store's own chain has the empty code
        place = header.index("practice_id")
        table = table.set_column(place, "practice_id", pc.fill_null(table.column(place), ""))
    return table


def _columns(found: list[str], expected: list[str]) -> str:
    missing = [name for name in expected if name not in found]
    added = [name for name in found if name not in expected]
    if len(missing) > len(expected) // 2:  # what stands there may be values, and is not repeated
        return "its first row is not the header"
    if missing:
        return f"{plural(len(missing), 'column')} missing: {listed(missing)}"
    if added:
        return f"{plural(len(added), 'column')} more than were exported: {listed(added)}"
    return "" if found == expected else "its columns stand in another order"


def _rows(events: pa.Table, expected: int, heads: dict[str, tuple[int, bytes]]) -> str:
    places = list(zip(events.column("practice_id").to_pylist(), events.column("number").to_pylist(), strict=True))
    if any(code is None or number is None for code, number in places):
        return "a row has no practice_id or no number"
    said = []
    if events.num_rows != expected:
        more = events.num_rows - expected
        said.append(f"{plural(abs(more), 'row')} {'too many' if more > 0 else 'missing'}")
    in_order = sorted(places, key=lambda place: (place[0].encode(), place[1]))
    if places != in_order:
        row = next(i for i, (here, there) in enumerate(zip(places, in_order, strict=True)) if here != there)
        said.append(f"rows stand in another order, from row {row + 2} on")
    if faults := faults_in_words(stored_events(events), heads):
        said.append(faults)
    return "; ".join(said)


def _details(text: pa.Table, events: pa.Table) -> str:
    """Which column of a detail does not repeat what the details say."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told = flattened(events)
    for name in told.column_names[len(COLUMNS) :]:
        if name in text.column_names:
            here, there = text.column(name).combine_chunks(), told.column(name).cast(pa.string()).combine_chunks()
            if not here.equals(there):
                same = pc.fill_null(pc.equal(here, there), pc.and_(pc.is_null(here), pc.is_null(there)))
                return (
                    f"column '{name}' says something else than 'details', first in row {same.index(False).as_py() + 2}"
                )
    return ""
