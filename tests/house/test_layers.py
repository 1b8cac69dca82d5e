"""The floors of the house: an import runs down, never up, annotations included; and no circle is larger than two."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import casemgmt

PACKAGE = Path(casemgmt.__file__).parent

# From the top floor down. What stands on one line does not know of one another.
FLOORS = (
    ("__main__", "batch"),  # `batch` holds the old name of `spark` alone
    ("cli",),
    ("spark",),
    ("__init__",),
    ("results", "schemas"),
    ("caseload", "returns"),
    ("aims",),
    ("evaluation",),
    ("outputs",),
    ("selection",),
    ("scanned",),
    ("codes", "synthetic", "pseudonyms"),
    ("risk", "scheme"),
    ("register",),
    ("notebook", "ages", "plot_words"),
    ("arguments", "texts", "dates", "parquet"),
    ("rule_files", "disk", "compiling"),
    ("machine_code",),
    ("errors", "locks", "logs", "kept_code", "loop_arguments", "threads", "arrow", "version", "annotations", "shown"),
    ("names", "system"),
)


def modules() -> dict[str, Path]:
    """Every module by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("casemgmt", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports_of(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of the library that a file imports, wherever in the file and whatever for."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "casemgmt":
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in known else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)


def room(module: str) -> str:
    """The folder or top-level file that a module is in."""
    return module.split(".")[1] if "." in module else "__init__"


def test_every_module_stands_on_a_floor():
    rooms = [name for floor in FLOORS for name in floor]
    assert len(rooms) == len(set(rooms))
    assert {room(module) for module in modules()} == set(rooms)


def test_no_import_runs_up_a_floor_or_along_one():
    floor_of = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    known = modules()
    wrong = [
        f"{module} imports {other}"
        for module, path in known.items()
        for other in imports_of(path, known)
        if room(module) != room(other) and floor_of[room(other)] <= floor_of[room(module)]
    ]
    assert wrong == []


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """The largest sets of modules each of which leads to every other."""

    def reached(start: str) -> set[str]:
        seen, new = set(), {start}
        while new:
            seen |= new
            new = {other for module in new for other in arrows[module]} - seen
        return seen

    leads_to = {module: reached(module) for module in arrows}
    return [set(each) for each in {frozenset(o for o in leads_to[m] if m in leads_to[o]) for m in arrows}]


def test_no_circle_is_larger_than_two_files():
    known = modules()
    arrows = {module: set(imports_of(path, known)) - {module} for module, path in known.items()}
    assert [sorted(circle) for circle in circles(arrows) if len(circle) > 2] == []


def test_a_circle_is_found():
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert sorted(map(len, circles(arrows))) == [1, 3]
