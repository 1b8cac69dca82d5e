"""A register of which too much cannot be used is refused through every door; what cannot be used is always counted."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from engines import compiling_from
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli.app import app
from casemgmt.errors import InputError
from casemgmt.register.limits import Limits, share_of

AS_OF = "2015-04-01"
SCHEME = "rotherham-2015-16"
PRACTICE, OTHER = "C87001", "C87002"


def rows(count, practice=PRACTICE, start=0, **columns):
    """Plain people, each column the value of all, or one value a person."""
    given = {
        "patient_id": [f"{practice}-{start + i:05d}" for i in range(count)],
        "practice_id": practice,
        "age": 60,
        "sex": "F",
        "care_home_type": "none",
        "nominated": False,
        "my_score": [float(i) for i in range(count)],
    } | columns
    return pa.table({n: v if isinstance(v, list) else [v] * count for n, v in given.items()})


def first(bad, count, wrong, right):
    """``wrong`` in the first so many of ``count`` rows."""
    return [wrong] * bad + [right] * (count - bad)


def without_ids(table, bad):
    """The table without the ids of so many rows, which quarantines these."""
    ids = first(bad, table.num_rows, None, "")
    kept = [given if mark == "" else None for given, mark in zip(table["patient_id"].to_pylist(), ids, strict=True)]
    return table.set_column(0, "patient_id", pa.array(kept, pa.string()))


DOORS = ["frame", "pandas", "file", "csv", "scanned", "packed", "compiled"]


@pytest.fixture(params=DOORS)
def door(request, tmp_path):
    """Opens a table as a register in one of the ways there are."""

    def opened(table, **limits):
        path = tmp_path / "register.parquet"
        if request.param == "frame":
            return cm.read_register(table, as_of=AS_OF, **limits)
        if request.param == "pandas":
            return cm.read_register(table.to_pandas(), as_of=AS_OF, **limits)
        if request.param == "compiled":
            with compiling_from(0):
                return cm.read_register(table, as_of=AS_OF, **limits)
        if request.param == "csv":
            csv.write_csv(table, tmp_path / "register.csv")
            return cm.read_register(tmp_path / "register.csv", as_of=AS_OF, **limits)
        pq.write_table(table, path, row_group_size=7)
        if request.param == "file":
            return cm.read_register(path, as_of=AS_OF, **limits)
        if request.param == "packed":
            lenient = {"max_quarantined": 1, "max_corrected": 1}
            path = cm.read_register(path, as_of=AS_OF, **lenient).save_packed(tmp_path / "packed.parquet")
        register = cm.scan_register(path, as_of=AS_OF, **limits)
        if request.param == "scanned":
            register._rows = 33
        return register

    return opened


def selected(register, **options):
    return cm.select(register, cm.load_scheme(SCHEME), score="my_score", **options)


@pytest.mark.parametrize(
    ("share", "count", "allowed"),
    [
        ("5%", 100, 5),
        (0.05, 100, 5),
        ("1/20", 100, 5),
        ("29%", 100, 29),
        (0.07, 100, 7),
        (Fraction(1, 3), 99, 33),
        (0, 20, 0),
    ],
)
def test_a_share_that_is_met_to_the_row_is_allowed_and_one_row_more_is_not(share, count, allowed):
    for bad, refused in ((allowed, False), (allowed + 1, True)):
        register = cm.read_register(without_ids(rows(count), bad), as_of=AS_OF, max_quarantined=share)
        corrected = cm.read_register(rows(count, sex=first(bad, count, "woman", "F")), as_of=AS_OF, max_corrected=share)
        for each, what in ((register, "quarantined"), (corrected, "corrected")):
            if refused:
                with pytest.raises(InputError, match=f"{bad} of {count} (rows|values) of the register {what}"):
                    selected(each)
            else:
                selected(each)


def test_by_default_a_twentieth_of_the_rows_and_a_tenth_of_the_values_are_allowed(door):
    selected(door(without_ids(rows(100), 5)))
    selected(door(rows(100, sex=first(10, 100, "woman", "F"))))
    with pytest.raises(
        InputError, match=r"6 of 100 rows of the register quarantined \(6.0%\): patient_id 6"
    ) as refused:
        selected(door(without_ids(rows(100), 6)))
    assert "\n  set aside: patient_id 6: missing\n" in str(refused.value)
    with pytest.raises(InputError, match=r"'sex': 11 of 100 values of the register corrected \(11.0%\)"):
        selected(door(rows(100, sex=first(11, 100, "woman", "F"))))


def test_one_practice_that_is_nearly_all_quarantined_is_seen_in_a_large_register(door):
    vanished = without_ids(rows(30), 29)
    table = pa.concat_tables([without_ids(rows(2000, OTHER), 0), vanished])
    with pytest.raises(InputError, match="29 of 30 rows of practice 'C87001' quarantined") as refused:
        selected(door(table))
    assert "of the register" not in str(refused.value).split("\n")[1]
    assert "max_quarantined='97%' (--max-quarantined 97%)" in str(refused.value)
    selected(door(table), max_quarantined="97%")
    selected(door(table, max_quarantined="97%"))


def test_one_practice_whose_values_are_all_corrected_is_seen_in_a_large_register(door):
    table = pa.concat_tables([rows(2000, OTHER), rows(30, sex="X")])
    with pytest.raises(InputError, match="'sex': 30 of 30 values of practice 'C87001' corrected"):
        selected(door(table))
    assert len(selected(door(table), max_corrected="100%").facts["limits"]) == 2


def test_a_practice_whose_code_is_refused_is_counted_and_its_code_not_shown(door):
    table = pa.concat_tables([rows(2000, OTHER), rows(25, "smith john")])
    with pytest.raises(InputError, match=r"25 of 25 rows of a practice whose code was refused") as refused:
        selected(door(table))
    assert "smith" not in str(refused.value)


def test_of_fewer_than_twenty_rows_no_share_is_taken():
    selected(cm.read_register(without_ids(rows(19), 15), as_of=AS_OF))
    with pytest.raises(InputError):
        selected(cm.read_register(without_ids(rows(20), 2), as_of=AS_OF))


def test_of_a_field_that_few_have_the_values_given_are_counted(door):
    table = rows(400).append_column("imd_decile", pa.array([9] * 70 + [4711] * 30 + [None] * 300, pa.int64()))
    with pytest.raises(InputError, match="'imd_decile': 30 of 100 values of the register corrected"):
        selected(door(table))


def test_outer_spaces_are_counted_and_never_refused(door):
    register = door(rows(100, sex=first(40, 100, " F", "F")))
    assert selected(register).facts["corrected"] == {"values": 40, "by_field": {"sex": 40}}


def test_a_refused_register_can_be_looked_at_and_nothing_be_made_of_it(tmp_path):
    register = cm.read_register(without_ids(rows(100), 50), as_of=AS_OF)
    assert register.quarantine.num_rows == 50
    assert register.to_arrow().num_rows == 50
    assert "50 quarantined (patient_id 50)" in repr(register)
    model = cm.load_model("cambridge-multimorbidity-20")
    for make in (
        lambda: selected(register),
        lambda: model.score(register),
        lambda: model.explain(register, "C87001-00070"),
        lambda: register.save_packed(tmp_path / "packed.parquet"),
        lambda: scan(register, tmp_path).save_packed(tmp_path / "packed.parquet"),
    ):
        with pytest.raises(InputError, match="50 of 100 rows of the register quarantined"):
            make()
    assert not (tmp_path / "packed.parquet").exists()


def scan(register, tmp_path):
    pq.write_table(register.source_table, tmp_path / "scan.parquet")
    return cm.scan_register(tmp_path / "scan.parquet", as_of=AS_OF)


def test_a_packed_register_carries_its_counts_and_launders_nothing(tmp_path):
    table = without_ids(rows(100, sex=first(70, 100, "woman", "F")), 20)
    lenient = {"max_quarantined": "50%", "max_corrected": "90%"}
    read = cm.read_register(table, as_of=AS_OF, **lenient)
    packed = cm.scan_register(read.save_packed(tmp_path / "packed.parquet"), as_of=AS_OF)
    said = []
    for register in (cm.read_register(table, as_of=AS_OF), packed):
        with pytest.raises(InputError, match="20 of 100 rows") as refused:
            selected(register)
        said.append(str(refused.value))
    assert said[0] == said[1]
    assert selected(packed, **lenient).facts == selected(read).facts


def test_ages_of_another_day_beside_dates_of_birth_are_counted_and_never_refused(door):
    born = pa.array([dt.date(1950, 1 + row % 12, 1) for row in range(100)])
    # Drawn in January: by April whoever was born from February to April is a year older.
    january = [65 if row % 12 == 0 else 64 for row in range(100)]
    found = selected(door(rows(100, age=january).append_column("date_of_birth", born)))
    assert found.facts["corrected"] == {"values": 27, "by_field": {"age": 27}}
    assert found.summary()["list_size"][0].as_py() == 100
    april = [65 if row % 12 <= 3 else 64 for row in range(100)]
    far = rows(100, age=[60] * 11 + april[11:]).append_column("date_of_birth", born)
    with pytest.raises(InputError, match="'age': 11 of 100 values of the register corrected"):
        selected(door(far))


def test_a_refusal_says_why_rows_were_set_aside_and_names_what_would_let_them_in():
    table = rows(100).to_pandas()
    for name, values, reason in (
        ("practice_id", "c87001", "practice_pattern"),
        (
            "patient_id",
            [f"{number}.0" for number in range(100)],
            "set aside: patient_id 100: an id that was turned into",
        ),
    ):
        with pytest.raises(InputError, match=reason) as refused:
            selected(cm.read_register(table.assign(**{name: values}), as_of=AS_OF))
        assert "c87001" not in str(refused.value)


def test_everything_that_is_too_much_is_said_at_once():
    table = without_ids(rows(100, sex=first(70, 100, "woman", "F"), age=first(50, 100, 400, 50)), 20)
    with pytest.raises(InputError) as refused:
        selected(cm.read_register(table, as_of=AS_OF))
    words = str(refused.value)
    assert all(each in words for each in ("patient_id 20", "'sex': 50 of 80", "'age': 30 of 80"))
    assert "woman" not in words
    assert "max_quarantined='20%' and max_corrected='63%'" in words


@pytest.mark.parametrize("wrong", ["5", "five", "-1%", "101%", 1.5, -0.1, True, float("nan"), float("inf"), "1/0", [5]])
def test_what_is_no_share_is_refused(wrong):
    for name in ("max_quarantined", "max_corrected"):
        with pytest.raises(InputError, match=name):
            cm.read_register(rows(3), as_of=AS_OF, **{name: wrong})


def test_a_share_is_exact_however_it_is_written():
    assert {share_of(each, "x") for each in ("5%", "5.0%", "1/20", 0.05, Fraction(1, 20), np.float64(0.05))} == {
        Fraction(1, 20)
    }
    assert Limits.of("5%", "10%") == Limits()


def test_who_is_barred_is_counted_once_under_the_first_reason(door):
    table = rows(40).append_column("date_of_death", pa.array(first(3, 40, "2015-01-01", None), pa.string()))
    left = pa.array(["2015-02-01"] * 5 + [None] * 35, pa.string())  # three of them died as well
    joined = pa.array([None] * 10 + ["2015-04-02"] * 4 + ["2015-04-01"] * 26, pa.string())
    table = table.append_column("deregistered_on", left).append_column("objected", pa.array(first(7, 40, True, False)))
    register = door(table)
    assert selected(register).facts["barred"] == {"died": 3, "left": 2, "not yet registered": 0, "objected": 2}
    late = cm.read_register(table.append_column("registered_on", joined), as_of=AS_OF, extracted_on="2015-04-10")
    selection = selected(late)
    assert selection.facts["barred"] == {"died": 3, "left": 2, "not yet registered": 4, "objected": 2}
    row = selection.summary().to_pylist()[0]
    assert [row[name] for name in ("objected", "died", "left", "not_yet_registered", "corrected")] == [2, 3, 2, 4, 0]


# On the command line


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def files(tmp_path):
    sound, broken = tmp_path / "sound.parquet", tmp_path / "broken.parquet"
    pq.write_table(without_ids(rows(100, sex=first(3, 100, "woman", "F")), 2), sound)
    pq.write_table(without_ids(rows(100), 60), broken)
    return sound, broken


def test_select_says_on_the_screen_and_in_the_manifest_what_was_set_aside(files, tmp_path):
    out = tmp_path / "out"
    done = run("select", files[0], "--as-of", AS_OF, "--scheme", SCHEME, "--score", "my_score", "--out", out)
    assert done.exit_code == 0, done.output
    assert "2 rows of 100 quarantined: patient_id 2" in done.output
    assert "1 value corrected: sex 1" in done.output
    assert "Not to be listed or ranked: 0 died, 0 left, 0 not yet registered, 0 objected" in done.output
    facts = json.loads((out / "manifest.json").read_text())["facts"]
    assert facts["quarantined"] == {"rows": 2, "by_field": {"patient_id": 2}}
    assert facts["corrected"] == {"values": 1, "by_field": {"sex": 1}}
    assert cm.load_selection(out).facts == facts


def test_check_prints_the_full_account_and_then_refuses(files):
    done = run("check", files[1], "--as-of", AS_OF)
    assert done.exit_code == 1
    assert "60 quarantined" in done.output
    assert "Quarantined rows" in done.output
    assert "60 of 100 rows of the register quarantined (60.0%): patient_id 60" in done.output
    assert run("check", files[1], "--as-of", AS_OF, "--max-quarantined", "60%").exit_code == 0


@pytest.mark.parametrize("command", ["select", "score", "pack", "explain"])
def test_every_command_that_makes_something_refuses_and_can_be_told_otherwise(files, tmp_path, command):
    register = tmp_path / "all.parquet"
    table = pq.read_table(files[1])
    pq.write_table(table, register)
    out = tmp_path / "made.parquet"
    more = {
        "select": ["--scheme", SCHEME, "--score", "my_score", "--out", tmp_path / "made"],
        "score": ["--model", "cambridge-multimorbidity-20", "--out", out],
        "pack": ["--out", out],
        "explain": ["C87001-00070", "--model", "cambridge-multimorbidity-20"],
    }[command]
    done = run(command, register, *more, "--as-of", AS_OF)
    assert done.exit_code == 1
    assert "60 of 100 rows" in done.output
    allowed = run(command, register, *more, "--as-of", AS_OF, "--max-quarantined", "60%")
    assert "60 of 100 rows" not in allowed.output


def test_a_built_register_is_judged_by_the_same_limits():
    table = without_ids(rows(100), 30)
    built = cm.build_register(table, as_of=AS_OF)
    with pytest.raises(InputError, match="30 of 100 rows of the register quarantined"):
        selected(built)
    assert selected(cm.build_register(table, as_of=AS_OF, max_quarantined="30%"))


def test_an_earlier_publication_without_the_new_counts_is_read_as_before():
    from casemgmt.outputs.contents import _typed_summary
    from casemgmt.selection.summary import first_summary_schema, summary_schema

    now = selected(cm.read_register(rows(40), as_of=AS_OF)).summary()
    before = now.select(first_summary_schema().names)
    read = _typed_summary(pa.table([column.cast(pa.string()) for column in before.columns], before.schema.names))
    assert read.schema.equals(summary_schema())
    assert read.select(before.schema.names).equals(before)
    assert read["corrected"].null_count == len(read)
