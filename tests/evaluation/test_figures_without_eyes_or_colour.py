"""Every figure says in words what it shows, and tells its series apart without colour."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from people_judged import people, scheme

import casemgmt as cm
from casemgmt.aims import plots as of_aims
from casemgmt.aims.definitions import NO_EFFECT
from casemgmt.evaluation.fairness_plots import MARKERS, draw_by_score, draw_need
from casemgmt.evaluation.plan_plot import draw_plan
from casemgmt.evaluation.plots import draw, figures_of
from casemgmt.plot_words import words_of

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(scope="module")
def judged() -> Any:
    return cm.evaluate("risk", "happened", people(), scheme(), replicates=100)


def groups(count: int) -> Any:
    """Need and outcome by score of some groups, the second of them flagged."""
    need = [
        {"ethnicity": f"group {i}", "flag": "high" if i == 1 else None, "need_at_equal_score": 1 + i / 10}
        | {"need_at_equal_score_low": 0.8, "need_at_equal_score_high": 1.5}
        for i in range(count)
    ]
    score = [
        {"ethnicity": f"group {i}", "tenth": tenth, "event_rate": (tenth + i) / 100}
        | {"event_rate_low": tenth / 200, "event_rate_high": tenth / 50}
        for i in range(count)
        for tenth in range(1, 11)
    ]
    return SimpleNamespace(column="ethnicity", groups=pa.Table.from_pylist(need), by_score=pa.Table.from_pylist(score))


def plan() -> Any:
    rows = [
        {"share": f"{i}%", "marginal_yield": 0.2 - i / 100, "hours_a_week": 2.0 * i}
        | ({"marginal_yield": None} if i == 5 else {})
        for i in range(1, 6)
    ]
    return SimpleNamespace(table=pa.Table.from_pylist(rows), labels=("synthetic people",))


def funnel(measure: str = "emergency_admissions") -> pa.Table:
    value, size = ("share", "known") if measure == "home_91_days" else ("per_1000", "list_size")
    rows = [
        {"practice_id": f"C8700{i}", size: 1000 * i, value: each, "overall": 0.1 if value == "share" else 100.0}
        | {"position": where}
        for i, (each, where) in enumerate([(0.1, "within"), (0.2, "above 99.8%")], start=1)
    ]
    rows = rows if value == "share" else [{**row, value: 1000 * row[value]} for row in rows]
    said = {"measure": measure, "year": "2013/14", "dispersion": "Dispersion 1.0."}
    return pa.Table.from_pylist(rows).replace_schema_metadata(said)


def run_chart() -> pa.Table:
    import datetime as dt

    rows = [
        {"from": dt.date(2014, month, 1), "per_1000_a_year": 90.0 + month, "median": 96.5, "runs": 2}
        | {"signals": "shift, trend" if month > 6 else None, "runs_at_least": 3, "runs_at_most": 11}
        for month in range(1, 13)
    ]
    said = {"measure": "emergency_admissions", "practice_id": "C87001", "period": "month", "rules": "The rules."}
    return pa.Table.from_pylist(rows).replace_schema_metadata(said)


def waterfall() -> Any:
    model = cm.load_model("cambridge-multimorbidity-20")
    from casemgmt.outputs.waterfall import draw_given

    rows = [("base", "Base", 0.5), ("dementia", "Living with dementia", 2.5), ("age", "Younger", -0.25)]
    table = pa.Table.from_pylist(
        [{"input": a, "words": b, "label": b, "contribution": c, "missing": a == "age"} for a, b, c in rows]
    )
    assert model.link == "points"
    return draw_given(table, as_odds=False)


def stability() -> Any:
    from casemgmt.evaluation.stability import Stability

    rows = [{"risk": i / 20, "low": i / 25, "high": i / 15, "mape": 0.01} for i in range(1, 10)]
    return Stability(people=pa.Table.from_pylist(rows), mape=0.0123, refits=20).plot()


def effect() -> Any:
    register, model = cm.synthesise("C87616", seed=1), cm.load_model("demonstration-admission")
    return cm.effect_at_cut(cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model)).plot()


FIGURES: dict[str, tuple[Callable[[], Any], str]] = {
    "need": (lambda: draw_need(groups(3)), "group 1 1.10 (0.80 to 1.50).*Flagged: group 1"),
    "by score": (lambda: draw_by_score(groups(3)), "group 2: 3.0 in 100 in tenth 1, 12 in 100 in tenth 10"),
    "plan": (lambda: draw_plan(plan()), "At 1% of each list: 19.0 of 100 more, 2.0 hours a week. At 5%.*no number of"),
    "funnel": (lambda: of_aims.draw("funnel", funnel()), "1 of 2 practices lie outside.*C87002 at 200.0"),
    "funnel at home": (lambda: of_aims.draw("funnel", funnel("home_91_days")), "All practices: 10.0.*C87002 at 20.0"),
    "run chart": (lambda: of_aims.draw("run_chart", run_chart()), "6 points are part of a shift; 6 points"),
    "waterfall": (waterfall, "Living with dementia, .2.50; Younger, −0.25. Score: 2.75. Not recorded: Younger"),
    "stability": (stability, "a risk moves by 1.23 in 100; the highest that is drawn is 60 in 100"),
    "effect": (effect, "groups? outside the cut.*groups? inside the cut"),
}


@pytest.fixture(scope="module", params=[*FIGURES, "calibration", "at_cut", "rules", "of the score"])
def drawn(request: pytest.FixtureRequest, judged: Any) -> Any:
    """Axes, and what their words must say."""
    from matplotlib import pyplot as plt

    if request.param in FIGURES:
        make, expected = FIGURES[request.param]
        ax = make()
    else:
        which = "funnel" if request.param == "of the score" else request.param
        assert which in figures_of(judged)
        ax, expected = draw(judged, which), "practices? lie outside|In the lowest tenth|All practices|: .* in 100"
    yield ax, expected
    plt.close(ax.figure)


def test_a_figure_says_in_words_what_it_shows(drawn: Any) -> None:
    import re

    ax, expected = drawn
    words = ax.get_label()
    assert re.search(expected.replace("(", r"\(").replace(")", r"\)"), words), words
    assert words.endswith(".") and "nan" not in words and "None " not in words
    assert words_of(ax.figure).startswith(words)


def look(handle: Any) -> tuple[Any, ...]:
    """All of a legend's entry but its colour."""
    parts = [each for each in (handle, *getattr(handle, "get_children", list)()) if each is not None]
    kinds = tuple(sorted({type(each).__name__ for each in parts}))
    lines = [
        (each.get_linestyle(), each.get_marker(), each.get_markerfacecolor() == "none", each.get_markersize())
        for each in parts
        if hasattr(each, "get_marker")
    ]
    paths = [
        tuple(map(tuple, each.get_paths()[0].vertices[:6].round(3))) for each in parts if hasattr(each, "get_offsets")
    ]
    return kinds, tuple(map(str, lines)), str(paths)


