"""The whole call: any score a user brings, the same bytes however it is run, a page on which nothing runs."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from people_judged import AS_OF, people, people_table, scheme, shuffled
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

import casemgmt as cm
from casemgmt.outputs.csv_text import read_csv


@pytest.fixture(scope="module")
def found():
    return cm.evaluate("risk", "happened", people(), scheme(), replicates=200)


def tables(found):
    return {name: table.to_pydict() for name, table in found.tables().items()}


def test_its_figures_are_those_of_scikit_learn(found):
    rows = [
        row
        for row in people_table().to_pylist()
        if row["risk"] is not None and row["happened"] is not None and not row["objected"] and not row["date_of_death"]
    ]
    risk, happened = (np.array([row[name] for row in rows], dtype=float) for name in ("risk", "happened"))
    assert found.value("auroc") == pytest.approx(roc_auc_score(happened, risk))
    assert found.value("average_precision") == pytest.approx(average_precision_score(happened, risk))
    assert found.value("brier") == pytest.approx(brier_score_loss(happened, risk))
    rate = happened.mean()
    assert found.value("brier_null") == pytest.approx(rate * (1 - rate))
    assert found.value("brier_scaled") == pytest.approx(1 - found.value("brier") / (rate * (1 - rate)))
    for row in found.measures.to_pylist():
        assert row["meaning"]
        if row["low"] is not None:
            assert row["low"] < row["value"] < row["high"], row["measure"]


@pytest.mark.parametrize("form", ["array", "series", "frame", "mapping", "arrow"])
def test_any_form_of_risks_comes_to_the_same(form, found):
    table = people_table()
    values = table.column("risk").to_numpy()
    ids = table.column("patient_id").to_pylist()
    given = {
        "array": values,
        "series": pd.Series(values),
        "frame": pd.DataFrame({"patient_id": ids, "mine": values}).sample(frac=1, random_state=1),
        "mapping": dict(zip(ids, values.tolist(), strict=True)),
        "arrow": table.column("risk"),
    }[form]
    again = cm.evaluate(given, "happened", cm.read_register(table, as_of=AS_OF), scheme(), replicates=200)
    assert tables(again) == tables(found)


def test_the_order_of_rows_and_the_number_of_threads_change_no_bit(found):
    again = cm.evaluate(
        "risk", "happened", cm.read_register(shuffled(people_table()), as_of=AS_OF), scheme(), replicates=200, threads=3
    )
    assert tables(again) == tables(found)


def test_another_seed_draws_others(found):
    again = cm.evaluate("risk", "happened", people(), scheme(), replicates=200, seed=2)
    assert again.at_cut.column("ppv").equals(found.at_cut.column("ppv"))
    assert not again.at_cut.column("ppv_low").equals(found.at_cut.column("ppv_low"))


def test_without_a_scheme_the_ranking_and_the_risks_are_judged_alone(found):
    alone = cm.evaluate("risk", "happened", people(), replicates=100)
    assert alone.at_cut is None
    assert alone.rules is None
    assert alone.value("auroc") == found.value("auroc")
    assert alone.value("ici") == found.value("ici")
    with pytest.raises(cm.InputError, match="give evaluate a scheme"):
        alone.plot_cut()


def test_where_nobody_is_inside_the_cut_it_says_so():
    route = (
        'name = "old"\nkind = "everyone"\ncounts_as = "case_management"\nwhere = { age = { at_least = 80 } }',
        'name = "sure"\nkind = "band"\ncounts_as = "case_management"\non = "risk"\nat_least = "1"',
    )
    found = cm.evaluate("risk", "happened", people(), scheme(*route), replicates=100)
    assert "Nobody who is judged is inside the cut." in repr(found)
    assert found.at_cut.column("ppv").null_count == 4
    assert found.judged.case_managed.any()
    assert "With the same places" not in repr(found)


def test_a_model_that_was_fitted_on_these_practices_is_said_to_be_flattered():
    from dataclasses import replace

    model, register = cm.load_model("demonstration-admission"), cm.synthesise("C87616", seed=1)
    outcome = "outcome_emergency_admission_12m"
    seen = cm.evaluate(replace(model, calibrated_in=("C87616", "X")), outcome, register, replicates=100)
    assert any("1 of the 1 practice that judge it: there its figures are flattered" in note for note in seen.notes())
    unseen = cm.evaluate(replace(model, calibrated_in=("X",)), outcome, register, replicates=100)
    assert not any("recalibrated on people" in note for note in unseen.notes())


def test_a_demonstration_model_needs_synthetic_people_and_says_so():
    model = cm.load_model("demonstration-admission")
    register = cm.synthesise("C87616", seed=1)
    found = cm.evaluate(model, "outcome_emergency_admission_12m", register, scheme(), replicates=100)
    assert "demonstration only" in found._repr_html_()
    assert "synthetic" in found._repr_html_()
    real = cm.read_register(register.to_arrow().replace_schema_metadata(None), as_of=register.as_of)
    with pytest.raises(cm.InputError, match="demonstration only"):
        cm.evaluate(model, "outcome_emergency_admission_12m", real, scheme())


def test_more_nominations_than_places_are_refused_as_in_a_selection():
    table = people_table()
    table = table.set_column(table.column_names.index("nominated"), "nominated", pa.array([True] * table.num_rows))
    register = cm.read_register(table, as_of=AS_OF)
    with pytest.raises(cm.CapExceededError):
        cm.evaluate("risk", "happened", register, cm.load_scheme("rotherham-2015-16"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threshold": 20}, "threshold is a risk between 0 and 1"),
        ({"threshold": 0}, "threshold is a risk between 0 and 1"),
        ({"replicates": 10}, "replicates is a whole number from 100"),
        ({"seed": -1}, "seed is a whole number from 0"),
        ({"threads": 0}, "threads is a whole number from 1"),
        ({"over_cap": "drop"}, "over_cap must be"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options, words):
    with pytest.raises(cm.InputError, match=words):
        cm.evaluate("risk", "happened", people(), scheme(), **options)


def test_progress_rises_to_all_of_all_rankings():
    told = []
    cm.evaluate("risk", "happened", people(), scheme(), replicates=100, progress=lambda *at: told.append(at))
    assert told == sorted(told)
    assert told[-1] == (400, 400)


def test_it_says_what_it_comes_to_in_words(found):
    words = repr(found)
    assert re.search(r"AUROC 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)", words)
    assert "managed for each" in words
    assert "outcomes for each one expected" in words
    assert any("Set aside" in note and "outcome not known" in note for note in found.notes())


class Page(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.links, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "style") or name.startswith("on")]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_runs_nothing_and_fetches_nothing(found, tmp_path):
    folder = found.save(tmp_path / "out")
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(page.tags)
    assert page.links
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    text = " ".join(page.words)
    assert "C87003" in text
    assert "this page stays where the patients' rows may be seen" in text.replace("\n", " ")


def test_names_that_look_like_html_are_shown_and_not_run(tmp_path):
    name = "<script>alert(1)</script>"
    table = people_table().append_column(name, people_table().column("happened"))
    found = cm.evaluate("risk", name, cm.read_register(table, as_of=AS_OF), replicates=100)
    for text in ((found.save(tmp_path / "out") / "index.html").read_text(encoding="utf-8"), found._repr_html_()):
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_each_figure_has_its_numbers_beside_it_and_they_are_those_of_the_tables(found, tmp_path):
    folder = found.save(tmp_path / "deep" / "out")
    names = {path.name for path in folder.iterdir()}
    assert {f"{name}.csv" for name in found.tables()} <= names
    for name, table in found.tables().items():
        read = read_csv((folder / f"{name}.csv").read_bytes())
        assert read.column_names == table.column_names
        assert read.num_rows == table.num_rows
    shown = json.dumps(read_csv((folder / "at_cut.csv").read_bytes()).to_pydict())
    assert str(found.at_cut.column("ppv")[0].as_py()) in shown
    pngs = {name for name in names if name.endswith(".png")}
    assert pngs == {"calibration.png", "at_cut.png", "rules.png", "funnel.png"}
    for name in pngs:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_saved_again_it_is_the_same_bytes(found, tmp_path):
    one, other = found.save(tmp_path / "one"), found.save(tmp_path / "other")
    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in other.iterdir()
    }


def test_a_folder_that_is_there_is_left_alone(found, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep")
    with pytest.raises(cm.PublishError, match="is there already"):
        found.save(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["note.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_disk_that_fails_leaves_nothing_behind(found, tmp_path, monkeypatch):
    from casemgmt import disk

    written = []

    def fails(path, data):
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    monkeypatch.setattr(disk, "write_file", fails)
    with pytest.raises(cm.PublishError, match="No space left"):
        found.save(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_without_matplotlib_the_page_says_that_plots_were_left_out(found, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    folder = found.save(tmp_path / "out")
    assert not list(folder.glob("*.png"))
    assert "Plots were left out" in (folder / "index.html").read_text(encoding="utf-8")
    with pytest.raises(cm.InputError, match=r"casemgmt\[plot\]"):
        found.plot_funnel()


def test_every_figure_is_drawn_on_the_axes_that_are_given(found):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = plt.subplots(2, 2)
    draws = (found.plot_calibration, found.plot_cut, found.plot_rules, found.plot_funnel)
    for draw, ax in zip(draws, axes.flat, strict=True):
        assert draw(ax) is ax
        assert ax.get_xlabel()
    plt.close(figure)


def test_no_patient_is_named_by_any_output(found, tmp_path):
    folder = found.save(tmp_path / "out")
    ids = people_table().column("patient_id").to_pylist()
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.csv"))
    page = " ".join(Page((folder / "index.html").read_text(encoding="utf-8")).words)
    cells = set(re.findall(r'"(\d{5})"', text)) | set(re.findall(r"\b0\d{4}\b", page))
    assert not cells & set(ids)


@pytest.mark.parametrize("risk", [0.0, 5e-324, 1e-310, 1e-9])
def test_risks_next_to_nothing_expect_nobody_and_can_be_saved(risk, tmp_path):
    table = people_table()
    tiny = risk * np.nan_to_num(table.column("risk").to_numpy(zero_copy_only=False))
    found = cm.evaluate(tiny, "happened", people(), scheme(), replicates=100)
    assert found.value("observed_to_expected") is None
    assert set(found.funnel.column("ratio").to_pylist()) == {None}
    assert (found.save(tmp_path / "judged") / "index.html").is_file()


def test_both_columns_of_a_classifier_are_answered_with_the_one_that_is_meant():
    risk = people_table().column("risk").to_numpy(zero_copy_only=False)
    for given in (np.column_stack([1 - risk, risk]), risk[:, None]):
        with pytest.raises(cm.InputError, match=r"predict_proba\(X\)\[:, 1\]"):
            cm.evaluate(given, "happened", people(), replicates=100)
