"""Outcomes side by side, the form that may leave, figures, files, and the command."""

from __future__ import annotations

import csv
import datetime as dt
import random
import stat
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.aims.definitions import NO_EFFECT
from casemgmt.aims.plots import draw
from casemgmt.aims.side_by_side import COUNTS
from casemgmt.cli import app
from casemgmt.errors import InputError, PublishError
from casemgmt.outputs.disclosure.suppression import behind

sys.path.append(str(Path(__file__).parents[2] / "examples"))
from made_up_years import made_up_years

FINANCIAL = {"year": "financial", "base_year": "2013/14", "covers": ("2012-04-01", "2016-03-31"), "procedures": ()}


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return made_up_years()


@pytest.fixture(scope="module")
def found(tables) -> Any:
    return cm.outcomes(tables["episodes"], tables["lists"], deaths=tables["deaths"], life_expectancy=75, **FINANCIAL)


def with_counts(*counts: int, year: int = 2013) -> Any:
    """Outcomes of practices with so many emergency admissions."""
    day, rows, lists = dt.date(year, 5, 1), [], []
    for place, count in enumerate(counts):
        practice = f"C87{place:03}"
        lists.append({"practice_id": practice, "year": year, "list_size": 1003})
        rows += [
            {"patient_id": f"{practice}{n}", "practice_id": practice, "admission_date": day, "admission_method": "21"}
            for n in range(count)
        ]
    covers = (f"{year}-01-01", f"{year}-12-31")
    tables = [pa.Table.from_pylist(each) for each in (rows, lists)]
    return cm.outcomes(*tables, year="calendar", base_year=year, covers=covers)


def test_the_measures_of_a_year_stand_side_by_side(found):
    rows = found.by_practice("2014/15").to_pylist()
    assert [row["practice_id"] for row in rows] == [*found.practices, "all practices"]
    for name, (measure, column) in COUNTS.items():
        theirs = {r["practice_id"]: r[column] for r in found.table(measure).to_pylist() if r["year"] == "2014/15"}
        assert {row["practice_id"]: row[name] for row in rows} == theirs
    assert rows[0]["emergency_admissions_per_1000"] == 1000 * rows[0]["emergency_admissions"] / rows[0]["list_size"]
    assert found.by_practice().schema.metadata[b"year"] == b"2015/16"


def test_what_leaves_is_rounded_and_its_rates_and_totals_come_from_what_is_shown(found):
    whole, leaving = found.by_practice().to_pylist(), found.by_practice(suppressed=True).to_pylist()
    for true, shown in zip(whole[:-1], leaving[:-1], strict=True):
        for name in COUNTS:
            if shown[name] is None:
                assert name in shown["note"]
            else:
                low, high = behind(shown[name])
                assert shown[name] % 5 == 0
                assert low <= true[name] <= high
        for name in ("emergency_admissions", "avoidable_admissions"):
            rate = None if shown[name] is None else 1000 * shown[name] / shown["list_size"]
            assert shown[f"{name}_per_1000"] == rate
    total = leaving[-1]
    for name in COUNTS:
        assert total[name] == sum(row[name] for row in leaving[:-1] if row[name] is not None)
    assert "deaths" in total["note"]


@pytest.mark.parametrize("counts", [(3, 40, 50, 60), (0, 40, 50), (7, 7, 90), (8, 9, 12)])
def test_a_small_count_is_left_out(counts):
    rows = with_counts(*counts).by_practice(suppressed=True).to_pylist()
    for count, row in zip(counts, rows, strict=False):
        assert row["list_size"] == 1005
        assert 1 <= count <= 7 or row["emergency_admissions"] is not None or "withheld" in row["note"]
        if 1 <= count <= 7:
            assert row["emergency_admissions"] is None
            assert row["emergency_admissions_per_1000"] is None
            assert "emergency_admissions 1–7" in row["note"]


def test_a_small_count_that_would_follow_from_the_total_takes_another_with_it_or_refuses_the_table():
    # Of two practices with 3 and 50, a total of 53 that is known tells the first to within 1 to 5.
    rows = with_counts(3, 50).by_practice(suppressed=True).to_pylist()
    assert [row["emergency_admissions"] for row in rows] == [None, None, None]
    assert [row["note"] for row in rows[:2]] == ["emergency_admissions 1–7", "emergency_admissions withheld"]
    with pytest.raises(InputError, match="Nothing of them may leave"):
        with_counts(5, 5).by_practice(suppressed=True)


def test_no_table_at_random_tells_more_of_a_small_count_than_that_it_is_small():
    choose = random.Random(0)
    for _ in range(12):
        counts = [choose.choice((0, 2, 6, 8, 15, 33)) for _ in range(choose.randrange(3, 6))]
        try:
            rows = with_counts(*counts).by_practice(suppressed=True).to_pylist()[:-1]
        except InputError:
            continue
        shown = [row["emergency_admissions"] for row in rows]
        ranges = [
            behind(value) if value is not None else (1, 7) if "1–7" in row["note"] else (0, sum(counts))
            for value, row in zip(shown, rows, strict=True)
        ]
        for place, count in enumerate(counts):
            if not 1 <= count <= 7:
                continue
            others = [each for at, each in enumerate(ranges) if at != place]
            low = max(1, sum(counts) - sum(high for _, high in others))
            high = min(7, sum(counts) - sum(low for low, _ in others))
            assert (low, high) == (1, 7), counts


# Funnels and run charts


