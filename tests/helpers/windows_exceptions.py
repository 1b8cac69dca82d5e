"""The tests that say nothing about Windows, each with the reason: ``pytest --as-windows`` leaves them out.

A name stands for a test with all its parameters; with brackets, for those alone whose parameters are named.
"""

from __future__ import annotations

REASONS: dict[str, str] = {}
LEFT_OUT: dict[str, dict[str, str]] = {}


def reason_of(path: str, name: str) -> str | None:
    """Why a test is left out.

    Parameters
    ----------
    path : of its file, from the folder of the tests on
    name : of the test, with its parameters
    """
    found = LEFT_OUT.get(path, {})
    reason = found.get(name) or found.get(name.partition("[")[0])
    return REASONS[reason] if reason else None
