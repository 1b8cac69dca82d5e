"""The commands, end to end, as a user types them."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app, show
from casemgmt.register.fields import CONDITIONS

SCHEME, MODEL = "rotherham-2015-16", "cambridge-multimorbidity-20"
DATE = ("--as-of", "2015-04-01")
BY_MODEL = (*DATE, "--scheme", SCHEME, "--model", MODEL)
COMMANDS = [
    *("demo", "check", "score", "select", "pack", "verify", "returns", "compare"),
    *("synthesise", "models", "schemes", "schemas", "fields", "explain"),
    *("derive", "fit", "evaluate", "plan"),
]
CANARY = "Zebedee-Quigley"


def run(*arguments, code=0):
    """What a command prints, on both streams."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split()) if code else result.output


def piped(*arguments, **environment):
    """A command run as a program whose output another program reads."""
    program = [sys.executable, "-c", "from casemgmt.cli import main; main()", *map(str, arguments)]
    package = str(Path(cm.__file__).resolve().parent.parent)
    env = {**os.environ, "PYTHONPATH": package, **environment}
    return subprocess.run(program, check=False, env=env, capture_output=True, text=True, encoding="utf-8", timeout=120)


def patients(**changed) -> pa.Table:
    """Two practices, 200 and 100 patients, a resident and a nominee in every 25."""
    number = range(300)
    columns = {
        "patient_id": [f"p{i:04d}" for i in number],
        "practice_id": ["C87002"] * 200 + ["C87003"] * 100,
        "age": [(7 * i) % 100 for i in number],
        "care_home_type": ["nursing" if i % 25 == 3 else "none" for i in number],
        "nominated": [i % 50 == 7 for i in number],
        "nomination_order": [i if i % 50 == 7 else None for i in number],
        "points": [float((37 * i) % 101) for i in number],
    }
    columns |= {name: [(i * (k + 3)) % 17 == 0 for i in number] for k, name in enumerate(CONDITIONS)}
    return pa.table({**columns, **changed})


@pytest.fixture
def register(tmp_path) -> Path:
    pq.write_table(patients(), tmp_path / "register.parquet")
    return tmp_path / "register.parquet"


