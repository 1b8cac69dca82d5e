"""The chart of a list: bars in order, the cut between those let in by rank and the others, and the same in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from a_practice_list import a_practice_list

from casemgmt.outputs.practice.page.chart import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, chart_of


@pytest.fixture(scope="module")
def shown():
    return a_practice_list([f"p{n}" for n in range(10)], text="P1")


def bars_of(path: str) -> list[tuple[float, float]]:
    """Where each bar begins, and how high it is."""
    found = re.findall(r"M([\d.]+) \d+V([\d.]+)H", path)
    return [(float(left), HEIGHT - BOTTOM - float(top)) for left, top in found]


def test_everyone_with_a_score_has_a_bar(shown):
    chart = chart_of(shown)
    assert {each.name: len(bars_of(each.path)) for each in chart.bars} == {"ranked": 5, "other": 5, "below": 10}


def test_bars_fall_on_each_side_of_the_cut(shown):
    chart = chart_of(shown)
    every = sorted(bar for each in chart.bars for bar in bars_of(each.path))
    ranked = [height for left, height in every if left < chart.cut_x]
    others = [height for left, height in every if left >= chart.cut_x]
    assert len(ranked) == 5
    assert ranked == sorted(ranked, reverse=True) and others == sorted(others, reverse=True)


def test_a_bar_is_as_high_as_the_risk_on_the_scale(shown):
    chart = chart_of(shown)
    places = dict(chart.ticks)
    assert chart.ticks[0][0] == "0 in 100" and places["80 in 100"] < places["60 in 100"] < places["0 in 100"]
    (ranked,) = (each for each in chart.bars if each.name == "ranked")
    per_100 = (places["0 in 100"] - places["80 in 100"]) / 80
    assert bars_of(ranked.path)[0][1] == pytest.approx(per_100 * 100 * shown.listed[1].risk, abs=0.2)


def test_bars_stand_within_the_frame(shown):
    lefts = [left for each in chart_of(shown).bars for left, _ in bars_of(each.path)]
    assert min(lefts) == LEFT and max(lefts) < WIDTH - RIGHT


def test_the_words_give_the_numbers_and_the_cut(shown):
    first, second = chart_of(shown).words
    assert first == "5 patients with a place by rank: risks from 80 in 100 down to 80 in 100, where the cut falls."
    assert "5 patients with a place by another route and 10 patients without a place" in second


def test_without_a_risk_the_scale_is_of_scores(shown):
    plain = replace(shown, listed=tuple(replace(each, risk=None) for each in shown.listed), candidates=())
    chart = chart_of(plain)
    assert [text for text, _ in chart.ticks] == ["0", "5", "10", "15", "20"]
    assert chart.words[0].startswith("5 patients with a place by rank: scores from 19.99 down to 19.91")


@pytest.mark.parametrize("most", [3e-4, 0.02, 0.9, 1, 4.99, 5, 5.01, 72, 100, 999, 12345.6])
def test_the_scale_has_few_round_steps_and_holds_the_highest(shown, most):
    one = replace(shown.listed[1], score=most, risk=None)
    chart = chart_of(replace(shown, listed=(one,), candidates=()))
    ends = [float(text) for text, _ in chart.ticks]
    assert ends[-1] >= most * (1 - 1e-6) and 3 <= len(ends) <= 6
    assert min(y for _, y in chart.ticks) >= 0


def test_nobody_with_a_score_above_nothing_makes_no_chart(shown):
    nobody = replace(shown, listed=(), candidates=())
    below = replace(shown, listed=(replace(shown.listed[1], score=-2.0, risk=None),), candidates=())
    assert chart_of(nobody) is None and chart_of(below) is None
