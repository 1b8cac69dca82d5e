"""12 in 100 beside 12%: the rounding, the words, and that nothing more is told than the percentage tells."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

import casemgmt as cm
from casemgmt.outputs.in_100 import in_100, percent_in_words, share_in_words
from casemgmt.outputs.practice.wording import legend_of, rule_in_words
from casemgmt.outputs.report.figures import Figure
from casemgmt.outputs.report.page import _charts, words_of
from casemgmt.scheme.shares import Share


def test_every_percentage_is_rounded_halves_up_and_only_none_is_0_and_all_is_100():
    for tenths in range(1001):
        said = in_100(tenths / 10)
        people = int(Fraction(tenths, 10) + Fraction(1, 2))
        if 0 < tenths < 10:
            assert said == "under 1 in 100"
        elif 990 < tenths < 1000:
            assert said == "over 99 in 100"
        else:
            assert said == f"{people} in 100"
    assert (in_100(0.0), in_100(0.5), in_100(1.0), in_100(99.0)) == (
        "0 in 100",
        "under 1 in 100",
        "1 in 100",
        "99 in 100",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3%", "3% (3 in 100)"),
        ("0.5%", "0.5% (1 in 200)"),
        ("1.8%", "1.8% (9 in 500)"),
        ("0.1%", "0.1% (1 in 1,000)"),
        ("100%", "100% (100 in 100)"),
        ("0.05%", "0.05%"),
        ("1/3", "1/3"),
    ],
)
def test_the_share_of_a_scheme_is_said_in_people_where_they_are_whole(text, said):
    assert share_in_words(text, Share.read(text, "at_most").fraction) == said


def test_a_practice_reads_each_share_of_a_route_in_people():
    top, _, judgement, review = cm.load_scheme("rotherham-2015-16").routes
    assert "at most 3% (3 in 100) of everyone on the list" in rule_in_words(top)
    assert "at most 2% (2 in 100) of everyone on the list" in rule_in_words(judgement)
    assert rule_in_words(review) == review.describe()
    keeping = rule_in_words(replace(top, keep_within=Share.read("30%", "at_most")))
    assert "3% (3 in 100)" in keeping and "30% (30 in 100)" in keeping
    assert "12 in 100 is 12%" in dict(legend_of(cm.load_scheme("rotherham-2015-16"), None))["Risk"]


def figure(row: dict[str, object]) -> Figure:
    return Figure(
        name="equity",
        title="A table",
        says="",
        headings={"group": "Group", "case_managed": "Case managed", "percent": "Case managed, % (in 100)"},
        kinds={"case_managed": "whole", "percent": "share"},
        rows=[{"by": "age", "group": "65-74", **row}],
    )


def test_a_share_of_the_report_has_both_on_the_page_and_in_the_chart():
    shown = figure({"case_managed": 40, "percent": 3.6, "note": None})
    assert words_of(shown.rows[0], "percent", "share") == "3.6% (4 in 100)"
    (chart,) = _charts(shown)
    assert [bar.words for bar in chart.bars] == ["3.6% (4 in 100)"]
    assert shown.to_arrow()["percent"].to_pylist() == [3.6]


@pytest.mark.parametrize("note", ["case_managed 1–7", "case_managed withheld; percent withheld"])
def test_what_is_suppressed_has_no_people_in_100(note):
    shown = figure({"case_managed": None, "percent": None, "note": note})
    for name, kind in shown.kinds.items():
        assert "in 100" not in words_of(shown.rows[0], name, kind)
    assert _charts(shown) == []


def test_the_words_follow_from_the_percentage_alone():
    assert all(percent_in_words(each / 10).startswith(f"{each / 10:.1f}% (") for each in range(1001))
    assert re.fullmatch(r"57\.1% \(57 in 100\)", percent_in_words(57.1))