def test_no_two_series_differ_by_colour_alone(drawn: Any) -> None:
    ax, _ = drawn
    handles = [handle for axes in ax.figure.axes for handle in axes.get_legend_handles_labels()[0]]
    looks = [look(handle) for handle in handles]
    assert len(set(looks)) == len(looks), looks


def test_more_groups_than_markers_differ_by_their_lines() -> None:
    ax = draw_by_score(groups(len(MARKERS) + 3))
    looks = [look(handle) for handle in ax.get_legend_handles_labels()[0]]
    assert len(set(looks)) == len(MARKERS) + 3


def luminance(colour: Any) -> float:
    from matplotlib.colors import to_rgb

    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_lines_and_marks_are_dark_enough_to_be_seen_on_white(drawn: Any) -> None:
    ax, _ = drawn
    for axes in ax.figure.axes:
        for line in axes.get_lines():
            for colour in {line.get_color(), line.get_markeredgecolor()}:
                assert 1.05 / (luminance(colour) + 0.05) >= 3, colour


def test_a_notebook_gets_the_words_with_the_picture_and_the_figure_can_still_be_kept() -> None:
    ax = draw_need(groups(2))
    words = ax.get_label()
    text, beside = ax.figure._repr_mimebundle_()
    assert text == {"text/plain": words}
    assert beside["image/png"] == {"alt": words}
    assert words_of(pickle.loads(pickle.dumps(ax.figure))) == words
    ax.set_label("")
    assert ax.figure._repr_mimebundle_() == ({}, {})


def test_a_saved_picture_holds_its_words(tmp_path: Any) -> None:
    from PIL import Image

    from casemgmt.evaluation.saving import as_png

    with Image.open(io.BytesIO(as_png((5.0, 3.0), lambda ax: draw_need(groups(2), ax)))) as picture:
        assert picture.text["Description"].startswith("Outcomes for each one expected")  # type: ignore[attr-defined]


def test_the_page_of_an_evaluation_says_the_numbers_of_its_pictures(judged: Any, tmp_path: Any) -> None:
    judged.save(tmp_path / "judged")
    page = (tmp_path / "judged" / "index.html").read_text(encoding="utf-8")
    alts = [part.split('"', 1)[0] for part in page.split('alt="')[1:]]
    assert len(alts) == len(figures_of(judged)) >= 3
    assert all(any(letter.isdigit() for letter in alt) for alt in alts)


def test_a_figure_that_is_no_effect_says_so_in_its_words() -> None:
    assert of_aims.draw("funnel", funnel()).get_label().endswith(NO_EFFECT)
