"""The commissioner's report: every figure follows from what is published, and every file of it is whole."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publications import CANARY
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import InputError, PublishError
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.disclosure import suppress
from casemgmt.outputs.disclosure.homes import homes_that_may_leave
from casemgmt.outputs.disclosure.worlds import Publication
from casemgmt.outputs.report.change import read_last
from casemgmt.outputs.report.counted import homes_of
from casemgmt.outputs.report.figures import percent
from casemgmt.outputs.report.tariff import list_tariffs, load_tariff, read_tariff_text
from casemgmt.results.reporting import CommissionerReport

TARIFF = "rotherham-2015-16-example"
ETHNICITIES = ("White", "Asian", "Black", "Mixed", "Other")


def table_of(people: int = 2400, **changed: Any) -> pa.Table:
    """Three practices, with homes that two of them share."""
    rows = range(people)
    columns: dict[str, Any] = {
        "patient_id": [f"p{i:05d}" for i in rows],
        "practice_id": [f"C8700{1 + i % 3}" for i in rows],
        "age": [(i * 37) % 100 for i in rows],
        "sex": ["FM"[i % 2] for i in rows],
        "imd_decile": [1 + i % 10 for i in rows],
        "ethnicity": [None if i % 11 == 0 else ETHNICITIES[i % 5] for i in rows],
        "care_home_type": ["nursing" if i % 9 == 0 else "none" for i in rows],
        "care_home_id": [f"Home-{i % 48}" if i % 9 == 0 else None for i in rows],
        "nominated": [i % 50 == 3 for i in rows],
        "nomination_order": [i + 1 for i in rows],
        "last_review": ["2015-01-05" if i % 3 else "2012-01-05" for i in rows],
        "comment": [CANARY for _ in rows],
        "points": [float(i * 29 % 997) for i in rows],
    }
    return pa.table(columns | changed)


def selection_of(as_of: str = "2015-04-01", scheme: str = "rotherham-2015-16", **changed: Any) -> Any:
    register = cm.read_register(table_of(**changed), as_of=as_of)
    return cm.select(register, cm.load_scheme(scheme), score="points", over_cap="queue")


@pytest.fixture(scope="module")
def selection() -> Any:
    return selection_of()


@pytest.fixture(scope="module")
def report(selection) -> CommissionerReport:
    return cm.commissioner_report(selection, tariff=TARIFF)


@pytest.fixture(scope="module")
def saved(report, tmp_path_factory) -> Path:
    return report.save(tmp_path_factory.mktemp("report") / "out")


# Figures


def test_counts_by_practice_are_the_true_ones_suppressed_and_rounded(selection, report):
    whole = {(row["practice_id"], row["route"]): row for row in selection.summary().to_pylist()}
    places = [row for row in report.table("places").to_pylist() if (row["practice_id"], row["route"]) in whole]
    reviews = [row for row in report.table("reviews").to_pylist() if row["practice_id"] != "all practices"]
    assert len(places) == 12
    for row in places:
        true = whole[row["practice_id"], row["route"]]
        for name in ("list_size", "met", "used"):
            told = row[name] is None or row[name] == suppress(true[name])
            assert told and (row[name] is not None or true[name] is None or row["note"])
    for row in reviews:
        true = whole[row["practice_id"], row["route"]]
        assert (row["due"], row["done"]) == (suppress(true["due"]), suppress(true["done"]))


def test_all_else_follows_from_the_published_counts(report):
    """Places, unused, uptake, money and shares, worked out here from the report's own tables and nothing else."""
    places = report.table("places").to_pylist()
    size = {row["practice_id"]: row["list_size"] for row in places}
    share = {"highest_risk": 3, "judgement": 2}
    for row in places:
        if row["route"] in share and row["practice_id"] != "all practices":
            assert row["places"] == row["list_size"] * share[row["route"]] // 100
        if row["places"] is not None and row["used"] is not None and "at least" not in (row["note"] or ""):
            assert row["unused"] == max(row["places"] - row["used"], 0)
    for name in ("met", "used", "list_size"):
        for route in ("highest_risk", "care_home", "judgement", "over_75_review", "case_managed"):
            total, *parts = [row[name] for row in places if row["route"] == route]
            known = [part for part in parts if part is not None]
            assert total == (sum(known) if known else None)
    reviews = report.table("reviews").to_pylist()
    for row in reviews:
        assert row["uptake_percent"] == percent(row["done"], row["due"] + row["done"])
    done = {row["practice_id"]: row["done"] for row in reviews}
    plans = {row["practice_id"]: row["used"] for row in places if row["route"] == "case_managed"}
    for row in report.table("money").to_pylist():
        units = {"head": size, "plan": plans, "review": done}[row["per"]][row["practice_id"]]
        each = {"head": 5, "plan": 100, "review": 30}[row["per"]]
        assert (row["units"], row["pounds"]) == (units, units * each)
    for row in report.table("equity").to_pylist():
        if row["percent"] is not None:
            assert row["percent"] == percent(row["case_managed"], row["listed"])
    for row in report.table("programme").to_pylist():
        assert row["percent"] == percent(row["here"], row["programme"])


