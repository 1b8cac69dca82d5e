"""Columns: which must be there, which types may hold them, and what each option does to them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from register_tools import AS_OF, by_id, ids_of, people, told

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.fields import CONDITIONS, FIELDS


def read(source, **options):
    return cm.read_register(source, **({"as_of": AS_OF} | options))


def with_column(name: str, values, count: int = 2) -> pa.Table:
    """Two patients and one more column, or one column replaced."""
    table = people(count)
    table = table.drop_columns([name]) if name in table.column_names else table
    return table.append_column(name, values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values]))


# Columns that must be there


def test_all_missing_columns_are_named_at_once_with_the_nearest_that_are_there():
    table = pa.table({"patientid": ["a"], "Practice ID": ["C87002"], "dateofbirth": ["1940-01-01"], "sexx": ["F"]})
    with pytest.raises(InputError) as refusal:
        read(table)
    assert str(refusal.value) == (
        "3 columns that every register needs:\n"
        "  'patient_id' is missing. Did you mean 'patientid'?\n"
        "  'practice_id' is missing. Did you mean 'Practice ID'?\n"
        "  'age or date_of_birth' is missing. Did you mean 'dateofbirth'?\n"
        "  The columns that are there: 'patientid', 'Practice ID', 'dateofbirth', 'sexx'.\n"
        "  Rename a column with columns={'its name in your data': 'the field'}."
    )


def test_either_age_or_date_of_birth_is_enough():
    born = pa.array([dt.date(1940, 4, 2), dt.date(1940, 4, 1)])
    by_birth = read(people(2).drop_columns(["age"]).append_column("date_of_birth", born))
    assert by_birth.column("age").to_pylist() == [74, 75]
    assert read(people(2)).column("age").to_pylist() == [40, 40]


def test_a_date_of_birth_decides_over_an_age_that_differs():
    table = people(3).append_column("date_of_birth", pa.array([dt.date(1940, 4, 1), dt.date(1974, 4, 3), None]))
    register = read(table)
    assert register.column("age").to_pylist() == [75, 40, 40]
    assert told(register.corrections) == [(0, "C87002", "age", "differs from date_of_birth, which was used")]


def test_a_birth_after_the_list_date_or_120_years_before_it_leaves_the_age_unknown():
    days = ("2015-04-01", "2015-04-02", "1901-04-01", "1900-04-01", "1894-03-31")
    births = [dt.date.fromisoformat(day) for day in days]
    table = people(5).drop_columns(["age"]).append_column("date_of_birth", pa.array(births))
    register = read(table, as_of="2021-04-01")
    assert register.column("age").to_pylist() == [6, 5, 120, None, None]
    early = read(table, extracted_on="2015-05-01")
    assert early.column("age").to_pylist() == [0, None, 114, 115, None]
    assert [reason for *_, reason in told(register.corrections)] == ["age over 120", "before 1900"]
    assert [reason for *_, reason in told(early.corrections)] == ["born after as_of", "before 1900"]


def test_a_model_or_scheme_names_all_columns_it_lacks():
    model, scheme = cm.load_model("cambridge-multimorbidity-20"), cm.load_scheme("rotherham-2015-16")
    with pytest.warns(cm.InputWarning, match="columns={'hypertention': 'hypertension'}"):
        misspelt = read(people(2).append_column("hypertention", pa.array([True, False])))
    with pytest.raises(InputError) as refusal:
        model.score(misspelt)
    assert str(refusal.value).count("is missing.") == 20
    assert "'hypertension' is missing. Did you mean 'hypertention'?" in str(refusal.value)
    with pytest.raises(InputError, match=r"'care_home_type' is missing\.\n  'nominated' is missing\."):
        cm.select(read(people(2)), scheme, score=[1, 2])


def test_a_column_name_used_twice_is_refused(tmp_path):
    names = ["patient_id", "practice_id", "age", "age"]
    rows = [pa.array(["a"]), pa.array(["C87002"]), pa.array([1]), pa.array([2])]
    sources = [pa.table(rows, names=names), pd.DataFrame([["a", "C87002", 1, 2]], columns=names)]
    pq.write_table(sources[0], tmp_path / "r.parquet")
    with pa.ipc.new_file(tmp_path / "r.arrow", sources[0].schema) as writer:
        writer.write_table(sources[0])
    for source in (*sources, tmp_path / "r.parquet", tmp_path / "r.arrow"):
        with pytest.raises(InputError, match=r"^1 column name used twice: 'age'\. Rename or drop one\.$"):
            read(source)


# Types that hold fields

NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64")


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("library", ["pandas", "pyarrow", "polars"])
def test_whole_numbers_of_every_width_are_read(kind, library):
    values = {"age": [0, 100], "imd_decile": [1, 10], "nomination_order": [1, 100], "diabetes": [1, 0]}
    plain = {"patient_id": ["a", "b"], "practice_id": ["C87002", "C87002"]}
    if library == "pandas":
        source = pd.DataFrame(plain | {name: np.array(numbers, dtype=kind) for name, numbers in values.items()})
    else:
        columns = {name: pa.array(np.array(numbers, dtype=kind)) for name, numbers in values.items()}
        source = pa.table(plain | columns)
    if library == "polars":
        source = pl.from_arrow(source)
    register = read(source)
    for name, numbers in values.items():
        assert register.column(name).to_pylist() == numbers
    assert register.corrections.num_rows == 0


NULLABLE = ("Int8", "UInt8", "Int64", "Float32", "Float64", "boolean", "int64[pyarrow]", "bool[pyarrow]")


@pytest.mark.parametrize("kind", NULLABLE)
def test_nullable_numbers_and_flags_of_pandas_are_read_with_their_gaps(kind):
    frame = people(3).to_pandas().assign(diabetes=pd.array([1, 0, None], dtype="Int64").astype(kind))
    register = read(frame)
    assert register.column("diabetes").to_pylist() == [True, False, None]
    assert register.corrections.num_rows == 0


@pytest.mark.parametrize("kind", [kind for kind in NUMBERS if kind != "uint8"])
def test_numbers_out_of_range_are_corrected_whatever_their_width(kind):
    too_many = {"int8": 127, "float16": 300}.get(kind, 30_000)
    age = np.array([40, too_many, 121], dtype=kind)
    register = read(with_column("age", pa.array(age), 3))
    assert register.column("age").to_pylist() == [40, None, None]
    assert told(register.corrections) == [(row, "C87002", "age", "outside 0 to 120") for row in (1, 2)]


@pytest.mark.parametrize("extreme", [-(2**63), 2**63 - 1, -1])
def test_the_largest_numbers_do_not_wrap_around(extreme):
    for name, reason in (
        ("age", "outside 0 to 120"),
        ("nomination_order", "outside 1 to 2147483647"),
        ("diabetes", "not true or false, or 0 or 1"),
    ):
        register = read(with_column(name, pa.array([1, extreme])))
        assert register.column(name).to_pylist() == [1, None]
        assert told(register.corrections) == [(1, "C87002", name, reason)]
    top = read(with_column("nomination_order", pa.array([2**31 - 1, 2**64 - 1], pa.uint64())))
    assert top.column("nomination_order").to_pylist() == [2**31 - 1, None]


@pytest.mark.parametrize("value", [0.5, 1e400, -1e400, 1e300, -0.5])
def test_a_number_that_is_not_whole_is_missing(value):
    for kind in (pa.float64(), pa.string()):
        column = pa.array([1.0, value]) if kind == pa.float64() else pa.array(["1", str(value)])
        register = read(with_column("age", column))
        assert register.column("age").to_pylist() == [1, None]
        assert [reason for *_, reason in told(register.corrections)] in (["not a whole number"], ["outside 0 to 120"])


def test_nan_is_missing_and_no_correction():
    register = read(with_column("age", pa.array([1.0, float("nan")])))
    assert register.column("age").to_pylist() == [1, None]
    assert register.corrections.num_rows == 0


def test_decimals_are_read_where_they_are_whole():
    amounts = pa.array([Decimal("70.00"), Decimal("70.50"), None])
    register = read(with_column("age", amounts, 3))
    assert register.column("age").to_pylist() == [70, None, None]
    assert told(register.corrections) == [(1, "C87002", "age", "not a whole number")]
    assert read(with_column("diabetes", pa.array([Decimal(1), Decimal(0)]))).column("diabetes").to_pylist() == [1, 0]


TEXTS = {
    "string": lambda values: pa.array(values, pa.string()),
    "large_string": lambda values: pa.array(values, pa.large_string()),
    "string_view": lambda values: pa.array(values, pa.string_view()),
    "dictionary": lambda values: pa.array(values).dictionary_encode(),
    "chunks": lambda values: pa.chunked_array([[value] for value in values], pa.string()),
    "dictionary chunks": lambda values: pa.chunked_array([pa.array([value]).dictionary_encode() for value in values]),
    "dictionary of views": lambda values: pa.DictionaryArray.from_arrays(
        pa.array(range(len(values)), pa.uint32()), pa.array(values, pa.string_view())
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_text_of_every_layout_is_read(kind):
    born = ["1940-01-01", "1950-12-31"]
    columns = {"patient_id": ["a", "b"], "practice_id": ["C87003", "C87002"], "date_of_birth": born}
    columns |= {"sex": ["F", "M"], "diabetes": ["true", "0"], "imd_decile": ["1", "10"], "ethnicity": ["x", "y"]}
    register = read(pa.table({name: TEXTS[kind](values) for name, values in columns.items()}))
    table = register.to_arrow()
    assert table["patient_id"].to_pylist() == ["a", "b"]
    assert table["date_of_birth"].to_pylist() == [dt.date(1940, 1, 1), dt.date(1950, 12, 31)]
    assert table["diabetes"].to_pylist() == [True, False]
    assert table["imd_decile"].to_pylist() == [1, 10]
    assert table["ethnicity"].to_pylist() == ["x", "y"]
    assert table["ethnicity"].type == pa.string()
    assert register.practices == ("C87002", "C87003")


def test_categories_of_pandas_and_polars_are_read():
    values = {"sex": ["F", None, "M"], "care_home_type": ["nursing", "none", None]}
    plain = {"patient_id": ["a", "b", "c"], "practice_id": ["C87002"] * 3, "age": [1, 2, 3]}
    frames = [
        pd.DataFrame(plain | {name: pd.Categorical(column) for name, column in values.items()}),
        pl.DataFrame(plain | {name: pl.Series(column, dtype=pl.Categorical) for name, column in values.items()}),
        pl.DataFrame(
            plain
            | {
                "sex": pl.Series(values["sex"], dtype=pl.Enum(["M", "F"])),
                "care_home_type": pl.Series(values["care_home_type"], dtype=pl.Enum(["none", "nursing"])),
            }
        ),
    ]
    for frame in frames:
        register = read(frame)
        assert register.column("sex").to_pylist() == ["F", "U", "M"]
        assert register.column("care_home_type").to_pylist() == ["nursing", "none", None]


def test_residence_may_come_as_true_and_false_or_one_and_zero():
    expected = ["unspecified", "none", None]
    for values in (
        pa.array([True, False, None]),
        pa.array([1.0, 0.0, None]),
        pa.array([1, 0, None]),
        pa.array(["true", "False", None]),
        pa.array(["1", "0", ""]),
    ):
        register = read(with_column("care_home_type", values, 3))
        assert register.column("care_home_type").to_pylist() == expected
        assert register.corrections.num_rows == 0


UNITS = ("s", "ms", "us", "ns")


@pytest.mark.parametrize("unit", UNITS)
def test_a_time_belongs_to_the_day_it_falls_on_before_1970_too(unit):
    last = dt.datetime(1969, 12, 31, 23, 59, 59, 0 if unit == "s" else 999_000)
    times = pa.array([dt.datetime(1948, 9, 3, 12, 30), last, dt.datetime(1970, 1, 1)], pa.timestamp(unit))
    register = read(with_column("date_of_birth", times, 3), date_format={"date_of_birth": "truncate"})
    assert register.column("date_of_birth").to_pylist() == [
        dt.date(1948, 9, 3),
        dt.date(1969, 12, 31),
        dt.date(1970, 1, 1),
    ]


def test_dates_of_every_kind_keep_to_their_range():
    extremes = {
        pa.date32(): [-(2**31), 2**31 - 1],
        pa.date64(): [-(2**62), 2**62],
        pa.timestamp("s"): [-(2**62), 2**62],
        pa.timestamp("ns"): [-(2**62), 2**62],
    }
    for kind, values in extremes.items():
        numbers = pa.array(values, pa.int32() if kind == pa.date32() else pa.int64())
        register = read(with_column("last_review", numbers.view(kind)))
        assert register.column("last_review").to_pylist() == [None, None]
        reasons = [reason for *_, reason in told(register.corrections)]
        assert reasons == ["before 1900", "after the extract date"]
    days = [dt.date(1899, 12, 31), dt.date(1900, 1, 1), dt.date(2015, 4, 1), dt.date(2015, 4, 2), None]
    register = read(with_column("last_review", pa.array(days), 5))
    assert register.column("last_review").to_pylist() == [None, days[1], days[2], None, None]


def test_times_with_a_zone_are_refused_where_they_are_no_midnight_there():
    zoned = pa.array([0, 1], pa.timestamp("us", "Europe/London"))
    message = "^Column 'last_review': 2 of 2 values have a time of day other than midnight, where a date is meant. "
    for source in (with_column("last_review", zoned), with_column("last_review", zoned).to_pandas()):
        with pytest.raises(InputError, match=message):
            read(source)


WRONG = {
    "patient_id": (pa.array([1, 2]), "Column 'patient_id' holds int64, not text: leading zeros and long ids are lost"),
    "practice_id": (pa.array([1.0, 2.0]), "Column 'practice_id' holds double, not text"),
    "care_home_id": (pa.array([7, 8]), "Column 'care_home_id' holds int64, not text"),
    "ethnicity": (pa.array([1.0, None]), "Column 'ethnicity' holds double, not text"),
    "sex": (pa.array([1.0, 2.0]), "Column 'sex' holds double; it should hold F, M, I, U"),
    "age": (pa.array([True, False]), "Column 'age' holds bool; it should hold a whole number from 0 to 120"),
    "diabetes": (pa.array([dt.date(2000, 1, 1)] * 2), r"Column 'diabetes' holds date32\[day\]; it should hold true or"),
    "last_review": (pa.array([17_000, 18_000]), "Column 'last_review' holds int64; it should hold a date from 1900"),
    "imd_decile": (pa.array([[1], [2]]), "Column 'imd_decile' holds list<.*>; it should hold a whole number from 1 to"),
    "objected": (pa.array([b"1", b"0"]), "Column 'objected' holds binary; it should hold true or false, or 0 or 1"),
    "date_of_death": (pa.array([1, 2], pa.time32("s")), r"Column 'date_of_death' holds time32\[s\]; it should hold a"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_column_whose_type_cannot_hold_the_field_is_refused(name):
    values, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        read(with_column(name, values))


def test_numbers_as_patient_ids_are_refused_in_every_library():
    frame = pd.DataFrame({"patient_id": [9990001234, 9990001235], "practice_id": ["C87002"] * 2, "age": [1, 2]})
    for source in (frame, frame.astype({"patient_id": float}), pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        with pytest.raises(InputError, match=r"Column 'patient_id' holds (int64|double), not text"):
            read(source)


def test_a_column_of_mixed_kinds_is_refused_in_words():
    frame = people(2).to_pandas().assign(age=[40, "forty"])
    with pytest.raises(InputError) as refusal:
        read(frame)
    assert str(refusal.value) == (
        "Column 'age' mixes kinds of value (text, numbers, dates). Make it one kind, for example "
        "df['age'] = df['age'].astype('string')."
    )


def test_columns_without_any_value_are_all_missing():
    nothing = {name: pa.nulls(2) for name, field in FIELDS.items() if field.kind not in ("id", "practice")}
    register = read(pa.table(people(2).select(["patient_id", "practice_id"]).to_pydict() | nothing))
    assert len(register) == 2
    assert register.corrections.num_rows == 0
    table = register.to_arrow().to_pylist()[0]
    assert {name for name, value in table.items() if value is not None} == {
        "patient_id", "practice_id", "sex", "nominated", "on_caseload", "objected"
    }  # fmt: skip
    nobody = read(pa.table({"patient_id": pa.nulls(2), "practice_id": pa.nulls(2), "age": [1, 2]}))
    assert told(nobody.quarantine) == [(row, None, "patient_id", "missing") for row in (0, 1)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (pl.LazyFrame({"patient_id": ["a"]}), r"^A lazy frame has no rows yet: call \.collect\(\) on it first\.$"),
        (pd.Series([1]), "A register is a table, not a single column: give the whole data frame."),
        (pl.Series([1]), "This Series could not be read as a table"),
        ([{"patient_id": "a"}], r"A register is read from a path or a data frame .*, not list\."),
        (None, "not NoneType"),
        ("no-such-register.csv", "There is no file no-such-register.csv"),
        ("register.xlsx", "There is no file register.xlsx"),
    ],
)
def test_what_is_no_table_is_refused(source, message):
    with pytest.raises(InputError, match=message):
        read(source)


def test_a_folder_or_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder without a file of data"):
        read(tmp_path)
    (tmp_path / "register.xls").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"register.xls: a register is read from .*\.xlsx or \.arrow, not '\.xls'"):
        read(tmp_path / "register.xls")


def test_files_with_other_columns_or_other_types_are_not_one_register(tmp_path):
    paths = [tmp_path / "north.parquet", tmp_path / "south.parquet"]
    pq.write_table(people(1), paths[0])
    pq.write_table(people(1).append_column("sex", pa.array(["F"])), paths[1])
    with pytest.raises(InputError, match=r"north\.parquet and south.parquet differ in 1 column: 'sex'"):
        read(paths)
    pq.write_table(people(1).set_column(2, "age", pa.array([dt.date(2000, 1, 1)])), paths[1])
    with pytest.raises(InputError, match=r"Column .age. is .* in north.parquet and date32.* in south.parquet"):
        read(paths)


# Options


def test_columns_renames_and_refuses_names_that_are_not_there():
    table = people(2).rename_columns(["NHSNo", "practice_id", "Age Years"])
    register = read(table, columns={"NHSNo": "patient_id", "Age Years": "age"})
    assert register.column_names == ("patient_id", "practice_id", "age")
    with pytest.raises(InputError, match=r"'NHS No' is missing\. Did you mean 'NHSNo'\?"):
        read(table, columns={"NHS No": "patient_id"})
    with pytest.raises(InputError, match=r"columns= gives 1 name to two columns: 'age'\."):
        read(table, columns={"NHSNo": "age", "Age Years": "age"})


def test_values_are_mapped_by_their_text_whatever_holds_them():
    for codes in (
        pa.array(["1", "2", "9"]),
        pa.array([1, 2, 9]),
        pa.array(["1", "2", "9"]).dictionary_encode(),
        pa.array([1, 2, 9], pa.uint8()),
    ):
        for mapping in ({"1": "M", "2": "F", "9": ""}, {1: "M", 2: "F", 9: None}):
            register = read(with_column("sex", codes, 3), values={"sex": mapping})
            assert register.column("sex").to_pylist() == ["M", "F", "U"]
            assert register.corrections.num_rows == 0


def test_whole_numbers_with_gaps_are_mapped_like_whole_numbers():
    for codes in (pa.array([1, 2, None]), pa.array([1.0, 2.0, None]), pa.array([Decimal("1.0"), Decimal("2.0"), None])):
        register = read(with_column("nominated", codes, 3), values={"nominated": {"2": "0"}})
        assert register.column("nominated").to_pylist() == [True, False, False]
        assert register.corrections.num_rows == 0


def test_dates_that_stand_for_nothing_can_be_mapped_away():
    for days in (
        pa.array([dt.date(1900, 1, 1), dt.date(2014, 1, 1)]),
        pa.array([dt.datetime(1900, 1, 1), dt.datetime(2014, 1, 1)]),
        pa.array(["1900-01-01", "2014-01-01"]),
    ):
        register = read(with_column("date_of_death", days), values={"date_of_death": {"1900-01-01": ""}})
        assert register.column("date_of_death").to_pylist() == [None, dt.date(2014, 1, 1)]
        assert register.corrections.num_rows == 0


def test_true_and_false_are_mapped_as_lower_case_words():
    register = read(
        with_column("care_home_type", pa.array([True, False])),
        values={"care_home_type": {"true": "nursing", "false": "none"}},
    )
    assert register.column("care_home_type").to_pylist() == ["nursing", "none"]


def test_text_fields_are_mapped_and_empty_text_is_missing():
    table = with_column("ethnicity", pa.array(["A", "B", ""]), 3)
    assert read(table).column("ethnicity").to_pylist() == ["A", "B", None]
    mapped = read(table, values={"ethnicity": {"A": "White", "B": ""}})
    assert mapped.column("ethnicity").to_pylist() == ["White", None, None]


def test_date_format_is_read_for_its_column_alone():
    table = with_column("date_of_birth", pa.array(["03/09/1948", "1948-09-03"]))
    table = table.append_column("last_review", pa.array(["03/09/2014", "2014-09-03"]))
    register = read(table, date_format={"date_of_birth": "%d/%m/%Y"})
    assert register.column("date_of_birth").to_pylist() == [dt.date(1948, 9, 3), None]
    assert register.column("last_review").to_pylist() == [None, dt.date(2014, 9, 3)]


def test_date_format_leaves_a_column_of_dates_as_it_is():
    days = [dt.date(1948, 9, 3), dt.date(1949, 3, 9)]
    register = read(with_column("date_of_birth", pa.array(days)), date_format={"date_of_birth": "%d/%m/%Y"})
    assert register.column("date_of_birth").to_pylist() == days


def test_a_missing_condition_is_absent_only_where_that_is_said():
    written = {"text": ["1", "0", "", "maybe"], "gap": ["1", "0", None, "maybe"]}
    for values in written.values():
        table = with_column("diabetes", pa.array(values, pa.string()), 4)
        assert read(table).column("diabetes").to_pylist() == [True, False, None, None]
        register = read(table, null_means_absent=["diabetes"])
        # What could not be read is missing, never absent.
        assert register.column("diabetes").to_pylist() == [True, False, False, None]
        assert told(register.corrections) == [(3, "C87002", "diabetes", "not true or false, or 0 or 1")]
    for gaps in (pa.array([True, False, None]), pa.array([1.0, 0.0, float("nan")]), pa.array([1, 0, None])):
        register = read(with_column("diabetes", gaps, 3), null_means_absent="diabetes")
        assert register.column("diabetes").to_pylist() == [True, False, False]


def test_a_condition_without_a_column_may_still_be_named_as_absent_when_missing():
    assert len(read(people(2), null_means_absent=CONDITIONS)) == 2


OPTIONS = [
    ({"values": {"sexx": {}}}, "values= names 'sexx', which is no column. Did you mean 'sex'?"),
    ({"values": {"sex": "M"}}, "values={'sex': …} needs a mapping, such as {'1': 'M', '2': 'F'}."),
    ({"values": {"ward": {"a": "b"}}}, "values= names 'ward', whose values are carried as they come."),
    ({"values": {"patient_id": {"a": "b"}}}, "values= names 'patient_id', whose values are carried as they come."),
    ({"date_format": {"dateofbirth": "%d/%m/%Y"}}, "date_format= names 'dateofbirth', which is no column."),
    ({"date_format": {"sex": "%d/%m/%Y"}}, "date_format= names 'sex', which is no date field."),
    ({"date_format": {"ward": "%d/%m/%Y"}}, "date_format= names 'ward', which is no date field."),
    ({"date_format": {"last_review": "%d/%m/%y"}}, "date_format={'last_review': …} needs %d, %m and %Y once each"),
    ({"date_format": {"last_review": "%d %b %m %Y"}}, "date_format={'last_review': …} needs %d, %m and %Y once each"),
    ({"date_format": {"last_review": "truncate %d"}}, "date_format={'last_review': …} needs %d, %m and %Y once each"),
    ({"null_means_absent": ["diabetis"]}, "null_means_absent names 'diabetis', which is no condition. Did you mean"),
    ({"null_means_absent": ["sex"]}, "null_means_absent names 'sex', which is no condition."),
    ({"practice_pattern": "["}, "practice_pattern is not a regular expression."),
    ({"as_of": "01/04/2015"}, "as_of: write an ISO date (YYYY-MM-DD), such as as_of='2015-04-01'."),
    ({"as_of": "2015-W14-3"}, "as_of: write an ISO date"),
    ({"as_of": "20150401"}, "as_of: write an ISO date"),
    ({"as_of": dt.datetime(2015, 4, 1, 9)}, "as_of: give a date without a time of day"),
    ({"as_of": None}, "as_of: write an ISO date"),
    ({"extracted_on": "2015-13-01"}, "extracted_on: write an ISO date"),
    ({"extracted_on": "2015-03-31"}, "extracted_on is before as_of"),
    ({"expected_rows": 3}, "2 rows where 3 were expected: the source is not whole."),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_an_option_that_cannot_be_meant_is_refused_by_name(options, message):
    nothing = pa.nulls(2, pa.string())
    table = people(2).append_column("sex", nothing).append_column("last_review", nothing).append_column("ward", nothing)
    with pytest.raises(InputError) as refusal:
        read(table, **options)
    assert message in str(refusal.value)


def test_an_unknown_option_is_refused_by_python():
    with pytest.raises(TypeError, match="date_formats"):
        read(people(1), date_formats={})


# The other columns


def test_columns_that_are_no_field_are_carried_as_they_come():
    carried = {
        "ward": pa.array(["north", None]),
        "height": pa.array([1.5, float("nan")]),
        "codes": pa.array([["E11"], []]),
        "home": pa.array([{"lsoa": "E01"}, None]),
        "seen": pa.array([0, None], pa.timestamp("ns", "UTC")),
    }
    table = people(2)
    for name, values in carried.items():
        table = table.append_column(name, values)
    found = read(table).to_arrow()
    assert found.column_names == [*people(2).column_names, *carried]
    for name, values in carried.items():
        assert str(found[name].combine_chunks()) == str(values)
        assert found[name].type == values.type


def test_rows_that_differ_in_a_carried_column_alone_differ():
    table = pa.concat_tables([people(1), people(1)])
    assert read(table).merged == 1
    assert read(table.append_column("ward", pa.array(["north", "north"]))).merged == 1
    for values in (["north", "south"], [["a"], ["b"]], [{"a": 1}, {"a": 2}], [0.5, 0.25], ["north", None]):
        register = read(table.append_column("ward", pa.array(values)))
        assert told(register.quarantine) == [
            (row, "C87002", "patient_id", "differing rows with one id") for row in (0, 1)
        ]


def test_one_patient_is_found_by_id_and_nobody_who_was_set_aside():
    table = pa.concat_tables([people(3), people(1), pa.table({"patient_id": ["x"], "practice_id": ["?"], "age": [1]})])
    register = read(table)
    assert by_id(register, "age") == dict.fromkeys(["020000", "020001", "020002"], 40)
    assert [register.find(patient) for patient in ids_of(register)] == [0, 1, 2]
    for absent in ("x", "", "nobody", 20_000):
        with pytest.raises(InputError):
            register.find(absent)
