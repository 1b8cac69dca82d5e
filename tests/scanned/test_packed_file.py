"""A packed register file gives the lists of the register that was packed, or is refused."""

from __future__ import annotations

import datetime as dt
import errno
import os
import random
import stat
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from a_model import MODEL_COLUMNS, a_model
from engines import ANY_QUALITY, ANY_SIZE, compiling_from
from faulty_disk import Dead, dies, disk_that, fails
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mixed_practices import AS_OF, SCHEME, people, with_column
from register_tools import awkward_table
from registers import Case, arrow_of, cases, read_scheme
from scanned import assert_says_the_same, files_in, said_by, written

import casemgmt as cm
from casemgmt.errors import CasemgmtError, InputError, PublishError
from casemgmt.register import packed_writing
from casemgmt.register.packed_file import PackedFile

SETTINGS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
LONG = settings(SETTINGS, max_examples=3000, derandomize=False)


# The same lists


def assert_packed_as_read(
    case: Case, rows_in_a_group: int, threads: int, model: Any = None, most_groups: int = 10
) -> None:
    """Each row group takes its time, so a register of more rows has none of a single one."""
    rows_in_a_group = max(rows_in_a_group, len(case.rows) // most_groups)
    table = arrow_of(case.rows, case.columns).append_column("my_score", pa.array(case.scores, pa.float64()))
    ranked_by = {"score": "my_score"} if model is None else {"model": model}
    options = {"over_cap": case.over_cap, "list_sizes": case.list_sizes, **ANY_SIZE, "threads": threads, **ranked_by}
    dates = {"as_of": case.as_of, "extracted_on": case.extracted_on, **ANY_QUALITY}
    scheme = read_scheme(case.scheme_text)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_writing, "ROWS_IN_A_GROUP", rows_in_a_group)
        paths = written(table, Path(folder), [len(case.rows) // 2])
        register = cm.read_register(paths, **dates)
        read = said_by(lambda: cm.select(register, scheme, **options), case.columns[2:])
        if not register.practices:
            with pytest.raises(InputError, match="nothing to pack"):
                register.save_packed(Path(folder) / "packed.parquet")
            return
        packed = register.save_packed(Path(folder) / "packed.parquet")
        again = said_by(lambda: cm.select(cm.scan_register(packed, **dates), scheme, **options), case.columns[2:])
    assert_says_the_same(read, again)


@SETTINGS
@given(cases(), st.sampled_from([1, 30, 150, 1_000_000]), st.sampled_from([1, 2, 8]))
def test_a_packed_register_is_selected_from_as_the_one_that_was_packed(case, rows_in_a_group, threads):
    assert_packed_as_read(case, rows_in_a_group, threads)


@SETTINGS
@given(cases(needed=MODEL_COLUMNS, has_risk=True), st.sampled_from([1, 30, 1_000_000]), st.sampled_from([1, 2, 8]))
def test_a_model_ranks_a_packed_register_as_the_one_that_was_packed(case, rows_in_a_group, threads):
    assert_packed_as_read(case, rows_in_a_group, threads, a_model("logistic"))


@pytest.mark.long
@LONG
@given(cases(needed=MODEL_COLUMNS), st.sampled_from([1, 30, 1_000_000]), st.sampled_from([1, 2, 8]))
def test_packed_registers_are_selected_from_as_read_in_a_longer_search(case, rows_in_a_group, threads):
    assert_packed_as_read(case, rows_in_a_group, threads, most_groups=1000)
    assert_packed_as_read(case, rows_in_a_group, threads, a_model("points"), most_groups=1000)


def packed_and_read(table: pa.Table, folder: Path, **reading: Any) -> tuple[Any, Path]:
    register = cm.read_register(table, **{"as_of": AS_OF, **ANY_QUALITY} | reading)
    return register, register.save_packed(folder / "packed.parquet")


def assert_same_lists(
    register: Any, path: Path, *, scheme: str = SCHEME, include: tuple[str, ...] = (), **options: Any
) -> Any:
    rules, options = read_scheme(scheme), {"score": "points", **ANY_SIZE, **ANY_QUALITY} | options
    read = said_by(lambda: cm.select(register, rules, **options), include)
    again = said_by(lambda: cm.select(cm.scan_register(path, as_of=register.as_of), rules, **options), include)
    assert_says_the_same(read, again, words=True)
    return read


IDS = {
    "of one length": lambda n: f"{n:010d}",
    "of many lengths": lambda n: "x" * (n % 23) + str(n),
    "long": lambda n: f"a-very-long-identifier-{n:08d}",
    "not ASCII": lambda n: f"é{n:04d}",
    "ideographs": lambda n: f"\U00020000{n}\u4e00",
    "short in the first group and long in the last": lambda n: f"{n:04d}" if n < 200 else f"{n:014d}",
    "of one length in the first group alone": lambda n: f"{n:05d}" if n < 100 else str(n),
    "of one length but in the first group": lambda n: str(n) if n < 100 else f"{n:05d}",
}


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("rows_in_a_group", [1, 90, 1_000_000])
def test_ids_of_every_length_and_script_come_back(tmp_path, monkeypatch, name, rows_in_a_group):
    monkeypatch.setattr(packed_writing, "ROWS_IN_A_GROUP", rows_in_a_group)
    table = people(300).sort_by("practice_id")
    table = with_column(table, "patient_id", pa.array([IDS[name](n) for n in range(300)]))
    register, path = packed_and_read(table, tmp_path)
    assert assert_same_lists(register, path)["selection"].num_rows
    assert (pq.read_schema(path).field("patient_id").type == pa.string()) == (
        len({len(IDS[name](n).encode()) for n in range(300)}) > 1
    )


@pytest.mark.parametrize(
    "sizes", [(0, 5, 0, 0, 7, 0), (0, 0, 40, 0), (5, 0, 40), (40, 0, 0, 40, 0), (0, 0, 0), (0,), (3,), (20, 20, 0, 1)]
)
@pytest.mark.parametrize("rows_in_a_group", [1, 10, 25, 1000])
def test_practices_with_nobody_stand_at_the_ends_and_in_the_middle_of_row_groups(
    tmp_path, monkeypatch, sizes, rows_in_a_group
):
    monkeypatch.setattr(packed_writing, "ROWS_IN_A_GROUP", rows_in_a_group)
    codes = [f"C{87001 + p}" for p, size in enumerate(sizes) for _ in range(size or 1)]
    ids = [f"id{n}" if size else None for p, size in enumerate(sizes) for n in range(1000 * p, 1000 * p + (size or 1))]
    table = people(len(codes))
    table = with_column(table, "practice_id", pa.array(codes))
    table = with_column(table, "patient_id", pa.array(ids, pa.string()))
    register, path = packed_and_read(table, tmp_path)
    assert len(register.practices) == len(sizes)
    assert_same_lists(register, path)
    file = PackedFile(path)
    groups = list(file.groups())
    assert [first for _, first, _ in groups] == [0, *(last for _, _, last in groups[:-1])]
    assert groups[-1][2] == len(sizes)
    assert file.rows == list(sizes)
    for group, first, last in groups:
        assert file.read(group, first, last)[0].rows == sum(sizes[first:last])


EVERY_TYPE = {
    "boolean": pa.bool_(),
    "int8": pa.int8(),
    "uint64": pa.uint64(),
    "half": pa.float16(),
    "float": pa.float32(),
    "double": pa.float64(),
    "decimal": pa.decimal128(12, 3),
    "date32": pa.date32(),
    "date64": pa.date64(),
    "seconds": pa.time32("s"),
    "moments": pa.timestamp("s"),
    "int16": pa.int16(),
    "large list": pa.large_list(pa.float32()),
    "time32": pa.time32("ms"),
    "time64": pa.time64("ns"),
    "timestamp": pa.timestamp("us"),
    "zoned": pa.timestamp("ms", "Europe/London"),
    "duration": pa.duration("ms"),
    "text": pa.string(),
    "large text": pa.large_string(),
    "bytes": pa.binary(),
    "fixed": pa.binary(3),
    "nothing": pa.null(),
    "list": pa.list_(pa.int32()),
    "struct": pa.struct([("a", pa.int8()), ("b.c", pa.string())]),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
    "text.with.dots": pa.string(),
}


def of_type(kind: pa.DataType, rows: int) -> pa.Array:
    """Some values of a type, every third missing."""
    values: list[Any] = [None if n % 3 == 0 else n % 5 for n in range(rows)]
    if pa.types.is_null(kind):
        return pa.nulls(rows)
    if pa.types.is_boolean(kind):
        return pa.array([None if n is None else n % 2 == 0 for n in values])
    if pa.types.is_dictionary(kind):
        return pa.array([None if n is None else str(n) for n in values]).dictionary_encode().cast(kind)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.array([None if n is None else f"ü{n}" for n in values], kind)
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([None if n is None else bytes([n, 0, 255]) for n in values], kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.array([None if n is None else [n] * n for n in values], kind)
    if pa.types.is_struct(kind):
        return pa.array([None if n is None else {"a": n, "b.c": None if n == 2 else str(n)} for n in values], kind)
    if pa.types.is_decimal(kind):
        return pa.array([None if n is None else Decimal(n) for n in values], kind)
    if pa.types.is_floating(kind):
        return pa.array([None if n is None else np.float16(n) for n in values], pa.float16()).cast(kind)
    return (
        pa.array([None if n is None else n * 86_400_000 for n in values], pa.int64()).cast(kind)
        if (kind == pa.date64())
        else pa.array(values, pa.int32()).cast(pa.int64() if kind.bit_width == 64 else pa.int32()).cast(kind)
    )


def test_carried_columns_of_every_type_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr(packed_writing, "ROWS_IN_A_GROUP", 100)
    table = people(300)
    for name, kind in EVERY_TYPE.items():
        table = table.append_column(name, of_type(kind, 300))
    register, path = packed_and_read(table, tmp_path)
    assert_same_lists(register, path, include=tuple(EVERY_TYPE))


def test_a_carried_column_that_no_parquet_file_holds_is_named(tmp_path):
    table = people(5).append_column("span", pa.array([(1, 2, 3)] * 5, pa.month_day_nano_interval()))
    with pytest.raises(InputError, match="'span'"):
        packed_and_read(table, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_dates_wide_numbers_and_three_words_of_flags_with_gaps_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr(packed_writing, "ROWS_IN_A_GROUP", 60)
    table = awkward_table(400)
    scheme = (
        SCHEME.replace(
            'optional = ["diabetes", "copd", "asthma"]', 'optional = ["diabetes", "nominated", "last_review"]'
        )
        + '\n[[route]]\nname = "named"\nkind = "nominated"\nshare = "3%"\nlimit = "at_most"\nof = {}\n'
        'counts_as = "case_management"\n'
        '\n[[route]]\nname = "review"\nkind = "review"\nevery_months = 12\ncounts_as = "entitlement"\n'
        'where = { age = { at_least = 75, on = "end_of_calendar_year" } }\n'
    )
    table = table.append_column("points", pa.array([n % 37 for n in range(table.num_rows)]))
    register, path = packed_and_read(table, tmp_path)
    assert len(register.packed.words) >= 2
    names = [name for name in register.column_names if name != "patient_id"]
    read = assert_same_lists(register, path, scheme=scheme, include=tuple(names), over_cap="queue")
    assert read["queue"].num_rows and read["quarantine"].num_rows and read["corrections"].num_rows


def test_the_bytes_follow_the_order_of_the_rows_within_a_practice_and_nothing_else(tmp_path):
    table = people(500)
    first = packed_and_read(table, tmp_path)[1].read_bytes()
    by_practice = table.sort_by("practice_id")  # stable: the order within each practice stays
    assert packed_and_read(by_practice, tmp_path)[1].read_bytes() == first
    chunked = pa.concat_tables([table.slice(start, 77) for start in range(0, 500, 77)])
    assert packed_and_read(chunked, tmp_path)[1].read_bytes() == first
    with compiling_from(0):
        assert packed_and_read(table, tmp_path)[1].read_bytes() == first
    shuffled = table.take(np.random.default_rng(1).permutation(500))
    register, path = packed_and_read(shuffled, tmp_path)
    assert path.read_bytes() != first
    again = assert_same_lists(register, path)
    assert again["selection"].equals(
        cm.select(cm.read_register(table, as_of=AS_OF), read_scheme(SCHEME), score="points").to_arrow()
    )


def test_a_publication_from_a_packed_register_has_the_same_bytes(tmp_path):
    paths = written(people(400), tmp_path, [150])
    register = cm.read_register(paths, as_of=AS_OF)
    packed = register.save_packed(tmp_path / "packed.parquet")
    cm.select(register, read_scheme(SCHEME), score="points").save(tmp_path / "read", include=["age"])
    cm.select(cm.scan_register(packed, as_of=AS_OF), read_scheme(SCHEME), score="points").save(
        tmp_path / "packed", include=["age"]
    )
    assert files_in(tmp_path / "packed") == files_in(tmp_path / "read")


@pytest.mark.parametrize("figure", [60_000, 60_000.0, np.int64(60_000), 40, 0])
@pytest.mark.parametrize("rows_in_a_group", [1, 1_000_000])
def test_official_list_sizes_are_taken(tmp_path, monkeypatch, figure, rows_in_a_group):
    monkeypatch.setattr(packed_writing, "ROWS_IN_A_GROUP", rows_in_a_group)
    register, path = packed_and_read(people(3000), tmp_path)
    scheme = SCHEME.replace("of = { age = { at_least = 18 } }", "of = {}")
    assert_same_lists(register, path, scheme=scheme, list_sizes=dict.fromkeys(register.practices, figure))


def test_practices_of_very_different_sizes_and_scores_do_not_mislead_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(packed_writing, "ROWS_IN_A_GROUP", 1)
    sizes = [3000, 30, 2, 4000, 1, 500] * 3
    codes = [f"C{87001 + p}" for p, size in enumerate(sizes) for _ in range(size)]
    generator = np.random.default_rng(4)
    level = np.repeat(generator.permutation(len(sizes)) * 1000, sizes)
    points = pa.array(level + generator.integers(0, 100, len(codes)))
    table = with_column(with_column(people(len(codes)), "practice_id", pa.array(codes)), "points", points)
    register, path = packed_and_read(table, tmp_path)
    assert_same_lists(register, path)


# What is refused


@pytest.fixture
def packed(tmp_path) -> Path:
    return packed_and_read(people(200), tmp_path)[1]


def test_a_packed_register_is_for_one_list_date_and_for_no_other_use(packed, tmp_path):
    for wrong in (
        {"as_of": "2015-04-02"},
        {"as_of": AS_OF, "extracted_on": "2015-05-01"},
        {"as_of": AS_OF, "expected_rows": 199},
        {"as_of": AS_OF, "columns": {"age": "age"}},
        {"as_of": AS_OF, "values": {}},
        {"as_of": AS_OF, "date_format": {}},
        {"as_of": AS_OF, "null_means_absent": ["copd"]},
    ):
        with pytest.raises(InputError):
            cm.scan_register(packed, **wrong)
    assert cm.scan_register(packed, as_of=dt.date(2015, 4, 1), extracted_on=AS_OF, expected_rows=200).rows_in == 200
    other = written(people(5), tmp_path)[0]
    with pytest.raises(InputError, match="one file"):
        cm.scan_register([other, packed], as_of=AS_OF)
    with pytest.raises(InputError, match="scan_register"):
        cm.read_register(packed, as_of=AS_OF)
    with pytest.raises(InputError, match="scan_register"):
        cm.read_register([other, packed], as_of=AS_OF)
    rules = read_scheme(SCHEME)
    register = cm.scan_register(packed, as_of=AS_OF)
    for score in ([1.0] * 200, np.ones(200), "nothing"):
        with pytest.raises(InputError, match="score="):
            cm.select(register, rules, score=score)
    selection = cm.select(register, rules, score="points")
    for ask in (
        lambda: selection.by("age_band"),
        lambda: selection.register.save_packed(tmp_path / "again.parquet"),
        lambda: cm.select(register, rules, score="points", reference="practice"),
        lambda: a_model("points").score(register),
    ):
        with pytest.raises(InputError, match=r"cm\.read_register"):
            ask()


def opened_and_selected(path: Path) -> Any:
    return cm.select(cm.scan_register(path, as_of=AS_OF), read_scheme(SCHEME), score="points").to_arrow()


def assert_flips_refused(path: Path, flips: int, seed: int) -> None:
    good = path.read_bytes()
    choose = random.Random(seed)
    bits = choose.sample(range(8 * len(good)), flips)
    footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    edges = [*range(64), *range(8 * (footer - 44), 8 * footer), *range(8 * len(good) - 256, 8 * len(good))]
    for bit in [*edges[:: 1 if flips > 1000 else 8], *bits]:
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(InputError):
            opened_and_selected(path)
    path.write_bytes(good)
    assert opened_and_selected(path).num_rows


def small_packed(folder: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_writing, "ROWS_IN_A_GROUP", 40)
        table = people(120).append_column("ward", pa.array(["north", "süd", None] * 40))
        return packed_and_read(table, folder)[1]


def test_every_flipped_bit_of_a_packed_file_is_refused(tmp_path):
    assert_flips_refused(small_packed(tmp_path), flips=300, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_ten_thousand_flipped_bits_of_packed_files_are_refused(tmp_path, block):
    assert_flips_refused(small_packed(tmp_path), flips=1000, seed=100 + block)


def test_a_packed_file_cut_short_or_with_more_after_it_is_refused(tmp_path):
    path = small_packed(tmp_path)
    good = path.read_bytes()
    for size in {*range(0, len(good), 97), *range(len(good) - 60, len(good))}:
        path.write_bytes(good[:size])
        with pytest.raises(InputError):
            opened_and_selected(path)
    for more in (b"\0", b"PAR1", good[-200:]):
        path.write_bytes(good + more)
        with pytest.raises(InputError):
            opened_and_selected(path)
    for at in range(4, len(good), 211):  # a byte more, or one less, anywhere
        for changed in (good[:at] + b"\0" + good[at:], good[:at] + good[at + 1 :]):
            path.write_bytes(changed)
            with pytest.raises(InputError):
                opened_and_selected(path)


def test_a_packed_file_that_changes_between_its_row_groups_is_refused(tmp_path):
    path = small_packed(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    instead = small_packed(other).read_bytes()
    damaged = bytearray(instead)
    damaged[-2000] ^= 1
    groups = PackedFile(path)._parquet.frame.groups
    assert len(groups) > 2
    for group in groups[:-1]:
        good = path.read_bytes()
        changed = bytearray(good)
        changed[group[-1].start + group[-1].compressed - 1] ^= 1
        register = cm.scan_register(path, as_of=AS_OF)
        path.write_bytes(changed)
        with pytest.raises(InputError, match="damaged"):
            cm.select(register, read_scheme(SCHEME), score="points")
        path.unlink()
        with pytest.raises(InputError):
            cm.select(register, read_scheme(SCHEME), score="points")
        path.write_bytes(good)


# Written whole or not at all


def test_a_packed_file_is_private_and_replaces_an_earlier_one(tmp_path):
    path = tmp_path / "packed.parquet"
    before = os.umask(0)
    try:
        path.write_bytes(b"something else")
        path.chmod(0o666)
        packed_and_read(people(50), tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert opened_and_selected(path).num_rows
    assert [each.name for each in tmp_path.iterdir() if not each.name.startswith(".")] == ["packed.parquet"]


def test_a_failure_or_a_death_at_any_call_leaves_the_old_file_or_the_new(tmp_path):
    register = cm.read_register(people(60), as_of=AS_OF)
    path = cm.read_register(people(50), as_of=AS_OF).save_packed(tmp_path / "packed.parquet")
    old = path.read_bytes()
    new = register.save_packed(path).read_bytes()
    with disk_that(-1, dies, forever=False) as made:
        register.save_packed(path)
    assert len(made) > 3
    for happening, expected in ((dies, Dead), (fails(errno.ENOSPC), PublishError), (fails(errno.EIO), PublishError)):
        for at in range(len(made)):
            path.write_bytes(old)
            try:
                with disk_that(at, happening, forever=expected is Dead):
                    register.save_packed(path)
            except expected:
                pass
            assert path.read_bytes() in (old, new)
            register.save_packed(path)
            assert path.read_bytes() == new
            assert [each.name for each in tmp_path.iterdir() if not each.name.endswith("lock")] == ["packed.parquet"]


def test_a_full_disk_while_the_rows_are_written_leaves_the_old_file(tmp_path, monkeypatch):
    register = cm.read_register(people(60), as_of=AS_OF)
    path = register.save_packed(tmp_path / "packed.parquet")
    old = path.read_bytes()

    def full_after(real: Any) -> Any:
        def full(*arguments: Any, **options: Any) -> None:
            real(*arguments, **options)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return full

    for owner, name in ((pq.ParquetWriter, "write_table"), (pq.ParquetWriter, "close"), (packed_writing, "seal")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, full_after(getattr(owner, name)))
            with pytest.raises(PublishError, match="No space left"):
                register.save_packed(path)
        assert path.read_bytes() == old
        assert [each.name for each in tmp_path.iterdir() if not each.name.endswith("lock")] == ["packed.parquet"]
    with pytest.raises(CasemgmtError):
        register.save_packed(tmp_path / "no_such_folder" / "packed.parquet")
