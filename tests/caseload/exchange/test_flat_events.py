"""Events as a flat table: every detail in a column of its own, and back without it."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from every_event import fill
from memory_store import MemoryStore

from casemgmt.caseload.events.kinds import KINDS
from casemgmt.caseload.events.table import COLUMNS
from casemgmt.caseload.exchange.fields import details_of_all_kinds, names, table_schema
from casemgmt.caseload.exchange.flat import as_text, flat_schema, flattened, from_text, unflattened


@pytest.fixture
def events():
    store = MemoryStore()
    fill(store)
    return store.events(COLUMNS)


def test_every_detail_of_every_kind_is_a_column_that_says_the_same(events):
    table = flattened(events)
    assert table.column_names == names()
    assert not set(details_of_all_kinds()) & set(COLUMNS)
    seen = set()
    for row in table.to_pylist():
        said = json.loads(row["details"]) if row["details"] else {}
        for name in details_of_all_kinds():
            shown = row[name]
            if name == "values" and shown is not None:
                shown = json.loads(shown)
            if hasattr(shown, "isoformat"):
                shown = shown.isoformat()
            assert shown == said.get(name), name
            seen |= {name} if name in said else set()
    assert seen == set(details_of_all_kinds())


def test_events_come_back_as_they_were_from_the_flat_table_and_from_its_text(events):
    table = flattened(events)
    assert unflattened(table).equals(events)
    text = as_text(table)
    text = text.cast(pa.schema([pa.field(name, pa.string()) for name in text.column_names]))
    assert from_text(text).equals(table.select(COLUMNS))
    assert text.column("recorded_at")[0].as_py() == "2015-04-01T09:30:00.000123Z"


def test_no_empty_text_stands_in_a_column_but_for_the_stores_own_chain(events):
    """So no program that takes an empty cell for a missing one reads anything else than what was written."""
    for name, column in zip(names(), flattened(events).columns, strict=True):
        if name != "practice_id" and pa.types.is_string(column.type):
            assert "" not in column.to_pylist(), name


def test_details_that_are_not_what_their_kind_says_stay_in_the_details_alone(events):
    details = '{"accepted":true,"first_proposed_on":"31/03/2015","reason":7,"values":"x","whole":1.5}'
    place = events.column_names.index("details")
    odd = events.set_column(
        place, events.schema.field("details"), pa.array([details, "{", "[]"] + [""] * (events.num_rows - 3))
    )
    table = flattened(odd)
    assert table.column("details").to_pylist()[:4] == [details, "{", "[]", None]
    assert all(table.column(name).null_count == table.num_rows for name in details_of_all_kinds())
    assert unflattened(table).equals(odd)


def test_the_schema_describes_every_column_of_its_type():
    said = table_schema()
    kinds = {"string": pa.string(), "object": pa.string(), "integer": None, "date": pa.date32(), "boolean": pa.bool_()}
    assert [field["name"] for field in said["fields"]] == flat_schema().names
    for field, column in zip(said["fields"], flat_schema(), strict=True):
        assert field["description"].endswith(".") and "A detail." not in field["description"], field["name"]
        if field["type"] == "datetime":
            assert column.type == pa.timestamp("us", "UTC")
        elif kinds[field["type"]] is None:
            assert pa.types.is_integer(column.type)
        else:
            assert column.type == kinds[field["type"]]
    assert said["primaryKey"] == ["practice_id", "number"]
    kind = next(field for field in said["fields"] if field["name"] == "kind")
    assert kind["constraints"]["enum"] == list(KINDS)


def test_no_detail_is_two_things():
    values = {}
    for kind in KINDS.values():
        for name, value in kind.details.items():
            assert values.setdefault(name, value) == value, name
