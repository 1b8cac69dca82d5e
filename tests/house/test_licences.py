"""What casemgmt needs to run is free to use for everybody: each package's licence is known, and permissive."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
KNOWN = tomllib.loads((PROJECT / "tests/house/licences.toml").read_text(encoding="utf-8"))
# Packages that do not state an expression of SPDX have one of these, in which the name of a family stands.
FAMILIES = {"BSD": "BSD", "MIT": "MIT", "Apache": "Apache", "ISC": "ISC", "Python Software": "PSF"}


def stated_needs():
    """The packages that pyproject.toml names for running."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [named(each) for each in project["dependencies"]]


def named(requirement):
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def all_needs():
    """Those packages and all that they need in turn, as far as they are installed here."""
    found, left = {}, stated_needs()
    while left:
        name = left.pop()
        if name not in found:
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:  # needed on another system, or by another release
                continue
            left += [named(each) for each in found[name].requires or [] if "extra ==" not in each]
    return found


def parts(expression):
    """The licences that an expression joins."""
    return [each.strip("() ") for each in re.split(r" AND | OR ", expression)]


def says(package):
    """What a package's own metadata says of its licence: an expression, or else words in which one stands."""
    metadata = package.metadata
    classifiers = [each for each in metadata.get_all("Classifier", []) if each.startswith("License ::")]
    return metadata.get("License-Expression") or " ".join([*classifiers, metadata.get("License") or ""])


def agrees(said, known):
    """Whether what a package says is what is written down."""
    if said == known:
        return True
    families = {family for words, family in FAMILIES.items() if words in said}
    return any(each.startswith(tuple(families)) for each in parts(known)) if families else False


def test_every_package_that_is_needed_has_a_known_licence_that_allows_its_use():
    needed = all_needs()
    assert set(stated_needs()) <= set(needed) and len(needed) > 20
    assert sorted(needed.keys() - KNOWN["packages"].keys()) == []
    for name, package in needed.items():
        assert agrees(says(package), KNOWN["packages"][name]), f"{name} says {says(package)[:80]!r}"


def test_every_licence_that_is_written_down_is_permissive():
    for name, expression in KNOWN["packages"].items():
        assert set(parts(expression)) <= set(KNOWN["allowed"]), name
    assert not [each for each in KNOWN["allowed"] if "GPL" in each or "SSPL" in each]


@pytest.mark.parametrize("said", ["GPL-3.0-only", "MIT AND GPL-3.0-only", "", "License :: Other/Proprietary License"])
def test_a_package_that_says_something_else_is_found(said):
    assert not agrees(said, "BSD-3-Clause")
