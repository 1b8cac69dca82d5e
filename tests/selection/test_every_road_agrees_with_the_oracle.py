"""Random registers and schemes: the plain-Python oracle, both roads, and scanned, split and packed files are one."""

from __future__ import annotations

import random
import re
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from a_model import MODEL_COLUMNS, a_model
from engines import ANY_QUALITY, ANY_SIZE, assert_same, by_oracle, compiling_from, read_error, score_argument
from oracle import OracleSelection
from oracle_account import account
from random_registers import UNUSABLE_VALUES, hard_case
from registers import Case, arrow_of, read_scheme
from scanned import said_by, scanned

import casemgmt as cm
from casemgmt.errors import InputError

NEVER = 10**9
TEXTS = (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()))
# Text columns of one register may differ in layout where nothing can be lost by it.
TOGETHER = (TEXTS[:2], TEXTS[:2], TEXTS[2:3], TEXTS[3:], TEXTS[:1])


def assert_every_road_agrees(seed: int) -> bool:
    """Whether the register was selected from; it is refused on every road otherwise."""
    choose = random.Random(seed).choice
    model = a_model(choose(("points", "logistic"))) if choose((False, False, True)) else None
    case = hard_case(
        seed, needed=MODEL_COLUMNS if model else (), has_risk=model is not None and model.link == "logistic"
    )
    try:
        return compare_roads(case, model, choose)
    except Exception as problem:
        raise AssertionError(f"seed {seed}: {type(problem).__name__}: {problem}\n{case.scheme_text}") from problem