def csv_file(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# The program


def test_help_lists_the_commands_and_the_exit_codes():
    text = run("--help")
    listed = [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.strip()][: len(COMMANDS)]
    assert listed == COMMANDS
    assert "3 nominations over the cap" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    text = run(command, "--help")
    assert "Usage:" in text
    assert "..." not in text.partition("\n\n")[2].partition("\n")[0]


def test_asking_for_help_loads_no_heavy_package():
    code = (
        "import sys; from casemgmt.cli import app\n"
        "from typer.testing import CliRunner; assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'numba', 'sklearn', 'rich'} & set(sys.modules)))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(cm.__file__).resolve().parent.parent)}
    program = [sys.executable, "-c", code]
    done = subprocess.run(program, check=False, env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_version_is_the_packages():
    assert run("--version") == f"casemgmt {cm.__version__}\n"


# select and verify


def test_select_publishes_what_the_python_interface_selects(register, tmp_path):
    text = run("select", register, *BY_MODEL, "--out", tmp_path / "out")
    by_hand = cm.select(
        cm.read_register(register, as_of="2015-04-01"), cm.load_scheme(SCHEME), model=cm.load_model(MODEL)
    )
    published = cm.load_selection(tmp_path / "out")
    assert published.to_arrow().equals(by_hand.to_arrow())
    assert published.summary().equals(by_hand.summary())
    assert "highest_risk 9 9 9 0" in " ".join(text.split())  # 3% of 200 and of 100
    assert "a named clinician of each practice accepts" in text


def test_select_by_a_column_ranks_by_it(register, tmp_path):
    run("select", register, *DATE, "--scheme", SCHEME, "--score", "points", "--out", tmp_path / "out")
    rows = cm.load_selection(tmp_path / "out").practice("C87003").to_pylist()
    best = sorted((row for row in rows if row["highest_risk"]), key=lambda row: row["rank"])
    points = sorted(patients().column("points").to_pylist()[200:], reverse=True)
    assert [row["score"] for row in best] == points[:3]


def test_select_takes_a_scheme_and_columns_of_your_own(register, tmp_path):
    scheme = csv_file(tmp_path / "own.toml", *run("schemes", SCHEME, "--text").splitlines())
    text = scheme.read_text(encoding="utf-8")
    scheme.write_text(text.replace(f'"{SCHEME}"', '"own"', 1).replace('"3%"', '"5%"'), encoding="utf-8")
    run("select", register, *DATE, "--scheme", scheme, "--model", MODEL, "--include", "age", "--out", tmp_path / "out")
    assert run("verify", tmp_path / "out")
    published = pq.read_table(tmp_path / "out" / "processor" / "selection.parquet")
    assert "register_age" in published.column_names
    assert pc.sum(published.column("highest_risk")).as_py() == 15


def test_several_files_are_one_register(tmp_path):
    table = patients()
    pq.write_table(table.slice(0, 120), tmp_path / "a.parquet")
    pq.write_table(table.slice(120), tmp_path / "b.parquet")
    pq.write_table(table, tmp_path / "whole.parquet")
    run("select", tmp_path / "a.parquet", tmp_path / "b.parquet", *BY_MODEL, "--out", tmp_path / "parts")
    run("select", tmp_path / "whole.parquet", *BY_MODEL, "--out", tmp_path / "one")
    parts, one = (cm.load_selection(tmp_path / name).to_arrow() for name in ("parts", "one"))
    assert parts.equals(one)


def test_official_list_sizes_set_the_places(register, tmp_path):
    sizes = csv_file(tmp_path / "sizes.csv", "practice_id,list_size", "C87002,1000", "C87003,150")
    run("select", register, *BY_MODEL, "--list-sizes", sizes, "--list-size-within", "any", "--out", tmp_path / "out")
    rows = cm.load_selection(tmp_path / "out").summary().to_pylist()
    assert [row["places"] for row in rows if row["route"] == "highest_risk"] == [30, 4]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("practice,size", "C87002,1"), "lacks 2 columns: 'practice_id', 'list_size'"),
        (("practice_id,list_size", 'C87002,"1,000"'), "line 2: list_size is not a whole number"),
        (("practice_id,list_size", "C87002,10", "C87002,10"), "line 3: the practice is written twice"),
        (("practice_id,list_size", "C87002,10"), "has no figure for 1 practice: 'C87003'"),
    ],
)
def test_list_sizes_that_cannot_be_used_are_refused_by_line(register, tmp_path, lines, said):
    sizes = csv_file(tmp_path / "sizes.csv", *lines)
    assert said in run("select", register, *BY_MODEL, "--list-sizes", sizes, "--out", tmp_path / "out", code=1)
    assert not (tmp_path / "out").exists()


def test_a_result_does_not_depend_on_threads(register, tmp_path):
    run("select", register, *BY_MODEL, "--threads", 1, "--out", tmp_path / "one")
    run("select", register, *BY_MODEL, "--threads", 8, "--out", tmp_path / "eight")
    one, eight = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("one", "eight"))
    assert one == eight


