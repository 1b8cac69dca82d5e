"""Type checkers, as a user has them: they refuse a misspelt name, and accept the tour, the README and the examples."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import casemgmt as cm

HERE = Path(__file__).parent
PACKAGE = Path(cm.__file__).parent
PROJECT = Path(__file__).resolve().parents[2]  # the package may be installed elsewhere
EXAMPLES = PROJECT / "examples"
STANDARD = {
    "typeCheckingMode": "standard",  # what pyright does where nothing is said
    "reportUnnecessaryTypeIgnoreComment": "error",
    "venvPath": ".",
    "venv": "installed",
    # Nothing else is installed there, so that only what this library says of itself is judged.
    "reportMissingImports": False,
    "reportMissingModuleSource": False,
    "reportUnusedExpression": False,
    "reportOptionalSubscript": False,  # a search of Python's that may find nothing
}


def pyright(folder: Path) -> list[str]:
    """What pyright finds in a folder of programs, the library installed beside them and nothing else."""
    pytest.importorskip("basedpyright", reason="basedpyright, which brings pyright, is not installed")
    lib = folder / "installed" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    lib.mkdir(parents=True)
    (lib / "casemgmt").symlink_to(PACKAGE)
    (folder / "pyrightconfig.json").write_text(json.dumps({**STANDARD, "include": ["programs"]}), encoding="utf-8")
    command = [sys.executable, "-m", "basedpyright", "--outputjson"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [f"{Path(each['file']).name}:{each['range']['start']['line'] + 1}: {each['message']}" for each in found]


def programs(folder: Path, texts: dict[str, str]) -> Path:
    (folder / "programs").mkdir()
    for name, text in texts.items():
        (folder / "programs" / name).write_text(text, encoding="utf-8")
    return folder


def of_pages() -> dict[str, str]:
    """The Python of each page, notebook and file of the examples, and of the README."""
    found = {}
    for page in (PROJECT / "README.md", *sorted(EXAMPLES.glob("*.md"))):
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        found[page.stem.replace("-", "_").lower() + "_page.py"] = "\n".join(blocks)
    for notebook in sorted(EXAMPLES.glob("*.ipynb")):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        found[notebook.stem.replace("-", "_") + "_notebook.py"] = re.sub(r"(?m)^[!%].*$", "", code)
    return found | {path.name: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.py"))}


def of_here() -> dict[str, str]:
    return {name: (HERE / name).read_text(encoding="utf-8") for name in ("tour.py", "refused.py")}


def test_pyright_accepts_the_tour_the_readme_and_the_examples_and_refuses_what_is_wrong(tmp_path):
    wrong = {"wrong.py": "import casemgmt as cm\ncm.selct\ncm.Modle\ncm.select(cm.synthesise())\n"}
    found = pyright(programs(tmp_path, {**of_pages(), **of_here(), **wrong}))
    ours = [each for each in found if "MergedCell" not in each]  # a word of the library that reads workbooks
    refused = [each for each in ours if each.startswith("wrong.py")]
    assert [each.split(":")[1] for each in refused] == ["2", "3", "4"], found
    assert [each for each in ours if each not in refused] == []


def test_the_tour_names_everything_that_is_public():
    tour = (HERE / "tour.py").read_text(encoding="utf-8")
    assert [name for name in cm.__all__ if not re.search(rf"\bcm\.{name}\b", tour)] == []


@pytest.mark.long
def test_mypy_in_strict_mode_accepts_the_tour_and_refuses_what_is_wrong(tmp_path):
    """Of an installed library; without one, `mypy` checks the same two programs with the library's own source."""
    venv.create(tmp_path / "installed", symlinks=True)
    (lib,) = (tmp_path / "installed").glob("lib/python*/site-packages")
    shutil.copytree(PACKAGE, lib / "casemgmt", ignore=shutil.ignore_patterns("__pycache__"))
    python = tmp_path / "installed" / "bin" / "python"
    programs(tmp_path, {**of_here(), "wrong.py": "import casemgmt as cm\n\ncm.selct\n"})
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        f"--python-executable={python}",
        "programs",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    said = done.stdout.splitlines()
    assert len(said) == 2, done.stdout + done.stderr
    assert said[0].startswith("programs/wrong.py:3: error: Module has no attribute")
