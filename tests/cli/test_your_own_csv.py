"""From a practice's own CSV to a published list: four commands without Python, eight lines in a notebook, no guess."""

from __future__ import annotations

import re
import shlex
import time
import tomllib
from pathlib import Path

import pytest
from own_csv import BEFORE, HEAD, NAMES, own_csv
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app

SCHEME = "rotherham-2015-16"
PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGE = (PROJECT / "examples" / "your-own-csv.md").read_text(encoding="utf-8")
DATE = ("--as-of", "2024-04-01")
# What the person answers; the rest was drafted.
ANSWERS = {
    'null_means_absent = "?"': 'null_means_absent = "all-conditions"',
    '"Objects to sharing" = "?"': '"Objects to sharing" = "objected"',
}


def run(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split()) if code else done.output


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answered(file: Path, answers: dict[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for question, answer in answers.items():
        assert question in text, question
        text = text.replace(question, answer)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("patients", [50, 5_000])
@pytest.mark.parametrize("ranked", [("--score", "Risk %"), ("--model", "demonstration-admission")])
def test_at_most_four_commands_lead_from_the_front_page_to_a_published_list(here, patients, ranked):
    """The first of the four installs; the other three are these."""
    began = time.monotonic()
    own_csv(here / "register.csv", patients)
    said = run("check", "register.csv", *DATE, "--scheme", SCHEME, "--write-config", "register.toml")
    assert "with 2 questions" in said
    second = shlex.split(said.splitlines()[1])[1:]
    if ranked[0] == "--score":
        answered(here / "register.toml", ANSWERS)
        second[second.index("COLUMN")] = ranked[1]
        run(*second)
        register = run("verify", "lists")
        assert f"2 practices by '{SCHEME}', list of 2024-04-01" in register
        published = cm.load_selection(here / "lists")
        assert published.facts["rows"] == {
            **{"in": patients, "accepted": patients, "merged_repeats": 0, "quarantined": 0, "corrections": 0}
        }
        assert sum(published.facts["barred"].values()) == len(range(3, patients, 40))
        by = {row["patient_id"]: row for row in published.to_arrow().to_pylist()}
        assert not any(int(each[1:]) % 40 == 3 and row["highest_risk"] for each, row in by.items())
    else:
        assert "nobody has answered" in run(*second[:-4], *ranked, "--out", "lists", code=1)
    assert time.monotonic() - began < 60


def test_the_same_with_a_model_asks_for_the_columns_that_the_model_needs(here):
    own_csv(here / "register.csv", 500)
    said = run("check", "register.csv", *DATE, "--scheme", SCHEME, "--model", "lace", "--write-config", "m.toml")
    text = (here / "m.toml").read_text(encoding="utf-8")
    assert "--model lace" in said
    wanted = [name for name in cm.load_model("lace").columns if f'"? {name}"' in text]
    assert wanted == [] or all(
        "the model lace needs it" in line for line in text.splitlines() if line.startswith('"? ')
    )
    drafted = cm.draft_config("register.csv", model=cm.load_model("demonstration-admission"))
    asked = tomllib.loads(drafted.text)["columns"]
    assert asked["? imd_decile"] == "imd_decile"
    assert "the model demonstration-admission needs it: which column is it?" in drafted.text


def test_nothing_is_read_until_every_question_is_answered_and_a_typed_answer_is_one(here):
    own_csv(here / "register.csv", 50)
    run("check", "register.csv", *DATE, "--write-config", "register.toml")
    said = run("check", "register.csv", *DATE, "--config", "register.toml", code=1)
    assert "holds 2 questions that nobody has answered: [columns] Objects to sharing; null_means_absent." in said
    said = run("check", "register.csv", *DATE, "--config", "register.toml", "--null-means-absent", "diabetes", code=1)
    assert "1 question that nobody has answered: [columns] Objects to sharing" in said
    typed = ("--null-means-absent", "diabetes", "--column", "Objects to sharing=objected")
    assert "50 rows in = 50 accepted" in run("check", "register.csv", *DATE, "--config", "register.toml", *typed)
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match="2 questions"):
            read("register.csv", as_of="2024-04-01", config="register.toml")


def test_eight_lines_of_a_notebook_do_the_same(here):
    lines = re.search(r"```python\n(import casemgmt as cm\n.*?)```", PAGE.partition("notebook")[2], re.DOTALL)[1]
    statements = [line for line in lines.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(statements) <= 8
    own_csv(here / "register.csv", 5_000)
    exec(compile(lines, "<notebook>", "exec"), {})
    assert cm.load_selection(here / "lists").facts["rows"]["accepted"] == 5_000


def test_the_front_page_leads_to_the_page_and_the_page_shows_no_more_than_four_commands():
    assert "(examples/your-own-csv.md)" in README
    shown = re.findall(r"^\$ casemgmt (\w+)", PAGE, re.MULTILINE)
    assert shown == ["check", "select", "verify"]


# What is never guessed, and never shown


def drafted(path: Path, **cells) -> str:
    return cm.draft_config(own_csv(path, 200, **cells)).text


def test_a_day_that_could_be_a_month_is_asked_about_unless_one_is_over_12(here):
    small = lambda i: f"{1 + i % 12:02d}/{1 + i % 12:02d}/1944"  # noqa: E731
    text = drafted(here / "a.csv", **{"D.O.B.": small})
    assert tomllib.loads(text)["date_formats"] == {"date_of_birth": "?", "last_review": "%d/%m/%Y"}
    text = drafted(here / "b.csv", **{"D.O.B.": lambda i: "13/02/1944" if i == 77 else small(i)})
    assert tomllib.loads(text)["date_formats"]["date_of_birth"] == "%d/%m/%Y"
    text = drafted(here / "c.csv", **{"D.O.B.": lambda i: "02/13/1944" if i == 77 else small(i)})
    assert tomllib.loads(text)["date_formats"]["date_of_birth"] == "%m/%d/%Y"
    text = drafted(here / "d.csv", **{"D.O.B.": lambda i: ("02/13/1944", "13/02/1944")[i % 2]})
    assert tomllib.loads(text)["date_formats"]["date_of_birth"] == "?"
    text = drafted(here / "e.csv", **{"D.O.B.": lambda i: "13/02/44"})
    assert 'date_of_birth = "?"  # years of two digits, which are never read' in text


def test_figures_in_place_of_words_are_asked_about(here):
    sexes = tomllib.loads(drafted(here / "a.csv", Gender=lambda i: "129"[i % 3]))["values"]["sex"]
    assert sexes == {"1": "?", "2": "?", "9": "?"}
    text = drafted(here / "b.csv", Gender=lambda i: "12"[i % 2])
    assert '1 = "?"  # what does it mean? In the NHS Data Dictionary "M"' in text
    # 0 and 1 are no and yes; beside a 2, 1 need not be yes.
    assert "copd" not in tomllib.loads(drafted(here / "c.csv", **{"COPD (Y/N)": lambda i: "01"[i % 2]})).get(
        "values", {}
    )
    values = tomllib.loads(drafted(here / "d.csv", **{"COPD (Y/N)": lambda i: "12"[i % 2]}))["values"]
    assert values["copd"] == {"1": "?", "2": "?"}


def test_texts_of_care_homes_that_are_not_plain_are_asked_about_however_few_have_them(here):
    texts = {1: "Nursing Home", 2: "EMI unit", 3: "Rest home", 4: "own home"}
    homes = lambda i: texts.get(i % 20 if i % 20 != 3 else 0, "") or ("Rest home" if i == 3 else "")  # noqa: E731
    values = tomllib.loads(drafted(here / "a.csv", **{"Care Home": homes}))["values"]["care_home_type"]
    assert values.pop("Nursing Home") == "nursing"
    assert values.pop("own home") == "none"
    assert values == {"EMI unit": "?", "? 1 value not shown here": "?"}


def test_a_column_that_may_say_who_must_not_be_ranked_is_asked_about(here):
    columns = tomllib.loads(drafted(here / "a.csv"))["columns"]
    assert columns["Objects to sharing"] == "?"
    text = (
        own_csv(here / "b.csv", 60).read_text().replace("Surname", "Deceased (Y/N)").replace("Diabetic", "GP's choice")
    )
    (here / "b.csv").write_text(text)
    columns = tomllib.loads(cm.draft_config("b.csv").text)["columns"]
    assert columns["Deceased (Y/N)"] in ("?", "date_of_death")


def test_two_columns_that_may_be_one_field_are_asked_about(here):
    text = own_csv(here / "a.csv", 60).read_text().replace("Surname", "Date of Birth")
    (here / "a.csv").write_text(text)
    made = cm.draft_config("a.csv").text
    assert '"? date_of_birth" = "date_of_birth"  # which column is it: "Date of Birth" or "D.O.B."?' in made
    (here / "m.toml").write_text(made)
    with pytest.raises(cm.InputError, match=r"\[columns\] date_of_birth"):
        cm.read_register("a.csv", as_of="2024-04-01", config="m.toml")


def test_a_column_that_every_register_needs_is_asked_about(here):
    text = own_csv(here / "a.csv", 60).read_text().replace("Surgery", "Place").replace("D.O.B.", "Started")
    (here / "a.csv").write_text(text)
    asked = tomllib.loads(cm.draft_config("a.csv").text)["columns"]
    assert asked["? practice_id"] == "practice_id" and asked["? date_of_birth"] == "date_of_birth"
    known = cm.draft_config("a.csv", columns={"Place": "practice_id", "Started": "date_of_birth"})
    assert tomllib.loads(known.text)["columns"]["Place"] == "practice_id"
    assert "? practice_id" not in known.text


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"separator": ";"}, {"skip_lines": 4, "separator": ";"}),
        ({"separator": "\t"}, {"skip_lines": 4, "separator": "tab"}),
        ({"encoding": "utf-16"}, {"skip_lines": 4, "encoding": "utf-16"}),
        ({"encoding": "utf-8-sig", "ends": "\r\n"}, {"skip_lines": 4}),
        ({"encoding": "cp1252", "Surname": lambda i: "Müller"}, {"skip_lines": 4, "encoding": "?"}),
    ],
)
def test_where_the_header_stands_and_what_is_between_values_is_found(here, how, said):
    own_csv(here / "a.csv", 120, **how)
    made = cm.draft_config("a.csv")
    assert tomllib.loads(made.text)["reading"] == said
    (here / "m.toml").write_text(made.text)
    given = {"null_means_absent": ["diabetes"], "columns": {"Objects to sharing": "objected"}}
    given |= {"encoding": "cp1252"} if said.get("encoding") == "?" else {}
    assert len(cm.read_register("a.csv", as_of="2024-04-01", config="m.toml", **given)) == 120


