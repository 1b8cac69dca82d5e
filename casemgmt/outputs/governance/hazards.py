"""The hazard log, read from the table that ships with the library."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

_KEYS = ("id", "hazard", "cause", "control", "severity", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """What could go wrong.

    Attributes
    ----------
    id : such as ``H01``
    hazard, cause, control : what could happen, why, and what the library does about it
    severity : ``minor``, ``considerable`` or ``major``, as we see it
    left : what is left for people to do
    tests : ``path::name`` of each test that shows the control at work
    """

    id: str
    hazard: str
    cause: str
    control: str
    severity: str
    left: str
    tests: tuple[str, ...]


def hazard_text() -> str:
    """The table as it ships."""
    return (resources.files("casemgmt.outputs.governance") / "hazards.toml").read_text(encoding="utf-8")


def hazards() -> tuple[Hazard, ...]:
    """Every hazard, in order."""
    found = tomllib.loads(hazard_text())["hazard"]
    return tuple(Hazard(**{key: each[key] for key in _KEYS}, tests=tuple(each["tests"])) for each in found)
