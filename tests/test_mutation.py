"""Small changes to the rules are noticed by the tests of their area."""

from __future__ import annotations

import pytest
from mutation import AREAS, WITHOUT_EFFECT, mutants, share_caught, survivors


@pytest.mark.long
@pytest.mark.parametrize("area", sorted(AREAS))
def test_nearly_every_change_to_an_area_is_noticed(area):
    chosen = mutants([area], sample=40, seed=1)
    alive = survivors(chosen)
    assert share_caught(chosen, alive) >= 0.95, "\n".join(map(str, alive))


def test_every_area_has_files_to_change_and_every_exception_a_reason():
    pytest.importorskip("cosmic_ray")
    for area in AREAS:
        assert len(mutants([area], sample=5, seed=0)) == 5
    text = WITHOUT_EFFECT.read_text(encoding="utf-8")
    assert text.count("[[mutant]]") == text.count("reason")
