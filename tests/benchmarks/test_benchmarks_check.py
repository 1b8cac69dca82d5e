"""A run is held against an earlier one by ratios, and noise alone is no regression."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as command
from benchmarks.check import compared, told


def contender(key, times, memory=(), more=False):
    return {
        "key": key,
        "name": key,
        "does_more": more,
        "warm_s": list(times),
        "processor_s": list(times),
        "peak_bytes": list(memory),
    }


def run_of(ours, theirs, patients=1000, memory=()):
    run = {"work": "packed", "patients": patients, "practices": 10, "order": "sorted", "threads": 2}
    others = [contender("numpy", theirs, memory), contender("table", [9.0], more=True)]
    return {"runs": [{**run, "contenders": [contender("casemgmt", ours, memory and (100,)), *others]}]}


STEADY = [1.0, 1.01, 1.02, 0.99]


@pytest.mark.parametrize(
    ("ours", "regressed"),
    [
        (STEADY, False),
        ([1.05 * each for each in STEADY], False),  # less than a tenth
        ([1.5 * each for each in STEADY], True),
        ([0.7, 1.0, 1.5, 2.6], False),  # noise
        ([0.5 * each for each in STEADY], False),
    ],
)
def test_a_ratio_that_fell_beyond_noise_is_named(ours, regressed):
    found = compared(run_of(STEADY, [3.0, 3.01, 3.02]), run_of(ours, [3.0, 3.01, 3.02]))
    assert [each.has_regressed for each in found] == [regressed, regressed]  # time and processor
    assert ("fell beyond noise:" in told(found)) == regressed


def test_a_slower_machine_is_no_regression_and_more_memory_is():
    before = run_of(STEADY, STEADY, memory=(200,))
    slower = run_of([4 * each for each in STEADY], [4 * each for each in STEADY], memory=(150,))
    assert [each.where.split(", ")[2] for each in compared(before, slower) if each.has_regressed] == ["memory"]


def test_runs_of_other_sizes_are_not_compared():
    with pytest.raises(ValueError, match="nothing to compare"):
        compared(run_of(STEADY, STEADY), run_of(STEADY, STEADY, patients=2000))


def test_the_command_compares_with_what_its_folder_held(tmp_path, monkeypatch, capsys):
    made = iter([run_of(STEADY, STEADY)["runs"][0], run_of([2.0] * 4, STEADY)["runs"][0]])
    monkeypatch.setattr(command, "run_apart", lambda job, path: next(made))
    monkeypatch.setattr(command, "table_of", lambda run: "")
    monkeypatch.setattr(command, "machine_and_tables", lambda results: "")
    monkeypatch.setattr(command, "write", lambda results, out: (out / "results.json").write_text(json.dumps(results)))
    words = ["--quick", "--works", "packed", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as caught:
        command.main([*words, "--check"])
    assert caught.value.code == 2
    assert command.main(words) == 0
    assert command.main([*words, "--check"]) == 1
    assert "2 fell beyond noise" in capsys.readouterr().out
