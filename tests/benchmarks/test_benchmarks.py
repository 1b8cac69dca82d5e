"""The benchmarks' contenders give the right answer, and the check that says so can fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from pyarrow import parquet

import benchmarks.files
from benchmarks import child, timing
from benchmarks.__main__ import main
from benchmarks.answers import Answer, DiffersError, DuplicateError, answer_of, check, truth_of
from benchmarks.contenders import CSV_FILE, PACKED, PANDAS_FRAME, POLARS_FRAME, WIDE_FILE, WORKS
from benchmarks.data import Order, Population, make_population, people_of, usual_practices
from benchmarks.files import made_once, write_wide
from benchmarks.formula import FOLDER, model_text, vectors_text
from benchmarks.timing import equal, measure
from benchmarks.works import Contender, Inputs, Work

PATIENTS, PRACTICES = 20_000, 23
Spoil = Callable[[Population], Population]
GetInputs = Callable[[Order], Inputs]


SELECTIONS = [work for work in WORKS if work.inputs is Inputs and work.by_default]


def each(works: Sequence[Work] = SELECTIONS) -> list[object]:
    """A case for each contender of each work in each of its orders."""
    return [
        pytest.param(contender, order, id=f"{work.name}, {order}: {contender.key}")
        for work in works
        for order in work.orders
        for contender in work.contenders
        if not contender.is_part
    ]


def inputs_in(
    folder: Path, spoil: Spoil | None = None, patients: int = PATIENTS, practices: int = PRACTICES
) -> GetInputs:
    """Order → inputs, made once each; ``spoil`` changes the people."""
    made: dict[Order, Inputs] = {}

    def get(order: Order) -> Inputs:
        if order not in made:
            data = folder / order
            found = Inputs(
                patients=patients, practices=practices, threads=2, order=order, data=data, out=data / "selected.parquet"
            )
            if spoil is not None:
                found.population = spoil(found.population)
            made[order] = found
        return made[order]

    return get


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> GetInputs:
    return inputs_in(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> GetInputs:
    """People told apart by almost nothing, so that every cut parts equal scores."""

    def alike(people: Population) -> Population:
        kept = {"objected", "on_caseload", "sex", "care_home_type", "diabetes", "emergency_admissions_12m"}
        columns = {name: values if name in kept else np.zeros_like(values) for name, values in people.columns.items()}
        columns["imd_decile"] = np.ones_like(columns["imd_decile"])
        columns["emergency_admissions_12m"] = np.minimum(columns["emergency_admissions_12m"] + 10, 11)
        return replace(people, columns=columns)

    return inputs_in(tmp_path_factory.mktemp("tied"), alike)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> GetInputs:
    """Practices of which some are too small for a place."""
    return inputs_in(tmp_path_factory.mktemp("tiny"), None, 400, 40)


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> GetInputs:
    """Two rows, far apart and in other practices, with one patient id."""

    def twice(people: Population) -> Population:
        person = people.person.copy()
        person[-1] = person[0]
        return replace(people, person=person)

    return inputs_in(tmp_path_factory.mktemp("repeated"), twice)


@pytest.mark.parametrize(("contender", "order"), each())
def test_every_contender_gives_the_right_answer(contender: Contender, order: Order, inputs: GetInputs) -> None:
    made = inputs(order)
    check(contender.read(contender.prepare(made)()), made.truth, contender.ties)


@pytest.mark.parametrize("work", [work for work in WORKS if work.inputs is Inputs], ids=lambda work: work.name)
def test_the_part_that_nobody_can_leave_out_runs_alone(work: Work, inputs: GetInputs) -> None:
    for contender in work.contenders:
        if contender.is_part:
            assert contender.prepare(inputs("sorted"))() is not None
            assert "a part of the work" in equal(contender)


@pytest.mark.parametrize(("contender", "order"), each())
def test_every_contender_keeps_its_word_on_ties(contender: Contender, order: Order, tied: GetInputs) -> None:
    made = tied(order)
    assert made.truth.tied_practices > PRACTICES // 2
    check(contender.read(contender.prepare(made)()), made.truth, contender.ties)


@pytest.mark.parametrize(("contender", "order"), each())
def test_practices_too_small_for_a_place_have_none(contender: Contender, order: Order, tiny: GetInputs) -> None:
    made = tiny(order)
    assert (made.truth.taken == 0).any()
    check(contender.read(contender.prepare(made)()), made.truth, contender.ties)


@pytest.mark.parametrize(("contender", "order"), each([POLARS_FRAME, PANDAS_FRAME, WIDE_FILE, CSV_FILE]))
def test_every_contender_refuses_a_repeated_id(contender: Contender, order: Order, repeated: GetInputs) -> None:
    # No such row reaches a packed file: packing sets it aside.
    made = repeated(order)
    with pytest.raises(DuplicateError):
        contender.prepare(made)()


def test_a_work_with_ids_gives_practice_score_and_residence_as_well(inputs: GetInputs) -> None:
    made = inputs("sorted")
    answer = WIDE_FILE.contenders[0].read(WIDE_FILE.contenders[0].prepare(made)())
    assert answer.score is not None and answer.practice is not None and answer.resident is not None
    check(answer, made.truth, "written order")
    scored = int(np.flatnonzero(~np.isnan(answer.score))[3])
    for name, column in (("score", answer.score), ("practice", answer.practice), ("resident", answer.resident)):
        wrong = column.copy()
        wrong[scored] = ~wrong[scored] if name == "resident" else wrong[scored] + 1
        with pytest.raises(DiffersError, match=r"^1 differ"):
            check(replace(answer, **{name: wrong}), made.truth, "written order")
    blank = answer.score.copy()
    blank[scored] = np.nan
    with pytest.raises(DiffersError, match="score"):
        check(replace(answer, score=blank), made.truth, "written order")


@pytest.mark.parametrize("ties", ["written order", "some of the tied", "all of the tied"])
@pytest.mark.parametrize("fault", ["one left out", "one too many", "one exchanged", "one twice", "a resident lost"])
def test_a_wrong_answer_is_refused(fault: str, ties: str, inputs: GetInputs) -> None:
    truth = inputs("sorted").truth
    right = truth.answer
    check(right, truth, ties)
    with pytest.raises(DiffersError):
        check(_spoilt(right, fault), truth, ties)


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


def test_ties_out_of_the_written_order_are_refused_only_where_it_is_promised(tied: GetInputs) -> None:
    truth = tied("sorted").truth
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
    assert len(set(shuffled.practice[:50].tolist())) > 3
    assert (truth_of(in_order).answer.people == truth_of(shuffled).answer.people).all()
    ids = shuffled.to_arrow().column("patient_id").combine_chunks()
    assert (people_of(ids) == shuffled.person).all()


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_the_same_arguments_give_the_same_file(order: Order, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "again", "other")]
    for file, seed in zip(files, (5, 5, 6), strict=True):
        write_wide(make_population(3_000, 7, order, seed), file)
    one, again, other = (file.read_bytes() for file in files)
    assert one == again
    assert one != other


def test_people_are_drawn_in_pieces_and_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.data.DRAWN_AT_ONCE", 1_000)
    people = make_population(2_500, 7, "shuffled")
    # Each piece has a seed of its own, so the first does not depend on how many follow.
    fewer = make_population(1_000, 7)
    age = people.columns["age"][np.argsort(people.person)]
    assert (age[:1_000] == fewer.columns["age"]).all() and (age[1_000:2_000] != age[:1_000]).any()

    asked: list[int] = []
    to_arrow = Population.to_arrow

    def spied(self: Population, start: int = 0, stop: int | None = None) -> object:
        asked.append((len(self) if stop is None else stop) - start)
        return to_arrow(self, start, stop)

    monkeypatch.setattr(Population, "to_arrow", spied)
    write_wide(people, tmp_path / "wide.parquet", rows_a_group=1_000)
    assert max(asked) == 1_000
    monkeypatch.undo()
    assert parquet.read_table(tmp_path / "wide.parquet").equals(people.to_arrow())


def test_the_wide_file_is_as_its_page_says(inputs: GetInputs) -> None:
    file = parquet.ParquetFile(inputs("shuffled").wide)
    schema, group = file.schema_arrow, file.metadata.row_group(0)
    kinds = {name: str(schema.field(name).type) for name in schema.names}
    assert {kinds[name] for name in ("patient_id", "practice_id", "sex", "care_home_type")} == {"string"}
    assert list(kinds.values()).count("bool") == 30
    columns = [group.column(place) for place in range(group.num_columns)]
    assert {column.compression for column in columns} == {benchmarks.files.COMPRESSION.upper()}
    coded = {column.path_in_schema for column in columns if "RLE_DICTIONARY" in column.encodings}
    assert coded == set(benchmarks.files.TEXTS)
    file.close()


def test_a_flipped_byte_of_the_wide_file_is_found_by_whoever_looks(inputs: GetInputs, tmp_path: Path) -> None:
    content = bytearray(inputs("shuffled").wide.read_bytes())
    with parquet.ParquetFile(inputs("shuffled").wide) as file:
        column = file.metadata.row_group(0).column(0)
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    (tmp_path / "damaged.parquet").write_bytes(content)
    with pytest.raises(OSError, match="CRC"):
        parquet.read_table(tmp_path / "damaged.parquet", columns=["patient_id"], page_checksum_verification=True)


def test_a_kept_file_is_made_once_and_never_half(tmp_path: Path) -> None:
    made: list[Path] = []

    def fails(path: Path) -> None:
        path.write_text("half")
        raise OSError("full")

    def succeeds(path: Path) -> None:
        made.append(path)
        path.write_text("whole")

    kept = tmp_path / "folder" / "kept"
    with pytest.raises(OSError, match="full"):
        made_once(kept, fails)
    assert list(kept.parent.iterdir()) == []
    for _ in range(2):
        assert made_once(kept, succeeds).read_text() == "whole"
    assert len(made) == 1


def test_the_reference_is_kept_as_it_was(inputs: GetInputs) -> None:
    made = inputs("sorted")
    fresh, kept = truth_of(made.population), made.truth
    assert (fresh.answer.people == kept.answer.people).all() and (fresh.answer.by_risk == kept.answer.by_risk).all()
    assert fresh.tied_practices == kept.tied_practices
    for name in ("practice", "keys", "ranked", "resident", "taken", "cut"):
        assert (getattr(fresh, name) == getattr(kept, name)).all()


def test_england_has_its_practices_and_others_one_for_ten_thousand() -> None:
    assert [usual_practices(n) for n in (10_000, 1_000_000, 10_000_000, 60_400_000)] == [10, 100, 1_000, 6_720]


def test_the_people_are_marked_as_made_up(inputs: GetInputs) -> None:
    assert inputs("sorted").register.synthetic


def test_the_model_folder_is_what_its_formula_says() -> None:
    assert (FOLDER / "model.toml").read_text(encoding="utf-8") == model_text()
    assert (FOLDER / "vectors.csv").read_text(encoding="utf-8") == vectors_text()


def test_a_contender_that_differs_stops_the_run_before_any_timing(inputs: GetInputs) -> None:
    wrong = replace(PACKED.contenders[1], read=lambda found: _spoilt(answer_of(*found), "one exchanged"))
    said: list[str] = []
    with pytest.raises(DiffersError):
        measure([wrong], inputs("sorted"), 1, said.append)
    assert said == []


def test_memory_is_touched_before_each_turn_and_not_before_the_first_call(inputs: GetInputs) -> None:
    met: list[object] = []
    work = replace(PACKED.contenders[1], prepare=lambda given: lambda: met.append("call"), is_part=True)
    with patch.object(timing, "touch_memory", met.append):
        measure([work], inputs("sorted"), 2, lambda text: None, 5)
    assert met == ["call", 5, "call", 5, "call"]
    timing.touch_memory(1_000)


def test_a_contender_in_a_process_of_its_own_is_checked_as_well_and_its_memory_is_its_own(inputs: GetInputs) -> None:
    held = np.ones(500_000_000, dtype=np.uint8)  # by this process, not by the contender's
    polars = WIDE_FILE.contender("polars-best")
    (times,) = child.measure_in_children(WIDE_FILE, [polars], inputs("sorted"), 1, lambda text: None)
    assert times.cold > 0 and len(times.warm) == 1
    assert 20_000_000 < times.peak_bytes[0] < len(held)
    wrong = replace(polars, read=lambda path: _spoilt(polars.read(path), "one exchanged"))
    with pytest.raises(DiffersError):
        child.measure_in_children(WIDE_FILE, [wrong], inputs("sorted"), 1, lambda text: None)


USUAL = [work for work in WORKS if work.by_default]


# One that is held in memory and one from files by default; every contender's answer is checked above.
@pytest.mark.parametrize("works", [[PACKED, WIDE_FILE], pytest.param(USUAL, marks=pytest.mark.long)])
def test_a_quick_run_writes_times_table_and_plots(
    works: list[Work], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.startup.IMPORTS", ("casemgmt", "pandas"))
    monkeypatch.setattr("benchmarks.startup.LONG", (20_000, 4))
    monkeypatch.setattr("benchmarks.startup.WARM", ["-c", ""])
    asked = [] if works == USUAL else ["--works", *(work.name for work in works), "start-up"]
    assert main(["--quick", *asked, "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    content = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    for work, run in zip(works, content["runs"], strict=True):
        assert run["title"] == work.title and run["patients"] == 10_000
        assert [found["key"] for found in run["contenders"]] == [contender.key for contender in work.contenders]
        assert all(len(found["warm_s"]) == 1 and found["cold_s"] > 0 for found in run["contenders"])
        assert all(len(found["peak_bytes"]) == (1 if work.files else 0) for found in run["contenders"])
        assert all(f"| {found['name']}" in text for text in (printed, report) for found in run["contenders"])
    assert set(content["start_up"]["imports"]) == {"import casemgmt", "import pandas"}
    assert len(content["start_up"]["processes"]) == 5
    assert (tmp_path / "out" / "ratios.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "out" / "ratios.svg").read_text(encoding="utf-8")
