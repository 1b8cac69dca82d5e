"""A register scanned from files gives what the register read whole gives, to the byte, however the files are cut."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from a_model import MODEL_COLUMNS, a_model
from engines import ANY_QUALITY, ANY_SIZE, score_argument
from hypothesis import given
from hypothesis import strategies as st
from mixed_practices import AS_OF, LONG, SCHEME, SETTINGS, people, with_column
from registers import Case, arrow_of, cases, packed_case, read_scheme
from scanned import assert_says_the_same, files_in, said_by, scanned, written


def table_of(case: Case) -> tuple[pa.Table, Any]:
    """The case's rows, and what ranks them as ``score=``."""
    table = arrow_of(case.rows, case.columns)
    if case.score_as == "column":
        return table.append_column("my_score", pa.array(case.scores, pa.float64())), "my_score"
    return table, score_argument(case)


@st.composite
def ways(draw: Any, rows: int, most_pieces: int = 10) -> dict[str, Any]:
    """How a register of so many rows is cut into files, row groups and pieces, of which each takes its time, and read.

    A register of more rows than ``most_pieces`` has no piece of a single one.
    """
    cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=3)))

    def of_rows(*sizes: int | None) -> int | None:
        size = draw(st.sampled_from(sizes))
        return None if size is None else max(size, rows // most_pieces)

    return {
        "cuts": cuts,
        "rows_in_a_group": of_rows(None, 1, 7, 40) if rows else None,
        "rows_at_a_time": of_rows(None, 1, 5, 137) if rows < 200 else of_rows(None, 50),
        "statistics": draw(st.booleans()),
        "decoder": draw(st.sampled_from(("polars", "pyarrow"))),
        "threads": draw(st.sampled_from((1, 2, 8))),
    }


def assert_scanned_as_read(case: Case, way: dict[str, Any], model: Any = None) -> None:
    import casemgmt as cm

    table, score = table_of(case)
    ranked_by = {"score": score} if model is None else {"model": model}
    options = {
        "over_cap": case.over_cap,
        "list_sizes": case.list_sizes,
        **ANY_SIZE,
        "threads": way["threads"],
        **ranked_by,
    }
    dates = {"as_of": case.as_of, "extracted_on": case.extracted_on, **ANY_QUALITY}
    scheme = read_scheme(case.scheme_text)
    with tempfile.TemporaryDirectory() as folder:
        paths = written(
            table,
            Path(folder),
            way["cuts"],
            rows_in_a_group=way["rows_in_a_group"],
            write_statistics=way["statistics"],
        )
        read = said_by(lambda: cm.select(cm.read_register(paths, **dates), scheme, **options))
        again = said_by(
            lambda: cm.select(
                scanned(paths, rows_at_a_time=way["rows_at_a_time"], decoder=way["decoder"], **dates), scheme, **options
            )
        )
    assert_says_the_same(read, again)


@SETTINGS
@given(st.data())
def test_a_scanned_register_is_selected_from_as_the_one_read_whole(data):
    case = data.draw(cases())
    assert_scanned_as_read(case, data.draw(ways(len(case.rows))))


@SETTINGS
@given(st.data())
def test_a_model_ranks_a_scanned_register_as_the_one_read_whole(data):
    case = data.draw(cases(needed=MODEL_COLUMNS, has_risk=True))
    assert_scanned_as_read(case, data.draw(ways(len(case.rows))), a_model("logistic"))


# What one part cannot know of the others


def assert_files_scanned_as_read(
    paths: list[Path],
    *,
    scheme: str = SCHEME,
    reading: dict[str, Any] | None = None,
    rows_at_a_time: int | None = None,
    include: tuple[str, ...] = (),
    words: bool = True,
    **options: Any,
) -> Any:
    """Select from files that were read and scanned; what both say."""
    import casemgmt as cm

    reading = {"as_of": AS_OF, **ANY_QUALITY} | (reading or {})
    options = {"score": "points", **ANY_SIZE} | options
    rules = read_scheme(scheme)
    read = said_by(lambda: cm.select(cm.read_register(paths, **reading), rules, **options), include)
    kinds = [path.suffix for path in paths]
    for decoder in ("auto", "pyarrow") if ".parquet" in kinds else ("auto",):
        again = said_by(
            lambda decoder=decoder: cm.select(
                scanned(paths, rows_at_a_time=rows_at_a_time, decoder=decoder, **reading), rules, **options
            ),
            include,
        )
        assert_says_the_same(read, again, words=words)
    return read


@pytest.mark.parametrize("statistics", [True, False])
def test_a_flag_whose_first_missing_value_stands_in_the_last_part_is_read_with_room_for_it(tmp_path, statistics):
    table = people(300)
    gaps = [*table["diabetes"].to_pylist()[:-1], None]
    table = with_column(table, "diabetes", pa.array(gaps))
    paths = written(table, tmp_path, [100, 200], rows_in_a_group=25, write_statistics=statistics)
    read = assert_files_scanned_as_read(paths)
    assert read["selection"].num_rows > 20


def test_many_flags_may_have_their_first_missing_value_each_in_another_part(tmp_path):
    from casemgmt.register.fields import CONDITIONS

    names = [name for name in CONDITIONS if name != "diabetes"]
    table = people(20 * len(names))
    for place, name in enumerate(names):
        flags = [row % 3 == 0 for row in range(table.num_rows)]
        flags[20 * place + 19] = None  # type: ignore[call-overload]
        table = table.append_column(name, pa.array(flags))
    paths = written(table, tmp_path, rows_in_a_group=20, write_statistics=False)
    assert_files_scanned_as_read(paths, rows_at_a_time=20, include=tuple(names[:3]))


CODES = (
    ("C87001", "C87001", "c87001"),
    ("C87001", "c87001", "C87001"),
    ("C87001", "C87001 ", "C87001"),
    ("c87002", "c87002", "C87002"),
    (" c87002", "c87002", "c87002"),
    ("C87001", "C87002", "C87003"),
)


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("all_in_the_last", [False, True])
@pytest.mark.parametrize("pattern", ["[A-Z][0-9]{5}", " ?[A-Za-z][0-9]{5} ?"])  # under the second, twins bar each other
def test_practice_codes_that_differ_in_case_or_spaces_are_refused_wherever_they_stand(
    tmp_path, codes, all_in_the_last, pattern
):
    table = people(90)
    practices = [code for code in codes for _ in range(30)]
    if all_in_the_last:
        practices[60:63] = codes
    table = with_column(table, "practice_id", pa.array(practices))
    paths = written(table, tmp_path, [30, 60])
    read = assert_files_scanned_as_read(paths, reading={"practice_pattern": pattern})
    if codes != CODES[-1]:
        assert read["quarantine"].num_rows


def test_one_id_in_many_files_is_merged_or_set_aside_as_in_one(tmp_path):
    table = people(120, practices=2)
    rows = table.to_pylist()
    death = [None] * 120
    rows[40] = dict(rows[3])  # the same again, in another file
    rows[80] = dict(rows[3])  # and a third time
    rows[41] = rows[4] | {"age": (rows[4]["age"] + 1) % 100}  # contradicts
    rows[81] = dict(rows[5])
    rows[82] = rows[5] | {"practice_id": "nowhere"}  # one of the three has another fault, and differs
    rows[42] = rows[6] | {"practice_id": None}
    rows[43] = dict(rows[7])
    rows[83] = dict(rows[7])
    for row in (7, 43, 83, 9):
        death[row] = "soon"  # nobody can read it
    for row in (10, 84, 85, 86):
        rows[row] = rows[10] | {"practice_id": "x"}  # all alike, all with the same fault
    for row in (11, 44, 45):
        rows[row] = rows[row] | {"patient_id": None}
    for row in (12, 46):
        rows[row] = rows[row] | {"patient_id": "9990001234.0"}
    table = pa.Table.from_pylist(rows, table.schema).append_column("date_of_death", pa.array(death, pa.string()))
    for cuts, rows_at_a_time in (([40, 80], None), ([1, 119], 13), ([60], 5)):
        paths = written(table, tmp_path, cuts)
        read = assert_files_scanned_as_read(paths, rows_at_a_time=rows_at_a_time)
        assert read["facts"]["rows"]["merged_repeats"] == 4
        assert sum(r == "differing rows with one id" for r in read["quarantine"]["reason"].to_pylist()) >= 4
        for path in paths:
            path.unlink()


def test_repeats_with_a_score_of_their_own_are_refused_as_in_one_piece(tmp_path):
    table = people(60)
    rows = table.to_pylist()
    rows[50] = dict(rows[2])
    paths = written(pa.Table.from_pylist(rows, table.schema), tmp_path, [20])
    same = np.arange(60.0)
    same[50] = same[2]
    assert "error" not in assert_files_scanned_as_read(paths, score=same)
    same[50] = np.nan
    assert "error" in assert_files_scanned_as_read(paths, score=same)
    same[2] = np.nan
    assert "error" not in assert_files_scanned_as_read(paths, score=list(same))


def test_scores_outside_0_to_1_are_refused_only_of_rows_that_stay(tmp_path):
    scheme = (
        SCHEME + '\n[[route]]\nname = "risky"\nkind = "band"\non = "risk"\nabove = "0.9"\ncounts_as = "entitlement"\n'
    )
    table = people(90)
    table = with_column(table, "points", pa.array([row / 90 for row in range(90)]))
    rows = table.to_pylist()
    rows[80] = rows[3] | {"points": 7.5}  # set aside: it contradicts another
    paths = written(pa.Table.from_pylist(rows, table.schema), tmp_path, [30])
    assert "error" not in assert_files_scanned_as_read(paths, scheme=scheme)
    rows[10]["points"], rows[60]["points"] = -0.5, 2.0
    paths = written(pa.Table.from_pylist(rows, table.schema), tmp_path, [30])
    assert "2 values" in assert_files_scanned_as_read(paths, scheme=scheme)["words"]


# Guesses

LARGE = 9_000


def adversarial(order: str) -> pa.Table:
    table = people(LARGE, practices=4, seed=3, points=np.random.default_rng(9).integers(0, 30_000, LARGE) / 8)
    if order == "rising":
        return table.sort_by("points")
    if order == "falling":
        return table.sort_by([("points", "descending")])
    if order == "practice last":
        # One practice's best stand in the last part, and its worst in the first.
        own = pa.compute.equal(table["practice_id"], "C87001")
        inside, others = table.filter(own).sort_by("points"), table.filter(pa.compute.invert(own))
        half = inside.num_rows // 2
        return pa.concat_tables([inside.slice(0, half), others, inside.slice(half)])
    grouped = table.sort_by([("practice_id", "ascending"), ("points", "descending")])
    return grouped


@pytest.mark.parametrize("order", ["rising", "falling", "practice last", "grouped"])
@pytest.mark.parametrize("rows_at_a_time", [None, 137, 3000])
def test_no_order_of_the_rows_can_make_a_guess_change_the_lists(tmp_path, order, rows_at_a_time):
    paths = written(adversarial(order), tmp_path, [LARGE // 3, LARGE // 2], rows_in_a_group=1000)
    for list_sizes in (None, {f"C{87001 + p}": 60_000 for p in range(4)}, {f"C{87001 + p}": 40 for p in range(4)}):
        scheme = SCHEME.replace("of = { age = { at_least = 18 } }", "of = {}") if list_sizes else SCHEME
        assert_files_scanned_as_read(paths, scheme=scheme, rows_at_a_time=rows_at_a_time, list_sizes=list_sizes)


def test_a_sample_that_promises_too_much_does_not_change_the_lists(tmp_path, monkeypatch):
    from casemgmt.selection import running

    monkeypatch.setattr(running, "SAMPLE_STEP", 2)  # so that small parts are sampled
    first, second = 10_240, 8000  # the second is too short to be sampled
    points = np.random.default_rng(4).integers(0, 800, first + second) / 8
    for start in range(0, first, 2048):
        points[start : start + 1024] += 1000  # the blocks that the sample looks at
    points[first:] -= 500
    table = people(first + second, practices=3, points=points)
    paths = written(table, tmp_path, [first], rows_in_a_group=first)
    read = assert_files_scanned_as_read(paths, scheme=SCHEME.replace('share = "10%"', 'share = "50%"'))
    assert set(read["selection"].filter(pa.compute.field("top"))["score"].to_pylist()) & set(points[:first].tolist())
    assert read["selection"].num_rows > 0.49 * (first + second)


@pytest.mark.parametrize("figure", [np.int64(60_000), 60_000.0, 60_000])
def test_official_list_sizes_of_any_type_of_number_are_taken(tmp_path, figure):
    paths = written(adversarial("falling"), tmp_path, [LARGE // 2], rows_in_a_group=1000)
    scheme = SCHEME.replace("of = { age = { at_least = 18 } }", "of = {}")
    sizes = {f"C{87001 + p}": figure for p in range(4)}
    assert_files_scanned_as_read(paths, scheme=scheme, rows_at_a_time=1000, list_sizes=sizes)


@pytest.mark.parametrize("sizes", [{"C87001": 100}, dict.fromkeys(("C87001", "C87002", "C87003"), -1)])
def test_official_list_sizes_that_cannot_be_used_are_refused_in_the_same_words(tmp_path, sizes):
    scheme = SCHEME.replace("of = { age = { at_least = 18 } }", "of = {}")
    assert "error" in assert_files_scanned_as_read(written(people(50), tmp_path), scheme=scheme, list_sizes=sizes)


# Columns that cannot be read


@pytest.mark.parametrize(("name", "good"), [("sex", "F"), ("date_of_death", "2015-03-01"), ("diabetes", "true")])
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_column_is_judged_hopeless_over_all_its_parts(tmp_path, name, good, kind):
    def files(values: list[str | None]) -> list[Path]:
        table = with_column(people(len(values)), name, pa.array(values, pa.string()))
        if kind == "parquet":
            return written(table, tmp_path, [len(values) // 2])
        from pyarrow import csv

        paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
        for path, part in zip(paths, (table.slice(0, len(values) // 2), table.slice(len(values) // 2)), strict=True):
            csv.write_csv(part, path)
        return paths

    nineteen: list[str | None] = [*["?"] * 19, None]
    four: list[str | None] = [*["?"] * 4, None]
    read = assert_files_scanned_as_read(files([*nineteen, *nineteen]))
    assert "not one of 38 values" in read["words"]
    assert "error" not in assert_files_scanned_as_read(files([*nineteen, *["?"] * 19, *[good] * 10]))
    read = assert_files_scanned_as_read(files([*nineteen, *["?"] * 19, *[good] * 9]))
    assert "only 9 of 47 values" in read["words"]
    assert "error" not in assert_files_scanned_as_read(files([*four, *[None] * 5]))
    assert "not one of 6 values" in assert_files_scanned_as_read(files([*four, "?", "?", *[None] * 4]))["words"]
    assert "not one of 20 values" in assert_files_scanned_as_read(files([*["?"] * 20, *[None] * 20]))["words"]
    read = assert_files_scanned_as_read(files([*["?"] * 10, *["!"] * 5, *["?"] * 10]), rows_at_a_time=5)
    assert "not one of 25 values" in read["words"]


def test_an_empty_file_gives_no_hope(tmp_path):
    table = with_column(people(40), "sex", pa.array(["?"] * 40))
    assert "not one of 40" in assert_files_scanned_as_read(written(table, tmp_path, [0, 0, 40]))["words"]


def test_the_reason_named_does_not_depend_on_the_order_of_the_parts(tmp_path):
    dates = ["2015-13-01", "01/02/2015"] * 20
    for values in (sorted(dates), sorted(dates, reverse=True)):
        table = with_column(people(40), "date_of_death", pa.array(values))
        assert "words" in assert_files_scanned_as_read(written(table, tmp_path, [20]))


# Files of many kinds


def write_csv(table: pa.Table, path: Path) -> Path:
    from pyarrow import csv

    csv.write_csv(table, path)
    return path


def write_ipc(table: pa.Table, path: Path) -> Path:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=17)
    return path


def write_parquet(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path, row_group_size=11)
    return path


def as_texts(table: pa.Table) -> pa.Table:
    return pa.table({name: column.cast(pa.string()) for name, column in zip(table.column_names, table, strict=True)})


def test_csv_arrow_and_parquet_files_are_one_register(tmp_path):
    whole = as_texts(people(150))
    pieces = [whole.slice(start, 50) for start in (0, 50, 100)]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        makers = [write_csv, write_ipc, write_parquet]
        endings = (".csv", ".arrow", ".parquet")
        paths = [
            makers[kind](piece, tmp_path / f"{place}{endings[kind]}")
            for place, (kind, piece) in enumerate(zip(order, pieces, strict=True))
        ]
        for rows_at_a_time in (None, 7):
            read = assert_files_scanned_as_read(paths, rows_at_a_time=rows_at_a_time, include=("age", "points"))
            assert read["selection"].num_rows


def test_rows_of_a_csv_file_that_cannot_be_split_stand_where_they_stood(tmp_path):
    path = write_csv(people(60), tmp_path / "a.csv")
    lines = path.read_text().splitlines()
    for row in (1, 20, 40, 61):
        lines.insert(row, "too,few")
    lines[30] += ",too many"
    path.write_text("\n".join(lines) + "\n")
    other = write_csv(people(20), tmp_path / "b.csv")
    for rows_at_a_time in (None, 1, 7, 30):
        read = assert_files_scanned_as_read([other, path], rows_at_a_time=rows_at_a_time)
        assert read["quarantine"].num_rows == 5 + 40  # and the twenty ids of both files


PROMOTED = {
    "wider integers": (pa.int8(), pa.int64()),
    "integers and floats": (pa.int16(), pa.float64()),
    "nothing and integers": (pa.null(), pa.int32()),
    "text of two layouts": (pa.string(), pa.large_string()),
    "text and numbers": (pa.string(), pa.int64()),
    "dictionaries and text": (pa.dictionary(pa.int8(), pa.string()), pa.string()),
    "two dictionaries": (pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.string())),
}


@pytest.mark.parametrize("kinds", PROMOTED.values(), ids=PROMOTED)
@pytest.mark.parametrize("name", ["imd_decile", "practice_id", "carried", "sex"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_column_of_another_type_in_another_file_is_read_as_in_one_table(tmp_path, kinds, name, first):
    paths = []
    for place, kind in enumerate((kinds[first], kinds[1 - first])):
        values: Any = [None] * 50 if kind == pa.null() else [n % 12 for n in range(50)]
        if kind not in (pa.null(),) and not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
            values = ["M" if name == "sex" else "C87001"] * 49 + [None]
        table = with_column(people(50, seed=place), name, pa.array(values).cast(kind))
        table = with_column(table, "patient_id", pa.array([f"{place}_{n}" for n in range(50)]))
        if place:
            table = table.select(table.column_names[::-1])
        paths.append(write_parquet(table, tmp_path / f"{place}.parquet"))
    include = () if name == "practice_id" else (name,)
    assert_files_scanned_as_read(paths, include=include, rows_at_a_time=20)


def test_a_file_with_other_columns_or_a_column_twice_is_refused(tmp_path):
    paths = [write_parquet(people(5), tmp_path / "a.parquet")]
    paths.append(write_parquet(people(5).drop_columns(["age"]), tmp_path / "b.parquet"))
    assert "differ in 1 column" in assert_files_scanned_as_read(paths)["words"]
    table = people(5)
    write_parquet(pa.table([*table.columns, table["age"]], names=[*table.column_names, "age"]), paths[0])
    assert "used twice" in assert_files_scanned_as_read(paths[:1])["words"]


@pytest.mark.parametrize("sizes", [(0, 0), (0, 1), (1, 0), (40, 0, 0, 3), (1,), (0,)])
def test_empty_files_and_files_of_one_row_are_files(tmp_path, sizes):
    table = people(sum(sizes))
    cuts = np.cumsum(sizes)[:-1].tolist()
    assert_files_scanned_as_read(written(table, tmp_path, cuts))
    with pq.ParquetWriter(tmp_path / "part_0.parquet", table.schema) as writer:  # empty row groups, and none at all
        if sum(sizes):
            for start in (0, 20):
                writer.write_table(table.slice(start, 20))
                writer.write_table(table.slice(0, 0))
    assert_files_scanned_as_read([tmp_path / "part_0.parquet"], rows_at_a_time=7)


def test_a_practice_with_nobody_acceptable_is_listed_with_nobody(tmp_path):
    table = people(60)
    rows = table.to_pylist()
    for row in range(20, 40):
        rows[row] |= {"practice_id": "C87009", "patient_id": None}
    paths = written(pa.Table.from_pylist(rows, table.schema), tmp_path, [20, 40])
    read = assert_files_scanned_as_read(paths)
    assert "C87009" in read["summary"]["practice_id"].to_pylist()


def test_how_a_source_is_read_is_the_same_for_every_part(tmp_path):
    generator = np.random.default_rng(2)
    table = people(200, practices=2)
    texts = {
        "born": [f"{1 + n % 28:02d}/{1 + n % 12:02d}/{1930 + n % 80}" for n in range(200)],
        "sex": [str(n % 4) for n in range(200)],
        "copd": [None if n % 3 else n % 2 == 0 for n in range(200)],
        "asthma": ["yes" if n % 2 else ("?" if n % 5 == 0 else None) for n in range(200)],
    }
    for name, values in texts.items():
        table = table.append_column(name, pa.array(values))
    table = table.drop_columns(["age"]).rename_columns({"points": "Punkte"}).take(generator.permutation(200))
    reading = {
        "columns": {"born": "date_of_birth", "Punkte": "points"},
        "values": {"sex": {"1": "M", "2": "F"}, "practice_id": {"C87001": "Y00001"}, "asthma": {"yes": "true"}},
        "date_format": {"date_of_birth": "%d/%m/%Y"},
        "null_means_absent": ["copd", "asthma"],
        "extracted_on": "2015-05-01",
        "expected_rows": 200,
    }
    scheme = SCHEME + (
        '\n[[route]]\nname = "without"\nkind = "everyone"\nwhere = { copd = false, asthma = false }\n'
        'counts_as = "entitlement"\n'
        '\n[[route]]\nname = "turns_75"\nkind = "review"\nevery_months = 12\ncounts_as = "entitlement"\n'
        'where = { age = { at_least = 75, on = "end_of_calendar_year" } }\n'
    )
    paths = written(table, tmp_path, [70, 120], rows_in_a_group=30)
    read = assert_files_scanned_as_read(
        paths, scheme=scheme, reading=reading, rows_at_a_time=9, include=("sex", "copd")
    )
    assert read["selection"].num_rows and read["corrections"].num_rows
    with pytest.raises(Exception, match="200 rows where 199 were expected"):
        scanned(paths, **({"as_of": AS_OF} | reading | {"expected_rows": 199}))


def test_a_carried_column_decides_and_is_told_of_as_in_memory(tmp_path):
    table = people(300)
    table = table.append_column("ward", pa.array(["north", "süd", None] * 100))
    table = table.append_column("need", pa.array([n % 7 for n in range(300)], pa.int16()))
    scheme = SCHEME.replace(
        "among = { diabetes = true }", 'among = { ward = ["süd"], need = { above = 2, below = "5.5" } }'
    ).replace('optional = ["diabetes", "copd", "asthma"]', 'optional = ["ward", "need"]')
    paths = written(table, tmp_path, [100], rows_in_a_group=30)
    read = assert_files_scanned_as_read(paths, scheme=scheme, rows_at_a_time=11, include=("ward", "need"))
    assert read["selection"]["floor"].to_pylist().count(True) > 3


def test_a_publication_from_a_scanned_register_has_the_same_bytes(tmp_path):
    import casemgmt as cm

    table = people(400).append_column("ward", pa.array(["north", "süd", None, "x"] * 100))
    paths = written(table, tmp_path, [150], rows_in_a_group=30)
    rules = read_scheme(SCHEME)
    read = cm.select(cm.read_register(paths, as_of=AS_OF), rules, score="points")
    read.save(tmp_path / "read", include=["ward", "age"])
    for decoder in ("polars", "pyarrow"):
        register = scanned(paths, as_of=AS_OF, decoder=decoder, rows_at_a_time=41)
        folder = cm.select(register, rules, score="points").save(tmp_path / decoder, include=["ward", "age"])
        assert files_in(folder) == files_in(tmp_path / "read")


@pytest.mark.parametrize("kind", [pa.dictionary(pa.int32(), pa.string()), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("name", ["patient_id", "practice_id", "sex", "ethnicity", "ward"])
def test_text_of_any_layout_is_read_and_told_of_as_in_memory(tmp_path, kind, name):
    table = people(200)
    for column in ("sex", "ethnicity", "ward"):
        table = table.append_column(column, pa.array(["F", "M", None, "M"] * 50))
    own = table[name].to_pylist()
    if name == "patient_id":
        own[7], own[150] = "", own[8]
    array = pa.array(own, pa.string())
    table = with_column(table, name, array.dictionary_encode() if pa.types.is_dictionary(kind) else array.cast(kind))
    paths = [write_ipc(table.slice(0, 100), tmp_path / "a.arrow"), write_ipc(table.slice(100), tmp_path / "b.arrow")]
    include = tuple({"sex", "ethnicity", "ward"})
    assert_files_scanned_as_read(paths, include=include)
    if not pa.types.is_string_view(kind):
        assert_files_scanned_as_read(written(table, tmp_path, [100]), include=include, rows_at_a_time=33)


# What is refused


def a_scanned_selection(folder: Path, **options: Any) -> tuple[Any, Any, pa.Table]:
    """A selection from a register read, the same scanned, and the rows."""
    import casemgmt as cm

    table = people(400)
    table = table.append_column("emergency_admissions_12m", pa.array([n % 3 for n in range(400)]))
    table = table.append_column("care_home_type", pa.array(["none"] * 400))
    table = table.append_column("on_caseload", pa.array([n % 40 == 0 for n in range(400)]))
    paths = written(table, folder, [150], rows_in_a_group=50)
    rules, ranked_by = read_scheme(SCHEME), {"model": a_model("logistic")} | options
    read = cm.select(cm.read_register(paths, as_of=AS_OF), rules, **ranked_by)
    return read, cm.select(scanned(paths, as_of=AS_OF), rules, **ranked_by), table


REFUSED = {
    "by": lambda read, scan: scan.by("age_band"),
    "by, suppressed": lambda read, scan: scan.by("diabetes", suppressed=True),
    "compare before": lambda read, scan: __import__("casemgmt").compare(scan, read),
    "compare after": lambda read, scan: __import__("casemgmt").compare(read, scan),
    "the register's table": lambda read, scan: scan.register.to_arrow(),
    "the register as pandas": lambda read, scan: scan.register.to_pandas(),
    "packing": lambda read, scan: scan.register.save_packed("nowhere"),
    "selecting again": lambda read, scan: __import__("casemgmt").select(scan.register, scan.scheme, model=scan.model),
    "scoring": lambda read, scan: scan.model.score(scan.register),
    "source rows": lambda read, scan: scan.register.to_source_rows(np.zeros(len(scan.register))),
    "a stranger": lambda read, scan: scan.register.find("id"),
}


@pytest.fixture(scope="module")
def both_selections(tmp_path_factory):
    return a_scanned_selection(tmp_path_factory.mktemp("scanned"))


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_what_needs_every_row_is_refused_with_the_remedy(both_selections, ask):
    from casemgmt.errors import InputError

    read, scan, _ = both_selections
    with pytest.raises(InputError, match=r"cm\.read_register"):
        ask(read, scan)


def test_a_scanned_register_itself_is_no_register_of_rows(tmp_path):
    import casemgmt as cm
    from casemgmt.errors import InputError

    register = scanned(written(people(30), tmp_path), as_of=AS_OF)
    model, rules = a_model("logistic"), read_scheme(SCHEME)
    asks = [
        lambda: model.score(register),
        lambda: model.explain(register, "id000001"),
        lambda: cm.select(register, rules, score="points", reference="practice"),
    ]
    for ask in asks:
        with pytest.raises(InputError, match=r"cm\.read_register"):
            ask()
    for score in ([1.0] * 29, "nothing", [1.0] * 31):
        with pytest.raises(InputError):
            cm.select(register, rules, score=score)


def test_what_the_kept_rows_can_tell_is_told_as_in_memory(both_selections):
    from casemgmt.errors import InputError

    read, scan, table = both_selections
    told = 0
    for patient in table["patient_id"].to_pylist():
        try:
            found = scan.explain(patient)
        except InputError as error:
            assert "cm.read_register" in str(error)
            continue
        told += 1
        assert found.equals(read.explain(patient))
    assert len(scan) <= told < table.num_rows
    for practice in read.practices:
        assert scan.practice(practice).equals(read.practice(practice))
    assert scan._repr_html_() == read._repr_html_()
    assert repr(scan) == repr(read)
    assert len(scan) == len(read)
    assert scan.removals().num_rows
    assert scan.removals().equals(read.removals())
    with pytest.raises(InputError, match="no_such"):
        scan.to_arrow(include=["no_such"])


def test_a_scanned_selection_as_the_earlier_one_serves_as_one_read_back_from_files(tmp_path):
    import casemgmt as cm

    read, scan, table = a_scanned_selection(tmp_path)
    later = cm.read_register(table.slice(0, 380), as_of="2015-05-01")
    loaded = cm.load_selection(read.save(tmp_path / "published"))
    options = {"score": "points"}
    wanted = said_by(lambda: cm.select(later, read.scheme, previous=loaded, **options))
    assert_says_the_same(wanted, said_by(lambda: cm.select(later, read.scheme, previous=scan, **options)))
    assert wanted["removals"].num_rows


@pytest.mark.parametrize("decoder", ["polars", "pyarrow"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, decoder):
    import casemgmt as cm
    from casemgmt.errors import InputError

    table = people(60)
    rows = table.to_pylist()
    rows[50] = dict(rows[3])  # a repeat: a second pass
    paths = written(pa.Table.from_pylist(rows, table.schema), tmp_path, [20], rows_in_a_group=10)
    calls: list[int] = []

    def touched(at: int, happening: Any) -> Any:
        calls.clear()

        def progress(rows: int, total: int) -> None:
            calls.append(rows)
            if len(calls) == at:
                happening()

        return progress

    def rewrite() -> None:
        paths[0].write_bytes(paths[0].read_bytes())

    def select(progress: Any) -> Any:
        register = scanned(paths, as_of=AS_OF, decoder=decoder, rows_at_a_time=10, progress=progress)
        return cm.select(register, read_scheme(SCHEME), score="points")

    select(touched(0, rewrite))
    assert calls == [10, 20, 30, 40, 50, 60] * 2
    for at in range(1, 12):
        with pytest.raises(InputError, match="changed while it was being read"):
            select(touched(at, rewrite))
    with pytest.raises(InputError):
        select(touched(7, paths[1].unlink))
    register = scanned(paths[0], as_of=AS_OF, decoder=decoder)
    rewrite()
    with pytest.raises(InputError, match="changed"):
        cm.select(register, read_scheme(SCHEME), score="points")


def test_paths_that_are_no_list_of_files_are_refused(tmp_path):
    import casemgmt as cm
    from casemgmt.errors import InputError

    path = written(people(3), tmp_path)[0]
    (tmp_path / "link.parquet").symlink_to(path)
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(path.read_bytes()[:-20])
    for wrong in ([], people(3), 7, [path, path], [path, tmp_path / "link.parquet"], tmp_path / "none.parquet"):
        with pytest.raises(InputError):
            cm.scan_register(wrong, as_of=AS_OF)
    with pytest.raises(InputError, match="damaged"):
        cm.scan_register(damaged, as_of=AS_OF)
    with pytest.raises(InputError, match="decoder"):
        cm.scan_register(path, as_of=AS_OF, decoder="duckdb")


def a_nested_model() -> Any:
    """A model of another model's score, of a carried number and of a carried text."""
    from casemgmt.risk.inputs import ModelInput

    inner = a_model("points")
    inputs = (
        ModelInput(
            name="inner",
            label="inner",
            kind="score",
            missing=70_000,
            table=(0, 400_000, 900_000),
            edges=(-900_000, -500_000),
            closed="left",
            model="a-model",
            scale=inner.divide_by,
        ),
        ModelInput(
            name="need",
            label="need",
            kind="number",
            missing="no score",
            table=(0, 10_000, 20_000, 30_000),
            edges=(1_000_000, 2_500_000, 7_000_000),
            closed="right",
        ),
        ModelInput(
            name="ward",
            label="ward",
            kind="category",
            missing=1000,
            table=(0, 5000),
            categories=("north", "süd"),
            other="no score",
        ),
        *inner.inputs[:2],
    )
    return replace(inner, name="outer", text="", inputs=inputs, nested={"inner": inner}, link="logistic")


def test_a_model_of_another_score_and_of_carried_columns_ranks_as_in_memory(tmp_path):
    generator = np.random.default_rng(8)
    rows = 600
    table = people(rows)
    table = table.append_column(
        "need", pa.array(generator.integers(0, 40, rows) / 4, mask=generator.random(rows) < 0.1)
    )
    table = table.append_column(
        "ward", pa.array([("north", "süd", None, "other")[n] for n in generator.integers(0, 4, rows)])
    )
    table = table.append_column("emergency_admissions_12m", pa.array(generator.integers(0, 5, rows)))
    table = table.append_column("care_home_type", pa.array(["none", "nursing", None] * 200))
    table = table.append_column("date_of_birth", pa.array([None] * rows, pa.date32()))
    paths = written(table, tmp_path, [250], rows_in_a_group=90)
    read = None
    for rows_at_a_time in (None, 37):
        read = assert_files_scanned_as_read(
            paths, score=None, model=a_nested_model(), rows_at_a_time=rows_at_a_time, include=("need", "ward")
        )
    assert read is not None
    assert read["selection"].num_rows > 30 and read["unscored"].num_rows > 30
    import casemgmt as cm

    loose = {"as_of": AS_OF, "max_quarantined": 1, "max_corrected": 1}
    register = cm.read_register(paths, **loose)
    packed = cm.scan_register(register.save_packed(tmp_path / "packed.parquet"), **loose)
    options = {"model": a_nested_model()}
    again = said_by(lambda: cm.select(packed, read_scheme(SCHEME), **options), ("need", "ward"))
    assert_says_the_same(read, again)


# Longer searches


@pytest.mark.long
@LONG
@given(st.data())
def test_scanned_registers_are_selected_from_as_read_in_a_longer_search(data):
    case = data.draw(cases(needed=MODEL_COLUMNS, has_risk=data.draw(st.booleans())))
    way = data.draw(ways(len(case.rows), most_pieces=200))
    assert_scanned_as_read(case, way)
    assert_scanned_as_read(case, way, a_model("logistic"))


@pytest.mark.parametrize("seed", range(3))
def test_many_practices_are_selected_from_as_read(seed):
    assert_many_practices_same(seed, practices=120)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_practices_are_selected_from_as_read_in_a_longer_search(seed):
    assert_many_practices_same(seed, practices=600)


def assert_many_practices_same(seed: int, practices: int) -> None:
    model = a_model("logistic") if seed % 3 == 2 else None
    case = packed_case(seed, practices, needed=MODEL_COLUMNS if model else ())
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(case.rows))
    case = replace(case, rows=[case.rows[i] for i in order], scores=[case.scores[i] for i in order])
    cuts = sorted(generator.integers(0, len(case.rows), 3).tolist())
    for rows_at_a_time, decoder, threads in ((None, "polars", 8), (137, "pyarrow", 1)):
        way = {
            "cuts": cuts,
            "rows_in_a_group": 500,
            "rows_at_a_time": rows_at_a_time,
            "statistics": True,
            "decoder": decoder,
            "threads": threads,
        }
        assert_scanned_as_read(case, way, model)


def test_a_scanned_register_is_looked_at_and_selected_from_again_and_again(tmp_path):
    import casemgmt as cm

    table = people(120, practices=2)
    rows = table.to_pylist()
    rows[100], rows[101] = dict(rows[3]), rows[4] | {"age": 1}
    paths = written(pa.Table.from_pylist(rows, table.schema), tmp_path, [50])
    read = cm.read_register(paths, as_of=AS_OF)
    passes: list[int] = []
    register = scanned(paths, as_of=AS_OF, progress=lambda rows, total: passes.append(rows))
    assert "not read yet" in repr(register)
    assert passes == []
    assert register.practices == read.practices
    assert passes == [50, 120] * 2  # the second with the repeats known
    assert register.quarantine.equals(read.quarantine)
    assert register.corrections.equals(read.corrections)
    assert (register.rows_in, register.synthetic, register.column_names) == (120, False, read.column_names)
    assert "1 merged" in repr(register)
    assert passes == [50, 120] * 2
    rules = read_scheme(SCHEME)
    other = read_scheme(SCHEME.replace('"10%"', '"30%"'))
    for scheme, score in ((rules, "points"), (other, np.arange(120.0) % 97), (rules, "age")):
        wanted = said_by(lambda s=scheme, v=score: cm.select(read, s, score=v))
        assert_says_the_same(wanted, said_by(lambda s=scheme, v=score: cm.select(register, s, score=v)))
        assert "selection" in wanted
    assert passes == [50, 120] * 5


def test_a_csv_file_that_changes_between_passes_is_refused(tmp_path):
    import casemgmt as cm
    from casemgmt.errors import InputError

    path = write_csv(people(40), tmp_path / "a.csv")
    for change in (lambda: write_csv(people(60), path), path.unlink):
        register = scanned(path, as_of=AS_OF)
        change()
        with pytest.raises(InputError, match=r"changed|no file"):
            cm.select(register, read_scheme(SCHEME), score="points")