def test_the_practice_that_was_made_high_lies_above_the_limits(found):
    positions = {
        row["practice_id"]: row["position"] for row in found.funnel("emergency_admissions", "2013/14").to_pylist()
    }
    assert positions["C87006"] == "above 99.8%"
    assert found.funnel("home_91_days").schema.metadata[b"year"] == b"2014/15"  # the last that is followed whole


def test_a_run_chart_has_a_row_a_period_that_is_covered_whole(found):
    months = found.run_chart("emergency_admissions")
    assert months.num_rows == 48
    assert found.run_chart("emergency_admissions", period="quarter").num_rows == 16
    years = found.run_chart("emergency_admissions", period="year").to_pylist()
    rates = [
        r["per_1000"] for r in found.table("emergency_admissions").to_pylist() if r["practice_id"] == "all practices"
    ]
    assert [row["per_1000_a_year"] for row in years] == pytest.approx(rates)
    assert {row["runs_at_least"] for row in years} == {None}
    assert sum(months.column("admissions").to_pylist()) == sum(row["admissions"] for row in years)
    one = found.run_chart("avoidable_admissions", practice="C87003", period="year").to_pylist()
    theirs = [r for r in found.table("avoidable_admissions").to_pylist() if r["practice_id"] == "C87003"]
    assert [row["admissions"] for row in one] == [row["avoidable_admissions"] for row in theirs]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda found: found.funnel("length_of_stay"), "measure must be"),
        (lambda found: found.funnel("emergency_admissions", "2019/20"), "name one that is covered whole"),
        (lambda found: found.run_chart("home_91_days"), "measure must be"),
        (lambda found: found.run_chart("emergency_admissions", period="week"), "period must be"),
        (lambda found: found.run_chart("emergency_admissions", practice="C87099"), "There is no practice"),
        (lambda found: found.table("admissions"), "There is no measure"),
        (lambda found: found.by_practice("2015"), "name one that is covered whole"),
        (lambda found: found.plot("pie"), "which must be"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(found, call, words):
    with pytest.raises(InputError, match=words):
        call(found)


def test_figures_tell_by_marker_and_words_and_carry_the_caution(found):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is an extra")
    try:
        funnel = found.plot("funnel", "emergency_admissions", year="2013/14")
        chart = found.plot("run_chart", "emergency_admissions", period="month")
        for ax in (funnel, chart):
            assert "no effect" in ax.get_xlabel().replace("\n", " ")
            assert len({line.get_marker() for line in ax.lines}) > 1
        assert "C87006" in {text.get_text() for text in funnel.texts}
        assert "dispersion" in funnel.get_xlabel()
        assert "shift: 6 or more" in chart.get_xlabel().replace("\n", " ")
        own = pyplot.subplots()[1]
        assert draw("funnel", found.funnel("home_91_days"), own) is own
    finally:
        pyplot.close("all")


def test_everything_is_saved_privately_or_nothing(found, tmp_path):
    folder = found.save(tmp_path / "out")
    names = {path.name for path in folder.iterdir()}
    assert {f"{name}.csv" for name in (*found.measures, "definitions", "account", "report")} <= names
    assert {"emergency_admissions-funnel.csv", "emergency_admissions-run-chart.csv", "README.txt"} <= names
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with (folder / "emergency_admissions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found.table("emergency_admissions").num_rows
    with pytest.raises(PublishError, match="there already"):
        found.save(tmp_path / "out")
    again = found.save(tmp_path / "again")
    assert all((again / name).read_bytes() == (folder / name).read_bytes() for name in names)


# The command


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["outcomes", *map(str, arguments)])


def files(tables: dict[str, pa.Table], folder: Path) -> list[object]:
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    lists = ("--lists", folder / "lists.parquet", "--year", "financial", "--base-year", "2013/14")
    return [folder / "episodes.parquet", *lists, "--covers-from", "2012-04-01", "--covers-to", "2016-03-31"]


def test_the_command_writes_and_says_what_the_function_finds(tables, found, tmp_path):
    asked = files(tables, tmp_path)
    more = ("--deaths", tmp_path / "deaths.parquet", "--life-expectancy", "75", "--no-procedures")
    done = run(*asked, *more, "--to", tmp_path / "out", "--suppressed", tmp_path / "leaving.csv")
    assert done.exit_code == 0, done.output
    assert NO_EFFECT in done.output
    assert "2015/16       3,851  93.5 (90.5 to 96.5)       87.7 (84.0 to 91.6)                 yes" in done.output
    assert "2015/16 (part)" in done.output  # not everybody is followed for 91 days
    ours = found.save(tmp_path / "ours")
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == {
        p.name: p.read_bytes() for p in ours.iterdir()
    }
    assert "1–7" in (tmp_path / "leaving.csv").read_text(encoding="utf-8-sig")
    again = run(*asked, "--to", tmp_path / "out")
    assert again.exit_code == 4
    assert "there already" in again.output


def test_the_command_refuses_in_its_own_words_and_writes_nothing(tables, tmp_path):
    asked = files(tables, tmp_path)
    asked[asked.index("2016-03-31")] = "2016-12-31"
    done = run(*asked, "--to", tmp_path / "out")
    assert done.exit_code == 1
    assert "--covers-from and --covers-to" in done.output
    assert not (tmp_path / "out").exists()
    wrong = run(
        *asked,
        "--to",
        tmp_path / "out",
        "--life-expectancy",
        tmp_path / "none.csv",
        "--deaths",
        tmp_path / "deaths.parquet",
    )
    assert wrong.exit_code == 1
    assert run(*asked[:-2], "--to", tmp_path / "out").exit_code == 2
