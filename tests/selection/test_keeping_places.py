"""A scheme with ``keep_within`` on every road and in everything that is told of a selection."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from publications import files_of
from registers import read_scheme, scheme_text
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli.app import app
from casemgmt.errors import InputError, VerifyError
from casemgmt.outputs import layout
from casemgmt.scheme.routes import TopShare
from casemgmt.selection.facts import NO_CASELOAD

AS_OF = "2015-04-01"
PLAIN = 'name = "highest"\nkind = "top_share"\nshare = "10%"\nlimit = "at_most"\nof = {}\namong = {}\n'
PLAIN += 'counts_as = "case_management"'
KEEPING = PLAIN + '\nkeep_within = "15%"'
NAMED = 'name = "named"\nkind = "nominated"\nshare = "2%"\nlimit = "at_most"\nof = {}\ncounts_as = "case_management"'


def scheme_of(*routes: str) -> Any:
    return read_scheme(scheme_text(routes, optional=["on_caseload", "nominated"]))


def people(size: int = 400, practices: int = 4, **extra: Any) -> pa.Table:
    """Patients of some practices in any order, no two with one score; a tenth of the upper half are on the caseload."""
    generator = np.random.default_rng(5)
    score = generator.permutation(size).astype(float)
    columns = {
        "patient_id": [f"p{i:07d}" for i in range(size)],
        "practice_id": [f"C8700{1 + i}" for i in generator.integers(0, practices, size)],
        "age": np.full(size, 50, dtype=np.int64),
        "on_caseload": (generator.random(size) < 0.1) & (score > size / 2),
        "my_score": score,
        **extra,
    }
    return pa.table({name: each for name, each in columns.items() if each is not None})


def selected(table: pa.Table, *routes: str, **options: Any) -> Any:
    return cm.select(cm.read_register(table, as_of=AS_OF), scheme_of(*routes), score="my_score", **options)


@pytest.fixture(scope="module")
def selection() -> Any:
    return selected(people(), KEEPING, NAMED)


def expected_of(table: pa.Table) -> tuple[set[str], set[str]]:
    """Who has a place, and who only because of keep_within, by counting along each practice's order."""
    chosen, kept = set(), set()
    ids, on = np.array(table.column("patient_id").to_pylist()), np.array(table.column("on_caseload").to_pylist())
    practice, score = np.array(table.column("practice_id").to_pylist()), table.column("my_score").to_numpy()
    for code in np.unique(practice):
        line = np.flatnonzero(practice == code)
        line = line[np.argsort(-score[line])]
        places, within = len(line) * 10 // 100, len(line) * 15 // 100
        keepers = [row for row in line[:within] if on[row]][:places]
        others = line[~np.isin(line, keepers)].tolist()[: places - len(keepers)]
        chosen |= {*ids[keepers], *ids[others]}
        kept |= {*ids[keepers]} - {*ids[line[:places]]}
    return chosen, kept


