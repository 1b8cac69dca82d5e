"""No NHS number that could be somebody's stands in the project: those of tests are of the range 999."""

from __future__ import annotations

import re
from pathlib import Path

from casemgmt.codes.checkdigits import modulus_11_check

PROJECT = Path(__file__).resolve().parents[2]
TEXTS = (".py", ".md", ".toml", ".csv", ".ipynb", ".json", ".txt", ".j2", ".css", "")
FOLDERS = ("casemgmt", "models", "benchmarks", "examples", "tests")
# Written as a number is written: ten digits together, or 3, 3 and 4 with spaces or hyphens.
NUMBER = re.compile(r"(?<![\w.,-])(?:([0-9]{3})[ -]([0-9]{3})[ -]([0-9]{4})|([0-9]{10}))(?![\w.-]|,[0-9])")
# Ten digits that pass for a number by chance.
CODES = frozenset({"0123456789"})


def is_number(digits: str) -> bool:
    return len(set(digits)) > 1 and int(digits[9]) == modulus_11_check(digits[:9])


def numbers_in(text: str) -> set[str]:
    found = {"".join(filter(None, match.groups())) for match in NUMBER.finditer(text)}
    return {digits for digits in found if is_number(digits) and not digits.startswith("999")}


def test_a_number_outside_the_range_of_tests_is_found():
    outside = next(f"94347659{end:02d}" for end in range(100) if is_number(f"94347659{end:02d}"))
    spaced = f"{outside[:3]} {outside[3:6]} {outside[6:]}"
    assert numbers_in(f"id {outside}, {spaced}; 9990000018") == {outside}


def test_no_number_outside_the_range_of_tests_is_in_the_project():
    files = [path for folder in FOLDERS for path in (PROJECT / folder).rglob("*")]
    files += [path for path in PROJECT.iterdir() if path.suffix in TEXTS]
    wrong = {}
    for path in files:
        if path.is_file() and path.suffix in TEXTS and "__pycache__" not in path.parts:
            text = path.read_bytes().decode("utf-8", "replace")
            if found := numbers_in(text) - CODES:
                wrong[str(path.relative_to(PROJECT))] = found
    assert wrong == {}
