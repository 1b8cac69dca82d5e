"""Mutants of the rules: small changes to the code, of which the tests must notice nearly all.

Run it as ``python tests/mutation.py --sample 80``; the long test of the same name runs a fixed sample. The changes are
cosmic-ray's. A mutant counts as caught when the tests of its area fail. Survivors that change nothing a user can see
stand in ``mutants_without_effect.toml``, each with the reason.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
WITHOUT_EFFECT = Path(__file__).parent / "mutants_without_effect.toml"
SECONDS = 600

# The files of each area, and the tests that should notice a change in them.
AREAS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "dates": (("casemgmt/dates.py",), ("test_dates.py",)),
    "scheme": (
        ("casemgmt/scheme/*.py",),
        ("test_scheme_files.py", "test_oracle_by_hand.py", "test_safety.py", "test_compare_by_hand.py"),
    ),
    "selection": (
        ("casemgmt/selection/*.py",),
        (
            *("test_oracle_by_hand.py", "test_selection_oracle.py", "test_kernels.py", "test_tables.py"),
            *("test_register_scores.py", "test_scores_meet_their_patients.py", "test_removals.py", "test_equity.py"),
        ),
    ),
    "disclosure": (("casemgmt/outputs/disclosure*.py", "casemgmt/outputs/inference.py"), ("test_disclosure.py",)),
    "standing": (
        ("casemgmt/register/standing.py",),
        ("test_oracle_by_hand.py", "test_register_bad_inputs.py", "test_safety.py", "test_register_accounting.py"),
    ),
}

_OPERATORS = (
    "core/ReplaceComparisonOperator_",
    "core/NumberReplacer",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/AddNot",
    "core/ZeroIterationForLoop",
    "core/ReplaceBreakWithContinue",
    "core/ReplaceContinueWithBreak",
    *(f"core/ReplaceBinaryOperator_{change}" for change in ("Add_Sub", "Sub_Add", "Mul_FloorDiv", "FloorDiv_Mul")),
    *(f"core/ReplaceBinaryOperator_{change}" for change in ("BitAnd_BitOr", "BitOr_BitAnd", "LShift_RShift")),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the file, the number of the changed line, that line before and after, and the whole file after."""

    area: str
    path: str
    line: int
    before: str
    after: str
    code: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before}  ->  {self.after}"


def mutants(areas: list[str], sample: int, seed: int) -> list[Mutant]:
    """A seeded sample of the mutants of some areas; changes to annotations alone, which run nothing, are left out."""
    places = [(area, path, *place) for area in areas for path in _files(area) for place in _places_in(path)]
    random.Random(seed).shuffle(places)
    found: list[Mutant] = []
    for area, path, operator, occurrence in places:
        if len(found) == sample:
            break
        mutant = _mutant(area, path, operator, occurrence)
        if mutant is not None and mutant not in found:
            found.append(mutant)
    return found


def _files(area: str) -> list[Path]:
    return sorted({path for pattern in AREAS[area][0] for path in ROOT.glob(pattern)})


def _places_in(path: Path) -> Iterator[tuple[str, int]]:
    """Each change that can be made to a file: an operator, and which of the places where it can work."""
    from cosmic_ray.ast import Visitor, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    operators = {
        name: get_operator(name)() for name in operator_names() if name.startswith(_OPERATORS) and "_Is" not in name
    }
    counts = dict.fromkeys(operators, 0)

    class Counter(Visitor):
        def visit(self, node):
            for name, operator in operators.items():
                counts[name] += sum(1 for _ in operator.mutation_positions(node))
            return node

    Counter().walk(get_ast(path.read_text(encoding="utf-8")))
    for name, count in counts.items():
        yield from ((name, occurrence) for occurrence in range(count))


def _mutant(area: str, path: Path, operator: str, occurrence: int) -> Mutant | None:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    source = path.read_text(encoding="utf-8")
    code = mutate_code(source, get_operator(operator)(), occurrence)
    if code is None or _behaviour(code) in (None, _behaviour(source)):
        return None
    pairs = zip(source.splitlines(), code.splitlines(), strict=False)
    line, before, after = next((i, a, b) for i, (a, b) in enumerate(pairs, 1) if a != b)
    return Mutant(area, str(path.relative_to(ROOT)), line, before.strip(), after.strip(), code)


def _behaviour(code: str) -> str | None:
    """The code without what runs nothing: annotations and what is imported for them; None if it is no code."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return ast.dump(tree)


def survivors(chosen: list[Mutant]) -> list[Mutant]:
    """The mutants that the tests of their area do not notice; the tests must pass on the code as it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        skip = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "casemgmt-demo")
        shutil.copytree(ROOT, copy, ignore=skip)
        for area in sorted({mutant.area for mutant in chosen}):
            if not _passes(copy, area):
                raise SystemExit(f"The tests of {area} fail without any change: mend them first.")
        alive = []
        for number, mutant in enumerate(chosen, 1):
            target = copy / mutant.path
            original = target.read_bytes()
            target.write_text(mutant.code, encoding="utf-8")
            passed = _passes(copy, mutant.area)
            target.write_bytes(original)
            print(f"{number}/{len(chosen)} {'SURVIVED' if passed else 'caught'} {mutant}", flush=True)
            if passed:
                alive.append(mutant)
        return alive


def _passes(copy: Path, area: str) -> bool:
    tests = [f"tests/{name}" for name in AREAS[area][1]]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False  # a loop without an end is noticed
    return done.returncode == 0


def without_effect() -> set[tuple[str, str, str]]:
    """File, line before and line after of the mutants that change nothing a user can see."""
    listed = tomllib.loads(WITHOUT_EFFECT.read_text(encoding="utf-8")).get("mutant", [])
    return {(each["path"], each["before"], each["after"]) for each in listed}


def share_caught(chosen: list[Mutant], alive: list[Mutant]) -> float:
    """Of the mutants that change behaviour, the share that was caught."""
    known = without_effect()
    counted = [mutant for mutant in chosen if (mutant.path, mutant.before, mutant.after) not in known]
    missed = [mutant for mutant in alive if mutant in counted]
    return 1 - len(missed) / max(len(counted), 1)


def main() -> None:
    """Run a sample and say who survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--area", choices=sorted(AREAS), action="append", help="by default all")
    parser.add_argument("--sample", type=int, default=80, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chosen = mutants(options.area or sorted(AREAS), options.sample, options.seed)
    alive = survivors(chosen)
    print(f"{len(chosen)} mutants, {len(alive)} survived; caught {share_caught(chosen, alive):.1%} of those that count")


if __name__ == "__main__":
    main()