def test_the_header_of_a_workbook_is_found_below_its_title(here):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in own_csv(here / "a.csv", 60).read_text().splitlines():
        book.active.append([cell or None for cell in line.split(",")])
    book.save(here / "a.xlsx")
    made = cm.draft_config("a.xlsx")
    assert tomllib.loads(made.text)["reading"] == {"skip_lines": 4}
    (here / "m.toml").write_text(made.text)
    given = {"null_means_absent": ["diabetes"], "columns": {"Objects to sharing": "objected"}}
    assert len(cm.read_register("a.xlsx", as_of="2024-04-01", config="m.toml", **given)) == 60


def test_a_question_that_was_answered_in_the_wrong_place_stays_one(here):
    homes = lambda i: "EMI unit" if i == 5 else ""  # noqa: E731
    own_csv(here / "a.csv", 60, **{"Care Home": homes, "Diabetic": lambda i: "N", "Objects to sharing": lambda i: "N"})
    text = cm.draft_config("a.csv").text.replace('"Objects to sharing" = "?"', '"Objects to sharing" = "objected"')
    key = '"? 1 value not shown here" = '
    assert f'{key}"?"' in text
    (here / "m.toml").write_text(text.replace(f'{key}"?"', f'{key}"nursing"'))
    with pytest.raises(cm.InputError, match=r"1 question .*\[values.care_home_type\] 1 value not shown here"):
        cm.read_register("a.csv", as_of="2024-04-01", config="m.toml")
    (here / "m.toml").write_text(text.replace(f'{key}"?"', '"EMI unit" = "nursing"'))
    register = cm.read_register("a.csv", as_of="2024-04-01", config="m.toml")
    assert register.column("care_home_type").to_pylist().count("nursing") == 1


