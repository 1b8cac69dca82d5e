"""What is said of a source: values, a mapping file, its draft, and the words of the command line."""

from __future__ import annotations

import datetime as dt
import os
import time
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.cli.words import in_command_words
from casemgmt.register.fields import FIELDS

AS_OF = "2015-04-01"


def people(rows=2, **columns):
    ids = [f"q{i}" for i in range(rows)]
    return pa.table({"patient_id": ids, "practice_id": ["C87001"] * rows, "age": [40] * rows, **columns})


def both(table, folder, **options):
    """The register read whole, and the same scanned."""
    pq.write_table(table, folder / "both.parquet")
    yield lambda: cm.read_register(table, as_of=AS_OF, **options)
    yield lambda: cm.read_register(folder / "both.parquet", as_of=AS_OF, **options)
    yield lambda: cm.scan_register(folder / "both.parquet", as_of=AS_OF, **options).checked()


# values=


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("sex", "Male", "Did you mean 'M'"),
        ("sex", "female", "Did you mean 'F'"),
        ("sex", 1, "F, M, I, U"),
        ("care_home_type", "Nursing Home", "Did you mean 'nursing'"),
        ("diabetes", "perhaps", "true or false"),
        ("imd_decile", 11, "from 1 to 10"),
        ("imd_decile", "most deprived", "from 1 to 10"),
        ("date_of_death", "03/02/1944", "a date"),
        ("practice_id", "North Surgery", "practice code"),
        ("diabetes", ["true"], "list"),
    ],
)
def test_a_value_that_the_field_does_not_allow_is_refused_at_once(name, target, said, tmp_path):
    base = people().drop_columns(["practice_id"]) if name == "practice_id" else people()
    table = base.append_column(name, pa.array(["1", "2"]))
    for read in both(table, tmp_path, values={name: {"1": target}}):
        with pytest.raises(cm.InputError, match="which it does not allow") as refusal:
            read()
        assert said in str(refusal.value)


def test_a_mapping_that_matches_nothing_is_refused_where_values_stay_unreadable(tmp_path):
    table = people(3, sex=["Man", "Woman", None])
    for read in both(table, tmp_path, values={"sex": {"1": "M", "2": "F"}}):
        with pytest.raises(cm.InputError, match="matches not one of 2 values, and 2 cannot be read") as refusal:
            read()
        assert "Woman" not in str(refusal.value)
    for read in both(table, tmp_path, values={"sex": {"man": "M"}}):
        with pytest.raises(cm.InputError, match="case or spaces alone"):
            read()


def test_a_mapping_that_was_not_needed_is_said(tmp_path):
    for read in both(people(sex=["M", "F"]), tmp_path, values={"sex": {"1": "M"}}):
        with pytest.warns(cm.InputWarning, match="all can be read without it"):
            read()


