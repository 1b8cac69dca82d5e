"""``casemgmt compare``, and ``select`` with an earlier selection, end to end as a user types them."""

from __future__ import annotations

import datetime as dt
import stat

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from test_cli import DATE, MODEL, SCHEME, patients, run

import casemgmt as cm

LATER = "2015-05-01"
RULES = ("--scheme", SCHEME, "--model", MODEL)
DATES = ("--as-of-before", "2015-04-01", "--as-of", LATER)


def a_month_later() -> pa.Table:
    """Some in each practice leave, fall ill, recover, move into a home, or are no longer nominated."""
    number = range(300)
    return patients(
        care_home_type=["nursing" if i % 25 == 3 or i == 60 else "none" for i in number],
        nominated=[i % 50 == 7 and i != 57 for i in number],
        dementia=[i % 40 == 1 for i in number],
        points=[float((41 * i) % 101) for i in number],
        date_of_death=[dt.date(2015, 4, 20) if i in (3, 28) else None for i in number],
    )


@pytest.fixture
def months(tmp_path):
    before, after = tmp_path / "april.parquet", tmp_path / "may.parquet"
    pq.write_table(patients(), before)
    pq.write_table(a_month_later(), after)
    return before, after


def selected(path, as_of, scheme=SCHEME, model=MODEL, **options) -> cm.Selection:
    return cm.select(cm.read_register(path, as_of=as_of), cm.load_scheme(scheme), model=cm.load_model(model), **options)


def as_text(path) -> pa.Table:
    """A CSV file, every cell as text."""
    heads = path.read_bytes().decode("utf-8-sig").splitlines()[0].replace('"', "").split(",")
    types = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(heads, pa.string()), strings_can_be_null=True)
    return pyarrow.csv.read_csv(path, convert_options=types)


def own_scheme(folder, old: str, new: str):
    """The shipped scheme with one text in place of another, under its own id."""
    text = run("schemes", SCHEME, "--text").replace(f'"{SCHEME}"', '"own"', 1)
    assert old in text
    (folder / "own.toml").write_text(text.replace(old, new), encoding="utf-8")
    return folder / "own.toml"


# compare


def test_compare_prints_and_writes_what_the_python_interface_compares(months, tmp_path):
    out = tmp_path / "changes.csv"
    text = " ".join(run("compare", *months, *DATES, *RULES, "--out", out).split())
    found = cm.compare(selected(months[0], "2015-04-01"), selected(months[1], LATER))
    written = as_text(out)
    for name in ("practice_id", "patient_id", "route", "change", "reason", "detail"):
        assert written.column(name).to_pylist() == found.changes.column(name).to_pylist()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    summary, reasons = found.summary().to_pylist(), found.reasons().to_pylist()
    for route in {row["route"] for row in summary}:
        counts = [sum(row[n] for row in summary if row["route"] == route) for n in ("before", "after", "stayers")]
        assert f"{route} {counts[0]} {counts[1]} {counts[2]} " in text
    assert {row["reason"] for row in reasons} >= {"registration", "care home", "nomination", "own score"}
    for route, change, reason in {(row["route"], row["change"], row["reason"]) for row in reasons}:
        many = sum(
            row["patients"]
            for row in reasons
            if (row["route"], row["change"], row["reason"]) == (route, change, reason)
        )
        assert f"{route} {change} {reason} {many}" in text


def test_compare_writes_the_same_rows_as_parquet(months, tmp_path):
    run("compare", *months, *DATES, *RULES, "--out", tmp_path / "changes.parquet")
    found = cm.compare(selected(months[0], "2015-04-01"), selected(months[1], LATER))
    assert pq.read_table(tmp_path / "changes.parquet").equals(found.changes)


def test_compare_prints_counts_and_no_patient(months):
    assert "p0" not in run("compare", *months, *DATES, *RULES, "--practice")