def test_a_draft_holds_no_value_of_a_patient(here):
    text = drafted(here / "a.csv", Gender=lambda i: "Male" if i % 20 else f"typed about {NAMES[i % 3]}")
    lines = (here / "a.csv").read_text().splitlines()[len(BEFORE) + 1 :]
    values = {
        value
        for line in lines
        for name, value in zip(HEAD, line.split(","), strict=True)
        if name not in ("Gender", "Care Home")
    }
    shown = {value for value in values if len(value) > 2 and value in text}
    assert shown == set()
    assert not any(name in text for name in (*NAMES, "Meadow", "01/04/2024", "C87"))


def test_a_file_without_names_is_refused_and_nothing_of_it_is_shown(here):
    text = "\n".join(own_csv(here / "a.csv", 60).read_text().splitlines()[5:])
    (here / "a.csv").write_text(text + "\n")
    with pytest.raises(cm.InputError, match="none of its first 60 lines names columns") as refusal:
        cm.draft_config("a.csv")
    assert not any(name in str(refusal.value) for name in (*NAMES, "X0000"))


def test_a_draft_is_written_privately_and_replaces_nothing_unasked(here):
    own_csv(here / "a.csv", 60)
    made = cm.draft_config("a.csv", to="m.toml")
    assert (here / "m.toml").read_text(encoding="utf-8") == str(made) == made.text
    assert (here / "m.toml").stat().st_mode & 0o777 == 0o600
    with pytest.raises(cm.PublishError, match="is there already"):
        cm.draft_config("a.csv", to="m.toml")
    cm.draft_config("a.csv", to="m.toml", overwrite=True)
    assert cm.draft_config("a.csv", to=here / "n.toml").questions == made.questions == made.text.count('= "?"')


