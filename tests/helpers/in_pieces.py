"""A register selected from practice by practice, without Spark: what Spark does with the pieces, done by hand."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import casemgmt as cm
from casemgmt.register.fixed_width import trimmed
from casemgmt.register.identity import ANY_ID_FAULT
from casemgmt.spark.job import Job, Question, rehearse
from casemgmt.spark.one_practice import is_settled, select_alone
from casemgmt.spark.whole import Account, check_columns, check_counts, check_mappings, check_refusals

CHOOSING = ("model", "score", "over_cap", "list_sizes", "reference", "allow_demonstration")
# The limits of the register are the whole's, whose account only the driver knows.
NO_LIMITS = {"max_quarantined": 1, "max_corrected": 1, "list_size_within": None, "allow_missing_practices": True}
TABLES = ("selection", "summary", "unscored", "queue", "kept", "quarantine", "corrections")


def whole(table: pa.Table, scheme: Any, **options: Any) -> dict[str, pa.Table]:
    """The tables of the local engine, in the order in which pieces are compared."""
    choosing = {name: options[name] for name in CHOOSING if name in options}
    register = cm.read_register(table, **{name: options[name] for name in options if name not in choosing})
    selection = cm.select(register, scheme, **choosing, **NO_LIMITS)
    found = {
        "selection": selection.to_arrow(),
        "summary": selection.summary(),
        "unscored": selection.unscored(),
        "queue": with_place_in_queue(selection.queue()),
        "kept": selection.kept(),
        "quarantine": register.quarantine,
        "corrections": register.corrections,
    }
    return {name: in_order(name, each, scheme) for name, each in found.items()}


def with_place_in_queue(queue: pa.Table) -> pa.Table:
    seen: Counter[str] = Counter()
    places = []
    for practice in queue["practice_id"].to_pylist():
        seen[practice] += 1
        places.append(seen[practice])
    return queue.append_column("place_in_queue", pa.array(places, pa.int64()))


def in_order(name: str, table: pa.Table, scheme: Any) -> pa.Table:
    """The rows in the one order that says nothing about where they were worked out."""
    if name == "summary":
        routes = {route.name: place for place, route in enumerate(scheme.routes)}
        order = pa.array([routes[route] for route in table["route"].to_pylist()], pa.int64())
        keys = [("practice_id", "ascending"), ("order", "ascending")]
        return table.append_column("order", order).sort_by(keys).drop_columns("order")
    names = {
        "queue": ("practice_id", "place_in_queue"),
        "kept": ("practice_id", "patient_id", "route"),
        "quarantine": ("source_row", "practice_id", "field", "reason"),
        "corrections": ("source_row", "field", "reason"),
    }.get(name, ("practice_id", "patient_id"))
    return table.sort_by([(each, "ascending") for each in names])


def in_pieces(table: pa.Table, scheme: Any, *, seed: int = 0, **options: Any) -> dict[str, pa.Table]:
    """The same tables from each practice alone, rows shuffled; and the account that goes with them."""
    job, found = pieces(table, scheme, seed=seed, **options)
    gathered = {
        name: pa.concat_tables([each[name] for each in found if name in each] or [schema.empty_table()])
        for name, schema in job.schemas.items()
    }
    if not gathered["refusal"].num_rows:
        check_mappings(job, gathered["mapping"])
    check_columns(gathered["column"])
    check_refusals(gathered["refusal"])
    account = Account.of(gathered["account"], table.num_rows)
    check_counts(account, {name: each.num_rows for name, each in gathered.items()})
    assert account.rows_in == account.accepted + account.merged + account.quarantined
    return {name: in_order(name, gathered[name], scheme) for name in TABLES}


def pieces(
    table: pa.Table, scheme: Any, *, seed: int = 0, model: Any = None, list_sizes: Any = None, **options: Any
) -> tuple[Job, list[dict[str, pa.Table]]]:
    choosing = {name: options.pop(name) for name in CHOOSING if name in options}
    question = Question.of(scheme, model, options, choosing, list_sizes)
    table = trimmed(table, options.get("values") or {}, ())[0]
    rehearse(question, table.schema, {})
    codes = table["practice_id"].to_pylist()
    job = rehearse(question, table.schema, Counter(codes))
    practice = [job.code_of[code] for code in codes]
    ids = table["patient_id"].to_pylist()
    practices_of = defaultdict(set)
    for each, code in zip(ids, practice, strict=True):
        practices_of[each].add(code)
    shared = np.array([each is not None and len(practices_of[each]) > 1 for each in ids], dtype=bool)
    ways = defaultdict(set)
    for each in set(ids) - {None}:
        if usable(each):
            ways[form_of(each)].add(each)
    in_two = np.array([each is not None and usable(each) and len(ways[form_of(each)]) > 1 for each in ids], dtype=bool)
    settled = np.zeros(len(ids), dtype=bool)
    for each in {ids[row] for row in np.flatnonzero(shared & ~in_two)}:
        own = [row for row, name in enumerate(ids) if name == each]
        settled[own] = is_settled(job, table.take(pa.array(own)))
    rows_of = defaultdict(list)
    for row in random.Random(seed).sample(range(table.num_rows), table.num_rows):
        rows_of[practice[row]].append(row)
    found = []
    for code, rows in rows_of.items():
        own, where = table.take(pa.array(rows)), pa.array(rows, pa.int64())
        found.append(select_alone(job, code, own, shared[rows], where, in_two[rows], settled[rows]))
    return job, found


def form_of(text: str) -> str:
    """An id in small letters, without spaces and hyphens."""
    return "".join(mark for mark in text.lower() if not mark.isspace() and mark not in "-\u2013\u2014\u2212")


def usable(text: str) -> bool:
    """Whether an id has no fault of its own, and something is left of it."""
    faulty = pc.match_substring_regex(pa.array([text]), ANY_ID_FAULT)[0].as_py()
    return not faulty and form_of(text) != ""


def assert_same_tables(expected: dict[str, pa.Table], found: dict[str, pa.Table]) -> None:
    """The same columns, types and values to the byte, table by table."""
    assert expected.keys() == found.keys()
    for name, table in expected.items():
        assert_same_bytes(name, table, found[name])


def assert_same_bytes(name: str, expected: pa.Table, found: pa.Table) -> None:
    assert found.schema.equals(expected.schema), (name, expected.schema, found.schema)
    for column in expected.column_names:
        wanted, got = expected[column].combine_chunks(), found[column].combine_chunks()
        if pa.types.is_floating(wanted.type):  # equality of bits: 0.0 is not -0.0
            wanted, got = (each.view(pa.int64()) for each in (wanted, got))
        assert got.equals(wanted), (name, column, len(wanted), len(got))
