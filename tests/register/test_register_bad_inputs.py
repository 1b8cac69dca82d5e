"""Bad inputs that have hurt somebody, each with its exact outcome: a row set aside, a value corrected, or a refusal."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from model_folders import INPUTS, ONE_FLAG, write_model
from register_tools import AS_OF, CORPUS, by_id, ids_of, people, told

import casemgmt as cm
from casemgmt.errors import InputError

NOT_ISO = "not an ISO date (YYYY-MM-DD); declare another form with date_format="
HIDDEN = "a hidden character or a no-break space in the id"
DIFFER = "differing rows with one id"
TWIN = "differs from another code only in case or outer spaces; map it with values="
PATTERN = "not a practice code of the expected pattern (practice_pattern)"
FLAG = "not true or false, or 0 or 1"


def read(name: str, **options):
    return cm.read_register(CORPUS / name, **({"as_of": AS_OF} | options))


def of_ids(row: int, reason: str, practice: str = "C87002"):
    return (row, practice, "patient_id", reason)


def of_births(row: int, reason: str):
    return (row, "C87002", "date_of_birth", reason)


def whole(register) -> bool:
    return register.rows_in == len(register) + register.merged + register.quarantine.num_rows


# Files that cannot be trusted at all


REFUSED = {
    "unclosed_quote.csv": "unclosed_quote.csv: 2 lines with a quote that is opened and not closed (line 3, 5). Rows "
    "below could be swallowed, so nothing was read. Close the quote, or write values without line breaks.",
    "duplicate_header.csv": "duplicate_header.csv: 1 column name used twice in the header: 'practice_id' "
    "(columns 2, 4). Rename or drop one; where the header stands on a later line, say skip_lines=.",
    "no_header.csv": "no_header.csv: 1 column name used twice in the header (columns 4, 5). Rename or drop one; where "
    "the header stands on a later line, say skip_lines=.",
    "windows_1252.csv": "windows_1252.csv is not UTF-8 (first at line 3). Save it as 'CSV UTF-8', or pass "
    "encoding='cp1252' if it was saved by Windows.",
    "semicolons.csv": "semicolons.csv is separated by semicolons. Say separator=';'.",
    "old_macintosh.csv": "old_macintosh.csv holds carriage returns inside lines. Save it with ordinary line ends.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_would_be_misread_is_refused_in_words(name):
    with pytest.raises(InputError) as refusal:
        read(name)
    assert str(refusal.value) == REFUSED[name]


def test_every_file_of_the_corpus_is_read_by_a_test():
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in CORPUS.glob("*.csv") if f'"{path.name}"' not in text] == []


# Files with bad rows or values: (accepted, quarantined, corrected)


READ = {
    "text_after_closing_quote.csv": (
        ["a1", "a3", "a4"],
        [(1, None, None, "text after a closing quote; a quote inside a value is written twice")],
        [],
    ),
    "day_first.csv": (["a1", "a2", "a3", "a4"], [], [of_births(row, NOT_ISO) for row in (0, 2, 3)]),
    "two_digit_year_and_serials.csv": (
        [f"a{number}" for number in range(1, 10)],
        [],
        [
            of_births(0, "a date with a two-digit year"),
            *(of_births(row, "a spreadsheet serial number, not a date") for row in (1, 2, 3)),
            of_births(4, "a date with a two-digit year"),
            of_births(5, NOT_ISO),
            of_births(6, NOT_ISO),
            of_births(7, "before 1900"),
            of_births(8, "after the extract date"),
        ],
    ),
    "damaged_ids.csv": (
        ["0990001234"],
        [
            of_ids(0, "an id that was turned into a decimal number"),
            of_ids(1, "an id that a spreadsheet shortened to an exponent"),
            of_ids(3, HIDDEN),
            of_ids(4, HIDDEN),
            of_ids(5, "ten times the same digit is a placeholder, not an id"),
            of_ids(6, "outer spaces around the id"),
            of_ids(7, "missing"),
            of_ids(8, HIDDEN),
            of_ids(9, "an id that a spreadsheet shortened to an exponent"),
            of_ids(10, "outer spaces around the id"),
        ],
        [],
    ),
    "repeats.csv": (
        ["a2", "a4"],
        [of_ids(0, DIFFER), of_ids(2, DIFFER), of_ids(4, DIFFER), of_ids(6, DIFFER, "C87003")],
        [],
    ),
    "practice_codes.csv": (
        ["a1", "a6"],
        [
            (1, None, "practice_id", "missing"),
            (2, "c87002 ", "practice_id", TWIN),
            (3, "../x", "practice_id", PATTERN),
            (4, "CON", "practice_id", PATTERN),
            (6, "c87003", "practice_id", PATTERN),
        ],
        [],
    ),
    "extra_comma.csv": (
        ["a1", "a4"],
        [(1, None, None, "5 values where the header has 4"), (2, None, None, "3 values where the header has 4")],
        [],
    ),
    "byte_order_mark.csv": (["a1"], [], []),
    "windows_line_ends.csv": (["a1", "a2"], [], []),
    "surname_na.csv": (["a1", "a2", "a3", "NA"], [], []),
    "implausible.csv": (
        [f"a{number}" for number in range(1, 8)],
        [],
        [
            (0, "C87002", "age", "not a whole number"),
            (0, "C87002", "imd_decile", "outside 1 to 10"),
            (0, "C87002", "emergency_admissions_12m", "outside 0 to 99"),
            (1, "C87002", "age", "outside 0 to 120"),
            (1, "C87002", "imd_decile", "outside 1 to 10"),
            (1, "C87002", "emergency_admissions_12m", "outside 0 to 99"),
            (1, "C87002", "last_review", "after the extract date"),
            (1, "C87002", "diabetes", FLAG),
            (2, "C87002", "age", "outside 0 to 120"),
            (2, "C87002", "imd_decile", "not a whole number"),
            (2, "C87002", "emergency_admissions_12m", "not a whole number"),
            (3, "C87002", "age", "not a whole number"),
            (3, "C87002", "emergency_admissions_12m", "not a whole number"),
            (3, "C87002", "diabetes", "outer spaces removed"),
            (6, "C87002", "age", "outside 0 to 120"),
            (6, "C87002", "emergency_admissions_12m", "outside 0 to 99"),
        ],
    ),
}


@pytest.mark.parametrize("name", READ)
def test_each_bad_row_and_value_of_a_file_is_set_aside_or_corrected_with_its_reason(name):
    accepted, quarantined, corrected = READ[name]
    register = read(name)
    assert ids_of(register) == accepted
    assert told(register.quarantine) == quarantined
    assert told(register.corrections) == corrected
    assert set(register.quarantine["source_file"].to_pylist()) <= {name}
    assert whole(register)


def first_seven(*values) -> dict:
    return {f"a{number}": value for number, value in enumerate(values, 1)}


def test_values_that_were_corrected_are_missing_and_the_others_are_kept():
    register = read("implausible.csv")
    assert by_id(register, "age") == first_seven(None, None, None, None, 80, 120, None)
    assert by_id(register, "emergency_admissions_12m") == first_seven(None, None, None, None, 2, 99, None)
    assert by_id(register, "imd_decile") == first_seven(None, None, None, 10, 3, 1, None)
    assert by_id(register, "diabetes") == first_seven(True, None, True, True, False, False, None)
    day = dt.date(2014, 1, 1)
    assert by_id(register, "last_review") == first_seven(day, None, day, day, day, None, None)


def test_a_file_in_another_encoding_is_read_when_it_is_named():
    assert by_id(read("windows_1252.csv", encoding="cp1252"), "surname") == {"a1": "ADAMS", "a2": "BRONTË"}
    assert by_id(read("utf_16.csv", encoding="utf-16"), "surname") == {"a1": "BRONTË"}
    assert by_id(read("utf_16.csv"), "surname") == {"a1": "BRONTË"}  # its mark says so
    for encoding in ("ascii", "no-such-encoding", "rot13"):
        with pytest.raises(InputError, match=rf"^windows_1252.csv cannot be read as encoding='{encoding}'\.$"):
            read("windows_1252.csv", encoding=encoding)


def test_a_byte_order_mark_is_no_part_of_the_first_column():
    assert read("byte_order_mark.csv").column_names[0] == "patient_id"


def test_the_surname_na_and_the_id_na_are_text():
    assert by_id(read("surname_na.csv"), "surname") == {"a1": "NA", "a2": "null", "a3": None, "NA": "NaN"}


def test_dates_are_read_day_first_only_where_that_is_declared():
    register = read("day_first.csv", date_format={"date_of_birth": "%d/%m/%Y"})
    third, thirteenth = dt.date(1948, 9, 3), dt.date(1948, 9, 13)
    assert by_id(register, "date_of_birth") == {"a1": third, "a2": None, "a3": thirteenth, "a4": third}
    assert told(register.corrections) == [of_births(1, "not a date of the declared form %d/%m/%Y")]


def test_a_column_of_day_first_dates_is_refused_with_the_remedy():
    births = [f"{day:02}/09/1948" for day in range(1, 26)]
    table = people(25).append_column("date_of_birth", pa.array(births))
    with pytest.raises(InputError) as refusal:
        cm.read_register(table, as_of=AS_OF)
    assert str(refusal.value).startswith(
        "Column 'date_of_birth': not one of 25 values is a date from 1900 to the extract date "
        f"({NOT_ISO}). Say how it is written with date_format={{'date_of_birth': '%d/%m/%Y'}}"
    )


@pytest.mark.parametrize("system", ["1900", "1904"])
def test_serial_dates_of_either_spreadsheet_system_are_never_turned_into_dates(system):
    born = dt.date(1948, 9, 3)
    serial = (born - {"1900": dt.date(1899, 12, 30), "1904": dt.date(1904, 1, 1)}[system]).days
    text = cm.read_register(people(1).append_column("date_of_birth", pa.array([f"{serial}"])), as_of=AS_OF)
    assert told(text.corrections) == [(0, "C87002", "date_of_birth", "a spreadsheet serial number, not a date")]
    assert by_id(text, "date_of_birth") == {"020000": None}
    with pytest.raises(InputError, match="Column 'date_of_birth' holds int64; it should hold a date"):
        cm.read_register(people(1).append_column("date_of_birth", pa.array([serial])), as_of=AS_OF)


def test_a_compact_date_must_be_complete():
    births = pa.array(["19480903", "1948903", "194893", "19481301"])
    register = cm.read_register(
        people(4).append_column("date_of_birth", births), as_of=AS_OF, date_format={"date_of_birth": "%Y%m%d"}
    )
    assert register.column("date_of_birth").to_pylist() == [dt.date(1948, 9, 3), None, None, None]
    assert [row for row, _, field, _ in told(register.corrections) if field == "date_of_birth"] == [1, 2, 3]


# Who is who


def test_the_same_row_twice_is_kept_once_and_counted():
    register = read("repeats.csv")
    assert (register.rows_in, len(register), register.merged, register.quarantine.num_rows) == (8, 2, 2, 4)


def test_an_id_with_a_leading_zero_is_kept_to_the_byte():
    assert read("damaged_ids.csv").column("patient_id").to_pylist() == ["0990001234"]


def test_a_practice_code_in_lower_case_is_accepted_once_it_is_mapped():
    register = read("practice_codes.csv", values={"practice_id": {"c87002 ": "C87002", "c87003": "C87003"}})
    assert ids_of(register) == ["a1", "a3", "a6", "a7"]
    assert register.practices == ("C87002", "C87003")
    assert [row for row, *_ in told(register.quarantine)] == [1, 3, 4]


def test_two_codes_that_differ_in_case_alone_are_both_set_aside_where_the_pattern_takes_both():
    table = pa.table({"patient_id": ["a", "b", "c"], "practice_id": ["ab", "AB", "x"], "age": [1, 2, 3]})
    register = cm.read_register(table, as_of=AS_OF, practice_pattern="[A-Za-z]+")
    assert told(register.quarantine) == [(0, "ab", "practice_id", TWIN), (1, "AB", "practice_id", TWIN)]
    assert register.practices == ("x",)


def test_a_damaged_practice_code_of_a_repeat_keeps_its_own_reason():
    table = pa.table({"patient_id": ["a", "a", "b"], "practice_id": ["C87002", "CON", "C87002"], "age": [1, 1, 1]})
    register = cm.read_register(table, as_of=AS_OF)
    assert told(register.quarantine) == [of_ids(0, DIFFER), (1, "CON", "practice_id", PATTERN)]


# Scores and cuts


def scheme():
    return cm.load_scheme("rotherham-2015-16")


def with_flags(table: pa.Table) -> pa.Table:
    nothing = pa.array([None] * len(table), pa.string())
    return table.append_column("care_home_type", nothing).append_column("nominated", pa.nulls(len(table), pa.bool_()))


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_never_ranked(nothing):
    register = cm.read_register(with_flags(people(100)), as_of=AS_OF)
    scores = [nothing if number % 2 else number / 7 for number in range(100)]
    selection = cm.select(register, scheme(), score=scores)
    assert selection.to_arrow()["patient_id"].to_pylist() == ["020094", "020096", "020098"]
    assert selection.summary()["unscored"].to_pylist()[0] == 50
    assert cm.select(register, scheme(), score=[nothing] * 100).to_arrow().num_rows == 0


def test_hundreds_tied_at_the_cut_are_cut_by_the_public_hash_and_counted():
    register = cm.read_register(with_flags(people(400)), as_of=AS_OF)
    selection = cm.select(register, scheme(), score=[0.5] * 400)

    def order(patient_id: str) -> bytes:
        return hashlib.blake2b(patient_id.encode(), digest_size=8, key=b"rotherham-2015-16").digest()

    expected = sorted(sorted(ids_of(register), key=order)[:12])
    assert selection.to_arrow()["patient_id"].to_pylist() == expected
    cut = selection.summary().slice(0, 1).to_pylist()[0]
    assert (cut["route"], cut["places"], cut["tied_in"], cut["tied_out"]) == ("highest_risk", 12, 12, 388)


PLACES = {0: (0, 0), 1: (0, 0), 33: (0, 0), 34: (1, 0), 49: (1, 0), 50: (1, 1), 100: (3, 2), 150: (4, 3)}


@pytest.mark.parametrize("size", PLACES)
def test_a_list_of_any_size_has_its_exact_places(size):
    damaged = pa.table({"patient_id": ["0000000000"], "practice_id": ["C87002"], "age": [40]})
    register = cm.read_register(
        with_flags(pa.concat_tables([damaged.slice(1), people(size), damaged], promote_options="permissive")),
        as_of=AS_OF,
    )
    assert register.practices == ("C87002",)
    selection = cm.select(register, scheme(), score=np.arange(size + 1.0))
    rows = {row["route"]: row for row in selection.summary().to_pylist()}
    assert rows["highest_risk"]["list_size"] == size
    assert (rows["highest_risk"]["places"], rows["judgement"]["places"]) == PLACES[size]
    assert selection.to_arrow().num_rows == PLACES[size][0]
    assert rows["highest_risk"]["quarantined"] == 1


# Birthdays, deaths and moves


@pytest.mark.parametrize(
    ("as_of", "reviewed"),
    [
        ("2015-02-27", []),
        ("2015-02-28", ["a2"]),
        ("2015-03-01", ["a1", "a2", "a3"]),
        ("2015-03-02", ["a1", "a2", "a3", "a4"]),
        ("2016-02-28", ["a1", "a2", "a3", "a4"]),
    ],
)
def test_a_75th_birthday_counts_from_its_day_and_that_of_29_february_from_1_march(as_of, reviewed):
    register = read("leap_births.csv", as_of=as_of)
    table = with_flags(register.to_arrow())
    selection = cm.select(cm.read_register(table, as_of=as_of), scheme(), score=[0.0] * 4)
    assert selection.to_arrow()["patient_id"].to_pylist() == reviewed


def test_someone_born_on_29_february_has_a_birthday_on_it_in_leap_years():
    ages = {day: by_id(read("leap_births.csv", as_of=day), "age")["a1"] for day in ("2016-02-28", "2016-02-29")}
    assert ages == {"2016-02-28": 75, "2016-02-29": 76}


def test_the_dead_the_departed_and_the_late_joiners_leave_the_list_and_the_lists_on_their_own_days():
    register = read("status.csv", extracted_on="2015-05-01")
    assert told(register.corrections) == [
        (7, "C87002", "deregistered_on", "after the extract date"),
        (8, "C87002", "date_of_death", "after the extract date"),
    ]
    table = with_flags(register.to_arrow())
    register = cm.read_register(table, as_of=AS_OF, extracted_on="2015-05-01")
    selection = cm.select(register, scheme(), score=[0.0] * 11)
    # a2 came after the list date; a3 and a4 left on it; a5, a6, a10 and a11 were on the list, but had gone by the
    # extract date.
    assert selection.to_arrow()["patient_id"].to_pylist() == ["a1", "a7", "a8", "a9"]
    assert set(selection.summary()["list_size"].to_pylist()) == {8}


def test_a_day_after_the_extract_date_is_a_mistake_and_the_patient_stays():
    register = read("status.csv")
    assert told(register.corrections) == [
        (row, "C87002", field, "after the extract date")
        for row, field in (
            (1, "registered_on"),
            (4, "deregistered_on"),
            (5, "date_of_death"),
            (7, "deregistered_on"),
            (8, "date_of_death"),
            (9, "deregistered_on"),
            (10, "date_of_death"),
        )
    ]


def test_a_size_that_is_no_number_has_no_score_or_stops_the_scoring_without_being_shown(tmp_path):
    number = INPUTS[INPUTS.index('[[input]]\nname = "body_mass_index"') :].split("[[input]]\n")[1]
    model = cm.load_model(write_model(tmp_path / "by-size", ONE_FLAG + "\n[[input]]\n" + number))

    def scores(*written: str) -> list[float | None]:
        rows = "".join(f"a{i},C87002,80,{text}\n" for i, text in enumerate(written))
        (tmp_path / "sizes.csv").write_text("patient_id,practice_id,age,body_mass_index\n" + rows, encoding="utf-8")
        return model.score(cm.read_register(tmp_path / "sizes.csv", as_of=AS_OF)).to_pylist()

    assert [score is not None for score in scores("1e400", "-1e400", "", "24.9")] == [False] * 3 + [True]
    for feet in ("5'10", "5ft 10", "nan"):
        with pytest.raises(InputError, match="'body_mass_index'") as refusal:
            scores("24.9", feet)
        assert feet not in str(refusal.value)


# Damaged files


def test_a_flipped_bit_in_a_page_with_a_checksum_is_refused(tmp_path):
    path = tmp_path / "register.parquet"
    pq.write_table(people(2000), path, write_page_checksum=True, compression="none", use_dictionary=False)
    sound = path.read_bytes()
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    first = chunk.data_page_offset + chunk.total_compressed_size // 2
    silently_wrong = 0
    for place in range(first, first + 400, 7):
        damaged = bytearray(sound)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with contextlib.suppress(pa.ArrowException, OSError):
            silently_wrong += pq.read_table(path).num_rows == 2000
        with pytest.raises(InputError) as refusal:
            cm.read_register(path, as_of=AS_OF)
        assert str(refusal.value) == (
            "register.parquet: not a readable Parquet file; it is damaged or cut short. Copy it again."
        )
    assert silently_wrong > 20  # a plain read would have given somebody else's id
    path.write_bytes(sound)
    assert len(cm.read_register(path, as_of=AS_OF)) == 2000


@pytest.mark.parametrize("ending", ["parquet", "arrow", "ipc"])
def test_a_file_cut_short_anywhere_is_refused(tmp_path, ending):
    path = tmp_path / f"register.{ending}"
    if ending == "parquet":
        pq.write_table(people(300), path)
    else:
        with (pa.ipc.new_file if ending == "arrow" else pa.ipc.new_stream)(path, people(1).schema) as writer:
            for _ in range(3):
                writer.write_table(people(100))
    sound = path.read_bytes()
    for length in sorted({*range(0, len(sound), len(sound) // 60), len(sound) - 1, len(sound) - 8}):
        path.write_bytes(sound[:length])
        with pytest.raises(InputError, match=r"it is damaged or cut short\. Copy it again\."):
            cm.read_register(path, as_of=AS_OF)


def test_a_file_cut_at_a_line_is_refused_where_the_number_of_rows_is_known():
    assert len(read("surname_na.csv", expected_rows=4)) == 4
    with pytest.raises(InputError, match="4 rows where 5 were expected: the source is not whole"):
        read("surname_na.csv", expected_rows=5)


def test_text_that_is_not_utf_8_is_refused_without_being_shown(tmp_path):
    ends = pa.array([0, 4], pa.int32()).buffers()[1]
    damaged = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(b"KIM\xff")])
    for name in ("patient_id", "practice_id", "sex", "ethnicity", "age", "ward"):
        table = people(1)
        table = table.drop_columns([name]) if name in table.column_names else table
        table = table.append_column(name, damaged)
        pq.write_table(table, tmp_path / "register.parquet")
        for source in (tmp_path / "register.parquet", table)[: 1 if name == "ward" else 2]:
            with pytest.raises(InputError) as refusal:
                cm.read_register(source, as_of=AS_OF)
            assert "KIM" not in repr(refusal.value)
            assert refusal.value.__suppress_context__


# Shapes of files


HEADER = "patient_id,practice_id,age\n"
SHAPES = {
    "only a header": (HEADER, [], []),
    "only a header without a line end": (HEADER.strip(), [], []),
    "blank lines before, between and after": (f"\n\n{HEADER}\na,C87002,1\n\n\nb,C87002,2\n\n", ["a", "b"], []),
    "no line end at the end": (f"{HEADER}a,C87002,1", ["a"], []),
    "a line of spaces": (f"{HEADER}a,C87002,1\n   \n", ["a"], [(1, None, None, "1 value where the header has 3")]),
    "nothing but bad lines": (f"{HEADER}a\n", [], [(0, None, None, "1 value where the header has 3")]),
    "quoted values with commas": (f'{HEADER}"a,1","C87002","1"\n', ["a,1"], []),
    "an endless value": (
        f'{HEADER}a,C87002,1\nb,C87002,"{"9" * 200_000}"\nc,C87002,{"9" * 2_000_000}\nd,C87002,2\n',
        ["a", "d"],
        [(1, None, None, "a line of more than 100,000 bytes"), (2, None, None, "a line of more than 100,000 bytes")],
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_line_that_is_not_blank_is_a_row(tmp_path, shape):
    text, accepted, quarantined = SHAPES[shape]
    (tmp_path / "register.csv").write_text(text, encoding="utf-8", newline="")
    register = cm.read_register(tmp_path / "register.csv", as_of=AS_OF)
    assert ids_of(register) == accepted
    assert told(register.quarantine) == quarantined
    assert whole(register)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: it has no header line"),
        (b"\n\n", "is empty: it has no header line"),
        (b"patient_id,practice_id,age\na,C87\x00002,1\n", "holds NUL bytes"),
        (b"p\x00a\x00", "holds NUL bytes: it is not a text file, or it is UTF-16"),
        (b"patient_id,practice_id," + b"a" * 200_000 + b"\n", "the header line cannot be split: a line of more than"),
        (b'patient_id,practice_id,"age"s\n', "the header line cannot be split: text after a closing quote"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, data, message):
    (tmp_path / "register.csv").write_bytes(data)
    with pytest.raises(InputError, match=message):
        cm.read_register(tmp_path / "register.csv", as_of=AS_OF)