def test_the_figures_of_the_programme_are_there(report):
    assert [row["programme"] for row in report.table("programme").to_pylist()] == [12_000, 20_000]
    by = {row["by"] for row in report.table("equity").to_pylist()}
    assert by == {"deprivation decile (1 is the most deprived)", "ethnicity", "age", "sex"}
    groups = {row["group"] for row in report.table("equity").to_pylist() if row["by"] == "ethnicity"}
    assert groups == {*ETHNICITIES, "not stated"}
    money = {(row["payment"], row["certainty"]) for row in report.table("money").to_pylist()}
    assert money == {("over 75s", "B"), ("care plan", "D"), ("review", "D")}


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_percentage_is_rounded_half_up(part, whole):
    from fractions import Fraction

    exact = Fraction(1000 * part, whole) + Fraction(1, 2)
    assert percent(part, whole) == exact.__floor__() / 10


def test_the_change_is_of_published_figures(selection, tmp_path):
    first = cm.commissioner_report(selection).save(tmp_path / "first")
    later = selection_of("2015-07-01", nominated=[i % 25 == 3 for i in range(2400)])
    for previous in (first, selection.save(tmp_path / "lists")):
        report = cm.commissioner_report(later, previous=previous)
        rows = {(row["practice_id"], row["figure"]): row for row in report.table("change").to_pylist()}
        managed = rows["all practices", "case managed"]
        assert managed["change"] == managed["now"] - managed["before"] > 0
        assert rows["C87001", "list size"]["change"] == 0
        assert "list of 2015-04-01" in report.to_html()
    with pytest.raises(InputError, match="holds no report"):
        cm.commissioner_report(later, previous=tmp_path / "nowhere")
    (first / "figures/places.csv").write_bytes((first / "figures/places.csv").read_bytes() + b" ")
    with pytest.raises(InputError, match="intact"):
        cm.commissioner_report(later, previous=first)


# Care homes


def plain_homes(residents: list[tuple[str, str | None]]) -> tuple[int, int]:
    homes = {home for _, home in residents if home}
    return len(homes), sum(len({p for p, h in residents if h == home}) > 1 for home in homes)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.one_of(st.none(), st.sampled_from("uvwxyz"))), max_size=60))
def test_homes_are_counted_as_a_plain_count_does(residents):
    counted = homes_of("care_home", residents)
    assert (counted.homes, counted.shared) == plain_homes(residents)
    for practice, (own, shared) in counted.by_practice.items():
        mine = {home for p, home in residents if p == practice and home}
        others = {home for p, home in residents if p != practice}
        assert (own, shared) == (len(mine), len(mine & others))


