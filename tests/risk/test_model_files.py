"""Model files: which are found, what they may not say, bands, and how a model shows itself."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from model_folders import CAMBRIDGE, FLAG, HEAD, INPUTS, ONE_FLAG, write_model

from casemgmt.errors import ModelError
from casemgmt.risk import files
from casemgmt.risk.files import list_models, load_model
from casemgmt.risk.inputs import MILLION


@pytest.fixture
def every_kind(tmp_path: Path) -> Path:
    return write_model(tmp_path / "every-kind", HEAD + INPUTS)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('value = "0.75"', "value = 0.75", "input 'diabetes': key 'value' is a bare number"),
        ('value = "0.75"', 'value = "0.7500001"', "key 'value' has 7 decimal places; 6 is the most"),
        ('value = "0.75"', 'value = "7,5"', "key 'value' must be a plain decimal"),
        ('value = "0.75"', 'value = "1e3"', "key 'value' must be a plain decimal"),
        ('value = "0.75"', 'value = "٣"', "key 'value' must be a plain decimal"),
        ('value = "0.75"', 'value = "2000000"', "'table' holds an amount outside"),
        ('value = "0.75"', 'weight = "0.75"', "input 'diabetes': unknown key 'weight'"),
        ('value = "0.75"', "", "input 'diabetes': key 'value' is missing"),
        ('value = "0.75"\nmissing = "absent"', 'value = "0.75"', "input 'diabetes': key 'missing' is missing"),
        ('missing = "absent"', 'missing = "abset"', "Did you mean 'absent'?"),
        ('missing = "0.05"', 'missing = "absent"', "key 'missing' must be 'no score' or a decimal as text"),
        ('missing = "0.05"', 'misssing = "0.05"', "unknown key 'misssing'. Did you mean 'missing'?"),
        ('kind = "flag"', 'kind = "flagg"', "Did you mean 'flag'?"),
        (
            '"flag"\nvalue = "-0.31"',
            '"integer"\nfrom = 0\ntable = ["1"]',
            "'kind' is 'integer', which the register field",
        ),
        ('name = "diabetes"', "", "input 1: key 'name' is missing"),
        ('name = "diabetes"', 'name = "asthma"', "1 input written more than once: 'asthma'"),
        ('name = "diabetes"', 'name = "expected_score"', "key 'name' may not be"),
        ("from = 18", "from = 18.0", "input 'age': key 'from' must be a whole number"),
        ('from = 18\nbelow = "no score"', "from = 18", "'below' is missing: the table starts at 18, the column at 0"),
        ("from = 18", "from = 0", "'below' says what cannot happen"),
        ("from = 18", "from = 119", "runs from 119 to 122; the column holds 0 to 120 only"),
        ('table = ["0.1", "0.22", "0.37", "0.59"]', "table = []", "'table' is empty"),
        ('"0.22"', "0.22", "input 'age': key 'table' item 2 is a bare number"),
        ('F = "0.1", M', 'f = "0.1", M', "names 'f', which is no category. Did you mean 'F'?"),
        ('other = "no score"', "", "'other' is missing: 'I', 'U' would have no value"),
        ('other = "0.3"', "", "'other' is missing: the column may hold any text"),
        ('F = "0.1", M = "0.26"', 'F = "1", M = "2", I = "3", U = "4"', "'other' says what cannot happen"),
        ('flat = "0.11"', "flat = 0.11", "input 'housing': values: key 'flat' is a bare number"),
        ('edges = ["18.5", "25", "30.25"]', 'edges = ["18.5", "25", "25"]', "each larger than the one before"),
        ('edges = ["18.5", "25", "30.25"]', 'edges = ["18.5", "25"]', "'table' has 4; 2 edges need 3 values"),
        ('edges = ["0", "2"]', 'edges = ["0", "2.5"]', "input 'emergency_admissions_12m': 'edges' must be whole"),
        ('edges = ["0", "2"]', 'edges = ["0", "99"]', "make a cell that no whole number from 0 to 99 is in"),
        ('closed = "left"', "", "key 'closed' is missing"),
        ('closed = "left"', 'closed = "both"', "key 'closed' must be 'left' or 'right'"),
        ('name = "every-kind"', "", "[model]: key 'name' is missing"),
        ('licence = "MIT"', "", "key 'licence' is missing"),
        ('licence = "MIT"', 'license = "MIT"', "unknown key 'license'. Did you mean 'licence'?"),
        ('title = "Every kind of input"', 'title = " "', "key 'title' must be text, and not blank"),
        ('link = "survival"', 'link = "cox"', "key 'link' must be"),
        ('link = "survival"', 'link = "logistic"', "'baseline_survival' belongs to the survival link"),
        ('centre = "0.35"', "", "'centre' is missing: the survival link needs it"),
        ("horizon_days = 365", "", "'horizon_days' is missing"),
        ("horizon_days = 365", "horizon_days = true", "key 'horizon_days' must be a whole number"),
        ('baseline_survival = "0.9712345"', 'baseline_survival = "1"', "must be over 0 and under 1"),
        ('intercept = "-0.25"', "", "key 'intercept' is missing"),
        ('floor = "-1.2"', 'floor = "-100"', "'floor' is never reached"),
        ("divide_by = 3", "divide_by = 0", "'divide_by' must be a whole number of at least 1"),
        ("[model]", "[modle]", "unknown key 'modle'. Did you mean 'model'?"),
        ("[model]", "[model", "not a TOML file"),
    ],
)
def test_each_thing_a_model_file_may_not_say_is_refused_by_name(
    every_kind: Path, old: str, new: str, says: str
) -> None:
    text = (every_kind / "model.toml").read_text()
    assert old in text
    vectors = (every_kind / "vectors.csv").read_text()
    with pytest.raises(ModelError, match=re.escape(says)) as caught:
        load_model(write_model(every_kind, text.replace(old, new, 1), vectors))
    assert "model.toml" in str(caught.value)
    assert str(caught.value).count("input '") <= 1 or "more than once" in str(caught.value)


BANDS = '\nbands = [{ name = "low", below = "1" }, { name = "high", at_least = "1" }]\n'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('at_least = "1"', 'above = "1"', "must begin exactly where 'low' ends"),
        ('at_least = "1"', 'at_least = "2"', "must begin exactly where 'low' ends"),
        ('below = "1"', 'below = "1", at_most = "1"', "say the same edge twice"),
        ('below = "1"', 'at_least = "1", below = "1"', "'low' ends before it begins"),
        ('name = "high"', 'name = "low"', "names a band twice"),
        ('name = "high"', 'title = "high"', "unknown key 'title'"),
        ('below = "1"', "below = 1", "key 'below' is a bare number"),
        (
            '[{ name = "low", below = "1" }, ',
            '[{ name = "under", below = "0" }, { name = "low", at_least = "0", below = "1" }, ',
            "no vector touches 1 band: 'under'",
        ),
    ],
)
def test_bands_that_overlap_or_leave_gaps_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = ONE_FLAG + BANDS + FLAG
    load_model(write_model(tmp_path / "bands", text))
    vectors = (tmp_path / "bands" / "vectors.csv").read_text()
    assert old in text
    with pytest.raises(ModelError, match=re.escape(says)):
        load_model(write_model(tmp_path / "bands", text.replace(old, new, 1), vectors))


def test_a_score_on_a_band_edge_is_in_the_band_that_the_file_says(tmp_path: Path) -> None:
    frailty = 'bands = [{ name = "fit", at_most = "0.12" }, { name = "mild", above = "0.12", at_most = "0.24" }]'
    text = ONE_FLAG + "divide_by = 25\n" + frailty
    rows = "".join(
        f'\n[[input]]\nname = "deficit_{n}"\nkind = "flag"\nvalue = "1"\nmissing = "absent"\n' for n in range(25)
    )
    model = load_model(write_model(tmp_path / "frailty", text + rows))
    assert [model.band_of(n * MILLION) for n in (0, 3, 4, 6, 7)] == ["fit", "fit", "mild", "mild", None]
    assert model.band_of(None) is None


def test_a_shipped_name_never_means_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (CAMBRIDGE, "mine", f"models/{CAMBRIDGE}", f"shipped_models/{CAMBRIDGE}"):
        write_model(tmp_path / folder, ONE_FLAG + FLAG)
    monkeypatch.chdir(tmp_path)
    assert len(load_model(CAMBRIDGE).inputs) == 20
    assert list_models() == sorted(list_models()) and "mine" not in list_models()
    with pytest.raises(ModelError, match="There is no model 'mine'"):
        load_model("mine")
    assert load_model("./mine").name == load_model(Path("mine")).name == "every-kind"


@pytest.mark.parametrize("name", ["cambridge-multimorbidity-2O", "..", "", "Cambridge-Multimorbidity-20"])
def test_an_unknown_model_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ModelError, match=f"There is no model '{re.escape(name)}'.*Known: '{CAMBRIDGE}'"):
        load_model(name)


def test_a_folder_or_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model folder"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"model\.toml: is missing"):
        load_model(tmp_path)
    (tmp_path / "model.toml").write_text(ONE_FLAG + FLAG)
    with pytest.raises(ModelError, match=r"vectors\.csv: is missing"):
        load_model(tmp_path)
    (tmp_path / "vectors.csv").write_bytes(b"\xff")
    with pytest.raises(ModelError, match=r"vectors\.csv: .*not UTF-8"):
        load_model(tmp_path)


def test_every_shipped_model_loads_and_says_what_it_is_for() -> None:
    assert CAMBRIDGE in list_models()
    for name in list_models():
        model = load_model(name)
        card = (files._shipped_folder() / name / "card.md").read_text(encoding="utf-8")
        assert model.name == name
        assert all(len(text) > 10 for text in (model.source, model.intended_use, model.not_for, model.licence))
        assert "Not for" in card and "icence" in card and "Source" in card


def test_a_shipped_folder_must_bear_its_models_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(files._shipped_folder() / CAMBRIDGE, tmp_path / "renamed")
    monkeypatch.setattr(files, "_shipped_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match="'name' must be the folder's name, 'renamed'"):
        load_model("renamed")


def test_a_model_shows_itself_without_running_its_words_as_html(tmp_path: Path) -> None:
    text = (ONE_FLAG + FLAG).replace("made for a test", "<script>alert(1)</script>")
    model = load_model(
        write_model(tmp_path / "one", text.replace('version = "1"', 'version = "1"\ndemonstration = true'))
    )
    assert repr(model) == "<Model every-kind 1: 1 input, points, demonstration only>"
    page = model._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page and "counts as absent" in page
