"""The effect at the cut over two hundred synthetic registers: what is planted is found, and the interval holds it."""

from __future__ import annotations

import numpy as np
import pytest

import casemgmt as cm
from casemgmt.evaluation.effect import effect_at_cut
from casemgmt.synthetic.planted import Planted

REGISTERS = 200
PLANTED = 0.3  # of those who would be admitted are spared
OUTCOME = "outcome_emergency_admission_12m"
NEAR = 0.05  # of the cut, in log-odds: what happens there without an effect


def one_register(seed: int) -> dict[str, float]:
    """A Rotherham whose people are managed in vain, and the same where a share of them is spared."""
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("demonstration-admission")
    selection = cm.select(cm.synthesise("03L", seed=seed), scheme, model=model)
    nothing = effect_at_cut(selection, OUTCOME)
    table = selection.to_arrow(reasons=False)
    managed = table.filter(table["case_managed"])["patient_id"].to_pylist()
    spared = cm.synthesise("03L", seed=seed, planted=Planted(effect=PLANTED, managed=managed))
    something = effect_at_cut(spared, OUTCOME, scheme=scheme, model=model)
    near = np.abs(nothing.people.distance) < NEAR
    found = {"rate": float(nothing.outcome[near].mean())}
    for name, each in (("nothing", nothing), ("something", something)):
        low, high = each.interval
        found |= {f"{name}_low": low, f"{name}_high": high, f"{name}_effect": each.effect}
        found |= {f"{name}_corrected": each.jump.corrected, f"{name}_error": each.jump.standard_error}
        found |= {f"{name}_detectable": each.minimum_detectable, f"{name}_density": each.density.p_value}
    return found


def summary_of(found: list[dict[str, float]]) -> dict[str, float]:
    """Coverage, bias and error over many registers."""
    of = {name: np.array([each[name] for each in found]) for name in found[0]}
    truth = {"nothing": 0.0, "something": -PLANTED * float(of["rate"].mean())}
    said: dict[str, float] = {"rate": float(of["rate"].mean())}
    for name, value in truth.items():
        inside = (of[f"{name}_low"] <= value) & (value <= of[f"{name}_high"])
        said[f"{name}: truth"] = value
        said[f"{name}: mean effect"] = float(of[f"{name}_effect"].mean())
        said[f"{name}: mean corrected"] = float(of[f"{name}_corrected"].mean())
        said[f"{name}: coverage"] = float(inside.mean())
        said[f"{name}: spread of corrected"] = float(of[f"{name}_corrected"].std(ddof=1))
        said[f"{name}: mean error"] = float(of[f"{name}_error"].mean())
        said[f"{name}: shown"] = float(((of[f"{name}_low"] > 0) | (of[f"{name}_high"] < 0)).mean())
    said["detectable"] = float(of["nothing_detectable"].mean())
    said["steps in density"] = float((of["nothing_density"] < 0.05).mean())
    return said


@pytest.mark.long
def test_a_planted_effect_and_a_planted_zero_are_inside_their_intervals_as_often_as_they_should():
    said = summary_of([one_register(seed) for seed in range(1000, 1000 + REGISTERS)])
    for name in ("nothing", "something"):
        # 95 in 100, give or take what 200 registers leave open: 3 standard errors are 4.6 in 100.
        assert 0.904 <= said[f"{name}: coverage"] <= 0.996, said
        error = said[f"{name}: spread of corrected"] / REGISTERS**0.5
        assert abs(said[f"{name}: mean corrected"] - said[f"{name}: truth"]) < 4 * error, said
        assert 0.85 < said[f"{name}: mean error"] / said[f"{name}: spread of corrected"] < 1.15, said
    assert said["steps in density"] < 0.12, said


def test_one_register_has_everything_that_two_hundred_are_asked():
    found = summary_of([one_register(1), one_register(2)])
    assert set(found) >= {"nothing: coverage", "something: coverage", "detectable"}
    assert found["something: mean effect"] < found["nothing: mean effect"] - 0.05