def publication_of(met: dict[str, int]) -> Publication:
    rows = {}
    for practice, count in met.items():
        note = "met 1–7" if suppress(count) is None else None
        rows[practice] = [{"route": "care_home", "list_size": 1000, "met": suppress(count), "used": None, "note": note}]
    return Publication(scheme=cm.load_scheme("rotherham-2015-16"), ranked_by="", waiting=False, rows=rows)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("ABCDE"), st.lists(st.sampled_from([f"h{i}" for i in range(40)]), max_size=40)
    ).filter(len)
)
def test_homes_tell_nothing_of_a_practice_whose_residents_are_few(lists):
    """Practices of which nothing is hidden could fill every home that is told of, at the least they can have."""
    residents = [(practice, home) for practice, homes in lists.items() for home in homes]
    counted = homes_of("care_home", residents)
    publication = publication_of({practice: len(homes) for practice, homes in lists.items()})
    *own, total = homes_that_may_leave(counted, publication)
    least = {}
    for row in own:
        met = publication.rows[row["practice_id"]][0]["met"]
        if met is None:
            assert (row["care_homes"], row["shared_care_homes"]) == (None, None)
            assert "withheld" in row["note"]
        else:
            least[row["practice_id"]] = max(met - 2, 8) if met else 0
            assert (row["care_homes"] or 0) - 2 <= least[row["practice_id"]]
    if total["care_homes"] is not None:
        homes = max(total["care_homes"] - 2, 8) if total["care_homes"] else 0
        shared = total["shared_care_homes"]
        shared = 0 if not shared else max(shared - 2, 8)
        assert homes + shared <= sum(least.values())
    if not least:
        assert (total["care_homes"], total["shared_care_homes"]) == (None, None)


def test_homes_are_shown_where_they_tell_nothing(report):
    rows = {row["practice_id"]: row for row in report.table("care_homes").to_pylist()}
    assert rows["all practices"]["care_homes"] is not None or "1–7" in rows["all practices"]["note"]


# Whose register, and which


def test_a_selection_that_was_read_back_gives_the_same_report(selection, report, tmp_path):
    folder = selection.save(tmp_path / "lists")
    read_back = cm.load_selection(folder)
    again = cm.commissioner_report(read_back, register=selection.register, tariff=TARIFF)
    for name in report.names:
        assert again.table(name).equals(report.table(name)), name
    without = cm.commissioner_report(read_back)
    assert "give its register" in without.to_html()
    other = cm.read_register(table_of(people=2399), as_of="2015-04-01")
    for register in (other, cm.read_register(table_of(), as_of="2015-05-01")):
        with pytest.raises(InputError, match="not the one that this selection was made from"):
            cm.commissioner_report(read_back, register=register)


def test_what_a_register_lacks_is_said_and_not_made_up():
    table = table_of().drop_columns(["ethnicity", "care_home_id"])
    selection = cm.select(
        cm.read_register(table, as_of="2015-04-01"),
        cm.load_scheme("rotherham-2015-16"),
        score="points",
        over_cap="queue",
    )
    page = cm.commissioner_report(selection).to_html()
    assert "no column &#39;ethnicity&#39;" in page
    assert "no column &#39;care_home_id&#39;" in page
    assert "No tariff was given" in page


# Successive reports


def test_a_second_report_of_the_same_people_by_another_scheme_shows_no_groups(selection, tmp_path):
    cm.commissioner_report(selection).save(tmp_path / "one")
    again = cm.commissioner_report(selection).save(tmp_path / "same")
    assert (again / "figures/equity.csv").read_bytes() == (tmp_path / "one/figures/equity.csv").read_bytes()
    other = cm.commissioner_report(selection_of(scheme="prism-top-half-percent"))
    assert any(row["listed"] for row in other.table("equity").to_pylist())
    folder = other.save(tmp_path / "other")
    rows = read_csv((folder / "figures/equity.csv").read_bytes()).to_pylist()
    assert all(row["listed"] is None and "another report of the same people" in row["note"] for row in rows)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = cm.commissioner_report(other._asked.lists, published_before=[tmp_path / "one"])
    assert "another report of the same people" in told.to_html()
    later = cm.commissioner_report(selection_of("2015-07-01")).save(tmp_path / "later")
    assert any(row["listed"] for row in read_csv((later / "figures/equity.csv").read_bytes()).to_pylist())