def test_each_practice_is_printed_when_asked_for(months):
    plain, each = (run("compare", *months, *DATES, *RULES, *more) for more in ((), ("--practice",)))
    assert "Practice C87002" not in plain
    for practice in ("C87002", "C87003"):
        own = each.partition(f"Practice {practice}\n")[2].partition("Practice ")[0]
        found = cm.compare(selected(months[0], "2015-04-01"), selected(months[1], LATER)).summary().to_pylist()
        row = next(row for row in found if (row["practice_id"], row["route"]) == (practice, "highest_risk"))
        assert f"highest_risk {row['before']} {row['after']} {row['stayers']} " in " ".join(own.split())


def test_what_if_the_share_were_larger_brings_joiners_by_the_scheme_alone(months, tmp_path):
    larger = own_scheme(tmp_path, '"3%"', '"5%"')
    one = months[0]
    text = run(
        *("compare", one, one, "--as-of-before", "2015-04-01", *DATE),
        *("--scheme-before", SCHEME, "--scheme", larger, "--model", MODEL, "--out", tmp_path / "what-if.csv"),
    )
    rows = as_text(tmp_path / "what-if.csv").to_pylist()
    moved = [row for row in rows if row["route"] == "highest_risk" and row["change"] != "stayer"]
    assert [(row["change"], row["reason"]) for row in moved] == [("joiner", "scheme")] * 6  # 10 + 5 places from 6 + 3
    assert " leaver " not in text


def test_another_model_is_the_reason_where_nothing_else_changed(tmp_path):
    people = cm.synthesise("C87616", as_of="2021-01-01").to_arrow().slice(0, 1000)
    pq.write_table(people, tmp_path / "one.parquet")
    text = run(
        *("compare", tmp_path / "one.parquet", tmp_path / "one.parquet", "--as-of-before", "2021-01-01"),
        *("--as-of", "2021-01-01", "--scheme", SCHEME, "--model-before", MODEL, "--model", "demonstration-admission"),
    )
    why = [line.split() for line in text.splitlines() if " joiner " in line or " leaver " in line]
    assert why
    assert {words[2] for words in why} == {"model"}
    assert "DEMONSTRATION ONLY" in text
    assert "The people are synthetic." in text


def test_a_demonstration_model_is_compared_on_real_people_only_when_the_user_insists(tmp_path):
    people = cm.synthesise("C87616", as_of="2021-01-01").to_arrow().slice(0, 300).replace_schema_metadata(None)
    pq.write_table(people, tmp_path / "one.parquet")
    job = (
        *("compare", tmp_path / "one.parquet", tmp_path / "one.parquet", "--as-of-before", "2021-01-01"),
        *("--as-of", "2021-01-01", "--scheme", SCHEME, "--model", "demonstration-admission"),
    )
    assert "for nothing else, write --demonstration." in run(*job, code=1)
    text = run(*job, "--demonstration")
    assert "DEMONSTRATION ONLY" in text
    assert "synthetic" not in text


def test_given_scores_can_be_compared(months):
    text = run("compare", *months, *DATES, "--scheme", SCHEME, "--score", "points")
    assert "ranked by given scores" in text
    assert "own score" in text


def test_how_columns_are_read_is_shared_and_dates_and_rows_are_each_registers_own(months):
    for path in months:
        pq.write_table(pq.read_table(path).rename_columns({"patient_id": "NHSNo"}), path)
    job = ("compare", *months, *DATES, *RULES, "--column", "NHSNo=patient_id")
    assert "list of 2015-04-01" in run(*job, "--expected-rows-before", 300, "--expected-rows", 300)
    for option, named in (("--expected-rows-before", "BEFORE: "), ("--expected-rows", "AFTER: ")):
        assert named in run(*job, option, 299, code=1)
    # Deaths of 20 April are known only in what was drawn after it; on the list of 15 April, they would lie ahead.
    early = ("compare", *months, "--as-of-before", "2015-04-01", "--as-of", "2015-04-15", *RULES)
    early = (*early, "--column", "NHSNo=patient_id")
    assert "registration" not in run(*early)
    assert "registration" in run(*early, "--extracted-on", LATER)


