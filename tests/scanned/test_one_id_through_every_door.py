"""One table, however it is split, stored and read: the same rows accepted, merged and set aside, and the same lists."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engines import compiling_from
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mixed_practices import AS_OF, LONG, SCHEME, SETTINGS
from registers import read_scheme
from scanned import said_by, scanned

import casemgmt as cm
from casemgmt.register.identity import judge
from casemgmt.scanned import tally
from casemgmt.texts.id_forms import TWO_FORMS, folded
from casemgmt.texts.long_texts import by_number, counts_of, hashes_of

# Most rows of these registers are made to be set aside.
LOOSE = {"as_of": AS_OF, "max_quarantined": 1, "max_corrected": 1}

DIFFER = "differing rows with one id"
KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


# The hash


def awkward_texts() -> list[str]:
    """Texts of every length from 0 to 100 bytes: digits, letters, spaces, hyphens, zero bytes, other alphabets."""
    choose = random.Random(7)
    pools = ["0123456789", "abcxyzABCXYZ019", "019-", "01 9", "a\x00b\t-", "éÉß字😀a1", "—- \u2009AZ09", "[@`{/"]
    found = []
    for length in range(101):
        for pool in pools:
            text = "".join(choose.choice(pool) for _ in range(length))
            while len(text.encode()) > length:
                text = text[:-1]
            found.append(text + "q" * (length - len(text.encode())))
    return found


@pytest.mark.parametrize("by_form", [False, True])
@pytest.mark.parametrize("kind", KINDS[:3], ids=str)
def test_the_hash_of_an_id_is_the_same_in_every_layout_at_every_length(kind, by_form):
    texts = awkward_texts()
    plain, odd = hashes_of(pa.chunked_array([pa.array(texts, pa.string())]), by_form)
    # Slices of longer arrays, nulls between, and chunks of all sizes.
    with_nulls = [text if n % 3 else None for n, text in enumerate(texts)]
    array = pa.array(["before", "x" * 30, *with_nulls, "after the end"], kind).slice(2, len(texts))
    cuts = [0, 1, 1, 7, 300, len(texts)]
    column = pa.chunked_array([array.slice(a, b - a) for a, b in pairwise(cuts)], kind)
    hashes, odd_too = hashes_of(column, by_form)
    given_ = np.array([n % 3 != 0 for n in range(len(texts))])
    assert (hashes[given_] == plain[given_]).all()
    assert (odd_too[given_] == odd[given_]).all()
    assert odd_too[~given_].all()


def test_texts_of_one_form_have_one_hash_and_others_have_others():
    texts = sorted(set(awkward_texts()))
    forms = folded(pa.array(texts)).to_pylist()
    for by_form, keys in ((True, forms), (False, texts)):
        for kind in KINDS[:3]:
            hashes, _ = hashes_of(pa.chunked_array([pa.array(texts, kind)]), by_form)
            assert len(dict(zip(keys, hashes.tolist(), strict=True))) == len(set(keys))
            assert len(set(zip(keys, hashes.tolist(), strict=True))) == len(set(keys)) == len(set(hashes.tolist()))


def test_a_view_that_is_no_text_of_the_column_does_not_change_a_hash():
    # Where a text is missing the view may say anything, and what follows a short text is not read.
    views = np.zeros((3, 4), dtype=np.int32)
    views[0, 0], views[1], views[2, 0] = 1, [2**31 - 1, 7, 2**30, 2**31 - 1], 1
    views[0, 1] = views[2, 1] = ord("a")
    chunk = pa.Array.from_buffers(pa.string_view(), 3, [pa.py_buffer(b"\x05"), pa.py_buffer(views.tobytes())])
    hashes, odd = hashes_of(pa.chunked_array([chunk]))
    assert hashes[0] == hashes[2] == hashes_of(pa.chunked_array([["a"]]))[0][0]
    assert odd.tolist() == [False, True, False]


# Every split of one table

IDS = ["1", "2", "3", "0000000001", "9990000018", "999 000 0018", "999-000-0018", "ab1", "AB1", "aB-1", "p" * 13 + "1"]
IDS += ["P" * 13 + "1", "é1", "É1", "e1", " 2", "2.0", "0000000000", "", None, "-", "--"]
CODES = ["C87001", "C87002", "c87002", None, "nowhere"]
NUMBERS = [0.0, -0.0, 1.5, 2.5, float("nan"), None]


@st.composite
def tables(draw: Any) -> pa.Table:
    """Rows many of which are repeats, identical or in contradiction."""
    pool = draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=8, unique=True))
    person = st.tuples(
        st.sampled_from(pool),
        st.sampled_from(CODES[:2]) | st.sampled_from(CODES),
        st.sampled_from([40, 41]),
        st.sampled_from(NUMBERS),
        st.sampled_from(["w", "W", None]),
    )
    known = draw(st.lists(person, min_size=1, max_size=6))
    rows = draw(st.lists(st.sampled_from(known) | person, min_size=1, max_size=30))
    many = draw(st.sampled_from([0, 0, 25]))
    rows += [(f"serial{n}", CODES[n % 2], n, n / 4, "w") for n in range(many)]
    ids, codes, ages, points, wards = zip(*draw(st.permutations(rows)), strict=True)
    return pa.table(
        {
            "patient_id": pa.array(ids, pa.string()),
            "practice_id": pa.array(codes, pa.string()),
            "age": pa.array(ages, pa.int16()),
            "points": pa.array(points, pa.float64()),
            "ward": pa.array(wards, pa.string()),
        }
    )


def in_layout(table: pa.Table, kind: pa.DataType) -> pa.Table:
    columns = [column.cast(kind) if column.type == pa.string() else column for column in table.columns]
    return pa.table(columns, names=table.column_names)


def account_of(register: Any, starts: dict[str, int]) -> dict[str, Any]:
    """What became of each row, by its row in the table before it was split, and the lists."""
    said = said_by(lambda: cm.select(register, read_scheme(SCHEME), score="points"))
    for name in ("quarantine", "corrections"):
        rows = getattr(register, name).to_pylist()
        said[name] = [
            (starts[r["source_file"]] + r["source_row"], r["practice_id"], r["field"], r["reason"]) for r in rows
        ]
    said.pop("facts", None)
    accepted = register.checked().accepted if hasattr(register, "checked") else register.accepted
    merged = register.checked().merged if hasattr(register, "checked") else register.merged
    assert register.rows_in == accepted + merged + len(said["quarantine"])
    return said | {"accepted": accepted, "merged": merged}


def assert_same_account(wanted: dict[str, Any], found: dict[str, Any], how: Any) -> None:
    assert wanted.keys() == found.keys(), how
    for name, value in wanted.items():
        same = found[name].equals(value) if isinstance(value, pa.Table) else found[name] == value
        assert same, (how, name, value, found[name])


@st.composite
def splits(draw: Any, rows: int) -> list[dict[str, Any]]:
    """Parts, each with its own text type, sort of file and row groups."""
    kinds = draw(st.sampled_from([KINDS[:2], KINDS[:2], KINDS[2:3], KINDS[3:]]))
    cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=3)))
    return [
        {
            "rows": (start, stop),
            "kind": draw(st.sampled_from(kinds)),
            "ending": draw(st.sampled_from([".parquet"] * 2 + [".arrow"] * (kinds != KINDS[2:3]))),
            "group": max(draw(st.integers(1, 12)), (stop - start) // 8),  # each takes its time
            "pages": draw(st.sampled_from(["1.0", "2.0"])),
        }
        for start, stop in pairwise([0, *cuts, rows])
    ]


def written(table: pa.Table, parts: list[dict[str, Any]], folder: Path) -> tuple[list[Path], dict[str, int]]:
    paths, starts = [], {}
    for number, part in enumerate(parts):
        start, stop = part["rows"]
        path = folder / f"part_{number}{part['ending']}"
        own = in_layout(table.slice(start, stop - start), part["kind"])
        own = own.replace_schema_metadata({b"part": str(number).encode()})
        if part["ending"] == ".arrow":
            with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, own.schema) as writer:
                writer.write_table(own, max_chunksize=part["group"])
        else:
            options = {"row_group_size": part["group"], "data_page_version": part["pages"]}
            options["store_schema"] = part["kind"] != KINDS[2]
            pq.write_table(own, path, **options)
        paths.append(path)
        starts[path.name] = start
    return paths, starts


@settings(SETTINGS, max_examples=15)
@given(tables(), st.data())
def test_any_split_into_files_row_groups_text_types_and_decoders_is_one_register(table, data):
    assert_split_is_one_register(table, data)


@pytest.mark.long
@LONG
@given(tables(), st.data())
def test_any_split_is_one_register_in_a_longer_search(table, data):
    assert_split_is_one_register(table, data)


def assert_split_is_one_register(table: pa.Table, data: Any) -> None:
    from_rows = data.draw(st.sampled_from([0, table.num_rows // 4, 10**9]))
    with compiling_from(10**9):
        wanted = account_of(cm.read_register(table, **LOOSE), {"in memory": 0})
    parts = data.draw(splits(table.num_rows))
    with tempfile.TemporaryDirectory() as name, compiling_from(from_rows):
        folder = Path(name)
        paths, starts = written(table, parts, folder)
        assume(len({path.read_bytes() for path in paths}) == len(paths))  # one file given twice is refused
        assert_same_account(wanted, account_of(cm.read_register(paths, **LOOSE), starts), parts)
        for decoder in ("auto", "pyarrow"):
            at_a_time = data.draw(st.sampled_from([None, 1, 3, 7]))
            at_a_time = at_a_time and max(at_a_time, table.num_rows // 8)
            register = scanned(paths, **LOOSE, decoder=decoder, rows_at_a_time=at_a_time)
            assert_same_account(wanted, account_of(register, starts), (parts, decoder, at_a_time))
        if wanted["accepted"]:
            cm.read_register(paths, **LOOSE).save_packed(folder / "read.packed")
            scanned(paths, **LOOSE).save_packed(folder / "scanned.packed")
            for packed in ("read.packed", "scanned.packed"):
                found = account_of(cm.scan_register(folder / packed, **LOOSE), starts)
                assert_same_account(wanted, found, (parts, packed))


def frames_of(table: pa.Table, chunk: int) -> dict[str, Any]:
    """The table as frames of every library, and as Arrow of every layout in many chunks."""
    pieces = [table.slice(low, chunk) for low in range(0, table.num_rows, chunk)]
    in_chunks = pa.concat_tables(pieces)
    found: dict[str, Any] = {str(kind): in_layout(in_chunks, kind) for kind in KINDS}
    mixed = [in_layout(piece, KINDS[3]) for piece in pieces]
    found["dictionaries"] = pa.concat_tables(mixed)
    found["pandas"] = table.to_pandas()
    found["pandas on Arrow"] = table.to_pandas(types_mapper=pd.ArrowDtype)
    found["polars"] = pl.from_arrow(table)
    found["polars categorical"] = found["polars"].with_columns(pl.col("ward", "practice_id").cast(pl.Categorical))
    found["reader"] = in_chunks.to_reader()
    return found


@settings(SETTINGS, max_examples=12)
@given(tables(), st.integers(1, 9), st.sampled_from([0, 5, 20, 10**9]))
def test_every_frame_and_layout_is_one_register_on_both_roads(table, chunk, from_rows):
    assert_frames_are_one_register(table, chunk, from_rows)


@pytest.mark.long
@LONG
@given(tables(), st.integers(1, 9), st.sampled_from([0, 5, 20, 10**9]))
def test_every_frame_and_layout_is_one_register_in_a_longer_search(table, chunk, from_rows):
    assert_frames_are_one_register(table, chunk, from_rows)


def assert_frames_are_one_register(table: pa.Table, chunk: int, from_rows: int) -> None:
    with compiling_from(10**9):
        wanted = account_of(cm.read_register(table, **LOOSE), {"in memory": 0})
    with compiling_from(from_rows):
        for name, frame in frames_of(table, chunk).items():
            found = account_of(cm.read_register(frame, **LOOSE), {"in memory": 0})
            assert_same_account(wanted, found, (name, from_rows))


@settings(SETTINGS, max_examples=60)
@given(tables(), st.sampled_from(KINDS))
def test_rows_are_judged_alike_by_hash_and_without(table, kind):
    short, by_hash = (judge(in_layout(table, kind), "[A-Z][0-9]{5}", None, compiled=compiled) for compiled in (0, 1))
    assert [short.verdict.reasons[code] for code in short.verdict.code] == [
        by_hash.verdict.reasons[code] for code in by_hash.verdict.code
    ]
    assert short.verdict.merged_into == by_hash.verdict.merged_into
    assert short.practices == by_hash.practices
    assert (short.practice == by_hash.practice).all()


@pytest.mark.parametrize("pieces", [1, 2, 5])
@pytest.mark.parametrize("ids", [0, 1, 300])
def test_hashes_met_twice_are_found_alike_sorted_and_part_by_part(monkeypatch, ids, pieces):
    random = np.random.default_rng(ids + pieces)
    some = np.append(random.integers(0, 2**64, 2 * ids, np.uint64), np.zeros(2, np.uint64))  # zero is an empty slot
    drawn = some[random.integers(0, len(some), ids)]
    hashes = tally.IdHashes()
    for piece in np.array_split(drawn, pieces):
        hashes.add(piece)
    found = []
    for few in (0, 1 << 15):
        monkeypatch.setattr(tally, "FEW_IDS", few)
        found.append(hashes.repeated().tolist())
    met = Counter(drawn.tolist())
    assert found == [sorted(each for each, times in met.items() if times > 1)] * 2


@pytest.mark.parametrize("most", [1, 5])
def test_numbers_are_looked_up_and_counted_alike_on_both_roads(most):
    numbers = np.random.default_rng(3).integers(-1, most, 300).astype(np.int32)
    answers = np.arange(10, 11 + most)
    for work in (lambda road: by_number(numbers, answers, road), lambda road: counts_of(numbers, most, road)):
        assert (work(False) == work(True)).all()


# One id in two forms


def register_of(ids: list[str], **columns: Any) -> pa.Table:
    rows = len(ids)
    plain = {"practice_id": ["C87001"] * rows, "age": [50] * rows, "points": [0.5] * rows}
    return pa.table({"patient_id": ids, **plain, **columns})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("9990000018", "999 000 0018"),
        ("999-000-0018", "999 000 0018"),
        ("ab1", "AB1"),
        ("N-0001", "n0001"),
        ("Ä77", "ä77"),
        ("a-rather-long-id-0001", "A-RATHER-LONG-ID-0001"),
        ("12\u20133", "123"),
        ("1-11", "111"),
        ("A-1 1", "a 1-1"),
        ("B 1-2", "b1 2"),
        ("P-1-1-1-P", "P1-1-1P"),
        ("99 90000018", "999 000 0018"),
    ],
)
@pytest.mark.parametrize("from_rows", [0, 10**9])
def test_an_id_written_in_two_ways_is_set_aside_wherever_its_rows_stand(one, other, from_rows, tmp_path):
    table = register_of(["z1", one, "z2", one, "z3", other])
    for number, piece in enumerate((table.slice(0, 4), table.slice(4))):
        pq.write_table(piece, tmp_path / f"{number}.parquet")
    paths = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    with compiling_from(from_rows):
        for register in (cm.read_register(table, **LOOSE), cm.scan_register(paths, **LOOSE)):
            assert register.quarantine["reason"].to_pylist() == [TWO_FORMS] * 3
            assert register.rows_in == 6
            selection = cm.select(register, read_scheme(SCHEME), score="points")
            assert not {one, other} & set(selection.to_arrow()["patient_id"].to_pylist())


@pytest.mark.parametrize("from_rows", [0, 10**9])
def test_ids_that_differ_in_more_than_their_form_stay_apart(from_rows):
    ids = ["ab1", "AB2", "a-b3", "9990000018", "999 000 0026", "-", "--", "ß", "ss"]
    ids += ["1-11", "11-1", "1-112", "11-12", "111-2", "B 1-23", "B-12-3"]  # a place, and a number there
    with compiling_from(from_rows):
        assert len(cm.read_register(register_of(ids), as_of=AS_OF)) == len(ids)


@pytest.mark.parametrize("from_rows", [0, 10**9])
def test_minus_zero_is_zero_and_no_number_is_missing_where_rows_are_compared(from_rows):
    table = register_of(["a", "a", "b", "b", "c", "c"], points=[0.0, -0.0, float("nan"), None, 1.0, 1.5])
    with compiling_from(from_rows):
        register = cm.read_register(table, as_of=AS_OF)
    assert register.merged == 2
    assert register.quarantine["reason"].to_pylist() == [DIFFER] * 2


# Fixed width and ids that are no text


@pytest.mark.parametrize("from_rows", [0, 10**9])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_padding_of_fixed_width_is_removed_and_said_so(kind, from_rows, tmp_path):
    ids = [f"{n}".ljust(12) for n in range(40)]
    plain = register_of([text.strip() for text in ids], practice_id=["C87001"] * 20 + ["C87002"] * 20)
    padded = register_of(ids, practice_id=["C87001  "] * 20 + ["C87002  "] * 20)
    pq.write_table(padded, tmp_path / "padded.parquet", row_group_size=7)
    with compiling_from(from_rows):
        wanted = cm.read_register(plain, as_of=AS_OF)
        found = cm.read_register(in_layout(padded, kind), as_of=AS_OF)
        files = scanned(tmp_path / "padded.parquet", as_of=AS_OF, rows_at_a_time=7)
        assert wanted.notes == ()
        assert found.to_arrow().equals(wanted.to_arrow())
        assert [text.split("'")[1] for text in found.notes] == ["patient_id", "practice_id"]
        assert "12 characters" in found.notes[0]
        assert files.notes == found.notes
        files.save_packed(tmp_path / "packed")
        assert cm.scan_register(tmp_path / "packed", as_of=AS_OF).notes == found.notes
        assert files.practices == found.practices == ("C87001", "C87002")


@pytest.mark.parametrize("ids", [["1 ", "2 ", "33"], ["1 ", "2 ", "33 "], ["1 ", " 2", "3 "]])
def test_spaces_around_some_ids_are_a_fault_of_those_rows(ids, tmp_path):
    table = register_of(ids)
    pq.write_table(table, tmp_path / "register.parquet", row_group_size=1)
    whole = cm.read_register(table, as_of=AS_OF)
    parts = scanned(tmp_path / "register.parquet", as_of=AS_OF, rows_at_a_time=1)
    spaced = [n for n, text in enumerate(ids) if text != text.strip()]
    for register in (whole, parts):
        assert register.quarantine["source_row"].to_pylist() == spaced
        assert register.notes == ()


def test_uuids_are_read_as_text_through_every_door(tmp_path):
    from uuid import UUID

    uuids = [UUID(int=2**100 + n) for n in range(5)]
    want = [str(uuid) for uuid in uuids]
    typed = register_of(want).set_column(0, "patient_id", pa.array([uuid.bytes for uuid in uuids], pa.uuid()))
    pq.write_table(typed, tmp_path / "typed.parquet")
    rest = typed.drop_columns(["patient_id"])
    objects = rest.to_pandas().assign(patient_id=pd.Series(uuids, dtype=object))
    in_polars = pl.from_arrow(rest).with_columns(pl.Series("patient_id", uuids, dtype=pl.Object))
    for source in (typed, objects, in_polars, tmp_path / "typed.parquet", typed.slice(1).to_reader()):
        register = cm.read_register(source, as_of=AS_OF)
        assert register.to_arrow()["patient_id"].to_pylist() == want[-len(register) :]
    files = cm.scan_register(tmp_path / "typed.parquet", as_of=AS_OF)
    assert files.checked().accepted == 5
    files.save_packed(tmp_path / "packed")
    assert cm.scan_register(tmp_path / "packed", as_of=AS_OF).checked().accepted == 5


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(16), pa.binary_view()], ids=str)
def test_ids_of_bytes_are_refused_in_true_words(kind):
    table = register_of(["x"]).set_column(0, "patient_id", pa.array([b"0123456789abcdef"], kind))
    for frame in (table, pl.from_arrow(table)):
        with pytest.raises(cm.InputError, match=r"'patient_id' holds bytes .* not text.*decode"):
            cm.read_register(frame, as_of=AS_OF)
    with pytest.raises(cm.InputError, match="holds bytes"):
        cm.read_register(table.to_pandas(), as_of=AS_OF)


def test_objects_of_polars_are_refused_by_name():
    frame = pl.DataFrame({"practice_id": ["C87001"], "age": [1], "patient_id": pl.Series([object()], dtype=pl.Object)})
    with pytest.raises(cm.InputError, match=r"Python objects.*'?patient_id"):
        cm.read_register(frame, as_of=AS_OF)
