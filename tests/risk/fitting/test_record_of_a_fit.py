"""The record of a fit is kept beside the model, and reads back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.risk.fitting.record import Fitting
from casemgmt.risk.fitting.record_file import FITTING_FILE, fitting_of, fitting_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(lambda text: text.strip())
SHARE = st.none() | st.floats(0, 1)
RECORDS = st.builds(
    Fitting,
    kind=TEXT,
    people=st.integers(0, 10**8),
    outcomes=st.none() | st.integers(0, 10**8),
    set_aside=st.dictionaries(TEXT, st.integers(0, 10**8)),
    inputs=st.dictionaries(TEXT, TEXT),
    left_out=st.lists(TEXT).map(tuple),
    traps=st.lists(TEXT).map(tuple),
    merged=st.lists(TEXT).map(tuple),
    monotone=st.dictionaries(TEXT, st.sampled_from([-1, 1])),
    groups=st.just("") | TEXT,
    auroc_held_out=SHARE,
    auroc_tables=SHARE,
    auroc_points=SHARE,
    discrepancy=st.floats(0, 1e6),
    joint_discrepancy=st.floats(0, 1e6),
    seed=st.integers(0, 2**31 - 1),
    versions=st.dictionaries(TEXT, TEXT),
)


@given(RECORDS)
def test_any_record_reads_back_as_it_was(record):
    assert fitting_of(fitting_text(record), "fitting.toml") == record


@pytest.fixture
def folder(tmp_path):
    register = cm.synthesise("C87616", seed=1)
    inputs = ["age", "repeat_medicines"]
    model = cm.fit_model(register, "outcome_emergency_admission_12m", inputs=inputs, kind="logistic", bags=1)
    return model, model.save(tmp_path / "mine")


def test_a_loaded_model_has_the_record_and_the_card_of_the_fitted_one(folder, tmp_path):
    model, path = folder
    loaded = cm.load_model(path)
    assert loaded.fitting == model.fitting
    again = loaded.save(tmp_path / "again")
    assert {each.name: each.read_bytes() for each in again.iterdir()} == {
        each.name: each.read_bytes() for each in path.iterdir()
    }


def test_a_model_without_a_record_loads_and_can_take_the_place_of_one_with(folder):
    _, path = folder
    (path / FITTING_FILE).unlink()
    assert cm.load_model(path).fitting is None
    cm.load_model(path).save(path, overwrite=True)
    assert not (path / FITTING_FILE).exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("people =", "peoples =", "unknown key 'peoples'|'peoples'"),
        ("seed = 0", 'seed = "0"', "key 'seed' must be a whole number"),
        ("[inputs]", "[input]", "'input'"),
        ("merged = [", "merged = [1, ", "key 'merged' item 1 must be text|'merged'"),
    ],
)
def test_a_damaged_record_is_refused_with_its_place(folder, old, new, says):
    _, path = folder
    file = path / FITTING_FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(cm.ModelError, match=says):
        cm.load_model(path)


def test_a_loaded_model_whose_tables_were_changed_is_not_saved_under_its_old_text(folder, tmp_path):
    _, path = folder
    changed = replace(cm.load_model(path), intercept=7)
    with pytest.raises(cm.ModelError, match="text is that of another"):
        changed.save(tmp_path / "changed")
    again = replace(changed, text="", vectors_text="").save(tmp_path / "again")
    assert cm.load_model(again).intercept == 7