def test_verify_passes_what_select_published_and_refuses_one_flipped_bit(register, tmp_path):
    run("select", register, *BY_MODEL, "--out", tmp_path / "out")
    assert run("verify", tmp_path / "out")
    changed = tmp_path / "out" / "practices" / "C87002.csv"
    data = bytearray(changed.read_bytes())
    data[len(data) // 2] ^= 4
    changed.write_bytes(data)
    assert "C87002.csv" in run("verify", tmp_path / "out", code=1)


# How a register is read


def test_columns_values_dates_and_gaps_are_read_as_the_options_say(tmp_path):
    conditions = [name for name in CONDITIONS if name != "diabetes"]
    path = csv_file(
        tmp_path / "own.csv",
        ",".join(["NHSNo", "practice_id", "date_of_birth", "sex", "diabetes", *conditions]),
        ",".join(["a1", "C87002", "31/12/1939", "1", "", *["0"] * len(conditions)]),
        ",".join(["a2", "C87002", "01/02/1980", "2", "1", *["0"] * len(conditions)]),
    )
    options = (
        *("--column", "NHSNo=patient_id", "--value", "sex:1=M", "--value", "sex:2=F"),
        *("--date-format", "date_of_birth=%d/%m/%Y", "--null-means-absent", "diabetes", "--expected-rows", 2),
    )
    text = run("check", path, *DATE, *options)
    assert "2 rows in = 2 accepted + 0 merged repeats + 0 quarantined" in text
    assert "0 values corrected" in text
    assert "diabetes" not in text
    assert "diabetes 1 missing" in " ".join(run("check", path, *DATE, *options[:-4]).split())
    gone = run("check", path, *DATE, *options[:-4], "--null-means-absent", "all-conditions")
    assert "diabetes" not in gone


def test_another_encoding_and_practice_pattern_can_be_named(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes("patient_id,practice_id,age,ethnicity\nx1,Praxis-1,50,Bengalé\n".encode("cp1252"))
    assert "is not UTF-8" in run("check", path, *DATE, code=1)
    text = run("check", path, *DATE, "--encoding", "cp1252", "--practice-pattern", "Praxis-[0-9]+")
    assert "1 row in = 1 accepted" in text
    assert "0 accepted" in run("check", path, *DATE, "--encoding", "cp1252")


def test_check_counts_reasons_and_gives_the_lines_of_a_csv_file(tmp_path):
    path = csv_file(
        tmp_path / "register.csv",
        "patient_id,practice_id,age,emergency_admissions_12m",
        "a1,C87002,70,0",
        "a2,,70,0",
        "a3,C87002,70,-1",
        "a4,C87002,70,0,extra",
        "a1,C87002,70,0",
        "a5,,41,0",
    )
    text = run("check", path, *DATE, "--quarantine", tmp_path / "q.csv", "--corrections", tmp_path / "c.csv")
    words = " ".join(text.split())
    assert "6 rows in = 2 accepted + 1 merged repeat + 3 quarantined" in text
    assert "practice_id missing 2 line 3; line 7" in words
    assert "the whole line 5 values where the header has 4 1 line 5" in words
    assert "emergency_admissions_12m outside 0 to 99 1 line 4" in words
    reasons = pa.csv.read_csv(tmp_path / "q.csv")
    assert reasons.column("source_row").to_pylist() == [1, 3, 5]
    assert pa.csv.read_csv(tmp_path / "c.csv").num_rows == 1
    assert stat.S_IMODE((tmp_path / "q.csv").stat().st_mode) == 0o600


def test_check_says_what_a_scheme_and_a_model_lack(register, tmp_path):
    text = run("check", register, *DATE, "--scheme", SCHEME, "--model", MODEL)
    assert f"The scheme {SCHEME} has the columns it needs." in text
    assert "goes without: on_caseload" in text
    pq.write_table(patients().drop_columns(["nominated", "diabetes"]), tmp_path / "less.parquet")
    assert "'nominated' is missing" in run("check", tmp_path / "less.parquet", *DATE, "--scheme", SCHEME, code=1)
    assert "'diabetes' is missing" in run("check", tmp_path / "less.parquet", *DATE, "--model", MODEL, code=1)


def test_select_takes_a_column_of_scores_with_one_of_risks(tmp_path):
    table = patients()
    risk = [round(i / (table.num_rows + 1), 3) for i in range(table.num_rows)]
    table = table.append_column("my_score", pa.array([10 * each - 4 for each in risk]))
    pq.write_table(table.append_column("my_risk", pa.array(risk)), tmp_path / "register.parquet")
    how = ("select", tmp_path / "register.parquet", *DATE, "--scheme", SCHEME, "--risk", "my_risk")
    run(*how, "--score", "my_score", "--out", tmp_path / "out")
    made = cm.load_selection(tmp_path / "out")
    rows = [row for row in made.to_arrow().to_pylist() if row["score"] is not None]
    assert rows and all(abs(10 * row["risk"] - 4 - row["score"]) < 1e-9 for row in rows)
    assert made.facts["given"] == {"risks": True}
    text = run(*how, "--model", MODEL, "--out", tmp_path / "no", code=1)
    assert "--risk stands beside --score" in " ".join(text.split())


# score and explain


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_score_writes_one_score_a_source_row(tmp_path, ending):
    table = patients(practice_id=["C87002"] * 150 + [None] * 2 + ["C87002"] * 148)
    pq.write_table(table, tmp_path / "register.parquet")
    out = tmp_path / f"scores.{ending}"
    text = run("score", tmp_path / "register.parquet", *DATE, "--model", MODEL, "--out", out)
    assert "300 rows: 298 scored" in text
    found = pq.read_table(out) if ending == "parquet" else pa.csv.read_csv(out)
    expected = cm.load_model(MODEL).score(cm.read_register(table, as_of="2015-04-01"))
    assert found.column("score").to_pylist() == expected.to_pylist()
    ids = table.column("patient_id").to_pylist()
    known = [None if i in (150, 151) else patient for i, patient in enumerate(ids)]
    assert [value or None for value in found.column("patient_id").to_pylist()] == known


def test_explain_adds_up_to_the_score(register):
    text = run("explain", register, "p0000", *DATE, "--model", MODEL)
    lines = text.splitlines()
    adds = [round(float(line.split()[-1]) * 100) for line in lines[2:22]]
    assert lines[-2] == f"Score: {sum(adds) / 100:g}"
    scored = cm.load_model(MODEL).score(cm.read_register(register, as_of="2015-04-01"))
    assert round(scored[0].as_py() * 100) == sum(adds) > 0
    assert "not a probability" in lines[-1]


def test_explain_does_not_repeat_the_id_of_an_unknown_patient(register):
    text = run("explain", register, CANARY, *DATE, "--model", MODEL, code=1)
    assert "No accepted patient" in text
    assert CANARY not in text


def test_explain_shows_nothing_of_a_patient_who_objected(tmp_path):
    pq.write_table(patients(objected=[True] * 300), tmp_path / "register.parquet")
    text = run("explain", tmp_path / "register.parquet", "p0000", *DATE, "--model", MODEL, code=1)
    assert "objected" in text
    assert "Hypertension" not in text


def test_a_demonstration_model_is_for_synthetic_people_unless_the_user_insists(tmp_path):
    people = cm.synthesise("C87616", as_of="2021-01-01").to_arrow().slice(0, 300)
    pq.write_table(people, tmp_path / "synthetic.parquet")
    pq.write_table(people.replace_schema_metadata(None), tmp_path / "unmarked.parquet")
    options = ("--as-of", "2021-01-01", "--model", "demonstration-admission")
    jobs = (
        ("score", (), ("--out", tmp_path / "scores.csv", "--overwrite")),
        ("select", (), ("--scheme", SCHEME, "--out", tmp_path / "lists", "--overwrite")),
        ("explain", (people.column("patient_id")[0].as_py(),), ()),
    )
    for command, arguments, more in jobs:
        assert "DEMONSTRATION ONLY" in run(command, tmp_path / "synthetic.parquet", *arguments, *options, *more)
        unmarked = (command, tmp_path / "unmarked.parquet", *arguments, *options, *more)
        assert "for nothing else, write --demonstration." in run(*unmarked, code=1)
        assert "DEMONSTRATION ONLY" in run(*unmarked, "--demonstration")


def test_a_risk_is_explained_with_its_horizon_and_as_a_frequency(tmp_path):
    people = cm.synthesise("C87616", as_of="2021-01-01").to_arrow().slice(0, 50)
    pq.write_table(people, tmp_path / "register.parquet")
    patient, job = (
        people.column("patient_id")[0].as_py(),
        ("--as-of", "2021-01-01", "--model", "demonstration-admission"),
    )
    text = run("explain", tmp_path / "register.parquet", patient, *job)
    run("score", tmp_path / "register.parquet", *job, "--out", tmp_path / "scores.parquet")
    risk = pq.read_table(tmp_path / "scores.parquet").column("risk")[0].as_py()
    assert f"Risk within 365 days: {risk:.1%}, {round(risk * 100)} in 100" in text


# models, schemes, synthesise, demo


def test_models_and_schemes_list_all_that_ships():
    models, schemes = run("models"), run("schemes")
    for name in cm.list_models():
        assert name in models
        assert run("models", name, "--text").rstrip("\n") == cm.load_model(name).text.rstrip("\n")
    for name in cm.list_schemes():
        assert name in schemes
        assert cm.load_scheme(name).source in run("schemes", name)


def test_a_model_is_shown_with_what_it_is_not_for():
    text, model = run("models", MODEL), cm.load_model(MODEL)
    assert model.not_for in text
    assert "a score, not a risk" in text
    assert all(each.name in text for each in model.inputs)


def test_synthesise_writes_a_register_and_prints_the_age_shares(tmp_path):
    out = tmp_path / "practice.parquet"
    text = run("synthesise", "C87616", "--to", out, "--seed", 3, "--as-of", "2020-06-01")
    assert "5,819 patients of 1 practice." in text
    assert "published counts met within their tolerance" in text
    for name in CONDITIONS:
        assert f"\n{name} " in text
    assert "assumption" in text
    register = cm.read_register(out, as_of="2020-06-01")
    assert register.synthetic
    assert register.metadata["seed"] == 3
    assert "is there already" in run("synthesise", "C87616", "--to", out, code=4)
    assert register.metadata["seed"] == cm.read_register(out, as_of="2020-06-01").metadata["seed"]


def test_an_unknown_area_is_refused_with_the_nearest(tmp_path):
    assert "03L" in run("synthesise", "O3L", "--to", tmp_path / "x.parquet", code=1)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "casemgmt-demo"
    return folder, run("demo", "--out", folder)


def test_the_demonstration_keeps_every_rule_in_every_practice(demonstration):
    folder, _ = demonstration
    selection = cm.load_selection(folder)
    table, summary = selection.to_arrow(), selection.summary().to_pylist()
    assert len(selection.practices) == 29
    by_practice = {row["practice_id"]: row["list_size"] for row in summary}
    assert sum(by_practice.values()) == 265_018
    for row in summary:
        if row["route"] == "highest_risk":
            scored = row["list_size"] - row["unscored"] - row["objected"]
            assert row["met"] == row["used"] == min(row["list_size"] * 3 // 100, scored)
        if row["route"] == "judgement":
            assert row["used"] <= row["places"] == row["list_size"] * 2 // 100
    assert len(set(table.column("patient_id").to_pylist())) == table.num_rows
    people = cm.synthesise("03L").to_arrow()
    residents = pc.is_in(people.column("care_home_type"), pa.array(["nursing", "residential", "unspecified"]))
    for route, condition in (
        ("care_home", residents),
        ("over_75_review", pc.greater_equal(people.column("age"), 75)),
    ):
        expected = set(people.filter(condition).column("patient_id").to_pylist())
        assert set(table.filter(table.column(route)).column("patient_id").to_pylist()) == expected


def test_the_demonstration_says_what_its_people_and_its_score_are_not(demonstration):
    _, text = demonstration
    assert "265,018 synthetic patients" in text
    assert "No row is a real person" in text
    assert "not a risk of admission within 12 months" in text


def test_the_demonstration_shows_the_programmes_totals_beside_the_lists_year(demonstration):
    _, text = demonstration
    assert "12,000" in text
    assert "20,000" in text
    assert "2015" in text
    assert "2021" in text


def test_a_second_demonstration_replaces_the_first_and_is_the_same(demonstration):
    folder, text = demonstration
    before = (folder / "manifest.json").read_bytes()
    assert run("demo", "--out", folder) == text
    assert (folder / "manifest.json").read_bytes() == before


def test_a_demonstration_leaves_a_folder_of_something_else_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    run("demo", "--out", tmp_path, code=4)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


# Exit codes


def test_exit_code_1_is_an_input_refused(register, tmp_path):
    out = ("--out", tmp_path / "out")
    assert "There is no file" in run("check", tmp_path / "absent.csv", *DATE, code=1)
    said = run("select", register, *DATE, "--scheme", "rotherham", "--model", MODEL, *out, code=1)
    assert "Did you mean 'rotherham-201" in said
    assert "Did you mean" in run("models", "cambridge-multimorbidity", code=1)
    assert "298 were expected" in run("check", register, *DATE, "--expected-rows", 298, code=1)
    assert "'riskk'" in run("select", register, *DATE, "--scheme", SCHEME, "--score", "riskk", *out, code=1)
    assert run("verify", tmp_path, code=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("select", "x.csv", *DATE, "--scheme", SCHEME, "--out", "o"),
        ("select", "x.csv", *BY_MODEL, "--score", "points", "--out", "o"),
        ("select", "x.csv", *BY_MODEL),
        ("select", "x.csv", *BY_MODEL, "--out", "o", "--over-cap", "borrow"),
        ("select", "x.csv", *BY_MODEL, "--out", "o", "--threads", "0"),
        ("check", "x.csv"),
        ("check", "x.csv", "--as-of", "01/04/2015"),
        ("check", "x.csv", *DATE, "--column", "NHSNo"),
        ("check", "x.csv", *DATE, "--column", "a=b", "--column", "a=c"),
        ("check", "x.csv", *DATE, "--value", "sex=M"),
        ("check", "x.csv", *DATE, "--value", "sex:1=M", "--value", "sex:1=F"),
        ("check", "x.csv", *DATE, "--date-format", "%d/%m/%Y"),
        ("check", "x.csv", *DATE, "--colour"),
        ("synthesise", "--to", "register.csv"),
        ("explain", "x.csv", *DATE),
        ("treat",),
    ],
)
def test_exit_code_2_is_a_command_written_wrongly(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "Error" in run(*arguments, code=2)


def test_exit_code_3_is_nominations_over_the_cap_and_a_queue_resolves_it(tmp_path):
    everyone = patients(
        nominated=[i < 30 or i == 290 for i in range(300)], nomination_order=[i + 1 for i in range(300)]
    )
    pq.write_table(everyone, tmp_path / "register.parquet")
    job = ("select", tmp_path / "register.parquet", *BY_MODEL, "--out", tmp_path / "out")
    said = run(*job, code=3)
    assert "C87002" in said
    assert "C87003" not in said
    assert "p00" not in said
    assert not (tmp_path / "out").exists()
    text = run(*job, "--over-cap", "queue")
    waiting = cm.load_selection(tmp_path / "out").queue().num_rows
    assert waiting > 0
    assert f"{waiting} patients nominated over the cap, who wait" in text


def test_exit_code_4_is_an_output_not_written(register, tmp_path):
    out = tmp_path / "out"
    run("select", register, *BY_MODEL, "--out", out)
    before = (out / "manifest.json").read_bytes()
    run("select", register, *DATE, "--scheme", SCHEME, "--score", "points", "--out", out, code=4)
    assert (out / "manifest.json").read_bytes() == before
    run("select", register, *DATE, "--scheme", SCHEME, "--score", "points", "--out", out, "--overwrite")
    assert (out / "manifest.json").read_bytes() != before
    (tmp_path / "s.csv").write_text("mine")
    assert "is there already" in run("score", register, *DATE, "--model", MODEL, "--out", tmp_path / "s.csv", code=4)
    assert (tmp_path / "s.csv").read_text() == "mine"
    nowhere = tmp_path / "no" / "such" / "s.csv"
    assert "could not be written" in run("score", register, *DATE, "--model", MODEL, "--out", nowhere, code=4)


# What is printed


def test_piped_output_holds_no_control_characters_even_where_colour_is_forced(register, tmp_path):
    named = patients().append_column("post\x1b[31mcode\u202e", pa.array(["x"] * 300))
    pq.write_table(named, register)
    colour = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TERM": "xterm-256color"}
    for arguments in (
        ("--help",),
        ("schemes", SCHEME),
        ("check", register, *DATE, "--scheme", SCHEME),
        ("select", register, *BY_MODEL, "--out", tmp_path / "out"),
        ("select", register, *BY_MODEL, "--out", tmp_path / "out"),  # refused: the folder is there
        ("select", register, *BY_MODEL),  # usage
        ("synthesise", "C87616", "--to", tmp_path / "s.parquet"),
    ):
        done = piped(*arguments, **colour)
        assert "Traceback" not in done.stderr
        for stream in (done.stdout, done.stderr):
            assert all(c == "\n" or c.isprintable() for c in stream), (arguments, stream)


def test_what_goes_well_prints_nothing_on_standard_error(register, tmp_path):
    done = piped("select", register, *BY_MODEL, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")


class Terminal(io.StringIO):
    """A stream where a person looks."""

    encoding = "utf-8"

    def isatty(self):
        return True


def test_a_terminal_shows_drawn_tables_and_progress(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with show.working("Reading"), show.progress("Making", "practices") as moved:
        moved(1, 2)
    show.table("", ("route", "met"), [("[red]care_home", 1_234)], title="A title")
    assert "─" in out.getvalue()
    assert "[red]care_home" in out.getvalue()
    assert "1,234" in out.getvalue()
    assert "Making" in err.getvalue() or "Reading" in err.getvalue()


def test_a_plain_table_aligns_text_left_and_numbers_right(capsys):
    show.table("", ("route", "met"), [("care_home", 7), ("judgement", 1_234), ("x", None)], title="Routes")
    assert capsys.readouterr().out == "Routes\nroute        met\ncare_home      7\njudgement  1,234\nx\n"


# Nothing of a patient in a message


def spoilt_files(folder: Path):
    """Files that are refused, each with a patient's values in every column."""
    header = "patient_id,practice_id,age,date_of_birth,sex,care_home_type,surname"
    row = ",".join([CANARY] * 7)
    yield csv_file(folder / "quote.csv", header, f'"{row}'), ()
    yield csv_file(folder / "all-wrong.csv", header, *[f"{i}{row}" for i in range(40)]), ()
    yield csv_file(folder / "no-ids.csv", "surname,age", f"{CANARY},7"), ()
    yield csv_file(folder / "semicolons.csv", header.replace(",", ";"), row.replace(",", ";")), ()
    yield csv_file(folder / "fine.csv", header, row), ("--expected-rows", 7)
    yield csv_file(folder / "fine-too.csv", header, row), ("--value", f"surgery:{CANARY}=x")
    (folder / "cut.parquet").write_bytes(b"PAR1" + CANARY.encode() * 10)
    yield folder / "cut.parquet", ()


def test_a_refused_input_shows_no_value_of_a_patient(tmp_path):
    for path, options in spoilt_files(tmp_path):
        done = CliRunner().invoke(app, ["check", str(path), *DATE, *map(str, options)])
        assert done.exit_code == 1, path.name
        assert CANARY not in done.output, path.name
        assert isinstance(done.exception, SystemExit)


def test_a_register_full_of_errors_is_accounted_for_without_a_value(tmp_path):
    header = "patient_id,practice_id,age,sex,care_home_type,emergency_admissions_12m"
    rows = [f"{CANARY}{i},C87002,{CANARY},{CANARY},{CANARY},{CANARY}" for i in range(5)]
    text = run("check", csv_file(tmp_path / "register.csv", header, *rows), *DATE)
    assert "5 rows in = 5 accepted" in text
    assert CANARY not in text


def test_an_unexpected_error_shows_where_and_never_its_own_words(register, monkeypatch):
    from casemgmt.register import reading

    def broken(*_, **__):
        raise KeyError(f"could not convert {CANARY}")

    monkeypatch.setattr(reading, "read_register", broken)
    text = run("check", register, *DATE, code=1)
    assert "unexpected KeyError" in text
    assert "in broken" in text
    assert CANARY not in text
    assert "Traceback" not in text


def test_a_file_that_may_not_be_read_is_named_without_a_traceback(register, monkeypatch):
    from casemgmt.register import reading

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied", str(register))

    monkeypatch.setattr(reading, "read_register", denied)
    assert "register.parquet: Permission denied." in run("check", register, *DATE, code=1)
