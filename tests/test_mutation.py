"""Small changes to the rules are noticed by the tests of their area."""

from __future__ import annotations

import os
import subprocess
import sys

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


def test_every_area_has_files_to_change_and_every_exception_a_reason():
    pytest.importorskip("cosmic_ray")
    for area in AREAS:
        assert len(mutants([area], sample=5, seed=0)) == 5
    text = WITHOUT_EFFECT.read_text(encoding="utf-8")
    assert text.count("[[mutant]]") == text.count("reason")