def test_a_mapping_that_one_part_needs_is_not_in_vain(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pq.write_table(people(1, sex=["M"]), paths[0])
    pq.write_table(people(2, sex=["F", "1"]).slice(1), paths[1])
    scanned = cm.scan_register(paths, as_of=AS_OF, values={"sex": {"1": "M"}})
    assert scanned.checked().accepted == 2


def test_a_blank_or_nothing_says_that_a_value_is_missing():
    table = people(date_of_death=pa.array([dt.datetime(1900, 1, 1), dt.datetime(2014, 1, 1)]))
    for nothing in ("", None):
        register = cm.read_register(table, as_of=AS_OF, values={"date_of_death": {"1900-01-01": nothing}})
        assert register.column("date_of_death").null_count == 1


@pytest.mark.parametrize(
    "options",
    [
        *({"columns": ["a"]}, {"columns": {"ward": 3}}, {"columns": {3: "age"}}, {"values": {"age": 3}}, {"values": 1}),
        *({"date_format": {"age": 3}}, {"date_format": "%d"}, {"null_means_absent": 3}, {"practice_pattern": 3}),
        *({"values": {"age": {"40": [1]}}}, {"values": {"age": {"40": object()}}}),
    ],
)
def test_options_of_another_type_are_refused_in_words(options, tmp_path):
    for read in both(people(ward=["a", "b"]), tmp_path, **options):
        with pytest.raises(cm.InputError):
            read()


# The table of fields


def test_every_field_is_printed_with_what_it_may_hold_and_be_called():
    table = cm.fields()
    assert table.column("field").to_pylist() == list(FIELDS)
    row = {each["field"]: each for each in table.to_pylist()}
    assert row["heart_failure"]["synonyms"].startswith("HF, ")
    assert "yes" in row["heart_failure"]["spellings"]
    assert row["imd_decile"]["allowed"] == "a whole number from 1 to 10"
    assert row["objected"]["missing"] == "no objection"
    done = CliRunner().invoke(app, ["fields"])
    assert done.exit_code == 0
    assert all(name in done.output for name in FIELDS)
    assert "NHSNo" in done.output


# The mapping file

CSV = (
    "List of patients\n\nNHS Number;Surgery Code;DOB;Gender;HF;CKD\n"
    "01;C87001;03/02/1944;1;Yes;\n02;C87001;23/02/1950;2;;1\n"
)
TOML = """
null_means_absent = "all-conditions"
[columns]
"NHS Number" = "patient_id"
"Surgery Code" = "practice_id"
DOB = "date_of_birth"
Gender = "sex"
HF = "heart_failure"
CKD = "chronic_kidney_disease"
[values.sex]
1 = "M"
2 = "F"
[values.heart_failure]
Yes = true
[date_formats]
date_of_birth = "%d/%m/%Y"
[reading]
skip_lines = 2
separator = ";"
"""


@pytest.fixture
def source(tmp_path):
    (tmp_path / "r.csv").write_text(CSV)
    (tmp_path / "m.toml").write_text(TOML)
    return tmp_path / "r.csv", tmp_path / "m.toml"


def test_a_mapping_file_says_how_a_source_is_written(source):
    register = cm.read_register(source[0], as_of=AS_OF, config=source[1])
    frame = register.to_pandas()
    assert frame["sex"].tolist() == ["M", "F"]
    assert frame["date_of_birth"].astype(str).tolist() == ["1944-02-03", "1950-02-23"]
    assert frame["heart_failure"].tolist() == [True, False]
    assert frame["chronic_kidney_disease"].tolist() == [False, True]
    scanned = cm.scan_register(source[0], as_of=AS_OF, config=str(source[1]))
    assert scanned.checked().accepted == 2
    done = CliRunner().invoke(app, ["check", str(source[0]), "--as-of", AS_OF, "--config", str(source[1])])
    assert done.exit_code == 0, done.output
    built = cm.build_register(source[0], as_of=AS_OF, config=source[1])
    assert built.column("heart_failure").to_pylist() == [True, False]


def test_what_the_call_says_comes_before_the_mapping_file(source):
    given = {
        "values": {"sex": {"1": "F", "2": "M"}, "heart_failure": {"1": True}},
        "columns": {"CKD": "heart_failure", "HF": "HF_of_ours"},
    }
    register = cm.read_register(source[0], as_of=AS_OF, config=source[1], **given)
    assert register.column("sex").to_pylist() == ["F", "M"]
    assert register.column("heart_failure").to_pylist() == [False, True]
    with pytest.raises(cm.InputError):
        cm.read_register(source[0], as_of=AS_OF, config=source[1], skip_lines=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[colums]\n", "unknown key 'colums'. Did you mean 'columns'"),
        ("[reading]\nskiplines = 2\n", "unknown key 'skiplines'. Did you mean 'skip_lines'"),
        ("skip_lines = 2\n", "It stands in [reading]"),
        ("[reading]\nnull_means_absent = []\n", "stands above the first section"),
        ("[reading]\nskip_lines = -1\n", "skip_lines= is the number"),
        ("[reading]\nskip_lines = true\n", "'skip_lines' needs a whole number"),
        ('[reading]\nseparator = "ab"\n', "separator= is one of"),
        ("[columns]\nA = 1\n", "needs a text in quotes"),
        ("[values]\nsex = 'M'\n", "[values.sex]"),
        ("values = 3\n", "[values.sex]"),
        ("columns = []\n", "write a table"),
        ("null_means_absent = 'copd'\n", "null_means_absent is a list"),
        ("[tolerance]\nmax_quarantine = 1\n", "Did you mean 'max_quarantined'"),
        ("[tolerance]\nmax_quarantined = 'few'\n", "needs a share"),
        ("[columns\n", "not a TOML file"),
        ("x = " + "[" * 3_000 + "\n", "nested more than 8 deep"),
        (".".join(["a"] * 100_000) + " = 1\n", "nested more than 8 deep"),
        ("#" + "\n#" * 600_000, "larger than"),
        ("# \udcff\n", "not UTF-8"),
    ],
)
def test_a_mapping_file_that_says_something_else_is_refused(text, said, tmp_path):
    path, began = tmp_path / "m.toml", time.monotonic()
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(cm.InputError) as refusal:
        cm.read_register(people(), as_of=AS_OF, config=path)
    assert said in str(refusal.value)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("scanned", [False, True])