def test_groups_are_not_told_again_beside_a_report_that_tells_them(tmp_path):
    selection = selection_of()
    selection.save(tmp_path / "lists")
    assert selection.by("sex", suppressed=True).num_rows
    cm.commissioner_report(selection).save(tmp_path / "report")
    with pytest.raises(InputError, match="tells their groups already"):
        selection.by("sex", suppressed=True)
    assert selection.by("sex").num_rows


def test_a_list_published_after_a_report_is_held_against_it(tmp_path):
    """The report told of 3%; a list by a share a little larger must not tell of the one between them."""
    from attacker import Counted, Person, Rule, scheme_of

    people = [Person(40, "F", "nursing" if i == 10 else "none", False) for i in range(338)]
    table = pa.table(
        {
            "patient_id": [f"p{i:03d}" for i in range(338)],
            "practice_id": ["C87001"] * 338,
            "age": [40] * 338,
            "sex": ["F"] * 338,
            "care_home_type": [person.home for person in people],
            "points": [1 - i / 1000 for i in range(338)],
        }
    )
    register = cm.read_register(table, as_of="2015-04-01")
    home = Rule("everyone", homes=("nursing", "residential"))
    rules = [[Rule("top_share", share=share), home] for share in ("3%", "3.3%")]
    small, large = (cm.select(register, scheme_of(each), score="points") for each in rules)
    assert Counted(rules[0], people).used[1]
    cm.commissioner_report(small).save(tmp_path / "report")
    folder = large.save(tmp_path / "lists")
    notes = [row["note"] for row in read_csv((folder / "commissioner/summary.csv").read_bytes()).to_pylist()]
    assert any("withheld" in (note or "") for note in notes)


# Files


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_is_private_named_in_the_manifest_and_the_same_again(report, saved, tmp_path):
    files = files_of(saved)
    manifest = json.loads(files.pop("manifest.json"))
    assert set(manifest["files"]) == set(files)
    assert {"report.html", "report.xlsx", "figures/places.csv", "figures/equity.csv"} <= set(files)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in saved.rglob("*") if path.is_file())
    assert files_of(report.save(tmp_path / "again")) == files_of(saved)


def test_no_file_holds_a_patient_or_a_whole_count(saved, selection):
    texts = {name: data for name, data in files_of(saved).items() if not name.endswith(".xlsx")}
    with zipfile.ZipFile(saved / "report.xlsx") as book:
        texts |= {name: book.read(name) for name in book.namelist()}
    ids = re.compile(rb"p0\d{4}|Home-|" + CANARY.encode())
    assert [name for name, data in texts.items() if ids.search(data)] == []
    manifest = json.loads((saved / "manifest.json").read_bytes())
    assert "rows" not in manifest["facts"] and "counts" not in manifest


def test_each_figure_has_date_and_scheme(saved):
    for path in (saved / "figures").iterdir():
        table = read_csv(path.read_bytes())
        assert table.column_names[:3] == ["as_of", "scheme", "ranked_by"]
        if table.num_rows:
            assert set(table.column("as_of").to_pylist()) == {"2015-04-01"}
            assert set(table.column("scheme").to_pylist()) == {"rotherham-2015-16"}


def test_a_report_replaces_a_report_and_nothing_else(report, saved, tmp_path, selection):
    folder = Path(shutil.copytree(saved, tmp_path / "copy"))
    with pytest.raises(PublishError, match="earlier report"):
        report.save(folder)
    report.save(folder, overwrite=True)
    (folder / "figures/mine.csv").write_text("x")
    with pytest.raises(PublishError, match="did not write"):
        report.save(folder, overwrite=True)
    lists = selection.save(tmp_path / "lists")
    with pytest.raises(PublishError, match="no report of this library"):
        report.save(lists, overwrite=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(PublishError):
        report.save(tmp_path / "file", overwrite=True)


def test_a_failed_disk_leaves_nothing(report, tmp_path, monkeypatch):
    import casemgmt.outputs.folders as folder

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "_check_written", fail)
    with pytest.raises(PublishError, match="No space left"):
        report.save(tmp_path / "deep/out")
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith("lock")] == []


# The page


