"""What earlier releases selected is selected now, or each patient who is not is listed with the changelog's reason."""

from __future__ import annotations

import csv
from pathlib import Path

import frozen_runs
import pytest
from frozen_runs import COLUMNS, DEMONSTRATION, RUNS, made, read

import casemgmt as cm

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
RELEASES = ("0.1.0", "0.2.0")
DIFFERENCES = list(csv.DictReader((HERE / "differences.csv").read_text(encoding="utf-8").splitlines()))
# A model that was fitted anew has other scores: of its runs, who is listed and by which route is compared.
SCORED_ANEW = {run for run, (_, _, _, ranks, _) in RUNS.items() if ranks is DEMONSTRATION}


@pytest.fixture(scope="module", params=RELEASES)
def release(request):
    return HERE / request.param


@pytest.fixture(scope="module")
def made_now(release):
    """Every run, made by the code at hand from the registers of the release."""
    return {run: made(run, release)[:2] for run in RUNS}


def differences(run, before, after):
    """Each patient whose row is another one: what was said of them, and what is said now."""
    shown = len(COLUMNS) - 4 if run in SCORED_ANEW else len(COLUMNS)
    held = [{row[1:4]: " ".join(row[4:shown]) for row in rows if row[0] == run} for rows in (before, after)]
    people = sorted(held[0].keys() | held[1].keys())
    return [
        (run, *person, held[0].get(person, "-"), held[1].get(person, "-"))
        for person in people
        if held[0].get(person, "-") != held[1].get(person, "-")
    ]


def explained(release, run, *, account=False):
    return [
        tuple(each[key] for key in ("run", "what", "practice_id", "patient_id", "before", "now"))
        for each in DIFFERENCES
        if each["run"] == run and release.name in each["releases"].split() and (each["what"] == "account") is account
    ]


@pytest.mark.parametrize("run", RUNS)
def test_the_same_people_are_selected_or_the_difference_is_explained(run, release, made_now):
    before = read(release / "selected.csv")
    assert len([row for row in before if row[0] == run]) > 20
    assert differences(run, before, made_now[run][0]) == explained(release, run)


@pytest.mark.parametrize("run", RUNS)
def test_the_same_rows_are_accepted_or_the_difference_is_explained(run, release, made_now):
    before = {what: count for name, what, count in read(release / "accounts.csv") if name == run}
    now = {what: str(count) for what, count in made_now[run][1].items()}
    told = [(run, "account", "", what, before[what], now[what]) for what in now if before[what] != now[what]]
    assert told == explained(release, run, account=True)


def test_each_reason_is_in_the_changelog_of_a_later_release():
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert DIFFERENCES
    for each in DIFFERENCES:
        later = changelog.partition(f"\n## {each['releases'].split()[-1]}\n")[0]
        assert " ".join(each["because"].split()) in " ".join(later.split()), each["because"]


def test_what_an_earlier_release_published_is_whole_and_is_what_is_selected_now(release):
    published = cm.load_selection(release / "published")
    chosen = made("published", release)[2].to_arrow()
    assert published.to_arrow().num_rows > 100
    assert published.to_arrow().equals(chosen.select(published.to_arrow().column_names))


def test_a_patient_who_is_missing_or_moved_is_a_difference():
    one = ("published", "listed", "C87606", "a", "highest_risk", "1", "2.5", "True", "False")
    two = (*one[:3], "b", *one[4:])
    assert differences("published", [one, two], [two]) == [
        ("published", *one[1:4], "highest_risk 1 2.5 True False", "-")
    ]
    moved = (*one[:4], "care_home", *one[5:])
    assert len(differences("published", [one], [moved])) == 1
    scored = (*one[:5], "2", "2.4", *one[7:])
    assert len(differences("published", [one], [scored])) == 1
    assert differences("bands", [("bands", *one[1:])], [("bands", *scored[1:])]) == []


def test_every_run_stands_in_the_frozen_files_of_every_release():
    for name in RELEASES:
        for file in ("selected.csv", "accounts.csv"):
            assert {row[0] for row in read(HERE / name / file)} == set(frozen_runs.RUNS)