def test_the_shares_of_a_mapping_file_hold_unless_the_call_says_others(scanned, tmp_path):
    ids = [f"p{row}" for row in range(100)]
    table = pa.table({"patient_id": ids, "practice_id": ["C87002"] * 100, "age": [40] * 98 + [200] * 2})
    pq.write_table(table, tmp_path / "r.parquet")
    (tmp_path / "m.toml").write_text('[tolerance]\nmax_corrected = "1%"\n', encoding="utf-8")
    read = cm.scan_register if scanned else cm.read_register
    scheme = cm.load_scheme("prism-top-half-percent")
    said = {"as_of": AS_OF, "config": tmp_path / "m.toml"}
    with pytest.raises(cm.InputError, match="max_corrected"):
        cm.select(read(tmp_path / "r.parquet", **said), scheme, score="age")
    cm.select(read(tmp_path / "r.parquet", **said, max_corrected="2%"), scheme, score="age")
    cm.select(read(tmp_path / "r.parquet", as_of=AS_OF), scheme, score="age")


def test_a_mapping_file_that_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "link.toml").symlink_to(tmp_path / "link.toml")
    for path in (tmp_path / "pipe.toml", tmp_path / "link.toml", tmp_path, tmp_path / "none.toml", "x" * 10_000, 3):
        with pytest.raises(cm.InputError):
            cm.read_register(people(), as_of=AS_OF, config=path)


# The draft

FIRST_NAMES = ("Zebedee", "Quimby", "Lovelace")


def extract(folder, *, day=13, sex=("Male", "Female")):
    lines = ["NHSNo,Practice Code,DOB,Gender,HF,Last Review Date,First Name,objected"]
    for i in range(40):
        born = f"{day if i == 7 else 1 + i % 12:02d}/{1 + i % 12:02d}/1944"
        row = (f"99905486{i:02d}", "C87001", born, sex[i % len(sex)], str(i % 2))
        lines.append(",".join((*row, f"0{1 + i % 9}/01/2014", FIRST_NAMES[i % 3], "")))
    path = folder / "extract.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_draft_maps_names_values_and_dates_that_leave_no_doubt_and_can_be_used(tmp_path):
    path = extract(tmp_path)
    done = CliRunner().invoke(app, ["check", str(path), "--as-of", AS_OF, "--write-config", str(tmp_path / "m.toml")])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "m.toml").read_text()
    said = tomllib.loads(text)
    assert said["columns"]["NHSNo"] == "patient_id"
    assert said["columns"]["HF"] == "heart_failure"
    assert said["values"]["sex"] == {"Male": "M", "Female": "F"}
    assert said["date_formats"] == {"date_of_birth": "%d/%m/%Y", "last_review": "?"}
    assert 'last_review = "?"  # "%d/%m/%Y" or "%m/%d/%Y"?' in text
    for value in (*FIRST_NAMES, "99905486", "/1944", "C87001", "/2014"):
        assert value not in text
    register = cm.read_register(path, as_of=AS_OF, config=tmp_path / "m.toml", date_format={"last_review": "%d/%m/%Y"})
    assert len(register) == 40
    assert register.corrections.num_rows == 0