def test_the_page_asks_for_nothing_and_runs_nothing(report):
    page = report.to_html()
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|@import|url\(|https?:|javascript:|\son\w+=", page, re.IGNORECASE)
    assert page.count("Intended purpose") >= 2


def test_the_page_is_marked_up_for_readers_of_all_kinds(report):
    page = report.to_html()
    assert '<html lang="en-GB">' in page
    assert page.count("<h1>") == 1
    assert page.count("<table>") == page.count("<caption>") == page.count('aria-label="Table: ')
    assert "<td" in page and re.search(r'<th scope="row"', page) and re.search(r'<th scope="col"', page)
    charts = re.findall(r"<svg[^>]*>", page)
    assert charts and all('role="img" aria-label="' in chart for chart in charts)
    # Each chart's numbers stand in words, and as data beside it.
    assert page.count("The same numbers are in the table below") == len(charts)
    assert "figures/places.csv" in page


HOSTILE = ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "[x](https://evil.example)", "$$note$$", "{{ 7*7 }}", "'")


def test_hostile_groups_execute_nothing_and_survive(tmp_path):
    selection = selection_of(ethnicity=[HOSTILE[i % len(HOSTILE)] for i in range(2400)])
    folder = cm.commissioner_report(selection).save(tmp_path / "out")
    page = (folder / "report.html").read_text()
    assert "<script" not in page and "49" not in re.findall(r"<td>(.*?)</td>", page)
    book = openpyxl.load_workbook(folder / "report.xlsx")
    cells = [cell for row in book["equity"].iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    groups = {row["group"] for row in read_csv((folder / "figures/equity.csv").read_bytes()).to_pylist()}
    shown = {str(cell.value) for cell in cells}
    for text in set(HOSTILE) & groups:
        assert text in shown
    assert len(set(HOSTILE) & groups) >= len(HOSTILE) - 1


# The workbook


@pytest.fixture(scope="module")
def book(saved) -> Any:
    return openpyxl.load_workbook(io.BytesIO((saved / "report.xlsx").read_bytes()))


def test_the_workbook_passes_the_analysis_functions_checklist(book, report):
    assert book.sheetnames == ["Cover", "Contents", "Notes", *report.names]
    assert book.properties.title
    assert book.properties.creator == "casemgmt"
    names = []
    for sheet in book:
        assert sheet["A1"].value and sheet["A1"].font.bold, "a title in the first cell"
        assert not sheet.merged_cells.ranges, "no merged cells"
        assert sheet.sheet_state == "visible"
        assert len(sheet.tables) <= 1, "one table a sheet"
        assert not sheet._images and not sheet._charts
        for table in sheet.tables.values():
            names.append(table.name)
            rows = list(sheet[table.ref])
            assert all(isinstance(cell.value, str) and cell.value.strip() for cell in rows[0]), "a heading a column"
            assert len({cell.value for cell in rows[0]}) == len(rows[0])
            assert all(cell.value is not None for row in rows for cell in row), "no empty cell in a table"
            assert all(cell.font.size >= 12 and cell.font.name == "Arial" for row in rows for cell in row)
        if sheet.title in report.names:
            said = sheet["A2"].value
            assert said.startswith(
                "This worksheet contains one table" if sheet.tables else "This worksheet contains no"
            )
            text = " ".join(str(cell.value) for cell in sheet["A"] if cell.value)
            assert "List of 2015-04-01. Scheme: rotherham-2015-16." in text
            assert "Intended purpose" in text
        for row in sheet.iter_rows():
            assert not [cell for cell in row if cell.data_type == "f"], "no formula"
    assert len(names) == len(set(names))


def test_shorthand_in_the_workbook_is_explained(book, report):
    explained = {row[0].value for row in book["Notes"].iter_rows(min_row=5)}
    used = {
        cell.value
        for sheet in (book[name] for name in report.names)
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and re.fullmatch(r"\[\w+\]", cell.value)
    }
    assert used and used <= explained


# Tariffs


def test_a_shipped_tariff_says_how_sure_each_amount_is():
    tariff = load_tariff(TARIFF)
    assert list_tariffs() == [TARIFF]
    assert [(each.per, each.pence, each.certainty) for each in tariff.payments] == [
        ("head", 500, "B"),
        ("plan", 10_000, "D"),
        ("review", 3_000, "D"),
    ]
    assert all(each.source for each in tariff.payments)


GOOD = load_tariff(TARIFF).text


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('"5.00"', "5.0", "'amount' is missing, or is no text"),
        ('"5.00"', '"-5"', "pounds in quotation marks"),
        ('"5.00"', '"5.001"', "pounds in quotation marks"),
        ('per       = "head"', 'per       = "bed"', "one of head, plan, review"),
        ('certainty = "B"', 'certainty = "sure"', "one of A, B, C, D"),
        ('name      = "review"', 'name      = "care_plan"', "two payments have one name"),
        ("[tariff]", "[other]", "unknown key 'other'"),
        ('id     = "', 'colour = "x"\nid     = "', "'colour' is no key"),
    ],
)
def test_a_tariff_that_says_too_little_is_refused(before, after, why):
    assert before in GOOD
    with pytest.raises(InputError, match=why):
        read_tariff_text(GOOD.replace(before, after), "mine.toml")


