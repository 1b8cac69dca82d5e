"""Test vectors catch a changed digit, and must touch every place of every table."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from model_folders import FLAG, HEAD, INPUTS, ONE_FLAG, other_digits, write_model

from casemgmt.errors import ModelError
from casemgmt.risk.files import load_model
from casemgmt.risk.inputs import ModelInput, decimal_text
from casemgmt.risk.vectors import check_vectors, covering_vectors


@pytest.fixture
def every_kind(tmp_path: Path) -> Path:
    return write_model(tmp_path / "every-kind", HEAD + INPUTS)


def test_any_changed_digit_in_a_model_of_every_kind_is_refused(every_kind: Path) -> None:
    text, vectors = (every_kind / "model.toml").read_text(), (every_kind / "vectors.csv").read_text()
    load_model(every_kind)
    keys = "value|values|missing|other|table|edges|from|intercept|floor|centre|baseline_survival|divide_by"
    changed = other_digits(text, rf"(?m)^(?:{keys}) = ([^a-z].*|[0-9].*)$")
    assert len(changed) == 100
    for wrong in changed:
        with pytest.raises(ModelError):
            load_model(write_model(every_kind, wrong, vectors))


@pytest.mark.parametrize("swap", [("left", "right"), ("right", "left"), ('"first"', '"no score"')])
def test_a_changed_edge_rule_is_refused(every_kind: Path, swap: tuple[str, str]) -> None:
    text, vectors = (every_kind / "model.toml").read_text(), (every_kind / "vectors.csv").read_text()
    with pytest.raises(ModelError):
        load_model(write_model(every_kind, text.replace(*swap, 1), vectors))


def test_a_place_that_no_vector_touches_is_refused_by_name(every_kind: Path) -> None:
    model = load_model(every_kind)
    for each in model.inputs:
        alone = replace(model, inputs=(each,), floor=None)
        header, *lines = covering_vectors(alone).splitlines()
        check_vectors(replace(alone, vectors_text="\n".join([header, *lines])))
        for line in lines:
            kept = [header, *(other for other in lines if other != line)]
            cell = re.escape(each.cells[each.cell_of(value_in(each, line))])
            names = rf"cell '{cell}'|a value under 2" if each.kind != "number" else rf"cell '{cell}'|the edge .* at "
            with pytest.raises(ModelError, match=rf"no vector touches input '{each.name}', ({names})"):
                check_vectors(replace(alone, vectors_text="\n".join(kept)))


def value_in(each: ModelInput, line: str) -> object:
    text = line.split(",", maxsplit=1)[0]
    if not text or each.kind == "category":
        return text or None
    return float(text)


def test_covering_vectors_repeat_no_line(every_kind: Path) -> None:
    model = load_model(every_kind)
    lines = model.vectors_text.splitlines()
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        ("asthma,expected_score\n1,1\n0,0\n", "no vector touches input 'asthma', cell 'missing'"),
        ("asthma,expected_score\n,0\n0,0\n", "no vector touches input 'asthma', cell 'present'"),
        ("expected_score\n0\n", "no vector touches input 'asthma', cell 'absent'"),
        ("asthma,expected_score\n1,1.000001\n", "line 2: the tables give 1, the vector expects 1.000001"),
        ("asthma,expected_score\n1,\n", "the tables give 1, the vector expects no score"),
        ("asthma,expected_score\n1,2/2\n0,0/7\n,0.1e1\n", "line 4: 'expected_score' must be a decimal"),
        ("asthma,expected_score,expected_risk\n1,1,0.5\n", "expects a risk; a points model gives none"),
        ("asthma,expected_score,expected_risk\n1,1,nan\n", "'expected_risk' must be a decimal from 0 to 1"),
        ("asthma,expected_score\ntrue,1\n", "line 2: 'asthma' must be 0, 1 or empty"),
        ("asthna,expected_score\n1,1\n", "column 'asthna' is no input of the model. Did you mean 'asthma'?"),
        ("asthma,asthma,expected_score\n1,1,1\n", "a column is named twice"),
        ("asthma\n1\n", "1 column missing: 'expected_score'"),
        ("", "1 column missing: 'expected_score'"),
        ("asthma,expected_score\n1\n", "line 2: has 1 cell; the header has 2"),
        ('asthma,expected_score\n"1"x,1\n', "is not CSV"),
    ],
)
def test_vectors_that_disagree_or_leave_something_out_are_refused(tmp_path: Path, vectors: str, says: str) -> None:
    with pytest.raises(ModelError, match=re.escape(says)) as caught:
        load_model(write_model(tmp_path / "one", ONE_FLAG + FLAG, vectors))
    assert "vectors.csv" in str(caught.value)


def test_a_risk_that_differs_by_more_than_a_millionth_of_a_millionth_is_refused(every_kind: Path) -> None:
    model = load_model(every_kind)
    header, first, *rest = model.vectors_text.splitlines()
    *cells, expected = first.split(",")
    for shift, refused in ((5e-13, False), (2e-12, True), (-2e-12, True)):
        vectors = "\n".join([header, ",".join([*cells, repr(float(expected) + shift)]), *rest])
        if refused:
            with pytest.raises(ModelError, match=r"line 2: the link gives a risk of"):
                load_model(write_model(every_kind, model.text, vectors))
        else:
            load_model(write_model(every_kind, model.text, vectors))


def test_a_no_score_cell_counts_only_when_nothing_else_takes_the_score_away(tmp_path: Path) -> None:
    text = ONE_FLAG + FLAG.replace("absent", "no score") + FLAG.replace("absent", "no score").replace("asthma", "copd")
    vectors = "asthma,copd,expected_score\n0,0,0\n1,1,2\n,,\n"
    with pytest.raises(ModelError, match="write a vector in which nothing else does"):
        load_model(write_model(tmp_path / "two", text, vectors))
    load_model(write_model(tmp_path / "two", text, vectors + ",0,\n0,,\n"))


def test_a_cell_hidden_by_the_floor_is_not_called_touched(tmp_path: Path) -> None:
    text = ONE_FLAG + 'floor = "0"\n' + FLAG + FLAG.replace("asthma", "copd").replace('"1"', '"-0.5"')
    hidden = "asthma,copd,expected_score\n0,0,0\n,,0\n1,0,1\n1,,1\n0,1,0\n"
    with pytest.raises(ModelError, match="no vector touches input 'copd', cell 'present'"):
        load_model(write_model(tmp_path / "floor", text, hidden))


@pytest.mark.parametrize("seed", range(40))
def test_covering_vectors_of_any_model_pass_its_own_check(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)

    def amount() -> str:
        return decimal_text(source.choice((-1, 1)) * source.randrange(10 ** source.randrange(1, 8)))

    def amounts(count: int) -> str:
        return "[" + ", ".join(f'"{amount()}"' for _ in range(count)) + "]"

    blocks = [INPUTS.split("\n[[input]]")[n] for n in range(1, 9) if source.random() < 0.4]
    edges = sorted({source.randrange(-(10**9), 10**9) for _ in range(source.randrange(1, 9))})
    quoted = ", ".join(f'"{decimal_text(edge)}"' for edge in edges)
    blocks.append(
        f'\nname = "blood_pressure"\nkind = "number"\nclosed = "{source.choice(("left", "right"))}"\n'
        f'edges = [{quoted}]\ntable = {amounts(len(edges) + 1)}\nmissing = "{source.choice((amount(), "no score"))}"\n'
    )
    blocks.append(f'\nname = "steps"\nkind = "integer"\nfrom = 0\ntable = {amounts(9)}\nmissing = "{amount()}"\n')
    link = source.choice((HEAD, ONE_FLAG)).replace('floor = "-1.2"', "")
    floor = f'floor = "{amount()}"\n' if source.random() < 0.5 else ""
    text = link + floor + "".join(f"\n[[input]]{block}" for block in blocks)
    try:
        folder = write_model(tmp_path / "any", text)
    except ModelError as problem:
        assert "'floor' is never reached" in str(problem)
        return
    check_vectors(load_model(folder))
