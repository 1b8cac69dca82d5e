"""The benchmarks' contenders give the right answer, and the check that says so can fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.answers import Answer, DiffersError, answer_of, check, truth_of
from benchmarks.contenders import PACKED, WORKS
from benchmarks.data import make_population, people_of
from benchmarks.formula import FOLDER, model_text, vectors_text
from benchmarks.works import Contender, Inputs, Work

PATIENTS, PRACTICES = 20_000, 23
EACH = [
    pytest.param(work, contender, id=f"{work.name}: {contender.name}")
    for work in WORKS
    for contender in work.contenders
]


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return Inputs(patients=PATIENTS, practices=PRACTICES, threads=2)


@pytest.fixture(scope="module")
def tied_inputs() -> Inputs:
    """People told apart by almost nothing, so that every cut parts equal scores."""
    made = Inputs(patients=PATIENTS, practices=PRACTICES, threads=2)
    people = make_population(PATIENTS, PRACTICES)
    kept = {"objected", "on_caseload", "sex", "care_home_type", "diabetes", "emergency_admissions_12m"}
    columns = {name: values if name in kept else np.zeros_like(values) for name, values in people.columns.items()}
    columns["imd_decile"] = np.ones_like(columns["imd_decile"])
    columns["emergency_admissions_12m"] = np.minimum(columns["emergency_admissions_12m"] + 10, 11)
    made.population = replace(people, columns=columns)
    return made


@pytest.mark.parametrize(("work", "contender"), EACH)
def test_every_contender_gives_the_right_answer(work: Work, contender: Contender, inputs: Inputs) -> None:
    check(contender.read(contender.prepare(inputs)()), inputs.truth, contender.ties)


@pytest.mark.parametrize(("work", "contender"), EACH)
def test_every_contender_keeps_its_word_on_ties(work: Work, contender: Contender, tied_inputs: Inputs) -> None:
    assert tied_inputs.truth.tied_practices > PRACTICES // 2
    check(contender.read(contender.prepare(tied_inputs)()), tied_inputs.truth, contender.ties)


@pytest.mark.parametrize("contender", PACKED.contenders, ids=lambda contender: contender.name)
def test_practices_too_small_for_a_place_have_none(contender: Contender) -> None:
    small = Inputs(patients=400, practices=40, threads=2)
    assert (small.truth.taken == 0).any()
    check(contender.read(contender.prepare(small)()), small.truth, contender.ties)


@pytest.mark.parametrize("ties", ["written order", "some of the tied", "all of the tied"])
@pytest.mark.parametrize("fault", ["one left out", "one too many", "one exchanged", "one twice", "a resident lost"])
def test_a_wrong_answer_is_refused(fault: str, ties: str, inputs: Inputs) -> None:
    right = inputs.truth.answer
    check(right, inputs.truth, ties)
    with pytest.raises(DiffersError):
        check(_spoilt(right, fault), inputs.truth, ties)


def _spoilt(right: Answer, fault: str) -> Answer:
    people, by_risk = right.people, right.by_risk
    by_score = int(np.flatnonzero(by_risk)[5])
    outside = int(np.setdiff1d(np.arange(PATIENTS), people)[7])
    match fault:
        case "one left out":
            return answer_of(np.delete(people, by_score), np.delete(by_risk, by_score))
        case "one too many":
            return answer_of([*people, outside], [*by_risk, True])
        case "one exchanged":
            return answer_of([*np.delete(people, by_score), outside], [*np.delete(by_risk, by_score), True])
        case "one twice":
            return answer_of([*people, people[by_score]], [*by_risk, True])
        case _:
            resident = int(np.flatnonzero(~by_risk)[3])
            return answer_of(np.delete(people, resident), np.delete(by_risk, resident))


def test_ties_out_of_the_written_order_are_refused_only_where_it_is_promised(tied_inputs: Inputs) -> None:
    truth = tied_inputs.truth
    right = np.zeros(PATIENTS, dtype=bool)
    right[truth.answer.people[truth.answer.by_risk]] = True
    level = truth.ranked & (truth.keys == truth.cut[truth.practice]) & (truth.practice == np.argmax(truth.taken))
    swapped = right.copy()
    swapped[np.flatnonzero(level & right)[0]] = False
    swapped[np.flatnonzero(level & ~right)[0]] = True
    people = np.flatnonzero(swapped | truth.resident)
    answer = answer_of(people, swapped[people])
    check(answer, truth, "some of the tied")
    with pytest.raises(DiffersError):
        check(answer, truth, "written order")


def test_the_same_people_come_sorted_or_shuffled() -> None:
    in_order, shuffled = make_population(3_000, 7), make_population(3_000, 7, "shuffled")
    assert (shuffled.person != in_order.person).any()
    assert (truth_of(in_order).answer.people == truth_of(shuffled).answer.people).all()
    ids = shuffled.to_arrow().column("patient_id").combine_chunks()
    assert (people_of(ids) == shuffled.person).all()


def test_the_people_are_marked_as_made_up(inputs: Inputs) -> None:
    assert inputs.register.synthetic


def test_the_model_folder_is_what_its_formula_says() -> None:
    assert (FOLDER / "model.toml").read_text(encoding="utf-8") == model_text()
    assert (FOLDER / "vectors.csv").read_text(encoding="utf-8") == vectors_text()


def test_a_contender_that_differs_stops_the_run_before_any_timing(inputs: Inputs) -> None:
    from benchmarks.timing import measure

    wrong = replace(PACKED.contenders[1], read=lambda found: _spoilt(answer_of(*found), "one exchanged"))
    said: list[str] = []
    with pytest.raises(DiffersError):
        measure(replace(PACKED, contenders=(wrong,)), inputs, 1, said.append)
    assert said == []


def test_a_run_prints_ratios_and_writes_every_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "2")
    monkeypatch.setattr("benchmarks.startup.IMPORTS", ("casemgmt", "pandas"))
    file = tmp_path / "results.json"
    assert main(["--patients", "20_000", "--practices", "23", "--repeats", "1", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    content = json.loads(file.read_text(encoding="utf-8"))
    contenders = content["works"][0]["contenders"]
    assert [each["name"] for each in contenders] == [each.name for each in PACKED.contenders]
    assert all(f"| {each['name']}" in printed for each in contenders)
    assert contenders[0]["best_ratio"] == 1 and all(len(each["warm_s"]) == 1 for each in contenders)
    assert set(content["start_up_s"]) >= {"import casemgmt", "import pandas"}
