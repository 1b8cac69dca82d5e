"""Every notebook in examples/ runs, without an error or a warning, and prints what it shows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("**/*.ipynb"))
LEARN_FROM_MANY = ("fit-your-own-model", "hospital-readmission")  # a minute, and half a minute
TO_RUN = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.long] * (path.stem in LEARN_FROM_MANY)) for path in NOTEBOOKS
]

# Warnings in the notebook's cells and in the library's calls are errors; those of the machinery are its own affair.
STRICT = """
import warnings
for _module in ("__main__", "casemgmt"):
    warnings.filterwarnings("error", module=rf"{_module}(\\..*)?$")
del _module, warnings
"""


def executed(path: Path):
    """The notebook with the outputs it has today, run in its own folder."""
    import nbformat
    from nbclient import NotebookClient

    import casemgmt

    # The notebook imports the package that these tests import, installed or not.
    package = str(Path(casemgmt.__file__).resolve().parent.parent)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    client.execute(env={**os.environ, "PYTHONPATH": package})
    del notebook.cells[0]
    return notebook


def printed(notebook) -> list[str]:
    """What each code cell prints; rich displays are left out, as data-frame libraries change theirs."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(o.text for o in cell.outputs if o.output_type == "stream") for cell in cells]


def test_the_notebooks_that_run_are_the_ones_that_the_folder_names():
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [path.stem for path in NOTEBOOKS] == [
        "a-year-of-case-management",
        "avoidable-admissions",
        "bring-your-own-classifier",
        "charlson-and-frailty",
        "fit-your-own-model",
        "hospital-readmission",
        "select-your-first-list",
        "synthea-to-a-list",
        "what-if-5-percent",
        "why-this-patient",
        "write-your-own-scheme",
    ]
    for path in NOTEBOOKS:
        assert f"]({path.name})" in listed


@pytest.mark.filterwarnings("default")  # of the machinery that runs the notebook, in this process
@pytest.mark.parametrize("path", TO_RUN)
def test_the_notebook_runs_without_a_warning_and_prints_what_it_shows(path):
    import nbformat

    shown = nbformat.read(path, as_version=4)
    assert printed(executed(path)) == printed(shown)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_stored_with_every_output_and_no_error(path):
    import nbformat

    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert not any(output.get("name") == "stderr" for cell in cells for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_picture_of_the_notebook_is_told_in_words(path):
    import nbformat

    outputs = [out for cell in nbformat.read(path, as_version=4).cells for out in cell.get("outputs", ())]
    for output in outputs:
        if "image/png" in output.get("data", {}):
            words = output.metadata["image/png"]["alt"]
            assert words.endswith(".") and any(letter.isdigit() for letter in words)
            assert output.data["text/plain"] == words


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_names_no_machine(path):
    text = path.read_text(encoding="utf-8")
    for trace in ("/home/", "/Users/", "/root/", "/tmp/", "C:\\\\"):
        assert trace not in text


if __name__ == "__main__":
    import nbformat

    for written in map(Path, sys.argv[1:]):
        done = executed(written.resolve())
        for number, cell in enumerate((c for c in done.cells if c.cell_type == "code"), start=1):
            cell.execution_count = number
            cell.metadata.pop("execution", None)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = number
        nbformat.write(done, written)