def test_the_json_of_a_draft_says_how_many_questions_it_holds(here):
    own_csv(here / "a.csv", 60)
    said = run("check", "a.csv", *DATE, "--write-config", "m.toml", "--json")
    assert '"questions": 2' in said


def test_one_question_is_asked_of_what_is_needed_and_what_would_be_used_is_named(here):
    path = own_csv(here / "register.csv", 300)
    text = path.read_text(encoding="utf-8").replace("GP Nominated", "GP choice").replace("Last Review", "Seen for it")
    path.write_text(text, encoding="utf-8")
    drafted = cm.draft_config(path, scheme=cm.load_scheme(SCHEME))
    lines = drafted.text.splitlines()
    assert [line for line in lines if "nominated" in line] == [
        '"GP choice" = "?"  # is it nominated? That name if so; its own name, if it is no field at all'
    ]
    [line] = [line for line in lines if line.startswith("# The scheme rotherham-2015-16 would use these too: ")]
    assert "last_review" in line and "objected" not in line
    assert any(
        re.search(r"# 1 condition \(diabetes\) has empty values, in up to \d+ of 300 rows; 1", line) for line in lines
    )


def test_a_row_of_totals_and_blank_lines_are_set_aside_and_the_line_is_that_of_the_file(here):
    path = own_csv(here / "register.csv", 300, separator=";", ends="\r\n")
    with path.open("ab") as file:
        file.write(b"Total: 300 patients" + b";" * 13 + b"\r\n\r\n\r\n")
    run("check", path, *DATE, "--scheme", SCHEME, "--write-config", "register.toml")
    answered(here / "register.toml", ANSWERS)
    said = run("check", path, *DATE, "--config", "register.toml")
    line = path.read_bytes().split(b"Total")[0].count(b"\n") + 1
    assert "1 row of 301 quarantined: practice_id 1" in said
    assert re.search(rf"practice_id +missing +1 +line {line}\n", said), said
    assert "count from 1, the first of the file, without blank ones" in said


def test_an_answer_of_no_condition_and_of_all_may_be_given_in_the_call(here):
    path = own_csv(here / "register.csv", 300)
    cm.draft_config(path, to="register.toml")
    said = {"as_of": "2024-04-01", "config": "register.toml", "columns": {"Objects to sharing": "objected"}}
    with pytest.raises(cm.InputError, match="nobody has answered: null_means_absent"):
        cm.read_register(path, **said)
    unknown = cm.read_register(path, **said, null_means_absent=[])
    absent = cm.read_register(path, **said, null_means_absent="all-conditions")
    assert unknown.column("diabetes").null_count > 0 == absent.column("diabetes").null_count
    scheme = cm.load_scheme("prism-top-half-percent")
    assert len(cm.select(cm.scan_register(path, **said, null_means_absent=[]), scheme, score="Risk %"))
    answered(here / "register.toml", {'null_means_absent = "?"': 'null_means_absent = "all-conditions"'})
    assert cm.read_register(path, **said, null_means_absent=[]).column("diabetes").null_count > 0
    assert cm.read_register(path, **said).column("diabetes").null_count == 0
