"""A quarter of a million made-up people, month after month without any decision: nobody is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from caseload_months import a_caseload, a_scheme, counted, managed, month, people_of

import casemgmt as cm


@pytest.fixture(scope="module")
def people() -> Any:
    return cm.synthesise(as_of="2015-01-01").to_arrow()


@pytest.mark.parametrize("months", [3, pytest.param(12, marks=pytest.mark.long)])
def test_months_without_any_decision_lose_nobody_in_rotherham(people, months, tmp_path):
    draw = np.random.default_rng(months)
    risk = draw.normal(size=people.num_rows)
    ever: set[tuple[str, str]] = set()
    with a_caseload(tmp_path / "caseload.sqlite") as caseload:
        for number in range(1, months + 1):
            register = cm.read_register(people, as_of=month(number))
            risk = 0.9 * risk + 0.4 * draw.normal(size=people.num_rows)
            selection = cm.select(register, a_scheme("3/100"), score=risk, previous=caseload)
            now = managed(selection)
            proposed = caseload.propose(selection)
            removals = people_of(selection.removals())
            assert now & removals == set()
            ever |= now | removals
            assert now | removals == ever
            state = caseload.on(month(number))
            assert people_of(state.to_arrow()) == ever
            assert people_of(state.removals()) == removals
            assert counted(proposed, "stayers") + counted(proposed, "joiners") == len(now)
    assert len(ever) > 1.3 * len(now)
