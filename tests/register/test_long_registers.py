"""Long registers take another road, rows as they came and compiled loops, to the same tables."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from a_model import MODEL_COLUMNS, a_model, serial_ids
from engines import ANY_QUALITY, ANY_SIZE, compiling_from
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_practices import AS_OF, SCHEME, SETTINGS
from registers import Case, arrow_of, cases, read_scheme
from scanned import assert_says_the_same, said_by, scanned, written

import casemgmt as cm

TEXTS = settings(SETTINGS, max_examples=150)
ONE_ROUTE_OF_EACH = (
    SCHEME
    + '\n[[route]]\nname = "high"\nkind = "band"\non = "score"\nabove = "39.5"\nwhere = { diabetes = true }\n'
    + 'counts_as = "entitlement"\n'
)


def skewed(large: int, small: int, of: int, seed: int = 1) -> pa.Table:
    """One practice of ``large`` patients and ``small`` ones of ``of``, mixed."""
    generator = np.random.default_rng(seed)
    rows = large + small * of
    practice = np.concatenate([np.zeros(large, dtype=np.int64), np.repeat(np.arange(1, small + 1), of)])
    codes = pa.array([f"B{number:05d}" for number in range(small + 1)])
    diabetes = pa.array(generator.random(rows) < 0.2, mask=generator.random(rows) < 0.05)
    return pa.table(
        {
            "patient_id": serial_ids(rows),
            "practice_id": codes.take(pa.array(generator.permutation(practice))),
            "age": pa.array(generator.integers(0, 101, rows), pa.int16()),
            "diabetes": diabetes,
            "objected": pa.array(generator.random(rows) < 0.02),
            "on_caseload": pa.array(generator.random(rows) < 0.01),
            "points": pa.array(generator.integers(0, 400, rows) / 8, mask=generator.random(rows) < 0.03),
        }
    )


def said_of(table: pa.Table, threads: int, scheme: str = ONE_ROUTE_OF_EACH, **options: Any) -> Any:
    options = {"score": "points", "threads": threads} | options
    return said_by(lambda: cm.select(cm.read_register(table, as_of=AS_OF), read_scheme(scheme), **options))


def test_a_skewed_register_of_mixed_rows_equals_the_numpy_twin_of_grouped_ones(tmp_path, monkeypatch):
    from casemgmt.selection import running

    table = skewed(large=70_000, small=40, of=300)
    grouped = table.sort_by("practice_id")
    with compiling_from(10**9):
        twin = said_of(grouped, threads=1)
    assert twin["summary"]["met"].to_pylist()[0] > 5000
    with compiling_from(0):
        for threads in (1, 2, 8):
            assert_says_the_same(twin, said_of(grouped, threads))
            mixed = said_of(table, threads)
            assert_says_the_same(without_account(twin), without_account(mixed))
        # In one piece, so that a lane of sixteen bits would run over.
        monkeypatch.setattr(running, "_PIECES_PER_WORKER", 1)
        assert_says_the_same(without_account(twin), without_account(said_of(table, 1)))
        paths = written(table, tmp_path, [30_000], rows_in_a_group=41_000)
        for rows_at_a_time, threads in ((None, 1), (10_000, 2)):
            register = scanned(paths, as_of=AS_OF, rows_at_a_time=rows_at_a_time)
            found = said_by(
                lambda r=register, t=threads: cm.select(r, read_scheme(ONE_ROUTE_OF_EACH), score="points", threads=t)
            )
            assert_says_the_same(without_account(twin), without_account(found))


def without_account(said: Any) -> Any:
    """All but what names rows and files of the source."""
    return {name: table for name, table in said.items() if name not in ("quarantine", "corrections", "facts")}


@SETTINGS
@given(cases(needed=MODEL_COLUMNS), st.sampled_from([1, 2, 8]), st.booleans())
def test_rows_in_any_order_select_as_grouped_rows_do_when_compiled(case, threads, by_model):
    assert_mixed_as_grouped(case, threads, a_model("points") if by_model else None)


def assert_mixed_as_grouped(case: Case, threads: int, model: Any) -> None:
    table = arrow_of(case.rows, case.columns).append_column("my_score", pa.array(case.scores, pa.float64()))
    options = {"over_cap": case.over_cap, "list_sizes": case.list_sizes, **ANY_SIZE, "threads": threads}
    options |= {"score": "my_score"} if model is None else {"model": model}
    dates, scheme = (
        {"as_of": case.as_of, "extracted_on": case.extracted_on, **ANY_QUALITY},
        read_scheme(case.scheme_text),
    )

    def said() -> Any:
        return said_by(lambda: cm.select(cm.read_register(table, **dates), scheme, **options), case.columns[2:])

    with compiling_from(10**9):
        twin = said()
    with compiling_from(0):
        assert_says_the_same(twin, said(), words=True)


def test_a_packed_copy_of_a_mixed_register_equals_that_of_a_grouped_one():
    table = skewed(large=3000, small=5, of=100)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("twin", "mixed")]
        with compiling_from(10**9):
            cm.read_register(table, as_of=AS_OF).save_packed(paths[0])
        with compiling_from(0):
            register = cm.read_register(table, as_of=AS_OF)
            assert register.packed.groups is None
            register.save_packed(paths[1])
        assert paths[0].read_bytes() == paths[1].read_bytes()


# Long columns of text, against plain Python

PLAIN = st.text(alphabet="0123456789ABCabc-", max_size=30)
ANY = st.text(max_size=20)
RUNS = ["x" * length for length in (4, 7, 8, 12, 13, 16, 17)]
DIGITS = ["1" * 10, "1" * 9, "1" * 11, "0000000000", "9.0", "1e+5", "1.50E+9", "C87001"]
EDGES = [" a", "a ", "a\x00", "\x00", "a\x7f", "\u00a0a", "1234567\n", "abcdefg\x00", "abcdefgh\x00"]
WIDE = ["é" * 8, "\U0001d52d" * 4, "12345678é"]
AWKWARD = st.sampled_from(["", "abc", "abcd", "abcdefgh", *RUNS, *DIGITS, *EDGES, *WIDE])
TEXT = st.one_of(PLAIN, AWKWARD, ANY, st.none())


@st.composite
def columns(draw: Any) -> tuple[pa.ChunkedArray, list[str | None]]:
    """A column of text in some layout, in chunks that are slices of longer arrays; and its values."""
    pool = draw(st.lists(TEXT, min_size=1, max_size=12))
    chunks: list[Any] = []
    values: list[str | None] = []
    kind = draw(st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]))
    for _ in range(draw(st.integers(0, 4))):
        own = draw(st.lists(st.sampled_from(pool), max_size=40))
        before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        array = pa.array([*["before"] * before, *own, *["after the end of it"] * after], kind)
        chunks.append(array.slice(before, len(own)))
        values += own
    return pa.chunked_array(chunks, kind), values


@TEXTS
@given(columns())
def test_texts_are_numbered_in_byte_order_of_the_distinct_ones(given_column):
    from casemgmt.texts.long_texts import numbered

    column, values = given_column
    found = numbered(column)
    longest = 12 if pa.types.is_string_view(column.type) else 16
    if found is None:
        assert any(value is not None and len(value.encode()) > longest for value in values)
        return
    numbers, distinct = found
    assert distinct == sorted({value for value in values if value is not None}, key=str.encode)
    assert [None if n < 0 else distinct[n] for n in numbers.tolist()] == values


def is_plain(text: str | None) -> bool:
    """Whether nothing in an id needs a second look."""
    raw = (text or "").encode()
    return (
        bool(raw)
        and all(0x30 <= b < 0x7F or b == 0x2D for b in raw)
        and not (len(raw) == 10 and len(set(raw)) == 1 and raw.isdigit())
    )


@TEXTS
@given(columns())
def test_hashes_are_equal_where_texts_are_and_odd_texts_are_marked(given_column):
    from casemgmt.texts.long_texts import hashes_of, repeated_hashes

    column, values = given_column
    hashes, odd = hashes_of(column)
    assert odd.tolist() == [not is_plain(value) for value in values]
    by_text: dict[str, int] = {}
    for value, hashed in zip(values, hashes.tolist(), strict=True):
        if value is not None:
            assert by_text.setdefault(value, hashed) == hashed
    assert len(set(by_text.values())) == len(by_text)  # of so few, two alike would be a fault
    present = hashes[[value is not None for value in values]]
    repeated = {by_text[value] for value, count in Counter(v for v in values if v is not None).items() if count > 1}
    assert set(repeated_hashes(present).tolist()) == repeated if len(present) else True


@TEXTS
@given(columns(), st.sampled_from(["patient_id", "practice_id"]))
def test_a_register_of_such_texts_is_read_by_the_long_road_as_by_the_short(given_column, name):
    column, values = given_column
    rows = len(values)
    other = "practice_id" if name == "patient_id" else "patient_id"
    others = [f"C8700{n % 3}" for n in range(rows)] if other == "practice_id" else [f"id{n % 50}" for n in range(rows)]
    table = pa.table({name: column, other: pa.array(others, pa.string()), "age": pa.array([40] * rows, pa.int8())})

    def account() -> Any:
        register = cm.read_register(table, as_of=AS_OF, practice_pattern=".{1,9}")
        return register.quarantine, register.corrections, register.merged, register.practices, register.to_arrow()

    with compiling_from(10**9):
        short = account()
    with compiling_from(0):
        long = account()
    assert long == short


def test_ids_that_differ_in_their_last_byte_or_length_alone_are_told_apart():
    from casemgmt.texts.long_texts import hashes_of

    texts = {"x" * n + end for n in range(40) for end in ("", "y", "\x00", "yy", "\x00\x00")}
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        hashes, _ = hashes_of(pa.chunked_array([pa.array(sorted(texts), kind)]))
        assert len(set(hashes.tolist())) == len(texts)


def test_a_text_of_more_bytes_than_a_piece_has_a_hash(monkeypatch):
    from casemgmt.texts import long_texts

    texts = pa.chunked_array([pa.array(["a" * 900, "b", None, "c" * 900])])
    at_once, _ = long_texts.hashes_of(texts)
    monkeypatch.setattr(long_texts, "_PIECE", 2)
    in_pieces, _ = long_texts.hashes_of(texts)
    assert in_pieces.tolist() == at_once.tolist()
    assert len(set(at_once.tolist())) == 4


@pytest.mark.parametrize("distinct", [255, 256, 257, 16_384, 16_385, 65_536, 65_537, 70_000])
@pytest.mark.parametrize("kind", [pa.string(), pa.string_view()])
def test_more_distinct_texts_than_there_is_room_for_are_left_to_arrow(distinct, kind):
    from casemgmt.texts.long_texts import numbered

    values = [f"{n:05d}" for n in range(distinct)]
    found = numbered(pa.chunked_array([pa.array(values[::-1], kind)]))
    assert found is not None or distinct > 65_536
    assert found is None or distinct < 70_000
    if found is not None:
        assert found[1] == values
        assert found[0].tolist() == list(range(distinct))[::-1]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_texts_that_differ_in_nothing_but_bytes_of_zero_at_their_end_are_numbered_apart(kind):
    from casemgmt.texts.long_texts import numbered

    texts = [str(n) + "\x00" * zeros for n in range(2000) for zeros in range(7)]
    values = [texts[n] for n in np.random.default_rng(2).permutation(len(texts))]
    found = numbered(pa.chunked_array([pa.array(values, kind)]))
    assert found is not None
    assert [found[1][n] for n in found[0].tolist()] == values