def compare_roads(case: Case, model: Any, choose: Any) -> bool:
    table = arrow_of(case.rows, case.columns)
    how = {"as_of": case.as_of, "extracted_on": case.extracted_on, **ANY_QUALITY}

    def told(open_register: Any, starts: dict[str, int]) -> dict[str, Any]:
        try:
            return said(open_register(), case, model, starts)
        except InputError as error:
            return {"refused": re.findall(r"^Column '\w+'", str(error)) or str(error)}

    with compiling_from(NEVER):
        read = told(lambda: cm.read_register(table, **how), {"in memory": 0})
    # Now and then too much of a column is wrong: then it is refused on every road.
    if "refused" not in read:
        assert_as_the_oracle(case, model, read)
    with compiling_from(0):
        frame = as_frame(table, choose)
        assert_said_alike(read, told(lambda: cm.read_register(frame, **how), {"in memory": 0}), "compiled")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths, starts = in_files(table, folder, choose)
        with compiling_from(choose((0, 0, table.num_rows // 3, NEVER))):
            assert_said_alike(read, told(lambda: cm.read_register(paths, **how), starts), "files read")
        decoder, pieces = choose(("polars", "pyarrow")), choose((None, None, share_of(table.num_rows, choose)))
        with compiling_from(choose((0, 0, table.num_rows // 3, NEVER))):
            found = told(lambda: scanned(paths, decoder=decoder, rows_at_a_time=pieces, **how), starts)
            assert_said_alike(read, found, f"scanned by {decoder}, {pieces} rows")
            if "refused" in read or (model is None and case.score_as != "column"):
                return "refused" not in read
            whole = choose((cm.scan_register, cm.read_register))(paths, **how)
            if not read["practices"]:
                with pytest.raises(InputError, match="nothing to pack"):
                    whole.save_packed(folder / "packed")
                return True
            whole.save_packed(folder / "packed")
        with compiling_from(choose((0, NEVER))):
            assert_said_alike(read, told(lambda: cm.scan_register(folder / "packed", **how), starts), "packed")
    return True


# What is said


def said(register: Any, case: Case, model: Any, starts: dict[str, int]) -> dict[str, Any]:
    """The tables of a selection, and what became of each row, by its row before the register was split."""
    options: dict[str, Any] = {"over_cap": case.over_cap}
    if model is not None:
        options["model"] = model
    else:
        options["score"] = "my_score" if case.score_as == "column" else score_argument(case)
    if case.list_sizes is not None:
        options |= {"list_sizes": case.list_sizes, **ANY_SIZE}
    scheme = read_scheme(case.scheme_text)
    found = said_by(lambda: cm.select(register, scheme, **options))
    if "words" in found:
        raise InputError(found["words"])
    found.pop("facts", None)
    for name in ("quarantine", "corrections"):
        rows = getattr(register, name).to_pylist()
        found[name] = sorted((starts[r["source_file"]] + r["source_row"], r["field"], r["reason"]) for r in rows)
    checked = register.checked() if hasattr(register, "checked") else register
    found |= {"merged": checked.merged, "practices": tuple(register.practices), "rows_in": checked.rows_in}
    found["accepted"] = checked.accepted if hasattr(checked, "accepted") else len(register)
    return found


def assert_said_alike(wanted: dict[str, Any], found: dict[str, Any], road: str) -> None:
    assert wanted.keys() == found.keys(), road
    for name, value in wanted.items():
        if isinstance(value, pa.Table):
            assert found[name].schema.equals(value.schema), (road, name)
            assert found[name].equals(value), (road, name, value.to_pylist(), found[name].to_pylist())
        else:
            assert found[name] == value, (road, name, value, found[name])


def assert_as_the_oracle(case: Case, model: Any, found: dict[str, Any]) -> None:
    judged = account(case.rows, case.as_of, case.extracted_on or case.as_of)
    assert found["quarantine"] == sorted((row, *why) for row, why in judged.set_aside.items())
    assert found["corrections"] == sorted(judged.corrected)
    assert found["rows_in"] == len(case.rows)
    assert (found["accepted"], found["merged"]) == (len(judged.accepted), len(judged.merged))
    assert found["practices"] == tuple(sorted(judged.practices, key=str.encode))
    assert_same(by_oracle(case, model), as_oracle(found))


def as_oracle(found: dict[str, Any]) -> OracleSelection:
    if "error" in found:
        return OracleSelection(selected=[], summary=[], queue=[], error=read_error(found["error"]))
    table = found["selection"]
    table = table.drop_columns([name for name in table.column_names if name.startswith("reason_")])
    return OracleSelection(
        selected=table.to_pylist(),
        summary=found["summary"].to_pylist(),
        queue=found["queue"].to_pylist(),
        error=None,
        kept=found["kept"].to_pylist(),
    )


# Ways to hand a table over


def as_frame(table: pa.Table, choose: Any) -> Any:
    """The table in a random layout, in chunks, or in polars."""
    kind = choose((*TEXTS, "chunks", "polars"))
    if kind == "polars":
        import polars as pl

        return pl.from_arrow(table)
    if kind == "chunks":
        size = choose((1, 2, 7, 50))
        pieces = [table.slice(low, size) for low in range(0, table.num_rows, size)]
        return pa.concat_tables(pieces) if pieces else table
    return in_layout(table, kind)


def in_layout(table: pa.Table, kind: pa.DataType) -> pa.Table:
    columns = [column.cast(kind) if column.type == pa.string() else column for column in table.columns]
    return pa.table(columns, names=table.column_names)


def in_files(table: pa.Table, folder: Path, choose: Any) -> tuple[list[Path], dict[str, int]]:
    """The table in one to five files of random forms, and the first row of each."""
    cuts = sorted(choose(range(table.num_rows + 1)) for _ in range(choose((0, 1, 1, 2, 3))))
    kinds = choose(TOGETHER)
    paths, starts = [], {}
    for number, (start, stop) in enumerate(pairwise([0, *cuts, table.num_rows])):
        kind = choose(kinds)
        own = in_layout(table.slice(start, stop - start), kind)
        own = own.replace_schema_metadata({b"part": str(number).encode()})
        path = folder / f"part_{number}"
        if kind != pa.string_view() and choose((False, False, True)):
            path = path.with_suffix(".arrow")
            with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, own.schema) as writer:
                writer.write_table(own, max_chunksize=share_of(own.num_rows, choose))
        else:
            path = path.with_suffix(".parquet")
            options = {"row_group_size": share_of(own.num_rows, choose), "data_page_version": choose(("1.0", "2.0"))}
            options |= {"use_dictionary": choose((True, False)), "compression": choose(("none", "snappy", "zstd"))}
            options |= {"write_statistics": choose((True, False)), "write_page_checksum": choose((True, False))}
            pq.write_table(own, path, store_schema=kind != pa.string_view(), **options)
        paths.append(path)
        starts[path.name] = start
    return paths, starts


def share_of(rows: int, choose: Any) -> int:
    """Rows of a piece, of which there are a few: every piece is a register of its own, and takes its time."""
    return 1 + rows // choose((1, 1, 2, 3, 4))


# Searches

FIRST, BLOCK = 300, 30  # seeds from the first on meet every reason


def test_the_random_registers_meet_every_reason_for_which_a_row_is_set_aside_or_a_value_is_not_used():
    met, merged = set(), 0
    for seed in range(FIRST, FIRST + 10 * BLOCK):
        case = hard_case(seed)
        judged = account(case.rows, case.as_of, case.extracted_on or case.as_of)
        met |= set(judged.set_aside.values()) | {(name, reason) for _, name, reason in judged.corrected}
        merged += len(judged.merged)
    assert merged > 100
    ids = {reason for name, reason in met if name == "patient_id"}
    assert len(ids) == len(
        ["missing", "hidden", "outer spaces", "decimal", "exponent", "ten digits", "two ways", "differ"]
    )
    assert len({reason for name, reason in met if name == "practice_id"}) == len(["missing", "case", "pattern"])
    assert {name for name, _ in met} == {"patient_id", "practice_id", *UNUSABLE_VALUES}


@pytest.mark.parametrize("block", range(5))
def test_a_hundred_and_fifty_random_registers_agree_on_every_road(block):
    assert_block_agrees(range(FIRST + BLOCK * block, FIRST + BLOCK * (block + 1)))


@pytest.mark.long
@pytest.mark.parametrize("block", range(100))
def test_twenty_thousand_random_registers_agree_on_every_road(block):
    assert_block_agrees(range(1000 + 200 * block, 1000 + 200 * (block + 1)))


def assert_block_agrees(seeds: range) -> None:
    selected = sum(assert_every_road_agrees(seed) for seed in seeds)
    assert selected >= len(seeds) * 0.9