@pytest.mark.parametrize("size", [400, 160_000])
@pytest.mark.parametrize("road", ["mixed", "grouped", "scanned", "packed", "packed and mixed", "polars", "one thread"])
def test_every_road_keeps_the_same_places(size, road, tmp_path):
    table = people(size)
    chosen, kept = expected_of(table)
    assert kept
    if road in ("grouped", "packed"):
        table = table.sort_by("practice_id")
    pq.write_table(table, tmp_path / "people.parquet", row_group_size=size // 3)
    options: dict[str, Any] = {"threads": 1} if road == "one thread" else {}
    if road == "polars":
        import polars as pl

        register = cm.read_register(pl.from_arrow(table), as_of=AS_OF)
    elif road in ("mixed", "grouped", "one thread"):
        register = cm.read_register(table, as_of=AS_OF)
    else:
        register = cm.scan_register(tmp_path / "people.parquet", as_of=AS_OF)
        if road != "scanned":
            register.save_packed(tmp_path / "packed.parquet")
            register = cm.scan_register(tmp_path / "packed.parquet", as_of=AS_OF)
    found = cm.select(register, scheme_of(KEEPING), score="my_score", **options)
    assert set(found.to_arrow().column("patient_id").to_pylist()) == chosen
    assert set(found.kept().column("patient_id").to_pylist()) == kept
    assert found.facts["keep_within"] == {"kept": {"highest": len(kept)}, "caseload_known": True}
    ranks = dict(zip(*(found.to_arrow().column(name).to_pylist() for name in ("patient_id", "rank")), strict=True))
    told = found.kept().to_pylist()
    assert all(row["rank"] == ranks[row["patient_id"]] for row in told)
    assert told == sorted(told, key=lambda row: (row["practice_id"], row["patient_id"]))


def test_a_caseload_of_nobody_or_of_everybody_changes_nothing():
    for flags in (np.zeros(400, dtype=bool), np.ones(400, dtype=bool)):
        table = people(on_caseload=flags)
        with_key, without = selected(table, KEEPING), selected(table, PLAIN)
        assert with_key.to_arrow().equals(without.to_arrow())
        assert with_key.kept().num_rows == 0
        if not flags.any():
            assert with_key.summary().equals(without.summary())


def test_a_scheme_without_the_key_says_nothing_of_it(tmp_path):
    found = selected(people(), PLAIN)
    assert "keep_within" not in found.facts
    assert found.kept().num_rows == 0
    found.save(tmp_path / "out")
    assert layout.KEPT not in files_of(tmp_path / "out")
    assert cm.load_selection(tmp_path / "out").kept().equals(found.kept())


def test_no_more_have_places_than_there_are_and_all_are_filled(selection):
    for row in selection.summary().to_pylist():
        if row["route"] == "highest":
            assert row["met"] == row["places"] == row["used"]
            assert row["places"] == row["denominator"] * 10 // 100


# Where nothing says who is on the caseload


def test_without_word_of_the_caseload_that_is_said_once(tmp_path):
    found = selected(people(on_caseload=None), KEEPING)
    assert found.facts["keep_within"] == {"kept": {"highest": 0}, "caseload_known": False}
    assert found._repr_html_().count(NO_CASELOAD) == 1
    assert found.to_arrow().equals(selected(people(on_caseload=None), PLAIN).to_arrow())
    next_month = selected(people(on_caseload=None), KEEPING, previous=found)
    assert next_month.facts["keep_within"]["caseload_known"] is True
    assert NO_CASELOAD not in next_month._repr_html_()


@pytest.mark.parametrize("known", [True, False])
def test_the_screen_says_how_many_are_let_in_or_that_nobody_can_be(known, tmp_path):
    table = people() if known else people(on_caseload=None)
    pq.write_table(table, tmp_path / "people.parquet")
    (tmp_path / "scheme.toml").write_text(scheme_of(KEEPING).text)
    arguments = ["select", tmp_path / "people.parquet", "--as-of", AS_OF, "--scheme", tmp_path / "scheme.toml"]
    said = CliRunner().invoke(app, [*map(str, arguments), "--score", "my_score", "--out", str(tmp_path / "out")])
    assert said.exit_code == 0, said.output
    words = " ".join(said.output.split())
    count = len(expected_of(people())[1])
    line = f"highest lets in {count} patients on the caseload only because of keep_within"
    assert words.count(line if known else NO_CASELOAD) == 1
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert manifest["facts"]["keep_within"] == {"kept": {"highest": count if known else 0}, "caseload_known": known}


# What is published and shown


def test_who_is_kept_is_published_and_read_back(selection, tmp_path):
    folder = selection.save(tmp_path / "out")
    assert layout.KEPT in files_of(folder)
    read_back = cm.load_selection(folder)
    assert selection.kept().num_rows
    assert read_back.kept().equals(selection.kept())
    assert read_back.facts == selection.facts
    (folder / layout.KEPT).unlink()
    with pytest.raises(VerifyError, match="kept"):
        cm.load_selection(folder)


def test_a_published_list_keeps_the_places_of_the_next_month(tmp_path):
    table = people(on_caseload=None)
    before = selected(table, KEEPING)
    noise = np.random.default_rng(1).normal(0, 20, 400)
    moved = people(on_caseload=None, my_score=table.column("my_score").to_numpy() + noise)
    folder = before.save(tmp_path / "out")
    by_files, by_memory = (selected(moved, KEEPING, previous=each) for each in (cm.load_selection(folder), before))
    assert by_files.kept().num_rows
    assert by_files.kept().equals(by_memory.kept())
    assert by_files.to_arrow().equals(by_memory.to_arrow())
    swapped, plainly = (
        len({*made.to_arrow()["patient_id"].to_pylist()} - {*before.to_arrow()["patient_id"].to_pylist()})
        for made in (by_files, selected(moved, PLAIN))
    )
    assert swapped < plainly


def test_a_practice_reads_why_a_patient_keeps_a_place(selection, tmp_path):
    kept = selection.kept().to_pylist()[0]
    path = selection.workbook(kept["practice_id"], tmp_path / "book.xlsx")
    rows = [row for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows(values_only=True)]
    said = [str(cell) for row in rows if kept["patient_id"] in row for cell in row if cell]
    assert any("Keeps a place: on the caseload, and within the first 15%" in cell for cell in said), said
    newcomers = [row for row in rows if any(str(cell).startswith("Among the highest scores") for cell in row if cell)]
    assert newcomers
    assert not any(kept["patient_id"] in row for row in newcomers)


def test_a_governance_pack_says_within_what_places_are_kept(selection, tmp_path):
    folder = selection.governance_pack(tmp_path / "pack")
    said = "".join(path.read_text(encoding="utf-8") for path in Path(folder).glob("*.html"))
    assert "10%, at most; the caseload keeps places within 15%" in said
    assert "who is on it keeps a place by the route highest" in said
    assert "only because of keep_within" in said


# What is asked of a selection afterwards


def test_an_effect_at_the_cut_is_refused_with_what_to_do_instead(selection):
    with pytest.raises(InputError, match=r"'highest' of 'a-scheme' has keep_within.*no sharp cut.*managed="):
        cm.effect_at_cut(selection, base_rate=0.3)
    with pytest.raises(InputError, match="no sharp cut"):
        cm.effect_at_cut(selection.register, scheme=selection.scheme, score="my_score", base_rate=0.3)


def test_a_plan_goes_by_rank_alone(selection):
    register = selection.register
    risks = np.linspace(0.01, 0.9, len(register))
    plans = [
        cm.plan(register, scheme_of(route), score=risks, shares=("5%", "10%", "20%")) for route in (KEEPING, PLAIN)
    ]
    assert plans[0].table.equals(plans[1].table)
    assert plans[0].practices.equals(plans[1].practices)
    assert plans[0].for_hours(40).equals(plans[1].for_hours(40))


def test_a_list_is_judged_as_it_is_selected(selection):
    table = people()
    happened = table.column("my_score").to_numpy() % 3 == 0
    register = cm.read_register(table.append_column("happened", pa.array(happened)), as_of=AS_OF)
    found = cm.evaluate("my_score", "happened", register, scheme_of(KEEPING), are_risks=False)
    first = found.at_cut.to_pylist()[0]
    chosen = set(expected_of(table)[0])
    ids = table.column("patient_id").to_pylist()
    assert first["inside"] == len(chosen)
    assert first["events_inside"] == sum(
        had for name, had in zip(ids, happened.tolist(), strict=True) if name in chosen
    )


def test_a_changed_scheme_is_the_reason_where_the_key_is_added(selection):
    table = people()
    before, after = selected(table, PLAIN), selected(table, KEEPING)
    changes = cm.compare(before, after).changes.to_pylist()
    reasons = {row["reason"] for row in changes if row["change"] != "stayer"}
    assert reasons == {"scheme"}
    route = after.scheme.routes[0]
    assert isinstance(route, TopShare)
    assert replace(route, keep_within=None) == before.scheme.routes[0]
