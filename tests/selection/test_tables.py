"""The published table: the same to the byte as a slow twin's, compiled or not, with or without reasons."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import table_twin
from engines import compiling_from
from hypothesis import given, settings
from hypothesis import strategies as st
from months import WORDS
from registers import read_scheme, scheme_text, seeded_columns

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.parquet.writing import to_parquet
from casemgmt.register.lookup import Columns
from casemgmt.risk import reason_kernels, reasons
from casemgmt.risk.inputs import MILLION, ModelInput
from casemgmt.risk.model import Model
from casemgmt.selection.tables import REASONS

A_FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)
MORE = settings(A_FEW, max_examples=300)

HIGHEST = 'name = "highest"\nkind = "top_share"\nshare = "{}"\nlimit = "at_least"\nof = {{}}\namong = {{{}}}\n'
HOMES = 'name = "homes"\nkind = "everyone"\nwhere = { care_home_type = ["nursing", "none"] }\n'
REVIEWS = 'name = "reviews"\nkind = "review"\nwhere = { age = { at_least = 18 } }\nevery_months = 12\n'


# Random registers and models


def a_register(seed: int, size: int = 400, *, practices: int = 4) -> Any:
    """People with gaps everywhere, the dead and objectors among them; ids of several lengths in no order."""
    generator = np.random.default_rng(seed)
    flags = [None, True, False, False]
    pools = {
        "practice_id": [f"C8700{number}" for number in range(practices)],
        "age": [None, 0, 17, 18, 19, 64, 64, 75, 95, 120],
        "sex": [None, "F", "M", "I", "U"],
        "imd_decile": [None, *range(1, 11)],
        "care_home_type": [None, *["none"] * 8, "nursing", "residential", "respite"],
        "emergency_admissions_12m": [None, 0, 0, 1, 2, 99],
        "ae_attendances_12m": [None, 0, 1, 5, 300, 365],
        "frailty_deficits": [None, 0, 8, 12, 36],
        "last_review": [None, "2015-03-01", "2012-02-29"],
        "objected": [*[False] * 9, True],
        "date_of_death": [*[None] * 9, "2015-03-01"],
        **dict.fromkeys(("diabetes", "asthma", "copd", "dementia", "cancer", "lives_alone"), flags),
        "housing": [None, "flat", "house", "boat"],
        "body_mass_index": [None, 18.4, 18.5, 30.25, 41.0],
        "visits": [None, 0, 1, 2, 7],
    }
    columns = seeded_columns(generator, pools, size)
    ids = [f"{'patient-number-' * (n % 3)}{7919 * n % 10_007}" for n in range(size)]
    return cm.read_register(pa.table({"patient_id": ids, **columns}), as_of="2015-04-01")


def a_model(seed: int) -> Model:
    """A few inputs of any kind, with amounts from a small pool, so that many are equal, none or negative."""
    choose = random.Random(seed).choice
    unit = choose((1, 1_000, 250_000, 10**9))
    amount = lambda: unit * choose((-2, -1, 0, 0, 1, 1, 2, 3, 5))  # noqa: E731
    silence = lambda: choose((amount(), amount(), "no score"))  # noqa: E731
    makers: dict[str, dict[str, Any]] = {}
    for name in ("diabetes", "asthma", "copd", "dementia", "cancer", "lives_alone"):
        makers[name] = {"kind": "flag", "table": (0, amount()), "missing": choose(("absent", amount()))}
    makers["age"] = {"kind": "integer", "table": [amount() for _ in range(80)], "first": 18, "below": "first"}
    makers["imd_decile"] = {"kind": "integer", "table": [amount() for _ in range(10)], "first": 1, "reference": 5}
    makers["frailty_deficits"] = {"kind": "integer", "table": [amount() for _ in range(13)]}
    makers["visits"] = {"kind": "integer", "table": [amount() for _ in range(3)], "first": 1, "below": "no score"}
    makers["ae_attendances_12m"] = {"kind": "number", "table": [amount() for _ in range(3)], "edges": (1, 200)}
    makers["body_mass_index"] = {"kind": "number", "table": [amount() for _ in range(2)], "edges": (30,)}
    makers["sex"] = {"kind": "category", "categories": ("F", "M"), "other": silence()}
    makers["housing"] = {"kind": "category", "categories": ("house", "flat"), "other": amount()}
    chosen = [name for name in makers if choose((True, True, False))] or ["age"]
    random.Random(seed).shuffle(chosen)
    inputs = []
    for name in chosen:
        more = {"missing": silence(), **makers[name]}
        more["table"] = tuple(more.get("table") or (amount() for _ in more["categories"]))
        more["edges"] = tuple(MILLION * edge for edge in more.get("edges", ()))
        inputs.append(ModelInput(name=name, label=name.capitalize(), **more))
    link = choose(("points", "logistic"))
    return Model(**WORDS, name="m", version="1", horizon_days=365, link=link, intercept=amount(), inputs=tuple(inputs))


def a_scheme(seed: int) -> Any:
    choose = random.Random(seed).choice
    among = choose(("", "", " diabetes = true ", " age = { at_least = 18 } "))
    share = HIGHEST.format(choose(("3%", "20%", "100%")), among)
    routes = choose(([share], [share, HOMES], [HOMES], [share, HOMES, REVIEWS], [REVIEWS]))
    counted = [f'{route}counts_as = "{"entitlement" if "review" in route else "case_management"}"' for route in routes]
    return read_scheme(scheme_text(counted, required=["care_home_type", "diabetes"]))


def a_selection(seed: int, *, values_given: bool = False, **more: Any) -> Any:
    register = a_register(seed, random.Random(seed).choice((1, 30, 400)))
    if values_given:
        scores = np.random.default_rng(seed).choice([0.5, -1.0, 0.25, np.nan, np.inf, 3e300], len(register))
        return cm.select(register, a_scheme(seed), score=list(scores[: register.rows_in]), **more)
    return cm.select(register, a_scheme(seed), model=a_model(seed), **more)


# The twin


@A_FEW
@given(st.integers(0, 10**6), st.sampled_from(("base", "practice")), st.sampled_from((0, 10**9)))
def test_every_table_equals_the_slow_twins_whether_compiled_or_not(seed, reference, compile_from):
    assert_tables_equal_the_twins(seed, reference, compile_from)


@pytest.mark.long
@settings(A_FEW, max_examples=3_000, derandomize=False)
@given(st.integers(0, 10**6), st.sampled_from(("base", "practice")), st.sampled_from((0, 10**9)))
def test_every_table_equals_the_slow_twins_in_a_longer_search(seed, reference, compile_from):
    assert_tables_equal_the_twins(seed, reference, compile_from)


def assert_tables_equal_the_twins(seed: int, reference: str, compile_from: int) -> None:
    with compiling_from(compile_from):
        selection = a_selection(seed, reference=reference)
        expected = table_twin.selected_table(selection.workings)
        assert selection.to_arrow(reasons=False).equals(expected.drop_columns(list(REASONS)), check_metadata=True)
        assert selection.to_arrow().equals(expected, check_metadata=True)
        assert to_parquet(selection.to_arrow()) == to_parquet(expected)
        assert selection.unscored().equals(table_twin.unscored_table(selection.workings))
        assert selection.unscored().num_rows == selection.workings.choice.outcome.unscored.sum()


@A_FEW
@given(st.integers(0, 10**6))
def test_tables_of_given_scores_equal_the_slow_twins(seed):
    selection = a_selection(seed, values_given=True)
    assert selection.to_arrow().equals(table_twin.selected_table(selection.workings))
    assert selection.unscored().equals(table_twin.unscored_table(selection.workings))


@pytest.mark.parametrize("reference", ["base", "practice"])
def test_the_random_models_meet_ties_gaps_and_the_unscored(reference):
    seen: dict[str, int] = defaultdict(int)
    for seed in range(40):
        selection = a_selection(seed, reference=reference)
        table = selection.to_arrow()
        seen["listed"] += table.num_rows
        seen["without a third"] += table["reason_3"].null_count - table["reason_1"].null_count
        seen["with a third"] += table.num_rows - table["reason_3"].null_count
        seen["unscored"] += selection.unscored().num_rows
        seen["missing"] += sum(table["inputs_missing"].to_pylist())
        seen["sentences"] += len(set(table["reason_1"].to_pylist()))
    assert min(seen.values()) > 100, seen


def test_a_published_register_of_many_practices_gives_the_twins_table_when_compiled():
    parts = [cm.synthesise(code, seed=3).to_arrow() for code in ("C87616", "C87606")]
    table = pa.concat_tables(parts).replace_schema_metadata(parts[0].schema.metadata)
    register = cm.read_register(table, as_of="2021-01-01")
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("demonstration-admission")
    selection = cm.select(register, scheme, model=model, over_cap="queue", allow_demonstration=True)
    with compiling_from(0):
        assert selection.to_arrow().equals(table_twin.selected_table(selection.workings), check_metadata=True)


def test_contributions_at_the_ends_of_their_range_keep_apart_in_words():
    ends = (-MILLION * MILLION, MILLION * MILLION)
    inputs = [
        ModelInput(name=name, label=name, kind="category", categories=("no", "yes"), table=ends, other=0, missing=0)
        for name in ("first", "second")
    ]
    model = Model(**WORDS, name="m", version="1", horizon_days=365, link="points", intercept=0, inputs=tuple(inputs))
    answers = ["yes", *["no"] * 2_000]
    people = {"patient_id": [f"p{i}" for i in range(2_001)], "practice_id": ["C87002"] * 2_001, "age": [50] * 2_001}
    register = cm.read_register(pa.table(people | {"first": answers, "second": ["no"] * 2_001}), as_of="2015-04-01")
    scheme = read_scheme(scheme_text([HIGHEST.format("1/2001", "") + 'counts_as = "case_management"']))
    [row] = cm.select(register, scheme, model=model, reference="practice").to_arrow().to_pylist()
    assert row["reason_1"] == "first: yes: 1999000.5 points against the practice's average"
    assert row["reason_2"] is None


# The three largest


def test_the_compiled_loop_keeps_the_three_smallest_ranks_of_every_row():
    generator = np.random.default_rng(1)
    rows, inputs = 3 * reason_kernels.BLOCK + 5, 9
    columns = Columns(
        generator.integers(0, 2**63, (2, rows)).astype(np.uint64) * np.uint64(2) + np.uint64(1),
        generator.integers(0, 256, (1, rows)).astype(np.uint8),
        generator.integers(0, 65_536, (2, rows)).astype(np.uint16),
        generator.integers(0, 40, (1, rows)).astype(np.int32),
    )
    places = [(0, 0, 0, 1), (0, 0, 62, 3), (0, 1, 5, 2047), (0, 1, 33, 7), (0, 0, 63, 1)]
    places += [(1, 0, 0, 255), (2, 0, 0, 65_535), (2, 1, 0, 65_535), (3, 0, 0, 2**31 - 1)]
    codes = [mask + 1 if group < 3 else 40 for group, _, _, mask in places]
    starts = np.cumsum([0, *codes])
    cells = generator.integers(0, 500, starts[-1]).astype(np.int32)
    ranks = np.where(generator.random(500) < 0.5, 500, generator.permutation(500)).astype(np.int32)
    first, last = 7, rows - 3
    arguments = (columns, np.array(places), cells, starts, ranks, first, last)
    found = [np.full((3, last - first), 500, dtype=np.int32) for _ in range(2)]
    reason_kernels.three_least(*arguments, found[0])
    reasons.three_least(*arguments, found[1])
    assert np.array_equal(*found)
    own = np.empty((inputs, last - first), dtype=np.int32)
    for k, (group, row, shift, mask) in enumerate(places):
        for i, value in enumerate(columns[group][row, first:last].tolist()):
            own[k, i] = ranks[cells[starts[k] + ((value >> shift) & mask)]]
    assert np.array_equal(found[0], np.sort(own, axis=0)[:3])


# With reasons, and without


def test_counting_a_selection_words_no_reasons():
    selection = a_selection(5)
    with patch.object(reasons, "reasons_of", side_effect=AssertionError):
        table = selection.to_arrow(reasons=False)
        assert len(selection) == table.num_rows > 0
        assert "listed in all" in repr(selection)
    assert [name for name in selection.to_arrow().column_names if name not in table.column_names] == list(REASONS)
    assert list(selection.to_pandas(reasons=False).columns) == table.column_names
    with_ward = selection.to_arrow("housing", reasons=False)
    assert with_ward.column_names == [*table.column_names, "register_housing"]
    assert with_ward["register_housing"].equals(selection.to_arrow("housing")["register_housing"])


def test_columns_are_worked_out_as_they_are_asked_for(tmp_path):
    whole, selection = a_selection(5).to_arrow(), a_selection(5)
    with patch.object(reasons, "reasons_of", side_effect=AssertionError):
        for names in (["score", "practice_id"], ["rank"], ["patient_id", "score", "score"], ["place", "homes"], []):
            assert selection.to_arrow(columns=names).equals(whole.select(names), check_metadata=True)
        assert selection.to_arrow("housing", columns="rank").column_names == ["rank", "register_housing"]
        assert list(selection.to_pandas(columns=["rank", "risk"]).columns) == ["rank", "risk"]
    for names in (list(reversed(whole.column_names)), ["reason_2"]):
        assert selection.to_arrow(columns=names).equals(whole.select(names), check_metadata=True)
    assert a_selection(5).to_arrow(columns=["reason_2", "risk"]).equals(whole.select(["reason_2", "risk"]))
    selection.save(tmp_path / "out")
    loaded = cm.load_selection(tmp_path / "out")
    assert loaded.to_arrow(columns=["rank", "practice_id"]).equals(whole.select(["rank", "practice_id"]))
    for lists in (selection, loaded):
        with pytest.raises(InputError, match=r"'scores' is missing. Did you mean 'score'") as refused:
            lists.to_arrow(columns=["scores"])
        assert "Rename" not in str(refused.value)  # which helps with a register alone


def test_one_selection_may_be_asked_by_many_threads_at_once():
    whole = a_selection(5).to_arrow()
    for _ in range(10):
        selection = a_selection(5)
        with ThreadPoolExecutor(8) as pool:
            asked = [["score"], ["patient_id"], ["rank", "patient_id"], ["place"]] * 4
            found = list(pool.map(lambda names, one=selection: one.to_arrow(columns=names), asked))
        assert all(table.equals(whole.select(names)) for table, names in zip(found, asked, strict=True))


def test_a_selection_is_published_with_reasons_whatever_was_asked_before(tmp_path):
    selection = a_selection(5)
    without = selection.to_arrow(reasons=False)
    selection.save(tmp_path / "out")
    loaded = cm.load_selection(tmp_path / "out")
    assert loaded.to_arrow().equals(selection.to_arrow(), check_metadata=True)
    assert loaded.to_arrow(reasons=False).equals(without, check_metadata=True)


def test_tables_made_on_many_threads_at_once_are_the_same_to_the_byte():
    selection = a_selection(5)
    expected = to_parquet(selection.to_arrow())
    threads = pa.cpu_count()
    try:
        for count in (1, 8):
            pa.set_cpu_count(count)
            with compiling_from(0), ThreadPoolExecutor(4) as pool:
                fresh = [a_selection(5) for _ in range(4)]
                assert all(to_parquet(table) == expected for table in pool.map(lambda one: one.to_arrow(), fresh))
    finally:
        pa.set_cpu_count(threads)


def test_parts_that_share_out_work_themselves_do_not_wait_for_each_other():
    share = [HIGHEST.format("20%", " diabetes = true ") + 'counts_as = "case_management"']
    scheme = read_scheme(scheme_text(share, required=["diabetes"]))
    category = {"kind": "category", "categories": ("house",), "table": (3,), "other": 1, "missing": 2}
    inputs = (ModelInput(name="housing", label="Housing", **category),)
    model = Model(**WORDS, name="m", version="1", horizon_days=365, link="points", intercept=0, inputs=inputs)
    with compiling_from(0):
        register = a_register(1, 3_000)
        selections = [cm.select(register, scheme, model=model) for _ in range(20)]
        expected = table_twin.selected_table(selections[0].workings)
        with ThreadPoolExecutor(4) as pool:
            assert all(table.equals(expected) for table in pool.map(lambda one: one.to_arrow(), selections))


# Parquet


def test_repeated_text_is_written_once_and_distinct_values_as_they_are():
    table = a_selection(5).to_arrow()
    written = pq.ParquetFile(pa.BufferReader(to_parquet(table)))
    columns = [written.metadata.row_group(0).column(i) for i in range(table.num_columns)]
    by_number = {column.path_in_schema for column in columns if column.has_dictionary_page}
    assert {"practice_id", "place", *REASONS} <= by_number
    assert not by_number & {"patient_id", "score", "risk"}
    assert {column.compression for column in columns} == {"ZSTD"}
    assert written.read().equals(table, check_metadata=True)
    assert written.schema_arrow.equals(table.schema, check_metadata=True)


def test_the_bytes_of_a_file_do_not_depend_on_how_its_table_is_cut():
    count = 200_000  # more different texts than a page of them holds, so that where it ends could tell
    table = pa.table(
        {"patient_id": [str(n) for n in range(count)], "label": [f"{7919 * n:010d}" for n in range(count)]}
    )
    cut = pa.concat_tables([table.slice(0, 1), table.slice(1, count // 3), table.slice(count // 3 + 1)])
    assert cut["label"].num_chunks == 3
    assert to_parquet(cut) == to_parquet(table.combine_chunks())


def test_a_flipped_bit_of_a_page_is_seen_when_its_checksum_is_read():
    table = a_selection(5).to_arrow()
    data = bytearray(to_parquet(table))
    column = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(0).column(2)
    data[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    with pytest.raises(OSError, match=r"CRC|checksum"):
        pq.ParquetFile(pa.BufferReader(bytes(data)), page_checksum_verification=True).read()


def test_what_parquet_cannot_hold_is_refused_by_the_name_of_the_option():
    unwritable = pa.table({"month": pa.array([None], pa.month_day_nano_interval())})
    with pytest.raises(InputError, match=r"^include: a column holds values that Parquet cannot show"):
        to_parquet(unwritable)


def test_selecting_and_writing_the_table_imports_no_pandas():
    program = """
import sys
import pyarrow as pa
import casemgmt as cm
from casemgmt.arrow import array_of, texts
from casemgmt.parquet.writing import to_parquet
import numpy as np
model = cm.load_model("cambridge-multimorbidity-20")
yes, no = (array_of(np.full(50, answer), pa.bool_()) for answer in (True, False))
columns = {"patient_id": texts(f"p{i}" for i in range(50)), "practice_id": texts(["C87002"] * 50)}
columns |= dict.fromkeys(model.columns, yes) | {"age": array_of(np.arange(50) + 40, pa.int32())}
columns |= {"care_home_type": texts(["nursing"] * 50), "nominated": no}
table = pa.table(columns)
register = cm.read_register(table, as_of="2015-04-01")
selection = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model)
assert selection.to_arrow()["reason_1"].null_count < 50
assert len(to_parquet(selection.to_arrow())) > 100 and selection.unscored().num_rows == 0
print("pandas" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "False", said.stderr