def test_a_draft_asks_where_day_and_month_could_be_exchanged_and_where_a_code_is_unknown(tmp_path):
    drafted = cm.draft_config(extract(tmp_path, day=3, sex=("M", "F", "M", "X9")))
    said = tomllib.loads(drafted.text)
    assert said["date_formats"] == {"date_of_birth": "?", "last_review": "?"}
    assert said["values"]["sex"] == {"X9": "?"}
    assert drafted.questions == 3
    # What few people have may have been typed about one of them.
    rare = cm.draft_config(extract(tmp_path, sex=("M",) * 20 + ("Zebedee",)))
    assert "Zebedee" not in rare.text
    assert tomllib.loads(rare.text)["values"]["sex"] == {"? 1 value not shown here": "?"}
    free = cm.draft_config(extract(tmp_path, sex=tuple(f"word{i}" for i in range(30))))
    assert "word1" not in free.text
    assert tomllib.loads(free.text)["values"]["sex"] == {"? 30 values not shown here": "?"}


@pytest.mark.parametrize(
    ("dates", "form"),
    [
        (("02/13/1944", "01/02/1950"), "%m/%d/%Y"),
        (("13.02.1944", "01.02.1950"), "%d.%m.%Y"),
        (("19440213", "19500102"), "%Y%m%d"),
        (("13/02/1944", "01/13/1950"), None),
        (("13/02/1944", "01-02-1950"), None),
        (("13/02/44", "01/02/50"), None),
        (("1944-02-13", "1950-01-02"), ""),
        (("13/02/1944 00:00", "01/02/1950 00:00"), "%d/%m/%Y %H:%M"),
        (("13/02/1944 09:30", "01/02/1950 00:00"), None),
        (("42000", "42001"), None),
    ],
)
def test_the_form_of_dates_is_drafted_from_all_values_or_not_at_all(dates, form):
    text = cm.draft_config(people(2).drop_columns(["age"]).append_column("date_of_birth", pa.array(dates))).text
    found = tomllib.loads(text)["date_formats"]
    assert found == ({} if form == "" else {"date_of_birth": form or "?"})
    assert not [value for value in dates if value in text]


def test_names_that_need_quotes_are_quoted_in_a_draft(tmp_path):
    odd = ['NHS "No"', "Ward = [x]", "Pär\\a"]
    table = people(2, **{name: ["a", "b"] for name in odd}).rename_columns(["NHSNo", "practice_id", "age", *odd])
    assert tomllib.loads(cm.draft_config(table).text)["columns"] == {"NHSNo": "patient_id"}


# The command line


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Rename it with columns={'A': 'b', 'C d': 'e'}.", "Rename it with --column 'A=b' --column 'C d=e'."),
        ("Say how with values={'sex': …}.", "Say how with --value 'sex:TEXT=VALUE'."),
        ("or pass encoding='cp1252' if", "or pass --encoding cp1252 if"),
        ("Say separator=';'.", "Say --separator ';'."),
        ("another form with date_format=)", "another form with --date-format)"),
        ("columns= gives 'A'", "--column gives 'A'"),
    ],
)
def test_errors_of_the_command_line_speak_of_its_options(message, words):
    assert in_command_words(message) == words


def test_a_warning_is_said_once_on_standard_error(tmp_path):
    pq.write_table(people(HF=[1, 0]), tmp_path / "r.parquet")
    done = CliRunner().invoke(app, ["check", str(tmp_path / "r.parquet"), "--as-of", AS_OF])
    assert done.exit_code == 0
    assert done.stderr.count("note: ") == 1
    assert "--column 'HF=heart_failure'" in done.stderr


def test_a_value_can_be_mapped_away_on_the_command_line_as_its_error_says(tmp_path):
    from typer.testing import CliRunner

    from casemgmt.cli.app import app
    from casemgmt.cli.words import in_command_words

    remedy = in_command_words("Map it away with values={'date_of_death': {'1901-01-01': ''}}, and run again.")
    assert remedy == "Map it away with --value 'date_of_death:1901-01-01=', and run again."
    rows = [f"99900000{row:02d},C87002,40,1901-01-01" for row in range(30)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["patient_id,practice_id,age,date_of_death", *rows]), encoding="utf-8")
    command = ["check", str(path), "--as-of", "2015-04-01"]
    assert CliRunner().invoke(app, command).exit_code == 1
    done = CliRunner().invoke(app, [*command, "--value", "date_of_death:1901-01-01="])
    assert done.exit_code == 0
    assert "30 patients on the list" in done.output
