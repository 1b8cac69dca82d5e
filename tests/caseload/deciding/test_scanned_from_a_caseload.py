"""A register that is read a part at a time takes what was before as one that is held whole does."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pyarrow as pa
import pytest
from caseload_months import a_caseload, a_decision, a_scheme, managed, month
from engines import ANY_QUALITY
from scanned import scanned, written

import casemgmt as cm
from casemgmt.errors import InputError

TABLES = ("to_arrow", "summary", "unscored", "queue", "removals")


def a_table(draw: random.Random, people: list[tuple[str, str]], day: str) -> pa.Table:
    """A month's register: people move, die, leave, and are quarantined; some are on its own caseload."""
    date = dt.date.fromisoformat(day)
    rows = []
    for practice, patient in people:
        if draw.random() < 0.06:
            continue
        moved = draw.random() < 0.06
        row = {
            "practice_id": f"C8700{draw.randint(1, 3)}" if moved else practice,
            "patient_id": patient,
            "age": draw.choice([70, 70, 81]),
            "score": float(draw.randrange(9)),
            "on_caseload": draw.random() < 0.1,
            "objected": draw.random() < 0.03,
            "date_of_death": date - dt.timedelta(days=9) if draw.random() < 0.05 else None,
            "deregistered_on": date - dt.timedelta(days=9) if draw.random() < 0.05 else None,
        }
        rows.append(row)
        if draw.random() < 0.04:  # a repeat, or two rows that differ, which are both set aside
            rows.append(row if draw.random() < 0.5 else {**row, "age": 60})
    draw.shuffle(rows)
    kinds = {"age": pa.int64(), "score": pa.float64(), "on_caseload": pa.bool_(), "objected": pa.bool_()}
    names = list(rows[0])
    return pa.Table.from_pylist(
        rows, pa.schema([(n, kinds.get(n, pa.date32() if "_o" in n else pa.string())) for n in names])
    )


def decisions(draw: random.Random, selection: Any, day: str) -> list[dict[str, Any]]:
    words = ("accept", "declined", "died", "moved", "end")
    who = draw.sample(sorted(managed(selection)), 5)
    return [a_decision(person, draw.choice(words), f"{day[:8]}12") for person in who]


MAY_BE = "in no row that could be used; one may be in the quarantine, whose ids a packed file does not hold"


def of_packed(removals: pa.Table, whole: Any) -> list[dict[str, Any]]:
    """The removals of a packed file, where it does not know of whom a row is in quarantine, as a whole register's."""
    rows = removals.to_pylist()
    known = {(row["practice_id"], row["patient_id"]): row for row in whole.removals().to_pylist()}
    for row in rows:
        told = known[row["practice_id"], row["patient_id"]]
        if whole.register.quarantine.num_rows and row["detail"] == MAY_BE:
            assert row["proposal"] == "check the record"
            assert "quarantine" in told["detail"] or told["detail"] == "no longer in the register"
            row |= {name: told[name] for name in ("proposal", "detail")}
    return rows


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(n, marks=pytest.mark.long) for n in range(3, 10))])
@pytest.mark.parametrize("remembered", ["caseload", "files"])
def test_a_scanned_register_gives_the_same_lists_and_removals(seed, remembered, tmp_path):
    draw = random.Random(seed)
    people = [(f"C8700{1 + n % 3}", f"p{n:03d}") for n in range(90)]
    caseload, before = a_caseload(), None
    options = {"score": "score", "allow_missing_practices": True}
    found = set()
    for number in range(1, 5):
        day, folder = month(number), tmp_path / str(number)
        folder.mkdir()
        table = a_table(draw, people, day)
        paths = written(table, folder, sorted(draw.sample(range(1, table.num_rows), 3)))
        previous = caseload if remembered == "caseload" else before
        whole = cm.select(
            cm.read_register(paths, as_of=day, **ANY_QUALITY), a_scheme("1/5"), previous=previous, **options
        )
        parts = scanned(paths, rows_at_a_time=draw.choice([None, 13, 20]), as_of=day, **ANY_QUALITY)
        scan = cm.select(parts, a_scheme("1/5"), previous=previous, **options)
        packed = parts.save_packed(folder / "packed")
        again = cm.select(
            cm.scan_register(packed, as_of=day, **ANY_QUALITY), a_scheme("1/5"), previous=previous, **options
        )
        for name in TABLES:
            assert getattr(scan, name)().equals(getattr(whole, name)()), (name, number)
            if name != "removals":
                assert getattr(again, name)().equals(getattr(whole, name)()), (name, number)
        assert of_packed(again.removals(), whole) == whole.removals().to_pylist()
        assert scan.facts == whole.facts
        assert again.facts.get("caseload") == whole.facts.get("caseload")
        found |= {row["detail"] for row in whole.removals().to_pylist()}
        caseload.propose(scan)
        caseload.decide(decisions(draw, scan, day))
        scan.save(folder / "out")
        before = cm.load_selection(folder / "out")
    assert len(found) > 3