def test_official_list_sizes_are_each_registers_own(months, tmp_path):
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("practice_id,list_size\nC87002,400\nC87003,200\n", encoding="utf-8")
    for option, counts in (("--list-sizes-before", "18 8"), ("--list-sizes", "9 18")):
        text = " ".join(run("compare", *months, *DATES, *RULES, option, sizes, "--list-size-within", "any").split())
        assert f"highest_risk {counts} " in text


def test_exit_code_1_names_the_register_that_is_refused(months, tmp_path):
    pq.write_table(pq.read_table(months[0]).drop_columns(["nominated"]), months[0])
    assert "BEFORE: 1 column" in run("compare", *months, *DATES, *RULES, code=1)
    missing = tmp_path / "none.parquet"
    assert "AFTER: " in run("compare", months[1], missing, *DATES, *RULES, code=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("x.csv", "y.csv", *DATES, "--scheme", SCHEME),
        ("x.csv", "y.csv", *DATES, *RULES, "--score", "points"),
        ("x.csv", "y.csv", *DATES, "--scheme", SCHEME, "--score", "points", "--model-before", MODEL),
        ("x.csv", "y.csv", "--as-of", LATER, *RULES),
        ("x.csv", "y.csv", "--as-of-before", LATER, *RULES),
        ("x.csv", *DATES, *RULES),
        ("x.csv", "y.csv", *DATES, *RULES, "--out", "changes.xlsx"),
        ("x.csv", "y.csv", *DATES, *RULES, "--over-cap", "borrow"),
    ],
)
def test_exit_code_2_is_a_comparison_written_wrongly(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "Error" in run("compare", *arguments, code=2)


def test_exit_code_3_is_nominations_over_the_cap_of_either_register(months):
    crowded = patients(nominated=[i < 30 for i in range(300)], nomination_order=[i + 1 for i in range(300)])
    pq.write_table(crowded, months[1])
    said = run("compare", *months, *DATES, *RULES, code=3)
    assert "AFTER: 1 practice nominated more" in said
    assert "p00" not in said
    assert "judgement" in run("compare", *months, *DATES, *RULES, "--over-cap", "queue")


def test_exit_code_4_leaves_the_file_that_was_there(months, tmp_path):
    out = tmp_path / "changes.csv"
    out.write_text("mine", encoding="utf-8")
    job = ("compare", *months, *DATES, *RULES, "--out", out)
    assert "is there already" in run(*job, code=4)
    assert out.read_text(encoding="utf-8") == "mine"
    run(*job, "--overwrite")
    assert as_text(out).num_rows > 0


# select --previous


def test_a_previous_selection_fills_the_caseload_and_nobody_is_dropped_silently(months, tmp_path):
    april, may, left = tmp_path / "april", tmp_path / "may", tmp_path / "removals.csv"
    assert "on the caseload and not selected" not in run("select", months[0], *DATE, *RULES, "--out", april)
    text = run(*("select", months[1], "--as-of", LATER, *RULES, "--out", may, "--previous", april, "--removals", left))
    by_hand = selected(months[1], LATER, previous=cm.load_selection(april))
    assert cm.load_selection(may).to_arrow().equals(by_hand.to_arrow())
    managed = [
        {(row["practice_id"], row["patient_id"]) for row in lists.to_arrow().to_pylist() if row["case_managed"]}
        for lists in (cm.load_selection(april), by_hand)
    ]
    rows = as_text(left).to_pylist()
    assert rows == [{**row, "proposed_on": row["proposed_on"].isoformat()} for row in by_hand.removals().to_pylist()]
    assert {(row["practice_id"], row["patient_id"]) for row in rows} == managed[0] - managed[1] != set()
    assert f"{len(rows)} patients on the caseload and not selected again" in text
    assert "confirm ended (registration): 2" in text
    assert "Nobody leaves the caseload until a clinician ends it, and --ended says so." in text
    assert stat.S_IMODE(left.stat().st_mode) == 0o600


def test_the_printed_removals_name_no_patient_and_say_how_to_have_them_named(months, tmp_path):
    run("select", months[0], *DATE, *RULES, "--out", tmp_path / "lists")
    text = run(
        *("select", months[1], "--as-of", LATER, *RULES, "--out", tmp_path / "lists", "--overwrite"),
        *("--previous", tmp_path / "lists"),
    )
    assert "--removals FILE.csv says who and why" in text
    assert "p0" not in text


def test_a_caseload_that_the_register_names_is_accounted_for_without_an_earlier_selection(tmp_path):
    pq.write_table(patients(on_caseload=[i in (4, 299) for i in range(300)]), tmp_path / "register.parquet")
    job = ("select", tmp_path / "register.parquet", *DATE, *RULES)
    selection = selected(tmp_path / "register.parquet", "2015-04-01")
    assert selection.removals().num_rows == 2
    assert "2 patients on the caseload and not selected again" in run(*job, "--out", tmp_path / "a")
    run(*job, "--out", tmp_path / "b", "--removals", tmp_path / "removals.parquet")
    assert pq.read_table(tmp_path / "removals.parquet").equals(selection.removals())


def test_a_file_of_removals_without_anybody_is_still_written(months, tmp_path):
    run("select", months[0], *DATE, *RULES, "--out", tmp_path / "out", "--removals", tmp_path / "removals.csv")
    assert as_text(tmp_path / "removals.csv").num_rows == 0


def test_removals_in_a_spreadsheet_run_nothing(tmp_path):
    ids = [f"=p{i:04d}" for i in range(300)]
    pq.write_table(patients(patient_id=ids, on_caseload=[True] * 300), tmp_path / "register.parquet")
    run(
        *("select", tmp_path / "register.parquet", *DATE, *RULES, "--out", tmp_path / "out"),
        *("--removals", tmp_path / "removals.csv"),
    )
    text = (tmp_path / "removals.csv").read_bytes().decode("utf-8-sig")
    assert "p0000" in text
    assert not any(cell.strip('"').startswith("=") for line in text.splitlines() for cell in line.split(","))


def test_nothing_is_published_where_the_removals_could_not_be_written(months, tmp_path):
    (tmp_path / "removals.csv").write_text("mine", encoding="utf-8")
    job = ("select", months[0], *DATE, *RULES, "--out", tmp_path / "out", "--removals")
    run(*job, tmp_path / "removals.csv", code=4)
    run(*job, tmp_path / "removals.xlsx", code=2)
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "removals.csv").read_text(encoding="utf-8") == "mine"


def test_a_changed_earlier_selection_is_refused(months, tmp_path):
    run("select", months[0], *DATE, *RULES, "--out", tmp_path / "april")
    with (tmp_path / "april" / "processor" / "summary.csv").open("ab") as file:
        file.write(b"\n")
    job = ("select", months[1], "--as-of", LATER, *RULES, "--out", tmp_path / "may", "--previous")
    assert "changed since it was published" in run(*job, tmp_path / "april", code=1)
    assert "There is no publication" in run(*job, tmp_path / "nowhere", code=1)
    assert not (tmp_path / "may").exists()


def test_reasons_are_held_against_what_the_user_says(months, tmp_path):
    run("select", months[0], *DATE, *RULES, "--out", tmp_path / "out", "--reference", "practice")
    published = cm.load_selection(tmp_path / "out").to_arrow()
    assert published.equals(selected(months[0], "2015-04-01", reference="practice").to_arrow())
    assert pc.any(pc.match_substring(published.column("reason_1"), "against the practice's average")).as_py()
    run("select", months[0], *DATE, *RULES, "--out", tmp_path / "out", "--reference", "nation", code=2)
