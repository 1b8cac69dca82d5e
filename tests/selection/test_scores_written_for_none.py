"""Scores that stand for no score: infinities are none, and 999 or -1 is warned of; nobody ranks first by one unseen."""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet
from register_tools import people
from registers import read_scheme, scheme_text
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import InputWarning
from casemgmt.selection import sentinels
from casemgmt.selection.sentinels import Span

AS_OF = "2015-04-01"
SCHEME = read_scheme(
    scheme_text(
        [
            'name = "top"\nkind = "top_share"\nshare = "10%"\nlimit = "at_most"\nof = {}\namong = {}\n'
            'counts_as = "case_management"'
        ]
    )
)
USUAL = [float(number % 97) for number in range(200)]  # 0 to 96


def table(scores: list[Any]) -> pa.Table:
    return people(len(scores), points=scores)


def doors(scores: list[Any], tmp_path: Any) -> dict[str, Any]:
    """The same scores by every way to give some."""
    source = table(scores)
    register = cm.read_register(source, as_of=AS_OF)
    parquet.write_table(source, tmp_path / "r.parquet", row_group_size=64)
    register.save_packed(tmp_path / "p.parquet")
    scanned, packed = (cm.scan_register(tmp_path / f"{name}.parquet", as_of=AS_OF) for name in "rp")
    by_id = dict(zip(source["patient_id"].to_pylist(), scores, strict=True))
    return {
        "a column": (register, "points"),
        "a list": (register, scores),
        "an array": (register, np.array(scores)),
        "Arrow": (register, pa.array(scores)),
        "pandas": (register, pd.Series(scores)),
        "polars": (register, pl.Series(scores)),
        "by id": (register, by_id),
        "a scanned column": (scanned, "points"),
        "rows of a scanned register": (scanned, scores),
        "ids of a scanned register": (scanned, by_id),
        "a packed column": (packed, "points"),
    }


@pytest.mark.parametrize("endless", [float("inf"), float("-inf")])
def test_an_infinite_score_is_none_through_every_door(endless, tmp_path):
    for name, (register, score) in doors([*USUAL[:-2], endless, endless], tmp_path).items():
        assert cm.select(register, SCHEME, score=score).unscored().num_rows == 2, name


@pytest.mark.parametrize(
    ("far", "words"),
    [
        (999.0, "far above all others, so that these patients rank first"),
        (9999.0, "far above all others, so that these patients rank first"),
        (-500.0, "far below all others, so that these patients rank last"),
    ],
)
def test_a_far_value_that_several_share_is_warned_of_through_every_door(far, words, tmp_path):
    scores = [*USUAL, far, far, far]
    for name, (register, score) in doors(scores, tmp_path).items():
        with pytest.warns(InputWarning) as said:
            cm.select(register, SCHEME, score=score)
        found = [str(each.message) for each in said]
        assert found == [
            f"score=: 3 of 203 scores are one and the same value, {words}. "
            "If it stands for 'no score', write it as missing (NaN or null)."
        ], name
        assert str(far) not in found[0] and str(int(far)) not in found[0].replace("203", "")


@pytest.mark.parametrize(
    "scores",
    [
        USUAL,
        [*USUAL, 999.0, 999.0],  # two alone
        [*USUAL, 900.0, 950.0, 999.0],  # a tail
        [*USUAL, 150.0, 150.0, 150.0],  # not so far
        [*[0.0] * 100, *[10.0] * 100],  # a flag
        [*[0.0, 1.0, 2.0, 3.0] * 20, *[30.0] * 20],  # a few kinds
        [-score for score in USUAL],  # all below 0
        [float("nan")] * 50,
        [5.0] * 50,
        [],
    ],
)
def test_scores_without_one_are_not_warned_of(scores):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cm.select(cm.read_register(table(pa.array(scores, pa.float64())), as_of=AS_OF), SCHEME, score="points")


def test_the_span_of_parts_is_that_of_the_whole():
    draw = np.random.default_rng(3)
    for _ in range(300):
        scores = draw.choice([-1.0, 0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 60.0, np.nan], draw.integers(0, 40))
        whole, parts = Span(), Span()
        whole.add(scores)
        for piece in np.split(scores, np.sort(draw.integers(0, len(scores) + 1, 3))):
            parts.add(piece)
        given = np.unique(scores[~np.isnan(scores)])
        assert (parts.scores, parts._above, parts._below) == (whole.scores, whole._above, whole._below)
        assert whole._above.next == (given[-2] if len(given) > 1 else None)
        assert whole._below.next == (-given[1] if len(given) > 1 else None)


def test_the_command_line_says_it_on_the_screen(tmp_path):
    parquet.write_table(table([*USUAL, 999.0, 999.0, 999.0]), tmp_path / "r.parquet")
    (tmp_path / "s.toml").write_text(SCHEME.text)
    words = ["select", tmp_path / "r.parquet", "--as-of", AS_OF, "--scheme", tmp_path / "s.toml"]
    for more in ("--scan", "--no-scan"):
        options = ["--score", "points", more, "--out", tmp_path / more]
        result = CliRunner().invoke(app, [str(word) for word in (*words, *options)])
        assert result.exit_code == 0, result.output
        said = " ".join(result.output.split())
        assert said.count("3 of 203 scores are one and the same value, far above all others") == 1


def test_decimals_are_warned_of_alike():
    register = cm.read_register(table(USUAL), as_of=AS_OF)
    with pytest.warns(InputWarning, match="3 of 200 scores"):
        cm.select(register, SCHEME, score=[*map(Decimal, USUAL[:-3]), *[Decimal(999)] * 3])


def test_a_few_scores_never_hide_what_all_of_them_show(monkeypatch):
    """Where a few scores are enough to say that no value is far, going through all of them says so too."""
    monkeypatch.setattr(sentinels, "_LOOKED_AT", 20)
    random, told = np.random.default_rng(5), 0
    for turn in range(400):
        scores = np.round(random.normal(0, 10.0 ** random.integers(-3, 4), 60), 2)
        scores[: random.integers(0, 6)] = random.choice([-999.0, 0.0, 999.0, 1e6, np.nan, np.inf, 5.0])
        random.shuffle(scores)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            span = sentinels.Span()
            span.add(scores)
            span.warn()
        shows = sentinels._shows_that_none_is_far(scores)
        told += shows
        assert not (shows and caught), turn
    assert told > 100
