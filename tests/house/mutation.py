"""Mutants of the rules: small changes to the code, of which the tests must notice nearly all.

Run it as ``python tests/house/mutation.py --sample 80``; the long test of the same name runs a fixed sample. The
changes are cosmic-ray's. A mutant counts as caught when the tests of its area fail. Survivors that change nothing a
user can see stand in ``mutants_without_effect.toml``, each with the reason.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_EFFECT = Path(__file__).parent / "mutants_without_effect.toml"
SECONDS = 600
ENOUGH = 0.95  # of the mutants that change behaviour


@dataclass(frozen=True, slots=True)
class Area:
    """Which files are changed, and which tests should notice: the quick ones first, the others when those pass."""

    files: tuple[str, ...]
    first: tuple[str, ...]
    then: tuple[str, ...] = ()
    slow: str = ""  # tests of ``first`` that are left to the second round, as pytest's -k names them


AREAS = {
    "dates": Area(("casemgmt/dates.py", "casemgmt/ages.py"), ("test_dates.py", "test_ages.py")),
    "scheme": Area(
        ("casemgmt/scheme/*.py",),
        ("test_scheme_files.py", "test_oracle_by_hand.py"),
        ("test_safety.py", "test_compare_by_hand.py"),
    ),
    "selection": Area(
        ("casemgmt/selection/*.py",),
        (
            *("test_bounds_of_scores_and_places.py", "test_oracle_by_hand.py", "test_scores_meet_their_patients.py"),
            *("test_register_scores.py", "test_removals.py", "test_the_register_that_is_expected.py"),
            *("test_places.py", "test_ties.py"),
        ),
        ("test_kernels.py", "test_tables.py", "test_selection_oracle.py"),
    ),
    "disclosure": Area(
        ("casemgmt/outputs/disclosure/*.py",),
        (
            *("test_suppression.py", "test_what_a_reader_can_work_out.py", "test_disclosure.py"),
            *("test_nothing_small_follows_from_what_leaves.py", "test_fairness.py"),
        ),
        slow="attack or attacker or lists_every",
    ),
    "standing": Area(
        tuple(
            f"casemgmt/register/{name}.py"
            for name in (
                *("standing", "contradictions", "registrations", "readable", "readable_counts"),
                *("limits", "counts"),
            )
        ),
        ("test_limits_of_a_register.py", "test_values_as_analysts_write_them.py"),
        ("test_oracle_by_hand.py", "test_register_bad_inputs.py", "test_safety.py", "test_register_accounting.py"),
    ),
    "keys": Area(
        ("casemgmt/selection/keys.py", "casemgmt/register/given/*.py"),
        ("test_bounds_of_scores_and_places.py", "test_scores_meet_their_patients.py", "test_register_scores.py"),
        ("test_oracle_by_hand.py",),
    ),
    "reports": Area(
        ("casemgmt/selection/summary.py", "casemgmt/register/facts.py", "casemgmt/caseload/*.py"),
        ("test_compare_by_hand.py", "test_removals.py", "test_limits_of_a_register.py"),
        ("test_compare.py", "test_oracle_by_hand.py"),
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
    return sorted({path for pattern in AREAS[area].files for path in ROOT.glob(pattern)})


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
    """The code without what nobody can see run; None if it is no code.

    That is annotations and what is imported for them, and two guards against the programmer: the flags of a dataclass,
    and ``strict=`` of a zip.
    """
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
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.test, node.body = ast.Constant(False), [ast.Pass()]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("zip", "dataclass"):
            node.keywords = []
    return ast.dump(tree)


def survivors(chosen: list[Mutant], quick: bool = False) -> list[Mutant]:
    """The mutants that the tests of their area do not notice; the tests must pass on the code as it is.

    Parameters
    ----------
    chosen : what to try
    quick : whether to run the first tests of an area alone; the others may notice more
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        skip = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "casemgmt-demo")
        shutil.copytree(ROOT, copy, ignore=skip)
        for area in sorted({mutant.area for mutant in chosen}):
            if not _passes(copy, area, quick):
                raise SystemExit(f"The tests of {area} fail without any change: mend them first.")
        alive = []
        for number, mutant in enumerate(chosen, 1):
            target = copy / mutant.path
            original = target.read_bytes()
            target.write_text(mutant.code, encoding="utf-8")
            passed = _passes(copy, mutant.area, quick)
            target.write_bytes(original)
            print(f"{number}/{len(chosen)} {'SURVIVED' if passed else 'caught'} {mutant}", flush=True)
            if passed:
                alive.append(mutant)
        return alive


def _passes(copy: Path, area: str, quick: bool) -> bool:
    chosen = AREAS[area]
    if not _run(copy, chosen.first, f"not ({chosen.slow})" if chosen.slow else ""):
        return False
    if quick:
        return True
    if chosen.slow and not _run(copy, chosen.first, chosen.slow):
        return False
    return not chosen.then or _run(copy, chosen.then)


def _run(copy: Path, files: tuple[str, ...], only: str = "") -> bool:
    """Whether some tests of the copy pass, in a child of this process, so that large libraries are loaded once."""
    child = os.fork()
    if not child:
        status = 3
        try:
            status = _tests_pass_here(copy, files, only)
        finally:
            os._exit(status)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)  # a loop without an end is noticed
    os.waitpid(child, 0)
    return False


def _tests_pass_here(copy: Path, files: tuple[str, ...], only: str) -> int:
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(copy)
    sys.dont_write_bytecode = True
    sys.path[:] = [str(copy), *(each for each in sys.path if each and not Path(each).is_relative_to(ROOT))]
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *(["-k", only] if only else [])]
    return int(pytest.main([*options, *(str(found) for name in files for found in copy.glob(f"tests/**/{name}"))]))


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
    parser.add_argument("--quick", action="store_true", help="the first tests of each area alone")
    parser.add_argument("--list", action="store_true", help="show the changes, and test nothing")
    parser.add_argument("--deselect", action="append", default=[], help="a test to leave out, as pytest names it")
    options = parser.parse_args()
    os.environ["PYTEST_ADDOPTS"] = " ".join(f"--deselect={each}" for each in options.deselect)
    chosen = mutants(options.area or sorted(AREAS), options.sample, options.seed)
    if options.list:
        print(*chosen, sep="\n")
        return
    for name in ("numpy", "pandas", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "scipy.optimize"):
        importlib.import_module(name)
    alive = survivors(chosen, options.quick)
    share = share_caught(chosen, alive)
    print(f"{len(chosen)} mutants, {len(alive)} survived; caught {share:.1%} of those that count")
    sys.exit(share < ENOUGH)


if __name__ == "__main__":
    main()