def test_every_way_out_is_met_in_these_registers(tmp_path):
    """What the test above compares: each sentence about someone who is not in the practice any more comes up."""
    found = set()
    for seed in range(10):
        draw = random.Random(seed)
        people = [(f"C8700{1 + n % 3}", f"p{n:03d}") for n in range(90)]
        caseload = a_caseload()
        for number in (1, 2, 3):
            path = written(a_table(draw, people, month(number)), tmp_path)
            parts = cm.scan_register(path, as_of=month(number), **ANY_QUALITY)
            selection = cm.select(parts, a_scheme("1/5"), score="score", previous=caseload)
            found |= {row["detail"] for row in selection.removals().to_pylist()}
            caseload.propose(selection)
    assert found == {
        "died",
        "left the practice's list",
        "moved to another practice's list",
        "no longer in the register",
        "objects to risk stratification",
        "on the caseload, and no route lets the patient in now",
        "the row could not be used this time: see the quarantine",
    }


def test_strangers_missing_practices_and_later_days_are_refused_of_a_scanned_register_too(tmp_path):
    draw = random.Random(1)
    people = [(f"C8700{1 + n % 3}", f"p{n:03d}") for n in range(90)]
    caseload = a_caseload()
    first = written(a_table(draw, people, "2015-01-01"), tmp_path)
    options = {"score": "score", "previous": caseload}
    selection = cm.select(cm.scan_register(first, as_of="2015-01-01", **ANY_QUALITY), a_scheme("1/5"), **options)
    caseload.propose(selection)

    def refused(table: pa.Table, day: str = "2015-02-01", previous: Any = caseload) -> str:
        paths = written(table, tmp_path)
        said = []
        for register in (
            cm.read_register(paths, as_of=day, **ANY_QUALITY),
            cm.scan_register(paths, as_of=day, **ANY_QUALITY),
        ):
            with pytest.raises(InputError) as error:
                cm.select(register, a_scheme("1/5"), score="score", previous=previous)
            said.append(str(error.value))
        assert said[0] == said[1]
        return said[0]

    others = [(practice, f"q{patient}") for practice, patient in people]
    assert "people on the caseload are in this register at all" in refused(a_table(draw, others, "2015-02-01"))
    some = [(practice, patient) for practice, patient in people if practice != "C87003"]
    table = a_table(draw, some, "2015-02-01")
    table = table.filter(pa.compute.not_equal(table["practice_id"], "C87003"))
    assert "1 practice of the caseload has no accepted row" in refused(table)
    whole = a_table(draw, people, "2015-02-01")
    assert "after the list date" in refused(whole, "2015-02-01", caseload.on("2015-03-01"))
    assert "a list of 2015-01-01 was proposed" in refused(a_table(draw, people, "2014-12-01"), "2014-12-01")
