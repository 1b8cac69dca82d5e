"""Small changes to the rules are noticed by the tests of their area."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import mutation
import pytest
from mutation import AREAS, WITHOUT_EFFECT, mutants


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the command forks")
@pytest.mark.parametrize("area", sorted(AREAS))
def test_nearly_every_change_to_an_area_is_noticed(area):
    command = [sys.executable, mutation.__file__, "--area", area, "--sample", "40", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_area_has_files_to_change_and_tests_and_every_exception_a_reason():
    folder = Path(mutation.__file__).parent
    for area in AREAS.values():
        assert all([*mutation.ROOT.glob(files)] for files in area.files)
        assert all([*folder.parent.glob(f"*/{name}")] for name in (*area.first, *area.then))
    for listed in tomllib.loads(WITHOUT_EFFECT.read_text(encoding="utf-8"))["mutant"]:
        assert listed["reason"].strip()
        assert listed["before"] in (mutation.ROOT / listed["path"]).read_text(encoding="utf-8")


def test_a_sample_is_of_changes_that_can_be_run():
    pytest.importorskip("cosmic_ray")
    chosen = mutants(["dates"], sample=5, seed=0)
    assert len(chosen) == 5
    assert all(mutant.before != mutant.after for mutant in chosen)