def test_an_unknown_tariff_is_refused_by_name(selection):
    with pytest.raises(InputError, match="There is no tariff 'rotherham'"):
        cm.commissioner_report(selection, tariff="rotherham")


# The command


def test_the_command_writes_the_report_of_a_published_selection(tmp_path):
    pq.write_table(table_of(), tmp_path / "register.parquet")
    common = [tmp_path / "register.parquet", "--as-of", "2015-04-01"]

    def run(*words: Any, code: int = 0) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    rules = ["--scheme", "rotherham-2015-16", "--score", "points", "--over-cap", "queue"]
    run("select", *common, *rules, "--out", tmp_path / "lists")
    more = ["--selection", tmp_path / "lists", "--tariff", TARIFF]
    said = run("report", *common, *more, "--out", tmp_path / "report")
    assert "3 practices" in said
    assert (tmp_path / "report/report.xlsx").is_file()
    run("report", *common, *more, "--out", tmp_path / "report", code=4)
    run("report", *common, *more, "--out", tmp_path / "next", "--previous", tmp_path / "report")
    assert "Last: list of 2015-04-01" in (tmp_path / "next/report.html").read_text()


# Registers that are larger than memory


def test_a_register_read_a_part_at_a_time_has_all_but_the_groups(selection, report, tmp_path):
    pq.write_table(table_of(), tmp_path / "register.parquet")
    scanned = cm.scan_register(tmp_path / "register.parquet", as_of="2015-04-01")
    lists = cm.select(scanned, cm.load_scheme("rotherham-2015-16"), score="points", over_cap="queue")
    streamed = cm.commissioner_report(lists, tariff=TARIFF)
    for name in ("places", "reviews", "programme", "money", "care_homes"):
        assert streamed.table(name).equals(report.table(name)), name
    assert "read it whole" in streamed.to_html()
    whole = cm.read_register(tmp_path / "register.parquet", as_of="2015-04-01")
    again = cm.commissioner_report(lists, register=whole)
    assert again.table("equity").equals(report.table("equity"))
    with pytest.raises(InputError, match="every row"):
        lists.letters()
    assert lists.recalls().equals(selection.recalls())


def test_a_report_of_a_later_list_is_no_report_before_this_one(selection, report, tmp_path):
    later = dataclasses.replace(read_last(report.save(tmp_path / "last")), as_of="2031-01-01")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("casemgmt.results.reporting.read_last", lambda _: later)
        with pytest.raises(InputError, match=r"previous: its list is of 2031-01-01, after"):
            cm.commissioner_report(selection, previous=tmp_path / "last")


@pytest.mark.parametrize("text", ["x" * 501, r"two\nlines", r"\u0007bell", r"\u202eturned"])
def test_a_text_of_a_tariff_that_a_cell_cannot_show_is_refused(text):
    with pytest.raises(InputError, match="one line of at most 500 letters"):
        read_tariff_text(re.sub("title *= .*", lambda _: f'title = "{text}"', GOOD, count=1), "mine.toml")
